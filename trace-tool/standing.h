/* SPDX-License-Identifier: MIT */
/*
 * How a ring stands at the moment of a snapshot: what is in flight, what waits for whom.
 */
#ifndef TRACE_TOOL_STANDING_H
#define TRACE_TOOL_STANDING_H

#include "snapshot.h"

struct standing {
	unsigned int in_flight; /* buffers, with the device or used and not reaped */
	/* Used and not reaped. Packed: 1 if there is any, more is not to be seen. */
	unsigned int unreaped;
	uint16_t used_idx;    /* packed: last_used, one more if something waits there */
	bool callbacks_off;   /* the driver wants no interrupt now */
	bool device_has_seen; /* all that is offered: known only on split rings with event indices
			       */
	bool knows_seen;      /* whether it is known */
	uint16_t avail_event; /* split, with event indices */
	/* It holds buffers for what comes from outside: frames, keys, events. They may stay. */
	bool waits_by_design;
};

struct standing standing_of(const struct snapshot *s);

/* "312 us", "4.5 ms", "38.2 s" */
const char *age_text(char buf[16], uint64_t ns);

#endif
