/* SPDX-License-Identifier: MIT */
/*
 * blk-mq by itself: what becomes of requests when the driver wants quiet, when the disk goes, and
 * when nothing comes back.
 */
#include "list_driver.h"

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
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
