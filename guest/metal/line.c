// SPDX-License-Identifier: MIT
/*
 * Line editing, with the keys that readline has: arrows, Home, End, Delete, Ctrl-A B E F D H K U W
 * P N L C. For terminals of 80 columns that know three sequences of ANSI's; a longer line shows a
 * part of itself.
 */
#include <string.h>

#include "line.h"

#define COLUMNS 79
#define CTRL(letter) ((letter) - 'A' + 1)
#define DELETE 0x7f

static void show(struct line *line, const char *text)
{
	line->out(text, strlen(text));
}

/* Moves the terminal's cursor: direction 'C' is right. */
static void move_right(struct line *line, unsigned int columns)
{
	char sequence[8] = "\x1b[";
	char *p = sequence + 2;

	if (!columns)
		return;
	if (columns >= 10)
		*p++ = '0' + columns / 10;
	*p++ = '0' + columns % 10;
	*p++ = 'C';
	line->out(sequence, p - sequence);
}

static void redraw(struct line *line)
{
	unsigned int prompt = strlen(line->prompt), room = COLUMNS - prompt;
	unsigned int shown;

	if (line->cursor < line->shown_from)
		line->shown_from = line->cursor;
	if (line->cursor > line->shown_from + room)
		line->shown_from = line->cursor - room;
	shown = line->len - line->shown_from;
	if (shown > room)
		shown = room;
	show(line, "\r");
	show(line, line->prompt);
	line->out(line->text + line->shown_from, shown);
	show(line, "\x1b[K\r"); /* erase what is left, and back to the first column */
	move_right(line, prompt + line->cursor - line->shown_from);
}

void line_begin(struct line *line)
{
	line->len = line->cursor = line->shown_from = line->back = 0;
	line->text[0] = '\0';
	line->state = LINE_PLAIN;
	show(line, line->prompt);
}

/* ---- changes ---- */

static void insert(struct line *line, char c)
{
	if (line->len == LINE_BYTES - 1)
		return;
	memmove(line->text + line->cursor + 1, line->text + line->cursor,
		line->len - line->cursor + 1);
	line->text[line->cursor++] = c;
	line->len++;
	/* The usual case needs no drawing anew. */
	if (line->cursor == line->len && strlen(line->prompt) + line->len < COLUMNS)
		line->out(&c, 1);
	else
		redraw(line);
}

/* Removes the characters from @from up to @to; the cursor ends up between. */
static void cut(struct line *line, unsigned int from, unsigned int to)
{
	memmove(line->text + from, line->text + to, line->len - to + 1);
	line->len -= to - from;
	line->cursor = from;
	redraw(line);
}

static unsigned int word_start(const struct line *line)
{
	unsigned int at = line->cursor;

	while (at > 0 && line->text[at - 1] == ' ')
		at--;
	while (at > 0 && line->text[at - 1] != ' ')
		at--;
	return at;
}

static void move_to(struct line *line, unsigned int cursor)
{
	line->cursor = cursor;
	redraw(line);
}

/* ---- earlier lines ---- */

static void keep(struct line *line)
{
	char *last = line->history[(line->lines - 1) % LINE_HISTORY];

	if (!line->len || (line->lines && strcmp(last, line->text) == 0))
		return;
	memcpy(line->history[line->lines++ % LINE_HISTORY], line->text, line->len + 1);
}

/* @back: 1 is the line before this one. */
static void recall(struct line *line, unsigned int back)
{
	if (back > line->lines || back > LINE_HISTORY)
		return;
	line->back = back;
	if (back == 0)
		line->text[0] = '\0';
	else
		memcpy(line->text, line->history[(line->lines - back) % LINE_HISTORY], LINE_BYTES);
	line->len = line->cursor = strlen(line->text);
	redraw(line);
}

static void recall_newer(struct line *line)
{
	if (line->back)
		recall(line, line->back - 1);
}

/* ---- keys ---- */

static void arrow(struct line *line, char key)
{
	switch (key) {
	case 'A':
		recall(line, line->back + 1);
		break;
	case 'B':
		recall_newer(line);
		break;
	case 'C':
		if (line->cursor < line->len)
			move_to(line, line->cursor + 1);
		break;
	case 'D':
		if (line->cursor > 0)
			move_to(line, line->cursor - 1);
		break;
	case 'H':
		move_to(line, 0);
		break;
	case 'F':
		move_to(line, line->len);
		break;
	case '~': /* by number: 1 and 7 are Home, 4 and 8 End, 3 Delete */
		if (line->parameter == '1' || line->parameter == '7')
			move_to(line, 0);
		else if (line->parameter == '4' || line->parameter == '8')
			move_to(line, line->len);
		else if (line->parameter == '3' && line->cursor < line->len)
			cut(line, line->cursor, line->cursor + 1);
		break;
	}
}

static void sequence_key(struct line *line, char c)
{
	if (line->state == LINE_ESCAPE) {
		line->state = c == '[' || c == 'O' ? LINE_SEQUENCE : LINE_PLAIN;
		line->parameter = 0;
		return;
	}
	if ((c >= '0' && c <= '9') || c == ';') {
		line->parameter = c;
		return;
	}
	line->state = LINE_PLAIN;
	arrow(line, c);
}

static void control_key(struct line *line, char c)
{
	switch (c) {
	case CTRL('A'):
		arrow(line, 'H');
		break;
	case CTRL('B'):
		arrow(line, 'D');
		break;
	case CTRL('D'):
		if (line->cursor < line->len)
			cut(line, line->cursor, line->cursor + 1);
		break;
	case CTRL('E'):
		arrow(line, 'F');
		break;
	case CTRL('F'):
		arrow(line, 'C');
		break;
	case CTRL('H'):
	case DELETE:
		if (line->cursor > 0)
			cut(line, line->cursor - 1, line->cursor);
		break;
	case CTRL('K'):
		cut(line, line->cursor, line->len);
		break;
	case CTRL('L'):
		show(line, "\x1b[H\x1b[J"); /* clear the screen */
		redraw(line);
		break;
	case CTRL('N'):
		arrow(line, 'B');
		break;
	case CTRL('P'):
		arrow(line, 'A');
		break;
	case CTRL('U'):
		cut(line, 0, line->cursor);
		break;
	case CTRL('W'):
		cut(line, word_start(line), line->cursor);
		break;
	case '\x1b':
		line->state = LINE_ESCAPE;
		break;
	}
}

enum line_result line_key(struct line *line, char c)
{
	if (line->state != LINE_PLAIN) {
		sequence_key(line, c);
	} else if (c == '\r' || c == '\n') {
		show(line, "\r\n");
		keep(line);
		return LINE_DONE;
	} else if (c == CTRL('C')) {
		show(line, "^C\r\n");
		return LINE_CANCEL;
	} else if ((unsigned char)c < ' ' || c == DELETE) {
		control_key(line, c);
	} else {
		insert(line, c);
	}
	return LINE_MORE;
}
