/* SPDX-License-Identifier: MIT */
/*
 * Chapter 6, exercise 2: is all of it inside?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#ifdef ANSWER
#include "06-inside.answer.c"
#else
/* May a device touch @len bytes from @addr on, if @size bytes of memory start at @base? */
static bool inside(uint64_t base, uint64_t size, uint64_t addr, uint64_t len)
{
	return addr >= base && addr + len <= base + size;
}
#endif

#define MIB 0x100000ull

static void what_is_inside(void **state)
{
	(void)state;
	assert_true(inside(MIB, MIB, MIB, 1));
	assert_true(inside(MIB, MIB, MIB, MIB));
	assert_true(inside(MIB, MIB, 2 * MIB - 1, 1));
}

static void what_sticks_out(void **state)
{
	(void)state;
	assert_false(inside(MIB, MIB, MIB - 1, 2));
	assert_false(inside(MIB, MIB, 2 * MIB - 1, 2));
	assert_false(inside(MIB, MIB, 3 * MIB, 1));
}

static void a_sum_that_wraps(void **state)
{
	(void)state;
	assert_false(inside(MIB, MIB, MIB, UINT64_MAX - MIB + 1));
	assert_false(inside(MIB, MIB, 2 * MIB - 1, UINT64_MAX));
}

static void memory_at_the_very_end(void **state)
{
	(void)state;
	assert_true(inside(UINT64_MAX - MIB + 1, MIB, UINT64_MAX, 1));
	assert_false(inside(UINT64_MAX - MIB + 1, MIB, UINT64_MAX, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_inside),
		cmocka_unit_test(what_sticks_out),
		cmocka_unit_test(a_sum_that_wraps),
		cmocka_unit_test(memory_at_the_very_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
