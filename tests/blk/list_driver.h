/* SPDX-License-Identifier: MIT */
/*
 * A driver for blk-mq that is a list: it keeps what it is given until a test takes it out, has as
 * much room as a test says, and counts what it was told. Included once per test program.
 */
#ifndef TESTS_BLK_LIST_DRIVER_H
#define TESTS_BLK_LIST_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "blk/blk.h"
#include "platform/host/host.h"
#include "tests/support/select.h"

#define DEPTH 70 /* more than one word of the tags' bitmap */
#define CAPACITY 1000
#define MS 1000000ull

/* The driver: what it has taken, and what it was told. */
static struct {
	struct request *taken[DEPTH];
	unsigned int num, room;
	unsigned int lasts, commits, lists; /* calls with .last, of commit_rqs, of queue_rqs */
	unsigned int timeouts;
	int refuse;		 /* error for every request */
	uint64_t refuse_sector;	 /* of those, only this one's; UINT64_MAX: all */
	bool restart_while_full; /* room appears between "full" and putting the request back */
} driver;

static struct request_queue queue;
static struct blk_mq_tag_set set;
static struct gendisk disk;

static int take(struct request *rq)
{
	if (driver.num == driver.room)
		return -ENOSPC;
	blk_mq_start_request(rq);
	driver.taken[driver.num++] = rq;
	return 0;
}

static int queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	bool refused = driver.refuse_sector == UINT64_MAX || driver.refuse_sector == bd->rq->sector;
	int err = refused ? driver.refuse : 0;

	if (!err)
		err = take(bd->rq);
	if (err == -ENOSPC) {
		blk_mq_stop_hw_queue(hctx);
		if (driver.restart_while_full) {
			driver.restart_while_full = false;
			driver.room++;
			blk_mq_start_stopped_hw_queue(hctx);
		}
	} else if (!err && bd->last) {
		driver.lasts++;
	}
	return err;
}

static void queue_rqs(struct rq_list *list)
{
	driver.lists++;
	while (list->head && driver.num < driver.room)
		take(rq_list_pop(list));
}

static void commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	(void)hctx;
	driver.commits++;
}

static void complete(struct request *rq)
{
	blk_mq_end_request(rq, 0);
}

static void map_queues(struct blk_mq_tag_set *tag_set)
{
	tag_set->map[HCTX_TYPE_DEFAULT].nr_queues = tag_set->nr_hw_queues;
	blk_mq_map_queues(&tag_set->map[HCTX_TYPE_DEFAULT]);
}

static int poll(struct blk_mq_hw_ctx *hctx)
{
	(void)hctx;
	return 0;
}

/* The n-th that the driver has comes back. */
static struct request *take_out(unsigned int n)
{
	struct request *rq = driver.taken[n];

	driver.num--;
	memmove(&driver.taken[n], &driver.taken[n + 1], (driver.num - n) * sizeof(rq));
	return rq;
}

static void timeout(struct blk_mq_hw_ctx *hctx)
{
	driver.timeouts++;
	for (unsigned int i = 0; i < driver.num;)
		if (driver.taken[i]->mq_hctx == hctx && blk_mq_rq_expired(driver.taken[i]))
			blk_mq_end_request(take_out(i), -ETIMEDOUT);
		else
			i++;
}

static const struct blk_mq_ops ops = {
	.queue_rq = queue_rq,
	.queue_rqs = queue_rqs,
	.commit_rqs = commit_rqs,
	.complete = complete,
	.map_queues = map_queues,
	.poll = poll,
	.timeout = timeout,
};

/* ---- a queue, and requests in it ---- */

static int start_queues(unsigned int nr_hw_queues)
{
	static const struct queue_limits limits = {
		.logical_block_size = 512,
		.max_segments = 4,
		.max_segment_size = 4096,
	};

	memset(&driver, 0, sizeof(driver));
	driver.room = DEPTH;
	driver.refuse_sector = UINT64_MAX;
	set = (struct blk_mq_tag_set){
		.ops = &ops, .nr_hw_queues = nr_hw_queues, .queue_depth = DEPTH, .cmd_size = 24
	};
	disk = (struct gendisk){ .queue = &queue, .capacity = CAPACITY };
	if (blk_mq_init_queue(&queue, &set, &limits, NULL))
		return -1;
	queue.disk = &disk;
	blk_mq_unquiesce_queue(&queue);
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_queues(1);
}

static int stop(void **state)
{
	(void)state;
	blk_mq_destroy_queue(&queue);
	platform_host_reset();
	return 0;
}

static unsigned int ended;
static int last_error;
static struct request *last_ended;

static void note_end(struct request *rq)
{
	ended++;
	last_error = rq->error;
	last_ended = rq;
	blk_mq_free_request(rq);
}

static uint8_t data[4096];

static struct request *new_request(uint64_t sector)
{
	static const struct bio_vec bvec = { data, 512 };
	struct request *rq = blk_mq_alloc_request(&queue, REQ_OP_READ, REQ_NOWAIT);

	assert_non_null(rq);
	rq->sector = sector;
	rq->bvecs = &bvec;
	rq->nr_bvecs = 1;
	rq->end_io = note_end;
	return rq;
}

static inline struct request *submit(uint64_t sector)
{
	struct request *rq = new_request(sector);

	blk_execute_rq_nowait(rq);
	return rq;
}

static void give_back(unsigned int n)
{
	struct request *rq = take_out(n);
	struct blk_mq_hw_ctx *hctx = rq->mq_hctx;

	blk_mq_complete_request(rq);
	blk_mq_start_stopped_hw_queue(hctx);
}

static void give_back_all(void)
{
	while (driver.num)
		give_back(0);
}

static inline void assert_taken(unsigned int n, uint64_t sector)
{
	assert_true(n < driver.num);
	assert_int_equal(driver.taken[n]->sector, sector);
}

#define mq_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

#endif
