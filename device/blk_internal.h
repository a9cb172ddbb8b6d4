/* SPDX-License-Identifier: MIT */
/*
 * What the files of the block device share: blk.c has the device and its queues, blk_request.c what
 * a request does, blk_zoned.c what it may not do on a zoned disk.
 */
#ifndef DEVICE_BLK_INTERNAL_H
#define DEVICE_BLK_INTERNAL_H

#include "blk.h"

#define SECTOR VIRTIO_BLK_SECTOR_BYTES

/* Does what @req asks for, all but writing the status, and returns that. */
enum virtio_blk_status virtio_blk_do_request(struct VirtIOBlock *s, struct VirtIOBlockReq *req);

/* ---- pieces of guest memory, one after the other ---- */

/* A place in them. What is copied through it is touched once (D12). */
struct iov_cursor {
	const struct guest_piece *piece;
	unsigned int left; /* pieces */
	uint32_t at;	   /* bytes into the first */
};

/* The place @offset bytes in, which may be their end. */
struct iov_cursor iov_seek(const struct guest_piece *pieces, unsigned int num, uint64_t offset);
/* As much of @bytes as there is. @from NULL: zeroes. */
uint64_t iov_fill(struct iov_cursor *cursor, const void *from, uint64_t bytes);
uint64_t iov_take(struct iov_cursor *cursor, void *to, uint64_t bytes);

/* Where the data of @req begins, behind the header, or at the beginning of what is written. */
struct iov_cursor virtio_blk_out_data(const struct VirtIOBlockReq *req);
struct iov_cursor virtio_blk_in_data(const struct VirtIOBlockReq *req);

/* ---- zones ---- */

static inline bool virtio_blk_is_zoned(const struct VirtIOBlock *s)
{
	return s->conf.zoned.offered && s->conf.zoned.model != VIRTIO_BLK_Z_NONE &&
	       virtio_vdev_has_feature(s->vdev, VIRTIO_BLK_F_ZONED);
}

/* All that begin inside the disk, empty or conventional, from number @first on. */
void virtio_blk_init_zones(struct VirtIOBlock *s, unsigned int first);

/* May these sectors, inside the disk, be read or zeroed? */
enum virtio_blk_status virtio_blk_check_zones(struct VirtIOBlock *s, uint64_t sector,
					      uint64_t nr_sectors, bool write);
/* What of them was written, from the first on; the rest reads as zeroes. */
uint64_t virtio_blk_written(struct VirtIOBlock *s, uint64_t sector, uint64_t nr_sectors);

/*
 * A write in two steps: may it be, and where does it go, with the zone opened for it; and, when the
 * data is there, the write pointer moves.
 */
enum virtio_blk_status virtio_blk_begin_write(struct VirtIOBlock *s, uint64_t *sector,
					      uint64_t nr_sectors, bool append);
void virtio_blk_end_write(struct VirtIOBlock *s, uint64_t sector, uint64_t nr_sectors);

/* VIRTIO_BLK_T_ZONE_REPORT to _RESET_ALL. */
enum virtio_blk_status virtio_blk_zone_report(struct VirtIOBlock *s, struct VirtIOBlockReq *req);
enum virtio_blk_status virtio_blk_zone_mgmt(struct VirtIOBlock *s, uint32_t type, uint64_t sector);

#endif
