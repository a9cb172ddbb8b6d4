/* SPDX-License-Identifier: MIT */
/*
 * The list of queues that have something to do: nothing on it is forgotten, nothing is polled by
 * two, nobody starves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/napi.h"
#include "tests/support/select.h"

#define INSTANCES 3

/* An instance with so much work, and what becomes of it. */
static struct fake {
	struct napi_struct napi;
	int work;
	unsigned int polls;
	bool busy_while_polled; /* an interrupt comes in the middle */
	bool completed;
} fakes[INSTANCES];

static unsigned int order[16], num_polls;

static int poll(struct napi_struct *napi, int budget)
{
	struct fake *fake = (struct fake *)napi;
	int done = fake->work < budget ? fake->work : budget;

	order[num_polls++ % 16] = (unsigned int)(fake - fakes);
	fake->polls++;
	fake->work -= done;
	if (fake->busy_while_polled) {
		fake->busy_while_polled = false;
		/* It is ours already: the handler is told no, and that is remembered. */
		assert_false(napi_schedule_prep(napi));
	}
	if (done < budget)
		fake->completed = napi_complete_done(napi, done);
	return done;
}

static int setup(void **state)
{
	(void)state;
	num_polls = 0;
	for (unsigned int i = 0; i < INSTANCES; i++) {
		fakes[i] = (struct fake){ 0 };
		netif_napi_add(&fakes[i].napi, poll);
		napi_enable(&fakes[i].napi);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < INSTANCES; i++)
		napi_disable(&fakes[i].napi);
	assert_int_equal(net_rx_action(), 0);
	return 0;
}

static void schedule(struct fake *fake)
{
	assert_true(napi_schedule_prep(&fake->napi));
	__napi_schedule(&fake->napi);
}

static void an_idle_instance_is_not_polled(void **state)
{
	(void)state;
	assert_int_equal(net_rx_action(), 0);
	assert_int_equal(num_polls, 0);
}

static void scheduled_twice_is_polled_once(void **state)
{
	(void)state;
	fakes[0].work = 5;
	schedule(&fakes[0]);
	assert_false(napi_schedule_prep(&fakes[0].napi));
	assert_int_equal(net_rx_action(), 5);
	/* The second came before the poll, but who is told no does not know: one more look. */
	assert_int_equal(net_rx_action(), 0);
	assert_int_equal(fakes[0].polls, 2);
	assert_true(fakes[0].completed);
	assert_int_equal(net_rx_action(), 0);
	assert_int_equal(fakes[0].polls, 2);
}

static void all_are_polled_in_turn_while_there_is_work(void **state)
{
	static const unsigned int expected[] = { 0, 1, 2, 0, 2, 0 };

	(void)state;
	fakes[0].work = 2 * NAPI_POLL_WEIGHT + 1;
	fakes[1].work = 1;
	fakes[2].work = NAPI_POLL_WEIGHT + 1;
	for (unsigned int i = 0; i < INSTANCES; i++)
		schedule(&fakes[i]);
	assert_int_equal(net_rx_action(), NAPI_POLL_WEIGHT + 1 + NAPI_POLL_WEIGHT);
	assert_int_equal(net_rx_action(), NAPI_POLL_WEIGHT + 1);
	assert_int_equal(net_rx_action(), 1);
	assert_int_equal(net_rx_action(), 0);
	assert_int_equal(num_polls, sizeof(expected) / sizeof(*expected));
	for (unsigned int i = 0; i < num_polls; i++)
		assert_int_equal(order[i], expected[i]);
}

static void an_interrupt_in_the_middle_of_a_poll_is_another_poll(void **state)
{
	(void)state;
	fakes[0].busy_while_polled = true;
	schedule(&fakes[0]);
	net_rx_action();
	assert_false(fakes[0].completed);
	net_rx_action();
	assert_true(fakes[0].completed);
	assert_int_equal(fakes[0].polls, 2);
}

static void a_disabled_instance_is_left_alone(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < INSTANCES; i++)
		schedule(&fakes[i]);
	/* From the middle of the list. */
	napi_disable(&fakes[1].napi);
	assert_false(napi_schedule_prep(&fakes[1].napi));
	net_rx_action();
	assert_int_equal(fakes[0].polls, 1);
	assert_int_equal(fakes[1].polls, 0);
	assert_int_equal(fakes[2].polls, 1);
	/* From its end, and then something comes behind it. */
	schedule(&fakes[0]);
	schedule(&fakes[2]);
	napi_disable(&fakes[2].napi);
	napi_enable(&fakes[1].napi);
	schedule(&fakes[1]);
	net_rx_action();
	assert_int_equal(fakes[1].polls, 1);
	assert_int_equal(fakes[2].polls, 1);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_idle_instance_is_not_polled),
		TEST(scheduled_twice_is_polled_once),
		TEST(all_are_polled_in_turn_while_there_is_work),
		TEST(an_interrupt_in_the_middle_of_a_poll_is_another_poll),
		TEST(a_disabled_instance_is_left_alone),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
