/* SPDX-License-Identifier: MIT */
/*
 * What the panels of a screen share. Each draws into a pane, its rule first, what there is room
 * for; how much it would like is asked for separately.
 */
#ifndef TRACE_TOOL_SCREEN_PANEL_H
#define TRACE_TOOL_SCREEN_PANEL_H

#include "pane.h"
#include "screen.h"
#include "slots.h"

/* How the ring moved since its memory was copied: entries added, used, reaped. */
struct since {
	unsigned int added, used, reaped;
};

struct screen {
	const struct watch *w;
	const struct screen_status *s;
	struct browse *b;
	const struct slots *slots; /* NULL without a snapshot */
	struct since since;
};

typedef void panel_draw(struct screen *screen, const struct pane *p);
typedef int panel_rows(const struct screen *screen, int cols); /* rule included */

/* panel_split.c: descriptors, available and used ring side by side, a line for each entry */
panel_draw panel_split;
/* panel_packed.c: the packed ring, a line for each slot */
panel_draw panel_packed;
/* panel_cells.c: a cell for each descriptor; and the rings as strips */
panel_draw panel_cells, panel_strips;
panel_rows panel_cells_rows;
/* panel_indices.c: of a split ring its indices, of a packed one its event areas */
panel_draw panel_indices, panel_event_areas;
/* panel_why.c: decisions, newest first */
panel_draw panel_why;
/* panel_second.c: the second that ends now, how full the ring was, who waits longest */
panel_draw panel_second, panel_history, panel_stalest;
panel_rows panel_second_rows;
/* panel_hist.c */
panel_draw panel_hist;
panel_rows panel_hist_rows;
/* panel_memory.c: where the areas lie, to scale; the bytes; one line of both */
panel_draw panel_map, panel_bytes, panel_memory_line;
panel_rows panel_map_rows;
/* panel_chain.c */
panel_draw panel_chain;
panel_rows panel_chain_rows;
/* panel_help.c: all keys; and the signs of the ring's panel */
panel_draw panel_help, panel_legend;

/* ---- words.c ---- */

/* The time of day, or in a recording seconds since its beginning. */
#define TIME_LEN 32
const char *screen_time(const struct screen *screen, uint64_t ns, char buf[TIME_LEN]);

/*
 * "41238-41236-1 = 1 >= 1", or of packed rings "8+16-14-1 = 9 >= 3", or the flags that decide.
 * Return: whether the driver by this would kick.
 */
bool kick_words(const struct vring_event_kick *kick, uint8_t flags, unsigned int num, char *buf,
		size_t size);

/* How old a buffer is, "> 1.2 s" where it is at least that; "" where it is not known. */
const char *buffer_age(const struct screen *screen, const struct snapshot_note *note,
		       char buf[NUMBER_LEN]);
#define OLD_NS 1000000000ull
bool buffer_is_old(const struct screen *screen, const struct snapshot_note *note);

struct since since_snapshot(const struct watch *w);

/* "memory as of 12 ms before", "MOVING"; "" where there is nothing to be said. */
const char *snapshot_words(const struct screen *screen, char *buf, size_t size);
/* "12 ms old", where there is no room for more. */
const char *snapshot_words_brief(const struct screen *screen, char *buf, size_t size);

/* Keeps .scroll within @total lines of which @shown fit. Return: the first line shown. */
unsigned int screen_scroll(struct browse *b, unsigned int total, unsigned int shown);
/* The same for @num descriptors, @across in a line; the cursor stays in sight. */
unsigned int screen_scroll_to_cursor(struct browse *b, unsigned int num, unsigned int shown,
				     unsigned int across);
/* "17-42" at the right end of a rule, where not all are shown. */
void draw_range(const struct pane *p, int row, unsigned int first, unsigned int shown,
		unsigned int total);

#endif
