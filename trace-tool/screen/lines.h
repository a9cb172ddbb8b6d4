/* SPDX-License-Identifier: MIT */
/*
 * A line of items that each matter more or less: where the frame is too narrow for all, those that
 * matter least are left out.
 */
#ifndef TRACE_TOOL_SCREEN_LINES_H
#define TRACE_TOOL_SCREEN_LINES_H

#include "screen.h"

#define LINE_ITEMS 24

struct line_item {
	char key[12], text[80];
	uint8_t style;
	uint8_t rank; /* 0: never left out; the highest goes first */
	bool right;   /* at the right end of the line */
};

struct line {
	struct line_item items[LINE_ITEMS];
	unsigned int count;
	int gap; /* between two; 0: 2 */
	bool right;
};

void line_add(struct line *line, uint8_t rank, enum frame_style style, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A key, and what it does. */
void line_key(struct line *line, uint8_t rank, const char *key, const char *what);
/* What is added from here on stands at the right end. */
void line_right(struct line *line);
/* How honest the picture is: what was lost, what was missed, what the looking costs. */
void line_meter(struct line *line, const struct screen_status *s);

/* What is being typed, or a message, in the last row. Return: whether there is one. */
bool screen_prompt(struct frame *f, const struct browse *b);

void line_draw(struct line *line, struct frame *f, int row);

#endif
