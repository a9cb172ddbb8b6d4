/* SPDX-License-Identifier: MIT */
/*
 * Chapter 1, exercise 2: what will used.len say?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ring/virtio_ring.h"

#ifdef ANSWER
#include "01-used-len.answer.c"
#else
/* What the device writes into used.len if it does all of what the chain at @head asks for. */
static uint32_t used_len(const struct vring_desc *table, unsigned int head)
{
	uint32_t len = 0;

	for (;; head = le16_read(&table[head].next)) {
		len += le32_read(&table[head].len);
		if (!(le16_read(&table[head].flags) & VRING_DESC_F_NEXT))
			return len;
	}
}
#endif

static struct vring_desc table[4];

static void put(unsigned int slot, uint32_t len, uint16_t flags)
{
	le32_write(&table[slot].len, len);
	le16_write(&table[slot].flags, flags);
	le16_write(&table[slot].next, slot + 1);
}

static void a_read_of_one_sector(void **state)
{
	(void)state;
	put(0, 16, VRING_DESC_F_NEXT);
	put(1, 512, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
	put(2, 1, VRING_DESC_F_WRITE);
	assert_int_equal(used_len(table, 0), 513);
}

static void a_write_of_one_sector(void **state)
{
	(void)state;
	put(0, 16, VRING_DESC_F_NEXT);
	put(1, 512, VRING_DESC_F_NEXT);
	put(2, 1, VRING_DESC_F_WRITE);
	assert_int_equal(used_len(table, 0), 1);
}

/* A packet that is sent: the device writes nothing at all. */
static void nothing_to_write(void **state)
{
	(void)state;
	put(0, 12, VRING_DESC_F_NEXT);
	put(1, 1500, 0);
	assert_int_equal(used_len(table, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_of_one_sector),
		cmocka_unit_test(a_write_of_one_sector),
		cmocka_unit_test(nothing_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
