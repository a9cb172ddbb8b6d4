/* SPDX-License-Identifier: MIT */
/*
 * Requests by their token, in chains of a hash table, and by their age, in a list. The number of
 * them stays that of a ring's entries, however many reaps the recording has missed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "requests.h"

#define ROOM 16u

static uint32_t *bucket_of(const struct requests *r, uint64_t token)
{
	/* Tokens are addresses: their low bits are 0. */
	return &r->buckets[(token >> 4) * 0x9e3779b97f4a7c15ull >> 32 & (r->room - 1)];
}

/* The link that leads to the request, or to where it would be. */
static uint32_t *find(const struct requests *r, uint64_t token)
{
	uint32_t *link = bucket_of(r, token);

	while (*link && r->pool[*link].token != token)
		link = &r->pool[*link].chain;
	return link;
}

static int grow(struct requests *r)
{
	uint32_t room = r->room ? 2 * r->room : ROOM;
	uint32_t *buckets = calloc(room, sizeof(*buckets));
	struct request *pool = reallocarray(r->pool, room + 1, sizeof(*pool));

	if (pool)
		r->pool = pool;
	if (!pool || !buckets) {
		free(buckets);
		return -ENOMEM;
	}
	for (uint32_t i = r->room + 1; i <= room; i++)
		pool[i].chain = i < room ? i + 1 : 0;
	r->unused = r->room + 1;
	free(r->buckets);
	r->buckets = buckets;
	r->room = room;
	for (uint32_t i = r->oldest; i; i = pool[i].newer) {
		uint32_t *bucket = bucket_of(r, pool[i].token);

		pool[i].chain = *bucket;
		*bucket = i;
	}
	return 0;
}

/* ---- lanes ---- */

static int take_lane(struct requests *r, uint64_t now_ns, uint32_t *lane)
{
	uint32_t at = r->lowest;

	/* Times may go back by a moment; two on a lane must not overlap all the same. */
	while (at < r->lanes && r->lane_end[at] > now_ns)
		at++;
	if (at == r->lanes_room) {
		uint32_t room = r->lanes_room ? 2 * r->lanes_room : ROOM;
		uint64_t *ends = reallocarray(r->lane_end, room, sizeof(*ends));

		if (!ends)
			return -ENOMEM;
		r->lane_end = ends;
		r->lanes_room = room;
	}
	if (at == r->lanes)
		r->lanes++;
	r->lane_end[at] = UINT64_MAX;
	while (r->lowest < r->lanes && r->lane_end[r->lowest] == UINT64_MAX)
		r->lowest++;
	*lane = at;
	return 0;
}

static void leave_lane(struct requests *r, uint32_t lane, uint64_t now_ns)
{
	r->lane_end[lane] = now_ns;
	if (lane < r->lowest)
		r->lowest = lane;
}

/* ---- in and out ---- */

static void take_out(struct requests *r, uint32_t *link, uint64_t now_ns, struct request *what)
{
	uint32_t at = *link;
	struct request *request = &r->pool[at];

	*what = *request;
	*link = request->chain;
	*(request->older ? &r->pool[request->older].newer : &r->oldest) = request->newer;
	*(request->newer ? &r->pool[request->newer].older : &r->newest) = request->older;
	request->chain = r->unused;
	r->unused = at;
	r->count--;
	leave_lane(r, what->lane, now_ns > what->added_ns ? now_ns : what->added_ns);
}

int requests_add(struct requests *r, uint64_t token, uint64_t now_ns, uint32_t most,
		 struct request **added, struct request *gone)
{
	uint32_t *link, at, lane;
	int pushed = 0;

	if (r->count) {
		link = find(r, token);
		if (!*link && r->count >= most)
			link = find(r, r->pool[r->oldest].token);
		pushed = *link != 0;
		if (pushed)
			take_out(r, link, now_ns, gone);
	}
	if (!r->unused && grow(r))
		return -ENOMEM;
	if (take_lane(r, now_ns, &lane))
		return -ENOMEM;
	at = r->unused;
	r->unused = r->pool[at].chain;
	r->pool[at] = (struct request){ .token = token,
					.added_ns = now_ns,
					.number = ++r->numbers,
					.lane = lane,
					.older = r->newest };
	*(r->newest ? &r->pool[r->newest].newer : &r->oldest) = at;
	r->newest = at;
	link = bucket_of(r, token);
	r->pool[at].chain = *link;
	*link = at;
	r->count++;
	*added = &r->pool[at];
	return pushed;
}

bool requests_has(const struct requests *r, uint64_t token)
{
	return r->count && *find(r, token);
}

bool requests_reap(struct requests *r, uint64_t token, uint64_t now_ns, struct request *reaped)
{
	uint32_t *link;

	if (!r->count)
		return false;
	link = find(r, token);
	if (!*link)
		return false;
	take_out(r, link, now_ns, reaped);
	return true;
}

bool requests_drain(struct requests *r, uint64_t now_ns, struct request *oldest)
{
	return r->count && requests_reap(r, r->pool[r->oldest].token, now_ns, oldest);
}

void requests_free(struct requests *r)
{
	free(r->pool);
	free(r->buckets);
	free(r->lane_end);
	memset(r, 0, sizeof(*r));
}
