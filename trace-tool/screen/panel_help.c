/* SPDX-License-Identifier: MIT */
/*
 * Every key, and the letters that the panels use.
 */
#include "panel.h"

struct help {
	const char *key, *what;
};

/* At 80 columns there are 28 for each. */
static const struct help everywhere[] = {
	{ "q, ^C", "quit" },
	{ "SPACE", "freeze, go on; play, pause" },
	{ "<  >", "a snapshot, an event back, on" },
	{ "{  }", "ten snapshots, or a second" },
	{ "Home End", "the first, the last there is" },
	{ "TAB", "next queue; Shift-TAB: before" },
	{ "arrows", "the cursor; or scroll" },
	{ "PgUp PgDn", "the same by a page" },
	{ "ENTER", "the chain under the cursor" },
	{ "ESC", "back" },
	{ "d", "a line for each descriptor" },
	{ "m", "the areas; again: their bytes" },
	{ "W", "why: the decisions" },
	{ "h", "histogram, from add to reap" },
	{ "/", "WHY: only lines with this" },
};

static const struct help live[] = {
	{ "w", "set the hooks: WHY; or unhook" },
	{ "r", "record into a file; end it" },
	{ "-  +", "slower, faster" },
};

static const struct help replay[] = {
	{ "k i f", "next kick, irq, full ring" },
	{ "K I F", "the one before" },
	{ "g", "go to a time: 1.5s, 200ms" },
	{ "-  +", "slower, faster" },
	{ "e", "this moment as SVG" },
};

static const struct help top[] = {
	{ "q, ^C", "quit" },
	{ "ENTER", "the ring of the queue" },
	{ "ESC", "back" },
	{ "arrows", "the cursor" },
	{ "s", "sort by another column" },
	{ "/", "only queues with this" },
	{ "SPACE", "pause, go on" },
	{ "-  +", "shorter, longer interval" },
};

static const struct help columns[] = {
	{ "BUSY%", "descriptors in use" },
	{ "ADD/s", "buffers added" },
	{ "KICK/s", "doorbells asked for" },
	{ "SUPP%", "kicks left out, of all" },
	{ "IRQ/s", "interrupts" },
	{ "SPUR", "... with nothing used" },
	{ "p50us", "add to reap: half are faster" },
	{ "p99us", "... and 99 of 100" },
	{ "rx", "buffers wait for packets" },
	{ "self", "our own traffic is in it" },
	{ "STALL?", "the line below says why" },
	{ "k M", "thousands, millions; -: unknown" },
};

static const struct help letters[] = {
	{ "N", "the chain goes on at nxt" },
	{ "W", "the device writes it" },
	{ "I", "indirect: a table" },
	{ "DEV", "with the device" },
	{ "DRV", "used, for the driver to reap" },
	{ "gone", "reaped since memory was read" },
	{ "*", "in flight; used, not reaped" },
	{ "?", "written since it was read" },
	{ ">1.2 s", "at least so old" },
	{ ",", "dead tail: free, seems not" },
	{ "~", "unsure: rewritten meanwhile" },
	{ "MOVING", "it moved while it was read" },
	{ "A U", "AVAIL and USED of a slot:" },
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
	enum browse_mode mode = screen->b->mode;
	int half = p->cols / 2, row = 1;

	pane_rule(p, 0, "KEYS");
	pane_text(p, 0, half, STYLE_TITLE, "%s", mode == BROWSE_TOP ? " COLUMNS " : " LETTERS ");
	if (mode == BROWSE_TOP) {
		draw_keys(p, row, 0, top, COUNT(top));
		draw_keys(p, row, half, columns, COUNT(columns));
		return;
	}
	row = draw_keys(p, row, 0, everywhere, COUNT(everywhere));
	if (mode == BROWSE_LIVE)
		draw_keys(p, row, 0, live, COUNT(live));
	else
		draw_keys(p, row, 0, replay, COUNT(replay));
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
