/* SPDX-License-Identifier: MIT */
/*
 * Writing a recording (ring/vrt.h).
 */
#ifndef TRACE_TOOL_VRT_WRITE_H
#define TRACE_TOOL_VRT_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ring/vring_event.h"
#include "ring/vrt.h"

#define VRT_EVENTS_PER_BLOCK 2048

struct vrt_writer {
	FILE *file;
	int error; /* the first that occurred, positive errno; later calls do nothing */
	unsigned int pending;
	struct vring_event events[VRT_EVENTS_PER_BLOCK];
	/* What came of it, for whoever reports. */
	uint64_t events_written;
	uint64_t bytes_written;
};

/* An area of a snapshot, as vrt_write_snapshot() takes it. */
struct vrt_area_data {
	enum vrt_area_kind kind;
	const void *bytes;
	size_t size;
};

/**
 * vrt_write_begin - start a recording
 * @file: open for writing, at its start; the caller closes it after vrt_write_end()
 * @source: who records: "linux-bpf"
 * @release: of the kernel watched, or ""
 * @realtime_ns, @monotonic_ns: now, on both clocks
 *
 * Return: 0, or a negative errno.
 */
int vrt_write_begin(struct vrt_writer *w, FILE *file, const char *source, const char *release,
		    uint64_t realtime_ns, uint64_t monotonic_ns);

/*
 * Each returns 0, or the negative errno of the first write that failed: a full disk is found out
 * here, and what was written before is a recording that can be read.
 */
int vrt_write_queues(struct vrt_writer *w, const struct vrt_queue *queues, size_t count,
		     uint64_t now_ns);

/* Kept until a block is full, or until the next call of another kind. */
int vrt_write_event(struct vrt_writer *w, const struct vring_event *event);

/* @snapshot: complete but for .areas. Deflated where that is shorter. */
int vrt_write_snapshot(struct vrt_writer *w, const struct vrt_snapshot *snapshot, uint64_t now_ns,
		       const struct vrt_area_data *areas, unsigned int count);

int vrt_write_loss(struct vrt_writer *w, uint64_t lost, uint64_t missed, uint64_t now_ns);
int vrt_write_note(struct vrt_writer *w, const char *text, uint64_t now_ns);

/* All that is pending goes to the file, so that a power loss costs nothing up to here. */
int vrt_write_flush(struct vrt_writer *w);

/* The recording is complete. */
int vrt_write_end(struct vrt_writer *w, uint64_t now_ns);

#endif
