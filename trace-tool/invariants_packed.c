/* SPDX-License-Identifier: MIT */
/*
 * The rules of packed rings. Bits alone say little: the tail of a chain keeps looking available
 * when the chain is long used. Slots are judged inside the driver's window, from the position it
 * will reap at to the position it will fill.
 */
#include "invariants.h"

#define WRAP_BIT (1u << VRING_PACKED_EVENT_F_WRAP_CTR)
#define BOTH (VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED)

struct window {
	unsigned int first, count; /* slots */
	bool wrap;		   /* the counter at the first */
};

static unsigned int slot_of(uint16_t position)
{
	return position & ~WRAP_BIT;
}

/* Return: false if the positions are none. */
static bool find_window(const struct snapshot *s, struct window *w, struct findings *f)
{
	const struct vt_positions *p = &s->head.before;
	unsigned int first = slot_of(p->last_used), end = slot_of(p->avail_idx);
	bool other_lap = (p->last_used ^ p->avail_idx) & WRAP_BIT;

	if (first >= s->head.num || end >= s->head.num) {
		invariants_found(f, RULE_PACKED_POSITION, 0, "reaps at %u, fills at %u, ring of %u",
				 first, end, s->head.num);
		return false;
	}
	w->first = first;
	w->wrap = p->last_used & WRAP_BIT;
	w->count = end + (other_lap ? s->head.num : 0) - first;
	/* Ahead of itself by less than nothing, or by more than the ring is long. */
	if (w->count > s->head.num || w->count + p->num_free != s->head.num) {
		invariants_found(f, RULE_PACKED_WINDOW, 0,
				 "from %uw%u to %uw%u, but %u of %u are free", first, w->wrap, end,
				 !!(p->avail_idx & WRAP_BIT), p->num_free, s->head.num);
		return false;
	}
	return true;
}

static bool looks_available(const struct vring_packed_desc *desc, bool wrap)
{
	return (le16_read(&desc->flags) & BOTH) ==
	       (wrap ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED);
}

static bool looks_used(const struct vring_packed_desc *desc, bool wrap)
{
	return (le16_read(&desc->flags) & BOTH) == (wrap ? BOTH : 0);
}

static void check_next_free(const struct snapshot *s, struct findings *f)
{
	uint16_t position = s->head.before.avail_idx;
	unsigned int slot = slot_of(position);

	if (s->head.before.num_free &&
	    looks_available(&snapshot_packed(s)[slot], position & WRAP_BIT))
		invariants_found(f, RULE_PACKED_NEXT_FREE, slot, "slot %u: flags 0x%x", slot,
				 le16_read(&snapshot_packed(s)[slot].flags));
}

static void check_table(const struct snapshot *s, unsigned int slot, struct findings *f)
{
	uint32_t len = le32_read(&snapshot_packed(s)[slot].len);
	const struct vt_table *table = snapshot_table(s, slot);
	const struct vring_packed_desc *desc;
	bool write_seen = false;

	if (!len || len % sizeof(*desc))
		invariants_found(f, RULE_PACKED_TABLE_LEN, slot, "slot %u: %u bytes", slot, len);
	if (!table)
		return;
	desc = (const void *)table->desc;
	for (unsigned int i = 0; i < table->kept; i++) {
		uint16_t flags = le16_read(&desc[i].flags);

		if (flags & ~VRING_DESC_F_WRITE)
			invariants_found(f, RULE_PACKED_TABLE_FLAGS, slot,
					 "entry %u of the table of slot %u: 0x%x", i, slot, flags);
		if (write_seen && !(flags & VRING_DESC_F_WRITE)) {
			invariants_found(f, RULE_PACKED_TABLE_ORDER, slot, "table of slot %u",
					 slot);
			break;
		}
		write_seen |= flags & VRING_DESC_F_WRITE;
	}
}

/* One slot that the driver has filled and the device has not overwritten. */
static void check_slot(const struct snapshot *s, unsigned int slot, bool *in_chain,
		       bool *write_seen, struct findings *f)
{
	const struct vring_packed_desc *desc = &snapshot_packed(s)[slot];
	uint16_t flags = le16_read(&desc->flags);

	if (!*in_chain)
		*write_seen = false;
	if (le16_read(&desc->id) >= s->head.num)
		invariants_found(f, RULE_PACKED_ID, slot, "slot %u: id %u of %u", slot,
				 le16_read(&desc->id), s->head.num);
	if (flags & VRING_DESC_F_INDIRECT) {
		if (flags & VRING_DESC_F_NEXT || *in_chain)
			invariants_found(f, RULE_PACKED_INDIRECT_CHAIN, slot, "slot %u: flags 0x%x",
					 slot, flags);
		if (!virtio_feature(s->head.features, VIRTIO_RING_F_INDIRECT_DESC))
			invariants_found(f, RULE_PACKED_INDIRECT_FEATURE, slot,
					 "slot %u: flags 0x%x", slot, flags);
		check_table(s, slot, f);
	} else if (*write_seen && !(flags & VRING_DESC_F_WRITE)) {
		invariants_found(f, RULE_PACKED_ORDER, slot, "slot %u", slot);
	}
	*write_seen |= flags & VRING_DESC_F_WRITE;
	*in_chain = flags & VRING_DESC_F_NEXT;
}

/*
 * What the device has used stands at the beginning of the window, each taking as many slots as the
 * buffer had. Return: the first slot it has not come to, counted from the window's first.
 */
static unsigned int check_used(const struct snapshot *s, const struct window *w, struct findings *f)
{
	unsigned int at = 0;

	while (at < w->count) {
		unsigned int slot = (w->first + at) % s->head.num;
		const struct vring_packed_desc *desc = &snapshot_packed(s)[slot];
		uint16_t id = le16_read(&desc->id);

		if (!looks_used(desc, w->first + at < s->head.num ? w->wrap : !w->wrap))
			break;
		if (id >= s->head.num || !s->notes[id].token || !s->notes[id].num) {
			invariants_found(f, RULE_PACKED_USED_ID, slot, "slot %u: id %u of %u", slot,
					 id, s->head.num);
			return w->count;
		}
		/* What was to be written is known while the driver notes it, of one descriptor. */
		if (le16_read(&desc->flags) & VRING_DESC_F_WRITE && s->notes[id].num == 1 &&
		    s->notes[id].len && !snapshot_table(s, slot) && !s->head.indirect &&
		    le32_read(&desc->len) > s->notes[id].len)
			invariants_found(f, RULE_PACKED_USED_LEN, slot,
					 "slot %u: id %u, %u bytes into %u", slot, id,
					 le32_read(&desc->len), s->notes[id].len);
		at += s->notes[id].num;
	}
	return at;
}

static void check_in_flight(const struct snapshot *s, struct findings *f)
{
	unsigned int slots = 0;

	for (unsigned int id = 0; id < s->head.num; id++)
		if (s->notes[id].token)
			slots += s->notes[id].num;
	if (slots + s->head.before.num_free != s->head.num)
		invariants_found(f, RULE_DRIVER_FREE, 0, "%u free and %u in flight of %u",
				 s->head.before.num_free, slots, s->head.num);
}

static void check_event_area(const struct snapshot *s, enum vt_area area, struct findings *f)
{
	const struct vring_packed_desc_event *event = s->area[area];
	const char *whose = area == VT_DRIVER ? "driver" : "device";
	uint16_t flags = le16_read(&event->flags), at = slot_of(le16_read(&event->off_wrap));

	if (flags > VRING_PACKED_EVENT_FLAG_DESC ||
	    (flags == VRING_PACKED_EVENT_FLAG_DESC && !s->head.event))
		invariants_found(f, RULE_PACKED_DEVICE_EVENT, area, "the %s's are 0x%x", whose,
				 flags);
	if (flags == VRING_PACKED_EVENT_FLAG_DESC && at >= s->head.num)
		invariants_found(f, RULE_PACKED_EVENT_SLOT, area, "the %s's is %u of %u", whose, at,
				 s->head.num);
	/* Once an interrupt has come Linux notes that it wants none, and leaves the area as it is.
	 */
	if (area == VT_DRIVER && flags != s->head.driver_flags && !s->head.event_triggered)
		invariants_found(f, RULE_PACKED_DRIVER_EVENT, 0,
				 "its flags are 0x%x, the driver wrote 0x%x", flags,
				 s->head.driver_flags);
}

void invariants_check_packed(const struct snapshot *s, struct findings *f)
{
	bool in_chain = false, write_seen = false;
	struct window w;

	check_event_area(s, VT_DRIVER, f);
	check_event_area(s, VT_DEVICE, f);
	check_in_flight(s, f);
	if (!find_window(s, &w, f))
		return;
	check_next_free(s, f);
	for (unsigned int at = check_used(s, &w, f); at < w.count; at++)
		check_slot(s, (w.first + at) % s->head.num, &in_chain, &write_seen, f);
}
