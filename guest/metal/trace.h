/* SPDX-License-Identifier: MIT */
/*
 * What the rings' tracepoints say: a recording, and a hook for `step`.
 */
#ifndef GUEST_METAL_TRACE_H
#define GUEST_METAL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/virtqueue.h"
#include "ring/vring_event.h"

/* The last events of one CPU, oldest first from @next on once it has gone round. */
struct trace_buffer {
	struct vring_event *events;
	uint64_t next; /* free-running: how many were recorded */
};

#define TRACE_EVENTS 16384 /* of each CPU, a power of two */
#define TRACE_CPUS 32

/* Called at every event of a queue of @vdev, where it happens: interrupts may be off. */
typedef void trace_hook(const struct virtqueue *vq, const struct vring_event *event);

/* False if there are no tracepoints; @command's complaint is made. */
bool trace_possible(const char *command);

/* NULL: no more. */
void trace_set_hook(const struct virtio_device *vdev, trace_hook *hook);

/* ---- trace_file.c ---- */

/**
 * trace_write - send a recording out of the second serial port
 * @lost: how many events there were before the oldest that was kept
 *
 * Return: how many events it has.
 */
uint64_t trace_write(const struct trace_buffer *buffers, unsigned int cpus, uint64_t *lost);

#endif
