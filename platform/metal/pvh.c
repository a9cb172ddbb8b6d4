// SPDX-License-Identifier: MIT
/*
 * What the firmware tells whoever is entered by PVH: memory, the command line, where ACPI's tables
 * are. Mirrors include/xen/interface/hvm/start_info.h and arch/x86/platform/pvh/enlighten.c.
 */
#include "metal_internal.h"

#define HVM_START_MAGIC 0x336ec578 /* "xEn3", with the top bit of the E set */
#define COMMAND_LINE_BYTES 1024

struct hvm_start_info {
	uint32_t magic;
	uint32_t version; /* the memory map came with 1 */
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist_paddr;
	uint64_t cmdline_paddr;
	uint64_t rsdp_paddr;
	uint64_t memmap_paddr;
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct hvm_memmap_table_entry {
	uint64_t addr;
	uint64_t size; /* bytes */
	uint32_t type; /* as E820's: 1 is RAM */
	uint32_t reserved;
};

struct metal_range metal_ram[MAX_RANGES];
unsigned int metal_num_ram;
uint64_t metal_rsdp;

static char command_line[COMMAND_LINE_BYTES];

/* By address, whatever order they come in. */
static void add_ram(uint64_t base, uint64_t bytes)
{
	unsigned int i = metal_num_ram;

	if (metal_num_ram == MAX_RANGES) {
		platform_log(PLATFORM_WARNING, "memory map: more than %u ranges", MAX_RANGES);
		return;
	}
	metal_num_ram++;
	for (; i > 0 && metal_ram[i - 1].base > base; i--)
		metal_ram[i] = metal_ram[i - 1];
	metal_ram[i] = (struct metal_range){ base, bytes };
}

void metal_read_start_info(uint64_t start_info)
{
	const struct hvm_start_info *info = (const void *)start_info;
	const struct hvm_memmap_table_entry *map;
	const char *words;
	size_t len = 0;

	if (info->magic != HVM_START_MAGIC || info->version < 1)
		metal_panic("not entered by PVH with a memory map: magic %x, version %u",
			    info->magic, info->version);
	map = (const void *)info->memmap_paddr;
	for (unsigned int i = 0; i < info->memmap_entries; i++)
		if (map[i].type == 1)
			add_ram(map[i].addr, map[i].size);
	metal_rsdp = info->rsdp_paddr;
	if (!info->cmdline_paddr)
		return;
	words = (const char *)info->cmdline_paddr;
	while (words[len] && len < COMMAND_LINE_BYTES - 1) {
		command_line[len] = words[len];
		len++;
	}
	/* Half of what was to be done is not to be done at all. */
	if (words[len])
		metal_panic("the command line is longer than %u characters",
			    COMMAND_LINE_BYTES - 1);
}

const char *metal_command_line(void)
{
	return command_line;
}
