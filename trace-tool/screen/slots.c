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
static void claim_chain(struct slots *slots, const struct snapshot *s, unsigned int head,
			enum slot_state state)
{
	const struct vring_desc *desc = snapshot_desc(s);
	unsigned int at = head;

	for (unsigned int place = 0; place < slots->num; place++) {
		uint16_t flags = le16_read(&desc[at].flags), next = le16_read(&desc[at].next);

		slots->list[at].state = state;
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

/* 2.7.8: from the entry the driver reaps next to the one the device fills next. */
static void find_used(const struct snapshot *s, bool *used)
{
	const struct vring vr = snapshot_vring(s);
	uint16_t first = s->head.before.last_used;
	uint16_t count = s->head.before.used_mem - first;

	for (unsigned int i = 0; i < count && i < s->head.num; i++) {
		uint32_t id =
			le32_read(&vr.used->ring[(uint16_t)(first + i) & (s->head.num - 1)].id);

		if (id < s->head.num)
			used[id] = true;
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

		if (head >= slots->num || seen[head] || !s->notes[head].token)
			continue;
		seen[head] = true;
		slots->list[slot].offered = slots->list[head].state;
	}
}

static void find_split(struct slots *slots, const struct snapshot *s, bool *mark)
{
	find_used(s, mark);
	for (unsigned int i = 0; i < slots->num; i++) {
		if (!s->notes[i].token)
			continue;
		claim_chain(slots, s, i, mark[i] ? SLOT_USED : SLOT_DEVICE);
		if (mark[i])
			slots->unreaped++;
		else
			slots->with_device++;
	}
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
 * 2.8.6: the device writes one descriptor for a buffer, where its first one was, and passes over
 * the others. How many these are only the driver knows. Return: slots of the window that are used.
 */
static unsigned int claim_used(struct slots *slots, const struct snapshot *s,
			       const struct window *w)
{
	unsigned int at = 0, number;

	while (at < w->count) {
		struct slot *slot = slot_at(slots, w, at, &number);
		uint16_t id = le16_read(&snapshot_packed(s)[number].id);
		unsigned int takes = 1;

		if (!looks_used(s, number, slot->wrap))
			break;
		if (id < slots->num && s->notes[id].num)
			takes = s->notes[id].num;
		for (unsigned int i = 0; i < takes && at < w->count; i++, at++) {
			slot = slot_at(slots, w, at, &number);
			slot->state = i ? SLOT_SKIPPED : SLOT_USED;
			slot->first = i == 0;
			slot->last = i + 1 == takes;
			slot->place = i;
			slot->buffer = id < slots->num && s->notes[id].token ? id : NO_BUFFER;
		}
		slots->unreaped++;
	}
	return at;
}

static void claim_available(struct slots *slots, const struct snapshot *s, const struct window *w,
			    unsigned int at)
{
	unsigned int place = 0, number, begin = at;

	for (; at < w->count; at++) {
		struct slot *slot = slot_at(slots, w, at, &number);
		uint16_t id = le16_read(&snapshot_packed(s)[number].id);
		bool next = le16_read(&snapshot_packed(s)[number].flags) & VRING_DESC_F_NEXT;

		slot->state = looks_available(s, number, slot->wrap) ? SLOT_DEVICE : SLOT_WRONG;
		slot->first = place == 0;
		slot->last = !next || at + 1 == w->count;
		slot->place = place++;
		slot->buffer = NO_BUFFER;
		if (!slot->last)
			continue;
		/* 2.8.6: of a chain, the id of the last descriptor counts. */
		if (id < slots->num && s->notes[id].token)
			for (; begin <= at; begin++)
				slot_at(slots, w, begin, &number)->buffer = id;
		begin = at + 1;
		place = 0;
		slots->with_device++;
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

static void find_packed(struct slots *slots, const struct snapshot *s)
{
	struct window w;

	if (!find_window(s, &w)) {
		slots->positions_wrong = true;
		return;
	}
	claim_available(slots, s, &w, claim_used(slots, s, &w));
	find_free(slots, s, &w);
}

/* ---- both ---- */

struct in_flight {
	uint64_t token;
	unsigned int buffer;
};

static int compare_tokens(const void *a, const void *b)
{
	uint64_t x = ((const struct in_flight *)a)->token, y = ((const struct in_flight *)b)->token;

	return (x > y) - (x < y);
}

/* The first reap of a token since the copy is of the buffer that is in it. */
static void find_gone(struct slots *slots, const struct watch *w, struct in_flight *list,
		      bool *gone)
{
	const struct snapshot *s = w->snapshot;
	size_t count = 0;

	if (!w->event_count || w->events[w->event_count - 1].time_ns <= s->head.time_ns)
		return;
	for (unsigned int i = 0; i < slots->num; i++)
		if (s->notes[i].token)
			list[count++] = (struct in_flight){ s->notes[i].token, i };
	qsort(list, count, sizeof(*list), compare_tokens);
	for (size_t i = w->event_count; i-- > 0 && w->events[i].time_ns > s->head.time_ns;) {
		struct in_flight wanted = { .token = w->events[i].reap.token }, *found;

		if (w->events[i].type != VRING_EVENT_REAP)
			continue;
		found = bsearch(&wanted, list, count, sizeof(*list), compare_tokens);
		if (found)
			gone[found->buffer] = true;
	}
	for (unsigned int i = 0; i < slots->num; i++)
		if (slots->list[i].buffer < slots->num && gone[slots->list[i].buffer] &&
		    !slot_is_free(&slots->list[i]))
			slots->list[i].state = SLOT_GONE;
}

static void find_stalest(struct slots *slots, const struct snapshot *s)
{
	uint64_t oldest = UINT64_MAX;

	slots->stalest = -1;
	for (unsigned int i = 0; i < slots->num; i++) {
		const struct snapshot_note *note = slot_note(s, &slots->list[i]);

		if (slots->list[i].state != SLOT_DEVICE || !slots->list[i].first || !note ||
		    !note->added_ns || note->added_ns >= oldest)
			continue;
		oldest = note->added_ns;
		slots->stalest = i;
	}
}

int slots_find(struct slots *slots, const struct watch *w)
{
	const struct snapshot *s = w->snapshot;
	struct in_flight *list = calloc(s->head.num, sizeof(*list));
	bool *mark = calloc(s->head.num, sizeof(*mark));
	int error = -ENOMEM;

	*slots = (struct slots){ .num = s->head.num, .stalest = -1 };
	slots->list = calloc(s->head.num, sizeof(*slots->list));
	if (!slots->list || !mark || !list)
		goto out;
	error = 0;
	for (unsigned int i = 0; i < slots->num; i++)
		slots->list[i].buffer = NO_BUFFER;
	if (s->head.packed)
		find_packed(slots, s);
	else
		find_split(slots, s, mark);
	memset(mark, 0, slots->num * sizeof(*mark));
	find_gone(slots, w, list, mark);
	memset(mark, 0, slots->num * sizeof(*mark));
	if (!s->head.packed)
		find_offered(slots, s, mark);
	find_stalest(slots, s);
out:
	free(list);
	free(mark);
	if (error)
		slots_free(slots);
	return error;
}

void slots_free(struct slots *slots)
{
	free(slots->list);
	slots->list = NULL;
	slots->num = 0;
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
