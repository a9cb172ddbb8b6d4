/* SPDX-License-Identifier: MIT */
/*
 * vring-trace lat: how long buffers are away, as histograms made in the kernel.
 */
#include <argp.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vring_trace.skel.h"

#include "event_text.h"
#include "hooks.h"
#include "sums.h"
#include "../tool.h"

static const char doc[] =
	"Show how long things take on each queue, in powers of two of a microsecond: every "
	"INTERVAL seconds, COUNT times, or until Ctrl-C; while COMMAND runs; or for one second."
	"\v"
	"add to reap   from a buffer's add until the driver took it back. Where the\n"
	"              device waits for something to arrive, as on a queue for\n"
	"              receiving, this is how long buffers wait, not how long requests\n"
	"              take.\n"
	"add to kick   from the first add that the device was not told of to the\n"
	"              doorbell\n"
	"irq to reap   from an interrupt to the first buffer taken back\n"
	"When the device had done its part is not seen: it tells only by the interrupt.";

static const struct argp_option options[] = { SESSION_OPTIONS, { 0 } };

struct lat {
	struct sampler sampler; /* first */
	struct vt_times *cpus;	/* one entry, of every CPU */
	struct vt_times *before;
	size_t before_count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct lat *lat = state->input;

	return sampler_parse(&lat->sampler, key, arg, state);
}

#define ALL_BUCKETS (sizeof(struct vt_times) / sizeof(uint64_t))

/* ---- one histogram ---- */

#define STARS 40

static uint64_t total(const uint64_t *buckets)
{
	uint64_t all = 0;

	for (int i = 0; i < VT_BUCKETS; i++)
		all += buckets[i];
	return all;
}

static uint64_t low(int bucket)
{
	return bucket ? 1ull << bucket : 0;
}

static uint64_t high(int bucket)
{
	return (2ull << bucket) - 1;
}

static void print_histogram(const char *name, const char *what, const uint64_t *buckets)
{
	static const char stars[STARS + 1] = "****************************************";
	uint64_t most = 0;
	int first = -1, last = 0;

	for (int i = 0; i < VT_BUCKETS; i++) {
		if (!buckets[i])
			continue;
		first = first < 0 ? i : first;
		last = i;
		if (buckets[i] > most)
			most = buckets[i];
	}
	if (!most)
		return;
	printf("\n%s, %s\n%10s %12s   : %-8s distribution\n", name, what, "", "usecs", "count");
	for (int i = first; i <= last; i++)
		printf("%10" PRIu64 " -> %-10" PRIu64 ": %-8" PRIu64 " |%-*.*s|\n", low(i), high(i),
		       buckets[i], STARS, (int)(buckets[i] * STARS / most), stars);
}

static void print_json(const char *name, const char *what, const uint64_t *buckets)
{
	json_object *object, *list;

	if (!total(buckets))
		return;
	object = json_object_new_object();
	list = json_object_new_array();
	json_add_string(object, "queue", name);
	json_add_string(object, "what", what);
	json_add_string(object, "unit", "us");
	json_add_int(object, "count", total(buckets));
	for (int i = 0; i < VT_BUCKETS; i++) {
		json_object *bucket;

		if (!buckets[i])
			continue;
		bucket = json_object_new_object();
		json_add_int(bucket, "from", low(i));
		json_add_int(bucket, "to", high(i));
		json_add_int(bucket, "count", buckets[i]);
		json_object_array_add(list, bucket);
	}
	json_object_object_add(object, "buckets", list);
	json_line(object);
}

static void print_queue(const struct session_queue *queue, const struct vt_times *t)
{
	void (*print)(const char *, const char *, const uint64_t *) =
		tool.json ? print_json : print_histogram;

	print(queue->name, "add to reap", t->add_to_reap);
	print(queue->name, "add to kick", t->add_to_doorbell);
	print(queue->name, "irq to reap", t->interrupt_to_reap);
}

/* ---- samples ---- */

/* New queues get a sample before of zeroes. */
static int grow(struct lat *lat)
{
	size_t count = lat->sampler.session.queue_count;
	struct vt_times *grown;

	if (count <= lat->before_count)
		return 0;
	grown = reallocarray(lat->before, count, sizeof(*grown));
	if (!grown) {
		tool_error("out of memory for %zu queues", count);
		return TOOL_FAILED;
	}
	memset(grown + lat->before_count, 0, (count - lat->before_count) * sizeof(*grown));
	lat->before = grown;
	lat->before_count = count;
	return 0;
}

static int sample(struct sampler *sampler, double seconds)
{
	struct lat *lat = (struct lat *)sampler;
	struct session *session = &sampler->session;
	int fd = bpf_map__fd(session->skel->maps.times);
	int status = sums_meet_queues(session, fd);

	if (!status)
		status = grow(lat);
	if (status)
		return status;
	for (size_t i = 0; i < session->queue_count; i++) {
		struct vt_times now = {}, shown;

		if (sums_read(&session->queues[i], fd, lat->cpus))
			now = sums_times(lat->cpus, session->cpus);
		shown = now;
		for (size_t b = 0; b < ALL_BUCKETS; b++)
			((uint64_t *)&shown)[b] -= ((const uint64_t *)&lat->before[i])[b];
		lat->before[i] = now;
		print_queue(&session->queues[i], &shown);
	}
	if (!tool.json)
		printf("\n%.1f s  ", seconds);
	session_print_meter(session);
	return 0;
}

int lat_main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse,		"[QUEUE...] [INTERVAL [COUNT]] [-- COMMAND [ARGUMENT...]]",
		doc,	 tool_children, NULL,
		NULL
	};
	struct lat lat = { .sampler = { .sample = sample } };
	int status;

	argv[0] = (char *)"vring-trace lat";
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &lat);
	lat.sampler.session.times = true;
	/* A decision not to kick ends the wait for a doorbell. */
	lat.sampler.session.events = HOOKS_OF(VRING_EVENT_ADD) | HOOKS_OF(VRING_EVENT_KICK) |
				     HOOKS_OF(VRING_EVENT_NOTIFY) |
				     HOOKS_OF(VRING_EVENT_INTERRUPT) | HOOKS_OF(VRING_EVENT_REAP) |
				     HOOKS_VERDICT_ONLY;
	lat.cpus = calloc(libbpf_num_possible_cpus(), sizeof(*lat.cpus));
	if (!lat.cpus) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	status = sampler_run(&lat.sampler);
	free(lat.cpus);
	free(lat.before);
	return status;
}
