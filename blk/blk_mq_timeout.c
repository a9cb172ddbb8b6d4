// SPDX-License-Identifier: MIT
/*
 * Waiting for requests, and those that do not come back.
 *
 * Mirrors the time-out part of block/blk-mq.c and block/blk-timeout.c, and blk_mq_poll(). Linux has
 * a timer for each queue and a worker that it starts. Here whoever waits looks at the clock.
 */
#include "blk_internal.h"
#include "ring/barrier.h"

/*
 * A waiter may have looked, then a handler made what it waits for true, and then it goes to sleep;
 * or another CPU did without a handler: timed it out, polled, gave a tag back. So nobody sleeps for
 * longer than this while there are requests, or other CPUs.
 */
#define NAP_NS 10000000ull

struct request *blk_mq_next_in_flight(struct blk_mq_hw_ctx *hctx, struct request *rq)
{
	struct request *end = hctx->tags.rqs + hctx->tags.nr_tags;

	for (rq = rq ? rq + 1 : hctx->tags.rqs; rq < end; rq++)
		/* Pairs with the release in blk_mq_start_request(). */
		if (__atomic_load_n(&rq->state, __ATOMIC_ACQUIRE) == MQ_RQ_IN_FLIGHT)
			return rq;
	return NULL;
}

bool blk_mq_rq_expired(const struct request *rq)
{
	return platform_now() >= rq->deadline;
}

/* The earliest deadline in the queue. */
static uint64_t next_deadline(struct blk_mq_hw_ctx *hctx)
{
	uint64_t earliest = PLATFORM_FOREVER;
	struct request *rq = NULL;

	while ((rq = blk_mq_next_in_flight(hctx, rq)))
		if (rq->deadline < earliest)
			earliest = rq->deadline;
	return earliest;
}

void blk_mq_look_again_at(struct request_queue *q, uint64_t when)
{
	uint64_t at = __atomic_load_n(&q->timeout_at, __ATOMIC_RELAXED);

	while (when < at && !__atomic_compare_exchange_n(&q->timeout_at, &at, when, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void blk_mq_expire_hctx(struct blk_mq_hw_ctx *hctx)
{
	__atomic_store_n(&hctx->expired, true, __ATOMIC_RELEASE);
	blk_mq_look_again_at(hctx->queue, 0);
}

void blk_mq_hold_timeouts(struct request_queue *q)
{
	/* Pairs with the release in blk_mq_release_timeouts(). */
	while (__atomic_exchange_n(&q->in_timeout, true, __ATOMIC_ACQUIRE))
		platform_wait(platform_now() + NAP_NS);
}

void blk_mq_release_timeouts(struct request_queue *q)
{
	__atomic_store_n(&q->in_timeout, false, __ATOMIC_RELEASE);
}

bool blk_mq_timeout_work(struct request_queue *q)
{
	bool any = false;

	if (platform_now() < __atomic_load_n(&q->timeout_at, __ATOMIC_RELAXED))
		return false;
	if (__atomic_exchange_n(&q->in_timeout, true, __ATOMIC_ACQUIRE))
		return false;

	/* Requests that start from here on say themselves when to look. */
	__atomic_store_n(&q->timeout_at, PLATFORM_FOREVER, __ATOMIC_RELAXED);
	/* Pairs with the full barrier in blk_mq_start_request(). */
	virtio_mb();
	for (unsigned int i = 0; i < q->tag_set->nr_hw_queues; i++) {
		struct blk_mq_hw_ctx *hctx = &q->hctxs[i];
		bool expired = __atomic_exchange_n(&hctx->expired, false, __ATOMIC_ACQUIRE);

		if (expired || platform_now() >= next_deadline(hctx)) {
			__atomic_add_fetch(&q->timeouts, 1, __ATOMIC_RELAXED);
			q->ops->timeout(hctx);
			any = true;
		}
		blk_mq_look_again_at(q, next_deadline(hctx));
	}
	blk_mq_release_timeouts(q);
	return any;
}

bool blk_mq_wait(struct request_queue *q, uint64_t deadline)
{
	uint64_t until = deadline, now, at;

	if (blk_mq_timeout_work(q))
		return true;

	now = platform_now();
	if (__atomic_load_n(&q->active, __ATOMIC_RELAXED) || platform_num_cpus() > 1) {
		at = __atomic_load_n(&q->timeout_at, __ATOMIC_RELAXED);
		if (at < until)
			until = at;
		if (now + NAP_NS < until)
			until = now + NAP_NS;
	}
	platform_wait(until);
	return platform_now() < deadline;
}

static int poll_hctx(struct blk_mq_hw_ctx *hctx)
{
	int found = hctx->queue->ops->poll(hctx);

	if (!found) {
		platform_relax();
		blk_mq_timeout_work(hctx->queue);
	}
	return found;
}

int blk_mq_poll(struct request_queue *q)
{
	const struct blk_mq_queue_map *map = &q->tag_set->map[HCTX_TYPE_POLL];

	if (!map->nr_queues)
		return 0;
	return poll_hctx(&q->hctxs[map->mq_map[platform_cpu() % BLK_MQ_MAX_CPUS]]);
}

void blk_mq_wait_hctx(struct blk_mq_hw_ctx *hctx)
{
	if (hctx->type == HCTX_TYPE_POLL)
		poll_hctx(hctx);
	else
		blk_mq_wait(hctx->queue, PLATFORM_FOREVER);
}

void blk_mq_wait_all(struct request_queue *q)
{
	const struct blk_mq_queue_map *map = &q->tag_set->map[HCTX_TYPE_POLL];
	int found = 0;

	for (unsigned int i = 0; i < map->nr_queues; i++)
		found += q->ops->poll(&q->hctxs[map->queue_offset + i]);
	if (!found)
		blk_mq_wait(q, PLATFORM_FOREVER);
}
