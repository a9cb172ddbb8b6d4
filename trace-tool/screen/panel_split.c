/* SPDX-License-Identifier: MIT */
/*
 * A split ring, a line for each entry: the descriptor of that number, and next to it the entry of
 * the available and of the used ring. Columns are as wide as what stands in them; what a narrow
 * screen has no room for is the word for each descriptor's part in its chain.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "panel.h"

struct columns {
	int index, addr, len; /* widths */
	int at_addr, at_len, at_flags, at_next, at_own, at_age, at_part;
	int part;	 /* width; 0: there is none */
	int avail, used; /* where the bars stand */
	bool slots;	 /* whether the rings repeat the number of the line */
};

static int hex_digits(uint64_t value)
{
	int digits = 1;

	for (; value >= 16; value /= 16)
		digits++;
	return digits;
}

/* How wide the ring's addresses and lengths are. */
static void measure(const struct snapshot *s, struct columns *c)
{
	const struct vring vr = snapshot_vring(s);

	*c = (struct columns){ .addr = 8, .len = 4 };
	c->index = digits_of(s->head.num - 1) > 2 ? digits_of(s->head.num - 1) : 2;
	for (unsigned int i = 0; i < s->head.num; i++) {
		int addr = hex_digits(le64_read(&vr.desc[i].addr));
		int len = digits_of(le32_read(&vr.desc[i].len));
		int used = digits_of(le32_read(&vr.used->ring[i].len));

		c->addr = addr > c->addr ? addr : c->addr;
		c->len = len > c->len ? len : c->len;
		c->len = used > c->len ? used : c->len;
	}
}

/* The least that each of the rings takes, its bar included. */
static int avail_width(const struct columns *c)
{
	return 2 + (c->index < 4 ? 4 : c->index) + 9;
}

static int used_width(const struct columns *c)
{
	return 2 + (c->index < 3 ? 3 : c->index) + 1 + c->len + 8;
}

#define PART_MIN 15
#define PART_MAX 26

/* Whether that much may be taken for something better than the word for each descriptor. */
static bool take(int *left, int more)
{
	if (*left < PART_MIN + more)
		return false;
	*left -= more;
	return true;
}

static void place(struct columns *c, int cols)
{
	int end, left;

	c->at_addr = 1 + c->index + 1;
	c->at_len = c->at_addr + c->addr + 1;
	c->at_flags = c->at_len + c->len + 1;
	c->at_next = c->at_flags + 4;
	c->at_own = c->at_next + (c->index < 3 ? 3 : c->index) + 1;
	c->at_age = c->at_own + 5;
	end = c->at_age + 8;
	c->at_part = end + 1;
	left = cols - end - avail_width(c) - used_width(c);
	c->avail = end;
	c->used = avail_width(c);
	take(&left, 4); /* at the right, for "<-used,last" */
	c->slots = take(&left, 2 * (c->index + 2));
	c->used += c->slots ? c->index + 2 : 0;
	c->used += take(&left, 3) ? 3 : 0; /* "in flight" */
	if (left >= PART_MIN)
		c->part = left < PART_MAX ? left : PART_MAX;
	c->avail += c->part;
	c->used += c->avail;
}

static const char *owner(const struct slot *slot, enum frame_style *style)
{
	switch (slot->state) {
	case SLOT_DEVICE:
		*style = STYLE_DEVICE;
		return "DEV";
	case SLOT_USED:
		*style = STYLE_DRIVER;
		return "DRV";
	case SLOT_GONE:
		*style = STYLE_QUIET;
		return "gone";
	default:
		*style = STYLE_QUIET;
		return "free";
	}
}

static void draw_descriptor(struct screen *screen, const struct pane *p, int row,
			    const struct columns *c, unsigned int i)
{
	const struct snapshot *s = screen->w->snapshot;
	const struct slot *slot = &screen->slots->list[i];
	const struct vring_desc *desc = &snapshot_desc(s)[i];
	const struct snapshot_note *note = slot_note(s, slot);
	uint16_t flags = le16_read(&desc->flags);
	bool free = slot_is_free(slot);
	enum frame_style style;
	char text[NUMBER_LEN], part[32];
	const char *word = owner(slot, &style);

	if (i == screen->b->cursor)
		pane_text(p, row, 0, STYLE_CURSOR, ">%*u", c->index, i);
	else
		pane_text(p, row, 1, free ? STYLE_QUIET : STYLE_PLAIN, "%*u", c->index, i);
	if (free) {
		/* What was there is over; what counts is the driver's list of what is free. */
		pane_text(p, row, c->at_addr, STYLE_QUIET, "%*s", c->addr, ".");
		pane_text(p, row, c->at_len, STYLE_QUIET, "%*s ...", c->len, ".");
		if (s->head.has_extra && s->notes[i].next < s->head.num)
			pane_text(p, row, c->at_next, STYLE_QUIET, "%*u",
				  c->index < 3 ? 3 : c->index, s->notes[i].next);
		pane_text(p, row, c->at_own, STYLE_QUIET, "free");
		return;
	}
	pane_text(p, row, c->at_addr, STYLE_PLAIN, "%*" PRIx64, c->addr, le64_read(&desc->addr));
	pane_text(p, row, c->at_len, STYLE_PLAIN, "%*u", c->len, le32_read(&desc->len));
	pane_text(p, row, c->at_flags, STYLE_PLAIN, "%c%c%c", flags & VRING_DESC_F_NEXT ? 'N' : '.',
		  flags & VRING_DESC_F_WRITE ? 'W' : '.',
		  flags & VRING_DESC_F_INDIRECT ? 'I' : '.');
	if (flags & VRING_DESC_F_NEXT)
		pane_text(p, row, c->at_next, STYLE_PLAIN, "%*u", c->index < 3 ? 3 : c->index,
			  le16_read(&desc->next));
	else
		pane_text(p, row, c->at_next, STYLE_QUIET, "%*s", c->index < 3 ? 3 : c->index, "-");
	pane_text(p, row, c->at_own, style, "%s", word);
	if (slot->first && slot->state != SLOT_GONE)
		pane_text(p, row, c->at_age,
			  buffer_is_old(screen, note) && !screen->w->receives ? STYLE_WARN :
										STYLE_PLAIN,
			  "%8s", buffer_age(screen, note, text));
	if (c->part) {
		slot_part(s, screen->slots, i, part, sizeof(part));
		pane_text(p, row, c->at_part, style, "%s%.*s", slot->first ? "" : "  ",
			  c->part - (slot->first ? 2 : 4), part);
	}
}

/* Whether the entry of @slot was written between the free-running indices @from and @to. */
static bool written_since(const struct watch *w, unsigned int slot, uint16_t from, uint16_t to)
{
	return ((slot - from) & (w->num - 1)) < (uint16_t)(to - from);
}

static void draw_avail(struct screen *screen, const struct pane *p, int row,
		       const struct columns *c, unsigned int i)
{
	const struct watch *w = screen->w;
	const struct vring vr = snapshot_vring(w->snapshot);
	int width = c->index < 4 ? 4 : c->index, col = c->avail + 2;
	uint8_t offered = screen->slots->list[i].offered;

	pane_put(p, row, c->avail, STYLE_TITLE, SIGN_BAR);
	if (c->slots) {
		pane_text(p, row, col, STYLE_QUIET, "%*u", c->index, i);
		col += c->index + 2;
	}
	if (written_since(w, i, w->snapshot->head.before.avail_idx, w->avail_idx))
		col = pane_text(p, row, col, STYLE_WARN, "%*s", width, "?");
	else
		col = pane_text(p, row, col, offered ? STYLE_PLAIN : STYLE_QUIET, "%*u", width,
				le16_read(&vr.avail->ring[i]));
	if (offered == SLOT_DEVICE)
		pane_put(p, row, col, STYLE_DEVICE, '*');
	if ((w->avail_idx & (w->num - 1)) == i)
		pane_text(p, row, col + 1, STYLE_DRIVER, "<-avail");
	else if (offered == SLOT_DEVICE && c->used - col > 12)
		pane_text(p, row, col + 2, STYLE_DEVICE, "in flight");
}

static void draw_used(struct screen *screen, const struct pane *p, int row, const struct columns *c,
		      unsigned int i)
{
	const struct watch *w = screen->w;
	const struct vring vr = snapshot_vring(w->snapshot);
	int width = c->index < 3 ? 3 : c->index, col = c->used + 2;
	bool unreaped = written_since(w, i, w->last_used, w->used_idx);
	bool next = (w->used_idx & (w->num - 1)) == i, last = (w->last_used & (w->num - 1)) == i;

	pane_put(p, row, c->used, STYLE_TITLE, SIGN_BAR);
	if (c->slots) {
		pane_text(p, row, col, STYLE_QUIET, "%*u", c->index, i);
		col += c->index + 2;
	}
	if (written_since(w, i, w->snapshot->head.before.used_mem, w->used_idx))
		col = pane_text(p, row, col, STYLE_WARN, "%*s %*s", width, "?", c->len, "?");
	else
		col = pane_text(p, row, col, unreaped ? STYLE_PLAIN : STYLE_QUIET, "%*u %*u", width,
				le32_read(&vr.used->ring[i].id), c->len,
				le32_read(&vr.used->ring[i].len));
	if (unreaped)
		pane_put(p, row, col, STYLE_DRIVER, '*');
	if (next || last)
		pane_text(p, row, col + 1, next ? STYLE_DEVICE : STYLE_DRIVER, "%s",
			  next && last ? "<-used,last" :
			  next	       ? "<-used" :
					 "<-last");
}

/* In the rule, above a ring: as far right as the words before it and the next one allow. */
static void draw_name(const struct pane *p, int bar, int from, int to, const char *name,
		      enum frame_style style)
{
	int col = bar + 1;

	if (from <= bar)
		pane_put(p, 0, bar, STYLE_TITLE, SIGN_TEE);
	else
		col = from;
	if (col + (int)strlen(name) <= to)
		pane_text(p, 0, col, style, "%s", name);
}

static void draw_heads(struct screen *screen, const struct pane *p, const struct columns *c)
{
	const struct vt_snapshot *h = &screen->w->snapshot->head;
	int width = c->index < 4 ? 4 : c->index, slots = c->slots ? c->index + 2 : 0;
	char words[64], text[128];
	int end;

	snapshot_words(screen, words, sizeof(words));
	snprintf(text, sizeof(text), "DESCRIPTORS %u/%u free", h->before.num_free, h->num);
	end = strlen(text);
	/* AVAIL keeps its name, though the words be fewer. */
	if (end + (int)strlen(words) + 6 > c->avail)
		snapshot_words_brief(screen, words, sizeof(words));
	if (words[0])
		snprintf(text + end, sizeof(text) - end, ", %s", words);
	else if (h->before.num_free && c->avail > 46)
		snprintf(text + end, sizeof(text) - end, ", free_head %u", h->free_head);
	end = strlen(text) + 4;
	pane_rule(p, 0, "%s", text);
	draw_name(p, c->avail, end, c->used,
		  c->used - c->avail > 16 ? " AVAIL drv->dev " : " AVAIL ", STYLE_DRIVER);
	draw_name(p, c->used, end, p->cols, p->cols - c->used > 28 ? " USED dev->drv " : " USED ",
		  STYLE_DEVICE);
	pane_text(p, 1, 1, STYLE_QUIET, "%*s %*s %*s flg %*s own      age", c->index, "#", c->addr,
		  "dma_addr", c->len, "len", c->index < 3 ? 3 : c->index, "nxt");
	if (c->part)
		pane_text(p, 1, c->at_part, STYLE_QUIET, "chain");
	pane_put(p, 1, c->avail, STYLE_TITLE, SIGN_BAR);
	pane_put(p, 1, c->used, STYLE_TITLE, SIGN_BAR);
	if (c->slots) {
		pane_text(p, 1, c->avail + 2, STYLE_QUIET, "%*s", c->index, "#");
		pane_text(p, 1, c->used + 2, STYLE_QUIET, "%*s", c->index, "#");
	}
	pane_text(p, 1, c->avail + 2 + slots, STYLE_QUIET, "%*s", width, "head");
	pane_text(p, 1, c->used + 2 + slots, STYLE_QUIET, "%*s %*s", c->index < 3 ? 3 : c->index,
		  "id", c->len, "len");
}

void panel_split(struct screen *screen, const struct pane *p)
{
	unsigned int num = screen->w->snapshot->head.num, shown = p->rows > 2 ? p->rows - 2 : 0;
	unsigned int first;
	struct columns c;

	first = screen_scroll_to_cursor(screen->b, num, shown, 1);
	measure(screen->w->snapshot, &c);
	place(&c, p->cols);
	draw_heads(screen, p, &c);
	for (unsigned int i = 0; i < shown && first + i < num; i++) {
		draw_descriptor(screen, p, 2 + i, &c, first + i);
		draw_avail(screen, p, 2 + i, &c, first + i);
		draw_used(screen, p, 2 + i, &c, first + i);
	}
	draw_range(p, 0, first, shown, num);
}
