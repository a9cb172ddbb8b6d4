/* SPDX-License-Identifier: MIT */
/*
 * Every key, and the letters that the panels use.
 */
#include "panel.h"

struct help {
	const char *key, *what;
};

static const struct help everywhere[] = {
	{ "q, ^C", "quit" },
	{ "SPACE", "freeze, go on; play, pause" },
	{ "<  >", "back or forward: a snapshot, an event" },
	{ "{  }", "ten snapshots, a second" },
	{ "Home End", "the first, the last there is" },
	{ "TAB", "the next queue; Shift-TAB the one before" },
	{ "arrows", "move the cursor, scroll" },
	{ "PgUp PgDn", "scroll by a page" },
	{ "ENTER", "the chain under the cursor" },
	{ "ESC", "back" },
	{ "d", "a line for each descriptor" },
	{ "m", "where the areas lie; again: their bytes" },
	{ "w", "why: the decisions" },
	{ "h", "from add to reap, as a histogram" },
	{ "/", "WHY shows only lines with this" },
};

static const struct help live[] = {
	{ "w", "sets the hooks as well, or takes them off" },
	{ "r", "record into a file, or end that" },
};

static const struct help replay[] = {
	{ "k i f", "the next kick, interrupt, full ring" },
	{ "K I F", "the one before" },
	{ "g", "go to a time: 1.5s, 200ms" },
	{ "-  +", "play slower, faster" },
	{ "e", "this moment as SVG into a file" },
};

static const struct help letters[] = {
	{ "N", "the chain goes on at nxt" },
	{ "W", "the device writes, else it reads" },
	{ "I", "indirect: a table of descriptors" },
	{ "DEV", "with the device" },
	{ "DRV", "used, not reaped: the driver's turn" },
	{ ">1.2 s", "at least so old: added before we looked" },
	{ "~", "rewritten while it was decided: unsure" },
	{ "MOVING", "the ring moved while it was copied" },
	{ "A U", "bits AVAIL and USED of a packed slot:" },
	{ "", "available: A = wrap, U is not" },
	{ "", "used: A = U = wrap" },
};

static int draw_keys(const struct pane *p, int row, int col, const struct help *help, size_t count)
{
	for (size_t i = 0; i < count; i++, row++) {
		pane_text(p, row, col + 1, STYLE_KEY, "%s", help[i].key);
		pane_text(p, row, col + 11, STYLE_PLAIN, "%s", help[i].what);
	}
	return row;
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

void panel_help(struct screen *screen, const struct pane *p)
{
	int half = p->cols / 2, row;

	pane_rule(p, 0, "KEYS");
	row = draw_keys(p, 1, 0, everywhere, COUNT(everywhere));
	if (screen->b->mode == BROWSE_LIVE)
		draw_keys(p, row, 0, live, COUNT(live));
	else
		draw_keys(p, row, 0, replay, COUNT(replay));
	pane_text(p, 0, half, STYLE_TITLE, " LETTERS ");
	draw_keys(p, 1, half, letters, COUNT(letters));
}

void panel_legend(struct screen *screen, const struct pane *p)
{
	if (screen->w->packed)
		pane_text(
			p, 0, 1, STYLE_QUIET,
			"A,U = AVAIL,USED bits.  available: A = wrap, U != wrap.  used: A = U = wrap.");
	else
		pane_text(p, 0, 1, STYLE_QUIET,
			  "flg N next W device writes I indirect  own DEV device DRV used, not "
			  "reaped  * in flight");
}
