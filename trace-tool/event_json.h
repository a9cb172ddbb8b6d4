/* SPDX-License-Identifier: MIT */
/*
 * An event as JSON: what trace -j and export --to json print, a line for each. Nothing here needs a
 * kernel to look at.
 */
#ifndef TRACE_TOOL_EVENT_JSON_H
#define TRACE_TOOL_EVENT_JSON_H

#include <stdint.h>

#include "ring/vring_event.h"

#include "json.h"

/**
 * event_json - an event as an object
 * @queue: its name, virtio1/req.0
 * @num: entries of the queue, 0 if not known
 * @age_ns: of a reap, how long ago the buffer was added; 0: not known
 * @time: of day, as text, or NULL
 */
json_object *event_json(const char *queue, unsigned int num, const struct vring_event *event,
			uint64_t age_ns, const char *time);

#endif
