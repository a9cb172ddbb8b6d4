/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of a kick decision, done over from what was seen of it. In BPF it counts, in
 * vring-trace it explains.
 */
#ifndef BPF_KICK_VERDICT_H
#define BPF_KICK_VERDICT_H

#include <linux/errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "ring/virtio_ring.h"
#include "ring/vring_event.h"

/*
 * With EVENT_IDX the device names the entry at which it wants to be told (2.7.10). @ahead is how
 * far that entry lies behind the newest one, @batch how many are new: told if it is among the new.
 */
struct kick_verdict {
	bool kick;
	bool by_index; /* ahead < batch decided; otherwise a flag did */
	bool unsure;   /* what the driver saw is not what was seen here, or may not be */
	uint16_t ahead, batch;
};

/* How far an index has moved from @old to @now; packed ones are slot | wrap << 15. */
static inline uint16_t index_steps(bool packed, unsigned int num, uint16_t old, uint16_t now)
{
	const uint16_t wrap = 1u << VRING_PACKED_EVENT_F_WRAP_CTR;
	uint16_t steps = (now & (uint16_t)~wrap) - (old & (uint16_t)~wrap);

	if (!packed)
		return now - old;
	return (old ^ now) & wrap ? steps + num : steps;
}

static inline struct kick_verdict judge_kick(const struct vring_event_kick *k, uint8_t flags,
					     unsigned int num)
{
	const uint16_t wrap = 1u << VRING_PACKED_EVENT_F_WRAP_CTR;
	bool packed = flags & VRING_EVENT_F_PACKED;
	uint16_t newest = k->new_idx, event = k->event;
	struct kick_verdict v = {};

	v.batch = index_steps(packed, num, k->old_idx, k->new_idx);
	v.by_index = packed ? k->dev_flags == VRING_PACKED_EVENT_FLAG_DESC :
			      !!(flags & VRING_EVENT_F_EVENT_IDX);
	if (v.by_index) {
		if (packed) {
			/* An entry of the lap before lies a whole ring further back (2.8.10). */
			newest &= ~wrap;
			event &= ~wrap;
			if ((k->event ^ k->new_idx) & wrap)
				event -= num;
		}
		v.ahead = newest - event - 1;
		v.kick = v.ahead < v.batch;
	} else {
		v.kick = packed ? k->dev_flags != VRING_PACKED_EVENT_FLAG_DISABLE :
				  !(k->dev_flags & VRING_USED_F_NO_NOTIFY);
	}
	/* Rewritten while the driver decided (packed: either word), or decided otherwise. */
	v.unsure = v.kick != k->kick || (v.by_index && k->event != k->event_after) ||
		   ((packed || !v.by_index) && k->dev_flags != k->dev_flags_after);
	return v;
}

/*
 * A full split ring: virtqueue_add_split rings the doorbell by itself, with no decision, if the
 * device was to read from the buffer that did not fit. The packed ring's does not, nor does ours.
 */
static inline bool forces_kick(const struct vring_event *event)
{
	return event->type == VRING_EVENT_ADD && event->add.error == -ENOSPC && event->add.out &&
	       !(event->flags & (VRING_EVENT_F_PACKED | VRING_EVENT_F_OURS));
}

#endif
