/* SPDX-License-Identifier: MIT */
/*
 * Reads /proc/interrupts. The virtio transports name their interrupts so that this is possible:
 * virtioN-QUEUE with a vector for each, virtioN-virtqueues with one for all, virtioN on a pin or a
 * memory-mapped device.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupts.h"

/* A line of the table; @names is what follows chip and hardware number: "virtio1-req.0, foo". */
struct line {
	int irq;
	uint64_t count;
	const char *names;
};

/* Does the list @names, as the kernel joins handlers of one line, have @name? */
static bool has_name(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at++)
		if ((at == names || at[-1] == ' ' || at[-1] == ',') &&
		    (!at[length] || at[length] == ',' || at[length] == '\n'))
			return true;
	return false;
}

static bool parse_line(char *text, struct line *line)
{
	char *at, *end;

	line->irq = strtol(text, &end, 10);
	if (end == text || *end != ':')
		return false; /* NMI: and their like */
	line->count = 0;
	for (at = end + 1;; at = end) {
		uint64_t count = strtoull(at, &end, 10);

		/* The last number belongs to the chip's name: "10-edge" begins with one. */
		if (end == at || (*end != ' ' && *end != '\n'))
			break;
		line->count += count;
	}
	line->names = at;
	return true;
}

static void read_cpus(struct interrupt *interrupt)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/irq/%d/effective_affinity_list", interrupt->irq);
	file = fopen(path, "re");
	if (!file || !fgets(interrupt->cpus, sizeof(interrupt->cpus), file))
		strcpy(interrupt->cpus, "?");
	interrupt->cpus[strcspn(interrupt->cpus, "\n")] = 0;
	if (file)
		fclose(file);
}

int interrupt_of(const struct queue *queue, struct interrupt *interrupt)
{
	char names[3][64], *text = NULL;
	int best = 3, err = 0;
	size_t room = 0;
	FILE *file = fopen("/proc/interrupts", "re");

	*interrupt = (struct interrupt){ .irq = -1, .cpus = "-" };
	if (!file)
		return -errno;
	snprintf(names[0], 64, "virtio%u-%s", queue->state.device, queue->state.name);
	snprintf(names[1], 64, "virtio%u-virtqueues", queue->state.device);
	snprintf(names[2], 64, "virtio%u", queue->state.device);
	while (getline(&text, &room, file) > 0) {
		struct line line;

		if (!parse_line(text, &line))
			continue;
		for (int i = 0; i < best; i++)
			if (has_name(line.names, names[i])) {
				best = i;
				interrupt->irq = line.irq;
				interrupt->count = line.count;
				interrupt->shared = i > 0;
				strcpy(interrupt->name, names[i]);
			}
	}
	if (ferror(file))
		err = -EIO;
	free(text);
	fclose(file);
	if (interrupt->irq >= 0)
		read_cpus(interrupt);
	return err;
}
