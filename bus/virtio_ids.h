/* SPDX-License-Identifier: MIT */
/*
 * The kinds of virtio device (5), as include/uapi/linux/virtio_ids.h numbers them.
 */
#ifndef BUS_VIRTIO_IDS_H
#define BUS_VIRTIO_IDS_H

enum virtio_id {
	VIRTIO_ID_NET = 1,
	VIRTIO_ID_BLOCK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_RNG = 4,
	VIRTIO_ID_BALLOON = 5,
	VIRTIO_ID_SCSI = 8,
	VIRTIO_ID_9P = 9,
	VIRTIO_ID_GPU = 16,
	VIRTIO_ID_INPUT = 18,
	VIRTIO_ID_VSOCK = 19,
	VIRTIO_ID_CRYPTO = 20,
	VIRTIO_ID_IOMMU = 23,
	VIRTIO_ID_MEM = 24,
	VIRTIO_ID_FS = 26,
	VIRTIO_ID_PMEM = 27,
};

/* "block"; NULL for a number that is not known. */
const char *virtio_id_name(unsigned int device_id);

#endif
