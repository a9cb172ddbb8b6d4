/* SPDX-License-Identifier: MIT */
/*
 * A ring as text, for people: what a failing test prints, what the metal monitor and the trace tool
 * show.
 *
 * A snapshot points at the three areas, live ones or copies; whoever took it knows the driver's
 * private positions as well, or leaves them 0.
 */
#ifndef RING_VRING_DRAW_H
#define RING_VRING_DRAW_H

#include "virtqueue.h"

struct vring_snapshot {
	const char *name;   /* may be NULL */
	unsigned int index; /* number of the queue in its device */
	unsigned int num;   /* entries */
	bool packed;
	const void *desc;
	const void *driver;
	const void *device;
	/* Split: free-running indices. Packed: slot, wrap counter in bit 15. */
	uint16_t avail_idx;
	uint16_t last_used;
	unsigned int num_free;
	/* Not drawn. */
	unsigned int num_added; /* since the last kick decision, in steps of avail_idx */
	unsigned int free_head; /* first free slot; packed: buffer id */
	bool indirect;		/* tables are made */
};

/* Points @snapshot at @vq as it is now; nothing is copied. */
void virtqueue_snapshot(const struct virtqueue *vq, struct vring_snapshot *snapshot);

/* What the driver keeps of a slot, packed of a buffer id, out of the device's reach. */
struct vring_note {
	const void *token; /* the caller's, of the buffer headed here; NULL: none in flight */
	unsigned int num;  /* slots that the buffer takes */
	const void *table; /* where its indirect table is, if it has one; NULL: there are none */
};
struct vring_note virtqueue_note(const struct virtqueue *vq, unsigned int entry);

/**
 * vring_draw - draw a ring
 * @text: written, NUL-terminated if @size > 0, and cut to @size
 *
 * One row per entry; entries with nothing to say are left out. Trusts the sizes in @snapshot and
 * nothing in the areas.
 *
 * Return: characters the whole drawing has, without the NUL.
 */
size_t vring_draw(const struct vring_snapshot *snapshot, char *text, size_t size);

#endif
