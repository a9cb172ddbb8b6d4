/* SPDX-License-Identifier: MIT */
/*
 * The account of a queue's events: how many of each kind, and whether the indices agree with them.
 */
#ifndef TRACE_TOOL_ACCOUNT_H
#define TRACE_TOOL_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/kick_verdict.h"
#include "ring/vring_event.h"

/* What has gone by on one queue since the trace began. All zero to begin with. */
struct queue_account {
	uint64_t events;
	uint64_t add;	      /* buffers that went in */
	uint64_t add_refused; /* adds that failed, the ring being full for one */
	uint64_t forced;      /* of these, such that the driver kicked without a decision */
	uint64_t kick;	      /* decisions to ring the doorbell */
	uint64_t suppressed;  /* decisions not to */
	uint64_t unsure;      /* decisions during which the device changed its mind */
	uint64_t decided;     /* ring entries these were about; packed, descriptors */
	uint64_t doorbell;
	uint64_t interrupt;
	uint64_t spurious; /* interrupts with nothing used */
	uint64_t reap;
	uint64_t callbacks_on, callbacks_off;
	/*
	 * Steps the indices took, as every event shows them that the driver makes under the queue's
	 * lock: adds, kick decisions, reaps. An interrupt or a doorbell of another processor may
	 * see an index before the event that moved it is recorded.
	 */
	uint64_t avail_steps, reap_steps;
	bool packed;
	bool locked_seen; /* there was such an event */
	uint16_t locked_avail, locked_reaped;
	/* The indices at the event before, of whatever kind. */
	uint16_t avail_idx, used_idx, last_used;
	/* The decisions: did the device ever move the entry it asked to be told at? */
	uint16_t kick_event;
	bool kick_event_seen, kick_event_moved;
	unsigned int kinds; /* HOOKS_OF(event) of those that are recorded at all; 0: all */
};

/* Takes @event into the account of its queue. @num: entries of the ring. */
void account_event(const struct vring_event *event, unsigned int num,
		   struct queue_account *account);

/*
 * Do events and indices tell the same? If not, events are missing. Packed rings move by
 * descriptors, of which an event does not say how many.
 */
bool account_agrees(const struct queue_account *account);

#endif
