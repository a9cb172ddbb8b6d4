/* SPDX-License-Identifier: MIT */
/*
 * The screen of all queues: a line for each, and below them why the one under the cursor stands
 * still.
 */
#include <stdio.h>
#include <string.h>

#include "lines.h"
#include "panel.h"

/* What of the frame is not lines: the title, a rule and the heads; a rule, the stall, the keys. */
#define ABOVE 3
#define BELOW 3

static void draw_title(struct frame *f, const struct top_view *top, const struct screen_status *s)
{
	struct line line = {};
	unsigned int queues = top->count;

	line_add(&line, 0, STYLE_TITLE, "vring-trace");
	line_add(&line, 3, STYLE_PLAIN, "%s%.*s", top->release[0] ? "kernel " : "", VRT_NAME,
		 top->release);
	line_add(&line, 2, STYLE_PLAIN, "%u device%s %u queue%s", top->devices,
		 top->devices == 1 ? "" : "s", queues, queues == 1 ? "" : "s");
	line_add(&line, 1, STYLE_TITLE, "%s", s->mode);
	line_add(&line, 4, STYLE_PLAIN, "hooks %u", top->hooks);
	if (s->recording)
		line_add(&line, 1, STYLE_BAD, "REC");
	line_right(&line);
	line_meter(&line, s);
	line_draw(&line, f, 0);
}

static void draw_heads(struct frame *f, const struct top_view *top, const char *filter)
{
	char text[128], rule[128];
	const char *between = top->sorted_by[0] && filter[0] ? ", " : "";

	snprintf(text, sizeof(text), "%-16s%s %5s %5s  %5s %6s %5s %5s %4s %5s %5s %s", "QUEUE",
		 f->cols >= 98 ? " DRIVER      LAYOUT" : "", "SIZE", "BUSY%", "ADD/s", "KICK/s",
		 "SUPP%", "IRQ/s", "SPUR", "p50us", "p99us", "FLAG");
	snprintf(rule, sizeof(rule), "%s%s%s%s%s", top->sorted_by[0] ? "sorted by " : "",
		 top->sorted_by, between, filter[0] ? "only with " : "", filter);
	frame_rule(f, 1, rule[0] ? "%s" : NULL, rule);
	frame_text(f, 2, 1, STYLE_QUIET, "%s", text);
}

static const char *percent_text(char buf[NUMBER_LEN], double part, double all)
{
	if (!(part >= 0) || !(all > 0))
		snprintf(buf, NUMBER_LEN, "-");
	else
		snprintf(buf, NUMBER_LEN, "%.0f", 100 * part / all);
	return buf;
}

static const char *us_text(char buf[NUMBER_LEN], double us)
{
	if (us >= 0 && us < 10)
		snprintf(buf, NUMBER_LEN, "%.1f", us);
	else
		count_text(buf, us);
	return buf;
}

/* Of a long name the part that tells it from others. */
static const char *short_driver(const char *driver)
{
	bool virtio = !strncmp(driver, "virtio_", 7);

	return virtio && strlen(driver) > 11 ? driver + 7 : driver;
}

static void draw_row(struct frame *f, int row, const struct top_row *r, bool cursor)
{
	const struct watch *w = r->watch;
	char add[NUMBER_LEN], kick[NUMBER_LEN], supp[NUMBER_LEN], irq[NUMBER_LEN], spur[NUMBER_LEN];
	char p50[NUMBER_LEN], p99[NUMBER_LEN], busy[NUMBER_LEN], who[40];
	enum frame_style style = cursor ? STYLE_CURSOR : STYLE_PLAIN;
	int col;

	snprintf(who, sizeof(who), " %-11.11s %-6s", short_driver(w->driver),
		 w->packed ? "packed" : "split");
	percent_text(busy, r->busy, 1);
	if (cursor)
		frame_fill(f, row, 0, f->cols, STYLE_CURSOR, ' ');
	/* The cursor is seen without colours as well. */
	frame_put(f, row, 0, style, cursor ? '>' : ' ');
	col = frame_text(f, row, 1, style, "%-16.20s%s %5u %4s%%  %5s %6s %5s %5s %4s %5s %5s ",
			 w->name, f->cols >= 98 ? who : "", w->num, busy, count_text(add, r->add),
			 count_text(kick, r->kick),
			 percent_text(supp, r->suppressed, r->suppressed + r->kick),
			 count_text(irq, r->irq), count_text(spur, r->spurious),
			 us_text(p50, r->p50_us), us_text(p99, r->p99_us));
	frame_text(f, row, col,
		   cursor      ? STYLE_CURSOR :
		   r->stall[0] ? STYLE_WARN :
				 STYLE_PLAIN,
		   "%s", r->flag);
}

static bool matches(const struct top_row *r, const char *filter)
{
	const struct watch *w = r->watch;

	return !filter[0] || strcasestr(w->name, filter) || strcasestr(w->driver, filter) ||
	       strcasestr(w->alias, filter) || strcasestr(r->flag, filter);
}

static void draw_keys(struct frame *f)
{
	struct line line = {};

	line_key(&line, 0, "q", "quit");
	line_key(&line, 0, "ENTER", "ring");
	line_key(&line, 1, "s", "sort");
	line_key(&line, 2, "/", "filter");
	line_key(&line, 1, "SPACE", "pause");
	line_key(&line, 3, "-,+", "interval");
	line_key(&line, 0, "?", "help");
	line_draw(&line, f, f->rows - 1);
}

/* The queue under the cursor, in full. */
static void draw_selected(struct frame *f, const struct top_row *r)
{
	const struct watch *w = r->watch;
	int col = frame_text(f, f->rows - 2, 1, r->stall[0] ? STYLE_WARN : STYLE_PLAIN, "%s",
			     w->name);

	if (r->stall[0])
		frame_text(f, f->rows - 2, col, STYLE_WARN, "  STALL?  %s", r->stall);
	else
		frame_text(f, f->rows - 2, col, STYLE_QUIET, "  %s %s   ENTER: its ring", w->driver,
			   w->alias);
}

static void draw_help(struct frame *f, struct browse *b)
{
	struct screen screen = { .b = b };
	struct pane body = { f, 1, 0, (int)f->rows - 2, f->cols };
	struct line line = {};

	panel_help(&screen, &body);
	line_key(&line, 0, "q", "quit");
	line_key(&line, 0, "ESC", "back");
	line_draw(&line, f, f->rows - 1);
}

void screen_top(struct frame *f, const struct top_view *top, const struct screen_status *s,
		struct browse *b)
{
	const struct top_row *selected = NULL;
	unsigned int shown, line = 0;

	frame_clear(f);
	if (screen_too_small(f))
		return;
	draw_title(f, top, s);
	if (b->panel == PANEL_HELP) {
		draw_help(f, b);
		return;
	}
	draw_heads(f, top, b->filter);
	shown = f->rows - ABOVE - BELOW;
	b->limit = 0;
	b->across = 1;
	b->page = shown;
	for (size_t i = 0; i < top->count; i++)
		b->limit += matches(&top->rows[i], b->filter);
	if (b->limit && b->cursor >= b->limit)
		b->cursor = b->limit - 1;
	if (b->cursor < b->scroll)
		b->scroll = b->cursor;
	if (b->cursor >= b->scroll + shown)
		b->scroll = b->cursor - shown + 1;
	for (size_t i = 0; i < top->count; i++) {
		if (!matches(&top->rows[i], b->filter))
			continue;
		if (line == b->cursor)
			selected = &top->rows[i];
		if (line >= b->scroll && line < b->scroll + shown)
			draw_row(f, ABOVE + line - b->scroll, &top->rows[i], line == b->cursor);
		line++;
	}
	frame_rule(f, f->rows - BELOW, line > shown ? "%u to %u of %u" : NULL, b->scroll + 1,
		   b->scroll + shown < line ? b->scroll + shown : line, line);
	if (selected)
		draw_selected(f, selected);
	else
		frame_text(f, f->rows - 2, 1, STYLE_QUIET, "No queue%s%s.",
			   b->filter[0] ? " that contains " : "", b->filter);
	if (!screen_prompt(f, b))
		draw_keys(f);
}
