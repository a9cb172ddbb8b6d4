/* SPDX-License-Identifier: MIT */
/*
 * vring-trace trace: one line for each event, in the order the kernel recorded them.
 */
#include <argp.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../event_json.h"
#include "event_text.h"
#include "hooks.h"
#include "session.h"
#include "../tool.h"

static const char doc[] =
	"Print one line for each thing that happens to the queues: buffers added and reaped, kicks "
	"and why they were made or not, doorbells, interrupts. Ends with Ctrl-C, after COUNT "
	"events, or with COMMAND, and then sums up."
	"\v"
	"EVENT   add       a buffer went into the ring; refused: it did not\n"
	"        kick      the driver decided to tell the device\n"
	"        suppress  ... decided not to\n"
	"        doorbell  ... tells it\n"
	"        irq       the device's interrupt arrived; spurious: nothing was used\n"
	"        reap      the driver took a used buffer back\n"
	"        cb-on     the driver asks to be interrupted; cb-off: not to be\n"
	"AVAIL   the driver's index; +2=41 is: moved by 2 since the queue's last line,\n"
	"        now 41; packed rings show the slot and the wrap counter, as in 5w1\n"
	"USED    the device's index, in ring memory; a packed ring has none: as REAPED\n"
	"REAPED  how far the driver has taken used buffers back\n"
	"DETAIL  of kick and suppress, 'ev E: A < B': the device asked to be told at\n"
	"        entry E, which lies A behind the newest; B entries are new; it is told\n"
	"        if E is among them, A < B. ~: the device wrote something else while\n"
	"        the driver decided, so which value it saw is not known.\n"
	"        of add: scatterlists the device reads, and writes; of reap: bytes it\n"
	"        wrote, and the time since the add.\n"
	"\n"
	"With --add, --kick, --irq, --reap and --callbacks only those are recorded.\n"
	"\n"
	"In the summary AVAIL+ and REAPED+ are the steps that the indices took, seen in\n"
	"adds, kick decisions and reaps alike. On a split ring they equal ADD and REAP,\n"
	"or events are missing; a packed ring moves by descriptors. lost: there was no\n"
	"room in the buffer; missed: a hook was busy already on that CPU; cost: of the\n"
	"time of all CPUs, in the hooks and in vring-trace.";

enum { OPT_ADD = 256, OPT_KICK, OPT_IRQ, OPT_REAP, OPT_CALLBACKS, OPT_OLDER };

static const struct argp_option options[] = {
	{ "count", 'n', "COUNT", 0, "end after COUNT events", 0 },
	{ "add", OPT_ADD, NULL, 0, "only adds; several of these add up", 0 },
	{ "kick", OPT_KICK, NULL, 0, "only kick decisions and doorbells", 0 },
	{ "irq", OPT_IRQ, NULL, 0, "only interrupts", 0 },
	{ "reap", OPT_REAP, NULL, 0, "only reaps", 0 },
	{ "callbacks", OPT_CALLBACKS, NULL, 0, "only interrupts asked for, or no more", 0 },
	{ "older", OPT_OLDER, "TIME", 0, "only reaps of buffers added that long before", 0 },
	SESSION_OPTIONS,
	{ 0 },
};

struct trace {
	struct session session; /* first: the session's callbacks get a pointer to it */
	uint64_t limit;		/* events; 0: none */
	uint64_t shown;
	uint64_t unprinted; /* after Ctrl-C */
	uint64_t older_ns;
	unsigned int only; /* HOOKS_OF(event); 0: all */
	void *added;	   /* a search tree of struct in_flight */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct trace *trace = state->input;
	char *end;

	switch (key) {
	case 'n':
		errno = 0;
		trace->limit = strtoull(arg, &end, 10);
		if (errno || *end || end == arg || arg[0] == '-' || !trace->limit)
			argp_error(state, "COUNT is a number of events from 1: %s", arg);
		return 0;
	case OPT_ADD:
		trace->only |= HOOKS_OF(VRING_EVENT_ADD);
		return 0;
	case OPT_KICK:
		trace->only |= HOOKS_OF(VRING_EVENT_KICK) | HOOKS_OF(VRING_EVENT_NOTIFY);
		return 0;
	case OPT_IRQ:
		trace->only |= HOOKS_OF(VRING_EVENT_INTERRUPT);
		return 0;
	case OPT_REAP:
		trace->only |= HOOKS_OF(VRING_EVENT_REAP);
		return 0;
	case OPT_CALLBACKS:
		trace->only |= HOOKS_OF(VRING_EVENT_CALLBACKS);
		return 0;
	case OPT_OLDER:
		trace->older_ns = session_duration(state, arg) * 1e9;
		return 0;
	}
	return session_parse(&trace->session, key, arg, state);
}

/* ---- how long a buffer was away ---- */

struct in_flight {
	uint64_t token;
	uint32_t queue; /* device << 16 | index */
	uint64_t since_ns;
};

static int compare(const void *a, const void *b)
{
	const struct in_flight *x = a, *y = b;

	if (x->token != y->token)
		return x->token < y->token ? -1 : 1;
	return x->queue < y->queue ? -1 : x->queue > y->queue;
}

static void remember(struct trace *trace, const struct vring_event *event)
{
	struct in_flight *new = malloc(sizeof(*new)), **found;

	if (!new)
		return; /* then its age is not known */
	*new = (struct in_flight){ event->add.token, (uint32_t)event->device << 16 | event->queue,
				   event->time_ns };
	found = tsearch(new, &trace->added, compare);
	if (found && *found != new) { /* its reap was missed */
		(*found)->since_ns = event->time_ns;
		free(new);
	} else if (!found) {
		free(new);
	}
}

/* Return: nanoseconds, or 0 if it was added before the trace began. */
static uint64_t forget(struct trace *trace, const struct vring_event *event)
{
	struct in_flight key = { .token = event->reap.token,
				 .queue = (uint32_t)event->device << 16 | event->queue };
	struct in_flight **found = tfind(&key, &trace->added, compare), *gone;
	uint64_t age;

	if (!found)
		return 0;
	gone = *found;
	age = event->time_ns - gone->since_ns;
	tdelete(gone, &trace->added, compare);
	free(gone);
	return age;
}

/* ---- events ---- */

static void print_json(const struct session *session, const struct session_queue *queue,
		       const struct vring_event *event, uint64_t age_ns)
{
	char text[24];
	const char *time = tool.wall_clock ? session_time(session, event->time_ns, text) : NULL;

	json_line(event_json(queue->name, queue->num, event, age_ns, time));
}

static int on_event(struct session *session, struct session_queue *queue,
		    const struct vring_event *event)
{
	struct trace *trace = (struct trace *)session;
	uint64_t age = 0;

	if (trace->limit && trace->shown >= trace->limit)
		return 1;
	if (event->type == VRING_EVENT_ADD && !event->add.error)
		remember(trace, event);
	if (event->type == VRING_EVENT_REAP)
		age = forget(trace, event);
	if (trace->older_ns && (event->type != VRING_EVENT_REAP || age < trace->older_ns))
		return 0;
	if (session->ending)
		trace->unprinted++;
	else if (tool.json)
		print_json(session, queue, event, age);
	else
		event_text(session, queue, event, age);
	trace->shown++;
	return 0;
}

static int on_tick(struct session *session)
{
	const struct trace *trace = (const struct trace *)session;

	return trace->limit && trace->shown >= trace->limit;
}

int trace_main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "[QUEUE...] [-- COMMAND [ARGUMENT...]]", doc, tool_children,
		NULL,	 NULL
	};
	struct trace trace = {
		.session = { .send_events = true, .on_event = on_event, .on_tick = on_tick }
	};
	struct session *session = &trace.session;
	int status;

	argv[0] = (char *)"vring-trace trace";
	/* In order: what stands behind "--" is the command's, options included. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &trace);
	session->events = trace.only ? trace.only : HOOKS_ALL;
	if (trace.older_ns)
		session->events = HOOKS_OF(VRING_EVENT_ADD) | HOOKS_OF(VRING_EVENT_REAP);
	status = session_open(session);
	if (status)
		goto out;
	if (!tool.json)
		event_text_header();
	status = session_run(session);
	if (session->start_ns && !session->output_failed) {
		event_summary(session, trace.unprinted);
		session->output_failed = tool_flush() != TOOL_OK;
	}
	tdestroy(trace.added, free);
out:
	return session_close(session, status);
}
