/* SPDX-License-Identifier: MIT */
/*
 * An event as a line of text, and the account of a queue's events at the end.
 */
#ifndef TRACE_TOOL_EVENT_TEXT_H
#define TRACE_TOOL_EVENT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/vring_event.h"

/* What has gone by on one queue since the trace began. All zero to begin with. */
struct queue_account {
	uint64_t events;
	uint64_t add;	      /* buffers that went in */
	uint64_t add_refused; /* adds that failed, the ring being full for one */
	uint64_t kick;	      /* decisions to ring the doorbell */
	uint64_t suppressed;  /* decisions not to */
	uint64_t unsure;      /* decisions during which the device changed its mind */
	uint64_t doorbell;
	uint64_t interrupt;
	uint64_t spurious; /* interrupts with nothing used */
	uint64_t reap;
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
};

/* The line above the first event. */
void event_text_header(void);

/**
 * event_text - print @event as one line
 * @name: of the queue
 * @num: entries of the ring, for the arithmetic of packed indices
 * @start_ns: the trace's zero of time
 * @account: of the queue, without this event: what moved is seen by it
 */
void event_text(const struct vring_event *event, const char *name, unsigned int num,
		uint64_t start_ns, const struct queue_account *account);

/* Takes @event into the account of its queue. */
void event_account(const struct vring_event *event, unsigned int num,
		   struct queue_account *account);

void event_text_account_header(void);
void event_text_account(const struct queue_account *account, const char *name);

#endif
