/* SPDX-License-Identifier: MIT */
/*
 * The terminal, by way of ncurses: frames go out, keys come in, and it is left as it was found,
 * whatever happens.
 */
#ifndef TRACE_TOOL_SCREEN_TERMINAL_H
#define TRACE_TOOL_SCREEN_TERMINAL_H

#include <stdbool.h>

#include "frame.h"

enum terminal_key {
	TERMINAL_TIMEOUT = -1, /* no key came */
	TERMINAL_GONE = -2,    /* the terminal went away, or SIGTERM came: end */
	TERMINAL_RESIZED = 0x100,
	TERMINAL_UP,
	TERMINAL_DOWN,
	TERMINAL_LEFT,
	TERMINAL_RIGHT,
	TERMINAL_PAGE_UP,
	TERMINAL_PAGE_DOWN,
	TERMINAL_HOME,
	TERMINAL_END,
	TERMINAL_ENTER,
	TERMINAL_ESCAPE,
	TERMINAL_BACKSPACE,
	TERMINAL_KILL, /* ^U: the line typed so far */
	TERMINAL_TAB,
	TERMINAL_BACKTAB,
	TERMINAL_F1
};

/**
 * terminal_open - take the terminal
 * @colour: allowed; used if the terminal can
 * @ascii: only ASCII; otherwise UTF-8 where the locale says so
 *
 * A serial line does not know its size and says 0x0: then the terminal behind it is asked, and if
 * it does not answer within 200 ms, LINES and COLUMNS count, or 24x80.
 *
 * Return: 0, or an exit status after one message: no terminal, or one that terminfo does not know.
 */
int terminal_open(bool colour, bool ascii);

/* As it was found. Also done at exit and upon signals that end the program. May be called twice. */
void terminal_close(void);

bool terminal_is_open(void);

void terminal_size(unsigned int *rows, unsigned int *cols);

/* Shows @f; only what changed is sent. */
void terminal_show(const struct frame *f);

/* A key: a printable character, or enum terminal_key. Waits for one at most @timeout_ms. */
int terminal_key(int timeout_ms);

/* Whether only ASCII can be shown; before terminal_open(), what the locale says. */
bool terminal_ascii(void);

#endif
