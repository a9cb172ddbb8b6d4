// SPDX-License-Identifier: MIT
/*
 * What can be asked of a virtio disk besides its data: its id, its wear, its cache, our counts.
 *
 * In Linux these are the attributes of drivers/block/virtio_blk.c in sysfs.
 */
#include <string.h>

#include "virtio_blk_internal.h"

/* A request that the device answers with @bytes, in @buf. */
static int virtblk_ask(struct gendisk *disk, enum req_op op, void *buf, uint32_t bytes)
{
	struct bio_vec bvec = { NULL, bytes };
	struct request *rq;
	uint64_t dma;
	int err;

	bvec.bv_base = platform_dma_alloc(bytes, &dma);
	if (!bvec.bv_base)
		return -ENOMEM;
	rq = blk_mq_alloc_request(disk->queue, op, 0);
	err = rq ? 0 : -ENODEV;
	if (!err) {
		rq->bvecs = &bvec;
		rq->nr_bvecs = 1;
		err = blk_execute_rq(rq);
		blk_mq_free_request(rq);
	}
	if (!err)
		memcpy(buf, bvec.bv_base, bytes);
	platform_dma_free(bvec.bv_base, bytes);
	return err;
}

int virtblk_get_id(struct gendisk *disk, char id[BLK_ID_LEN])
{
	/* 5.2.6: the NUL is there only if there is room for it. */
	id[VIRTIO_BLK_ID_BYTES] = 0;
	return virtblk_ask(disk, REQ_OP_GET_ID, id, VIRTIO_BLK_ID_BYTES);
}

int virtblk_get_lifetime(struct gendisk *disk, struct virtblk_lifetime *lifetime)
{
	struct virtio_blk_lifetime answer;
	int err;

	if (!disk->queue->limits.lifetime)
		return -EOPNOTSUPP;
	err = virtblk_ask(disk, REQ_OP_GET_LIFETIME, &answer, sizeof(answer));
	if (err)
		return err;
	lifetime->pre_eol_info = le16_read(&answer.pre_eol_info);
	lifetime->device_lifetime_est_typ_a = le16_read(&answer.device_lifetime_est_typ_a);
	lifetime->device_lifetime_est_typ_b = le16_read(&answer.device_lifetime_est_typ_b);
	/* 5.2.6: all other values are reserved, and a device does not send them. */
	if (lifetime->pre_eol_info > 3 || lifetime->device_lifetime_est_typ_a > 11 ||
	    lifetime->device_lifetime_est_typ_b > 11)
		return -EPROTO;
	return 0;
}

/* Whatever limits.write_cache says by now. */
static int virtblk_flush(struct gendisk *disk)
{
	struct request *rq = blk_mq_alloc_request(disk->queue, REQ_OP_FLUSH, 0);
	int err;

	if (!rq)
		return -ENODEV;
	err = blk_execute_rq(rq);
	blk_mq_free_request(rq);
	return err;
}

int virtblk_set_cache(struct gendisk *disk, bool writeback)
{
	const unsigned int offset = offsetof(struct virtio_blk_config, writeback);
	const struct virtio_blk *vblk = disk->private_data;
	struct queue_limits *limits = &disk->queue->limits;
	bool before = limits->write_cache;
	uint8_t now = 0xff;

	if (!virtio_has_feature(disk->vdev, VIRTIO_BLK_F_CONFIG_WCE))
		return -EOPNOTSUPP;
	/* 3.1.1: after a reset no config is written before the features are agreed again. And
	 * whoever brings the device back is to find in the limits what it was told. */
	blk_mq_hold_timeouts(disk->queue);
	if (!vblk->frozen) {
		virtio_cwrite8(disk->vdev, offset, writeback);
		now = virtio_cread8(disk->vdev, offset);
		if (now <= 1)
			limits->write_cache = now;
	}
	blk_mq_release_timeouts(disk->queue);
	if (now > 1)
		return -ENODEV; /* not a mode: nobody is there to answer */
	/* 5.2.6.1: what was written before may still be in the cache. */
	return before && !writeback ? virtblk_flush(disk) : 0;
}

void virtblk_get_stats(const struct gendisk *disk, struct virtblk_stats *stats)
{
	const struct virtio_blk *vblk = disk->private_data;

	*stats = (struct virtblk_stats){
		.timeouts = disk->queue->timeouts,
		.resets = vblk->resets,
	};
	for (unsigned int i = 0; i < vblk->num_vqs; i++) {
		stats->requests += vblk->vqs[i].requests;
		stats->kicks += vblk->vqs[i].kicks;
		stats->interrupts += vblk->vqs[i].interrupts;
		stats->requeues += vblk->queue.hctxs[i].requeues;
	}
}
