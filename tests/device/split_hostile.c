/* SPDX-License-Identifier: MIT */
/* The device's half of a split ring against a driver that breaks the rules, class by class. */
#include <pthread.h>

#include "device_test.h"

/* ---- D1, D2: chains that do not end ---- */

static void D1_next_is_the_descriptor_itself(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 3, BUF_ADDR, 1, NEXT, 3);
	offer(t, 3);
	assert_refused(t, "desc.next", 3);
}

static void D1_next_leads_back_to_the_head(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, BUF_ADDR, 1, NEXT, 1);
	set_desc(t, 1, BUF_ADDR, 1, NEXT, 0);
	offer(t, 0);
	assert_refused(t, "desc.next", 0);
}

static void D1_next_is_the_queue_size(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, BUF_ADDR, 1, NEXT, 8);
	offer(t, 0);
	assert_refused(t, "desc.next", 8);
}

static void D1_next_is_0xffff(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, BUF_ADDR, 1, NEXT, 0xffff);
	offer(t, 0);
	assert_refused(t, "desc.next", 0xffff);
}

static void D1_a_head_is_outside_the_table(void **state)
{
	static const uint16_t heads[] = { 8, 9, 0x8000, 0xffff };
	struct device_test *t = *state;

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		start_split(t, 8, 0, START);
		t->errors = 0;
		offer(t, heads[i]);
		assert_refused(t, "avail.ring", heads[i]);
	}
}

static void D3_a_loop_of_empty_descriptors_ends_too(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 5, BUF_ADDR, 0, NEXT, 5);
	offer(t, 5);
	assert_refused_because(t, "desc.next", "longer than the queue");
}

static void D2_a_chain_with_a_table_is_longer_than_the_queue(void **state)
{
	struct device_test *t = *state;

	/* 2.7.5.3.1: two direct descriptors and seven in the table, in a queue of eight */
	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 0, BUF_ADDR, 1, NEXT, 1);
	set_desc(t, 1, BUF_ADDR, 1, NEXT, 2);
	set_desc(t, 2, TABLE_ADDR, 7 * 16, INDIRECT, 0);
	for (uint16_t i = 0; i < 7; i++)
		set_table(t, i, BUF_ADDR, 1, i < 6 ? NEXT : 0, i + 1);
	offer(t, 0);
	assert_refused(t, "desc.next", 6);
}

static void D2_a_chain_has_more_pieces_than_the_device_allows(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	t->elem.capacity = 2;
	for (uint16_t i = 0; i < 3; i++)
		set_desc(t, i, BUF_ADDR, 1, i < 2 ? NEXT : 0, i + 1);
	offer(t, 0);
	assert_refused_because(t, "desc.len", "more pieces");
}

static void D2_a_split_piece_counts_against_the_capacity(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	t->elem.capacity = 1;
	set_desc(t, 0, NEIGHBOUR_ADDR - 1, 2, 0, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.len", "more pieces");
}

/* ---- D4: the available index ---- */

static void D4_avail_idx_jumps_past_the_ring(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	le16_write(&t->vr.avail->idx, START + 9);
	assert_refused(t, "avail.idx", START + 9);
}

static void D4_avail_idx_jumps_past_the_ring_over_65535(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, 0xfffb);
	le16_write(&t->vr.avail->idx, 4);
	assert_refused(t, "avail.idx", 4);
}

static void D4_avail_idx_goes_backwards(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	le16_write(&t->vr.avail->idx, START - 1);
	assert_refused(t, "avail.idx", START - 1);
}

static void D4_looking_whether_it_is_empty_checks_too(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	le16_write(&t->vr.avail->idx, START + 9);

	assert_true(virtio_queue_empty(&t->vq));
	assert_true(t->vq.broken);
	assert_int_equal(t->errors, 1);
}

static void D2_more_buffers_than_descriptors_are_offered(void **state)
{
	struct device_test *t = *state;

	/* CVE-2016-5403: the driver offers what the device already has, for ever */
	start_split(t, 4, 0, START);
	set_desc(t, 0, BUF_ADDR, 1, 0, 0);
	for (int i = 0; i < 4; i++) {
		offer(t, 0);
		assert_true(pop(t));
	}
	offer(t, 0);
	assert_refused(t, "avail.idx", (uint16_t)(START + 5));
}

/* ---- D5, D9, D11: where buffers are ---- */

static void D5_a_length_of_0xffffffff(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, BUF_ADDR, 0xffffffff, WRITE, 0);
	offer(t, 0);
	assert_refused(t, "desc.addr", HOLE_ADDR);
}

static void D5_an_address_in_no_region(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, HOLE_ADDR, 1, 0, 0);
	offer(t, 0);
	assert_refused(t, "desc.addr", HOLE_ADDR);
}

static void D9_one_byte_into_a_hole(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, HOLE_ADDR - 8, 9, 0, 0);
	offer(t, 0);
	assert_refused(t, "desc.addr", HOLE_ADDR);
}

static void D11_address_plus_length_wraps(void **state)
{
	struct device_test *t = *state;

	/* There is memory at 0 as well, which is not what follows the last byte. */
	start_split(t, 8, 0, START);
	set_desc(t, 0, 0ull - 8, 9, WRITE, 0);
	offer(t, 0);
	assert_refused(t, "desc.len", 9);
}

static void D11_the_last_byte_of_all_is_still_inside(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, 0ull - 8, 8, WRITE, 0);
	offer(t, 0);

	assert_true(pop(t));
	assert_piece(&t->elem.in_sg[0], host(t, TOP, PAGE - 8), 8);
}

static void split_desc_03_a_chain_longer_than_4_gib(void **state)
{
	struct device_test *t = *state;

	/* A region never touched, so it need not exist. */
	start_split(t, 8, 0, START);
	free(t->regions[ZERO].host);
	t->regions[ZERO] = (struct guest_region){ 1ull << 40, (size_t)1 << 32, t };
	set_desc(t, 0, 1ull << 40, 0x80000000, NEXT, 1);
	set_desc(t, 1, 1ull << 40, 0x80000000, NEXT | WRITE, 2);
	set_desc(t, 2, 1ull << 40, 1, WRITE, 0);
	offer(t, 0);
	assert_false(pop(t));
	t->regions[ZERO].host = NULL;
	assert_string_equal(t->field, "desc.len");
	assert_int_equal(t->value, ((uint64_t)1 << 32) + 1);
}

/* ---- D7: indirect tables ---- */

static void D7_indirect_was_not_negotiated(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, TABLE_ADDR, 16, INDIRECT, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.flags", "not negotiated");
}

static void D7_indirect_and_next_together(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 0, TABLE_ADDR, 16, INDIRECT | NEXT, 1);
	set_desc(t, 1, BUF_ADDR, 16, 0, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.flags", "INDIRECT and NEXT");
}

static void D7_a_table_within_a_table(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 0, TABLE_ADDR, 32, INDIRECT, 0);
	set_table(t, 0, BUF_ADDR, 16, NEXT, 1);
	set_table(t, 1, TABLE_ADDR, 32, INDIRECT, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.flags", "within an indirect table");
}

static void D7_the_ring_s_own_table_as_indirect_table(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 0, DESC_ADDR, 8 * 16, INDIRECT, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.flags", "within an indirect table");
}

static void D7_table_size_is_not_a_multiple_of_16(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 15, 17, 33, 0xffffffff };
	struct device_test *t = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		start_split(t, 8, INDIRECT_DESC, START);
		t->errors = 0;
		set_desc(t, 0, TABLE_ADDR, sizes[i], INDIRECT, 0);
		offer(t, 0);
		assert_refused(t, "desc.len", sizes[i]);
	}
}

static void D7_next_leaves_the_table(void **state)
{
	struct device_test *t = *state;

	/* Slot 2 exists in the ring, and in memory behind the table, but not in the table. */
	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 0, TABLE_ADDR, 32, INDIRECT, 0);
	set_table(t, 0, BUF_ADDR, 16, NEXT, 2);
	set_table(t, 2, BUF_ADDR, 16, 0, 0);
	offer(t, 0);
	assert_refused(t, "desc.next", 2);
}

static void D7_a_loop_within_a_table(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 0, TABLE_ADDR, 32, INDIRECT, 0);
	set_table(t, 0, BUF_ADDR, 0, NEXT, 1);
	set_table(t, 1, BUF_ADDR, 0, NEXT, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.next", "longer than the queue");
}

static void D7_a_table_over_the_edge_of_its_region(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 0, TABLE_ADDR + PAGE - 16, 32, INDIRECT, 0);
	offer(t, 0);
	assert_refused(t, "desc.addr", TABLE_ADDR + PAGE - 16);
}

/* ---- D8: direction ---- */

static void D8_a_readable_descriptor_after_a_writable_one(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, BUF_ADDR, 16, WRITE | NEXT, 1);
	set_desc(t, 1, BUF_ADDR, 16, 0, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.flags", "readable descriptor after");
}

static void D8_also_if_the_writable_one_is_empty(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, BUF_ADDR, 0, WRITE | NEXT, 1);
	set_desc(t, 1, BUF_ADDR, 16, 0, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.flags", "readable descriptor after");
}

static void D8_also_from_the_ring_into_a_table(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 0, BUF_ADDR, 16, WRITE | NEXT, 1);
	set_desc(t, 1, TABLE_ADDR, 16, INDIRECT, 0);
	set_table(t, 0, BUF_ADDR, 16, 0, 0);
	offer(t, 0);
	assert_refused_because(t, "desc.flags", "readable descriptor after");
}

/* ---- D12: a driver that writes while we read ---- */

struct flipper {
	struct device_test *t;
	bool stop;
};

/* Between two reads of the device, everything in descriptor 0 may have changed. */
static void *flip_descriptor(void *arg)
{
	struct flipper *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		set_desc(f->t, 0, HOLE_ADDR - 16, 0xffffffff, INDIRECT | NEXT, 0xffff);
		set_desc(f->t, 0, BUF_ADDR, 16, 0, 0);
	}
	return NULL;
}

static void D12_a_descriptor_changes_between_two_looks(void **state)
{
	struct device_test *t = *state;
	struct flipper f = { .t = t };
	unsigned int taken = 0, refused = 0;
	pthread_t thread;

	start_split(t, 4, INDIRECT_DESC, START);
	set_desc(t, 0, BUF_ADDR, 16, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, flip_descriptor, &f), 0);
	for (unsigned int i = 0; i < 20000; i++) {
		offer(t, 0);
		if (!pop(t)) {
			struct VirtQueueConfig config = config_of(t, 4, INDIRECT_DESC);

			refused++;
			assert_true(virtio_queue_init(&t->vq, &config));
			virtio_queue_set_last_avail_idx(&t->vq, t->avail_idx);
			continue;
		}
		/* Whatever it was at that moment, it was one thing, and all of it is inside. */
		taken++;
		assert_int_equal(t->elem.out_num, 1);
		assert_in_range(t->elem.out_sg[0].len, 1, PAGE);
		assert_int_equal(t->elem.out_sg[0].len, t->elem.out_len);
		virtqueue_push(&t->vq, &t->elem, 0);
	}
	__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(taken + refused, 20000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(D1_next_is_the_descriptor_itself),
		TEST_CASE(D1_next_leads_back_to_the_head),
		TEST_CASE(D1_next_is_the_queue_size),
		TEST_CASE(D1_next_is_0xffff),
		TEST_CASE(D1_a_head_is_outside_the_table),
		TEST_CASE(D3_a_loop_of_empty_descriptors_ends_too),
		TEST_CASE(D2_a_chain_with_a_table_is_longer_than_the_queue),
		TEST_CASE(D2_a_chain_has_more_pieces_than_the_device_allows),
		TEST_CASE(D2_a_split_piece_counts_against_the_capacity),
		TEST_CASE(D4_avail_idx_jumps_past_the_ring),
		TEST_CASE(D4_avail_idx_jumps_past_the_ring_over_65535),
		TEST_CASE(D4_avail_idx_goes_backwards),
		TEST_CASE(D4_looking_whether_it_is_empty_checks_too),
		TEST_CASE(D2_more_buffers_than_descriptors_are_offered),
		TEST_CASE(D5_a_length_of_0xffffffff),
		TEST_CASE(D5_an_address_in_no_region),
		TEST_CASE(D9_one_byte_into_a_hole),
		TEST_CASE(D11_address_plus_length_wraps),
		TEST_CASE(D11_the_last_byte_of_all_is_still_inside),
		TEST_CASE(split_desc_03_a_chain_longer_than_4_gib),
		TEST_CASE(D7_indirect_was_not_negotiated),
		TEST_CASE(D7_indirect_and_next_together),
		TEST_CASE(D7_a_table_within_a_table),
		TEST_CASE(D7_the_ring_s_own_table_as_indirect_table),
		TEST_CASE(D7_table_size_is_not_a_multiple_of_16),
		TEST_CASE(D7_next_leaves_the_table),
		TEST_CASE(D7_a_loop_within_a_table),
		TEST_CASE(D7_a_table_over_the_edge_of_its_region),
		TEST_CASE(D8_a_readable_descriptor_after_a_writable_one),
		TEST_CASE(D8_also_if_the_writable_one_is_empty),
		TEST_CASE(D8_also_from_the_ring_into_a_table),
		TEST_CASE(D12_a_descriptor_changes_between_two_looks),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
