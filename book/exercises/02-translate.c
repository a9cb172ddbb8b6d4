/* SPDX-License-Identifier: MIT */
/*
 * Chapter 2, exercise 2: from the guest's address to the device's pointer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define GIB 0x40000000ull

/*
 * A PC with 4 GiB of RAM, in the way of a q35 machine: RAM from 0 to 2 GiB, then a hole in which
 * the registers of devices are, and the rest of RAM from 4 GiB on. For the device it is one mapping
 * of 4 GiB, without a hole.
 */
#define LOW (2 * GIB)
#define HIGH_START (4 * GIB)
#define RAM (4 * GIB)
#define NOWHERE UINT64_MAX

#ifdef ANSWER
#include "02-translate.answer.c"
#else
/* How far into its mapping the device finds the byte at @gpa; NOWHERE if there is no RAM. */
static uint64_t offset_of(uint64_t gpa)
{
	return gpa;
}
#endif

static void low_memory(void **state)
{
	(void)state;
	assert_int_equal(offset_of(0), 0);
	assert_int_equal(offset_of(0x7c00), 0x7c00);
	assert_int_equal(offset_of(LOW - 1), LOW - 1);
}

static void registers_are_no_memory(void **state)
{
	(void)state;
	assert_int_equal(offset_of(LOW), NOWHERE);
	assert_int_equal(offset_of(0xfee00000), NOWHERE);
	assert_int_equal(offset_of(HIGH_START - 1), NOWHERE);
}

static void high_memory(void **state)
{
	(void)state;
	assert_int_equal(offset_of(HIGH_START), LOW);
	assert_int_equal(offset_of(HIGH_START + 2 * GIB - 1), RAM - 1);
}

static void beyond(void **state)
{
	(void)state;
	assert_int_equal(offset_of(HIGH_START + 2 * GIB), NOWHERE);
	assert_int_equal(offset_of(UINT64_MAX), NOWHERE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(low_memory),
		cmocka_unit_test(registers_are_no_memory),
		cmocka_unit_test(high_memory),
		cmocka_unit_test(beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
