/* SPDX-License-Identifier: MIT */
/*
 * Where the three areas lie and what the fields in them say, to scale; and their bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../bytes.h"
#include "panel.h"

#define PAGE 4096

struct extent {
	uint64_t from, to; /* of all three areas */
	uint64_t bytes;	   /* in them */
	unsigned int pages;
	bool known; /* where they are */
};

static const char *area_name(const struct snapshot *s, int area)
{
	static const char *const names[2][3] = { { "desc", "avail", "used" },
						 { "ring", "driver area", "device area" } };

	return names[s->head.packed][area];
}

/* Whether any area before @area has something in @page. */
static bool touched_before(const struct snapshot *s, int area, uint64_t page)
{
	while (area-- > VT_DESC) {
		uint64_t from = s->head.dma[area], to = from + s->head.area_bytes[area] - 1;

		if (from / PAGE <= page && page <= to / PAGE)
			return true;
	}
	return false;
}

static struct extent extent_of(const struct snapshot *s)
{
	struct extent e = { .from = UINT64_MAX, .known = true };

	for (int area = VT_DESC; area <= VT_DEVICE; area++) {
		uint64_t from = s->head.dma[area], to = from + s->head.area_bytes[area];

		e.known &= from != 0 && to > from;
		e.from = from < e.from ? from : e.from;
		e.to = to > e.to ? to : e.to;
		e.bytes += s->head.area_bytes[area];
	}
	/* A page that two areas share counts with the first of them. */
	for (int area = VT_DESC; e.known && area <= VT_DEVICE; area++) {
		uint64_t first = s->head.dma[area] / PAGE;
		uint64_t last = (s->head.dma[area] + s->head.area_bytes[area] - 1) / PAGE;

		e.pages += last - first + 1;
		e.pages -= touched_before(s, area, first);
		e.pages -= last != first && touched_before(s, area, last);
	}
	return e;
}

/* "@256", from where the first begins; or where it is, if they lie far apart. */
static const char *place_of(const struct snapshot *s, const struct extent *e, int area,
			    char buf[32])
{
	if (!e->known)
		snprintf(buf, 32, "@?");
	else if (e->to - e->from > 64 * PAGE + e->bytes)
		snprintf(buf, 32, "0x%" PRIx64, s->head.dma[area]);
	else
		snprintf(buf, 32, "@%" PRIu64, s->head.dma[area] - e->from);
	return buf;
}

/* Puts @more behind @text as far as the rule has room for it. */
static void append(char *text, size_t room, const char *more)
{
	size_t len = strlen(text);

	if (len + strlen(more) < room)
		memcpy(text + len, more, strlen(more) + 1);
}

void panel_memory_line(struct screen *screen, const struct pane *p)
{
	const struct snapshot *s = screen->w->snapshot;
	struct extent e = extent_of(s);
	char text[200] = "", more[64], at[32];
	size_t room = p->cols - 12 < (int)sizeof(text) ? p->cols - 12 : (int)sizeof(text);

	for (int area = VT_DESC; area <= VT_DEVICE; area++) {
		snprintf(more, sizeof(more), "%s%s %s +%u", area ? " | " : "", area_name(s, area),
			 place_of(s, &e, area, at), s->head.area_bytes[area]);
		append(text, room, more);
	}
	snprintf(more, sizeof(more), " | %" PRIu64 " B", e.bytes);
	append(text, room, more);
	snprintf(more, sizeof(more), ", %u page%s", e.pages, e.pages == 1 ? "" : "s");
	append(text, room, e.known ? more : "");
	snprintf(more, sizeof(more), ", dma 0x%" PRIx64, e.from);
	append(text, room, e.known ? more : "");
	pane_rule(p, 0, "MEMORY  %s", text);
}

/* ---- the map ---- */

struct field {
	const char *name;
	int area;
	uint32_t offset; /* bytes, in its area */
	uint32_t value;
	bool position; /* packed: slot and wrap */
	const char *writer;
};

#define MAX_FIELDS 8

static unsigned int find_fields(const struct snapshot *s, struct field *fields)
{
	const struct vring vr = snapshot_vring(s);
	const struct vring_packed_desc_event *driver = s->area[VT_DRIVER];
	const struct vring_packed_desc_event *device = s->area[VT_DEVICE];
	uint32_t num = s->head.num;

	if (s->head.packed) {
		fields[0] = (struct field){ "driver area: off_wrap",	  VT_DRIVER, 0,
					    le16_read(&driver->off_wrap), true,	     "driver" };
		fields[1] = (struct field){ "driver area: flags",      VT_DRIVER, 2,
					    le16_read(&driver->flags), false,	  "driver" };
		fields[2] = (struct field){ "device area: off_wrap",	  VT_DEVICE, 0,
					    le16_read(&device->off_wrap), true,	     "device" };
		fields[3] = (struct field){ "device area: flags",      VT_DEVICE, 2,
					    le16_read(&device->flags), false,	  "device" };
		return 4;
	}
	fields[0] = (struct field){ "avail.flags", VT_DRIVER, 0, le16_read(&vr.avail->flags),
				    false,	   "driver" };
	fields[1] = (struct field){ "avail.idx", VT_DRIVER, 2, le16_read(&vr.avail->idx),
				    false,	 "driver" };
	fields[2] = (struct field){ "used_event", VT_DRIVER,
				    4 + 2 * num,  le16_read(vring_used_event(&vr)),
				    false,	  "driver" };
	fields[3] = (struct field){ "used.flags", VT_DEVICE, 0, le16_read(&vr.used->flags),
				    false,	  "device" };
	fields[4] = (struct field){ "used.idx", VT_DEVICE, 2, le16_read(&vr.used->idx),
				    false,	"device" };
	fields[5] = (struct field){ "avail_event", VT_DEVICE,
				    4 + 8 * num,   le16_read(vring_avail_event(&vr)),
				    false,	   "device" };
	return 6;
}

int panel_map_rows(const struct screen *screen, int cols)
{
	(void)cols;
	/* The rule; three areas and their ruler; a head and the fields. */
	return 1 + 4 + 1 + (screen->w->packed ? 4 : 6);
}

/* The area's part of a bar of @width columns that stands for all of @e. */
static void draw_bar(const struct pane *p, int row, int col, int width, const struct extent *e,
		     uint64_t from, uint64_t to, enum frame_style style, char sign)
{
	uint64_t span = e->to - e->from;
	int first = (from - e->from) * width / span, last = (to - 1 - e->from) * width / span;

	pane_fill(p, row, col, width, STYLE_QUIET, '.');
	pane_fill(p, row, col + first, last - first + 1, style, sign);
}

static void draw_ruler(const struct pane *p, int row, int col, int width, const struct extent *e)
{
	uint64_t span = e->to - e->from, step = PAGE, from = e->from + PAGE - 1;

	while (span / step > (uint64_t)width / 4)
		step *= 2;
	for (uint64_t at = from - from % PAGE; at < e->to; at += step)
		pane_put(p, row, col + (at - e->from) * width / span, STYLE_QUIET, '^');
	pane_text(p, row, 1, STYLE_QUIET, "^ is %s, a column %" PRIu64 " B",
		  step == PAGE ? "a page" : "some pages", (span + width - 1) / width);
}

static int draw_areas(const struct snapshot *s, const struct pane *p, const struct extent *e)
{
	static const enum frame_style styles[] = { STYLE_PLAIN, STYLE_DRIVER, STYLE_DEVICE };
	static const char signs[] = { '#', '>', '<' };
	int col = 34, width = p->cols - col - 1;
	bool apart = !e->known || e->to - e->from > 64 * PAGE + e->bytes;
	char at[32];

	for (int area = VT_DESC; area <= VT_DEVICE; area++) {
		pane_text(p, 1 + area, 1, styles[area], "%-12s%9s +%u", area_name(s, area),
			  place_of(s, e, area, at), s->head.area_bytes[area]);
		if (!apart)
			draw_bar(p, 1 + area, col, width, e, s->head.dma[area],
				 s->head.dma[area] + s->head.area_bytes[area], styles[area],
				 signs[area]);
	}
	if (!apart)
		draw_ruler(p, 4, col, width, e);
	else
		pane_text(p, 4, 1, STYLE_QUIET, "%s",
			  e->known ? "They lie far apart, each in memory of its own." :
				     "Where they lie, the driver does not keep.");
	return 5;
}

void panel_map(struct screen *screen, const struct pane *p)
{
	const struct snapshot *s = screen->w->snapshot;
	struct extent e = extent_of(s);
	struct field fields[MAX_FIELDS];
	unsigned int count = find_fields(s, fields);
	char words[64], text[128];
	int row = 5;

	snapshot_words(screen, words, sizeof(words));
	if (e.known)
		snprintf(text, sizeof(text), "%" PRIu64 " B in %u page%s, dma 0x%" PRIx64, e.bytes,
			 e.pages, e.pages == 1 ? "" : "s", e.from);
	else
		snprintf(text, sizeof(text), "%" PRIu64 " B", e.bytes);
	pane_rule(p, 0, "MEMORY  %s%s%s", text, words[0] ? ", " : "", words);
	row = draw_areas(s, p, &e);
	pane_text(p, row++, 1, STYLE_QUIET, "%-24s %-18s %6s  %s", "field", "at", "value",
		  "written by the");
	for (unsigned int i = 0; i < count; i++, row++) {
		int col = pane_text(p, row, 1, STYLE_PLAIN, "%-24s 0x%-16" PRIx64, fields[i].name,
				    s->head.dma[fields[i].area] + fields[i].offset);

		if (fields[i].position)
			col = pane_text(p, row, col, STYLE_PLAIN, " %4uw%d",
					fields[i].value & 0x7fff, packed_wrap(fields[i].value));
		else
			col = pane_text(p, row, col, STYLE_PLAIN, " %6u", fields[i].value);
		pane_text(p, row, col + 2,
			  fields[i].area == VT_DRIVER ? STYLE_DRIVER : STYLE_DEVICE, "%s",
			  fields[i].writer);
	}
}

/* ---- the bytes ---- */

struct bytes {
	const struct pane *p;
	int row;
};

static void draw_line(void *arg, enum bytes_kind kind, const char *text)
{
	static const enum frame_style styles[] = { STYLE_TITLE, STYLE_PLAIN, STYLE_QUIET };
	struct bytes *bytes = arg;

	pane_text(bytes->p, bytes->row++, 1, styles[kind], "%s", text);
}

void panel_bytes(struct screen *screen, const struct pane *p)
{
	const struct snapshot *s = screen->w->snapshot;
	bool compact = p->cols < 110; /* so that the words behind the bytes have room */
	unsigned int shown = p->rows - 1, first = 0;
	unsigned int total = bytes_lines(s, 0, 0, compact, draw_line, NULL);
	struct bytes bytes = { .p = p, .row = 1 };
	char words[64];

	if (screen->b->panel == PANEL_BYTES)
		first = screen_scroll(screen->b, total, shown);
	snapshot_words(screen, words, sizeof(words));
	pane_rule(p, 0, "BYTES  lines %u to %u of %u%s%s", total ? first + 1 : 0,
		  first + shown < total ? first + shown : total, total, words[0] ? ", " : "",
		  words);
	bytes_lines(s, first, shown, compact, draw_line, &bytes);
}
