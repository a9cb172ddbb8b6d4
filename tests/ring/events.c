// SPDX-License-Identifier: MIT
/*
 * The static tracepoints: the ring once more, compiled with VRING_EVENTS into this program. That
 * nothing is left of them without it, tests/ring/object-code.sh shows: no vring_record is asked
 * for.
 */
#define VRING_EVENTS
#include "ring/virtio_ring.c"
#include "ring/vring_split.c"
#include "ring/vring_packed.c"
#include "ring/vring_trace.c"

#include "tests/support/ring.h"

static struct vring_event events[32];
static unsigned int count, seen;

void vring_record(const struct virtqueue *vq, struct vring_event *event)
{
	assert_int_equal(event->queue, vq->index);
	assert_true(count < 32);
	events[count++] = *event;
}

static const struct vring_event *next_event(enum vring_event_type type)
{
	assert_true(seen < count);
	assert_int_equal(events[seen].type, type);
	return &events[seen++];
}

static struct ring *start(void **state, uint64_t features, uint16_t first)
{
	struct ring *r = ring_new_at(state, 4, features, first);

	count = seen = 0;
	return r;
}

static void the_way_of_a_buffer_through_a_split_ring(void **state)
{
	struct ring *r = start(state, EVENT_IDX, 0xffff);
	const struct vring_event *e;

	le16_write(vring_avail_event(&r->split), 0xffff);
	ring_add(r, 1, 2, token(0x77));
	virtqueue_kick(r->vq);
	ring_use(r, 0, 5, 3);
	vring_interrupt(9, r->vq);
	ring_get(r, NULL);
	virtqueue_disable_cb(r->vq);
	virtqueue_enable_cb(r->vq);
	assert_int_equal(count, 7);

	e = next_event(VRING_EVENT_ADD);
	assert_int_equal(e->add.token, 0x77);
	assert_int_equal(e->add.out, 1);
	assert_int_equal(e->add.in, 1);
	assert_int_equal(e->add.error, 0);
	assert_int_equal(e->avail_idx, 0);
	assert_int_equal(e->num_free, 1);
	assert_int_equal(e->flags, VRING_EVENT_F_OURS | VRING_EVENT_F_EVENT_IDX);
	e = next_event(VRING_EVENT_KICK);
	assert_int_equal(e->kick.old_idx, 0xffff);
	assert_int_equal(e->kick.new_idx, 0);
	assert_int_equal(e->kick.event, 0xffff);
	assert_int_equal(e->kick.event_after, 0xffff);
	assert_true(e->kick.kick);
	e = next_event(VRING_EVENT_NOTIFY);
	assert_false(e->notify.failed);
	e = next_event(VRING_EVENT_INTERRUPT);
	assert_int_equal(e->interrupt.irq, 9);
	assert_true(e->interrupt.handled);
	assert_int_equal(e->used_idx, 0);
	assert_int_equal(e->last_used, 0xffff);
	e = next_event(VRING_EVENT_REAP);
	assert_int_equal(e->reap.token, 0x77);
	assert_int_equal(e->reap.len, 5);
	assert_int_equal(e->num_free, 4);
	e = next_event(VRING_EVENT_CALLBACKS);
	assert_false(e->callbacks.on);
	e = next_event(VRING_EVENT_CALLBACKS);
	assert_true(e->callbacks.on);
	assert_false(e->callbacks.more);
	assert_int_equal(e->callbacks.event, 0);
}

static void what_failed_is_recorded_too(void **state)
{
	struct ring *r = start(state, 0, START);

	ring_add(r, 1, 3, token(1));
	ring_add(r, 1, 0, token(2));
	r->gone = true;
	virtqueue_kick(r->vq);
	assert_int_equal(count, 5);

	assert_int_equal(next_event(VRING_EVENT_ADD)->add.error, 0);
	assert_int_equal(next_event(VRING_EVENT_ADD)->add.error, -ENOSPC);
	assert_true(next_event(VRING_EVENT_KICK)->kick.kick);
	assert_false(next_event(VRING_EVENT_NOTIFY)->notify.failed);
	assert_true(next_event(VRING_EVENT_NOTIFY)->notify.failed);
}

static void positions_of_a_packed_ring_over_the_wrap(void **state)
{
	struct ring *r = start(state, PACKED | EVENT_IDX, 3);
	const struct vring_event *e;

	le16_write(&r->device_event->off_wrap, 0x8003);
	le16_write(&r->device_event->flags, VRING_PACKED_EVENT_FLAG_DESC);
	ring_add(r, 1, 1, token(1));
	virtqueue_kick_prepare(r->vq);

	e = next_event(VRING_EVENT_ADD);
	assert_int_equal(e->flags,
			 VRING_EVENT_F_OURS | VRING_EVENT_F_EVENT_IDX | VRING_EVENT_F_PACKED);
	e = next_event(VRING_EVENT_KICK);
	assert_int_equal(e->kick.old_idx, 0x8003);
	assert_int_equal(e->kick.new_idx, 1);
	assert_int_equal(e->kick.event, 0x8003);
	assert_int_equal(e->kick.dev_flags, VRING_PACKED_EVENT_FLAG_DESC);
	assert_true(e->kick.kick);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ring_test(the_way_of_a_buffer_through_a_split_ring),
		ring_test(what_failed_is_recorded_too),
		ring_test(positions_of_a_packed_ring_over_the_wrap),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
