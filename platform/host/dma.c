/* SPDX-License-Identifier: MIT */
/*
 * Memory for DMA on the host ground: one region that stands for a machine's RAM.
 *
 * The device's address of a byte is not the process's: code that confuses the two fails at once.
 * The region is also all that device/ is given to look at, so that a stray device address is
 * refused and never becomes a stray pointer.
 */
#include <assert.h>
#include <string.h>

#include "platform/platform.h"

#include "host.h"

#define PAGE_BYTES 4096
#define PAGES 4096
#define RAM_BASE 0x40000000 /* where RAM starts for the device; any value but 0 would do */

static _Alignas(PAGE_BYTES) unsigned char ram[PAGES][PAGE_BYTES];
static unsigned char taken[PAGES];

static const struct guest_region region = { .addr = RAM_BASE, .size = sizeof(ram), .host = ram };
static const struct guest_memory memory = { .regions = &region, .num = 1 };

const struct guest_memory *platform_host_memory(void)
{
	return &memory;
}

static size_t pages_for(size_t bytes)
{
	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

/* The first run of @count free pages, or PAGES. */
static size_t find_run(size_t count)
{
	size_t run = 0;

	for (size_t page = 0; page < PAGES; page++) {
		run = taken[page] ? 0 : run + 1;
		if (run == count)
			return page + 1 - count;
	}
	return PAGES;
}

void *platform_dma_alloc(size_t bytes, uint64_t *dma)
{
	size_t count = pages_for(bytes), first;

	if (!count || count > PAGES || (first = find_run(count)) == PAGES)
		return NULL;
	memset(&taken[first], 1, count);
	memset(ram[first], 0, count * PAGE_BYTES);
	*dma = RAM_BASE + first * PAGE_BYTES;
	return ram[first];
}

void platform_dma_free(void *memory_, size_t bytes)
{
	size_t first = ((unsigned char *)memory_ - ram[0]) / PAGE_BYTES;

	assert(first < PAGES && taken[first]);
	memset(&taken[first], 0, pages_for(bytes));
}

uint64_t platform_dma_address(const void *byte)
{
	size_t offset = (const unsigned char *)byte - ram[0];

	assert(offset < sizeof(ram));
	return RAM_BASE + offset;
}
