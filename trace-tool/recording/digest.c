/* SPDX-License-Identifier: MIT */
/*
 * Adds a recording up. All its events are read once, in order; what a queue did is kept in the
 * account that stat and why keep as well.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "in_flight.h"
#include "vrt_snapshot.h"

static int failed(char *why, int err)
{
	snprintf(why, VRT_WHY_BYTES, "%s", strerror(-err));
	return err;
}

/* ---- queues ---- */

static struct digest_queue *add_queue(struct digest *d, const struct vrt_queue *record,
				      uint16_t device, uint16_t index)
{
	struct digest_queue *q = realloc(d->queues, (d->count + 1) * sizeof(*q));

	if (!q)
		return NULL;
	d->queues = q;
	q += d->count++;
	*q = (struct digest_queue){ .device = device, .index = index };
	if (record) {
		q->record = *record;
		q->num = le32_read(&record->num);
	}
	vrt_queue_name(q->name, record, device, index);
	return q;
}

/* @last: the one before, which it mostly is. */
static struct digest_queue *find_queue(struct digest *d, uint16_t device, uint16_t index,
				       size_t *last)
{
	for (size_t i = *last; i < d->count; i++)
		if (d->queues[i].device == device && d->queues[i].index == index)
			return *last = i, &d->queues[i];
	for (size_t i = 0; i < *last && i < d->count; i++)
		if (d->queues[i].device == device && d->queues[i].index == index)
			return *last = i, &d->queues[i];
	*last = d->count;
	return add_queue(d, NULL, device, index);
}

static int add_table(struct digest *d, const struct vrt_file *f)
{
	for (size_t i = 0; i < f->num_queues; i++) {
		uint16_t device = le16_read(&f->queues[i].device);
		uint16_t index = le16_read(&f->queues[i].queue);

		/* One that stands there twice counts once. */
		if (vrt_find_queue(f, device, index) == &f->queues[i] &&
		    !add_queue(d, &f->queues[i], device, index))
			return -ENOMEM;
	}
	return 0;
}

/* ---- events and snapshots ---- */

static void take_free(struct digest_queue *q, unsigned int num_free)
{
	if (num_free <= q->num && q->num - num_free > q->peak)
		q->peak = q->num - num_free;
}

static int take_time(struct digest_queue *q, uint64_t ns)
{
	if (q->time_count == q->time_room) {
		size_t room = q->time_room ? 2 * q->time_room : 1024;
		uint64_t *more = realloc(q->times, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		q->times = more;
		q->time_room = room;
	}
	q->times[q->time_count++] = ns;
	return 0;
}

static int take_event(struct digest_queue *q, struct in_flight *buffers,
		      const struct vring_event *event)
{
	uint64_t added;

	account_event(event, q->num, &q->account);
	take_free(q, event->num_free);
	if (event->type == VRING_EVENT_ADD && !event->add.error)
		return in_flight_add(buffers, q->device, q->index, event->add.token,
				     event->time_ns);
	if (event->type != VRING_EVENT_REAP)
		return 0;
	added = in_flight_reap(buffers, q->device, q->index, event->reap.token);
	return added && added <= event->time_ns ? take_time(q, event->time_ns - added) : 0;
}

static int read_events(struct digest *d, const struct vrt_file *f, char *why)
{
	struct in_flight buffers = { 0 };
	struct vring_event event;
	struct vrt_cursor c;
	size_t last = 0;
	int got;

	vrt_cursor_begin(&c, f);
	while ((got = vrt_next(&c, &event)) > 0) {
		struct digest_queue *q = find_queue(d, event.device, event.queue, &last);

		if (!q || take_event(q, &buffers, &event)) {
			got = failed(why, -ENOMEM);
			break;
		}
	}
	if (got < 0 && c.why[0])
		memcpy(why, c.why, VRT_WHY_BYTES);
	vrt_cursor_end(&c);
	in_flight_free(&buffers);
	return got;
}

/* A queue with no event may be full all the same. */
static int read_snapshots(struct digest *d, const struct vrt_file *f, char *why)
{
	size_t last = 0;
	int err = 0;

	for (size_t i = 0; i < f->num_keys && !err; i++) {
		struct digest_queue *q =
			find_queue(d, f->keys[i].queue >> 16, f->keys[i].queue & 0xffff, &last);
		struct snapshot s;

		if (!q)
			return failed(why, -ENOMEM);
		err = vrt_get_snapshot(f, &f->blocks[f->keys[i].block], &s, why);
		if (!err && !q->num)
			q->num = s.head.num;
		if (!err && q->num == s.head.num)
			take_free(q, s.head.before.num_free);
		snapshot_free(&s);
	}
	return err;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t percentile(const struct digest_queue *q, unsigned int percent)
{
	/* The smallest value that so many in a hundred do not exceed. */
	size_t rank = (q->time_count * percent + 99) / 100;

	return rank ? q->times[rank - 1] : 0;
}

/* The recording's span: first to last moment of all its events. */
static double span(const struct vrt_file *f)
{
	uint64_t last = f->first_event_ns;

	for (size_t i = 0; i < f->count; i++)
		if (f->blocks[i].reach_ns > last)
			last = f->blocks[i].reach_ns;
	return (last - f->first_event_ns) / 1e9;
}

int digest_make(struct digest *d, const struct vrt_file *f, char why[VRT_WHY_BYTES])
{
	int err;

	*d = (struct digest){ .seconds = span(f),
			      .lost = le64_read(&f->loss.lost),
			      .missed = le64_read(&f->loss.missed) };
	err = add_table(d, f) ? failed(why, -ENOMEM) : 0;
	if (!err)
		err = read_snapshots(d, f, why);
	if (!err)
		err = read_events(d, f, why);
	for (size_t i = 0; i < d->count && !err; i++) {
		struct digest_queue *q = &d->queues[i];

		if (q->time_count)
			qsort(q->times, q->time_count, sizeof(*q->times), by_size);
		q->p50_ns = percentile(q, 50);
		q->p99_ns = percentile(q, 99);
	}
	return err;
}

void digest_free(struct digest *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->queues[i].times);
	free(d->queues);
	*d = (struct digest){ 0 };
}

/* ---- two of them ---- */

const struct digest_queue *digest_match(const struct digest *d, const struct digest_queue *of)
{
	const struct digest_queue *by_alias = NULL, *by_driver = NULL;
	unsigned int drivers = 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct digest_queue *q = &d->queues[i];

		if (!strcmp(q->name, of->name) &&
		    le32_read(&q->record.device_id) == le32_read(&of->record.device_id))
			return q;
		if (!of->record.name[0] || strcmp(q->record.name, of->record.name))
			continue;
		if (of->record.alias[0] && !strcmp(q->record.alias, of->record.alias))
			by_alias = q;
		if (of->record.driver[0] && !strcmp(q->record.driver, of->record.driver)) {
			by_driver = q;
			drivers++;
		}
	}
	return by_alias ? by_alias : drivers == 1 ? by_driver : NULL;
}

static double share(uint64_t of, uint64_t all)
{
	return all ? (double)of / all : -1;
}

double digest_measure(const struct digest *d, const struct digest_queue *q,
		      enum digest_measure measure)
{
	const struct queue_account *a = &q->account;

	switch (measure) {
	case DIGEST_EVENT_RATE:
		return d->seconds > 0 ? a->events / d->seconds : -1;
	case DIGEST_ADD_RATE:
		return d->seconds > 0 ? a->add / d->seconds : -1;
	case DIGEST_ADDS_PER_KICK:
		return share(a->add, a->kick + a->forced);
	case DIGEST_SUPPRESSED:
		return share(a->suppressed, a->kick + a->suppressed);
	case DIGEST_FORCED:
		return a->forced;
	case DIGEST_IRQS_PER_REAP:
		return share(a->interrupt, a->reap);
	case DIGEST_SPURIOUS:
		return a->spurious;
	case DIGEST_P50_NS:
		return q->time_count ? (double)q->p50_ns : -1;
	case DIGEST_P99_NS:
		return q->time_count ? (double)q->p99_ns : -1;
	case DIGEST_PEAK:
		return q->num ? (double)q->peak : -1;
	case DIGEST_MEASURES:
		break;
	}
	return -1;
}
