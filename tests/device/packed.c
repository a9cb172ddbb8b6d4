/* SPDX-License-Identifier: MIT */
/*
 * The device's half of a packed ring (2.8), with a driver that keeps the rules.
 *
 * A position is written slot/counter below: 2/1 is slot 2 of a lap whose wrap counter is 1. The
 * usual ring has three slots, which is no power of two, and starts at its last one.
 */
#include "device_test.h"

static void a_fresh_packed_queue_starts_at_slot_0_with_counter_1(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig config;

	start_packed(t, 3, 0, 2, true);
	config = config_of(t, 3, PACKED);
	memset(t->ring, 0, 3 * sizeof(*t->ring));

	assert_true(virtio_queue_init(&t->vq, &config));

	assert_int_equal(virtio_queue_get_last_avail_idx(&t->vq), 1 << 15);
	assert_true(virtio_queue_empty(&t->vq));
}

static void packed_layout_01_misaligned_parts_are_refused(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig good, bad;

	start_packed(t, 3, 0, 2, true);
	t->regions[DESC].size = t->regions[DRIVER].size = t->regions[DEVICE].size = PAGE;
	good = config_of(t, 3, PACKED);

	bad = good, bad.desc += 8;
	assert_false(virtio_queue_init(&t->vq, &bad));
	assert_string_equal(t->field, "queue_desc");
	bad = good, bad.driver += 2;
	assert_false(virtio_queue_init(&t->vq, &bad));
	assert_string_equal(t->field, "queue_driver");
	bad = good, bad.device += 2;
	assert_false(virtio_queue_init(&t->vq, &bad));
	assert_string_equal(t->field, "queue_device");
}

static void a_start_outside_the_ring_is_refused(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	virtio_queue_set_last_avail_idx(&t->vq, 3 | 1 << 15);
	assert_true(t->vq.broken);
	assert_string_equal(t->field, "last_avail_idx");
}

static void D18_AVAIL_and_USED_equal_is_not_available(void **state)
{
	struct device_test *t = *state;

	/* Either way round, in either lap. */
	for (int wrap = 0; wrap < 2; wrap++) {
		start_packed(t, 3, 0, 2, wrap);
		le16_write(&t->ring[2].flags, 0);
		assert_false(pop(t));
		le16_write(&t->ring[2].flags, AVAIL | USED);
		assert_false(pop(t));
	}
	assert_int_equal(t->errors, 0);
}

static void packed_desc_02_the_other_lap_s_counter_is_not_available(void **state)
{
	struct device_test *t = *state;

	for (int wrap = 0; wrap < 2; wrap++) {
		start_packed(t, 3, 0, 2, wrap);
		write_packed(&t->ring[2], BUF_ADDR, 8, 5, offered(!wrap));
		assert_false(pop(t));
		write_packed(&t->ring[2], BUF_ADDR, 8, 5, offered(wrap));
		assert_true(pop(t));
		assert_int_equal(t->elem.index, 5);
	}
}

static void packed_layout_02_buffers_are_taken_in_the_ring_s_order(void **state)
{
	struct device_test *t = *state;

	/* 2/1, 0/0 and 1/0, offered before the first is taken; ids are no order. */
	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 8, 2, WRITE);
	offer_packed(t, BUF_ADDR, 8, 0, WRITE);
	offer_packed(t, BUF_ADDR, 8, 1, WRITE);

	assert_true(pop(t));
	assert_int_equal(t->elem.index, 2);
	assert_true(pop(t));
	assert_int_equal(t->elem.index, 0);
	assert_true(pop(t));
	assert_int_equal(t->elem.index, 1);
	assert_false(pop(t));
}

static void packed_desc_01a_01b_nothing_in_a_buffer_is_touched(void **state)
{
	struct device_test *t = *state;
	bool popped;

	/* No memory is there at all: one byte read or written would be the last. */
	start_packed(t, 3, 0, 2, true);
	free(t->regions[BUF].host);
	t->regions[BUF].host = (void *)16;
	offer_packed(t, BUF_ADDR, 16, 0, NEXT);
	offer_packed(t, BUF_ADDR + 16, 8, 9, WRITE);

	popped = pop(t);
	virtqueue_push(&t->vq, &t->elem, 8);
	virtio_should_notify(&t->vq);
	t->regions[BUF].host = NULL;

	/* The device's user is told which is to be read and which to be written. */
	assert_true(popped);
	assert_piece(&t->elem.out_sg[0], (void *)16, 16);
	assert_piece(&t->elem.in_sg[0], (void *)32, 8);
	assert_true(is_used(t, 2, true));
}

static void a_list_over_the_end_of_the_ring_is_popped(void **state)
{
	struct device_test *t = *state;

	/* 2/1 -> 0/0 -> 1/0; only the last id counts */
	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 16, 111, NEXT);
	offer_packed(t, BUF_ADDR + 16, 8, 222, NEXT | WRITE);
	offer_packed(t, BUF_ADDR + 24, 4, 77, WRITE);

	assert_true(pop(t));
	assert_int_equal(t->elem.index, 77);
	assert_int_equal(t->elem.ndescs, 3);
	assert_int_equal(t->elem.out_num, 1);
	assert_int_equal(t->elem.in_num, 2);
	assert_int_equal(t->elem.in_len, 12);
	assert_piece(&t->elem.in_sg[1], host(t, BUF, 24), 4);
	assert_false(pop(t));
}

static void D18_a_list_that_fills_the_ring_flips_the_counter(void **state)
{
	struct device_test *t = *state;

	/* 2/1 .. 1/0, used in one go: the next slot is the same one, 2/0. */
	start_packed(t, 3, 0, 2, true);
	for (int lap = 0; lap < 8; lap++) {
		bool wrap = t->wrap;

		for (int i = 0; i < 3; i++)
			offer_packed(t, BUF_ADDR, 8, (uint16_t)lap, i < 2 ? NEXT | WRITE : WRITE);
		assert_true(pop(t));
		assert_false(pop(t));
		assert_int_equal(virtio_queue_get_last_avail_idx(&t->vq), 2 | !wrap << 15);
		virtqueue_push(&t->vq, &t->elem, 24);
		assert_true(is_used(t, 2, wrap));
		assert_int_equal(le16_read(&t->ring[2].id), lap);
		assert_int_equal(le32_read(&t->ring[2].len), 24);
	}
	assert_int_equal(t->errors, 0);
}

static void D18_every_size_laps_correctly(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 5, 7, 8, 255, 32768 };
	struct device_test *t = *state;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		uint32_t num = sizes[s];

		start_packed(t, num, 0, (uint16_t)(num - 1), true);
		for (uint32_t i = 0; i < 3 * num; i++) {
			uint16_t slot = t->slot;
			bool wrap = t->wrap;

			offer_packed(t, BUF_ADDR, 8, (uint16_t)i, WRITE);
			assert_true(pop(t));
			assert_int_equal(t->elem.index, (uint16_t)i);
			assert_false(pop(t));
			virtqueue_push(&t->vq, &t->elem, 8);
			assert_true(is_used(t, slot, wrap));
		}
		assert_int_equal(virtio_queue_get_last_avail_idx(&t->vq), (num - 1) | 0u << 15);
	}
	assert_int_equal(t->errors, 0);
}

static void packed_layout_03_used_descriptors_go_where_use_has_come_to(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement first;

	/* A: 2/1 and 0/0, B: 1/0. B is used first, so it goes to 2/1, and A to 0/0.
	 */
	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 8, 0, NEXT);
	offer_packed(t, BUF_ADDR, 8, 10, WRITE);
	offer_packed(t, BUF_ADDR, 8, 11, WRITE);
	assert_true(pop(t));
	first = t->elem;
	assert_true(pop(t));

	virtqueue_push(&t->vq, &t->elem, 3);
	assert_true(is_used(t, 2, true));
	assert_int_equal(le16_read(&t->ring[2].id), 11);
	assert_false(is_used(t, 0, false));

	virtqueue_push(&t->vq, &first, 5);
	assert_true(is_used(t, 0, false));
	assert_int_equal(le16_read(&t->ring[0].id), 10);
	assert_int_equal(le32_read(&t->ring[0].len), 5);
}

static void packed_desc_03_a_batch_shows_with_its_first_flags(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement elem[2];

	/* A: 2/1, B: 0/0 and 1/0 */
	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 8, 10, WRITE);
	offer_packed(t, BUF_ADDR, 8, 0, NEXT);
	offer_packed(t, BUF_ADDR, 8, 11, WRITE);
	for (int i = 0; i < 2; i++) {
		assert_true(pop(t));
		elem[i] = t->elem;
	}

	virtqueue_fill(&t->vq, &elem[0], 8); /* to its end, and still no run without IN_ORDER */
	virtqueue_fill(&t->vq, &elem[1], 2);
	/* The driver waits at 2/1 and sees nothing, though 0/0 is ready behind it. */
	assert_false(is_used(t, 2, true));
	assert_true(is_used(t, 0, false));

	virtqueue_flush(&t->vq);
	assert_true(is_used(t, 2, true));
	assert_int_equal(le16_read(&t->ring[2].id), 10);
	assert_int_equal(le16_read(&t->ring[0].id), 11);
}

static void the_used_descriptor_says_WRITE_if_its_length_counts(void **state)
{
	struct device_test *t = *state;

	/* 2.8.4 */
	start_packed(t, 4, 0, 3, false);
	offer_packed(t, BUF_ADDR, 8, 1, WRITE);
	offer_packed(t, BUF_ADDR, 8, 2, 0);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 8);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 0);

	assert_int_equal(le16_read(&t->ring[3].flags), WRITE);
	assert_int_equal(le16_read(&t->ring[0].flags), AVAIL | USED);
}

static void a_packed_table_is_walked_entry_by_entry(void **state)
{
	struct device_test *t = *state;

	/* 2.8.7: entries count by their place; ids and flags other than WRITE are noise. */
	start_packed(t, 3, INDIRECT_DESC, 2, true);
	offer_packed(t, TABLE_ADDR, 48, 9, INDIRECT | WRITE);
	set_packed_table(t, 0, BUF_ADDR, 1, NEXT | AVAIL | USED);
	set_packed_table(t, 1, BUF_ADDR + 8, 2, INDIRECT);
	set_packed_table(t, 2, BUF_ADDR + 16, 4, WRITE | NEXT);

	assert_true(pop(t));
	assert_int_equal(t->elem.index, 9);
	assert_int_equal(t->elem.ndescs, 1);
	assert_int_equal(t->elem.out_num, 2);
	assert_int_equal(t->elem.in_num, 1);
	assert_piece(&t->elem.out_sg[1], host(t, BUF, 8), 2);
	assert_int_equal(t->elem.in_len, 4);
}

static void a_packed_table_may_be_longer_than_the_ring(void **state)
{
	struct device_test *t = *state;

	/* 2.8.19 limits it by what the device allows: here, the pieces it has room for. */
	start_packed(t, 1, INDIRECT_DESC, 0, false);
	for (unsigned int i = 0; i < MAX_PIECES; i++)
		set_packed_table(t, i, BUF_ADDR, 1, 0);
	offer_packed(t, TABLE_ADDR, MAX_PIECES * 16, 0, INDIRECT);

	assert_true(pop(t));
	assert_int_equal(t->elem.out_num, MAX_PIECES);
}

static void a_packed_table_may_lie_at_any_address(void **state)
{
	struct device_test *t = *state;
	struct vring_packed_desc entry;

	start_packed(t, 3, INDIRECT_DESC, 2, true);
	write_packed(&entry, BUF_ADDR, 7, 0, 0);
	memcpy(host(t, TABLE, 5), &entry, sizeof(entry));
	offer_packed(t, TABLE_ADDR + 5, 16, 0, INDIRECT);

	assert_true(pop(t));
	assert_piece(&t->elem.out_sg[0], host(t, BUF, 0), 7);
}

static void a_list_can_be_put_back_over_the_end_of_the_ring(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 8, 0, NEXT);
	offer_packed(t, BUF_ADDR, 8, 6, 0);
	assert_true(pop(t));
	assert_int_equal(virtio_queue_get_last_avail_idx(&t->vq), 1);

	virtqueue_unpop(&t->vq, &t->elem);

	assert_int_equal(virtio_queue_get_last_avail_idx(&t->vq), 2 | 1 << 15);
	assert_true(pop(t));
	assert_int_equal(t->elem.index, 6);
	assert_int_equal(t->errors, 0);
}

/* ---- a driver that breaks the rules ---- */

static void D1_a_list_that_never_ends(void **state)
{
	struct device_test *t = *state;

	/* All three slots available and chained; beyond them is the first again. */
	start_packed(t, 3, 0, 2, true);
	for (int i = 0; i < 3; i++)
		offer_packed(t, BUF_ADDR, 8, 0, NEXT);
	assert_refused_because(t, "desc.flags", "longer than the ring");
}

static void D2_a_list_runs_into_buffers_in_flight(void **state)
{
	struct device_test *t = *state;

	/* 2/1 is in flight; 0/0 and 1/0 are chained, and on to 2/0, which is not the driver's. */
	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 8, 0, 0);
	assert_true(pop(t));
	for (int i = 0; i < 3; i++)
		offer_packed(t, BUF_ADDR, 8, 1, i < 2 ? NEXT : 0);
	assert_refused_because(t, "desc.flags", "longer than the ring");
}

static void D2_a_lap_is_in_flight_and_another_is_offered(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	for (int i = 0; i < 3; i++) {
		offer_packed(t, BUF_ADDR, 8, 1, 0);
		assert_true(pop(t));
	}
	offer_packed(t, BUF_ADDR, 8, 1, 0);
	assert_refused_because(t, "desc.flags", "more buffers");
}

static void packed_sg_06_a_list_that_is_not_all_available(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 8, 0, NEXT);
	assert_refused_because(t, "desc.flags", "not available");
}

static void packed_sg_08_a_list_has_more_pieces_than_the_device_allows(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	t->elem.capacity = 1;
	offer_packed(t, BUF_ADDR, 8, 0, NEXT);
	offer_packed(t, BUF_ADDR, 8, 0, WRITE);
	assert_refused_because(t, "desc.len", "more pieces");
}

static void D18_a_list_keeps_the_old_counter_past_the_end(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 8, 0, NEXT);
	write_packed(&t->ring[0], BUF_ADDR, 8, 0, offered(true));
	assert_refused_because(t, "desc.flags", "not available");
}

static void D3_an_endless_list_of_empty_descriptors(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	for (int i = 0; i < 3; i++)
		offer_packed(t, 0, 0, 0, NEXT);
	assert_refused_because(t, "desc.flags", "longer than the ring");
}

static void D5_a_packed_length_of_0xffffffff(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 0xffffffff, 0, WRITE);
	assert_refused(t, "desc.addr", HOLE_ADDR);
}

static void D7_packed_indirect_was_not_negotiated(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	offer_packed(t, TABLE_ADDR, 16, 0, INDIRECT);
	assert_refused_because(t, "desc.flags", "not negotiated");
}

static void D7_packed_indirect_and_next_together(void **state)
{
	struct device_test *t = *state;

	/* CVE-2026-16457: QEMU went round for ever here */
	start_packed(t, 3, INDIRECT_DESC, 2, true);
	offer_packed(t, TABLE_ADDR, 16, 0, INDIRECT | NEXT);
	offer_packed(t, BUF_ADDR, 16, 0, 0);
	assert_refused_because(t, "desc.flags", "INDIRECT and NEXT");
}

static void D7_packed_indirect_at_the_end_of_a_list(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, INDIRECT_DESC, 2, true);
	offer_packed(t, BUF_ADDR, 16, 0, NEXT);
	offer_packed(t, TABLE_ADDR, 16, 0, INDIRECT);
	assert_refused_because(t, "desc.flags", "INDIRECT within a list");
}

static void D7_packed_table_size_is_not_a_multiple_of_16(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 15, 17, 0xffffffff };
	struct device_test *t = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		start_packed(t, 3, INDIRECT_DESC, 2, true);
		t->errors = 0;
		offer_packed(t, TABLE_ADDR, sizes[i], 0, INDIRECT);
		assert_refused(t, "desc.len", sizes[i]);
	}
}

static void D7_packed_table_of_empty_entries_is_bounded(void **state)
{
	struct device_test *t = *state;

	/* D3: no piece comes of it, so only its length can end the walk. */
	start_packed(t, 3, INDIRECT_DESC, 2, true);
	offer_packed(t, TABLE_ADDR, (MAX_PIECES + 1) * 16, 0, INDIRECT);
	assert_refused_because(t, "desc.len", "longer than the device allows");
}

static void D7_packed_table_over_the_edge_of_its_region(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, INDIRECT_DESC, 2, true);
	offer_packed(t, TABLE_ADDR + PAGE - 16, 32, 0, INDIRECT);
	assert_refused(t, "desc.addr", TABLE_ADDR + PAGE - 16);
}

static void D8_packed_readable_after_writable(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	offer_packed(t, BUF_ADDR, 8, 0, NEXT | WRITE);
	offer_packed(t, BUF_ADDR, 8, 0, 0);
	assert_refused_because(t, "desc.flags", "readable descriptor after");
}

static void D11_packed_address_plus_length_wraps(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, 0, 2, true);
	offer_packed(t, 0ull - 8, 9, 0, WRITE);
	assert_refused(t, "desc.len", 9);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(a_fresh_packed_queue_starts_at_slot_0_with_counter_1),
		TEST_CASE(packed_layout_01_misaligned_parts_are_refused),
		TEST_CASE(a_start_outside_the_ring_is_refused),
		TEST_CASE(D18_AVAIL_and_USED_equal_is_not_available),
		TEST_CASE(packed_desc_02_the_other_lap_s_counter_is_not_available),
		TEST_CASE(packed_layout_02_buffers_are_taken_in_the_ring_s_order),
		TEST_CASE(packed_desc_01a_01b_nothing_in_a_buffer_is_touched),
		TEST_CASE(a_list_over_the_end_of_the_ring_is_popped),
		TEST_CASE(D18_a_list_that_fills_the_ring_flips_the_counter),
		TEST_CASE(D18_every_size_laps_correctly),
		TEST_CASE(packed_layout_03_used_descriptors_go_where_use_has_come_to),
		TEST_CASE(packed_desc_03_a_batch_shows_with_its_first_flags),
		TEST_CASE(the_used_descriptor_says_WRITE_if_its_length_counts),
		TEST_CASE(a_packed_table_is_walked_entry_by_entry),
		TEST_CASE(a_packed_table_may_be_longer_than_the_ring),
		TEST_CASE(a_packed_table_may_lie_at_any_address),
		TEST_CASE(a_list_can_be_put_back_over_the_end_of_the_ring),
		TEST_CASE(D1_a_list_that_never_ends),
		TEST_CASE(D2_a_list_runs_into_buffers_in_flight),
		TEST_CASE(D2_a_lap_is_in_flight_and_another_is_offered),
		TEST_CASE(packed_sg_06_a_list_that_is_not_all_available),
		TEST_CASE(packed_sg_08_a_list_has_more_pieces_than_the_device_allows),
		TEST_CASE(D18_a_list_keeps_the_old_counter_past_the_end),
		TEST_CASE(D3_an_endless_list_of_empty_descriptors),
		TEST_CASE(D5_a_packed_length_of_0xffffffff),
		TEST_CASE(D7_packed_indirect_was_not_negotiated),
		TEST_CASE(D7_packed_indirect_and_next_together),
		TEST_CASE(D7_packed_indirect_at_the_end_of_a_list),
		TEST_CASE(D7_packed_table_size_is_not_a_multiple_of_16),
		TEST_CASE(D7_packed_table_of_empty_entries_is_bounded),
		TEST_CASE(D7_packed_table_over_the_edge_of_its_region),
		TEST_CASE(D8_packed_readable_after_writable),
		TEST_CASE(D11_packed_address_plus_length_wraps),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
