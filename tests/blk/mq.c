/* SPDX-License-Identifier: MIT */
/*
 * blk-mq by itself, over a driver that is a list: what it is given, when, and in which order, and
 * what becomes of it when there is no room.
 */
#include "list_driver.h"

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

/* The driver has room for what an operation can have, and for nothing else. */
static void an_operation_has_data_or_ranges_or_neither(void **state)
{
	static const struct bio_vec bvecs[40] = { { data, 512 } };
	static const struct blk_range ranges[40] = { { 0, 1 } };
	struct request *rq;

	(void)state;
	queue.limits.max_discard_sectors = queue.limits.max_discard_segments = 1;
	queue.limits.zone_sectors = 10;
	queue.limits.zone_write_granularity = 512;
	for (unsigned int op = REQ_OP_READ; op < REQ_OPS; op++) {
		bool wants_data = op <= REQ_OP_WRITE || op == REQ_OP_ZONE_APPEND ||
				  op == REQ_OP_ZONE_REPORT || op >= REQ_OP_GET_ID;
		bool wants_ranges = op == REQ_OP_DISCARD || op == REQ_OP_SECURE_ERASE ||
				    op == REQ_OP_WRITE_ZEROES;

		for (unsigned int wrong = 0; wrong < 2; wrong++) {
			if (wrong ? wants_ranges : wants_data)
				continue;
			rq = new_request(0);
			rq->op = op;
			rq->bvecs = bvecs;
			rq->nr_bvecs = !wrong ? 40 : wants_data;
			rq->ranges = ranges;
			rq->nr_ranges = wrong ? 40 : wants_ranges;
			blk_execute_rq_nowait(rq);
			assert_int_equal(driver.num, 0);
			assert_int_equal(last_error, -EINVAL);
		}
	}
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		mq_test(every_tag_is_given_out_once),
		mq_test(a_tag_is_not_used_again_at_once),
		mq_test(neighbours_share_a_queue),
		mq_test(a_request_goes_to_the_queue_of_its_cpu),
		mq_test(a_single_request_is_the_last_of_its_run),
		mq_test(what_is_wrong_never_reaches_the_driver),
		mq_test(an_operation_has_data_or_ranges_or_neither),
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
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
