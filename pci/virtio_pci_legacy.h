/* SPDX-License-Identifier: MIT */
/*
 * The legacy interface of a virtio function: one structure at the start of BAR 0, in I/O space
 * (4.1.4.10).
 *
 * Mirrors include/linux/virtio_pci_legacy.h.
 */
#ifndef PCI_VIRTIO_PCI_LEGACY_H
#define PCI_VIRTIO_PCI_LEGACY_H

#include "bus/virtio.h"
#include "virtio_pci_io.h"

/* A queue is one block of memory at such an address; its number in these units is all the device is
 * told. Also the alignment of the used ring in the block. */
#define VIRTIO_PCI_VRING_ALIGN 4096

struct virtio_pci_legacy_device {
	struct pci_dev *pci_dev; /* set by the caller of vp_legacy_probe() */
	struct virtio_device_id id;
	struct vp_region io; /* header and device config */
};

/* Return: 0; -ENODEV if it has no legacy interface, or is no kind of device (5); -EINVAL if BAR 0
 * is not what it should be. */
int vp_legacy_probe(struct virtio_pci_legacy_device *ldev);

/* The doorbell of all queues, and the ISR. */
struct vp_region vp_legacy_notify(const struct virtio_pci_legacy_device *ldev);
struct vp_region vp_legacy_isr(const struct virtio_pci_legacy_device *ldev);
/* Device config: it comes after two more fields while MSI-X is on. */
struct vp_region vp_legacy_config(const struct virtio_pci_legacy_device *ldev);

uint32_t vp_legacy_get_features(const struct virtio_pci_legacy_device *ldev);
void vp_legacy_set_features(const struct virtio_pci_legacy_device *ldev, uint32_t features);
uint8_t vp_legacy_get_status(const struct virtio_pci_legacy_device *ldev);
void vp_legacy_set_status(const struct virtio_pci_legacy_device *ldev, uint8_t status);

/* Return what is read back: @vector, or VIRTIO_MSI_NO_VECTOR if it could not be had. */
uint16_t vp_legacy_queue_vector(const struct virtio_pci_legacy_device *ldev, unsigned int index,
				uint16_t vector);
uint16_t vp_legacy_config_vector(const struct virtio_pci_legacy_device *ldev, uint16_t vector);

/* The device's size is the queue's (4.1.5.1.3.1): there is no way to ask for another. */
uint16_t vp_legacy_get_queue_size(const struct virtio_pci_legacy_device *ldev, unsigned int index);
bool vp_legacy_get_queue_enable(const struct virtio_pci_legacy_device *ldev, unsigned int index);
/* @queue_pfn: 0 takes the queue away. */
void vp_legacy_set_queue_address(const struct virtio_pci_legacy_device *ldev, unsigned int index,
				 uint32_t queue_pfn);

#endif
