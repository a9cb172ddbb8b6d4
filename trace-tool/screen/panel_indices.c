/* SPDX-License-Identifier: MIT */
/*
 * Where both sides are, and what each asked the other for, in words: the indices of a split ring,
 * the event areas of a packed one. They are of this moment also where the ring's memory is older:
 * events carry them.
 */
#include <stdio.h>
#include <string.h>

#include "panel.h"
#include "wishes.h"

/* Who is to do what: "device: 'kick me at the next'". */
struct side {
	const char *what, *who;
	const struct wish *wish;
	uint16_t next;	  /* the entry, or slot, that is written next */
	unsigned int due; /* of interrupts: so many of the last are used and not reaped */
};

/*
 * 2.7.7, 2.7.10: the other side is to be told when entry @event is written. The distances are of 16
 * bits, and right where an index wraps.
 */
static void split_words(const struct side *side, unsigned int num, bool wide, char *buf,
			size_t size)
{
	uint16_t behind = side->next - side->wish->event, ahead = side->wish->event - side->next;

	if (!behind && wide)
		snprintf(buf, size, "%s: '%s me at the next'", side->who, side->what);
	else if (!behind)
		snprintf(buf, size, "'%s at the next'", side->what);
	else if (behind <= num && wide)
		snprintf(buf, size, "%s: asked %u back, %s", side->who, behind,
			 behind <= side->due ? "irq is due" : "not again");
	else if (behind <= num)
		snprintf(buf, size, "asked %u back", behind);
	else if (ahead <= num && wide)
		snprintf(buf, size, "%s: '%s me in %u more'", side->who, side->what, ahead + 1u);
	else if (ahead <= num)
		snprintf(buf, size, "'%s in %u more'", side->what, ahead + 1u);
	else if (wide)
		snprintf(buf, size, "stale: the %s has long not asked", side->who);
	else
		snprintf(buf, size, "stale");
}

/* 2.8.10: the same of slots. */
static void packed_words(const struct side *side, unsigned int num, bool wide, char *buf,
			 size_t size)
{
	uint16_t event = side->wish->event;
	unsigned int ahead = packed_distance(num, side->next, event);
	unsigned int behind = packed_distance(num, event, side->next);

	if (packed_slot(event) >= num)
		snprintf(buf, size, "no slot of this ring");
	else if (event == side->next && wide)
		snprintf(buf, size, "%s: '%s me at the next'", side->who, side->what);
	else if (event == side->next)
		snprintf(buf, size, "'%s at the next'", side->what);
	else if (ahead < num && wide)
		snprintf(buf, size, "%s: '%s me in %u more slots'", side->who, side->what,
			 ahead + 1);
	else if (ahead < num)
		snprintf(buf, size, "'%s in %u more'", side->what, ahead + 1);
	else if (wide)
		snprintf(buf, size, "%s: asked %u slots back, %s", side->who, behind,
			 behind <= side->due ? "irq is due" : "not again");
	else
		snprintf(buf, size, "asked %u slots back", behind);
}

static const char *always_words(const struct watch *w, const struct side *side, bool always)
{
	bool kick = side->what[0] == 'k';

	if (w->packed)
		return kick ? (always ? "kick each time" : "no kicks wanted") :
			      (always ? "irq each time" : "no irq wanted");
	if (w->event_idx)
		return "the driver's 'off', no index";
	if (kick)
		return always ? "used.flags 0: kick each time" : "used.flags NO_NOTIFY";
	return always ? "avail.flags 0: irq each time" : "avail.flags NO_INTERRUPT";
}

static void side_words(const struct watch *w, const struct side *side, bool wide, char *buf,
		       size_t size)
{
	const struct wish *wish = side->wish;

	if (wish->kind == WISH_UNKNOWN)
		snprintf(buf, size, "not known yet");
	else if (wish->kind == WISH_RESERVED)
		snprintf(buf, size, "flags that mean nothing");
	else if (wish->kind != WISH_AT)
		snprintf(buf, size, "%s", always_words(w, side, wish->kind == WISH_ALWAYS));
	else if (wish->as_of)
		snprintf(buf, size, "%s", wish->as_of);
	else if (w->packed)
		packed_words(side, w->num, wide, buf, size);
	else
		split_words(side, w->num, wide, buf, size);
}

/* From @col to @end, in its long form if that fits. */
static void draw_side(const struct watch *w, const struct pane *p, int row, int col, int end,
		      const struct side *side)
{
	bool known = side->wish->kind == WISH_UNKNOWN || side->wish->as_of;
	char text[80];

	side_words(w, side, true, text, sizeof(text));
	if ((int)strlen(text) > end - col)
		side_words(w, side, false, text, sizeof(text));
	pane_text(p, row, col, known ? STYLE_QUIET : STYLE_PLAIN, "%.*s", end > col ? end - col : 0,
		  text);
}

#define AT_RIGHT 16 /* columns of what stands at the right */

static void draw_counts(struct screen *screen, const struct pane *p)
{
	unsigned int unreaped = watch_unreaped(screen->w);
	char text[32];

	snprintf(text, sizeof(text), "in flight %u", screen->w->held);
	pane_text(p, 1, p->cols - AT_RIGHT, STYLE_PLAIN, "%*s", AT_RIGHT, text);
	snprintf(text, sizeof(text), "unreaped %u", unreaped);
	if (screen->w->packed && !screen->w->snapshot)
		snprintf(text, sizeof(text), "unreaped -"); /* no event tells */
	pane_text(p, 2, p->cols - AT_RIGHT, unreaped ? STYLE_DRIVER : STYLE_PLAIN, "%*s", AT_RIGHT,
		  text);
}

/* ---- split ---- */

static int draw_event(const struct pane *p, int row, int col, const char *name,
		      const struct wish *wish)
{
	if (wish->kind == WISH_UNKNOWN)
		return pane_text(p, row, col, STYLE_QUIET, "%s     -", name) + 2;
	return pane_text(p, row, col, STYLE_PLAIN, "%s %5u", name, wish->event) + 2;
}

void panel_indices(struct screen *screen, const struct pane *p)
{
	const struct watch *w = screen->w;
	struct wishes wishes = wishes_find(w);
	const struct side device = { "kick", "device", &wishes.kick, w->avail_idx, 0 };
	const struct side driver = { "irq", "driver", &wishes.irq, w->used_idx,
				     (uint16_t)(w->used_idx - w->last_used) };
	int end = p->cols - AT_RIGHT, col;

	pane_rule(p, 0, "INDICES  16-bit, free running; slot = idx mod %u", w->num);
	pane_text(p, 1, 1, STYLE_DRIVER, "driver");
	col = pane_text(p, 1, 9, STYLE_PLAIN, "avail.idx %5u", w->avail_idx) + 2;
	if (w->event_idx)
		col = draw_event(p, 1, col, "avail_event", &wishes.kick);
	draw_side(w, p, 1, col, end, &device);
	pane_text(p, 2, 1, STYLE_DEVICE, "device");
	col = pane_text(p, 2, 9, STYLE_PLAIN, "used.idx  %5u", w->used_idx) + 2;
	if (w->event_idx)
		col = draw_event(p, 2, col, "used_event ", &wishes.irq);
	draw_side(w, p, 2, col, end, &driver);
	draw_counts(screen, p);
}

/* ---- packed ---- */

static void draw_area(struct screen *screen, const struct pane *p, int row, const struct side *side)
{
	static const char *const flags[] = { "ENABLE", "DISABLE", "DESC", "reserved" };
	const struct wish *wish = side->wish;
	int col = 13;

	if (wish->kind != WISH_UNKNOWN)
		col = pane_text(p, row, col, STYLE_PLAIN, "flags %s",
				flags[wish->flags < 3 ? wish->flags : 3]) +
		      1;
	if (wish->kind == WISH_AT)
		col = pane_text(p, row, col, STYLE_PLAIN, "off %2u wrap %d",
				packed_slot(wish->event), packed_wrap(wish->event)) +
		      1;
	draw_side(screen->w, p, row, col + 1, p->cols - AT_RIGHT, side);
}

void panel_event_areas(struct screen *screen, const struct pane *p)
{
	const struct watch *w = screen->w;
	struct wishes wishes = wishes_find(w);
	/* Of used buffers that wait, the device knows how far it is: behind them. */
	const struct side driver = { "irq", "driver", &wishes.irq, w->used_idx,
				     packed_distance(w->num, w->last_used, w->used_idx) };
	const struct side device = { "kick", "device", &wishes.kick, w->avail_idx, 0 };

	pane_rule(p, 0, "EVENT AREAS  last_used %u wrap %d | next_avail %u wrap %d",
		  packed_slot(w->last_used), packed_wrap(w->last_used), packed_slot(w->avail_idx),
		  packed_wrap(w->avail_idx));
	pane_text(p, 1, 1, STYLE_DRIVER, "driver area");
	draw_area(screen, p, 1, &driver);
	pane_text(p, 2, 1, STYLE_DEVICE, "device area");
	draw_area(screen, p, 2, &device);
	draw_counts(screen, p);
}
