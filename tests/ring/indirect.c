// SPDX-License-Identifier: MIT
/* Indirect descriptors (2.7.5.3, 2.8.7): one entry of the ring refers to a table of up to four. */
#include "tests/support/ring.h"

#define NUM 8

/* The table that the descriptor at @addr refers to, which must be one of ours. */
static void *table_at(const struct ring *r, uint64_t addr)
{
	assert_in_range(addr, TABLE_DMA,
			TABLE_DMA + vring_indirect_bytes(NUM, TABLE_MAX) - TABLE_MAX * 16);
	assert_int_equal((addr - TABLE_DMA) % (TABLE_MAX * 16), 0);
	return (char *)r->config.indirect + (addr - TABLE_DMA);
}

static void split_indirect_01_no_tables_without_the_feature(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);

	ring_add(r, 1, 2, token(1));
	assert_int_equal(r->vq->num_free, NUM - 3);
	assert_int_equal(desc_flags(r, avail_head(r, START)), NEXT);
}

static void split_indirect_02_04_05_a_table_is_linked_in_sequence_and_not_nested(void **state)
{
	struct ring *r = ring_new(state, NUM, INDIRECT_DESC);
	const struct vring_desc *desc, *table;
	static const uint16_t flags[] = { NEXT, NEXT, NEXT | WRITE, WRITE };

	assert_int_equal(ring_add(r, 2, 2, token(1)), 0);

	/* 2.7.5.3.1: INDIRECT stands alone; the length says how many entries there are. */
	assert_int_equal(r->vq->num_free, NUM - 1);
	desc = &r->split.desc[avail_head(r, START)];
	assert_int_equal(le16_read(&desc->flags), INDIRECT);
	assert_int_equal(le32_read(&desc->len), 4 * 16);
	table = table_at(r, le64_read(&desc->addr));
	for (int i = 0; i < 4; i++) {
		assert_int_equal(le16_read(&table[i].flags), flags[i]);
		assert_int_equal(le64_read(&table[i].addr), 0x1000 * (i + 1));
		if (flags[i] & NEXT)
			assert_int_equal(le16_read(&table[i].next), i + 1);
	}
}

static void packed_indirect_02_04_a_table_has_no_flag_but_write(void **state)
{
	struct ring *r = ring_new_at(state, NUM, PACKED | INDIRECT_DESC, NUM - 1);
	const struct vring_packed_desc *table;

	assert_int_equal(ring_add(r, 2, 2, token(1)), 0);

	assert_int_equal(packed_flags(r, NUM - 1), AVAIL | INDIRECT);
	assert_int_equal(le32_read(&r->packed[NUM - 1].len), 4 * 16);
	table = table_at(r, le64_read(&r->packed[NUM - 1].addr));
	for (int i = 0; i < 4; i++) {
		assert_int_equal(le16_read(&table[i].flags), i < 2 ? 0 : WRITE);
		assert_int_equal(le64_read(&table[i].addr), 0x1000 * (i + 1));
	}
	/* One slot, one step: the next buffer is in the next lap. */
	assert_int_equal(ring_add(r, 1, 0, token(2)), 0);
	assert_int_equal(packed_flags(r, 0), USED);
}

static void direct_where_a_table_does_not_help(void **state)
{
	struct ring *r = ring_new(state, NUM, INDIRECT_DESC);

	ring_add(r, 1, 0, token(1)); /* one element */
	assert_int_equal(desc_flags(r, avail_head(r, START)), 0);
	ring_add(r, 2, 3, token(2)); /* more than a table holds */
	assert_int_equal(desc_flags(r, avail_head(r, START + 1)), NEXT);
	assert_int_equal(r->vq->num_free, NUM - 6);
}

static void split_indirect_03_no_table_longer_than_the_queue(void **state)
{
	struct ring *r = ring_new(state, 2, INDIRECT_DESC);

	assert_int_equal(ring_add(r, 1, 2, token(1)), -EINVAL);
	assert_int_equal(ring_add(r, 1, 1, token(1)), 0);
	assert_int_equal(r->vq->num_free, 1);
}

static void a_ring_full_of_tables_has_one_for_each(void **state)
{
	static const uint64_t layouts[] = { 0, PACKED };

	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l] | INDIRECT_DESC);
		bool seen[NUM] = { false };

		for (int i = 0; i < NUM; i++)
			assert_int_equal(ring_add(r, 2, 2, token(i + 1)), 0);
		assert_int_equal(ring_add(r, 2, 2, token(9)), -ENOSPC);
		for (int i = 0; i < NUM; i++) {
			uint64_t addr = l ? le64_read(&r->packed[i].addr) :
					    le64_read(&r->split.desc[i].addr);

			table_at(r, addr);
			assert_false(seen[(addr - TABLE_DMA) / (TABLE_MAX * 16)]);
			seen[(addr - TABLE_DMA) / (TABLE_MAX * 16)] = true;
		}
		ring_free(state);
	}
}

static void G2_a_rewritten_table_changes_nothing(void **state)
{
	static const uint64_t layouts[] = { 0, PACKED };

	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new_at(state, NUM, layouts[l] | INDIRECT_DESC, 0);
		unsigned int len;
		uint16_t head;

		ring_add(r, 1, 2, token(1));
		head = l ? packed_id(r, 0) : avail_head(r, 0);
		memset(r->config.indirect, 0xff, vring_indirect_bytes(NUM, TABLE_MAX));
		ring_use(r, head, 32, 1);
		assert_int_equal(ring_get(r, &len), 1);
		assert_int_equal(len, 32);
		assert_int_equal(r->vq->num_free, NUM);
		ring_free(state);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(split_indirect_01_no_tables_without_the_feature),
		ring_test(split_indirect_02_04_05_a_table_is_linked_in_sequence_and_not_nested),
		ring_test(packed_indirect_02_04_a_table_has_no_flag_but_write),
		ring_test(direct_where_a_table_does_not_help),
		ring_test(split_indirect_03_no_table_longer_than_the_queue),
		ring_test(a_ring_full_of_tables_has_one_for_each),
		ring_test(G2_a_rewritten_table_changes_nothing),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
