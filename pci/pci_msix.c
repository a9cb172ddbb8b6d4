// SPDX-License-Identifier: MIT
/*
 * Interrupts of a function: messages of its own (MSI-X), or a pin it shares.
 *
 * Mirrors drivers/pci/msi/ of Linux as far as MSI-X goes, and pci_swizzle_interrupt_pin(). Linux
 * chooses CPUs for many vectors by a mask; here all start on the CPU that asks, and are moved one
 * by one.
 */
#include "pci_internal.h"

struct pci_msix_vector {
	int irq; /* the platform's number */
	unsigned int cpu;
	struct platform_msi msi;
};

/* ---- the table ---- */

static uint16_t read_flags(const struct pci_dev *dev)
{
	return pci_read_config_word(dev,
				    pci_find_capability(dev, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS);
}

static void write_flags(const struct pci_dev *dev, uint16_t flags)
{
	pci_write_config_word(dev, pci_find_capability(dev, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS,
			      flags);
}

void pci_msix_init(const struct pci_dev *dev)
{
	unsigned int pos = pci_find_capability(dev, PCI_CAP_ID_MSIX);
	uint16_t flags;

	if (!pos)
		return;
	/* It would send to where somebody else listened; and where a legacy device's config begins
	 * depends on it (4.1.4.10). */
	flags = read_flags(dev);
	if (flags != 0xffff && flags & PCI_MSIX_FLAGS_ENABLE)
		write_flags(dev, flags & ~PCI_MSIX_FLAGS_ENABLE);
}

/* Where the table is; 0 if it cannot be reached, or is not all inside its BAR. */
static uint64_t table_address(const struct pci_dev *dev, unsigned int entries)
{
	uint32_t table = pci_read_config_dword(dev, pci_find_capability(dev, PCI_CAP_ID_MSIX) +
							    PCI_MSIX_TABLE);
	unsigned int bar = table & PCI_MSIX_TABLE_BIR;
	uint64_t offset = table & ~PCI_MSIX_TABLE_BIR;

	if (bar >= PCI_STD_NUM_BARS || dev->bars[bar].is_io || !pci_bar_mapped(dev, bar) ||
	    offset + (uint64_t)entries * PCI_MSIX_ENTRY_SIZE > dev->bars[bar].bytes)
		return 0;
	return dev->bars[bar].base + offset;
}

unsigned int pci_msix_vec_count(const struct pci_dev *dev)
{
	unsigned int pos = pci_find_capability(dev, PCI_CAP_ID_MSIX);
	unsigned int count;
	uint16_t flags;

	/* 12 bytes; an entry at the very end of config space is not all there. */
	if (!pos || pos + 12 > PCI_CFG_SPACE_SIZE)
		return 0;
	flags = read_flags(dev);
	if (flags == 0xffff)
		return 0;
	count = (flags & PCI_MSIX_FLAGS_QSIZE) + 1;
	return table_address(dev, count) ? count : 0;
}

static void write_entry(const struct pci_dev *dev, uint64_t table, unsigned int nr)
{
	const struct platform_msi *msi = &dev->vectors[nr].msi;
	uint64_t entry = table + (uint64_t)nr * PCI_MSIX_ENTRY_SIZE;

	/* Masked while it is neither the old message nor the new one. */
	platform_mmio_write32(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, PCI_MSIX_ENTRY_CTRL_MASKBIT);
	platform_mmio_write32(entry + PCI_MSIX_ENTRY_LOWER_ADDR, (uint32_t)msi->address);
	platform_mmio_write32(entry + PCI_MSIX_ENTRY_UPPER_ADDR, (uint32_t)(msi->address >> 32));
	platform_mmio_write32(entry + PCI_MSIX_ENTRY_DATA, msi->data);
	platform_mmio_write32(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
}

/* Silence the pin, or let it speak. */
static void set_intx(const struct pci_dev *dev, bool on)
{
	uint16_t command = pci_read_config_word(dev, PCI_COMMAND);

	pci_write_config_word(dev, PCI_COMMAND,
			      on ? command & ~PCI_COMMAND_INTX_DISABLE :
				   command | PCI_COMMAND_INTX_DISABLE);
}

static void program(struct pci_dev *dev)
{
	uint16_t flags = read_flags(dev) | PCI_MSIX_FLAGS_ENABLE;
	uint64_t table = table_address(dev, dev->num_vectors);

	write_flags(dev, flags | PCI_MSIX_FLAGS_MASKALL);
	for (unsigned int i = 0; table && i < dev->num_vectors; i++)
		write_entry(dev, table, i);
	set_intx(dev, false);
	write_flags(dev, flags & ~PCI_MSIX_FLAGS_MASKALL);
}

/* ---- on and off ---- */

static void free_vectors(struct pci_dev *dev)
{
	for (unsigned int i = 0; i < dev->num_vectors; i++)
		platform_msi_free(dev->vectors[i].irq);
	platform_free(dev->vectors);
	dev->vectors = NULL;
	dev->num_vectors = 0;
}

static int alloc_vectors(struct pci_dev *dev, unsigned int nvec)
{
	unsigned int cpu = platform_cpu();

	dev->vectors = platform_zalloc(nvec * sizeof(*dev->vectors));
	if (!dev->vectors)
		return -ENOMEM;
	while (dev->num_vectors < nvec) {
		struct pci_msix_vector *vector = &dev->vectors[dev->num_vectors];

		vector->cpu = cpu;
		vector->irq = platform_msi_alloc(cpu, &vector->msi);
		if (vector->irq < 0) {
			int err = vector->irq;

			free_vectors(dev);
			return err;
		}
		dev->num_vectors++;
	}
	return 0;
}

int pci_enable_msix(struct pci_dev *dev, unsigned int nvec)
{
	int err;

	if (dev->msix_enabled)
		return -EBUSY;
	if (nvec == 0 || nvec > pci_msix_vec_count(dev))
		return pci_device_is_present(dev) ? -ENOSPC : -ENODEV;
	err = alloc_vectors(dev, nvec);
	if (err)
		return err;
	program(dev);
	if (!pci_device_is_present(dev)) {
		free_vectors(dev);
		return -ENODEV;
	}
	dev->msix_enabled = true;
	return 0;
}

void pci_disable_msix(struct pci_dev *dev)
{
	if (!dev->msix_enabled)
		return;
	write_flags(dev, read_flags(dev) & ~PCI_MSIX_FLAGS_ENABLE);
	set_intx(dev, true);
	dev->msix_enabled = false;
	free_vectors(dev);
}

void pci_restore_msix(struct pci_dev *dev)
{
	program(dev);
}

/* ---- numbers and CPUs ---- */

int pci_irq_vector(const struct pci_dev *dev, unsigned int nr)
{
	unsigned int pin = dev->pin;

	if (dev->msix_enabled)
		return nr < dev->num_vectors ? dev->vectors[nr].irq : -ENXIO;
	if (nr || !pin)
		return -ENXIO;
	/* PCI-to-PCI bridge specification, 9.1: each bridge turns the pins by the slot. */
	for (; dev->bridge; dev = dev->bridge)
		pin = (pin - 1 + pci_slot(dev)) % 4 + 1;
	return platform_intx(pci_slot(dev), pin);
}

int pci_irq_set_affinity(struct pci_dev *dev, unsigned int nr, unsigned int cpu)
{
	struct pci_msix_vector *vector;
	uint64_t table;
	int err;

	if (!dev->msix_enabled || nr >= dev->num_vectors)
		return -EINVAL;
	vector = &dev->vectors[nr];
	err = platform_msi_set_cpu(vector->irq, cpu, &vector->msi);
	if (err)
		return err;
	vector->cpu = cpu;
	table = table_address(dev, dev->num_vectors);
	if (table)
		write_entry(dev, table, nr);
	return 0;
}

unsigned int pci_irq_get_affinity(const struct pci_dev *dev, unsigned int nr)
{
	return dev->vectors[nr].cpu;
}
