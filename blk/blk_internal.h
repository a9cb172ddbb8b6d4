/* SPDX-License-Identifier: MIT */
/*
 * What the files of blk/ share among themselves, above the driver.
 */
#ifndef BLK_BLK_INTERNAL_H
#define BLK_BLK_INTERNAL_H

#include "blk.h"

/* 0, or what is wrong with a request that is to be submitted. */
int blk_check_request(const struct request *rq);

/* How many segments the driver will make of @bytes in one piece. */
static inline uint64_t blk_segments_of(const struct queue_limits *limits, uint64_t bytes)
{
	return (bytes + limits->max_segment_size - 1) / limits->max_segment_size;
}

/* One turn of a loop that waits for something of @hctx, or of any queue: sleep or poll. */
void blk_mq_wait_hctx(struct blk_mq_hw_ctx *hctx);
void blk_mq_wait_all(struct request_queue *q);

/* Requests may have taken too long by @when. Any context. */
void blk_mq_look_again_at(struct request_queue *q, uint64_t when);

/* The list of disks. */
void blk_add_disk(struct gendisk *disk);
void blk_del_disk(struct gendisk *disk);

#endif
