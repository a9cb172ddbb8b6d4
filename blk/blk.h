/* SPDX-License-Identifier: MIT */
/*
 * Disks, and the virtio block driver that makes them: what users of either need.
 *
 * The counterpart of include/linux/blkdev.h, with Linux's names. Requests are those of blk_mq.h;
 * the functions here that read, write and so on make them, wait for them, and cut what is too long
 * for one.
 *
 * What a request ends with, in rq->error and from the functions below:
 *
 *	0		done
 *	-EINVAL		not a request: no data or ranges, not whole blocks, not in one zone, a
 *			sector that does not begin a zone where one has to
 *	-ERANGE		beyond the end of the disk
 *	-EMSGSIZE	more than the limits allow for one request
 *	-EROFS		a write, or anything like it, to a read-only disk
 *	-EOPNOTSUPP	the device has not offered this, or says that it cannot (S_UNSUPP)
 *	-EIO		the device says that it failed (S_IOERR), or broke its queue
 *	-EPROTO		an answer that is none: the status is missing or unknown, or lies beyond
 *			what the device says it wrote
 *	-EREMOTEIO	the zone is not in a state for this (S_ZONE_INVALID_CMD)
 *	-ESPIPE		not at the zone's write pointer (S_ZONE_UNALIGNED_WP)
 *	-ETOOMANYREFS	too many zones are open (S_ZONE_OPEN_RESOURCE)
 *	-EOVERFLOW	too many zones are active (S_ZONE_ACTIVE_RESOURCE)
 *	-ETIMEDOUT	took too long; its queue has been reset
 *	-ENODEV		the disk is gone, or going
 *	-ENOMEM		no tag, or no memory
 */
#ifndef BLK_BLK_H
#define BLK_BLK_H

#include "blk_mq.h"
#include "bus/virtio.h"

#define DISK_NAME_LEN 8
#define BLK_ID_LEN 21 /* bytes of a disk's id with its NUL */

struct gendisk {
	char disk_name[DISK_NAME_LEN]; /* "vda" */
	struct request_queue *queue;   /* its limits are queue->limits */
	struct virtio_device *vdev;
	bool read_only;
	uint64_t capacity; /* sectors; see get_capacity() */
	unsigned long capacity_changes;
	void *private_data; /* the driver's */
	struct gendisk *next;
};

/* The driver; to be given to register_virtio_driver(). */
extern struct virtio_driver virtio_blk;

/*
 * As Linux's parameters of the module, for disks bound from now on: the most queues to use, 0 for
 * no limit, and how many of them are to be without interrupts, for REQ_POLLED. At least one has
 * interrupts.
 */
extern unsigned int virtblk_num_request_queues;
extern unsigned int virtblk_poll_queues;

/* The disks there are, in the order in which they came: the first with NULL, NULL after the last.
 */
struct gendisk *blk_next_disk(struct gendisk *after);
struct gendisk *blk_find_disk(const char *name);

/* Sectors; the device may change it at any time. */
static inline uint64_t get_capacity(const struct gendisk *disk)
{
	return __atomic_load_n(&disk->capacity, __ATOMIC_RELAXED);
}

/* ---- one call, one answer ---- */

/*
 * All of these wait, and return 0 or one of the errors above. @buf is in memory from
 * platform_dma_alloc(), @bytes a multiple of the logical block size. If a part fails, the parts
 * before it are done.
 */
int blkdev_read(struct gendisk *disk, uint64_t sector, void *buf, size_t bytes);
int blkdev_write(struct gendisk *disk, uint64_t sector, const void *buf, size_t bytes);
/* Without a write cache, 0 at once. */
int blkdev_issue_flush(struct gendisk *disk);
int blkdev_issue_discard(struct gendisk *disk, uint64_t sector, uint64_t nr_sectors);
int blkdev_issue_secure_erase(struct gendisk *disk, uint64_t sector, uint64_t nr_sectors);
/* @flags: 0 or REQ_NOUNMAP. Without the operation, zeroes are written. */
int blkdev_issue_zeroout(struct gendisk *disk, uint64_t sector, uint64_t nr_sectors,
			 unsigned int flags);

/* The device's serial number, say; @id ends with a NUL. */
int virtblk_get_id(struct gendisk *disk, char id[BLK_ID_LEN]);

/* Wear, as eMMC counts it: 0 undefined; pre_eol_info 1 to 3, the estimates 1 to 11 (5.2.6). */
struct virtblk_lifetime {
	uint16_t pre_eol_info;
	uint16_t device_lifetime_est_typ_a;
	uint16_t device_lifetime_est_typ_b;
};

int virtblk_get_lifetime(struct gendisk *disk, struct virtblk_lifetime *lifetime);

/**
 * virtblk_set_cache - have the device keep writes in a cache, or not
 *
 * Going to write through also flushes (5.2.6.1: what was written before is not safe by that).
 *
 * Return: 0; -EOPNOTSUPP if the device lets nobody choose; -ENODEV if it is gone or asleep; the
 * flush's error.
 */
int virtblk_set_cache(struct gendisk *disk, bool writeback);

/* ---- zones ---- */

struct blk_zone {
	uint64_t start;	   /* sector */
	uint64_t len;	   /* sectors */
	uint64_t capacity; /* sectors that can be written */
	uint64_t wp;	   /* sector; UINT64_MAX where there is none */
	uint8_t type;	   /* enum virtio_blk_zone_type */
	uint8_t cond;	   /* enum virtio_blk_zone_state */
};

typedef int (*report_zones_cb)(const struct blk_zone *zone, unsigned int idx, void *data);

/**
 * blkdev_report_zones - the state of zones
 * @sector: in the first of them
 * @nr_zones: at most so many
 * @cb: called for each, in order; what it returns other than 0 ends the report
 *
 * Return: how many; cb's return value; an error.
 */
int blkdev_report_zones(struct gendisk *disk, uint64_t sector, unsigned int nr_zones,
			report_zones_cb cb, void *data);

/* @op: REQ_OP_ZONE_OPEN, _CLOSE, _FINISH, _RESET; or _RESET_ALL, with @sector 0. */
int blkdev_zone_mgmt(struct gendisk *disk, enum req_op op, uint64_t sector);

/* One request. @sector begins the zone; @written: the sector at which the data is. */
int blkdev_zone_append(struct gendisk *disk, uint64_t sector, const void *buf, size_t bytes,
		       uint64_t *written);

/* ---- counts ---- */

struct virtblk_stats {
	unsigned long requests;	  /* given to the device */
	unsigned long kicks;	  /* doorbells */
	unsigned long interrupts; /* after which requests were taken back, or looked for */
	unsigned long requeues;	  /* a request had to wait for room in the ring */
	unsigned long timeouts;	  /* requests that took too long, or whose queue broke */
	unsigned long resets;	  /* of a queue or of the device, for that */
};

/* Of all queues of the disk together, since it was bound. */
void virtblk_get_stats(const struct gendisk *disk, struct virtblk_stats *stats);

#endif
