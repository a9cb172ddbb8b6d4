/* SPDX-License-Identifier: MIT */
/*
 * Buffers through both halves: driver to device and back, in every combination of layout and
 * features and at every size, always across the wrap of the indices.
 */
#include "pair.h"

/* How many buffers to send for the ring to wrap: a lap of a small one, the 16 bits of a large one.
 */
static unsigned int past_the_wrap(const struct pair *p)
{
	unsigned int num = p->shape.num;

	return num < 64 ? 2 * num + 20 : 64;
}

static void make_round_trip(struct pair *p, struct request *req)
{
	assert_int_equal(offer(p, req), 0);
	assert_ptr_equal(take(p), req);
	assert_null(take(p));
	assert_null(reap(p));

	serve(p, req);

	assert_ptr_equal(reap(p), req);
	assert_null(reap(p));
	assert_int_equal(p->vq->num_free, p->shape.num);
}

static void one_by_one(struct pair *p)
{
	for (unsigned int n = 0; n < past_the_wrap(p); n++) {
		struct request reads = { .out = 1, .sent = n };
		struct request writes = { .in = 1, .sent = n };

		make_round_trip(p, n % 2 ? &reads : &writes);
	}
}

static void a_buffer_makes_the_round_trip_in_every_shape(void **state)
{
	in_every_shape(*state, 0, 0, 1, one_by_one);
}

static void both_directions(struct pair *p)
{
	for (unsigned int n = 0; n < past_the_wrap(p); n++) {
		struct request one_each = { .out = 1, .in = 1, .sent = n };
		struct request lists = { .out = 2, .in = 1, .sent = n, .many_lists = true };

		make_round_trip(p, n % 2 && p->shape.num > 2 ? &lists : &one_each);
	}
}

static void split_framing_03_packed_sg_03_what_the_device_writes_comes_last(void **state)
{
	in_every_shape(*state, 0, 0, 2, both_directions);
}

/* 0 bytes, 1 byte, all but one: the driver hears of so many, and no others were touched. */
static void short_answers(struct pair *p)
{
	for (unsigned int n = 0; n < past_the_wrap(p); n++) {
		struct request req = { .in = p->shape.num < 3 ? 1 : 3, .sent = n };
		uint32_t lens[] = { 0, 1, in_bytes(&req) - 1 };

		assert_int_equal(offer(p, &req), 0);
		assert_ptr_equal(take(p), &req);
		answer(p, &req, lens[n % 3], 0x40);
		virtqueue_flush(&p->device);
		assert_ptr_equal(reap(p), &req);
	}
}

static void split_used_04a_the_driver_hears_how_much_was_written(void **state)
{
	in_every_shape(*state, 0, 0, 1, short_answers);
}

/* ---- as much as fits ---- */

static void fill_with(struct pair *p, struct request *reqs, unsigned int each)
{
	for (unsigned int i = 0; i < p->shape.num; i++) {
		reqs[i] = (struct request){ .cell = i * each, .out = each, .sent = i };
		assert_int_equal(offer(p, &reqs[i]), 0);
	}
	assert_int_equal(p->vq->num_free, 0);
	reqs[p->shape.num] = (struct request){ .cell = p->shape.num * each - 1, .in = 1 };
	assert_int_equal(offer(p, &reqs[p->shape.num]), -ENOSPC);
	/* The refused one had the last buffer's cell. */
	prepare_cells(p, &reqs[p->shape.num - 1]);
	p->owner[reqs[p->shape.num - 1].cell] = &reqs[p->shape.num - 1];
}

static void drain(struct pair *p, struct request *reqs)
{
	unsigned int num = p->shape.num;

	for (unsigned int i = 0; i < num; i++)
		assert_ptr_equal(take(p), &reqs[i]);
	assert_null(take(p));
	for (unsigned int i = 0; i < num; i++)
		answer(p, &reqs[i], in_bytes(&reqs[i]), i);
	virtqueue_flush(&p->device);
	for (unsigned int i = 0; i < num; i++)
		assert_ptr_equal(reap(p), &reqs[i]);
	assert_null(reap(p));
	assert_int_equal(p->vq->num_free, num);
}

static void full_of_single_descriptors(struct pair *p)
{
	struct request *reqs = allocate((p->shape.num + 1) * sizeof(*reqs));

	for (int lap = 0; lap < 3; lap++) {
		fill_with(p, reqs, 1);
		drain(p, reqs);
	}
	free(reqs);
}

static void a_full_ring_is_drained_and_filled_again(void **state)
{
	in_every_shape(*state, 0, 0, 1, full_of_single_descriptors);
}

static void full_of_tables(struct pair *p)
{
	/* Only a table lets a buffer be longer than its share; never longer than the queue. */
	unsigned int each = p->shape.num < INDIRECT_MAX ? p->shape.num : INDIRECT_MAX;
	struct request *reqs = allocate((p->shape.num + 1) * sizeof(*reqs));

	for (int lap = 0; lap < 2; lap++) {
		fill_with(p, reqs, each);
		drain(p, reqs);
	}
	free(reqs);
}

static void an_indirect_buffer_takes_one_descriptor(void **state)
{
	in_every_shape(*state, INDIRECT, INDIRECT, 1, full_of_tables);
}

static void chain_of_the_whole_ring(struct pair *p)
{
	unsigned int num = p->shape.num;
	struct request req = { .out = num / 2, .in = num - num / 2 };
	struct request late = { .cell = num, .in = 1 };
	bool direct = slots_of(p, &req) == num;

	/* From the last slot round to the one before it, and three times over. */
	for (int lap = 0; lap < 3; lap++) {
		req.sent = lap;
		assert_int_equal(offer(p, &req), 0);
		assert_int_equal(p->vq->num_free, direct ? 0 : num - 1);
		assert_int_equal(offer(p, &late), direct || num == 1 ? -ENOSPC : 0);

		assert_ptr_equal(take(p), &req);
		serve(p, &req);
		assert_ptr_equal(reap(p), &req);
		if (!direct) {
			if (num == 1)
				continue;
			assert_ptr_equal(take(p), &late);
			serve(p, &late);
			assert_ptr_equal(reap(p), &late);
		}
		assert_int_equal(p->vq->num_free, num);
		assert_null(take(p));
		assert_null(reap(p));
	}
}

static void D18_G9_a_chain_as_long_as_the_ring_wraps_both_halves(void **state)
{
	in_every_shape(*state, 0, 0, 1, chain_of_the_whole_ring);
}

static void chain_longer_than_the_ring(struct pair *p)
{
	unsigned int num = p->shape.num;
	struct request req = { .in = num + 1 };

	assert_int_equal(offer(p, &req), -EINVAL);
	assert_int_equal(p->vq->num_free, num);
	assert_null(take(p));
}

static void split_indirect_03_packed_sg_02_a_longer_chain_never_reaches_the_device(void **state)
{
	in_every_shape(*state, 0, 0, 1, chain_longer_than_the_ring);
}

/* Chains of 1, 2, 3 turn the slots over so that each length begins at each of them. */
static void chains_of_every_length(struct pair *p)
{
	for (unsigned int n = 0; n < 4 * p->shape.num; n++) {
		struct request first = { .out = 1, .in = n % 3, .sent = n };
		struct request second = { .cell = 8, .out = n % 2, .in = 1 + n % 4, .sent = n + 1 };

		assert_int_equal(offer(p, &first), 0);
		assert_int_equal(offer(p, &second), 0);
		assert_ptr_equal(take(p), &first);
		assert_ptr_equal(take(p), &second);
		serve(p, &first);
		serve(p, &second);
		assert_ptr_equal(reap(p), &first);
		assert_ptr_equal(reap(p), &second);
		assert_int_equal(p->vq->num_free, p->shape.num);
	}
}

static void D18_chains_of_every_length_begin_at_every_slot(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		pair_start(p, shape_of(combination(n), combination(n) & PACKED ? 11 : 16));
		chains_of_every_length(p);
		pair_end(p);
	}
}

/* ---- order of completion ---- */

#define MANY 7

/* Completes @order[i] as the i-th, each of other length than its neighbours. */
static void complete_in_order(struct pair *p, const unsigned int *order)
{
	struct request reqs[MANY];

	for (unsigned int i = 0; i < MANY; i++) {
		reqs[i] = (struct request){ .cell = 4 * i, .out = i % 2, .in = 1 + i % 3 };
		reqs[i].sent = 16 * i;
		assert_int_equal(offer(p, &reqs[i]), 0);
	}
	for (unsigned int i = 0; i < MANY; i++)
		assert_ptr_equal(take(p), &reqs[i]);
	for (unsigned int i = 0; i < MANY; i++)
		serve(p, &reqs[order[i]]);
	for (unsigned int i = 0; i < MANY; i++)
		assert_ptr_equal(reap(p), &reqs[order[i]]);
	assert_null(reap(p));
	assert_int_equal(p->vq->num_free, p->shape.num);
}

static void in_three_orders(struct pair *p)
{
	static const unsigned int orders[][MANY] = {
		{ 6, 5, 4, 3, 2, 1, 0 },
		{ 3, 0, 6, 1, 5, 2, 4 },
		{ 1, 2, 3, 4, 5, 6, 0 },
	};

	for (unsigned int lap = 0; lap < 9; lap++)
		complete_in_order(p, orders[lap % 3]);
}

static void G10_packed_layout_03_buffers_come_back_in_the_order_of_completion(void **state)
{
	in_every_shape(*state, IN_ORDER, 0, 256, in_three_orders);
}

/* Out of order on a ring that stays full: each used entry lands on another buffer's slots. */
static void leapfrog(struct pair *p)
{
	struct request reqs[4];

	for (unsigned int i = 0; i < 4; i++) {
		reqs[i] = (struct request){ .cell = 4 * i, .in = 2, .sent = i };
		assert_int_equal(offer(p, &reqs[i]), 0);
	}
	for (unsigned int n = 0; n < 4; n++)
		assert_ptr_equal(take(p), &reqs[n]);
	for (unsigned int n = 0; n < 40; n++) {
		/* The youngest leaves, and comes again; the others stay in the device's hands. */
		struct request *req = &reqs[3 - n % 2];

		serve(p, req);
		assert_ptr_equal(reap(p), req);
		assert_int_equal(offer(p, req), 0);
		assert_ptr_equal(take(p), req);
	}
	assert_null(reap(p));
	for (unsigned int n = 4; n-- > 0;) {
		serve(p, &reqs[n]);
		assert_ptr_equal(reap(p), &reqs[n]);
	}
}

static void G10_one_buffer_overtakes_the_others_again_and_again(void **state)
{
	in_every_shape(*state, IN_ORDER, 0, 8, leapfrog);
}

/* ---- in order: one entry for many buffers ---- */

static void one_flush_for_many(struct pair *p)
{
	struct request reqs[8];

	for (unsigned int lap = 0; lap < 7; lap++) {
		for (unsigned int i = 0; i < 8; i++) {
			reqs[i] = (struct request){ .cell = i, .in = 1, .sent = lap };
			assert_int_equal(offer(p, &reqs[i]), 0);
		}
		for (unsigned int i = 0; i < 8; i++)
			assert_ptr_equal(take(p), &reqs[i]);
		/* One in each lap is short and cannot be skipped; in lap 0 it is the last. */
		for (unsigned int i = 0; i < 8; i++)
			answer(p, &reqs[i], in_bytes(&reqs[i]) - (i == 7 - lap), i);
		assert_null(reap(p));
		virtqueue_flush(&p->device);
		for (unsigned int i = 0; i < 8; i++)
			assert_ptr_equal(reap(p), &reqs[i]);
		assert_null(reap(p));
	}
}

static void inorder_a_batch_comes_back_buffer_by_buffer(void **state)
{
	in_every_shape(*state, IN_ORDER, IN_ORDER, 8, one_flush_for_many);
}

static void half_a_batch_reaped(struct pair *p)
{
	struct request reqs[8];

	for (unsigned int i = 0; i < 4; i++) {
		reqs[i] = (struct request){ .cell = 2 * i, .in = 1 + i % 2 };
		assert_int_equal(offer(p, &reqs[i]), 0);
		assert_ptr_equal(take(p), &reqs[i]);
		answer(p, &reqs[i], in_bytes(&reqs[i]), i);
	}
	virtqueue_flush(&p->device);
	assert_ptr_equal(reap(p), &reqs[0]);
	assert_ptr_equal(reap(p), &reqs[1]);

	/* What the first two freed goes out again while the driver still owes itself the others. */
	for (unsigned int i = 4; i < 6; i++) {
		reqs[i] = (struct request){ .cell = 2 * i, .in = 1 };
		assert_int_equal(offer(p, &reqs[i]), 0);
		assert_ptr_equal(take(p), &reqs[i]);
		serve(p, &reqs[i]);
	}
	for (unsigned int i = 2; i < 6; i++)
		assert_ptr_equal(reap(p), &reqs[i]);
	assert_null(reap(p));
}

static void inorder_a_batch_half_reaped_waits(void **state)
{
	in_every_shape(*state, IN_ORDER, IN_ORDER, 8, half_a_batch_reaped);
}

/* ---- what must not change under the other side's hands ---- */

static void split_desc_02_the_device_never_writes_the_descriptor_table(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS / 2; n++) {
		struct request req = { .out = 2, .in = 3 };
		size_t bytes = vring_desc_bytes(8);
		void *before;

		pair_start(p, shape_of(combination(n), 8));
		assert_int_equal(offer(p, &req), 0);
		before = allocate(bytes);
		memcpy(before, p->config.desc, bytes);

		assert_ptr_equal(take(p), &req);
		serve(p, &req);

		assert_memory_equal(p->config.desc, before, bytes);
		free(before);
		pair_end(p);
	}
}

static void split_avail_01_the_available_index_only_grows(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS / 2; n++) {
		pair_start(p, shape_of(combination(n), 8));
		for (uint16_t i = 0; i < 64; i++) {
			struct vring_avail *avail = p->config.driver;
			struct request req = { .in = 1 + i % 3 };

			assert_int_equal(le16_read(&avail->idx), (uint16_t)(p->shape.first + i));
			assert_int_equal(offer(p, &req), 0);
			assert_int_equal(le16_read(&avail->idx),
					 (uint16_t)(p->shape.first + i + 1));
			assert_ptr_equal(take(p), &req);
			serve(p, &req);
			assert_ptr_equal(reap(p), &req);
		}
		pair_end(p);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(a_buffer_makes_the_round_trip_in_every_shape),
		TEST_CASE(split_framing_03_packed_sg_03_what_the_device_writes_comes_last),
		TEST_CASE(split_used_04a_the_driver_hears_how_much_was_written),
		TEST_CASE(a_full_ring_is_drained_and_filled_again),
		TEST_CASE(an_indirect_buffer_takes_one_descriptor),
		TEST_CASE(D18_G9_a_chain_as_long_as_the_ring_wraps_both_halves),
		TEST_CASE(split_indirect_03_packed_sg_02_a_longer_chain_never_reaches_the_device),
		TEST_CASE(D18_chains_of_every_length_begin_at_every_slot),
		TEST_CASE(G10_packed_layout_03_buffers_come_back_in_the_order_of_completion),
		TEST_CASE(G10_one_buffer_overtakes_the_others_again_and_again),
		TEST_CASE(inorder_a_batch_comes_back_buffer_by_buffer),
		TEST_CASE(inorder_a_batch_half_reaped_waits),
		TEST_CASE(split_desc_02_the_device_never_writes_the_descriptor_table),
		TEST_CASE(split_avail_01_the_available_index_only_grows),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
