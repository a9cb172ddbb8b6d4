// SPDX-License-Identifier: MIT
/*
 * Requests that do not come back: an interrupt that was lost, a device that forgot, a queue that
 * broke, a device that says it needs a reset, or one that is gone.
 *
 * Linux's virtio_blk.c has no time-out of its own: such a request waits for ever. What is here does
 * what its NVMe driver does: look whether the request is done after all, then reset the queue, then
 * the device, and give the requests to it again that may be done twice.
 */
#include "virtio_blk_internal.h"

#define MAX_RETRIES 3

/*
 * May it be done again if it was done already, and only the answer was lost? Nobody who depends on
 * it has gone on, so reading or writing the same twice changes nothing. Appending does; and so does
 * a write at a zone's write pointer, which would no longer be there.
 */
static bool may_be_repeated(const struct request *rq)
{
	if (rq->op == REQ_OP_ZONE_APPEND)
		return false;
	return rq->op != REQ_OP_WRITE || !rq->mq_hctx->queue->limits.zone_sectors;
}

/* The device does not have @rq any more. @error: what it ends with; 0: it depends. */
static void virtblk_lost(struct request *rq, int error)
{
	if (error)
		blk_mq_end_request(rq, error);
	else if (blk_mq_rq_expired(rq))
		blk_mq_end_request(rq, -ETIMEDOUT);
	else if (!may_be_repeated(rq) || rq->retries++ >= MAX_RETRIES)
		blk_mq_end_request(rq, -EIO);
	else
		blk_mq_requeue_request(rq);
}

static void virtblk_recycle(struct virtqueue *vq, void *buf)
{
	struct virtio_blk *vblk = vq->vdev->priv;
	struct virtblk_req *vbr = buf;

	virtblk_lost(vbr->rq, vblk->vqs[vq->index].lost);
}

/* From here on handlers leave the queue alone. */
static struct virtqueue *take_queue(struct virtio_blk_vq *bvq)
{
	struct virtqueue *vq;

	platform_lock(&bvq->lock);
	vq = bvq->vq;
	bvq->vq = NULL;
	platform_unlock(&bvq->lock);
	return vq;
}

static void give_queue(struct virtio_blk_vq *bvq, struct virtqueue *vq)
{
	platform_lock(&bvq->lock);
	bvq->vq = vq;
	platform_unlock(&bvq->lock);
}

/* ---- one queue ---- */

/* The hardware queue is quiesced. 2.6.1. */
static int virtblk_reset_queue(struct virtio_blk *vblk, struct blk_mq_hw_ctx *hctx)
{
	struct virtio_blk_vq *bvq = &vblk->vqs[hctx->queue_num];
	struct virtqueue *vq = take_queue(bvq);
	int err;

	if (!vq)
		return -ENODEV;
	err = virtqueue_reset(vq, virtblk_recycle, NULL);
	give_queue(bvq, vq);
	if (err)
		return err;
	vblk->resets++;
	blk_mq_start_stopped_hw_queue(hctx);
	return 0;
}

/* ---- the device ---- */

static void virtblk_kill(struct virtio_blk *vblk)
{
	if (!__atomic_exchange_n(&vblk->dead, true, __ATOMIC_RELEASE))
		platform_log(PLATFORM_ERROR, "%s: the device cannot be used any more",
			     vblk->disk.disk_name);
	for (unsigned int i = 0; i < vblk->num_vqs; i++)
		blk_mq_start_stopped_hw_queue(&vblk->queue.hctxs[i]);
}

void virtblk_give_up(struct virtio_blk *vblk)
{
	virtblk_kill(vblk);
	blk_mq_unquiesce_queue(&vblk->queue);
}

void virtblk_stop_device(struct virtio_blk *vblk)
{
	struct virtio_device *vdev = vblk->vdev;

	/* Whether it comes out of reset or not, it can write to nothing of ours now. */
	if (virtio_reset_device(vdev))
		virtblk_kill(vblk);

	/* G14: so only now do we take back what it had. */
	for (unsigned int i = 0; i < vblk->num_vqs; i++) {
		struct virtqueue *vq = take_queue(&vblk->vqs[i]);
		struct virtblk_req *vbr;

		while (vq && (vbr = virtqueue_detach_unused_buf(vq)))
			virtblk_lost(vbr->rq, vblk->dead ? -ENODEV : vblk->vqs[i].lost);
	}
	vdev->config->del_vqs(vdev);
	vblk->frozen = true;
	/* If it asked for a reset it has had one. */
	__atomic_store_n(&vblk->needs_reset, false, __ATOMIC_RELAXED);
}

/* All queues at once, where one alone, @first, cannot be reset. */
static void virtblk_reset_whole_device(struct virtio_blk *vblk, struct virtio_blk_vq *first)
{
	struct virtio_device *vdev = vblk->vdev;
	int err = 0;

	/* The others have done nothing wrong, unless they are broken too. */
	for (struct virtio_blk_vq *bvq = vblk->vqs; bvq < vblk->vqs + vblk->num_vqs; bvq++)
		if (bvq != first)
			bvq->lost = bvq->vq && virtqueue_is_broken(bvq->vq) ? -EIO : 0;
	vblk->resets++;
	vblk->resetting = true;
	virtio_config_driver_disable(vdev);
	blk_mq_quiesce_queue(&vblk->queue);
	virtblk_stop_device(vblk);
	if (!vblk->dead)
		err = virtio_device_restore(vdev);
	virtio_config_driver_enable(vdev);
	vblk->resetting = false;
	if (err || vblk->dead)
		virtblk_give_up(vblk);
}

/* ---- time-outs ---- */

static bool any_expired(struct blk_mq_hw_ctx *hctx)
{
	struct request *rq = NULL;

	while ((rq = blk_mq_next_in_flight(hctx, rq)))
		if (blk_mq_rq_expired(rq))
			return true;
	return false;
}

static const char *why(bool needs_reset, bool broken)
{
	if (needs_reset)
		return "the device asks for it";
	return broken ? "broken" : "a request has taken too long";
}

void virtblk_timeout(struct blk_mq_hw_ctx *hctx)
{
	struct virtio_blk *vblk = hctx->queue->queuedata;
	struct virtio_blk_vq *bvq = &vblk->vqs[hctx->queue_num];
	bool needs_reset = __atomic_load_n(&vblk->needs_reset, __ATOMIC_RELAXED);
	bool late = any_expired(hctx), broken;
	int err;

	/* What waits for a dead disk ends by itself, once it is run. */
	if (vblk->dead || vblk->frozen) {
		blk_mq_start_stopped_hw_queue(hctx);
		return;
	}

	/* Perhaps it is only the interrupt that is missing. */
	virtblk_reap(vblk, hctx->queue_num, &broken);
	if (!needs_reset && !broken && !any_expired(hctx)) {
		if (late)
			platform_log(PLATFORM_WARNING, "%s: %s: completed without an interrupt",
				     vblk->disk.disk_name, bvq->name);
		return;
	}

	/* A device that breaks the rules of the ring is not asked for the same again. */
	bvq->lost = broken ? -EIO : 0;
	platform_log(PLATFORM_WARNING, "%s: %s: %s; resetting", vblk->disk.disk_name, bvq->name,
		     why(needs_reset, broken));

	blk_mq_quiesce_hctx(hctx);
	err = needs_reset ? -ENOENT : virtblk_reset_queue(vblk, hctx);
	if (err)
		virtblk_reset_whole_device(vblk, bvq);
	blk_mq_unquiesce_hctx(hctx);
}
