/* SPDX-License-Identifier: MIT */
/*
 * The host ground's PCI: a root bus of modelled functions. A processor's accesses go straight to
 * device/'s bus, which asks the functions' own registers who answers.
 *
 * No firmware runs here: bus numbers and BARs are 0 until a driver sets them.
 */
#include "host_internal.h"

/* What software may place BARs in; below 4 GiB, clear of the RAM. */
#define MMIO_BASE 0xe0000000
#define MMIO_BYTES 0x10000000
#define IO_BASE 0xc000
#define IO_BYTES 0x4000

static const struct PCIHostClass host_class = {
	.msi = host_irq_message,
	.intx = host_irq_line,
};

static struct PCIBus root = { .class = &host_class };

struct PCIBus *platform_host_bus(void)
{
	return &root;
}

void platform_host_plug(struct PCIDevice *dev, platform_bdf bdf)
{
	if (bdf >> 8 || !pci_bus_plug(&root, dev, (uint8_t)bdf))
		host_fatal("platform_host_plug: %02x:%02x.%x: no such place, or taken", bdf >> 8,
			   bdf >> 3 & 31, bdf & 7);
}

static void unplug_all(struct PCIBus *bus)
{
	while (bus->first) {
		struct PCIDevice *dev = bus->first;

		if (dev->bridge)
			unplug_all(&dev->bridge->secondary);
		pci_bus_unplug(dev);
	}
}

void platform_host_unplug_all(void)
{
	unplug_all(&root);
}

/* ---- platform.h ---- */

static void check_config_access(unsigned int offset, unsigned int bytes)
{
	if ((bytes != 1 && bytes != 2 && bytes != 4) || offset % bytes)
		host_fatal("config space: %u bytes at %u is no access", bytes, offset);
}

uint32_t platform_pci_read(platform_bdf bdf, unsigned int offset, unsigned int bytes)
{
	check_config_access(offset, bytes);
	return pci_bus_config_read(&root, bdf, offset, bytes);
}

void platform_pci_write(platform_bdf bdf, unsigned int offset, unsigned int bytes, uint32_t value)
{
	check_config_access(offset, bytes);
	pci_bus_config_write(&root, bdf, offset, bytes, value);
}

struct platform_window platform_pci_window(enum platform_space space)
{
	if (space == PLATFORM_IO)
		return (struct platform_window){ IO_BASE, IO_BYTES };
	return (struct platform_window){ MMIO_BASE, MMIO_BYTES };
}

static uint32_t read_memory(uint64_t address, unsigned int bytes)
{
	if (address % bytes)
		host_fatal("MMIO: %u bytes at 0x%llx are not aligned", bytes,
			   (unsigned long long)address);
	return pci_bus_read(&root, PCI_SPACE_MEMORY, address, bytes);
}

static void write_memory(uint64_t address, unsigned int bytes, uint32_t value)
{
	if (address % bytes)
		host_fatal("MMIO: %u bytes at 0x%llx are not aligned", bytes,
			   (unsigned long long)address);
	pci_bus_write(&root, PCI_SPACE_MEMORY, address, bytes, value);
}

uint8_t platform_mmio_read8(uint64_t address)
{
	return (uint8_t)read_memory(address, 1);
}

uint16_t platform_mmio_read16(uint64_t address)
{
	return (uint16_t)read_memory(address, 2);
}

uint32_t platform_mmio_read32(uint64_t address)
{
	return read_memory(address, 4);
}

void platform_mmio_write8(uint64_t address, uint8_t value)
{
	write_memory(address, 1, value);
}

void platform_mmio_write16(uint64_t address, uint16_t value)
{
	write_memory(address, 2, value);
}

void platform_mmio_write32(uint64_t address, uint32_t value)
{
	write_memory(address, 4, value);
}

uint8_t platform_io_read8(uint16_t port)
{
	return (uint8_t)pci_bus_read(&root, PCI_SPACE_IO, port, 1);
}

uint16_t platform_io_read16(uint16_t port)
{
	return (uint16_t)pci_bus_read(&root, PCI_SPACE_IO, port, 2);
}

uint32_t platform_io_read32(uint16_t port)
{
	return pci_bus_read(&root, PCI_SPACE_IO, port, 4);
}

void platform_io_write8(uint16_t port, uint8_t value)
{
	pci_bus_write(&root, PCI_SPACE_IO, port, 1, value);
}

void platform_io_write16(uint16_t port, uint16_t value)
{
	pci_bus_write(&root, PCI_SPACE_IO, port, 2, value);
}

void platform_io_write32(uint16_t port, uint32_t value)
{
	pci_bus_write(&root, PCI_SPACE_IO, port, 4, value);
}
