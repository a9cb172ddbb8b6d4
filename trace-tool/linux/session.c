/* SPDX-License-Identifier: MIT */
/*
 * Runs one watching: chooses queues, sets the hooks, empties the event buffer now and then, ends
 * with Ctrl-C, a time, or the command it was given to start.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ring/virtio_ring.h"
#include "vring_trace.skel.h"

#include "hooks.h"
#include "kernel.h"
#include "session.h"
#include "../tool.h"

#define CHILD_END_MS 2000 /* for a command that is told to end */
#define LOOK_NS 100000000ull

/* ---- the command line ---- */

double session_duration(struct argp_state *state, const char *arg)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "ms", 1e-3 }, { "us", 1e-6 }, { "min", 60 } };
	char *end;
	double number = strtod(arg, &end);

	for (size_t i = 0; end != arg && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].unit) && number > 0 && number < 1e9)
			return number * units[i].seconds;
	argp_error(state, "a time is a number with s, ms, us or min behind it: %s", arg);
	return 0;
}

error_t session_parse(struct session *session, int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		session->words = calloc(state->argc + 1, sizeof(*session->words));
		if (!session->words)
			argp_failure(state, TOOL_FAILED, 0, "out of memory");
		return 0;
	case SESSION_OPT_DURATION:
		session->duration = session_duration(state, arg);
		return 0;
	case ARGP_KEY_ARG:
		/* argp counts as quoted what stands behind "--". */
		if (state->quoted && state->next > state->quoted) {
			session->command = state->argv + state->next - 1;
			state->next = state->argc;
		} else {
			session->words[session->word_count++] = arg;
		}
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- queues ---- */

/* Return: the new entry, or NULL after one message. */
static struct session_queue *add_queue(struct session *session, const struct queue *queue,
				       uint16_t device, uint16_t index)
{
	struct session_queue *grown =
		reallocarray(session->queues, session->queue_count + 1, sizeof(*session->queues));

	if (!grown) {
		tool_error("out of memory for %zu queues", session->queue_count + 1);
		return NULL;
	}
	session->queues = grown;
	grown += session->queue_count++;
	*grown = (struct session_queue){ .device = device, .index = index };
	grown->account.kinds = session->events;
	if (queue) {
		grown->num = queue->state.num;
		grown->packed = queue->state.packed;
		grown->event_idx = virtio_feature(queue->state.features, VIRTIO_RING_F_EVENT_IDX);
	}
	queue_name(grown->name, queue, device, index);
	return grown;
}

struct session_queue *session_find(struct session *session, uint16_t device, uint16_t index)
{
	struct session_queue *met = NULL;
	struct queues queues;

	for (size_t i = 0; i < session->queue_count; i++)
		if (session->queues[i].device == device && session->queues[i].index == index)
			return &session->queues[i];
	if (!queues_walk(session->skel, &queues))
		met = add_queue(session, queues_find(&queues, device, index), device, index);
	queues_free(&queues);
	return met;
}

/* Word by word: a hook may be reading any of them. What BPF does not know it finds out anew. */
static void forget_known(struct session *session)
{
	uint64_t *known = session->skel->bss->known;

	for (size_t i = 0; i < VT_KNOWN; i++)
		__atomic_store_n(&known[i], 0, __ATOMIC_RELAXED);
}

int session_watch(struct session *session, uint16_t device, uint16_t index, bool on)
{
	int fd = bpf_map__fd(session->skel->maps.watched);
	uint32_t key = (uint32_t)device << 16 | index;
	const uint8_t one = 1;

	if (!on) {
		bpf_map_delete_elem(fd, &key); /* it need not be there */
	} else if (bpf_map_update_elem(fd, &key, &one, 0)) {
		tool_error("cannot watch virtio%u:%u: %s", device, index, strerror(errno));
		return TOOL_NO_TRACE;
	}
	forget_known(session);
	return 0;
}

static int watch_queue(struct session *session, const struct queue *queue)
{
	const struct vt_queue *state = &queue->state;
	int status = session_watch(session, state->device, state->index, true);

	if (!status && !add_queue(session, queue, state->device, state->index))
		status = TOOL_FAILED;
	return status;
}

static int choose_queues(struct session *session)
{
	struct queues queues;
	int status = queues_walk(session->skel, &queues);

	if (!status)
		status = queues_select(&queues, session->words, session->word_count);
	for (size_t i = 0; !status && i < queues.count; i++)
		if (queues.list[i].selected)
			status = watch_queue(session, &queues.list[i]);
	session->devices = queues.devices;
	queues_free(&queues);
	return status;
}

static void prepare(struct vring_trace *skel, void *arg)
{
	const struct session *session = arg;

	skel->rodata->watch_all = session->word_count == 0;
	skel->rodata->events_wanted = session->send_events;
	skel->rodata->only_refused = session->only_refused;
	skel->rodata->times_wanted =
		!session->send_events && (session->times || session->times_as_well);
	skel->rodata->totals_wanted = !session->send_events && !session->times;
	if (!session->send_events)
		bpf_map__set_max_entries(skel->maps.events, sysconf(_SC_PAGESIZE));
}

int session_open(struct session *session)
{
	int cpus = libbpf_num_possible_cpus();
	int status;

	if (cpus < 0) {
		tool_error("cannot tell the number of CPUs: %s", strerror(-cpus));
		return TOOL_FAILED;
	}
	session->cpus = cpus;
	session->next_seq = calloc(cpus, sizeof(*session->next_seq));
	session->seq_seen = calloc(cpus, sizeof(*session->seq_seen));
	if (!session->next_seq || !session->seq_seen) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	status = kernel_open(session->events, prepare, session, &session->skel);
	return status ? status : choose_queues(session);
}

/* ---- events ---- */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t child_changed;

static void on_signal(int signal)
{
	if (signal == SIGCHLD)
		child_changed = 1;
	else
		interrupted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
}

/*
 * Each CPU numbers its records. An interrupt may get its number after and its place before the
 * record it broke into, so a number that comes late fills the gap again that it seemed to be.
 */
static void check_seq(struct session *session, const struct vring_event *event)
{
	uint16_t *next = &session->next_seq[event->cpu];
	int16_t ahead = event->seq - *next;

	if (!session->seq_seen[event->cpu])
		ahead = 0;
	session->seq_seen[event->cpu] = true;
	if (ahead >= 0) {
		session->gaps += ahead;
		*next = event->seq + 1;
	} else if (session->gaps) {
		session->gaps--;
	}
}

static int on_event(void *arg, void *data, size_t size)
{
	const struct vring_event *event = data;
	struct session *session = arg;
	struct session_queue *queue;
	int status;

	if (size < sizeof(*event) || event->cpu >= session->cpus)
		return 0;
	check_seq(session, event);
	queue = session_find(session, event->device, event->queue);
	if (!queue)
		return -ENOMEM;
	session->event_count++;
	status = session->on_event(session, queue, event);
	account_event(event, queue->num, &queue->account);
	if (status)
		return -ECANCELED;
	/* A full buffer takes long to print: be stopped between two events, not after the last. */
	if (interrupted && !session->ending)
		return -ECANCELED;
	/* It may fill as fast as it is emptied: on_tick has its turn all the same. */
	if (session->look_until_ns && session->event_count % 256 == 0 &&
	    clock_ns(CLOCK_MONOTONIC) > session->look_until_ns)
		return -EAGAIN;
	return 0;
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
	for (int ms = 0; ms < CHILD_END_MS; ms += 20) {
		if (waitpid(pid, &wait_status, WNOHANG) == pid)
			return;
		poll(NULL, 0, 20);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &wait_status, 0);
}

/* ---- the run ---- */

static double own_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

bool session_look(struct session *session)
{
	const uint64_t now = clock_ns(CLOCK_MONOTONIC), second = 1000000000;
	bool over = false;

	/*
	 * Every two seconds, for one look. To begin or end it the kernel rewrites its own code in
	 * many places, which costs more than the timing.
	 */
	kernel_cost_timing(now >= session->time_at);
	if (now >= session->time_at)
		session->time_at = now + 2 * second;
	/* Each second what BPF knows of queues is found out anew: a ring may have been resized. */
	if (now >= session->forget_at) {
		forget_known(session);
		session->forget_at = now + second;
	}
	if (session->buffer && ring_buffer__consume(session->buffer) < 0)
		over = true;
	if (session->on_tick && session->on_tick(session))
		over = true;
	return over;
}

static void stop_recording(struct session *session)
{
	if (session->end_ns)
		return;
	session->skel->bss->recording = false;
	session->end_ns = clock_ns(CLOCK_MONOTONIC);
	session->own_at_end = own_seconds();
	kernel_cost_timing(false);
}

/* Looks at what there is until there is a reason to stop. Return: the exit status. */
static int follow(struct session *session)
{
	pid_t pid = session->command ? start_command(session->command) : 0;
	int status = 0, wait_status;
	bool running = pid > 0, over = false;

	if (pid < 0)
		return TOOL_FAILED;
	while (!interrupted && !session->output_failed && !over) {
		/* Asked before the buffer is emptied: what the command did is all in there. */
		if (child_changed && running && waitpid(pid, &wait_status, WNOHANG) == pid) {
			status = exit_status(wait_status);
			running = false;
		}
		over = session_look(session);
		session->output_failed = tool_flush() != TOOL_OK;
		if ((session->command && !running) ||
		    (session->duration && session_seconds(session) >= session->duration))
			break;
		if (!over)
			poll(NULL, 0, 1000 / tool.rate_hz);
	}
	stop_recording(session);
	if (running)
		end_command(pid);
	return status;
}

/* Made last, once what is to be seen is seen. */
static int say_ready(const struct session *session)
{
	uint64_t missed;
	int fd;

	fprintf(stderr, "Tracing %zu queue%s of %zu virtio device%s through %d hooks (%s).%s\n",
		session->queue_count, session->queue_count == 1 ? "" : "s", session->devices,
		session->devices == 1 ? "" : "s", session->hooks, kernel_backend(),
		session->command || session->duration ? "" : " Ctrl-C to end.");
	if (strcmp(kernel_backend(), "fentry") != 0 && !hooks_missed(&missed))
		fprintf(stderr,
			"What kprobes miss cannot be counted here: missed may be too low.\n");
	if (!tool.ready_file)
		return 0;
	fd = open(tool.ready_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		tool_error("cannot create %s: %s", tool.ready_file, strerror(errno));
		return TOOL_FAILED;
	}
	close(fd);
	return 0;
}

int session_begin(struct session *session)
{
	if (session->send_events) {
		session->buffer = ring_buffer__new(bpf_map__fd(session->skel->maps.events),
						   on_event, session, NULL);
		if (!session->buffer) {
			tool_error("cannot read the event buffer: %s", strerror(errno));
			return TOOL_FAILED;
		}
	}
	session->hooks = kernel_attach_hooks(session->skel);
	if (session->hooks < 0)
		return -session->hooks;
	kernel_cost_timing(true);
	session->time_at = session->forget_at = 0;
	session->own_at_start = own_seconds();
	session->start_ns = clock_ns(CLOCK_MONOTONIC);
	session->skel->bss->recording = true;
	return 0;
}

void session_end(struct session *session)
{
	stop_recording(session);
	kernel_detach_hooks();
	if (session->buffer && !session->output_failed) {
		session->ending = interrupted;
		ring_buffer__consume(session->buffer);
	}
}

int session_run(struct session *session)
{
	int status;

	catch_signals();
	status = session_begin(session);
	if (status)
		return status;
	status = say_ready(session);
	if (!status)
		status = follow(session);
	session_end(session);
	return status;
}

int session_close(struct session *session, int status)
{
	bool incomplete = false;

	if (session->skel) {
		struct session_meter meter = session_meter(session);

		incomplete = meter.lost || meter.missed;
	}
	for (size_t i = 0; i < session->queue_count; i++)
		incomplete |= session->send_events && !account_agrees(&session->queues[i].account);
	if (session->output_failed)
		status = TOOL_FAILED;
	else if (tool.strict && incomplete)
		status = TOOL_INCOMPLETE;
	ring_buffer__free(session->buffer);
	vring_trace__destroy(session->skel);
	free(session->queues);
	free(session->words);
	free(session->next_seq);
	free(session->seq_seen);
	return status;
}

/* ---- times and the meter ---- */

double session_seconds(const struct session *session)
{
	uint64_t end = session->end_ns ? session->end_ns : clock_ns(CLOCK_MONOTONIC);

	return (end - session->start_ns) / 1e9;
}

const char *session_time(const struct session *session, uint64_t time_ns, char buf[24])
{
	int64_t ns;
	time_t seconds;
	struct tm tm;

	if (!tool.wall_clock) {
		snprintf(buf, 24, "%10.6f", ((int64_t)(time_ns - session->start_ns)) / 1e9);
		return buf;
	}
	ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC) + time_ns;
	seconds = ns / 1000000000;
	localtime_r(&seconds, &tm);
	strftime(buf, 24, "%H:%M:%S", &tm);
	snprintf(buf + 8, 16, ".%06d", (int)(ns % 1000000000 / 1000));
	return buf;
}

struct session_meter session_meter(const struct session *session)
{
	struct kernel_cost cost = kernel_cost(session->skel);
	struct session_meter meter = { .lost = session->skel->bss->lost, .missed = cost.missed };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	double all = session_seconds(session) * cpus, own;

	if (session->gaps > meter.lost)
		meter.lost = session->gaps;
	own = (session->end_ns ? session->own_at_end : own_seconds()) - session->own_at_start;
	meter.cost = -1;
	if (cost.timed > 0 && session->start_ns && all > 0)
		meter.cost = cost.run_ns / 1e9 / (cost.timed * cpus) + own / all;
	return meter;
}

double session_hook_cost(const struct session *session)
{
	struct kernel_cost cost = kernel_cost(session->skel);

	return cost.timed > 0 ? cost.run_ns / 1e9 / cost.timed : -1;
}

void session_print_meter(const struct session *session)
{
	struct session_meter meter = session_meter(session);
	enum tool_colour colour;
	json_object *object;

	if (tool.json) {
		object = json_object_new_object();
		json_object_object_add(object, "lost", json_object_new_int64(meter.lost));
		json_object_object_add(object, "missed", json_object_new_int64(meter.missed));
		if (meter.cost >= 0)
			json_object_object_add(object, "cost", json_object_new_double(meter.cost));
		puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
		return;
	}
	colour = meter.lost || meter.missed ? COLOUR_BAD : COLOUR_NONE;
	printf("%slost %" PRIu64 "  missed %" PRIu64 "%s", tool_colour_on(colour), meter.lost,
	       meter.missed, tool_colour_off(colour));
	if (meter.cost >= 0)
		printf("  cost %.1f%%\n", 100 * meter.cost);
	else
		printf("  cost unknown\n");
}
