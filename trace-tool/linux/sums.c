/* SPDX-License-Identifier: MIT */
/*
 * Takes samples of what the kernel adds up.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vring_trace.skel.h"

#include "sums.h"
#include "../tool.h"

/* Trailing numbers among the words are INTERVAL and COUNT; no queue's name is a number. */
static void take_numbers(struct sampler *sampler, struct argp_state *state)
{
	struct session *session = &sampler->session;
	double numbers[2] = {};
	size_t first = session->word_count, count;

	while (first && session->word_count - first < 2) {
		char *end;

		strtod(session->words[first - 1], &end);
		if (end == session->words[first - 1] || *end)
			break;
		first--;
	}
	count = session->word_count - first;
	for (size_t i = 0; i < count; i++) {
		numbers[i] = strtod(session->words[first + i], NULL);
		if (!(numbers[i] > 0) || numbers[i] > 1e9 ||
		    (i == 1 && numbers[i] != (uint64_t)numbers[i]))
			argp_error(state, "%s is not %s: %s", i ? "COUNT" : "INTERVAL",
				   i ? "a number of samples" : "a number of seconds",
				   session->words[first + i]);
	}
	session->word_count = first;
	sampler->interval = numbers[0];
	sampler->limit = numbers[1];
}

error_t sampler_parse(struct sampler *sampler, int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_END) {
		take_numbers(sampler, state);
		return 0;
	}
	return session_parse(&sampler->session, key, arg, state);
}

static int take_sample(struct sampler *sampler)
{
	double now = session_seconds(&sampler->session);
	int status = sampler->sample(sampler, now - sampler->last);

	sampler->last = now;
	sampler->taken++;
	return status || (sampler->limit && sampler->taken >= sampler->limit);
}

static int on_tick(struct session *session)
{
	struct sampler *sampler = (struct sampler *)session;

	/* Times from the first: what one sample takes does not add to the next. */
	if (!sampler->interval ||
	    session_seconds(session) < (sampler->taken + 1) * sampler->interval)
		return 0;
	return take_sample(sampler);
}

int sampler_run(struct sampler *sampler)
{
	struct session *session = &sampler->session;
	int status;

	session->on_tick = on_tick;
	/* Neither an interval nor a command: one second, and that is it. */
	if (!sampler->interval && !session->command && !session->duration)
		session->duration = 1;
	status = session_open(session);
	if (status)
		return session_close(session, status);
	status = session_run(session);
	if (session->start_ns && !session->output_failed) {
		if (!sampler->limit || sampler->taken < sampler->limit)
			take_sample(sampler);
		session->output_failed = tool_flush() != TOOL_OK;
	}
	return session_close(session, status);
}

bool sums_read(const struct session_queue *queue, int fd, void *values)
{
	uint32_t key = (uint32_t)queue->device << 16 | queue->index;

	return !bpf_map_lookup_elem(fd, &key, values);
}

bool sums_read_totals(const struct session *session, const struct session_queue *queue,
		      struct vt_totals *totals)
{
	uint32_t key = (uint32_t)queue->device << 16 | queue->index, slot;

	return !bpf_map_lookup_elem(bpf_map__fd(session->skel->maps.slots), &key, &slot) &&
	       !bpf_map_lookup_elem(bpf_map__fd(session->skel->maps.totals), &slot, totals);
}

int sums_meet_queues(struct session *session, int fd)
{
	uint32_t key, *last = NULL;

	while (!bpf_map_get_next_key(fd, last, &key)) {
		last = &key;
		if (!session_find(session, key >> 16, key & 0xffff))
			return TOOL_FAILED;
	}
	return 0;
}

/* The 64-bit counts stand before the first 32-bit field. */
#define COUNTS (offsetof(struct vt_totals, peak) / sizeof(uint64_t))

struct vt_totals sums_totals(const struct vt_totals *cpus, unsigned int count)
{
	struct vt_totals total = {};

	for (unsigned int cpu = 0; cpu < count; cpu++) {
		for (size_t i = 0; i < COUNTS; i++)
			((uint64_t *)&total)[i] += ((const uint64_t *)&cpus[cpu])[i];
		if (cpus[cpu].peak > total.peak)
			total.peak = cpus[cpu].peak;
		if (cpus[cpu].num)
			total.num = cpus[cpu].num;
	}
	return total;
}

struct vt_totals sums_between(const struct vt_totals *now, const struct vt_totals *before)
{
	struct vt_totals between = *now;

	for (size_t i = 0; i < COUNTS; i++)
		((uint64_t *)&between)[i] -= ((const uint64_t *)before)[i];
	return between;
}

struct vt_times sums_times(const struct vt_times *cpus, unsigned int count)
{
	const size_t buckets = sizeof(struct vt_times) / sizeof(uint64_t);
	struct vt_times total = {};

	for (unsigned int cpu = 0; cpu < count; cpu++)
		for (size_t i = 0; i < buckets; i++)
			((uint64_t *)&total)[i] += ((const uint64_t *)&cpus[cpu])[i];
	return total;
}
