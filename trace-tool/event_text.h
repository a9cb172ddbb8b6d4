/* SPDX-License-Identifier: MIT */
/*
 * An event as a line of text or as JSON, and the account of a queue's events at the end.
 */
#ifndef TRACE_TOOL_EVENT_TEXT_H
#define TRACE_TOOL_EVENT_TEXT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "ring/vring_event.h"

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

/* The same as an object on one line. */
void event_json(const struct session *session, const struct session_queue *queue,
		const struct vring_event *event, uint64_t age_ns);

/* What an event is called, in both: "add", "kick", "cb-off" ... */
const char *event_word(const struct vring_event *event);

/* "ev 3: 0 < 1" or "flags NO_NOTIFY, 1 new": what a decision was made by. */
void event_reason(const struct vring_event *event, unsigned int num, char *buf, size_t size);

/* The accounts of all queues, then the meter. @unprinted: events that were counted only. */
void event_summary(const struct session *session, uint64_t unprinted);

/* One line of JSON out of @object, which is given up. */
void json_line(json_object *object);
void json_add_string(json_object *object, const char *key, const char *value);
void json_add_int(json_object *object, const char *key, int64_t value);
void json_add_bool(json_object *object, const char *key, bool value);

#endif
