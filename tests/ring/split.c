// SPDX-License-Identifier: MIT
/* The split layout (2.7): direct chains, kicks, interrupts. */
#include "tests/support/ring.h"

/* ---- what add writes ---- */

static void split_avail_01_idx_only_moves_forward_over_the_wrap(void **state)
{
	struct ring *r = ring_new_at(state, 4, 0, 0xfffe);

	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(avail_idx(r), (uint16_t)(0xfffe + i));
		assert_int_equal(ring_add(r, 1, 0, token(i + 1)), 0);
	}
	assert_int_equal(avail_idx(r), 2);
	/* A refused buffer leaves no trace. */
	assert_int_equal(ring_add(r, 1, 0, token(5)), -ENOSPC);
	assert_int_equal(avail_idx(r), 2);
}

static void split_desc_2_7_5_a_buffer_of_one_element(void **state)
{
	struct ring *r = ring_new(state, 8, 0);
	struct scatterlist sg;
	uint16_t head;

	sg_init_one(&sg, 0x123456789abc, 512);
	assert_int_equal(virtqueue_add_inbuf(r->vq, &sg, 1, token(1)), 0);

	head = avail_head(r, START);
	assert_int_equal(le64_read(&r->split.desc[head].addr), 0x123456789abc);
	assert_int_equal(le32_read(&r->split.desc[head].len), 512);
	assert_int_equal(desc_flags(r, head), WRITE);
	assert_int_equal(r->vq->num_free, 7);
}

static void split_framing_03_writable_elements_follow_readable_ones(void **state)
{
	struct ring *r = ring_new(state, 8, 0);
	uint16_t slot[4];

	assert_int_equal(ring_add(r, 2, 2, token(1)), 0);

	slot[0] = avail_head(r, START);
	for (int i = 0; i < 3; i++)
		slot[i + 1] = desc_next(r, slot[i]);
	assert_int_equal(desc_flags(r, slot[0]), NEXT);
	assert_int_equal(desc_flags(r, slot[1]), NEXT);
	assert_int_equal(desc_flags(r, slot[2]), NEXT | WRITE);
	assert_int_equal(desc_flags(r, slot[3]), WRITE);
	for (int i = 0; i < 4; i++)
		assert_int_equal(le64_read(&r->split.desc[slot[i]].addr), 0x1000 * (i + 1));
	assert_int_equal(r->vq->num_free, 4);
}

static void split_desc_03_no_more_than_4_gib(void **state)
{
	struct ring *r = ring_new(state, 8, 0);
	struct scatterlist out, in;
	struct scatterlist *sgs[] = { &out, &in };

	sg_init_one(&out, 0x1000, 1);
	sg_init_one(&in, 0x2000, 0xfffffffe);
	assert_int_equal(virtqueue_add_sgs(r->vq, sgs, 1, 1, token(1)), 0);
	sg_init_one(&out, 0x1000, 2);
	assert_int_equal(virtqueue_add_sgs(r->vq, sgs, 1, 1, token(2)), -EINVAL);
}

static void split_indirect_03_no_chain_longer_than_the_queue(void **state)
{
	struct ring *r = ring_new(state, 4, 0);

	assert_int_equal(ring_add(r, 2, 3, token(1)), -EINVAL);
	assert_int_equal(ring_add(r, 2, 2, token(1)), 0);
	assert_int_equal(r->vq->num_free, 0);
}

static void buffers_that_are_none_are_refused(void **state)
{
	struct ring *r = ring_new(state, 4, 0);
	struct scatterlist sg[2];

	assert_int_equal(ring_add(r, 1, 0, NULL), -EINVAL);
	assert_int_equal(virtqueue_add_sgs(r->vq, NULL, 0, 0, token(1)), -EINVAL);
	assert_int_equal(virtqueue_add_sgs(r->vq, (struct scatterlist *[]){ NULL }, 1, 0, token(1)),
			 -EINVAL);
	sg_init_table(sg, 2);
	sg_set(&sg[0], 0x1000, 16);
	assert_int_equal(virtqueue_add_outbuf(r->vq, sg, 2, token(1)), -EINVAL); /* length 0 */
	sg_set(&sg[1], 0x2000, 16);
	assert_int_equal(virtqueue_add_outbuf(r->vq, sg, 1, token(1)), -EINVAL); /* not 1 */
	assert_int_equal(virtqueue_add_outbuf(r->vq, sg, 2, token(1)), 0);
	assert_int_equal(avail_idx(r), (uint16_t)(START + 1));
}

static void a_full_ring_of_one_and_of_32768(void **state)
{
	static const unsigned int sizes[] = { 1, 2, 8, 256, 32768 };

	for (unsigned int s = 0; s < 5; s++) {
		struct ring *r = ring_new(state, sizes[s], EVENT_IDX);

		/* Twice round the indices for the largest. */
		for (int lap = 0; lap < 5; lap++) {
			for (unsigned int i = 0; i < sizes[s]; i++)
				assert_int_equal(ring_add(r, 1, 0, token(i + 1)), 0);
			assert_int_equal(ring_add(r, 1, 0, token(1)), -ENOSPC);
			for (unsigned int i = 0; i < sizes[s]; i++)
				ring_use(r, avail_head(r, r->used), 0, 1);
			for (unsigned int i = 0; i < sizes[s]; i++)
				assert_int_equal(ring_get(r, NULL), i + 1);
			assert_int_equal(ring_get(r, NULL), 0);
		}
		ring_free(state);
	}
}

/* ---- what get_buf gives ---- */

static void G10_buffers_come_back_in_any_order(void **state)
{
	struct ring *r = ring_new(state, 8, 0);
	uint16_t heads[4];
	unsigned int len;

	for (int i = 0; i < 4; i++) {
		assert_int_equal(ring_add(r, 1, 1, token(i + 1)), 0);
		heads[i] = avail_head(r, START + i);
	}
	for (int i = 3; i >= 0; i--)
		ring_use(r, heads[i], 10 + i, 2);

	for (int i = 3; i >= 0; i--) {
		assert_int_equal(ring_get(r, &len), i + 1);
		assert_int_equal(len, 10 + i);
	}
	assert_int_equal(ring_get(r, &len), 0);
	assert_int_equal(r->vq->num_free, 8);
}

static void the_context_comes_back_with_its_buffer(void **state)
{
	struct ring *r = ring_new(state, 8, 0);
	struct scatterlist sg;
	unsigned int len;
	void *ctx = token(1);

	sg_init_one(&sg, 0x1000, 16);
	assert_int_equal(virtqueue_add_inbuf_ctx(r->vq, &sg, 1, token(1), token(77)), 0);
	assert_int_equal(virtqueue_add_outbuf(r->vq, &sg, 1, token(2)), 0);
	ring_use(r, avail_head(r, START), 0, 1);
	ring_use(r, avail_head(r, START + 1), 0, 1);

	assert_ptr_equal(virtqueue_get_buf_ctx(r->vq, &len, &ctx), token(1));
	assert_ptr_equal(ctx, token(77));
	assert_ptr_equal(virtqueue_get_buf_ctx(r->vq, &len, &ctx), token(2));
	assert_null(ctx);
}

/* ---- kicks ---- */

static void split_availnotif_01_used_flags_start_at_0(void **state)
{
	struct ring *r = ring_new(state, 8, 0);

	assert_int_equal(le16_read(&r->split.used->flags), 0);
	assert_int_equal(le16_read(vring_avail_event(&r->split)), 0);
}

static void split_availnotif_03_04_flags_decide_without_event_idx(void **state)
{
	struct ring *r = ring_new(state, 8, 0);

	/* split.availnotif.02: whatever avail_event says. */
	le16_write(vring_avail_event(&r->split), (uint16_t)(START + 100));
	ring_add(r, 1, 0, token(1));
	assert_true(virtqueue_kick_prepare(r->vq));

	le16_write(&r->split.used->flags, VRING_USED_F_NO_NOTIFY);
	le16_write(vring_avail_event(&r->split), START + 1);
	ring_add(r, 1, 0, token(2));
	assert_false(virtqueue_kick_prepare(r->vq));
}

static void split_availnotif_05_flags_mean_nothing_with_event_idx(void **state)
{
	struct ring *r = ring_new(state, 8, EVENT_IDX);

	le16_write(&r->split.used->flags, VRING_USED_F_NO_NOTIFY);
	le16_write(vring_avail_event(&r->split), START);
	ring_add(r, 1, 0, token(1));
	assert_true(virtqueue_kick_prepare(r->vq));
}

static void split_availnotif_06_07_G6_G7_kick_iff_the_entry_asked_for_is_in_the_batch(void **state)
{
	/* Entries 0xfffe, 0xffff, 0 go in at once; the device asks for one of five. */
	static const struct {
		uint16_t event;
		bool kick;
	} cases[] = {
		{ 0xfffd, false }, { 0xfffe, true }, { 0xffff, true }, { 0, true }, { 1, false }
	};

	for (unsigned int i = 0; i < 5; i++) {
		struct ring *r = ring_new_at(state, 8, EVENT_IDX, 0xfffe);

		le16_write(vring_avail_event(&r->split), cases[i].event);
		for (int n = 0; n < 3; n++)
			ring_add(r, 1, 0, token(1));
		assert_int_equal(virtqueue_kick_prepare(r->vq), cases[i].kick);
		/* Asked and answered: nothing new, no kick. */
		assert_false(virtqueue_kick_prepare(r->vq));
		ring_free(state);
	}
}

static void G6_a_batch_of_more_than_65535_is_kicked(void **state)
{
	struct ring *r = ring_new(state, 2, EVENT_IDX);

	/* A driver that never asks while the device polls. */
	for (int i = 0; i < 65537; i++) {
		ring_add(r, 1, 0, token(1));
		ring_use(r, avail_head(r, r->used), 0, 1);
		assert_int_equal(ring_get(r, NULL), 1);
	}
	le16_write(vring_avail_event(&r->split), START + 5);
	assert_true(virtqueue_kick_prepare(r->vq));
	assert_false(virtqueue_kick_prepare(r->vq));
}

static void kick_rings_when_due_and_breaks_when_the_device_is_gone(void **state)
{
	struct ring *r = ring_new(state, 8, 0);

	assert_true(virtqueue_kick(r->vq));
	assert_int_equal(r->doorbells, 1);
	le16_write(&r->split.used->flags, VRING_USED_F_NO_NOTIFY);
	assert_true(virtqueue_kick(r->vq));
	assert_int_equal(r->doorbells, 1);

	le16_write(&r->split.used->flags, 0);
	r->gone = true;
	assert_false(virtqueue_kick(r->vq));
	assert_true(virtqueue_is_broken(r->vq));
	assert_int_equal(r->violations, 0);
	assert_int_equal(ring_add(r, 1, 0, token(1)), -EIO);
}

static void notification_data_2_9_is_the_index_and_the_next_entry(void **state)
{
	struct ring *r = ring_new_at(state, 8, 0, 0xffff);

	assert_int_equal(vring_notification_data(r->vq), 0xffff0003);
	ring_add(r, 1, 1, token(1));
	assert_int_equal(vring_notification_data(r->vq), 0x00000003);
}

/* ---- interrupts ---- */

static void split_usednotif_01_02_flags_are_0_or_1_without_event_idx(void **state)
{
	struct ring *r = ring_new(state, 8, 0);

	assert_int_equal(le16_read(&r->split.avail->flags), 0);
	virtqueue_disable_cb(r->vq);
	assert_int_equal(le16_read(&r->split.avail->flags), VRING_AVAIL_F_NO_INTERRUPT);
	assert_true(virtqueue_enable_cb(r->vq));
	assert_int_equal(le16_read(&r->split.avail->flags), 0);
}

static void split_usednotif_03_04_with_event_idx_used_event_speaks_and_flags_stay_0(void **state)
{
	struct ring *r = ring_new(state, 8, EVENT_IDX);
	le16 *used_event = vring_used_event(&r->split);

	assert_int_equal(le16_read(used_event), START);
	virtqueue_disable_cb(r->vq);
	assert_int_equal(le16_read(&r->split.avail->flags), 0);
	/* Nothing that can be in flight reaches it. */
	for (int batch = 1; batch <= 8; batch++)
		assert_false(vring_need_event(le16_read(used_event), START + batch, START));

	assert_true(virtqueue_enable_cb(r->vq));
	assert_int_equal(le16_read(&r->split.avail->flags), 0);
	assert_int_equal(le16_read(used_event), START);
}

static void the_event_follows_get_buf_while_interrupts_are_wanted(void **state)
{
	struct ring *r = ring_new(state, 8, EVENT_IDX);
	le16 *used_event = vring_used_event(&r->split);

	for (int i = 0; i < 2; i++) {
		ring_add(r, 1, 0, token(1));
		ring_use(r, avail_head(r, START + i), 0, 1);
	}
	ring_get(r, NULL);
	assert_int_equal(le16_read(used_event), (uint16_t)(START + 1));

	virtqueue_disable_cb(r->vq);
	ring_get(r, NULL);
	assert_false(vring_need_event(le16_read(used_event), START + 3, START + 2));
}

static void G8_enable_cb_says_so_if_a_buffer_came_meanwhile(void **state)
{
	static const uint64_t features[] = { 0, EVENT_IDX };

	for (int i = 0; i < 2; i++) {
		struct ring *r = ring_new(state, 8, features[i]);
		unsigned int seen;

		ring_add(r, 1, 0, token(1));
		ring_add(r, 1, 0, token(2));
		virtqueue_disable_cb(r->vq);
		assert_true(virtqueue_enable_cb(r->vq));

		virtqueue_disable_cb(r->vq);
		seen = virtqueue_enable_cb_prepare(r->vq);
		assert_false(virtqueue_poll(r->vq, seen));
		ring_use(r, avail_head(r, START), 0, 1);
		assert_true(virtqueue_poll(r->vq, seen));
		assert_false(virtqueue_enable_cb(r->vq));

		ring_get(r, NULL);
		assert_true(virtqueue_enable_cb(r->vq));
		ring_free(state);
	}
}

static void enable_cb_delayed_waits_for_three_quarters(void **state)
{
	struct ring *r = ring_new(state, 8, EVENT_IDX);

	for (int i = 0; i < 8; i++)
		ring_add(r, 1, 0, token(i + 1));
	for (int i = 0; i < 6; i++)
		ring_use(r, avail_head(r, START + i), 0, 1);
	/* Entry 6 of 0..7 is due, six are used: one more to wait for. */
	assert_true(virtqueue_enable_cb_delayed(r->vq));
	assert_int_equal(le16_read(vring_used_event(&r->split)), (uint16_t)(START + 6));
	ring_use(r, avail_head(r, START + 6), 0, 1);
	assert_false(virtqueue_enable_cb_delayed(r->vq));
}

static void split_usednotif_05_a_spurious_interrupt_does_no_harm(void **state)
{
	struct ring *r = ring_new(state, 8, EVENT_IDX);

	assert_int_equal(vring_interrupt(7, r->vq), IRQ_NONE);
	ring_add(r, 1, 0, token(1));
	assert_int_equal(vring_interrupt(7, r->vq), IRQ_NONE);
	assert_int_equal(r->callbacks, 0);

	ring_use(r, avail_head(r, START), 0, 1);
	virtqueue_disable_cb(r->vq);
	assert_int_equal(vring_interrupt(7, r->vq), IRQ_HANDLED);
	assert_int_equal(r->callbacks, 1);
}

static void a_broken_queue_calls_nobody_back(void **state)
{
	struct ring *r = ring_new(state, 8, 0);

	ring_add(r, 1, 0, token(1));
	ring_use(r, avail_head(r, START), 0, 1);
	virtqueue_break(r->vq);
	assert_int_equal(vring_interrupt(7, r->vq), IRQ_HANDLED);
	assert_int_equal(r->callbacks, 0);
	assert_false(virtqueue_poll(r->vq, START));
	assert_int_equal(ring_get(r, NULL), 0);
	assert_int_equal(r->violations, 0);
}

/* do disable, drain while not enabled: on a queue that broke with something used, that must end. */
static void draining_a_broken_queue_ends(void **state)
{
	static const uint64_t layouts[] = { 0, PACKED };

	for (int i = 0; i < 2; i++) {
		struct ring *r = ring_new(state, 8, layouts[i]);

		ring_add(r, 1, 0, token(1));
		ring_use(r, i ? packed_id(r, START % 8) : avail_head(r, START), 0, 1);
		virtqueue_disable_cb(r->vq);
		assert_false(virtqueue_enable_cb(r->vq));
		virtqueue_break(r->vq);
		assert_true(virtqueue_enable_cb(r->vq));
		assert_true(virtqueue_enable_cb_delayed(r->vq));
		if (i == 0)
			ring_free(state);
	}
}

/* ---- legacy ---- */

static void split_legacylayout_01_02_one_block_with_padding_before_used(void **state)
{
	/* 2.7.2, worked out by hand for 8 entries: 128 + 22 bytes, used from 4096 on, 70 bytes. */
	unsigned char *block = (unsigned char *)0x10000;
	struct vring vr;
	(void)state;

	assert_int_equal(vring_size(8, 4096), 4096 + 70);
	vring_init(&vr, 8, block, 4096);
	assert_ptr_equal(vr.desc, block);
	assert_ptr_equal(vr.avail, block + 128);
	assert_ptr_equal(vr.used, block + 4096);
	/* 256 entries: 4096 + 518 bytes, so the used ring begins on the third page. */
	assert_int_equal(vring_size(256, 4096), 8192 + 2054);
	/* A queue whose first part ends on the boundary needs no padding. */
	assert_int_equal(vring_size(2, 2), 32 + 10 + 22);
}

static void split_legacy_used_len_too_large_is_cut(void **state)
{
	struct ring *r = ring_new(state, 8, LEGACY);
	unsigned int len;

	ring_add(r, 1, 1, token(1));
	ring_use(r, avail_head(r, START), 32, 2); /* all of the chain, as old devices did */
	assert_int_equal(ring_get(r, &len), 1);
	assert_int_equal(len, 16);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(split_avail_01_idx_only_moves_forward_over_the_wrap),
		ring_test(split_desc_2_7_5_a_buffer_of_one_element),
		ring_test(split_framing_03_writable_elements_follow_readable_ones),
		ring_test(split_desc_03_no_more_than_4_gib),
		ring_test(split_indirect_03_no_chain_longer_than_the_queue),
		ring_test(buffers_that_are_none_are_refused),
		ring_test(a_full_ring_of_one_and_of_32768),
		ring_test(G10_buffers_come_back_in_any_order),
		ring_test(the_context_comes_back_with_its_buffer),
		ring_test(split_availnotif_01_used_flags_start_at_0),
		ring_test(split_availnotif_03_04_flags_decide_without_event_idx),
		ring_test(split_availnotif_05_flags_mean_nothing_with_event_idx),
		ring_test(
			split_availnotif_06_07_G6_G7_kick_iff_the_entry_asked_for_is_in_the_batch),
		ring_test(G6_a_batch_of_more_than_65535_is_kicked),
		ring_test(kick_rings_when_due_and_breaks_when_the_device_is_gone),
		ring_test(notification_data_2_9_is_the_index_and_the_next_entry),
		ring_test(split_usednotif_01_02_flags_are_0_or_1_without_event_idx),
		ring_test(split_usednotif_03_04_with_event_idx_used_event_speaks_and_flags_stay_0),
		ring_test(the_event_follows_get_buf_while_interrupts_are_wanted),
		ring_test(G8_enable_cb_says_so_if_a_buffer_came_meanwhile),
		ring_test(enable_cb_delayed_waits_for_three_quarters),
		ring_test(split_usednotif_05_a_spurious_interrupt_does_no_harm),
		ring_test(a_broken_queue_calls_nobody_back),
		ring_test(draining_a_broken_queue_ends),
		ring_test(split_legacylayout_01_02_one_block_with_padding_before_used),
		ring_test(split_legacy_used_len_too_large_is_cut),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
