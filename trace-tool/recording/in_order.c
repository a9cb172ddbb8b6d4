/* SPDX-License-Identifier: MIT */
/*
 * An array kept sorted: nearly all events come behind the last, and the others near to it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "in_order.h"

#define ROOM 4096

int in_order_add(struct in_order *o, const struct vring_event *event)
{
	size_t at = o->count;

	if (o->count == o->room) {
		size_t room = o->room ? 2 * o->room : ROOM;
		struct vring_event *grown = reallocarray(o->events, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		o->events = grown;
		o->room = room;
	}
	/* Behind those of the same moment: they came in the order they happened. */
	for (; at && o->events[at - 1].time_ns > event->time_ns; at--)
		o->events[at] = o->events[at - 1];
	o->events[at] = *event;
	o->count++;
	return 0;
}

size_t in_order_ready(const struct in_order *o, uint64_t until_ns)
{
	size_t ready = o->count;

	while (ready && o->events[ready - 1].time_ns > until_ns)
		ready--;
	return ready;
}

void in_order_drop(struct in_order *o, size_t count)
{
	if (!count)
		return;
	o->count -= count;
	memmove(o->events, o->events + count, o->count * sizeof(*o->events));
}

void in_order_free(struct in_order *o)
{
	free(o->events);
	memset(o, 0, sizeof(*o));
}
