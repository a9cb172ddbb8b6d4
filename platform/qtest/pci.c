/* SPDX-License-Identifier: MIT */
/*
 * PCI on the qtest ground: configuration space and registers as commands to QEMU, and the little
 * that a firmware would have set up in the two chipsets.
 *
 * q35 (hw/pci-host/q35.c, hw/isa/lpc_ich9.c) has ECAM, and needs to be told where. pc
 * (hw/pci-host/i440fx.c, hw/isa/piix3.c) has the two ports alone, and needs its lines routed.
 */
#include <errno.h>

#include "platform/platform.h"

#include "qtest_internal.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc

#define HOST_BRIDGE_Q35 0x29c08086
#define HOST_BRIDGE_PC 0x12378086

/* q35: PCIEXBAR of the host bridge. */
#define Q35_PCIEXBAR 0x60
#define Q35_PCIEXBAR_ENABLE 1 /* with 256 MiB, for all 256 buses */
#define ECAM_BASE 0xb0000000

/* pc: function 00:01.0 has a register for each of the four lines of the PCI bus. */
#define PIIX_BDF (1 << 3)
#define PIIX_PIRQ_ROUTE 0x60

/* Neither chipset has anything of its own here as long as no firmware puts it there. */
#define MMIO_BASE 0xc0000000
#define MMIO_END 0xfe000000
#define IO_BASE 0xc000
#define IO_END 0xff00

static uint32_t host_bridge; /* vendor and device of 00:00.0; the chipset */
static uint64_t ecam;	     /* 0: there is none, or not yet */

/* Where SeaBIOS routes the four lines as well: they share two pins of the interrupt controllers. */
static const uint8_t pc_route[4] = { 10, 10, 11, 11 };

static void select_config(platform_bdf bdf, unsigned int offset)
{
	qtest_command("outl 0x%x 0x%x\n", CONFIG_ADDRESS,
		      0x80000000u | (uint32_t)bdf << 8 | (offset & 0xfc));
}

uint32_t platform_pci_read(platform_bdf bdf, unsigned int offset, unsigned int bytes)
{
	uint32_t ones = bytes == 4 ? 0xffffffff : (1u << 8 * bytes) - 1;
	uint64_t address = ecam | (uint64_t)bdf << 12 | offset;
	uint16_t port = CONFIG_DATA | (offset & 3);

	if (!qtest_is_open() || offset > (ecam ? 4095 : 255))
		return ones;
	if (!ecam)
		select_config(bdf, offset);
	if (bytes == 1)
		return ecam ? platform_mmio_read8(address) : platform_io_read8(port);
	if (bytes == 2)
		return ecam ? platform_mmio_read16(address) : platform_io_read16(port);
	return ecam ? platform_mmio_read32(address) : platform_io_read32(port);
}

void platform_pci_write(platform_bdf bdf, unsigned int offset, unsigned int bytes, uint32_t value)
{
	uint64_t address = ecam | (uint64_t)bdf << 12 | offset;
	uint16_t port = CONFIG_DATA | (offset & 3);

	if (!qtest_is_open() || offset > (ecam ? 4095 : 255))
		return;
	if (!ecam)
		select_config(bdf, offset);
	if (bytes == 1)
		ecam ? platform_mmio_write8(address, value) : platform_io_write8(port, value);
	else if (bytes == 2)
		ecam ? platform_mmio_write16(address, value) : platform_io_write16(port, value);
	else
		ecam ? platform_mmio_write32(address, value) : platform_io_write32(port, value);
}

struct platform_window platform_pci_window(enum platform_space space)
{
	if (!qtest_is_open())
		return (struct platform_window){ 0 };
	if (space == PLATFORM_MMIO)
		return (struct platform_window){ MMIO_BASE, MMIO_END - MMIO_BASE };
	return (struct platform_window){ IO_BASE, IO_END - IO_BASE };
}

/*
 * q35 gives every slot four of the eight lines E to H, which are pins 20 to 23 of the I/O APIC; the
 * slots from 25 on are the chipset's own, with registers of their own that say A to D after reset.
 * pc has lines A to D, moved on by one for each slot, and slot 0 is the host bridge.
 */
int platform_intx(unsigned int slot, unsigned int pin)
{
	if (!qtest_is_open() || slot > 31 || pin < 1 || pin > 4)
		return -ENXIO;
	if (host_bridge == HOST_BRIDGE_PC)
		return pc_route[(slot + 3 + pin - 1) % 4];
	if (slot < 25)
		return 20 + (slot + pin - 1) % 4;
	return (slot == 30 ? 20 : 16) + pin - 1;
}

int qtest_pci_open(void)
{
	ecam = 0;
	host_bridge = platform_pci_read(0, 0, 4);
	switch (host_bridge) {
	case HOST_BRIDGE_Q35:
		platform_pci_write(0, Q35_PCIEXBAR + 4, 4, 0);
		platform_pci_write(0, Q35_PCIEXBAR, 4, ECAM_BASE | Q35_PCIEXBAR_ENABLE);
		ecam = ECAM_BASE;
		return 0;
	case HOST_BRIDGE_PC:
		for (unsigned int line = 0; line < 4; line++)
			platform_pci_write(PIIX_BDF, PIIX_PIRQ_ROUTE + line, 1, pc_route[line]);
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- registers ---- */

uint8_t platform_mmio_read8(uint64_t address)
{
	return qtest_command("readb 0x%llx\n", (unsigned long long)address);
}

uint16_t platform_mmio_read16(uint64_t address)
{
	return qtest_command("readw 0x%llx\n", (unsigned long long)address);
}

uint32_t platform_mmio_read32(uint64_t address)
{
	return qtest_command("readl 0x%llx\n", (unsigned long long)address);
}

/* The socket orders: what was stored before send() is there for whoever has received. */
void platform_mmio_write8(uint64_t address, uint8_t value)
{
	qtest_command("writeb 0x%llx 0x%x\n", (unsigned long long)address, value);
}

void platform_mmio_write16(uint64_t address, uint16_t value)
{
	qtest_command("writew 0x%llx 0x%x\n", (unsigned long long)address, value);
}

void platform_mmio_write32(uint64_t address, uint32_t value)
{
	qtest_command("writel 0x%llx 0x%x\n", (unsigned long long)address, value);
}

uint8_t platform_io_read8(uint16_t port)
{
	return qtest_command("inb 0x%x\n", port);
}

uint16_t platform_io_read16(uint16_t port)
{
	return qtest_command("inw 0x%x\n", port);
}

uint32_t platform_io_read32(uint16_t port)
{
	return qtest_command("inl 0x%x\n", port);
}

void platform_io_write8(uint16_t port, uint8_t value)
{
	qtest_command("outb 0x%x 0x%x\n", port, value);
}

void platform_io_write16(uint16_t port, uint16_t value)
{
	qtest_command("outw 0x%x 0x%x\n", port, value);
}

void platform_io_write32(uint16_t port, uint32_t value)
{
	qtest_command("outl 0x%x 0x%x\n", port, value);
}
