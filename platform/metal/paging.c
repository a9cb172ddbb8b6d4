// SPDX-License-Identifier: MIT
/*
 * Page tables: boot.S has mapped each address below 4 GiB to itself in pages of 2 MiB, all allowed.
 * Here code becomes read-only, all else not executable, RAM's surroundings uncached; the first page
 * goes, so that a null pointer is an exception. What lies above 4 GiB is not mapped.
 *
 * Done while only the first CPU runs; the others come up with the same tables.
 */
#include "metal_internal.h"

#define LARGE_BYTES 0x200000ull
#define ENTRIES 512

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(entry & PAGE_ADDRESS);
}

/* The entry of the 2 MiB around @address. */
static uint64_t *large_entry(uint64_t address)
{
	uint64_t *pml4 = table_of(read_cr3());
	uint64_t *pdpt = table_of(pml4[0]);
	uint64_t *pd = table_of(pdpt[address >> 30]);

	return &pd[address >> 21 & (ENTRIES - 1)];
}

/* The entry of the page around @address; a large one is split first. */
static uint64_t *small_entry(uint64_t address)
{
	uint64_t *large = large_entry(address);
	uint64_t *table, dma;

	if (*large & PAGE_LARGE) {
		table = platform_dma_alloc(PAGE_BYTES, &dma);
		if (!table)
			metal_panic("no memory for page tables");
		for (uint64_t i = 0; i < ENTRIES; i++)
			table[i] = (*large & ~(uint64_t)PAGE_LARGE) + i * PAGE_BYTES;
		*large = dma | PAGE_PRESENT | PAGE_WRITE;
	}
	return &table_of(*large)[address >> 12 & (ENTRIES - 1)];
}

static void set_rights(const char *from, const char *to, uint64_t rights)
{
	for (uint64_t page = (uint64_t)from; page < (uint64_t)to; page += PAGE_BYTES)
		*small_entry(page) = page | rights;
}

static bool is_ram(uint64_t base, uint64_t end)
{
	for (unsigned int i = 0; i < metal_num_ram; i++)
		if (base < metal_ram[i].base + metal_ram[i].bytes && end > metal_ram[i].base)
			return true;
	return false;
}

void metal_paging_init(void)
{
	for (uint64_t base = 0; base >> 32 == 0; base += LARGE_BYTES) {
		uint64_t rights = PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE | PAGE_NX;

		if (!is_ram(base, base + LARGE_BYTES))
			rights |= PAGE_UNCACHED;
		/* The image's own are done page by page, and the real-mode code's. */
		if (base < (uint64_t)__image_end)
			continue;
		*large_entry(base) = base | rights;
	}
	set_rights(0, __image_start, PAGE_PRESENT | PAGE_WRITE | PAGE_NX);
	set_rights((char *)AP_BOOT_ADDRESS, (char *)AP_BOOT_ADDRESS + PAGE_BYTES,
		   PAGE_PRESENT | PAGE_WRITE);
	set_rights(__image_start, __text_end, PAGE_PRESENT);
	set_rights(__text_end, __rodata_end, PAGE_PRESENT | PAGE_NX);
	set_rights(__rodata_end, (char *)(((uint64_t)__image_end | (LARGE_BYTES - 1)) + 1),
		   PAGE_PRESENT | PAGE_WRITE | PAGE_NX);
	metal_unmap_page(NULL);
	metal_unmap_page(__stack_guard);
}

void metal_unmap_page(void *page)
{
	*small_entry((uint64_t)page) = 0;
	write_cr3(read_cr3());
}
