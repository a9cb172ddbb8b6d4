/* SPDX-License-Identifier: MIT */
/*
 * A recording played on a terminal that is not there: what replay would show, as asciinema's
 * version 2 has it. A line for the terminal, then a line for each moment at which anything changed,
 * with what is to be written to change it.
 */
#include <inttypes.h>
#include <string.h>

#include "export.h"
#include "../recording/playback.h"
#include "../screen/screen.h"
#include "../tool.h"

#define FRAMES_PER_SECOND 20
#define MOST_FRAMES (3600 * FRAMES_PER_SECOND)

struct cast {
	struct export *x;
	struct playback playback;
	struct screen_status status;
	struct browse browse;
	struct frame now, before;
};

/* ---- JSON ---- */

/* Escape sequences are what is not printable here; bytes above are UTF-8. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(out, "\\u%04x", *text);
		else
			putc(*text, out);
	}
}

static void put_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%06" PRIu64, ns / 1000000000, ns % 1000000000 / 1000);
}

static void put_header(struct cast *c, const char *name, uint64_t length_ns)
{
	const struct vrt_header *h = &c->x->file.header;
	FILE *out = c->x->out;

	fprintf(out, "{\"version\":2,\"width\":%u,\"height\":%u,", c->x->cols, c->x->rows);
	if (le64_read(&h->realtime_ns))
		fprintf(out, "\"timestamp\":%" PRIu64 ",", le64_read(&h->realtime_ns) / 1000000000);
	fputs("\"duration\":", out);
	put_seconds(out, length_ns);
	fprintf(out, ",\"title\":\"vring-trace replay of %s\",", name);
	fputs("\"env\":{\"TERM\":\"xterm-256color\"}}\n", out);
}

/* ---- what changed ---- */

static bool same(struct cell a, struct cell b)
{
	return a.sign == b.sign && a.style == b.style;
}

/* From @col on, up to where enough is as it was that moving there is shorter. */
static unsigned int end_of_change(const struct cell *now, const struct cell *before,
				  unsigned int col, unsigned int cols)
{
	unsigned int end = col + 1;

	for (unsigned int at = end; at < cols && at < end + 6; at++)
		if (!same(now[at], before[at]))
			end = at + 1;
	return end;
}

static void put_cells(FILE *out, const struct cell *cells, unsigned int count)
{
	uint8_t style = STYLE_PLAIN;

	for (unsigned int i = 0; i < count; i++) {
		if (cells[i].style != style) {
			put_text(out, style == STYLE_PLAIN ? "" : "\033[0m");
			style = cells[i].style;
			put_text(out, frame_style_text(style));
		}
		put_text(out, frame_sign_text(cells[i].sign, tool.ascii));
	}
	put_text(out, style == STYLE_PLAIN ? "" : "\033[0m");
}

static bool has_changed(const struct cast *c)
{
	for (unsigned int i = 0; i < c->now.rows * c->now.cols; i++)
		if (!same(c->now.cells[i], c->before.cells[i]))
			return true;
	return false;
}

static void put_change(struct cast *c, uint64_t at_ns, bool first)
{
	FILE *out = c->x->out;
	char move[32];

	if (!first && !has_changed(c))
		return;
	putc('[', out);
	put_seconds(out, at_ns);
	fputs(",\"o\",\"", out);
	if (first)
		put_text(out, "\033[?25l\033[2J");
	for (unsigned int row = 0; row < c->now.rows; row++) {
		const struct cell *now = c->now.cells + (size_t)row * c->now.cols;
		const struct cell *before = c->before.cells + (size_t)row * c->now.cols;
		unsigned int end;

		for (unsigned int col = 0; col < c->now.cols; col = end) {
			end = col + 1;
			if (same(now[col], before[col]))
				continue;
			end = end_of_change(now, before, col, c->now.cols);
			snprintf(move, sizeof(move), "\033[%u;%uH", row + 1, col + 1);
			put_text(out, move);
			put_cells(out, now + col, end - col);
		}
	}
	fputs("\"]\n", out);
	memcpy(c->before.cells, c->now.cells,
	       (size_t)c->now.rows * c->now.cols * sizeof(*c->now.cells));
}

/* ---- playing ---- */

static int play(struct cast *c, uint64_t from_ns, uint64_t until_ns)
{
	double step = 1e9 / FRAMES_PER_SECOND * c->x->speed;
	uint64_t frames = (until_ns - from_ns) / step + 1;

	for (uint64_t n = 0; n <= frames && !export_interrupted() && !ferror(c->x->out); n++) {
		uint64_t now_ns = n < frames ? from_ns + n * step : until_ns;

		export_progress(c->x, n, frames);
		if (playback_seek(&c->playback, now_ns)) {
			tool_error("%s: %s", c->x->path, c->playback.why);
			return TOOL_FAILED;
		}
		if (n == frames)
			snprintf(c->status.mode, sizeof(c->status.mode), "END");
		screen_ring(&c->now, &c->playback.watch, &c->status, &c->browse);
		put_change(c, n * (1000000000 / FRAMES_PER_SECOND), !n);
	}
	return 0;
}

static void find_status(struct cast *c, const struct export_queue *queue)
{
	const struct vrt_file *f = &c->x->file;

	c->status = (struct screen_status){ .from_ns = c->x->start_ns,
					    .end_ns = playback_last(f),
					    .lost = le64_read(&f->loss.lost),
					    .missed = le64_read(&f->loss.missed),
					    .cost = -1,
					    .cut = !f->closed,
					    .queues = f->num_queues };
	c->status.realtime_offset_ns =
		le64_read(&f->header.realtime_ns) - le64_read(&f->header.monotonic_ns);
	if (tool.wall_clock)
		c->status.from_ns = 0;
	for (size_t i = 0; i < f->num_queues; i++)
		if (le16_read(&f->queues[i].device) == queue->device &&
		    le16_read(&f->queues[i].queue) == queue->index)
			c->status.queue = i;
	snprintf(c->status.mode, sizeof(c->status.mode), "PLAY x%g", c->x->speed);
	c->browse.mode = BROWSE_REPLAY;
	c->browse.ascii = tool.ascii;
}

int export_cast(struct export *x)
{
	struct export_queue *queue = export_one_queue(x);
	uint64_t first = playback_first(&x->file), last = playback_last(&x->file);
	uint64_t from = x->from_ns > first ? x->from_ns : first;
	uint64_t until = x->until_ns < last ? x->until_ns : last;
	double seconds = (until - from) / 1e9 / x->speed;
	struct cast cast = { .x = x };
	int status = TOOL_FAILED;

	if (!queue)
		return TOOL_FAILED;
	if (seconds * FRAMES_PER_SECOND > MOST_FRAMES) {
		tool_error("%s: that would play for %.0f s, and an hour is the limit; give --speed "
			   "or take a part",
			   x->path, seconds);
		return TOOL_USAGE;
	}
	if (playback_begin(&cast.playback, &x->file,
			   vrt_find_queue(&x->file, queue->device, queue->index)) ||
	    frame_resize(&cast.now, x->rows, x->cols) ||
	    frame_resize(&cast.before, x->rows, x->cols)) {
		tool_error("out of memory");
		goto out;
	}
	find_status(&cast, queue);
	put_header(&cast, queue->name, seconds * 1e9);
	status = play(&cast, from, until);
out:
	frame_free(&cast.now);
	frame_free(&cast.before);
	playback_end(&cast.playback);
	return status;
}
