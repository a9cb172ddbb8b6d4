/* SPDX-License-Identifier: MIT */
/*
 * One half is about to wait while the other gives it something to do: every interleaving of two
 * steps of the one with two of the other. Either the first finds it, or the second notifies.
 *
 * What the barriers add to this, two processors have to show: threads.c.
 */
#include "pair.h"

struct race {
	struct pair *pair;
	struct request reqs[2];
	bool found; /* the side about to wait found what the other did, */
	bool told;  /* or the other notified it */
};

typedef void step(struct race *race);

/* Bit n: the n-th step is one of the side about to wait. */
static const unsigned int interleavings[] = { 0x3, 0x5, 0x6, 0x9, 0xa, 0xc };
#define INTERLEAVINGS (sizeof(interleavings) / sizeof(*interleavings))

static void run_race(struct race *race, unsigned int which, step *const waiter[2],
		     step *const other[2])
{
	unsigned int w = 0, o = 0;

	race->found = race->told = false;
	for (unsigned int n = 0; n < 4; n++) {
		if (interleavings[which] & 1u << n)
			waiter[w++](race);
		else
			other[o++](race);
	}
	if (!race->found && !race->told)
		fail_msg("interleaving %#x: neither found nor told", interleavings[which]);
}

static void add_step(struct race *race)
{
	offered(race->pair, &race->reqs[0]);
}

static void kick_step(struct race *race)
{
	race->told = virtqueue_kick_prepare(race->pair->vq);
}

static void ask_for_kicks_step(struct race *race)
{
	virtio_queue_set_notification(&race->pair->device, true);
}

static void look_for_available_step(struct race *race)
{
	race->found = !virtio_queue_empty(&race->pair->device);
}

static void kick_race(struct pair *p)
{
	step *const device[] = { ask_for_kicks_step, look_for_available_step };
	step *const driver[] = { add_step, kick_step };

	for (unsigned int n = 0; n < 6 * INTERLEAVINGS; n++) {
		struct race race = { .pair = p, .reqs = { { .in = 1 } } };

		virtio_queue_set_notification(&p->device, false);
		run_race(&race, n % INTERLEAVINGS, device, driver);

		assert_ptr_equal(take(p), &race.reqs[0]);
		assert_null(take(p));
		serve(p, &race.reqs[0]);
		assert_ptr_equal(reap(p), &race.reqs[0]);
	}
}

static void G5_D19_split_kick_01_a_buffer_is_found_or_kicked_for(void **state)
{
	in_every_shape(*state, 0, 0, 1, kick_race);
}

static void pop_step(struct race *race)
{
	if (take(race->pair))
		race->found = true;
}

/* The device's last two pops before it waits; the first arms, whatever it has popped before. */
static void pop_race(struct pair *p)
{
	step *const device[] = { pop_step, pop_step };
	step *const driver[] = { add_step, kick_step };

	for (unsigned int n = 0; n < 6 * INTERLEAVINGS; n++) {
		struct race race = { .pair = p, .reqs = { { .in = 1 } } };

		exchange(p);
		virtqueue_kick_prepare(p->vq);
		run_race(&race, n % INTERLEAVINGS, device, driver);

		if (!race.found)
			assert_ptr_equal(take(p), &race.reqs[0]);
		serve(p, &race.reqs[0]);
		assert_ptr_equal(reap(p), &race.reqs[0]);
	}
}

static void D19_a_device_that_pops_until_nothing_is_left_is_kicked(void **state)
{
	in_every_shape(*state, 0, 0, 1, pop_race);
}

static void flush_step(struct race *race)
{
	serve(race->pair, &race->reqs[0]);
}

static void should_notify_step(struct race *race)
{
	race->told = virtio_should_notify(&race->pair->device);
}

static unsigned int asked_at;

static void enable_step(struct race *race)
{
	asked_at = virtqueue_enable_cb_prepare(race->pair->vq);
}

static void poll_step(struct race *race)
{
	race->found = virtqueue_poll(race->pair->vq, asked_at);
}

static void enable_race(struct pair *p)
{
	step *const driver[] = { enable_step, poll_step };
	step *const device[] = { flush_step, should_notify_step };

	for (unsigned int n = 0; n < 6 * INTERLEAVINGS; n++) {
		struct race race = { .pair = p, .reqs = { { .in = 1 } } };

		virtqueue_disable_cb(p->vq);
		offered(p, &race.reqs[0]);
		assert_ptr_equal(take(p), &race.reqs[0]);
		run_race(&race, n % INTERLEAVINGS, driver, device);
		assert_ptr_equal(reap(p), &race.reqs[0]);
		assert_null(reap(p));
	}
}

static void G8_D19_a_used_buffer_is_found_or_interrupted_for(void **state)
{
	in_every_shape(*state, 0, 0, 1, enable_race);
}

static void enable_delayed_step(struct race *race)
{
	race->found = !virtqueue_enable_cb_delayed(race->pair->vq);
}

static void no_step(struct race *race)
{
	(void)race;
}

static void enable_delayed_race(struct pair *p)
{
	step *const driver[] = { enable_delayed_step, no_step };
	step *const device[] = { flush_step, should_notify_step };

	for (unsigned int n = 0; n < 6 * INTERLEAVINGS; n++) {
		struct race race = { .pair = p, .reqs = { { .in = 1 } } };

		virtqueue_disable_cb(p->vq);
		offered(p, &race.reqs[0]);
		assert_ptr_equal(take(p), &race.reqs[0]);
		run_race(&race, n % INTERLEAVINGS, driver, device);
		assert_ptr_equal(reap(p), &race.reqs[0]);
	}
}

static void G8_D19_the_last_buffer_is_found_or_interrupted_for_when_delayed(void **state)
{
	in_every_shape(*state, 0, 0, 1, enable_delayed_race);
}

static void reap_step(struct race *race)
{
	struct request *req = reap(race->pair);

	if (req)
		assert_ptr_equal(req, race->found ? NULL : &race->reqs[0]);
	race->found |= req != NULL;
}

/* Callbacks stay on: a driver that reaps until nothing is left may wait. */
static void reap_race(struct pair *p)
{
	step *const driver[] = { reap_step, reap_step };
	step *const device[] = { flush_step, should_notify_step };

	for (unsigned int n = 0; n < 6 * INTERLEAVINGS; n++) {
		struct race race = { .pair = p, .reqs = { { .cell = 1, .in = 1 } } };

		exchange(p);
		virtio_should_notify(&p->device);
		offered(p, &race.reqs[0]);
		assert_ptr_equal(take(p), &race.reqs[0]);
		run_race(&race, n % INTERLEAVINGS, driver, device);
		if (!race.found)
			assert_ptr_equal(reap(p), &race.reqs[0]);
	}
}

static void G8_a_driver_that_reaps_until_nothing_is_left_is_interrupted(void **state)
{
	in_every_shape(*state, 0, 0, 1, reap_race);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(G5_D19_split_kick_01_a_buffer_is_found_or_kicked_for),
		TEST_CASE(D19_a_device_that_pops_until_nothing_is_left_is_kicked),
		TEST_CASE(G8_D19_a_used_buffer_is_found_or_interrupted_for),
		TEST_CASE(G8_D19_the_last_buffer_is_found_or_interrupted_for_when_delayed),
		TEST_CASE(G8_a_driver_that_reaps_until_nothing_is_left_is_interrupted),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
