/* SPDX-License-Identifier: MIT */
/*
 * What comes in from several processors, in any order of a moment, goes out as a recording.
 */
#include <errno.h>
#include <unistd.h>

#include "tests/support/select.h"
#include "tests/trace-tool/ring.h"

#include "trace-tool/recording/in_flight.h"
#include "trace-tool/recording/in_order.h"
#include "trace-tool/kept.h"
#include "trace-tool/recording/recorder.h"
#include "trace-tool/recording/vrt_snapshot.h"

#define TOKEN 0xffff888000000000ull
#define MS 1000000ull

static struct vring_event event_at(uint64_t time_ns, uint16_t cpu)
{
	return (struct vring_event){ .time_ns = time_ns, .cpu = cpu, .type = VRING_EVENT_NOTIFY };
}

static struct vring_event add_at(uint64_t time_ns, uint64_t token)
{
	return (struct vring_event){ .time_ns = time_ns,
				     .type = VRING_EVENT_ADD,
				     .add = { .token = token } };
}

static struct vring_event reap_at(uint64_t time_ns, uint64_t token)
{
	return (struct vring_event){ .time_ns = time_ns,
				     .type = VRING_EVENT_REAP,
				     .reap = { .token = token } };
}

/* ---- order of time ---- */

static void events_of_several_processors_come_out_in_order_of_time(void **state)
{
	struct in_order order = {};
	uint64_t before = 0;

	(void)state;
	/* Two processors, the second late by up to 30 events. */
	for (unsigned int i = 0; i < 20000; i++) {
		struct vring_event event =
			event_at(1000 + 10 * i - (i % 3 ? 0 : 7 * (i % 31)), i % 3 == 0);

		assert_int_equal(in_order_add(&order, &event), 0);
	}
	assert_int_equal(in_order_ready(&order, UINT64_MAX), 20000);
	for (size_t i = 0; i < order.count; i++) {
		assert_true(order.events[i].time_ns >= before);
		before = order.events[i].time_ns;
	}
	in_order_free(&order);
}

static void events_of_the_same_moment_stay_in_the_order_they_came(void **state)
{
	struct in_order order = {};

	(void)state;
	for (uint16_t i = 0; i < 100; i++) {
		struct vring_event event = event_at(i < 50 ? 200 : 100, i);

		assert_int_equal(in_order_add(&order, &event), 0);
	}
	for (uint16_t i = 0; i < 100; i++)
		assert_int_equal(order.events[i].cpu, (i + 50) % 100);
	in_order_free(&order);
}

static void what_is_not_ready_waits(void **state)
{
	struct in_order order = {};

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		struct vring_event event = event_at(100 + i, 0);

		assert_int_equal(in_order_add(&order, &event), 0);
	}
	assert_int_equal(in_order_ready(&order, 99), 0);
	assert_int_equal(in_order_ready(&order, 104), 5);
	in_order_drop(&order, 5);
	assert_int_equal(order.count, 5);
	assert_int_equal(order.events[0].time_ns, 105);
	in_order_free(&order);
}

/* ---- in flight ---- */

#define BUFFERS 5000

static void a_buffer_is_in_flight_from_its_add_to_its_reap(void **state)
{
	static uint64_t added[BUFFERS]; /* what is to be true */
	struct in_flight flight = {};
	uint32_t random = 1;

	(void)state;
	for (uint64_t now = 1; now < 200000; now++) {
		unsigned int i = (random = random * 1103515245 + 12345) >> 8 & 0xffff;
		uint16_t queue = i & 1;

		i %= BUFFERS;
		if (added[i] && queue == i % 2) {
			assert_int_equal(in_flight_reap(&flight, 7, i % 2, TOKEN + 16 * i),
					 added[i]);
			added[i] = 0;
		} else {
			assert_int_equal(in_flight_add(&flight, 7, i % 2, TOKEN + 16 * i, now), 0);
			added[i] = now;
		}
		/* The same token on another queue is another buffer. */
		assert_int_equal(in_flight_added(&flight, 7, 2, TOKEN + 16 * i), 0);
	}
	for (unsigned int i = 0; i < BUFFERS; i++)
		assert_int_equal(in_flight_added(&flight, 7, i % 2, TOKEN + 16 * i), added[i]);
	/* Places that were left are used again: it does not grow with time. */
	assert_true(flight.room <= 8 * 1024 * 4);
	in_flight_free(&flight);
}

/* ---- a recording ---- */

struct scene {
	struct recorder recorder;
	char path[64];
	FILE *file;
};

static void begin(struct scene *scene, bool kept)
{
	struct vrt_queue queue = { .name = "req.0" };

	snprintf(scene->path, sizeof(scene->path), "/tmp/recorder-test.XXXXXX");
	scene->file = fdopen(mkstemp(scene->path), "w");
	assert_non_null(scene->file);
	le32_write(&queue.num, NUM);
	assert_int_equal(recorder_begin(&scene->recorder, kept ? NULL : scene->file, "6.1"), 0);
	assert_int_equal(recorder_queues(&scene->recorder, &queue, 1), 0);
}

static void put(struct scene *scene, struct vring_event event)
{
	assert_int_equal(recorder_event(&scene->recorder, &event), 0);
}

/* What was recorded; the file is gone once it is closed. */
static void read_back(struct scene *scene, struct vrt_file *f)
{
	char why[VRT_WHY_BYTES];

	fclose(scene->file);
	assert_int_equal(vrt_open(f, scene->path, why), 0);
	unlink(scene->path);
	assert_true(f->closed);
	assert_int_equal(f->num_queues, 1);
}

static struct snapshot frame_at(uint64_t time_ns)
{
	struct snapshot s;

	healthy_split(&s);
	s.head.device = s.head.index = 0;
	s.head.time_ns = time_ns;
	return s;
}

static void a_key_frame_says_when_its_buffers_were_added(void **state)
{
	const struct vrt_index_entry *entry;
	struct scene scene = {};
	struct vrt_file f = {};
	char why[VRT_WHY_BYTES];
	struct snapshot s = frame_at(50 * MS), read;
	uint64_t token = 0;

	(void)state;
	for (unsigned int i = 0; i < NUM; i++)
		token = s.notes[i].token ? s.notes[i].token : token;
	assert_int_not_equal(token, 0);
	begin(&scene, false);
	/* Its own add comes late; one of the same token was reaped before. */
	put(&scene, add_at(10 * MS, token));
	put(&scene, reap_at(20 * MS, token));
	assert_int_equal(recorder_frame(&scene.recorder, &s), 0);
	put(&scene, event_at(60 * MS, 0));
	put(&scene, add_at(30 * MS, token));
	assert_int_equal(recorder_end(&scene.recorder), 0);
	recorder_free(&scene.recorder);

	read_back(&scene, &f);
	assert_int_equal(f.events, 4);
	entry = vrt_snapshot_before(&f, 0, 0, UINT64_MAX);
	assert_non_null(entry);
	assert_int_equal(vrt_get_snapshot(&f, entry, &read, why), 0);
	for (unsigned int i = 0; i < NUM; i++)
		if (read.notes[i].token == token)
			assert_int_equal(read.notes[i].added_ns, 30 * MS);
		else
			assert_int_equal(read.notes[i].added_ns, 0);
	snapshot_free(&read);
	vrt_close(&f);
}

static void a_key_frame_lies_between_the_events_before_it_and_those_after(void **state)
{
	struct snapshot s = frame_at(55);
	struct scene scene = {};
	struct vrt_file f = {};
	bool seen = false;

	(void)state;
	begin(&scene, false);
	assert_int_equal(recorder_frame(&scene.recorder, &s), 0);
	for (unsigned int i = 0; i < 10; i++)
		put(&scene, event_at(100 - 10 * i, 0));
	assert_int_equal(recorder_end(&scene.recorder), 0);
	recorder_free(&scene.recorder);

	read_back(&scene, &f);
	for (size_t i = 0; i < f.count; i++) {
		uint32_t type = f.blocks[i].type;

		if (type == VRT_SNAPSHOT || type == VRT_SNAPSHOT_DEFLATED)
			seen = true;
		if (type == VRT_EVENTS || type == VRT_EVENTS_DEFLATED)
			assert_true(seen ? f.blocks[i].first_ns > 55 : f.blocks[i].last_ns < 55);
	}
	assert_true(seen);
	vrt_close(&f);
}

static void what_was_kept_becomes_a_recording_with_the_reason_in_it(void **state)
{
	static const char reason[] = "req.0 stalled: the device did not finish";
	char text[100], why[VRT_WHY_BYTES];
	struct scene scene = {};
	struct vrt_file f = {};
	bool found = false;

	(void)state;
	begin(&scene, true);
	for (unsigned int i = 0; i < 5000; i++)
		put(&scene, event_at(100 + i, 0));
	recorder_loss(&scene.recorder, 3, 4);
	assert_int_equal(recorder_end(&scene.recorder), 0);
	assert_int_equal(recorder_events(&scene.recorder), 5000);
	assert_int_equal(recorder_save(&scene.recorder, scene.file, reason), 0);
	recorder_free(&scene.recorder);

	read_back(&scene, &f);
	assert_int_equal(f.events, 5000);
	assert_int_equal(le64_read(&f.loss.lost), 3);
	for (size_t i = 0; i < f.count; i++)
		if (f.blocks[i].type == VRT_NOTE &&
		    !vrt_note(&f, &f.blocks[i], text, sizeof(text), why))
			found |= !strcmp(text, reason);
	assert_true(found);
	vrt_close(&f);
}

static void a_disk_that_is_full_is_an_error_that_is_told_at_once(void **state)
{
	struct recorder recorder;
	FILE *full = fopen("/dev/full", "w");
	int error = 0;

	(void)state;
	assert_non_null(full);
	assert_int_equal(recorder_begin(&recorder, full, "6.1"), 0);
	for (unsigned int i = 0; !error && i < 100000; i++) {
		struct vring_event event = event_at(100 + i, 0);

		assert_int_equal(recorder_event(&recorder, &event), 0);
		if (i % 1000 == 999)
			error = recorder_tick(&recorder);
	}
	if (!error)
		error = recorder_end(&recorder);
	assert_int_equal(error, -ENOSPC);
	recorder_free(&recorder);
	fclose(full);
}

/* ---- what live keeps ---- */

static void a_moment_that_was_kept_shows_what_was_seen_then(void **state)
{
	struct vrt_queue queue = { .name = "req.0" };
	struct kept kept = {};
	struct watch w;

	(void)state;
	le32_write(&queue.num, NUM);
	assert_int_equal(watch_begin(&w, &queue, false), 0);
	for (unsigned int i = 0; i < 5; i++) {
		struct snapshot s = frame_at(10 * WATCH_SECOND + i * 100 * MS);

		s.head.before.avail_idx = s.head.after.avail_idx = s.head.before.avail_idx + i;
		assert_int_equal(kept_moment(&kept, &s, 40 + i), 0);
		snapshot_free(&s);
	}
	assert_int_equal(kept.count, 5);
	for (unsigned int i = 5; i-- > 0;) {
		assert_int_equal(kept_show(&kept, i, &w), 0);
		assert_int_equal(w.now_ns, 10 * WATCH_SECOND + i * 100 * MS);
		assert_int_equal(
			(uint16_t)(w.avail_idx - kept.moments[0].snapshot.head.before.avail_idx),
			i);
		assert_int_equal(w.second.irq, i);
	}
	watch_end(&w);
	kept_free(&kept);
}

static void no_more_is_kept_than_there_is_room_for(void **state)
{
	struct kept kept = {};

	(void)state;
	for (unsigned int i = 0; i < KEPT_MOMENTS + 100; i++) {
		struct snapshot s = frame_at(WATCH_SECOND + i * MS);
		struct vring_event event = event_at(WATCH_SECOND + i * MS, 0);

		assert_int_equal(kept_event(&kept, &event), 0);
		assert_int_equal(kept_moment(&kept, &s, 0), 0);
		snapshot_free(&s);
	}
	assert_int_equal(kept.count, KEPT_MOMENTS);
	assert_int_equal(kept.moments[0].snapshot.head.time_ns, WATCH_SECOND + 100 * MS);
	/* Events from before the oldest moment are of no use. */
	assert_int_equal(kept.events[0].time_ns, WATCH_SECOND + 100 * MS);
	kept_free(&kept);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_of_several_processors_come_out_in_order_of_time),
		cmocka_unit_test(events_of_the_same_moment_stay_in_the_order_they_came),
		cmocka_unit_test(what_is_not_ready_waits),
		cmocka_unit_test(a_buffer_is_in_flight_from_its_add_to_its_reap),
		cmocka_unit_test(a_key_frame_says_when_its_buffers_were_added),
		cmocka_unit_test(a_key_frame_lies_between_the_events_before_it_and_those_after),
		cmocka_unit_test(what_was_kept_becomes_a_recording_with_the_reason_in_it),
		cmocka_unit_test(a_disk_that_is_full_is_an_error_that_is_told_at_once),
		cmocka_unit_test(a_moment_that_was_kept_shows_what_was_seen_then),
		cmocka_unit_test(no_more_is_kept_than_there_is_room_for),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
