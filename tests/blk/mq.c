/* SPDX-License-Identifier: MIT */
/*
 * blk-mq by itself, over a driver that is a list: what it is given and when, and what becomes of it
 * when there is no room, when the driver wants quiet, and when nothing comes back.
 */
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

static struct request *submit(uint64_t sector)
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

static void assert_taken(unsigned int n, uint64_t sector)
{
	assert_true(n < driver.num);
	assert_int_equal(driver.taken[n]->sector, sector);
}

/* ---- tags ---- */

static void every_tag_is_given_out_once(void **state)
{
	struct request *rqs[DEPTH];
	bool seen[DEPTH] = { false };

	(void)state;
	for (unsigned int i = 0; i < DEPTH; i++) {
		rqs[i] = new_request(i);
		assert_true(rqs[i]->tag < DEPTH && !seen[rqs[i]->tag]);
		seen[rqs[i]->tag] = true;
		/* Its own memory for the driver, which the next one does not touch. */
		memset(rqs[i]->pdu, (int)i, set.cmd_size);
	}
	assert_null(blk_mq_alloc_request(&queue, REQ_OP_READ, REQ_NOWAIT));
	for (unsigned int i = 0; i < DEPTH; i++)
		assert_int_equal(((uint8_t *)rqs[i]->pdu)[set.cmd_size - 1], i);

	blk_mq_free_request(rqs[33]);
	assert_int_equal(new_request(0)->tag, rqs[33]->tag);
}

static void a_tag_is_not_used_again_at_once(void **state)
{
	unsigned int first = new_request(0)->tag;

	(void)state;
	blk_mq_free_request(&queue.hctxs[0].tags.rqs[first]);
	assert_int_not_equal(new_request(0)->tag, first);
}

/* ---- CPUs ---- */

static void neighbours_share_a_queue(void **state)
{
	struct blk_mq_queue_map map = { .nr_queues = 3, .queue_offset = 5 };
	static const unsigned int expected[] = { 5, 5, 5, 6, 6, 6, 7, 7 };

	(void)state;
	platform_host_set_cpus(8);
	blk_mq_map_queues(&map);
	for (unsigned int cpu = 0; cpu < 8; cpu++)
		assert_int_equal(map.mq_map[cpu], expected[cpu]);

	platform_host_set_cpus(2); /* more queues than CPUs */
	blk_mq_map_queues(&map);
	assert_int_equal(map.mq_map[0], 5);
	assert_int_equal(map.mq_map[1], 6);
}

static void a_request_goes_to_the_queue_of_its_cpu(void **state)
{
	(void)state;
	blk_mq_destroy_queue(&queue);
	platform_host_set_cpus(4);
	assert_int_equal(start_queues(2), 0);
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		platform_host_set_cpu(cpu);
		assert_int_equal(submit(cpu)->mq_hctx->queue_num, cpu / 2);
	}
	give_back_all();
}

/* ---- dispatch ---- */

static void a_single_request_is_the_last_of_its_run(void **state)
{
	(void)state;
	submit(7);
	assert_taken(0, 7);
	assert_int_equal(driver.lasts, 1);
	assert_int_equal(driver.commits, 0);
	give_back_all();
	assert_int_equal(last_error, 0);
}

static void what_is_wrong_never_reaches_the_driver(void **state)
{
	unsigned int before = ended;

	(void)state;
	submit(CAPACITY);
	assert_int_equal(driver.num, 0);
	assert_int_equal(ended, before + 1);
	assert_int_equal(last_error, -ERANGE);
	assert_int_equal(queue.active, 0);
}

static void what_the_driver_refuses_ends(void **state)
{
	(void)state;
	driver.refuse = -EINVAL;
	submit(1);
	assert_int_equal(last_error, -EINVAL);
	assert_int_equal(queue.active, 0);
	driver.refuse = 0;
	submit(2);
	assert_taken(0, 2);
	give_back_all();
}

static void on_a_full_ring_requests_wait_in_order(void **state)
{
	(void)state;
	driver.room = 2;
	for (unsigned int i = 0; i < 6; i++)
		submit(i);
	assert_int_equal(driver.num, 2);
	assert_true(queue.hctxs[0].stopped);
	assert_int_equal(queue.hctxs[0].requeues, 1);

	give_back(1);
	assert_int_equal(driver.num, 2);
	assert_taken(0, 0);
	assert_taken(1, 2);
	driver.room = 5;
	give_back(0);
	for (unsigned int i = 0; i < 4; i++)
		assert_taken(i, 2 + i);
	give_back_all();
	assert_int_equal(queue.active, 0);
}

static void room_that_comes_at_the_last_moment_is_not_missed(void **state)
{
	(void)state;
	driver.room = 1;
	submit(0);
	driver.restart_while_full = true;
	submit(1);
	assert_int_equal(driver.num, 2);
	assert_taken(1, 1);
	give_back_all();
}

static void requests_that_waited_together_are_told_together(void **state)
{
	(void)state;
	driver.room = 0;
	for (unsigned int i = 0; i < 5; i++)
		submit(i);
	driver.room = 5;
	blk_mq_start_stopped_hw_queue(&queue.hctxs[0]);
	assert_int_equal(driver.num, 5);
	assert_int_equal(driver.lasts, 1);
	give_back_all();
}

static void when_the_last_one_is_refused_the_others_are_committed(void **state)
{
	(void)state;
	blk_mq_quiesce_queue(&queue);
	for (unsigned int i = 0; i < 3; i++)
		submit(i);
	driver.refuse = -EINVAL;
	driver.refuse_sector = 2;
	blk_mq_unquiesce_queue(&queue);
	assert_int_equal(last_error, -EINVAL);
	assert_int_equal(driver.num, 2);
	assert_int_equal(driver.lasts, 0);
	assert_int_equal(driver.commits, 1);
	give_back_all();
}

/* end_io of one submits the next, as a benchmark does. */
static unsigned int chain_left;

static void submit_next(struct request *rq)
{
	ended++;
	if (chain_left-- > 1)
		blk_execute_rq_nowait(rq);
	else
		blk_mq_free_request(rq);
}

static void a_request_can_be_submitted_again_at_its_end(void **state)
{
	struct request *rq = new_request(3);
	unsigned int before = ended;

	(void)state;
	chain_left = 1000;
	rq->end_io = submit_next;
	blk_execute_rq_nowait(rq);
	while (driver.num)
		give_back(0);
	assert_int_equal(ended - before, 1000);
	assert_int_equal(queue.hctxs[0].tags.nr_taken, 0);
}

/* The same, refused each time: if a dispatcher could be entered again, the stack would grow. */
static void a_dispatcher_is_not_entered_again(void **state)
{
	struct request *rq = new_request(3);
	unsigned int before = ended;

	(void)state;
	chain_left = 1000000;
	rq->end_io = submit_next;
	driver.refuse = -EIO;
	blk_execute_rq_nowait(rq);
	assert_int_equal(ended - before, 1000000);
}

/* ---- plugs ---- */

static void a_plug_goes_to_the_driver_as_one_list(void **state)
{
	struct blk_plug plug;

	(void)state;
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 10; i++)
		blk_plug_add(&plug, new_request(i));
	assert_int_equal(driver.num, 0);
	blk_finish_plug(&plug);
	assert_int_equal(driver.num, 10);
	assert_int_equal(driver.lists, 1);
	for (unsigned int i = 0; i < 10; i++)
		assert_taken(i, i);
	give_back_all();
}

static void what_a_list_has_no_room_for_waits_in_order(void **state)
{
	struct blk_plug plug;

	(void)state;
	driver.room = 4;
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 10; i++)
		blk_plug_add(&plug, new_request(i));
	blk_finish_plug(&plug);
	submit(10);
	assert_int_equal(driver.num, 4);
	for (unsigned int i = 0; i < 11; i++) {
		assert_taken(0, i);
		give_back(0);
	}
	assert_int_equal(queue.active, 0);
}

static void a_plug_does_not_overtake_what_waits(void **state)
{
	struct blk_plug plug;

	(void)state;
	driver.room = 1;
	submit(0);
	submit(1);
	blk_start_plug(&plug);
	blk_plug_add(&plug, new_request(2));
	blk_finish_plug(&plug);
	driver.room = DEPTH;
	give_back(0);
	assert_taken(0, 1);
	assert_taken(1, 2);
	give_back_all();
}

static void a_plug_of_two_queues_is_two_lists(void **state)
{
	struct blk_plug plug;

	(void)state;
	blk_mq_destroy_queue(&queue);
	platform_host_set_cpus(2);
	assert_int_equal(start_queues(2), 0);
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 6; i++) {
		platform_host_set_cpu(i / 3);
		blk_plug_add(&plug, new_request(i));
	}
	blk_plug_add(&plug, new_request(CAPACITY)); /* that one is not in either */
	blk_finish_plug(&plug);
	assert_int_equal(driver.lists, 2);
	assert_int_equal(driver.num, 6);
	assert_int_equal(last_error, -ERANGE);
	give_back_all();
}

/* ---- quiet, and the end ---- */

static void a_quiesced_queue_keeps_what_it_is_given(void **state)
{
	(void)state;
	blk_mq_quiesce_queue(&queue);
	blk_mq_quiesce_queue(&queue);
	submit(1);
	submit(2);
	assert_int_equal(driver.num, 0);
	blk_mq_unquiesce_queue(&queue);
	assert_int_equal(driver.num, 0); /* they nest */
	blk_mq_unquiesce_queue(&queue);
	assert_int_equal(driver.num, 2);
	give_back_all();
}

static void a_request_put_back_is_given_again(void **state)
{
	(void)state;
	submit(1);
	blk_mq_requeue_request(take_out(0));
	assert_int_equal(queue.in_flight, 0);
	assert_int_equal(queue.active, 1);
	blk_mq_run_hw_queue(&queue.hctxs[0]);
	assert_taken(0, 1);
	give_back_all();
}

static void what_waits_can_be_failed(void **state)
{
	unsigned int before = ended;

	(void)state;
	blk_mq_quiesce_queue(&queue);
	submit(1);
	submit(2);
	blk_mq_fail_queued(&queue, -ENODEV);
	assert_int_equal(ended - before, 2);
	assert_int_equal(last_error, -ENODEV);
	blk_mq_unquiesce_queue(&queue);
	assert_int_equal(driver.num, 0);
}

static void a_dying_queue_takes_nothing_new(void **state)
{
	struct request *rq = new_request(1);

	(void)state;
	queue.dying = true;
	assert_null(blk_mq_alloc_request(&queue, REQ_OP_READ, 0));
	blk_execute_rq_nowait(rq);
	assert_int_equal(last_error, -ENODEV);
	assert_int_equal(driver.num, 0);
}

/* Another CPU, that does something while we wait. */
static struct request *kept;

static void keep(struct request *rq)
{
	kept = rq;
}

static bool give_its_tag_back(struct platform_host_work *work)
{
	work->due = PLATFORM_FOREVER;
	assert_int_equal(kept->error, 0); /* it is still there to be looked at */
	blk_mq_free_request(kept);
	return true;
}

static void who_has_a_tag_still_has_a_queue(void **state)
{
	struct platform_host_work other_cpu = { .run = give_its_tag_back, .due = 50 * MS };
	struct request *rq = new_request(1);

	(void)state;
	platform_host_set_cpus(2);
	rq->end_io = keep;
	blk_execute_rq_nowait(rq);
	give_back_all();
	assert_ptr_equal(kept, rq);
	platform_host_add_work(&other_cpu);
	queue.dying = true;
	blk_mq_drain_queue(&queue);
	assert_int_equal(queue.hctxs[0].tags.nr_taken, 0);
	assert_in_range(platform_now(), 50 * MS, 70 * MS);
}

static bool let_it_die(struct platform_host_work *work)
{
	work->due = PLATFORM_FOREVER;
	give_back_all();
	assert_int_equal(queue.hctxs[0].tags.nr_taken, 0);
	queue.dying = true;
	/* What blk_mq_drain_queue() would wait for: the one below us. */
	assert_int_equal(queue.q_usage_counter, 1);
	return true;
}

static void who_waits_for_a_tag_still_has_a_queue(void **state)
{
	struct platform_host_work other_cpu = { .run = let_it_die, .due = 5 * MS };

	(void)state;
	platform_host_set_cpus(2);
	for (unsigned int i = 0; i < DEPTH; i++)
		submit(i);
	platform_host_add_work(&other_cpu);
	assert_null(blk_mq_alloc_request(&queue, REQ_OP_READ, 0));
	assert_int_equal(queue.q_usage_counter, 0);
}

/* ---- time ---- */

static void a_request_that_takes_too_long_is_ended(void **state)
{
	struct request *slow = new_request(1), *slower = new_request(2);

	(void)state;
	slow->timeout = 10 * MS;
	slower->timeout = 30 * MS;
	blk_execute_rq_nowait(slow);
	blk_execute_rq_nowait(slower);
	platform_host_advance(9 * MS);
	assert_false(blk_mq_timeout_work(&queue));
	platform_host_advance(MS);
	assert_true(blk_mq_timeout_work(&queue));
	assert_ptr_equal(last_ended, slow);
	assert_int_equal(last_error, -ETIMEDOUT);
	assert_int_equal(driver.num, 1);

	platform_host_advance(19 * MS);
	assert_false(blk_mq_timeout_work(&queue));
	platform_host_advance(MS);
	assert_true(blk_mq_timeout_work(&queue));
	assert_ptr_equal(last_ended, slower);
	assert_int_equal(queue.timeouts, 2);
}

static void who_waits_sees_to_the_time(void **state)
{
	struct request *rq = new_request(1);

	(void)state;
	assert_int_equal(blk_execute_rq(rq), -ETIMEDOUT);
	assert_true(platform_now() >= BLK_DEFAULT_TIMEOUT);
	assert_in_range(platform_now() - BLK_DEFAULT_TIMEOUT, 0, 20 * MS);
}

static void a_queue_that_has_expired_is_looked_at_at_once(void **state)
{
	uint64_t before = platform_now();

	(void)state;
	submit(1);
	blk_mq_expire_hctx(&queue.hctxs[0]);
	assert_true(blk_mq_wait(&queue, PLATFORM_FOREVER));
	assert_int_equal(driver.timeouts, 1);
	assert_int_equal(platform_now(), before);
	/* The request itself still has time. */
	assert_int_equal(driver.num, 1);
	assert_false(blk_mq_timeout_work(&queue));
	give_back_all();
}

static void waiting_for_a_tag_ends_when_one_is_timed_out(void **state)
{
	struct request *rq;

	(void)state;
	for (unsigned int i = 0; i < DEPTH; i++)
		submit(i);
	rq = blk_mq_alloc_request(&queue, REQ_OP_READ, 0);
	assert_non_null(rq);
	assert_int_equal(last_error, -ETIMEDOUT);
	blk_mq_free_request(rq);
	blk_mq_drain_queue(&queue);
	assert_int_equal(queue.active, 0);
}

/* Another CPU may take the last request back, or give a tag back, and wake nobody. */
static void with_other_cpus_nobody_sleeps_for_ever(void **state)
{
	(void)state;
	platform_host_set_cpus(2);
	assert_true(blk_mq_wait(&queue, PLATFORM_FOREVER));
	assert_in_range(platform_now(), 1, 20 * MS);
}

static void every_allocation_may_fail(void **state)
{
	struct platform_host_usage before;

	(void)state;
	blk_mq_destroy_queue(&queue);
	before = platform_host_usage();
	for (unsigned int n = 1;; n++) {
		platform_host_fail_allocation(n);
		if (!start_queues(2))
			break;
		assert_int_equal(platform_host_usage().allocations, before.allocations);
		assert_true(n < 20);
	}
	platform_host_fail_allocation(0);
}

#define mq_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		mq_test(every_tag_is_given_out_once),
		mq_test(a_tag_is_not_used_again_at_once),
		mq_test(neighbours_share_a_queue),
		mq_test(a_request_goes_to_the_queue_of_its_cpu),
		mq_test(a_single_request_is_the_last_of_its_run),
		mq_test(what_is_wrong_never_reaches_the_driver),
		mq_test(what_the_driver_refuses_ends),
		mq_test(on_a_full_ring_requests_wait_in_order),
		mq_test(room_that_comes_at_the_last_moment_is_not_missed),
		mq_test(requests_that_waited_together_are_told_together),
		mq_test(when_the_last_one_is_refused_the_others_are_committed),
		mq_test(a_request_can_be_submitted_again_at_its_end),
		mq_test(a_dispatcher_is_not_entered_again),
		mq_test(a_plug_goes_to_the_driver_as_one_list),
		mq_test(what_a_list_has_no_room_for_waits_in_order),
		mq_test(a_plug_does_not_overtake_what_waits),
		mq_test(a_plug_of_two_queues_is_two_lists),
		mq_test(a_quiesced_queue_keeps_what_it_is_given),
		mq_test(a_request_put_back_is_given_again),
		mq_test(what_waits_can_be_failed),
		mq_test(a_dying_queue_takes_nothing_new),
		mq_test(who_has_a_tag_still_has_a_queue),
		mq_test(who_waits_for_a_tag_still_has_a_queue),
		mq_test(a_request_that_takes_too_long_is_ended),
		mq_test(who_waits_sees_to_the_time),
		mq_test(a_queue_that_has_expired_is_looked_at_at_once),
		mq_test(waiting_for_a_tag_ends_when_one_is_timed_out),
		mq_test(with_other_cpus_nobody_sleeps_for_ever),
		mq_test(every_allocation_may_fail),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
