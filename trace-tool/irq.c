/* SPDX-License-Identifier: MIT */
/*
 * vring-trace irq: which interrupt serves which queue, on which CPU, and how often it comes.
 */
#include <argp.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupts.h"
#include "look.h"
#include "standing.h"
#include "tool.h"

struct irq {
	struct words words;
	bool lost;
	double interval;
};

enum { OPT_LOST = 500, OPT_INTERVAL };

static const char doc[] =
	"Tie queues to their interrupts: number, name, the CPU it goes to, how often it came since "
	"boot and in the interval, and whether anything waits for one."
	"\v"
	"RATE    interrupts a second while this was looked at\n"
	"WAITS   used buffers that the driver has not taken, at the end\n"
	"NOTE    shared: with other queues of the device; poll: the driver asked for none;\n"
	"        lost?: something waited all the time, an interrupt was wanted, none came\n"
	"Exit status 1 if an interrupt seems lost. Sets no hook.\n";

static const struct argp_option options[] = {
	{ "lost", OPT_LOST, NULL, 0, "only queues whose interrupt seems lost", 0 },
	{ "interval", OPT_INTERVAL, "SECONDS", 0, "how long to look [0.5]", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct irq *irq = state->input;
	char *end;

	switch (key) {
	case OPT_LOST:
		irq->lost = true;
		return 0;
	case OPT_INTERVAL:
		irq->interval = strtod(arg, &end);
		if (end == arg || *end || !(irq->interval > 0 && irq->interval <= 3600))
			argp_error(state, "SECONDS is more than 0 and at most 3600: %s", arg);
		return 0;
	}
	return words_parse(&irq->words, key, arg, state);
}

/* Of one queue, at the beginning and at the end. */
struct sight {
	struct interrupt interrupt;
	struct standing standing;
	uint16_t last_used;
};

struct queue_sights {
	struct sight first, last;
	bool gone;
};

static int look_at(struct look *look, const struct queue *queue, struct queue_sights *sights,
		   struct sight *sight)
{
	struct snapshot snapshot;
	enum snapshot_result result = snapshot_take(look->snapshotter, queue, &snapshot);

	if (result == SNAPSHOT_OK) {
		sight->standing = standing_of(&snapshot);
		sight->last_used = snapshot.head.after.last_used;
	}
	sights->gone = result == SNAPSHOT_GONE;
	snapshot_free(&snapshot);
	if (result == SNAPSHOT_OK && interrupt_of(queue, &sight->interrupt)) {
		tool_error("cannot read /proc/interrupts");
		return TOOL_NO_TRACE;
	}
	return result == SNAPSHOT_FAILED ? TOOL_NO_TRACE : 0;
}

/* Something waited from the first look to the last, and the driver wanted to be told. */
static bool seems_lost(const struct queue_sights *s)
{
	return s->first.standing.unreaped && s->last.standing.unreaped &&
	       s->first.last_used == s->last.last_used && !s->last.standing.callbacks_off &&
	       s->first.interrupt.count == s->last.interrupt.count;
}

static void print_queue(const struct queue *queue, const struct queue_sights *s, double interval)
{
	const struct interrupt *now = &s->last.interrupt;
	double rate = (now->count - s->first.interrupt.count) / interval;
	char name[VT_NAME_LEN + 16], number[16] = "-";
	bool lost = seems_lost(s);

	queue_name(name, queue, queue->state.device, queue->state.index);
	if (now->irq >= 0)
		snprintf(number, sizeof(number), "%d", now->irq);
	if (tool.json) {
		json_object *object = json_object_new_object();

		json_object_object_add(object, "queue", json_object_new_string(name));
		json_object_object_add(object, "irq", json_object_new_int(now->irq));
		json_object_object_add(object, "name", json_object_new_string(now->name));
		json_object_object_add(object, "cpus", json_object_new_string(now->cpus));
		json_object_object_add(object, "count", json_object_new_uint64(now->count));
		json_object_object_add(object, "rate", json_object_new_double(rate));
		json_object_object_add(object, "waits",
				       json_object_new_int(s->last.standing.unreaped));
		json_object_object_add(object, "shared", json_object_new_boolean(now->shared));
		json_object_object_add(object, "lost", json_object_new_boolean(lost));
		puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
		return;
	}
	printf("%-17s %4s %-5s %10" PRIu64 " %8.1f %5u  %-20s%s%s\n", name, number, now->cpus,
	       now->count, rate, s->last.standing.unreaped, now->name,
	       s->last.standing.callbacks_off ? " poll" :
	       now->shared		      ? " shared" :
						"",
	       lost ? " lost?" : "");
}

static int look_at_all(struct look *look, struct queue_sights *sights, bool last)
{
	int status = 0;

	for (size_t i = 0; i < look->queues.count && !status; i++)
		if (look->queues.list[i].selected && !sights[i].gone)
			status = look_at(look, &look->queues.list[i], &sights[i],
					 last ? &sights[i].last : &sights[i].first);
	return status;
}

int irq_main(int argc, char **argv)
{
	static const struct argp argp = { options,	 parse, "[QUEUE...]", doc,
					  tool_children, NULL,	NULL };
	struct irq irq = { .interval = 0.5 };
	struct look look;
	struct queue_sights *sights = NULL;
	unsigned int lost = 0;
	int status;

	argv[0] = (char *)"vring-trace irq";
	argp_parse(&argp, argc, argv, 0, NULL, &irq);
	status = look_open(&look, &irq.words, true);
	if (!status) {
		sights = calloc(look.queues.count + 1, sizeof(*sights));
		status = sights ? look_at_all(&look, sights, false) : TOOL_NO_TRACE;
	}
	if (!status) {
		poll(NULL, 0, (int)(irq.interval * 1000));
		status = look_at_all(&look, sights, true);
	}
	if (!status && !tool.json)
		printf("%-17s %4s %-5s %10s %8s %5s  %-20s %s\n", "QUEUE", "IRQ", "CPU", "COUNT",
		       "RATE/s", "WAITS", "NAME", "NOTE");
	for (size_t i = 0; !status && i < look.queues.count; i++) {
		if (!look.queues.list[i].selected || sights[i].gone)
			continue;
		lost += seems_lost(&sights[i]);
		if (!irq.lost || seems_lost(&sights[i]))
			print_queue(&look.queues.list[i], &sights[i], irq.interval);
	}
	if (!status)
		status = tool_flush();
	free(sights);
	look_close(&look);
	free(irq.words.list);
	return status ? status : lost ? TOOL_FINDING : TOOL_OK;
}
