// SPDX-License-Identifier: MIT
/*
 * The legacy interface, register by register. Mirrors drivers/virtio/virtio_pci_legacy_dev.c.
 */
#include "pci_internal.h"
#include "virtio_pci_legacy.h"
#include "virtio_pci.h"

/* The header in BAR 0 (4.1.4.10), by the names of include/uapi/linux/virtio_pci.h. */
enum {
	VIRTIO_PCI_HOST_FEATURES = 0,
	VIRTIO_PCI_GUEST_FEATURES = 4,
	VIRTIO_PCI_QUEUE_PFN = 8,
	VIRTIO_PCI_QUEUE_NUM = 12,
	VIRTIO_PCI_QUEUE_SEL = 14,
	VIRTIO_PCI_QUEUE_NOTIFY = 16,
	VIRTIO_PCI_STATUS = 18,
	VIRTIO_PCI_ISR = 19,
	VIRTIO_MSI_CONFIG_VECTOR = 20, /* these two are there only while MSI-X is on */
	VIRTIO_MSI_QUEUE_VECTOR = 22,
	CONFIG_OFF_NO_MSIX = 20,
	CONFIG_OFF_MSIX = 24,
};

int vp_legacy_probe(struct virtio_pci_legacy_device *ldev)
{
	struct pci_dev *dev = ldev->pci_dev;

	/* 4.1.2.3: the transitional range, and revision 0. */
	if (dev->vendor != VIRTIO_PCI_VENDOR_ID || dev->device < 0x1000 || dev->device >= 0x1040 ||
	    dev->revision != 0)
		return -ENODEV;
	if (!dev->subsystem_device)
		return -ENODEV; /* 5: 0 is no device */
	if (!dev->bars[0].is_io || dev->bars[0].bytes < CONFIG_OFF_MSIX ||
	    !pci_bar_mapped(dev, 0)) {
		pci_log(PLATFORM_ERROR, dev,
			"legacy interface, but BAR 0 is not %u bytes of I/O with an address",
			CONFIG_OFF_MSIX);
		return -EINVAL;
	}
	ldev->io = (struct vp_region){
		.space = VP_IO,
		.length = (uint32_t)dev->bars[0].bytes,
		.address = dev->bars[0].base,
	};
	ldev->id.device = dev->subsystem_device;
	ldev->id.vendor = dev->subsystem_vendor;
	return 0;
}

struct vp_region vp_legacy_notify(const struct virtio_pci_legacy_device *ldev)
{
	return vp_subregion(&ldev->io, VIRTIO_PCI_QUEUE_NOTIFY, 2);
}

struct vp_region vp_legacy_isr(const struct virtio_pci_legacy_device *ldev)
{
	return vp_subregion(&ldev->io, VIRTIO_PCI_ISR, 1);
}

struct vp_region vp_legacy_config(const struct virtio_pci_legacy_device *ldev)
{
	uint32_t at = ldev->pci_dev->msix_enabled ? CONFIG_OFF_MSIX : CONFIG_OFF_NO_MSIX;

	return vp_subregion(&ldev->io, at, ldev->io.length - at);
}

uint32_t vp_legacy_get_features(const struct virtio_pci_legacy_device *ldev)
{
	return vp_ioread32(&ldev->io, VIRTIO_PCI_HOST_FEATURES);
}

void vp_legacy_set_features(const struct virtio_pci_legacy_device *ldev, uint32_t features)
{
	vp_iowrite32(features, &ldev->io, VIRTIO_PCI_GUEST_FEATURES);
}

uint8_t vp_legacy_get_status(const struct virtio_pci_legacy_device *ldev)
{
	return vp_ioread8(&ldev->io, VIRTIO_PCI_STATUS);
}

void vp_legacy_set_status(const struct virtio_pci_legacy_device *ldev, uint8_t status)
{
	vp_iowrite8(status, &ldev->io, VIRTIO_PCI_STATUS);
}

static void select_queue(const struct virtio_pci_legacy_device *ldev, unsigned int index)
{
	vp_iowrite16((uint16_t)index, &ldev->io, VIRTIO_PCI_QUEUE_SEL);
}

uint16_t vp_legacy_queue_vector(const struct virtio_pci_legacy_device *ldev, unsigned int index,
				uint16_t vector)
{
	select_queue(ldev, index);
	vp_iowrite16(vector, &ldev->io, VIRTIO_MSI_QUEUE_VECTOR);
	return vp_ioread16(&ldev->io, VIRTIO_MSI_QUEUE_VECTOR);
}

uint16_t vp_legacy_config_vector(const struct virtio_pci_legacy_device *ldev, uint16_t vector)
{
	vp_iowrite16(vector, &ldev->io, VIRTIO_MSI_CONFIG_VECTOR);
	return vp_ioread16(&ldev->io, VIRTIO_MSI_CONFIG_VECTOR);
}

uint16_t vp_legacy_get_queue_size(const struct virtio_pci_legacy_device *ldev, unsigned int index)
{
	select_queue(ldev, index);
	return vp_ioread16(&ldev->io, VIRTIO_PCI_QUEUE_NUM);
}

bool vp_legacy_get_queue_enable(const struct virtio_pci_legacy_device *ldev, unsigned int index)
{
	select_queue(ldev, index);
	return vp_ioread32(&ldev->io, VIRTIO_PCI_QUEUE_PFN);
}

void vp_legacy_set_queue_address(const struct virtio_pci_legacy_device *ldev, unsigned int index,
				 uint32_t queue_pfn)
{
	select_queue(ldev, index);
	vp_iowrite32(queue_pfn, &ldev->io, VIRTIO_PCI_QUEUE_PFN);
}
