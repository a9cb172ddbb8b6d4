/* SPDX-License-Identifier: MIT */
/*
 * Rows are given out in steps: first each panel that matters gets what it needs to be of use, then
 * they grow in the order of their worth. So a small screen shows the ring, its indices and a few
 * decisions, and a large one leaves nothing empty.
 */
#include "layout.h"

/* In the order in which they stand on the screen. */
enum part {
	PART_RING,
	PART_STRIPS,
	PART_INDICES,
	PART_SECOND,
	PART_HISTORY,
	PART_STALEST,
	PART_WHY,
	PART_HIST,
	PART_MAP,
	PART_CHAIN,
	PART_MORE, /* what there is still room for: of a table the bytes, of cells the table */
	PART_LEGEND,
	PART_MEMORY,
	PARTS
};

#define ALL 0x10000 /* as many rows as the part wants */

/* Up to @rows for @part, if it comes to @least. */
struct step {
	enum part part;
	int rows, least;
};

static const struct step one_column[] = {
	{ PART_RING, 8, 3 },	{ PART_INDICES, 3, 3 }, { PART_WHY, 4, 2 },
	{ PART_RING, 18, 0 },	{ PART_STRIPS, 5, 5 },	{ PART_SECOND, ALL, 4 },
	{ PART_LEGEND, 1, 1 },	{ PART_MEMORY, 1, 1 },	{ PART_HISTORY, 2, 2 },
	{ PART_STALEST, 2, 2 }, { PART_RING, ALL, 0 },	{ PART_WHY, 12, 0 },
	{ PART_HIST, ALL, 8 },	{ PART_MAP, ALL, 6 },	{ PART_CHAIN, ALL, 5 },
	{ PART_MORE, ALL, 6 },	{ PART_WHY, ALL, 0 },
};

static const struct step left_column[] = {
	{ PART_RING, 18, 3 },	{ PART_INDICES, 3, 3 }, { PART_STRIPS, 5, 5 },
	{ PART_LEGEND, 1, 1 },	{ PART_MAP, ALL, 6 },	{ PART_RING, ALL, 0 },
	{ PART_CHAIN, ALL, 5 }, { PART_HIST, ALL, 8 },	{ PART_MORE, ALL, 6 },
};

static const struct step right_column[] = {
	{ PART_SECOND, ALL, 4 },
	{ PART_HISTORY, 2, 2 },
	{ PART_STALEST, 2, 2 },
	{ PART_WHY, ALL, 3 },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Where two columns have room for what one of them shows best at 100. */
#define TWO_COLUMNS 190

static bool table_fits(const struct screen *screen, int rows)
{
	unsigned int num = screen->w->num;

	/* Next to the table there is to be room for the indices and a few decisions. */
	return num <= 32 || (int)num + 2 + 3 + 4 + 2 <= rows;
}

static int wanted(const struct screen *screen, enum part part, const struct pane *p, bool table)
{
	const struct watch *w = screen->w;

	switch (part) {
	case PART_RING:
		return !w->snapshot ? 3 :
		       table	    ? 2 + (int)w->num :
				      panel_cells_rows(screen, p->cols);
	case PART_STRIPS:
		return w->snapshot && !table && !w->packed ? 5 : 0;
	case PART_INDICES:
		return 3;
	case PART_SECOND:
		return panel_second_rows(screen, p->cols);
	case PART_HISTORY:
	case PART_STALEST:
		return part == PART_HISTORY || w->snapshot ? 2 : 0;
	case PART_HIST:
		return panel_hist_rows(screen, p->cols);
	case PART_MAP:
		return w->snapshot ? panel_map_rows(screen, p->cols) : 0;
	case PART_CHAIN:
		return w->snapshot ? panel_chain_rows(screen, p->cols) : 0;
	case PART_MORE:
		return w->snapshot ? p->rows : 0;
	case PART_LEGEND:
		return w->snapshot && table;
	case PART_MEMORY:
		return !!w->snapshot;
	default:
		return p->rows;
	}
}

static void draw_no_memory(struct screen *screen, const struct pane *p)
{
	pane_rule(p, 0, "RING  %u entries", screen->w->num);
	pane_text(p, 1, 1, STYLE_QUIET, "%s",
		  screen->slots || !screen->w->snapshot ?
			  "Known only from its events: no snapshot of its memory until now." :
			  "There is no memory left to draw it.");
}

/* What scrolls here goes with the cursor, and not with the keys for the ring. */
static void draw_more(struct screen *screen, const struct pane *p, bool table)
{
	struct browse browse = *screen->b;
	struct screen more = *screen;

	more.b = &browse;
	browse.scroll = browse.cursor;
	if (table)
		panel_bytes(&more, p);
	else if (screen->w->packed)
		panel_packed(&more, p);
	else
		panel_split(&more, p);
}

static panel_draw *drawer(const struct screen *screen, enum part part, bool table)
{
	bool packed = screen->w->packed;

	switch (part) {
	case PART_RING:
		if (!screen->slots)
			return draw_no_memory;
		return !table ? panel_cells : packed ? panel_packed : panel_split;
	case PART_STRIPS:
		return panel_strips;
	case PART_INDICES:
		return packed ? panel_event_areas : panel_indices;
	case PART_SECOND:
		return panel_second;
	case PART_HISTORY:
		return panel_history;
	case PART_WHY:
		return panel_why;
	case PART_STALEST:
		return panel_stalest;
	case PART_HIST:
		return panel_hist;
	case PART_MAP:
		return panel_map;
	case PART_CHAIN:
		return panel_chain;
	case PART_LEGEND:
		return panel_legend;
	default:
		return panel_memory_line;
	}
}

static void draw_column(struct screen *screen, const struct pane *p, const struct step *steps,
			size_t count, bool table)
{
	int rows[PARTS] = {}, left = p->rows, row = 0;

	for (size_t i = 0; i < count; i++) {
		enum part part = steps[i].part;
		int most = wanted(screen, part, p, table);
		int to = steps[i].rows < most ? steps[i].rows : most;

		if (to > rows[part] + left)
			to = rows[part] + left;
		if (to <= rows[part] || (to < steps[i].least && to < most))
			continue;
		left -= to - rows[part];
		rows[part] = to;
	}
	if (rows[PART_MAP]) { /* says all that the line does */
		rows[PART_WHY] += rows[PART_MEMORY];
		rows[PART_MEMORY] = 0;
	}
	for (int part = 0; part < PARTS; part++) {
		struct pane pane = pane_part(p, row, rows[part]);

		if (rows[part] && part == PART_MORE)
			draw_more(screen, &pane, table);
		else if (rows[part])
			drawer(screen, part, table)(screen, &pane);
		row += rows[part];
	}
}

static void draw_ring(struct screen *screen, const struct pane *body, bool table)
{
	struct pane left = *body, right = *body;

	if (body->cols < TWO_COLUMNS) {
		draw_column(screen, body, one_column, COUNT(one_column), table);
		return;
	}
	left.cols = body->cols / 2;
	right.col = left.cols + 1;
	right.cols = body->cols - right.col;
	for (int row = 0; row < body->rows; row++)
		pane_put(body, row, left.cols, STYLE_TITLE, SIGN_BAR);
	draw_column(screen, &left, left_column, COUNT(left_column), table);
	draw_column(screen, &right, right_column, COUNT(right_column), table);
}

/* One panel over all of the body, and the indices below it. */
static void draw_with_indices(struct screen *screen, const struct pane *body, panel_draw *draw)
{
	struct pane upper = pane_part(body, 0, body->rows - 3);
	struct pane lower = pane_part(body, body->rows - 3, 3);

	draw(screen, &upper);
	(screen->w->packed ? panel_event_areas : panel_indices)(screen, &lower);
}

void layout_draw(struct screen *screen, const struct pane *body)
{
	enum browse_panel panel = screen->b->panel;
	bool needs_memory = panel == PANEL_TABLE || panel == PANEL_MEMORY || panel == PANEL_BYTES ||
			    panel == PANEL_CHAIN;

	if (needs_memory && !screen->slots)
		panel = PANEL_RING;
	switch (panel) {
	case PANEL_TABLE:
		draw_with_indices(screen, body, screen->w->packed ? panel_packed : panel_split);
		break;
	case PANEL_MEMORY:
		draw_with_indices(screen, body, panel_map);
		break;
	case PANEL_BYTES:
		panel_bytes(screen, body);
		break;
	case PANEL_WHY:
		panel_why(screen, body);
		break;
	case PANEL_HIST:
		panel_hist(screen, body);
		break;
	case PANEL_CHAIN:
		draw_with_indices(screen, body, panel_chain);
		break;
	case PANEL_HELP:
		panel_help(screen, body);
		break;
	case PANEL_RING:
		draw_ring(screen, body, table_fits(screen, body->rows));
		break;
	}
}
