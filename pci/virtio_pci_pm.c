// SPDX-License-Identifier: MIT
/*
 * Sleep, and virtual functions: what a PCI function asks of the virtio device on it.
 *
 * Mirrors virtio_pci_freeze(), virtio_pci_restore() and virtio_pci_sriov_configure() of
 * drivers/virtio/virtio_pci_common.c, and what Linux's PCI core does around them.
 */
#include "virtio_pci_common.h"

int virtio_pci_freeze(struct pci_dev *pci_dev)
{
	struct virtio_pci_device *vp_dev = pci_dev->drvdata;
	int err;

	if (!vp_dev)
		return -ENODEV;
	if (pci_dev->num_vfs)
		return -EBUSY; /* they would lose the ground under their feet */
	err = virtio_device_freeze(&vp_dev->vdev);
	if (err)
		return err;
	pci_disable_device(pci_dev);
	pci_save_state(pci_dev);
	/* One that will not sleep is no reason to stay up. */
	pci_set_power_state(pci_dev, PCI_D3hot);
	return 0;
}

int virtio_pci_restore(struct pci_dev *pci_dev)
{
	struct virtio_pci_device *vp_dev = pci_dev->drvdata;
	int err;

	if (!vp_dev)
		return -ENODEV;
	err = pci_set_power_state(pci_dev, PCI_D0);
	if (!err)
		err = pci_restore_state(pci_dev);
	if (!err)
		err = pci_enable_device(pci_dev);
	if (err) {
		virtio_break_device(&vp_dev->vdev);
		platform_log(PLATFORM_ERROR, "virtio%d: does not wake up: error %d",
			     vp_dev->vdev.index, err);
		return err;
	}
	pci_set_master(pci_dev);
	return virtio_device_restore(&vp_dev->vdev);
}

void virtio_pci_sriov_remove(struct pci_dev *pci_dev)
{
	for (struct pci_dev *vf = pci_dev->next; vf && vf->physfn == pci_dev; vf = vf->next)
		virtio_pci_remove(vf);
	pci_disable_sriov(pci_dev);
}

int virtio_pci_sriov_configure(struct pci_dev *pci_dev, int num_vfs)
{
	struct virtio_pci_device *vp_dev = pci_dev->drvdata;
	struct virtio_device *vdev;
	int err;

	if (!vp_dev)
		return -ENODEV;
	vdev = &vp_dev->vdev;
	if (num_vfs < 0)
		return -EINVAL;
	if (!(vdev->config->get_status(vdev) & VIRTIO_CONFIG_S_DRIVER_OK))
		return -EBUSY;
	if (!virtio_has_feature(vdev, VIRTIO_F_SR_IOV))
		return -EINVAL;
	if (num_vfs == 0) {
		virtio_pci_sriov_remove(pci_dev);
		return 0;
	}
	err = pci_enable_sriov(pci_dev, (unsigned int)num_vfs);
	if (err)
		return err;
	for (struct pci_dev *vf = pci_dev->next; vf && vf->physfn == pci_dev; vf = vf->next)
		vp_probe_or_complain(vf);
	return num_vfs;
}
