/* SPDX-License-Identifier: MIT */
/*
 * The annotated hexdump. Each line holds whole fields: a descriptor, eight entries of the available
 * ring, two of the used ring. Lines of nothing but zeroes are summed up.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"

#define PER_LINE 16

struct dump {
	const struct snapshot *s;
	unsigned int first, count; /* lines wanted */
	unsigned int number;	   /* of the next line */
	bool compact;
	bytes_line *line;
	void *arg;
	char text[256];
	size_t len; /* of what is in .text */
};

/* ---- one line ---- */

static bool wanted(const struct dump *d)
{
	return d->number >= d->first && d->number - d->first < d->count;
}

static void put(struct dump *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct dump *d, const char *format, ...)
{
	va_list args;
	int more;

	if (!wanted(d))
		return;
	va_start(args, format);
	more = vsnprintf(d->text + d->len, sizeof(d->text) - d->len, format, args);
	va_end(args);
	d->len += more;
	if (d->len >= sizeof(d->text))
		d->len = sizeof(d->text) - 1;
}

static void end(struct dump *d, enum bytes_kind kind)
{
	if (wanted(d))
		d->line(d->arg, kind, d->text);
	d->number++;
	d->len = 0;
	d->text[0] = '\0';
}

/* @len bytes at @at of @area, padded to a full line. */
static void put_bytes(struct dump *d, enum vt_area area, size_t at, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)d->s->area[area] + at;

	if (!wanted(d))
		return;
	put(d, "%012" PRIx64 " ", d->s->head.dma[area] + at);
	for (size_t i = 0; i < PER_LINE; i++) {
		if (!d->compact || i % 4 == 0)
			put(d, " ");
		if (i < len)
			put(d, "%02x", bytes[i]);
		else
			put(d, "  ");
	}
	put(d, "  ");
}

static void title(struct dump *d, enum vt_area area, const char *name, const char *writer)
{
	put(d, "%s, %u bytes, written by the %s", name, d->s->head.area_bytes[area], writer);
	end(d, BYTES_TITLE);
}

static bool is_zero(const void *bytes, size_t len)
{
	static const uint8_t zero[PER_LINE];

	return !memcmp(bytes, zero, len);
}

static void sum_zero(struct dump *d, unsigned int count, const char *what)
{
	if (!count)
		return;
	put(d, "%u of %u %s are all zeroes", count, d->s->head.num, what);
	end(d, BYTES_SUMMED);
}

/* ---- descriptors ---- */

static void put_flags(struct dump *d, uint16_t flags)
{
	put(d, "%s%s%s", flags & VRING_DESC_F_NEXT ? " NEXT" : "",
	    flags & VRING_DESC_F_WRITE ? " WRITE" : "",
	    flags & VRING_DESC_F_INDIRECT ? " INDIRECT" : "");
}

static void put_split_desc(struct dump *d, const struct vring_desc *desc, unsigned int slot)
{
	uint16_t flags = le16_read(&desc->flags);

	put(d, "desc %u: len %u", slot, le32_read(&desc->len));
	put_flags(d, flags);
	if (flags & VRING_DESC_F_NEXT)
		put(d, " next %u", le16_read(&desc->next));
}

static void put_packed_desc(struct dump *d, const struct vring_packed_desc *desc, unsigned int slot)
{
	uint16_t flags = le16_read(&desc->flags);

	put(d, "slot %u: len %u id %u A%d U%d", slot, le32_read(&desc->len), le16_read(&desc->id),
	    !!(flags & VRING_PACKED_DESC_F_AVAIL), !!(flags & VRING_PACKED_DESC_F_USED));
	put_flags(d, flags);
}

static void dump_descriptors(struct dump *d)
{
	const struct snapshot *s = d->s;
	unsigned int never = 0;

	for (unsigned int i = 0; i < s->head.num; i++) {
		if (is_zero(&snapshot_desc(s)[i], sizeof(struct vring_desc))) {
			never++;
			continue;
		}
		put_bytes(d, VT_DESC, i * sizeof(struct vring_desc), sizeof(struct vring_desc));
		if (s->head.packed)
			put_packed_desc(d, &snapshot_packed(s)[i], i);
		else
			put_split_desc(d, &snapshot_desc(s)[i], i);
		end(d, BYTES_LINE);
	}
	sum_zero(d, never, "descriptors");
}

/* ---- the rings ---- */

static void dump_avail(struct dump *d)
{
	const struct vring vr = snapshot_vring(d->s);
	size_t ring = sizeof(struct vring_avail);
	unsigned int zero = 0;

	put_bytes(d, VT_DRIVER, 0, ring);
	put(d, "flags %u, idx %u", le16_read(&vr.avail->flags), le16_read(&vr.avail->idx));
	end(d, BYTES_LINE);
	for (unsigned int i = 0; i < vr.num; i += PER_LINE / 2) {
		unsigned int count = vr.num - i < PER_LINE / 2 ? vr.num - i : PER_LINE / 2;

		if (is_zero(&vr.avail->ring[i], 2 * count)) {
			zero += count;
			continue;
		}
		put_bytes(d, VT_DRIVER, ring + 2 * i, 2 * count);
		put(d, "entry %u:", i);
		for (unsigned int n = 0; n < count; n++)
			put(d, " %u", le16_read(&vr.avail->ring[i + n]));
		end(d, BYTES_LINE);
	}
	sum_zero(d, zero, "entries");
	put_bytes(d, VT_DRIVER, ring + 2 * vr.num, 2);
	put(d, "used_event %u", le16_read(vring_used_event(&vr)));
	end(d, BYTES_LINE);
}

static void dump_used(struct dump *d)
{
	const struct vring vr = snapshot_vring(d->s);
	size_t ring = sizeof(struct vring_used);
	unsigned int zero = 0;

	put_bytes(d, VT_DEVICE, 0, ring);
	put(d, "flags %u, idx %u", le16_read(&vr.used->flags), le16_read(&vr.used->idx));
	end(d, BYTES_LINE);
	for (unsigned int i = 0; i < vr.num; i += 2) {
		unsigned int count = vr.num - i < 2 ? 1 : 2;

		if (is_zero(&vr.used->ring[i], 8 * count)) {
			zero += count;
			continue;
		}
		put_bytes(d, VT_DEVICE, ring + 8 * i, 8 * count);
		put(d, "entry %u:", i);
		for (unsigned int n = 0; n < count; n++)
			put(d, "%s id %u len %u", n ? "," : "", le32_read(&vr.used->ring[i + n].id),
			    le32_read(&vr.used->ring[i + n].len));
		end(d, BYTES_LINE);
	}
	sum_zero(d, zero, "entries");
	put_bytes(d, VT_DEVICE, ring + 8 * vr.num, 2);
	put(d, "avail_event %u", le16_read(vring_avail_event(&vr)));
	end(d, BYTES_LINE);
}

static void dump_event(struct dump *d, enum vt_area area)
{
	static const char *const words[] = { "ENABLE", "DISABLE", "DESC", "reserved" };
	const struct vring_packed_desc_event *event = d->s->area[area];
	uint16_t at = le16_read(&event->off_wrap), flags = le16_read(&event->flags);

	put_bytes(d, area, 0, sizeof(*event));
	put(d, "off %u wrap %u, flags %s", at & 0x7fff, at >> VRING_PACKED_EVENT_F_WRAP_CTR,
	    words[flags < 3 ? flags : 3]);
	end(d, BYTES_LINE);
}

unsigned int bytes_lines(const struct snapshot *s, unsigned int first, unsigned int count,
			 bool compact, bytes_line *line, void *arg)
{
	struct dump d = {
		.s = s, .first = first, .count = count, .compact = compact, .line = line, .arg = arg
	};

	if (s->head.packed) {
		title(&d, VT_DESC, "descriptor ring", "driver and the device");
		dump_descriptors(&d);
		title(&d, VT_DRIVER, "driver's event area", "driver");
		dump_event(&d, VT_DRIVER);
		title(&d, VT_DEVICE, "device's event area", "device");
		dump_event(&d, VT_DEVICE);
	} else {
		title(&d, VT_DESC, "descriptor table", "driver");
		dump_descriptors(&d);
		title(&d, VT_DRIVER, "available ring", "driver");
		dump_avail(&d);
		title(&d, VT_DEVICE, "used ring", "device");
		dump_used(&d);
	}
	return d.number;
}

static void print_line(void *arg, enum bytes_kind kind, const char *text)
{
	(void)arg;
	(void)kind;
	puts(text);
}

void bytes_print(const struct snapshot *s)
{
	bytes_lines(s, 0, UINT_MAX, false, print_line, NULL);
}
