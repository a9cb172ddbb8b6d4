// SPDX-License-Identifier: MIT
/* A queue's beginning and end: configuration, reset and resize, breaking, events, drawing. */
#include "ring/vring_event.h"
#include "tests/support/ring.h"

#define NUM 8

static const uint64_t layouts[] = { 0, PACKED };

/* ---- configurations that make no queue ---- */

static int make(struct ring *r, struct vring_config config)
{
	struct virtqueue *vq;

	return vring_new_virtqueue(&config, r->state, vring_state_bytes(NUM), &vq);
}

static void sizes_that_are_none(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);
	struct vring_config config = r->config;

	config.num = 0;
	assert_int_equal(make(r, config), -EINVAL);
	config.num = 6; /* 2.7: split, a power of two */
	assert_int_equal(make(r, config), -EINVAL);
	config.num = 65536;
	assert_int_equal(make(r, config), -EINVAL);
	config.num = 16; /* fine, but for the memory given */
	assert_int_equal(make(r, config), -ENOMEM);
	config.num = NUM;
	assert_int_equal(make(r, config), 0);
}

static void split_layout_01_parts_are_aligned(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);
	struct vring_config config = r->config;

	config.desc = (char *)config.desc + 8;
	assert_int_equal(make(r, config), -EINVAL);
	config = r->config;
	config.driver = (char *)config.driver + 1;
	assert_int_equal(make(r, config), -EINVAL);
	config = r->config;
	config.device = (char *)config.device + 2;
	assert_int_equal(make(r, config), -EINVAL);
	config.device = NULL;
	assert_int_equal(make(r, config), -EINVAL);
}

static void packed_layout_01_parts_are_aligned(void **state)
{
	struct ring *r = ring_new(state, NUM, PACKED);
	struct vring_config config = r->config;

	config.desc = (char *)config.desc + 8;
	assert_int_equal(make(r, config), -EINVAL);
	config = r->config;
	config.driver = (char *)config.driver + 2;
	assert_int_equal(make(r, config), -EINVAL);
	config = r->config;
	config.device = (char *)config.device + 2;
	assert_int_equal(make(r, config), -EINVAL);
}

static void features_that_do_not_fit(void **state)
{
	struct ring *r = ring_new(state, NUM, INDIRECT_DESC);
	struct vring_config config = r->config;

	config.features &= ~INDIRECT_DESC; /* tables nobody negotiated */
	assert_int_equal(make(r, config), -EINVAL);
	config = r->config;
	config.indirect = NULL;
	assert_int_equal(make(r, config), -EINVAL);
	config = r->config;
	config.features = PACKED | INDIRECT_DESC; /* no legacy form of packed */
	assert_int_equal(make(r, config), -EINVAL);
	config = r->config;
	config.notify = NULL;
	assert_int_equal(make(r, config), -EINVAL);
}

static void a_queue_without_callback_asks_for_no_interrupts(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);

	r->config.callback = NULL;
	assert_int_equal(vring_reinit(r->vq, &r->config), 0);
	assert_int_equal(le16_read(&r->split.avail->flags), VRING_AVAIL_F_NO_INTERRUPT);
	ring_add(r, 1, 0, token(1));
	ring_use(r, avail_head(r, START), 0, 1);
	assert_int_equal(vring_interrupt(1, r->vq), IRQ_HANDLED);
}

/* ---- reset and resize ---- */

static void detach_gives_back_each_buffer_once(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new_at(state, NUM, layouts[l], 0);
		unsigned int seen = 0;
		void *data;

		for (int i = 1; i < 5; i++)
			assert_int_equal(ring_add(r, 1, i % 2, token(i)), 0);
		virtqueue_break(r->vq); /* as after a surprise removal */
		while ((data = virtqueue_detach_unused_buf(r->vq)) != NULL) {
			assert_false(seen & 1u << (uintptr_t)data);
			seen |= 1u << (uintptr_t)data;
		}
		assert_int_equal(r->vq->num_free, NUM);
		assert_int_equal(seen, 0x1e);
		assert_null(virtqueue_detach_unused_buf(r->vq));
		ring_free(state);
	}
}

static void split_avail_01_detach_unexposes_nothing(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);

	ring_add(r, 1, 0, token(1));
	ring_add(r, 1, 0, token(2));
	assert_non_null(virtqueue_detach_unused_buf(r->vq));
	assert_int_equal(avail_idx(r), (uint16_t)(START + 2));
}

static void vqreset_04_reinit_waits_for_detach(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);

	ring_add(r, 1, 0, token(1));
	assert_int_equal(vring_reinit(r->vq, &r->config), -EBUSY);
	assert_ptr_equal(virtqueue_detach_unused_buf(r->vq), token(1));
	assert_int_equal(vring_reinit(r->vq, &r->config), 0);
}

static void vqenable_02_after_reset_the_queue_is_as_new_and_whole(void **state)
{
	for (int l = 0; l < 2; l++) {
		struct ring *r = ring_new(state, NUM, layouts[l]);

		ring_add(r, 1, 0, token(1));
		ring_use(r, 0xffff, 0, 1);
		assert_int_equal(ring_get(r, NULL), 0);
		assert_true(virtqueue_is_broken(r->vq));
		while (virtqueue_detach_unused_buf(r->vq))
			;

		r->config.first = 0;
		ring_areas(r);
		assert_int_equal(vring_reinit(r->vq, &r->config), 0);
		assert_false(virtqueue_is_broken(r->vq));
		assert_int_equal(r->vq->num_free, NUM);
		assert_int_equal(vring_notification_data(r->vq) >> 16, l ? 0x8000 : 0);
		assert_int_equal(ring_add(r, 1, 0, token(2)), 0);
		ring_use(r, l ? packed_id(r, 0) : avail_head(r, 0), 0, 1);
		assert_int_equal(ring_get(r, NULL), 2);
		ring_free(state);
	}
}

static void vqenable_02_another_size_and_layout(void **state)
{
	struct ring *r = ring_new(state, NUM, 0);

	r->config.num = 4;
	r->config.features |= PACKED;
	ring_areas(r);
	assert_int_equal(vring_reinit(r->vq, &r->config), 0);
	assert_int_equal(virtqueue_get_vring_size(r->vq), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ring_add(r, 1, 0, token(1)), 0);
	assert_int_equal(ring_add(r, 1, 0, token(1)), -ENOSPC);

	while (virtqueue_detach_unused_buf(r->vq))
		;
	r->config.num = 2 * NUM; /* more than the private memory holds */
	assert_int_equal(vring_reinit(r->vq, &r->config), -ENOMEM);
	assert_int_equal(virtqueue_get_vring_size(r->vq), 4);
}

/* ---- drawing ---- */

static void a_drawing_is_cut_where_the_memory_ends(void **state)
{
	struct ring *r = ring_new(state, NUM, EVENT_IDX);
	struct vring_snapshot snapshot;
	char whole[2048], part[100];
	size_t len;

	ring_add(r, 1, 2, token(1));
	virtqueue_snapshot(r->vq, &snapshot);
	len = vring_draw(&snapshot, whole, sizeof(whole));
	assert_int_equal(len, strlen(whole));
	memset(part, '!', sizeof(part));
	assert_int_equal(vring_draw(&snapshot, part, 50), len);
	assert_int_equal(strlen(part), 49);
	assert_memory_equal(part, whole, 49);
	assert_int_equal(part[50], '!');
	assert_int_equal(vring_draw(&snapshot, NULL, 0), len);
}

static void a_drawing_of_a_split_ring(void **state)
{
	struct ring *r = ring_new_at(state, NUM, EVENT_IDX, 0xffff);
	struct vring_snapshot snapshot;
	char text[2048];

	ring_add(r, 1, 1, token(1));
	ring_add(r, 0, 1, token(2));
	ring_use(r, avail_head(r, 0), 9, 1);
	virtqueue_snapshot(r->vq, &snapshot);
	vring_draw(&snapshot, text, sizeof(text));
	assert_string_equal(
		text,
		"split queue 3 test, 8 entries, 5 free\n"
		"  avail   idx 1  flags 0  used_event 65535\n"
		"  used    idx 0  flags 0  avail_event 0\n"
		"  driver  avail_idx 1  last_used 65535\n"
		" slot         address     length  descriptor            avail             used\n"
		"    0  0x000000001000         16  read next 1           [0] head 2\n"
		"    1  0x000000002000         16  write\n"
		"    2  0x000000001000         16  write\n"
		"    7  0x000000000000          0  read                  [65535] head 0    "
		"[65535] id 2 len 9\n");
}

static void a_drawing_of_a_packed_ring(void **state)
{
	struct ring *r = ring_new_at(state, 3, PACKED | EVENT_IDX, 2);
	struct vring_snapshot snapshot;
	char text[2048];

	ring_add(r, 1, 1, token(1));
	virtqueue_snapshot(r->vq, &snapshot);
	vring_draw(&snapshot, text, sizeof(text));
	assert_string_equal(
		text,
		"packed queue 3 test, 3 entries, 1 free\n"
		"  interrupts  at slot 2 wrap 1\n"
		"  kicks       enabled\n"
		"  driver      next avail 1 wrap 0  next used 2 wrap 1\n"
		" slot         address     length     id  flags\n"
		"    0  0x000000002000         16      0  A0 U1 write\n"
		"    1  0x000000000000          0      0  A1 U1 read               <- next avail\n"
		"    2  0x000000001000         16      0  A1 U0 read next          <- next used\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(sizes_that_are_none),
		ring_test(split_layout_01_parts_are_aligned),
		ring_test(packed_layout_01_parts_are_aligned),
		ring_test(features_that_do_not_fit),
		ring_test(a_queue_without_callback_asks_for_no_interrupts),
		ring_test(detach_gives_back_each_buffer_once),
		ring_test(split_avail_01_detach_unexposes_nothing),
		ring_test(vqreset_04_reinit_waits_for_detach),
		ring_test(vqenable_02_after_reset_the_queue_is_as_new_and_whole),
		ring_test(vqenable_02_another_size_and_layout),
		ring_test(a_drawing_is_cut_where_the_memory_ends),
		ring_test(a_drawing_of_a_split_ring),
		ring_test(a_drawing_of_a_packed_ring),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
