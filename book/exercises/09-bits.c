/* SPDX-License-Identifier: MIT */
/*
 * Chapter 9, exercise 1: what two bits of a packed descriptor say to either side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ring/virtio_ring.h"

#ifdef ANSWER
#include "09-bits.answer.c"
#else
/* The device asks, whose own wrap counter is where it takes the next buffer. */
static bool is_available(uint16_t flags, bool counter)
{
	(void)counter;
	return flags & VRING_PACKED_DESC_F_AVAIL;
}

/* The driver asks, whose wrap counter is where it takes the next used one. */
static bool is_used(uint16_t flags, bool counter)
{
	(void)counter;
	return flags & VRING_PACKED_DESC_F_USED;
}
#endif

/* AVAIL, USED, counter; then what it is. */
static const struct {
	bool avail, used, counter;
	bool is_available, is_used;
} cases[] = {
	{ 0, 0, 0, false, true },  { 0, 0, 1, false, false }, { 0, 1, 0, true, false },
	{ 0, 1, 1, false, false }, { 1, 0, 0, false, false }, { 1, 0, 1, true, false },
	{ 1, 1, 0, false, false }, { 1, 1, 1, false, true },
};

static uint16_t flags_of(int i)
{
	/* The other bits of the flags are no business of these. */
	return (cases[i].avail ? VRING_PACKED_DESC_F_AVAIL : 0) |
	       (cases[i].used ? VRING_PACKED_DESC_F_USED : 0) | VRING_DESC_F_WRITE;
}

static void all_eight_say_what_they_say(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(is_available(flags_of(i), cases[i].counter),
				 cases[i].is_available);
		assert_int_equal(is_used(flags_of(i), cases[i].counter), cases[i].is_used);
	}
}

static void nothing_is_both(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		assert_false(is_available(flags_of(i), cases[i].counter) &&
			     is_used(flags_of(i), cases[i].counter));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_eight_say_what_they_say),
		cmocka_unit_test(nothing_is_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
