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

#define LOOK_AHEAD 4096 /* events looked through for what an interrupt led to */

struct decision {
	char what[40];	  /* "41237->41238" */
	char verdict[16]; /* "KICK" */
	char numbers[64];
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
	if (reaped)
		snprintf(d->numbers, sizeof(d->numbers), "reaped %u, irq->reap %s", reaped,
			 age_text(age, after_ns));
	else
		snprintf(d->numbers, sizeof(d->numbers), "nothing reaped since");
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

static bool explain(const struct watch *w, size_t at, struct decision *d)
{
	const struct vring_event *event = &w->events[at];

	*d = (struct decision){ .reason = "", .sure = "" };
	switch (event->type) {
	case VRING_EVENT_KICK:
		explain_kick(event, w->num, d);
		return true;
	case VRING_EVENT_INTERRUPT:
		explain_interrupt(w, at, d);
		return true;
	case VRING_EVENT_ADD:
		if (!event->add.error)
			return false;
		explain_refusal(event, d);
		return true;
	default:
		return false;
	}
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
		snprintf(buf, size, " %-15s  %-15s %-11s %-32s %-13s %s", time, d->what, d->verdict,
			 d->numbers, d->reason, d->sure);
		return 1 + 15 + 2 + 15 + 1;
	}
	/* Of certainty only its lack is worth a narrow line. */
	snprintf(buf, size, " %-9s %-12s %-10s %-25s%s%s %s", time, d->what, d->verdict, d->numbers,
		 d->numbers[0] ? " " : "", d->reason, !strcmp(d->sure, "sure") ? "" : d->sure);
	return 1 + (strlen(time) > 9 ? strlen(time) : 9) + 1 +
	       (strlen(d->what) > 12 ? strlen(d->what) : 12) + 1;
}

static void put_line(struct why *why, const char *text, int at, const struct decision *d)
{
	pane_text(why->p, why->row, 0, STYLE_PLAIN, "%s", text);
	pane_text(why->p, why->row, at, d->style, "%s", d->verdict);
	why->row++;
}

static void draw_decisions(struct why *why)
{
	const struct watch *w = why->screen->w;
	struct browse *b = why->screen->b;
	unsigned int skip = b->panel == PANEL_WHY ? b->scroll : 0;
	int first = why->row;
	struct decision d;
	char time[TIME_LEN], text[200];

	for (size_t i = w->event_count; i-- > 0 && why->row < why->end;) {
		int at;

		if (!explain(w, i, &d))
			continue;
		at = line_text(why, screen_time(why->screen, w->events[i].time_ns, time), &d, text,
			       sizeof(text));
		if (b->filter[0] && !strcasestr(text, b->filter))
			continue;
		if (skip) {
			skip--;
			continue;
		}
		put_line(why, text, at, &d);
	}
	if (b->panel == PANEL_WHY && skip && b->scroll) /* beyond the last */
		b->scroll -= skip + 1 < b->scroll ? skip + 1 : b->scroll;
	if (why->row > first || why->row >= why->end)
		return;
	if (!w->events_known)
		pane_text(why->p, why->row, 1, STYLE_QUIET, "%s",
			  b->mode == BROWSE_LIVE ?
				  "No events: w sets the hooks that tell why each time." :
				  "No events in this recording.");
	else
		pane_text(why->p, why->row, 1, STYLE_QUIET, "%s%s%s", "No decision",
			  b->filter[0] ? " that contains " : " yet.", b->filter);
	why->row++;
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

/* The decision that an add of one entry leads to, if the driver then asks. */
static struct vring_event_kick next_kick(const struct watch *w)
{
	const struct snapshot *s = w->snapshot;
	unsigned int undecided = s->head.before.num_added;
	struct vring_event_kick k = { .new_idx = step(w, w->avail_idx, 1) };

	k.old_idx = w->avail_idx;
	if (undecided && undecided < w->num)
		k.old_idx = w->packed ? step(w, w->avail_idx, w->num - undecided) ^ 0x8000 :
					w->avail_idx - undecided;
	if (w->packed) {
		const struct vring_packed_desc_event *device = s->area[VT_DEVICE];

		k.event = le16_read(&device->off_wrap);
		k.dev_flags = le16_read(&device->flags);
	} else {
		const struct vring vr = snapshot_vring(s);

		k.event = le16_read(vring_avail_event(&vr));
		k.dev_flags = le16_read(&vr.used->flags);
	}
	return k;
}

static void draw_next_kick(struct why *why, uint8_t flags)
{
	const struct watch *w = why->screen->w;
	unsigned int undecided = w->snapshot->head.before.num_added;
	struct vring_event_kick k = next_kick(w);
	char numbers[64];
	bool kick = kick_words(&k, flags, w->num, numbers, sizeof(numbers));
	int col = pane_text(why->p, why->row, 1, STYLE_DRIVER, "next add ");

	col = pane_text(why->p, why->row, col, kick ? STYLE_GOOD : STYLE_QUIET, "%s",
			kick ? "would KICK:" : "would not kick:");
	col = pane_text(why->p, why->row, col + 1, STYLE_PLAIN, "%s", numbers);
	if (undecided)
		pane_text(why->p, why->row, col + 2, STYLE_WARN, "%u added and not decided upon",
			  undecided);
	why->row++;
}

static void draw_next_irq(struct why *why)
{
	const struct watch *w = why->screen->w;
	const struct snapshot *s = w->snapshot;
	bool wanted, off = s->head.driver_flags & VRING_AVAIL_F_NO_INTERRUPT;
	char numbers[80];
	int col;

	if (w->packed) {
		const struct vring_packed_desc_event *driver = s->area[VT_DRIVER];
		uint16_t flags = le16_read(&driver->flags);
		unsigned int ahead =
			packed_distance(w->num, w->last_used, le16_read(&driver->off_wrap));

		wanted = flags == VRING_PACKED_EVENT_FLAG_ENABLE ||
			 (flags == VRING_PACKED_EVENT_FLAG_DESC && ahead == 0);
		snprintf(numbers, sizeof(numbers),
			 flags == VRING_PACKED_EVENT_FLAG_DESC ?
				 "asked for at slot %u, next used is %u" :
			 flags == VRING_PACKED_EVENT_FLAG_DISABLE ? "driver's flags = DISABLE" :
								    "driver's flags = ENABLE",
			 packed_slot(le16_read(&driver->off_wrap)), packed_slot(w->last_used));
	} else if (s->head.event && !off) {
		const struct vring vr = snapshot_vring(s);
		uint16_t event = le16_read(vring_used_event(&vr)), next = w->used_idx + 1;

		/* Of one more used entry; a device may look at several at once. */
		wanted = vring_need_event(event, next, w->used_idx);
		snprintf(numbers, sizeof(numbers), "%u-%u-1 = %u %s 1", next, event,
			 (uint16_t)(next - event - 1), wanted ? "<" : ">=");
	} else {
		wanted = !off;
		snprintf(numbers, sizeof(numbers), "%s",
			 off ? "callbacks are off" : "avail.flags = 0");
	}
	col = pane_text(why->p, why->row, 1, STYLE_DEVICE, "next used ");
	col = pane_text(why->p, why->row, col, wanted ? STYLE_GOOD : STYLE_QUIET, "%s",
			wanted ? "would irq:" : "would not irq:");
	pane_text(why->p, why->row++, col + 1, STYLE_PLAIN, "%s", numbers);
}

static void draw_next(struct why *why)
{
	const struct watch *w = why->screen->w;
	uint8_t flags = w->packed ? VRING_EVENT_F_PACKED : 0;

	if (w->snapshot->head.event)
		flags |= VRING_EVENT_F_EVENT_IDX;
	if (why->row < why->end)
		draw_next_kick(why, flags);
	if (why->row < why->end)
		draw_next_irq(why);
}

void panel_why(struct screen *screen, const struct pane *p)
{
	struct why why = { .screen = screen, .p = p, .row = 1, .end = p->rows };
	const struct watch *w = screen->w;
	const char *filter = screen->b->filter;

	pane_rule(p, 0, "WHY  newest first%s%s", filter[0] ? ", only with " : "", filter);
	/* Where there are decisions, they go first; what would come next needs room to spare. */
	if (w->snapshot && (!w->event_count || p->rows >= 6))
		draw_next(&why);
	draw_decisions(&why);
}
