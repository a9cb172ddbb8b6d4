/* SPDX-License-Identifier: MIT */
/*
 * vring-trace irq: how the device's word reaches the driver, queue by queue.
 */
#include <argp.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../interrupts.h"
#include "event_text.h"
#include "../look.h"
#include "../tool.h"
#include "../verdict.h"

static const char doc[] =
	"Show for each queue the interrupt that serves it, and the CPU it goes to. With --lost only "
	"those whose interrupt is due and does not come; exits with 1 if there are any."
	"\v"
	"IRQ       Linux's number; - if the driver has no callback and polls\n"
	"VECTOR    in the device's MSI-X table; - on INTx and MMIO\n"
	"FOR       queue: a vector of its own; device: one for all its queues; line:\n"
	"          INTx or MMIO, for the whole device and perhaps others\n"
	"CPU       where it is delivered now\n"
	"COUNT     since it was set up, of all CPUs\n"
	"UNCLAIMED interrupts nobody found work for, that came close upon each other,\n"
	"          as the kernel counts them; stat counts each\n"
	"WANTED    on, off (the driver asked for none at this moment), never (no\n"
	"          callback)\n"
	"UNREAPED  used and not taken back yet";

enum { OPT_LOST = 300 };

static const struct argp_option options[] = {
	{ "lost", OPT_LOST, NULL, 0, "only queues whose interrupt is due and does not come", 0 },
	{ 0 },
};

/* What is used, due and not told of for so long is told of no more. */
#define LOST_MS 200

struct irq {
	struct words words;
	bool lost;
	struct interrupts interrupts;
	size_t queues, shown;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct irq *irq = state->input;

	if (key == OPT_LOST) {
		irq->lost = true;
		return 0;
	}
	return words_parse(&irq->words, key, arg, state);
}

/* The first line of a file in /proc/irq/N, or "". */
static void read_irq_file(unsigned int irq, const char *name, char *text, size_t size)
{
	char path[64];
	FILE *file;

	text[0] = 0;
	snprintf(path, sizeof(path), "/proc/irq/%u/%s", irq, name);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(text, size, file))
		text[0] = 0;
	text[strcspn(text, "\n")] = 0;
	fclose(file);
}

static unsigned int unclaimed(unsigned int irq)
{
	unsigned int count = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/irq/%u/spurious", irq);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "count %*u unhandled %u", &count) != 1)
		count = 0;
	fclose(file);
	return count;
}

static const char *const kinds[] = { "queue", "device", "line" };

static void print_row(const struct snapshot *s, const struct interrupt *interrupt,
		      enum interrupt_kind kind)
{
	char cpu[24] = "-", vector[12] = "-", irq[12] = "-", count[24] = "-", none[12] = "-";

	if (interrupt) {
		read_irq_file(interrupt->irq, "effective_affinity_list", cpu, sizeof(cpu));
		if (!cpu[0])
			read_irq_file(interrupt->irq, "smp_affinity_list", cpu, sizeof(cpu));
		snprintf(irq, sizeof(irq), "%u", interrupt->irq);
		snprintf(count, sizeof(count), "%llu", (unsigned long long)interrupt->count);
		snprintf(none, sizeof(none), "%u", unclaimed(interrupt->irq));
		if (interrupt->vector >= 0)
			snprintf(vector, sizeof(vector), "%d", interrupt->vector);
	}
	printf("%-17s %4s %6s %-6s %-5s %10s %9s %-6s %8u\n", s->name, irq, vector,
	       interrupt ? kinds[kind] : "-", cpu, count, none, verdict_interrupts_wanted(s),
	       verdict_unreaped(s));
}

static void print_json(const struct snapshot *s, const struct interrupt *interrupt,
		       enum interrupt_kind kind)
{
	json_object *object = json_object_new_object();
	char cpu[256];

	json_add_string(object, "queue", s->name);
	if (interrupt) {
		read_irq_file(interrupt->irq, "effective_affinity_list", cpu, sizeof(cpu));
		json_add_int(object, "irq", interrupt->irq);
		if (interrupt->vector >= 0)
			json_add_int(object, "vector", interrupt->vector);
		json_add_string(object, "for", kinds[kind]);
		json_add_string(object, "cpu", cpu);
		read_irq_file(interrupt->irq, "smp_affinity_list", cpu, sizeof(cpu));
		json_add_string(object, "affinity", cpu);
		json_add_int(object, "count", interrupt->count);
		json_add_int(object, "unclaimed", unclaimed(interrupt->irq));
	}
	json_add_string(object, "wanted", verdict_interrupts_wanted(s));
	json_add_int(object, "unreaped", verdict_unreaped(s));
	json_line(object);
}

/* Looks again after a while. Return: whether the interrupt is lost. */
static bool is_lost(struct look *look, const struct queue *queue, const struct snapshot *s,
		    int64_t count)
{
	struct stall_watch watch = {};
	struct stall stall = {};
	struct snapshot again;

	if (!verdict_unreaped(s))
		return false;
	stall_judge(&watch, s, count, LOST_MS * 500000ull, &stall);
	poll(NULL, 0, LOST_MS);
	if (snapshot_take(look->snapshotter, queue, &again) == SNAPSHOT_OK)
		stall_judge(&watch, &again, count, LOST_MS * 500000ull, &stall);
	snapshot_free(&again);
	stall_watch_free(&watch);
	return stall.verdict == VERDICT_INTERRUPT_LOST;
}

static int visit(struct look *look, const struct queue *queue, struct snapshot *s, void *arg)
{
	const struct interrupt *interrupt = NULL;
	enum interrupt_kind kind = INTERRUPT_OWN;
	struct irq *irq = arg;

	if (s->head.callback)
		interrupt = interrupts_find(&irq->interrupts, s->head.device, s->head.name, &kind);
	irq->queues++;
	if (irq->lost && !is_lost(look, queue, s, interrupt ? (int64_t)interrupt->count : -1))
		return 0;
	irq->shown++;
	if (tool.json) {
		print_json(s, interrupt, kind);
		return irq->lost ? TOOL_FINDING : 0;
	}
	if (irq->shown == 1)
		printf("%-17s %4s %6s %-6s %-5s %10s %9s %-6s %8s\n", "QUEUE", "IRQ", "VECTOR",
		       "FOR", "CPU", "COUNT", "UNCLAIMED", "WANTED", "UNREAPED");
	print_row(s, interrupt, kind);
	return irq->lost ? TOOL_FINDING : 0;
}

int irq_main(int argc, char **argv)
{
	static const struct argp argp = { options,	 parse, "[QUEUE...]", doc,
					  tool_children, NULL,	NULL };
	struct irq irq = {};
	int status, error;

	argv[0] = (char *)"vring-trace irq";
	argp_parse(&argp, argc, argv, 0, NULL, &irq);
	error = interrupts_read(&irq.interrupts, "/proc/interrupts");
	if (error) {
		tool_error("cannot read /proc/interrupts: %s", strerror(-error));
		status = TOOL_NO_TRACE;
	} else {
		status = look_queues(&irq.words, visit, &irq);
		if (irq.lost && !status && !tool.json)
			printf("%zu queue%s, no interrupt lost\n", irq.queues,
			       irq.queues == 1 ? "" : "s");
	}
	interrupts_free(&irq.interrupts);
	free(irq.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
