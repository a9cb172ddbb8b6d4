/* SPDX-License-Identifier: MIT */
/*
 * Chapter 4, exercise 1: free-running indices, slots, and what lies between two indices.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#ifdef ANSWER
#include "04-slot.answer.c"
#else
/* The slot of the entry @idx in a ring of @num entries. */
static unsigned int slot_of(uint16_t idx, unsigned int num)
{
	return idx < num ? idx : idx - num;
}

/* How many entries the device has not taken yet: it is at @taken, the driver at @avail. */
static unsigned int waiting(uint16_t avail, uint16_t taken)
{
	return avail - taken;
}

/* Can another entry be made available in a ring of @num? */
static bool has_room(uint16_t avail, uint16_t taken, unsigned int num)
{
	return slot_of(avail, num) != slot_of(taken, num);
}
#endif

static void slots_follow_each_other_through_the_wrap(void **state)
{
	(void)state;
	for (unsigned int num = 1; num <= 32768; num *= 2) {
		unsigned int slot = slot_of(0, num);

		assert_int_equal(slot, 0);
		for (uint32_t idx = 1; idx < 0x20000; idx++) {
			unsigned int next = slot_of((uint16_t)idx, num);

			if (next != (slot + 1) % num)
				fail_msg("num %u: slot %u after %u at %u", num, next, slot, idx);
			slot = next;
		}
	}
}

static void what_waits_is_counted_through_the_wrap(void **state)
{
	(void)state;
	for (uint32_t taken = 0; taken < 0x10000; taken += 37)
		for (unsigned int n = 0; n <= 32768; n += 128)
			assert_int_equal(waiting((uint16_t)(taken + n), (uint16_t)taken), n);
}

static void full_and_empty_differ(void **state)
{
	(void)state;
	for (unsigned int num = 1; num <= 32768; num *= 2) {
		assert_true(has_room(0xffff, 0xffff, num));
		assert_false(has_room((uint16_t)(0xffff + num), 0xffff, num));
		if (num > 1)
			assert_true(has_room((uint16_t)(0xffff + num - 1), 0xffff, num));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_follow_each_other_through_the_wrap),
		cmocka_unit_test(what_waits_is_counted_through_the_wrap),
		cmocka_unit_test(full_and_empty_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
