/* SPDX-License-Identifier: MIT */
/*
 * vring-trace stall: looks at queues again and again, and says of work that does not move who is to
 * blame. Nothing is hooked, so what was going on before the first look is not known.
 */
#include <argp.h>
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../interrupts.h"
#include "event_text.h"
#include "../look.h"
#include "session.h"
#include "../tool.h"
#include "../verdict.h"

static const char doc[] =
	"Find work that does not move, and say who has to move it. Looks for the time of --older, "
	"once, or until something stalls. Exits with 1 if something does."
	"\v"
	"WITH DEV  buffers the device has not used\n"
	"UNREAPED  buffers it has used, that the driver has not taken back\n"
	"OLDEST    how long the oldest has waited; > where it did before the first look\n"
	"VERDICT   the driver has not kicked\n"
	"          the device never looked: its event index says so\n"
	"          the device did not finish\n"
	"          interrupt lost or masked: used, due, and not come\n"
	"          the driver did not reap: it was told, or turned interrupts off\n"
	"With -v also what waits and may: buffers for receiving, completions that the\n"
	"driver asked not to be told of.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace stall                        # is anything stuck right now?\n"
	"  vring-trace stall --watch --older 5s     # wait for it to happen";

enum { OPT_OLDER = 300, OPT_WATCH };

static const struct argp_option options[] = {
	{ "older", OPT_OLDER, "TIME", 0, "what has waited for TIME is a stall [1s]", 0 },
	{ "watch", OPT_WATCH, NULL, 0, "go on until something stalls, or Ctrl-C", 0 },
	{ 0 },
};

struct command {
	struct words words;
	double older; /* seconds */
	bool watch;
	struct look look;
	struct stall_watch *watches; /* one for each queue of look */
	struct stall *stalls;
	bool *gone;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command *command = state->input;

	switch (key) {
	case OPT_OLDER:
		command->older = session_duration(state, arg);
		return 0;
	case OPT_WATCH:
		command->watch = true;
		return 0;
	}
	return words_parse(&command->words, key, arg, state);
}

/* ---- looking ---- */

static int64_t irqs_of(const struct interrupts *interrupts, const struct snapshot *s)
{
	const struct interrupt *interrupt =
		interrupts_find(interrupts, s->head.device, s->head.name, NULL);

	return interrupt ? (int64_t)interrupt->count : -1;
}

static int look_at(struct command *command, size_t i, const struct interrupts *interrupts)
{
	const struct queue *queue = &command->look.queues.list[i];
	uint64_t limit_ns = command->older * 1e9;
	struct snapshot s;
	int status = 0;

	switch (snapshot_take(command->look.snapshotter, queue, &s)) {
	case SNAPSHOT_OK:
		if (stall_judge(&command->watches[i], &s, irqs_of(interrupts, &s), limit_ns,
				&command->stalls[i])) {
			tool_error("out of memory");
			status = TOOL_FAILED;
		}
		break;
	case SNAPSHOT_GONE:
		tool_error("%s is gone: its device was removed", s.name);
		command->gone[i] = true;
		memset(&command->stalls[i], 0, sizeof(command->stalls[i]));
		break;
	case SNAPSHOT_FAILED:
		status = TOOL_FAILED;
		break;
	}
	snapshot_free(&s);
	return status;
}

/* @found: whether something stalls. Return: 0, or an exit status after one message. */
static int look_at_all(struct command *command, bool *found)
{
	struct interrupts interrupts;
	int status = 0, error = interrupts_read(&interrupts, "/proc/interrupts");

	*found = false;
	if (error) {
		tool_error("cannot read /proc/interrupts: %s", strerror(-error));
		return TOOL_NO_TRACE;
	}
	for (size_t i = 0; !status && i < command->look.queues.count; i++) {
		if (!command->look.queues.list[i].selected || command->gone[i])
			continue;
		status = look_at(command, i, &interrupts);
		*found |= verdict_is_finding(command->stalls[i].verdict);
	}
	interrupts_free(&interrupts);
	return status;
}

/* ---- the report ---- */

static const char *const verdict_words[] = {
	[VERDICT_NONE] = "none",
	[VERDICT_WAITING] = "waiting",
	[VERDICT_LAZY] = "lazy",
	[VERDICT_NOT_KICKED] = "not-kicked",
	[VERDICT_NOT_LOOKED] = "not-looked",
	[VERDICT_NOT_FINISHED] = "not-finished",
	[VERDICT_INTERRUPT_LOST] = "interrupt-lost",
	[VERDICT_NOT_REAPED] = "not-reaped",
};

static void print_json(const char *name, const struct stall *stall)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "queue", name);
	json_add_string(object, "verdict", verdict_words[stall->verdict]);
	json_add_bool(object, "finding", verdict_is_finding(stall->verdict));
	json_add_int(object, "with_device", stall->with_device);
	json_add_int(object, "unreaped", stall->unreaped);
	json_add_int(object, "oldest_ns", stall->oldest_ns);
	json_add_bool(object, "since_start", stall->since_start);
	json_add_string(object, "text", stall->text);
	json_line(object);
}

static void print_stall(const char *name, const struct stall *stall)
{
	char age[24];

	snprintf(age, sizeof(age), "%s%.1f s", stall->since_start ? ">" : "",
		 stall->oldest_ns / 1e9);
	printf("%-17s %8u %8u %8s  %s\n", name, stall->with_device, stall->unreaped, age,
	       stall->text);
}

static void report(const struct command *command)
{
	size_t shown = 0, findings = 0;

	for (size_t i = 0; i < command->look.queues.count; i++) {
		const struct queue *queue = &command->look.queues.list[i];
		const struct stall *stall = &command->stalls[i];
		char name[VT_NAME_LEN + 16];

		findings += verdict_is_finding(stall->verdict);
		if (!(verdict_is_finding(stall->verdict) ||
		      (stall->verdict && (tool.verbose || tool.json))))
			continue;
		queue_name(name, queue, queue->state.device, queue->state.index);
		if (tool.json) {
			print_json(name, stall);
			continue;
		}
		if (!shown++)
			printf("%-17s %8s %8s %8s  %s\n", "QUEUE", "WITH DEV", "UNREAPED", "OLDEST",
			       "VERDICT");
		print_stall(name, stall);
	}
	if (!tool.json && !findings)
		printf("%zu queue%s, none stalled\n", command->look.selected,
		       command->look.selected == 1 ? "" : "s");
}

/* ---- the run ---- */

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int run(struct command *command)
{
	/* Ten looks in the time that makes a stall; the first begins it. */
	int pause_ms = command->older * 100 < 1000 ? command->older * 100 + 1 : 1000;
	uint64_t limit_ns = command->older * 1e9;
	bool found = false;
	int status = 0;

	while (!status && !interrupted) {
		bool over = true;

		status = look_at_all(command, &found);
		for (size_t i = 0; i < command->look.queues.count; i++) {
			const struct stall_watch *watch = &command->watches[i];

			if (command->look.queues.list[i].selected && !command->gone[i])
				over &= watch->now_ns - watch->first_ns >= limit_ns;
		}
		if (status || (command->watch ? found : over))
			break;
		poll(NULL, 0, pause_ms);
	}
	if (!status) {
		report(command);
		status = found ? TOOL_FINDING : TOOL_OK;
	}
	return status;
}

static int make_room(struct command *command)
{
	size_t count = command->look.queues.count + 1;

	command->watches = calloc(count, sizeof(*command->watches));
	command->stalls = calloc(count, sizeof(*command->stalls));
	command->gone = calloc(count, sizeof(*command->gone));
	if (command->watches && command->stalls && command->gone)
		return 0;
	tool_error("out of memory");
	return TOOL_FAILED;
}

int stall_main(int argc, char **argv)
{
	static const struct argp argp = { options,	 parse, "[QUEUE...]", doc,
					  tool_children, NULL,	NULL };
	struct command command = { .older = 1 };
	int status;

	argv[0] = (char *)"vring-trace stall";
	argp_parse(&argp, argc, argv, 0, NULL, &command);
	catch_signals();
	status = look_open(&command.look, &command.words, true);
	if (!status)
		status = make_room(&command);
	if (!status)
		status = run(&command);
	for (size_t i = 0; command.watches && i < command.look.queues.count; i++)
		stall_watch_free(&command.watches[i]);
	free(command.watches);
	free(command.stalls);
	free(command.gone);
	look_close(&command.look);
	free(command.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
