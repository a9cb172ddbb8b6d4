/* SPDX-License-Identifier: MIT */
/*
 * A block request as it crosses the ring (5.2.6): header, data, one byte of status.
 *
 * Mirrors include/uapi/linux/virtio_blk.h.
 */
#ifndef BLK_VIRTIO_BLK_H
#define BLK_VIRTIO_BLK_H

#include "ring/byteorder.h"

#define VIRTIO_ID_BLOCK 2

#define VIRTIO_BLK_SECTOR_BYTES 512 /* the unit of sector and capacity, whatever blk_size says */

enum virtio_blk_type {
	VIRTIO_BLK_T_IN = 0, /* the device writes the data: a read */
	VIRTIO_BLK_T_OUT = 1,
	VIRTIO_BLK_T_FLUSH = 4,
	VIRTIO_BLK_T_GET_ID = 8,
	VIRTIO_BLK_T_DISCARD = 11,
	VIRTIO_BLK_T_WRITE_ZEROES = 13,
};

enum virtio_blk_status {
	VIRTIO_BLK_S_OK = 0,
	VIRTIO_BLK_S_IOERR = 1,
	VIRTIO_BLK_S_UNSUPP = 2,
};

/* The first 16 bytes the device reads. The status byte is the last it writes. */
struct virtio_blk_outhdr {
	le32 type; /* enum virtio_blk_type */
	le32 ioprio;
	le64 sector;
};

_Static_assert(sizeof(struct virtio_blk_outhdr) == 16, "5.2.6");

#endif
