/* SPDX-License-Identifier: MIT */
/*
 * The screen of one queue: who it is and how honest the picture is at the top, the keys at the
 * bottom, panels in between.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../verdict.h"
#include "layout.h"
#include "lines.h"

bool screen_too_small(struct frame *f)
{
	char text[64];

	if (f->rows >= SCREEN_ROWS && f->cols >= SCREEN_COLS)
		return false;
	frame_clear(f);
	snprintf(text, sizeof(text), "Terminal too small: %ux%u, needed %ux%u", f->cols, f->rows,
		 SCREEN_COLS, SCREEN_ROWS);
	frame_text(f, f->rows / 2, f->cols > strlen(text) ? (int)(f->cols - strlen(text)) / 2 : 0,
		   STYLE_WARN, "%s", text);
	return true;
}

/* ---- the line at the top ---- */

static void draw_title(const struct screen *screen, struct frame *f)
{
	const struct watch *w = screen->w;
	const struct screen_status *s = screen->s;
	struct line line = {};

	line_add(&line, 0, STYLE_TITLE, "%s", w->name);
	if (w->self)
		line_add(&line, 0, STYLE_WARN, "self");
	line_add(&line, 4, STYLE_PLAIN, "%.*s%s%.*s", VRT_NAME, w->driver, w->alias[0] ? " " : "",
		 VRT_NAME, w->alias);
	line_add(&line, 0, STYLE_PLAIN, "%s %u", w->packed ? "packed" : "split", w->num);
	line_add(&line, 0, STYLE_TITLE, "%s", s->mode);
	if (s->recording)
		line_add(&line, 1, STYLE_BAD, "REC");
	if (s->cut)
		line_add(&line, 1, STYLE_WARN, "CUT OFF");
	if (w->irq >= 0)
		line_add(&line, 5, STYLE_PLAIN, "irq %d%s%s", w->irq, w->cpus[0] ? " cpu" : "",
			 w->cpus);
	line_add(&line, 6, STYLE_QUIET, "queue %u of %u", s->queue + 1, s->queues);
	line_right(&line);
	line_meter(&line, s);
	line_draw(&line, f, 0);
}

static void draw_moment(const struct screen *screen, struct line *line)
{
	const struct watch *w = screen->w;
	char now[TIME_LEN], end[TIME_LEN];

	screen_time(screen, w->now_ns, now);
	if (screen->s->from_ns)
		line_add(line, 0, STYLE_TITLE, "%s of %s s", now,
			 screen_time(screen, screen->s->end_ns, end));
	else
		line_add(line, 5, STYLE_PLAIN, "%.12s", now);
	if (screen->s->from_ns && w->event_number)
		line_add(line, 2, STYLE_PLAIN, "event %" PRIu64, w->event_number);
}

static void draw_features(const struct screen *screen, struct frame *f)
{
	const struct watch *w = screen->w;
	const struct snapshot *s = w->snapshot;
	bool indirect = virtio_feature(w->features, VIRTIO_RING_F_INDIRECT_DESC);
	bool in_order = virtio_feature(w->features, VIRTIO_F_IN_ORDER);
	struct line line = {};

	line_add(&line, 0, w->event_idx ? STYLE_PLAIN : STYLE_QUIET, "EVENT_IDX %s",
		 w->event_idx ? "on" : "off");
	line_add(&line, 3, indirect ? STYLE_PLAIN : STYLE_QUIET, "INDIRECT %s",
		 indirect ? "on" : "off");
	line_add(&line, 5, in_order ? STYLE_PLAIN : STYLE_QUIET, "IN_ORDER %s",
		 in_order ? "on" : "off");
	if (s && s->notify[0])
		line_add(&line, 6, STYLE_PLAIN, "notify %s", s->notify);
	if (s && !s->head.callback)
		line_add(&line, 1, STYLE_PLAIN, "callbacks none");
	else if (s)
		line_add(&line, 1, STYLE_PLAIN, "callbacks %s",
			 verdict_interrupts_on(s) ? "on" : "OFF");
	if (s)
		line_add(&line, s->head.broken ? 0 : 4, s->head.broken ? STYLE_BAD : STYLE_QUIET,
			 "broken %s", s->head.broken ? "YES" : "no");
	line_right(&line);
	draw_moment(screen, &line);
	line_draw(&line, f, 1);
}

/* ---- the line at the bottom ---- */

static void draw_keys(const struct screen *screen, struct frame *f, int row)
{
	struct line line = { .gap = 2 };
	bool replay = screen->b->mode == BROWSE_REPLAY;

	line_key(&line, 0, "q", "quit");
	if (screen->b->panel != PANEL_RING)
		line_key(&line, 0, "ESC", "back");
	line_key(&line, 0, "SPACE", replay ? "play" : screen->b->frozen ? "go on" : "freeze");
	line_key(&line, 1, "<,>", replay ? "event" : "step");
	if (replay) {
		line_key(&line, 2, "{,}", "1 s");
		line_key(&line, 2, "k,i,f", "kick,irq,full");
		line_key(&line, 3, "g", "goto");
		line_key(&line, 6, "-,+", "speed");
	}
	line_key(&line, 4, "TAB", "queue");
	line_key(&line, 4, "d", "desc");
	line_key(&line, 4, "m", "memory");
	if (!replay)
		line_key(&line, 2, "w", screen->w->events_known ? "unhook" : "hooks");
	line_key(&line, 3, replay ? "w" : "W", "why");
	line_key(&line, 5, "h", "hist");
	if (!replay)
		line_key(&line, 6, "r", screen->s->recording ? "end rec" : "rec");
	line_key(&line, 6, "/", "filter");
	line_key(&line, 0, "?", "help");
	line_draw(&line, f, row);
}

bool screen_prompt(struct frame *f, const struct browse *b)
{
	int row = f->rows - 1;

	if (b->typing)
		frame_text(f, row, 1, STYLE_KEY, "%s%s_%s",
			   b->typing == '/' ? "filter: " : "go to: ", b->typed,
			   b->typed[0] && b->typing == '/' ? "   ^U empties it" : "");
	else if (b->message[0])
		frame_text(f, row, 1, STYLE_WARN, "%s", b->message);
	return b->typing || b->message[0];
}

void screen_ring(struct frame *f, const struct watch *w, const struct screen_status *s,
		 struct browse *b)
{
	struct screen screen = { .w = w, .s = s, .b = b };
	struct slots slots = {};
	struct pane body = { f, 2, 0, (int)f->rows - 3, f->cols };

	frame_clear(f);
	if (screen_too_small(f))
		return;
	b->limit = w->num;
	if (b->cursor >= w->num)
		b->cursor = w->num - 1;
	if (w->snapshot && !slots_find(&slots, w))
		screen.slots = &slots;
	screen.since = since_snapshot(w);
	draw_title(&screen, f);
	draw_features(&screen, f);
	layout_draw(&screen, &body);
	if (!screen_prompt(f, b))
		draw_keys(&screen, f, f->rows - 1);
	slots_free(&slots);
}
