/* SPDX-License-Identifier: MIT */
/*
 * A time line of requests: the driver above, the device below, and the buffers between them, each
 * from its add to its reap. Doorbells go down, interrupts come up.
 *
 * What the device did is not recorded. Between a doorbell and the interrupt that followed from it
 * is all the time it had.
 */
#include <stdlib.h>
#include <string.h>

#include "../event_words.h"
#include "export_svg_figures.h"
#include "svg.h"
#include "../tool.h"

#define WIDTH 720
#define LEFT 76
#define RIGHT 704
#define TOP 64
#define LABEL_ROWS 4
#define LABEL 14 /* height of a row of words */
#define LANE 26	 /* of a request */
#define GAP 34	 /* between a side and the ring */
#define MOST_EVENTS 600u
#define MOST_LANES 40u
#define FAINT "fill=\"" SVG_FAINT "\""
#define SMALL " font-size=\"11\""
#define BOLD "fill=\"" SVG_INK "\" font-weight=\"600\""

/* A request, or the device at work on a batch. */
struct bar {
	uint64_t from_ns, until_ns;
	uint32_t lane;
	bool open_left, open_right; /* it began before, it ends later */
	char what[24];
};

struct line {
	struct export_queue *queue;
	struct vring_event events[MOST_EVENTS];
	unsigned int event_count;
	struct bar bars[MOST_EVENTS], work[MOST_EVENTS];
	unsigned int bar_count, work_count;
	unsigned int lanes, waiting; /* buffers that were there all the time, which are not drawn */
	uint64_t decision, doorbell_ns; /* the last that was kicked for, and when */
};

struct figure {
	struct export *x;
	FILE *out;
	struct line *lines;
	unsigned int line_count;
	uint64_t from_ns, until_ns;
};

/* ---- collecting ---- */

static struct line *find_line(struct figure *f, struct export_queue *queue)
{
	struct line *lines;

	for (unsigned int i = 0; i < f->line_count; i++)
		if (f->lines[i].queue == queue)
			return &f->lines[i];
	lines = reallocarray(f->lines, f->line_count + 1, sizeof(*lines));
	if (!lines) {
		tool_error("out of memory");
		return NULL;
	}
	f->lines = lines;
	memset(&lines[f->line_count], 0, sizeof(*lines));
	lines[f->line_count].queue = queue;
	return &lines[f->line_count++];
}

static void add_bar(struct line *line, const struct request *request, uint64_t until_ns,
		    uint64_t first_ns, bool open_right)
{
	struct bar *bar;

	if (open_right && request->added_ns < first_ns) {
		line->waiting++;
		return;
	}
	bar = &line->bars[line->bar_count++];
	*bar = (struct bar){ .from_ns = request->added_ns > first_ns ? request->added_ns : first_ns,
			     .until_ns = until_ns,
			     .open_left = request->added_ns < first_ns || request->seen_only,
			     .open_right = open_right };
	snprintf(bar->what, sizeof(bar->what), "%s", export_request_word(request));
}

static void add_work(struct line *line, const struct export_step *step)
{
	const struct vring_event *event = &step->event;

	if (event->type == VRING_EVENT_KICK && event->kick.kick) {
		line->decision = step->request.decision;
		line->doorbell_ns = 0;
	}
	if (event->type == VRING_EVENT_NOTIFY && !line->doorbell_ns)
		line->doorbell_ns = event->time_ns;
	if (event->type == VRING_EVENT_INTERRUPT && step->linked && line->doorbell_ns &&
	    line->decision == step->request.decision) {
		line->work[line->work_count++] =
			(struct bar){ .from_ns = line->doorbell_ns, .until_ns = event->time_ns };
		line->doorbell_ns = 0;
	}
}

static int refuse(const struct figure *f)
{
	tool_error("%s: more than %u events, or %u buffers that come and go at once, are too much "
		   "for a figure; take a part: --from, --until, QUEUE",
		   f->x->path, MOST_EVENTS, MOST_LANES);
	return TOOL_USAGE;
}

static int by_begin(const void *a, const void *b)
{
	const struct bar *x = a, *y = b;

	return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

/* Without those that were there all the time there is room higher up. */
static int find_lanes(const struct figure *f, struct line *line)
{
	uint64_t ends[MOST_LANES];

	qsort(line->bars, line->bar_count, sizeof(line->bars[0]), by_begin);
	for (unsigned int i = 0; i < line->bar_count; i++) {
		struct bar *bar = &line->bars[i];

		for (bar->lane = 0; bar->lane < line->lanes; bar->lane++)
			if (ends[bar->lane] <= bar->from_ns)
				break;
		if (bar->lane == MOST_LANES)
			return refuse(f);
		if (bar->lane == line->lanes)
			line->lanes++;
		ends[bar->lane] = bar->until_ns;
	}
	return 0;
}

/* Return: 0, or an exit status after one message. */
static int take(struct figure *f, const struct export_step *step)
{
	struct line *line = find_line(f, step->queue);
	const struct vring_event *event = &step->event;

	if (!line)
		return TOOL_FAILED;
	if (line->event_count == MOST_EVENTS || line->bar_count == MOST_EVENTS)
		return refuse(f);
	line->events[line->event_count++] = *event;
	add_work(line, step);
	if (event->type == VRING_EVENT_REAP && step->known)
		add_bar(line, &step->request, event->time_ns, f->from_ns, false);
	if (event->type == VRING_EVENT_ADD && step->lost_reap)
		add_bar(line, &step->gone, event->time_ns, f->from_ns, false);
	return 0;
}

static int collect(struct figure *f)
{
	const struct export_step *step;
	struct request request;
	int got, status = 0;

	while (!status && (got = export_next(f->x, &step)) > 0)
		if (step->shown)
			status = take(f, step);
	if (status || got < 0)
		return status ? status : TOOL_FAILED;
	for (unsigned int i = 0; i < f->line_count; i++) {
		struct line *line = &f->lines[i];

		while (line->bar_count < MOST_EVENTS &&
		       requests_drain(&line->queue->requests, f->until_ns, &request))
			add_bar(line, &request, f->until_ns, f->from_ns, true);
		if (!status)
			status = find_lanes(f, line);
	}
	return status;
}

/* ---- places ---- */

static double place(const struct figure *f, uint64_t time_ns)
{
	double share = (double)(int64_t)(time_ns - f->from_ns) / (f->until_ns - f->from_ns);

	return LEFT + (share < 0 ? 0 : share > 1 ? 1 : share) * (RIGHT - LEFT);
}

/* "9.92 ms": three digits, as people say it. */
static const char *duration(char text[24], uint64_t ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 } };
	unsigned int i = 0, whole, part, digits;
	uint64_t scaled;

	while (i < 3 && ns < units[i].ns)
		i++;
	digits = ns >= 100 * units[i].ns ? 1 : ns >= 10 * units[i].ns ? 10 : 100;
	if (i == 3)
		digits = 1;
	scaled = ns * digits / units[i].ns + 0.5;
	whole = scaled / digits;
	part = scaled % digits;
	if (digits == 1)
		snprintf(text, 24, "%u %s", whole, units[i].unit);
	else
		snprintf(text, 24, "%u.%0*u %s", whole, digits == 10 ? 1 : 2, part, units[i].unit);
	return text;
}

/* "1500 us": in the unit that @step is round in. */
static const char *round_duration(char text[24], uint64_t ns, uint64_t step)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
	unsigned int i = 0;

	while (step % units[i].ns)
		i++;
	snprintf(text, 24, "%llu %s", (unsigned long long)(ns / units[i].ns), units[i].unit);
	return text;
}

/* ---- marks ---- */

enum shape { UP, DOWN, SQUARE, HOLLOW, TICK, DIAMOND, CROSS };

static enum shape shape_of(const struct vring_event *event)
{
	switch (event->type) {
	case VRING_EVENT_ADD:
		return event->add.error ? CROSS : DOWN;
	case VRING_EVENT_KICK:
		return event->kick.kick ? SQUARE : HOLLOW;
	case VRING_EVENT_REAP:
		return UP;
	case VRING_EVENT_INTERRUPT:
	case VRING_EVENT_NOTIFY:
		return DIAMOND;
	default:
		return TICK;
	}
}

static void put_shape(FILE *out, enum shape shape, double x, double y, const char *colour)
{
	struct svg_step up[] = { { 'M', x, y - 5, 0 },
				 { 'L', x + 5, y + 4, 0 },
				 { 'L', x - 5, y + 4, 0 },
				 { .what = 'Z' } };
	struct svg_step down[] = { { 'M', x, y + 5, 0 },
				   { 'L', x + 5, y - 4, 0 },
				   { 'L', x - 5, y - 4, 0 },
				   { .what = 'Z' } };
	struct svg_step diamond[] = { { 'M', x, y - 6, 0 },
				      { 'L', x + 6, y, 0 },
				      { 'L', x, y + 6, 0 },
				      { 'L', x - 6, y, 0 },
				      { .what = 'Z' } };
	char fill[64], stroke[64];

	snprintf(fill, sizeof(fill), "fill=\"%s\" stroke=\"" SVG_PAPER "\"", colour);
	snprintf(stroke, sizeof(stroke), "stroke=\"%s\" stroke-width=\"1.5\"", colour);
	switch (shape) {
	case UP:
		svg_path(out, up, 4, fill);
		break;
	case DOWN:
		svg_path(out, down, 4, fill);
		break;
	case SQUARE:
		svg_rect(out, x - 4, y - 4, 8, 8, fill);
		break;
	case HOLLOW:
		snprintf(fill, sizeof(fill), "fill=\"" SVG_PAPER "\" stroke=\"%s\"", colour);
		svg_rect(out, x - 4, y - 4, 8, 8, fill);
		break;
	case DIAMOND:
		svg_path(out, diamond, 5, fill);
		break;
	case CROSS:
		svg_line(out, x - 4, y - 4, x + 4, y + 4, stroke);
		svg_line(out, x - 4, y + 4, x + 4, y - 4, stroke);
		break;
	case TICK:
		svg_line(out, x, y - 5, x, y + 5, stroke);
		break;
	}
}

/*
 * Words above the marks, each in the lowest row where there is room; where there is none, the mark
 * goes without. Two rounds: first the lines that lead to the words, then the words over them.
 */
struct labels {
	double taken[LABEL_ROWS];
	bool words;
};

static void put_label(FILE *out, struct labels *labels, double x, double y, const char *word)
{
	double width = svg_width(word, 11), left = x - width / 2;

	if (left < LEFT - 20)
		left = LEFT - 20;
	if (left + width > WIDTH - 4)
		left = WIDTH - 4 - width;
	for (int row = 0; row < LABEL_ROWS; row++) {
		double at = y - 11 - LABEL * row;

		if (labels->taken[row] > left)
			continue;
		labels->taken[row] = left + width + 6;
		if (!labels->words) {
			svg_line(out, x, y - 7, x, at, "stroke=\"" SVG_LINE "\"");
			return;
		}
		svg_rect(out, left, at - 10, width, 13, "fill=\"" SVG_PAPER "\"");
		svg_text(out, left + width / 2, at, FAINT SMALL " text-anchor=\"middle\"", "%s",
			 word);
		return;
	}
}

/* ---- a queue ---- */

struct levels {
	double driver, ring, device;
};

static void put_sides(struct figure *f, const struct line *line, const struct levels *at)
{
	char device[2 * VRT_NAME];

	svg_text(f->out, 16, at->driver - LABEL * LABEL_ROWS - 16, BOLD, "%s", line->queue->name);
	svg_text(f->out, 16 + svg_width(line->queue->name, 14.5),
		 at->driver - LABEL * LABEL_ROWS - 16, FAINT, "%s",
		 export_device_text(device, line->queue));
	svg_text(f->out, 16, at->driver + 4, "fill=\"" SVG_DRIVER "\" font-weight=\"600\"",
		 "driver");
	svg_text(f->out, 16, at->device + 4, "fill=\"" SVG_DEVICE "\" font-weight=\"600\"",
		 "device");
	svg_text(f->out, 16, (at->ring + at->device - GAP) / 2 + 4, FAINT, "ring");
	if (line->waiting)
		svg_text(f->out, LEFT, at->device - GAP / 2 + 2, FAINT SMALL,
			 "and %u %s that %s there all the time", line->waiting,
			 line->waiting == 1 ? "buffer" : "buffers",
			 line->waiting == 1 ? "was" : "were");
	svg_line(f->out, LEFT, at->driver, RIGHT, at->driver, "stroke=\"" SVG_DRIVER "\"");
	svg_line(f->out, LEFT, at->device, RIGHT, at->device, "stroke=\"" SVG_DEVICE "\"");
}

static void put_bar(struct figure *f, const struct bar *bar, const struct levels *at)
{
	double x1 = place(f, bar->from_ns), x2 = place(f, bar->until_ns);
	double y = at->ring + LANE * bar->lane;
	char text[64], ns[24];

	/* What begins or ends outside the figure has no edge there. */
	svg_rect(f->out, x1, y + 4, x2 - x1 > 1 ? x2 - x1 : 1, LANE - 8,
		 bar->open_left || bar->open_right ? "fill=\"" SVG_DRIVER_LIGHT "\"" :
						     "rx=\"3\" fill=\"" SVG_DRIVER_LIGHT
						     "\" stroke=\"" SVG_DRIVER "\"");
	if (bar->open_left || bar->open_right)
		snprintf(text, sizeof(text), "%s%s%s", bar->open_left ? "... " : "", bar->what,
			 bar->open_right ? " ..." : "");
	else
		snprintf(text, sizeof(text), "%s %s", bar->what,
			 duration(ns, bar->until_ns - bar->from_ns));
	if (svg_width(text, 11) + 8 > x2 - x1 && !bar->open_left && !bar->open_right)
		snprintf(text, sizeof(text), "%s", ns);
	if (svg_width(text, 11) + 6 <= x2 - x1)
		svg_text(f->out, (x1 + x2) / 2, y + 17,
			 "fill=\"" SVG_INK "\" font-size=\"11\" text-anchor=\"middle\"", "%s",
			 text);
	if (!bar->open_left)
		svg_line(f->out, x1, at->driver, x1, y + 4, "stroke=\"" SVG_DRIVER "\"");
	if (!bar->open_right)
		svg_line(f->out, x2, at->driver, x2, y + 4,
			 "stroke=\"" SVG_DRIVER "\" stroke-dasharray=\"3 2\"");
}

static void put_work(struct figure *f, const struct bar *bar, double y)
{
	double x1 = place(f, bar->from_ns), x2 = place(f, bar->until_ns);
	char ns[24];

	svg_rect(f->out, x1, y - 6, x2 - x1, 12, "fill=\"" SVG_DEVICE_LIGHT "\"");
	duration(ns, bar->until_ns - bar->from_ns);
	if (svg_width(ns, 11) + 16 < x2 - x1)
		svg_text(f->out, (x1 + x2) / 2, y + 4,
			 "fill=\"" SVG_INK "\" font-size=\"11\" text-anchor=\"middle\"", "%s", ns);
}

/* From one side to the other, with a tip. */
static void put_signal(struct figure *f, double x, double from, double to, const char *colour)
{
	double back = to > from ? -7 : 7;
	struct svg_step tip[] = { { 'M', x, to, 0 },
				  { 'L', x + 4, to + back, 0 },
				  { 'L', x - 4, to + back, 0 },
				  { .what = 'Z' } };
	char more[64];

	snprintf(more, sizeof(more), "stroke=\"%s\" stroke-opacity=\"0.6\"", colour);
	svg_line(f->out, x, from, x, to, more);
	snprintf(more, sizeof(more), "fill=\"%s\"", colour);
	svg_path(f->out, tip, 4, more);
}

static const char *word_of(const struct vring_event *event)
{
	bool spurious = event->type == VRING_EVENT_INTERRUPT && !event->interrupt.handled;

	return spurious ? "spurious irq" : event_word(event);
}

static void put_event(struct figure *f, const struct vring_event *event, const struct levels *at)
{
	double x = place(f, event->time_ns);

	if (event->type == VRING_EVENT_NOTIFY)
		put_signal(f, x, at->driver, at->device, SVG_DRIVER);
	else if (event->type == VRING_EVENT_INTERRUPT)
		put_signal(f, x, at->device, at->driver, SVG_DEVICE);
	else
		put_shape(f->out, shape_of(event), x, at->driver, SVG_DRIVER);
}

static int by_time(const void *a, const void *b)
{
	const struct vring_event *x = a, *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

/* Return: where it ends. */
static double put_line(struct figure *f, struct line *line, double top)
{
	struct levels at = { .driver = top + LABEL * LABEL_ROWS + 26 };

	at.ring = at.driver + GAP;
	at.device = at.ring + LANE * line->lanes + GAP;
	/* Interrupts were held back until it was known what they are tied to. */
	qsort(line->events, line->event_count, sizeof(line->events[0]), by_time);
	for (unsigned int i = 0; i < line->bar_count; i++)
		put_bar(f, &line->bars[i], &at);
	put_sides(f, line, &at);
	for (unsigned int i = 0; i < line->work_count; i++)
		put_work(f, &line->work[i], at.device);
	for (unsigned int i = 0; i < line->event_count; i++)
		put_event(f, &line->events[i], &at);
	for (int words = 0; words < 2; words++) {
		struct labels labels = { .words = words };

		for (unsigned int i = 0; i < line->event_count; i++)
			put_label(f->out, &labels, place(f, line->events[i].time_ns), at.driver,
				  word_of(&line->events[i]));
	}
	return at.device + 20;
}

/* ---- the figure ---- */

static double put_axis(struct figure *f, double y)
{
	uint64_t length = f->until_ns - f->from_ns, step = 1;
	char text[24];

	/* 1, 2, 5, 10, ...: so that there are at most eight. */
	for (int i = 0; length / step >= 8; i++)
		step = i % 3 == 1 ? step / 2 * 5 : step * 2;
	svg_line(f->out, LEFT, y, RIGHT, y, "stroke=\"" SVG_FAINT "\"");
	for (uint64_t i = 0; i <= length / step; i++) {
		uint64_t ns = i * step;
		double x = place(f, f->from_ns + ns);

		svg_line(f->out, x, y, x, y + 5, "stroke=\"" SVG_FAINT "\"");
		svg_text(f->out, x, y + 18,
			 x + 20 > RIGHT ? FAINT SMALL " text-anchor=\"end\"" :
					  FAINT SMALL " text-anchor=\"middle\"",
			 "%s", ns ? round_duration(text, ns, step) : "0");
	}
	return y + 24;
}

static double put_legend(struct figure *f, double y)
{
	static const struct {
		enum shape shape;
		const char *word;
	} words[] = { { DOWN, "add" },
		      { UP, "reap" },
		      { SQUARE, "kick" },
		      { HOLLOW, "no kick needed" },
		      { TICK, "interrupts on, off" } };
	double x = LEFT;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		put_shape(f->out, words[i].shape, x, y + 8, SVG_DRIVER);
		svg_text(f->out, x + 9, y + 12, FAINT SMALL, "%s", words[i].word);
		x += svg_width(words[i].word, 11) + 30;
	}
	svg_rect(f->out, x - 4, y + 2, 22, 12, "fill=\"" SVG_DEVICE_LIGHT "\"");
	svg_text(f->out, x + 24, y + 12, FAINT SMALL, "from doorbell to irq");
	return y + 26;
}

static unsigned int count_of(const struct line *line, uint8_t type)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < line->event_count; i++)
		count += line->events[i].type == type;
	return count;
}

static void describe(const struct figure *f, FILE *desc)
{
	char text[24];

	fprintf(desc, "%s of time, from left to right.", duration(text, f->until_ns - f->from_ns));
	for (unsigned int i = 0; i < f->line_count; i++) {
		const struct line *line = &f->lines[i];

		fprintf(desc, " %s: %u adds, %u doorbells, %u interrupts, %u reaps.",
			line->queue->name, count_of(line, VRING_EVENT_ADD),
			count_of(line, VRING_EVENT_NOTIFY), count_of(line, VRING_EVENT_INTERRUPT),
			count_of(line, VRING_EVENT_REAP));
		for (unsigned int n = 0; n < line->bar_count && line->bar_count <= 8; n++)
			fprintf(desc, " A %s took %s.", line->bars[n].what,
				duration(text, line->bars[n].until_ns - line->bars[n].from_ns));
	}
}

static int draw(struct figure *f)
{
	uint64_t since = f->from_ns - f->x->start_ns;
	char *body = NULL, *desc = NULL, title[96];
	size_t body_bytes, desc_bytes;
	FILE *desc_file = open_memstream(&desc, &desc_bytes);
	double y = 36;

	f->out = open_memstream(&body, &body_bytes);
	if (!desc_file || !f->out) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	snprintf(title, sizeof(title), "Requests from %llu.%06llu s on",
		 (unsigned long long)since / 1000000000,
		 (unsigned long long)since % 1000000000 / 1000);
	describe(f, desc_file);
	fclose(desc_file);
	svg_text(f->out, 16, 26, FAINT, "%s", title);
	for (unsigned int i = 0; i < f->line_count; i++)
		y = put_line(f, &f->lines[i], y);
	y = put_legend(f, put_axis(f, y + 4));
	fclose(f->out);
	svg_begin(f->x->out, WIDTH, y, title, desc);
	fwrite(body, body_bytes, 1, f->x->out);
	svg_end(f->x->out);
	free(body);
	free(desc);
	return 0;
}

int svg_time_line(struct export *x)
{
	struct figure f = { .x = x };
	int status;

	f.from_ns = x->from_ns > x->start_ns ? x->from_ns : x->start_ns;
	f.until_ns = x->until_ns < x->file.last_ns ? x->until_ns : x->file.last_ns;
	if (f.until_ns <= f.from_ns)
		f.until_ns = f.from_ns + 1;
	x->links = true;
	status = collect(&f);
	if (!status && !f.line_count) {
		tool_error("%s: nothing happened then", x->path);
		status = TOOL_FAILED;
	}
	if (!status)
		status = draw(&f);
	free(f.lines);
	return status;
}
