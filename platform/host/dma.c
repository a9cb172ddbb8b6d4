/* SPDX-License-Identifier: MIT */
/*
 * Memory on the host ground: one region that stands for a machine's RAM, and the C library's heap
 * for what no device sees.
 *
 * The device's address of a byte is not the process's: code that confuses the two fails at once.
 * The region is also all that device/ is given to look at, so that a stray device address is
 * refused and never becomes a stray pointer. Everything handed out is counted.
 */
#include <stdlib.h>
#include <string.h>

#include "host_internal.h"

#define PAGE_BYTES 4096
#define PAGES 4096
#define RAM_BASE 0x40000000 /* where RAM starts for the device; any value but 0 would do */
#define ALIGN 64

static _Alignas(PAGE_BYTES) unsigned char ram[PAGES][PAGE_BYTES];
static unsigned char taken[PAGES];

static const struct guest_region region = { .addr = RAM_BASE, .size = sizeof(ram), .host = ram };
static const struct guest_memory memory = { .regions = &region, .num = 1 };

static size_t dma_pages, allocations;
static unsigned int fail_in; /* allocations until one fails; 0: none does */
static void (*on_dma_free)(uint64_t dma, size_t bytes);

const struct guest_memory *platform_host_memory(void)
{
	return &memory;
}

void host_memory_reset(void)
{
	fail_in = 0;
	on_dma_free = NULL;
}

void host_memory_usage(struct platform_host_usage *usage)
{
	usage->dma_pages = dma_pages;
	usage->allocations = allocations;
}

void platform_host_fail_allocation(unsigned int n)
{
	fail_in = n;
}

void platform_host_on_dma_free(void (*hook)(uint64_t dma, size_t bytes))
{
	on_dma_free = hook;
}

static bool fails(void)
{
	return fail_in && --fail_in == 0;
}

static size_t pages_for(size_t bytes)
{
	return bytes / PAGE_BYTES + (bytes % PAGE_BYTES != 0);
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

	if (!count || count > PAGES || fails() || (first = find_run(count)) == PAGES)
		return NULL;
	memset(&taken[first], 1, count);
	memset(ram[first], 0, count * PAGE_BYTES);
	dma_pages += count;
	*dma = RAM_BASE + first * PAGE_BYTES;
	return ram[first];
}

void platform_dma_free(void *memory_, size_t bytes)
{
	size_t first = (size_t)((unsigned char *)memory_ - ram[0]) / PAGE_BYTES;
	size_t count = pages_for(bytes);

	if (first >= PAGES || count > PAGES - first || memory_ != ram[first])
		host_fatal("platform_dma_free: %p was not handed out", memory_);
	for (size_t page = first; page < first + count; page++)
		if (!taken[page])
			host_fatal("platform_dma_free: %p, %zu bytes: not all of it is taken",
				   memory_, bytes);
	if (on_dma_free)
		on_dma_free(RAM_BASE + first * PAGE_BYTES, count * PAGE_BYTES);
	memset(&taken[first], 0, count);
	dma_pages -= count;
}

uint64_t platform_dma_address(const void *byte)
{
	size_t offset = (size_t)((const unsigned char *)byte - ram[0]);

	if (offset >= sizeof(ram))
		host_fatal("platform_dma_address: %p is no memory of a device's", byte);
	return RAM_BASE + offset;
}

void *platform_zalloc(size_t bytes)
{
	size_t rounded = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	void *block;

	if (!bytes || rounded < bytes || fails() || !(block = aligned_alloc(ALIGN, rounded)))
		return NULL;
	allocations++;
	return memset(block, 0, rounded);
}

void platform_free(void *block)
{
	if (!block)
		return;
	allocations--;
	free(block);
}
