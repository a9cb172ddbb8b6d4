/* SPDX-License-Identifier: MIT */
/*
 * A part of a frame that one panel draws into, from its own row and column 0; and numbers as people
 * read them.
 */
#ifndef TRACE_TOOL_SCREEN_PANE_H
#define TRACE_TOOL_SCREEN_PANE_H

#include <stddef.h>

#include "frame.h"

struct pane {
	struct frame *f;
	int row, col; /* where it begins in the frame */
	int rows, cols;
};

/* @rows of @p from @row on, as far as there are so many. */
struct pane pane_part(const struct pane *p, int row, int rows);

/* As their namesakes in frame.h; what lies outside of the pane is cut off. */
void pane_put(const struct pane *p, int row, int col, enum frame_style style, uint8_t sign);
void pane_fill(const struct pane *p, int row, int col, int count, enum frame_style style,
	       uint8_t sign);
int pane_text(const struct pane *p, int row, int col, enum frame_style style, const char *format,
	      ...) __attribute__((format(printf, 5, 6)));
void pane_rule(const struct pane *p, int row, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Items one behind the other, on the next row where the rest of this one is too short. */
struct flow {
	const struct pane *p;
	int row, col;
	int indent, gap; /* columns: before the first of a row, and between two */
};

void flow_add(struct flow *flow, enum frame_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void flow_break(struct flow *flow); /* the next item begins a row */
/* Rows that were begun. */
int flow_rows(const struct flow *flow);

/* ---- numbers ---- */

#define NUMBER_LEN 24
/* "41us", "3.1 ms", "1.204 s": at most 7 letters up to a day; cut, not rounded. */
const char *age_text(char buf[NUMBER_LEN], uint64_t ns);
/* "812", "81.2k", "5.9M"; negative: "-". */
const char *count_text(char buf[NUMBER_LEN], double count);

/* Decimal digits of @value. */
int digits_of(uint64_t value);

#endif
