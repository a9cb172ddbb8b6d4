/* SPDX-License-Identifier: MIT */
/*
 * What happened in the second that ends now, how full the ring was in the seconds before, and which
 * buffer the device has had longest.
 */
#include <inttypes.h>
#include <stdio.h>

#include "panel.h"

/* ---- the last second ---- */

static void add_share(struct flow *flow, const struct watch_second *second)
{
	int64_t all = second->kick + second->suppressed + second->forced;
	char text[NUMBER_LEN];

	count_text(text, second->suppressed);
	if (second->suppressed > 0 && all > 0)
		flow_add(flow, STYLE_PLAIN, "suppressed %s (%" PRId64 "%%)", text,
			 (200 * second->suppressed + all) / (2 * all));
	else
		flow_add(flow, STYLE_PLAIN, "suppressed %s", text);
}

static void add_driver(struct flow *flow, const struct watch_second *second)
{
	char add[NUMBER_LEN], batches[NUMBER_LEN], text[NUMBER_LEN];

	count_text(add, second->add);
	if (second->batches >= 0)
		flow_add(flow, STYLE_PLAIN, "add %s in %s batches", add,
			 count_text(batches, second->batches));
	else
		flow_add(flow, STYLE_PLAIN, "add %s", add);
	flow_add(flow, STYLE_PLAIN, "kick %s", count_text(text, second->kick));
	add_share(flow, second);
	flow_add(flow, second->forced > 0 ? STYLE_WARN : STYLE_PLAIN, "forced(full) %s",
		 count_text(text, second->forced));
	if (second->unsure > 0)
		flow_add(flow, STYLE_WARN, "unsure %s", count_text(text, second->unsure));
}

static void add_starved(struct flow *flow, const struct watch *w)
{
	char age[NUMBER_LEN], count[NUMBER_LEN];

	if (!w->receives)
		return;
	count_text(count, w->second.starved);
	if (w->starved_ns && w->starved_ns <= w->now_ns)
		flow_add(flow, w->second.starved ? STYLE_BAD : STYLE_PLAIN,
			 "starved %s (last %s ago)", count,
			 age_text(age, w->now_ns - w->starved_ns));
	else
		flow_add(flow, STYLE_PLAIN, "starved %s (never seen)", count);
}

static void add_device(struct flow *flow, const struct watch *w)
{
	const struct watch_second *second = &w->second;
	char text[NUMBER_LEN];

	flow_add(flow, STYLE_PLAIN, "irq %s", count_text(text, second->irq));
	flow_add(flow, second->spurious > 0 ? STYLE_WARN : STYLE_PLAIN, "spurious %s",
		 count_text(text, second->spurious));
	flow_add(flow, STYLE_PLAIN, "reaped %s", count_text(text, second->reap));
	if (second->irq > 0 && second->reap >= 0)
		flow_add(flow, STYLE_PLAIN, "reaped/irq %.1f", (double)second->reap / second->irq);
	flow_add(flow, STYLE_PLAIN, "with device: min %u  p50 %u  max %u", second->held_min,
		 second->held_p50, second->held_max);
	add_starved(flow, w);
}

static void add_latency(struct flow *flow, const struct watch *w)
{
	const struct watch_second *second = &w->second;
	char p50[NUMBER_LEN], p99[NUMBER_LEN], max[NUMBER_LEN];
	const char *what = w->receives ? "buffer residency" : "add to reap";

	if (!second->reaps_known) {
		flow_add(flow, STYLE_QUIET, "%s: -", what);
		return;
	}
	flow_add(flow, STYLE_PLAIN, "%s p50 %s  p99 %s  max %s", what,
		 age_text(p50, second->p50_ns), age_text(p99, second->p99_ns),
		 age_text(max, second->max_ns));
	if (w->receives)
		flow_add(flow, STYLE_QUIET, "(how long a buffer waits, no request's latency)");
}

static int draw_second(const struct watch *w, const struct pane *p)
{
	struct flow flow = { .p = p, .row = 1, .col = 2, .indent = 2, .gap = 3 };

	add_driver(&flow, &w->second);
	flow_break(&flow);
	add_device(&flow, w);
	add_latency(&flow, w);
	return flow_rows(&flow);
}

int panel_second_rows(const struct screen *screen, int cols)
{
	const struct pane nowhere = { .cols = cols };

	return draw_second(screen->w, &nowhere);
}

void panel_second(struct screen *screen, const struct pane *p)
{
	pane_rule(p, 0, "LAST SECOND%s",
		  screen->w->events_known ? "" : "  by snapshots: what events alone tell is -");
	draw_second(screen->w, p);
}

/* ---- how full it was ---- */

void panel_history(struct screen *screen, const struct pane *p)
{
	const struct watch *w = screen->w;
	unsigned int now = w->history[WATCH_HISTORY - 1];
	int col = 7;

	pane_rule(p, 0, "WITH DEVICE, LAST %d s   in eighths of the ring%s", WATCH_HISTORY,
		  w->receives ? "   0 ran empty" : "");
	for (int i = 0; i < WATCH_HISTORY; i++, col++) {
		unsigned int percent = w->history[i];

		if (w->starved[i])
			pane_put(p, 1, col, STYLE_BAD, '0');
		else if (percent == WATCH_UNKNOWN)
			pane_put(p, 1, col, STYLE_QUIET, ' ');
		else if (!percent)
			pane_put(p, 1, col, STYLE_QUIET, '_');
		else
			pane_put(p, 1, col, STYLE_DEVICE,
				 SIGN_LEVEL + (percent >= 100 ? 8 : (percent * 8 + 99) / 100));
	}
	if (now != WATCH_UNKNOWN)
		pane_text(p, 1, col + 2, STYLE_PLAIN, "%u%%", now);
}

/* ---- who waits longest ---- */

void panel_stalest(struct screen *screen, const struct pane *p)
{
	const struct watch *w = screen->w;
	const struct slots *slots = screen->slots;
	const struct snapshot_note *note;
	char age[NUMBER_LEN], p99[NUMBER_LEN];
	int col;

	pane_rule(p, 0, "STALEST");
	if (!slots || slots->stalest < 0) {
		pane_text(
			p, 1, 2, STYLE_QUIET, "%s",
			slots && slots->with_device ? "no buffer whose age is known" :
			watch_with_device(w) ? "the device has only buffers added since the copy" :
					       "the device has no buffer");
		return;
	}
	note = &w->snapshot->notes[slots->stalest];
	col = pane_text(p, 1, 2,
			buffer_is_old(screen, note) && !w->receives ? STYLE_WARN : STYLE_PLAIN,
			"%s %d  added %s ago  token 0x%" PRIx64, w->packed ? "id" : "head",
			slots->stalest, buffer_age(screen, note, age), note->token);
	if (w->second.reaps_known)
		col = pane_text(p, 1, col + 2, STYLE_PLAIN, "(p99 here %s)",
				age_text(p99, w->second.p99_ns));
	if (p->cols - col > 18)
		pane_text(p, 1, p->cols - 16, STYLE_QUIET, "ENTER: its chain");
}
