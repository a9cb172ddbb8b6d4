/* SPDX-License-Identifier: MIT */
/*
 * Chapter 7, exercise 1: was the entry that the other side named among those just added?
 *
 * Indices are free-running 16-bit numbers: after 65535 comes 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#ifdef ANSWER
#include "07-need-event.answer.c"
#else
/* The batch is the entries old, old + 1, ... up to but not new_idx. Is @event one of them? */
static bool in_batch(uint16_t event, uint16_t new_idx, uint16_t old)
{
	return old <= event && event < new_idx;
}
#endif

static void asked_for_is_what_is_in_the_batch(void **state)
{
	static const uint16_t lengths[] = { 0, 1, 2, 255, 256, 32767, 32768, 65535 };
	static const uint16_t starts[] = { 0, 7, 0xfffe, 0xffff };

	(void)state;
	for (int s = 0; s < 4; s++) {
		for (int l = 0; l < 8; l++) {
			for (unsigned int away = 0; away < 65536; away++) {
				uint16_t event = starts[s] + away;
				uint16_t new_idx = starts[s] + lengths[l];

				if (in_batch(event, new_idx, starts[s]) != (away < lengths[l]))
					fail_msg("old %u, new %u, event %u", starts[s], new_idx,
						 event);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked_for_is_what_is_in_the_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
