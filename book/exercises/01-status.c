/* SPDX-License-Identifier: MIT */
/*
 * Chapter 1, exercise 1: where is the status byte?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ring/virtio_ring.h"

#ifdef ANSWER
#include "01-status.answer.c"
#else
/* Device address of the status byte of the disk request whose chain starts in slot @head. */
static uint64_t status_address(const struct vring_desc *table, unsigned int head)
{
	/* As in the dump: the third descriptor. */
	return le64_read(&table[head + 2].addr);
}
#endif

#define READS VRING_DESC_F_NEXT
#define WRITES (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE)
#define LAST VRING_DESC_F_WRITE

static struct vring_desc table[8];

static void put(unsigned int slot, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	le64_write(&table[slot].addr, addr);
	le32_write(&table[slot].len, len);
	le16_write(&table[slot].flags, flags);
	le16_write(&table[slot].next, next);
}

static void as_the_firmware_does_it(void **state)
{
	(void)state;
	put(0, 0xe9418, 16, READS, 1);
	put(1, 0x7c00, 512, WRITES, 2);
	put(2, 0xe9417, 1, LAST, 3);
	assert_int_equal(status_address(table, 0), 0xe9417);
}

static void links_lead_anywhere_in_the_table(void **state)
{
	(void)state;
	put(5, 0x1000, 16, READS, 7);
	put(7, 0x2000, 512, WRITES, 1);
	put(1, 0x3000, 1, LAST, 0);
	assert_int_equal(status_address(table, 5), 0x3000);
}

static void data_may_be_in_pieces(void **state)
{
	(void)state;
	put(0, 0x1000, 16, READS, 1);
	put(1, 0x2000, 512, WRITES, 2);
	put(2, 0x9000, 512, WRITES, 3);
	put(3, 0x4000, 1, LAST, 0);
	assert_int_equal(status_address(table, 0), 0x4000);
}

static void data_and_status_may_be_one_piece(void **state)
{
	(void)state;
	put(0, 0x1000, 16, READS, 1);
	put(1, 0x2000, 513, LAST, 0);
	assert_int_equal(status_address(table, 0), 0x2200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_firmware_does_it),
		cmocka_unit_test(links_lead_anywhere_in_the_table),
		cmocka_unit_test(data_may_be_in_pieces),
		cmocka_unit_test(data_and_status_may_be_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
