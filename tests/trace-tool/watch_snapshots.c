/* SPDX-License-Identifier: MIT */
/*
 * A queue followed through time, by snapshots: whose buffer is whose from one to the next, and how
 * old.
 */
#include "tests/trace-tool/scene.h"

/* ---- snapshots ---- */

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
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
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
