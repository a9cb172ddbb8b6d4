/* SPDX-License-Identifier: MIT */
/*
 * The modern interface of a virtio function, register by register.
 *
 * Mirrors include/linux/virtio_pci_modern.h. Functions that take an index select the queue first.
 */
#ifndef PCI_VIRTIO_PCI_MODERN_H
#define PCI_VIRTIO_PCI_MODERN_H

#include "bus/virtio.h"
#include "virtio_pci_io.h"

struct virtio_pci_modern_device {
	struct pci_dev *pci_dev; /* set by the caller of vp_modern_probe() */
	struct virtio_device_id id;

	struct vp_region common; /* as long as it is: newer fields may be missing at the end */
	struct vp_region isr;
	struct vp_region notify;
	struct vp_region device; /* VP_NOWHERE: the device has no config */
	uint32_t notify_offset_multiplier;
	struct vp_window window;
};

/**
 * vp_modern_probe - find the structures
 *
 * A virtio function, enabled. @mdev is zeroed but for .pci_dev, and stays where it is: regions may
 * point to its window.
 *
 * Return: 0; -ENODEV if it has no common config that can be used, and so no modern interface, or if
 * it is no kind of device (5); -EINVAL if it has, and lacks something else.
 */
int vp_modern_probe(struct virtio_pci_modern_device *mdev);

/* False: no such region, or one that is not to be trusted. */
bool vp_modern_get_shm_region(const struct virtio_pci_modern_device *mdev,
			      struct virtio_shm_region *region, uint8_t id);

struct virtio_features vp_modern_get_features(const struct virtio_pci_modern_device *mdev);
void vp_modern_set_features(const struct virtio_pci_modern_device *mdev,
			    const struct virtio_features *features);
uint32_t vp_modern_generation(const struct virtio_pci_modern_device *mdev);
uint8_t vp_modern_get_status(const struct virtio_pci_modern_device *mdev);
void vp_modern_set_status(const struct virtio_pci_modern_device *mdev, uint8_t status);

/* Return what is read back: @vector, or VIRTIO_MSI_NO_VECTOR if it could not be had. */
uint16_t vp_modern_queue_vector(const struct virtio_pci_modern_device *mdev, unsigned int index,
				uint16_t vector);
uint16_t vp_modern_config_vector(const struct virtio_pci_modern_device *mdev, uint16_t vector);

uint16_t vp_modern_get_num_queues(const struct virtio_pci_modern_device *mdev);
uint16_t vp_modern_get_queue_size(const struct virtio_pci_modern_device *mdev, unsigned int index);
void vp_modern_set_queue_size(const struct virtio_pci_modern_device *mdev, unsigned int index,
			      uint16_t size);
void vp_modern_queue_address(const struct virtio_pci_modern_device *mdev, unsigned int index,
			     uint64_t desc_addr, uint64_t driver_addr, uint64_t device_addr);
bool vp_modern_get_queue_enable(const struct virtio_pci_modern_device *mdev, unsigned int index);
void vp_modern_set_queue_enable(const struct virtio_pci_modern_device *mdev, unsigned int index);
bool vp_modern_get_queue_reset(const struct virtio_pci_modern_device *mdev, unsigned int index);
void vp_modern_set_queue_reset(const struct virtio_pci_modern_device *mdev, unsigned int index);
uint16_t vp_modern_queue_notif_config_data(const struct virtio_pci_modern_device *mdev,
					   unsigned int index);

/**
 * vp_modern_map_vq_notify - where the doorbell of a queue is
 * @bytes: of a ring of it, 2 or 4
 *
 * Return: 0; -EINVAL if it lies outside the structure, or not aligned.
 */
int vp_modern_map_vq_notify(const struct virtio_pci_modern_device *mdev, unsigned int index,
			    unsigned int bytes, struct vp_region *doorbell);

#endif
