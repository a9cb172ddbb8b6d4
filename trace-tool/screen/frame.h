/* SPDX-License-Identifier: MIT */
/*
 * A picture made of letters: rows and columns of cells, drawn into by the screens, and then shown
 * on a terminal, printed, or written into a file. Drawing outside is cut off, never an error.
 */
#ifndef TRACE_TOOL_SCREEN_FRAME_H
#define TRACE_TOOL_SCREEN_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What a cell is about. A style only repeats what its letter says already. */
enum frame_style {
	STYLE_PLAIN,
	STYLE_TITLE, /* the line at the top, the rules between panels */
	STYLE_QUIET, /* what is free, what is not known, the footer's words */
	STYLE_KEY,   /* a key to press */
	STYLE_DRIVER,
	STYLE_DEVICE,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_CURSOR,
	STYLES
};

/* Signs beyond ASCII, each with a stand-in for --ascii and for terminals without UTF-8. */
enum frame_sign {
	SIGN_LINE = 0x80, /* - */
	SIGN_BAR,	  /* | */
	SIGN_TEE,	  /* + */
	SIGN_LEVEL,	  /* SIGN_LEVEL + 0..8: nothing to all, in eighths: space . : - = + * % # */
	SIGN_END = SIGN_LEVEL + 9
};

struct cell {
	uint8_t sign; /* a printable ASCII character, or enum frame_sign */
	uint8_t style;
};

struct frame {
	unsigned int rows, cols;
	struct cell *cells; /* rows * cols of them */
};

/* Empty and of that size; what it had is gone. Return: 0 or -ENOMEM. Starts from all zero. */
int frame_resize(struct frame *f, unsigned int rows, unsigned int cols);
void frame_clear(struct frame *f);
void frame_free(struct frame *f);

void frame_put(struct frame *f, int row, int col, enum frame_style style, uint8_t sign);
void frame_fill(struct frame *f, int row, int col, int count, enum frame_style style, uint8_t sign);

/*
 * Text from @col on; anything that is not printable ASCII shows as '?', as it may come from a file.
 * Return: the column behind it.
 */
int frame_text(struct frame *f, int row, int col, enum frame_style style, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* "-- TITLE ------" over the whole width; @format may be NULL. */
void frame_rule(struct frame *f, int row, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* UTF-8 of a sign or a character, at most 4 bytes with the NUL; its stand-in with @ascii. */
const char *frame_sign_text(uint8_t sign, bool ascii);

/* The escape sequence that begins a style, from where none is. */
const char *frame_style_text(uint8_t style);

/* As lines, without blanks at their ends; @colour: with escape sequences. */
void frame_print(const struct frame *f, FILE *file, bool ascii, bool colour);

#endif
