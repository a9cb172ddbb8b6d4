// SPDX-License-Identifier: MIT
/*
 * Draws a ring as text. Freestanding: no printf, so it has a small one of its own.
 */
#include "vring_draw.h"

struct text {
	char *buf;
	size_t size;
	size_t len; /* of what was put, kept or not */
};

static void put_char(struct text *t, char c)
{
	if (t->len + 1 < t->size)
		t->buf[t->len] = c;
	t->len++;
}

static void put(struct text *t, const char *s)
{
	while (*s)
		put_char(t, *s++);
}

/* Spaces up to @column, counted from @start, where the line began. */
static void pad_to(struct text *t, size_t start, size_t column)
{
	while (t->len - start < column)
		put_char(t, ' ');
}

static void put_number(struct text *t, uint64_t value, unsigned int base, int width, char fill)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (int i = n; i < width; i++)
		put_char(t, fill);
	while (n)
		put_char(t, digits[--n]);
}

static void put_dec(struct text *t, const char *before, uint64_t value)
{
	put(t, before);
	put_number(t, value, 10, 0, ' ');
}

static void put_buffer(struct text *t, uint64_t addr, uint32_t len)
{
	put(t, "  0x");
	put_number(t, addr, 16, 12, '0');
	put_number(t, len, 10, 11, ' ');
	put(t, " ");
}

static void put_flags(struct text *t, uint16_t flags)
{
	put(t, flags & VRING_DESC_F_INDIRECT ? " indirect" : "");
	put(t, flags & VRING_DESC_F_WRITE ? " write" : " read");
	put(t, flags & VRING_DESC_F_NEXT ? " next" : "");
}

static void put_title(struct text *t, const struct vring_snapshot *s)
{
	put_dec(t, s->packed ? "packed queue " : "split queue ", s->index);
	if (s->name) {
		put(t, " ");
		put(t, s->name);
	}
	put_dec(t, ", ", s->num);
	put_dec(t, " entries, ", s->num_free);
	put(t, " free\n");
}

/* ---- split ---- */

/* The free-running index nearest to @idx, at or after @from, that lives in @slot. */
static uint16_t index_in_slot(uint16_t from, unsigned int slot, unsigned int num)
{
	return from + ((slot - from) & (num - 1));
}

static bool within(uint16_t idx, uint16_t from, uint16_t to)
{
	return (uint16_t)(idx - from) < (uint16_t)(to - from);
}

static void draw_split_row(struct text *t, const struct vring_snapshot *s, const struct vring *vr,
			   unsigned int slot)
{
	const struct vring_desc *desc = &vr->desc[slot];
	uint16_t idx = index_in_slot(s->last_used, slot, s->num);
	bool offered = within(idx, s->last_used, le16_read(&vr->avail->idx));
	bool used = within(idx, s->last_used, le16_read(&vr->used->idx));
	size_t start = t->len;

	if (!offered && !used && !le64_read(&desc->addr) && !le32_read(&desc->len))
		return;
	put_number(t, slot, 10, 5, ' ');
	put_buffer(t, le64_read(&desc->addr), le32_read(&desc->len));
	put_flags(t, le16_read(&desc->flags));
	if (le16_read(&desc->flags) & VRING_DESC_F_NEXT)
		put_dec(t, " ", le16_read(&desc->next));
	if (offered) {
		pad_to(t, start, 56);
		put_dec(t, "[", idx);
		put_dec(t, "] head ", le16_read(&vr->avail->ring[slot]));
	}
	if (used) {
		pad_to(t, start, 74);
		put_dec(t, "[", idx);
		put_dec(t, "] id ", le32_read(&vr->used->ring[slot].id));
		put_dec(t, " len ", le32_read(&vr->used->ring[slot].len));
	}
	put(t, "\n");
}

static void draw_split(struct text *t, const struct vring_snapshot *s)
{
	struct vring vr = { s->num, (void *)s->desc, (void *)s->driver, (void *)s->device };

	put_dec(t, "  avail   idx ", le16_read(&vr.avail->idx));
	put_dec(t, "  flags ", le16_read(&vr.avail->flags));
	put_dec(t, "  used_event ", le16_read(vring_used_event(&vr)));
	put_dec(t, "\n  used    idx ", le16_read(&vr.used->idx));
	put_dec(t, "  flags ", le16_read(&vr.used->flags));
	put_dec(t, "  avail_event ", le16_read(vring_avail_event(&vr)));
	put_dec(t, "\n  driver  avail_idx ", s->avail_idx);
	put_dec(t, "  last_used ", s->last_used);
	put(t, "\n slot         address     length  descriptor            "
	       "avail             used\n");
	for (unsigned int slot = 0; slot < s->num; slot++)
		draw_split_row(t, s, &vr, slot);
}

/* ---- packed ---- */

static void put_position(struct text *t, const char *before, uint16_t position)
{
	put_dec(t, before, position & 0x7fff);
	put_dec(t, " wrap ", position >> VRING_PACKED_EVENT_F_WRAP_CTR);
}

static void put_event(struct text *t, const char *before,
		      const struct vring_packed_desc_event *event)
{
	uint16_t flags = le16_read(&event->flags);

	put(t, before);
	if (flags == VRING_PACKED_EVENT_FLAG_DESC)
		put_position(t, "at slot ", le16_read(&event->off_wrap));
	else
		put(t, flags == VRING_PACKED_EVENT_FLAG_ENABLE	? "enabled" :
		       flags == VRING_PACKED_EVENT_FLAG_DISABLE ? "disabled" :
								  "reserved value");
}

static void draw_packed_row(struct text *t, const struct vring_snapshot *s, unsigned int slot)
{
	const struct vring_packed_desc *desc = &((const struct vring_packed_desc *)s->desc)[slot];
	uint16_t flags = le16_read(&desc->flags);
	bool next_avail = slot == (s->avail_idx & 0x7fff);
	bool next_used = slot == (s->last_used & 0x7fff);
	size_t start = t->len;

	if (!next_avail && !next_used && !le64_read(&desc->addr) && !le32_read(&desc->len))
		return;
	put_number(t, slot, 10, 5, ' ');
	put_buffer(t, le64_read(&desc->addr), le32_read(&desc->len));
	put_number(t, le16_read(&desc->id), 10, 6, ' ');
	put(t, flags & VRING_PACKED_DESC_F_AVAIL ? "  A1" : "  A0");
	put(t, flags & VRING_PACKED_DESC_F_USED ? " U1" : " U0");
	put_flags(t, flags);
	if (next_avail || next_used)
		pad_to(t, start, 66);
	put(t, next_avail ? "<- next avail" : "");
	put(t, next_avail && next_used ? " " : "");
	put(t, next_used ? "<- next used" : "");
	put(t, "\n");
}

static void draw_packed(struct text *t, const struct vring_snapshot *s)
{
	put_event(t, "  interrupts  ", s->driver);
	put_event(t, "\n  kicks       ", s->device);
	put_position(t, "\n  driver      next avail ", s->avail_idx);
	put_position(t, "  next used ", s->last_used);
	put(t, "\n slot         address     length     id  flags\n");
	for (unsigned int slot = 0; slot < s->num; slot++)
		draw_packed_row(t, s, slot);
}

size_t vring_draw(const struct vring_snapshot *snapshot, char *text, size_t size)
{
	struct text t = { .buf = text, .size = size };

	put_title(&t, snapshot);
	if (snapshot->packed)
		draw_packed(&t, snapshot);
	else
		draw_split(&t, snapshot);
	if (size)
		text[t.len < size ? t.len : size - 1] = '\0';
	return t.len;
}
