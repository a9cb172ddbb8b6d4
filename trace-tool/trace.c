/* SPDX-License-Identifier: MIT */
/*
 * vring-trace trace: one line for each event, in the order the kernel recorded them.
 */
#include <argp.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ring/vring_event.h"
#include "vring_trace.skel.h"

#include "event_text.h"
#include "kernel.h"
#include "queues.h"
#include "tool.h"

/* Milliseconds between looks into the event buffer; at 4 MiB it takes 100,000 events to fill it. */
#define CONSUME_MS 20

static const char doc[] =
	"Print one line for each thing that happens to the queues: buffers added and reaped, kicks "
	"and why they were made or not, doorbells, interrupts. Ends with Ctrl-C, after COUNT "
	"events, or with COMMAND, and then sums up."
	"\v"
	"EVENT   add       a buffer went into the ring\n"
	"        kick      the driver decided to tell the device\n"
	"        suppress  ... decided not to\n"
	"        doorbell  ... tells it\n"
	"        irq       the device's interrupt arrived; spurious: nothing was used\n"
	"        reap      the driver took a used buffer back\n"
	"AVAIL   the driver's index, and how far it moved since the line before\n"
	"USED    the device's index, as found in memory\n"
	"REAPED  how far the driver has taken used buffers back\n"
	"DETAIL  of kick and suppress, 'ev E: A < B': the device asked to be told at\n"
	"        entry E, which lies A behind the newest; B entries are new; it is told\n"
	"        if E is among them, A < B. ~: the device wrote something else while\n"
	"        the driver decided, so which value it saw is not known.\n"
	"        of add: scatterlists the device reads, and writes; of reap: bytes it\n"
	"        wrote.\n"
	"\n"
	"In the summary AVAIL+ and REAPED+ are the steps the indices took, by\n"
	"themselves: they equal ADD and REAP unless events are missing. lost: there was\n"
	"no room in the buffer; missed: a hook was busy already on that CPU.";

static const struct argp_option options[] = {
	{ "count", 'n', "COUNT", 0, "end after COUNT events", 0 },
	{ 0 },
};

struct trace {
	/* from the command line */
	char **words;
	size_t word_count;
	char **command; /* NULL: until Ctrl-C */
	uint64_t limit; /* events; 0: none */

	struct vring_trace *skel;
	struct queues queues;
	struct queue_account *accounts; /* one for each queue, and one for all that came later */
	uint64_t events;
	uint64_t start_ns;
	bool output_failed;
};

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t child_changed;

static void on_signal(int signal)
{
	if (signal == SIGCHLD)
		child_changed = 1;
	else
		interrupted = 1;
}

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
	case ARGP_KEY_ARG:
		/* argp counts as quoted what stands behind "--". */
		if (state->quoted && state->next > state->quoted) {
			trace->command = state->argv + state->next - 1;
			state->next = state->argc;
		} else {
			trace->words[trace->word_count++] = arg;
		}
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- events ---- */

static int on_event(void *arg, void *data, size_t size)
{
	const struct vring_event *event = data;
	struct trace *trace = arg;
	const struct queue *queue = queues_find(&trace->queues, event->device, event->queue);
	size_t slot = queue ? (size_t)(queue - trace->queues.list) : trace->queues.count;
	char name[VT_NAME_LEN + 16];

	if (size < sizeof(*event) || (trace->limit && trace->events >= trace->limit))
		return 0;
	if (!trace->start_ns)
		trace->start_ns = event->time_ns;
	trace->events++;
	event_text(event, queue_name(name, queue, event->device, event->queue),
		   queue ? queue->state.num : 0, trace->start_ns, &trace->accounts[slot]);
	return 0;
}

static void print_summary(struct trace *trace)
{
	char name[VT_NAME_LEN + 16];

	putchar('\n');
	event_text_account_header();
	for (size_t i = 0; i < trace->queues.count; i++) {
		const struct queue *queue = &trace->queues.list[i];

		if (!queue->selected)
			continue;
		queue_name(name, queue, queue->state.device, queue->state.index);
		event_text_account(&trace->accounts[i], name);
	}
	if (trace->accounts[trace->queues.count].events)
		event_text_account(&trace->accounts[trace->queues.count], "(new devices)");
	printf("events %" PRIu64 "  lost %" PRIu64 "  missed %llu\n", trace->events,
	       trace->skel->bss->lost, kernel_missed(trace->skel));
}

/* ---- the command that is traced ---- */

static pid_t start_command(char **command)
{
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		execvp(command[0], command);
		tool_error("cannot run %s: %s", command[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0)
		tool_error("cannot start %s: %s", command[0], strerror(errno));
	return pid;
}

/* A shell's way to put a wait status into an exit status. */
static int exit_status(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* ---- the run ---- */

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
}

static bool done(const struct trace *trace)
{
	return interrupted || trace->output_failed ||
	       (trace->limit && trace->events >= trace->limit);
}

/* Prints events until there is a reason to stop. Return: the exit status. */
static int follow(struct trace *trace, struct ring_buffer *events)
{
	pid_t pid = trace->command ? start_command(trace->command) : 0;
	int status = 0, wait_status;
	bool running = pid > 0;

	if (pid < 0)
		return TOOL_FAILED;
	while (!done(trace)) {
		/* Asked before the buffer is emptied: what the command did is all in there. */
		if (child_changed && running && waitpid(pid, &wait_status, WNOHANG) == pid) {
			status = exit_status(wait_status);
			running = false;
		}
		ring_buffer__consume(events);
		trace->output_failed = tool_flush() != TOOL_OK;
		if (trace->command && !running)
			break;
		poll(NULL, 0, CONSUME_MS);
	}
	if (running) {
		kill(pid, SIGTERM);
		waitpid(pid, &wait_status, 0);
	}
	return status;
}

static void prepare(struct vring_trace *skel, void *arg)
{
	const struct trace *trace = arg;

	skel->rodata->walker = getpid();
	skel->rodata->watch_all = trace->word_count == 0;
}

static int watch_selected(struct trace *trace)
{
	const uint8_t one = 1;

	for (size_t i = 0; i < trace->queues.count; i++) {
		const struct vt_queue *state = &trace->queues.list[i].state;
		uint32_t key = (uint32_t)state->device << 16 | state->index;

		if (trace->queues.list[i].selected &&
		    bpf_map_update_elem(bpf_map__fd(trace->skel->maps.watched), &key, &one, 0)) {
			tool_error("cannot watch virtio%u:%u: %s", state->device, state->index,
				   strerror(errno));
			return TOOL_NO_TRACE;
		}
	}
	return 0;
}

static int run(struct trace *trace)
{
	struct ring_buffer *events = NULL;
	int status, hooks;

	status = kernel_open(KERNEL_TRACE, prepare, trace, &trace->skel);
	if (status)
		return status;
	status = queues_walk(trace->skel, &trace->queues);
	if (!status)
		status = queues_select(&trace->queues, trace->words, trace->word_count);
	if (!status)
		status = watch_selected(trace);
	if (status)
		return status;

	status = TOOL_FAILED;
	trace->accounts = calloc(trace->queues.count + 1, sizeof(*trace->accounts));
	events = ring_buffer__new(bpf_map__fd(trace->skel->maps.events), on_event, trace, NULL);
	if (!trace->accounts || !events) {
		tool_error("cannot read the event buffer: %s", strerror(errno));
		goto out;
	}
	catch_signals();
	hooks = kernel_attach_hooks(trace->skel);
	if (hooks < 0) {
		status = -hooks;
		goto out;
	}
	fprintf(stderr, "Tracing %zu queues of %zu virtio devices through %d hooks.%s\n",
		trace->queues.count, trace->queues.devices, hooks,
		trace->command ? "" : " Ctrl-C to end.");
	event_text_header();
	status = follow(trace, events);
	vring_trace__detach(trace->skel);
	if (!trace->output_failed) {
		ring_buffer__consume(events);
		print_summary(trace);
		trace->output_failed = tool_flush() != TOOL_OK;
	}
	if (trace->output_failed)
		status = TOOL_FAILED;
out:
	ring_buffer__free(events);
	return status;
}

int trace_main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "[QUEUE...] [-- COMMAND [ARGUMENT...]]",
					  doc,	   NULL,  NULL,
					  NULL };
	struct trace trace = {};
	int status;

	trace.words = calloc(argc, sizeof(*trace.words));
	if (!trace.words) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	argv[0] = (char *)"vring-trace trace";
	argp_parse(&argp, argc, argv, 0, NULL, &trace);
	status = run(&trace);
	vring_trace__destroy(trace.skel);
	queues_free(&trace.queues);
	free(trace.accounts);
	free(trace.words);
	return status;
}
