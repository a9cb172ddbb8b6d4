/* SPDX-License-Identifier: MIT */
/*
 * vring-trace stall: work that does not get done, and whose turn it is.
 *
 * A ring is looked at again and again. What has been in flight from the first look on, with no
 * index moving, is stuck; where it is stuck the indices and the interrupt's count tell.
 */
#include <argp.h>
#include <json-c/json.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "interrupts.h"
#include "look.h"
#include "standing.h"
#include "tool.h"

enum verdict {
	MOVING,	      /* or empty: nothing to say */
	NEVER_LOOKED, /* the device has not seen what is offered */
	NOT_FINISHED, /* it has, or may have, and is not done */
	IRQ_LOST,     /* it is done and nobody was told */
	NOT_REAPED,   /* the driver was told and has not come */
	QUEUE_BROKEN,
};

/* What is known of a queue from the looks so far. */
struct watch {
	const struct queue *queue;
	bool known, gone;
	bool broken;
	uint64_t since_ns; /* nothing has moved since then */
	uint16_t avail_idx, last_used;
	struct standing standing;
	struct interrupt interrupt;
	uint64_t irq_at_use; /* interrupts taken when used.idx last moved */
	enum verdict verdict;
};

struct stall {
	struct words words;
	double older;
	bool watch;
	struct look look;
	struct watch *watches;
	unsigned int findings;
};

enum { OPT_WATCH = 500, OPT_OLDER };

static const char doc[] =
	"Find buffers that do not come back, and say whose turn it is: the device never looked at "
	"them; it looked and has not finished; it finished and the interrupt was lost; or the "
	"driver was told and did not reap."
	"\v"
	"Looks for as long as --older says [1s], then judges; with --watch goes on until something "
	"is found. Receive and event queues hold buffers that wait for something from outside: "
	"they are not stalled. Whether the device has looked is known with EVENT_IDX on a split "
	"ring; elsewhere it may have.\n"
	"Exit status 1 if something is stalled. Sets no hook.\n";

static const struct argp_option options[] = {
	{ "older", OPT_OLDER, "TIME", 0, "stuck for at least TIME, such as 500ms or 5s [1s]", 0 },
	{ "watch", OPT_WATCH, NULL, 0, "go on until something is stalled, or Ctrl-C", 0 },
	{ 0 },
};

static double parse_time(struct argp_state *state, const char *arg)
{
	char *end;
	double time = strtod(arg, &end);

	if (!strcmp(end, "ms"))
		time /= 1e3;
	else if (!strcmp(end, "us"))
		time /= 1e6;
	else if (*end && strcmp(end, "s"))
		time = NAN;
	if (end == arg || !(time >= 0.01 && time <= 86400))
		argp_error(state, "a time is 10ms to 86400s: %s", arg);
	return time;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct stall *stall = state->input;

	switch (key) {
	case OPT_WATCH:
		stall->watch = true;
		return 0;
	case OPT_OLDER:
		stall->older = parse_time(state, arg);
		return 0;
	}
	return words_parse(&stall->words, key, arg, state);
}

static volatile sig_atomic_t interrupted;

static void on_signal(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

/* ---- looking ---- */

static void look_at(struct watch *w, const struct snapshot *s, uint64_t now)
{
	struct standing standing = standing_of(s);
	bool used_moved = !w->known || standing.used_idx != w->standing.used_idx;

	if (used_moved)
		w->irq_at_use = w->known ? w->interrupt.count : UINT64_MAX;
	interrupt_of(w->queue, &w->interrupt);
	if (w->irq_at_use == UINT64_MAX)
		w->irq_at_use = w->interrupt.count;
	if (used_moved || s->head.after.avail_idx != w->avail_idx ||
	    s->head.after.last_used != w->last_used)
		w->since_ns = now;
	w->known = true;
	w->broken = s->head.broken;
	w->avail_idx = s->head.after.avail_idx;
	w->last_used = s->head.after.last_used;
	w->standing = standing;
}

static enum verdict judge(const struct watch *w, double older, uint64_t now)
{
	if (!w->known || w->gone)
		return MOVING;
	if (w->broken)
		return QUEUE_BROKEN;
	if (!w->standing.in_flight || now - w->since_ns < older * 1e9)
		return MOVING;
	if (w->standing.unreaped) {
		if (w->standing.callbacks_off || w->interrupt.count != w->irq_at_use)
			return NOT_REAPED;
		return IRQ_LOST;
	}
	if (w->standing.waits_by_design)
		return MOVING;
	return w->standing.knows_seen && !w->standing.device_has_seen ? NEVER_LOOKED : NOT_FINISHED;
}

/* ---- saying so ---- */

static void describe(const struct watch *w, char *text, size_t bytes)
{
	switch (w->verdict) {
	case NEVER_LOOKED:
		snprintf(text, bytes, "device never looked: avail.idx %u, it asked for entry %u",
			 w->avail_idx, w->standing.avail_event);
		break;
	case NOT_FINISHED:
		snprintf(text, bytes, "device has it%s, and used.idx has not moved",
			 w->standing.knows_seen ? "" : ", or has not looked");
		break;
	case IRQ_LOST:
		if (w->interrupt.irq < 0)
			snprintf(text, bytes, "used, not reaped, and no interrupt is set up");
		else
			snprintf(text, bytes, "interrupt lost? %u used, no irq %d since",
				 w->standing.unreaped, w->interrupt.irq);
		break;
	case NOT_REAPED:
		snprintf(text, bytes, "driver did not reap: %u used, %s", w->standing.unreaped,
			 w->standing.callbacks_off ? "and it wants no interrupt" :
						     "and the irq came");
		break;
	case QUEUE_BROKEN:
		snprintf(text, bytes, "broken: the driver has given up on this queue");
		break;
	case MOVING:
		text[0] = 0;
	}
}

static const char *word_of(enum verdict verdict)
{
	static const char *const words[] = { "moving",	 "never looked", "not finished",
					     "irq lost", "not reaped",	 "broken" };

	return words[verdict];
}

static void print_watch(const struct watch *w, uint64_t now)
{
	char name[VT_NAME_LEN + 16], text[96], age[16];

	queue_name(name, w->queue, w->queue->state.device, w->queue->state.index);
	describe(w, text, sizeof(text));
	if (tool.json) {
		json_object *object = json_object_new_object();

		json_object_object_add(object, "queue", json_object_new_string(name));
		json_object_object_add(object, "verdict",
				       json_object_new_string(word_of(w->verdict)));
		json_object_object_add(object, "in_flight",
				       json_object_new_int(w->standing.in_flight));
		json_object_object_add(object, "still_ms",
				       json_object_new_uint64((now - w->since_ns) / 1000000));
		json_object_object_add(object, "why", json_object_new_string(text));
		puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
		return;
	}
	printf("%-17s %9u %8s  %s%s%s\n", name, w->standing.in_flight,
	       age_text(age, now - w->since_ns), tool_colour_on(COLOUR_BAD), text,
	       tool_colour_off(COLOUR_BAD));
}

/* ---- the command ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int look_at_all(struct stall *stall, uint64_t now)
{
	for (size_t i = 0; i < stall->look.queues.count; i++) {
		struct watch *w = &stall->watches[i];
		enum snapshot_result result;
		struct snapshot snapshot;

		w->queue = &stall->look.queues.list[i];
		if (!w->queue->selected || w->gone)
			continue;
		result = snapshot_take(stall->look.snapshotter, w->queue, &snapshot);
		if (result == SNAPSHOT_OK)
			look_at(w, &snapshot, now);
		w->gone = result == SNAPSHOT_GONE;
		snapshot_free(&snapshot);
		if (result == SNAPSHOT_FAILED)
			return TOOL_NO_TRACE;
	}
	return 0;
}

static void judge_all(struct stall *stall, uint64_t now)
{
	stall->findings = 0;
	for (size_t i = 0; i < stall->look.queues.count; i++) {
		struct watch *w = &stall->watches[i];

		w->verdict = judge(w, stall->older, now);
		stall->findings += w->verdict != MOVING;
	}
}

static void print_findings(const struct stall *stall, uint64_t now)
{
	if (!tool.json && stall->findings)
		printf("%-17s %9s %8s  %s\n", "QUEUE", "IN FLIGHT", "STILL", "VERDICT");
	for (size_t i = 0; i < stall->look.queues.count; i++)
		if (stall->watches[i].verdict != MOVING)
			print_watch(&stall->watches[i], now);
	if (!tool.json && !stall->findings)
		puts("nothing is stalled");
}

int stall_main(int argc, char **argv)
{
	static const struct argp argp = { options,	 parse, "[QUEUE...]", doc,
					  tool_children, NULL,	NULL };
	struct sigaction act = { .sa_handler = on_signal };
	struct stall stall = { .older = 1 };
	uint64_t begun, now;
	int status;

	argv[0] = (char *)"vring-trace stall";
	argp_parse(&argp, argc, argv, 0, NULL, &stall);
	status = look_open(&stall.look, &stall.words, true);
	if (!status) {
		stall.watches = calloc(stall.look.queues.count + 1, sizeof(*stall.watches));
		status = stall.watches ? 0 : TOOL_NO_TRACE;
	}
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	begun = now = now_ns();
	while (!status) {
		status = look_at_all(&stall, now);
		judge_all(&stall, now);
		if (interrupted ||
		    (now - begun > stall.older * 1e9 && (stall.findings || !stall.watch)))
			break;
		poll(NULL, 0, stall.older < 1 ? (int)(stall.older * 100) : 100);
		now = now_ns();
	}
	if (!status) {
		print_findings(&stall, now);
		status = tool_flush();
	}
	free(stall.watches);
	look_close(&stall.look);
	free(stall.words.list);
	return status ? status : stall.findings ? TOOL_FINDING : TOOL_OK;
}
