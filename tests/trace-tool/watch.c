/* SPDX-License-Identifier: MIT */
/*
 * A queue followed through time: what its screen says follows from events and snapshots alone.
 */
#include <errno.h>

#include "tests/trace-tool/scene.h"

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
		cmocka_unit_test(history_has_the_fullest_moment_of_each_second),
		cmocka_unit_test(a_receiving_queue_starves_when_its_last_buffer_comes_back),
		cmocka_unit_test(how_often_somebody_looked_changes_nothing),
		cmocka_unit_test(what_is_forgotten_leaves_who_it_is),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
