/* SPDX-License-Identifier: MIT */
/*
 * How a processor's access finds its function, and an interrupt its way up: buses and bridges.
 *
 * Mirrors QEMU's hw/pci/pci_host.c and pci_bridge.c. QEMU keeps a tree of memory regions up to
 * date; here each access asks the registers where things are.
 */
#include "pci_internal.h"

/* ---- plugging ---- */

void pci_bus_init(struct PCIBus *bus, const struct PCIHostClass *class, void *host)
{
	*bus = (struct PCIBus){ .class = class, .host = host };
}

static struct PCIDevice *on_bus(const struct PCIBus *bus, unsigned int devfn)
{
	for (struct PCIDevice *dev = bus->first; dev; dev = dev->next)
		if (dev->devfn == devfn && (!dev->pf || pci_vf_exists(dev)))
			return dev;
	return NULL;
}

bool pci_bus_plug(struct PCIBus *bus, struct PCIDevice *dev, uint8_t devfn)
{
	struct PCIDevice **at = &bus->first, *first;

	if (on_bus(bus, devfn))
		return false;
	while (*at)
		at = &(*at)->next;
	*at = dev;
	dev->next = NULL;
	dev->bus = bus;
	dev->devfn = devfn;
	__builtin_memcpy(dev->initial, dev->config, sizeof(dev->config));
	/* Function 0 tells whether it is worth looking for others. */
	first = on_bus(bus, devfn & ~7u);
	if (devfn & 7 && first && !dev->pf) {
		first->config[PCI_HEADER_TYPE] |= PCI_HEADER_TYPE_MULTI;
		first->initial[PCI_HEADER_TYPE] |= PCI_HEADER_TYPE_MULTI;
	}
	return true;
}

void pci_bus_unplug(struct PCIDevice *dev)
{
	struct PCIDevice **at;

	if (!dev->bus)
		return;
	pci_set_irq(dev, false);
	at = &dev->bus->first;
	while (*at != dev)
		at = &(*at)->next;
	*at = dev->next;
	dev->bus = NULL;
	dev->next = NULL;
}

/* ---- bridges ---- */

static const struct PCIDeviceClass bridge_class = { 0 };

bool pci_bridge_init(struct PCIBridge *bridge, const struct PCIIdentity *identity)
{
	struct PCIDevice *dev = &bridge->dev;
	struct PCIIdentity id = *identity;

	id.class_code = 0x060400; /* PCI-to-PCI bridge */
	pci_device_init(dev, &bridge_class, &id);
	pci_bus_init(&bridge->secondary, NULL, NULL);
	bridge->secondary.parent = bridge;
	dev->bridge = bridge;
	dev->config[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
	/* Header type 1 has bus numbers and windows where type 0 has BARs and subsystem. */
	pci_set_long(dev->config + PCI_SUBSYSTEM_VENDOR_ID, 0);
	pci_set_long(dev->wmask + PCI_PRIMARY_BUS, 0xffffffff);
	dev->wmask[PCI_IO_BASE] = 0xf0;
	dev->wmask[PCI_IO_LIMIT] = 0xf0;
	pci_set_word(dev->wmask + PCI_MEMORY_BASE, 0xfff0);
	pci_set_word(dev->wmask + PCI_MEMORY_LIMIT, 0xfff0);
	pci_set_word(dev->wmask + PCI_PREF_MEMORY_BASE, 0xfff0);
	pci_set_word(dev->wmask + PCI_PREF_MEMORY_LIMIT, 0xfff0);
	/* The low nibble 1 says: prefetchable addresses have 64 bits. I/O ones have 16. */
	dev->config[PCI_PREF_MEMORY_BASE] = 1;
	dev->config[PCI_PREF_MEMORY_LIMIT] = 1;
	pci_set_long(dev->wmask + PCI_PREF_BASE_UPPER32, 0xffffffff);
	pci_set_long(dev->wmask + PCI_PREF_LIMIT_UPPER32, 0xffffffff);
	pci_set_word(dev->wmask + PCI_BRIDGE_CONTROL, 0x0003);
	return !identity->express || pci_express_init(dev, PCI_EXP_TYPE_ROOT_PORT);
}

static uint64_t register_part(const struct PCIDevice *dev, unsigned int reg, unsigned int upper)
{
	return (uint64_t)(pci_get_word(dev->config + reg) & 0xfff0u) << 16 |
	       (upper ? (uint64_t)pci_get_long(dev->config + upper) << 32 : 0);
}

/* Does the bridge pass an access to @address down? */
static bool forwards(const struct PCIDevice *dev, enum pci_space space, uint64_t address)
{
	uint8_t command = dev->config[PCI_COMMAND];

	if (!pci_device_awake(dev))
		return false;
	if (space == PCI_SPACE_IO)
		return command & PCI_COMMAND_IO &&
		       address >= (uint64_t)(dev->config[PCI_IO_BASE] & 0xf0) << 8 &&
		       address <= ((uint64_t)(dev->config[PCI_IO_LIMIT] & 0xf0) << 8 | 0xfff);
	if (!(command & PCI_COMMAND_MEMORY))
		return false;
	if (address >= register_part(dev, PCI_MEMORY_BASE, 0) &&
	    address <= (register_part(dev, PCI_MEMORY_LIMIT, 0) | 0xfffff))
		return true;
	return address >= register_part(dev, PCI_PREF_MEMORY_BASE, PCI_PREF_BASE_UPPER32) &&
	       address <= (register_part(dev, PCI_PREF_MEMORY_LIMIT, PCI_PREF_LIMIT_UPPER32) |
			   0xfffff);
}

/* The bus of that number, on @bus or below it, as the bridges have been told. */
static struct PCIBus *numbered(struct PCIBus *bus, unsigned int number)
{
	for (struct PCIDevice *dev = bus->first; dev; dev = dev->next) {
		uint8_t secondary = dev->config[PCI_SECONDARY_BUS];

		/* A bridge that nobody has set up yet has secondary bus 0, and passes nothing. */
		if (!dev->bridge || dev->gone || !secondary || number < secondary ||
		    number > dev->config[PCI_SUBORDINATE_BUS])
			continue;
		return number == secondary ? &dev->bridge->secondary :
					     numbered(&dev->bridge->secondary, number);
	}
	return NULL;
}

/* ---- what a processor does ---- */

struct PCIDevice *pci_bus_find(struct PCIBus *root, uint16_t bdf)
{
	struct PCIBus *bus = bdf >> 8 ? numbered(root, bdf >> 8) : root;

	return bus ? on_bus(bus, bdf & 0xff) : NULL;
}

uint32_t pci_bus_config_read(struct PCIBus *root, uint16_t bdf, unsigned int offset,
			     unsigned int bytes)
{
	struct PCIDevice *dev = pci_bus_find(root, bdf);

	return dev ? pci_device_config_read(dev, offset, bytes) : 0xffffffffu >> (32 - 8 * bytes);
}

void pci_bus_config_write(struct PCIBus *root, uint16_t bdf, unsigned int offset,
			  unsigned int bytes, uint32_t value)
{
	struct PCIDevice *dev = pci_bus_find(root, bdf);

	if (dev)
		pci_device_config_write(dev, offset, bytes, value);
}

/* The BAR of @dev that @address is in, or PCI_BARS. */
static unsigned int bar_at(const struct PCIDevice *dev, enum pci_space space, uint64_t address,
			   uint64_t *offset)
{
	unsigned int bar;
	uint64_t base;

	for (bar = 0; bar < PCI_BARS; bar++) {
		if ((dev->bars[bar].kind == PCI_BAR_IO) != (space == PCI_SPACE_IO) ||
		    !pci_bar_address(dev, bar, &base))
			continue;
		*offset = address - base;
		if (*offset < dev->bars[bar].size)
			break;
	}
	return bar;
}

/* Who answers at @address, and where in which of its BARs. */
static struct PCIDevice *decode(struct PCIBus *bus, enum pci_space space, uint64_t address,
				unsigned int *bar, uint64_t *offset)
{
	for (struct PCIDevice *dev = bus->first; dev; dev = dev->next) {
		struct PCIDevice *below = NULL;

		if (dev->pf && !pci_vf_exists(dev))
			continue;
		*bar = bar_at(dev, space, address, offset);
		if (*bar < PCI_BARS)
			return dev;
		if (dev->bridge && forwards(dev, space, address))
			below = decode(&dev->bridge->secondary, space, address, bar, offset);
		if (below)
			return below;
	}
	return NULL;
}

uint32_t pci_bus_read(struct PCIBus *root, enum pci_space space, uint64_t address,
		      unsigned int bytes)
{
	unsigned int bar;
	uint64_t offset;
	struct PCIDevice *dev = decode(root, space, address, &bar, &offset);

	if (!dev || !pci_device_answers(dev))
		return 0xffffffffu >> (32 - 8 * bytes);
	return pci_bar_read(dev, bar, offset, bytes);
}

void pci_bus_write(struct PCIBus *root, enum pci_space space, uint64_t address, unsigned int bytes,
		   uint32_t value)
{
	unsigned int bar;
	uint64_t offset;
	struct PCIDevice *dev = decode(root, space, address, &bar, &offset);

	if (dev && pci_device_answers(dev))
		pci_bar_write(dev, bar, offset, value, bytes);
}

/* ---- what comes up from below ---- */

void pci_bus_intx(struct PCIBus *bus, unsigned int slot, unsigned int pin, bool level)
{
	/* PCI-to-PCI bridge specification, 9.1: each bridge turns the pins by the slot. */
	while (bus->parent) {
		pin = (pin - 1 + slot) % 4 + 1;
		slot = bus->parent->dev.devfn >> 3;
		bus = bus->parent->dev.bus;
		if (!bus)
			return;
	}
	bus->class->intx(bus->host, slot, pin, level);
}

void pci_bus_send_msi(struct PCIBus *bus, uint64_t address, uint32_t data)
{
	while (bus->parent)
		bus = bus->parent->dev.bus;
	bus->class->msi(bus->host, address, data);
}
