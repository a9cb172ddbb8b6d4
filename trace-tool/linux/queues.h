/* SPDX-License-Identifier: MIT */
/*
 * The queues of this guest: what the walk found in the kernel, with names from /sys.
 */
#ifndef TRACE_TOOL_QUEUES_H
#define TRACE_TOOL_QUEUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/vring_trace.h"
#include "ring/vrt.h"

struct vring_trace;

struct queue {
	struct vt_queue state; /* as of the walk */
	char driver[24];       /* virtio_blk; "-" without one */
	char alias[24];	       /* vda, eth0; "" where the device is neither */
	bool selected;	       /* by the words on the command line */
};

struct queues {
	struct queue *list; /* by device, then index */
	size_t count;
	size_t devices; /* under /sys/bus/virtio/devices, with queues or without */
};

/**
 * queues_walk - list every queue of every virtio device
 * @skel: loaded, by kernel_open; its walk is attached for the moment and detached again
 * @queues: filled in; the caller frees it with queues_free, also on failure
 *
 * Return: 0, or an exit status after one message.
 */
int queues_walk(struct vring_trace *skel, struct queues *queues);
void queues_free(struct queues *queues);

/**
 * queues_select - mark the queues that any of @words names; all of them when there are none
 * @words: virtio1, virtio1/req.0, virtio1:0, vda, or a glob over these
 *
 * Return: 0, or TOOL_USAGE after one message if a word names no queue.
 */
int queues_select(struct queues *queues, char *const *words, size_t count);

/* The queue of that device and index, or NULL. */
const struct queue *queues_find(const struct queues *queues, uint16_t device, uint16_t index);

/* From /sys: 2 for a disk; 0 if it is gone. */
unsigned int queue_device_id(const struct queue *queue);

/* As a recording, or a struct watch, has it. @self: it carries what vring-trace writes. */
void queue_describe(const struct queue *queue, bool self, struct vrt_queue *out);

/* "virtio1/req.0" into @buf, of at least VT_NAME_LEN + 16 bytes; @queue may be NULL. */
const char *queue_name(char *buf, const struct queue *queue, uint16_t device, uint16_t index);

#endif
