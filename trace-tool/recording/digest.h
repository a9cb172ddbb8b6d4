/* SPDX-License-Identifier: MIT */
/*
 * A recording in numbers, a set for each of its queues: what diff compares.
 */
#ifndef TRACE_TOOL_DIGEST_H
#define TRACE_TOOL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "../account.h"
#include "vrt_read.h"
#include "vrt_words.h"

struct digest_queue {
	uint16_t device, index;
	char name[VRT_QUEUE_NAME]; /* virtio1/req.0 */
	struct vrt_queue record;   /* all zero if the recording does not describe it */
	struct queue_account account;
	unsigned int num;  /* entries; 0: not known */
	unsigned int peak; /* descriptors in use at once, at most; of events and snapshots */
	/* From add to reap, of buffers for which both are in the recording. */
	uint64_t *times;
	size_t time_count, time_room;
	uint64_t p50_ns, p99_ns; /* the smallest that so many do not exceed; 0 without any */
};

struct digest {
	struct digest_queue *queues; /* in the order of the recording's table, then as they came */
	size_t count;
	double seconds; /* from the first event to the last */
	uint64_t lost, missed;
};

/**
 * digest_make - read all events of a recording
 * @why: on failure, a line that goes behind "PATH: "
 *
 * Return: 0, or a negative errno; digest_free() in any case.
 */
int digest_make(struct digest *d, const struct vrt_file *f, char why[VRT_WHY_BYTES]);
void digest_free(struct digest *d);

/*
 * The queue of @d that @of, of another recording, is to be compared with: of the same name; or, as
 * devices are numbered by the order in which they were found, of the same alias and queue name, or
 * the same driver and queue name if there is only one of that. NULL if there is none.
 */
const struct digest_queue *digest_match(const struct digest *d, const struct digest_queue *of);

/* ---- the measures ---- */

enum digest_measure {
	DIGEST_EVENT_RATE, /* per second of the recording */
	DIGEST_ADD_RATE,
	DIGEST_ADDS_PER_KICK, /* forced ones included */
	DIGEST_SUPPRESSED,    /* share of decisions, 0 to 1 */
	DIGEST_FORCED,
	DIGEST_IRQS_PER_REAP,
	DIGEST_SPURIOUS,
	DIGEST_P50_NS,
	DIGEST_P99_NS,
	DIGEST_PEAK,
	DIGEST_MEASURES
};

/* Negative: it cannot be said. */
double digest_measure(const struct digest *d, const struct digest_queue *q,
		      enum digest_measure measure);

#endif
