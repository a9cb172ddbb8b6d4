/* SPDX-License-Identifier: MIT */
/*
 * Chapter 3: where the parts of a split ring lie when they are one block, in bytes from its start.
 * Everything is asked of the code that drivers use.
 *
 *   layout NUM ALIGN     a table for people
 *   layout 256 64 | layout.py draws it to scale
 */
#include <stdio.h>
#include <stdlib.h>

#include "ring/virtio_ring.h"

static void part(const char *name, const void *block, const void *from, size_t bytes,
		 const char *writer)
{
	printf("%-18s %6td %6zu  %s\n", name, (const char *)from - (const char *)block, bytes,
	       writer);
}

int main(int argc, char **argv)
{
	unsigned int num = argc > 1 ? (unsigned int)atoi(argv[1]) : 256;
	size_t align = argc > 2 ? (size_t)atoi(argv[2]) : 64;
	size_t bytes = vring_size(num, align);
	void *block = aligned_alloc(4096, (bytes + 4095) & ~4095ul);
	struct vring vr;
	const char *padding;

	if (!block)
		return 1;
	vring_init(&vr, num, block, align);
	padding = (const char *)vring_used_event(&vr) + sizeof(le16);

	printf("%u entries, used ring at a multiple of %zu\n", num, align);
	printf("%-18s %6s %6s  %s\n", "part", "offset", "bytes", "written by");
	part("descriptor table", block, vr.desc, vring_desc_bytes(num), "driver");
	part("avail.flags", block, &vr.avail->flags, sizeof(le16), "driver");
	part("avail.idx", block, &vr.avail->idx, sizeof(le16), "driver");
	part("avail.ring", block, vr.avail->ring, num * sizeof(le16), "driver");
	part("used_event", block, vring_used_event(&vr), sizeof(le16), "driver");
	part("padding", block, padding, (size_t)((const char *)vr.used - padding), "nobody");
	part("used.flags", block, &vr.used->flags, sizeof(le16), "device");
	part("used.idx", block, &vr.used->idx, sizeof(le16), "device");
	part("used.ring", block, vr.used->ring, num * sizeof(struct vring_used_elem), "device");
	part("avail_event", block, vring_avail_event(&vr), sizeof(le16), "device");
	printf("%-18s %6zu\n", "end", bytes);
	free(block);
	return 0;
}
