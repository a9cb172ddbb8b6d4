/* SPDX-License-Identifier: MIT */
/*
 * The driver's memory as the device reaches it: a table of regions, and nothing outside it.
 *
 * QEMU's counterpart is the address space behind dma_memory_map(), a radix tree for thousands of
 * regions; here it is a short array the device's owner fills in: memory below and above the PCI
 * hole, say. Registers and holes are simply not in the table, so no address a driver
 * can write leads back into a device (bug classes D9, D15).
 */
#ifndef DEVICE_GUEST_MEMORY_H
#define DEVICE_GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* One run of device addresses that is also one run of host memory. */
struct guest_region {
	uint64_t addr; /* device address of the first byte */
	size_t size;   /* bytes; addr + size may reach 2^64 but not pass it */
	void *host;    /* the same byte here, equal to addr modulo 16 */
};

/*
 * The whole table, owned by whoever started the device and constant while any queue uses it. The
 * regions do not overlap; their order is free, the busiest first is the fastest.
 */
struct guest_memory {
	const struct guest_region *regions;
	unsigned int num;
};

/* Part of a buffer the device may touch: what an iovec is to QEMU, without the libc header. */
struct guest_piece {
	void *base;   /* host address */
	uint32_t len; /* bytes, never 0 */
};

/**
 * guest_memory_map - find the host address of a range of device addresses
 * @addr: device address of the first byte
 * @len: in: bytes wanted; out: bytes that follow in the same region, at most those wanted
 *
 * A range that runs on into a neighbouring region comes back shortened, and the caller asks again
 * for the rest. Any context; writes nothing but *@len. Returns NULL if @addr is in no region.
 */
static inline void *guest_memory_map(const struct guest_memory *memory, uint64_t addr, size_t *len)
{
	for (unsigned int i = 0; i < memory->num; i++) {
		const struct guest_region *region = &memory->regions[i];
		/* Below the region this wraps to something enormous: one comparison is enough. */
		uint64_t offset = addr - region->addr;

		if (offset < region->size) {
			/* Nothing is added to addr, so nothing can overflow (D11). */
			if (*len > region->size - (size_t)offset)
				*len = region->size - (size_t)offset;
			return (char *)region->host + offset;
		}
	}
	return NULL;
}

/**
 * guest_memory_map_whole - the same for a range that has to be one piece here, as a ring has
 * @addr: device address of the first byte
 * @len: bytes
 *
 * Returns NULL unless every byte lies inside one region.
 */
static inline void *guest_memory_map_whole(const struct guest_memory *memory, uint64_t addr,
					   size_t len)
{
	size_t mapped = len;
	void *host = guest_memory_map(memory, addr, &mapped);

	return mapped == len ? host : NULL;
}

#endif
