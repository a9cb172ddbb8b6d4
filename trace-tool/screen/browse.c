/* SPDX-License-Identifier: MIT */
/*
 * Keys. Those that choose what is seen are dealt with here; what they mean for time, for hooks and
 * for files is handed on.
 */
#include <stdio.h>
#include <string.h>

#include "../moment.h"
#include "browse.h"
#include "terminal.h"

/* ---- a line being typed ---- */

static void begin_typing(struct browse *b, char what)
{
	b->typing = what;
	b->typed[0] = 0;
	if (what == '/')
		memcpy(b->typed, b->filter, sizeof(b->typed));
}

static enum browse_action end_typing(struct browse *b)
{
	char what = b->typing;

	b->typing = 0;
	if (what == '/') {
		memcpy(b->filter, b->typed, sizeof(b->filter));
		b->scroll = 0;
		return BROWSE_NOTHING;
	}
	if (!b->typed[0])
		return BROWSE_NOTHING;
	if (moment_parse(b->typed, &b->seek_ns))
		return BROWSE_SEEK;
	snprintf(b->message, sizeof(b->message), "not a time: %s; 1.5 is, 250ms, 1:02.5", b->typed);
	return BROWSE_NOTHING;
}

static enum browse_action type(struct browse *b, int key)
{
	size_t length = strlen(b->typed);

	switch (key) {
	case TERMINAL_ENTER:
		return end_typing(b);
	case TERMINAL_ESCAPE:
		b->typing = 0;
		break;
	case TERMINAL_BACKSPACE:
		if (length)
			b->typed[length - 1] = 0;
		else
			b->typing = 0;
		break;
	case TERMINAL_KILL:
		b->typed[0] = 0;
		break;
	default:
		if (key >= ' ' && key <= '~' && length + 1 < sizeof(b->typed)) {
			b->typed[length] = key;
			b->typed[length + 1] = 0;
		}
	}
	return BROWSE_NOTHING;
}

/* ---- what is seen ---- */

static void show_panel(struct browse *b, enum browse_panel panel)
{
	b->panel = panel;
	b->scroll = 0;
}

/* There, and with the same key back again. */
static void toggle_panel(struct browse *b, enum browse_panel panel)
{
	show_panel(b, b->panel == panel ? PANEL_RING : panel);
}

static bool has_cursor(const struct browse *b)
{
	return b->panel == PANEL_RING || b->panel == PANEL_TABLE;
}

static void move_cursor(struct browse *b, long by)
{
	long to = (long)b->cursor + by, last = b->limit ? (long)b->limit - 1 : 0;

	if (to < 0 || to > last)
		to = by < 0 ? 0 : last;
	b->cursor = to;
}

/* The first line that is seen; where the last one is, the screen knows. */
static void scroll(struct browse *b, long by)
{
	long to = (long)b->scroll + by;

	b->scroll = to < 0 ? 0 : to;
}

/* By lines: of the cursor where there is one, which stays in its column. */
static void move_lines(struct browse *b, long lines)
{
	long across = b->across > 1 ? b->across : 1, column = (long)b->cursor % across;
	long line = (long)b->cursor / across + lines, last = ((long)b->limit - 1 - column) / across;

	if (!has_cursor(b)) {
		scroll(b, lines);
		return;
	}
	if (line > last)
		line = last;
	if (line < 0)
		line = 0;
	if (line * across + column < (long)b->limit)
		b->cursor = line * across + column;
}

static bool move(struct browse *b, int key)
{
	long page = b->page > 1 ? b->page - 1 : 1;

	switch (key) {
	case TERMINAL_UP:
		move_lines(b, -1);
		return true;
	case TERMINAL_DOWN:
	case 'j':
		move_lines(b, 1);
		return true;
	case TERMINAL_LEFT:
		move_cursor(b, -1);
		return true;
	case TERMINAL_RIGHT:
		move_cursor(b, 1);
		return true;
	case TERMINAL_PAGE_UP:
		move_lines(b, -page);
		return true;
	case TERMINAL_PAGE_DOWN:
		move_lines(b, page);
		return true;
	}
	return false;
}

static bool choose(struct browse *b, int key)
{
	switch (key) {
	case '?':
	case TERMINAL_F1:
		toggle_panel(b, PANEL_HELP);
		return true;
	case 'd':
		toggle_panel(b, PANEL_TABLE);
		return true;
	case 'm':
		show_panel(b, b->panel == PANEL_MEMORY ? PANEL_BYTES :
			      b->panel == PANEL_BYTES  ? PANEL_RING :
							 PANEL_MEMORY);
		return true;
	case 'W':
		toggle_panel(b, PANEL_WHY);
		return true;
	case 'h':
		toggle_panel(b, PANEL_HIST);
		return true;
	case TERMINAL_ENTER:
		toggle_panel(b, PANEL_CHAIN);
		return true;
	}
	return false;
}

static enum browse_action leave(struct browse *b)
{
	if (b->panel == PANEL_RING)
		return BROWSE_LEAVE;
	show_panel(b, PANEL_RING);
	return BROWSE_NOTHING;
}

/* ---- each mode ---- */

static enum browse_action replay_key(struct browse *b, int key)
{
	switch (key) {
	case 'k':
		return BROWSE_NEXT_KICK;
	case 'K':
		return BROWSE_PREV_KICK;
	case 'i':
		return BROWSE_NEXT_IRQ;
	case 'I':
		return BROWSE_PREV_IRQ;
	case 'f':
		return BROWSE_NEXT_FULL;
	case 'F':
		return BROWSE_PREV_FULL;
	case 'g':
		begin_typing(b, 'g');
		return BROWSE_NOTHING;
	case 'w':
		toggle_panel(b, PANEL_WHY);
		return BROWSE_NOTHING;
	case 'e':
		return BROWSE_EXPORT;
	case 'r':
		snprintf(b->message, sizeof(b->message), "this is a recording; live makes one");
		return BROWSE_NOTHING;
	}
	return BROWSE_NOTHING;
}

static enum browse_action live_key(struct browse *b, int key)
{
	switch (key) {
	case 'k':
		move_lines(b, -1);
		return BROWSE_NOTHING;
	case 'f':
		begin_typing(b, '/');
		return BROWSE_NOTHING;
	case 'w':
		return b->mode == BROWSE_LIVE ? BROWSE_WHY : BROWSE_NOTHING;
	case 'r':
		return BROWSE_RECORD;
	case 'e':
		snprintf(b->message, sizeof(b->message),
			 "r records, and replay writes pictures of it");
		return BROWSE_NOTHING;
	case 's':
		return b->mode == BROWSE_TOP ? BROWSE_SORT : BROWSE_NOTHING;
	}
	return BROWSE_NOTHING;
}

/* Time, as it goes and as it is gone to. */
static enum browse_action time_key(int key)
{
	switch (key) {
	case ' ':
	case 'p':
		return BROWSE_FREEZE;
	case '<':
	case ',':
		return BROWSE_BACK;
	case '>':
	case '.':
		return BROWSE_FORWARD;
	case '{':
		return BROWSE_PAGE_BACK;
	case '}':
		return BROWSE_PAGE_FORWARD;
	case TERMINAL_HOME:
		return BROWSE_FIRST;
	case TERMINAL_END:
		return BROWSE_LAST;
	case TERMINAL_TAB:
		return BROWSE_NEXT_QUEUE;
	case TERMINAL_BACKTAB:
		return BROWSE_PREV_QUEUE;
	case '-':
		return BROWSE_SLOWER;
	case '+':
	case '=':
		return BROWSE_FASTER;
	}
	return BROWSE_NOTHING;
}

/* A list of queues: nothing but its lines to choose from. */
static enum browse_action top_key(struct browse *b, int key)
{
	switch (key) {
	case TERMINAL_ENTER:
		return BROWSE_OPEN;
	case TERMINAL_HOME:
		move_cursor(b, -(long)b->limit);
		return BROWSE_NOTHING;
	case TERMINAL_END:
		move_cursor(b, b->limit);
		return BROWSE_NOTHING;
	case '?':
	case TERMINAL_F1:
		toggle_panel(b, PANEL_HELP);
		return BROWSE_NOTHING;
	}
	return live_key(b, key);
}

enum browse_action browse_key(struct browse *b, int key)
{
	enum browse_action action;

	if (key == TERMINAL_GONE)
		return BROWSE_QUIT;
	if (key == TERMINAL_TIMEOUT || key == TERMINAL_RESIZED)
		return BROWSE_NOTHING;
	b->message[0] = 0;
	if (b->typing)
		return type(b, key);
	if (key == 'q')
		return BROWSE_QUIT;
	if (key == '/')
		begin_typing(b, '/');
	if (key == '/' || move(b, key))
		return BROWSE_NOTHING;
	if (key == TERMINAL_ESCAPE)
		return leave(b);
	if (b->mode == BROWSE_TOP) {
		action = top_key(b, key);
		return action == BROWSE_NOTHING && key != TERMINAL_HOME && key != TERMINAL_END ?
			       time_key(key) :
			       action;
	}
	if (choose(b, key))
		return BROWSE_NOTHING;
	action = b->mode == BROWSE_REPLAY ? replay_key(b, key) : live_key(b, key);
	return action == BROWSE_NOTHING ? time_key(key) : action;
}

int browse_next_key(const char **keys)
{
	static const char letters[] = "nteb\\udlrhz[]";
	static const int named[] = { TERMINAL_ENTER,	 TERMINAL_TAB,	TERMINAL_ESCAPE,
				     TERMINAL_BACKSPACE, '\\',		TERMINAL_UP,
				     TERMINAL_DOWN,	 TERMINAL_LEFT, TERMINAL_RIGHT,
				     TERMINAL_HOME,	 TERMINAL_END,	TERMINAL_PAGE_UP,
				     TERMINAL_PAGE_DOWN };
	const char *letter;
	int key = (unsigned char)**keys;

	if (!key)
		return 0;
	++*keys;
	if (key != '\\')
		return key >= ' ' && key <= '~' ? key : -1;
	letter = **keys ? strchr(letters, **keys) : NULL;
	if (!letter)
		return -1;
	++*keys;
	return named[letter - letters];
}
