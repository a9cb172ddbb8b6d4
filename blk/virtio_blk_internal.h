/* SPDX-License-Identifier: MIT */
/*
 * What the files of the virtio block driver share: virtio_blk.c binds devices, virtio_blk_rq.c
 * carries requests, virtio_blk_reset.c brings back those that are lost, virtio_blk_zoned.c reports
 * zones. In Linux all of it is one file.
 */
#ifndef BLK_VIRTIO_BLK_INTERNAL_H
#define BLK_VIRTIO_BLK_INTERNAL_H

#include "blk_internal.h"
#include "virtio_blk.h"

#define VQ_NAME_LEN 16
#define VIRTBLK_MAX_QUEUES 64
#define VIRTBLK_MAX_RANGES 16 /* of one request; Linux allocates, and goes up to 256 */
/* Elements of a request's data that we make: more buys nothing, and each queue has a list. */
#define VIRTBLK_MAX_SEGMENTS 1022

/* The part of a request that the device reaches, besides its data. */
struct virtblk_wire {
	struct virtio_blk_outhdr out_hdr;
	union {
		uint8_t status;
		struct virtio_blk_append_inhdr append;
	} in_hdr;
	struct virtio_blk_discard_write_zeroes ranges[VIRTBLK_MAX_RANGES];
};

/* rq->pdu: what we know about a request. Ours; the device cannot reach it. */
struct virtblk_req {
	struct request *rq;
	struct virtblk_wire *wire; /* shared */
	uint64_t wire_dma;
	uint32_t in_hdr_len; /* bytes */
	uint64_t in_len;     /* bytes the device is to write, the status included */
	unsigned int len;    /* bytes it says it wrote */
};

struct virtio_blk_vq {
	struct platform_lock lock; /* the queue, the list, the counts */
	struct virtqueue *vq;	   /* NULL while it is being reset, or there is none */
	struct scatterlist *sg;	   /* max_segments elements: the data of the request at hand */
	struct virtblk_wire *wire; /* one for each tag */
	uint64_t wire_dma;
	char name[VQ_NAME_LEN];
	int lost; /* what requests end with that a reset brings back; 0: see virtblk_lost() */
	unsigned long requests, kicks, interrupts;
};

struct virtio_blk {
	struct virtio_device *vdev;
	struct gendisk disk;
	struct request_queue queue;
	struct blk_mq_tag_set tag_set;
	int index; /* of "vda", "vdb" */
	unsigned int num_vqs;
	unsigned int io_queues[HCTX_MAX_TYPES];
	struct virtio_blk_vq *vqs;
	unsigned long resets;
	bool needs_reset; /* atomic: the device said so */
	bool resetting;	  /* the device is being reset, and brought back, for lost requests */
	bool frozen;	  /* there are no queues now */
	bool dead;	  /* atomic: it could not be brought back */
	struct virtio_blk *next;
};

static inline size_t virtblk_wire_bytes(const struct virtio_blk *vblk)
{
	return vblk->tag_set.queue_depth * sizeof(struct virtblk_wire);
}

/* ---- virtio_blk_rq.c ---- */

extern const struct blk_mq_ops virtio_mq_ops;

void virtblk_init_requests(struct virtio_blk *vblk);
void virtblk_done(struct virtqueue *vq);
/* Takes back what the device is done with; how many. @broken: nothing more will come. */
int virtblk_reap(struct virtio_blk *vblk, unsigned int qid, bool *broken);

/* ---- virtio_blk_reset.c ---- */

void virtblk_timeout(struct blk_mq_hw_ctx *hctx);
/* Resets the device, takes back what it held and lets go of its queues. */
void virtblk_stop_device(struct virtio_blk *vblk);
/* With no queues, and quiesced: requests end with -ENODEV, those that wait and those to come. */
void virtblk_give_up(struct virtio_blk *vblk);

/* ---- virtio_blk_zoned.c ---- */

int virtblk_read_zoned_limits(struct virtio_blk *vblk, struct queue_limits *limits);

#endif
