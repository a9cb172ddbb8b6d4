/* SPDX-License-Identifier: MIT */
/*
 * One queue as it is followed through time, from its events, its snapshots, or both: what the
 * screens draw. It does not matter whether they come from the kernel or from a recording.
 *
 * Times are those of the source's monotonic clock, in nanoseconds.
 */
#ifndef TRACE_TOOL_WATCH_H
#define TRACE_TOOL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/vring_event.h"
#include "ring/vrt.h"

#include "snapshot.h"

#define WATCH_SECOND 1000000000ull
#define WATCH_HISTORY 64 /* seconds of history */
#define WATCH_UNKNOWN UINT8_MAX

/*
 * What happened in the second that ends now; what is exactly a second old is not in it. Counts are
 * -1 where the source does not tell. A percentile is the smallest value that so many do not exceed.
 */
struct watch_second {
	int64_t add, batches; /* buffers; decisions about at least one new entry */
	int64_t kick, suppressed, forced, unsure;
	int64_t irq, spurious;
	int64_t reap;
	/*
	 * Buffers with the device, after each event and in each snapshot of the second; without
	 * any, now.
	 */
	unsigned int held_min, held_p50, held_max;
	/* From add to reap, of buffers reaped in the second whose add is known. */
	uint64_t reaps_known, p50_ns, p99_ns, max_ns;
	uint64_t log2_us[32]; /* [n]: at least 2^n us, [0] also less */
	/* Of a queue that receives: how often these samples came to 0 from more. */
	uint64_t starved;
};

struct watch {
	/* Who it is. */
	char name[64]; /* virtio1/req.0 */
	char driver[VRT_NAME], alias[VRT_NAME];
	uint16_t device, index;
	unsigned int num; /* entries */
	uint32_t device_id;
	uint64_t features;
	bool packed, event_idx,
		receives;  /* the device writes first: buffers wait for what may come */
	bool self;	   /* carries the terminal's or the recording's own traffic */
	int irq;	   /* -1: not known */
	char cpus[16];	   /* that take it: "0-1"; "" not known */
	bool events_known; /* events come as well, and not only snapshots */

	/* The moment. */
	uint64_t now_ns;
	const struct snapshot *snapshot; /* the last one until now, or NULL */
	/*
	 * The driver's positions, by whichever came last, event or snapshot. Split: free-running;
	 * packed: slot | wrap << 15, and used_idx is as the snapshot saw it.
	 */
	uint16_t avail_idx, used_idx, last_used;
	unsigned int num_free;
	/* Buffers added and not reaped. Split: avail_idx - last_used; packed: those known. */
	unsigned int held;

	/* The events of the last second, and at least the last WATCH_KEPT of all; oldest first. */
	const struct vring_event *events;
	size_t event_count;
	uint64_t event_number; /* of the last of them, counted from the first of all, which is 1 */

	struct watch_second second;
	/*
	 * How full it was at most after an event or in a snapshot: descriptors in use, in percent,
	 * cut. A second in which there was none is as full as the last before it. Seconds are made
	 * of eighths: [WATCH_HISTORY - 1] is that eighth of a second of the clock that is now, and
	 * the seven before it.
	 */
	uint8_t history[WATCH_HISTORY];
	bool starved[WATCH_HISTORY]; /* ... and whether a receiving queue was empty in it */
	uint64_t starved_ns;	     /* when that was last; 0: never seen */

	struct watch_private *own;
};

#define WATCH_KEPT 64

/* All of @w is filled in. Return: 0 or -ENOMEM. */
int watch_begin(struct watch *w, const struct vrt_queue *queue, bool events_known);
void watch_end(struct watch *w);

/* In order of time. Return: 0 or -ENOMEM. */
int watch_event(struct watch *w, const struct vring_event *event);

/*
 * Takes @snapshot over, whatever is returned. Where it does not say when a buffer was added, and
 * the events did not either, notes[].added_ns becomes the time of the first snapshot that shows it
 * in its place, and .seen_only is set: it is at least that old.
 */
int watch_snapshot(struct watch *w, struct snapshot *snapshot);

/* Interrupts as /proc/interrupts counts them, when events are not known. */
void watch_interrupts(struct watch *w, uint64_t total);

/* The moment is now @now_ns: .second and .history are of the time before it. */
void watch_at(struct watch *w, uint64_t now_ns);

/* Forgets all but who it is: the next events are of another time. */
void watch_forget(struct watch *w);

/* Whether the buffer that the snapshot shows with @token was reaped since, by the events. */
bool watch_gone(const struct watch *w, uint64_t token);

/* Buffers used and not reaped, and buffers with the device, as far as @w knows. */
unsigned int watch_unreaped(const struct watch *w);
unsigned int watch_with_device(const struct watch *w);

#endif
