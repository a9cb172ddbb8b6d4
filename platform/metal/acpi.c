// SPDX-License-Identifier: MIT
/*
 * The two ACPI tables that this ground goes by: MADT (processors, I/O APIC) and MCFG (where config
 * space lies in memory). The counterpart of Linux's drivers/acpi/tables.c; AML, and with it the
 * wiring of interrupt pins, is left out: pci.c knows the two chipsets.
 */
#include "metal_internal.h"

struct acpi_header {
	char signature[4];
	uint32_t length; /* bytes, this header included */
	uint8_t revision, checksum;
	char oem[22], creator[4];
} __attribute__((packed));

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision; /* from 2 on there is an XSDT */
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
} __attribute__((packed));

/* Entries of MADT: type, length, then by type. */
#define MADT_LOCAL_APIC 0
#define MADT_IO_APIC 1
#define MADT_OVERRIDE 2
#define MADT_CPU_USABLE 3 /* enabled, or online capable */

struct madt_entry {
	uint8_t type, length;
	union {
		struct {
			uint8_t processor, apic_id;
			uint32_t flags;
		} __attribute__((packed)) local_apic;
		struct {
			uint8_t id, reserved;
			uint32_t address, first;
		} __attribute__((packed)) io_apic;
		struct {
			uint8_t bus, source;
			uint32_t line;
			uint16_t flags;
		} __attribute__((packed)) override;
	};
} __attribute__((packed));

#define MADT_FIRST_ENTRY 44 /* bytes into the table */
#define MCFG_FIRST_ENTRY 44

struct mcfg_entry {
	uint64_t address;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved;
} __attribute__((packed));

struct metal_acpi metal_acpi;

static bool sum_is_zero(const void *bytes, size_t count)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += ((const uint8_t *)bytes)[i];
	return sum == 0;
}

static bool is(const char *signature, const char *name, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		if (signature[i] != name[i])
			return false;
	return true;
}

static const struct acpi_header *find_table(const char *name)
{
	const struct acpi_rsdp *rsdp = (const void *)metal_rsdp;
	const struct acpi_header *root;
	size_t pointer_bytes = 4, count;

	if (!rsdp || !is(rsdp->signature, "RSD PTR ", 8))
		return NULL;
	root = (const void *)(uint64_t)rsdp->rsdt;
	if (rsdp->revision >= 2 && rsdp->xsdt) {
		root = (const void *)rsdp->xsdt;
		pointer_bytes = 8;
	}
	count = (root->length - sizeof(*root)) / pointer_bytes;
	for (size_t i = 0; i < count; i++) {
		const char *pointer = (const char *)(root + 1) + i * pointer_bytes;
		const struct acpi_header *table;
		uint64_t address = 0;

		for (size_t byte = 0; byte < pointer_bytes; byte++)
			address |= (uint64_t)(uint8_t)pointer[byte] << (8 * byte);
		table = (const void *)address;
		if (!is(table->signature, name, 4))
			continue;
		if (sum_is_zero(table, table->length))
			return table;
		platform_log(PLATFORM_WARNING, "ACPI: %s has a wrong checksum", name);
	}
	return NULL;
}

static void read_madt_entry(const struct madt_entry *entry)
{
	struct metal_acpi *acpi = &metal_acpi;

	switch (entry->type) {
	case MADT_LOCAL_APIC:
		if (entry->local_apic.flags & MADT_CPU_USABLE && acpi->num_cpus < MAX_CPUS)
			acpi->apic_id[acpi->num_cpus++] = entry->local_apic.apic_id;
		break;
	case MADT_IO_APIC:
		if (acpi->io_apic)
			break;
		acpi->io_apic = entry->io_apic.address;
		acpi->io_apic_first = entry->io_apic.first;
		break;
	case MADT_OVERRIDE:
		if (acpi->num_overrides < MAX_OVERRIDES)
			acpi->overrides[acpi->num_overrides++] =
				(struct metal_override){ entry->override.source,
							 entry->override.line };
		break;
	}
}

static void read_madt(const struct acpi_header *madt)
{
	const char *p = (const char *)madt + MADT_FIRST_ENTRY;
	const char *end = (const char *)madt + madt->length;

	while (p + 2 <= end) {
		const struct madt_entry *entry = (const void *)p;

		if (entry->length < 2 || p + entry->length > end)
			break;
		read_madt_entry(entry);
		p += entry->length;
	}
}

static void read_mcfg(const struct acpi_header *mcfg)
{
	const char *p = (const char *)mcfg + MCFG_FIRST_ENTRY;
	const char *end = (const char *)mcfg + mcfg->length;

	for (; p + sizeof(struct mcfg_entry) <= end; p += sizeof(struct mcfg_entry)) {
		const struct mcfg_entry *entry = (const void *)p;

		/* Only what paging.c maps. */
		if (entry->segment != 0 || entry->address >> 32)
			continue;
		metal_acpi.ecam = entry->address;
		metal_acpi.ecam_first_bus = entry->first_bus;
		metal_acpi.ecam_last_bus = entry->last_bus;
		return;
	}
}

void metal_read_acpi(void)
{
	const struct acpi_header *madt = find_table("APIC"), *mcfg = find_table("MCFG");

	if (madt)
		read_madt(madt);
	else
		platform_log(PLATFORM_WARNING, "ACPI: no MADT: one processor, no interrupt lines");
	if (mcfg)
		read_mcfg(mcfg);
}

uint32_t metal_isa_line(uint8_t isa_irq)
{
	for (unsigned int i = 0; i < metal_acpi.num_overrides; i++)
		if (metal_acpi.overrides[i].isa_irq == isa_irq)
			return metal_acpi.overrides[i].line;
	return isa_irq;
}
