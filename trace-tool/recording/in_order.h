/* SPDX-License-Identifier: MIT */
/*
 * Puts events into order of time. Each processor takes the time of its event and then a place in
 * the buffer that all share, so that neighbours may have changed places by a moment.
 */
#ifndef TRACE_TOOL_IN_ORDER_H
#define TRACE_TOOL_IN_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "ring/vring_event.h"

/* Events are held back for so long: who comes later than that stays out of order. */
#define IN_ORDER_HOLD_NS 20000000ull

/* All zero to begin with. */
struct in_order {
	struct vring_event *events; /* oldest first */
	size_t count, room;
};

/* Return: 0 or -ENOMEM. */
int in_order_add(struct in_order *o, const struct vring_event *event);

/* How many, from the first, are not younger than @until_ns. */
size_t in_order_ready(const struct in_order *o, uint64_t until_ns);

/* Forgets the first @count. */
void in_order_drop(struct in_order *o, size_t count);

void in_order_free(struct in_order *o);

#endif
