// SPDX-License-Identifier: MIT
/*
 * Virtual functions: one function makes others appear, which share its configuration.
 *
 * Mirrors drivers/pci/iov.c of Linux. Left out on purpose: virtual functions whose numbers lie
 * beyond their physical function's bus, page sizes other than 4096 bytes, migration, and room that
 * is kept for them behind bridges: it is looked for when they are enabled.
 */
#include "pci_internal.h"

static uint16_t sriov_word(const struct pci_dev *dev, unsigned int pos, unsigned int reg)
{
	return pci_read_config_word(dev, pos + reg);
}

static void hide_vfs(const struct pci_dev *dev, unsigned int pos)
{
	pci_write_config_word(dev, pos + PCI_SRIOV_CTRL,
			      sriov_word(dev, pos, PCI_SRIOV_CTRL) &
				      ~(PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE));
}

/*
 * The registers of the capability hold the first one's BARs, the others' follow it. They are sized
 * now, and room that firmware has taken for them is noted before any other is given out.
 */
void pci_iov_init(struct pci_dev *dev)
{
	unsigned int pos = pci_find_ext_capability(dev, PCI_EXT_CAP_ID_SRIOV);
	unsigned int total;

	if (!pos)
		return;
	/* What they answer at is not the command register's to say (SR-IOV 3.3.3.4). */
	if (sriov_word(dev, pos, PCI_SRIOV_CTRL) & (PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE))
		hide_vfs(dev, pos);
	total = sriov_word(dev, pos, PCI_SRIOV_TOTAL_VF);
	pci_size_bars(dev, PCI_STD_NUM_BARS, pos + PCI_SRIOV_BAR, dev->vf_bars);
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
		if (dev->vf_bars[i].base)
			dev->vf_space[i] = (struct pci_window){ dev->vf_bars[i].base,
								dev->vf_bars[i].bytes * total };
}

/* Room for all that there can be is taken once, and kept. Sleep may have lost the registers. */
static int place_vf_bars(struct pci_dev *dev, unsigned int pos, unsigned int total)
{
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct pci_bar *bar = &dev->vf_bars[i];

		if (!bar->bytes)
			continue;
		if (bar->is_io || bar->bytes > UINT32_MAX)
			return -ENOSPC; /* SR-IOV 3.3.14: there are no I/O BARs */
		if (!bar->base)
			bar->base = pci_find_room(dev->bridge, PLATFORM_MMIO, bar->bytes * total,
						  bar->bytes);
		if (!bar->base)
			return -ENOSPC;
		pci_write_bar(dev, pos + PCI_SRIOV_BAR + 4 * i, bar);
		/* So that the next one finds its own room. */
		dev->vf_space[i] = (struct pci_window){ bar->base, bar->bytes * total };
	}
	return 0;
}

/* One virtual function, number @n from 0. Its ids are in the capability, not in its own header. */
static int add_vf(struct pci_dev *dev, unsigned int pos, unsigned int n)
{
	unsigned int offset = sriov_word(dev, pos, PCI_SRIOV_VF_OFFSET);
	unsigned int stride = sriov_word(dev, pos, PCI_SRIOV_VF_STRIDE);
	unsigned int bdf = dev->bdf + offset + n * stride;
	struct pci_dev *vf;

	if (bdf == dev->bdf || bdf >> 8 != pci_bus_number(dev) || (n && !stride))
		return -ENOSPC;
	vf = pci_alloc_dev(dev);
	if (!vf)
		return -ENOMEM;
	vf->bdf = (platform_bdf)bdf;
	vf->physfn = dev;
	vf->bridge = dev->bridge;
	if (!pci_setup_device(vf)) {
		pci_free_dev(vf);
		return -ENODEV;
	}
	vf->vendor = dev->vendor;
	vf->device = sriov_word(dev, pos, PCI_SRIOV_VF_DID);
	vf->pin = 0;
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		vf->bars[i] = dev->vf_bars[i];
		vf->bars[i].base += n * vf->bars[i].bytes;
	}
	return 0;
}

static void turn_off(struct pci_dev *dev, unsigned int pos)
{
	for (struct pci_dev *vf = dev->next; vf && vf->physfn == dev; vf = dev->next)
		pci_free_dev(vf);
	hide_vfs(dev, pos);
	pci_write_config_word(dev, pos + PCI_SRIOV_NUM_VF, 0);
	dev->num_vfs = 0;
}

int pci_enable_sriov(struct pci_dev *dev, unsigned int num_vfs)
{
	unsigned int pos = pci_find_ext_capability(dev, PCI_EXT_CAP_ID_SRIOV);
	unsigned int initial, total;
	uint64_t until;
	int err;

	if (!pos || !pci_device_is_present(dev))
		return -ENODEV;
	if (dev->num_vfs)
		return -EBUSY;
	total = sriov_word(dev, pos, PCI_SRIOV_TOTAL_VF);
	initial = sriov_word(dev, pos, PCI_SRIOV_INITIAL_VF);
	/* SR-IOV 3.3.5: the two may differ only if some can come by migration. */
	if (initial > total ||
	    (initial < total && !(sriov_word(dev, pos, PCI_SRIOV_CAP) & PCI_SRIOV_CAP_VFM)))
		return -EIO;
	if (num_vfs == 0 || num_vfs > initial)
		return -EINVAL;
	err = place_vf_bars(dev, pos, total);
	if (err)
		return err;

	/* How many first: it is fixed while they are enabled (SR-IOV 3.3.7). */
	pci_write_config_word(dev, pos + PCI_SRIOV_NUM_VF, (uint16_t)num_vfs);
	pci_write_config_word(dev, pos + PCI_SRIOV_CTRL,
			      sriov_word(dev, pos, PCI_SRIOV_CTRL) | PCI_SRIOV_CTRL_VFE |
				      PCI_SRIOV_CTRL_MSE);
	/* SR-IOV 3.3.3.1: they may take 100 ms to answer. */
	until = platform_now() + 100 * 1000 * 1000;
	while (platform_now() < until)
		platform_wait(until);
	/* The list is in the order of their numbers. */
	for (unsigned int n = num_vfs; n-- > 0 && !err;)
		err = add_vf(dev, pos, n);
	if (err)
		turn_off(dev, pos);
	else
		dev->num_vfs = num_vfs;
	return err;
}

void pci_disable_sriov(struct pci_dev *dev)
{
	if (dev->num_vfs)
		turn_off(dev, pci_find_ext_capability(dev, PCI_EXT_CAP_ID_SRIOV));
}
