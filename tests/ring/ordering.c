// SPDX-License-Identifier: MIT
/*
 * In which order the driver's writes reach the ring, and what it leaves alone until the device is
 * done. The ring once more, compiled into this program with barriers that call back: at a barrier a
 * test looks at what the device may see from then on, or writes what the device may have written
 * until then.
 */
#include "tests/support/ring.h"

#define RING_BARRIER_H /* in place of ring/barrier.h */

static struct ring *watched;
static void (*at_mb)(struct ring *r), (*at_wmb)(struct ring *r);
static unsigned int barriers; /* that were looked at */

static void look(void (*at)(struct ring *r))
{
	if (!at)
		return;
	barriers++;
	at(watched);
}

static void virtio_mb(void)
{
	look(at_mb);
}

static void virtio_rmb(void)
{
}

static void virtio_wmb(void)
{
	look(at_wmb);
}

#include "ring/virtio_ring.c"
#include "ring/vring_split.c"
#include "ring/vring_packed.c"

static struct ring *start(void **state, unsigned int num, uint64_t features, uint16_t first)
{
	at_mb = at_wmb = NULL;
	barriers = 0;
	watched = ring_new_at(state, num, features, first);
	return watched;
}

/* ---- before a buffer is exposed ---- */

/* At START + 1, from slot 1 on: two elements to read, one to write. */
static void chain_is_complete(struct ring *r)
{
	static const uint16_t flags[] = { NEXT, NEXT, WRITE };

	assert_int_equal(avail_idx(r), START + 1);
	assert_int_equal(avail_head(r, START + 1), 1);
	for (int i = 0; i < 3; i++) {
		const struct vring_desc *desc = &r->split.desc[1 + i];

		assert_int_equal(le64_read(&desc->addr), 0x1000 * (i + 1));
		assert_int_equal(le32_read(&desc->len), 16);
		assert_int_equal(le16_read(&desc->flags), flags[i]);
		if (flags[i] & NEXT)
			assert_int_equal(le16_read(&desc->next), 2 + i);
	}
}

static void split_idx_01_chain_and_entry_are_visible_before_idx_moves(void **state)
{
	struct ring *r = start(state, 8, 0, START);

	ring_add(r, 1, 0, token(1));
	at_wmb = chain_is_complete;
	ring_add(r, 2, 1, token(2));
	assert_int_equal(barriers, 1);
	assert_int_equal(avail_idx(r), START + 2);
}

static void table_is_complete(struct ring *r)
{
	const struct vring_desc *table = r->config.indirect;

	table += TABLE_MAX; /* of slot 1 */
	assert_int_equal(avail_idx(r), START + 1);
	assert_int_equal(avail_head(r, START + 1), 1);
	assert_int_equal(desc_flags(r, 1), INDIRECT);
	assert_int_equal(le32_read(&r->split.desc[1].len), 2 * 16);
	assert_int_equal(le64_read(&r->split.desc[1].addr), TABLE_DMA + TABLE_MAX * 16);
	assert_int_equal(le16_read(&table[0].flags), NEXT);
	assert_int_equal(le64_read(&table[1].addr), 0x2000);
	assert_int_equal(le16_read(&table[1].flags), WRITE);
}

static void split_idx_01_a_table_is_visible_before_idx_moves(void **state)
{
	struct ring *r = start(state, 8, INDIRECT_DESC, START);

	ring_add(r, 1, 0, token(1));
	at_wmb = table_is_complete;
	ring_add(r, 1, 1, token(2));
	assert_int_equal(barriers, 1);
	assert_int_equal(avail_idx(r), START + 2);
}

/* Slots 2 and 3 in the lap with counter 1, slot 0 in the next: all is there but the first flags. */
static void list_is_complete(struct ring *r)
{
	uint16_t head = packed_flags(r, 2);

	assert_int_not_equal(head & (AVAIL | USED), AVAIL);
	assert_int_equal(packed_flags(r, 3), AVAIL | NEXT);
	assert_int_equal(packed_flags(r, 0), USED | WRITE);
	for (int i = 0; i < 3; i++) {
		const struct vring_packed_desc *desc = &r->packed[(2 + i) % 4];

		assert_int_equal(le64_read(&desc->addr), 0x1000 * (i + 1));
		assert_int_equal(le32_read(&desc->len), 16);
	}
}

static void packed_flags_01_a_list_is_visible_before_its_first_flags(void **state)
{
	struct ring *r = start(state, 4, PACKED, 2);

	at_wmb = list_is_complete;
	ring_add(r, 2, 1, token(1));
	assert_int_equal(barriers, 1);
	assert_int_equal(packed_flags(r, 2), AVAIL | NEXT);
}

/* ---- before the device's wish is read ---- */

static void the_split_device_declines(struct ring *r)
{
	assert_int_equal(avail_idx(r), (uint16_t)(START + 1));
	le16_write(&r->split.used->flags, VRING_USED_F_NO_NOTIFY);
}

static void the_split_device_asks(struct ring *r)
{
	assert_int_equal(avail_idx(r), (uint16_t)(START + 1));
	le16_write(vring_avail_event(&r->split), START);
}

static void split_kick_01_a_wish_written_up_to_the_barrier_is_heard(void **state)
{
	struct ring *r = start(state, 8, 0, START);

	ring_add(r, 1, 0, token(1));
	at_mb = the_split_device_declines;
	assert_false(virtqueue_kick_prepare(r->vq));
	assert_int_equal(barriers, 1);
	ring_free(state);

	r = start(state, 8, EVENT_IDX, START);
	le16_write(vring_avail_event(&r->split), START - 1);
	ring_add(r, 1, 0, token(1));
	at_mb = the_split_device_asks;
	assert_true(virtqueue_kick_prepare(r->vq));
	assert_int_equal(barriers, 1);
}

static void the_packed_device_declines(struct ring *r)
{
	assert_int_equal(packed_flags(r, 2), AVAIL);
	le16_write(&r->device_event->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
}

static void the_packed_device_asks(struct ring *r)
{
	assert_int_equal(packed_flags(r, 2), AVAIL);
	le16_write(&r->device_event->off_wrap, 2 | 1 << 15);
}

static void packed_kick_01_a_wish_written_up_to_the_barrier_is_heard(void **state)
{
	struct ring *r = start(state, 4, PACKED, 2);

	ring_add(r, 1, 0, token(1));
	at_mb = the_packed_device_declines;
	assert_false(virtqueue_kick_prepare(r->vq));
	assert_int_equal(barriers, 1);
	ring_free(state);

	r = start(state, 4, PACKED | EVENT_IDX, 2);
	le16_write(&r->device_event->flags, VRING_PACKED_EVENT_FLAG_DESC);
	le16_write(&r->device_event->off_wrap, 1);
	ring_add(r, 1, 0, token(1));
	at_mb = the_packed_device_asks;
	assert_true(virtqueue_kick_prepare(r->vq));
	assert_int_equal(barriers, 1);
}

/* ---- whose a descriptor is ---- */

static void packed_desc_05_what_is_offered_is_left_alone(void **state)
{
	struct ring *r = start(state, 4, PACKED | EVENT_IDX, 3);
	struct vring_packed_desc before[4];

	/* Slots 3 and 0, then 1 and 2. */
	ring_add(r, 1, 1, token(1));
	memcpy(before, r->packed, sizeof(before));
	ring_add(r, 2, 0, token(2));
	assert_memory_equal(&r->packed[3], &before[3], sizeof(*before));
	assert_memory_equal(&r->packed[0], &before[0], sizeof(*before));

	memcpy(before, r->packed, sizeof(before));
	assert_int_equal(ring_add(r, 1, 0, token(3)), -ENOSPC);
	virtqueue_kick(r->vq);
	virtqueue_disable_cb(r->vq);
	virtqueue_enable_cb_delayed(r->vq);
	virtqueue_enable_cb(r->vq);
	assert_int_equal(ring_get(r, NULL), 0);
	assert_memory_equal(r->packed, before, sizeof(before));
}

static void packed_desc_04_only_what_was_used_is_written_again(void **state)
{
	struct ring *r = start(state, 4, PACKED, 3);
	struct vring_packed_desc before[4];

	for (int i = 0; i < 4; i++)
		ring_add(r, 1, 0, token(i + 1));
	ring_use(r, packed_id(r, 3), 0, 1);
	memcpy(before, r->packed, sizeof(before));

	/* Until it is taken back, the room is not seen; then there is room for one. */
	assert_int_equal(ring_add(r, 1, 0, token(5)), -ENOSPC);
	assert_int_equal(ring_get(r, NULL), 1);
	assert_int_equal(ring_add(r, 1, 1, token(5)), -ENOSPC);
	assert_memory_equal(r->packed, before, sizeof(before));
	assert_int_equal(ring_add(r, 0, 1, token(5)), 0);
	assert_int_equal(packed_flags(r, 3), USED | WRITE);
	assert_memory_equal(r->packed, before, 3 * sizeof(*before));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(split_idx_01_chain_and_entry_are_visible_before_idx_moves),
		ring_test(split_idx_01_a_table_is_visible_before_idx_moves),
		ring_test(packed_flags_01_a_list_is_visible_before_its_first_flags),
		ring_test(split_kick_01_a_wish_written_up_to_the_barrier_is_heard),
		ring_test(packed_kick_01_a_wish_written_up_to_the_barrier_is_heard),
		ring_test(packed_desc_05_what_is_offered_is_left_alone),
		ring_test(packed_desc_04_only_what_was_used_is_written_again),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
