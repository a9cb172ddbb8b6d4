/* SPDX-License-Identifier: MIT */
/* VIRTIO_F_IN_ORDER (2.7.9, 2.8.8): one used entry stands for a run of buffers. */
#include "device_test.h"

/* Offers @n buffers of 8 writable bytes with ids (heads) 0, 1, ... and pops them. */
static void pop_split(struct device_test *t, struct VirtQueueElement *elem, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		set_desc(t, i, BUF_ADDR, 8, WRITE, 0);
		offer(t, i);
		assert_true(pop(t));
		elem[i] = t->elem;
	}
}

static void one_entry_stands_for_a_whole_split_batch(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement elem[4];

	start_split(t, 4, IN_ORDER, 0xfffe);
	memset(t->vr.used->ring, 0xee, 4 * sizeof(struct vring_used_elem));
	pop_split(t, elem, 4);

	for (int i = 0; i < 4; i++)
		virtqueue_fill(&t->vq, &elem[i], 8);
	virtqueue_flush(&t->vq);

	/* In the place of the first, with the id of the last; idx counts all of them. */
	assert_int_equal(used_id(t, 0xfffe), 3);
	assert_int_equal(used_len(t, 0xfffe), 8);
	assert_int_equal(used_idx(t), 2);
	for (uint16_t idx = 0xffff; idx != 2; idx++)
		assert_int_equal(used_id(t, idx), 0xeeeeeeee);
}

static void a_split_buffer_not_filled_to_its_end_has_its_own_entry(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement elem[4];

	/* A driver takes a skipped buffer for full, so number 1 cannot be skipped. */
	start_split(t, 4, IN_ORDER, 0xfffe);
	pop_split(t, elem, 4);

	virtqueue_fill(&t->vq, &elem[0], 8);
	virtqueue_fill(&t->vq, &elem[1], 5);
	virtqueue_fill(&t->vq, &elem[2], 8);
	virtqueue_fill(&t->vq, &elem[3], 0);
	virtqueue_flush(&t->vq);

	assert_int_equal(used_id(t, 0xfffe), 1);
	assert_int_equal(used_len(t, 0xfffe), 5);
	assert_int_equal(used_id(t, 0), 3);
	assert_int_equal(used_len(t, 0), 0);
	assert_int_equal(used_idx(t), 2);
}

static void the_next_split_batch_starts_behind_the_skipped(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement elem[4];

	start_split(t, 8, IN_ORDER, 0xfffe);
	pop_split(t, elem, 3);
	for (int i = 0; i < 3; i++)
		virtqueue_fill(&t->vq, &elem[i], 8);
	virtqueue_flush(&t->vq);

	set_desc(t, 3, BUF_ADDR, 8, WRITE, 0);
	offer(t, 3);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 8);

	assert_int_equal(used_id(t, 1), 3);
	assert_int_equal(used_idx(t), 2);
}

static void a_split_buffer_out_of_order_is_stopped(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement elem[2];

	start_split(t, 4, IN_ORDER, START);
	pop_split(t, elem, 2);

	virtqueue_push(&t->vq, &elem[1], 8);

	assert_true(t->vq.broken);
	assert_string_equal(t->field, "used.id");
	assert_int_equal(used_idx(t), START);
}

static void one_descriptor_stands_for_a_whole_packed_batch(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement elem[2];

	/* A: 2/1 and 0/0, B: 1/0. One used descriptor at 2/1 with B's id; then on from 2/0. */
	start_packed(t, 3, IN_ORDER, 2, true);
	offer_packed(t, BUF_ADDR, 8, 0, NEXT);
	offer_packed(t, BUF_ADDR, 8, 10, WRITE);
	offer_packed(t, BUF_ADDR, 8, 11, WRITE);
	for (int i = 0; i < 2; i++) {
		assert_true(pop(t));
		elem[i] = t->elem;
	}

	virtqueue_fill(&t->vq, &elem[0], 8);
	virtqueue_fill(&t->vq, &elem[1], 8);
	assert_false(is_used(t, 2, true));
	virtqueue_flush(&t->vq);

	assert_true(is_used(t, 2, true));
	assert_int_equal(le16_read(&t->ring[2].id), 11);
	assert_int_equal(le32_read(&t->ring[2].len), 8);
	assert_false(is_used(t, 0, false));
	assert_false(is_used(t, 1, false));

	offer_packed(t, BUF_ADDR, 8, 12, WRITE);
	assert_true(pop(t));
	virtqueue_push(&t->vq, &t->elem, 8);
	assert_true(is_used(t, 2, false));
	assert_int_equal(le16_read(&t->ring[2].id), 12);
}

static void packed_desc_03_a_run_s_flags_are_written_when_it_has_ended(void **state)
{
	struct device_test *t = *state;
	struct VirtQueueElement elem[4];

	/* 4/1 is short and stands alone; 0/0 stands for 0/0 and 1/0; 2/0 is short again. */
	start_packed(t, 5, IN_ORDER, 4, true);
	for (uint16_t i = 0; i < 4; i++) {
		offer_packed(t, BUF_ADDR, 8, i, WRITE);
		assert_true(pop(t));
		elem[i] = t->elem;
	}

	virtqueue_fill(&t->vq, &elem[0], 3);
	virtqueue_fill(&t->vq, &elem[1], 8);
	assert_false(is_used(t, 0, false)); /* its id and len may still change */
	virtqueue_fill(&t->vq, &elem[2], 7);
	assert_true(is_used(t, 0, false));
	virtqueue_fill(&t->vq, &elem[3], 8);
	assert_false(is_used(t, 4, true)); /* the first is what holds the driver back */
	virtqueue_flush(&t->vq);

	assert_true(is_used(t, 4, true));
	assert_int_equal(le16_read(&t->ring[4].id), 0);
	assert_int_equal(le32_read(&t->ring[4].len), 3);
	assert_int_equal(le16_read(&t->ring[0].id), 2);
	assert_int_equal(le32_read(&t->ring[0].len), 7);
	assert_false(is_used(t, 1, false));
	assert_true(is_used(t, 2, false));
	assert_int_equal(le16_read(&t->ring[2].id), 3);
}

static void a_packed_buffer_out_of_order_is_stopped(void **state)
{
	struct device_test *t = *state;

	start_packed(t, 3, IN_ORDER, 2, true);
	offer_packed(t, BUF_ADDR, 8, 1, 0);
	offer_packed(t, BUF_ADDR, 8, 2, 0);
	assert_true(pop(t));
	assert_true(pop(t));

	virtqueue_push(&t->vq, &t->elem, 0);

	assert_true(t->vq.broken);
	assert_string_equal(t->field, "used.id");
	assert_false(is_used(t, 2, true));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(one_entry_stands_for_a_whole_split_batch),
		TEST_CASE(a_split_buffer_not_filled_to_its_end_has_its_own_entry),
		TEST_CASE(the_next_split_batch_starts_behind_the_skipped),
		TEST_CASE(a_split_buffer_out_of_order_is_stopped),
		TEST_CASE(one_descriptor_stands_for_a_whole_packed_batch),
		TEST_CASE(packed_desc_03_a_run_s_flags_are_written_when_it_has_ended),
		TEST_CASE(a_packed_buffer_out_of_order_is_stopped),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
