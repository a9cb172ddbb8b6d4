/* SPDX-License-Identifier: MIT */
/*
 * How a queue begins, ends and begins again: the legacy block, reset with buffers under way,
 * another size or layout in the same private memory, and what one half's mistake leaves behind.
 */
#include "pair.h"

static void make_round_trips(struct pair *p, unsigned int count)
{
	for (unsigned int n = 0; n < count; n++) {
		struct request req = { .out = n % 2, .in = 1, .sent = n };

		if (p->shape.num == 1)
			req.out = 0;
		assert_int_equal(offer(p, &req), 0);
		assert_true(virtqueue_kick_prepare(p->vq));
		assert_ptr_equal(take(p), &req);
		assert_null(take(p));
		serve(p, &req);
		assert_true(virtio_should_notify(&p->device));
		assert_ptr_equal(reap(p), &req);
		assert_null(reap(p));
	}
}

/* ---- beginning ---- */

static void a_fresh_queue_begins_at_entry_0(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		pair_start(p, (struct shape){ combination(n), 8, 0 });
		assert_int_equal(vring_notification_data(p->vq) >> 16,
				 combination(n) & PACKED ? 0x8000 : 0);
		make_round_trips(p, 20);
		pair_end(p);
	}
}

static void D18_a_packed_ring_begins_at_any_slot_of_either_lap(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = COMBINATIONS / 2; n < COMBINATIONS; n++) {
		for (uint16_t first = 0; first < 6; first++) {
			pair_start(p, (struct shape){ combination(n), 3, first });
			make_round_trips(p, 9);
			pair_end(p);
		}
	}
}

static void split_legacylayout_01_the_block_has_the_size_of_the_formula(void **state)
{
	(void)state;
	/* ALIGN(16 * qsz + 2 * (3 + qsz)) + ALIGN(2 * 3 + 8 * qsz), the last page not filled up. */
	assert_int_equal(vring_size(8, 4096), 4096 + 2 * 3 + 8 * 8);
	assert_int_equal(vring_size(256, 4096), 2 * 4096 + 2 * 3 + 8 * 256);
	assert_int_equal(vring_size(32768, 4096), 145 * 4096 + 2 * 3 + 8 * 32768);
}

static void split_legacylayout_02_both_halves_find_each_other_in_the_block(void **state)
{
	static const unsigned int sizes[] = { 1, 2, 8, 256, 32768 };
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS / 2; n++) {
		for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct shape shape = shape_of(combination(n), sizes[i]);

			shape.features &= ~MODERN;
			pair_start(p, shape);
			assert_int_equal(((uintptr_t)p->config.device - (uintptr_t)p->config.desc) %
						 4096,
					 0);
			make_round_trips(p, 40);
			pair_end(p);
		}
	}
}

/* ---- ending with buffers under way ---- */

#define UNDER_WAY 6

/* Two of each: only offered, in the device's hands, used but not reaped. */
static void leave_under_way(struct pair *p, struct request *reqs)
{
	for (unsigned int i = 0; i < UNDER_WAY; i++) {
		reqs[i] = (struct request){ .cell = 8 * i, .in = 1 + i % 2, .sent = i };
		assert_int_equal(offer(p, &reqs[i]), 0);
	}
	for (unsigned int i = 0; i < 4; i++)
		assert_ptr_equal(take(p), &reqs[i]);
	serve(p, &reqs[0]);
	serve(p, &reqs[1]);
}

/* Takes all back from a queue that is reset; each of @num requests once. */
static void detach_all(struct pair *p, struct request *reqs, unsigned int num)
{
	bool back[UNDER_WAY] = { false };
	struct request *req;

	for (unsigned int i = 0; i < num; i++) {
		req = virtqueue_detach_unused_buf(p->vq);
		assert_non_null(req);
		assert_in_range(req - reqs, 0, num - 1);
		assert_false(back[req - reqs]);
		back[req - reqs] = true;
	}
	assert_null(virtqueue_detach_unused_buf(p->vq));
	assert_int_equal(p->vq->num_free, p->shape.num);
}

static void reset_with_buffers_under_way(struct pair *p)
{
	struct request reqs[UNDER_WAY];

	for (unsigned int round = 0; round < 3; round++) {
		leave_under_way(p, reqs);
		assert_int_equal(vring_reinit(p->vq, &p->config), -EBUSY);

		/* The device first: it must not hold what the driver takes back (G14). */
		start_device(p);
		detach_all(p, reqs, UNDER_WAY);
		pair_restart(p, p->shape);
		make_round_trips(p, 2 * round + 1);
	}
}

static void G14_vqreset_04_after_a_reset_every_buffer_comes_back_once(void **state)
{
	in_every_shape(*state, 0, 0, 256, reset_with_buffers_under_way);
}

static void some_reaped_then_reset(struct pair *p)
{
	struct request reqs[UNDER_WAY];

	leave_under_way(p, reqs);
	assert_ptr_equal(reap(p), &reqs[0]);
	start_device(p);
	detach_all(p, reqs + 1, UNDER_WAY - 1);
	pair_restart(p, p->shape);
	make_round_trips(p, 10);
}

static void G14_a_reaped_buffer_is_not_detached_again(void **state)
{
	in_every_shape(*state, 0, 0, 256, some_reaped_then_reset);
}

static void vqreset_02_the_device_forgets_everything(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		struct request reqs[UNDER_WAY];

		pair_start(p, shape_of(combination(n), 16));
		leave_under_way(p, reqs);
		virtio_queue_set_notification(&p->device, false);

		start_device(p);
		detach_all(p, reqs, UNDER_WAY);
		pair_restart(p, p->shape);

		assert_true(virtio_queue_empty(&p->device));
		assert_int_equal(p->device.inuse, 0);
		assert_false(virtio_should_notify(&p->device));
		assert_int_equal(virtio_queue_get_last_avail_idx(&p->device),
				 position_of(&p->shape, p->shape.first));
		make_round_trips(p, 1);
		pair_end(p);
	}
}

/* ---- beginning again ---- */

static void vqenable_02_another_size_after_a_reset(void **state)
{
	static const unsigned int sizes[] = { 4, 32, 1, 2, 16, 8 };
	struct pair *p = *state;

	p->room = 32;
	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		pair_start(p, shape_of(combination(n), 8));
		for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			pair_restart(p, shape_of(combination(n), sizes[i]));
			assert_int_equal(virtqueue_get_vring_size(p->vq), sizes[i]);
			assert_int_equal(p->vq->num_free, sizes[i]);
			make_round_trips(p, 3 * sizes[i]);
		}
		pair_end(p);
	}
}

static void vqenable_02_another_layout_after_a_reset(void **state)
{
	struct pair *p = *state;

	pair_start(p, shape_of(combination(0), 8));
	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		pair_restart(p, shape_of(combination(n), 8));
		make_round_trips(p, 20);
		pair_restart(p, shape_of(combination(COMBINATIONS - 1 - n), 4));
		make_round_trips(p, 20);
	}
	pair_end(p);
}

static void a_queue_larger_than_its_private_memory_is_refused(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		struct vring_config larger;

		pair_start(p, shape_of(combination(n), 8));
		larger = p->config;
		larger.num = 16;
		assert_int_equal(vring_reinit(p->vq, &larger), -ENOMEM);
		make_round_trips(p, 20);
		pair_end(p);
	}
}

/* ---- after a mistake ---- */

static void broken_driver(struct pair *p)
{
	struct request reqs[UNDER_WAY], late = { .cell = 100, .in = 1 };

	leave_under_way(p, reqs);
	virtqueue_break(p->vq);
	assert_null(reap(p));
	assert_int_equal(offer(p, &late), -EIO);
	assert_false(virtqueue_notify(p->vq));
	assert_int_equal(p->kicks, 0);

	start_device(p);
	detach_all(p, reqs, UNDER_WAY);
	pair_restart(p, p->shape);
	assert_false(virtqueue_is_broken(p->vq));
	make_round_trips(p, 20);
}

static void a_broken_driver_is_whole_again_after_a_reset(void **state)
{
	in_every_shape(*state, 0, 0, 256, broken_driver);
}

static void broken_device(struct pair *p)
{
	struct request reqs[UNDER_WAY];

	leave_under_way(p, reqs);
	/* More bytes than there was room for: the device's own slip, and its queue stops. */
	virtqueue_fill(&p->device, &reqs[2].elem, in_bytes(&reqs[2]) + 1);
	assert_true(p->device.broken);
	assert_int_equal(p->errors, 1);
	assert_null(take(p));
	virtqueue_push(&p->device, &reqs[3].elem, 0);

	/* What it used before is still the driver's; nothing more comes. */
	assert_ptr_equal(reap(p), &reqs[0]);
	assert_ptr_equal(reap(p), &reqs[1]);
	assert_null(reap(p));

	start_device(p);
	detach_all(p, reqs + 2, UNDER_WAY - 2);
	p->errors = 0;
	pair_restart(p, p->shape);
	make_round_trips(p, 20);
}

static void a_broken_device_is_whole_again_after_a_reset(void **state)
{
	in_every_shape(*state, 0, 0, 256, broken_device);
}

static void overtake(struct pair *p)
{
	struct request reqs[UNDER_WAY];

	leave_under_way(p, reqs);
	virtqueue_push(&p->device, &reqs[3].elem, 0);
	assert_true(p->device.broken);
	assert_int_equal(p->errors, 1);
	assert_ptr_equal(reap(p), &reqs[0]);
	assert_ptr_equal(reap(p), &reqs[1]);
	assert_null(reap(p));

	start_device(p);
	detach_all(p, reqs + 2, UNDER_WAY - 2);
	p->errors = 0;
	pair_restart(p, p->shape);
}

static void inorder_a_device_that_overtakes_is_stopped_before_the_driver_sees_it(void **state)
{
	in_every_shape(*state, IN_ORDER, IN_ORDER, 256, overtake);
}

/* A device that is not ours: one entry and one step of idx, but the id of the second buffer. */
static void inorder_an_entry_stands_for_no_more_buffers_than_idx_says(void **state)
{
	struct pair *p = *state;
	struct request reqs[2] = { { .in = 1 }, { .cell = 1, .in = 1 } };
	struct vring_used *used;
	uint32_t second;

	pair_start(p, shape_of(IN_ORDER, 8));
	used = p->config.device;
	assert_int_equal(offer(p, &reqs[0]), 0);
	assert_int_equal(offer(p, &reqs[1]), 0);
	assert_ptr_equal(take(p), &reqs[0]);
	assert_ptr_equal(take(p), &reqs[1]);
	second = reqs[1].elem.index;

	le32_write(&used->ring[p->shape.first % 8].id, second);
	le16_write(&used->idx, p->shape.first + 1);

	assert_null(reap(p));
	assert_true(virtqueue_is_broken(p->vq));
	assert_int_equal(p->violations, 1);
	pair_free(p);
}

/* Nor is this one: idx counts a buffer that nobody has offered. */
static void G1_an_index_beyond_the_buffers_in_flight_is_not_believed(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS / 2; n++) {
		struct request req = { .in = 1 };
		struct vring_used *used;

		pair_start(p, shape_of(combination(n), 8));
		used = p->config.device;
		assert_int_equal(offer(p, &req), 0);
		assert_ptr_equal(take(p), &req);
		serve(p, &req);
		le16_write(&used->idx, p->shape.first + 2);

		assert_null(reap(p));
		assert_true(virtqueue_is_broken(p->vq));
		assert_int_equal(p->violations, 1);
		pair_free(p);
	}
}

/* And this one says that it wrote into a buffer with nothing writable in it. */
static void G3_a_length_where_nothing_is_writable_is_not_believed(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = COMBINATIONS / 2; n < COMBINATIONS; n++) {
		struct request req = { .out = 1 };
		struct vring_packed_desc *desc;

		pair_start(p, shape_of(combination(n), 8));
		desc = p->config.desc;
		desc += p->shape.first % 8;
		assert_int_equal(offer(p, &req), 0);
		assert_ptr_equal(take(p), &req);
		serve(p, &req);
		le32_write(&desc->len, 1);
		le16_write(&desc->flags, le16_read(&desc->flags) | VRING_DESC_F_WRITE);

		assert_null(reap(p));
		assert_true(virtqueue_is_broken(p->vq));
		assert_int_equal(p->violations, 1);
		pair_free(p);
	}
}

/* The doorbell of a device that was pulled out. */
static bool nobody_there(struct virtqueue *vq)
{
	struct pair *p = vq->priv;

	p->kicks++;
	return false;
}

static void unplugged(struct pair *p)
{
	struct request req = { .in = 1 };

	p->config.notify = nobody_there;
	assert_int_equal(vring_reinit(p->vq, &p->config), 0);
	start_device(p);
	assert_int_equal(offer(p, &req), 0);
	assert_false(virtqueue_kick(p->vq));
	assert_int_equal(p->kicks, 1);
	assert_true(virtqueue_is_broken(p->vq));
	assert_false(virtqueue_kick(p->vq));
	assert_int_equal(p->kicks, 1);
	assert_ptr_equal(virtqueue_detach_unused_buf(p->vq), &req);
	pair_restart(p, p->shape);
}

static void a_doorbell_that_nobody_hears_breaks_the_queue(void **state)
{
	in_every_shape(*state, EVENT_IDX, 0, 1, unplugged);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(a_fresh_queue_begins_at_entry_0),
		TEST_CASE(D18_a_packed_ring_begins_at_any_slot_of_either_lap),
		TEST_CASE(split_legacylayout_01_the_block_has_the_size_of_the_formula),
		TEST_CASE(split_legacylayout_02_both_halves_find_each_other_in_the_block),
		TEST_CASE(G14_vqreset_04_after_a_reset_every_buffer_comes_back_once),
		TEST_CASE(G14_a_reaped_buffer_is_not_detached_again),
		TEST_CASE(vqreset_02_the_device_forgets_everything),
		TEST_CASE(vqenable_02_another_size_after_a_reset),
		TEST_CASE(vqenable_02_another_layout_after_a_reset),
		TEST_CASE(a_queue_larger_than_its_private_memory_is_refused),
		TEST_CASE(a_broken_driver_is_whole_again_after_a_reset),
		TEST_CASE(a_broken_device_is_whole_again_after_a_reset),
		TEST_CASE(inorder_a_device_that_overtakes_is_stopped_before_the_driver_sees_it),
		TEST_CASE(inorder_an_entry_stands_for_no_more_buffers_than_idx_says),
		TEST_CASE(G1_an_index_beyond_the_buffers_in_flight_is_not_believed),
		TEST_CASE(G3_a_length_where_nothing_is_writable_is_not_believed),
		TEST_CASE(a_doorbell_that_nobody_hears_breaks_the_queue),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
