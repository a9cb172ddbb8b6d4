/* SPDX-License-Identifier: MIT */
/*
 * The buffers of one queue between their add and their reap, each on a lane of its own: what an
 * exporter draws as bars that may overlap.
 */
#ifndef TRACE_TOOL_REQUESTS_H
#define TRACE_TOOL_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

struct request {
	uint64_t token, added_ns;
	uint64_t number;   /* of all requests of the queue, from 1 */
	uint64_t decision; /* the kick decision it was about, counted from 1 */
	uint32_t lane;	   /* the lowest that nobody was on */
	uint16_t out, in;
	bool kicked;	    /* ... and it was to kick, and is shown */
	bool parts_unknown; /* it was there at the first look: .out and .in are not known */
	bool seen_only;	    /* ... nor when it was added: .added_ns is that of the look */
	uint32_t chain, older, newer;
};

/* All zero to begin with. */
struct requests {
	struct request *pool; /* from 1 on; 0 is no request */
	uint32_t *buckets;    /* a power of two of them */
	uint32_t room, count;
	uint32_t unused; /* first of those not in use */
	uint32_t oldest, newest;
	uint64_t numbers;
	uint64_t *lane_end; /* when the last request left the lane; UINT64_MAX: one is on it */
	uint32_t lanes, lanes_room, lowest;
};

/**
 * requests_add - a buffer goes in
 * @most: as many are in flight at most; one more, and the reap of the oldest was not recorded
 * @gone: if 1 is returned, the request that must have ended before
 *
 * Return: 0 or 1 with *@added, which lasts until the next call; or -ENOMEM.
 */
int requests_add(struct requests *r, uint64_t token, uint64_t now_ns, uint32_t most,
		 struct request **added, struct request *gone);

/* A buffer comes back. Return: whether its add is known, and then *@reaped is what it was. */
bool requests_reap(struct requests *r, uint64_t token, uint64_t now_ns, struct request *reaped);

bool requests_has(const struct requests *r, uint64_t token);

/* The oldest that is in flight, which leaves. Return: whether there was one. */
bool requests_drain(struct requests *r, uint64_t now_ns, struct request *oldest);

void requests_free(struct requests *r);

#endif
