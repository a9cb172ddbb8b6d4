/* SPDX-License-Identifier: MIT */
/*
 * The indices of a split ring, and what each side asked the other for, in words. They are of this
 * moment also where the ring's memory is older: events carry them.
 */
#include <stdio.h>
#include <string.h>

#include "panel.h"

/*
 * 2.7.7, 2.7.10: the other side is to be told when entry @event is written. @index is the next
 * entry that will be.
 */
static enum frame_style event_words(uint16_t event, uint16_t index, unsigned int num,
				    const char *what, const char *who, bool wide, char *buf,
				    size_t size)
{
	uint16_t behind = index - event, ahead = event - index;

	if (!behind) {
		snprintf(buf, size, wide ? "%s: '%s me at the next'" : "%.0s'%s at the next'", who,
			 what);
		return STYLE_GOOD;
	}
	if (behind <= num) {
		snprintf(buf, size, wide ? "%s: asked %u back, not again" : "%.0sasked %u back",
			 who, behind);
		return STYLE_PLAIN;
	}
	if (ahead <= num) {
		snprintf(buf, size, wide ? "%s: '%s me in %u more'" : "%.0s'%s in %u more'", who,
			 what, ahead + 1u);
		return STYLE_PLAIN;
	}
	snprintf(buf, size, wide ? "stale: the %s has not asked for long" : "stale", who);
	return STYLE_QUIET;
}

/* What is written at @col, in its long form if that fits before @end. */
#define ALL_KICKS "used.flags 0: kick each time"
#define NO_KICKS "used.flags NO_NOTIFY: no kicks"
#define ALL_IRQS "avail.flags 0: irq each time"
#define NO_IRQS "avail.flags NO_INTERRUPT"

struct wish {
	const char *what, *who; /* "kick", "device" */
	bool known, by_index, off;
	uint16_t event, index;
	const char *flags; /* where flags decide, or Linux's way to say off */
};

static void draw_wish(const struct pane *p, int row, int col, int end, const struct wish *wish,
		      unsigned int num)
{
	enum frame_style style = STYLE_PLAIN;
	char text[80] = "-";

	if (!wish->known) {
		style = STYLE_QUIET;
	} else if (!wish->by_index || wish->off) {
		snprintf(text, sizeof(text), "%s", wish->flags);
	} else {
		style = event_words(wish->event, wish->index, num, wish->what, wish->who, true,
				    text, sizeof(text));
		if ((int)strlen(text) > end - col)
			style = event_words(wish->event, wish->index, num, wish->what, wish->who,
					    false, text, sizeof(text));
	}
	pane_text(p, row, col, style, "%.*s", end > col ? end - col : 0, text);
}

/* What events say is newer than the memory, where the memory was copied before them. */
static void newer_wishes(const struct watch *w, struct wish *kick, struct wish *irq)
{
	uint64_t since = w->snapshot ? w->snapshot->head.time_ns : 0;
	bool kick_seen = false, irq_seen = false;

	for (size_t i = w->event_count; i-- > 0 && !(kick_seen && irq_seen);) {
		const struct vring_event *event = &w->events[i];

		if (event->time_ns <= since)
			break;
		if (event->type == VRING_EVENT_KICK && !kick_seen) {
			kick_seen = kick->known = true;
			kick->by_index = event->flags & VRING_EVENT_F_EVENT_IDX;
			kick->event = event->kick.event_after;
			kick->flags = event->kick.dev_flags_after & VRING_USED_F_NO_NOTIFY ?
					      NO_KICKS :
					      ALL_KICKS;
		} else if (event->type == VRING_EVENT_CALLBACKS && !irq_seen) {
			irq_seen = irq->known = true;
			irq->by_index = event->flags & VRING_EVENT_F_EVENT_IDX;
			irq->off = !event->callbacks.on;
			irq->event = event->callbacks.event;
			irq->flags = irq->by_index	 ? "the driver's 'off', no index" :
				     event->callbacks.on ? ALL_IRQS :
							   NO_IRQS;
		}
	}
}

static void find_wishes(const struct watch *w, struct wish *kick, struct wish *irq)
{
	const struct snapshot *s = w->snapshot;
	struct vring vr;

	*kick = (struct wish){ .what = "kick", .who = "device", .index = w->avail_idx };
	*irq = (struct wish){ .what = "irq", .who = "driver", .index = w->used_idx };
	if (s) {
		vr = snapshot_vring(s);
		kick->known = irq->known = true;
		kick->by_index = irq->by_index = s->head.event;
		kick->event = le16_read(vring_avail_event(&vr));
		irq->event = le16_read(vring_used_event(&vr));
		kick->flags =
			le16_read(&vr.used->flags) & VRING_USED_F_NO_NOTIFY ? NO_KICKS : ALL_KICKS;
		irq->off = s->head.driver_flags & VRING_AVAIL_F_NO_INTERRUPT;
		irq->flags = s->head.event ? "the driver's 'off', no index" :
			     irq->off	   ? NO_IRQS :
					     ALL_IRQS;
	}
	newer_wishes(w, kick, irq);
}

static int draw_event(const struct pane *p, int row, int col, const char *name,
		      const struct wish *wish)
{
	if (!wish->known)
		return pane_text(p, row, col, STYLE_QUIET, "%s     -", name);
	if (!wish->by_index)
		return col;
	return pane_text(p, row, col, STYLE_PLAIN, "%s %5u", name, wish->event) + 2;
}

void panel_indices(struct screen *screen, const struct pane *p)
{
	const struct watch *w = screen->w;
	unsigned int unreaped = screen_unreaped(screen);
	struct wish kick, irq;
	char text[32];
	int col, end;

	find_wishes(w, &kick, &irq);
	pane_rule(p, 0, "INDICES  16-bit, free running; slot = idx mod %u", w->num);

	snprintf(text, sizeof(text), "in flight %u", w->held);
	end = p->cols - 16;
	pane_text(p, 1, end, STYLE_PLAIN, "%16s", text);
	pane_text(p, 1, 1, STYLE_DRIVER, "driver");
	col = pane_text(p, 1, 9, STYLE_PLAIN, "avail.idx %5u", w->avail_idx) + 2;
	col = draw_event(p, 1, col, "avail_event", &kick);
	draw_wish(p, 1, col, end, &kick, w->num);

	snprintf(text, sizeof(text), "unreaped %u", unreaped);
	pane_text(p, 2, end, unreaped ? STYLE_DRIVER : STYLE_PLAIN, "%16s", text);
	pane_text(p, 2, 1, STYLE_DEVICE, "device");
	col = pane_text(p, 2, 9, STYLE_PLAIN, "used.idx  %5u", w->used_idx) + 2;
	col = draw_event(p, 2, col, "used_event ", &irq);
	draw_wish(p, 2, col, end, &irq, w->num);
}
