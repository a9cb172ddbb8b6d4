/* SPDX-License-Identifier: MIT */
/*
 * A table of buffers by queue and token: one place after the other is tried from where the hash
 * says. A buffer that is taken back leaves its place marked, so that those put behind it are still
 * found; when too many places are marked, the table is made anew without them.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "in_flight.h"

#define ROOM 1024u

static size_t hash(uint32_t queue, uint64_t token)
{
	/* Tokens are addresses: their low bits are 0. */
	return (token >> 4 ^ queue) * 0x9e3779b97f4a7c15ull >> 20;
}

/* The buffer's place, or the free one where it would go. */
static struct in_flight_buffer *find(const struct in_flight *f, uint32_t queue, uint64_t token)
{
	size_t at = hash(queue, token) & (f->room - 1);

	while (f->places[at].token &&
	       (f->places[at].token != token || f->places[at].queue != queue))
		at = (at + 1) & (f->room - 1);
	return &f->places[at];
}

/* Twice the places, if so many are really used. */
static int make_anew(struct in_flight *f)
{
	struct in_flight anew = {};
	size_t used = 0;

	for (size_t i = 0; i < f->room; i++)
		used += f->places[i].added_ns != 0;
	anew.room = !f->room ? ROOM : used * 4 > f->room ? 2 * f->room : f->room;
	anew.places = calloc(anew.room, sizeof(*anew.places));
	if (!anew.places)
		return -ENOMEM;
	for (size_t i = 0; i < f->room; i++)
		if (f->places[i].added_ns) {
			*find(&anew, f->places[i].queue, f->places[i].token) = f->places[i];
			anew.taken++;
		}
	free(f->places);
	*f = anew;
	return 0;
}

int in_flight_add(struct in_flight *f, uint16_t device, uint16_t queue, uint64_t token,
		  uint64_t added_ns)
{
	uint32_t key = (uint32_t)device << 16 | queue;
	struct in_flight_buffer *place;

	if (!token)
		return 0;
	if (2 * f->taken >= f->room && make_anew(f))
		return -ENOMEM;
	place = find(f, key, token);
	f->taken += !place->token;
	*place = (struct in_flight_buffer){ token, key, added_ns };
	return 0;
}

uint64_t in_flight_added(const struct in_flight *f, uint16_t device, uint16_t queue, uint64_t token)
{
	if (!f->room || !token)
		return 0;
	return find(f, (uint32_t)device << 16 | queue, token)->added_ns;
}

uint64_t in_flight_reap(struct in_flight *f, uint16_t device, uint16_t queue, uint64_t token)
{
	struct in_flight_buffer *place;
	uint64_t added_ns;

	if (!f->room || !token)
		return 0;
	place = find(f, (uint32_t)device << 16 | queue, token);
	added_ns = place->added_ns;
	place->added_ns = 0;
	return added_ns;
}

void in_flight_free(struct in_flight *f)
{
	free(f->places);
	memset(f, 0, sizeof(*f));
}
