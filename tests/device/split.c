/* SPDX-License-Identifier: MIT */
/* The device's half of a split ring (2.7), with a driver that keeps the rules. */
#include "device_test.h"

/* ---- starting ---- */

static void a_fresh_queue_is_empty_and_wants_kicks(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, 0);

	assert_true(virtio_queue_empty(&t->vq));
	assert_false(pop(t));
	assert_int_equal(le16_read(&t->vr.used->flags), 0);
	assert_int_equal(t->errors, 0);
}

static void split_layout_01_misaligned_parts_are_refused(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig good, bad;

	start_split(t, 8, 0, START);
	t->regions[DESC].size = t->regions[DRIVER].size = t->regions[DEVICE].size = PAGE;
	good = config_of(t, 8, 0);

	bad = good, bad.desc += 8;
	assert_false(virtio_queue_init(&t->vq, &bad));
	assert_string_equal(t->field, "queue_desc");
	bad = good, bad.driver += 1;
	assert_false(virtio_queue_init(&t->vq, &bad));
	assert_string_equal(t->field, "queue_driver");
	bad = good, bad.device += 2;
	assert_false(virtio_queue_init(&t->vq, &bad));
	assert_string_equal(t->field, "queue_device");
	assert_true(t->vq.broken);
	assert_false(pop(t));
}

static void D9_a_part_that_leaves_its_region_is_refused(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig config = config_of(t, 16, 0);

	start_split(t, 8, 0, START); /* memory for 8, then a driver that says 16 */

	assert_false(virtio_queue_init(&t->vq, &config));
	assert_int_equal(t->errors, 1);
	assert_string_equal(t->field, "queue_desc");
}

static void D20_sizes_that_are_no_queue_are_refused(void **state)
{
	static const uint32_t sizes[] = { 0, 3, 7, 9, 32767, 32769, 65536 };
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct VirtQueueConfig config = config_of(t, sizes[i], 0);

		assert_false(virtio_queue_init(&t->vq, &config));
		assert_string_equal(t->field, "queue_size");
		assert_int_equal(t->value, sizes[i]);
	}
}

/* ---- taking ---- */

static void a_buffer_of_one_descriptor_is_popped(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 3, BUF_ADDR + 64, 100, 0, 0);
	offer(t, 3);

	assert_true(pop(t));
	assert_int_equal(t->elem.index, 3);
	assert_int_equal(t->elem.out_num, 1);
	assert_int_equal(t->elem.in_num, 0);
	assert_int_equal(t->elem.out_len, 100);
	assert_piece(&t->elem.out_sg[0], host(t, BUF, 64), 100);
	assert_false(pop(t));
}

static void split_framing_01_any_arrangement_of_descriptors(void **state)
{
	struct device_test *t = *state;

	/* 5 -> 2 -> 7 -> 0: two to read, two to write, lengths as they come */
	start_split(t, 8, 0, START);
	set_desc(t, 5, BUF_ADDR, 1, NEXT, 2);
	set_desc(t, 2, BUF_ADDR + 1, 15, NEXT, 7);
	set_desc(t, 7, BUF_ADDR + 512, 511, NEXT | WRITE, 0);
	set_desc(t, 0, BUF_ADDR + 2000, 1, WRITE, 0);
	offer(t, 5);

	assert_true(pop(t));
	assert_int_equal(t->elem.index, 5);
	assert_int_equal(t->elem.out_num, 2);
	assert_int_equal(t->elem.in_num, 2);
	assert_piece(&t->elem.out_sg[0], host(t, BUF, 0), 1);
	assert_piece(&t->elem.out_sg[1], host(t, BUF, 1), 15);
	assert_piece(&t->elem.in_sg[0], host(t, BUF, 512), 511);
	assert_piece(&t->elem.in_sg[1], host(t, BUF, 2000), 1);
	assert_int_equal(t->elem.out_len, 16);
	assert_int_equal(t->elem.in_len, 512);
}

static void D20_a_chain_as_long_as_the_queue_is_taken(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	for (uint16_t i = 0; i < 8; i++)
		set_desc(t, i, BUF_ADDR + i, 1, i < 7 ? NEXT : 0, i + 1);
	offer(t, 0);

	assert_true(pop(t));
	assert_int_equal(t->elem.out_num, 8);
}

static void D9_a_buffer_over_two_regions_becomes_two_pieces(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, 0, START);
	set_desc(t, 0, NEIGHBOUR_ADDR - 24, 100, WRITE, 0);
	offer(t, 0);

	assert_true(pop(t));
	assert_int_equal(t->elem.in_num, 2);
	assert_int_equal(t->elem.in_len, 100);
	assert_piece(&t->elem.in_sg[0], host(t, BUF, PAGE - 24), 24);
	assert_piece(&t->elem.in_sg[1], host(t, NEIGHBOUR, 0), 76);
}

static void D3_a_descriptor_of_length_0_adds_no_piece(void **state)
{
	struct device_test *t = *state;

	/* Its address is in no region: nothing will be touched there. */
	start_split(t, 8, 0, START);
	set_desc(t, 0, HOLE_ADDR, 0, NEXT, 1);
	set_desc(t, 1, BUF_ADDR, 4, NEXT, 2);
	set_desc(t, 2, HOLE_ADDR, 0, NEXT | WRITE, 3);
	set_desc(t, 3, BUF_ADDR, 8, NEXT | WRITE, 4);
	set_desc(t, 4, HOLE_ADDR, 0, WRITE, 0);
	offer(t, 0);

	assert_true(pop(t));
	assert_int_equal(t->elem.out_num, 1);
	assert_int_equal(t->elem.in_num, 1);
	assert_piece(&t->elem.out_sg[0], host(t, BUF, 0), 4);
	assert_piece(&t->elem.in_sg[0], host(t, BUF, 0), 8);
}

static void split_indirect_06_write_on_the_referring_descriptor_is_ignored(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 6, TABLE_ADDR, 32, INDIRECT | WRITE, 0);
	set_table(t, 0, BUF_ADDR, 16, NEXT, 1);
	set_table(t, 1, BUF_ADDR + 16, 8, WRITE, 0);
	offer(t, 6);

	assert_true(pop(t));
	assert_int_equal(t->elem.index, 6);
	assert_int_equal(t->elem.out_num, 1);
	assert_int_equal(t->elem.in_num, 1);
	assert_int_equal(t->elem.out_len, 16);
	assert_int_equal(t->elem.in_len, 8);
}

static void split_indirect_07_direct_descriptors_then_a_table(void **state)
{
	struct device_test *t = *state;

	start_split(t, 8, INDIRECT_DESC, START);
	set_desc(t, 1, BUF_ADDR, 16, NEXT, 4);
	set_desc(t, 4, TABLE_ADDR, 48, INDIRECT, 0);
	/* Linked by next within the table, not by place: 0 -> 2 -> 1. */
	set_table(t, 0, BUF_ADDR + 16, 1, NEXT, 2);
	set_table(t, 2, BUF_ADDR + 32, 2, NEXT | WRITE, 1);
	set_table(t, 1, BUF_ADDR + 48, 3, WRITE, 0);
	offer(t, 1);

	assert_true(pop(t));
	assert_int_equal(t->elem.index, 1);
	assert_int_equal(t->elem.out_num, 2);
	assert_int_equal(t->elem.in_num, 2);
	assert_piece(&t->elem.in_sg[0], host(t, BUF, 32), 2);
	assert_piece(&t->elem.in_sg[1], host(t, BUF, 48), 3);
}

static void split_desc_01a_01b_nothing_in_a_buffer_is_touched(void **state)
{
	struct device_test *t = *state;
	bool popped;

	/* No memory is there at all: one byte read or written would be the last. */
	start_split(t, 8, 0, START);
	free(t->regions[BUF].host);
	t->regions[BUF].host = (void *)16;
	set_desc(t, 0, BUF_ADDR, 16, NEXT, 1);
	set_desc(t, 1, BUF_ADDR + 16, 8, WRITE, 0);
	offer(t, 0);

	popped = pop(t);
	virtqueue_push(&t->vq, &t->elem, 8);
	virtio_should_notify(&t->vq);
	t->regions[BUF].host = NULL;

	/* The device's user is told which is to be read and which to be written. */
	assert_true(popped);
	assert_piece(&t->elem.out_sg[0], (void *)16, 16);
	assert_piece(&t->elem.in_sg[0], (void *)32, 8);
	assert_int_equal(used_idx(t), START + 1);
}

static void an_indirect_table_may_lie_at_any_address(void **state)
{
	struct device_test *t = *state;
	struct vring_desc entry;

	start_split(t, 8, INDIRECT_DESC, START);
	write_desc(&entry, BUF_ADDR + 1, 77, WRITE, 0);
	memcpy(host(t, TABLE, 3), &entry, sizeof(entry));
	set_desc(t, 0, TABLE_ADDR + 3, 16, INDIRECT, 0);
	offer(t, 0);

	assert_true(pop(t));
	assert_piece(&t->elem.in_sg[0], host(t, BUF, 1), 77);
}

static void split_avail_01_the_index_runs_freely_past_65535(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	for (unsigned int i = 0; i < 40; i++) {
		set_desc(t, i % 4, BUF_ADDR, i + 1, WRITE, 0);
		offer(t, i % 4);
		assert_true(pop(t));
		assert_int_equal(t->elem.in_len, i + 1);
		virtqueue_push(&t->vq, &t->elem, i);
		assert_int_equal(used_id(t, (uint16_t)(START + i)), i % 4);
		assert_int_equal(used_len(t, (uint16_t)(START + i)), i);
	}
	assert_int_equal(used_idx(t), (uint16_t)(START + 40));
	assert_int_equal(virtio_queue_get_last_avail_idx(&t->vq), (uint16_t)(START + 40));
	assert_int_equal(t->errors, 0);
}

static void D20_a_full_ring_of_any_size_is_taken_whole(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 8, 256, 32768 };
	struct device_test *t = *state;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		start_split(t, sizes[s], 0, START);
		for (uint32_t i = 0; i < sizes[s]; i++) {
			set_desc(t, i, BUF_ADDR, 1, 0, 0);
			offer(t, (uint16_t)i);
		}
		for (uint32_t i = 0; i < sizes[s]; i++) {
			assert_true(pop(t));
			assert_int_equal(t->elem.index, i);
			virtqueue_fill(&t->vq, &t->elem, 0);
		}
		assert_false(pop(t));
		virtqueue_flush(&t->vq);
		for (uint32_t i = 0; i < sizes[s]; i++)
			assert_int_equal(used_id(t, (uint16_t)(START + i)), i);
		assert_int_equal(used_idx(t), (uint16_t)(START + sizes[s]));
	}
	assert_int_equal(t->errors, 0);
}

static void the_last_buffer_popped_can_be_put_back(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement first;

	start_split(t, 4, 0, 0xffff);
	for (uint16_t i = 0; i < 2; i++) {
		set_desc(t, i, BUF_ADDR, 1, 0, 0);
		offer(t, i);
	}
	assert_true(pop(t));
	first = t->elem;
	assert_true(pop(t));

	virtqueue_unpop(&t->vq, &t->elem);
	virtqueue_unpop(&t->vq, &first);

	assert_true(pop(t));
	assert_int_equal(t->elem.index, 0);
	assert_true(pop(t));
	assert_int_equal(t->elem.index, 1);
	assert_false(pop(t));
	assert_int_equal(t->errors, 0);
}

static void an_older_buffer_cannot_be_put_back(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement first;

	start_split(t, 4, 0, START);
	for (uint16_t i = 0; i < 2; i++) {
		set_desc(t, i, BUF_ADDR, 1, 0, 0);
		offer(t, i);
	}
	assert_true(pop(t));
	first = t->elem;
	assert_true(pop(t));

	virtqueue_unpop(&t->vq, &first);

	assert_true(t->vq.broken);
	assert_string_equal(t->field, "unpop");
}

/* ---- handing back ---- */

static void split_used_01_nothing_shows_before_flush(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, 0xffff);
	for (uint16_t i = 0; i < 3; i++) {
		set_desc(t, i, BUF_ADDR, 32, WRITE, 0);
		offer(t, i);
		assert_true(pop(t));
		virtqueue_fill(&t->vq, &t->elem, 10u + i);
	}
	assert_int_equal(used_idx(t), 0xffff);

	virtqueue_flush(&t->vq);

	assert_int_equal(used_idx(t), 2);
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(used_id(t, (uint16_t)(0xffff + i)), i);
		assert_int_equal(used_len(t, (uint16_t)(0xffff + i)), 10 + i);
	}
}

static void buffers_are_used_in_any_order(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement first;

	start_split(t, 4, 0, START);
	set_desc(t, 0, BUF_ADDR, 8, WRITE, 0);
	set_desc(t, 1, BUF_ADDR, 8, WRITE, 0);
	offer(t, 0);
	offer(t, 1);
	assert_true(pop(t));
	first = t->elem;
	assert_true(pop(t));

	virtqueue_push(&t->vq, &t->elem, 1);
	virtqueue_push(&t->vq, &first, 2);

	assert_int_equal(used_id(t, START), 1);
	assert_int_equal(used_id(t, START + 1), 0);
	assert_int_equal(used_len(t, START + 1), 2);
}

static void split_used_02_no_more_than_the_writable_part_is_reported(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	set_desc(t, 0, BUF_ADDR, 64, NEXT, 1);
	set_desc(t, 1, BUF_ADDR, 8, WRITE, 0);
	offer(t, 0);
	assert_true(pop(t));

	virtqueue_push(&t->vq, &t->elem, 9);

	assert_true(t->vq.broken);
	assert_string_equal(t->field, "used.len");
	assert_int_equal(used_idx(t), START);
}

static void split_used_03_more_is_written_than_reported(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	set_desc(t, 0, BUF_ADDR, 64, WRITE, 0);
	offer(t, 0);
	assert_true(pop(t));
	memset(t->elem.in_sg[0].base, 0xee, 64);

	virtqueue_push(&t->vq, &t->elem, 8);

	assert_int_equal(used_len(t, START), 8);
	assert_int_equal(t->errors, 0);
}

static void a_buffer_used_twice_breaks_the_queue(void **state)
{
	struct device_test *t = *state;

	start_split(t, 4, 0, START);
	set_desc(t, 0, BUF_ADDR, 8, WRITE, 0);
	offer(t, 0);
	assert_true(pop(t));

	virtqueue_push(&t->vq, &t->elem, 8);
	virtqueue_push(&t->vq, &t->elem, 8);

	assert_string_equal(t->field, "used.id");
	assert_int_equal(used_idx(t), START + 1);
}

static void split_desc_02_the_driver_s_areas_are_never_written(void **state)
{
	struct device_test *t = *state;
	uint8_t desc[8 * 16], avail[6 + 2 * 8];

	start_split(t, 8, EVENT_IDX | INDIRECT_DESC, START);
	set_desc(t, 0, TABLE_ADDR, 16, INDIRECT, 0);
	set_table(t, 0, BUF_ADDR, 64, WRITE, 0);
	offer(t, 0);
	memcpy(desc, t->vr.desc, sizeof(desc));
	memcpy(avail, t->vr.avail, sizeof(avail));

	virtio_queue_set_notification(&t->vq, false);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 64);
	virtio_should_notify(&t->vq);
	virtio_queue_set_notification(&t->vq, true);
	assert_false(pop(t));

	assert_memory_equal(desc, t->vr.desc, sizeof(desc));
	assert_memory_equal(avail, t->vr.avail, sizeof(avail));
}

static void vqreset_01_a_broken_queue_shows_nothing_more(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement good;

	start_split(t, 4, 0, START);
	memset(t->vr.used->ring, 0xee, 4 * sizeof(struct vring_used_elem));
	set_desc(t, 0, BUF_ADDR, 8, WRITE, 0);
	set_desc(t, 1, BUF_ADDR, 8, WRITE, 0);
	offer(t, 0);
	offer(t, 1);
	assert_true(pop(t));
	virtqueue_fill(&t->vq, &t->elem, 8);
	assert_true(pop(t));
	good = t->elem;
	offer(t, 99);
	assert_refused(t, "avail.ring", 99);

	virtqueue_push(&t->vq, &good, 8);

	assert_int_equal(used_idx(t), START);
	assert_int_equal(used_id(t, START + 1), 0xeeeeeeee);
	assert_false(virtio_should_notify(&t->vq));
}

static void vqreset_02_initialised_anew_it_starts_from_the_default(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig config;

	start_split(t, 4, 0, START);
	offer(t, 99);
	assert_refused(t, "avail.ring", 99);
	config = config_of(t, 4, 0);
	le16_write(&t->vr.avail->idx, 0);

	assert_true(virtio_queue_init(&t->vq, &config));

	assert_int_equal(virtio_queue_get_last_avail_idx(&t->vq), 0);
	assert_int_equal(used_idx(t), 0);
	assert_true(virtio_queue_empty(&t->vq));
	assert_false(t->vq.broken);
}

static void vqreset_01_nothing_from_before_the_reset_is_shown(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig config;
	struct VirtQueueElement old;

	/* Of three buffers one is used and not yet told of, one filled, one in flight. */
	start_split(t, 4, 0, START);
	for (uint16_t i = 0; i < 3; i++) {
		set_desc(t, i, BUF_ADDR, 8, WRITE, 0);
		offer(t, i);
		assert_true(pop(t));
		old = t->elem;
		if (i < 2)
			virtqueue_fill(&t->vq, &t->elem, 8);
		if (i < 1)
			virtqueue_flush(&t->vq);
	}
	config = config_of(t, 4, 0);
	le16_write(&t->vr.avail->idx, 0);
	memset(t->vr.used->ring, 0xee, 4 * sizeof(struct vring_used_elem));

	assert_true(virtio_queue_init(&t->vq, &config));
	virtqueue_flush(&t->vq);
	assert_false(virtio_should_notify(&t->vq));
	virtqueue_push(&t->vq, &old, 8);

	assert_int_equal(used_idx(t), 0);
	assert_int_equal(used_id(t, 0), 0xeeeeeeee);
	assert_false(virtio_should_notify(&t->vq));
	assert_string_equal(t->field, "used.id"); /* a slip of the device's, and stopped */
}

static void vqenable_01_another_size_place_and_layout(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig config;

	start_split(t, 8, EVENT_IDX, START);
	set_desc(t, 0, BUF_ADDR, 8, WRITE, 0);
	offer(t, 0);
	assert_true(pop(t));

	/* Three slots, packed, in other memory, where interrupts are declined. */
	config = config_of(t, 3, PACKED);
	config.desc = NEIGHBOUR_ADDR;
	config.driver = NEIGHBOUR_ADDR + 1024;
	config.device = NEIGHBOUR_ADDR + 2048;
	t->ring = host(t, NEIGHBOUR, 0);
	t->driver_event = host(t, NEIGHBOUR, 1024);
	t->device_event = host(t, NEIGHBOUR, 2048);
	t->slot = 0;
	t->wrap = true;
	memset(host(t, DRIVER, 0), 0, vring_avail_bytes(8)); /* the old place says: enabled */
	le16_write(&t->driver_event->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
	le16_write(&t->device_event->flags, 0xeeee);
	assert_true(virtio_queue_init(&t->vq, &config));
	assert_int_equal(le16_read(&t->device_event->flags), VRING_PACKED_EVENT_FLAG_ENABLE);

	for (uint16_t i = 0; i < 4; i++) {
		unsigned int slot = t->slot;
		bool wrap = t->wrap;

		offer_packed(t, BUF_ADDR, 8, i, WRITE);
		assert_true(pop(t));
		assert_int_equal(t->elem.index, i);
		virtqueue_push(&t->vq, &t->elem, 8);
		assert_true(is_used(t, slot, wrap));
		assert_false(virtio_should_notify(&t->vq));
	}
	assert_int_equal(virtio_queue_get_last_avail_idx(&t->vq), 1);
	assert_int_equal(used_idx(t), START); /* the old one is left alone */
	assert_int_equal(t->errors, 0);
}

/* ---- legacy ---- */

static void split_legacylayout_02_a_queue_in_one_block(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueConfig config = config_of(t, 8, 0);
	char *block;

	/* 2.7.2: descriptors, available ring, padding to a page, used ring. */
	start_split(t, 8, 0, 0);
	forget_ring(t);
	add_region(t, DESC, DESC_ADDR, vring_size(8, PAGE));
	block = t->regions[DESC].host;
	vring_init(&t->vr, 8, block, PAGE);
	config.features = 0; /* no VERSION_1 */
	config.driver = DESC_ADDR + (uint64_t)((char *)t->vr.avail - block);
	config.device = DESC_ADDR + (uint64_t)((char *)t->vr.used - block);
	assert_true(virtio_queue_init(&t->vq, &config));

	set_desc(t, 6, BUF_ADDR, 8, WRITE, 0);
	offer(t, 6);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 5);

	assert_int_equal(used_id(t, 0), 6);
	assert_int_equal(used_len(t, 0), 5);
	assert_ptr_equal(t->vr.used, block + PAGE);
	assert_int_equal(used_idx(t), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(a_fresh_queue_is_empty_and_wants_kicks),
		TEST_CASE(split_layout_01_misaligned_parts_are_refused),
		TEST_CASE(D9_a_part_that_leaves_its_region_is_refused),
		TEST_CASE(D20_sizes_that_are_no_queue_are_refused),
		TEST_CASE(a_buffer_of_one_descriptor_is_popped),
		TEST_CASE(split_framing_01_any_arrangement_of_descriptors),
		TEST_CASE(D20_a_chain_as_long_as_the_queue_is_taken),
		TEST_CASE(D9_a_buffer_over_two_regions_becomes_two_pieces),
		TEST_CASE(D3_a_descriptor_of_length_0_adds_no_piece),
		TEST_CASE(split_indirect_06_write_on_the_referring_descriptor_is_ignored),
		TEST_CASE(split_indirect_07_direct_descriptors_then_a_table),
		TEST_CASE(split_desc_01a_01b_nothing_in_a_buffer_is_touched),
		TEST_CASE(an_indirect_table_may_lie_at_any_address),
		TEST_CASE(split_avail_01_the_index_runs_freely_past_65535),
		TEST_CASE(D20_a_full_ring_of_any_size_is_taken_whole),
		TEST_CASE(the_last_buffer_popped_can_be_put_back),
		TEST_CASE(an_older_buffer_cannot_be_put_back),
		TEST_CASE(split_used_01_nothing_shows_before_flush),
		TEST_CASE(buffers_are_used_in_any_order),
		TEST_CASE(split_used_02_no_more_than_the_writable_part_is_reported),
		TEST_CASE(split_used_03_more_is_written_than_reported),
		TEST_CASE(a_buffer_used_twice_breaks_the_queue),
		TEST_CASE(split_desc_02_the_driver_s_areas_are_never_written),
		TEST_CASE(vqreset_01_a_broken_queue_shows_nothing_more),
		TEST_CASE(vqreset_02_initialised_anew_it_starts_from_the_default),
		TEST_CASE(vqreset_01_nothing_from_before_the_reset_is_shown),
		TEST_CASE(vqenable_01_another_size_place_and_layout),
		TEST_CASE(split_legacylayout_02_a_queue_in_one_block),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
