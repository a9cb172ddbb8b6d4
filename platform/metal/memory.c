// SPDX-License-Identifier: MIT
/*
 * Memory: whole pages for devices, and smaller pieces for drivers.
 *
 * A bit per page below 4 GiB, searched from the start: allocations are few, and it can be read in a
 * minute. Linux has buddies and slabs. Device addresses are physical ones, and memory is mapped at
 * its physical address, so the two are the same.
 */
#include "metal_internal.h"

#define PAGES (1u << 20) /* of 4096 bytes below 4 GiB */
#define LOWEST 0x100000	 /* below lie the firmware's areas, and where CPUs begin */

static struct platform_lock lock; /* all below */
static uint64_t taken[PAGES / 64];
static size_t free_pages, allocated;

static bool page_taken(size_t page)
{
	return taken[page / 64] >> page % 64 & 1;
}

/* A word at a time where that is possible: a machine's memory is many pages. */
static void mark(size_t page, size_t count, bool take)
{
	while (count) {
		size_t at = page % 64, n = count < 64 - at ? count : 64 - at;
		uint64_t bits = (n == 64 ? ~0ull : (1ull << n) - 1) << at;

		if (take)
			taken[page / 64] |= bits;
		else
			taken[page / 64] &= ~bits;
		page += n;
		count -= n;
	}
}

/* Whole pages of it only. */
static void add_range(uint64_t base, uint64_t end)
{
	size_t first = (base + PAGE_BYTES - 1) / PAGE_BYTES, last = end / PAGE_BYTES;

	if (first >= last)
		return;
	mark(first, last - first, false);
	free_pages += last - first;
}

void metal_memory_init(void)
{
	uint64_t image = (uint64_t)__image_start, image_end = (uint64_t)__image_end;

	memset(taken, 0xff, sizeof(taken));
	for (unsigned int i = 0; i < metal_num_ram; i++) {
		uint64_t base = metal_ram[i].base, end = base + metal_ram[i].bytes;

		if (base < LOWEST)
			base = LOWEST;
		if (end > (uint64_t)PAGES * PAGE_BYTES)
			end = (uint64_t)PAGES * PAGE_BYTES;
		if (image >= end || image_end <= base) {
			add_range(base, end);
			continue;
		}
		add_range(base, image < base ? base : image);
		add_range(image_end, end);
	}
}

/* The first of @count free pages in a row; 0 if there are none. */
static size_t find_pages(size_t count)
{
	size_t run = 0;

	for (size_t page = 0; page < PAGES; page++) {
		if (page % 64 == 0 && taken[page / 64] == ~0ull) {
			run = 0;
			page += 63;
			continue;
		}
		run = page_taken(page) ? 0 : run + 1;
		if (run == count)
			return page + 1 - count;
	}
	return 0;
}

static size_t pages_of(size_t bytes)
{
	return bytes / PAGE_BYTES + (bytes % PAGE_BYTES != 0);
}

static void *alloc_pages(size_t count)
{
	void *memory = NULL;
	size_t page;

	platform_lock(&lock);
	page = count && count <= free_pages ? find_pages(count) : 0;
	if (page) {
		mark(page, count, true);
		free_pages -= count;
		memory = (void *)(page * PAGE_BYTES);
	}
	platform_unlock(&lock);
	if (memory)
		memset(memory, 0, count * PAGE_BYTES);
	return memory;
}

static void free_the_pages(void *memory, size_t count)
{
	size_t page = (uint64_t)memory / PAGE_BYTES;

	platform_lock(&lock);
	for (size_t i = 0; i < count; i++)
		if (!page_taken(page + i))
			metal_panic("page %p is freed twice", (char *)memory + i * PAGE_BYTES);
	mark(page, count, false);
	free_pages += count;
	platform_unlock(&lock);
}

static void count_allocation(int change)
{
	__atomic_fetch_add(&allocated, change, __ATOMIC_RELAXED);
}

void *platform_dma_alloc(size_t bytes, uint64_t *dma)
{
	void *memory = alloc_pages(pages_of(bytes));

	if (memory)
		count_allocation(1);
	*dma = (uint64_t)memory;
	return memory;
}

void platform_dma_free(void *memory, size_t bytes)
{
	free_the_pages(memory, pages_of(bytes));
	count_allocation(-1);
}

uint64_t platform_dma_address(const void *byte)
{
	return (uint64_t)byte;
}

size_t metal_free_bytes(void)
{
	return free_pages * PAGE_BYTES;
}

size_t metal_allocated(void)
{
	return allocated;
}

/* ---- smaller pieces ---- */

/*
 * In front of every piece, and as large as its alignment. Pieces up to a page are powers of two cut
 * from pages that stay with their size; larger ones are pages.
 */
struct piece {
	size_t pages;	   /* 0: of a size class */
	unsigned int size; /* its class: 128 << size bytes with this head */
	struct piece *next_free;
} __attribute__((aligned(64)));

#define SMALLEST 128
#define CLASSES 6 /* 128 to 4096 bytes */

static struct piece *free_pieces[CLASSES]; /* also under lock */

static struct piece *take_piece(unsigned int size)
{
	struct piece *piece;

	platform_lock(&lock);
	piece = free_pieces[size];
	if (piece)
		free_pieces[size] = piece->next_free;
	platform_unlock(&lock);
	return piece;
}

static void give_piece(struct piece *piece, unsigned int size)
{
	platform_lock(&lock);
	piece->next_free = free_pieces[size];
	free_pieces[size] = piece;
	platform_unlock(&lock);
}

/* The first piece of a fresh page; the others are free. */
static struct piece *cut_page(unsigned int size)
{
	char *page = alloc_pages(1);

	for (size_t at = SMALLEST << size; page && at < PAGE_BYTES; at += SMALLEST << size)
		give_piece((struct piece *)(page + at), size);
	return (struct piece *)page;
}

static struct piece *alloc_small(size_t whole)
{
	unsigned int size = 0;
	struct piece *piece;

	while ((size_t)SMALLEST << size < whole)
		size++;
	piece = take_piece(size);
	if (!piece)
		piece = cut_page(size);
	if (!piece)
		return NULL;
	piece->pages = 0;
	piece->size = size;
	memset(piece + 1, 0, (SMALLEST << size) - sizeof(*piece));
	return piece;
}

static struct piece *alloc_large(size_t whole)
{
	struct piece *piece = alloc_pages(pages_of(whole));

	if (piece)
		piece->pages = pages_of(whole);
	return piece;
}

void *platform_zalloc(size_t bytes)
{
	size_t whole = bytes + sizeof(struct piece);
	struct piece *piece;

	if (whole < bytes)
		return NULL;
	piece = whole > PAGE_BYTES ? alloc_large(whole) : alloc_small(whole);
	if (!piece)
		return NULL;
	count_allocation(1);
	return piece + 1;
}

void platform_free(void *memory)
{
	struct piece *piece;

	if (!memory)
		return;
	piece = (struct piece *)memory - 1;
	if (piece->pages)
		free_the_pages(piece, piece->pages);
	else
		give_piece(piece, piece->size);
	count_allocation(-1);
}
