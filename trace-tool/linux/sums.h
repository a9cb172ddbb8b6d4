/* SPDX-License-Identifier: MIT */
/*
 * What stat and lat share: sums read from the kernel now and then, and [INTERVAL [COUNT]].
 */
#ifndef TRACE_TOOL_SUMS_H
#define TRACE_TOOL_SUMS_H

#include "bpf/vring_trace.h"

#include "session.h"

struct sampler {
	struct session session; /* first: the session's callbacks get a pointer to it */
	double interval;	/* seconds; 0: none given */
	uint64_t limit;		/* samples; 0: none */
	uint64_t taken;
	double last; /* when the sample before was, in seconds of the session */
	/* Prints what was added since the sample before, @seconds ago. Return: 0, or to end. */
	int (*sample)(struct sampler *sampler, double seconds);
};

error_t sampler_parse(struct sampler *sampler, int key, char *arg, struct argp_state *state);

/*
 * Runs it to its end, with a last sample for what is left: an interval that Ctrl-C cut short, or
 * all of it. Return: the exit status.
 */
int sampler_run(struct sampler *sampler);

/* A queue's entry in a per-CPU map: one for each CPU. Return: whether there is one. */
bool sums_read(const struct session_queue *queue, int fd, void *values);

/* The same of its counts, which the kernel keeps by slots. */
bool sums_read_totals(const struct session *session, const struct session_queue *queue,
		      struct vt_totals *totals);

/* What all CPUs have counted: of @cpus, of @count of them. */
struct vt_totals sums_totals(const struct vt_totals *cpus, unsigned int count);
struct vt_times sums_times(const struct vt_times *cpus, unsigned int count);

/* What was counted between two samples; the peak is of all the time. */
struct vt_totals sums_between(const struct vt_totals *now, const struct vt_totals *before);

/* Makes sure that every queue with an entry in the map is one of the session's. */
int sums_meet_queues(struct session *session, int fd);

#endif
