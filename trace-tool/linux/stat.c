/* SPDX-License-Identifier: MIT */
/*
 * vring-trace stat: what each queue did, added up in the kernel. No event leaves it.
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
	"Count what happens on each queue: every INTERVAL seconds, COUNT times, or until Ctrl-C; "
	"while COMMAND runs; or for one second."
	"\v"
	"ADD     buffers that went into the ring\n"
	"KICK    decisions to tell the device; SUPP% of all decisions were not to\n"
	"FULL    kicks forced by a full ring, with no decision\n"
	"IRQ     interrupts, SPUR of them with nothing used\n"
	"REAP    used buffers taken back\n"
	"PEAK    most descriptors in use at once since the start\n"
	"EMPTY   how often the last buffer came back: an empty queue for receiving\n"
	"        has nowhere to put what arrives (--starved shows only those)\n"
	"The counts are of the interval. JSON has more: doorbells, refused adds, bytes\n"
	"written, scatterlists.";

enum { OPT_STARVED = 256 };

static const struct argp_option options[] = {
	{ "starved", OPT_STARVED, NULL, 0, "only queues for receiving that ran empty", 0 },
	SESSION_OPTIONS,
	{ 0 },
};

struct stat {
	struct sampler sampler; /* first */
	bool starved;
	struct vt_totals *cpus;	  /* one entry, of every CPU */
	struct vt_totals *before; /* of each queue of the session, at the sample before */
	size_t before_count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct stat *stat = state->input;

	if (key != OPT_STARVED)
		return sampler_parse(&stat->sampler, key, arg, state);
	stat->starved = true;
	return 0;
}

static void print_header(void)
{
	printf("%-17s %8s %8s %5s %5s %8s %5s %8s %5s %5s\n", "QUEUE", "ADD", "KICK", "SUPP%",
	       "FULL", "IRQ", "SPUR", "REAP", "PEAK", "EMPTY");
}

static void print_text(const char *name, const struct vt_totals *t)
{
	uint64_t decisions = t->kick + t->suppressed;
	char suppressed[8] = "-";

	if (decisions)
		snprintf(suppressed, sizeof(suppressed), "%.0f", 100.0 * t->suppressed / decisions);
	printf("%-17s %8" PRIu64 " %8" PRIu64 " %5s %5" PRIu64 " %8" PRIu64 " %5" PRIu64
	       " %8" PRIu64 " %5u %5" PRIu64 "\n",
	       name, t->add, t->kick, suppressed, t->full, t->interrupt, t->spurious, t->reap,
	       t->peak, t->emptied);
}

static void print_json(const char *name, const struct vt_totals *t, double seconds)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "queue", name);
	json_object_object_add(object, "seconds", json_object_new_double(seconds));
	json_add_int(object, "size", t->num);
	json_add_int(object, "add", t->add);
	json_add_int(object, "refused", t->refused);
	json_add_int(object, "forced", t->full);
	json_add_int(object, "kick", t->kick);
	json_add_int(object, "suppressed", t->suppressed);
	json_add_int(object, "doorbell", t->doorbell);
	json_add_int(object, "irq", t->interrupt);
	json_add_int(object, "spurious", t->spurious);
	json_add_int(object, "reap", t->reap);
	json_add_int(object, "written", t->written);
	json_add_int(object, "out", t->out);
	json_add_int(object, "in", t->in);
	json_add_int(object, "peak", t->peak);
	json_add_int(object, "emptied", t->emptied);
	json_line(object);
}

/* New queues get a sample before of zeroes. */
static int grow(struct stat *stat)
{
	size_t count = stat->sampler.session.queue_count;
	struct vt_totals *grown;

	if (count <= stat->before_count)
		return 0;
	grown = reallocarray(stat->before, count, sizeof(*grown));
	if (!grown) {
		tool_error("out of memory for %zu queues", count);
		return TOOL_FAILED;
	}
	memset(grown + stat->before_count, 0, (count - stat->before_count) * sizeof(*grown));
	stat->before = grown;
	stat->before_count = count;
	return 0;
}

static int sample(struct sampler *sampler, double seconds)
{
	struct stat *stat = (struct stat *)sampler;
	struct session *session = &sampler->session;
	int status = sums_meet_queues(session, bpf_map__fd(session->skel->maps.slots));

	if (!status)
		status = grow(stat);
	if (status)
		return status;
	if (!tool.json)
		print_header();
	for (size_t i = 0; i < session->queue_count; i++) {
		struct vt_totals now = {}, shown;

		if (sums_read_totals(session, &session->queues[i], stat->cpus))
			now = sums_totals(stat->cpus, session->cpus);
		shown = sums_between(&now, &stat->before[i]);
		stat->before[i] = now;
		if (stat->starved && (now.out || !shown.emptied))
			continue;
		if (tool.json)
			print_json(session->queues[i].name, &shown, seconds);
		else
			print_text(session->queues[i].name, &shown);
	}
	session_print_meter(session);
	return 0;
}

int stat_main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse,		"[QUEUE...] [INTERVAL [COUNT]] [-- COMMAND [ARGUMENT...]]",
		doc,	 tool_children, NULL,
		NULL
	};
	struct stat stat = { .sampler = { .sample = sample } };
	int status;

	argv[0] = (char *)"vring-trace stat";
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &stat);
	/* No more than is counted: each hook is paid for by every request. */
	stat.sampler.session.events =
		(HOOKS_ALL & ~HOOKS_OF(VRING_EVENT_CALLBACKS)) | HOOKS_VERDICT_ONLY;
	if (!tool.json)
		stat.sampler.session.events &= ~HOOKS_OF(VRING_EVENT_NOTIFY);
	stat.cpus = calloc(libbpf_num_possible_cpus(), sizeof(*stat.cpus));
	if (!stat.cpus) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	status = sampler_run(&stat.sampler);
	free(stat.cpus);
	free(stat.before);
	return status;
}
