// SPDX-License-Identifier: MIT
/*
 * Finding every function on every bus.
 *
 * Mirrors drivers/pci/probe.c of Linux. What differs: no recursion, so that no depth of bridges can
 * use up a small stack. The list of functions is the list of work: what is found behind a bridge is
 * put right after the bridge, and so is looked at next.
 */
#include "pci_internal.h"

#define PCI_MAX_BUS 255

/* Who uses which bus numbers while a scan goes on. */
struct bus_numbers {
	bool used[PCI_MAX_BUS + 1];
	unsigned int highest;
};

/* ---- one bus ---- */

/* A window's registers as they are; base above limit, or base 0 after reset, is none. */
static struct pci_window window(uint64_t base, uint64_t limit)
{
	if (!base || base > limit)
		return (struct pci_window){ 0 };
	return (struct pci_window){ .base = base, .bytes = limit - base + 1 };
}

static void read_bridge_windows(struct pci_dev *dev)
{
	uint64_t base, limit;

	base = (uint64_t)(pci_read_config_byte(dev, PCI_IO_BASE) & 0xf0) << 8;
	limit = (uint64_t)(pci_read_config_byte(dev, PCI_IO_LIMIT) & 0xf0) << 8 | 0xfff;
	dev->windows[PCI_BRIDGE_IO] = window(base, limit);

	base = (uint64_t)(pci_read_config_word(dev, PCI_MEMORY_BASE) & 0xfff0) << 16;
	limit = (uint64_t)(pci_read_config_word(dev, PCI_MEMORY_LIMIT) & 0xfff0) << 16 | 0xfffff;
	dev->windows[PCI_BRIDGE_MEM] = window(base, limit);

	base = pci_read_config_word(dev, PCI_PREF_MEMORY_BASE);
	limit = pci_read_config_word(dev, PCI_PREF_MEMORY_LIMIT);
	if ((base & PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64) {
		base |= (uint64_t)pci_read_config_dword(dev, PCI_PREF_BASE_UPPER32) << 16;
		limit |= (uint64_t)pci_read_config_dword(dev, PCI_PREF_LIMIT_UPPER32) << 16;
	}
	base = (base & ~15ull) << 16;
	limit = (limit & ~15ull) << 16 | 0xfffff;
	dev->windows[PCI_BRIDGE_PREF] = window(base, limit);
}

/* Return: 0; -ENOMEM. *@at moves to the new function if there is one. */
static int scan_function(platform_bdf bdf, struct pci_dev *bridge, struct pci_dev **at)
{
	struct pci_dev *dev = pci_alloc_dev(*at);

	if (!dev)
		return -ENOMEM;
	dev->bdf = bdf;
	dev->bridge = bridge;
	if (!pci_setup_device(dev)) {
		pci_log(PLATFORM_WARNING, dev, "unknown header type %02x; ignored", dev->hdr_type);
		pci_free_dev(dev);
		return 0;
	}
	if (dev->hdr_type == PCI_HEADER_TYPE_BRIDGE) {
		pci_read_bases(dev, 2);
		read_bridge_windows(dev);
	} else {
		pci_read_bases(dev, PCI_STD_NUM_BARS);
		pci_iov_init(dev);
	}
	*at = dev;
	return 0;
}

static bool somebody_there(platform_bdf bdf)
{
	uint32_t id = platform_pci_read(bdf, PCI_VENDOR_ID, 4);

	/* All ones: no answer. The others are what broken boards answer for an empty slot. */
	return (id & 0xffff) != 0xffff && (id & 0xffff) != 0 && id >> 16 != 0xffff;
}

static int scan_bus(unsigned int bus, struct pci_dev *bridge)
{
	struct pci_dev *at = bridge;
	int err;

	for (unsigned int slot = 0; slot < 32; slot++) {
		platform_bdf bdf = (platform_bdf)(bus << 8 | slot << 3);
		unsigned int functions = 1;

		if (!somebody_there(bdf))
			continue;
		if (platform_pci_read(bdf, PCI_HEADER_TYPE, 1) & PCI_HEADER_TYPE_MFD)
			functions = 8;
		for (unsigned int i = 0; i < functions; i++) {
			if (i > 0 && !somebody_there(bdf | i))
				continue;
			err = scan_function(bdf | i, bridge, &at);
			if (err)
				return err;
		}
	}
	return 0;
}

/* ---- bridges ---- */

/* So that it passes nothing on, whatever it was told before. The top byte, a timer of conventional
 * bridges, stays. */
static void set_buses(struct pci_dev *dev, unsigned int primary, unsigned int secondary)
{
	uint32_t timer = pci_read_config_dword(dev, PCI_PRIMARY_BUS) & 0xff000000;

	dev->secondary = dev->subordinate = (uint8_t)secondary;
	pci_write_config_dword(dev, PCI_PRIMARY_BUS,
			       timer | secondary << 16 | secondary << 8 | primary);
}

/* Do its bus numbers lie within its parent's, and beside those of its siblings? */
static bool numbers_fit(const struct pci_dev *dev, unsigned int secondary, unsigned int subordinate)
{
	if (secondary <= pci_bus_number(dev) || subordinate < secondary ||
	    (dev->bridge && subordinate > dev->bridge->subordinate))
		return false;
	for (const struct pci_dev *other = pci_next(NULL); other; other = other->next)
		if (other->secondary && other->bridge == dev->bridge &&
		    other->secondary <= subordinate && secondary <= other->subordinate)
			return false;
	return true;
}

/* What firmware has numbered. That numbers grow from bus to bus is why this comes to an end. */
static int scan_numbered_bridge(struct pci_dev *dev, struct bus_numbers *buses)
{
	unsigned int secondary = pci_read_config_byte(dev, PCI_SECONDARY_BUS);
	unsigned int subordinate = pci_read_config_byte(dev, PCI_SUBORDINATE_BUS);

	if (pci_read_config_byte(dev, PCI_PRIMARY_BUS) != pci_bus_number(dev) ||
	    !numbers_fit(dev, secondary, subordinate)) {
		set_buses(dev, 0, 0);
		return 0;
	}
	dev->secondary = (uint8_t)secondary;
	dev->subordinate = (uint8_t)subordinate;
	buses->used[secondary] = true;
	if (subordinate > buses->highest)
		buses->highest = subordinate;
	return scan_bus(secondary, dev);
}

/* May the bridges above @dev all pass on bus @bus, which is the next after the highest? */
static bool can_reach(const struct pci_dev *dev, const struct bus_numbers *buses, unsigned int bus)
{
	for (const struct pci_dev *above = dev->bridge; above; above = above->bridge)
		for (unsigned int n = above->subordinate + 1; n < bus; n++)
			if (buses->used[n])
				return false; /* it would take n's accesses away */
	return true;
}

static int number_bridge(struct pci_dev *dev, struct bus_numbers *buses)
{
	unsigned int bus = buses->highest + 1;

	if (bus > PCI_MAX_BUS || !can_reach(dev, buses, bus)) {
		pci_log(PLATFORM_ERROR, dev, "no bus number for what is behind this bridge");
		return 0;
	}
	set_buses(dev, pci_bus_number(dev), bus);
	buses->used[bus] = true;
	buses->highest = bus;
	for (struct pci_dev *above = dev->bridge; above; above = above->bridge) {
		if (above->subordinate < bus) {
			above->subordinate = (uint8_t)bus;
			pci_write_config_byte(above, PCI_SUBORDINATE_BUS, (uint8_t)bus);
		}
	}
	return scan_bus(bus, dev);
}

/* First all that firmware has numbered, so that its numbers are known when new ones are given. */
static int scan_all(struct bus_numbers *buses)
{
	int err = scan_bus(0, NULL);

	for (struct pci_dev *dev = pci_next(NULL); dev && !err; dev = dev->next)
		if (dev->hdr_type == PCI_HEADER_TYPE_BRIDGE)
			err = scan_numbered_bridge(dev, buses);
	for (struct pci_dev *dev = pci_next(NULL); dev && !err; dev = dev->next)
		if (dev->hdr_type == PCI_HEADER_TYPE_BRIDGE && !dev->secondary)
			err = number_bridge(dev, buses);
	return err;
}

int pci_scan(void)
{
	struct bus_numbers buses = { .used = { [0] = true } };
	int err;

	if (pci_next(NULL))
		return -EBUSY;
	err = scan_all(&buses);
	if (err) {
		pci_forget();
		return err;
	}
	pci_assign_unassigned();
	return 0;
}
