/* SPDX-License-Identifier: MIT */
/*
 * Why the driver kicked or did not, and why an interrupt came: each decision with the numbers it
 * was made by, newest first. Above them what the ring as it stands would lead to next.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/kick_verdict.h"

#include "../event_words.h"
#include "panel.h"
#include "wishes.h"

#define LOOK_AHEAD 4096 /* events looked through for what an interrupt led to */
#define LOOK_BACK 20000 /* ... and for lines with a filter: each takes about a microsecond */

struct decision {
	char what[40];	  /* "41237->41238" */
	char verdict[16]; /* "KICK" */
	char numbers[64];
	const char *side; /* whose index moved, where there is room to say so */
	const char *reason, *sure;
	enum frame_style style;
};

/* ---- one decision ---- */

static void explain_kick(const struct vring_event *event, unsigned int num, struct decision *d)
{
	const struct vring_event_kick *k = &event->kick;
	struct kick_verdict v = judge_kick(k, event->flags, num);
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	char old[INDEX_TEXT_LEN], new[INDEX_TEXT_LEN];

	snprintf(d->what, sizeof(d->what), "%s->%s", index_text(old, packed, k->old_idx),
		 index_text(new, packed, k->new_idx));
	snprintf(d->verdict, sizeof(d->verdict), "%s", k->kick ? "KICK" : "suppressed");
	d->style = k->kick ? STYLE_GOOD : STYLE_QUIET;
	kick_words(k, event->flags, num, d->numbers, sizeof(d->numbers));
	d->reason = !v.by_index ? "flags" : k->kick ? "need_event" : "not re-armed";
	d->sure = v.unsure ? "~" : "sure";
}

/* Buffers reaped from the interrupt at @at until the next; *@after_ns: to the first of them. */
static unsigned int reaped_after(const struct watch *w, size_t at, uint64_t *after_ns)
{
	unsigned int count = 0;

	for (size_t i = at + 1; i < w->event_count && i < at + LOOK_AHEAD; i++) {
		if (w->events[i].type == VRING_EVENT_INTERRUPT)
			break;
		if (w->events[i].type != VRING_EVENT_REAP)
			continue;
		if (!count++)
			*after_ns = w->events[i].time_ns - w->events[at].time_ns;
	}
	return count;
}

static void explain_interrupt(const struct watch *w, size_t at, struct decision *d)
{
	const struct vring_event *event = &w->events[at];
	const struct vring_event_interrupt *irq = &event->interrupt;
	bool packed = event->flags & VRING_EVENT_F_PACKED;
	char old[INDEX_TEXT_LEN], new[INDEX_TEXT_LEN], age[NUMBER_LEN];
	uint64_t after_ns = 0;
	unsigned int reaped = reaped_after(w, at, &after_ns);

	if (packed)
		snprintf(d->what, sizeof(d->what), "used at %s",
			 index_text(old, true, event->last_used));
	else
		snprintf(d->what, sizeof(d->what), "%s->%s",
			 index_text(old, false, event->last_used),
			 index_text(new, false, event->used_idx));
	snprintf(d->verdict, sizeof(d->verdict), "irq %u", irq->irq);
	d->style = irq->handled ? STYLE_DEVICE : STYLE_WARN;
	if (!irq->handled)
		snprintf(d->numbers, sizeof(d->numbers), "nothing to reap");
	else if (reaped)
		snprintf(d->numbers, sizeof(d->numbers), "reaped %u, irq->reap %s", reaped,
			 age_text(age, after_ns));
	else
		snprintf(d->numbers, sizeof(d->numbers), "nothing reaped since");
	d->side = packed ? "" : "used ";
	d->reason = irq->handled ? "used" : "nothing used";
	if (irq->handled && (packed ? irq->flags == VRING_PACKED_EVENT_FLAG_DISABLE :
				      irq->flags & VRING_AVAIL_F_NO_INTERRUPT))
		d->reason = "not asked for";
	d->sure = irq->handled ? "" : "spurious";
}

static void explain_refusal(const struct vring_event *event, struct decision *d)
{
	bool forced = forces_kick(event), packed = event->flags & VRING_EVENT_F_PACKED;
	char at[INDEX_TEXT_LEN];

	snprintf(d->what, sizeof(d->what), "add at %s", index_text(at, packed, event->avail_idx));
	snprintf(d->verdict, sizeof(d->verdict), "%s", forced ? "FORCED" : "refused");
	snprintf(d->numbers, sizeof(d->numbers), "%u free, %u wanted%s", event->num_free,
		 event->add.out + event->add.in, forced ? ": kicked" : "");
	d->style = STYLE_BAD;
	d->reason = event->add.error == -ENOSPC ? "ring full" : "error";
	d->sure = "sure";
}

static bool is_decision(const struct vring_event *event)
{
	return event->type == VRING_EVENT_KICK || event->type == VRING_EVENT_INTERRUPT ||
	       (event->type == VRING_EVENT_ADD && event->add.error);
}

static void explain(const struct watch *w, size_t at, struct decision *d)
{
	const struct vring_event *event = &w->events[at];

	*d = (struct decision){ .side = "", .reason = "", .sure = "" };
	if (event->type == VRING_EVENT_KICK)
		explain_kick(event, w->num, d);
	else if (event->type == VRING_EVENT_INTERRUPT)
		explain_interrupt(w, at, d);
	else
		explain_refusal(event, d);
}

/* ---- lines ---- */

struct why {
	struct screen *screen;
	const struct pane *p;
	int row, end;
};

#define WIDE(p) ((p)->cols >= 98)

/* A line as it is shown, and where in it the verdict stands. */
static int line_text(const struct why *why, const char *time, const struct decision *d, char *buf,
		     size_t size)
{
	if (WIDE(why->p)) {
		snprintf(buf, size, " %-15s  %s%-*s %-10s %-28s %-12s %s", time, d->side,
			 (int)(17 - strlen(d->side)), d->what, d->verdict, d->numbers, d->reason,
			 d->sure);
		return 1 + 15 + 2 + 17 + 1;
	}
	/* Of certainty only its lack is worth a narrow line. */
	snprintf(buf, size, " %-9s %-12s %-10s %-24s %s", time, d->what, d->verdict, d->numbers,
		 !d->sure[0] || !strcmp(d->sure, "sure") ? d->reason : d->sure);
	return 1 + (strlen(time) > 9 ? strlen(time) : 9) + 1 +
	       (strlen(d->what) > 12 ? strlen(d->what) : 12) + 1;
}

static void put_line(struct why *why, const char *text, int at, const struct decision *d)
{
	pane_text(why->p, why->row, 0, STYLE_PLAIN, "%s", text);
	pane_text(why->p, why->row, at, d->style, "%s", d->verdict);
	why->row++;
}

/* From the newest on, without the first @skip. Return: how many there are, as far as it looked. */
static unsigned int draw_decisions(struct why *why, unsigned int skip)
{
	const struct watch *w = why->screen->w;
	const char *filter = why->screen->b->filter;
	unsigned int count = 0;
	struct decision d;
	char time[TIME_LEN], text[200];

	for (size_t i = w->event_count; i-- > 0 && why->row < why->end;) {
		int at;

		if (filter[0] && i + LOOK_BACK < w->event_count)
			break;
		if (!is_decision(&w->events[i]) || (!filter[0] && count++ < skip))
			continue;
		explain(w, i, &d);
		at = line_text(why, screen_time(why->screen, w->events[i].time_ns, time), &d, text,
			       sizeof(text));
		if (filter[0] && (!strcasestr(text, filter) || count++ < skip))
			continue;
		put_line(why, text, at, &d);
	}
	return count;
}

/* The page that was scrolled to, or the last one there is. */
static void draw_page(struct why *why)
{
	struct browse *b = why->screen->b;
	unsigned int room = why->end - why->row, count;
	int first = why->row;

	count = draw_decisions(why, b->scroll);
	if (!b->scroll || why->row == why->end)
		return;
	b->scroll = count > room ? count - room : 0;
	why->row = first;
	draw_decisions(why, b->scroll);
}

static void draw_none(struct why *why)
{
	const struct browse *b = why->screen->b;
	const struct watch *w = why->screen->w;

	if (b->filter[0] && w->event_count > LOOK_BACK)
		pane_text(why->p, why->row, 1, STYLE_QUIET,
			  "None of the last %d events contains %s", LOOK_BACK, b->filter);
	else if (w->events_known)
		pane_text(why->p, why->row, 1, STYLE_QUIET, "No decision%s%s",
			  b->filter[0] ? " that contains " : " yet.", b->filter);
	else
		pane_text(why->p, why->row, 1, STYLE_QUIET, "%s",
			  b->mode == BROWSE_LIVE ?
				  "No events: w sets the hooks that tell why each time." :
				  "No events in this recording.");
}

/* ---- what the ring as it is leads to ---- */

/* One entry, or slot, more. */
static uint16_t step(const struct watch *w, uint16_t index, unsigned int steps)
{
	unsigned int slot = packed_slot(index) + steps;

	if (!w->packed)
		return index + steps;
	if (slot >= w->num)
		return (slot - w->num) | ((index ^ 0x8000) & 0x8000);
	return slot | (index & 0x8000);
}

/* Entries, or slots, that were added and not decided upon. */
static unsigned int undecided(const struct screen *screen)
{
	const struct watch *w = screen->w;
	uint64_t since = w->snapshot ? w->snapshot->head.time_ns : 0;

	for (size_t i = w->event_count; i-- > 0 && w->events[i].time_ns > since;)
		if (w->events[i].type == VRING_EVENT_KICK)
			return index_steps(w->packed, w->num, w->events[i].kick.new_idx,
					   w->avail_idx);
	if (!w->snapshot)
		return 0;
	return w->snapshot->head.before.num_added + screen->since.added;
}

/* Whose word it is, or where there is no room for that, that it is not sure. */
static void draw_as_of(const struct why *why, int col, const struct wish *wish)
{
	if (!wish->as_of)
		return;
	pane_text(why->p, why->row, col, STYLE_QUIET, "%s",
		  col + (int)strlen(wish->as_of) <= why->p->cols ? wish->as_of : "~");
}

/* The decision that an add of one entry leads to, if the driver then asks. */
static void draw_next_kick(struct why *why, const struct wish *wish)
{
	const struct watch *w = why->screen->w;
	unsigned int waiting = undecided(why->screen);
	struct vring_event_kick k = { .new_idx = step(w, w->avail_idx, 1),
				      .old_idx = w->avail_idx,
				      .event = wish->event,
				      .dev_flags = wish->flags };
	uint8_t flags = (w->packed ? VRING_EVENT_F_PACKED : 0) |
			(w->event_idx ? VRING_EVENT_F_EVENT_IDX : 0);
	int col = pane_text(why->p, why->row, 1, STYLE_DRIVER, "next add ");
	char numbers[64];
	bool kick;

	if (waiting > w->num)
		waiting = 0; /* no more than that can be; decisions are missing */
	if (waiting)
		k.old_idx = w->packed ? step(w, w->avail_idx, w->num - waiting) ^ 0x8000 :
					w->avail_idx - waiting;
	kick = kick_words(&k, flags, w->num, numbers, sizeof(numbers));
	col = pane_text(why->p, why->row, col, kick ? STYLE_GOOD : STYLE_QUIET, "%s",
			kick ? "would KICK:" : "would not kick:");
	col = pane_text(why->p, why->row, col + 1, STYLE_PLAIN, "%s", numbers);
	if (waiting)
		col = pane_text(why->p, why->row, col + 2, STYLE_WARN,
				WIDE(why->p) ? "%u added and not decided upon" : "%u undecided",
				waiting);
	draw_as_of(why, col + 2, wish);
	why->row++;
}

/* Return: whether one more used buffer is to be told of. */
static bool irq_words(const struct watch *w, const struct wish *wish, char *buf, size_t size)
{
	uint16_t next = w->used_idx + 1;
	bool always = wish->kind == WISH_ALWAYS;

	if (wish->kind != WISH_AT && w->packed) {
		snprintf(buf, size, "driver's flags = %s", always ? "ENABLE" : "DISABLE");
		return always;
	}
	if (wish->kind != WISH_AT) {
		snprintf(buf, size, "%s", always ? "avail.flags = 0" : "callbacks are off");
		return always;
	}
	if (w->packed) {
		snprintf(buf, size, "asked for at slot %u, next used is %u",
			 packed_slot(wish->event), packed_slot(w->used_idx));
		return wish->event == w->used_idx;
	}
	snprintf(buf, size, "%u-%u-1 = %u %s 1", next, wish->event,
		 (uint16_t)(next - wish->event - 1), next - 1 == wish->event ? "<" : ">=");
	return (uint16_t)(next - 1) == wish->event;
}

static void draw_next_irq(struct why *why, const struct wish *wish)
{
	char numbers[80];
	bool wanted = irq_words(why->screen->w, wish, numbers, sizeof(numbers));
	int col = pane_text(why->p, why->row, 1, STYLE_DEVICE, "next used ");

	col = pane_text(why->p, why->row, col, wanted ? STYLE_GOOD : STYLE_QUIET, "%s",
			wanted ? "would irq:" : "would not irq:");
	col = pane_text(why->p, why->row, col + 1, STYLE_PLAIN, "%s", numbers);
	draw_as_of(why, col + 2, wish);
	why->row++;
}

static void draw_next(struct why *why)
{
	struct wishes wishes = wishes_find(why->screen->w);

	if (why->row < why->end && wishes.kick.kind != WISH_UNKNOWN)
		draw_next_kick(why, &wishes.kick);
	if (why->row < why->end && wishes.irq.kind != WISH_UNKNOWN)
		draw_next_irq(why, &wishes.irq);
}

void panel_why(struct screen *screen, const struct pane *p)
{
	struct why why = { .screen = screen, .p = p, .row = 1, .end = p->rows };
	const struct watch *w = screen->w;
	const char *filter = screen->b->filter;
	int first;

	/* Decisions stay when the hooks are gone, and are old ones then. */
	pane_rule(p, 0, "WHY  newest first%s%s%s",
		  w->event_count && !w->events_known ? ", hooks off" : "",
		  filter[0] ? ", only with " : "", filter);
	/* Where there are decisions, they go first; what would come next needs room to spare. */
	if (screen->b->panel == PANEL_WHY)
		screen->b->page = p->rows - 1;
	if (!w->event_count || p->rows >= 6)
		draw_next(&why);
	first = why.row;
	if (screen->b->panel == PANEL_WHY)
		draw_page(&why);
	else
		draw_decisions(&why, 0);
	if (why.row == first && why.row < why.end)
		draw_none(&why);
}
