/* SPDX-License-Identifier: MIT */
/*
 * Opens a recording with the reader of vring-trace, checks all of it, and says how many events of
 * each kind it has of each queue: what the guest that made it said of itself is compared with that.
 *
 * vrt_check FILE
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ring/vring_event.h"
#include "trace-tool/invariants.h"
#include "trace-tool/recording/vrt_snapshot.h"

#define MAX_QUEUES 64
#define REFUSED VRING_EVENT_TYPES /* adds that were */

static unsigned long counts[MAX_QUEUES][VRING_EVENT_TYPES + 1];

static int wrong(const char *path, const char *what)
{
	fprintf(stderr, "vrt_check: %s: %s\n", path, what);
	return 1;
}

/* Every event is about a queue in the table, of a known kind, and not before the one before it. */
static int count_events(const struct vrt_file *f, const char *path)
{
	uint64_t before = 0, sum = 0;
	struct vring_event event;
	struct vrt_cursor c;
	int got, bad = 0;

	vrt_cursor_begin(&c, f);
	while ((got = vrt_next(&c, &event)) > 0 && !bad) {
		const struct vrt_queue *queue = vrt_find_queue(f, event.device, event.queue);
		unsigned int type = event.type;

		if (!queue || queue - f->queues >= MAX_QUEUES)
			bad = wrong(path, "an event of a queue that is not in the table");
		else if (type == 0 || type >= VRING_EVENT_TYPES)
			bad = wrong(path, "an event of no known kind");
		else if (event.time_ns < before)
			bad = wrong(path, "an event before the one before it");
		else if (type == VRING_EVENT_ADD && event.add.error)
			counts[queue - f->queues][REFUSED]++;
		else
			counts[queue - f->queues][type]++;
		before = event.time_ns;
		sum++;
	}
	if (got < 0)
		bad = wrong(path, c.why);
	else if (!bad && sum != f->events)
		bad = wrong(path, "not as many events as its blocks are long");
	vrt_cursor_end(&c);
	return bad;
}

/* Every queue has a last snapshot, which can be taken apart, holds no mistake, and is of it. */
static int check_snapshots(const struct vrt_file *f, const char *path)
{
	for (size_t i = 0; i < f->num_queues; i++) {
		const struct vrt_queue *queue = &f->queues[i];
		const struct vrt_index_entry *entry = vrt_snapshot_before(
			f, le16_read(&queue->device), le16_read(&queue->queue), UINT64_MAX);
		char why[VRT_WHY_BYTES] = "a queue without a snapshot";
		struct findings findings;
		struct snapshot s;
		int bad = 0;

		if (!entry)
			return wrong(path, why);
		if (vrt_get_snapshot(f, entry, &s, why)) {
			bad = wrong(path, why);
		} else if (s.head.num != le32_read(&queue->num) || s.head.packed != queue->packed ||
			   strcmp(s.head.name, queue->name)) {
			bad = wrong(path, "a snapshot that is not of its queue");
		} else {
			invariants_check(&s, &findings);
			if (findings.count && !s.moving)
				bad = wrong(path, findings.list[0].detail);
		}
		snapshot_free(&s);
		if (bad)
			return bad;
	}
	return 0;
}

static void print_counts(const struct vrt_file *f)
{
	for (size_t i = 0; i < f->num_queues && i < MAX_QUEUES; i++) {
		const struct vrt_queue *queue = &f->queues[i];
		const unsigned long *c = counts[i];

		printf("virtio%u:%u %s %lu %lu %lu %lu %lu %lu %lu\n", le16_read(&queue->device),
		       le16_read(&queue->queue), queue->name, c[VRING_EVENT_ADD], c[REFUSED],
		       c[VRING_EVENT_KICK], c[VRING_EVENT_NOTIFY], c[VRING_EVENT_INTERRUPT],
		       c[VRING_EVENT_REAP], c[VRING_EVENT_CALLBACKS]);
	}
	printf("from %s, %" PRIu64 " events, %" PRIu64 " lost, at %" PRIu64 "\n", f->header.source,
	       f->events, le64_read(&f->loss.lost), le64_read(&f->header.realtime_ns) / 1000000000);
}

int main(int argc, char **argv)
{
	char why[VRT_WHY_BYTES];
	struct vrt_file f;
	int bad;

	if (argc != 2) {
		fprintf(stderr, "usage: vrt_check FILE\n");
		return 2;
	}
	if (vrt_open(&f, argv[1], why))
		return wrong(argv[1], why);
	if (!f.closed)
		bad = wrong(argv[1], "it was not closed");
	else if (vrt_verify(&f, why))
		bad = wrong(argv[1], why);
	else
		bad = count_events(&f, argv[1]) || check_snapshots(&f, argv[1]);
	if (!bad)
		print_counts(&f);
	vrt_close(&f);
	return bad;
}
