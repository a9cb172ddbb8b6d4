/* SPDX-License-Identifier: MIT */
/*
 * A queue that is watched, and what its driver and its device do to it.
 */
#ifndef TESTS_TRACE_TOOL_SCENE_H
#define TESTS_TRACE_TOOL_SCENE_H

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

static inline void begin(struct scene *scene, uint32_t device_id, const char *name,
			 bool events_known)
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

static inline void begin_disk(struct scene *scene)
{
	begin(scene, 2, "req.0", true);
}

static inline void end(struct scene *scene)
{
	watch_end(&scene->w);
}

static inline void put(struct scene *scene, struct vring_event event)
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

static inline void add(struct scene *scene, uint64_t token)
{
	scene->avail++;
	scene->num_free--;
	put(scene, (struct vring_event){ .type = VRING_EVENT_ADD, .add = { .token = token } });
}

/* The device uses one more. */
static inline void use(struct scene *scene)
{
	scene->used++;
}

static inline void reap(struct scene *scene, uint64_t token)
{
	scene->last++;
	scene->num_free++;
	put(scene, (struct vring_event){ .type = VRING_EVENT_REAP, .reap = { .token = token } });
}

static inline void kick(struct scene *scene, uint16_t batch, bool yes)
{
	uint16_t event = yes ? scene->avail - 1 : scene->avail - batch - 1;

	put(scene, (struct vring_event){ .type = VRING_EVENT_KICK,
					 .kick = { .old_idx = scene->avail - batch,
						   .new_idx = scene->avail,
						   .event = event,
						   .event_after = event,
						   .kick = yes } });
}

static inline void interrupt(struct scene *scene, bool handled)
{
	put(scene, (struct vring_event){ .type = VRING_EVENT_INTERRUPT,
					 .interrupt = { .irq = 36, .handled = handled } });
}

/* The healthy ring of tests/trace-tool/ring.h at @time_ns. */
static inline struct snapshot ring_at(bool packed, uint64_t time_ns)
{
	struct snapshot s;

	if (packed)
		healthy_packed(&s);
	else
		healthy_split(&s);
	s.head.time_ns = time_ns;
	return s;
}

static inline void take(struct scene *scene, struct snapshot s)
{
	assert_int_equal(watch_snapshot(&scene->w, &s), 0);
	assert_null(s.copy); /* it was taken over */
}

#endif
