/* SPDX-License-Identifier: MIT */
/*
 * Follows one queue. Positions are those of the last event or snapshot, and counts are made over
 * the events themselves, which are kept for a second: nothing is estimated. What is in memory is as
 * the last snapshot saw it.
 *
 * All that is shown follows from what was put in and from the moment asked for, not from how often
 * somebody looked meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/kick_verdict.h"

#include "deque.h"
#include "recording/in_flight.h"
#include "verdict.h"
#include "watch.h"

#define WRAP_BIT (1u << VRING_PACKED_EVENT_F_WRAP_CTR)
#define MOST_EVENTS (1u << 20) /* 40 MB; a second with more of them is cut short */
#define EIGHTH (WATCH_SECOND / 8)
#define EIGHTHS (8 * WATCH_HISTORY)
#define SEEN_ONLY UINT64_MAX /* in the place of the time when a buffer was added */

/* How the queue stood after an event or in a snapshot. */
struct sample {
	uint64_t time_ns;
	uint32_t with_device;
	bool ran_empty; /* the device has no buffer left, and had one before */
};

struct latency {
	uint64_t time_ns; /* of the reap */
	uint64_t ns;
};

struct interrupts_seen {
	uint64_t time_ns, total;
};

/* An eighth of a second of history. */
struct eighth {
	uint64_t number; /* time_ns / EIGHTH, and 1 more: 0 is none */
	uint8_t most, last;
	bool starved;
};

/* Of the queue, as it was said to be before events and snapshots said more. */
struct said {
	unsigned int num;
	uint64_t features;
	bool packed, event_idx;
};

struct watch_private {
	struct said said;
	struct deque events, samples, latencies, interrupts;
	struct eighth history[EIGHTHS];
	struct in_flight added; /* by events, or only seen */
	size_t added_count;
	struct snapshot snapshot;
	struct watched_buffer *buffers; /* of the snapshot; or NULL */
	unsigned int unreaped;		/* packed: of those that the snapshot saw */
	bool cpus_by_events, irq_by_events;
	int irq_said;
	bool reap_known; /* the buffer reaped last was known to be in the ring */
	/* Packed: where the driver stood when it last held the queue's lock. */
	uint16_t locked_avail, locked_used;
	bool locked_seen;
};

/* ---- positions ---- */

static unsigned int at_most(unsigned int value, unsigned int limit)
{
	return value < limit ? value : limit;
}

unsigned int watch_unreaped(const struct watch *w)
{
	if (w->packed)
		return at_most(w->own->unreaped, w->held);
	return at_most((uint16_t)(w->used_idx - w->last_used), w->held);
}

unsigned int watch_with_device(const struct watch *w)
{
	return w->held - watch_unreaped(w);
}

static uint16_t packed_add(const struct watch *w, uint16_t position, unsigned int slots)
{
	unsigned int slot = (position & ~WRAP_BIT) + slots;

	if (slot < w->num)
		return slot | (position & WRAP_BIT);
	return (slot - w->num) | (~position & WRAP_BIT);
}

/*
 * Split: as many as the driver's two positions lie apart. Packed, where these count slots: from the
 * last snapshot, and on by what was added and reaped; unless the snapshot had seen it already.
 */
static void move_held(struct watch *w, const struct vring_event *event)
{
	struct watch_private *own = w->own;

	if (!w->packed) {
		w->held = at_most((uint16_t)(event->avail_idx - event->last_used), w->num);
		return;
	}
	if (event->type == VRING_EVENT_ADD && !event->add.error &&
	    (!own->locked_seen || own->locked_avail != event->avail_idx))
		w->held = at_most(w->held + 1, w->num);
	if (event->type == VRING_EVENT_REAP &&
	    (!own->locked_seen || own->locked_used != event->last_used)) {
		w->held -= own->reap_known && w->held;
		own->unreaped -= own->unreaped > 0;
	}
	if (event->type == VRING_EVENT_ADD || event->type == VRING_EVENT_REAP) {
		own->locked_avail = event->avail_idx;
		own->locked_used = event->last_used;
		own->locked_seen = true;
	}
}

static void move_by_event(struct watch *w, const struct vring_event *event)
{
	move_held(w, event);
	w->avail_idx = event->avail_idx;
	w->last_used = event->last_used;
	if (!w->packed || !w->own->unreaped)
		w->used_idx = event->used_idx;
	w->num_free = at_most(event->num_free, w->num);
}

static void move_by_snapshot(struct watch *w, const struct snapshot *s)
{
	const struct vt_positions *at = &s->head.before;
	struct watch_private *own = w->own;

	w->avail_idx = at->avail_idx;
	w->last_used = at->last_used;
	w->num_free = at_most(at->num_free, w->num);
	own->locked_avail = at->avail_idx;
	own->locked_used = at->last_used;
	own->locked_seen = true;
	if (!w->packed) {
		w->used_idx = at->used_mem;
		w->held = at_most((uint16_t)(at->avail_idx - at->last_used), w->num);
		return;
	}
	own->unreaped = verdict_unreaped(s);
	w->used_idx = packed_add(w, at->last_used, verdict_unreaped_slots(s));
	w->held = 0;
	for (unsigned int i = 0; i < s->head.num; i++)
		w->held += s->notes[i].token != 0;
}

/* ---- samples, for the second and for history ---- */

static unsigned int percent_full(const struct watch *w)
{
	return w->num ? 100 * (w->num - w->num_free) / w->num : 0;
}

static void put_history(struct watch *w, uint64_t time_ns, bool starved)
{
	uint64_t number = time_ns / EIGHTH + 1;
	struct eighth *e = &w->own->history[number % EIGHTHS];
	uint8_t full = percent_full(w);

	if (e->number != number)
		*e = (struct eighth){ .number = number };
	if (full > e->most)
		e->most = full;
	e->last = full;
	e->starved |= starved;
}

/* @before: with the device, until now. */
static int put_sample(struct watch *w, uint64_t time_ns, unsigned int before)
{
	struct sample sample = { .time_ns = time_ns, .with_device = watch_with_device(w) };

	sample.ran_empty = before && !sample.with_device && w->receives;
	if (sample.ran_empty)
		w->starved_ns = time_ns;
	put_history(w, time_ns, w->receives && !sample.with_device && (before || w->starved_ns));
	return deque_push(&w->own->samples, &sample);
}

/* ---- events ---- */

static void forget_added(struct watch_private *own)
{
	in_flight_free(&own->added);
	own->added_count = 0;
}

static void put_added(struct watch_private *own, uint64_t token, uint64_t added_ns)
{
	if (!token || !added_ns)
		return;
	own->added_count += !in_flight_added(&own->added, 0, 0, token);
	in_flight_add(&own->added, 0, 0, token, added_ns);
}

/*
 * More than the ring holds, again and again: reaps are missing. What is left are the buffers of the
 * last snapshot and those added since; without a snapshot nobody knows which, and none.
 */
static void forget_reaped(struct watch *w)
{
	struct watch_private *own = w->own;
	struct in_flight old = own->added;

	own->added = (struct in_flight){ 0 };
	own->added_count = 0;
	for (size_t i = 0; w->snapshot && i < old.room; i++)
		if (old.places[i].added_ns != SEEN_ONLY &&
		    old.places[i].added_ns > w->snapshot->head.time_ns)
			put_added(own, old.places[i].token, old.places[i].added_ns);
	for (unsigned int i = 0; w->snapshot && i < w->snapshot->head.num; i++) {
		uint64_t token = w->snapshot->notes[i].token;

		put_added(own, token, in_flight_added(&old, 0, 0, token));
	}
	in_flight_free(&old);
	if (own->added_count > 4 * (size_t)w->num) {
		forget_added(own);
		w->held = 0;
	}
}

static void remember_add(struct watch *w, const struct vring_event *event)
{
	if (w->own->added_count > 4 * (size_t)w->num)
		forget_reaped(w);
	put_added(w->own, event->add.token, event->time_ns);
}

static int remember_reap(struct watch *w, const struct vring_event *event)
{
	uint64_t added = in_flight_reap(&w->own->added, 0, 0, event->reap.token);
	struct latency latency = { event->time_ns, event->time_ns - added };

	w->own->reap_known = added != 0;
	w->own->added_count -= added != 0;
	if (!added || added > event->time_ns)
		return 0;
	return deque_push(&w->own->latencies, &latency);
}

static void remember_interrupt(struct watch *w, const struct vring_event *event)
{
	if (event->interrupt.irq) {
		if (!w->own->irq_by_events)
			w->own->irq_said = w->irq;
		w->own->irq_by_events = true;
		w->irq = at_most(event->interrupt.irq, INT32_MAX);
	}
	if (w->cpus[0] && !w->own->cpus_by_events)
		return;
	w->own->cpus_by_events = true;
	snprintf(w->cpus, sizeof(w->cpus), "%u", event->cpu);
}

/* The first moment of the second that ends with @now_ns: what is exactly a second old is not in. */
static uint64_t second_begins(uint64_t now_ns)
{
	return now_ns >= WATCH_SECOND ? now_ns - WATCH_SECOND + 1 : 0;
}

/* What is older than a second, and of events only those beyond WATCH_KEPT. */
static void drop_old(struct watch *w)
{
	struct watch_private *own = w->own;
	uint64_t from = second_begins(w->now_ns);

	deque_drop_before(&own->samples, from, 0, MOST_EVENTS);
	deque_drop_before(&own->latencies, from, 0, MOST_EVENTS);
	deque_drop_before(&own->events, from, WATCH_KEPT, MOST_EVENTS);
	w->events = deque_at(&own->events, 0);
	w->event_count = own->events.count;
}

int watch_event(struct watch *w, const struct vring_event *event)
{
	unsigned int before = watch_with_device(w);
	int error = 0;

	/* 3.1.1: a device that was reset begins anew, and nothing is in its rings. */
	if (event->type == VRING_EVENT_ADD && !w->packed && event->avail_idx == 1 &&
	    event->last_used == 0)
		forget_added(w->own);
	if (event->type == VRING_EVENT_ADD && !event->add.error)
		remember_add(w, event);
	else if (event->type == VRING_EVENT_REAP)
		error = remember_reap(w, event);
	else if (event->type == VRING_EVENT_INTERRUPT)
		remember_interrupt(w, event);
	move_by_event(w, event);
	if (event->time_ns > w->now_ns)
		w->now_ns = event->time_ns;
	w->event_number++;
	if (!error)
		error = put_sample(w, event->time_ns, before);
	if (!error)
		error = deque_push(&w->own->events, event);
	drop_old(w);
	return error;
}

/* ---- snapshots ---- */

/*
 * A buffer is the one of the snapshot before if its token and its place in the ring are. If it is
 * not, an add that is older than that snapshot was another's, and its reap was missed.
 */
static uint64_t added_by_events(const struct watch *w, uint64_t token, bool same)
{
	uint64_t added = in_flight_added(&w->own->added, 0, 0, token);

	if (w->own->buffers && w->snapshot && !same && added <= w->snapshot->head.time_ns)
		return 0;
	return added == SEEN_ONLY ? 0 : added;
}

/* Fills in when the buffers of @s were added; @now: the buffers of @s, and since when. */
static void find_ages(struct watch *w, struct snapshot *s, struct watched_buffer *now)
{
	struct watch_private *own = w->own;
	unsigned int before = w->snapshot ? w->snapshot->head.num : 0;

	watched_buffers_find(s, now);
	for (unsigned int i = 0; i < s->head.num; i++) {
		struct snapshot_note *note = &s->notes[i];
		bool same;

		if (!note->token)
			continue;
		same = own->buffers && i < before && watched_buffer_same(&own->buffers[i], &now[i]);
		now[i].since_ns = same ? own->buffers[i].since_ns : s->head.time_ns;
		if (note->added_ns > s->head.time_ns)
			note->added_ns = 0;
		if (!note->added_ns)
			note->added_ns = added_by_events(w, note->token, same || s->moving);
		put_added(own, note->token, note->added_ns ? note->added_ns : SEEN_ONLY);
		if (note->added_ns)
			continue;
		note->added_ns = now[i].since_ns;
		note->seen_only = true;
	}
}

/* The token may be in flight again by now, in another place. */
bool watch_gone(const struct watch *w, uint64_t token)
{
	uint64_t added = in_flight_added(&w->own->added, 0, 0, token);

	return !added || (added != SEEN_ONLY && added > w->snapshot->head.time_ns);
}

static void take_over(struct watch *w, struct snapshot *s, struct watched_buffer *now)
{
	struct watch_private *own = w->own;

	snapshot_free(&own->snapshot);
	free(own->buffers);
	own->snapshot = *s;
	own->buffers = now;
	memset(s, 0, sizeof(*s));
	w->snapshot = &own->snapshot;
	w->num = w->snapshot->head.num;
	w->packed = w->snapshot->head.packed;
	w->event_idx = w->snapshot->head.event;
	if (w->snapshot->head.features)
		w->features = w->snapshot->head.features;
}

int watch_snapshot(struct watch *w, struct snapshot *s)
{
	struct watched_buffer *now = calloc(s->head.num, sizeof(*now));
	unsigned int before = watch_with_device(w);
	uint64_t time_ns = s->head.time_ns;
	int error;

	if (!now) {
		snapshot_free(s);
		return -ENOMEM;
	}
	find_ages(w, s, now);
	take_over(w, s, now);
	move_by_snapshot(w, w->snapshot);
	if (time_ns > w->now_ns)
		w->now_ns = time_ns;
	error = put_sample(w, time_ns, before);
	drop_old(w);
	return error;
}

/* ---- the second ---- */

static void count_event(struct watch_second *second, const struct vring_event *event,
			unsigned int num)
{
	switch (event->type) {
	case VRING_EVENT_ADD:
		second->add += !event->add.error;
		second->forced += forces_kick(event);
		break;
	case VRING_EVENT_KICK: {
		struct kick_verdict v = judge_kick(&event->kick, event->flags, num);

		second->batches += v.batch > 0;
		second->kick += event->kick.kick;
		second->suppressed += !event->kick.kick;
		second->unsure += v.unsure;
		break;
	}
	case VRING_EVENT_INTERRUPT:
		second->irq++;
		second->spurious += !event->interrupt.handled;
		break;
	case VRING_EVENT_REAP:
		second->reap++;
		break;
	}
}

static void count_events(struct watch *w, uint64_t from_ns)
{
	struct watch_second *second = &w->second;

	if (!w->events_known) {
		second->add = second->batches = second->kick = second->suppressed = -1;
		second->forced = second->unsure = second->irq = second->spurious = -1;
		second->reap = -1;
		return;
	}
	for (size_t i = 0; i < w->event_count; i++)
		if (w->events[i].time_ns >= from_ns)
			count_event(second, &w->events[i], w->num);
}

/* From the last look before the second on, if there was one. */
static void count_interrupts(struct watch *w, uint64_t from_ns)
{
	struct deque *looks = &w->own->interrupts;
	const struct interrupts_seen *first, *last;

	while (looks->count > 1 &&
	       ((struct interrupts_seen *)deque_at(looks, 1))->time_ns < from_ns)
		deque_drop(looks, 1);
	if (w->events_known || !looks->count)
		return;
	first = deque_at(looks, 0);
	last = deque_at(looks, looks->count - 1);
	w->second.irq = last->total - first->total;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest that @percent of the sorted @values do not exceed. */
static uint64_t percentile(const uint64_t *values, size_t count, unsigned int percent)
{
	return values[(count * percent + 99) / 100 - 1];
}

static void sum_up_held(struct watch *w, uint64_t *values)
{
	struct deque *samples = &w->own->samples;
	struct watch_second *second = &w->second;

	second->held_min = second->held_p50 = second->held_max = watch_with_device(w);
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = deque_at(samples, i);

		values[i] = sample->with_device;
		second->starved += sample->ran_empty;
	}
	if (!samples->count)
		return;
	qsort(values, samples->count, sizeof(*values), compare_numbers);
	second->held_min = values[0];
	second->held_p50 = percentile(values, samples->count, 50);
	second->held_max = values[samples->count - 1];
}

static void sum_up_latencies(struct watch *w, uint64_t *values)
{
	struct deque *latencies = &w->own->latencies;
	struct watch_second *second = &w->second;

	for (size_t i = 0; i < latencies->count; i++) {
		uint64_t ns = ((struct latency *)deque_at(latencies, i))->ns, us = ns / 1000;
		unsigned int log2 = us ? 63 - __builtin_clzll(us) : 0;

		values[i] = ns;
		second->log2_us[log2 < 31 ? log2 : 31]++;
	}
	second->reaps_known = latencies->count;
	if (!latencies->count)
		return;
	qsort(values, latencies->count, sizeof(*values), compare_numbers);
	second->p50_ns = percentile(values, latencies->count, 50);
	second->p99_ns = percentile(values, latencies->count, 99);
	second->max_ns = values[latencies->count - 1];
}

/* ---- history ---- */

/* Seconds in which nothing was seen are as full as the last moment that was. */
static void fill_history(struct watch *w)
{
	uint64_t now = w->now_ns / EIGHTH + 1;
	uint8_t level = WATCH_UNKNOWN;

	for (unsigned int i = 0; i < WATCH_HISTORY; i++) {
		bool seen = false;

		w->starved[i] = false;
		for (unsigned int eighth = 8; eighth > 0; eighth--) {
			uint64_t back = 8 * (WATCH_HISTORY - 1 - i) + eighth - 1;
			const struct eighth *e = &w->own->history[(now - back) % EIGHTHS];

			if (back >= now || e->number != now - back)
				continue;
			if (!seen || e->most > w->history[i])
				w->history[i] = e->most;
			seen = true;
			level = e->last;
			w->starved[i] |= e->starved;
		}
		if (!seen)
			w->history[i] = level;
	}
}

void watch_at(struct watch *w, uint64_t now_ns)
{
	struct watch_private *own = w->own;
	uint64_t from = second_begins(now_ns), *values;

	w->now_ns = now_ns;
	drop_old(w);
	memset(&w->second, 0, sizeof(w->second));
	count_events(w, from);
	count_interrupts(w, from);
	fill_history(w);
	values = calloc(own->samples.count + own->latencies.count + 1, sizeof(*values));
	if (!values)
		return; /* the counts are there, and the rest stays 0 */
	sum_up_held(w, values);
	sum_up_latencies(w, values);
	free(values);
}

void watch_interrupts(struct watch *w, uint64_t total)
{
	struct interrupts_seen seen = { w->now_ns, total };

	deque_push(&w->own->interrupts, &seen);
	count_interrupts(w, second_begins(w->now_ns));
}

/* ---- beginning and end ---- */

static void forget_private(struct watch_private *own)
{
	struct said said = own->said;

	deque_free(&own->events);
	deque_free(&own->samples);
	deque_free(&own->latencies);
	deque_free(&own->interrupts);
	in_flight_free(&own->added);
	snapshot_free(&own->snapshot);
	free(own->buffers);
	memset(own, 0, sizeof(*own));
	own->said = said;
	own->events.size = sizeof(struct vring_event);
	own->samples.size = sizeof(struct sample);
	own->latencies.size = sizeof(struct latency);
	own->interrupts.size = sizeof(struct interrupts_seen);
}

void watch_forget(struct watch *w)
{
	if (w->own->cpus_by_events)
		w->cpus[0] = 0;
	if (w->own->irq_by_events)
		w->irq = w->own->irq_said;
	forget_private(w->own);
	w->num = w->own->said.num;
	w->features = w->own->said.features;
	w->packed = w->own->said.packed;
	w->event_idx = w->own->said.event_idx;
	w->now_ns = 0;
	w->snapshot = NULL;
	w->avail_idx = w->used_idx = w->last_used = 0;
	w->num_free = w->num;
	w->held = 0;
	w->events = NULL;
	w->event_count = 0;
	w->event_number = 0;
	w->starved_ns = 0;
	memset(&w->second, 0, sizeof(w->second));
	memset(w->history, WATCH_UNKNOWN, sizeof(w->history));
	memset(w->starved, 0, sizeof(w->starved));
}

/* A name out of a file: whatever is in it, it ends. */
static void take_name(char *to, const char *from)
{
	snprintf(to, VRT_NAME, "%.*s", VRT_NAME - 1, from);
}

int watch_begin(struct watch *w, const struct vrt_queue *queue, bool events_known)
{
	char name[VRT_NAME];

	memset(w, 0, sizeof(*w));
	w->own = calloc(1, sizeof(*w->own));
	if (!w->own)
		return -ENOMEM;
	take_name(name, queue->name);
	take_name(w->driver, queue->driver);
	take_name(w->alias, queue->alias);
	w->device = le16_read(&queue->device);
	w->index = le16_read(&queue->queue);
	snprintf(w->name, sizeof(w->name), "virtio%u/%s", w->device, name);
	w->device_id = le32_read(&queue->device_id);
	w->own->said.num = le32_read(&queue->num);
	w->own->said.features = le64_read(&queue->features);
	w->own->said.packed = queue->packed;
	w->own->said.event_idx = w->own->said.features >> VIRTIO_RING_F_EVENT_IDX & 1;
	w->receives = verdict_device_keeps(w->device_id, w->index, name);
	w->self = queue->self;
	w->irq = -1;
	w->events_known = events_known;
	watch_forget(w);
	return 0;
}

void watch_end(struct watch *w)
{
	if (w->own)
		forget_private(w->own);
	free(w->own);
	memset(w, 0, sizeof(*w));
}
