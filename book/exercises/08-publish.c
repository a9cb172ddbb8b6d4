/* SPDX-License-Identifier: MIT */
/*
 * Chapter 8, exercise 1: announce an entry no earlier than it is complete.
 *
 * The test is the other side. It looks at the mailbox whenever a fence is passed, for that is when
 * it may see everything stored before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define RING_BARRIER_H /* in place of ring/barrier.h: fences that the test can hear */

enum fence { STORE, LOAD, FULL };

static void passed(enum fence fence);

static void virtio_mb(void)
{
	passed(FULL);
}

static void virtio_rmb(void)
{
	passed(LOAD);
}

static void virtio_wmb(void)
{
	passed(STORE);
}

#define SLOTS 8

struct mailbox {
	uint32_t slot[SLOTS];
	uint16_t idx; /* free-running: where the next entry goes */
};

static struct mailbox box;

#ifdef ANSWER
#include "08-publish.answer.c"
#else
/* Puts @value into the next slot, and announces it. One fence is enough; which, and where? */
static void publish(struct mailbox *mailbox, uint32_t value)
{
	mailbox->idx++;
	mailbox->slot[(mailbox->idx - 1) % SLOTS] = value;
}
#endif

static unsigned int store_fences, other_fences;
static uint16_t announced;
static uint32_t expected;

static void passed(enum fence fence)
{
	if (fence != STORE) {
		other_fences++;
		return;
	}
	store_fences++;
	/* Complete, and not announced. */
	assert_int_equal(box.idx, announced);
	assert_int_equal(box.slot[announced % SLOTS], expected);
}

static void an_entry_is_complete_before_it_is_announced(void **state)
{
	(void)state;
	box.idx = announced = 0xfffe;
	for (expected = 100; expected < 104; expected++) {
		store_fences = 0;
		publish(&box, expected);
		assert_int_equal(store_fences, 1);
		announced++;
		assert_int_equal(box.idx, announced);
	}
	assert_int_equal(other_fences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_complete_before_it_is_announced),
	};

	/* The two other fences are here to be chosen from. */
	(void)virtio_mb;
	(void)virtio_rmb;
	(void)virtio_wmb;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
