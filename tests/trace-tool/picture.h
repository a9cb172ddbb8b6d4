/* SPDX-License-Identifier: MIT */
/*
 * A queue of our own driver half, a hand for its device, and the screen that shows it.
 *
 * The snapshot is taken of the same memory and the same private notes that vring-trace finds in a
 * kernel, so that what is on the screen can be compared with what was done to the ring.
 */
#ifndef TESTS_TRACE_TOOL_PICTURE_H
#define TESTS_TRACE_TOOL_PICTURE_H

#include "tests/support/ring.h"

#include "bus/virtio_ids.h"
#include "ring/vring_private.h"
#include "trace-tool/screen/screen.h"
#include "trace-tool/watch.h"

#define MS 1000000ull
#define PICTURE_BEGINS (100 * WATCH_SECOND) /* what times are counted from */

struct picture {
	struct ring *ring;
	void *ring_state;
	struct watch watch;
	struct screen_status status;
	struct browse browse;
	struct frame frame;
	unsigned int rows, cols;
	uint64_t now_ns;
	uint64_t added_ns[VRING_MAX_SIZE]; /* by head or id, for the next snapshot; 0: not known */
	char *text;			   /* the frame as it was drawn last, in ASCII */
	size_t text_bytes;
};

/* The picture of the running test, for teardown. */
static struct picture *picture;

static inline const struct vring_virtqueue *driver_of(const struct picture *p)
{
	return (const struct vring_virtqueue *)p->ring->vq;
}

static inline struct picture *picture_new(unsigned int num, uint64_t features, uint16_t first,
					  enum virtio_id device, const char *name)
{
	struct picture *p = calloc(1, sizeof(*p));
	struct vrt_queue queue = {};

	assert_non_null(p);
	picture = p;
	p->ring = ring_new_at(&p->ring_state, num, features, first);
	le16_write(&queue.device, 1);
	le32_write(&queue.num, num);
	le64_write(&queue.features, features | FEATURE(VIRTIO_F_VERSION_1));
	le32_write(&queue.device_id, device);
	queue.packed = !!(features & PACKED);
	strcpy(queue.name, name);
	strcpy(queue.driver, device == VIRTIO_ID_NET ? "virtio_net" : "virtio_blk");
	strcpy(queue.alias, device == VIRTIO_ID_NET ? "eth0" : "vda");
	assert_int_equal(watch_begin(&p->watch, &queue, true), 0);
	p->now_ns = PICTURE_BEGINS;
	p->status = (struct screen_status){
		.mode = "PAUSED",
		.from_ns = PICTURE_BEGINS,
		.end_ns = PICTURE_BEGINS + 60 * WATCH_SECOND,
		.cost = -1,
		.queues = 2,
	};
	p->browse.mode = BROWSE_REPLAY;
	p->rows = 30;
	p->cols = 100;
	return p;
}

static inline int picture_free(void **state)
{
	struct picture *p = picture;

	(void)state;
	picture = NULL;
	if (!p)
		return 0;
	watch_end(&p->watch);
	frame_free(&p->frame);
	ring_free(&p->ring_state);
	free(p->text);
	free(p);
	return 0;
}

/* A disk's queue, which is what most stories are about. */
static inline struct picture *disk(unsigned int num, uint64_t features, uint16_t first)
{
	return picture_new(num, features, first, VIRTIO_ID_BLOCK, "req.0");
}

/* ---- what happens to the ring ---- */

/* A request as a disk's driver makes it: header, data, status. */
static inline void add_request(struct picture *p, uint32_t bytes, bool read, void *data)
{
	struct scatterlist header, buffer, status;
	struct scatterlist *sgs[] = { &header, &buffer, &status };
	uint16_t head = driver_of(p)->free_head;

	sg_init_one(&header, 0x1025a2000, 16);
	sg_init_one(&buffer, 0x107d12000, bytes);
	sg_init_one(&status, 0x1025a2010, 1);
	p->added_ns[head] = p->now_ns;
	assert_int_equal(virtqueue_add_sgs(p->ring->vq, sgs, read ? 1 : 2, read ? 2 : 1, data), 0);
}

/* A buffer of @out and @in elements of 16 bytes. */
static inline void add(struct picture *p, unsigned int out, unsigned int in, void *data)
{
	p->added_ns[driver_of(p)->free_head] = p->now_ns;
	assert_int_equal(ring_add(p->ring, out, in, data), 0);
}

/* Settles the kick decision, as virtqueue_kick() does. */
static inline void decide(struct picture *p)
{
	virtqueue_kick_prepare(p->ring->vq);
}

/* ---- looking ---- */

static inline void place_area(struct snapshot *s, enum vt_area area, size_t at, const void *from,
			      size_t bytes)
{
	memcpy(s->copy + at, from, bytes);
	s->area[area] = s->copy + at;
	s->head.area_at[area] = at;
	s->head.area_bytes[area] = bytes;
}

static inline void copy_areas(const struct picture *p, struct snapshot *s)
{
	const struct vring_config *config = &p->ring->config;
	size_t desc = vring_desc_bytes(config->num);
	size_t driver = vring_driver_bytes(config->features, config->num);
	size_t device = vring_device_bytes(config->features, config->num);
	size_t driver_at = (desc + 7) & ~7ul, device_at = (driver_at + driver + 7) & ~7ul;

	/* No byte more than there is: a sanitizer sees the first one outside. */
	s->copied = device_at + device;
	s->copy = malloc(s->copied);
	assert_non_null(s->copy);
	place_area(s, VT_DESC, 0, config->desc, desc);
	place_area(s, VT_DRIVER, driver_at, config->driver, driver);
	place_area(s, VT_DEVICE, device_at, config->device, device);
}

static inline void copy_notes(const struct picture *p, struct snapshot *s)
{
	const struct vring_virtqueue *vq = driver_of(p);

	s->notes = calloc(vq->num, sizeof(*s->notes));
	assert_non_null(s->notes);
	for (unsigned int i = 0; i < vq->num; i++) {
		s->notes[i].token = (uintptr_t)vq->bufs[i].data;
		s->notes[i].next = vq->bufs[i].next;
		s->notes[i].num = vq->bufs[i].num;
		s->notes[i].added_ns = s->notes[i].token ? p->added_ns[i] : 0;
	}
}

static inline void copy_tables(const struct picture *p, struct snapshot *s)
{
	const struct vring_config *config = &p->ring->config;

	s->tables = calloc(config->num, sizeof(*s->tables));
	assert_non_null(s->tables);
	for (unsigned int i = 0; i < config->num && config->indirect; i++) {
		const struct vring_desc *desc = &snapshot_desc(s)[i];
		uint64_t addr = le64_read(&desc->addr);
		uint16_t flags = s->head.packed ? packed_flags(p->ring, i) : desc_flags(p->ring, i);
		struct vt_table *table = &s->tables[s->head.table_count];

		if (!(flags & INDIRECT) || addr < TABLE_DMA)
			continue;
		table->slot = i;
		table->count = table->kept = le32_read(&desc->len) / sizeof(*desc);
		memcpy(table->desc, (char *)config->indirect + (addr - TABLE_DMA),
		       le32_read(&desc->len));
		s->head.table_count++;
	}
}

static inline void take_snapshot(const struct picture *p, struct snapshot *s)
{
	const struct vring_virtqueue *vq = driver_of(p);
	const struct vring_config *config = &p->ring->config;
	bool packed = config->features & PACKED;

	memset(s, 0, sizeof(*s));
	strcpy(s->name, p->watch.name);
	strcpy(s->head.name, strchr(p->watch.name, '/') + 1);
	s->head.time_ns = p->now_ns;
	s->head.features = config->features;
	s->head.num = config->num;
	s->head.packed = packed;
	s->head.broken = vq->broken;
	s->head.event = vq->event_idx;
	s->head.indirect = config->indirect_max != 0;
	s->head.has_extra = 1;
	s->head.free_head = vq->free_head;
	s->head.device_id = p->watch.device_id;
	s->head.device = p->watch.device;
	s->head.callback = 1;
	s->head.dma[VT_DESC] = 0x10259e000;
	s->head.dma[VT_DRIVER] = 0x10259e000 + vring_desc_bytes(config->num);
	s->head.dma[VT_DEVICE] = s->head.dma[VT_DRIVER] +
				 ((vring_driver_bytes(config->features, config->num) + 63) & ~63ul);
	s->head.before = (struct vt_positions){
		.avail_idx = vq->avail_idx,
		.last_used = vq->last_used,
		.avail_mem = packed ? 0 : le16_read(&p->ring->split.avail->idx),
		.used_mem = packed ? 0 : le16_read(&p->ring->split.used->idx),
		.num_free = vq->vq.num_free,
		.num_added = vq->num_added,
	};
	s->head.after = s->head.before;
	/* With EVENT_IDX a split ring's driver keeps the flag to itself, as Linux does. */
	s->head.driver_flags =
		packed ? le16_read(&p->ring->driver_event->flags) : !vq->callbacks_on;
	copy_areas(p, s);
	copy_notes(p, s);
	copy_tables(p, s);
}

/* The screen's source sees the ring as it is. */
static inline void look(struct picture *p)
{
	struct snapshot s;

	take_snapshot(p, &s);
	assert_int_equal(watch_snapshot(&p->watch, &s), 0);
}

static inline void draw(struct picture *p)
{
	FILE *file;

	watch_at(&p->watch, p->now_ns);
	assert_int_equal(frame_resize(&p->frame, p->rows, p->cols), 0);
	screen_ring(&p->frame, &p->watch, &p->status, &p->browse);
	free(p->text);
	file = open_memstream(&p->text, &p->text_bytes);
	assert_non_null(file);
	frame_print(&p->frame, file, true, false);
	fclose(file);
}

/* Look and draw: the picture of this moment. */
static inline void show(struct picture *p)
{
	look(p);
	draw(p);
}

static inline void assert_shows(const struct picture *p, const char *words)
{
	if (strstr(p->text, words))
		return;
	fprintf(stderr, "%s", p->text);
	fail_msg("the screen does not show: %s", words);
}

static inline void assert_shows_not(const struct picture *p, const char *words)
{
	if (!strstr(p->text, words))
		return;
	fprintf(stderr, "%s", p->text);
	fail_msg("the screen shows: %s", words);
}

/* Some one line has both, in this order. */
static inline void assert_line(const struct picture *p, const char *first, const char *then)
{
	for (const char *at = p->text; (at = strstr(at, first)); at++) {
		const char *found = strstr(at, then), *end = strchr(at, '\n');

		if (found && end && found < end)
			return;
	}
	fprintf(stderr, "%s", p->text);
	fail_msg("no line of the screen says: %s ... %s", first, then);
}

/* ---- events ---- */

static inline struct vring_event event_of(const struct picture *p, enum vring_event_type type)
{
	const struct vring_virtqueue *vq = driver_of(p);
	bool packed = p->ring->config.features & PACKED;

	return (struct vring_event){
		.time_ns = p->now_ns,
		.device = 1,
		.type = type,
		.flags = (packed ? VRING_EVENT_F_PACKED : 0) |
			 (vq->event_idx ? VRING_EVENT_F_EVENT_IDX : 0),
		.avail_idx = vq->avail_idx,
		.used_idx = packed ? vq->last_used : le16_read(&p->ring->split.used->idx),
		.last_used = vq->last_used,
		.num_free = vq->vq.num_free,
	};
}

static inline void happens(struct picture *p, struct vring_event event)
{
	assert_int_equal(watch_event(&p->watch, &event), 0);
}

static inline struct vring_event kick_event(struct picture *p, uint16_t old, uint16_t new,
					    uint16_t wanted, bool kick)
{
	struct vring_event event = event_of(p, VRING_EVENT_KICK);

	event.kick = (struct vring_event_kick){
		.old_idx = old, .new_idx = new, .event = wanted, .event_after = wanted, .kick = kick
	};
	if (event.flags & VRING_EVENT_F_PACKED)
		event.kick.dev_flags = event.kick.dev_flags_after = VRING_PACKED_EVENT_FLAG_DESC;
	return event;
}

#endif
