/* SPDX-License-Identifier: MIT */
/*
 * What whoever sits at the screen has chosen to see, and what a key makes of it. Shared by live,
 * top and replay; what moves in time is theirs.
 */
#ifndef TRACE_TOOL_SCREEN_BROWSE_H
#define TRACE_TOOL_SCREEN_BROWSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum browse_panel {
	PANEL_RING,   /* the best for the ring's size: a table, or a cell for each descriptor */
	PANEL_TABLE,  /* 'd': a line for each entry, scrolled */
	PANEL_MEMORY, /* 'm': where the areas lie, to scale; again: their bytes, annotated */
	PANEL_BYTES,
	PANEL_WHY,   /* 'W', in a recording 'w': the decisions, over the whole screen */
	PANEL_HIST,  /* 'h': from add to reap, as a histogram */
	PANEL_CHAIN, /* ENTER: the chain of the cell under the cursor */
	PANEL_HELP   /* '?' */
};

enum browse_mode { BROWSE_LIVE, BROWSE_REPLAY, BROWSE_TOP };

/* What the caller is to do. */
enum browse_action {
	BROWSE_NOTHING, /* draw again; the key was for the panel, or for nobody */
	BROWSE_QUIT,
	BROWSE_FREEZE, /* SPACE: freeze or go on; in a recording, play or pause */
	BROWSE_BACK,   /* '<': a snapshot back; in a recording, an event */
	BROWSE_FORWARD,
	BROWSE_PAGE_BACK, /* '{' '}': ten of them; in a recording, a second */
	BROWSE_PAGE_FORWARD,
	BROWSE_FIRST, /* Home, End: the ends of what there is */
	BROWSE_LAST,
	BROWSE_NEXT_KICK, /* 'k', 'i', 'f' in a recording; upper case: the one before */
	BROWSE_NEXT_IRQ,
	BROWSE_NEXT_FULL,
	BROWSE_PREV_KICK,
	BROWSE_PREV_IRQ,
	BROWSE_PREV_FULL,
	BROWSE_SEEK, /* 'g' and a time: .seek_ns from the start */
	BROWSE_NEXT_QUEUE,
	BROWSE_PREV_QUEUE,
	BROWSE_SLOWER, /* '-', '+' */
	BROWSE_FASTER,
	BROWSE_WHY,    /* 'w' in live: set the hooks, or take them off */
	BROWSE_RECORD, /* 'r' in live: begin a recording, or end it */
	BROWSE_OPEN,   /* ENTER in top: the ring of the queue under the cursor */
	BROWSE_LEAVE,  /* ESC: back to where this was opened from */
	BROWSE_SORT,   /* 's' in top */
	BROWSE_EXPORT  /* 'e' in a recording: this moment as SVG into a file */
};

struct browse {
	enum browse_mode mode;
	enum browse_panel panel;
	unsigned int scroll; /* first line shown of what scrolls */
	unsigned int cursor; /* descriptor, or line of top */
	unsigned int limit;  /* one more than .cursor can be; the screen sets it */
	/* Things in a line under the cursor, and lines in sight; the screen sets both. */
	unsigned int across, page;
	bool frozen;
	bool ascii;
	/* A line being typed at the bottom: '/' the filter, 'g' a time. 0: none. */
	char typing;
	char typed[32];
	char filter[32]; /* WHY and top show only lines that contain it; "" all */
	uint64_t seek_ns;
	char message[96]; /* one line to be shown until the next key; "" none */
};

/* @key: of terminal_key(). Return: what to do. */
enum browse_action browse_key(struct browse *b, int key);

/*
 * The next key of what --keys was given, which moves on. Those that are no letters are written
 * \n Enter, \t Tab, \e Escape, \b Backspace, \u \d \l \r the arrows, \h Home, \z End, \[ \] pages
 * up and down, \\ itself.
 *
 * Return: as terminal_key(); 0 at the end; -1 if it is no key.
 */
int browse_next_key(const char **keys);

#endif
