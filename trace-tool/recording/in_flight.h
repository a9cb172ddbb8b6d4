/* SPDX-License-Identifier: MIT */
/*
 * When each buffer that is in flight was added: remembered at its add, asked for until its reap.
 */
#ifndef TRACE_TOOL_IN_FLIGHT_H
#define TRACE_TOOL_IN_FLIGHT_H

#include <stddef.h>
#include <stdint.h>

struct in_flight_buffer {
	uint64_t token;	   /* 0: a free place */
	uint32_t queue;	   /* device << 16 | index */
	uint64_t added_ns; /* 0: it was taken back, the place is kept for those behind it */
};

/* All zero to begin with. */
struct in_flight {
	struct in_flight_buffer *places; /* a power of two of them */
	size_t room;
	size_t taken; /* places with a token, used or kept */
};

/* Return: 0 or -ENOMEM; then its age will not be known. */
int in_flight_add(struct in_flight *f, uint16_t device, uint16_t queue, uint64_t token,
		  uint64_t added_ns);

/* When it was added; 0: not known. */
uint64_t in_flight_added(const struct in_flight *f, uint16_t device, uint16_t queue,
			 uint64_t token);

/* The same, and forgets it. */
uint64_t in_flight_reap(struct in_flight *f, uint16_t device, uint16_t queue, uint64_t token);

void in_flight_free(struct in_flight *f);

#endif
