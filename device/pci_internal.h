/* SPDX-License-Identifier: MIT */
/*
 * What the files of the device side of PCI share among themselves: pci.c is the function and its
 * config space, msix.c its messages, pci_bus.c how it is reached, pci_sriov.c its virtual ones.
 */
#ifndef DEVICE_PCI_INTERNAL_H
#define DEVICE_PCI_INTERNAL_H

#include "pci.h"
#include "pci_regs.h"

/* One access to @dev: counts it, pulls it out if this is when. False: it is not there any more. */
bool pci_device_answers(struct PCIDevice *dev);

uint32_t pci_device_config_read(struct PCIDevice *dev, unsigned int offset, unsigned int bytes);
void pci_device_config_write(struct PCIDevice *dev, unsigned int offset, unsigned int bytes,
			     uint32_t value);

/* Everything that software has set is as it was when the function was plugged in. */
void pci_device_reset(struct PCIDevice *dev);

/* Does a write of @bytes at @offset touch the @len bytes of a register at @reg? */
static inline bool pci_touches(unsigned int offset, unsigned int bytes, unsigned int reg,
			       unsigned int len)
{
	return reg && offset < reg + len && reg < offset + bytes;
}

/* Is it in D0, and plugged in? */
bool pci_device_awake(const struct PCIDevice *dev);

/* The wire follows pin, command register, MSI-X and power state. */
void pci_update_intx(struct PCIDevice *dev);
/* The same for a wire of a slot: up to the root, swizzled at each bridge. */
void pci_bus_intx(struct PCIBus *bus, unsigned int slot, unsigned int pin, bool level);

void pci_bus_send_msi(struct PCIBus *bus, uint64_t address, uint32_t data);

/* MSI-X, after its control register was written, and its part of a BAR. */
void msix_control_written(struct PCIDevice *dev);
void msix_reset(struct PCIDevice *dev);
bool msix_claims(const struct PCIDevice *dev, unsigned int bar, uint64_t offset);
uint32_t msix_read(struct PCIDevice *dev, uint64_t offset, unsigned int bytes);
void msix_write(struct PCIDevice *dev, uint64_t offset, uint32_t value, unsigned int bytes);

/* After a register of the SR-IOV capability was written. */
void pci_sriov_written(struct PCIDevice *pf);
/* Is there such a virtual function now? */
bool pci_vf_exists(const struct PCIDevice *vf);
/* Where its BAR is, by its physical function. */
bool pci_vf_bar_address(const struct PCIDevice *vf, unsigned int bar, uint64_t *address);

/* A BAR as its register at @reg holds it. */
uint64_t pci_bar_register(const uint8_t *reg, const struct PCIRegion *region);
/* Registers of a new BAR: @config and @wmask at its offset. */
void pci_bar_init(uint8_t *config, uint8_t *wmask, const struct PCIRegion *region);

#endif
