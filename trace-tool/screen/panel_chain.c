/* SPDX-License-Identifier: MIT */
/*
 * The buffer that the descriptor under the cursor belongs to: its chain, its indirect table, and
 * what the driver noted of it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "panel.h"

struct sums {
	unsigned int descriptors;
	uint64_t out, in; /* bytes for the device to read, and to write */
};

struct chain {
	struct screen *screen;
	const struct pane *p;
	int row;
	unsigned int skip; /* lines scrolled over */
};

static uint16_t flags_of(const struct snapshot *s, const void *descs, unsigned int i)
{
	const struct vring_packed_desc *packed = descs;
	const struct vring_desc *split = descs;

	return s->head.packed ? le16_read(&packed[i].flags) : le16_read(&split[i].flags);
}

static void sum_up(const struct snapshot *s, const void *descs, unsigned int i, struct sums *sums)
{
	uint32_t len = le32_read(&((const struct vring_desc *)descs)[i].len);

	sums->descriptors++;
	if (flags_of(s, descs, i) & VRING_DESC_F_WRITE)
		sums->in += len;
	else
		sums->out += len;
}

static bool same_buffer(const struct slots *slots, unsigned int a, unsigned int b)
{
	return slots->list[a].buffer == slots->list[b].buffer &&
	       slots->list[a].buffer != NO_BUFFER && !slot_is_free(&slots->list[b]);
}

/* Where the chain goes on; of what slots_find() took for one chain, no end is missing. */
static unsigned int next_slot(const struct snapshot *s, const struct slots *slots, unsigned int i)
{
	if (s->head.packed)
		return i + 1 < slots->num ? i + 1 : 0;
	return le16_read(&snapshot_desc(s)[i].next) % slots->num;
}

static void draw_line(struct chain *chain, const void *descs, unsigned int i, const char *indent,
		      const char *part)
{
	const struct snapshot *s = chain->screen->w->snapshot;
	const struct vring_desc *desc = &((const struct vring_desc *)descs)[i];
	uint16_t flags = flags_of(s, descs, i);
	char next[16] = "";

	if (chain->skip) {
		chain->skip--;
		return;
	}
	if (!s->head.packed && flags & VRING_DESC_F_NEXT)
		snprintf(next, sizeof(next), "-> %u", le16_read(&desc->next));
	pane_text(chain->p, chain->row++, 1,
		  flags & VRING_DESC_F_WRITE ? STYLE_DEVICE : STYLE_DRIVER,
		  "%s%5u  0x%012" PRIx64 " %10u B  %c%c%c  %-8s %s", indent, i,
		  le64_read(&desc->addr), le32_read(&desc->len),
		  flags & VRING_DESC_F_NEXT ? 'N' : '.', flags & VRING_DESC_F_WRITE ? 'W' : '.',
		  flags & VRING_DESC_F_INDIRECT ? 'I' : '.', next, part);
}

static void draw_table(struct chain *chain, unsigned int slot)
{
	const struct snapshot *s = chain->screen->w->snapshot;
	const struct vt_table *table = snapshot_table(s, slot);

	if (!table) {
		pane_text(chain->p, chain->row++, 5, STYLE_QUIET, "its table was not copied");
		return;
	}
	for (unsigned int i = 0; i < table->kept && i < VT_TABLE_ENTRIES; i++)
		draw_line(chain, table->desc, i, "    ",
			  flags_of(s, table->desc, i) & VRING_DESC_F_WRITE ? "device writes" :
									     "device reads");
	if (table->kept < table->count)
		pane_text(chain->p, chain->row++, 5, STYLE_QUIET, "and %u more",
			  table->count - table->kept);
}

static struct sums sums_of(const struct snapshot *s, const struct slots *slots, unsigned int of)
{
	struct sums sums = {};

	for (unsigned int i = 0; i < slots->num; i++) {
		const struct vt_table *table = NULL;

		if (!same_buffer(slots, of, i))
			continue;
		if (flags_of(s, s->area[VT_DESC], i) & VRING_DESC_F_INDIRECT)
			table = snapshot_table(s, i);
		for (unsigned int n = 0; table && n < table->kept && n < VT_TABLE_ENTRIES; n++)
			sum_up(s, table->desc, n, &sums);
		if (!table)
			sum_up(s, s->area[VT_DESC], i, &sums);
	}
	return sums;
}

static const char *where(const struct slot *slot)
{
	return slot->state == SLOT_DEVICE ? "with the device" :
	       slot->state == SLOT_GONE	  ? "reaped since this copy" :
	       slot->state == SLOT_WRONG  ? "offered, but its bits do not say so" :
					    "used, not reaped";
}

/* 2.8.6: of a packed buffer that was used, the device's answer stands over the first descriptor. */
static bool written_over(const struct snapshot *s, unsigned int first)
{
	uint16_t flags = flags_of(s, s->area[VT_DESC], first);

	return s->head.packed &&
	       !(flags & VRING_PACKED_DESC_F_AVAIL) == !(flags & VRING_PACKED_DESC_F_USED);
}

static void draw_sums(struct chain *chain, const char *where, unsigned int first)
{
	const struct snapshot *s = chain->screen->w->snapshot;
	struct sums sums = sums_of(s, chain->screen->slots, first);
	const char *more = sums.descriptors == 1 ? "" : "s";

	if (written_over(s, first))
		pane_text(chain->p, chain->row++, 1, STYLE_PLAIN,
			  "%s   %u slot%s: the device wrote %u B, and over the first slot", where,
			  sums.descriptors, more, le32_read(&snapshot_packed(s)[first].len));
	else
		pane_text(chain->p, chain->row++, 1, STYLE_PLAIN,
			  "%s   %u descriptor%s: device reads %" PRIu64 " B, writes %" PRIu64 " B",
			  where, sums.descriptors, more, sums.out, sums.in);
}

static void draw_buffer(struct chain *chain, unsigned int cursor)
{
	struct screen *screen = chain->screen;
	const struct snapshot *s = screen->w->snapshot;
	const struct slot *slot = &screen->slots->list[cursor];
	const struct snapshot_note *note = slot_note(s, slot);
	char age[NUMBER_LEN], part[32];
	unsigned int i = cursor;

	/* From where it begins; places tell that the walk does not come by twice. */
	for (unsigned int n = 0; n < screen->slots->num; n++)
		if (same_buffer(screen->slots, cursor, n) && screen->slots->list[n].first)
			i = n;
	draw_sums(chain, where(slot), i);
	if (note)
		pane_text(chain->p, chain->row++, 1, STYLE_PLAIN, "token 0x%" PRIx64 "   %s%s%s",
			  note->token, buffer_age(screen, note, age)[0] ? "added " : "",
			  buffer_age(screen, note, age)[0] ? age : "when added, is not known",
			  buffer_age(screen, note, age)[0] ? " ago" : "");
	for (bool last = false; !last && chain->row < chain->p->rows;
	     i = next_slot(s, screen->slots, i)) {
		last = screen->slots->list[i].last;
		slot_part(s, screen->slots, i, part, sizeof(part));
		draw_line(chain, s->area[VT_DESC], i, "", part);
		if (flags_of(s, s->area[VT_DESC], i) & VRING_DESC_F_INDIRECT)
			draw_table(chain, i);
	}
}

static void draw_alone(struct chain *chain, unsigned int cursor, const char *why)
{
	pane_text(chain->p, chain->row++, 1, STYLE_QUIET, "%s", why);
	draw_line(chain, chain->screen->w->snapshot->area[VT_DESC], cursor, "", "");
}

#define MOST_ROWS 16 /* beside other panels; over the whole screen it scrolls */

int panel_chain_rows(const struct screen *screen, int cols)
{
	const struct slots *slots = screen->slots;
	unsigned int cursor = screen->b->cursor, rows = 3;

	(void)cols;
	if (!slots || slot_is_free(&slots->list[cursor]))
		return 0;
	for (unsigned int i = 0; i < slots->num && rows < MOST_ROWS; i++) {
		const struct vt_table *table;

		if (!same_buffer(slots, cursor, i))
			continue;
		table = snapshot_table(screen->w->snapshot, i);
		rows += 1 + (table ? table->kept : 0);
	}
	return rows < MOST_ROWS ? rows : MOST_ROWS;
}

void panel_chain(struct screen *screen, const struct pane *p)
{
	unsigned int cursor = screen->b->cursor;
	const struct slot *slot = &screen->slots->list[cursor];
	struct chain chain = { .screen = screen, .p = p, .row = 1 };

	if (screen->b->panel == PANEL_CHAIN) {
		chain.skip = screen->b->scroll;
		screen->b->page = p->rows > 3 ? p->rows - 3 : 1;
	}
	if (slot_is_free(slot)) {
		pane_rule(p, 0, "CHAIN of descriptor %u", cursor);
		draw_alone(&chain, cursor,
			   "free; what stands there is left over from its last use");
		return;
	}
	if (slot->state == SLOT_LEFT) {
		pane_rule(p, 0, "CHAIN of descriptor %u: buffer id %u, used before its turn",
			  cursor, le16_read(&snapshot_packed(screen->w->snapshot)[cursor].id));
		draw_alone(&chain, cursor, "left of it in the ring; the device is done with it");
		return;
	}
	if (slot->buffer == NO_BUFFER) {
		pane_rule(p, 0, "CHAIN of descriptor %u", cursor);
		draw_alone(&chain, cursor, "the driver knows of no buffer there");
		return;
	}
	pane_rule(p, 0, "CHAIN of descriptor %u: buffer %s %u", cursor,
		  screen->w->packed ? "id" : "head", slot->buffer);
	draw_buffer(&chain, cursor);
}
