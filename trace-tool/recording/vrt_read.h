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
	uint16_t device, queue; /* of a snapshot */
	uint64_t reach_ns;	/* the last moment of any event up to here, this block included */
	uint64_t events_before; /* in the blocks before it */
};

/* A key frame: where the snapshots of each queue are. Sorted by queue, then by time. */
struct vrt_key {
	uint32_t queue; /* device << 16 | queue */
	uint32_t block; /* of .blocks */
	uint64_t time_ns;
};

struct vrt_file {
	int fd; /* if .open */
	bool open;
	uint64_t size;
	struct vrt_header header;
	struct vrt_index_entry *blocks;
	size_t count;
	struct vrt_key *keys;
	size_t num_keys;
	uint64_t events;	    /* in all blocks */
	uint64_t first_ns, last_ns; /* of events and snapshots; both 0 if there are none */
	uint64_t first_event_ns;    /* what screens count times from; first_ns without events */
	struct vrt_queue *queues;   /* the last table; names are printable and end with a NUL */
	size_t num_queues;
	struct vrt_loss loss; /* the last word about it */
	bool closed;	      /* it was closed properly */
	uint64_t cut_at;      /* or cut off: what was read of the file, in bytes */
};

/**
 * vrt_open - open a recording, and find its blocks
 * @why: on failure, what is wrong, in a line that goes behind "PATH: "
 *
 * A file that was cut off, or whose end is zeroes after a power loss, is opened up to its last
 * whole block; .closed is false. Payloads are checked when they are read.
 *
 * Return: 0; a negative errno if it cannot be opened; -EPROTO if it is no recording, of another
 * major version, or damaged.
 */
int vrt_open(struct vrt_file *f, const char *path, char why[VRT_WHY_BYTES]);
void vrt_close(struct vrt_file *f); /* also after a failed vrt_open(), or of all zeroes */

/* The queue an event is about, or NULL. */
const struct vrt_queue *vrt_find_queue(const struct vrt_file *f, uint16_t device, uint16_t queue);

/* A moment as people see it: since the first event. Negative for what was before. */
double vrt_seconds(const struct vrt_file *f, uint64_t time_ns);

/* The first block that can have an event at @time_ns or later; .count if none has. */
size_t vrt_block_at(const struct vrt_file *f, uint64_t time_ns);

/**
 * vrt_read_block - the payload of a block, inflated, its checksum and length compared
 * @payload: the caller's to free; .raw_bytes long, and one byte 0 behind
 *
 * Return: 0; -EPROTO with @why; -ENOMEM or -EIO, with @why as well.
 */
int vrt_read_block(const struct vrt_file *f, const struct vrt_index_entry *e, void **payload,
		   char why[VRT_WHY_BYTES]);

/* ---- events, one after the other ---- */

struct vrt_cursor {
	const struct vrt_file *file;
	size_t block;		    /* the one to be loaded next */
	struct vring_event *events; /* of the block that is loaded */
	size_t loaded;		    /* ... which is this one, if .count is not 0 */
	unsigned int count, at;
	char why[VRT_WHY_BYTES];
};

/* At the first event. The cursor is the caller's until vrt_cursor_end(). */
void vrt_cursor_begin(struct vrt_cursor *c, const struct vrt_file *f);
void vrt_cursor_end(struct vrt_cursor *c);

/**
 * vrt_next - the next event
 *
 * A type that is not in enum vring_event_type is of a later version; pass over it.
 *
 * Return: 1 with *@event; 0 at the end; negative errno with @c->why: -EPROTO if a block is damaged.
 */
int vrt_next(struct vrt_cursor *c, struct vring_event *event);

/* How many events come before the next one. */
uint64_t vrt_position(const struct vrt_cursor *c);

/*
 * To the first block that has anything from @time_ns on: a search among blocks, whatever the size.
 * The first events from there may be earlier ones.
 */
void vrt_seek(struct vrt_cursor *c, uint64_t time_ns);

/* So that @number events come before the next one; beyond the last, to the end. As vrt_next(). */
int vrt_seek_event(struct vrt_cursor *c, uint64_t number);

/* ---- snapshots; vrt_snapshot.h says what is in them ---- */

/* The key frames of a queue, in order of time. */
const struct vrt_key *vrt_keys(const struct vrt_file *f, uint16_t device, uint16_t queue,
			       size_t *count);

/* The last key frame of a queue at or before a moment, or NULL: a binary search. */
const struct vrt_index_entry *vrt_snapshot_before(const struct vrt_file *f, uint16_t device,
						  uint16_t queue, uint64_t time_ns);

/* ---- the rest ---- */

/**
 * vrt_note - the text of a block of type VRT_NOTE
 * @text: NUL-terminated UTF-8, cut to @size, which is not 0; what a terminal would obey is '?'
 *
 * Return: 0, or a negative errno with @why.
 */
int vrt_note(const struct vrt_file *f, const struct vrt_index_entry *e, char *text, size_t size,
	     char why[VRT_WHY_BYTES]);

/**
 * vrt_verify - read all of it but the insides of snapshots (vrt_get_snapshot() does that)
 *
 * Return: 0; -EPROTO with @why naming the place of the first damage.
 */
int vrt_verify(const struct vrt_file *f, char why[VRT_WHY_BYTES]);

#endif
