/* SPDX-License-Identifier: MIT */
/*
 * The annotated hexdump. Each line holds whole fields: a descriptor, eight entries of the available
 * ring, two of the used ring. Lines of nothing but zeroes are summed up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"

#define PER_LINE 16

/* @len bytes at @at of @area, padded to a full line. */
static void print_line(const struct snapshot *s, enum vt_area area, size_t at, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)s->area[area] + at;

	printf("%012" PRIx64 " ", s->head.dma[area] + at);
	for (size_t i = 0; i < PER_LINE; i++)
		if (i < len)
			printf(" %02x", bytes[i]);
		else
			printf("   ");
	printf("  ");
}

static void print_title(const struct snapshot *s, enum vt_area area, const char *name,
			const char *writer)
{
	printf("%s, %u bytes, written by the %s\n", name, s->head.area_bytes[area], writer);
}

static bool is_zero(const void *bytes, size_t len)
{
	static const uint8_t zero[PER_LINE];

	return !memcmp(bytes, zero, len);
}

static void print_zero(const struct snapshot *s, unsigned int count, const char *what)
{
	if (count)
		printf("%u of %u %s are all zeroes\n", count, s->head.num, what);
}

static void print_flags(uint16_t flags)
{
	printf("%s%s%s", flags & VRING_DESC_F_NEXT ? " NEXT" : "",
	       flags & VRING_DESC_F_WRITE ? " WRITE" : "",
	       flags & VRING_DESC_F_INDIRECT ? " INDIRECT" : "");
}

static void print_split_desc(const struct vring_desc *desc, unsigned int slot)
{
	uint16_t flags = le16_read(&desc->flags);

	printf("desc %u: len %u", slot, le32_read(&desc->len));
	print_flags(flags);
	if (flags & VRING_DESC_F_NEXT)
		printf(" next %u", le16_read(&desc->next));
}

static void print_packed_desc(const struct vring_packed_desc *desc, unsigned int slot)
{
	uint16_t flags = le16_read(&desc->flags);

	printf("slot %u: len %u id %u A%d U%d", slot, le32_read(&desc->len), le16_read(&desc->id),
	       !!(flags & VRING_PACKED_DESC_F_AVAIL), !!(flags & VRING_PACKED_DESC_F_USED));
	print_flags(flags);
}

static void print_descriptors(const struct snapshot *s)
{
	unsigned int never = 0;

	for (unsigned int i = 0; i < s->head.num; i++) {
		if (is_zero(&snapshot_desc(s)[i], sizeof(struct vring_desc))) {
			never++;
			continue;
		}
		print_line(s, VT_DESC, i * sizeof(struct vring_desc), sizeof(struct vring_desc));
		if (s->head.packed)
			print_packed_desc(&snapshot_packed(s)[i], i);
		else
			print_split_desc(&snapshot_desc(s)[i], i);
		putchar('\n');
	}
	print_zero(s, never, "descriptors");
}

static void print_avail(const struct snapshot *s)
{
	const struct vring vr = snapshot_vring(s);
	size_t ring = sizeof(struct vring_avail);
	unsigned int zero = 0;

	print_line(s, VT_DRIVER, 0, ring);
	printf("flags %u, idx %u\n", le16_read(&vr.avail->flags), le16_read(&vr.avail->idx));
	for (unsigned int i = 0; i < s->head.num; i += PER_LINE / 2) {
		unsigned int count =
			s->head.num - i < PER_LINE / 2 ? s->head.num - i : PER_LINE / 2;

		if (is_zero(&vr.avail->ring[i], 2 * count)) {
			zero += count;
			continue;
		}
		print_line(s, VT_DRIVER, ring + 2 * i, 2 * count);
		printf("entry %u:", i);
		for (unsigned int n = 0; n < count; n++)
			printf(" %u", le16_read(&vr.avail->ring[i + n]));
		putchar('\n');
	}
	print_zero(s, zero, "entries");
	print_line(s, VT_DRIVER, ring + 2 * s->head.num, 2);
	printf("used_event %u\n", le16_read(vring_used_event(&vr)));
}

static void print_used(const struct snapshot *s)
{
	const struct vring vr = snapshot_vring(s);
	size_t ring = sizeof(struct vring_used);
	unsigned int zero = 0;

	print_line(s, VT_DEVICE, 0, ring);
	printf("flags %u, idx %u\n", le16_read(&vr.used->flags), le16_read(&vr.used->idx));
	for (unsigned int i = 0; i < s->head.num; i += 2) {
		unsigned int count = s->head.num - i < 2 ? 1 : 2;

		if (is_zero(&vr.used->ring[i], 8 * count)) {
			zero += count;
			continue;
		}
		print_line(s, VT_DEVICE, ring + 8 * i, 8 * count);
		printf("entry %u:", i);
		for (unsigned int n = 0; n < count; n++)
			printf("%s id %u len %u", n ? "," : "", le32_read(&vr.used->ring[i + n].id),
			       le32_read(&vr.used->ring[i + n].len));
		putchar('\n');
	}
	print_zero(s, zero, "entries");
	print_line(s, VT_DEVICE, ring + 8 * s->head.num, 2);
	printf("avail_event %u\n", le16_read(vring_avail_event(&vr)));
}

static void print_event(const struct snapshot *s, enum vt_area area)
{
	static const char *const words[] = { "ENABLE", "DISABLE", "DESC", "reserved" };
	const struct vring_packed_desc_event *event = s->area[area];
	uint16_t at = le16_read(&event->off_wrap), flags = le16_read(&event->flags);

	print_line(s, area, 0, sizeof(*event));
	printf("off %u wrap %u, flags %s\n", at & 0x7fff, at >> VRING_PACKED_EVENT_F_WRAP_CTR,
	       words[flags < 3 ? flags : 3]);
}

void bytes_print(const struct snapshot *s)
{
	if (s->head.packed) {
		print_title(s, VT_DESC, "descriptor ring", "driver and the device");
		print_descriptors(s);
		print_title(s, VT_DRIVER, "driver's event area", "driver");
		print_event(s, VT_DRIVER);
		print_title(s, VT_DEVICE, "device's event area", "device");
		print_event(s, VT_DEVICE);
		return;
	}
	print_title(s, VT_DESC, "descriptor table", "driver");
	print_descriptors(s);
	print_title(s, VT_DRIVER, "available ring", "driver");
	print_avail(s);
	print_title(s, VT_DEVICE, "used ring", "device");
	print_used(s);
}
