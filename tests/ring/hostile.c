// SPDX-License-Identifier: MIT
/*
 * A device that lies (bug classes G1, G2, G3). Each test runs on both layouts; the queue breaks
 * with one message that names the field and the value, and nothing outside the areas is touched.
 */
#include "tests/support/ring.h"

#define NUM 8

static const uint64_t layouts[] = { 0, PACKED };

/* Entry that heads the @n-th buffer offered, each of @elems descriptors. */
static uint16_t head_of(const struct ring *r, unsigned int n, unsigned int elems)
{
	if (r->config.features & PACKED)
		return packed_id(r, ((START + n * elems) + elems - 1) % NUM);
	return avail_head(r, START + n);
}

static void G1_id_beyond_the_ring(void **state)
{
	static const uint32_t ids[] = { NUM, NUM + 1, 0x8000, 0xffff };

	for (int l = 0; l < 2; l++) {
		for (int i = 0; i < 4; i++) {
			struct ring *r = ring_new(state, NUM, layouts[l]);

			ring_add(r, 1, 0, token(1));
			ring_use(r, ids[i], 0, 1);
			assert_broken(r, "used.id", ids[i]);
			ring_free(state);
		}
	}
}

static void G1_id_of_32_bits_is_not_cut_to_16(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);

	ring_add(r, 1, 0, token(1));
	ring_use(r, 0x10000 + avail_head(r, START), 0, 1);
	assert_broken(r, "used.id", 0x10000 + avail_head(r, START));
}

static void G1_id_that_is_free(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);
		uint16_t head;

		ring_add(r, 1, 0, token(1));
		head = head_of(r, 0, 1);
		ring_use(r, (head + 1) % NUM, 0, 1);
		assert_broken(r, "used.id", (head + 1) % NUM);
		ring_free(state);
	}
}

static void G1_id_in_the_middle_of_a_chain(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);
	uint16_t middle;

	ring_add(r, 1, 2, token(1));
	middle = desc_next(r, avail_head(r, START));
	ring_use(r, middle, 0, 3);
	assert_broken(r, "used.id", middle);
}

static void G1_id_used_twice(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);
		uint16_t head;

		ring_add(r, 1, 0, token(1));
		ring_add(r, 1, 0, token(2));
		head = head_of(r, 0, 1);
		ring_use(r, head, 0, 1);
		ring_use(r, head, 0, 1);
		assert_int_equal(ring_get(r, NULL), 1);
		assert_broken(r, "used.id", head);
		ring_free(state);
	}
}

static void G1_something_used_where_nothing_was_offered(void **state)
{
	struct ring *r = ring_new(state, NUM, PACKED);

	ring_use(r, 0, 0, 1);
	assert_broken(r, "used.id", 0);
}

static void used_idx_further_than_what_was_offered(void **state)
{
	static const uint16_t ahead[] = { 3, NUM + 1, 0x7fff, 0x8000, 0xffff };

	for (int e = 0; e < 2; e++) {
		for (int i = 0; i < 5; i++) {
			struct ring *r = ring_new(state, NUM, e ? EVENT_IDX : 0);

			ring_add(r, 1, 0, token(1));
			ring_add(r, 1, 0, token(2));
			le16_write(&r->split.used->idx, START + ahead[i]);
			assert_broken(r, "used.idx", (uint16_t)(START + ahead[i]));
			ring_free(state);
		}
	}
}

static void used_idx_that_goes_back(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);

	for (int i = 0; i < 3; i++) {
		ring_add(r, 1, 0, token(i + 1));
		ring_use(r, avail_head(r, START + i), 0, 1);
		assert_int_equal(ring_get(r, NULL), i + 1);
	}
	le16_write(&r->split.used->idx, START + 2);
	assert_broken(r, "used.idx", START + 2);
}

/* One look at idx, then its entries: what the device writes later is for the next look. */
static void a_lie_repaired_too_late_is_still_a_lie(void **state)
{
	struct ring *r = ring_new(state, NUM, EVENT_IDX);
	unsigned int len;

	ring_add(r, 1, 0, token(1));
	ring_add(r, 1, 0, token(2));
	ring_use(r, avail_head(r, START), 0, 1);
	assert_int_equal(ring_get(r, NULL), 1); /* leaves an event index to be fenced */
	le16_write(&r->split.used->idx, START + 9);
	assert_null(virtqueue_get_buf(r->vq, &len));
	ring_use(r, avail_head(r, START + 1), 0, 1);
	assert_broken(r, "used.idx", (uint16_t)(START + 9));
}

static void G2_a_rewritten_descriptor_changes_nothing(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);
		uint16_t head[2];
		unsigned int len;

		ring_add(r, 1, 2, token(1));
		ring_add(r, 1, 2, token(2));
		head[0] = head_of(r, 0, 3);
		head[1] = head_of(r, 1, 3);
		/* All descriptors: endless loops onto themselves, no length, no direction. */
		memset(r->config.desc, 0, vring_desc_bytes(NUM));
		for (uint16_t i = 0; l == 0 && i < NUM; i++) {
			le16_write(&r->split.desc[i].flags, NEXT);
			le16_write(&r->split.desc[i].next, i);
		}
		for (int i = 0; i < NUM; i++) /* packed: nothing is used yet, in either lap */
			if (l == 1)
				le16_write(&r->packed[i].flags, AVAIL);
		ring_use(r, head[0], 32, 3);
		ring_use(r, head[1], 5, 3);

		assert_int_equal(ring_get(r, &len), 1);
		assert_int_equal(len, 32);
		assert_int_equal(ring_get(r, &len), 2);
		assert_int_equal(len, 5);
		assert_int_equal(r->vq->num_free, NUM);
		/* All entries can be had again, each once. */
		for (int i = 0; i < NUM; i++)
			assert_int_equal(ring_add(r, 1, 0, token(i + 1)), 0);
		assert_int_equal(ring_add(r, 1, 0, token(9)), -ENOSPC);
		ring_free(state);
	}
}

static void G2_a_rewritten_available_ring_changes_nothing(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);
	uint16_t head;

	ring_add(r, 1, 0, token(1));
	head = avail_head(r, START);
	memset(r->config.driver, 0xff, vring_avail_bytes(NUM));
	ring_use(r, head, 0, 1);
	assert_int_equal(ring_get(r, NULL), 1);
	ring_add(r, 1, 0, token(2));
	assert_int_equal(avail_idx(r), (uint16_t)(START + 2));
}

static void G3_len_of_one_byte_too_many(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);
		unsigned int len;

		ring_add(r, 1, 2, token(1));
		ring_add(r, 1, 2, token(2));
		ring_use(r, head_of(r, 0, 3), 32, 3);
		ring_use(r, head_of(r, 1, 3), 33, 3);
		assert_int_equal(ring_get(r, &len), 1);
		assert_int_equal(len, 32);
		assert_broken(r, "used.len", 33);
		ring_free(state);
	}
}

static void G3_any_len_where_nothing_was_writable(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);

		ring_add(r, 2, 0, token(1));
		ring_use(r, head_of(r, 0, 2), 1, 2);
		assert_broken(r, "used.len", 1);
		ring_free(state);
	}
}

static void event_fields_out_of_range_only_cost_a_kick(void **state)
{
	struct ring *r = ring_new(state, NUM, PACKED | EVENT_IDX);

	le16_write(&r->device_event->off_wrap, 0x7fff);
	le16_write(&r->device_event->flags, VRING_PACKED_EVENT_FLAG_DESC);
	ring_add(r, 1, 0, token(1));
	virtqueue_kick_prepare(r->vq);
	le16_write(&r->device_event->flags, 0xffff); /* reserved: better one kick too many */
	assert_true(virtqueue_kick_prepare(r->vq));
	assert_false(virtqueue_is_broken(r->vq));
}

/* Whatever stands in the device's area and in the packed ring: no crash, no loop, no lost entry. */
static void noise_in_shared_memory(void **state)
{
	static const uint64_t sets[] = { 0,	 EVENT_IDX,	    IN_ORDER,
					 PACKED, PACKED | IN_ORDER, PACKED | EVENT_IDX };
	uint32_t random = 1;

	for (int round = 0; round < 3000; round++) {
		struct ring *r = ring_new(state, NUM, sets[round % 6] | INDIRECT_DESC);
		uint64_t features = r->config.features;
		unsigned char *device = features & PACKED ? r->config.desc : r->config.device;
		size_t bytes = features & PACKED ? vring_desc_bytes(NUM) :
						   vring_device_bytes(features, NUM);
		unsigned int added = 0, taken = 0;

		for (int step = 0; step < 60; step++) {
			random = random * 1664525 + 1013904223;
			for (int i = 0; i < 3; i++) {
				uint32_t where = (random >> 8) % bytes;

				/* Small numbers are the likelier lies. */
				device[where] = random >> 29 ? (random >> 16) % 9 : random >> 24;
				random = random * 1664525 + 1013904223;
			}
			if (ring_add(r, random % 2, 1 + random / 2 % 3, token(1)) == 0)
				added++;
			taken += ring_get(r, NULL);
			virtqueue_kick_prepare(r->vq);
			vring_interrupt(0, r->vq);
			virtqueue_enable_cb_delayed(r->vq);
		}
		while (virtqueue_detach_unused_buf(r->vq))
			taken++;
		assert_int_equal(added, taken);
		assert_int_equal(r->vq->num_free, NUM);
		assert_true(r->violations <= 1);
		ring_free(state);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(G1_id_beyond_the_ring),
		ring_test(G1_id_of_32_bits_is_not_cut_to_16),
		ring_test(G1_id_that_is_free),
		ring_test(G1_id_in_the_middle_of_a_chain),
		ring_test(G1_id_used_twice),
		ring_test(G1_something_used_where_nothing_was_offered),
		ring_test(used_idx_further_than_what_was_offered),
		ring_test(used_idx_that_goes_back),
		ring_test(a_lie_repaired_too_late_is_still_a_lie),
		ring_test(G2_a_rewritten_descriptor_changes_nothing),
		ring_test(G2_a_rewritten_available_ring_changes_nothing),
		ring_test(G3_len_of_one_byte_too_many),
		ring_test(G3_any_len_where_nothing_was_writable),
		ring_test(event_fields_out_of_range_only_cost_a_kick),
		ring_test(noise_in_shared_memory),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
