/* SPDX-License-Identifier: MIT */
/*
 * The newest that is known of both sides' wishes.
 */
#include "wishes.h"

/* 2.7.7, 2.7.10 */
static enum wish_kind split_kind(const struct watch *w, uint16_t flags, uint16_t no)
{
	if (w->event_idx)
		return WISH_AT;
	return flags & no ? WISH_NEVER : WISH_ALWAYS;
}

/* 2.8.10 */
static enum wish_kind packed_kind(uint16_t flags)
{
	switch (flags) {
	case VRING_PACKED_EVENT_FLAG_ENABLE:
		return WISH_ALWAYS;
	case VRING_PACKED_EVENT_FLAG_DISABLE:
		return WISH_NEVER;
	case VRING_PACKED_EVENT_FLAG_DESC:
		return WISH_AT;
	}
	return WISH_RESERVED;
}

static enum wish_kind kick_kind(const struct watch *w, uint16_t flags)
{
	return w->packed ? packed_kind(flags) : split_kind(w, flags, VRING_USED_F_NO_NOTIFY);
}

static struct wishes in_memory(const struct watch *w)
{
	const struct snapshot *s = w->snapshot;
	struct wishes wishes = {};

	if (s->head.packed) {
		const struct vring_packed_desc_event *driver = s->area[VT_DRIVER];
		const struct vring_packed_desc_event *device = s->area[VT_DEVICE];

		wishes.irq.event = le16_read(&driver->off_wrap);
		wishes.irq.flags = le16_read(&driver->flags);
		wishes.irq.kind = packed_kind(wishes.irq.flags);
		wishes.kick.event = le16_read(&device->off_wrap);
		wishes.kick.flags = le16_read(&device->flags);
	} else {
		const struct vring vr = snapshot_vring(s);

		wishes.irq.event = le16_read(vring_used_event(&vr));
		/* With EVENT_IDX Linux keeps the flag to itself, and writes no index that counts.
		 */
		wishes.irq.flags = s->head.driver_flags;
		wishes.irq.kind = s->head.driver_flags & VRING_AVAIL_F_NO_INTERRUPT ?
					  WISH_NEVER :
					  split_kind(w, 0, 0);
		wishes.kick.event = le16_read(vring_avail_event(&vr));
		wishes.kick.flags = le16_read(&vr.used->flags);
	}
	wishes.kick.kind = kick_kind(w, wishes.kick.flags);
	if (w->event_count && w->events[w->event_count - 1].time_ns > s->head.time_ns)
		wishes.kick.as_of = wishes.irq.as_of = "as of the copy";
	return wishes;
}

static struct wish kick_event(const struct watch *w, size_t at)
{
	const struct vring_event_kick *k = &w->events[at].kick;

	return (struct wish){ .kind = kick_kind(w, k->dev_flags_after),
			      .event = k->event_after,
			      .flags = k->dev_flags_after,
			      .as_of = at + 1 < w->event_count ? "as of the last kick" : NULL };
}

/* Linux goes on writing used_event with each buffer it reaps, as long as callbacks are on. */
static struct wish callbacks_event(const struct watch *w, size_t at, bool reaped_since)
{
	const struct vring_event_callbacks *c = &w->events[at].callbacks;
	struct wish wish = { .event = c->event };

	if (!c->on)
		wish.kind = WISH_NEVER;
	else
		wish.kind = w->event_idx ? WISH_AT : WISH_ALWAYS;
	wish.flags = w->packed && wish.kind == WISH_AT ? VRING_PACKED_EVENT_FLAG_DESC : !c->on;
	if (reaped_since && wish.kind == WISH_AT)
		wish.as_of = "as last set";
	return wish;
}

struct wishes wishes_find(const struct watch *w)
{
	uint64_t since = w->snapshot ? w->snapshot->head.time_ns : 0;
	bool kick_seen = false, irq_seen = false, reaped = false;
	struct wishes wishes = {};

	if (w->snapshot)
		wishes = in_memory(w);
	for (size_t i = w->event_count; i-- > 0 && w->events[i].time_ns > since;) {
		uint8_t type = w->events[i].type;

		reaped |= type == VRING_EVENT_REAP;
		if (type == VRING_EVENT_KICK && !kick_seen) {
			wishes.kick = kick_event(w, i);
			kick_seen = true;
		} else if (type == VRING_EVENT_CALLBACKS && !irq_seen) {
			wishes.irq = callbacks_event(w, i, reaped);
			irq_seen = true;
		}
		if (kick_seen && irq_seen)
			break;
	}
	return wishes;
}
