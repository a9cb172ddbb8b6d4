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

#define CONSUME_MS 20	  /* between looks into the event buffer, which holds 87,000 events */
#define CHILD_END_MS 2000 /* for a command that is told to end */

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
	"AVAIL   the driver's index; +2=41 is: moved by 2 since the queue's last line,\n"
	"        now 41; packed rings show the slot and the wrap counter, as in 5w1\n"
	"USED    the device's index, from ring memory; a packed ring has none: as REAPED\n"
	"REAPED  how far the driver has taken used buffers back\n"
	"DETAIL  of kick and suppress, 'ev E: A < B': the device asked to be told at\n"
	"        entry E, which lies A behind the newest; B entries are new; it is told\n"
	"        if E is among them, A < B. ~: the device wrote something else while\n"
	"        the driver decided, so which value it saw is not known.\n"
	"        of add: scatterlists the device reads, and writes; of reap: bytes it\n"
	"        wrote.\n"
	"\n"
	"In the summary AVAIL+ and REAPED+ are the steps that the indices took, seen in\n"
	"adds, kick decisions and reaps alike. On a split ring they equal ADD and REAP,\n"
	"or events are missing; a packed ring moves by descriptors. lost: there was no\n"
	"room in the buffer; missed: a hook was busy already on that CPU.";

static const struct argp_option options[] = {
	{ "count", 'n', "COUNT", 0, "end after COUNT events", 0 },
	{ 0 },
};

struct traced_queue {
	uint16_t device, index;
	unsigned int num; /* entries, 0 if not known */
	char name[VT_NAME_LEN + 16];
	struct queue_account account;
};

struct trace {
	/* from the command line */
	char **words;
	size_t word_count;
	char **command; /* NULL: until Ctrl-C */
	uint64_t limit; /* events; 0: none */

	struct vring_trace *skel;
	struct traced_queue *queues;
	size_t queue_count;
	uint64_t events;
	uint64_t unprinted; /* of these, after Ctrl-C */
	uint64_t start_ns;
	bool stopping; /* print no more */
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

/* ---- queues ---- */

static struct traced_queue *find_queue(struct trace *trace, uint16_t device, uint16_t index)
{
	for (size_t i = 0; i < trace->queue_count; i++)
		if (trace->queues[i].device == device && trace->queues[i].index == index)
			return &trace->queues[i];
	return NULL;
}

/* Return: the new entry, or NULL after one message. */
static struct traced_queue *add_queue(struct trace *trace, const struct queue *queue,
				      uint16_t device, uint16_t index)
{
	struct traced_queue *grown =
		reallocarray(trace->queues, trace->queue_count + 1, sizeof(*trace->queues));

	if (!grown) {
		tool_error("out of memory for %zu queues", trace->queue_count + 1);
		return NULL;
	}
	trace->queues = grown;
	grown += trace->queue_count++;
	*grown = (struct traced_queue){ .device = device, .index = index };
	grown->num = queue ? queue->state.num : 0;
	queue_name(grown->name, queue, device, index);
	return grown;
}

/* A queue of a device that came after the trace began: asked for by another walk. */
static struct traced_queue *meet_queue(struct trace *trace, uint16_t device, uint16_t index)
{
	struct traced_queue *met = NULL;
	struct queues queues;

	if (!queues_walk(trace->skel, &queues))
		met = add_queue(trace, queues_find(&queues, device, index), device, index);
	queues_free(&queues);
	return met;
}

/* ---- events ---- */

static bool enough(const struct trace *trace)
{
	return trace->limit && trace->events >= trace->limit;
}

static int on_event(void *arg, void *data, size_t size)
{
	const struct vring_event *event = data;
	struct trace *trace = arg;
	struct traced_queue *queue;

	if (size < sizeof(*event) || enough(trace))
		return 0;
	queue = find_queue(trace, event->device, event->queue);
	if (!queue)
		queue = meet_queue(trace, event->device, event->queue);
	if (!queue)
		return -ENOMEM;
	if (!trace->start_ns)
		trace->start_ns = event->time_ns;
	trace->events++;
	if (trace->stopping)
		trace->unprinted++;
	else
		event_text(event, queue->name, queue->num, trace->start_ns, &queue->account);
	event_account(event, queue->num, &queue->account);
	/* A full buffer takes long to print: be stopped between two events, not after the last. */
	return interrupted && !trace->stopping ? -ECANCELED : 0;
}

static void print_summary(struct trace *trace)
{
	putchar('\n');
	event_text_account_header();
	for (size_t i = 0; i < trace->queue_count; i++)
		event_text_account(&trace->queues[i].account, trace->queues[i].name);
	printf("events %" PRIu64 "  lost %" PRIu64 "  missed %llu", trace->events,
	       trace->skel->bss->lost, kernel_missed(trace->skel));
	if (trace->unprinted)
		printf("  not printed %" PRIu64, trace->unprinted);
	putchar('\n');
}

/* ---- the command that is traced ---- */

static pid_t start_command(char **command)
{
	pid_t pid;

	fflush(stdout); /* or the child would carry a copy */
	pid = fork();
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

/* Tells the command to end, waits a while, and ends it. */
static void end_command(pid_t pid)
{
	int wait_status;

	kill(pid, SIGTERM);
	for (int ms = 0; ms < CHILD_END_MS; ms += CONSUME_MS) {
		if (waitpid(pid, &wait_status, WNOHANG) == pid)
			return;
		poll(NULL, 0, CONSUME_MS);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &wait_status, 0);
}

/* ---- the run ---- */

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
}

/* Prints events until there is a reason to stop. Return: the exit status. */
static int follow(struct trace *trace, struct ring_buffer *events)
{
	pid_t pid = trace->command ? start_command(trace->command) : 0;
	int status = 0, wait_status;
	bool running = pid > 0;

	if (pid < 0)
		return TOOL_FAILED;
	while (!interrupted && !trace->output_failed && !enough(trace)) {
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
	trace->skel->bss->recording = false;
	if (running)
		end_command(pid);
	return status;
}

static void prepare(struct vring_trace *skel, void *arg)
{
	const struct trace *trace = arg;

	skel->rodata->watch_all = trace->word_count == 0;
}

static int watch_queue(struct trace *trace, const struct queue *queue)
{
	const struct vt_queue *state = &queue->state;
	uint32_t key = (uint32_t)state->device << 16 | state->index;
	const uint8_t one = 1;

	if (bpf_map_update_elem(bpf_map__fd(trace->skel->maps.watched), &key, &one, 0)) {
		tool_error("cannot watch virtio%u:%u: %s", state->device, state->index,
			   strerror(errno));
		return TOOL_NO_TRACE;
	}
	return add_queue(trace, queue, state->device, state->index) ? 0 : TOOL_FAILED;
}

static int choose_queues(struct trace *trace, size_t *devices)
{
	struct queues queues;
	int status = queues_walk(trace->skel, &queues);

	if (!status)
		status = queues_select(&queues, trace->words, trace->word_count);
	for (size_t i = 0; !status && i < queues.count; i++)
		if (queues.list[i].selected)
			status = watch_queue(trace, &queues.list[i]);
	*devices = queues.devices;
	queues_free(&queues);
	return status;
}

static int run(struct trace *trace)
{
	struct ring_buffer *events;
	size_t devices;
	int status, hooks;

	status = kernel_open(KERNEL_TRACE, prepare, trace, &trace->skel);
	if (!status)
		status = choose_queues(trace, &devices);
	if (status)
		return status;
	events = ring_buffer__new(bpf_map__fd(trace->skel->maps.events), on_event, trace, NULL);
	if (!events) {
		tool_error("cannot read the event buffer: %s", strerror(errno));
		return TOOL_FAILED;
	}
	catch_signals();
	hooks = kernel_attach_hooks(trace->skel);
	if (hooks < 0) {
		status = -hooks;
		goto out;
	}
	fprintf(stderr, "Tracing %zu queues of %zu virtio devices through %d hooks.%s\n",
		trace->queue_count, devices, hooks, trace->command ? "" : " Ctrl-C to end.");
	event_text_header();
	trace->skel->bss->recording = true;
	status = follow(trace, events);
	vring_trace__detach(trace->skel);
	if (!trace->output_failed) {
		trace->stopping = interrupted;
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
	/* In order: what stands behind "--" is the command's, options included. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &trace);
	status = run(&trace);
	vring_trace__destroy(trace.skel);
	free(trace.queues);
	free(trace.words);
	return status;
}
