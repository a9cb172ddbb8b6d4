// SPDX-License-Identifier: MIT
/*
 * PCI's config space, in memory where ACPI says so (q35), otherwise through two ports (pc); where
 * BARs may go; and how the pins of slots are wired in the two chipsets that QEMU has. Linux learns
 * the last two from AML.
 */
#include "metal_internal.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000
#define PORT_CONFIG_BYTES 256
#define ECAM_CONFIG_BYTES 4096
#define ECAM_BUS_SHIFT 20
#define ECAM_FUNCTION_SHIFT 12

/* Above the RAM of machines up to 3 GiB and q35's config space, below the APICs. */
#define WINDOW_BASE 0xc0000000ull
#define WINDOW_END 0xfec00000ull
/* SeaBIOS puts BARs there too; lower down QEMU has ports of its own. */
#define IO_WINDOW_BASE 0xc000
#define IO_WINDOW_BYTES 0x4000

#define HOST_BRIDGE 0 /* 00:00.0 */
#define HOST_BRIDGE_Q35 0x29c08086
#define HOST_BRIDGE_PC 0x12378086

/* q35's ICH9: pins go to eight inputs of the I/O APIC from 16 on. */
#define ICH9_FIRST_LINE 16
#define ICH9_FIRST_ONBOARD_SLOT 25 /* from here on registers in the chipset say which */

/* pc's PIIX3, 00:01.0: which ISA interrupt each of four wires goes to; bit 7: to none. */
#define PIIX3 0x08
#define PIIX3_PIRQ_ROUTE 0x60
#define PIIX3_PIRQ_NONE 0x80

static struct platform_lock port_lock; /* address and data go together */
static uint32_t host_bridge;

static bool config_in_memory(platform_bdf bdf)
{
	unsigned int bus = bdf >> 8;

	return metal_acpi.ecam && bus >= metal_acpi.ecam_first_bus &&
	       bus <= metal_acpi.ecam_last_bus;
}

static uint64_t ecam_address(platform_bdf bdf, unsigned int offset)
{
	return metal_acpi.ecam + ((uint64_t)bdf << ECAM_FUNCTION_SHIFT) + offset;
}

static uint32_t port_read(platform_bdf bdf, unsigned int offset, unsigned int bytes)
{
	uint16_t data = CONFIG_DATA + (offset & 3);
	uint32_t value;

	platform_lock(&port_lock);
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)bdf << 8 | (offset & ~3u));
	value = bytes == 1 ? inb(data) : bytes == 2 ? inw(data) : inl(data);
	platform_unlock(&port_lock);
	return value;
}

static void port_write(platform_bdf bdf, unsigned int offset, unsigned int bytes, uint32_t value)
{
	uint16_t data = CONFIG_DATA + (offset & 3);

	platform_lock(&port_lock);
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)bdf << 8 | (offset & ~3u));
	if (bytes == 1)
		outb(data, value);
	else if (bytes == 2)
		outw(data, value);
	else
		outl(data, value);
	platform_unlock(&port_lock);
}

uint32_t platform_pci_read(platform_bdf bdf, unsigned int offset, unsigned int bytes)
{
	bool memory = config_in_memory(bdf);

	if (offset >= (memory ? ECAM_CONFIG_BYTES : PORT_CONFIG_BYTES))
		return UINT32_MAX >> (32 - 8 * bytes);
	if (!memory)
		return port_read(bdf, offset, bytes);
	switch (bytes) {
	case 1:
		return platform_mmio_read8(ecam_address(bdf, offset));
	case 2:
		return platform_mmio_read16(ecam_address(bdf, offset));
	default:
		return platform_mmio_read32(ecam_address(bdf, offset));
	}
}

void platform_pci_write(platform_bdf bdf, unsigned int offset, unsigned int bytes, uint32_t value)
{
	bool memory = config_in_memory(bdf);

	if (offset >= (memory ? ECAM_CONFIG_BYTES : PORT_CONFIG_BYTES))
		return;
	if (!memory)
		port_write(bdf, offset, bytes, value);
	else if (bytes == 1)
		platform_mmio_write8(ecam_address(bdf, offset), value);
	else if (bytes == 2)
		platform_mmio_write16(ecam_address(bdf, offset), value);
	else
		platform_mmio_write32(ecam_address(bdf, offset), value);
}

struct platform_window platform_pci_window(enum platform_space space)
{
	uint64_t base = WINDOW_BASE;

	if (space == PLATFORM_IO)
		return (struct platform_window){ IO_WINDOW_BASE, IO_WINDOW_BYTES };
	for (unsigned int i = 0; i < metal_num_ram; i++) {
		uint64_t end = metal_ram[i].base + metal_ram[i].bytes;

		if (end > base && metal_ram[i].base < WINDOW_END)
			base = end;
	}
	return (struct platform_window){ base, base < WINDOW_END ? WINDOW_END - base : 0 };
}

/* QEMU's ich9_cc_init(): slots take turns at the last four inputs, and so do their pins. */
static int ich9_line(unsigned int slot, unsigned int pin)
{
	if (slot >= ICH9_FIRST_ONBOARD_SLOT)
		return -ENXIO;
	return ICH9_FIRST_LINE + 4 + (slot + pin - 1) % 4;
}

/* QEMU's pc_pci_slot_get_pirq(). A wire that leads nowhere is one that firmware has left alone. */
static int piix3_line(unsigned int slot, unsigned int pin)
{
	static const uint8_t usual[4] = { 10, 10, 11, 11 };
	unsigned int wire = (slot + pin - 2) % 4;
	uint8_t route = platform_pci_read(PIIX3, PIIX3_PIRQ_ROUTE + wire, 1);

	if (route & PIIX3_PIRQ_NONE) {
		route = usual[wire];
		platform_pci_write(PIIX3, PIIX3_PIRQ_ROUTE + wire, 1, route);
	}
	return metal_isa_line(route);
}

int platform_intx(unsigned int slot, unsigned int pin)
{
	int line = -ENXIO;

	if (pin < 1 || pin > 4)
		return -ENXIO;
	if (host_bridge == HOST_BRIDGE_Q35)
		line = ich9_line(slot, pin);
	else if (host_bridge == HOST_BRIDGE_PC)
		line = piix3_line(slot, pin);
	return line < 0 ? line : metal_line_irq(line, true);
}

void metal_pci_init(void)
{
	host_bridge = platform_pci_read(HOST_BRIDGE, 0, 4);
}

const char *metal_host_bridge(void)
{
	return host_bridge == HOST_BRIDGE_Q35 ? "q35" :
	       host_bridge == HOST_BRIDGE_PC  ? "pc" :
						"unknown";
}

bool metal_has_ecam(void)
{
	return metal_acpi.ecam != 0;
}
