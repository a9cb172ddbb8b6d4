/* SPDX-License-Identifier: MIT */
/*
 * What the two files of the strict mode share: virtio_strict.c minds status, features and config
 * space, virtio_strict_queue.c queues, doorbells and what lies in memory.
 */
#ifndef DEVICE_VIRTIO_STRICT_INTERNAL_H
#define DEVICE_VIRTIO_STRICT_INTERNAL_H

#include "virtio_pci_internal.h"
#include "virtio_strict.h"

void strict_record(struct VirtIOStrict *strict, enum virtio_strict_check check,
		   const struct virtio_pci_access *access);

static inline bool strict_status(const struct VirtIOStrict *strict, uint8_t bit)
{
	return strict->proxy->vdev->status & bit;
}

static inline bool strict_feature(const struct VirtIOStrict *strict, unsigned int bit)
{
	return virtio_vdev_has_feature(strict->proxy->vdev, bit);
}

/* A field of the queue that queue_select names. */
void strict_queue_read(struct VirtIOStrict *strict, const struct virtio_pci_access *access);
void strict_queue_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access);

/* A vector register of either interface was written; *@unread: it is to be read back. */
void strict_vector_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			   bool *unread);

void strict_kick(struct VirtIOStrict *strict, const struct virtio_pci_access *access);
void strict_legacy_kick(struct VirtIOStrict *strict, const struct virtio_pci_access *access);
void strict_legacy_pfn(struct VirtIOStrict *strict, const struct virtio_pci_access *access);

/* DRIVER_OK: is any vector still to be read back? */
bool strict_vectors_unread(const struct VirtIOStrict *strict);

#endif
