/* SPDX-License-Identifier: MIT */
/*
 * An event as a line of text, and the account of a queue's events at the end.
 */
#ifndef TRACE_TOOL_EVENT_TEXT_H
#define TRACE_TOOL_EVENT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/vring_event.h"

#include "../event_words.h"
#include "../json.h"
#include "session.h"

/* The line above the first event. */
void event_text_header(void);

/**
 * event_text - print @event as one line
 * @queue: its account is without this event yet: what moved is seen by it
 * @age_ns: of a reap, how long ago the buffer was added; 0: not known
 */
void event_text(const struct session *session, const struct session_queue *queue,
		const struct vring_event *event, uint64_t age_ns);

/* The accounts of all queues, then the meter. @unprinted: events that were counted only. */
void event_summary(const struct session *session, uint64_t unprinted);

#endif
