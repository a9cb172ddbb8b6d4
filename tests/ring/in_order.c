// SPDX-License-Identifier: MIT
/* VIRTIO_F_IN_ORDER (2.7.9, 2.8.8): one used element for a batch, which the driver takes apart. */
#include "tests/support/ring.h"

#define NUM 8

static const uint64_t layouts[] = { IN_ORDER, IN_ORDER | PACKED };

/* Adds @n buffers of one writable element; ids[] become their entries. */
static void add_each(struct ring *r, unsigned int n, uint16_t *ids)
{
	for (unsigned int i = 0; i < n; i++) {
		uint16_t slot = vring_notification_data(r->vq) >> 16 & 0x7fff;
		uint16_t idx = vring_notification_data(r->vq) >> 16;

		assert_int_equal(ring_add(r, 0, 1, token(i + 1)), 0);
		ids[i] = r->config.features & PACKED ? packed_id(r, slot) : avail_head(r, idx);
	}
}

/* One used element of @id at the first place of a batch of @buffers, @slots descriptors in all. */
static void use_batch(struct ring *r, uint16_t id, uint32_t len, unsigned int buffers,
		      unsigned int slots)
{
	ring_use(r, id, len, slots);
	if (!(r->config.features & PACKED)) {
		r->used += buffers - 1;
		le16_write(&r->split.used->idx, r->used);
	}
}

static void split_desc_04_chains_run_through_the_table_in_order(void **state)
{
	struct ring *r = ring_new(state, NUM, IN_ORDER);

	/* 0-1-2, 3-4-5, and once they are back 6-7-0: next is one higher, or 0 after the last. */
	for (int i = 0; i < 5; i++) {
		uint16_t slot = i * 3 % NUM;

		assert_int_equal(ring_add(r, 1, 2, token(1)), 0);
		assert_int_equal(avail_head(r, START + i), slot);
		for (int n = 0; n < 2; n++) {
			assert_int_equal(desc_next(r, slot), (slot + 1) % NUM);
			slot = desc_next(r, slot);
		}
		ring_use(r, avail_head(r, START + i), 0, 3);
		assert_int_equal(ring_get(r, NULL), 1);
	}
}

static void split_2_7_9_packed_2_8_8_one_used_element_for_a_batch(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);
		uint16_t ids[5];
		unsigned int len;

		/* Often enough for every position, wrap and lap. */
		for (int round = 0; round < 40; round++) {
			add_each(r, 5, ids);
			use_batch(r, ids[3], 7, 4, 4);
			/* The skipped ones are used in full, the last as the device says. */
			for (int i = 0; i < 4; i++) {
				assert_int_equal(ring_get(r, &len), i + 1);
				assert_int_equal(len, i < 3 ? 16 : 7);
			}
			assert_int_equal(ring_get(r, &len), 0);
			use_batch(r, ids[4], 3, 1, 1);
			assert_int_equal(ring_get(r, &len), 5);
			assert_int_equal(len, 3);
			assert_int_equal(ring_get(r, &len), 0);
			assert_int_equal(r->vq->num_free, NUM);
		}
		ring_free(state);
	}
}

static void a_batch_of_a_whole_ring(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);
		uint16_t ids[NUM];

		for (int round = 0; round < 3; round++) {
			add_each(r, NUM, ids);
			use_batch(r, ids[NUM - 1], 16, NUM, NUM);
			for (int i = 0; i < NUM; i++)
				assert_int_equal(ring_get(r, NULL), i + 1);
			assert_int_equal(ring_get(r, NULL), 0);
		}
		ring_free(state);
	}
}

static void chains_in_a_batch(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new_at(state, NUM, layouts[l], 6);
		unsigned int len;
		uint16_t last;

		/* Three and two descriptors, then two more in the same batch. */
		assert_int_equal(ring_add(r, 1, 2, token(1)), 0);
		assert_int_equal(ring_add(r, 1, 1, token(2)), 0);
		assert_int_equal(ring_add(r, 2, 0, token(3)), 0);
		last = l ? packed_id(r, (6 + 6) % NUM) : avail_head(r, 8);
		use_batch(r, last, 0, 3, 7);
		assert_int_equal(ring_get(r, &len), 1);
		assert_int_equal(len, 32);
		assert_int_equal(ring_get(r, &len), 2);
		assert_int_equal(len, 16);
		assert_int_equal(ring_get(r, &len), 3);
		assert_int_equal(len, 0);
		assert_int_equal(ring_get(r, &len), 0);
		ring_free(state);
	}
}

static void G8_a_batch_half_taken_is_more_to_come(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l] | EVENT_IDX);
		uint16_t ids[3];

		add_each(r, 3, ids);
		use_batch(r, ids[1], 16, 2, 2);
		assert_int_equal(ring_get(r, NULL), 1);
		assert_false(virtqueue_enable_cb(r->vq));
		assert_false(virtqueue_enable_cb_delayed(r->vq));
		assert_int_equal(vring_interrupt(1, r->vq), IRQ_HANDLED);
		assert_int_equal(ring_get(r, NULL), 2);
		assert_true(virtqueue_enable_cb(r->vq));
		assert_int_equal(vring_interrupt(1, r->vq), IRQ_NONE);
		ring_free(state);
	}
}

static void buffers_added_while_a_batch_is_taken_apart(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, 4, layouts[l]);
		uint16_t ids[4], more[2];

		add_each(r, 4, ids);
		use_batch(r, ids[3], 16, 4, 4);
		assert_int_equal(ring_get(r, NULL), 1);
		assert_int_equal(ring_get(r, NULL), 2);
		add_each(r, 2, more);
		assert_int_equal(ring_get(r, NULL), 3);
		assert_int_equal(ring_get(r, NULL), 4);
		assert_int_equal(ring_get(r, NULL), 0);
		use_batch(r, more[1], 16, 2, 2);
		assert_int_equal(ring_get(r, NULL), 1);
		assert_int_equal(ring_get(r, NULL), 2);
		ring_free(state);
	}
}

static void G1_the_last_of_a_batch_lies_beyond_idx(void **state)
{
	struct ring *r = ring_new(state, NUM, IN_ORDER);
	uint16_t ids[4];

	/* idx says two buffers, the id says three. */
	add_each(r, 4, ids);
	use_batch(r, ids[2], 16, 2, 2);
	assert_broken(r, "used.id", ids[2]);
}

static void G1_an_id_of_a_batch_that_is_over(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);
		uint16_t ids[3];

		add_each(r, 3, ids);
		use_batch(r, ids[1], 16, 2, 2);
		assert_int_equal(ring_get(r, NULL), 1);
		assert_int_equal(ring_get(r, NULL), 2);
		use_batch(r, ids[0], 16, 1, 1);
		assert_broken(r, "used.id", ids[0]);
		ring_free(state);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(split_desc_04_chains_run_through_the_table_in_order),
		ring_test(split_2_7_9_packed_2_8_8_one_used_element_for_a_batch),
		ring_test(a_batch_of_a_whole_ring),
		ring_test(chains_in_a_batch),
		ring_test(G8_a_batch_half_taken_is_more_to_come),
		ring_test(buffers_added_while_a_batch_is_taken_apart),
		ring_test(G1_the_last_of_a_batch_lies_beyond_idx),
		ring_test(G1_an_id_of_a_batch_that_is_over),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
