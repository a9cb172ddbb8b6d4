/* SPDX-License-Identifier: MIT */
/*
 * A row of things that come in at one end and go out at the other, lying in memory side by side.
 * Each begins with the time it belongs to, a uint64_t.
 */
#ifndef TRACE_TOOL_DEQUE_H
#define TRACE_TOOL_DEQUE_H

#include <stddef.h>
#include <stdint.h>

/* All zero to begin with, but for .size. */
struct deque {
	size_t size;  /* bytes of an element */
	char *bytes;  /* room for .room of them */
	size_t first; /* where the oldest is */
	size_t count, room;
};

/* Return: 0 or -ENOMEM. What lies in it may move. */
int deque_push(struct deque *d, const void *element);

/* The oldest is at 0. Return: NULL if there is none at all. */
void *deque_at(const struct deque *d, size_t n);

void deque_drop(struct deque *d, size_t count);

/* Drops the oldest that are earlier than @from_ns but leaves @least; and all beyond @most. */
void deque_drop_before(struct deque *d, uint64_t from_ns, size_t least, size_t most);

void deque_free(struct deque *d);

#endif
