/* SPDX-License-Identifier: MIT */
/*
 * Chapter 3, exercise 1: how large is a split ring that lies in one block?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#ifdef ANSWER
#include "03-size.answer.c"
#else
/* Bytes up to the end of the used ring; @num and @align are powers of two. */
static size_t ring_size(unsigned int num, size_t align)
{
	return num * 16 + align + num * 8;
}
#endif

static void a_ring_of_256_in_cache_lines(void **state)
{
	(void)state;
	assert_int_equal(ring_size(256, 64), 6726);
}

static void the_legacy_layout(void **state)
{
	(void)state;
	assert_int_equal(ring_size(256, 4096), 8192 + 6 + 2048);
	assert_int_equal(ring_size(8, 4096), 4096 + 6 + 64);
	assert_int_equal(ring_size(1024, 4096), 20480 + 6 + 8192);
}

static void without_padding_to_speak_of(void **state)
{
	(void)state;
	/* 16 + 2 + 2 + 2 + 2 = 24, at a multiple of 4 already. */
	assert_int_equal(ring_size(1, 4), 24 + 6 + 8);
	/* 32 + 6 + 4 = 42, and 44 is the next. */
	assert_int_equal(ring_size(2, 4), 44 + 6 + 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_of_256_in_cache_lines),
		cmocka_unit_test(the_legacy_layout),
		cmocka_unit_test(without_padding_to_speak_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
