/* SPDX-License-Identifier: MIT */
/*
 * Chapter 3, exercise 2: the two event words, found in a dump.
 *
 * The dump is the bytes of one block: descriptor table, available ring, padding, used ring at the
 * next multiple of 64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ring/virtio_ring.h"

struct words {
	uint16_t used_event;  /* the driver's: interrupt me past this */
	uint16_t avail_event; /* the device's: kick me past this */
};

#ifdef ANSWER
#include "03-words.answer.c"
#else
static struct words find_words(const uint8_t *dump, unsigned int num)
{
	const uint8_t *avail = dump + 16 * num;
	const uint8_t *used = avail + 4 + 2 * num;
	struct words words = {
		.used_event = used[4 + 8 * num],
		.avail_event = avail[4 + 2 * num],
	};

	return words;
}
#endif

static void both_words_are_found_in_rings_of_every_size(void **state)
{
	(void)state;
	for (unsigned int num = 1; num <= 32768; num *= 2) {
		uint8_t *dump = calloc(1, vring_size(num, 64) + 64);
		struct words words;
		struct vring vr;

		assert_non_null(dump);
		vring_init(&vr, num, dump, 64);
		le16_write(vring_used_event(&vr), 0x1234);
		le16_write(vring_avail_event(&vr), 0xabcd);
		words = find_words(dump, num);
		assert_int_equal(words.used_event, 0x1234);
		assert_int_equal(words.avail_event, 0xabcd);
		free(dump);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_words_are_found_in_rings_of_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
