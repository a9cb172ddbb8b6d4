/* SPDX-License-Identifier: MIT */
/*
 * The PCI transport: a struct virtio_device on top of a PCI function, modern or legacy.
 *
 * Mirrors drivers/virtio/virtio_pci_common.h. The first part is for whoever brings a machine up;
 * the rest is for the files of the transport.
 */
#ifndef PCI_VIRTIO_PCI_COMMON_H
#define PCI_VIRTIO_PCI_COMMON_H

#include "bus/virtio.h"
#include "bus/vring_create.h"
#include "pci.h"
#include "virtio_pci.h"
#include "virtio_pci_legacy.h"
#include "virtio_pci_modern.h"

/**
 * virtio_pci_probe - make a virtio device of a function
 *
 * Modern first, else legacy (4.1.5.1.1.1). The device is registered: a driver may be bound to it
 * when this returns.
 *
 * Return: 0; -ENODEV if it is no virtio function, or gone; -EBUSY if it has been probed; -EINVAL
 * for a device that makes no sense; -ENOMEM; -ETIMEDOUT if it does not come out of reset.
 */
int virtio_pci_probe(struct pci_dev *pci_dev);

/* Unregisters it, and frees queues that its driver left. Of a function that is gone, queues break
 * first, so that nobody waits for it. */
void virtio_pci_remove(struct pci_dev *pci_dev);

/* Return: how many were registered. What is wrong with the others is in the log. */
int virtio_pci_probe_all(void);
void virtio_pci_remove_all(void);

/**
 * virtio_pci_freeze - to sleep: the driver lets go of its queues, the function goes to D3hot
 *
 * A device that does not come out of reset is put to sleep nevertheless: it is cut off.
 *
 * Return: 0; the driver's error, with everything as it was.
 */
int virtio_pci_freeze(struct pci_dev *pci_dev);

/* Return: 0; -ENODEV if another function is there now; the driver's or the device's error. */
int virtio_pci_restore(struct pci_dev *pci_dev);

/**
 * virtio_pci_sriov_configure - have @num_vfs virtual functions, each a virtio device; 0: none
 *
 * Return: how many there are now; -EBUSY without DRIVER_OK or with others enabled; -EINVAL without
 * VIRTIO_F_SR_IOV, or for too many; errors of pci_enable_sriov().
 */
int virtio_pci_sriov_configure(struct pci_dev *pci_dev, int num_vfs);

/* ---- the transport's own ---- */

struct virtio_pci_device;

/* One queue that find_vqs made. */
struct virtio_pci_vq_info {
	struct vring_memory memory; /* .vq; vq->priv points here */
	struct virtio_pci_device *vp_dev;
	unsigned int index;
	uint16_t msix_vector;		 /* VIRTIO_MSI_NO_VECTOR: no vector, or INTx */
	bool reset;			 /* queue reset (2.6.1): not the device's at the moment */
	struct vp_region notify;	 /* where its doorbell is */
	uint16_t notify_value;		 /* what names the queue there */
	struct virtio_pci_vq_info *next; /* of those that the shared handler is to look at */
	bool irq_requested;
	char irq_name[32];
};

/* First for config changes, second and more for queues: so there are two at least. */
enum { VP_MSIX_CONFIG_VECTOR = 0, VP_MSIX_VQ_VECTOR = 1 };

struct virtio_pci_device {
	struct virtio_device vdev;
	struct pci_dev *pci_dev;

	/* One of the two. */
	bool is_legacy;
	struct virtio_pci_modern_device mdev;
	struct virtio_pci_legacy_device ldev;

	char bus_name[8]; /* "00:03.0" */

	struct vp_region isr; /* reading clears it, and lowers INTx (4.1.4.5) */

	struct platform_lock lock;	       /* of the list that handlers walk */
	struct virtio_pci_vq_info *virtqueues; /* with a callback, and not in reset */

	struct virtio_pci_vq_info **vqs; /* by index, like vdev.vqs */
	unsigned int nvqs;

	bool silenced; /* kept from memory and interrupts: it did not come out of reset */
	bool msix_enabled, intx_enabled;
	bool per_vq_vectors;   /* one vector per queue, else one for all of them */
	bool config_requested; /* handlers that are requested */
	bool shared_requested;
	char irq_names[2][32]; /* of those two */

	/* By interface; Linux has these as pointers, too. */
	int (*setup_vq)(struct virtio_pci_device *vp_dev, struct virtio_pci_vq_info *info,
			unsigned int index, const struct virtqueue_info *want, uint16_t msix_vec);
	void (*del_vq)(struct virtio_pci_vq_info *info);
	uint16_t (*config_vector)(struct virtio_pci_device *vp_dev, uint16_t vector);
};

static inline struct virtio_pci_device *to_vp_device(struct virtio_device *vdev)
{
	return (struct virtio_pci_device *)vdev; /* its first member */
}

static inline struct virtio_pci_vq_info *vp_vq_info(const struct virtqueue *vq)
{
	return (struct virtio_pci_vq_info *)virtqueue_memory(vq); /* its first member */
}

/* Where it is on the bus: "00:03.0". */
const char *vp_bus_name(struct virtio_device *vdev);
/* Device config. What there is none of reads as zeroes, and is complained of. */
void vp_config_read(struct virtio_device *vdev, const struct vp_region *config, unsigned int offset,
		    void *buf, unsigned int len);
void vp_config_write(struct virtio_device *vdev, const struct vp_region *config,
		     unsigned int offset, const void *buf, unsigned int len);
/* Rings the doorbell: 16 bits, or 32 with VIRTIO_F_NOTIFICATION_DATA. */
bool vp_notify(struct virtqueue *vq);
bool vp_notify_with_data(struct virtqueue *vq);
/* A queue leaves the shared handler's list, or comes back. */
void vp_vq_hide(struct virtio_pci_vq_info *info);
void vp_vq_show(struct virtio_pci_vq_info *info);

int vp_find_vqs(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
		const struct virtqueue_info infos[]);
void vp_del_vqs(struct virtio_device *vdev);
int vp_set_vq_affinity(struct virtqueue *vq, unsigned int cpu);
int vp_get_vq_affinity(struct virtio_device *vdev, unsigned int index);

/* 2.4.2: wait for status 0, and for handlers. Return: 0; -ETIMEDOUT, and it is cut off from memory
 * and interrupts; -ENODEV. */
int vp_wait_for_reset(struct virtio_device *vdev);
/* 2.6.1.2.1: the same for one queue. */
int vp_wait_for_queue_reset(struct virtio_pci_vq_info *info);

int virtio_pci_modern_probe(struct virtio_pci_device *vp_dev);
int virtio_pci_legacy_probe(struct virtio_pci_device *vp_dev);
/* virtio_pci_probe(), with a line in the log if there is no device. */
bool vp_probe_or_complain(struct pci_dev *pci_dev);
/* Virtual functions lose their drivers, and disappear. */
void virtio_pci_sriov_remove(struct pci_dev *pci_dev);

#endif
