/* SPDX-License-Identifier: MIT */
/*
 * Whose each descriptor of a ring is. Of a split ring the driver's notes and the used ring tell; of
 * a packed one the driver's window does, as bits alone do not: the tail of a chain goes on looking
 * available when the chain is long reaped.
 */
#ifndef TRACE_TOOL_SCREEN_SLOTS_H
#define TRACE_TOOL_SCREEN_SLOTS_H

#include "../watch.h"

enum slot_state {
	SLOT_FREE,
	SLOT_DEVICE, /* of a buffer that the device has */
	SLOT_USED,   /* of one that is used and not reaped */
	SLOT_GONE,   /* was the device's, and has been reaped since the copy, by the events */
	/* Of packed rings. */
	SLOT_SKIPPED, /* inside a used buffer: the device passed over it */
	SLOT_DEAD,    /* free, and yet the bits look available in the lap that is filled now */
	SLOT_OLD,     /* free, and the bits look available in the lap before */
	SLOT_REAPED,  /* free, and the bits look used */
	SLOT_NEVER,   /* free, and nothing was ever written there */
	SLOT_LEFT,    /* in the window: left of a buffer that was used before its turn */
	SLOT_WRONG,   /* in the window, and the bits look like nothing that belongs there */
};

#define NO_BUFFER 0xffff

struct slot {
	uint8_t state; /* enum slot_state */
	bool first, last;
	uint8_t offered; /* split, of the available ring's entry: its buffer's state, or free */
	bool wrap;	 /* packed: the counter of the lap in which it was filled last */
	uint16_t buffer; /* head, or buffer id; NO_BUFFER where it is not known */
	uint16_t place;	 /* in its chain, from 0 */
};

struct slots {
	struct slot *list; /* as many as the ring has entries */
	uint8_t *buffers;  /* of the buffer headed there, or of that id: device, used, gone, or free
			    */
	unsigned int num;
	bool positions_wrong;	  /* packed: the driver's window is none, and nothing is known */
	unsigned int with_device; /* buffers of the copy that the device still has */
	int stalest; /* head, or id, of the buffer that the device has longest; -1: none is known */
};

/* By the snapshot of @w, and by what its events say since. Return: 0 or -ENOMEM. */
int slots_find(struct slots *slots, const struct watch *w);
void slots_free(struct slots *slots);

static inline bool slot_is_free(const struct slot *slot)
{
	return slot->state == SLOT_FREE || (slot->state >= SLOT_DEAD && slot->state <= SLOT_NEVER);
}

/* The driver's note of the buffer that the descriptor belongs to, or NULL. */
const struct snapshot_note *slot_note(const struct snapshot *s, const struct slot *slot);

/* "header", "data in", "status", "table of 3": what a descriptor tells of its place in a request.
 */
void slot_part(const struct snapshot *s, const struct slots *slots, unsigned int i, char *buf,
	       size_t size);

/* How packed positions (slot | wrap << 15) lie to each other: from @from to @to, going on. */
unsigned int packed_distance(unsigned int num, uint16_t from, uint16_t to);

static inline uint16_t packed_slot(uint16_t position)
{
	return position & 0x7fff;
}

static inline bool packed_wrap(uint16_t position)
{
	return position >> VRING_PACKED_EVENT_F_WRAP_CTR;
}

#endif
