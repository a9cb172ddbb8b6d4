/* SPDX-License-Identifier: MIT */
/*
 * The whole journey of one read, as a list of events in the order in which they happen: the driver
 * on the left, the device on the right. Run the program to see it.
 *
 * The driver's events are those of ring/vring_trace.h, compiled into this program as in
 * tests/ring/events.c; the device's are taken where device/blk.c calls its half of the ring.
 */
#define VRING_EVENTS
#include "ring/virtio_ring.c"
#include "ring/vring_split.c"
#include "ring/vring_packed.c"
#include "ring/vring_trace.c"

#include "device/blk.h"

static bool seen_pop(struct VirtQueue *vq, struct VirtQueueElement *elem);
static void seen_fill(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len);
static void seen_flush(struct VirtQueue *vq);
static void seen_decision(struct VirtQueue *vq);

#define virtqueue_pop seen_pop
#define virtqueue_fill seen_fill
#define virtqueue_flush seen_flush
#define virtio_notify seen_decision
#include "device/blk.c"
#undef virtqueue_pop
#undef virtqueue_fill
#undef virtqueue_flush
#undef virtio_notify
#undef SECTOR

#include <stdio.h>

#include "ring/vring_draw.h"
#include "ring/vring_event.h"
#include "tests/support/host_machine.h"
#include "tests/support/one_disk.h"

#define EVENTS 32
#define DEVICE_COLUMN 52

static char events[EVENTS][16];
static unsigned int count;
static bool recording;

/* ---- the list ---- */

static __attribute__((format(printf, 3, 4))) void happened(bool device, const char *what,
							   const char *format, ...)
{
	char line[128];
	va_list args;

	if (!recording)
		return;
	assert_true(count < EVENTS);
	snprintf(events[count++], sizeof(events[0]), "%s", what);
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	printf("%2u  %*s%-10s %s\n", count, device ? DEVICE_COLUMN : 0, "", what, line);
}

/* ---- the driver's side ---- */

/* The chain that was just added, descriptor by descriptor, as it lies in memory. */
static void descriptors(const struct virtqueue *vq, const struct vring_event *event)
{
	struct vring_snapshot at;
	const struct vring_avail *avail;
	const struct vring_desc *desc;
	uint16_t slot, flags;

	virtqueue_snapshot(vq, &at);
	avail = at.driver;
	slot = le16_read(&avail->ring[(uint16_t)(event->avail_idx - 1) % at.num]);
	do {
		desc = (const struct vring_desc *)at.desc + slot;
		flags = le16_read(&desc->flags);
		happened(false, "descriptor", "%u: %#llx, %u bytes%s%s", slot,
			 (unsigned long long)le64_read(&desc->addr), le32_read(&desc->len),
			 flags & VRING_DESC_F_WRITE ? ", device writes" : "",
			 flags & VRING_DESC_F_NEXT ? ", next" : "");
		slot = le16_read(&desc->next);
	} while (flags & VRING_DESC_F_NEXT);
}

void vring_record(const struct virtqueue *vq, struct vring_event *event)
{
	switch (event->type) {
	case VRING_EVENT_ADD:
		happened(false, "add", "%u out, %u in: avail.idx is now %u", event->add.out,
			 event->add.in, event->avail_idx);
		if (recording)
			descriptors(vq, event);
		break;
	case VRING_EVENT_KICK:
		happened(false, "kick?", "from %u to %u, avail_event %u: %s", event->kick.old_idx,
			 event->kick.new_idx, event->kick.event, event->kick.kick ? "yes" : "no");
		break;
	case VRING_EVENT_NOTIFY:
		happened(false, "doorbell", "queue %u", event->queue);
		break;
	case VRING_EVENT_INTERRUPT:
		happened(false, "interrupt", "used.idx %u, seen up to %u", event->used_idx,
			 event->last_used);
		break;
	case VRING_EVENT_REAP:
		happened(false, "reap", "%u bytes were written", event->reap.len);
		break;
	case VRING_EVENT_CALLBACKS:
		happened(false, "callbacks", event->callbacks.on ? "on" : "off");
		break;
	}
}

/* ---- the device's side ---- */

static bool seen_pop(struct VirtQueue *vq, struct VirtQueueElement *elem)
{
	bool found = virtqueue_pop(vq, elem);

	if (found)
		happened(true, "pop", "head %u: %u bytes out, %u in", elem->index,
			 (unsigned int)elem->out_len, (unsigned int)elem->in_len);
	return found;
}

static void seen_fill(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len)
{
	happened(true, "fill", "head %u, %u bytes", elem->index, len);
	virtqueue_fill(vq, elem, len);
}

static void seen_flush(struct VirtQueue *vq)
{
	virtqueue_flush(vq);
	happened(true, "flush", "used.idx is now %u", le16_read(&vq->split.used->idx));
}

static void seen_decision(struct VirtQueue *vq)
{
	bool wanted = virtio_should_notify(vq);

	happened(true, "interrupt?", "used_event %u: %s", le16_read(vring_used_event(&vq->split)),
		 wanted ? "yes" : "no");
	if (wanted)
		virtio_irq(vq);
}

/* ---- the journey ---- */

static void completed(struct request *rq)
{
	happened(false, "complete", "error %d", rq->error);
	*(bool *)rq->end_io_data = true;
}

/* The events of one read of @bytes at @sector, begun and ended by its user. */
static void watch_a_read(struct gendisk *disk, uint64_t sector, uint8_t *data, uint32_t bytes)
{
	struct bio_vec bvec = { data, bytes };
	struct request *rq = blk_mq_alloc_request(disk->queue, REQ_OP_READ, 0);
	bool done = false;

	rq->sector = sector;
	rq->bvecs = &bvec;
	rq->nr_bvecs = 1;
	rq->end_io = completed;
	rq->end_io_data = &done;
	count = 0;
	recording = true;
	printf("    %-*s%s\n", DEVICE_COLUMN, "driver", "device");
	happened(false, "submit", "read %u bytes at sector %llu, tag %u", bytes,
		 (unsigned long long)sector, rq->tag);
	blk_execute_rq_nowait(rq);
	while (!done)
		blk_mq_wait(disk->queue, PLATFORM_FOREVER);
	recording = false;
	blk_mq_free_request(rq);
}

static void assert_events(const char *const expected[], unsigned int num)
{
	for (unsigned int i = 0; i < num && i < count; i++)
		assert_string_equal(events[i], expected[i]);
	assert_int_equal(count, num);
}

static void one_read_from_submit_to_complete(void **state)
{
	static const char *const expected[] = {
		"submit",    "add",  "descriptor", "descriptor", "descriptor", "kick?",
		"doorbell",  "pop",  "fill",	   "flush",	 "interrupt?", "interrupt",
		"callbacks", "reap", "callbacks",  "complete",
	};
	struct gendisk *disk = disk_start(
		&(struct machine_device){ .indirect = MACHINE_OFF, .options = "deferred=on" });
	uint8_t *data = disk_buffer(8 * SECTOR_SIZE);

	(void)state;
	watch_a_read(disk, 40, data, 8 * SECTOR_SIZE);
	assert_events(expected, sizeof(expected) / sizeof(*expected));
	for (unsigned int n = 0; n < 8; n++)
		assert_sector(data + n * SECTOR_SIZE, 40 + n);
}

/* Its device looks at the ring before the doorbell has come back: the rest is as before. */
static void a_device_that_answers_at_once(void **state)
{
	static const char *const expected[] = {
		"submit",    "add",  "descriptor", "kick?",	 "doorbell",
		"pop",	     "fill", "flush",	   "interrupt?", "interrupt",
		"callbacks", "reap", "callbacks",  "complete",
	};
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 }); /* an indirect table */
	uint8_t *data = disk_buffer(SECTOR_SIZE);

	(void)state;
	watch_a_read(disk, 7, data, SECTOR_SIZE);
	assert_events(expected, sizeof(expected) / sizeof(*expected));
	assert_sector(data, 7);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		disk_test(one_read_from_submit_to_complete),
		disk_test(a_device_that_answers_at_once),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
