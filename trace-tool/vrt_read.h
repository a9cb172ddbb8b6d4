/* SPDX-License-Identifier: MIT */
/*
 * Reading a recording (ring/vrt.h): checked before anything in it is believed.
 */
#ifndef TRACE_TOOL_VRT_READ_H
#define TRACE_TOOL_VRT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/vring_event.h"
#include "ring/vrt.h"

#define VRT_WHY_BYTES 160

/* A block that was found, by its header. */
struct vrt_index_entry {
	uint64_t offset; /* of the payload, from the start of the file */
	uint32_t type;
	uint32_t bytes, raw_bytes, crc;
	uint64_t first_ns, last_ns;
};

struct vrt_file {
	const unsigned char *map; /* the whole file, read-only */
	size_t size;
	struct vrt_header header; /* a copy */
	struct vrt_index_entry *blocks;
	size_t count;
	uint64_t events;		/* in all blocks */
	uint64_t first_ns, last_ns;	/* of events and snapshots; both 0 if there are none */
	const struct vrt_queue *queues; /* the last table, inside the map */
	size_t num_queues;
	struct vrt_loss loss; /* the last word about it */
	bool closed;	      /* it was closed properly */
	uint64_t cut_at;      /* or cut off: what was read of the file, in bytes */
};

/**
 * vrt_open - open a recording, and find its blocks
 * @why: on failure, what is wrong, in a line that goes behind "PATH: "
 *
 * A file that was cut off is opened up to its last whole block; .closed is false. Payloads are
 * checked when they are read.
 *
 * Return: 0; a negative errno if it cannot be opened; -EPROTO if it is no recording, of another
 * major version, or damaged.
 */
int vrt_open(struct vrt_file *f, const char *path, char why[VRT_WHY_BYTES]);
void vrt_close(struct vrt_file *f); /* also after a failed vrt_open() */

/* The queue an event is about, or NULL. */
const struct vrt_queue *vrt_find_queue(const struct vrt_file *f, uint16_t device, uint16_t queue);

/* ---- events, one after the other ---- */

struct vrt_cursor {
	const struct vrt_file *file;
	size_t block;		    /* the one that is loaded, or to be loaded next */
	struct vring_event *events; /* of that block */
	unsigned int count, at;
	char why[VRT_WHY_BYTES];
};

/* At the first event. The cursor is the caller's until vrt_cursor_end(). */
void vrt_cursor_begin(struct vrt_cursor *c, const struct vrt_file *f);
void vrt_cursor_end(struct vrt_cursor *c);

/**
 * vrt_next - the next event
 *
 * Return: 1 with *@event; 0 at the end; -EPROTO with @c->why if a block is damaged, -ENOMEM.
 */
int vrt_next(struct vrt_cursor *c, struct vring_event *event);

/* To the first block that has anything from @time_ns on: a search among blocks, whatever the size.
 */
void vrt_seek(struct vrt_cursor *c, uint64_t time_ns);

/* ---- snapshots ---- */

/* One as it lies in the file, checked; pointers go into the map. */
struct vrt_snapshot_view {
	const struct vrt_snapshot *head;
	uint64_t time_ns;
	const struct vrt_area *areas;		     /* the first; vrt_area_next() */
	const void *desc, *driver, *device, *tokens; /* NULL if not recorded */
};

/**
 * vrt_snapshot_before - the last snapshot of a queue at or before a moment
 *
 * Return: 1 with *@view; 0 if there is none; -EPROTO with @why if it is damaged.
 */
int vrt_snapshot_before(const struct vrt_file *f, uint16_t device, uint16_t queue, uint64_t time_ns,
			struct vrt_snapshot_view *view, char why[VRT_WHY_BYTES]);

/**
 * vrt_verify - read all of it
 *
 * Return: 0; -EPROTO with @why naming the place of the first damage.
 */
int vrt_verify(const struct vrt_file *f, char why[VRT_WHY_BYTES]);

#endif
