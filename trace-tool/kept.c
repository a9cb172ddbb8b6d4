/* SPDX-License-Identifier: MIT */
/*
 * Keeps moments and events in two arrays, and plays them into a watch from the beginning: what a
 * screen shows of a moment is what it showed then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kept.h"

static size_t bytes_of(const struct snapshot *s)
{
	return s->copied + s->head.num * sizeof(*s->notes) +
	       s->head.table_count * sizeof(*s->tables);
}

/* malloc() of nothing may be NULL. */
static void *copy_of(const void *bytes, size_t size)
{
	void *copy = malloc(size + 1);

	if (copy && size)
		memcpy(copy, bytes, size);
	return copy;
}

int snapshot_copy(struct snapshot *to, const struct snapshot *from)
{
	*to = *from;
	to->copy = copy_of(from->copy, from->copied);
	to->notes = copy_of(from->notes, from->head.num * sizeof(*from->notes));
	to->tables = copy_of(from->tables, from->head.table_count * sizeof(*from->tables));
	for (int area = 0; area < VT_AREAS; area++)
		if (from->area[area] && to->copy)
			to->area[area] =
				to->copy + ((const uint8_t *)from->area[area] - from->copy);
	if (to->copy && to->notes && to->tables)
		return 0;
	snapshot_free(to);
	return -ENOMEM;
}

static void drop_oldest(struct kept *k)
{
	uint64_t from;
	size_t old = 0;

	k->bytes -= k->moments[0].bytes;
	snapshot_free(&k->moments[0].snapshot);
	k->count--;
	memmove(k->moments, k->moments + 1, k->count * sizeof(*k->moments));
	from = k->count ? k->moments[0].snapshot.head.time_ns : UINT64_MAX;
	while (old < k->event_count && k->events[old].time_ns < from)
		old++;
	k->event_count -= old;
	if (old)
		memmove(k->events, k->events + old, k->event_count * sizeof(*k->events));
}

int kept_moment(struct kept *k, const struct snapshot *snapshot, int64_t interrupts)
{
	struct kept_moment moment = { .bytes = bytes_of(snapshot), .interrupts = interrupts };

	if (!k->moments)
		k->moments = calloc(KEPT_MOMENTS, sizeof(*k->moments));
	if (!k->moments || snapshot_copy(&moment.snapshot, snapshot))
		return -ENOMEM;
	while (k->count && (k->count == KEPT_MOMENTS || k->bytes + moment.bytes > KEPT_BYTES))
		drop_oldest(k);
	k->moments[k->count++] = moment;
	k->bytes += moment.bytes;
	return 0;
}

int kept_event(struct kept *k, const struct vring_event *event)
{
	if (!k->events)
		k->events = calloc(KEPT_EVENTS, sizeof(*k->events));
	if (!k->events)
		return -ENOMEM;
	/* Half of them at once: to move all of the rest for each one would take too long. */
	if (k->event_count == KEPT_EVENTS) {
		k->event_count = KEPT_EVENTS / 2;
		memmove(k->events, k->events + KEPT_EVENTS / 2,
			k->event_count * sizeof(*k->events));
	}
	k->events[k->event_count++] = *event;
	return 0;
}

static int put_moment(const struct kept_moment *moment, struct watch *w)
{
	struct snapshot copy;
	int error = snapshot_copy(&copy, &moment->snapshot);

	if (!error)
		error = watch_snapshot(w, &copy);
	if (!error && moment->interrupts >= 0)
		watch_interrupts(w, moment->interrupts);
	return error;
}

int kept_show(const struct kept *k, size_t at, struct watch *w)
{
	const struct vring_event *event = k->events, *end = event + k->event_count;
	int error = 0;

	watch_forget(w);
	for (size_t i = 0; !error && i <= at && i < k->count; i++) {
		uint64_t now = k->moments[i].snapshot.head.time_ns;

		for (; !error && event && event < end && event->time_ns <= now; event++)
			error = watch_event(w, event);
		if (!error)
			error = put_moment(&k->moments[i], w);
	}
	if (!error && k->count)
		watch_at(w, k->moments[at < k->count ? at : k->count - 1].snapshot.head.time_ns);
	return error;
}

void kept_free(struct kept *k)
{
	for (size_t i = 0; i < k->count; i++)
		snapshot_free(&k->moments[i].snapshot);
	free(k->moments);
	free(k->events);
	memset(k, 0, sizeof(*k));
}
