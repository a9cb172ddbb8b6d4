/* SPDX-License-Identifier: MIT */
/*
 * A queue followed through time: what its screen says follows from events and snapshots alone.
 */
#include <errno.h>

#include "tests/support/select.h"
#include "tests/trace-tool/ring.h"

#include "trace-tool/watch.h"

#define MS 1000000ull
#define US 1000ull
#define START 0xfffe /* the wrap of the indices is two entries away */
#define TOKEN 0xffff888000000000ull

/* A queue that is about to be used, and where its driver stands. */
struct scene {
	struct watch w;
	uint64_t now;
	uint16_t avail, used, last;
	unsigned int num_free;
	bool packed;
};

static void begin(struct scene *scene, uint32_t device_id, const char *name, bool events_known)
{
	struct vrt_queue queue;

	memset(scene, 0, sizeof(*scene));
	memset(&queue, 0, sizeof(queue));
	le16_write(&queue.device, 3);
	le32_write(&queue.num, NUM);
	le32_write(&queue.device_id, device_id);
	le64_write(&queue.features, 1ull << VIRTIO_RING_F_EVENT_IDX);
	strcpy(queue.name, name);
	strcpy(queue.driver, "virtio_blk");
	assert_int_equal(watch_begin(&scene->w, &queue, events_known), 0);
	scene->avail = scene->used = scene->last = START;
	scene->num_free = NUM;
	scene->now = 10 * WATCH_SECOND;
}

static void begin_disk(struct scene *scene)
{
	begin(scene, 2, "req.0", true);
}

static void end(struct scene *scene)
{
	watch_end(&scene->w);
}

static void put(struct scene *scene, struct vring_event event)
{
	event.time_ns = scene->now;
	event.device = 3;
	event.avail_idx = scene->avail;
	event.used_idx = scene->used;
	event.last_used = scene->last;
	event.num_free = scene->num_free;
	event.flags = VRING_EVENT_F_EVENT_IDX | (scene->packed ? VRING_EVENT_F_PACKED : 0);
	assert_int_equal(watch_event(&scene->w, &event), 0);
}

static void add(struct scene *scene, uint64_t token)
{
	scene->avail++;
	scene->num_free--;
	put(scene, (struct vring_event){ .type = VRING_EVENT_ADD, .add = { .token = token } });
}

/* The device uses one more. */
static void use(struct scene *scene)
{
	scene->used++;
}

static void reap(struct scene *scene, uint64_t token)
{
	scene->last++;
	scene->num_free++;
	put(scene, (struct vring_event){ .type = VRING_EVENT_REAP, .reap = { .token = token } });
}

static void kick(struct scene *scene, uint16_t batch, bool yes)
{
	uint16_t event = yes ? scene->avail - 1 : scene->avail - batch - 1;

	put(scene, (struct vring_event){ .type = VRING_EVENT_KICK,
					 .kick = { .old_idx = scene->avail - batch,
						   .new_idx = scene->avail,
						   .event = event,
						   .event_after = event,
						   .kick = yes } });
}

static void interrupt(struct scene *scene, bool handled)
{
	put(scene, (struct vring_event){ .type = VRING_EVENT_INTERRUPT,
					 .interrupt = { .irq = 36, .handled = handled } });
}

/* ---- positions ---- */

static void what_is_held_is_the_distance_of_the_drivers_positions_also_across_the_wrap(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	for (unsigned int i = 0; i < 4; i++)
		add(&scene, TOKEN + i);
	assert_int_equal(scene.w.avail_idx, 2);
	assert_int_equal(scene.w.held, 4);
	use(&scene);
	use(&scene);
	reap(&scene, TOKEN);
	assert_int_equal(scene.w.held, 3);
	assert_int_equal(watch_unreaped(&scene.w), 1);
	assert_int_equal(watch_with_device(&scene.w), 2);
	assert_int_equal(scene.w.num_free, NUM - 3);
	end(&scene);
}

static void indices_that_cannot_be_hold_no_more_than_the_ring(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	scene.avail = 0x7000;
	scene.num_free = 60000;
	interrupt(&scene, true);
	assert_int_equal(scene.w.held, NUM);
	assert_int_equal(scene.w.num_free, NUM);
	watch_at(&scene.w, scene.now);
	end(&scene);
}

/* ---- the second ---- */

static void what_is_exactly_a_second_old_is_not_in_the_second(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	add(&scene, TOKEN);
	scene.now += 1;
	add(&scene, TOKEN + 1);
	watch_at(&scene.w, 11 * WATCH_SECOND - 1);
	assert_int_equal(scene.w.second.add, 2);
	watch_at(&scene.w, 11 * WATCH_SECOND);
	assert_int_equal(scene.w.second.add, 1);
	watch_at(&scene.w, 11 * WATCH_SECOND + 1);
	assert_int_equal(scene.w.second.add, 0);
	end(&scene);
}

static void each_kind_of_event_is_counted_once(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	add(&scene, TOKEN);
	kick(&scene, 1, true);
	add(&scene, TOKEN + 1);
	add(&scene, TOKEN + 2);
	kick(&scene, 2, false);
	kick(&scene, 0, false); /* nothing new to decide upon */
	put(&scene,
	    (struct vring_event){ .type = VRING_EVENT_ADD, .add = { .out = 1, .error = -ENOSPC } });
	put(&scene, (struct vring_event){ .type = VRING_EVENT_KICK,
					  .kick = { .old_idx = scene.avail,
						    .new_idx = scene.avail,
						    .event = 1,
						    .event_after = 2 } });
	use(&scene);
	interrupt(&scene, true);
	interrupt(&scene, false);
	reap(&scene, TOKEN);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.add, 3);
	assert_int_equal(scene.w.second.batches, 2);
	assert_int_equal(scene.w.second.kick, 1);
	assert_int_equal(scene.w.second.suppressed, 3);
	assert_int_equal(scene.w.second.forced, 1);
	assert_int_equal(scene.w.second.unsure, 1);
	assert_int_equal(scene.w.second.irq, 2);
	assert_int_equal(scene.w.second.spurious, 1);
	assert_int_equal(scene.w.second.reap, 1);
	assert_int_equal(scene.w.irq, 36);
	end(&scene);
}

static void
without_events_counts_are_not_known_and_interrupts_are_as_the_kernel_counts(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, 2, "req.0", false);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.add, -1);
	assert_int_equal(scene.w.second.spurious, -1);
	assert_int_equal(scene.w.second.irq, -1);
	/* Looked at every half second. */
	for (uint64_t n = 0; n <= 4; n++) {
		watch_at(&scene.w, scene.now + n * WATCH_SECOND / 2);
		watch_interrupts(&scene.w, 100 + 10 * n * n);
	}
	assert_int_equal(scene.w.second.irq, 160 - 20 - 20);
	end(&scene);
}

static void percentiles_are_those_of_the_buffers_that_came_back(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	/* From 100 us down to 1 us; the order does not matter. */
	for (unsigned int us = 100; us > 0; us--) {
		add(&scene, TOKEN + us);
		scene.now += us * US;
		use(&scene);
		reap(&scene, TOKEN + us);
	}
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.reaps_known, 100);
	assert_int_equal(scene.w.second.p50_ns, 50 * US);
	assert_int_equal(scene.w.second.p99_ns, 99 * US);
	assert_int_equal(scene.w.second.max_ns, 100 * US);
	assert_int_equal(scene.w.second.log2_us[0], 1);
	assert_int_equal(scene.w.second.log2_us[5], 32); /* 32 to 63 */
	assert_int_equal(scene.w.second.log2_us[6], 37); /* 64 to 100 */
	end(&scene);
}

static void a_buffer_whose_add_was_not_seen_has_no_latency(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	scene.avail += 2;
	scene.num_free -= 2;
	use(&scene);
	reap(&scene, TOKEN);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.reap, 1);
	assert_int_equal(scene.w.second.reaps_known, 0);
	assert_int_equal(scene.w.second.max_ns, 0);
	end(&scene);
}

static void a_refused_add_is_no_beginning_of_anything(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	put(&scene, (struct vring_event){ .type = VRING_EVENT_ADD,
					  .add = { .token = TOKEN, .error = -ENOSPC } });
	assert_int_equal(scene.w.held, 0);
	scene.avail++;
	use(&scene);
	reap(&scene, TOKEN);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.reaps_known, 0);
	end(&scene);
}

static void what_the_device_had_is_sampled_after_each_event(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	add(&scene, TOKEN);	/* 1 */
	add(&scene, TOKEN + 1); /* 2 */
	add(&scene, TOKEN + 2); /* 3 */
	use(&scene);
	use(&scene);
	use(&scene);
	interrupt(&scene, true); /* 0, and three wait for the driver */
	reap(&scene, TOKEN);	 /* 0 */
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.held_min, 0);
	assert_int_equal(scene.w.second.held_p50, 1);
	assert_int_equal(scene.w.second.held_max, 3);
	/* A second later nothing has moved: it is as it is. */
	watch_at(&scene.w, scene.now + 2 * WATCH_SECOND);
	assert_int_equal(scene.w.second.held_max, 0);
	end(&scene);
}

static void the_last_events_stay_however_old_they_are(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	for (unsigned int i = 0; i < 1000; i++)
		interrupt(&scene, i % 2);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.event_count, 1000);
	watch_at(&scene.w, scene.now + 100 * WATCH_SECOND);
	assert_int_equal(scene.w.event_count, WATCH_KEPT);
	assert_int_equal(scene.w.event_number, 1000);
	assert_int_equal(scene.w.events[WATCH_KEPT - 1].interrupt.handled, 1);
	end(&scene);
}

static void adds_without_end_and_never_a_reap_take_no_memory_without_end(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	for (unsigned int i = 0; i < 100000; i++) {
		scene.now += MS;
		add(&scene, TOKEN + 64 * i);
	}
	assert_int_equal(scene.w.held, NUM);
	/* The first was forgotten. */
	use(&scene);
	reap(&scene, TOKEN);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.add, 1000);
	assert_int_equal(scene.w.second.reaps_known, 0);
	end(&scene);
}

/* ---- snapshots ---- */

/* The healthy ring of tests/trace-tool/ring.h at @time_ns. */
static struct snapshot ring_at(bool packed, uint64_t time_ns)
{
	struct snapshot s;

	if (packed)
		healthy_packed(&s);
	else
		healthy_split(&s);
	s.head.time_ns = time_ns;
	return s;
}

static void take(struct scene *scene, struct snapshot s)
{
	assert_int_equal(watch_snapshot(&scene->w, &s), 0);
	assert_null(s.copy); /* it was taken over */
}

static void a_buffer_that_nobody_saw_added_is_at_least_as_old_as_it_was_seen(void **state)
{
	struct scene scene;

	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		begin(&scene, 2, "req.0", false);
		take(&scene, ring_at(packed, 1000));
		take(&scene, ring_at(packed, 2000));
		assert_int_equal(scene.w.snapshot->notes[0].added_ns, 1000);
		assert_true(scene.w.snapshot->notes[0].seen_only);
		assert_int_equal(scene.w.held, 4);
		assert_int_equal(watch_unreaped(&scene.w), 1);
		end(&scene);
	}
}

static void a_buffer_offered_anew_is_another_one_though_head_and_token_are_the_same(void **state)
{
	struct scene scene;
	struct snapshot s;
	struct vring vr;

	(void)state;
	begin(&scene, 2, "req.0", false);
	take(&scene, ring_at(false, 1000));
	s = ring_at(false, 2000);
	vr = ring_of(&s);
	le16_write(&vr.avail->ring[1], 0); /* entry 1 is head 0, as 0xfffe was */
	s.head.before.avail_idx = s.head.before.avail_mem = 2;
	take(&scene, s);
	assert_int_equal(scene.w.snapshot->notes[0].added_ns, 2000);
	assert_int_equal(scene.w.snapshot->notes[3].added_ns, 1000);
	end(&scene);
}

static void an_add_that_was_seen_says_when_exactly(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	scene.avail = 0; /* the entry before the newest: token 2, head 3 */
	scene.num_free = 3;
	add(&scene, TOKEN + 64 * 2);
	take(&scene, ring_at(false, scene.now + 5));
	assert_int_equal(scene.w.snapshot->notes[3].added_ns, scene.now);
	assert_false(scene.w.snapshot->notes[3].seen_only);
	assert_true(scene.w.snapshot->notes[0].seen_only);
	/* It is there still, where it was. */
	take(&scene, ring_at(false, scene.now + 10));
	assert_int_equal(scene.w.snapshot->notes[3].added_ns, scene.now);
	assert_int_equal(scene.w.snapshot->notes[0].added_ns, scene.now + 5);
	end(&scene);
}

static void a_key_frame_that_says_when_is_believed_and_its_buffers_have_latencies(void **state)
{
	struct scene scene;
	struct snapshot s = ring_at(false, 11 * WATCH_SECOND);

	(void)state;
	begin_disk(&scene);
	s.notes[4].added_ns = 11 * WATCH_SECOND - 7 * MS;
	s.notes[3].added_ns = 12 * WATCH_SECOND; /* cannot be */
	take(&scene, s);
	assert_int_equal(scene.w.snapshot->notes[4].added_ns, 11 * WATCH_SECOND - 7 * MS);
	assert_false(scene.w.snapshot->notes[4].seen_only);
	assert_true(scene.w.snapshot->notes[3].seen_only);
	scene.avail = 1;
	scene.used = scene.last = 0xfffe;
	use(&scene);
	scene.now = 11 * WATCH_SECOND + MS;
	reap(&scene, TOKEN + 64 * 3);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.reaps_known, 1);
	assert_int_equal(scene.w.second.p50_ns, 8 * MS);
	/* One that was only seen has waited for an unknown time. */
	use(&scene);
	reap(&scene, TOKEN + 64 * 1);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.reap, 2);
	assert_int_equal(scene.w.second.reaps_known, 1);
	end(&scene);
}

static void an_add_older_than_a_snapshot_of_another_buffer_is_not_its_add(void **state)
{
	struct scene scene;
	struct snapshot s;
	struct vring vr;

	(void)state;
	/* Token 1 at entry 0xfffe; its reap and its next add, at entry 1, were lost. */
	begin_disk(&scene);
	scene.avail = START;
	add(&scene, TOKEN + 64 * 1);
	take(&scene, ring_at(false, scene.now + 5));
	assert_int_equal(scene.w.snapshot->notes[0].added_ns, scene.now);
	s = ring_at(false, scene.now + 5000);
	vr = ring_of(&s);
	le16_write(&vr.avail->ring[1], 0);
	s.head.before.avail_idx = s.head.before.avail_mem = 2;
	take(&scene, s);
	assert_int_equal(scene.w.snapshot->notes[0].added_ns, scene.now + 5000);
	assert_true(scene.w.snapshot->notes[0].seen_only);
	end(&scene);
}

static void buffers_of_snapshots_long_ago_do_not_crowd_out_those_of_now(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	/* Far apart, each with four buffers that nobody saw reaped: as many as are kept. */
	for (unsigned int n = 0; n < 8; n++) {
		struct snapshot s = ring_at(false, scene.now + n * WATCH_SECOND);

		for (unsigned int i = 0; i < NUM; i++)
			if (s.notes[i].token)
				s.notes[i].token = TOKEN + 0x10000 * (n + 1) + i;
		take(&scene, s);
	}
	scene.now += 30 * WATCH_SECOND;
	scene.avail = 1;
	scene.used = 0xfffe;
	scene.last = 0xfffd;
	scene.num_free = 2;
	for (unsigned int n = 0; n < 2; n++)
		add(&scene, TOKEN + n);
	scene.now += MS;
	for (unsigned int n = 0; n < 2; n++) {
		use(&scene);
		reap(&scene, TOKEN + n);
	}
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.reaps_known, 2);
	assert_int_equal(scene.w.second.max_ns, MS);
	end(&scene);
}

static void of_a_packed_ring_the_used_position_is_as_the_snapshot_saw_it(void **state)
{
	struct scene scene;

	(void)state;
	/* Reaping at slot 5, lap 1, where one slot is used; filling at slot 3 of the next lap. */
	begin_disk(&scene);
	scene.packed = true;
	scene.now = 20 * WATCH_SECOND;
	take(&scene, ring_at(true, scene.now));
	assert_true(scene.w.packed);
	assert_int_equal(scene.w.held, 4);
	assert_int_equal(scene.w.used_idx, 6 | 0x8000);
	assert_int_equal(watch_with_device(&scene.w), 3);
	/* An add moves the one position; the other is known no better than before. */
	scene.avail = 3;
	scene.used = scene.last = 5 | 0x8000;
	scene.num_free = 2;
	scene.now += US;
	add(&scene, TOKEN + 64 * 9);
	assert_int_equal(scene.w.held, 5);
	assert_int_equal(scene.w.used_idx, 6 | 0x8000);
	assert_int_equal(watch_unreaped(&scene.w), 1);
	/* Once reaped, nothing is known to be used. */
	scene.used++;
	reap(&scene, TOKEN + 64 * 2);
	assert_int_equal(scene.w.held, 4);
	assert_int_equal(watch_unreaped(&scene.w), 0);
	assert_int_equal(scene.w.used_idx, 6 | 0x8000);
	end(&scene);
}

static void what_a_packed_snapshot_shows_is_not_counted_again_by_its_late_event(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	scene.packed = true;
	take(&scene, ring_at(true, scene.now));
	scene.now += 1;
	/* The add that brought the driver to slot 3, recorded when it returned. */
	scene.avail = 2;
	scene.last = 5 | 0x8000;
	scene.num_free = 3;
	add(&scene, TOKEN + 64 * 3);
	assert_int_equal(scene.w.held, 4);
	end(&scene);
}

static void of_a_packed_ring_only_buffers_that_are_known_are_counted(void **state)
{
	struct scene scene;

	(void)state;
	/* Nobody knows what was in it when the first event came. */
	begin_disk(&scene);
	scene.packed = scene.w.packed = true;
	scene.avail = 5;
	scene.used = scene.last = 2;
	scene.num_free = 5;
	add(&scene, TOKEN);
	scene.used += 3;
	for (unsigned int i = 1; i <= 3; i++)
		reap(&scene, TOKEN + i);
	assert_int_equal(scene.w.held, 1);
	reap(&scene, TOKEN);
	assert_int_equal(scene.w.held, 0);
	end(&scene);
}

static void a_device_that_begins_anew_has_nothing_of_before(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	add(&scene, TOKEN);
	scene.avail = scene.used = scene.last = 0;
	scene.num_free = NUM;
	scene.now += MS;
	add(&scene, TOKEN + 1);
	use(&scene);
	reap(&scene, TOKEN); /* a stray one */
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.second.reaps_known, 0);
	end(&scene);
}

/* ---- history ---- */

static void history_has_the_fullest_moment_of_each_second(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.history[WATCH_HISTORY - 1], WATCH_UNKNOWN);
	for (unsigned int i = 0; i < 4; i++)
		add(&scene, TOKEN + i);
	for (unsigned int i = 0; i < 3; i++) {
		use(&scene);
		reap(&scene, TOKEN + i);
	}
	scene.now += 3 * WATCH_SECOND;
	add(&scene, TOKEN + 9);
	watch_at(&scene.w, scene.now);
	assert_int_equal(scene.w.history[WATCH_HISTORY - 5], WATCH_UNKNOWN);
	assert_int_equal(scene.w.history[WATCH_HISTORY - 4], 50); /* four of eight */
	assert_int_equal(scene.w.history[WATCH_HISTORY - 3], 12); /* as it was left: one */
	assert_int_equal(scene.w.history[WATCH_HISTORY - 2], 12);
	assert_int_equal(scene.w.history[WATCH_HISTORY - 1], 25);
	/* It leaves at the other end. */
	watch_at(&scene.w, scene.now + 63 * WATCH_SECOND);
	assert_int_equal(scene.w.history[0], 25);
	watch_at(&scene.w, scene.now + 64 * WATCH_SECOND);
	assert_int_equal(scene.w.history[0], WATCH_UNKNOWN);
	end(&scene);
}

static void a_receiving_queue_starves_when_its_last_buffer_comes_back(void **state)
{
	struct scene scene;

	(void)state;
	for (int receives = 0; receives < 2; receives++) {
		begin(&scene, 1, receives ? "input.0" : "output.0", true);
		assert_int_equal(scene.w.receives, receives);
		interrupt(&scene, false); /* empty, and never was anything else */
		watch_at(&scene.w, scene.now);
		assert_int_equal(scene.w.second.starved, 0);
		assert_int_equal(scene.w.starved_ns, 0);
		assert_false(scene.w.starved[WATCH_HISTORY - 1]);
		add(&scene, TOKEN);
		use(&scene);
		scene.now += MS;
		interrupt(&scene, true);
		reap(&scene, TOKEN);
		watch_at(&scene.w, scene.now);
		assert_int_equal(scene.w.second.starved, receives);
		assert_int_equal(scene.w.starved_ns, receives ? scene.now : 0);
		assert_int_equal(scene.w.starved[WATCH_HISTORY - 1], receives);
		end(&scene);
	}
}

/* ---- time ---- */

static void write_day(struct scene *scene, bool look_often)
{
	for (unsigned int i = 0; i < 3000; i++) {
		scene->now += (1 + i % 7) * 137 * US;
		if (i % 3 < 2 && scene->num_free) {
			add(scene, TOKEN + 64 * i);
			kick(scene, 1, i % 2);
		} else if (scene->last != scene->avail) {
			use(scene);
			interrupt(scene, i % 5);
			reap(scene, TOKEN + 64 * (i - i % 3));
		}
		if (look_often)
			watch_at(&scene->w, scene->now);
	}
	watch_at(&scene->w, scene->now);
}

static void how_often_somebody_looked_changes_nothing(void **state)
{
	struct scene often, seldom;

	(void)state;
	begin_disk(&often);
	begin_disk(&seldom);
	write_day(&often, true);
	write_day(&seldom, false);
	assert_memory_equal(&often.w.second, &seldom.w.second, sizeof(often.w.second));
	assert_memory_equal(often.w.history, seldom.w.history, sizeof(often.w.history));
	assert_int_equal(often.w.event_count, seldom.w.event_count);
	assert_memory_equal(often.w.events, seldom.w.events,
			    often.w.event_count * sizeof(*often.w.events));
	assert_true(often.w.second.reaps_known > 0);
	end(&often);
	end(&seldom);
}

static void what_is_forgotten_leaves_who_it_is(void **state)
{
	struct scene scene;

	(void)state;
	begin_disk(&scene);
	add(&scene, TOKEN);
	interrupt(&scene, true);
	take(&scene, ring_at(true, scene.now));
	assert_true(scene.w.packed);
	watch_forget(&scene.w);
	assert_false(scene.w.packed);
	assert_int_equal(scene.w.num, NUM);
	assert_int_equal(scene.w.irq, -1);
	assert_string_equal(scene.w.cpus, "");
	assert_string_equal(scene.w.name, "virtio3/req.0");
	assert_null(scene.w.snapshot);
	assert_int_equal(scene.w.event_count, 0);
	assert_int_equal(scene.w.held, 0);
	watch_at(&scene.w, 5);
	assert_int_equal(scene.w.second.add, 0);
	assert_int_equal(scene.w.history[0], WATCH_UNKNOWN);
	end(&scene);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_is_held_is_the_distance_of_the_drivers_positions_also_across_the_wrap),
		cmocka_unit_test(indices_that_cannot_be_hold_no_more_than_the_ring),
		cmocka_unit_test(what_is_exactly_a_second_old_is_not_in_the_second),
		cmocka_unit_test(each_kind_of_event_is_counted_once),
		cmocka_unit_test(
			without_events_counts_are_not_known_and_interrupts_are_as_the_kernel_counts),
		cmocka_unit_test(percentiles_are_those_of_the_buffers_that_came_back),
		cmocka_unit_test(a_buffer_whose_add_was_not_seen_has_no_latency),
		cmocka_unit_test(a_refused_add_is_no_beginning_of_anything),
		cmocka_unit_test(what_the_device_had_is_sampled_after_each_event),
		cmocka_unit_test(the_last_events_stay_however_old_they_are),
		cmocka_unit_test(adds_without_end_and_never_a_reap_take_no_memory_without_end),
		cmocka_unit_test(a_buffer_that_nobody_saw_added_is_at_least_as_old_as_it_was_seen),
		cmocka_unit_test(
			a_buffer_offered_anew_is_another_one_though_head_and_token_are_the_same),
		cmocka_unit_test(an_add_that_was_seen_says_when_exactly),
		cmocka_unit_test(
			a_key_frame_that_says_when_is_believed_and_its_buffers_have_latencies),
		cmocka_unit_test(an_add_older_than_a_snapshot_of_another_buffer_is_not_its_add),
		cmocka_unit_test(buffers_of_snapshots_long_ago_do_not_crowd_out_those_of_now),
		cmocka_unit_test(of_a_packed_ring_the_used_position_is_as_the_snapshot_saw_it),
		cmocka_unit_test(
			what_a_packed_snapshot_shows_is_not_counted_again_by_its_late_event),
		cmocka_unit_test(of_a_packed_ring_only_buffers_that_are_known_are_counted),
		cmocka_unit_test(a_device_that_begins_anew_has_nothing_of_before),
		cmocka_unit_test(history_has_the_fullest_moment_of_each_second),
		cmocka_unit_test(a_receiving_queue_starves_when_its_last_buffer_comes_back),
		cmocka_unit_test(how_often_somebody_looked_changes_nothing),
		cmocka_unit_test(what_is_forgotten_leaves_who_it_is),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
