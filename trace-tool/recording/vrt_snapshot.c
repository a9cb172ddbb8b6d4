/* SPDX-License-Identifier: MIT */
/*
 * Snapshots into recordings, and out of them. What comes from a file is checked before it is used
 * as a size or a place; the rings in it are as wrong as they were, for check to find.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vrt_snapshot.h"

/* ---- into a recording ---- */

/* DESC, DRIVER, DEVICE, NOTES and SYMBOLS; a TABLE for each indirect table. */
#define PLAIN_AREAS 5

struct putting {
	struct vrt_area_data *areas;
	unsigned int count;
	struct vrt_note *notes;
	unsigned char *tables, *at; /* all of them, one behind the other */
	char symbols[2][VRT_SYMBOL];
};

static void add_area(struct putting *p, enum vrt_area_kind kind, const void *bytes, size_t size)
{
	p->areas[p->count++] = (struct vrt_area_data){ kind, bytes, size };
}

static void add_notes(struct putting *p, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->head.num; i++) {
		const struct snapshot_note *from = &s->notes[i];
		struct vrt_note *to = &p->notes[i];

		le64_write(&to->token, from->token);
		le64_write(&to->added_ns, from->seen_only ? 0 : from->added_ns);
		le64_write(&to->addr, from->addr);
		le32_write(&to->len, from->len);
		le16_write(&to->next, from->next);
		le16_write(&to->num, from->num);
	}
	add_area(p, VRT_AREA_NOTES, p->notes, s->head.num * sizeof(*p->notes));
}

static void add_table(struct putting *p, const struct vt_table *table)
{
	struct vrt_table *head = (struct vrt_table *)p->at;
	size_t bytes = table->kept * sizeof(struct vring_desc);

	le16_write(&head->slot, table->slot);
	le16_write(&head->count, table->count);
	le32_write(&head->kept, table->kept);
	memcpy(head + 1, table->desc, bytes);
	add_area(p, VRT_AREA_TABLE, head, sizeof(*head) + bytes);
	p->at += sizeof(*head) + bytes;
}

static void add_symbols(struct putting *p, const struct snapshot *s)
{
	if (!s->callback[0] && !s->notify[0])
		return;
	memcpy(p->symbols[0], s->callback, sizeof(s->callback));
	memcpy(p->symbols[1], s->notify, sizeof(s->notify));
	add_area(p, VRT_AREA_SYMBOLS, p->symbols, sizeof(p->symbols));
}

static void fill_head(struct vrt_snapshot *head, const struct snapshot *s)
{
	const struct vt_snapshot *from = &s->head;

	le16_write(&head->device, from->device);
	le16_write(&head->queue, from->index);
	le32_write(&head->num, from->num);
	head->packed = from->packed;
	head->broken = from->broken;
	head->torn = s->moving;
	head->event_triggered = from->event_triggered;
	le16_write(&head->avail_idx, from->before.avail_idx);
	le16_write(&head->last_used, from->before.last_used);
	le32_write(&head->num_free, from->before.num_free);
	le32_write(&head->num_added, from->before.num_added);
	le32_write(&head->free_head, from->free_head);
	le16_write(&head->driver_flags, from->driver_flags);
	le16_write(&head->tables_left, from->tables_left);
	le32_write(&head->flags, (from->callback ? VRT_SNAPSHOT_CALLBACK : 0) |
					 (from->indirect ? VRT_SNAPSHOT_INDIRECT : 0) |
					 (from->has_extra ? VRT_SNAPSHOT_CHAINS : 0));
	for (int area = VT_DESC; area <= VT_DEVICE; area++)
		le64_write(&head->dma[area], from->dma[area]);
	le64_write(&head->features, from->features);
}

int vrt_put_snapshot(struct vrt_writer *w, const struct snapshot *s)
{
	unsigned int tables = s->head.table_count;
	struct vrt_snapshot head = { 0 };
	struct putting p = { 0 };
	int err = -ENOMEM;

	p.areas = calloc(PLAIN_AREAS + tables, sizeof(*p.areas));
	p.notes = calloc(s->head.num, sizeof(*p.notes));
	p.tables = p.at = malloc(tables * sizeof(struct vt_table) + 1);
	if (!p.areas || !p.notes || !p.tables)
		goto out;
	fill_head(&head, s);
	add_area(&p, VRT_AREA_DESC, s->area[VT_DESC], s->head.area_bytes[VT_DESC]);
	add_area(&p, VRT_AREA_DRIVER, s->area[VT_DRIVER], s->head.area_bytes[VT_DRIVER]);
	add_area(&p, VRT_AREA_DEVICE, s->area[VT_DEVICE], s->head.area_bytes[VT_DEVICE]);
	add_notes(&p, s);
	add_symbols(&p, s);
	for (unsigned int i = 0; i < tables; i++)
		add_table(&p, &s->tables[i]);
	err = vrt_write_snapshot(w, &head, s->head.time_ns, p.areas, p.count);
out:
	free(p.areas);
	free(p.notes);
	free(p.tables);
	return err;
}

/* ---- out of a recording ---- */

struct getting {
	const struct vrt_index_entry *entry;
	struct snapshot *s;
	const unsigned char *payload; /* which is the snapshot's .copy */
	const struct vrt_note *notes; /* in it */
	char *why;
};

static int bad(const struct getting *g, const char *what)
{
	snprintf(g->why, VRT_WHY_BYTES, "damaged at byte %" PRIu64 ": a snapshot %s",
		 g->entry->offset, what);
	return -EPROTO;
}

/* How large an area is: 2.7 and 2.8, the tables of areas. 0: whatever it says. */
static size_t area_bytes(const struct vt_snapshot *head, uint32_t kind)
{
	switch (kind) {
	case VRT_AREA_DESC:
		return vring_desc_bytes(head->num);
	case VRT_AREA_DRIVER:
		return head->packed ? sizeof(struct vring_packed_desc_event) :
				      vring_avail_bytes(head->num);
	case VRT_AREA_DEVICE:
		return head->packed ? sizeof(struct vring_packed_desc_event) :
				      vring_used_bytes(head->num);
	case VRT_AREA_NOTES:
		return sizeof(struct vrt_note) * head->num;
	case VRT_AREA_SYMBOLS:
		return 2 * VRT_SYMBOL;
	}
	return 0;
}

static int take_head(const struct getting *g)
{
	const struct vrt_snapshot *from = (const void *)g->payload;
	struct vt_snapshot *head = &g->s->head;
	uint32_t flags = le32_read(&from->flags);

	head->time_ns = g->entry->first_ns;
	head->device = le16_read(&from->device);
	head->index = le16_read(&from->queue);
	head->num = le32_read(&from->num);
	head->packed = !!from->packed;
	if (head->device != g->entry->device || head->index != g->entry->queue)
		return bad(g, "of another queue than its block says");
	if (!head->num || head->num > VRING_MAX_SIZE ||
	    (!head->packed && head->num & (head->num - 1)))
		return bad(g, "of a size a ring cannot have");
	head->broken = !!from->broken;
	g->s->moving = from->torn;
	head->event_triggered = !!from->event_triggered;
	head->before.avail_idx = le16_read(&from->avail_idx);
	head->before.last_used = le16_read(&from->last_used);
	head->before.num_free = le32_read(&from->num_free);
	head->before.num_added = le32_read(&from->num_added);
	if (head->before.num_free > head->num)
		return bad(g, "with more free than there is");
	head->free_head = le32_read(&from->free_head);
	head->driver_flags = le16_read(&from->driver_flags);
	head->tables_left = le16_read(&from->tables_left);
	head->features = le64_read(&from->features);
	head->event = virtio_feature(head->features, VIRTIO_RING_F_EVENT_IDX);
	head->callback = !!(flags & VRT_SNAPSHOT_CALLBACK);
	head->indirect = !!(flags & VRT_SNAPSHOT_INDIRECT);
	head->has_extra = !!(flags & VRT_SNAPSHOT_CHAINS);
	for (int area = VT_DESC; area <= VT_DEVICE; area++)
		head->dma[area] = le64_read(&from->dma[area]);
	return 0;
}

static int place_area(const struct getting *g, enum vt_area area, const void *bytes, size_t size)
{
	struct vt_snapshot *head = &g->s->head;

	if (g->s->area[area])
		return bad(g, "with an area twice");
	g->s->area[area] = bytes;
	head->area_at[area] = (const unsigned char *)bytes - g->payload;
	head->area_bytes[area] = size;
	return 0;
}

static int take_table(const struct getting *g, const void *bytes, size_t size)
{
	const struct vrt_table *from = bytes;
	struct snapshot *s = g->s;
	struct vt_table *table = &s->tables[s->head.table_count];
	uint32_t kept;

	if (size < sizeof(*from))
		return bad(g, "with less than an indirect table");
	kept = le32_read(&from->kept);
	table->slot = le16_read(&from->slot);
	table->count = le16_read(&from->count);
	if (kept > table->count || size != sizeof(*from) + kept * sizeof(struct vring_desc))
		return bad(g, "with an indirect table of another length");
	if (table->slot >= s->head.num)
		return bad(g, "with an indirect table of no slot");
	table->kept = kept < VT_TABLE_ENTRIES ? kept : VT_TABLE_ENTRIES;
	memcpy(table->desc, from + 1, table->kept * sizeof(struct vring_desc));
	s->head.table_count++;
	return 0;
}

static void take_symbol(char *to, const char *from)
{
	for (int i = 0; i < VRT_SYMBOL - 1 && from[i]; i++)
		to[i] = from[i] > ' ' && from[i] <= '~' ? from[i] : '?';
}

static int take_area(struct getting *g, uint32_t kind, const void *bytes, size_t size)
{
	switch (kind) {
	case VRT_AREA_DESC:
		return place_area(g, VT_DESC, bytes, size);
	case VRT_AREA_DRIVER:
		return place_area(g, VT_DRIVER, bytes, size);
	case VRT_AREA_DEVICE:
		return place_area(g, VT_DEVICE, bytes, size);
	case VRT_AREA_NOTES:
		g->notes = bytes;
		break;
	case VRT_AREA_TABLE:
		return take_table(g, bytes, size);
	case VRT_AREA_SYMBOLS:
		take_symbol(g->s->callback, bytes);
		take_symbol(g->s->notify, (const char *)bytes + VRT_SYMBOL);
		break;
	}
	return 0;
}

/* Once to check and to count the tables, for which there must be room; once to @take them. */
static int each_area(struct getting *g, bool take, unsigned int *tables)
{
	const struct vrt_snapshot *head = (const void *)g->payload;
	size_t at = sizeof(*head), end = g->entry->raw_bytes;

	*tables = 0;
	for (uint32_t i = 0; i < le32_read(&head->areas); i++) {
		const struct vrt_area *area = (const void *)(g->payload + at);
		uint32_t kind, bytes;
		size_t expected;
		int err;

		if (end - at < sizeof(*area))
			return bad(g, "with an area outside of it");
		kind = le32_read(&area->kind);
		bytes = le32_read(&area->bytes);
		at += sizeof(*area);
		if (bytes > end - at || bytes + -bytes % VRT_ALIGN > end - at)
			return bad(g, "with an area longer than itself");
		expected = area_bytes(&g->s->head, kind);
		if (expected && bytes != expected)
			return bad(g, "with an area of another length than its queue's");
		*tables += kind == VRT_AREA_TABLE;
		err = take ? take_area(g, kind, area + 1, bytes) : 0;
		if (err)
			return err;
		at += bytes + -bytes % VRT_ALIGN;
	}
	return 0;
}

static int take_areas(struct getting *g)
{
	struct snapshot *s = g->s;
	unsigned int tables;
	int err = each_area(g, false, &tables);

	if (err)
		return err;
	if (tables > s->head.num)
		return bad(g, "with more indirect tables than slots");
	s->tables = calloc(tables + 1, sizeof(*s->tables));
	s->notes = calloc(s->head.num, sizeof(*s->notes));
	if (!s->tables || !s->notes) {
		snprintf(g->why, VRT_WHY_BYTES, "out of memory");
		return -ENOMEM;
	}
	err = each_area(g, true, &tables);
	if (!err && !(s->area[VT_DESC] && s->area[VT_DRIVER] && s->area[VT_DEVICE] && g->notes))
		err = bad(g, "without one of its areas");
	return err;
}

static void take_notes(const struct getting *g)
{
	for (unsigned int i = 0; i < g->s->head.num; i++) {
		const struct vrt_note *from = &g->notes[i];

		g->s->notes[i] = (struct snapshot_note){ .token = le64_read(&from->token),
							 .added_ns = le64_read(&from->added_ns),
							 .addr = le64_read(&from->addr),
							 .len = le32_read(&from->len),
							 .next = le16_read(&from->next),
							 .num = le16_read(&from->num) };
	}
}

/* A split ring's indices, as its memory has them: what a snapshot of the kernel says as well. */
static void take_memory(struct snapshot *s)
{
	struct vring vr = snapshot_vring(s);

	if (!s->head.packed) {
		s->head.before.avail_mem = le16_read(&vr.avail->idx);
		s->head.before.used_mem = le16_read(&vr.used->idx);
	}
	s->head.after = s->head.before;
}

static void take_name(const struct vrt_file *f, struct snapshot *s)
{
	const struct vrt_queue *q = vrt_find_queue(f, s->head.device, s->head.index);

	if (q && q->name[0]) {
		memcpy(s->head.name, q->name, sizeof(s->head.name));
		snprintf(s->name, sizeof(s->name), "virtio%u/%s", s->head.device, q->name);
	} else {
		snprintf(s->name, sizeof(s->name), "virtio%u:%u", s->head.device, s->head.index);
	}
	s->head.device_id = q ? le32_read(&q->device_id) : 0;
}

int vrt_get_snapshot(const struct vrt_file *f, const struct vrt_index_entry *e, struct snapshot *s,
		     char why[VRT_WHY_BYTES])
{
	struct getting g = { .entry = e, .s = s, .why = why };
	void *payload;
	int err;

	memset(s, 0, sizeof(*s));
	err = vrt_read_block(f, e, &payload, why);
	if (err)
		return err;
	s->copy = payload;
	s->copied = e->raw_bytes;
	g.payload = payload;
	err = take_head(&g);
	if (!err)
		err = take_areas(&g);
	if (err)
		return err;
	take_notes(&g);
	take_memory(s);
	take_name(f, s);
	return 0;
}
