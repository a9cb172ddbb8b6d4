/* SPDX-License-Identifier: MIT */
/*
 * Memory on the qtest ground: the guest's, mapped into this process, and our own.
 *
 * The guest has no kernel, so all of its memory above the first MiB is ours: one page for irq.c,
 * and the rest to hand out. QEMU maps the same file: what the driver stores the device sees, with
 * nothing in between.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "platform/platform.h"

#include "qtest_internal.h"

#define PAGE_BYTES 4096
#define MESSAGE_PAGE 256 /* below 1 MiB lie the display's hole and the firmware's shadow */
#define MAX_PAGES 524288 /* 2 GiB: above it begin the chipset's own addresses */

static unsigned char (*ram)[PAGE_BYTES]; /* shared with QEMU; NULL: no machine */
static size_t pages;
static bool taken[MAX_PAGES];
static size_t dma_pages_taken, private_blocks_taken;

int qtest_dma_open(int file, size_t bytes)
{
	void *memory;

	if (bytes > MAX_PAGES * (size_t)PAGE_BYTES || bytes % PAGE_BYTES)
		return -EINVAL;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED)
		return -errno;
	ram = memory;
	pages = bytes / PAGE_BYTES;
	return 0;
}

uint32_t *qtest_message_page(uint64_t *dma)
{
	*dma = (uint64_t)MESSAGE_PAGE * PAGE_BYTES;
	return (uint32_t *)ram[MESSAGE_PAGE];
}

/* What was not given back is gone with the machine. */
void qtest_dma_close(void)
{
	munmap(ram, pages * PAGE_BYTES);
	memset(taken, 0, pages);
	ram = NULL;
	pages = 0;
	dma_pages_taken = 0;
}

size_t qtest_dma_pages_taken(void)
{
	return dma_pages_taken;
}

size_t qtest_private_blocks_taken(void)
{
	return private_blocks_taken;
}

static size_t pages_for(size_t bytes)
{
	return bytes / PAGE_BYTES + !!(bytes % PAGE_BYTES);
}

/* The first run of @count free pages; 0 if there is none. */
static size_t find_run(size_t count)
{
	size_t run = 0;

	for (size_t page = MESSAGE_PAGE + 1; page < pages; page++) {
		run = taken[page] ? 0 : run + 1;
		if (run == count)
			return page + 1 - count;
	}
	return 0;
}

void *platform_dma_alloc(size_t bytes, uint64_t *dma)
{
	size_t count = pages_for(bytes), first;

	if (!count || !(first = find_run(count)))
		return NULL;
	memset(&taken[first], true, count);
	dma_pages_taken += count;
	memset(ram[first], 0, count * PAGE_BYTES);
	*dma = first * PAGE_BYTES;
	return ram[first];
}

void platform_dma_free(void *memory, size_t bytes)
{
	size_t first = platform_dma_address(memory) / PAGE_BYTES, count = pages_for(bytes);

	assert(first > MESSAGE_PAGE && count <= pages - first);
	for (size_t page = first; page < first + count; page++)
		assert(taken[page]);
	memset(&taken[first], false, count);
	dma_pages_taken -= count;
}

uint64_t platform_dma_address(const void *byte)
{
	uintptr_t offset = (uintptr_t)byte - (uintptr_t)ram;

	assert(ram && offset < pages * PAGE_BYTES);
	return offset;
}

void *platform_zalloc(size_t bytes)
{
	size_t rounded = (bytes + 63) & ~(size_t)63;
	void *memory = rounded < bytes ? NULL : aligned_alloc(64, rounded);

	if (!memory)
		return NULL;
	private_blocks_taken++;
	return memset(memory, 0, rounded);
}

void platform_free(void *memory)
{
	private_blocks_taken -= !!memory;
	free(memory);
}
