// SPDX-License-Identifier: MIT
/*
 * Requests, from the one who wants something of a disk to the driver and back.
 *
 * Mirrors block/blk-mq.c and blk-mq-tag.c. The order of functions is the way of a request: a tag,
 * submission, dispatch, completion; then what goes wrong on the way. Linux dispatches from many
 * places at once and sorts it out afterwards; here one context at a time dispatches for a hardware
 * queue, and whoever comes meanwhile leaves its request to it. So requests reach the ring in the
 * order in which they were submitted, and no handler ever waits for a dispatcher.
 *
 * Locks: the driver's lock of a ring may be held when hctx->lock is taken, never the reverse.
 */
#include <string.h>

#include "blk_internal.h"
#include "ring/barrier.h"

/* ---- lists ---- */

void rq_list_add_tail(struct rq_list *list, struct request *rq)
{
	rq->rq_next = NULL;
	if (list->tail)
		list->tail->rq_next = rq;
	else
		list->head = rq;
	list->tail = rq;
}

void rq_list_add_head(struct rq_list *list, struct request *rq)
{
	rq->rq_next = list->head;
	list->head = rq;
	if (!list->tail)
		list->tail = rq;
}

struct request *rq_list_pop(struct rq_list *list)
{
	struct request *rq = list->head;

	if (!rq)
		return NULL;
	list->head = rq->rq_next;
	if (!list->head)
		list->tail = NULL;
	rq->rq_next = NULL;
	return rq;
}

/* ---- who is in the queue ---- */

static bool blk_queue_dying(const struct request_queue *q)
{
	return __atomic_load_n(&q->dying, __ATOMIC_SEQ_CST);
}

/* Pairs with the acquire in blk_mq_drain_queue(), after which the queue may be gone. */
static void blk_queue_exit(struct request_queue *q)
{
	__atomic_sub_fetch(&q->q_usage_counter, 1, __ATOMIC_RELEASE);
}

/*
 * Whoever has a tag, waits for one or is about to submit has entered, and the queue stays until it
 * exits. Linux counts on each CPU for itself, and adds up only when a queue is to go. False: it is.
 */
static bool blk_queue_enter(struct request_queue *q)
{
	__atomic_add_fetch(&q->q_usage_counter, 1, __ATOMIC_SEQ_CST);
	/* After counting ourselves: whoever set dying waits for those counted before (full order).
	 */
	if (!blk_queue_dying(q))
		return true;
	blk_queue_exit(q);
	return false;
}

/* A request that is given away may be over, and its tag given back, before we are done: so before
 * that we enter for ourselves. The tag is why nobody need be asked. */
static void blk_queue_enter_again(struct request_queue *q)
{
	__atomic_add_fetch(&q->q_usage_counter, 1, __ATOMIC_RELAXED);
}

/* ---- tags ---- */

/* A free tag, now taken; -1 if there is none. */
static int blk_mq_get_tag(struct blk_mq_tags *tags)
{
	int tag = -1;

	platform_lock(&tags->lock);
	/* Round and round, so that a tag is not used again at once: easier to follow in a trace. */
	for (unsigned int i = 0; i < tags->nr_tags; i++) {
		unsigned int bit = (tags->hint + i) % tags->nr_tags;

		if (tags->bitmap[bit / 64] >> bit % 64 & 1)
			continue;
		tags->bitmap[bit / 64] |= 1ull << bit % 64;
		tags->hint = bit + 1;
		tags->nr_taken++;
		tag = (int)bit;
		break;
	}
	platform_unlock(&tags->lock);
	return tag;
}

static void blk_mq_put_tag(struct blk_mq_tags *tags, unsigned int tag)
{
	platform_lock(&tags->lock);
	tags->bitmap[tag / 64] &= ~(1ull << tag % 64);
	tags->nr_taken--;
	platform_unlock(&tags->lock);
}

/* The hardware queue for requests of this CPU; NULL if there is none of that kind. */
static struct blk_mq_hw_ctx *blk_mq_map_queue(struct request_queue *q, unsigned int flags)
{
	enum hctx_type type = flags & REQ_POLLED ? HCTX_TYPE_POLL : HCTX_TYPE_DEFAULT;
	const struct blk_mq_queue_map *map = &q->tag_set->map[type];

	if (!map->nr_queues)
		return NULL;
	return &q->hctxs[map->mq_map[platform_cpu() % BLK_MQ_MAX_CPUS]];
}

static struct request *blk_mq_try_alloc(struct blk_mq_hw_ctx *hctx, enum req_op op,
					unsigned int flags)
{
	struct blk_mq_tags *tags = &hctx->tags;
	int tag = blk_mq_get_tag(tags);
	struct request *rq;

	if (tag < 0)
		return NULL;
	rq = &tags->rqs[tag];
	*rq = (struct request){
		.op = op,
		.flags = flags,
		.mq_hctx = hctx,
		.tag = (unsigned int)tag,
		.pdu = (char *)tags->pdus + (size_t)tag * hctx->queue->tag_set->cmd_size,
	};
	return rq;
}

struct request *blk_mq_alloc_request(struct request_queue *q, enum req_op op, unsigned int flags)
{
	struct blk_mq_hw_ctx *hctx;
	struct request *rq = NULL;

	if (!blk_queue_enter(q))
		return NULL;
	for (;;) {
		hctx = blk_mq_map_queue(q, flags);
		if (hctx && !blk_queue_dying(q))
			rq = blk_mq_try_alloc(hctx, op, flags);
		if (rq)
			return rq; /* blk_mq_free_request() exits */
		if (!hctx || blk_queue_dying(q) || flags & REQ_NOWAIT)
			break;
		blk_mq_wait_hctx(hctx);
	}
	blk_queue_exit(q);
	return NULL;
}

void blk_mq_free_request(struct request *rq)
{
	struct request_queue *q = rq->mq_hctx->queue;

	blk_mq_put_tag(&rq->mq_hctx->tags, rq->tag);
	blk_queue_exit(q);
}

/* ---- dispatch: hctx->lock is held by the functions that end in _locked ---- */

static struct request *next_to_dispatch_locked(struct blk_mq_hw_ctx *hctx)
{
	if (hctx->stopped || hctx->quiesced)
		return NULL;
	return rq_list_pop(&hctx->dispatch);
}

/* Without the lock meanwhile. Whoever submits, completes or starts this queue again in that time
 * leaves the rest to us: it is seen when we take the lock again. */
static int queue_one_locked(struct blk_mq_hw_ctx *hctx, struct request *rq, bool last)
{
	struct blk_mq_queue_data bd = { .rq = rq, .last = last };
	int err;

	platform_unlock(&hctx->lock);
	err = hctx->queue->ops->queue_rq(hctx, &bd);
	if (err && err != -ENOSPC)
		blk_mq_end_request(rq, err);
	platform_lock(&hctx->lock);
	if (err == -ENOSPC) {
		/* First in the row again. If what stopped us is over by now, we go on at once. */
		rq_list_add_head(&hctx->dispatch, rq);
		hctx->requeues++;
	}
	return err;
}

static void commit_locked(struct blk_mq_hw_ctx *hctx)
{
	platform_unlock(&hctx->lock);
	hctx->queue->ops->commit_rqs(hctx);
	platform_lock(&hctx->lock);
}

static void dispatch_locked(struct blk_mq_hw_ctx *hctx)
{
	bool uncommitted = false; /* added, and the device was not told */
	struct request *rq;

	for (;;) {
		rq = next_to_dispatch_locked(hctx);
		if (rq) {
			bool last = rq_list_empty(&hctx->dispatch);
			int err = queue_one_locked(hctx, rq, last);

			/* On -ENOSPC the driver has kicked: only the device can make room. */
			if (!err || err == -ENOSPC)
				uncommitted = !err && !last;
		} else if (uncommitted) {
			commit_locked(hctx);
			uncommitted = false;
		} else {
			break;
		}
	}
}

void blk_mq_run_hw_queue(struct blk_mq_hw_ctx *hctx)
{
	platform_lock(&hctx->lock);
	if (!hctx->running) {
		hctx->running = true;
		dispatch_locked(hctx);
		hctx->running = false;
	}
	platform_unlock(&hctx->lock);
}

/* ---- submission ---- */

/* The part that is the same for one request and for many: it is the queue's from here on. */
static bool blk_mq_submit(struct request *rq)
{
	struct request_queue *q = rq->mq_hctx->queue;
	int err;

	blk_queue_enter_again(q);
	__atomic_add_fetch(&q->active, 1, __ATOMIC_RELAXED);
	rq->error = 0;
	rq->retries = 0;
	rq->state = MQ_RQ_IDLE;
	err = blk_queue_dying(q) ? -ENODEV : blk_check_request(rq);
	if (err)
		blk_mq_end_request(rq, err);
	blk_queue_exit(q);
	return !err;
}

void blk_execute_rq_nowait(struct request *rq)
{
	struct blk_mq_hw_ctx *hctx = rq->mq_hctx;
	struct request_queue *q = hctx->queue;

	blk_queue_enter_again(q);
	if (blk_mq_submit(rq)) {
		platform_lock(&hctx->lock);
		rq_list_add_tail(&hctx->dispatch, rq);
		platform_unlock(&hctx->lock);
		blk_mq_run_hw_queue(hctx);
	}
	blk_queue_exit(q);
}

/* A list of one hardware queue's: to the driver as it is, or behind those that wait. */
static void blk_mq_dispatch_list(struct blk_mq_hw_ctx *hctx, struct rq_list *list)
{
	struct request_queue *q = hctx->queue;
	struct request *rq;

	blk_queue_enter_again(q);
	platform_lock(&hctx->lock);
	if (!hctx->running && !hctx->stopped && !hctx->quiesced && rq_list_empty(&hctx->dispatch)) {
		hctx->running = true;
		platform_unlock(&hctx->lock);
		hctx->queue->ops->queue_rqs(list);
		platform_lock(&hctx->lock);
		/* What it has left comes before what was submitted meanwhile. */
		if (!rq_list_empty(list)) {
			list->tail->rq_next = hctx->dispatch.head;
			if (!hctx->dispatch.tail)
				hctx->dispatch.tail = list->tail;
			hctx->dispatch.head = list->head;
		}
		dispatch_locked(hctx);
		hctx->running = false;
		platform_unlock(&hctx->lock);
	} else {
		while ((rq = rq_list_pop(list)))
			rq_list_add_tail(&hctx->dispatch, rq);
		platform_unlock(&hctx->lock);
		blk_mq_run_hw_queue(hctx);
	}
	blk_queue_exit(q);
}

void blk_finish_plug(struct blk_plug *plug)
{
	struct rq_list list = { 0 };
	struct blk_mq_hw_ctx *hctx = NULL;
	struct request *rq;

	while ((rq = rq_list_pop(&plug->mq_list))) {
		if (!blk_mq_submit(rq))
			continue;
		if (hctx && hctx != rq->mq_hctx) {
			blk_mq_dispatch_list(hctx, &list);
			list = (struct rq_list){ 0 };
		}
		hctx = rq->mq_hctx;
		rq_list_add_tail(&list, rq);
	}
	if (hctx)
		blk_mq_dispatch_list(hctx, &list);
}

static void blk_end_sync_rq(struct request *rq)
{
	/* Pairs with the acquire in blk_execute_rq(). Once it is set the waiter may be gone. */
	__atomic_store_n((bool *)rq->end_io_data, true, __ATOMIC_RELEASE);
}

int blk_execute_rq(struct request *rq)
{
	bool done = false;

	rq->end_io = blk_end_sync_rq;
	rq->end_io_data = &done;
	blk_execute_rq_nowait(rq);
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		blk_mq_wait_hctx(rq->mq_hctx);
	return rq->error;
}

/* ---- in the driver's hands, and back ---- */

void blk_mq_start_request(struct request *rq)
{
	struct request_queue *q = rq->mq_hctx->queue;

	rq->deadline = platform_now() + (rq->timeout ? rq->timeout : q->rq_timeout);
	__atomic_add_fetch(&q->in_flight, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&rq->state, MQ_RQ_IN_FLIGHT, __ATOMIC_RELEASE);
	/*
	 * Either we see that nobody is to look any more, or who looks sees us. Pairs with the full
	 * barrier in blk_mq_timeout_work().
	 */
	virtio_mb();
	blk_mq_look_again_at(q, rq->deadline);
}

static void blk_mq_stop_request(struct request *rq)
{
	__atomic_store_n(&rq->state, MQ_RQ_IDLE, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&rq->mq_hctx->queue->in_flight, 1, __ATOMIC_RELEASE);
}

void blk_mq_complete_request(struct request *rq)
{
	rq->mq_hctx->queue->ops->complete(rq);
}

void blk_mq_end_request(struct request *rq, int error)
{
	struct request_queue *q = rq->mq_hctx->queue;

	if (rq->state == MQ_RQ_IN_FLIGHT)
		blk_mq_stop_request(rq);
	rq->error = error;
	if (rq->end_io)
		rq->end_io(rq); /* and then it is not ours to look at */
	__atomic_sub_fetch(&q->active, 1, __ATOMIC_RELEASE);
}

void blk_mq_requeue_request(struct request *rq)
{
	struct blk_mq_hw_ctx *hctx = rq->mq_hctx;

	if (rq->state == MQ_RQ_IN_FLIGHT)
		blk_mq_stop_request(rq);
	platform_lock(&hctx->lock);
	rq_list_add_tail(&hctx->dispatch, rq);
	platform_unlock(&hctx->lock);
}

void blk_mq_stop_hw_queue(struct blk_mq_hw_ctx *hctx)
{
	platform_lock(&hctx->lock);
	hctx->stopped = true;
	platform_unlock(&hctx->lock);
}

void blk_mq_start_stopped_hw_queue(struct blk_mq_hw_ctx *hctx)
{
	bool stopped;

	platform_lock(&hctx->lock);
	stopped = hctx->stopped;
	hctx->stopped = false;
	platform_unlock(&hctx->lock);
	if (stopped)
		blk_mq_run_hw_queue(hctx);
}

/* ---- keeping requests from the driver ---- */

void blk_mq_quiesce_hctx(struct blk_mq_hw_ctx *hctx)
{
	bool running;

	platform_lock(&hctx->lock);
	hctx->quiesced++;
	running = hctx->running;
	platform_unlock(&hctx->lock);

	/* A dispatcher on another CPU may still be inside the driver. */
	while (running) {
		platform_relax();
		platform_lock(&hctx->lock);
		running = hctx->running;
		platform_unlock(&hctx->lock);
	}
}

void blk_mq_unquiesce_hctx(struct blk_mq_hw_ctx *hctx)
{
	platform_lock(&hctx->lock);
	hctx->quiesced--;
	platform_unlock(&hctx->lock);
	blk_mq_run_hw_queue(hctx);
}

void blk_mq_quiesce_queue(struct request_queue *q)
{
	for (unsigned int i = 0; i < q->tag_set->nr_hw_queues; i++)
		blk_mq_quiesce_hctx(&q->hctxs[i]);
}

void blk_mq_unquiesce_queue(struct request_queue *q)
{
	for (unsigned int i = 0; i < q->tag_set->nr_hw_queues; i++)
		blk_mq_unquiesce_hctx(&q->hctxs[i]);
}

void blk_mq_drain_in_flight(struct request_queue *q)
{
	while (__atomic_load_n(&q->in_flight, __ATOMIC_ACQUIRE))
		blk_mq_wait_all(q);
}

void blk_mq_drain_queue(struct request_queue *q)
{
	while (__atomic_load_n(&q->q_usage_counter, __ATOMIC_ACQUIRE))
		blk_mq_wait_all(q);
}

void blk_mq_fail_queued(struct request_queue *q, int error)
{
	for (unsigned int i = 0; i < q->tag_set->nr_hw_queues; i++) {
		struct blk_mq_hw_ctx *hctx = &q->hctxs[i];
		struct rq_list list;
		struct request *rq;

		platform_lock(&hctx->lock);
		list = hctx->dispatch;
		hctx->dispatch = (struct rq_list){ 0 };
		platform_unlock(&hctx->lock);
		while ((rq = rq_list_pop(&list)))
			blk_mq_end_request(rq, error);
	}
}

/* ---- CPUs to hardware queues ---- */

void blk_mq_map_queues(struct blk_mq_queue_map *map)
{
	unsigned int cpus = platform_num_cpus();

	for (unsigned int cpu = 0; cpu < BLK_MQ_MAX_CPUS; cpu++)
		map->mq_map[cpu] =
			map->queue_offset + cpu % cpus * map->nr_queues / cpus % map->nr_queues;
}

/* ---- making a queue, and its end ---- */

static int blk_mq_init_hctx(struct request_queue *q, unsigned int num)
{
	struct blk_mq_hw_ctx *hctx = &q->hctxs[num];
	struct blk_mq_tags *tags = &hctx->tags;
	unsigned int depth = q->tag_set->queue_depth;
	const struct blk_mq_queue_map *poll = &q->tag_set->map[HCTX_TYPE_POLL];

	hctx->queue = q;
	hctx->queue_num = num;
	hctx->quiesced = 1;
	if (poll->nr_queues && num >= poll->queue_offset)
		hctx->type = HCTX_TYPE_POLL;
	tags->nr_tags = depth;
	tags->bitmap = platform_zalloc((depth + 63) / 64 * sizeof(*tags->bitmap));
	tags->rqs = platform_zalloc(depth * sizeof(*tags->rqs));
	tags->pdus = platform_zalloc(depth * q->tag_set->cmd_size);
	return tags->bitmap && tags->rqs && tags->pdus ? 0 : -ENOMEM;
}

int blk_mq_init_queue(struct request_queue *q, struct blk_mq_tag_set *set,
		      const struct queue_limits *limits, void *queuedata)
{
	int err = 0;

	*q = (struct request_queue){
		.tag_set = set,
		.ops = set->ops,
		.limits = *limits,
		.queuedata = queuedata,
		.rq_timeout = BLK_DEFAULT_TIMEOUT,
		.timeout_at = PLATFORM_FOREVER,
	};
	set->ops->map_queues(set);
	q->hctxs = platform_zalloc(set->nr_hw_queues * sizeof(*q->hctxs));
	if (!q->hctxs)
		return -ENOMEM;
	for (unsigned int i = 0; i < set->nr_hw_queues && !err; i++)
		err = blk_mq_init_hctx(q, i);
	if (err)
		blk_mq_destroy_queue(q);
	return err;
}

void blk_mq_destroy_queue(struct request_queue *q)
{
	for (unsigned int i = 0; q->hctxs && i < q->tag_set->nr_hw_queues; i++) {
		platform_free(q->hctxs[i].tags.bitmap);
		platform_free(q->hctxs[i].tags.rqs);
		platform_free(q->hctxs[i].tags.pdus);
	}
	platform_free(q->hctxs);
	q->hctxs = NULL;
}
