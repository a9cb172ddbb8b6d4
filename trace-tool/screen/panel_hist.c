/* SPDX-License-Identifier: MIT */
/*
 * From add to reap, of the buffers reaped in the last second: the histogram that bcc's tools have
 * made familiar.
 */
#include <inttypes.h>
#include <stdio.h>

#include "panel.h"

#define BUCKETS 32
#define MOST_STARS 40

/* The first and the last bucket that hold any. Return: false if none does. */
static bool range(const struct watch_second *second, int *first, int *last)
{
	*first = BUCKETS;
	*last = -1;
	for (int i = 0; i < BUCKETS; i++) {
		if (!second->log2_us[i])
			continue;
		if (i < *first)
			*first = i;
		*last = i;
	}
	return *last >= 0;
}

int panel_hist_rows(const struct screen *screen, int cols)
{
	int first, last;

	(void)cols;
	/* The bucket on either side shows that there it ends. */
	return range(&screen->w->second, &first, &last) ? 2 + last - first + 3 : 0;
}

static void draw_bucket(const struct watch_second *second, const struct pane *p, int row, int i,
			uint64_t most)
{
	uint64_t count = second->log2_us[i];
	uint64_t from = i ? 1ull << i : 0, to = (2ull << i) - 1;
	int stars = most ? (int)(count * MOST_STARS / most) : 0, room = p->cols - 38;
	int col = pane_text(p, row, 1, STYLE_PLAIN, "%10" PRIu64 " -> %-10" PRIu64 " : %-8" PRIu64,
			    from, to, count);

	if (room > MOST_STARS)
		room = MOST_STARS;
	pane_put(p, row, ++col, STYLE_QUIET, '|');
	pane_fill(p, row, col + 1, stars < room ? stars : room, STYLE_DEVICE, '*');
	pane_put(p, row, col + 1 + room, STYLE_QUIET, '|');
}

void panel_hist(struct screen *screen, const struct pane *p)
{
	const struct watch_second *second = &screen->w->second;
	uint64_t most = 0;
	int first, last, row = 2;

	pane_rule(p, 0, "%s, LAST SECOND   %" PRIu64 " buffers",
		  screen->w->receives ? "BUFFER RESIDENCY" : "FROM ADD TO REAP",
		  second->reaps_known);
	if (!range(second, &first, &last)) {
		pane_text(p, 1, 2, STYLE_QUIET, "%s",
			  screen->w->events_known ?
				  "No buffer was reaped in this second whose add is known." :
				  "This takes events: w sets the hooks.");
		return;
	}
	for (int i = first; i <= last; i++)
		most = second->log2_us[i] > most ? second->log2_us[i] : most;
	pane_text(p, 1, 1, STYLE_QUIET, "%16s%10s : %-8s  distribution", "usecs", "", "count");
	first -= first > 0;
	last += last < BUCKETS - 1;
	for (int i = first; i <= last && row < p->rows; i++, row++)
		draw_bucket(second, p, row, i, most);
}
