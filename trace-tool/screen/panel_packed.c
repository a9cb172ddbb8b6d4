/* SPDX-License-Identifier: MIT */
/*
 * A packed ring, a line for each slot, and what its bits mean where they stand: from the driver's
 * window, and not from the bits alone.
 */
#include <inttypes.h>
#include <stdio.h>

#include "panel.h"

struct columns {
	int index, addr, len, id; /* widths */
	int at_bits, at_meaning, at_age;
};

static void measure(const struct snapshot *s, struct columns *c, int cols)
{
	*c = (struct columns){ .addr = 8, .len = 4, .id = 3 };
	c->index = digits_of(s->head.num - 1) > 2 ? digits_of(s->head.num - 1) : 2;
	c->id = c->index > 3 ? c->index : 3;
	for (unsigned int i = 0; i < s->head.num; i++) {
		uint64_t addr = le64_read(&snapshot_packed(s)[i].addr);
		int digits = addr ? (67 - __builtin_clzll(addr)) / 4 : 1;

		c->addr = digits > c->addr ? digits : c->addr;
		digits = digits_of(le32_read(&snapshot_packed(s)[i].len));
		c->len = digits > c->len ? digits : c->len;
	}
	c->at_bits = 1 + c->index + 1 + c->addr + 1 + c->len + 1 + c->id + 2;
	c->at_meaning = c->at_bits + 3 + 2 + 3 + 2;
	c->at_age = cols - 8;
}

/* ---- what a slot means ---- */

/* The slot in which the chain began whose tail is left in slot @i, or -1. */
static int chain_began(const struct snapshot *s, unsigned int i)
{
	uint16_t id = le16_read(&snapshot_packed(s)[i].id);

	for (unsigned int back = 1; back < s->head.num; back++) {
		unsigned int at = (i + s->head.num - back) % s->head.num;
		uint16_t flags = le16_read(&snapshot_packed(s)[at].flags);

		if (le16_read(&snapshot_packed(s)[at].id) != id)
			return -1;
		/* Only its first slot is ever written by the device: both bits alike. */
		if (!(flags & VRING_PACKED_DESC_F_AVAIL) == !(flags & VRING_PACKED_DESC_F_USED))
			return at;
	}
	return -1;
}

static void dead_words(const struct snapshot *s, const struct slot *slot, unsigned int i, bool wide,
		       char *buf, size_t size)
{
	int began = chain_began(s, i);
	uint16_t id = le16_read(&snapshot_packed(s)[i].id);

	if (began >= 0 && wide)
		snprintf(buf, size, "dead tail: id %u began in slot %d, lap wrap %d", id, began,
			 (unsigned int)began < i ? slot->wrap : !slot->wrap);
	else if (began >= 0)
		snprintf(buf, size, "dead tail: id %u began in slot %d", id, began);
	else
		snprintf(buf, size, "dead tail of id %u, long reaped", id);
}

static enum frame_style meaning(const struct screen *screen, unsigned int i, bool wide, char *buf,
				size_t size)
{
	const struct snapshot *s = screen->w->snapshot;
	const struct slot *slot = &screen->slots->list[i];
	uint16_t id = le16_read(&snapshot_packed(s)[i].id);
	char part[32];

	switch (slot->state) {
	case SLOT_DEVICE:
		slot_part(s, screen->slots, i, part, sizeof(part));
		snprintf(buf, size, "%s%s%s", slot->first ? "AVAILABLE  " : "  ", part,
			 slot->last && slot->buffer == NO_BUFFER ? ", id of no buffer" : "");
		return slot->last && slot->buffer == NO_BUFFER ? STYLE_BAD : STYLE_DEVICE;
	case SLOT_USED:
		snprintf(buf, size, "USED, not reaped%s",
			 slot->buffer == NO_BUFFER ? ": id of no buffer in flight" : "");
		return slot->buffer == NO_BUFFER ? STYLE_BAD : STYLE_DRIVER;
	case SLOT_GONE:
		snprintf(buf, size, "reaped since this copy");
		return STYLE_WARN;
	case SLOT_LEFT:
		snprintf(buf, size, "left of id %u, used before its turn", id);
		return STYLE_QUIET;
	case SLOT_SKIPPED:
		snprintf(buf, size, "  tail of id %u, device skips it", slot->buffer);
		return STYLE_QUIET;
	case SLOT_DEAD:
		dead_words(s, slot, i, wide, buf, size);
		return STYLE_QUIET;
	case SLOT_OLD:
		snprintf(buf, size, "free (old tail, lap wrap %d)", slot->wrap);
		return STYLE_QUIET;
	case SLOT_REAPED:
		snprintf(buf, size, "free (id %u, reaped, lap wrap %d)", id, slot->wrap);
		return STYLE_QUIET;
	case SLOT_NEVER:
		snprintf(buf, size, "free (never filled)");
		return STYLE_QUIET;
	case SLOT_WRONG:
		snprintf(buf, size, "in the window, but not available");
		return STYLE_BAD;
	default:
		snprintf(buf, size, "%s", screen->slots->positions_wrong ? "?" : "free");
		return STYLE_QUIET;
	}
}

/* What happened to the slot since the memory was copied, by the events. */
static const char *moved_words(const struct screen *screen, unsigned int i)
{
	const struct watch *w = screen->w;
	const struct vt_positions *then = &w->snapshot->head.before;
	unsigned int from_avail = i + w->num - packed_slot(then->avail_idx) % w->num;
	unsigned int from_last = i + w->num - packed_slot(then->last_used) % w->num;
	unsigned int in_window = i + w->num - packed_slot(w->last_used) % w->num;

	if (from_avail % w->num < screen->since.added)
		return in_window % w->num < packed_distance(w->num, w->last_used, w->avail_idx) ?
			       "filled since this copy: in flight" :
			       "filled since this copy, and reaped";
	if (from_last % w->num < screen->since.reaped)
		return "reaped since this copy";
	return NULL;
}

/* ---- lines ---- */

static void draw_contents(struct screen *screen, const struct pane *p, int row,
			  const struct columns *c, unsigned int i)
{
	const struct vring_packed_desc *desc = &snapshot_packed(screen->w->snapshot)[i];
	const struct slot *slot = &screen->slots->list[i];
	uint16_t flags = le16_read(&desc->flags);
	bool over = slot_is_free(slot) && slot->state != SLOT_DEAD;
	enum frame_style style = slot_is_free(slot) ? STYLE_QUIET : STYLE_PLAIN;
	int col = 1 + c->index + 1;

	if (i == screen->b->cursor)
		pane_text(p, row, 0, STYLE_CURSOR, ">%*u", c->index, i);
	else
		pane_text(p, row, 1, style, "%*u", c->index, i);
	if (over)
		pane_text(p, row, col, style, "%*s %*s %*s", c->addr, ".", c->len, ".", c->id, ".");
	else
		pane_text(p, row, col, style, "%*" PRIx64 " %*u %*u", c->addr,
			  le64_read(&desc->addr), c->len, le32_read(&desc->len), c->id,
			  le16_read(&desc->id));
	pane_text(p, row, c->at_bits, style, "%d %d", !!(flags & VRING_PACKED_DESC_F_AVAIL),
		  !!(flags & VRING_PACKED_DESC_F_USED));
	if (over)
		pane_text(p, row, c->at_bits + 5, style, "...");
	else
		pane_text(p, row, c->at_bits + 5, style, "%c%c%c",
			  flags & VRING_DESC_F_NEXT ? 'N' : '.',
			  flags & VRING_DESC_F_WRITE ? 'W' : '.',
			  flags & VRING_DESC_F_INDIRECT ? 'I' : '.');
}

static void draw_meaning(struct screen *screen, const struct pane *p, int row,
			 const struct columns *c, unsigned int i)
{
	const struct watch *w = screen->w;
	const struct slot *slot = &screen->slots->list[i];
	const struct snapshot_note *note = slot_note(w->snapshot, slot);
	const char *moved = moved_words(screen, i);
	enum frame_style style = STYLE_WARN;
	char text[96], age[NUMBER_LEN];
	int col;

	if (!moved)
		style = meaning(screen, i, p->cols >= 98, text, sizeof(text));
	col = pane_text(p, row, c->at_meaning, style, "%.*s", p->cols - c->at_meaning,
			moved ? moved : text);
	if (packed_slot(w->last_used) == i)
		col = pane_text(p, row, col + 1, STYLE_DRIVER, "<-last_used");
	if (packed_slot(w->avail_idx) == i)
		col = pane_text(p, row, col + 1, STYLE_DRIVER, "<-next_avail");
	if (slot->first && !slot_is_free(slot) && slot->state != SLOT_GONE && col <= c->at_age)
		pane_text(p, row, c->at_age,
			  buffer_is_old(screen, note) && !w->receives ? STYLE_WARN : STYLE_PLAIN,
			  "%8s", buffer_age(screen, note, age));
}

#define RANGE_ROOM 20 /* columns of a rule, for what stands at its ends */

static void draw_heads(struct screen *screen, const struct pane *p, const struct columns *c,
		       const char *words)
{
	const struct watch *w = screen->w;
	char text[160];
	int len;

	len = snprintf(text, sizeof(text),
		       "ONE RING  last_used %u wrap %d | next_avail %u wrap %d | %u/%u free%s%s",
		       packed_slot(w->last_used), packed_wrap(w->last_used),
		       packed_slot(w->avail_idx), packed_wrap(w->avail_idx), w->num_free, w->num,
		       words[0] ? ", " : "", words);
	/* Where there is no room for both: the positions stand at the event areas as well. */
	if (words[0] && len + RANGE_ROOM > p->cols)
		snprintf(text, sizeof(text), "ONE RING  %u/%u free, %s", w->num_free, w->num,
			 words);
	pane_rule(p, 0, "%s", text);
	pane_text(p, 1, 1, STYLE_QUIET, "%*s %*s %*s %*s  A U  flg  meaning%s", c->index, "#",
		  c->addr, "dma_addr", c->len, "len", c->id, "id",
		  p->cols >= 98 ? " (from the driver's window, not the bits alone)" :
				  " (by the driver's window)");
	pane_text(p, 1, c->at_age, STYLE_QUIET, "     age");
}

void panel_packed(struct screen *screen, const struct pane *p)
{
	const struct watch *w = screen->w;
	unsigned int num = w->snapshot->head.num, shown = p->rows > 2 ? p->rows - 2 : 0, first;
	struct columns c;
	char words[64];

	first = screen_scroll_to_cursor(screen->b, num, shown, 1);
	measure(w->snapshot, &c, p->cols);
	snapshot_words(screen, words, sizeof(words));
	draw_heads(screen, p, &c, words);
	for (unsigned int i = 0; i < shown && first + i < num; i++) {
		draw_contents(screen, p, 2 + i, &c, first + i);
		draw_meaning(screen, p, 2 + i, &c, first + i);
	}
	draw_range(p, 0, first, shown, num);
}
