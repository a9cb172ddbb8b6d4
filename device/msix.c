/* SPDX-License-Identifier: MIT */
/*
 * MSI-X: a table of messages in a BAR, with a mask and a pending bit for each.
 *
 * Mirrors QEMU's hw/pci/msix.c. All entries start masked, as after power on.
 */
#include "pci_internal.h"

static uint16_t control(const struct PCIDevice *dev)
{
	return pci_get_word(dev->config + dev->msix_cap + PCI_MSIX_FLAGS);
}

static uint8_t *entry_of(struct PCIDevice *dev, unsigned int vector)
{
	return dev->msix_memory + vector * PCI_MSIX_ENTRY_BYTES;
}

static uint32_t table_bytes(const struct PCIDevice *dev)
{
	return dev->msix_entries * PCI_MSIX_ENTRY_BYTES;
}

static uint32_t pba_bytes(const struct PCIDevice *dev)
{
	return (uint32_t)pci_msix_bytes(dev->msix_entries) - table_bytes(dev);
}

/* The byte that holds @vector's pending bit; the bit is vector % 8. */
static uint8_t *pending_of(struct PCIDevice *dev, unsigned int vector)
{
	return dev->msix_memory + table_bytes(dev) + vector / 8;
}

bool msix_init(struct PCIDevice *dev, unsigned int entries, uint8_t *memory, unsigned int bar,
	       uint32_t table, uint32_t pba)
{
	unsigned int cap;

	if (!entries || entries > PCI_MSIX_MAX)
		return false;
	cap = pci_add_capability(dev, PCI_CAP_ID_MSIX, PCI_MSIX_SIZEOF);
	if (!cap)
		return false;
	dev->msix_cap = (uint8_t)cap;
	dev->msix_entries = entries;
	dev->msix_memory = memory;
	dev->msix_bar = (uint8_t)bar;
	dev->msix_table = table;
	dev->msix_pba = pba;
	/* 4.1.5.1.2.1: table size, as PCI counts it: less one. */
	pci_set_word(dev->config + cap + PCI_MSIX_FLAGS, (uint16_t)(entries - 1));
	pci_set_word(dev->wmask + cap + PCI_MSIX_FLAGS,
		     PCI_MSIX_FLAGS_MASKALL | PCI_MSIX_FLAGS_ENABLE);
	pci_set_long(dev->config + cap + PCI_MSIX_TABLE, table | bar);
	pci_set_long(dev->config + cap + PCI_MSIX_PBA, pba | bar);
	msix_reset(dev);
	return true;
}

void msix_reset(struct PCIDevice *dev)
{
	if (!dev->msix_cap)
		return;
	__builtin_memset(dev->msix_memory, 0, pci_msix_bytes(dev->msix_entries));
	for (unsigned int i = 0; i < dev->msix_entries; i++)
		pci_set_long(entry_of(dev, i) + PCI_MSIX_ENTRY_VECTOR_CTRL,
			     PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

bool msix_enabled(const struct PCIDevice *dev)
{
	return dev->msix_cap && control(dev) & PCI_MSIX_FLAGS_ENABLE;
}

static bool masked(struct PCIDevice *dev, unsigned int vector)
{
	return control(dev) & PCI_MSIX_FLAGS_MASKALL ||
	       entry_of(dev, vector)[PCI_MSIX_ENTRY_VECTOR_CTRL] & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static void send(struct PCIDevice *dev, unsigned int vector)
{
	const uint8_t *entry = entry_of(dev, vector);

	/* A message is a write to memory: without bus mastering there is none. */
	if (pci_can_master(dev))
		pci_bus_send_msi(dev->bus,
				 pci_get_long(entry) | (uint64_t)pci_get_long(entry + 4) << 32,
				 pci_get_long(entry + PCI_MSIX_ENTRY_DATA));
}

void msix_notify(struct PCIDevice *dev, unsigned int vector)
{
	if (!msix_enabled(dev) || vector >= dev->msix_entries || !dev->bus)
		return;
	if (masked(dev, vector))
		*pending_of(dev, vector) |= (uint8_t)(1u << vector % 8);
	else
		send(dev, vector);
}

static void send_if_pending(struct PCIDevice *dev, unsigned int vector)
{
	uint8_t *pending = pending_of(dev, vector), bit = (uint8_t)(1u << vector % 8);

	if (!(*pending & bit) || !msix_enabled(dev) || masked(dev, vector))
		return;
	*pending &= ~bit;
	send(dev, vector);
}

void msix_control_written(struct PCIDevice *dev)
{
	for (unsigned int i = 0; i < dev->msix_entries; i++)
		send_if_pending(dev, i);
	pci_update_intx(dev);
}

bool msix_claims(const struct PCIDevice *dev, unsigned int bar, uint64_t offset)
{
	if (!dev->msix_cap || bar != dev->msix_bar)
		return false;
	return offset - dev->msix_table < table_bytes(dev) ||
	       offset - dev->msix_pba < pba_bytes(dev);
}

uint32_t msix_read(struct PCIDevice *dev, uint64_t offset, unsigned int bytes)
{
	uint64_t at = offset - dev->msix_table;
	uint32_t value = 0;

	if (at >= table_bytes(dev))
		at = table_bytes(dev) + (offset - dev->msix_pba);
	if (at + bytes > pci_msix_bytes(dev->msix_entries))
		return 0;
	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint32_t)dev->msix_memory[at + i] << 8 * i;
	return value;
}

void msix_write(struct PCIDevice *dev, uint64_t offset, uint32_t value, unsigned int bytes)
{
	uint64_t at = offset - dev->msix_table;

	/* Pending bits are the function's; entries are written in aligned words of 32 bits. */
	if (at >= table_bytes(dev) || bytes != 4 || at % 4)
		return;
	/* PCI 3.0, 6.8.2: address and data of an entry are changed only while it is masked. */
	if (at % PCI_MSIX_ENTRY_BYTES != PCI_MSIX_ENTRY_VECTOR_CTRL && msix_enabled(dev) &&
	    !masked(dev, (unsigned int)(at / PCI_MSIX_ENTRY_BYTES)) &&
	    pci_get_long(dev->msix_memory + at) != value)
		dev->msix_torn++;
	pci_set_long(dev->msix_memory + at, value);
	send_if_pending(dev, (unsigned int)(at / PCI_MSIX_ENTRY_BYTES));
}
