/* SPDX-License-Identifier: MIT */
/*
 * Chapter 5, exercise 3: one used element, and how many buffers it stands for.
 *
 * Buffers go out in order, and their chains lie behind each other around the ring. The device may
 * write one element for several; it names the head of the last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NUM 8

/* Ours: where the chain that starts in a slot ends. */
static uint16_t last_of[NUM];

#ifdef ANSWER
#include "05-in-order.answer.c"
#else
/* How many buffers are used, from the one headed by @oldest to the one headed by @id? */
static unsigned int batch(uint16_t oldest, uint16_t id)
{
	return id - oldest + 1;
}
#endif

static void one_by_one(void **state)
{
	(void)state;
	for (int i = 0; i < NUM; i++)
		last_of[i] = i;
	for (int i = 0; i < NUM; i++)
		assert_int_equal(batch(i, i), 1);
	assert_int_equal(batch(2, 5), 4);
}

static void around_the_end_of_the_ring(void **state)
{
	(void)state;
	for (int i = 0; i < NUM; i++)
		last_of[i] = i;
	assert_int_equal(batch(6, 1), 4);
	assert_int_equal(batch(1, 0), NUM);
}

static void chains_of_three(void **state)
{
	(void)state;
	/* Heads 6, 1, 4: the first chain takes 6, 7 and 0. */
	last_of[6] = 0;
	last_of[1] = 3;
	last_of[4] = 5;
	assert_int_equal(batch(6, 6), 1);
	assert_int_equal(batch(6, 1), 2);
	assert_int_equal(batch(6, 4), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(around_the_end_of_the_ring),
		cmocka_unit_test(chains_of_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
