/* SPDX-License-Identifier: MIT */
/*
 * Virtual functions: a capability of one function that makes others appear.
 *
 * Mirrors QEMU's hw/pci/pcie_sriov.c, where virtual functions are made when they are enabled; here
 * they are made before, and hidden. Left out on purpose: migration, and page sizes other than 4096.
 */
#include "pci_internal.h"

bool pci_sriov_init(struct PCIDevice *dev, unsigned int total_vfs, unsigned int offset,
		    unsigned int stride, uint16_t vf_device)
{
	unsigned int cap = pci_add_ext_capability(dev, PCI_EXT_CAP_ID_SRIOV, 1, PCI_SRIOV_SIZEOF);
	uint8_t *config = dev->config + cap;

	if (!cap)
		return false;
	dev->sriov_cap = (uint16_t)cap;
	pci_set_word(config + PCI_SRIOV_INITIAL_VF, (uint16_t)total_vfs);
	pci_set_word(config + PCI_SRIOV_TOTAL_VF, (uint16_t)total_vfs);
	pci_set_word(config + PCI_SRIOV_VF_OFFSET, (uint16_t)offset);
	pci_set_word(config + PCI_SRIOV_VF_STRIDE, (uint16_t)stride);
	pci_set_word(config + PCI_SRIOV_VF_DID, vf_device);
	pci_set_long(config + PCI_SRIOV_SUP_PGSIZE, 1);
	pci_set_long(config + PCI_SRIOV_SYS_PGSIZE, 1);
	pci_set_word(dev->wmask + cap + PCI_SRIOV_CTRL,
		     PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI);
	pci_set_word(dev->wmask + cap + PCI_SRIOV_NUM_VF, 0xffff);
	return true;
}

void pci_sriov_register_bar(struct PCIDevice *dev, unsigned int bar, enum pci_bar_kind kind,
			    bool prefetch, uint64_t size)
{
	unsigned int reg = dev->sriov_cap + PCI_SRIOV_BAR + 4 * bar;

	dev->vf_bars[bar] = (struct PCIRegion){ kind, prefetch, size };
	pci_bar_init(dev->config + reg, dev->wmask + reg, &dev->vf_bars[bar]);
}

static uint16_t sriov_word(const struct PCIDevice *pf, unsigned int reg)
{
	return pci_get_word(pf->config + pf->sriov_cap + reg);
}

void pci_sriov_add_vf(struct PCIDevice *pf, struct PCIDevice *vf, unsigned int number)
{
	unsigned int devfn = pf->devfn + sriov_word(pf, PCI_SRIOV_VF_OFFSET) +
			     (number - 1) * sriov_word(pf, PCI_SRIOV_VF_STRIDE);

	vf->pf = pf;
	vf->vf_number = number;
	/* The ids are in the capability, and so are the BARs. */
	pci_set_long(vf->config + PCI_VENDOR_ID, 0xffffffff);
	__builtin_memset(vf->config + PCI_BASE_ADDRESS_0, 0, 4 * PCI_BARS);
	__builtin_memset(vf->wmask + PCI_BASE_ADDRESS_0, 0, 4 * PCI_BARS);
	vf->config[PCI_INTERRUPT_PIN] = 0;
	pci_set_word(vf->wmask + PCI_COMMAND, PCI_COMMAND_MASTER);
	vf->wmask[PCI_INTERRUPT_LINE] = 0;
	pci_bus_plug(pf->bus, vf, (uint8_t)devfn);
}

bool pci_vf_exists(const struct PCIDevice *vf)
{
	const struct PCIDevice *pf = vf->pf;

	return !pf->gone && sriov_word(pf, PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE &&
	       vf->vf_number <= sriov_word(pf, PCI_SRIOV_NUM_VF) &&
	       sriov_word(pf, PCI_SRIOV_NUM_VF) <= sriov_word(pf, PCI_SRIOV_TOTAL_VF);
}

bool pci_vf_bar_address(const struct PCIDevice *vf, unsigned int bar, uint64_t *address)
{
	const struct PCIDevice *pf = vf->pf;
	const struct PCIRegion *region = &pf->vf_bars[bar];
	const uint8_t *reg = pf->config + pf->sriov_cap + PCI_SRIOV_BAR + 4 * bar;

	if (region->kind == PCI_BAR_NONE || !pci_vf_exists(vf) || !pci_device_awake(pf) ||
	    !(sriov_word(pf, PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_MSE))
		return false;
	*address = pci_bar_register(reg, region);
	if (!*address)
		return false;
	/* One after the other, from the address that the first has. */
	*address += (vf->vf_number - 1) * region->size;
	return true;
}

void pci_sriov_written(struct PCIDevice *pf)
{
	bool enabled = sriov_word(pf, PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE;
	uint8_t *mask = pf->wmask + pf->sriov_cap + PCI_SRIOV_NUM_VF;

	/* Their number can be chosen while there are none. */
	if (enabled == !pci_get_word(mask))
		return;
	pci_set_word(mask, enabled ? 0 : 0xffff);
	for (struct PCIDevice *dev = pf->bus ? pf->bus->first : NULL; dev; dev = dev->next)
		if (dev->pf == pf)
			pci_device_reset(dev);
}
