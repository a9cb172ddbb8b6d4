/* SPDX-License-Identifier: MIT */
/*
 * Chapter 4, exercise 2: follow a chain, though whoever wrote the table is not to be trusted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ring/virtio_ring.h"
#include "ring/vring_errno.h"

#ifdef ANSWER
#include "04-chain.answer.c"
#else
/*
 * Descriptors of the chain that starts in slot @head of a table of @num. -EINVAL if it leaves the
 * table, or does not end.
 */
static int chain_length(const struct vring_desc *table, unsigned int num, unsigned int head)
{
	int length = 1;

	while (le16_read(&table[head].flags) & VRING_DESC_F_NEXT) {
		head = le16_read(&table[head].next);
		length++;
		if (length > 1000)
			return -EINVAL; /* that must do */
	}
	(void)num;
	return length;
}
#endif

#define NUM 8

/* Each table is an allocation of its own, and of exactly its size. */
static struct vring_desc *table_of(const int next[NUM])
{
	struct vring_desc *table = calloc(NUM, sizeof(*table));

	assert_non_null(table);
	for (int i = 0; i < NUM; i++) {
		if (next[i] < 0)
			continue;
		le16_write(&table[i].flags, VRING_DESC_F_NEXT);
		le16_write(&table[i].next, next[i]);
	}
	return table;
}

static void assert_length(const int next[NUM], unsigned int head, int length)
{
	struct vring_desc *table = table_of(next);

	assert_int_equal(chain_length(table, NUM, head), length);
	free(table);
}

static void honest_chains_have_their_length(void **state)
{
	static const int next[NUM] = { 1, 2, -1, -1, 6, 4, 7, 3 };

	(void)state;
	assert_length(next, 0, 3);
	assert_length(next, 3, 1);
	assert_length(next, 5, 5);
}

static void a_chain_of_all_descriptors_is_legal(void **state)
{
	static const int next[NUM] = { 1, 2, 3, 4, 5, 6, 7, -1 };

	(void)state;
	assert_length(next, 0, NUM);
}

static void a_loop_ends_as_soon_as_it_must_be_one(void **state)
{
	static const int next[NUM] = { 1, 2, 0, 3, -1, -1, -1, -1 };

	(void)state;
	assert_length(next, 0, -EINVAL);
	assert_length(next, 3, -EINVAL);
}

static void a_chain_stays_in_its_table(void **state)
{
	static const int next[NUM] = { NUM, 65535, -1, -1, -1, -1, -1, -1 };
	struct vring_desc *table = table_of(next);

	(void)state;
	assert_int_equal(chain_length(table, NUM, 0), -EINVAL);
	assert_int_equal(chain_length(table, NUM, NUM), -EINVAL);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_chains_have_their_length),
		cmocka_unit_test(a_chain_of_all_descriptors_is_legal),
		cmocka_unit_test(a_loop_ends_as_soon_as_it_must_be_one),
		cmocka_unit_test(a_chain_stays_in_its_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
