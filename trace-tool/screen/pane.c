/* SPDX-License-Identifier: MIT */
/*
 * Drawing inside a part of a frame.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pane.h"

#define TEXT_MAX 512

struct pane pane_part(const struct pane *p, int row, int rows)
{
	struct pane part = *p;

	if (row > p->rows)
		row = p->rows;
	if (rows > p->rows - row)
		rows = p->rows - row;
	part.row += row;
	part.rows = rows;
	return part;
}

void pane_put(const struct pane *p, int row, int col, enum frame_style style, uint8_t sign)
{
	if (row >= 0 && row < p->rows && col >= 0 && col < p->cols)
		frame_put(p->f, p->row + row, p->col + col, style, sign);
}

void pane_fill(const struct pane *p, int row, int col, int count, enum frame_style style,
	       uint8_t sign)
{
	for (int i = 0; i < count && col + i < p->cols; i++)
		pane_put(p, row, col + i, style, sign);
}

static int put_text(const struct pane *p, int row, int col, enum frame_style style,
		    const char *text)
{
	for (; *text; text++, col++)
		pane_put(p, row, col, style, *text >= ' ' && *text <= '~' ? *text : '?');
	return col;
}

int pane_text(const struct pane *p, int row, int col, enum frame_style style, const char *format,
	      ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return put_text(p, row, col, style, text);
}

void pane_rule(const struct pane *p, int row, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	int end;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pane_fill(p, row, 0, p->cols, STYLE_TITLE, SIGN_LINE);
	end = put_text(p, row, 3, STYLE_TITLE, text);
	pane_put(p, row, 2, STYLE_TITLE, ' ');
	pane_put(p, row, end, STYLE_TITLE, ' ');
}

void flow_add(struct flow *flow, enum frame_style style, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (flow->col > flow->indent && flow->col + (int)strlen(text) > flow->p->cols) {
		flow->row++;
		flow->col = flow->indent;
	}
	flow->col = put_text(flow->p, flow->row, flow->col, style, text) + flow->gap;
}

void flow_break(struct flow *flow)
{
	if (flow->col == flow->indent)
		return;
	flow->row++;
	flow->col = flow->indent;
}

int flow_rows(const struct flow *flow)
{
	return flow->row + (flow->col > flow->indent);
}

const char *age_text(char buf[NUMBER_LEN], uint64_t ns)
{
	uint64_t us = ns / 1000, ms = us / 1000, s = ms / 1000;

	if (!us)
		snprintf(buf, NUMBER_LEN, "%" PRIu64 "ns", ns);
	else if (!ms)
		snprintf(buf, NUMBER_LEN, "%" PRIu64 "us", us);
	else if (ms < 10)
		snprintf(buf, NUMBER_LEN, "%" PRIu64 ".%" PRIu64 " ms", ms, us / 100 % 10);
	else if (!s)
		snprintf(buf, NUMBER_LEN, "%" PRIu64 " ms", ms);
	else if (s < 10)
		snprintf(buf, NUMBER_LEN, "%" PRIu64 ".%03" PRIu64 " s", s, ms % 1000);
	else if (s < 100)
		snprintf(buf, NUMBER_LEN, "%" PRIu64 ".%" PRIu64 " s", s, ms / 100 % 10);
	else if (s < 10000)
		snprintf(buf, NUMBER_LEN, "%" PRIu64 " s", s);
	else
		snprintf(buf, NUMBER_LEN, "%" PRIu64 " h", s / 3600);
	return buf;
}

const char *count_text(char buf[NUMBER_LEN], double count)
{
	if (!(count >= 0))
		snprintf(buf, NUMBER_LEN, "-");
	else if (count < 9999.5)
		snprintf(buf, NUMBER_LEN, "%.0f", count);
	else if (count < 999.95e3)
		snprintf(buf, NUMBER_LEN, "%.1fk", count / 1e3);
	else
		snprintf(buf, NUMBER_LEN, "%.1fM", count / 1e6);
	return buf;
}

int digits_of(uint64_t value)
{
	int digits = 1;

	for (; value >= 10; value /= 10)
		digits++;
	return digits;
}
