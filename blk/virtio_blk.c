// SPDX-License-Identifier: MIT
/*
 * The virtio block driver: binding a device, what the device says of itself, letting go of it.
 *
 * Mirrors drivers/block/virtio_blk.c, but for the way of a request, which is virtio_blk_rq.c. What
 * the device's config says is checked once, here: with nonsense that we cannot work with the driver
 * does not bind, and says why. Left out on purpose: partitions, geometry, sysfs.
 */
#include <string.h>

#include "virtio_blk_internal.h"

#define DEFAULT_QUEUES 1
#define MAX_DEPTH 1024	/* tags of a queue; more requests than that nobody has */
#define INDIRECT_MAX 32 /* elements; longer buffers are chains, so that tables stay small */

unsigned int virtblk_num_request_queues;
unsigned int virtblk_poll_queues;

static struct virtio_blk *all_disks; /* for the numbers of their names */

#define config_offset(field) offsetof(struct virtio_blk_config, field)

/* ---- config to limits ---- */

/* 5.2.4: fields of features that are not negotiated say nothing. */
static uint32_t cread32_feature(struct virtio_device *vdev, unsigned int feature,
				unsigned int offset, uint32_t otherwise)
{
	return virtio_has_feature(vdev, feature) ? virtio_cread32(vdev, offset) : otherwise;
}

/* Blocks to bytes; 0, which says nothing, if that cannot be meant. */
static uint32_t blocks(const struct queue_limits *limits, uint64_t count)
{
	uint64_t bytes = count * limits->logical_block_size;

	return bytes > UINT32_MAX ? 0 : (uint32_t)bytes;
}

static void virtblk_read_topology(struct virtio_device *vdev, struct queue_limits *limits)
{
	struct virtio_blk_topology topology;

	limits->physical_block_size = limits->logical_block_size;
	if (!virtio_has_feature(vdev, VIRTIO_BLK_F_TOPOLOGY))
		return;
	virtio_cread_bytes(vdev, config_offset(topology), &topology, sizeof(topology));
	if (topology.physical_block_exp < 16)
		limits->physical_block_size = blocks(limits, 1ull << topology.physical_block_exp);
	limits->alignment_offset = blocks(limits, topology.alignment_offset);
	limits->io_min = blocks(limits, le16_read(&topology.min_io_size));
	limits->io_opt = blocks(limits, le32_read(&topology.opt_io_size));
}

static uint32_t not_zero(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static uint32_t at_most(uint32_t value, uint32_t most)
{
	return value < most ? value : most;
}

/* As Linux takes them, 0 sectors are no limit, and 0 segments are one. */
static void virtblk_read_ranges(struct virtio_device *vdev, struct queue_limits *limits)
{
	if (virtio_has_feature(vdev, VIRTIO_BLK_F_DISCARD)) {
		limits->max_discard_sectors = not_zero(
			virtio_cread32(vdev, config_offset(max_discard_sectors)), UINT32_MAX);
		limits->max_discard_segments =
			not_zero(virtio_cread32(vdev, config_offset(max_discard_seg)), 1);
		limits->discard_granularity =
			at_most(virtio_cread32(vdev, config_offset(discard_sector_alignment)),
				UINT32_MAX / SECTOR_SIZE) *
			SECTOR_SIZE;
	}
	if (virtio_has_feature(vdev, VIRTIO_BLK_F_WRITE_ZEROES)) {
		limits->max_write_zeroes_sectors = not_zero(
			virtio_cread32(vdev, config_offset(max_write_zeroes_sectors)), UINT32_MAX);
		limits->max_write_zeroes_segments =
			not_zero(virtio_cread32(vdev, config_offset(max_write_zeroes_seg)), 1);
		limits->write_zeroes_may_unmap =
			virtio_cread8(vdev, config_offset(write_zeroes_may_unmap));
	}
	if (virtio_has_feature(vdev, VIRTIO_BLK_F_SECURE_ERASE)) {
		limits->max_secure_erase_sectors = not_zero(
			virtio_cread32(vdev, config_offset(max_secure_erase_sectors)), UINT32_MAX);
		limits->max_secure_erase_segments =
			not_zero(virtio_cread32(vdev, config_offset(max_secure_erase_seg)), 1);
		limits->secure_erase_granularity =
			at_most(virtio_cread32(vdev, config_offset(secure_erase_sector_alignment)),
				UINT32_MAX / SECTOR_SIZE) *
			SECTOR_SIZE;
	}
	limits->max_discard_segments = at_most(limits->max_discard_segments, VIRTBLK_MAX_RANGES);
	limits->max_write_zeroes_segments =
		at_most(limits->max_write_zeroes_segments, VIRTBLK_MAX_RANGES);
	limits->max_secure_erase_segments =
		at_most(limits->max_secure_erase_segments, VIRTBLK_MAX_RANGES);
}

static int refuse(struct virtio_device *vdev, const char *field, unsigned long long value)
{
	platform_log(PLATFORM_ERROR, "virtio%d: %s is %llu; no disk works like that", vdev->index,
		     field, value);
	return -EINVAL;
}

static int virtblk_read_limits(struct virtio_blk *vblk, struct queue_limits *limits)
{
	struct virtio_device *vdev = vblk->vdev;
	uint32_t seg_max, block;

	block = cread32_feature(vdev, VIRTIO_BLK_F_BLK_SIZE, config_offset(blk_size), SECTOR_SIZE);
	if (block < SECTOR_SIZE || block > 65536 || block & (block - 1))
		return refuse(vdev, "blk_size", block);
	limits->logical_block_size = block;

	/* As in Linux one element goes whatever they say. */
	seg_max =
		not_zero(cread32_feature(vdev, VIRTIO_BLK_F_SEG_MAX, config_offset(seg_max), 1), 1);
	limits->max_segments = at_most(seg_max, VIRTBLK_MAX_SEGMENTS);
	limits->max_segment_size =
		cread32_feature(vdev, VIRTIO_BLK_F_SIZE_MAX, config_offset(size_max), UINT32_MAX);
	if (!limits->max_segment_size || blk_segments_of(limits, block) > limits->max_segments)
		return refuse(vdev, "size_max", limits->max_segment_size);

	virtblk_read_topology(vdev, limits);
	virtblk_read_ranges(vdev, limits);
	limits->lifetime = virtio_has_feature(vdev, VIRTIO_BLK_F_LIFETIME);
	if (virtio_has_feature(vdev, VIRTIO_BLK_F_ZONED))
		return virtblk_read_zoned_limits(vblk, limits);
	return 0;
}

/* 5.2.5.1: with neither feature it writes through; with FLUSH alone there is a cache. */
static bool virtblk_get_cache_mode(struct virtio_device *vdev)
{
	if (virtio_has_feature(vdev, VIRTIO_BLK_F_CONFIG_WCE))
		return virtio_cread8(vdev, config_offset(writeback));
	return virtio_has_feature(vdev, VIRTIO_BLK_F_FLUSH);
}

static void virtblk_update_capacity(struct virtio_blk *vblk, bool resize)
{
	struct gendisk *disk = &vblk->disk;
	uint64_t capacity = virtio_cread64(vblk->vdev, config_offset(capacity));

	if (resize && capacity == get_capacity(disk))
		return;
	__atomic_store_n(&disk->capacity, capacity, __ATOMIC_RELAXED);
	if (resize)
		disk->capacity_changes++;
	platform_log(PLATFORM_INFO, "%s: %s%llu sectors, blocks of %u bytes%s", disk->disk_name,
		     resize ? "now " : "", (unsigned long long)capacity,
		     vblk->queue.limits.logical_block_size, disk->read_only ? ", read-only" : "");
}

/* What is in flight will not come back by itself. */
static void virtblk_expire_all(struct virtio_blk *vblk)
{
	__atomic_store_n(&vblk->needs_reset, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < vblk->num_vqs; i++)
		blk_mq_expire_hctx(&vblk->queue.hctxs[i]);
}

/* In an interrupt handler. 5.2.6.1: capacity may have changed; and 2.1.2: so may the status. */
static void virtblk_config_changed(struct virtio_device *vdev)
{
	struct virtio_blk *vblk = vdev->priv;
	uint8_t status = vdev->config->get_status(vdev);

	if (status & VIRTIO_CONFIG_S_NEEDS_RESET) {
		/* Or all ones: the device is gone, and there is no config to be read either. */
		virtblk_expire_all(vblk);
		return;
	}
	virtblk_update_capacity(vblk, true);
}

/* ---- queues ---- */

/* As many as the device has, and CPUs to use them; polled ones come on top of those. */
static int virtblk_count_queues(struct virtio_blk *vblk)
{
	struct virtio_device *vdev = vblk->vdev;
	unsigned int num = DEFAULT_QUEUES, most = platform_num_cpus() + virtblk_poll_queues;

	if (virtio_has_feature(vdev, VIRTIO_BLK_F_MQ)) {
		num = virtio_cread16(vdev, config_offset(num_queues));
		if (!num)
			return refuse(vdev, "num_queues", num);
	}
	num = at_most(num, at_most(most, VIRTBLK_MAX_QUEUES));
	if (virtblk_num_request_queues)
		num = at_most(num, virtblk_num_request_queues);
	vblk->num_vqs = num;
	vblk->io_queues[HCTX_TYPE_POLL] = at_most(virtblk_poll_queues, num - 1);
	vblk->io_queues[HCTX_TYPE_DEFAULT] = num - vblk->io_queues[HCTX_TYPE_POLL];
	return 0;
}

static int virtblk_find_vqs(struct virtio_blk *vblk, unsigned int indirect_max)
{
	struct virtqueue_info infos[VIRTBLK_MAX_QUEUES] = { 0 };
	struct virtqueue *vqs[VIRTBLK_MAX_QUEUES];
	struct virtio_device *vdev = vblk->vdev;
	int err;

	for (unsigned int i = 0; i < vblk->num_vqs; i++) {
		bool poll = i >= vblk->io_queues[HCTX_TYPE_DEFAULT];

		platform_snprintf(vblk->vqs[i].name, VQ_NAME_LEN, poll ? "req_poll.%u" : "req.%u",
				  i);
		infos[i].name = vblk->vqs[i].name;
		infos[i].callback = poll ? NULL : virtblk_done;
		infos[i].indirect_max = indirect_max;
	}
	err = virtio_find_vqs(vdev, vblk->num_vqs, vqs, infos);
	if (err)
		return err;
	for (unsigned int i = 0; i < vblk->num_vqs; i++) {
		vblk->vqs[i].vq = vqs[i];
		/* Each where the requests come from, if the transport can do that. */
		if (vdev->config->set_vq_affinity && i < vblk->io_queues[HCTX_TYPE_DEFAULT])
			vdev->config->set_vq_affinity(vqs[i], i % platform_num_cpus());
	}
	vblk->frozen = false;
	return 0;
}

static unsigned int smallest_ring(const struct virtio_blk *vblk)
{
	unsigned int smallest = VRING_MAX_SIZE;

	for (unsigned int i = 0; i < vblk->num_vqs; i++)
		smallest = at_most(virtqueue_get_vring_size(vblk->vqs[i].vq), smallest);
	return smallest;
}

/* ---- memory ---- */

static int virtblk_alloc_requests(struct virtio_blk *vblk)
{
	size_t sg_bytes = vblk->queue.limits.max_segments * sizeof(struct scatterlist);

	for (unsigned int i = 0; i < vblk->num_vqs; i++) {
		struct virtio_blk_vq *bvq = &vblk->vqs[i];

		bvq->sg = platform_zalloc(sg_bytes);
		bvq->wire = platform_dma_alloc(virtblk_wire_bytes(vblk), &bvq->wire_dma);
		if (!bvq->sg || !bvq->wire)
			return -ENOMEM;
	}
	virtblk_init_requests(vblk);
	return 0;
}

static void virtblk_free(struct virtio_blk *vblk)
{
	for (unsigned int i = 0; vblk->vqs && i < vblk->num_vqs; i++) {
		if (vblk->vqs[i].wire)
			platform_dma_free(vblk->vqs[i].wire, virtblk_wire_bytes(vblk));
		platform_free(vblk->vqs[i].sg);
	}
	blk_mq_destroy_queue(&vblk->queue);
	platform_free(vblk->vqs);
	platform_free(vblk);
}

/* ---- names ---- */

static void virtblk_take_index(struct virtio_blk *vblk)
{
	for (struct virtio_blk *other = all_disks; other;) {
		if (other->index == vblk->index) {
			vblk->index++;
			other = all_disks;
		} else {
			other = other->next;
		}
	}
	vblk->next = all_disks;
	all_disks = vblk;
}

static void virtblk_give_index(struct virtio_blk *vblk)
{
	for (struct virtio_blk **at = &all_disks; *at; at = &(*at)->next)
		if (*at == vblk) {
			*at = vblk->next;
			break;
		}
}

/* vda to vdz, vdaa, and so on: letters as digits, but without a zero. */
static void virtblk_name_format(const char *prefix, int index, char *buf, size_t bytes)
{
	char digits[DISK_NAME_LEN] = { 0 };
	size_t at = sizeof(digits) - 1;

	do {
		digits[--at] = (char)('a' + index % 26);
		index = index / 26 - 1;
	} while (index >= 0 && at);
	platform_snprintf(buf, bytes, "%s%s", prefix, &digits[at]);
}

/* ---- binding ---- */

/* 5.2.5.1: discarding is not for host-managed zones. The model may be read before FEATURES_OK. */
static int virtblk_validate(struct virtio_device *vdev)
{
	if (virtio_has_feature(vdev, VIRTIO_BLK_F_ZONED) &&
	    virtio_cread8(vdev, config_offset(zoned.model)) == VIRTIO_BLK_Z_HM)
		virtio_clear_feature(vdev, VIRTIO_BLK_F_DISCARD);
	return 0;
}

/* The tags: as many as the ring can hold, one or two descriptors each. */
static void virtblk_init_tag_set(struct virtio_blk *vblk, unsigned int ring)
{
	unsigned int depth = ring;

	/* As Linux guesses. If requests are longer the ring is full before the tags are out. */
	if (!virtio_has_feature(vblk->vdev, VIRTIO_RING_F_INDIRECT_DESC))
		depth = not_zero(depth / 2, 1);
	vblk->tag_set = (struct blk_mq_tag_set){
		.ops = &virtio_mq_ops,
		.nr_hw_queues = vblk->num_vqs,
		.queue_depth = at_most(depth, MAX_DEPTH),
		.cmd_size = sizeof(struct virtblk_req),
		.driver_data = vblk,
	};
}

/* Queues, limits, tags, requests. What was done when it fails, virtblk_free() and the caller undo.
 */
static int virtblk_setup(struct virtio_blk *vblk)
{
	struct queue_limits limits = { 0 };
	unsigned int ring;
	int err;

	err = virtblk_count_queues(vblk);
	if (err)
		return err;
	vblk->vqs = platform_zalloc(vblk->num_vqs * sizeof(*vblk->vqs));
	if (!vblk->vqs)
		return -ENOMEM;
	err = virtblk_read_limits(vblk, &limits);
	if (err)
		return err;
	err = virtblk_find_vqs(vblk, at_most(limits.max_segments + 2, INDIRECT_MAX));
	if (err)
		return err;

	/* 2.7.5.3.1, 2.8.17: no buffer of more elements than the ring has entries. */
	ring = smallest_ring(vblk);
	if (ring < 2 + blk_segments_of(&limits, limits.logical_block_size))
		return refuse(vblk->vdev, "queue_size", ring);
	limits.max_segments = at_most(limits.max_segments, ring - 2);
	limits.write_cache = virtblk_get_cache_mode(vblk->vdev);

	virtblk_init_tag_set(vblk, ring);
	err = blk_mq_init_queue(&vblk->queue, &vblk->tag_set, &limits, vblk);
	if (err)
		return err;
	return virtblk_alloc_requests(vblk);
}

static int virtblk_probe(struct virtio_device *vdev)
{
	struct virtio_blk *vblk = platform_zalloc(sizeof(*vblk));
	struct gendisk *disk;
	int err;

	if (!vblk)
		return -ENOMEM;
	vdev->priv = vblk;
	vblk->vdev = vdev;
	vblk->frozen = true;
	err = virtblk_setup(vblk);
	if (err)
		goto out_free;

	disk = &vblk->disk;
	disk->queue = &vblk->queue;
	disk->vdev = vdev;
	disk->private_data = vblk;
	disk->read_only = virtio_has_feature(vdev, VIRTIO_BLK_F_RO);
	vblk->queue.disk = disk;
	virtblk_take_index(vblk);
	virtblk_name_format("vd", vblk->index, disk->disk_name, DISK_NAME_LEN);
	virtblk_update_capacity(vblk, false);

	virtio_device_ready(vdev);
	blk_mq_unquiesce_queue(&vblk->queue);
	blk_add_disk(disk);
	return 0;

out_free:
	if (!vblk->frozen) {
		/* The device may look at its queues until then. */
		virtio_reset_device(vdev);
		vdev->config->del_vqs(vdev);
	}
	virtblk_free(vblk);
	return err;
}

/* What was submitted is finished first; users are done with the disk when it returns. */
static void virtblk_remove(struct virtio_device *vdev)
{
	struct virtio_blk *vblk = vdev->priv;
	struct request_queue *q = &vblk->queue;

	blk_del_disk(&vblk->disk);
	__atomic_store_n(&q->dying, true, __ATOMIC_SEQ_CST);
	/* In the middle of a reset it is frozen, too. */
	blk_mq_hold_timeouts(q);
	if (vblk->frozen && !vblk->dead)
		virtblk_give_up(vblk); /* it slept and did not wake up */
	blk_mq_release_timeouts(q);
	/* Pulled out: nobody will answer, so nobody waits for an answer. */
	if (vdev->config->get_status(vdev) == 0xff)
		virtblk_expire_all(vblk);
	blk_mq_drain_queue(q);

	/* Nobody has a tag now; but one may be looking that waited without. */
	blk_mq_hold_timeouts(q);
	blk_mq_quiesce_queue(q);
	if (vblk->frozen)
		virtio_reset_device(vdev);
	else
		virtblk_stop_device(vblk);
	virtblk_give_index(vblk);
	virtblk_free(vblk);
}

/* ---- sleep ---- */

/*
 * Requests that come from now on wait for virtblk_restore(); but if the device is dead, or dies of
 * this, whoever waits hears of it.
 */
static int virtblk_freeze(struct virtio_device *vdev)
{
	struct virtio_blk *vblk = vdev->priv;
	struct request_queue *q = &vblk->queue;
	bool asleep;

	blk_mq_quiesce_queue(q);
	blk_mq_drain_in_flight(q);
	/* Another CPU may still be resetting the device for requests that were lost. */
	blk_mq_hold_timeouts(q);
	asleep = vblk->frozen;
	if (!asleep)
		virtblk_stop_device(vblk);
	/* One that did not wake up the last time is quiesced already: once is enough. */
	if (asleep || vblk->dead)
		blk_mq_unquiesce_queue(q);
	blk_mq_release_timeouts(q);
	return 0;
}

/* The bus has reset the device and agreed on the features again. */
static int virtblk_bring_back(struct virtio_blk *vblk)
{
	const struct queue_limits *limits = &vblk->queue.limits;
	struct virtio_device *vdev = vblk->vdev;
	int err;

	err = virtblk_find_vqs(vblk, at_most(limits->max_segments + 2, INDIRECT_MAX));
	if (err)
		return err;
	if (smallest_ring(vblk) < limits->max_segments + 2) {
		virtblk_stop_device(vblk);
		return -EINVAL;
	}
	/* A reset has undone what virtblk_set_cache() did. */
	if (virtio_has_feature(vdev, VIRTIO_BLK_F_CONFIG_WCE))
		virtio_cwrite8(vdev, config_offset(writeback), limits->write_cache);
	virtio_device_ready(vdev);
	virtblk_update_capacity(vblk, true);
	for (unsigned int i = 0; i < vblk->num_vqs; i++)
		blk_mq_start_stopped_hw_queue(&vblk->queue.hctxs[i]);
	blk_mq_unquiesce_queue(&vblk->queue);
	return 0;
}

static int virtblk_restore(struct virtio_device *vdev)
{
	struct virtio_blk *vblk = vdev->priv;
	int err;

	/* For lost requests, from virtblk_timeout(), which sees to all that follows here. */
	if (vblk->resetting)
		return virtblk_bring_back(vblk);

	blk_mq_hold_timeouts(&vblk->queue);
	if (vblk->dead) {
		/* It came out of reset this time. Until now it took requests, and failed them. */
		blk_mq_quiesce_queue(&vblk->queue);
		__atomic_store_n(&vblk->dead, false, __ATOMIC_RELEASE);
	}
	err = virtblk_bring_back(vblk);
	if (err)
		virtblk_give_up(vblk);
	blk_mq_release_timeouts(&vblk->queue);
	return err;
}

/* ---- the driver ---- */

static const struct virtio_device_id id_table[] = {
	{ VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID },
	{ 0 },
};

static const unsigned int features[] = {
	VIRTIO_BLK_F_SEG_MAX,	   VIRTIO_BLK_F_SIZE_MAX,     VIRTIO_BLK_F_RO,
	VIRTIO_BLK_F_BLK_SIZE,	   VIRTIO_BLK_F_FLUSH,	      VIRTIO_BLK_F_TOPOLOGY,
	VIRTIO_BLK_F_CONFIG_WCE,   VIRTIO_BLK_F_MQ,	      VIRTIO_BLK_F_DISCARD,
	VIRTIO_BLK_F_WRITE_ZEROES, VIRTIO_BLK_F_SECURE_ERASE, VIRTIO_BLK_F_LIFETIME,
	VIRTIO_BLK_F_ZONED,
};

/* All but the last: 5.2.5.2 has no zones for legacy devices. */
#define LEGACY_FEATURES (sizeof(features) / sizeof(features[0]) - 1)

struct virtio_driver virtio_blk = {
	.name = "virtio_blk",
	.id_table = id_table,
	.feature_table = features,
	.feature_table_size = sizeof(features) / sizeof(features[0]),
	.feature_table_legacy = features,
	.feature_table_size_legacy = LEGACY_FEATURES,
	.validate = virtblk_validate,
	.probe = virtblk_probe,
	.remove = virtblk_remove,
	.config_changed = virtblk_config_changed,
	.freeze = virtblk_freeze,
	.restore = virtblk_restore,
};
