// SPDX-License-Identifier: MIT
/* The packed layout (2.8): direct lists, wrap counters, kicks, interrupts. */
#include "tests/support/ring.h"

#define WRAP 0x8000

static uint16_t slot_of(uint16_t position)
{
	return position & 0x7fff;
}

/* Where the next buffer will go, as the doorbell would say. */
static uint16_t next_avail(const struct ring *r)
{
	return vring_notification_data(r->vq) >> 16;
}

static bool is_available(uint16_t flags, uint16_t position)
{
	return (flags & (AVAIL | USED)) == (position & WRAP ? AVAIL : USED);
}

/* ---- what add writes ---- */

static void packed_2_8_13_nothing_is_available_or_used_at_the_start(void **state)
{
	for (uint16_t first = 0; first < 12; first++) {
		struct ring *r = ring_new_at(state, 3, PACKED, first);
		uint16_t position = next_avail(r);

		assert_int_equal(position, first % 3 | (first / 3 % 2 ? 0 : WRAP));
		for (int i = 0; i < 3; i++) {
			uint16_t flags = packed_flags(r, slot_of(position));

			assert_false(is_available(flags, position));
			assert_false((flags & (AVAIL | USED)) ==
				     (position & WRAP ? AVAIL | USED : 0));
			position = slot_of(position) < 2 ? position + 1 : ~position & WRAP;
		}
		assert_int_equal(ring_get(r, NULL), 0);
		ring_free(state);
	}
}

static void packed_2_8_1_avail_and_used_follow_the_wrap_counter(void **state)
{
	struct ring *r = ring_new_at(state, 3, PACKED, 0);

	/* Laps: wrap 1, wrap 0, wrap 1. */
	for (int i = 0; i < 9; i++) {
		bool wrap = i / 3 % 2 == 0;

		assert_int_equal(next_avail(r), i % 3 | (wrap ? WRAP : 0));
		assert_int_equal(ring_add(r, 1, 0, token(1)), 0);
		assert_int_equal(packed_flags(r, i % 3), wrap ? AVAIL : USED);
		ring_use(r, packed_id(r, i % 3), 0, 1);
		assert_int_equal(ring_get(r, NULL), 1);
	}
}

static void packed_sg_03_06_a_list_over_the_end_of_the_ring(void **state)
{
	/* From slot 2 of 4: slots 2 and 3 with wrap 1, slots 0 and 1 with wrap 0. */
	struct ring *r = ring_new_at(state, 4, PACKED, 2);
	uint16_t id;

	assert_int_equal(ring_add(r, 2, 2, token(1)), 0);

	assert_int_equal(packed_flags(r, 2), AVAIL | NEXT);
	assert_int_equal(packed_flags(r, 3), AVAIL | NEXT);
	assert_int_equal(packed_flags(r, 0), USED | NEXT | WRITE);
	assert_int_equal(packed_flags(r, 1), USED | WRITE);
	id = packed_id(r, 1);
	assert_in_range(id, 0, 3);
	for (int i = 0; i < 4; i++)
		assert_int_equal(le64_read(&r->packed[(i + 2) % 4].addr), 0x1000 * (i + 1));
	assert_int_equal(next_avail(r), 2);
	assert_int_equal(r->vq->num_free, 0);
}

static void packed_sg_02_05_no_list_longer_than_the_ring_or_its_room(void **state)
{
	struct ring *r = ring_new(state, 3, PACKED);

	assert_int_equal(ring_add(r, 2, 2, token(1)), -EINVAL);
	assert_int_equal(ring_add(r, 1, 1, token(1)), 0);
	assert_int_equal(ring_add(r, 1, 1, token(2)), -ENOSPC);
	assert_int_equal(r->vq->num_free, 1);
	assert_int_equal(ring_add(r, 1, 0, token(2)), 0);
}

static void G9_a_list_that_fills_the_ring_flips_the_wrap_counter(void **state)
{
	for (unsigned int num = 1; num <= 5; num++) {
		for (unsigned int first = 0; first < 2 * num; first++) {
			struct ring *r = ring_new_at(state, num, PACKED | EVENT_IDX, first);
			uint16_t before = next_avail(r);

			for (int lap = 0; lap < 3; lap++) {
				uint16_t last = (slot_of(before) + num - 1) % num;

				assert_int_equal(ring_add(r, 1, num - 1, token(1)), 0);
				before ^= WRAP;
				assert_int_equal(next_avail(r), before);
				assert_int_equal(ring_get(r, NULL), 0);
				ring_use(r, packed_id(r, last), 0, num);
				assert_int_equal(ring_get(r, NULL), 1);
				assert_int_equal(ring_get(r, NULL), 0);
			}
			ring_free(state);
		}
	}
}

static void a_full_ring_of_one_three_and_of_32768(void **state)
{
	static const unsigned int sizes[] = { 1, 2, 3, 256, 32768 };

	for (unsigned int s = 0; s < 5; s++) {
		struct ring *r = ring_new(state, sizes[s], PACKED | EVENT_IDX);
		uint16_t *ids = malloc(sizes[s] * sizeof(*ids));

		for (int lap = 0; lap < 5; lap++) {
			for (unsigned int i = 0; i < sizes[s]; i++) {
				uint16_t slot = slot_of(next_avail(r));

				assert_int_equal(ring_add(r, 1, 0, token(i + 1)), 0);
				ids[i] = packed_id(r, slot);
			}
			assert_int_equal(ring_add(r, 1, 0, token(1)), -ENOSPC);
			for (unsigned int i = 0; i < sizes[s]; i++)
				ring_use(r, ids[i], 0, 1);
			for (unsigned int i = 0; i < sizes[s]; i++)
				assert_int_equal(ring_get(r, NULL), i + 1);
			assert_int_equal(ring_get(r, NULL), 0);
		}
		free(ids);
		ring_free(state);
	}
}

/* ---- what get_buf gives ---- */

static void packed_2_8_6_G10_used_in_another_order_than_offered(void **state)
{
	struct ring *r = ring_new_at(state, 5, PACKED, 3);
	unsigned int len;
	uint16_t a, b;

	/* a in slots 3, 4, 0; b in slots 1, 2. b is used first: at slot 3, then a at slot 0. */
	ring_add(r, 1, 2, token(0xa));
	ring_add(r, 1, 1, token(0xb));
	a = packed_id(r, 0);
	b = packed_id(r, 2);
	assert_int_not_equal(a, b);

	ring_use(r, b, 7, 2);
	assert_int_equal(ring_get(r, &len), 0xb);
	assert_int_equal(len, 7);
	assert_int_equal(ring_get(r, &len), 0);
	ring_use(r, a, 32, 3);
	assert_int_equal(ring_get(r, &len), 0xa);
	assert_int_equal(len, 32);
	assert_int_equal(r->vq->num_free, 5);
}

static void packed_2_8_4_len_means_nothing_where_nothing_was_writable(void **state)
{
	struct ring *r = ring_new(state, 4, PACKED);
	uint16_t slot = slot_of(next_avail(r));
	unsigned int len = 1;

	ring_add(r, 1, 0, token(1));
	ring_use(r, packed_id(r, slot), 0, 1);
	le32_write(&r->packed[slot].len, 12345); /* reserved: no WRITE among the flags */
	assert_int_equal(ring_get(r, &len), 1);
	assert_int_equal(len, 0);
}

static void G9_half_of_the_two_bits_is_not_used_yet(void **state)
{
	struct ring *r = ring_new_at(state, 4, PACKED, 0);

	ring_add(r, 1, 0, token(1));
	assert_int_equal(packed_flags(r, 0), AVAIL);
	assert_int_equal(ring_get(r, NULL), 0);
	le16_write(&r->packed[0].flags, USED);
	assert_int_equal(ring_get(r, NULL), 0);
	le16_write(&r->packed[0].flags, 0);
	assert_int_equal(ring_get(r, NULL), 0);
	le16_write(&r->packed[0].flags, AVAIL | USED);
	assert_int_equal(ring_get(r, NULL), 1);
}

/* ---- kicks ---- */

static void packed_2_8_10_enable_and_disable(void **state)
{
	static const uint64_t features[] = { 0, EVENT_IDX };

	for (int i = 0; i < 2; i++) {
		struct ring *r = ring_new(state, 4, PACKED | features[i]);

		ring_add(r, 1, 0, token(1));
		assert_true(virtqueue_kick_prepare(r->vq));
		le16_write(&r->device_event->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
		ring_add(r, 1, 0, token(1));
		assert_false(virtqueue_kick_prepare(r->vq));
		ring_free(state);
	}
}

static void packed_2_8_10_desc_without_event_idx_is_better_kicked(void **state)
{
	struct ring *r = ring_new_at(state, 4, PACKED, 0);

	le16_write(&r->device_event->off_wrap, 3 | WRAP);
	le16_write(&r->device_event->flags, VRING_PACKED_EVENT_FLAG_DESC);
	ring_add(r, 1, 0, token(1));
	assert_true(virtqueue_kick_prepare(r->vq));
}

static void packed_2_8_10_G6_G7_kick_iff_the_slot_asked_for_is_in_the_batch(void **state)
{
	/* From slot 5 of 7 with wrap w, three slots are filled: 5, 6 and, with !w, 0. */
	static const struct {
		uint16_t slot;
		bool next_lap;
		bool kick;
	} cases[] = {
		{ 4, false, false }, { 5, false, true }, { 6, false, true },
		{ 0, true, true },   { 1, true, false }, { 0, false, false },
	};

	for (int w = 0; w < 2; w++) {
		for (unsigned int i = 0; i < 6; i++) {
			struct ring *r = ring_new_at(state, 7, PACKED | EVENT_IDX, 5 + 7 * w);
			bool wrap = cases[i].next_lap ? w : !w;

			le16_write(&r->device_event->off_wrap, cases[i].slot | (wrap ? WRAP : 0));
			le16_write(&r->device_event->flags, VRING_PACKED_EVENT_FLAG_DESC);
			ring_add(r, 1, 1, token(1));
			ring_add(r, 1, 0, token(2));
			assert_int_equal(virtqueue_kick_prepare(r->vq), cases[i].kick);
			assert_false(virtqueue_kick_prepare(r->vq));
			ring_free(state);
		}
	}
}

static void packed_desc_06_notification_data_is_the_next_slot_and_wrap(void **state)
{
	struct ring *r = ring_new_at(state, 3, PACKED, 2);

	assert_int_equal(vring_notification_data(r->vq), (2u | WRAP) << 16 | 3);
	ring_add(r, 1, 1, token(1));
	assert_int_equal(vring_notification_data(r->vq), 1u << 16 | 3);
}

/* ---- interrupts ---- */

static void packed_2_8_10_interrupts_are_switched_by_flags_without_event_idx(void **state)
{
	struct ring *r = ring_new(state, 4, PACKED);

	assert_int_equal(le16_read(&r->driver_event->flags), VRING_PACKED_EVENT_FLAG_ENABLE);
	virtqueue_disable_cb(r->vq);
	assert_int_equal(le16_read(&r->driver_event->flags), VRING_PACKED_EVENT_FLAG_DISABLE);
	assert_true(virtqueue_enable_cb(r->vq));
	assert_int_equal(le16_read(&r->driver_event->flags), VRING_PACKED_EVENT_FLAG_ENABLE);
}

static void packed_2_8_10_the_event_follows_get_buf(void **state)
{
	struct ring *r = ring_new_at(state, 5, PACKED | EVENT_IDX, 3);
	le16 *off_wrap = &r->driver_event->off_wrap;

	assert_int_equal(le16_read(&r->driver_event->flags), VRING_PACKED_EVENT_FLAG_DESC);
	assert_int_equal(le16_read(off_wrap), 3 | WRAP);
	ring_add(r, 1, 2, token(1));
	ring_use(r, packed_id(r, 0), 0, 3);
	ring_get(r, NULL);
	assert_int_equal(le16_read(off_wrap), 1);

	virtqueue_disable_cb(r->vq);
	assert_int_equal(le16_read(&r->driver_event->flags), VRING_PACKED_EVENT_FLAG_DISABLE);
	ring_add(r, 1, 0, token(1));
	ring_use(r, packed_id(r, 1), 0, 1);
	ring_get(r, NULL);
	assert_int_equal(le16_read(off_wrap), 1);
	assert_true(virtqueue_enable_cb(r->vq));
	assert_int_equal(le16_read(off_wrap), 2);
}

static void G8_enable_cb_says_so_if_a_buffer_came_meanwhile(void **state)
{
	static const uint64_t features[] = { 0, EVENT_IDX };

	for (int i = 0; i < 2; i++) {
		struct ring *r = ring_new_at(state, 3, PACKED | features[i], 2);
		unsigned int seen;

		ring_add(r, 1, 0, token(1));
		ring_add(r, 1, 0, token(2));
		virtqueue_disable_cb(r->vq);
		assert_true(virtqueue_enable_cb(r->vq));
		seen = virtqueue_enable_cb_prepare(r->vq);
		assert_false(virtqueue_poll(r->vq, seen));
		ring_use(r, packed_id(r, 2), 0, 1);
		assert_true(virtqueue_poll(r->vq, seen));
		assert_false(virtqueue_enable_cb(r->vq));
		ring_get(r, NULL);
		assert_true(virtqueue_enable_cb(r->vq));
		ring_free(state);
	}
}

static void enable_cb_delayed_names_a_slot_three_quarters_on(void **state)
{
	struct ring *r = ring_new_at(state, 8, PACKED | EVENT_IDX, 4);

	for (int i = 0; i < 8; i++)
		ring_add(r, 1, 0, token(i + 1));
	assert_true(virtqueue_enable_cb_delayed(r->vq));
	assert_int_equal(le16_read(&r->driver_event->off_wrap), 2); /* 4 + 6 - 8, next lap */
	assert_int_equal(le16_read(&r->driver_event->flags), VRING_PACKED_EVENT_FLAG_DESC);
	ring_use(r, packed_id(r, 4), 0, 1);
	assert_false(virtqueue_enable_cb_delayed(r->vq));

	/* Of the seven left; and of a single one it is that one. */
	ring_get(r, NULL);
	assert_true(virtqueue_enable_cb_delayed(r->vq));
	assert_int_equal(le16_read(&r->driver_event->off_wrap), 2); /* 5 + 5 - 8 */
	for (uint16_t slot = 5; slot != 3; slot = (slot + 1) % 8) {
		ring_use(r, packed_id(r, slot), 0, 1);
		ring_get(r, NULL);
	}
	assert_true(virtqueue_enable_cb_delayed(r->vq));
	assert_int_equal(le16_read(&r->driver_event->off_wrap), 3);
}

static void a_spurious_interrupt_does_no_harm(void **state)
{
	struct ring *r = ring_new(state, 3, PACKED | EVENT_IDX);
	uint16_t slot = slot_of(next_avail(r));

	ring_add(r, 1, 0, token(1));
	assert_int_equal(vring_interrupt(7, r->vq), IRQ_NONE);
	ring_use(r, packed_id(r, slot), 0, 1);
	assert_int_equal(vring_interrupt(7, r->vq), IRQ_HANDLED);
	assert_int_equal(r->callbacks, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(packed_2_8_13_nothing_is_available_or_used_at_the_start),
		ring_test(packed_2_8_1_avail_and_used_follow_the_wrap_counter),
		ring_test(packed_sg_03_06_a_list_over_the_end_of_the_ring),
		ring_test(packed_sg_02_05_no_list_longer_than_the_ring_or_its_room),
		ring_test(G9_a_list_that_fills_the_ring_flips_the_wrap_counter),
		ring_test(a_full_ring_of_one_three_and_of_32768),
		ring_test(packed_2_8_6_G10_used_in_another_order_than_offered),
		ring_test(packed_2_8_4_len_means_nothing_where_nothing_was_writable),
		ring_test(G9_half_of_the_two_bits_is_not_used_yet),
		ring_test(packed_2_8_10_enable_and_disable),
		ring_test(packed_2_8_10_desc_without_event_idx_is_better_kicked),
		ring_test(packed_2_8_10_G6_G7_kick_iff_the_slot_asked_for_is_in_the_batch),
		ring_test(packed_desc_06_notification_data_is_the_next_slot_and_wrap),
		ring_test(packed_2_8_10_interrupts_are_switched_by_flags_without_event_idx),
		ring_test(packed_2_8_10_the_event_follows_get_buf),
		ring_test(G8_enable_cb_says_so_if_a_buffer_came_meanwhile),
		ring_test(enable_cb_delayed_names_a_slot_three_quarters_on),
		ring_test(a_spurious_interrupt_does_no_harm),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
