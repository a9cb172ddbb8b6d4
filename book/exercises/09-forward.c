/* SPDX-License-Identifier: MIT */
/*
 * Chapter 9, exercise 2: a position in a packed ring, some slots further on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct position {
	uint16_t slot;
	bool counter;
};

#ifdef ANSWER
#include "09-forward.answer.c"
#else
/* @steps slots further, at most @num, in a ring of @num slots. */
static struct position forward(struct position at, unsigned int steps, unsigned int num)
{
	at.slot = (at.slot + steps) % num;
	return at;
}
#endif

/* One slot further, by the book: the counter flips on passing the last slot (2.8.1). */
static struct position one_further(struct position at, unsigned int num)
{
	if (++at.slot == num) {
		at.slot = 0;
		at.counter = !at.counter;
	}
	return at;
}

static void many_steps_are_as_many_single_ones(void **state)
{
	static const unsigned int sizes[] = { 1, 2, 3, 5, 8, 1000, 32768 };

	(void)state;
	for (int s = 0; s < 7; s++) {
		unsigned int num = sizes[s];

		for (unsigned int from = 0; from < num; from += num / 7 + 1) {
			struct position walked = { .slot = from, .counter = true };

			for (unsigned int steps = 1; steps <= num; steps++) {
				struct position at = { .slot = from, .counter = true };

				walked = one_further(walked, num);
				at = forward(at, steps, num);
				if (at.slot != walked.slot || at.counter != walked.counter)
					fail_msg("%u slots from %u of %u", steps, from, num);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_steps_are_as_many_single_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
