/* SPDX-License-Identifier: MIT */
/*
 * The parts of a snapshot as the kernel's copy has them: where its areas lie, and what the driver's
 * arrays, which differ by kernel, say of each slot. Sizes and places are checked before they are
 * used.
 */
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->copy);
	free(snapshot->notes);
	free(snapshot->tables);
	memset(snapshot, 0, sizeof(*snapshot));
}

const struct vt_table *snapshot_table(const struct snapshot *s, unsigned int slot)
{
	for (unsigned int i = 0; i < s->head.table_count; i++)
		if (s->tables[i].slot == slot)
			return &s->tables[i];
	return NULL;
}

/* How large the driver's and the device's areas are: 2.7 and 2.8, the tables of areas. */
static size_t expected_bytes(const struct vt_snapshot *head, enum vt_area area)
{
	switch (area) {
	case VT_DESC:
		return sizeof(struct vring_desc) * head->num;
	case VT_DRIVER:
		return head->packed ? sizeof(struct vring_packed_desc_event) :
				      vring_avail_bytes(head->num);
	case VT_DEVICE:
		return head->packed ? sizeof(struct vring_packed_desc_event) :
				      vring_used_bytes(head->num);
	case VT_STATE:
		return (size_t)head->state_size * head->num;
	default:
		return head->has_extra ? (size_t)head->extra_size * head->num : 0;
	}
}

static bool field_fits(unsigned int at, unsigned int bytes, unsigned int size)
{
	return at + bytes <= size;
}

static const char *check_head(const struct snapshot *s)
{
	const struct vt_snapshot *h = &s->head;

	if (!h->num || h->num > VRING_MAX_SIZE || (!h->packed && h->num & (h->num - 1)))
		return "not a size a ring can have";
	for (int area = 0; area < VT_AREAS; area++)
		if (h->area_bytes[area] != expected_bytes(h, area) || h->area_at[area] % 8 ||
		    h->area_at[area] > s->copied ||
		    h->area_bytes[area] > s->copied - h->area_at[area])
			return "an area is not where it should be";
	if (!field_fits(h->state_data, 8, h->state_size) ||
	    (h->packed && !field_fits(h->state_num, 2, h->state_size)))
		return "the driver's state has no such field";
	if (h->has_extra && (!field_fits(h->extra_addr, 8, h->extra_size) ||
			     !field_fits(h->extra_len, 4, h->extra_size) ||
			     !field_fits(h->extra_next, 2, h->extra_size)))
		return "the driver's descriptors have no such field";
	return NULL;
}

static void read_notes(struct snapshot *s)
{
	const struct vt_snapshot *h = &s->head;

	for (unsigned int i = 0; i < h->num; i++) {
		const uint8_t *state = (uint8_t *)s->area[VT_STATE] + (size_t)i * h->state_size;
		const uint8_t *extra = (uint8_t *)s->area[VT_EXTRA] + (size_t)i * h->extra_size;
		struct snapshot_note *note = &s->notes[i];

		memcpy(&note->token, state + h->state_data, sizeof(note->token));
		if (h->packed)
			memcpy(&note->num, state + h->state_num, sizeof(note->num));
		if (!h->has_extra)
			continue;
		memcpy(&note->addr, extra + h->extra_addr, sizeof(note->addr));
		memcpy(&note->len, extra + h->extra_len, sizeof(note->len));
		memcpy(&note->next, extra + h->extra_next, sizeof(note->next));
	}
}

const char *snapshot_attach(struct snapshot *s)
{
	const char *wrong = check_head(s);

	if (wrong)
		return wrong;
	for (int area = 0; area < VT_AREAS; area++)
		s->area[area] = s->copy + s->head.area_at[area];
	for (unsigned int i = 0; i < s->head.table_count; i++)
		if (s->tables[i].kept > VT_TABLE_ENTRIES)
			return "an indirect table is too long";
	s->notes = calloc(s->head.num, sizeof(*s->notes));
	if (!s->notes)
		return "out of memory";
	read_notes(s);
	return NULL;
}
