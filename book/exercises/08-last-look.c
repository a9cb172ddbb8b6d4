/* SPDX-License-Identifier: MIT */
/*
 * Chapter 8, exercise 2: go to sleep without missing what comes while you do.
 *
 * The test is the other side. It adds an entry at the worst moments there are: just before a fence,
 * and just after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define RING_BARRIER_H /* in place of ring/barrier.h: a full fence that the test can hear */

static void virtio_mb(void);

/* Shared. */
static uint16_t idx;  /* the other side's: entries that there are */
static uint16_t wish; /* ours: tell me of that entry; as the other side can see it */

/* What we have stored and not yet fenced is not there for the other side. */
static uint16_t wish_on_its_way;

static void store_wish(uint16_t event)
{
	wish_on_its_way = event;
}

static uint16_t load_idx(void)
{
	return idx;
}

#ifdef ANSWER
#include "08-last-look.answer.c"
#else
/* True: nothing is there past @taken, and we shall be told of the next. False: something is. */
static bool may_sleep(uint16_t taken)
{
	if (load_idx() != taken)
		return false;
	store_wish(taken);
	return true;
}
#endif

/* ---- the other side ---- */

static enum when { NEVER, BEFORE_THE_FENCE, AFTER_THE_FENCE } when;
static bool told;

/* One entry more; are we told of it? */
static void add(void)
{
	told = (uint16_t)(idx + 1 - wish - 1) < 1;
	idx++;
}

static void virtio_mb(void)
{
	if (when == BEFORE_THE_FENCE)
		add();
	wish = wish_on_its_way;
	if (when == AFTER_THE_FENCE)
		add();
	when = NEVER;
}

static void play(enum when moment)
{
	bool sleeps;

	idx = 8;
	wish = wish_on_its_way = 3; /* an old wish: nobody is told of 8 */
	told = false;
	when = moment;
	sleeps = may_sleep(8);
	wish = wish_on_its_way; /* it arrives in the end */
	if (when != NEVER || moment == NEVER) {
		/* Nothing came meanwhile; then it must be heard of when it comes. */
		assert_true(sleeps);
		add();
		assert_true(told);
		return;
	}
	assert_true(told || !sleeps);
}

static void what_comes_is_found_or_told(void **state)
{
	(void)state;
	play(NEVER);
	play(BEFORE_THE_FENCE);
	play(AFTER_THE_FENCE);
}

static void there_is_a_fence_to_come_before(void **state)
{
	(void)state;
	idx = 8;
	when = BEFORE_THE_FENCE;
	may_sleep(8);
	assert_int_equal(when, NEVER);
}

static void what_is_there_already_is_seen(void **state)
{
	(void)state;
	idx = 9;
	when = NEVER;
	assert_false(may_sleep(8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_is_found_or_told),
		cmocka_unit_test(there_is_a_fence_to_come_before),
		cmocka_unit_test(what_is_there_already_is_seen),
	};

	(void)virtio_mb;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
