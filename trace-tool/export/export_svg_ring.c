/* SPDX-License-Identifier: MIT */
/*
 * A ring at one moment: the descriptors as a table on the left, those in flight drawn dark, and the
 * rings as circles on the right, slot 0 at the top and then clockwise, with a letter at the rim for
 * each index. What is light is left over from earlier.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/kick_verdict.h"
#include "../event_words.h"
#include "export_svg_figures.h"
#include "svg.h"
#include "../verdict.h"

#define WIDTH 720
#define TABLE 44 /* where the table begins */
#define TABLE_WIDTH 336
#define TOP 84
#define ROW 27
#define MOST_ROWS 16u
#define CENTRE 556
#define OUTER 112
#define INNER 74
#define BOLD "fill=\"" SVG_INK "\" font-weight=\"600\""
#define FAINT "fill=\"" SVG_FAINT "\""
#define SMALL FAINT " font-size=\"11\""
#define MIDDLE " text-anchor=\"middle\""
#define END " text-anchor=\"end\""

static const uint16_t wrap_bit = 1u << VRING_PACKED_EVENT_F_WRAP_CTR;

struct figure {
	FILE *out;
	const struct snapshot *s;
	unsigned int num;
	bool *dark; /* of each descriptor: it belongs to a buffer in flight */
	unsigned int buffers, dark_count;
};

/* ---- which descriptors are in flight ---- */

static void mark_chain(struct figure *f, unsigned int head)
{
	const struct vring_desc *desc = snapshot_desc(f->s);

	for (unsigned int at = head, n = 0; n < f->num && at < f->num; n++) {
		f->dark_count += !f->dark[at];
		f->dark[at] = true;
		if (!(le16_read(&desc[at].flags) & VRING_DESC_F_NEXT))
			break;
		at = le16_read(&desc[at].next);
	}
}

/* Packed: from where the driver takes to where it gives. */
static void mark_window(struct figure *f)
{
	unsigned int first = f->s->head.before.last_used & ~wrap_bit;
	unsigned int taken = f->num - f->s->head.before.num_free;

	for (unsigned int n = 0; first < f->num && n < taken && n < f->num; n++)
		f->dark[(first + n) % f->num] = true;
	f->dark_count = taken < f->num ? taken : f->num;
}

static void mark(struct figure *f)
{
	for (unsigned int i = 0; i < f->num; i++) {
		if (!f->s->notes[i].token)
			continue;
		f->buffers++;
		if (!f->s->head.packed)
			mark_chain(f, i);
	}
	if (f->s->head.packed)
		mark_window(f);
}

/* ---- the table ---- */

static void put_box(struct figure *f, double y, bool dark, bool writes)
{
	char more[96];

	snprintf(more, sizeof(more), "rx=\"3\" fill=\"%s\" stroke=\"%s\"",
		 dark ? "#ffffff" : SVG_SHADE,
		 !dark	? SVG_LINE :
		 writes ? SVG_DEVICE :
			  SVG_DRIVER);
	svg_rect(f->out, TABLE, y, TABLE_WIDTH, ROW - 4, more);
}

static void put_who(struct figure *f, double x, double y, uint16_t flags, unsigned int slot)
{
	const struct vt_table *table = snapshot_table(f->s, slot);
	bool writes = flags & VRING_DESC_F_WRITE;

	if (flags & VRING_DESC_F_INDIRECT)
		svg_text(f->out, x, y, "fill=\"" SVG_DRIVER "\"", "table of %u",
			 table ? table->count : 0);
	else
		svg_text(f->out, x, y,
			 writes ? "fill=\"" SVG_DEVICE "\"" : "fill=\"" SVG_DRIVER "\"",
			 "device %s", writes ? "writes" : "reads");
}

static void put_split_row(struct figure *f, unsigned int slot, double y)
{
	const struct vring_desc *desc = snapshot_desc(f->s) + slot;
	uint16_t flags = le16_read(&desc->flags);

	put_box(f, y, f->dark[slot], flags & VRING_DESC_F_WRITE);
	svg_text(f->out, TABLE - 10, y + 16, FAINT END, "%u", slot);
	if (!f->dark[slot]) {
		svg_text(f->out, TABLE + 8, y + 16, FAINT, "free");
		return;
	}
	svg_text(f->out, TABLE + 8, y + 16, "fill=\"" SVG_INK "\"", "0x%" PRIx64,
		 le64_read(&desc->addr));
	svg_text(f->out, TABLE + 166, y + 16, "fill=\"" SVG_INK "\"" END, "%u",
		 le32_read(&desc->len));
	put_who(f, TABLE + 182, y + 16, flags, slot);
	if (flags & VRING_DESC_F_NEXT)
		svg_text(f->out, TABLE + 328, y + 16, FAINT END, "then %u", le16_read(&desc->next));
}

static void put_packed_row(struct figure *f, unsigned int slot, double y)
{
	const struct vring_packed_desc *desc = snapshot_packed(f->s) + slot;
	uint16_t flags = le16_read(&desc->flags);
	const char *ink = f->dark[slot] ? "fill=\"" SVG_INK "\"" : FAINT;

	put_box(f, y, f->dark[slot], flags & VRING_DESC_F_WRITE);
	svg_text(f->out, TABLE - 10, y + 16, FAINT END, "%u", slot);
	svg_text(f->out, TABLE + 8, y + 16, ink, "A%u U%u", !!(flags & VRING_PACKED_DESC_F_AVAIL),
		 !!(flags & VRING_PACKED_DESC_F_USED));
	if (!f->dark[slot]) {
		svg_text(f->out, TABLE + 54, y + 16, FAINT, "left over");
		return;
	}
	svg_text(f->out, TABLE + 54, y + 16, ink, "0x%" PRIx64, le64_read(&desc->addr));
	svg_text(f->out, TABLE + 184, y + 16, "fill=\"" SVG_INK "\"" END, "%u",
		 le32_read(&desc->len));
	put_who(f, TABLE + 194, y + 16, flags, slot);
	svg_text(f->out, TABLE + 328, y + 16, FAINT END, "id %u", le16_read(&desc->id));
}

/* All of a small ring; of a large one those in flight. Return: where it ends. */
static double put_table(struct figure *f)
{
	bool all = f->num <= MOST_ROWS;
	unsigned int rows = 0, shown = 0;
	double y = TOP;

	svg_text(f->out, TABLE, TOP - 30, BOLD, "%s",
		 f->s->head.packed ? "one ring" : "descriptor table");
	svg_text(f->out, TABLE, TOP - 12, FAINT, "%u %s in flight, %u of %u entries free",
		 f->buffers, f->buffers == 1 ? "buffer" : "buffers", f->s->head.before.num_free,
		 f->num);
	for (unsigned int slot = 0; slot < f->num && rows < MOST_ROWS; slot++) {
		if (!all && !f->dark[slot])
			continue;
		if (f->s->head.packed)
			put_packed_row(f, slot, y);
		else
			put_split_row(f, slot, y);
		shown += f->dark[slot];
		rows++;
		y += ROW;
	}
	if (!all) {
		y += 16;
		if (shown < f->dark_count)
			svg_text(f->out, TABLE, y, FAINT, "and %u more of them",
				 f->dark_count - shown);
		else
			svg_text(f->out, TABLE, y, FAINT, "the other %u are free",
				 f->num - f->dark_count);
	}
	return y;
}

/* ---- circles ---- */

struct circle {
	double y;
	unsigned int num;
	unsigned int pointers[4], pointer_count; /* slots that letters are at */
};

static struct svg_step at(const struct circle *c, char what, double slot, double radius)
{
	double angle = 2 * M_PI * slot / c->num;

	return (struct svg_step){ what, CENTRE + radius * sin(angle), c->y - radius * cos(angle),
				  radius };
}

/* From slot @first, @count slots; an arc stays below half a circle. */
static void put_sector(struct figure *f, const struct circle *c, double first, double count,
		       const char *more)
{
	struct svg_step steps[] = {
		at(c, 'M', first, INNER),
		at(c, 'L', first, OUTER),
		at(c, 'A', first + count / 3, OUTER),
		at(c, 'A', first + count * 2 / 3, OUTER),
		at(c, 'A', first + count, OUTER),
		at(c, 'L', first + count, INNER),
		at(c, 'a', first + count * 2 / 3, INNER),
		at(c, 'a', first + count / 3, INNER),
		at(c, 'a', first, INNER),
		{ .what = 'Z' },
	};

	svg_path(f->out, steps, sizeof(steps) / sizeof(steps[0]), more);
}

/* How far two slots lie apart on the rim, in pixels. */
static double apart(const struct circle *c, unsigned int a, unsigned int b)
{
	unsigned int slots = (a - b) % c->num, back = (b - a) % c->num;

	return 2 * M_PI * OUTER * (slots < back ? slots : back) / c->num;
}

/* A triangle at the slot, and a letter; farther out if there is a letter already. */
static void put_pointer(struct figure *f, struct circle *c, unsigned int slot, char letter,
			const char *fill)
{
	double radius = OUTER + 2, angle = 2 * M_PI * (slot % c->num + 0.5) / c->num;
	double x = cos(angle) * 5, y = sin(angle) * 5;
	struct svg_step tip = at(c, 'M', slot % c->num + 0.5, radius);
	struct svg_step base = at(c, 'L', slot % c->num + 0.5, radius + 8);
	struct svg_step steps[] = { tip,
				    { 'L', base.x + x, base.y + y, 0 },
				    { 'L', base.x - x, base.y - y, 0 },
				    { .what = 'Z' } };
	unsigned int out = 0;
	struct svg_step place; /* two behind one another, then two beside them */
	char more[96];

	for (unsigned int i = 0; i < c->pointer_count; i++)
		out += apart(c, slot % c->num, c->pointers[i]) < 13;
	c->pointers[c->pointer_count++] = slot % c->num;
	place = at(c, 'M', slot % c->num + 0.5, radius + 17 + 13 * (out % 2));
	place.x += out / 2 * 2 * x;
	place.y += out / 2 * 2 * y;
	snprintf(more, sizeof(more), "fill=\"%s\"", fill);
	if (!out)
		svg_path(f->out, steps, 4, more);
	snprintf(more, sizeof(more), "fill=\"%s\" font-weight=\"600\"" MIDDLE, fill);
	svg_text(f->out, place.x, place.y + 4, more, "%c", letter);
}

/* The numbers of slots, inside; of a large ring of every eighth part. */
static void put_numbers(struct figure *f, const struct circle *c)
{
	unsigned int step = c->num <= 16 ? 1 : (c->num + 7) / 8;

	for (unsigned int slot = 0; slot < c->num; slot += step) {
		struct svg_step place = at(c, 'M', slot + 0.5, INNER - 9);

		svg_text(f->out, place.x, place.y + 3, FAINT " font-size=\"9\"" MIDDLE, "%u", slot);
	}
}

/* What is in a slot, if there is room for it. */
static void put_in_slot(struct figure *f, const struct circle *c, unsigned int slot, bool dark,
			unsigned int value)
{
	struct svg_step place = at(c, 'M', slot + 0.5, (INNER + OUTER) / 2.0);

	if (c->num <= 32)
		svg_text(f->out, place.x, place.y + 4,
			 dark ? "fill=\"" SVG_INK "\" font-size=\"12\"" MIDDLE :
				"fill=\"" SVG_FAINT "\" font-size=\"11\"" MIDDLE,
			 "%u", value);
}

/* All slots light, then the dark ones; and lines between the slots of a small ring. */
static void put_circle(struct figure *f, const struct circle *c, unsigned int first,
		       unsigned int count, const char *fill)
{
	char more[96];

	svg_circle(f->out, CENTRE, c->y, OUTER, "fill=\"" SVG_SHADE "\" stroke=\"" SVG_LINE "\"");
	svg_circle(f->out, CENTRE, c->y, INNER, "fill=\"" SVG_PAPER "\" stroke=\"" SVG_LINE "\"");
	snprintf(more, sizeof(more), "fill=\"%s\" stroke=\"" SVG_INK "\"", fill);
	for (unsigned int n = 0; c->num <= 64 && n < c->num; n++)
		put_sector(f, c, n, 1, "fill=\"none\" stroke=\"" SVG_LINE "\"");
	if (c->num > 64 && count)
		put_sector(f, c, first % c->num, count, more);
	for (unsigned int n = 0; c->num <= 64 && n < count; n++)
		put_sector(f, c, (first + n) % c->num, 1, more);
	put_numbers(f, c);
}

static void put_lines(struct figure *f, const struct circle *c, const char *title,
		      const char lines[4][48])
{
	double y = c->y - 24;

	svg_text(f->out, CENTRE, y, BOLD MIDDLE, "%s", title);
	for (int i = 0; i < 4 && lines[i][0]; i++)
		svg_text(f->out, CENTRE, y += 15, FAINT " font-size=\"10\"" MIDDLE, "%s", lines[i]);
}

/* ---- split ---- */

static unsigned int at_most(unsigned int value, unsigned int limit)
{
	return value < limit ? value : limit;
}

static void put_avail(struct figure *f, double y)
{
	struct vring vr = snapshot_vring(f->s);
	const struct vt_positions *now = &f->s->head.before;
	struct circle c = { .y = y, .num = f->num };
	unsigned int count = at_most((uint16_t)(now->avail_idx - now->last_used), f->num);
	uint16_t event = le16_read(vring_avail_event(&vr));
	char lines[4][48] = { "" };

	put_circle(f, &c, now->last_used, count, SVG_DRIVER_LIGHT);
	for (unsigned int slot = 0; slot < f->num; slot++)
		put_in_slot(f, &c, slot, (slot - now->last_used) % f->num < count,
			    le16_read(&vr.avail->ring[slot]));
	put_pointer(f, &c, now->avail_idx, 'a', SVG_DRIVER);
	snprintf(lines[0], sizeof(lines[0]), "a: avail.idx %u", now->avail_idx);
	if (f->s->head.event) {
		put_pointer(f, &c, event, 'e', SVG_DEVICE);
		snprintf(lines[1], sizeof(lines[1]), "e: avail_event %u", event);
	} else {
		snprintf(lines[1], sizeof(lines[1]), "kicks %s",
			 le16_read(&vr.used->flags) & VRING_USED_F_NO_NOTIFY ? "off" : "on");
	}
	put_lines(f, &c, "available", lines);
}

static void put_used(struct figure *f, double y)
{
	struct vring vr = snapshot_vring(f->s);
	const struct vt_positions *now = &f->s->head.before;
	struct circle c = { .y = y, .num = f->num };
	unsigned int count = at_most((uint16_t)(now->used_mem - now->last_used), f->num);
	uint16_t event = le16_read(vring_used_event(&vr));
	bool wanted = verdict_interrupts_on(f->s);
	char lines[4][48] = { "" };

	put_circle(f, &c, now->last_used, count, SVG_DEVICE_LIGHT);
	for (unsigned int slot = 0; slot < f->num; slot++)
		put_in_slot(f, &c, slot, (slot - now->last_used) % f->num < count,
			    le32_read(&vr.used->ring[slot].id));
	put_pointer(f, &c, now->used_mem, 'u', SVG_DEVICE);
	put_pointer(f, &c, now->last_used, 't', SVG_DRIVER);
	snprintf(lines[0], sizeof(lines[0]), "u: used.idx %u", now->used_mem);
	snprintf(lines[1], sizeof(lines[1]), "t: last_used %u", now->last_used);
	if (f->s->head.event && wanted) {
		put_pointer(f, &c, event, 'e', SVG_DRIVER);
		snprintf(lines[2], sizeof(lines[2]), "e: used_event %u", event);
	} else {
		snprintf(lines[2], sizeof(lines[2]), "interrupts %s", wanted ? "on" : "off");
	}
	put_lines(f, &c, "used", lines);
}

static double put_split(struct figure *f)
{
	put_avail(f, TOP + 78);
	put_used(f, TOP + 78 + 2 * OUTER + 64);
	return TOP + 78 + 3 * OUTER + 64 + 56;
}

static const char *const split_legend[] = {
	"In colour: not taken back yet; grey: left over from earlier.",
	"a: the driver puts the next head here; e: it is to kick once it is past this one",
	"u: the device puts the next one here; t: the driver takes the next from here;",
	"e: the device is to interrupt once it is past this one", NULL
};

/* ---- packed ---- */

static void put_area(char line[48], const char *what, const struct vring_packed_desc_event *area)
{
	char place[INDEX_TEXT_LEN];

	switch (le16_read(&area->flags)) {
	case VRING_PACKED_EVENT_FLAG_DESC:
		snprintf(line, 48, "%s at %s", what,
			 index_text(place, true, le16_read(&area->off_wrap)));
		break;
	case VRING_PACKED_EVENT_FLAG_DISABLE:
		snprintf(line, 48, "%s off", what);
		break;
	default:
		snprintf(line, 48, "%s on", what);
	}
}

/* Return: the slot that the area names, or num if it names none. */
static unsigned int area_slot(const struct figure *f, const struct vring_packed_desc_event *area)
{
	unsigned int slot = le16_read(&area->off_wrap) & ~wrap_bit;

	return le16_read(&area->flags) == VRING_PACKED_EVENT_FLAG_DESC && slot < f->num ? slot :
											  f->num;
}

static void put_slot_states(struct figure *f, const struct circle *c)
{
	const struct vt_positions *now = &f->s->head.before;
	unsigned int first = now->last_used & ~wrap_bit;
	unsigned int used = at_most(verdict_unreaped_slots(f->s), f->dark_count);

	put_circle(f, c, first, f->dark_count, SVG_DRIVER_LIGHT);
	for (unsigned int n = 0; n < used && c->num <= 64; n++)
		put_sector(f, c, (first + n) % c->num, 1,
			   "fill=\"" SVG_DEVICE_LIGHT "\" stroke=\"" SVG_INK "\"");
	if (c->num > 64 && used)
		put_sector(f, c, first, used,
			   "fill=\"" SVG_DEVICE_LIGHT "\" stroke=\"" SVG_INK "\"");
	for (unsigned int slot = 0; slot < f->num; slot++)
		put_in_slot(f, c, slot, f->dark[slot], le16_read(&snapshot_packed(f->s)[slot].id));
}

static double put_packed(struct figure *f)
{
	const struct vring_packed_desc_event *driver = f->s->area[VT_DRIVER];
	const struct vring_packed_desc_event *device = f->s->area[VT_DEVICE];
	const struct vt_positions *now = &f->s->head.before;
	struct circle c = { .y = TOP + 78, .num = f->num };
	char lines[4][48] = { "" }, place[INDEX_TEXT_LEN];
	unsigned int avail = now->avail_idx & ~wrap_bit, taken = now->last_used & ~wrap_bit;
	unsigned int kick = area_slot(f, device), irq = area_slot(f, driver);

	put_slot_states(f, &c);
	put_pointer(f, &c, avail, 'a', SVG_DRIVER);
	put_pointer(f, &c, taken, 't', SVG_DRIVER);
	if (kick < f->num)
		put_pointer(f, &c, kick, 'k', SVG_DEVICE);
	if (irq < f->num)
		put_pointer(f, &c, irq, 'i', SVG_DRIVER);
	snprintf(lines[0], sizeof(lines[0]), "a: next avail %s",
		 index_text(place, true, now->avail_idx));
	snprintf(lines[1], sizeof(lines[1]), "t: last_used %s",
		 index_text(place, true, now->last_used));
	put_area(lines[2], kick < f->num ? "k: kick" : "kicks", device);
	put_area(lines[3], irq < f->num ? "i: irq" : "interrupts", driver);
	put_lines(f, &c, "slots", lines);
	return c.y + OUTER + 60;
}

static const char *const packed_legend[] = {
	"Blue: with the device; brown: used, not taken back yet; grey: left over from earlier.",
	"In a slot: the buffer's id. A, U: the bits AVAIL and USED; 5w1: slot 5, wrap counter 1.",
	"a: the driver puts the next descriptor here; t: it takes the next one from here",
	"k: the driver is to kick once it is past this; i: the device is to interrupt", NULL
};

/* ---- the figure ---- */

static void describe(const struct figure *f, char *desc, size_t size)
{
	const struct vt_positions *now = &f->s->head.before;
	char avail[INDEX_TEXT_LEN], taken[INDEX_TEXT_LEN];
	bool packed = f->s->head.packed;

	snprintf(desc, size,
		 "A %s ring of %u entries: %u buffers in flight, %u entries free. The driver has "
		 "put in up to %s and taken back up to %s.",
		 packed ? "packed" : "split", f->num, f->buffers, now->num_free,
		 index_text(avail, packed, now->avail_idx),
		 index_text(taken, packed, now->last_used));
}

static double put_legend(struct figure *f, double y)
{
	const char *const *words = f->s->head.packed ? packed_legend : split_legend;
	double circles = f->s->head.packed ? TOP + 216 : TOP + 448; /* it is wider than the table */

	y = y > circles ? y : circles;
	for (; *words; words++, y += 15)
		svg_text(f->out, TABLE, y, SMALL, "%s", *words);
	return y;
}

int svg_ring(FILE *out, const struct snapshot *s, const char *device, const char *when)
{
	struct figure f = { .out = out, .s = s, .num = s->head.num };
	char title[160], desc[256], *body = NULL;
	double left, right;
	size_t bytes;

	f.dark = calloc(f.num, sizeof(*f.dark));
	/* The height is known once all is drawn. */
	f.out = f.dark ? open_memstream(&body, &bytes) : NULL;
	if (!f.out) {
		free(f.dark);
		return -ENOMEM;
	}
	mark(&f);
	snprintf(title, sizeof(title), "%s at %s", s->name, when);
	describe(&f, desc, sizeof(desc));
	svg_text(f.out, 16, 28, BOLD " font-size=\"15\"", "%s", s->name);
	svg_text(f.out, 16 + svg_width(s->name, 16.5), 28, FAINT, "%s ring of %u, %s, at %s",
		 s->head.packed ? "packed" : "split", f.num, device, when);
	left = put_legend(&f, put_table(&f) + 20);
	right = s->head.packed ? put_packed(&f) : put_split(&f);
	fclose(f.out);
	svg_begin(out, WIDTH, (left > right ? left : right) + 12, title, desc);
	fwrite(body, bytes, 1, out);
	svg_end(out);
	free(body);
	free(f.dark);
	return 0;
}
