/* SPDX-License-Identifier: MIT */
/*
 * Time, memory accounts and messages of the host ground: everything a test can set and read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "platform/host/host.h"
#include "tests/support/select.h"

static int setup(void **state)
{
	(void)state;
	platform_host_reset();
	return 0;
}

static void the_clock_moves_only_where_a_function_says_so(void **state)
{
	(void)state;
	assert_int_equal(platform_now(), 0);
	platform_host_advance(70);
	assert_int_equal(platform_now(), 70);
	platform_relax();
	assert_int_equal(platform_now(), 1070);
	assert_false(platform_wait(5000));
	assert_int_equal(platform_now(), 5000);
	assert_false(platform_wait(10)); /* which has gone by */
	assert_int_equal(platform_now(), 5000);
}

struct job {
	struct platform_host_work work;
	unsigned int runs, busy;
	uint64_t ran_at;
};

static bool run(struct platform_host_work *work)
{
	struct job *job = (struct job *)work;

	job->runs++;
	job->ran_at = platform_now();
	if (job->busy)
		return job->busy-- > 0;
	return false;
}

static bool run_once(struct platform_host_work *work)
{
	work->due = PLATFORM_FOREVER;
	run(work);
	return true;
}

static void work_runs_when_it_is_due(void **state)
{
	struct job soon = { .work = { .run = run_once, .due = 100 } };
	struct job later = { .work = { .run = run_once, .due = 300 } };

	(void)state;
	platform_host_add_work(&later.work);
	platform_host_add_work(&soon.work);
	assert_false(platform_wait(200));
	assert_int_equal(soon.ran_at, 100);
	assert_int_equal(later.runs, 0);
	assert_int_equal(platform_now(), 200);
	assert_false(platform_wait(1000));
	assert_int_equal(later.ran_at, 300);
	platform_host_remove_work(&soon.work);
	platform_host_remove_work(&later.work);
	assert_false(platform_host_run());
}

static void work_runs_for_whoever_polls(void **state)
{
	struct job job = { .work = { .run = run }, .busy = 2 };

	(void)state;
	platform_host_add_work(&job.work);
	platform_relax();
	assert_int_equal(job.runs, 1);
	/* For one who waits, until it has nothing more to do. */
	assert_false(platform_wait(platform_now() + 1));
	assert_int_equal(job.busy, 0);
	platform_host_remove_work(&job.work);
}

static uint64_t freed, freed_bytes;

static void note(uint64_t dma, size_t bytes)
{
	freed = dma;
	freed_bytes = bytes;
}

static void what_is_held_is_counted(void **state)
{
	uint64_t dma;
	void *memory = platform_dma_alloc(4097, &dma), *block = platform_zalloc(10);

	(void)state;
	assert_int_equal(platform_host_usage().dma_pages, 2);
	assert_int_equal(platform_host_usage().allocations, 1);
	platform_host_on_dma_free(note);
	platform_dma_free(memory, 4097);
	platform_free(block);
	assert_int_equal(freed, dma);
	assert_int_equal(freed_bytes, 8192);
	assert_int_equal(platform_host_usage().dma_pages, 0);
	assert_int_equal(platform_host_usage().allocations, 0);
}

static void the_nth_allocation_can_fail(void **state)
{
	uint64_t dma;
	void *first, *third;

	(void)state;
	platform_host_fail_allocation(2);
	first = platform_zalloc(1);
	assert_non_null(first);
	assert_null(platform_dma_alloc(1, &dma));
	third = platform_zalloc(1);
	assert_non_null(third);
	platform_free(first);
	platform_free(third);
}

static void messages_can_be_kept(void **state)
{
	char buf[8];

	(void)state;
	platform_host_capture_log(true);
	platform_log(PLATFORM_ERROR, "%s%c %04x", "device", ':', 0x1044);
	platform_log(PLATFORM_INFO, "%llu", 1ull << 40);
	assert_string_equal(platform_host_log(), "device: 1044\n1099511627776\n");
	platform_host_capture_log(false);
	assert_string_equal(platform_host_log(), "");
	assert_int_equal(platform_snprintf(buf, sizeof(buf), "%s", "too long for it"), 15);
	assert_string_equal(buf, "too lon");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_clock_moves_only_where_a_function_says_so, setup),
		cmocka_unit_test_setup(work_runs_when_it_is_due, setup),
		cmocka_unit_test_setup(work_runs_for_whoever_polls, setup),
		cmocka_unit_test_setup(what_is_held_is_counted, setup),
		cmocka_unit_test_setup(the_nth_allocation_can_fail, setup),
		cmocka_unit_test_setup(messages_can_be_kept, setup),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
