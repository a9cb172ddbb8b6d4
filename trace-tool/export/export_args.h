/* SPDX-License-Identifier: MIT */
/*
 * What an event holds, as names and values: what Chrome and Perfetto show beside it.
 */
#ifndef TRACE_TOOL_EXPORT_ARGS_H
#define TRACE_TOOL_EXPORT_ARGS_H

#include "export.h"

enum arg_name {
	ARG_AVAIL,
	ARG_USED,
	ARG_REAPED,
	ARG_FREE,
	ARG_CPU,
	ARG_SEQ,
	ARG_TOKEN,
	ARG_OUT,
	ARG_IN,
	ARG_ERRNO,
	ARG_FORCED,
	ARG_OLD,
	ARG_NEW,
	ARG_BATCH,
	ARG_WHY,
	ARG_SURE,
	ARG_FAILED,
	ARG_IRQ,
	ARG_ASKED_AT,
	ARG_FLAGS,
	ARG_LEN,
	ARG_AGE,
	ARG_MORE,
	/* Of a request rather than of an event. */
	ARG_SEEN_ONLY,
	ARG_NO_REAP,
	ARG_IN_FLIGHT,
	/* Of the recording. */
	ARG_LOST,
	ARG_MISSED,
	ARG_CUT,
	ARG_NAMES
};

extern const char *const arg_names[ARG_NAMES];

struct arg {
	enum arg_name name;
	enum { ARG_NUMBER, ARG_HEX, ARG_TEXT, ARG_BOOL } kind;
	uint64_t number;
	char text[64];
};

#define MOST_ARGS 16

/* Return: how many. */
unsigned int export_args(const struct export_step *step, struct arg args[MOST_ARGS]);

/* The same of how a request came to be shown, which may be nothing. */
unsigned int export_request_args(const struct request *request, struct arg args[MOST_ARGS]);

/* What an event is called: event_word(), and "spurious irq". */
const char *export_event_word(const struct vring_event *event);

#endif
