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
	/* Steps the indices took from the first event to the last, whoever counted the events. */
	uint64_t avail_steps;
	uint64_t reap_steps;
	bool packed;
	/* The indices at the event before. */
	uint16_t avail_idx, used_idx, last_used;
	/* The indices at the add and at the reap before: those two are serialised, each by itself,
	 * while an event of another processor may see an index ahead of the event that moved it. */
	bool added, reaped;
	uint16_t add_avail_idx, reap_last_used;
};

/* The line above the first event. */
void event_text_header(void);

/**
 * event_text - print @event as one line, and take it into the account of its queue
 * @name: of the queue
 * @num: entries of the ring, for the arithmetic of packed indices
 * @start_ns: the trace's zero of time
 */
void event_text(const struct vring_event *event, const char *name, unsigned int num,
		uint64_t start_ns, struct queue_account *account);

void event_text_account_header(void);
void event_text_account(const struct queue_account *account, const char *name);

/* Does the index movement agree with the events counted? Packed rings move by descriptors: true. */
bool event_account_agrees(const struct queue_account *account);

#endif
