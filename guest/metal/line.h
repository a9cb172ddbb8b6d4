/* SPDX-License-Identifier: MIT */
/*
 * A line that is being typed on a terminal: editing, and going back to earlier lines.
 *
 * It knows neither where characters come from nor where they go, so that it can be tested anywhere.
 */
#ifndef GUEST_METAL_LINE_H
#define GUEST_METAL_LINE_H

#include <stddef.h>

#define LINE_BYTES 256
#define LINE_HISTORY 16

enum line_result {
	LINE_MORE,   /* not finished */
	LINE_DONE,   /* Enter: the line is in .text */
	LINE_CANCEL, /* Ctrl-C: it is given up */
};

struct line {
	const char *prompt;
	void (*out)(const char *text, size_t len); /* to the terminal */

	char text[LINE_BYTES];
	unsigned int len, cursor; /* characters */

	/* Private. */
	unsigned int shown_from; /* first character on the screen, of a line too long for it */
	enum { LINE_PLAIN, LINE_ESCAPE, LINE_SEQUENCE } state;
	char parameter; /* of the escape sequence */
	char history[LINE_HISTORY][LINE_BYTES];
	unsigned int lines; /* ever kept; the last LINE_HISTORY are there */
	unsigned int back;  /* how far back we are; 0: the new line */
};

/* Shows the prompt with an empty line. */
void line_begin(struct line *line);
/* The terminal has sent @c. */
enum line_result line_key(struct line *line, char c);

#endif
