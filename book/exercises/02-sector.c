/* SPDX-License-Identifier: MIT */
/*
 * Chapter 2, exercise 1: which number goes into the header?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#ifdef ANSWER
#include "02-sector.answer.c"
#else
/*
 * The sector field of a request for block @block of a disk whose blocks have @block_size bytes; the
 * data is at @dma.
 */
static uint64_t sector_of(uint64_t block, uint32_t block_size, uint64_t dma)
{
	(void)block_size;
	(void)dma;
	return block;
}
#endif

static void blocks_of_512_bytes(void **state)
{
	(void)state;
	assert_int_equal(sector_of(7, 512, 0x7c00), 7);
}

/* dd bs=4096 skip=1234, as recorded in the chapter. */
static void blocks_of_a_page(void **state)
{
	(void)state;
	assert_int_equal(sector_of(1234, 4096, 0x7c00), 9872);
}

static void a_large_disk(void **state)
{
	(void)state;
	assert_int_equal(sector_of(0x100000000, 4096, 0), 0x800000000);
}

static void wherever_the_data_lies(void **state)
{
	(void)state;
	assert_int_equal(sector_of(1, 4096, 0x1000), sector_of(1, 4096, 0x123456000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_of_512_bytes),
		cmocka_unit_test(blocks_of_a_page),
		cmocka_unit_test(a_large_disk),
		cmocka_unit_test(wherever_the_data_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
