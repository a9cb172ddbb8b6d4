// SPDX-License-Identifier: MIT
/*
 * Zoned disks: what the device says of its zones, and calls that change them.
 *
 * Mirrors the CONFIG_BLK_DEV_ZONED part of drivers/block/virtio_blk.c and what it needs of
 * block/blk-zoned.c. Zones need not be a power of two in size here. As in Linux a host-aware disk
 * is taken for one without zones, which the specification allows (5.2.5.1).
 */
#include "virtio_blk_internal.h"

#define REPORT_BYTES 8192 /* for 127 zones at a time */

static int refuse(const struct virtio_device *vdev, const char *field, uint32_t value)
{
	platform_log(PLATFORM_ERROR, "virtio%d: zoned.%s is %u; no zoned disk works like that",
		     vdev->index, field, value);
	return -EINVAL;
}

int virtblk_read_zoned_limits(struct virtio_blk *vblk, struct queue_limits *limits)
{
	struct virtio_device *vdev = vblk->vdev;
	struct virtio_blk_zoned_characteristics zoned;
	uint32_t granularity;

	virtio_cread_bytes(vdev, offsetof(struct virtio_blk_config, zoned), &zoned, sizeof(zoned));
	switch (zoned.model) {
	case VIRTIO_BLK_Z_NONE:
	case VIRTIO_BLK_Z_HA:
		return 0; /* 5.2.5.1: and the other fields are not looked at */
	case VIRTIO_BLK_Z_HM:
		break;
	default:
		return refuse(vdev, "model", zoned.model);
	}

	granularity = le32_read(&zoned.write_granularity);
	if (!granularity || granularity % SECTOR_SIZE)
		return refuse(vdev, "write_granularity", granularity);
	limits->zone_sectors = le32_read(&zoned.zone_sectors);
	if (limits->zone_sectors < limits->logical_block_size / SECTOR_SIZE ||
	    limits->zone_sectors % (limits->logical_block_size / SECTOR_SIZE))
		return refuse(vdev, "zone_sectors", limits->zone_sectors);
	limits->zone_write_granularity = granularity;
	limits->max_open_zones = le32_read(&zoned.max_open_zones);
	limits->max_active_zones = le32_read(&zoned.max_active_zones);
	limits->max_append_sectors = le32_read(&zoned.max_append_sectors);
	return 0;
}

/* ---- report ---- */

/* One descriptor, from shared memory into ours, and is it one? */
static int virtblk_parse_zone(const struct gendisk *disk,
			      const struct virtio_blk_zone_descriptor *entry, uint64_t expected,
			      struct blk_zone *zone)
{
	uint64_t capacity = get_capacity(disk), size = disk->queue->limits.zone_sectors;

	*zone = (struct blk_zone){
		.start = le64_read(&entry->z_start),
		.len = size < capacity - expected ? size : capacity - expected,
		.capacity = le64_read(&entry->z_cap),
		.wp = le64_read(&entry->z_wp),
		.type = __atomic_load_n(&entry->z_type, __ATOMIC_RELAXED),
		.cond = __atomic_load_n(&entry->z_state, __ATOMIC_RELAXED),
	};
	if (zone->start != expected || zone->capacity > zone->len)
		return -EPROTO;
	if (zone->type < VIRTIO_BLK_ZT_CONV || zone->type > VIRTIO_BLK_ZT_SWP)
		return -EPROTO;

	switch (zone->cond) {
	case VIRTIO_BLK_ZS_NOT_WP:
	case VIRTIO_BLK_ZS_RDONLY:
	case VIRTIO_BLK_ZS_OFFLINE:
	case VIRTIO_BLK_ZS_FULL:
		zone->wp = UINT64_MAX;
		return 0;
	case VIRTIO_BLK_ZS_EMPTY:
	case VIRTIO_BLK_ZS_IOPEN:
	case VIRTIO_BLK_ZS_EOPEN:
	case VIRTIO_BLK_ZS_CLOSED:
		return zone->wp < zone->start || zone->wp > zone->start + zone->len ? -EPROTO : 0;
	default:
		return -EPROTO;
	}
}

static int virtblk_submit_zone_report(struct gendisk *disk, void *report, uint64_t sector)
{
	struct bio_vec bvec = { report, REPORT_BYTES };
	struct request *rq = blk_mq_alloc_request(disk->queue, REQ_OP_ZONE_REPORT, 0);
	int err;

	if (!rq)
		return -ENODEV;
	rq->sector = sector;
	rq->bvecs = &bvec;
	rq->nr_bvecs = 1;
	err = blk_execute_rq(rq);
	blk_mq_free_request(rq);
	return err;
}

/* How many descriptors are in the report: what it says, but no more than fit. */
static unsigned int zones_in(const struct virtio_blk_zone_report *report)
{
	uint64_t said = le64_read(&report->nr_zones);
	unsigned int room =
		(REPORT_BYTES - sizeof(*report)) / sizeof(struct virtio_blk_zone_descriptor);

	return said < room ? (unsigned int)said : room;
}

static int report_zones(struct gendisk *disk, struct virtio_blk_zone_report *report,
			uint64_t sector, unsigned int nr_zones, report_zones_cb cb, void *data)
{
	const struct virtio_blk_zone_descriptor *zones = (const void *)(report + 1);
	uint64_t zone_sectors = disk->queue->limits.zone_sectors;
	unsigned int idx = 0;
	struct blk_zone zone;

	sector -= sector % zone_sectors;
	while (idx < nr_zones && sector < get_capacity(disk)) {
		unsigned int count;
		int err = virtblk_submit_zone_report(disk, report, sector);

		if (err)
			return err;
		count = zones_in(report);
		if (!count)
			return -EPROTO; /* there is one where we asked */
		for (unsigned int i = 0; i < count && idx < nr_zones; i++) {
			err = virtblk_parse_zone(disk, &zones[i], sector, &zone);
			if (!err)
				err = cb(&zone, idx, data);
			if (err)
				return err;
			sector += zone_sectors;
			idx++;
			if (sector >= get_capacity(disk))
				break;
		}
	}
	return (int)idx;
}

int blkdev_report_zones(struct gendisk *disk, uint64_t sector, unsigned int nr_zones,
			report_zones_cb cb, void *data)
{
	struct virtio_blk_zone_report *report;
	uint64_t dma;
	int ret;

	if (!disk->queue->limits.zone_sectors)
		return -EOPNOTSUPP;
	if (sector >= get_capacity(disk))
		return -ERANGE;
	report = platform_dma_alloc(REPORT_BYTES, &dma);
	if (!report)
		return -ENOMEM;
	ret = report_zones(disk, report, sector, nr_zones, cb, data);
	platform_dma_free(report, REPORT_BYTES);
	return ret;
}

/* ---- changing zones ---- */

int blkdev_zone_mgmt(struct gendisk *disk, enum req_op op, uint64_t sector)
{
	struct request *rq;
	int err;

	if (op < REQ_OP_ZONE_OPEN || op > REQ_OP_ZONE_RESET_ALL)
		return -EINVAL;
	rq = blk_mq_alloc_request(disk->queue, op, 0);
	if (!rq)
		return -ENODEV;
	rq->sector = sector;
	err = blk_execute_rq(rq);
	blk_mq_free_request(rq);
	return err;
}

int blkdev_zone_append(struct gendisk *disk, uint64_t sector, const void *buf, size_t bytes,
		       uint64_t *written)
{
	struct bio_vec bvec = { (void *)buf, (uint32_t)bytes };
	struct request *rq;
	int err;

	if (bytes > UINT32_MAX)
		return -EMSGSIZE;
	rq = blk_mq_alloc_request(disk->queue, REQ_OP_ZONE_APPEND, 0);
	if (!rq)
		return -ENODEV;
	rq->sector = sector;
	rq->bvecs = &bvec;
	rq->nr_bvecs = 1;
	err = blk_execute_rq(rq);
	*written = rq->append_sector;
	blk_mq_free_request(rq);
	return err;
}
