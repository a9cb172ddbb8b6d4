/* SPDX-License-Identifier: MIT */
/*
 * A large ring: a cell for each descriptor, and both rings as strips with the places where driver
 * and device are.
 */
#include <stdio.h>
#include <string.h>

#include "panel.h"

/* A power of two, so that a place on the screen is a place in the ring. */
static unsigned int cells_per_row(int cols)
{
	unsigned int each = 16;

	while ((int)each * 2 + 14 <= cols)
		each *= 2;
	return each;
}

static unsigned int rows_of(unsigned int num, unsigned int each)
{
	return (num + each - 1) / each;
}

int panel_cells_rows(const struct screen *screen, int cols)
{
	return 2 + rows_of(screen->w->num, cells_per_row(cols));
}

static char letter(const struct screen *screen, unsigned int i, enum frame_style *style)
{
	const struct snapshot *s = screen->w->snapshot;
	const struct slot *slot = &screen->slots->list[i];
	uint16_t flags = s->head.packed ? le16_read(&snapshot_packed(s)[i].flags) :
					  le16_read(&snapshot_desc(s)[i].flags);

	*style = STYLE_QUIET;
	if (slot->state == SLOT_DEAD)
		return ',';
	if (screen->slots->positions_wrong)
		return '?';
	if (slot_is_free(slot))
		return '.';
	if (slot->state == SLOT_GONE)
		return '-';
	*style = STYLE_DRIVER;
	if (slot->state == SLOT_USED || slot->state == SLOT_SKIPPED)
		return 'u';
	*style = STYLE_BAD;
	if (slot->state == SLOT_WRONG)
		return '?';
	*style = STYLE_QUIET;
	if (slot->state == SLOT_LEFT)
		return ',';
	/* Where buffers wait for what may come, their age says nothing. */
	*style = STYLE_WARN;
	if (!screen->w->receives && buffer_is_old(screen, slot_note(s, slot)))
		return '!';
	*style = STYLE_DEVICE;
	return flags & VRING_DESC_F_INDIRECT ? 'I' : flags & VRING_DESC_F_WRITE ? 'i' : 'o';
}

static void draw_row(struct screen *screen, const struct pane *p, int row, unsigned int first,
		     unsigned int each)
{
	unsigned int num = screen->w->snapshot->head.num;
	unsigned int end = first + each < num ? first + each : num;
	enum frame_style style;
	int col = pane_text(p, row, 1, STYLE_QUIET, "%5u ", first);

	for (unsigned int i = first; i < end; i++, col++) {
		char sign = letter(screen, i, &style);

		pane_put(p, row, col, i == screen->b->cursor ? STYLE_CURSOR : style, sign);
	}
	pane_text(p, row, col + 1, STYLE_QUIET, "%u", end - 1);
}

static void draw_key(struct screen *screen, const struct pane *p, int row)
{
	static const struct {
		const char *sign, *what, *narrow;
		enum frame_style style;
	} keys[] = {
		{ "i", "device may write", "writes", STYLE_DEVICE },
		{ "o", "it may read", "reads", STYLE_DEVICE },
		{ "I", "indirect", "table", STYLE_DEVICE },
		{ "u", "used, unreaped", "unreaped", STYLE_DRIVER },
		{ "!", "over 1 s", ">1 s", STYLE_WARN },
		{ ".", "free", "free", STYLE_QUIET },
		{ "-", "reaped since", "gone", STYLE_QUIET },
		{ ",", "dead tail", NULL, STYLE_QUIET },
	};
	bool narrow = p->cols < 118;
	int col = 1;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (*keys[i].sign == ',' && (!screen->w->packed || narrow))
			continue;
		if (*keys[i].sign == '!' && screen->w->receives)
			continue;
		if (*keys[i].sign == '-' && !screen->since.reaped)
			continue;
		col = pane_text(p, row, col, keys[i].style, "%s", keys[i].sign);
		col = pane_text(p, row, col, STYLE_QUIET, " %s",
				narrow ? keys[i].narrow : keys[i].what) +
		      2;
	}
}

void panel_cells(struct screen *screen, const struct pane *p)
{
	unsigned int num = screen->w->snapshot->head.num, each = cells_per_row(p->cols);
	unsigned int shown = p->rows > 2 ? p->rows - 2 : 0, total = rows_of(num, each), first;
	char words[64], text[160], rows[48];
	int len;

	first = screen_scroll_to_cursor(screen->b, num, shown, each);
	snapshot_words(screen, words, sizeof(words));
	len = snprintf(text, sizeof(text), "DESCRIPTORS a cell each, %u per row  %u/%u free%s%s",
		       each, screen->w->snapshot->head.before.num_free, num, words[0] ? ", " : "",
		       words);
	if (len + 4 > p->cols)
		snprintf(text, sizeof(text), "DESCRIPTORS a cell each  %u/%u free, %s",
			 screen->w->snapshot->head.before.num_free, num, words);
	pane_rule(p, 0, "%s", text);
	for (unsigned int i = 0; i < shown && first + i < total; i++)
		draw_row(screen, p, 1 + i, (first + i) * each, each);
	draw_key(screen, p, p->rows - 1);
	/* The cursor is to be found without colours as well. */
	pane_text(p, p->rows - 1, p->cols - 13, STYLE_CURSOR, "cursor %u", screen->b->cursor);
	len = snprintf(rows, sizeof(rows), " rows %u-%u of %u ", first + 1, first + shown, total);
	if (shown < total && (int)strlen(text) + 5 + len < p->cols)
		pane_text(p, 0, p->cols - len, STYLE_TITLE, "%s", rows);
}

/* ---- strips ---- */

struct strip {
	const struct pane *p;
	unsigned int each, columns; /* slots in a column of the screen */
	int col;
};

/* How many of the slots of a column are ones that count. */
static void draw_strip(struct screen *screen, const struct strip *strip, int row, bool used)
{
	const struct watch *w = screen->w;

	for (unsigned int at = 0; at < strip->columns; at++) {
		unsigned int many = 0, level;

		for (unsigned int i = at * strip->each; i < (at + 1) * strip->each; i++)
			many += used ? (((i - w->last_used) & (w->num - 1)) <
					(uint16_t)(w->used_idx - w->last_used)) :
				       screen->slots->list[i].offered == SLOT_DEVICE;
		level = (many * 8 + strip->each - 1) / strip->each;
		if (level)
			pane_put(strip->p, row, strip->col + at, used ? STYLE_DRIVER : STYLE_DEVICE,
				 SIGN_LEVEL + level);
		else
			pane_put(strip->p, row, strip->col + at, STYLE_QUIET, '.');
	}
}

/* Where two meet, the one put last is seen; what stands for itself in words is put first. */
static void draw_pointer(const struct strip *strip, int row, uint16_t index, unsigned int num,
			 char sign)
{
	pane_put(strip->p, row, strip->col + (index & (num - 1)) / strip->each, STYLE_PLAIN, sign);
}

void panel_strips(struct screen *screen, const struct pane *p)
{
	const struct watch *w = screen->w;
	const struct vring vr = snapshot_vring(w->snapshot);
	unsigned int columns = cells_per_row(p->cols);
	struct strip strip = { .p = p, .col = 7 };
	bool off = w->snapshot->head.driver_flags & VRING_AVAIL_F_NO_INTERRUPT;
	int end;

	strip.each = w->num > columns ? w->num / columns : 1;
	strip.columns = w->num / strip.each;
	end = strip.col + strip.columns + 2;
	pane_rule(p, 0, "RINGS  %u slot%s per column   a avail.idx  u used.idx  l last_used%s",
		  strip.each, strip.each > 1 ? "s" : "",
		  !w->event_idx ? "" :
		  p->cols < 98	? "  E event" :
				  "  E the other's event");
	pane_text(p, 1, 1, STYLE_DRIVER, "avail");
	draw_strip(screen, &strip, 1, false);
	pane_text(p, 1, end, STYLE_PLAIN, p->cols - end > 20 ? "%u with the device" : "%u dev",
		  screen->slots->with_device);
	if (w->event_idx)
		draw_pointer(&strip, 2, le16_read(vring_avail_event(&vr)), w->num, 'E');
	draw_pointer(&strip, 2, w->avail_idx, w->num, 'a');
	pane_text(p, 3, 1, STYLE_DEVICE, "used");
	draw_strip(screen, &strip, 3, true);
	pane_text(p, 3, end, STYLE_PLAIN, p->cols - end > 20 ? "%u waiting for driver" : "%u drv",
		  watch_unreaped(w));
	if (w->event_idx && !off)
		draw_pointer(&strip, 4, le16_read(vring_used_event(&vr)), w->num, 'E');
	draw_pointer(&strip, 4, w->last_used, w->num, 'l');
	draw_pointer(&strip, 4, w->used_idx, w->num, 'u');
}
