/* SPDX-License-Identifier: MIT */
/*
 * The contract of platform.h's DMA memory, and that a device sees all of it and nothing beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "platform/host/host.h"
#include "platform/platform.h"
#include "tests/support/select.h"

static void device_and_driver_see_the_same_byte(void **state)
{
	uint64_t dma;
	char *memory = platform_dma_alloc(100, &dma);
	size_t len = 1;

	(void)state;
	assert_non_null(memory);
	assert_int_equal(platform_dma_address(memory + 99), dma + 99);
	assert_ptr_equal(guest_memory_map(platform_host_memory(), dma + 99, &len), memory + 99);
	platform_dma_free(memory, 100);
}

static void memory_comes_zeroed_and_by_the_page(void **state)
{
	uint64_t first_dma, second_dma;
	unsigned char *memory = platform_dma_alloc(5000, &first_dma);

	(void)state;
	memset(memory, 0xff, 5000);
	platform_dma_free(memory, 5000);
	memory = platform_dma_alloc(4097, &second_dma);
	assert_int_equal(second_dma, first_dma);
	assert_int_equal(second_dma % 4096, 0);
	for (int i = 0; i < 8192; i++)
		assert_int_equal(memory[i], 0);
	platform_dma_free(memory, 4097);
}

static void no_room_is_null_and_a_hole_is_found_again(void **state)
{
	uint64_t dma;
	char *first, *second, *third;

	(void)state;
	assert_null(platform_dma_alloc(0, &dma));
	assert_null(platform_dma_alloc((size_t)1 << 40, &dma));
	first = platform_dma_alloc(4096, &dma);
	second = platform_dma_alloc(8192, &dma);
	third = platform_dma_alloc(4096, &dma);
	platform_dma_free(second, 8192);
	assert_ptr_equal(platform_dma_alloc(4096, &dma), second);
	assert_ptr_equal(platform_dma_alloc(4096, &dma), second + 4096);
	platform_dma_free(second, 8192);
	platform_dma_free(first, 4096);
	platform_dma_free(third, 4096);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_and_driver_see_the_same_byte),
		cmocka_unit_test(memory_comes_zeroed_and_by_the_page),
		cmocka_unit_test(no_room_is_null_and_a_hole_is_found_again),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
