// SPDX-License-Identifier: MIT
/*
 * What a request has to keep to, the list of disks, and calls that do one thing and wait for it.
 *
 * Mirrors what is needed of block/blk-core.c, blk-lib.c, fops.c and genhd.c. Linux cuts what is too
 * long while it makes requests of bios; here requests are refused, and the calls below do the
 * cutting.
 */
#include <string.h>

#include "blk_internal.h"
#include "virtio_blk.h"

/* ---- checks ---- */

static uint64_t data_bytes(const struct request *rq)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < rq->nr_bvecs; i++)
		bytes += rq->bvecs[i].bv_len;
	return bytes;
}

/* 5.2.6.1: nothing beyond capacity. Written so that no sum can overflow. */
static bool beyond_end(const struct gendisk *disk, uint64_t sector, uint64_t nr_sectors)
{
	uint64_t capacity = get_capacity(disk);

	return sector > capacity || nr_sectors > capacity - sector;
}

static int check_data(const struct request *rq)
{
	const struct queue_limits *limits = &rq->mq_hctx->queue->limits;
	uint64_t segments = 0;

	for (unsigned int i = 0; i < rq->nr_bvecs; i++) {
		if (!rq->bvecs[i].bv_len)
			return -EINVAL;
		segments += blk_segments_of(limits, rq->bvecs[i].bv_len);
	}
	if (!segments)
		return -EINVAL;
	/* Header and status have to fit into the 2^32 - 1 bytes of a buffer as well. */
	if (segments > limits->max_segments || data_bytes(rq) > UINT32_MAX - 4096)
		return -EMSGSIZE;
	return 0;
}

/*
 * Zones of a host-managed disk (5.2.6.1). That conventional zones may be written in smaller pieces
 * is not made use of: it would take the report of all zones to know which they are.
 */
static int check_zone(const struct request *rq, uint64_t nr_sectors)
{
	const struct queue_limits *limits = &rq->mq_hctx->queue->limits;
	uint32_t in_zone;

	if (!limits->zone_sectors)
		return rq->op == REQ_OP_ZONE_APPEND ? -EOPNOTSUPP : 0;
	in_zone = rq->sector % limits->zone_sectors;
	if (rq->op == REQ_OP_ZONE_APPEND) {
		if (!limits->max_append_sectors)
			return -EOPNOTSUPP;
		if (in_zone)
			return -EINVAL;
		if (nr_sectors > limits->max_append_sectors)
			return -EMSGSIZE;
	}
	if (nr_sectors > limits->zone_sectors - in_zone)
		return -EINVAL;
	if (rq->op != REQ_OP_READ &&
	    (rq->sector * SECTOR_SIZE | nr_sectors * SECTOR_SIZE) % limits->zone_write_granularity)
		return -EINVAL;
	return 0;
}

static int check_rw(const struct request *rq)
{
	const struct gendisk *disk = rq->mq_hctx->queue->disk;
	uint32_t block = rq->mq_hctx->queue->limits.logical_block_size;
	uint64_t bytes = data_bytes(rq);
	int err;

	if (rq->op != REQ_OP_READ && disk->read_only)
		return -EROFS;
	err = check_data(rq);
	if (err)
		return err;
	if (bytes % block || rq->sector % (block / SECTOR_SIZE))
		return -EINVAL;
	if (beyond_end(disk, rq->sector, bytes / SECTOR_SIZE))
		return -ERANGE;
	return check_zone(rq, bytes / SECTOR_SIZE);
}

static int check_ranges(const struct request *rq, uint32_t max_sectors, uint32_t max_segments)
{
	const struct request_queue *q = rq->mq_hctx->queue;
	uint32_t block_sectors = q->limits.logical_block_size / SECTOR_SIZE;

	if (!max_sectors)
		return -EOPNOTSUPP;
	if (q->disk->read_only)
		return -EROFS;
	if (!rq->nr_ranges)
		return -EINVAL;
	if (rq->nr_ranges > max_segments)
		return -EMSGSIZE;
	for (unsigned int i = 0; i < rq->nr_ranges; i++) {
		const struct blk_range *range = &rq->ranges[i];

		if (!range->nr_sectors || range->sector % block_sectors ||
		    range->nr_sectors % block_sectors)
			return -EINVAL;
		if (range->nr_sectors > max_sectors)
			return -EMSGSIZE;
		if (beyond_end(q->disk, range->sector, range->nr_sectors))
			return -ERANGE;
	}
	return 0;
}

static int check_zone_mgmt(const struct request *rq)
{
	const struct request_queue *q = rq->mq_hctx->queue;

	if (!q->limits.zone_sectors)
		return -EOPNOTSUPP;
	if (q->disk->read_only)
		return -EROFS;
	if (rq->op == REQ_OP_ZONE_RESET_ALL)
		return rq->sector ? -EINVAL : 0;
	if (rq->sector % q->limits.zone_sectors)
		return -EINVAL;
	return rq->sector >= get_capacity(q->disk) ? -ERANGE : 0;
}

static int check_answer(const struct request *rq, uint64_t least, uint64_t most)
{
	uint64_t bytes = data_bytes(rq);

	if (bytes < least || bytes > most)
		return -EINVAL;
	return check_data(rq);
}

/* The driver counts on it that there is nothing that the operation has no use for. */
static bool carries_only_its_own(const struct request *rq)
{
	switch (rq->op) {
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
	case REQ_OP_WRITE_ZEROES:
		return !rq->nr_bvecs;
	case REQ_OP_READ:
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
	case REQ_OP_ZONE_REPORT:
	case REQ_OP_GET_ID:
	case REQ_OP_GET_LIFETIME:
		return !rq->nr_ranges;
	default:
		return !rq->nr_bvecs && !rq->nr_ranges;
	}
}

int blk_check_request(const struct request *rq)
{
	const struct queue_limits *limits = &rq->mq_hctx->queue->limits;

	if (!carries_only_its_own(rq))
		return -EINVAL;
	switch (rq->op) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		return check_rw(rq);
	case REQ_OP_FLUSH:
		return 0;
	case REQ_OP_DISCARD:
		return check_ranges(rq, limits->max_discard_sectors, limits->max_discard_segments);
	case REQ_OP_WRITE_ZEROES:
		return check_ranges(rq, limits->max_write_zeroes_sectors,
				    limits->max_write_zeroes_segments);
	case REQ_OP_SECURE_ERASE:
		return check_ranges(rq, limits->max_secure_erase_sectors,
				    limits->max_secure_erase_segments);
	case REQ_OP_ZONE_OPEN:
	case REQ_OP_ZONE_CLOSE:
	case REQ_OP_ZONE_FINISH:
	case REQ_OP_ZONE_RESET:
	case REQ_OP_ZONE_RESET_ALL:
		return check_zone_mgmt(rq);
	case REQ_OP_ZONE_REPORT:
		if (!limits->zone_sectors)
			return -EOPNOTSUPP;
		if (rq->sector >= get_capacity(rq->mq_hctx->queue->disk))
			return -ERANGE;
		return check_answer(rq,
				    sizeof(struct virtio_blk_zone_report) +
					    sizeof(struct virtio_blk_zone_descriptor),
				    UINT32_MAX);
	case REQ_OP_GET_ID:
		return check_answer(rq, VIRTIO_BLK_ID_BYTES, VIRTIO_BLK_ID_BYTES);
	case REQ_OP_GET_LIFETIME:
		if (!limits->lifetime)
			return -EOPNOTSUPP;
		return check_answer(rq, sizeof(struct virtio_blk_lifetime),
				    sizeof(struct virtio_blk_lifetime));
	case REQ_OPS:
		break;
	}
	return -EINVAL;
}

/* ---- disks ---- */

static struct gendisk *disks; /* in the order in which they came */

void blk_add_disk(struct gendisk *disk)
{
	struct gendisk **end = &disks;

	while (*end)
		end = &(*end)->next;
	disk->next = NULL;
	*end = disk;
}

void blk_del_disk(struct gendisk *disk)
{
	for (struct gendisk **at = &disks; *at; at = &(*at)->next)
		if (*at == disk) {
			*at = disk->next;
			break;
		}
}

struct gendisk *blk_next_disk(struct gendisk *after)
{
	return after ? after->next : disks;
}

struct gendisk *blk_find_disk(const char *name)
{
	struct gendisk *disk = disks;

	while (disk && strcmp(disk->disk_name, name))
		disk = disk->next;
	return disk;
}

/* ---- one call, one answer ---- */

/* The most bytes of one piece of memory that one request can carry, from @sector on. */
static size_t most_bytes(const struct gendisk *disk, uint64_t sector)
{
	const struct queue_limits *limits = &disk->queue->limits;
	uint64_t most = (uint64_t)limits->max_segments * limits->max_segment_size;

	if (most > 1u << 30)
		most = 1u << 30;
	if (limits->zone_sectors) {
		uint64_t zone = limits->zone_sectors - sector % limits->zone_sectors;

		if (most > zone * SECTOR_SIZE)
			most = zone * SECTOR_SIZE;
	}
	return most - most % limits->logical_block_size;
}

static int rw(struct gendisk *disk, enum req_op op, uint64_t sector, void *buf, size_t bytes)
{
	int err = bytes ? 0 : -EINVAL;

	while (bytes && !err) {
		size_t most = most_bytes(disk, sector);
		struct bio_vec bvec = { buf, (uint32_t)(bytes < most ? bytes : most) };
		struct request *rq = blk_mq_alloc_request(disk->queue, op, 0);

		if (!rq)
			return -ENODEV;
		rq->sector = sector;
		rq->bvecs = &bvec;
		rq->nr_bvecs = 1;
		err = blk_execute_rq(rq);
		blk_mq_free_request(rq);
		buf = (char *)buf + bvec.bv_len;
		bytes -= bvec.bv_len;
		sector += bvec.bv_len / SECTOR_SIZE;
	}
	return err;
}

int blkdev_read(struct gendisk *disk, uint64_t sector, void *buf, size_t bytes)
{
	return rw(disk, REQ_OP_READ, sector, buf, bytes);
}

int blkdev_write(struct gendisk *disk, uint64_t sector, const void *buf, size_t bytes)
{
	return rw(disk, REQ_OP_WRITE, sector, (void *)buf, bytes);
}

int blkdev_issue_flush(struct gendisk *disk)
{
	struct request *rq;
	int err;

	/* 5.2.5.1: what is written is safe once it is reported done. */
	if (!disk->queue->limits.write_cache)
		return 0;
	rq = blk_mq_alloc_request(disk->queue, REQ_OP_FLUSH, 0);
	if (!rq)
		return -ENODEV;
	err = blk_execute_rq(rq);
	blk_mq_free_request(rq);
	return err;
}

/*
 * In ranges of at most @most sectors that end at multiples of @align sectors where they can: a
 * device may do nothing with what is left over on either side (5.2.4).
 */
static int ranges(struct gendisk *disk, enum req_op op, unsigned int flags, uint64_t sector,
		  uint64_t nr_sectors, uint32_t most, uint32_t align)
{
	int err = 0;

	if (!most)
		err = -EOPNOTSUPP;
	else if (!nr_sectors)
		err = -EINVAL;
	else if (beyond_end(disk, sector, nr_sectors))
		err = -ERANGE;

	while (nr_sectors && !err) {
		struct blk_range range = { sector,
					   (uint32_t)(nr_sectors < most ? nr_sectors : most) };
		uint32_t over = align ? (sector + range.nr_sectors) % align : 0;
		struct request *rq;

		if (range.nr_sectors < nr_sectors && over < range.nr_sectors)
			range.nr_sectors -= over;
		rq = blk_mq_alloc_request(disk->queue, op, flags);
		if (!rq)
			return -ENODEV;
		rq->ranges = &range;
		rq->nr_ranges = 1;
		err = blk_execute_rq(rq);
		blk_mq_free_request(rq);
		sector += range.nr_sectors;
		nr_sectors -= range.nr_sectors;
	}
	return err;
}

/* @most sectors, cut to whole blocks. */
static uint32_t whole_blocks(const struct queue_limits *limits, uint32_t most)
{
	return most - most % (limits->logical_block_size / SECTOR_SIZE);
}

int blkdev_issue_discard(struct gendisk *disk, uint64_t sector, uint64_t nr_sectors)
{
	const struct queue_limits *limits = &disk->queue->limits;

	return ranges(disk, REQ_OP_DISCARD, 0, sector, nr_sectors,
		      whole_blocks(limits, limits->max_discard_sectors),
		      limits->discard_granularity / SECTOR_SIZE);
}

int blkdev_issue_secure_erase(struct gendisk *disk, uint64_t sector, uint64_t nr_sectors)
{
	const struct queue_limits *limits = &disk->queue->limits;

	return ranges(disk, REQ_OP_SECURE_ERASE, 0, sector, nr_sectors,
		      whole_blocks(limits, limits->max_secure_erase_sectors),
		      limits->secure_erase_granularity / SECTOR_SIZE);
}

#define ZERO_BYTES 65536

static int write_zeroes_as_data(struct gendisk *disk, uint64_t sector, uint64_t nr_sectors)
{
	uint64_t dma;
	void *zeroes = platform_dma_alloc(ZERO_BYTES, &dma);
	int err = nr_sectors ? 0 : -EINVAL;

	if (!zeroes)
		return -ENOMEM;
	/* Counted in sectors: a capacity may be more than 2^64 bytes. */
	while (nr_sectors && !err) {
		uint64_t most = ZERO_BYTES / SECTOR_SIZE;
		uint64_t now = nr_sectors < most ? nr_sectors : most;

		err = blkdev_write(disk, sector, zeroes, now * SECTOR_SIZE);
		sector += now;
		nr_sectors -= now;
	}
	platform_dma_free(zeroes, ZERO_BYTES);
	return err;
}

int blkdev_issue_zeroout(struct gendisk *disk, uint64_t sector, uint64_t nr_sectors,
			 unsigned int flags)
{
	const struct queue_limits *limits = &disk->queue->limits;
	uint32_t most = whole_blocks(limits, limits->max_write_zeroes_sectors);

	if (beyond_end(disk, sector, nr_sectors))
		return -ERANGE;
	if (!most)
		return write_zeroes_as_data(disk, sector, nr_sectors);
	return ranges(disk, REQ_OP_WRITE_ZEROES, flags & REQ_NOUNMAP, sector, nr_sectors, most, 0);
}
