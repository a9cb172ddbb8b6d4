/* SPDX-License-Identifier: MIT */
/*
 * vring-trace irq: how the device's word reaches the driver, queue by queue.
 */
#include <argp.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupts.h"
#include "look.h"
#include "tool.h"
#include "verdict.h"

static const char doc[] =
	"Show for each queue the interrupt that serves it, and the CPU it goes to."
	"\v"
	"IRQ       Linux's number; - if the driver has no callback and polls\n"
	"VECTOR    in the device's MSI-X table; - on INTx and MMIO\n"
	"FOR       queue: a vector of its own; device: one for all its queues; line: INTx\n"
	"          or MMIO, for the whole device and perhaps others\n"
	"CPU       where it is delivered now\n"
	"COUNT     since it was set up, of all CPUs\n"
	"UNCLAIMED interrupts nobody found work for, that came close upon each other, as\n"
	"          the kernel counts them; stat counts each\n"
	"WANTED    on, off (the driver asked for none at this moment), never (no callback)\n"
	"UNREAPED  used and not taken back yet";

struct irq {
	struct words words;
	struct interrupts interrupts;
	size_t shown;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct irq *irq = state->input;

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

	json_object_object_add(object, "queue", json_object_new_string(s->name));
	if (interrupt) {
		read_irq_file(interrupt->irq, "effective_affinity_list", cpu, sizeof(cpu));
		json_object_object_add(object, "irq", json_object_new_int(interrupt->irq));
		if (interrupt->vector >= 0)
			json_object_object_add(object, "vector",
					       json_object_new_int(interrupt->vector));
		json_object_object_add(object, "for", json_object_new_string(kinds[kind]));
		json_object_object_add(object, "cpu", json_object_new_string(cpu));
		read_irq_file(interrupt->irq, "smp_affinity_list", cpu, sizeof(cpu));
		json_object_object_add(object, "affinity", json_object_new_string(cpu));
		json_object_object_add(object, "count", json_object_new_int64(interrupt->count));
		json_object_object_add(object, "unclaimed",
				       json_object_new_int(unclaimed(interrupt->irq)));
	}
	json_object_object_add(object, "wanted",
			       json_object_new_string(verdict_interrupts_wanted(s)));
	json_object_object_add(object, "unreaped", json_object_new_int(verdict_unreaped(s)));
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static int visit(struct look *look, const struct queue *queue, struct snapshot *s, void *arg)
{
	const struct interrupt *interrupt = NULL;
	enum interrupt_kind kind = INTERRUPT_OWN;
	struct irq *irq = arg;

	(void)look;
	(void)queue;
	if (s->head.callback)
		interrupt = interrupts_find(&irq->interrupts, s->head.device, s->head.name, &kind);
	if (tool.json) {
		print_json(s, interrupt, kind);
		return 0;
	}
	if (!irq->shown++)
		printf("%-17s %4s %6s %-6s %-5s %10s %9s %-6s %8s\n", "QUEUE", "IRQ", "VECTOR",
		       "FOR", "CPU", "COUNT", "UNCLAIMED", "WANTED", "UNREAPED");
	print_row(s, interrupt, kind);
	return 0;
}

int irq_main(int argc, char **argv)
{
	static const struct argp argp = {
		NULL, parse, "[QUEUE...]", doc, tool_children, NULL, NULL
	};
	struct irq irq = {};
	int status, error;

	argv[0] = (char *)"vring-trace irq";
	argp_parse(&argp, argc, argv, 0, NULL, &irq);
	error = interrupts_read(&irq.interrupts, "/proc/interrupts");
	if (error) {
		tool_error("cannot read /proc/interrupts: %s", strerror(-error));
		status = TOOL_NO_TRACE;
	} else {
		status = look_each(&irq.words, false, visit, &irq);
	}
	interrupts_free(&irq.interrupts);
	free(irq.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
