// SPDX-License-Identifier: MIT
/*
 * A request becomes a buffer in the ring, and a used buffer ends a request.
 *
 * Mirrors the data path of drivers/block/virtio_blk.c. The data of a request is memory that the
 * device reaches already, so mapping it is looking up an address, and nothing has to be undone. As
 * in Linux, a request is one buffer of header, data and status, each with its own elements: which
 * is also the framing that a legacy device asks for (5.2.6.4).
 */
#include <string.h>

#include "virtio_blk_internal.h"

static struct virtio_blk *vblk_of(const struct blk_mq_hw_ctx *hctx)
{
	return hctx->queue->queuedata;
}

/* ---- the request's three parts ---- */

static const uint8_t type_of[REQ_OPS] = {
	[REQ_OP_READ] = VIRTIO_BLK_T_IN,
	[REQ_OP_WRITE] = VIRTIO_BLK_T_OUT,
	[REQ_OP_FLUSH] = VIRTIO_BLK_T_FLUSH,
	[REQ_OP_DISCARD] = VIRTIO_BLK_T_DISCARD,
	[REQ_OP_SECURE_ERASE] = VIRTIO_BLK_T_SECURE_ERASE,
	[REQ_OP_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
	[REQ_OP_ZONE_APPEND] = VIRTIO_BLK_T_ZONE_APPEND,
	[REQ_OP_ZONE_OPEN] = VIRTIO_BLK_T_ZONE_OPEN,
	[REQ_OP_ZONE_CLOSE] = VIRTIO_BLK_T_ZONE_CLOSE,
	[REQ_OP_ZONE_FINISH] = VIRTIO_BLK_T_ZONE_FINISH,
	[REQ_OP_ZONE_RESET] = VIRTIO_BLK_T_ZONE_RESET,
	[REQ_OP_ZONE_RESET_ALL] = VIRTIO_BLK_T_ZONE_RESET_ALL,
	[REQ_OP_ZONE_REPORT] = VIRTIO_BLK_T_ZONE_REPORT,
	[REQ_OP_GET_ID] = VIRTIO_BLK_T_GET_ID,
	[REQ_OP_GET_LIFETIME] = VIRTIO_BLK_T_GET_LIFETIME,
};

static bool sends_data(const struct request *rq)
{
	return rq->op == REQ_OP_WRITE || rq->op == REQ_OP_ZONE_APPEND;
}

/* No status that a device can mean; what is still there when the request comes back was never
 * written. Linux writes nothing here, and would take what the last request left. */
#define STATUS_UNWRITTEN 0xff

static void virtblk_setup_ranges(const struct request *rq, struct virtblk_wire *wire)
{
	uint32_t flags = 0;

	/* 5.2.6.1: discards have no flags; erasing knows none either. */
	if (rq->op == REQ_OP_WRITE_ZEROES && !(rq->flags & REQ_NOUNMAP))
		flags = VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
	for (unsigned int i = 0; i < rq->nr_ranges; i++) {
		le64_write(&wire->ranges[i].sector, rq->ranges[i].sector);
		le32_write(&wire->ranges[i].num_sectors, rq->ranges[i].nr_sectors);
		le32_write(&wire->ranges[i].flags, flags);
	}
}

static void virtblk_setup_cmd(const struct request *rq, struct virtblk_req *vbr)
{
	struct virtblk_wire *wire = vbr->wire;
	uint64_t data = 0;

	le32_write(&wire->out_hdr.type, type_of[rq->op]);
	le32_write(&wire->out_hdr.ioprio, 0);
	/* 5.2.6.1: 0 where it says nothing, and the users leave it 0 there. */
	le64_write(&wire->out_hdr.sector, rq->op == REQ_OP_FLUSH ? 0 : rq->sector);
	if (rq->op == REQ_OP_ZONE_APPEND) {
		vbr->in_hdr_len = VIRTIO_BLK_APPEND_INHDR_BYTES;
		wire->in_hdr.append.status = STATUS_UNWRITTEN;
	} else {
		vbr->in_hdr_len = sizeof(wire->in_hdr.status);
		wire->in_hdr.status = STATUS_UNWRITTEN;
	}
	virtblk_setup_ranges(rq, wire);

	for (unsigned int i = 0; i < rq->nr_bvecs; i++)
		data += rq->bvecs[i].bv_len;
	vbr->in_len = vbr->in_hdr_len + (sends_data(rq) ? 0 : data);
}

/* The elements of the request's data in bvq->sg; how many. 5.2.4: none longer than size_max. */
static unsigned int virtblk_map_data(struct virtio_blk_vq *bvq, const struct request *rq)
{
	uint32_t most = rq->mq_hctx->queue->limits.max_segment_size;
	unsigned int nents = 0;

	for (unsigned int i = 0; i < rq->nr_bvecs; i++) {
		uint64_t dma = platform_dma_address(rq->bvecs[i].bv_base);
		uint32_t left = rq->bvecs[i].bv_len;

		while (left) {
			uint32_t len = left < most ? left : most;

			sg_init_one(&bvq->sg[nents], dma, len);
			bvq->sg[nents++].end = false;
			dma += len;
			left -= len;
		}
	}
	if (nents)
		bvq->sg[nents - 1].end = true;
	return nents;
}

/* bvq->lock is held. */
static int virtblk_add_req(struct virtio_blk_vq *bvq, struct virtblk_req *vbr)
{
	const struct request *rq = vbr->rq;
	uint64_t wire = vbr->wire_dma;
	struct scatterlist out_hdr, ranges, in_hdr, *sgs[3];
	unsigned int num_out = 0, num_in = 0;

	sg_init_one(&out_hdr, wire + offsetof(struct virtblk_wire, out_hdr),
		    sizeof(vbr->wire->out_hdr));
	sgs[num_out++] = &out_hdr;

	if (rq->nr_ranges) {
		sg_init_one(&ranges, wire + offsetof(struct virtblk_wire, ranges),
			    rq->nr_ranges * sizeof(vbr->wire->ranges[0]));
		sgs[num_out++] = &ranges;
	} else if (virtblk_map_data(bvq, rq)) {
		if (sends_data(rq))
			sgs[num_out++] = bvq->sg;
		else
			sgs[num_out + num_in++] = bvq->sg;
	}

	sg_init_one(&in_hdr, wire + offsetof(struct virtblk_wire, in_hdr), vbr->in_hdr_len);
	sgs[num_out + num_in++] = &in_hdr;

	return virtqueue_add_sgs(bvq->vq, sgs, num_out, num_in, vbr);
}

/* The same, and the request's time runs, from before anybody can take it back. */
static int virtblk_start_req(struct virtio_blk_vq *bvq, struct virtblk_req *vbr)
{
	int err = virtblk_add_req(bvq, vbr);

	if (!err) {
		blk_mq_start_request(vbr->rq);
		bvq->requests++;
	}
	return err;
}

/* ---- to the device ---- */

/* Without the lock: another CPU need not wait for a doorbell. */
static void virtblk_notify(struct blk_mq_hw_ctx *hctx, struct virtqueue *vq)
{
	struct virtio_blk_vq *bvq = &vblk_of(hctx)->vqs[hctx->queue_num];

	__atomic_add_fetch(&bvq->kicks, 1, __ATOMIC_RELAXED);
	/* The device is gone, and the queue broken by that. */
	if (!virtqueue_notify(vq))
		blk_mq_expire_hctx(hctx);
}

static void virtio_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	struct virtio_blk_vq *bvq = &vblk_of(hctx)->vqs[hctx->queue_num];
	struct virtqueue *vq;
	bool kick;

	platform_lock(&bvq->lock);
	vq = bvq->vq;
	kick = vq && virtqueue_kick_prepare(vq);
	platform_unlock(&bvq->lock);

	if (kick)
		virtblk_notify(hctx, vq);
}

/* What an error of the ring's means for the request; bvq->lock is held. */
static int virtblk_fail_to_queue(struct blk_mq_hw_ctx *hctx, int err)
{
	if (err == -ENOSPC) {
		/*
		 * Under the lock, so that whoever makes room finds the queue stopped. A ring is
		 * full of requests: one will come back.
		 */
		blk_mq_stop_hw_queue(hctx);
	} else if (err == -EIO) {
		/* Broken: wait until it has been reset, which is somebody's to notice. */
		blk_mq_stop_hw_queue(hctx);
		blk_mq_expire_hctx(hctx);
		err = -ENOSPC;
	}
	return err;
}

static int virtio_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct virtio_blk *vblk = vblk_of(hctx);
	struct virtio_blk_vq *bvq = &vblk->vqs[hctx->queue_num];
	struct virtblk_req *vbr = bd->rq->pdu;
	struct virtqueue *vq;
	bool kick;
	int err;

	if (__atomic_load_n(&vblk->dead, __ATOMIC_ACQUIRE))
		return -ENODEV;
	virtblk_setup_cmd(bd->rq, vbr);

	platform_lock(&bvq->lock);
	vq = bvq->vq;
	err = virtblk_start_req(bvq, vbr);
	if (err)
		err = virtblk_fail_to_queue(hctx, err);
	/* On a full ring too: the device is to know of all that it can make room with. */
	kick = (bd->last || err == -ENOSPC) && virtqueue_kick_prepare(vq);
	platform_unlock(&bvq->lock);

	if (kick)
		virtblk_notify(hctx, vq);
	return err;
}

/* A list under one lock and with one kick. */
static void virtio_queue_rqs(struct rq_list *rqlist)
{
	struct blk_mq_hw_ctx *hctx = rqlist->head->mq_hctx;
	struct virtio_blk_vq *bvq = &vblk_of(hctx)->vqs[hctx->queue_num];
	struct virtqueue *vq;
	struct request *rq;
	bool kick;

	if (__atomic_load_n(&vblk_of(hctx)->dead, __ATOMIC_ACQUIRE))
		return;
	for (rq = rqlist->head; rq; rq = rq->rq_next)
		virtblk_setup_cmd(rq, rq->pdu);

	platform_lock(&bvq->lock);
	vq = bvq->vq;
	while ((rq = rqlist->head)) {
		struct request *next = rq->rq_next;

		/* What the ring has no room for, or refuses, is virtio_queue_rq()'s to sort out. */
		if (virtblk_start_req(bvq, rq->pdu))
			break;
		rqlist->head = next;
	}
	if (!rqlist->head)
		rqlist->tail = NULL;
	kick = virtqueue_kick_prepare(vq);
	platform_unlock(&bvq->lock);

	if (kick)
		virtblk_notify(hctx, vq);
}

/* ---- back from the device ---- */

static int virtblk_result(uint8_t status)
{
	switch (status) {
	case VIRTIO_BLK_S_OK:
		return 0;
	case VIRTIO_BLK_S_IOERR:
		return -EIO;
	case VIRTIO_BLK_S_UNSUPP:
		return -EOPNOTSUPP;
	case VIRTIO_BLK_S_ZONE_INVALID_CMD:
		return -EREMOTEIO;
	case VIRTIO_BLK_S_ZONE_UNALIGNED_WP:
		return -ESPIPE;
	case VIRTIO_BLK_S_ZONE_OPEN_RESOURCE:
		return -ETOOMANYREFS;
	case VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE:
		return -EOVERFLOW;
	default:
		return -EPROTO;
	}
}

/* In the shared part, where the device may still write: read once. It is the last byte in any
 * layout of the in-header. */
static uint8_t virtblk_vbr_status(const struct virtblk_req *vbr)
{
	const uint8_t *in_hdr = (const uint8_t *)&vbr->wire->in_hdr;

	return __atomic_load_n(&in_hdr[vbr->in_hdr_len - 1], __ATOMIC_RELAXED);
}

/* Where the device says that it has put the data: in the zone that it was told, or it is no answer.
 * Linux believes it. */
static int virtblk_append_done(struct request *rq)
{
	const struct queue_limits *limits = &rq->mq_hctx->queue->limits;
	const struct virtblk_req *vbr = rq->pdu;
	uint64_t at = le64_read(&vbr->wire->in_hdr.append.append_sector);

	if (at < rq->sector || at - rq->sector >= limits->zone_sectors)
		return -EPROTO;
	rq->append_sector = at;
	return 0;
}

static void virtblk_request_done(struct request *rq)
{
	struct virtio_blk *vblk = vblk_of(rq->mq_hctx);
	struct virtblk_req *vbr = rq->pdu;
	int err = virtblk_result(virtblk_vbr_status(vbr));

	/*
	 * 2.7.8.3: nothing beyond the used length is to be trusted, so neither is the status, which
	 * comes last: bad news we believe anyway. A legacy device's length says nothing (5.2.6.3).
	 */
	if (!err && vbr->len < vbr->in_len && virtio_has_feature(vblk->vdev, VIRTIO_F_VERSION_1))
		err = -EPROTO;
	if (rq->op == REQ_OP_ZONE_APPEND && !err)
		err = virtblk_append_done(rq);
	blk_mq_end_request(rq, err);
}

/* bvq->lock is held. */
static void take_used(struct virtio_blk_vq *bvq, struct rq_list *done)
{
	struct virtblk_req *vbr;
	unsigned int len;

	while ((vbr = virtqueue_get_buf(bvq->vq, &len))) {
		vbr->len = len;
		rq_list_add_tail(done, vbr->rq);
	}
}

/*
 * Outside the lock: end_io may submit again. Linux completes under it, but there end_io mostly runs
 * later, in a softirq.
 */
static int complete_all(struct blk_mq_hw_ctx *hctx, struct rq_list *done)
{
	struct request *rq;
	int found = 0;

	while ((rq = rq_list_pop(done))) {
		blk_mq_complete_request(rq);
		found++;
	}
	if (found)
		blk_mq_start_stopped_hw_queue(hctx);
	return found;
}

int virtblk_reap(struct virtio_blk *vblk, unsigned int qid, bool *broken)
{
	struct virtio_blk_vq *bvq = &vblk->vqs[qid];
	struct rq_list done = { 0 };

	platform_lock(&bvq->lock);
	if (bvq->vq)
		take_used(bvq, &done);
	*broken = !bvq->vq || virtqueue_is_broken(bvq->vq);
	platform_unlock(&bvq->lock);
	return complete_all(&vblk->queue.hctxs[qid], &done);
}

/* The queue's callback, in an interrupt handler. */
void virtblk_done(struct virtqueue *vq)
{
	struct virtio_blk *vblk = vq->vdev->priv;
	struct virtio_blk_vq *bvq = &vblk->vqs[vq->index];
	struct blk_mq_hw_ctx *hctx = &vblk->queue.hctxs[vq->index];
	struct rq_list done = { 0 };

	platform_lock(&bvq->lock);
	bvq->interrupts++;
	if (bvq->vq) {
		/*
		 * 2.7.14: asking for interrupts again and looking once more, until there is nothing
		 * that came in between (G8). A broken queue gives nothing back; its requests are
		 * the time-out's to deal with.
		 */
		do {
			virtqueue_disable_cb(vq);
			take_used(bvq, &done);
		} while (!virtqueue_is_broken(vq) && !virtqueue_enable_cb(vq));
		if (virtqueue_is_broken(vq))
			blk_mq_expire_hctx(hctx);
	}
	platform_unlock(&bvq->lock);
	complete_all(hctx, &done);
}

static int virtblk_poll(struct blk_mq_hw_ctx *hctx)
{
	bool broken;
	int found = virtblk_reap(vblk_of(hctx), hctx->queue_num, &broken);

	if (broken)
		blk_mq_expire_hctx(hctx);
	return found;
}

/* ---- CPUs ---- */

/*
 * A queue with an interrupt serves the CPU that takes it, and CPUs that no interrupt goes to are
 * spread over the queues. Polled queues have none: all CPUs are spread.
 */
static void virtblk_map_queues(struct blk_mq_tag_set *set)
{
	struct virtio_blk *vblk = set->driver_data;
	const struct virtio_config_ops *config = vblk->vdev->config;
	unsigned int offset = 0;

	for (unsigned int type = 0; type < HCTX_MAX_TYPES; type++) {
		struct blk_mq_queue_map *map = &set->map[type];

		map->nr_queues = vblk->io_queues[type];
		map->queue_offset = offset;
		offset += map->nr_queues;
		if (map->nr_queues)
			blk_mq_map_queues(map);
		if (type == HCTX_TYPE_POLL || !config->get_vq_affinity)
			continue;
		for (unsigned int i = 0; i < map->nr_queues; i++) {
			int cpu = config->get_vq_affinity(vblk->vdev, i);

			if (cpu >= 0 && cpu < BLK_MQ_MAX_CPUS)
				map->mq_map[cpu] = i;
		}
	}
}

void virtblk_init_requests(struct virtio_blk *vblk)
{
	for (unsigned int i = 0; i < vblk->num_vqs; i++) {
		struct virtio_blk_vq *bvq = &vblk->vqs[i];
		struct blk_mq_tags *tags = &vblk->queue.hctxs[i].tags;

		for (unsigned int tag = 0; tag < tags->nr_tags; tag++) {
			struct virtblk_req *vbr = &((struct virtblk_req *)tags->pdus)[tag];

			vbr->rq = &tags->rqs[tag];
			vbr->wire = &bvq->wire[tag];
			vbr->wire_dma = bvq->wire_dma + tag * sizeof(*bvq->wire);
		}
	}
}

const struct blk_mq_ops virtio_mq_ops = {
	.queue_rq = virtio_queue_rq,
	.queue_rqs = virtio_queue_rqs,
	.commit_rqs = virtio_commit_rqs,
	.complete = virtblk_request_done,
	.map_queues = virtblk_map_queues,
	.poll = virtblk_poll,
	.timeout = virtblk_timeout,
};
