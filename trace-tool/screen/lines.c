/* SPDX-License-Identifier: MIT */
/*
 * The lines at the top and at the bottom.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "lines.h"

void line_add(struct line *line, uint8_t rank, enum frame_style style, const char *format, ...)
{
	struct line_item *item = &line->items[line->count];
	va_list args;

	if (line->count == LINE_ITEMS)
		return;
	va_start(args, format);
	vsnprintf(item->text, sizeof(item->text), format, args);
	va_end(args);
	item->style = style;
	item->rank = rank;
	item->right = line->right;
	line->count += item->text[0] != '\0';
}

void line_key(struct line *line, uint8_t rank, const char *key, const char *what)
{
	struct line_item *item = &line->items[line->count];

	if (line->count == LINE_ITEMS)
		return;
	line_add(line, rank, STYLE_QUIET, " %s", what);
	snprintf(item->key, sizeof(item->key), "%s", key);
}

void line_right(struct line *line)
{
	line->right = true;
}

void line_meter(struct line *line, const struct screen_status *s)
{
	line_add(line, s->lost ? 0 : 2, s->lost ? STYLE_WARN : STYLE_PLAIN, "lost %" PRIu64,
		 s->lost);
	line_add(line, s->missed ? 0 : 3, s->missed ? STYLE_WARN : STYLE_PLAIN, "missed %" PRIu64,
		 s->missed);
	if (s->cost >= 0)
		line_add(line, 2, STYLE_PLAIN, "cost %.1f%%", 100 * s->cost);
}

static int width_of(const struct line *line, bool right)
{
	int width = 1;

	for (unsigned int i = 0; i < line->count; i++)
		if (line->items[i].right == right)
			width += strlen(line->items[i].key) + strlen(line->items[i].text) +
				 line->gap;
	return width;
}

/* Return: false if nothing may be left out any more. */
static bool leave_one_out(struct line *line)
{
	unsigned int worst = 0;

	for (unsigned int i = 0; i < line->count; i++)
		if (line->items[i].rank >= line->items[worst].rank)
			worst = i;
	if (!line->count || !line->items[worst].rank)
		return false;
	line->count--;
	memmove(&line->items[worst], &line->items[worst + 1],
		(line->count - worst) * sizeof(*line->items));
	return true;
}

void line_draw(struct line *line, struct frame *f, int row)
{
	int left = 1, right;

	line->gap = line->gap ? line->gap : 2;
	while (width_of(line, false) + width_of(line, true) - line->gap > (int)f->cols)
		if (!leave_one_out(line))
			break;
	right = (int)f->cols - width_of(line, true) + line->gap;
	for (unsigned int i = 0; i < line->count; i++) {
		const struct line_item *item = &line->items[i];
		int *col = item->right ? &right : &left;

		*col = frame_text(f, row, *col, STYLE_KEY, "%s", item->key);
		*col = frame_text(f, row, *col, item->style, "%s", item->text) + line->gap;
	}
}
