/* SPDX-License-Identifier: MIT */
/*
 * A picture made of letters. What is drawn into it comes from memory that anybody may have written,
 * so nothing but printable ASCII and our own signs ever gets into a cell.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define TEXT_MAX 512 /* bytes of one text, with the NUL; no line of a screen is longer */

int frame_resize(struct frame *f, unsigned int rows, unsigned int cols)
{
	size_t count = (size_t)rows * cols;
	struct cell *cells = calloc(count ? count : 1, sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	free(f->cells);
	*f = (struct frame){ .rows = rows, .cols = cols, .cells = cells };
	frame_clear(f);
	return 0;
}

void frame_clear(struct frame *f)
{
	for (size_t i = 0; i < (size_t)f->rows * f->cols; i++)
		f->cells[i] = (struct cell){ ' ', STYLE_PLAIN };
}

void frame_free(struct frame *f)
{
	free(f->cells);
	*f = (struct frame){};
}

void frame_put(struct frame *f, int row, int col, enum frame_style style, uint8_t sign)
{
	if (row < 0 || col < 0 || (unsigned int)row >= f->rows || (unsigned int)col >= f->cols)
		return;
	if ((sign < ' ' || sign > '~') && (sign < SIGN_LINE || sign >= SIGN_END))
		sign = '?';
	f->cells[(size_t)row * f->cols + col] = (struct cell){ sign, style };
}

void frame_fill(struct frame *f, int row, int col, int count, enum frame_style style, uint8_t sign)
{
	/* What lies outside need not be walked through. */
	for (int i = col < 0 ? -col : 0; i < count && col + i < (int)f->cols; i++)
		frame_put(f, row, col + i, style, sign);
}

static int put_text(struct frame *f, int row, int col, enum frame_style style, const char *text)
{
	for (; *text; text++, col++)
		frame_put(f, row, col, style, *text >= ' ' && *text <= '~' ? *text : '?');
	return col;
}

int frame_text(struct frame *f, int row, int col, enum frame_style style, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return put_text(f, row, col, style, text);
}

void frame_rule(struct frame *f, int row, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	int end;

	frame_fill(f, row, 0, f->cols, STYLE_TITLE, SIGN_LINE);
	if (!format)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	end = put_text(f, row, 3, STYLE_TITLE, text);
	frame_put(f, row, 2, STYLE_TITLE, ' ');
	frame_put(f, row, end, STYLE_TITLE, ' ');
}

const char *frame_sign_text(uint8_t sign, bool ascii)
{
	static const struct {
		const char *utf8, *ascii;
	} signs[SIGN_END - SIGN_LINE] = {
		{ "\u2500", "-" },
		{ "\u2502", "|" },
		{ "\u252c", "+" },
		/* The levels. */
		{ " ", " " },
		{ "\u2581", "." },
		{ "\u2582", ":" },
		{ "\u2583", "-" },
		{ "\u2584", "=" },
		{ "\u2585", "+" },
		{ "\u2586", "*" },
		{ "\u2587", "%" },
		{ "\u2588", "#" },
	};
	static char letters['~' + 1][2];

	if (sign >= SIGN_LINE && sign < SIGN_END)
		return ascii ? signs[sign - SIGN_LINE].ascii : signs[sign - SIGN_LINE].utf8;
	if (sign < ' ' || sign > '~')
		sign = '?';
	letters[sign][0] = sign;
	return letters[sign];
}

/* How many cells of a row are worth printing. */
static unsigned int row_length(const struct cell *cells, unsigned int cols)
{
	while (cols && cells[cols - 1].sign == ' ')
		cols--;
	return cols;
}

const char *frame_style_text(uint8_t style)
{
	static const char *const begin[STYLES] = {
		[STYLE_PLAIN] = "",	     [STYLE_TITLE] = "\033[1m",
		[STYLE_QUIET] = "\033[2m",   [STYLE_KEY] = "\033[1m",
		[STYLE_DRIVER] = "\033[36m", [STYLE_DEVICE] = "\033[35m",
		[STYLE_GOOD] = "\033[32m",   [STYLE_WARN] = "\033[33m",
		[STYLE_BAD] = "\033[1;31m",  [STYLE_CURSOR] = "\033[7m",
	};

	return begin[style < STYLES ? style : STYLE_PLAIN];
}

void frame_print(const struct frame *f, FILE *file, bool ascii, bool colour)
{
	for (unsigned int row = 0; row < f->rows; row++) {
		const struct cell *cells = &f->cells[(size_t)row * f->cols];
		unsigned int length = row_length(cells, f->cols);
		uint8_t style = STYLE_PLAIN;

		for (unsigned int col = 0; col < length; col++) {
			if (colour && cells[col].style != style) {
				fputs(style == STYLE_PLAIN ? "" : "\033[0m", file);
				style = cells[col].style;
				fputs(frame_style_text(style), file);
			}
			fputs(frame_sign_text(cells[col].sign, ascii), file);
		}
		fputs(style == STYLE_PLAIN ? "\n" : "\033[0m\n", file);
	}
}
