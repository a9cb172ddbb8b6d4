/* SPDX-License-Identifier: MIT */
/*
 * Figures: which one is asked for, and a screen as one.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "export_svg.h"
#include "export_svg_figures.h"
#include "svg.h"
#include "../tool.h"
#include "../recording/vrt_snapshot.h"

/* ---- a ring ---- */

static int draw_ring(struct export *x)
{
	struct export_queue *queue = export_one_queue(x);
	char why[VRT_WHY_BYTES], device[2 * VRT_NAME], when[80];
	const struct vrt_index_entry *e;
	struct snapshot s;
	uint64_t ns;
	int err;

	if (!queue)
		return TOOL_FAILED;
	e = vrt_snapshot_before(&x->file, queue->device, queue->index, x->at_ns);
	if (!e) {
		tool_error("%s: the memory of %s was not recorded before that moment", x->path,
			   queue->name);
		return TOOL_FAILED;
	}
	err = vrt_get_snapshot(&x->file, e, &s, why);
	if (err) {
		tool_error("%s: %s", x->path, why);
	} else {
		bool before = s.head.time_ns < x->start_ns;

		ns = before ? x->start_ns - s.head.time_ns : s.head.time_ns - x->start_ns;
		snprintf(when, sizeof(when), "%s%llu.%06llu s", before ? "-" : "",
			 (unsigned long long)ns / 1000000000,
			 (unsigned long long)ns % 1000000000 / 1000);
		err = svg_ring(x->out, &s, export_device_text(device, queue), when);
		if (err)
			tool_error("out of memory");
	}
	snapshot_free(&s);
	return err ? TOOL_FAILED : 0;
}

int export_svg(struct export *x)
{
	return x->at_given ? draw_ring(x) : svg_time_line(x);
}

/* ---- a screen ---- */

#define CELL_WIDTH 7.0
#define CELL_HEIGHT 16
#define EDGE 12
#define PAPER "#1b1c1e"

static const char *const colours[STYLES] = {
	[STYLE_PLAIN] = "#dcd8cf",  [STYLE_TITLE] = "#f4efe4",	[STYLE_QUIET] = "#99958b",
	[STYLE_KEY] = "#f4efe4",    [STYLE_DRIVER] = "#8fb9dc", [STYLE_DEVICE] = "#dfa97e",
	[STYLE_GOOD] = "#8fc493",   [STYLE_WARN] = "#e5c07b",	[STYLE_BAD] = "#e0918c",
	[STYLE_CURSOR] = "#1b1c1e",
};

static bool is_blank(struct cell cell)
{
	return (cell.sign == ' ' || !cell.sign) && cell.style != STYLE_CURSOR;
}

static void put_sign(FILE *out, uint8_t sign)
{
	const char *text = sign ? frame_sign_text(sign, false) : " ";

	if (!strcmp(text, "&"))
		fputs("&amp;", out);
	else if (!strcmp(text, "<"))
		fputs("&lt;", out);
	else if (!strcmp(text, ">"))
		fputs("&gt;", out);
	else
		fputs(text, out);
}

/* Cells of one style, from @col to before @end. Their width is given, whatever font there is. */
static void put_run(FILE *out, const struct frame *frame, unsigned int row, unsigned int col,
		    unsigned int end)
{
	const struct cell *cells = frame->cells + (size_t)row * frame->cols;
	double x = EDGE + CELL_WIDTH * col, y = EDGE + CELL_HEIGHT * row;
	enum frame_style style = cells[col].style;

	if (style == STYLE_CURSOR)
		svg_rect(out, x, y, CELL_WIDTH * (end - col), CELL_HEIGHT, "fill=\"#dcd8cf\"");
	fprintf(out,
		"<text x=\"%u\" y=\"%u\" fill=\"%s\"%s textLength=\"%u\" "
		"lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">",
		(unsigned int)x, (unsigned int)y + 12, colours[style],
		style == STYLE_TITLE || style == STYLE_KEY ? " font-weight=\"600\"" : "",
		(unsigned int)(CELL_WIDTH * (end - col)));
	for (unsigned int i = col; i < end; i++)
		put_sign(out, cells[i].sign);
	fputs("</text>\n", out);
}

static void put_row(FILE *out, const struct frame *frame, unsigned int row)
{
	const struct cell *cells = frame->cells + (size_t)row * frame->cols;
	unsigned int col = 0, end;

	while (col < frame->cols) {
		if (is_blank(cells[col])) {
			col++;
			continue;
		}
		/* Up to another style, or to two blanks: what is in columns stays in columns. */
		for (end = col + 1; end < frame->cols && cells[end].style == cells[col].style;
		     end++)
			if (is_blank(cells[end]) &&
			    (end + 1 == frame->cols || is_blank(cells[end + 1])))
				break;
		put_run(out, frame, row, col, end);
		col = end;
	}
}

static void title_of(const struct frame *frame, char title[80])
{
	unsigned int n = 0;

	for (unsigned int col = 0; col < frame->cols && n < 79; col++)
		if (frame->cells[col].sign < 0x80 && (n || !is_blank(frame->cells[col])))
			title[n++] = frame->cells[col].sign ? (char)frame->cells[col].sign : ' ';
	title[n] = 0;
}

int export_svg_frame(const struct frame *frame, const char *path)
{
	FILE *out = fopen(path, "we");
	char title[80];
	int err = 0;

	if (!out)
		return -errno;
	title_of(frame, title);
	svg_begin(out, 2 * EDGE + CELL_WIDTH * frame->cols, 2 * EDGE + CELL_HEIGHT * frame->rows,
		  title, "A screen of vring-trace.");
	svg_rect(out, 0, 0, 2 * EDGE + CELL_WIDTH * frame->cols,
		 2 * EDGE + CELL_HEIGHT * frame->rows, "rx=\"6\" fill=\"" PAPER "\"");
	fputs("<g font-family=\"monospace\" font-size=\"11.6\">\n", out);
	for (unsigned int row = 0; row < frame->rows; row++)
		put_row(out, frame, row);
	fputs("</g>\n", out);
	svg_end(out);
	if (ferror(out))
		err = errno ? -errno : -EIO;
	if (fclose(out) && !err)
		err = -errno;
	if (err)
		unlink(path);
	return err;
}
