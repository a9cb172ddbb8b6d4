/* SPDX-License-Identifier: MIT */
/*
 * A recording of two queues, made up by a driver and a device that throw dice.
 */
#ifndef TESTS_TRACE_TOOL_MADE_UP_H
#define TESTS_TRACE_TOOL_MADE_UP_H

#include "tests/trace-tool/ring.h"

#include "trace-tool/recording/vrt_snapshot.h"
#include "trace-tool/recording/vrt_write.h"
#include "trace-tool/watch.h"

#define BEGAN 777000000000ull /* what the clock said */
#define SECONDS 80ull	      /* more than the screen's history */
#define FRAMES_EVERY (WATCH_SECOND / 4)
#define MS 1000000ull
#define EVENTS_MAX 400000
#define DEVICE 3

static char path[] = "/tmp/playback-test-XXXXXX";
static struct vring_event *all; /* in the order of the file */
static unsigned int count;
static uint64_t dice_state = 88172645463325252ull;

static unsigned int dice(unsigned int sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (dice_state >> 20) % sides;
}

/* ---- the recording ---- */

struct side {
	uint16_t avail, used, last, old_kick;
	struct {
		uint64_t token, added_ns;
	} buffer[NUM]; /* by head */
	uint8_t ring[NUM], used_ring[NUM];
	unsigned int held;
};

static struct side sides[2];
static uint64_t now_ns;
static bool with_events;

static void put(struct vrt_writer *w, unsigned int queue, struct vring_event event)
{
	const struct side *side = &sides[queue];

	if (!with_events)
		return;
	now_ns += 1 + dice(1000);
	event.time_ns = now_ns;
	/* Two processors, that may change places by a moment, or see the same one. */
	if (dice(20) == 0)
		event.time_ns = now_ns = count ? all[count - 1].time_ns : now_ns;
	if (dice(20) == 0)
		event.time_ns -= 300;
	event.device = DEVICE;
	event.queue = queue;
	event.flags = VRING_EVENT_F_EVENT_IDX;
	event.avail_idx = side->avail;
	event.used_idx = side->used;
	event.last_used = side->last;
	event.num_free = NUM - side->held;
	assert_true(count < EVENTS_MAX);
	all[count++] = event;
	assert_int_equal(vrt_write_event(w, &event), 0);
}

static void add(struct vrt_writer *w, unsigned int queue)
{
	struct side *side = &sides[queue];
	unsigned int head = 0;

	while (side->buffer[head].token)
		head++;
	side->ring[side->avail % NUM] = head;
	side->buffer[head].token = 0xffff888000000000 + 64 * dice(40) + 0x100000 * head;
	side->avail++;
	side->held++;
	put(w, queue,
	    (struct vring_event){ .type = VRING_EVENT_ADD,
				  .add = { .token = side->buffer[head].token } });
	side->buffer[head].added_ns = with_events ? all[count - 1].time_ns : 0;
	if (dice(2)) {
		uint16_t asked = side->avail - 1 - dice(2);

		put(w, queue,
		    (struct vring_event){
			    .type = VRING_EVENT_KICK,
			    .kick = { .old_idx = side->old_kick,
				      .new_idx = side->avail,
				      .event = asked,
				      .event_after = asked,
				      .kick = (uint16_t)(side->avail - asked - 1) <
					      (uint16_t)(side->avail - side->old_kick) } });
		side->old_kick = side->avail;
	}
}

static void use(struct side *side)
{
	side->used_ring[side->used % NUM] = side->ring[side->used % NUM];
	side->used++;
}

static void reap(struct vrt_writer *w, unsigned int queue)
{
	struct side *side = &sides[queue];
	unsigned int head = side->used_ring[side->last % NUM];
	uint64_t token = side->buffer[head].token;

	side->buffer[head].token = 0;
	side->last++;
	side->held--;
	put(w, queue, (struct vring_event){ .type = VRING_EVENT_REAP, .reap = { .token = token } });
}

static void write_frame(struct vrt_writer *w, unsigned int queue)
{
	const struct side *side = &sides[queue];
	struct snapshot s;
	struct vring vr;
	struct areas *a;

	healthy_split(&s);
	a = (struct areas *)s.copy;
	memset(a->state, 0, sizeof(a->state));
	vr = ring_of(&s);
	for (unsigned int i = 0; i < NUM; i++) {
		put_desc(&s, i, 512, VRING_DESC_F_WRITE, 0);
		a->state[i].data = side->buffer[i].token;
		le16_write(&vr.avail->ring[i], side->ring[i]);
		le32_write(&vr.used->ring[i].id, side->used_ring[i]);
	}
	s.head.table_count = 0;
	s.head.device = DEVICE;
	s.head.index = queue;
	s.head.time_ns = now_ns;
	set_positions(&s, (struct vt_positions){ .avail_idx = side->avail,
						 .last_used = side->last,
						 .avail_mem = side->avail,
						 .used_mem = side->used,
						 .num_free = NUM - side->held });
	reattach(&s);
	for (unsigned int i = 0; i < NUM; i++)
		s.notes[i].added_ns = side->buffer[i].token ? side->buffer[i].added_ns : 0;
	assert_int_equal(vrt_put_snapshot(w, &s), 0);
	snapshot_free(&s);
}

static void live_on(struct vrt_writer *w)
{
	unsigned int queue = dice(3) == 0;
	struct side *side = &sides[queue];

	now_ns += dice(100) ? dice(2 * MS) : dice(30 * MS);
	if (side->held < NUM && dice(5) < 3) {
		add(w, queue);
	} else if (side->used != side->avail) {
		use(side);
		put(w, queue,
		    (struct vring_event){
			    .type = VRING_EVENT_INTERRUPT,
			    .interrupt = { .irq = 40 + queue, .handled = dice(9) > 0 } });
	} else if (side->last != side->used) {
		reap(w, queue);
	}
	if (side->last != side->used && dice(2))
		reap(w, queue);
}

static void write_recording(bool events, bool frames)
{
	struct vrt_writer *w = malloc(sizeof(*w));
	FILE *file = fopen(path, "w");
	uint64_t next_frame = BEGAN + MS;
	struct vrt_queue queues[2];

	assert_true(w && file);
	with_events = events;
	memset(sides, 0, sizeof(sides));
	memset(queues, 0, sizeof(queues));
	count = 0;
	now_ns = BEGAN;
	for (int i = 0; i < 2; i++) {
		le16_write(&queues[i].device, DEVICE);
		le16_write(&queues[i].queue, i);
		le32_write(&queues[i].num, NUM);
		le32_write(&queues[i].device_id, 1);
		snprintf(queues[i].name, sizeof(queues[i].name), i ? "output.0" : "input.0");
		sides[i].avail = sides[i].used = sides[i].last = sides[i].old_kick = 0xffd0;
	}
	assert_int_equal(vrt_write_begin(w, file, "test", "6.1", 1, 1), 0);
	assert_int_equal(vrt_write_queues(w, queues, 2, BEGAN), 0);
	while (now_ns < BEGAN + SECONDS * WATCH_SECOND) {
		if (frames && now_ns >= next_frame) {
			now_ns += 1000;
			write_frame(w, 0);
			write_frame(w, 1);
			now_ns += 1000;
			next_frame += FRAMES_EVERY;
		}
		live_on(w);
	}
	assert_int_equal(vrt_write_end(w, now_ns), 0);
	fclose(file);
	free(w);
}

#endif
