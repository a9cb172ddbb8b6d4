/* SPDX-License-Identifier: MIT */
/*
 * A row in one piece of memory. What is at the front is moved down when half of the room lies
 * unused before it, so that each element is moved once on average.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deque.h"

int deque_push(struct deque *d, const void *element)
{
	if (d->first + d->count == d->room && d->first > d->room / 2) {
		memmove(d->bytes, d->bytes + d->first * d->size, d->count * d->size);
		d->first = 0;
	} else if (d->first + d->count == d->room) {
		size_t room = d->room ? 2 * d->room : 128;
		char *bytes = reallocarray(d->bytes, room, d->size);

		if (!bytes)
			return -ENOMEM;
		d->bytes = bytes;
		d->room = room;
	}
	memcpy(d->bytes + (d->first + d->count++) * d->size, element, d->size);
	return 0;
}

void *deque_at(const struct deque *d, size_t n)
{
	return d->bytes ? d->bytes + (d->first + n) * d->size : NULL;
}

void deque_drop(struct deque *d, size_t count)
{
	d->first += count;
	d->count -= count;
	if (!d->count)
		d->first = 0;
}

void deque_drop_before(struct deque *d, uint64_t from_ns, size_t least, size_t most)
{
	uint64_t time_ns;

	if (d->count > most)
		deque_drop(d, d->count - most);
	while (d->count > least) {
		memcpy(&time_ns, deque_at(d, 0), sizeof(time_ns));
		if (time_ns >= from_ns)
			break;
		deque_drop(d, 1);
	}
}

void deque_free(struct deque *d)
{
	size_t size = d->size;

	free(d->bytes);
	memset(d, 0, sizeof(*d));
	d->size = size;
}
