/* SPDX-License-Identifier: MIT */
/*
 * The words for an event and for an index: the same in a line of text, in JSON and on the screen.
 */
#ifndef TRACE_TOOL_EVENT_WORDS_H
#define TRACE_TOOL_EVENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/vring_event.h"

/* What an event is called: "add", "kick", "cb-off" ... */
const char *event_word(const struct vring_event *event);

/* "ev 3: 0 < 1" or "flags NO_NOTIFY, 1 new": what a decision was made by. */
void event_reason(const struct vring_event *event, unsigned int num, char *buf, size_t size);

/* An index as people write it: split, the number; packed, the slot and the wrap counter: 5w1. */
#define INDEX_TEXT_LEN 16
const char *index_text(char buf[INDEX_TEXT_LEN], bool packed, uint16_t index);

#endif
