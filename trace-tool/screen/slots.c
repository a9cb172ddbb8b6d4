/* SPDX-License-Identifier: MIT */
/*
 * Whose each descriptor is. Everything that lies in the ring itself may have been written by
 * anybody: an index from there is compared with the ring's size before it is used, and a walk is no
 * longer than the ring.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/virtio_ids.h"

#include "slots.h"

#define BOTH (VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED)

/* ---- split ---- */

/* A chain goes on as long as it meets what belongs to nobody yet. */
static void claim_chain(struct slots *slots, const struct snapshot *s, unsigned int head)
{
	const struct vring_desc *desc = snapshot_desc(s);
	unsigned int at = head;

	for (unsigned int place = 0; place < slots->num; place++) {
		uint16_t flags = le16_read(&desc[at].flags), next = le16_read(&desc[at].next);

		slots->list[at].state = slots->buffers[head];
		slots->list[at].first = place == 0;
		slots->list[at].buffer = head;
		slots->list[at].place = place;
		slots->list[at].last = !(flags & VRING_DESC_F_NEXT) || next >= slots->num ||
				       slots->list[next].state != SLOT_FREE || s->notes[next].token;
		if (slots->list[at].last)
			return;
		at = next;
	}
}

/*
 * 2.7.8: from the entry the driver reaps next to the one the device fills next. In order (2.7.9) an
 * element may stand for several buffers and leave entries out, but they are those that the
 * available ring has at the same places.
 */
static void find_used(struct slots *slots, const struct snapshot *s)
{
	const struct vring vr = snapshot_vring(s);
	bool in_order = virtio_feature(s->head.features, VIRTIO_F_IN_ORDER);
	uint16_t first = s->head.before.last_used;
	uint16_t count = s->head.before.used_mem - first;

	for (unsigned int i = 0; i < count && i < slots->num; i++) {
		unsigned int slot = (uint16_t)(first + i) & (slots->num - 1);
		uint32_t id = in_order ? le16_read(&vr.avail->ring[slot]) :
					 le32_read(&vr.used->ring[slot].id);

		if (id < slots->num && slots->buffers[id] == SLOT_DEVICE)
			slots->buffers[id] = SLOT_USED;
	}
}

/* A head may stand in the available ring more than once; where it was offered last is what counts.
 */
static void find_offered(struct slots *slots, const struct snapshot *s, bool *seen)
{
	const struct vring vr = snapshot_vring(s);

	for (unsigned int back = 1; back <= slots->num; back++) {
		unsigned int slot = (uint16_t)(s->head.before.avail_idx - back) & (slots->num - 1);
		uint16_t head = le16_read(&vr.avail->ring[slot]);

		if (head >= slots->num || seen[head])
			continue;
		seen[head] = true;
		slots->list[slot].offered = slots->buffers[head];
	}
}

static void find_split(struct slots *slots, const struct snapshot *s)
{
	for (unsigned int i = 0; i < slots->num; i++)
		if (s->notes[i].token)
			claim_chain(slots, s, i);
}

/* ---- packed ---- */

unsigned int packed_distance(unsigned int num, uint16_t from, uint16_t to)
{
	return packed_slot(to) + (packed_wrap(from) != packed_wrap(to) ? num : 0) -
	       packed_slot(from);
}

struct window {
	unsigned int first, count; /* slots */
	bool wrap;		   /* the counter at the first */
};

static bool find_window(const struct snapshot *s, struct window *w)
{
	uint16_t from = s->head.before.last_used, to = s->head.before.avail_idx;

	*w = (struct window){ packed_slot(from), packed_distance(s->head.num, from, to),
			      packed_wrap(from) };
	return packed_slot(from) < s->head.num && packed_slot(to) < s->head.num &&
	       w->count <= s->head.num;
}

static uint16_t bits_of(const struct snapshot *s, unsigned int slot)
{
	return le16_read(&snapshot_packed(s)[slot].flags) & BOTH;
}

static bool looks_available(const struct snapshot *s, unsigned int slot, bool wrap)
{
	return bits_of(s, slot) == (wrap ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED);
}

static bool looks_used(const struct snapshot *s, unsigned int slot, bool wrap)
{
	return bits_of(s, slot) == (wrap ? BOTH : 0);
}

/* One slot of the window, @at behind its beginning. */
static struct slot *slot_at(struct slots *slots, const struct window *w, unsigned int at,
			    unsigned int *number)
{
	*number = w->first + at;
	if (*number >= slots->num)
		*number -= slots->num;
	slots->list[*number].wrap = w->first + at < slots->num ? w->wrap : !w->wrap;
	return &slots->list[*number];
}

/*
 * 2.8.6: the device writes one descriptor for a buffer, at the place it has come to, and passes
 * over as many as the buffer takes; only the driver knows how many these are. Return: how far the
 * used ones reach in the window.
 */
static unsigned int find_used_packed(struct slots *slots, const struct snapshot *s,
				     const struct window *w)
{
	unsigned int at = 0, number;

	while (at < w->count) {
		struct slot *slot = slot_at(slots, w, at, &number);
		uint16_t id = le16_read(&snapshot_packed(s)[number].id);
		bool known = id < slots->num && s->notes[id].token && s->notes[id].num;

		if (!looks_used(s, number, slot->wrap))
			break;
		if (known && slots->buffers[id] == SLOT_DEVICE)
			slots->buffers[id] = SLOT_USED;
		at += known ? s->notes[id].num : 1;
	}
	return at < w->count ? at : w->count;
}

static void claim_used(struct slots *slots, const struct snapshot *s, const struct window *w,
		       unsigned int end)
{
	unsigned int at = 0, number;

	while (at < end) {
		struct slot *slot = slot_at(slots, w, at, &number);
		uint16_t id = le16_read(&snapshot_packed(s)[number].id);
		bool known = id < slots->num && s->notes[id].token && s->notes[id].num;
		unsigned int takes = known ? s->notes[id].num : 1;
		bool gone = known && slots->buffers[id] == SLOT_GONE;

		for (unsigned int i = 0; i < takes && at < end; i++, at++) {
			slot = slot_at(slots, w, at, &number);
			slot->state = gone ? SLOT_GONE : i ? SLOT_SKIPPED : SLOT_USED;
			slot->first = i == 0;
			slot->last = i + 1 == takes;
			slot->place = i;
			slot->buffer = known ? id : NO_BUFFER;
		}
	}
}

/* Used ones are written in the order of use, so of a buffer used before its turn a part is left. */
static enum slot_state state_of_chain(const struct slots *slots, uint16_t id)
{
	if (id >= slots->num)
		return SLOT_DEVICE; /* nobody's: the screen says so */
	if (slots->buffers[id] == SLOT_DEVICE || slots->buffers[id] == SLOT_GONE)
		return slots->buffers[id];
	return SLOT_LEFT;
}

static void claim_available(struct slots *slots, const struct snapshot *s, const struct window *w,
			    unsigned int at)
{
	unsigned int place = 0, number, begin = at;

	for (; at < w->count; at++) {
		struct slot *slot = slot_at(slots, w, at, &number);
		uint16_t id = le16_read(&snapshot_packed(s)[number].id);
		bool next = le16_read(&snapshot_packed(s)[number].flags) & VRING_DESC_F_NEXT;

		slot->first = place == 0;
		slot->last = !next || at + 1 == w->count;
		slot->place = place++;
		if (!slot->last)
			continue;
		/* 2.8.6: of a chain, the id of the last descriptor counts. */
		for (; begin <= at; begin++) {
			slot = slot_at(slots, w, begin, &number);
			slot->buffer = id < slots->num && s->notes[id].token ? id : NO_BUFFER;
			slot->state = looks_available(s, number, slot->wrap) ?
					      state_of_chain(slots, id) :
					      SLOT_WRONG;
		}
		place = 0;
	}
}

/* What is outside of the window was filled in the lap that is under way, or in the one before. */
static void find_free(struct slots *slots, const struct snapshot *s, const struct window *w)
{
	uint16_t next = s->head.before.avail_idx;

	for (unsigned int i = w->count; i < slots->num; i++) {
		unsigned int number = (w->first + i) % slots->num;
		const struct vring_packed_desc *desc = &snapshot_packed(s)[number];
		struct slot *slot = &slots->list[number];
		bool this_lap = number < packed_slot(next);

		slot->wrap = this_lap ? packed_wrap(next) : !packed_wrap(next);
		slot->buffer = NO_BUFFER;
		if (!le64_read(&desc->addr) && !le32_read(&desc->len) && !le16_read(&desc->flags))
			slot->state = SLOT_NEVER;
		else if (looks_available(s, number, slot->wrap))
			slot->state = this_lap ? SLOT_DEAD : SLOT_OLD;
		else if (looks_used(s, number, slot->wrap))
			slot->state = SLOT_REAPED;
		else
			slot->state = SLOT_FREE;
	}
}

static void find_packed(struct slots *slots, const struct snapshot *s, const struct window *w,
			unsigned int used)
{
	claim_used(slots, s, w, used);
	claim_available(slots, s, w, used);
	find_free(slots, s, w);
}

/* ---- both ---- */

/* Who has each buffer, by the copy; and whether it was reaped since, by the events. */
static unsigned int find_buffers(struct slots *slots, const struct watch *w,
				 const struct window *window)
{
	const struct snapshot *s = w->snapshot;
	unsigned int used = 0;

	for (unsigned int i = 0; i < slots->num; i++)
		slots->buffers[i] = s->notes[i].token ? SLOT_DEVICE : SLOT_FREE;
	if (!s->head.packed)
		find_used(slots, s);
	else if (!slots->positions_wrong)
		used = find_used_packed(slots, s, window);
	for (unsigned int i = 0; i < slots->num; i++) {
		if (s->notes[i].token && watch_gone(w, s->notes[i].token))
			slots->buffers[i] = SLOT_GONE;
		slots->with_device += slots->buffers[i] == SLOT_DEVICE;
	}
	return used;
}

static void find_stalest(struct slots *slots, const struct snapshot *s)
{
	uint64_t oldest = UINT64_MAX;

	for (unsigned int i = 0; i < slots->num; i++) {
		uint64_t added = s->notes[i].added_ns;

		if (slots->buffers[i] != SLOT_DEVICE || !added || added >= oldest)
			continue;
		oldest = added;
		slots->stalest = i;
	}
}

int slots_find(struct slots *slots, const struct watch *w)
{
	const struct snapshot *s = w->snapshot;
	struct window window = {};
	unsigned int used;
	bool *seen;

	*slots = (struct slots){ .num = s->head.num, .stalest = -1 };
	slots->list = calloc(s->head.num, sizeof(*slots->list));
	slots->buffers = calloc(s->head.num, sizeof(*slots->buffers));
	seen = calloc(s->head.num, sizeof(*seen));
	if (!slots->list || !slots->buffers || !seen) {
		free(seen);
		slots_free(slots);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < slots->num; i++)
		slots->list[i].buffer = NO_BUFFER;
	slots->positions_wrong = s->head.packed && !find_window(s, &window);
	used = find_buffers(slots, w, &window);
	find_stalest(slots, s);
	if (!s->head.packed) {
		find_split(slots, s);
		find_offered(slots, s, seen);
	} else if (!slots->positions_wrong) {
		find_packed(slots, s, &window, used);
	}
	free(seen);
	return 0;
}

void slots_free(struct slots *slots)
{
	free(slots->list);
	free(slots->buffers);
	*slots = (struct slots){};
}

const struct snapshot_note *slot_note(const struct snapshot *s, const struct slot *slot)
{
	return slot->buffer < s->head.num ? &s->notes[slot->buffer] : NULL;
}

/* ---- what a descriptor is for ---- */

/* A request of a disk: 16 bytes to read, data, and a byte to write (5.2.6). */
static const char *block_part(const struct slot *slot, uint32_t len, bool write)
{
	if (slot->place == 0 && !write && len == 16)
		return "header";
	if (slot->last && write && len == 1)
		return "status";
	return write ? "data in" : "data out";
}

/* A packet and the header before it (5.1.6), or a command and its acknowledgement (5.1.6.5). */
static const char *net_part(const struct snapshot *s, const struct slot *slot, uint32_t len,
			    bool write)
{
	if (!strncmp(s->head.name, "control", 7)) {
		if (slot->last && write && len == 1)
			return "ack";
		return slot->place == 0 && !write ? "class, command" :
		       write			  ? "data in" :
						    "data out";
	}
	if (slot->place == 0)
		return slot->last ? "header + data" : "header";
	return write ? "data in" : "data out";
}

void slot_part(const struct snapshot *s, const struct slots *slots, unsigned int i, char *buf,
	       size_t size)
{
	const struct slot *slot = &slots->list[i];
	/* Split and packed ones have their address and length in the same place. */
	uint32_t len = le32_read(&snapshot_desc(s)[i].len);
	uint16_t flags = s->head.packed ? le16_read(&snapshot_packed(s)[i].flags) :
					  le16_read(&snapshot_desc(s)[i].flags);
	bool write = flags & VRING_DESC_F_WRITE;

	if (flags & VRING_DESC_F_INDIRECT)
		snprintf(buf, size, "table of %zu", len / sizeof(struct vring_desc));
	else if (s->head.device_id == VIRTIO_ID_BLOCK)
		snprintf(buf, size, "%s", block_part(slot, len, write));
	else if (s->head.device_id == VIRTIO_ID_NET)
		snprintf(buf, size, "%s", net_part(s, slot, len, write));
	else
		snprintf(buf, size, "%s", write ? "data in" : "data out");
}
