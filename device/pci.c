/* SPDX-License-Identifier: MIT */
/*
 * A PCI function: config space with its read-only bits, BARs, capabilities, power states, INTx.
 *
 * Mirrors QEMU's hw/pci/pci.c, with pcie.c's capability. Stricter than QEMU in one place: a
 * function in D3hot answers in config space only, as hardware does.
 */
#include "pci_internal.h"

/* ---- making a function ---- */

void pci_device_init(struct PCIDevice *dev, const struct PCIDeviceClass *class,
		     const struct PCIIdentity *identity)
{
	__builtin_memset(dev, 0, sizeof(*dev));
	dev->class = class;
	dev->config_bytes = identity->express ? PCIE_CONFIG_BYTES : PCI_CONFIG_BYTES;
	dev->free_cap = 0x40;
	dev->free_ext_cap = PCI_CONFIG_BYTES;
	pci_set_word(dev->config + PCI_VENDOR_ID, identity->vendor);
	pci_set_word(dev->config + PCI_DEVICE_ID, identity->device);
	/* The revision is the lowest byte of this word. */
	pci_set_long(dev->config + PCI_REVISION_ID, identity->class_code << 8 | identity->revision);
	pci_set_word(dev->config + PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor);
	pci_set_word(dev->config + PCI_SUBSYSTEM_ID, identity->subsystem);
	dev->config[PCI_INTERRUPT_PIN] = identity->interrupt_pin;
	dev->wmask[PCI_INTERRUPT_LINE] = 0xff;
	pci_set_word(dev->wmask + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
						       PCI_COMMAND_MASTER |
						       PCI_COMMAND_INTX_DISABLE);
}

void pci_bar_init(uint8_t *config, uint8_t *wmask, const struct PCIRegion *region)
{
	uint64_t mask = ~(region->size - 1);
	uint32_t type = 0;

	if (region->kind == PCI_BAR_IO)
		type = PCI_BASE_ADDRESS_SPACE_IO;
	if (region->kind == PCI_BAR_MEM64)
		type = PCI_BASE_ADDRESS_MEM_TYPE_64;
	if (region->prefetch)
		type |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	pci_set_long(config, type);
	/* What software reads back after writing ones is the size: the low bits do not take. */
	pci_set_long(wmask, (uint32_t)mask);
	if (region->kind == PCI_BAR_MEM64)
		pci_set_long(wmask + 4, (uint32_t)(mask >> 32));
}

void pci_register_bar(struct PCIDevice *dev, unsigned int bar, enum pci_bar_kind kind,
		      bool prefetch, uint64_t size)
{
	unsigned int reg = PCI_BASE_ADDRESS_0 + 4 * bar;

	dev->bars[bar] = (struct PCIRegion){ kind, prefetch, size };
	pci_bar_init(dev->config + reg, dev->wmask + reg, &dev->bars[bar]);
}

unsigned int pci_add_capability(struct PCIDevice *dev, uint8_t id, unsigned int bytes)
{
	unsigned int at = dev->free_cap;

	if (at == 0 || at + bytes > PCI_CONFIG_BYTES)
		return 0;
	dev->config[at] = id;
	dev->config[dev->last_cap ? dev->last_cap + 1 : PCI_CAPABILITY_LIST] = (uint8_t)at;
	dev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	dev->last_cap = (uint8_t)at;
	dev->free_cap = (uint8_t)((at + bytes + 3) & ~3u); /* 0 once the last byte is taken */
	return at;
}

unsigned int pci_add_ext_capability(struct PCIDevice *dev, uint16_t id, uint8_t version,
				    unsigned int bytes)
{
	unsigned int at = dev->free_ext_cap;
	uint8_t *last = dev->config + dev->last_ext_cap;

	if (at + bytes > dev->config_bytes)
		return 0;
	pci_set_long(dev->config + at, id | (uint32_t)version << 16);
	/* The first stands at 256 and nothing points to it. */
	if (dev->last_ext_cap)
		pci_set_long(last, pci_get_long(last) | (uint32_t)at << 20);
	dev->last_ext_cap = (uint16_t)at;
	dev->free_ext_cap = (uint16_t)((at + bytes + 3) & ~3u);
	return at;
}

bool pci_pm_init(struct PCIDevice *dev, bool no_soft_reset)
{
	unsigned int cap = pci_add_capability(dev, PCI_CAP_ID_PM, PCI_PM_SIZEOF);

	if (!cap)
		return false;
	dev->pm_cap = (uint8_t)cap;
	dev->no_soft_reset = no_soft_reset;
	pci_set_word(dev->config + cap + PCI_PM_PMC, 3); /* version 1.2 of that specification */
	if (no_soft_reset)
		pci_set_word(dev->config + cap + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	pci_set_word(dev->wmask + cap + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
	return true;
}

bool pci_express_init(struct PCIDevice *dev, unsigned int port_type)
{
	unsigned int cap = pci_add_capability(dev, PCI_CAP_ID_EXP, PCI_EXP_SIZEOF);

	if (!cap)
		return false;
	dev->express_cap = (uint8_t)cap;
	pci_set_word(dev->config + cap + PCI_EXP_FLAGS, (uint16_t)(2 | port_type << 4));
	if (port_type == PCI_EXP_TYPE_ENDPOINT) {
		pci_set_long(dev->config + cap + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR);
		/* Reads 0: it is done by the time of the next access. */
		pci_set_word(dev->wmask + cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
	}
	return true;
}

/* ---- states ---- */

void pci_device_pull_out(struct PCIDevice *dev)
{
	if (dev->gone)
		return;
	dev->gone = true;
	pci_update_intx(dev);
	if (dev->class->gone)
		dev->class->gone(dev);
}

bool pci_device_answers(struct PCIDevice *dev)
{
	dev->accesses++;
	if (dev->gone_at && dev->accesses >= dev->gone_at)
		pci_device_pull_out(dev);
	return !dev->gone;
}

static unsigned int power_state(const struct PCIDevice *dev)
{
	return dev->pm_cap ? dev->config[dev->pm_cap + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK : 0;
}

bool pci_device_awake(const struct PCIDevice *dev)
{
	return !dev->gone && !power_state(dev);
}

bool pci_can_master(const struct PCIDevice *dev)
{
	/* Every bridge on the way up has to let it pass as well. */
	for (; dev; dev = dev->bus && dev->bus->parent ? &dev->bus->parent->dev : NULL)
		if (!pci_device_awake(dev) || !(dev->config[PCI_COMMAND] & PCI_COMMAND_MASTER))
			return false;
	return true;
}

void pci_device_reset(struct PCIDevice *dev)
{
	dev->intx_level = false;
	__builtin_memcpy(dev->config, dev->initial, sizeof(dev->config));
	msix_reset(dev);
	if (dev->sriov_cap)
		pci_sriov_written(dev);
	if (dev->class->reset)
		dev->class->reset(dev);
	pci_update_intx(dev);
}

/* ---- config space ---- */

/* The bits of @bytes bytes. */
static uint32_t ones(unsigned int bytes)
{
	return 0xffffffffu >> (32 - 8 * bytes);
}

uint32_t pci_device_config_read(struct PCIDevice *dev, unsigned int offset, unsigned int bytes)
{
	uint32_t value = 0;

	if (!pci_device_answers(dev) || offset + bytes > dev->config_bytes)
		return ones(bytes);
	if (dev->class->config_read)
		dev->class->config_read(dev, offset, bytes);
	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint32_t)dev->config[offset + i] << 8 * i;
	return value;
}

static void power_written(struct PCIDevice *dev, unsigned int before)
{
	unsigned int now = power_state(dev);

	/* D1 and D2 are optional, and not here: such a write has no effect. */
	if (now == 1 || now == 2) {
		dev->config[dev->pm_cap + PCI_PM_CTRL] &= ~PCI_PM_CTRL_STATE_MASK;
		dev->config[dev->pm_cap + PCI_PM_CTRL] |= (uint8_t)before;
		return;
	}
	if (before == 3 && now == 0 && !dev->no_soft_reset)
		pci_device_reset(dev);
	pci_update_intx(dev);
}

void pci_device_config_write(struct PCIDevice *dev, unsigned int offset, unsigned int bytes,
			     uint32_t value)
{
	unsigned int power = power_state(dev);
	unsigned int devctl = dev->express_cap ? dev->express_cap + PCI_EXP_DEVCTL : 0;

	if (!pci_device_answers(dev) || offset + bytes > dev->config_bytes)
		return;
	for (unsigned int i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * i), *at = &dev->config[offset + i];
		uint8_t mask = dev->wmask[offset + i];

		*at = (*at & ~mask) | (byte & mask);
		*at &= ~(byte & dev->w1cmask[offset + i]);
	}
	if (pci_touches(offset, bytes, devctl, 2) && dev->config[devctl + 1] & 0x80) {
		pci_device_reset(dev); /* which clears the bit, too */
		return;
	}
	if (dev->pm_cap && pci_touches(offset, bytes, dev->pm_cap + PCI_PM_CTRL, 1))
		power_written(dev, power);
	if (dev->msix_cap && pci_touches(offset, bytes, dev->msix_cap + PCI_MSIX_FLAGS, 2))
		msix_control_written(dev);
	if (pci_touches(offset, bytes, dev->sriov_cap, PCI_SRIOV_SIZEOF))
		pci_sriov_written(dev);
	if (pci_touches(offset, bytes, PCI_COMMAND, 2))
		pci_update_intx(dev);
	if (dev->class->config_written)
		dev->class->config_written(dev, offset, bytes);
}

/* ---- BARs ---- */

uint64_t pci_bar_register(const uint8_t *reg, const struct PCIRegion *region)
{
	uint64_t address = pci_get_long(reg) & ~(region->size - 1);

	if (region->kind == PCI_BAR_MEM64)
		address |= ((uint64_t)pci_get_long(reg + 4) << 32) & ~(region->size - 1);
	return address;
}

bool pci_bar_address(const struct PCIDevice *dev, unsigned int bar, uint64_t *address)
{
	const struct PCIRegion *region = &dev->bars[bar];
	uint8_t needed = region->kind == PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

	if (region->kind == PCI_BAR_NONE || !pci_device_awake(dev))
		return false;
	if (dev->pf)
		return pci_vf_bar_address(dev, bar, address);
	if (!(dev->config[PCI_COMMAND] & needed))
		return false;
	*address = pci_bar_register(dev->config + PCI_BASE_ADDRESS_0 + 4 * bar, region);
	/* As in QEMU, 0 means that it has not been given an address. */
	return *address != 0;
}

uint32_t pci_bar_read(struct PCIDevice *dev, unsigned int bar, uint64_t offset, unsigned int bytes)
{
	if (offset + bytes > dev->bars[bar].size)
		return ones(bytes);
	if (msix_claims(dev, bar, offset))
		return msix_read(dev, offset, bytes);
	return dev->class->bar_read ? dev->class->bar_read(dev, bar, offset, bytes) & ones(bytes) :
				      0;
}

void pci_bar_write(struct PCIDevice *dev, unsigned int bar, uint64_t offset, uint32_t value,
		   unsigned int bytes)
{
	if (offset + bytes > dev->bars[bar].size)
		return;
	if (msix_claims(dev, bar, offset))
		msix_write(dev, offset, value, bytes);
	else if (dev->class->bar_write)
		dev->class->bar_write(dev, bar, offset, value & ones(bytes), bytes);
}

/* ---- the interrupt pin ---- */

void pci_update_intx(struct PCIDevice *dev)
{
	bool disabled = pci_get_word(dev->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE;
	bool wire = dev->intx_level && !disabled && !msix_enabled(dev) && pci_device_awake(dev);

	/* The status register shows the pin, whatever becomes of the wire. */
	if (dev->intx_level)
		dev->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
	else
		dev->config[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
	if (wire == dev->intx_wire || !dev->bus)
		return;
	dev->intx_wire = wire;
	pci_bus_intx(dev->bus, dev->devfn >> 3, dev->config[PCI_INTERRUPT_PIN], wire);
}

void pci_set_irq(struct PCIDevice *dev, bool level)
{
	if (!dev->config[PCI_INTERRUPT_PIN])
		return;
	dev->intx_level = level;
	pci_update_intx(dev);
}
