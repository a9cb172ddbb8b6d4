/* SPDX-License-Identifier: MIT */
/*
 * A recording of two queues, made up by a driver and a device that throw dice: however a moment is
 * come to, it is the same, and it is what the events say.
 */
#include <errno.h>
#include <unistd.h>

#include "tests/support/select.h"
#include "tests/trace-tool/made_up.h"

#include "trace-tool/recording/playback.h"

/* ---- playing it ---- */

struct scene {
	struct vrt_file f;
	struct playback p;
};

static void open_queue(struct scene *scene, unsigned int queue)
{
	char why[VRT_WHY_BYTES] = "";
	int error = vrt_open(&scene->f, path, why);

	assert_string_equal(why, "");
	assert_int_equal(error, 0);
	memset(&scene->p, 0, sizeof(scene->p));
	assert_int_equal(
		playback_begin(&scene->p, &scene->f, vrt_find_queue(&scene->f, DEVICE, queue)), 0);
}

static void leave(struct scene *scene)
{
	playback_end(&scene->p);
	vrt_close(&scene->f);
}

static void assert_same_snapshot(const struct snapshot *a, const struct snapshot *b)
{
	assert_int_equal(a != NULL, b != NULL);
	if (!a)
		return;
	assert_int_equal(a->head.time_ns, b->head.time_ns);
	for (unsigned int i = 0; i < a->head.num; i++) {
		assert_int_equal(a->notes[i].token, b->notes[i].token);
		assert_int_equal(a->notes[i].added_ns, b->notes[i].added_ns);
		assert_int_equal(a->notes[i].seen_only, b->notes[i].seen_only);
	}
}

/* All that a screen draws. */
static void assert_same_moment(const struct playback *p, const struct playback *q)
{
	const struct watch *a = &p->watch, *b = &q->watch;

	assert_int_equal(p->number, q->number);
	assert_int_equal(a->now_ns, b->now_ns);
	assert_int_equal(a->avail_idx, b->avail_idx);
	assert_int_equal(a->used_idx, b->used_idx);
	assert_int_equal(a->last_used, b->last_used);
	assert_int_equal(a->num_free, b->num_free);
	assert_int_equal(a->held, b->held);
	assert_int_equal(a->irq, b->irq);
	assert_string_equal(a->cpus, b->cpus);
	assert_int_equal(a->event_number, b->event_number);
	assert_int_equal(a->event_count, b->event_count);
	if (a->event_count)
		assert_memory_equal(a->events, b->events, a->event_count * sizeof(*a->events));
	assert_memory_equal(&a->second, &b->second, sizeof(a->second));
	assert_memory_equal(a->history, b->history, sizeof(a->history));
	assert_memory_equal(a->starved, b->starved, sizeof(a->starved));
	assert_int_equal(a->starved_ns, b->starved_ns);
	assert_same_snapshot(a->snapshot, b->snapshot);
}

static void compare_with_a_fresh_one(const struct playback *played, unsigned int queue)
{
	struct scene fresh;

	open_queue(&fresh, queue);
	assert_int_equal(playback_go(&fresh.p, played->number, played->time_ns), 0);
	assert_same_moment(played, &fresh.p);
	leave(&fresh);
}

static void play_and_compare(unsigned int queue)
{
	struct scene scene;

	open_queue(&scene, queue);
	for (uint64_t t = scene.f.first_ns; t < scene.f.last_ns;
	     t += dice(40) ? dice(90 * MS) : dice(3000) * MS) {
		assert_int_equal(playback_seek(&scene.p, t), 0);
		if (dice(25) == 0)
			compare_with_a_fresh_one(&scene.p, queue);
	}
	leave(&scene);
}

static void played_or_sought_a_moment_is_the_same(void **state)
{
	(void)state;
	write_recording(true, true);
	play_and_compare(0);
	play_and_compare(1);
}

static void also_where_only_events_were_recorded(void **state)
{
	(void)state;
	write_recording(true, false);
	play_and_compare(0);
}

static void also_where_only_key_frames_were_recorded(void **state)
{
	const struct vrt_key *keys;
	struct scene scene;
	uint64_t time_ns;
	size_t frames;

	(void)state;
	write_recording(false, true);
	play_and_compare(1);
	open_queue(&scene, 0);
	assert_int_equal(playback_seek(&scene.p, scene.f.last_ns), 0);
	assert_false(playback_frame(&scene.p, false, &time_ns));
	assert_int_equal(scene.p.watch.second.add, -1);
	assert_non_null(scene.p.watch.snapshot);
	/* From frame to frame, there and back. */
	keys = vrt_keys(&scene.f, DEVICE, 0, &frames);
	assert_int_equal(playback_seek(&scene.p, keys[10].time_ns + 1), 0);
	assert_true(playback_frame(&scene.p, true, &time_ns));
	assert_int_equal(time_ns, keys[10].time_ns);
	assert_int_equal(playback_seek(&scene.p, time_ns), 0);
	assert_true(playback_frame(&scene.p, true, &time_ns));
	assert_int_equal(time_ns, keys[9].time_ns);
	assert_true(playback_frame(&scene.p, false, &time_ns));
	assert_int_equal(time_ns, keys[11].time_ns);
	assert_int_equal(playback_seek(&scene.p, keys[0].time_ns), 0);
	assert_false(playback_frame(&scene.p, true, &time_ns));
	leave(&scene);
}

/* ---- what the events say ---- */

static bool is_of(const struct vring_event *event, unsigned int queue)
{
	return event->queue == queue;
}

/* The add of the buffer that event @n reaps; 0 if there is none. */
static uint64_t added_when(unsigned int n)
{
	for (unsigned int i = n; i-- > 0;)
		if (all[i].queue == all[n].queue && all[i].type == VRING_EVENT_ADD &&
		    all[i].add.token == all[n].reap.token)
			return all[i].time_ns;
	return 0;
}

static void assert_as_the_events_say(const struct playback *p, unsigned int queue)
{
	uint64_t from = p->time_ns - WATCH_SECOND, longest = 0, number = 0;
	int64_t adds = 0, kicks = 0, reaps = 0;
	unsigned int last = 0;

	for (unsigned int i = 0; i < p->number; i++) {
		if (!is_of(&all[i], queue))
			continue;
		last = i;
		number = i + 1;
		if (all[i].time_ns <= from)
			continue;
		adds += all[i].type == VRING_EVENT_ADD;
		kicks += all[i].type == VRING_EVENT_KICK && all[i].kick.kick;
		if (all[i].type == VRING_EVENT_REAP) {
			uint64_t ns = all[i].time_ns - added_when(i);

			reaps++;
			longest = ns > longest ? ns : longest;
		}
	}
	assert_int_equal(p->watch.event_number, number);
	assert_int_equal(p->watch.second.add, adds);
	assert_int_equal(p->watch.second.kick, kicks);
	assert_int_equal(p->watch.second.reap, reaps);
	assert_int_equal(p->watch.second.reaps_known, reaps);
	assert_int_equal(p->watch.second.max_ns, longest);
	assert_int_equal(p->watch.avail_idx, all[last].avail_idx);
	assert_true(p->watch.event_count >= WATCH_KEPT);
}

static void a_moment_is_what_the_events_say(void **state)
{
	struct scene scene;

	(void)state;
	write_recording(true, true);
	for (unsigned int queue = 0; queue < 2; queue++) {
		open_queue(&scene, queue);
		for (unsigned int i = 0; i < 30; i++) {
			uint64_t length = scene.f.last_ns - BEGAN - 2 * WATCH_SECOND;

			assert_int_equal(playback_seek(&scene.p,
						       BEGAN + 2 * WATCH_SECOND +
							       dice(1000) * length / 1000),
					 0);
			assert_as_the_events_say(&scene.p, queue);
		}
		leave(&scene);
	}
}

static void the_event_of_a_moment_is_in_it(void **state)
{
	unsigned int shared = 0;
	struct scene scene;
	uint64_t number;

	(void)state;
	write_recording(true, true);
	open_queue(&scene, 1);
	for (unsigned int i = 1000; i < 9000; i++) {
		unsigned int next = i + 1;

		while (!is_of(&all[next], 1))
			next++;
		if (!is_of(&all[i], 1) || all[i - 1].time_ns > all[i].time_ns ||
		    all[next].time_ns <= all[i].time_ns)
			continue;
		assert_int_equal(playback_seek(&scene.p, all[i].time_ns), 0);
		assert_int_equal(scene.p.watch.event_number, i + 1);
		shared += scene.p.number > i + 1;
		/* Also if others happened at the same time: the one before it is another one. */
		assert_int_equal(playback_find(&scene.p, PLAYBACK_ANY, true, NULL, NULL, &number),
				 1);
		assert_true(number <= i);
	}
	assert_true(shared > 0);
	leave(&scene);
}

static void steps_meet_each_event_of_the_queue_there_and_back(void **state)
{
	unsigned int met[600], n = 0;
	struct scene scene;
	uint64_t number;

	(void)state;
	write_recording(true, true);
	open_queue(&scene, 1);
	assert_int_equal(playback_seek_event(&scene.p, 3000), 0);
	for (unsigned int i = 3000; n < 600; i++) {
		if (!is_of(&all[i], 1))
			continue;
		assert_int_equal(playback_find(&scene.p, PLAYBACK_ANY, false, NULL, NULL, &number),
				 1);
		assert_int_equal(number, i + 1);
		assert_int_equal(playback_seek_event(&scene.p, number), 0);
		assert_int_equal(scene.p.watch.event_number, i + 1);
		assert_memory_equal(&scene.p.watch.events[scene.p.watch.event_count - 1], &all[i],
				    sizeof(*all));
		met[n++] = i + 1;
	}
	compare_with_a_fresh_one(&scene.p, 1);
	for (n--; n-- > 590;) {
		assert_int_equal(playback_find(&scene.p, PLAYBACK_ANY, true, NULL, NULL, &number),
				 1);
		assert_int_equal(number, met[n]);
		assert_int_equal(playback_seek_event(&scene.p, number), 0);
	}
	compare_with_a_fresh_one(&scene.p, 1);
	leave(&scene);
}

static bool is_full(unsigned int i)
{
	return all[i].num_free == 0;
}

/* Is event @i one of @what? A full ring: full, and not at the event of the queue before. */
static bool is_one(unsigned int i, enum playback_event what)
{
	if (what == PLAYBACK_KICK)
		return all[i].type == VRING_EVENT_KICK && all[i].kick.kick;
	if (what == PLAYBACK_IRQ)
		return all[i].type == VRING_EVENT_INTERRUPT;
	if (!is_full(i))
		return false;
	for (unsigned int j = i; j-- > 0;)
		if (is_of(&all[j], all[i].queue))
			return !is_full(j);
	return true;
}

static void what_is_looked_for_is_found_in_both_directions(void **state)
{
	struct scene scene;
	uint64_t number;

	(void)state;
	write_recording(true, true);
	open_queue(&scene, 0);
	for (enum playback_event what = PLAYBACK_KICK; what <= PLAYBACK_FULL; what++) {
		unsigned int last = 0, found = 0;

		assert_int_equal(playback_seek(&scene.p, BEGAN), 0);
		for (unsigned int i = scene.p.number; i < count && found < 40; i++) {
			if (!is_of(&all[i], 0) || !is_one(i, what))
				continue;
			assert_int_equal(playback_find(&scene.p, what, false, NULL, NULL, &number),
					 1);
			assert_int_equal(number, i + 1);
			assert_int_equal(playback_seek_event(&scene.p, number), 0);
			if (last) {
				assert_int_equal(playback_find(&scene.p, what, true, NULL, NULL,
							       &number),
						 1);
				assert_int_equal(number, last);
			}
			last = i + 1;
			found++;
		}
		assert_true(found > 2);
	}
	/* At the ends there is no more. */
	assert_int_equal(playback_seek(&scene.p, scene.f.last_ns), 0);
	assert_int_equal(playback_find(&scene.p, PLAYBACK_ANY, false, NULL, NULL, &number), 0);
	assert_int_equal(playback_seek_event(&scene.p, 0), 0);
	assert_int_equal(playback_find(&scene.p, PLAYBACK_ANY, true, NULL, NULL, &number), 0);
	leave(&scene);
}

static bool give_up(void *arg, unsigned int percent)
{
	(void)arg;
	assert_true(percent < 100);
	return true;
}

static void a_search_can_be_given_up(void **state)
{
	struct scene scene;
	uint64_t number;

	(void)state;
	write_recording(true, true);
	open_queue(&scene, 0);
	assert_int_equal(playback_seek(&scene.p, BEGAN + WATCH_SECOND), 0);
	assert_int_equal(playback_find(&scene.p, PLAYBACK_FULL, false, give_up, NULL, &number), 0);
	assert_int_equal(playback_find(&scene.p, PLAYBACK_FULL, true, give_up, NULL, &number), 0);
	leave(&scene);
}

/* ---- damage ---- */

static void flip_byte(uint64_t at)
{
	FILE *file = fopen(path, "r+");
	int byte;

	assert_non_null(file);
	fseek(file, at, SEEK_SET);
	byte = fgetc(file);
	fseek(file, at, SEEK_SET);
	fputc(byte ^ 0x40, file);
	fclose(file);
}

static uint64_t damage_block_of(uint64_t time_ns)
{
	struct scene scene;
	uint64_t at;

	open_queue(&scene, 0);
	at = scene.f.blocks[vrt_block_at(&scene.f, time_ns)].offset;
	leave(&scene);
	flip_byte(at + 20);
	return at;
}

static void at_a_damaged_block_it_stays_where_it_was(void **state)
{
	struct playback *p;
	struct scene scene;
	char place[64];

	(void)state;
	write_recording(true, true);
	snprintf(place, sizeof(place), "damaged at byte %llu",
		 (unsigned long long)damage_block_of(BEGAN + 40 * WATCH_SECOND));
	open_queue(&scene, 0);
	p = &scene.p;
	assert_int_equal(playback_seek(p, BEGAN + 30 * WATCH_SECOND), 0);
	assert_int_equal(playback_seek(p, BEGAN + 40 * WATCH_SECOND + 500 * MS), -EPROTO);
	assert_memory_equal(p->why, place, strlen(place));
	assert_int_equal(p->time_ns, BEGAN + 30 * WATCH_SECOND);
	compare_with_a_fresh_one(p, 0);
	/* Beyond it all is well again. */
	assert_int_equal(playback_seek(p, BEGAN + 70 * WATCH_SECOND), 0);
	assert_int_equal(p->time_ns, BEGAN + 70 * WATCH_SECOND);
	leave(&scene);
}

static void a_damaged_key_frame_is_left_out_and_said(void **state)
{
	const struct vrt_key *key;
	struct scene scene;
	uint64_t offset, time_ns;
	char place[64];
	size_t keys;

	(void)state;
	write_recording(true, true);
	open_queue(&scene, 0);
	key = &vrt_keys(&scene.f, DEVICE, 0, &keys)[120];
	offset = scene.f.blocks[key->block].offset;
	time_ns = key->time_ns;
	leave(&scene);
	flip_byte(offset + 20);
	snprintf(place, sizeof(place), "damaged at byte %llu", (unsigned long long)offset);
	open_queue(&scene, 0);
	assert_int_equal(playback_seek(&scene.p, time_ns - MS), 0);
	assert_string_equal(scene.p.damage, "");
	assert_int_equal(playback_seek(&scene.p, time_ns + MS), 0);
	assert_memory_equal(scene.p.damage, place, strlen(place));
	assert_as_the_events_say(&scene.p, 0);
	compare_with_a_fresh_one(&scene.p, 0);
	leave(&scene);
}

/* ---- nonsense ---- */

/* Well-formed, checksums and all, and not a true word in it. */
static void write_nonsense(void)
{
	struct vrt_writer *w = malloc(sizeof(*w));
	FILE *file = fopen(path, "w");
	struct vrt_queue queue;

	assert_true(w && file);
	memset(&queue, 0xff, sizeof(queue));
	le16_write(&queue.device, DEVICE);
	le16_write(&queue.queue, 0);
	le32_write(&queue.num, NUM);
	now_ns = dice(3) * BEGAN;
	assert_int_equal(vrt_write_begin(w, file, "test", "", 1, 1), 0);
	assert_int_equal(vrt_write_queues(w, &queue, 1, now_ns), 0);
	for (unsigned int n = 0; n < 4000; n++) {
		unsigned char bytes[sizeof(struct vring_event)];
		struct vring_event event;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = dice(256);
		memcpy(&event, bytes, sizeof(event));
		now_ns += dice(10) ? dice(3 * MS) : dice(900) * MS;
		if (dice(50))
			event.time_ns = dice(50) ? now_ns : event.time_ns >> dice(64);
		event.device = DEVICE;
		event.queue = 0;
		event.type = dice(8);
		if (dice(4))
			event.add.token = 64 * dice(30);
		assert_int_equal(vrt_write_event(w, &event), 0);
		if (dice(100) == 0) {
			memset(&sides[0], 0, sizeof(sides[0]));
			for (unsigned int i = 0; i < NUM; i++) {
				sides[0].ring[i] = dice(256);
				sides[0].used_ring[i] = dice(256);
				sides[0].buffer[i].token = 64 * dice(30);
				sides[0].buffer[i].added_ns = dice(2) ? now_ns : dice(1000000);
			}
			sides[0].avail = dice(65536);
			sides[0].last = dice(65536);
			sides[0].used = dice(65536);
			sides[0].held = dice(NUM + 1);
			write_frame(w, 0);
		}
	}
	assert_int_equal(vrt_write_end(w, now_ns), 0);
	fclose(file);
	free(w);
}

static void what_makes_no_sense_does_no_harm(void **state)
{
	struct scene scene;

	(void)state;
	for (unsigned int n = 0; n < 8; n++) {
		write_nonsense();
		open_queue(&scene, 0);
		for (unsigned int i = 0; i < 60; i++) {
			uint64_t number = dice(4001);

			assert_int_equal(playback_seek_event(&scene.p, number), 0);
			assert_true(scene.p.watch.held <= NUM);
			assert_true(scene.p.watch.num_free <= NUM);
			assert_true(watch_with_device(&scene.p.watch) <= NUM);
			if (dice(4) == 0)
				compare_with_a_fresh_one(&scene.p, 0);
			assert_true(playback_find(&scene.p, dice(4), dice(2), NULL, NULL,
						  &number) >= 0);
		}
		leave(&scene);
	}
}

static int begin_tests(void **state)
{
	(void)state;
	all = calloc(EVENTS_MAX, sizeof(*all));
	close(mkstemp(path));
	return all ? 0 : -1;
}

static int end_tests(void **state)
{
	(void)state;
	free(all);
	return unlink(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(played_or_sought_a_moment_is_the_same),
		cmocka_unit_test(also_where_only_events_were_recorded),
		cmocka_unit_test(also_where_only_key_frames_were_recorded),
		cmocka_unit_test(a_moment_is_what_the_events_say),
		cmocka_unit_test(the_event_of_a_moment_is_in_it),
		cmocka_unit_test(steps_meet_each_event_of_the_queue_there_and_back),
		cmocka_unit_test(what_is_looked_for_is_found_in_both_directions),
		cmocka_unit_test(a_search_can_be_given_up),
		cmocka_unit_test(at_a_damaged_block_it_stays_where_it_was),
		cmocka_unit_test(a_damaged_key_frame_is_left_out_and_said),
		cmocka_unit_test(what_makes_no_sense_does_no_harm),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, begin_tests, end_tests);
}
