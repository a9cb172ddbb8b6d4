/* SPDX-License-Identifier: MIT */
/*
 * Reads the standing of a ring out of a snapshot.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "standing.h"

static bool waits_by_design(const struct snapshot *s)
{
	static const struct {
		uint32_t device_id;
		const char *queue;
	} waiting[] = {
		{ 1, "input*" }, /* net: frames to come */
		{ 3, "input*" }, /* console */
		{ 3, "control-i" },
		{ 5, "stats*" }, /* balloon: the host asks for the next statistics */
		{ 5, "free_page_vq" },
		{ 8, "event" },	  /* scsi */
		{ 18, "events" }, /* input */
		{ 19, "rx" },	  /* vsock */
		{ 19, "event" },
	};
	const char *name = strchr(s->name, '/');

	for (size_t i = 0; name && i < sizeof(waiting) / sizeof(waiting[0]); i++)
		if (waiting[i].device_id == s->head.device_id &&
		    !fnmatch(waiting[i].queue, name + 1, 0))
			return true;
	return false;
}

static bool packed_used_waits(const struct snapshot *s)
{
	const uint16_t both = VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED;
	uint16_t last_used = s->head.after.last_used;
	uint16_t slot = last_used & 0x7fff;

	/* 2.8.1: used when both bits equal the counter */
	return slot < s->head.num && (le16_read(&snapshot_packed(s)[slot].flags) & both) ==
					     (last_used & 0x8000 ? both : 0);
}

struct standing standing_of(const struct snapshot *s)
{
	const struct vt_positions *at = &s->head.after;
	struct standing standing = { .waits_by_design = waits_by_design(s) };

	for (unsigned int i = 0; i < s->head.num; i++)
		standing.in_flight += s->notes[i].token != 0;
	if (s->head.packed) {
		standing.unreaped = packed_used_waits(s);
		standing.used_idx = at->last_used + standing.unreaped;
		standing.callbacks_off = s->head.driver_flags == VRING_PACKED_EVENT_FLAG_DISABLE;
		return standing;
	}
	standing.used_idx = at->used_mem;
	standing.unreaped = (uint16_t)(at->used_mem - at->last_used);
	standing.callbacks_off = s->head.driver_flags & VRING_AVAIL_F_NO_INTERRUPT;
	if (s->head.event) {
		struct vring vr = snapshot_vring(s);

		/* It asks for the next entry: so it has seen all before (2.7.10). */
		standing.avail_event = le16_read(vring_avail_event(&vr));
		standing.knows_seen = true;
		standing.device_has_seen = standing.avail_event == at->avail_idx;
	}
	return standing;
}

const char *age_text(char buf[16], uint64_t ns)
{
	if (ns < 1000000)
		snprintf(buf, 16, "%llu us", (unsigned long long)ns / 1000);
	else if (ns < 1000000000)
		snprintf(buf, 16, "%.1f ms", ns / 1e6);
	else
		snprintf(buf, 16, "%.1f s", ns / 1e9);
	return buf;
}
