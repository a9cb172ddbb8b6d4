/* SPDX-License-Identifier: MIT */
/* The table of regions: what is inside, at the edges and outside. */
#include "device_test.h"

static void an_address_is_found_in_its_region(void **state)
{
	struct device_test *t = *state;
	size_t len = 16;

	assert_ptr_equal(guest_memory_map(&t->memory, BUF_ADDR + 5, &len), host(t, BUF, 5));
	assert_int_equal(len, 16);
}

static void the_last_byte_is_inside_and_the_next_is_not(void **state)
{
	struct device_test *t = *state;
	size_t len = 1;

	assert_ptr_equal(guest_memory_map(&t->memory, HOLE_ADDR - 1, &len),
			 host(t, NEIGHBOUR, PAGE - 1));
	assert_null(guest_memory_map(&t->memory, HOLE_ADDR, &len));
	assert_null(guest_memory_map(&t->memory, BUF_ADDR - 1, &len));
}

static void D9_a_range_is_cut_where_its_region_ends(void **state)
{
	struct device_test *t = *state;
	size_t len = 100;

	assert_ptr_equal(guest_memory_map(&t->memory, NEIGHBOUR_ADDR - 10, &len),
			 host(t, BUF, PAGE - 10));
	assert_int_equal(len, 10);
}

static void D9_a_range_over_two_regions_is_not_whole(void **state)
{
	struct device_test *t = *state;

	assert_non_null(guest_memory_map_whole(&t->memory, NEIGHBOUR_ADDR - 16, 16));
	assert_null(guest_memory_map_whole(&t->memory, NEIGHBOUR_ADDR - 16, 17));
}

static void D11_a_range_that_wraps_is_not_whole(void **state)
{
	struct device_test *t = *state;

	assert_ptr_equal(guest_memory_map_whole(&t->memory, TOP_ADDR, PAGE), host(t, TOP, 0));
	assert_null(guest_memory_map_whole(&t->memory, TOP_ADDR, PAGE + 1));
	assert_null(guest_memory_map_whole(&t->memory, TOP_ADDR, SIZE_MAX));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(an_address_is_found_in_its_region),
		TEST_CASE(the_last_byte_is_inside_and_the_next_is_not),
		TEST_CASE(D9_a_range_is_cut_where_its_region_ends),
		TEST_CASE(D9_a_range_over_two_regions_is_not_whole),
		TEST_CASE(D11_a_range_that_wraps_is_not_whole),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
