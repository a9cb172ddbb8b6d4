/* SPDX-License-Identifier: MIT */
/*
 * Who is to blame when nothing moves: judged from snapshots of one queue, one after another.
 */
#ifndef TRACE_TOOL_VERDICT_H
#define TRACE_TOOL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

enum verdict {
	VERDICT_NONE,	 /* nothing has waited for long */
	VERDICT_WAITING, /* the device holds buffers for what may come one day */
	VERDICT_LAZY,	 /* used ones that the driver asked not to be told of yet */
	/* From here on it is a finding. */
	VERDICT_NOT_KICKED,
	VERDICT_NOT_LOOKED,
	VERDICT_NOT_FINISHED,
	VERDICT_INTERRUPT_LOST,
	VERDICT_NOT_REAPED,
};

static inline bool verdict_is_finding(enum verdict verdict)
{
	return verdict >= VERDICT_NOT_KICKED;
}

/* A buffer in flight, since when it has been seen to be the same one. */
struct watched_buffer {
	uint64_t token, place, since_ns;
};

/* @now: one for each head, or buffer id; token and place are filled in. */
void watched_buffers_find(const struct snapshot *s, struct watched_buffer *now);

/* Is it the buffer that stood at the same head in the snapshot before? */
bool watched_buffer_same(const struct watched_buffer *then, const struct watched_buffer *now);

/* What is remembered of one queue between its snapshots. All zero to begin with. */
struct stall_watch {
	struct watched_buffer *buffers; /* by head, or buffer id */
	unsigned int num;
	uint64_t first_ns, now_ns;
	uint64_t unreaped_since_ns; /* 0: nothing is */
	uint64_t unkicked_since_ns; /* 0: all are decided upon */
	uint64_t irqs_then;	    /* when the unreaped began to wait */
	uint64_t irqs;
	bool irqs_known;
	uint16_t last_used;
};

struct stall {
	enum verdict verdict;
	unsigned int with_device, unreaped; /* buffers */
	uint64_t oldest_ns; /* how long the worst has waited, as far as it was seen */
	bool since_start;   /* ... and it waited before that already */
	char text[160];
};

/**
 * stall_judge - take another snapshot into account
 * @irqs: how many interrupts have come so far; negative: not known
 * @limit_ns: what has waited shorter is no stall
 *
 * Return: 0 and @stall filled in, or -ENOMEM.
 */
int stall_judge(struct stall_watch *watch, const struct snapshot *s, int64_t irqs,
		uint64_t limit_ns, struct stall *stall);
void stall_watch_free(struct stall_watch *watch);

/* Does the driver want interrupts at this moment? */
bool verdict_interrupts_on(const struct snapshot *s);

/* "on" or "off", or "never" where the driver has no callback. */
const char *verdict_interrupts_wanted(const struct snapshot *s);

/* Buffers that are used and not taken back. */
unsigned int verdict_unreaped(const struct snapshot *s);

/* ... and how many slots of a packed ring they take. */
unsigned int verdict_unreaped_slots(const struct snapshot *s);

/* Is it in the nature of this queue that buffers lie with the device, for what may come? */
bool verdict_device_keeps(uint32_t device_id, unsigned int index, const char *name);

#endif
