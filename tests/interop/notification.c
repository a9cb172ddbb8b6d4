/* SPDX-License-Identifier: MIT */
/*
 * Kicks and interrupts, each asked for by one half and given by the other: those that must come,
 * and those that need not (2.7.7, 2.7.10, 2.8.10).
 */
#include "pair.h"

/* How often a story is repeated, so that indices and wrap counters pass their ends. */
#define ROUNDS 40

/* ---- kicks ---- */

static void kicked_each_time(struct pair *p)
{
	for (unsigned int n = 0; n < ROUNDS; n++) {
		struct request req = { .out = 1 };

		assert_null(take(p));
		offered(p, &req);
		assert_true(virtqueue_kick_prepare(p->vq));
		assert_ptr_equal(take(p), &req);
		serve(p, &req);
		assert_ptr_equal(reap(p), &req);
	}
}

static void split_availnotif_04_06_a_device_that_waits_is_kicked(void **state)
{
	in_every_shape(*state, 0, 0, 1, kicked_each_time);
}

static void kicked_once(struct pair *p)
{
	for (unsigned int n = 0; n < ROUNDS; n++) {
		struct request first = { .out = 1 }, second = { .cell = 1, .out = 1 };

		assert_null(take(p));
		offered(p, &first);
		assert_true(virtqueue_kick_prepare(p->vq));
		offered(p, &second);
		assert_false(virtqueue_kick_prepare(p->vq));
		assert_false(virtqueue_kick_prepare(p->vq));

		assert_ptr_equal(take(p), &first);
		assert_ptr_equal(take(p), &second);
		serve(p, &first);
		serve(p, &second);
		assert_ptr_equal(reap(p), &first);
		assert_ptr_equal(reap(p), &second);
	}
}

static void split_availnotif_07_no_second_kick_before_the_device_has_looked(void **state)
{
	in_every_shape(*state, EVENT_IDX, EVENT_IDX, 2, kicked_once);
}

static void kicked_for_every_buffer(struct pair *p)
{
	struct request reqs[2] = { { .out = 1 }, { .cell = 1, .out = 1 } };

	for (unsigned int n = 0; n < 2; n++) {
		offered(p, &reqs[n]);
		assert_true(virtqueue_kick_prepare(p->vq));
	}
}

static void split_availnotif_04_without_event_indices_every_buffer_kicks(void **state)
{
	in_every_shape(*state, EVENT_IDX, 0, 2, kicked_for_every_buffer);
}

static void declined(struct pair *p)
{
	exchange(p);
	virtqueue_kick_prepare(p->vq);
	virtio_queue_set_notification(&p->device, false);
	for (unsigned int n = 0; n < ROUNDS; n++) {
		exchange(p);
		assert_null(take(p));
		assert_false(virtqueue_kick_prepare(p->vq));
	}
	virtio_queue_set_notification(&p->device, true);
	exchange(p);
	assert_true(virtqueue_kick_prepare(p->vq));
}

static void split_availnotif_03_a_device_that_declines_is_left_alone(void **state)
{
	in_every_shape(*state, 0, 0, 1, declined);
}

#define BATCH 7

/* The device asks for each entry of a batch in turn, and for the one just behind it. */
static void asked_within_a_batch(struct pair *p)
{
	for (unsigned int asked = 0; asked <= BATCH; asked++) {
		struct request reqs[BATCH];

		virtqueue_kick_prepare(p->vq);
		for (unsigned int i = 0; i <= BATCH; i++) {
			if (i == asked)
				virtio_queue_set_notification(&p->device, true);
			if (i == BATCH)
				break;
			reqs[i] = (struct request){ .cell = i, .in = 1 };
			offered(p, &reqs[i]);
			if (i < asked)
				assert_ptr_equal(take(p), &reqs[i]);
		}
		assert_int_equal(virtqueue_kick_prepare(p->vq), asked < BATCH);

		for (unsigned int i = asked; i < BATCH; i++)
			assert_ptr_equal(take(p), &reqs[i]);
		for (unsigned int i = 0; i < BATCH; i++) {
			serve(p, &reqs[i]);
			assert_ptr_equal(reap(p), &reqs[i]);
		}
	}
}

static void split_availnotif_06_the_entry_asked_for_is_anywhere_in_a_batch(void **state)
{
	in_every_shape(*state, EVENT_IDX, EVENT_IDX, 8, asked_within_a_batch);
}

/* A device that never finds the ring empty leaves its event where it was. */
static void G6_a_kick_is_not_lost_in_a_batch_longer_than_any_index(void **state)
{
	static const unsigned int batches[] = {
		7, 8, 9, 15, 16, 17, 24, 65535, 65536, 65537, 65541
	};
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS; n++) {
		if (!(combination(n) & EVENT_IDX))
			continue;
		for (unsigned int i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
			pair_start(p, shape_of(combination(n), 8));
			for (unsigned int k = 0; k < batches[i]; k++)
				exchange(p);
			assert_true(virtqueue_kick_prepare(p->vq));
			assert_false(virtqueue_kick_prepare(p->vq));
			pair_end(p);
		}
	}
}

/* ---- interrupts ---- */

static void interrupted_each_time(struct pair *p)
{
	for (unsigned int n = 0; n < ROUNDS; n++) {
		struct request req = { .in = 1 };

		offered(p, &req);
		assert_null(reap(p));
		assert_true(virtqueue_enable_cb(p->vq));
		assert_ptr_equal(take(p), &req);
		serve(p, &req);
		assert_true(virtio_should_notify(&p->device));
		assert_ptr_equal(reap(p), &req);
	}
}

static void split_usednotif_08_10_a_driver_that_waits_is_interrupted(void **state)
{
	in_every_shape(*state, 0, 0, 1, interrupted_each_time);
}

/* Two buffers offered and popped. */
static void two_in_hand(struct pair *p, struct request reqs[2])
{
	for (unsigned int i = 0; i < 2; i++) {
		reqs[i] = (struct request){ .cell = i, .in = 1 };
		offered(p, &reqs[i]);
		assert_ptr_equal(take(p), &reqs[i]);
	}
}

static void interrupted_once(struct pair *p)
{
	for (unsigned int n = 0; n < ROUNDS; n++) {
		struct request reqs[2];

		two_in_hand(p, reqs);
		serve(p, &reqs[0]);
		assert_true(virtio_should_notify(&p->device));
		serve(p, &reqs[1]);
		assert_false(virtio_should_notify(&p->device));
		assert_ptr_equal(reap(p), &reqs[0]);
		assert_ptr_equal(reap(p), &reqs[1]);
	}
}

static void split_usednotif_11_no_second_interrupt_before_the_driver_has_looked(void **state)
{
	in_every_shape(*state, EVENT_IDX, EVENT_IDX, 2, interrupted_once);
}

static void interrupted_for_every_buffer(struct pair *p)
{
	struct request reqs[2];

	two_in_hand(p, reqs);
	for (unsigned int i = 0; i < 2; i++) {
		serve(p, &reqs[i]);
		assert_true(virtio_should_notify(&p->device));
	}
}

static void split_usednotif_08_without_event_indices_every_buffer_interrupts(void **state)
{
	in_every_shape(*state, EVENT_IDX, 0, 2, interrupted_for_every_buffer);
}

static void callbacks_off(struct pair *p)
{
	struct request req = { .in = 1 };

	virtqueue_disable_cb(p->vq);
	for (unsigned int n = 0; n < ROUNDS; n++) {
		exchange(p);
		assert_false(virtio_should_notify(&p->device));
	}
	assert_true(virtqueue_enable_cb(p->vq));
	offered(p, &req);
	assert_ptr_equal(take(p), &req);
	serve(p, &req);
	assert_true(virtio_should_notify(&p->device));
}

static void split_usednotif_02_04_a_driver_that_polls_is_left_alone(void **state)
{
	in_every_shape(*state, 0, 0, 1, callbacks_off);
}

/* The driver asks when @asked of a batch are used and reaped; the device decides once, at the end.
 */
static void asked_within_a_used_batch(struct pair *p)
{
	for (unsigned int asked = 0; asked <= BATCH; asked++) {
		struct request reqs[BATCH];

		virtio_should_notify(&p->device);
		virtqueue_disable_cb(p->vq);
		for (unsigned int i = 0; i < BATCH; i++) {
			reqs[i] = (struct request){ .cell = i, .in = 1 };
			offered(p, &reqs[i]);
			assert_ptr_equal(take(p), &reqs[i]);
		}
		for (unsigned int i = 0; i < BATCH; i++) {
			if (i == asked)
				assert_true(virtqueue_enable_cb(p->vq));
			serve(p, &reqs[i]);
			if (i < asked)
				assert_ptr_equal(reap(p), &reqs[i]);
		}
		if (asked == BATCH)
			assert_true(virtqueue_enable_cb(p->vq));
		assert_int_equal(virtio_should_notify(&p->device), asked < BATCH);
		for (unsigned int i = asked; i < BATCH; i++)
			assert_ptr_equal(reap(p), &reqs[i]);
	}
}

static void split_usednotif_10_the_entry_asked_for_is_anywhere_in_a_batch(void **state)
{
	in_every_shape(*state, EVENT_IDX, EVENT_IDX, 8, asked_within_a_used_batch);
}

/* Serves @num buffers one by one; returns how many it takes until the first interrupt. */
static unsigned int until_interrupt(struct pair *p, struct request *reqs, unsigned int num)
{
	unsigned int first = 0;

	for (unsigned int i = 0; i < num; i++) {
		serve(p, &reqs[i]);
		if (virtio_should_notify(&p->device) && !first)
			first = i + 1;
	}
	return first;
}

static void delayed(struct pair *p)
{
	for (unsigned int num = 1; num <= 8; num++) {
		struct request reqs[8];
		unsigned int first;

		for (unsigned int i = 0; i < num; i++) {
			reqs[i] = (struct request){ .cell = i, .in = 1 };
			offered(p, &reqs[i]);
			assert_ptr_equal(take(p), &reqs[i]);
		}
		assert_true(virtqueue_enable_cb_delayed(p->vq));
		first = until_interrupt(p, reqs, num);
		assert_true(first > (p->shape.features & EVENT_IDX ? num / 2 : 0));
		assert_true(first <= (p->shape.features & EVENT_IDX ? num : 1));

		/* Asked again, when all it could wait for has been used. */
		assert_false(virtqueue_enable_cb_delayed(p->vq));
		for (unsigned int i = 0; i < num; i++)
			assert_ptr_equal(reap(p), &reqs[i]);
	}
}

static void split_usednotif_04_a_delayed_interrupt_comes_when_most_are_used(void **state)
{
	in_every_shape(*state, 0, 0, 8, delayed);
}

/* ---- what counts and what does not ---- */

static void split_availnotif_02_05_the_driver_heeds_one_mechanism_only(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS / 2; n++) {
		struct request req = { .in = 1 };
		struct vring_used *used;

		pair_start(p, shape_of(combination(n), 8));
		used = p->config.device;
		if (combination(n) & EVENT_IDX)
			le16_write(&used->flags, VRING_USED_F_NO_NOTIFY);
		else
			le16_write((le16 *)&used->ring[8], p->shape.first - 1);
		offered(p, &req);
		assert_true(virtqueue_kick_prepare(p->vq));
		pair_end(p);
	}
}

static void split_usednotif_06_09_the_device_heeds_one_mechanism_only(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS / 2; n++) {
		struct vring_avail *avail;
		struct request req = { .in = 1 };

		pair_start(p, shape_of(combination(n), 8));
		avail = p->config.driver;
		offered(p, &req);
		assert_ptr_equal(take(p), &req);
		if (combination(n) & EVENT_IDX)
			le16_write(&avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
		else
			le16_write(&avail->ring[8], p->shape.first - 1);
		serve(p, &req);
		assert_true(virtio_should_notify(&p->device));
		pair_end(p);
	}
}

/* Each half switches its mechanism on and off; flags are 0 or 1 without event indices, else 0. */
static void split_usednotif_01_03_availnotif_08_10_flags_are_what_they_may_be(void **state)
{
	struct pair *p = *state;

	for (unsigned int n = 0; n < COMBINATIONS / 2; n++) {
		bool event_idx = combination(n) & EVENT_IDX;

		pair_start(p, shape_of(combination(n), 8));
		for (unsigned int i = 0; i < ROUNDS; i++) {
			struct vring_avail *avail = p->config.driver;
			struct vring_used *used = p->config.device;

			if (i & 1)
				virtqueue_disable_cb(p->vq);
			else
				virtqueue_enable_cb(p->vq);
			virtio_queue_set_notification(&p->device, i & 2);
			exchange(p);
			assert_int_equal(le16_read(&avail->flags), event_idx ? 0 : i & 1);
			assert_int_equal(le16_read(&used->flags), event_idx ? 0 : !(i & 2));
		}
		pair_end(p);
	}
}

/* ---- all the way ---- */

/* The device's interrupt line goes straight to the driver's handler. */
void virtio_irq(struct VirtQueue *vq)
{
	struct pair *p = vq->owner;

	p->interrupts++;
	vring_interrupt(0, p->vq);
}

/* The doorbell starts the device, the device's interrupt the driver's callback. */
static bool run_device(struct virtqueue *vq)
{
	struct pair *p = vq->priv;
	struct request *req;

	p->kicks++;
	while ((req = take(p)))
		serve(p, req);
	virtio_notify(&p->device);
	return true;
}

static void take_all_back(struct virtqueue *vq)
{
	struct pair *p = vq->priv;

	do {
		virtqueue_disable_cb(vq);
		while (reap(p))
			p->callbacks++;
	} while (!virtqueue_enable_cb(vq));
}

static void one_kick_one_interrupt(struct pair *p)
{
	p->config.notify = run_device;
	p->config.callback = take_all_back;
	assert_int_equal(vring_reinit(p->vq, &p->config), 0);
	start_device(p);
	for (unsigned int n = 1; n <= ROUNDS; n++) {
		struct request reqs[2] = { { .out = 1 }, { .cell = 1, .in = 1 } };

		offered(p, &reqs[0]);
		offered(p, &reqs[1]);
		assert_true(virtqueue_kick(p->vq));
		assert_int_equal(p->kicks, n);
		assert_int_equal(p->interrupts, n);
		assert_int_equal(p->callbacks, 2 * n);
	}
}

static void a_kick_runs_the_device_and_its_interrupt_the_driver(void **state)
{
	in_every_shape(*state, 0, 0, 2, one_kick_one_interrupt);
}

static void spurious(struct pair *p)
{
	for (unsigned int n = 0; n < ROUNDS; n++) {
		struct request req = { .in = 1 };

		assert_int_equal(vring_interrupt(0, p->vq), IRQ_NONE);
		offered(p, &req);
		assert_int_equal(vring_interrupt(0, p->vq), IRQ_NONE);
		assert_ptr_equal(take(p), &req);
		assert_null(take(p));
		assert_int_equal(vring_interrupt(0, p->vq), IRQ_NONE);
		serve(p, &req);
		assert_null(take(p));
		assert_int_equal(p->callbacks, n);
		assert_int_equal(vring_interrupt(0, p->vq), IRQ_HANDLED);
		assert_int_equal(p->callbacks, n + 1);
		assert_ptr_equal(reap(p), &req);
	}
}

static void split_usednotif_05_availnotif_12_spurious_notifications_find_nothing(void **state)
{
	in_every_shape(*state, 0, 0, 1, spurious);
}

/* After each buffer: where the next one goes, which is where the drained device looks next. */
static void notification_data(struct pair *p)
{
	for (unsigned int n = 0, slots = 0; n < ROUNDS; n++) {
		struct request req = { .in = 1 + n % p->shape.num % 6 };
		uint32_t data;

		offered(p, &req);
		slots += p->shape.features & PACKED ? slots_of(p, &req) : 1;
		data = vring_notification_data(p->vq);
		assert_int_equal(data & 0xffff, QUEUE_INDEX);
		assert_int_equal(data >> 16, position_of(&p->shape, p->shape.first + slots));

		assert_ptr_equal(take(p), &req);
		assert_int_equal(data >> 16, virtio_queue_get_last_avail_idx(&p->device));
		serve(p, &req);
		assert_ptr_equal(reap(p), &req);
	}
}

static void packed_desc_06_notification_data_says_where_the_device_looks_next(void **state)
{
	in_every_shape(*state, 0, 0, 1, notification_data);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(split_availnotif_04_06_a_device_that_waits_is_kicked),
		TEST_CASE(split_availnotif_07_no_second_kick_before_the_device_has_looked),
		TEST_CASE(split_availnotif_04_without_event_indices_every_buffer_kicks),
		TEST_CASE(split_availnotif_03_a_device_that_declines_is_left_alone),
		TEST_CASE(split_availnotif_06_the_entry_asked_for_is_anywhere_in_a_batch),
		TEST_CASE(G6_a_kick_is_not_lost_in_a_batch_longer_than_any_index),
		TEST_CASE(split_usednotif_08_10_a_driver_that_waits_is_interrupted),
		TEST_CASE(split_usednotif_11_no_second_interrupt_before_the_driver_has_looked),
		TEST_CASE(split_usednotif_08_without_event_indices_every_buffer_interrupts),
		TEST_CASE(split_usednotif_02_04_a_driver_that_polls_is_left_alone),
		TEST_CASE(split_usednotif_10_the_entry_asked_for_is_anywhere_in_a_batch),
		TEST_CASE(split_usednotif_04_a_delayed_interrupt_comes_when_most_are_used),
		TEST_CASE(split_availnotif_02_05_the_driver_heeds_one_mechanism_only),
		TEST_CASE(split_usednotif_06_09_the_device_heeds_one_mechanism_only),
		TEST_CASE(split_usednotif_01_03_availnotif_08_10_flags_are_what_they_may_be),
		TEST_CASE(a_kick_runs_the_device_and_its_interrupt_the_driver),
		TEST_CASE(split_usednotif_05_availnotif_12_spurious_notifications_find_nothing),
		TEST_CASE(packed_desc_06_notification_data_says_where_the_device_looks_next),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
