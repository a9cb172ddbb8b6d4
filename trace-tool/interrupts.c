/* SPDX-License-Identifier: MIT */
/*
 * Linux names a vector after what it serves: virtio0-req.0 for one queue, virtio0-virtqueues for
 * all of a device (drivers/virtio/virtio_pci_common.c); INTx and MMIO lines bear the device's name,
 * virtio0, among those of others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupts.h"

/* The header has a column for each CPU that is on. */
static unsigned int count_cpus(const char *header)
{
	unsigned int cpus = 0;

	for (const char *at = header; (at = strstr(at, "CPU")); at += 3)
		cpus++;
	return cpus;
}

/*
 * "25:  3  0  PCI-MSI 49153-edge  virtio0-req.0". The number of the vector is in the low 11 bits of
 * the one before the dash; newer kernels have it there alone. Return: false if it is no such line.
 */
static bool parse_line(char *line, unsigned int cpus, struct interrupt *out)
{
	char *at, *end, *type;

	memset(out, 0, sizeof(*out));
	out->irq = strtoul(line, &end, 10);
	if (end == line || *end != ':')
		return false;
	at = end + 1;
	for (unsigned int i = 0; i < cpus; i++, at = end) {
		out->count += strtoull(at, &end, 10);
		if (end == at)
			return false;
	}
	at[strcspn(at, "\n")] = 0;
	type = strstr(at, "-edge");
	if (!type)
		type = strstr(at, "-fasteoi");
	if (!type)
		type = strstr(at, "-level");
	out->vector = -1;
	if (type) {
		char *digits = type;

		while (digits > at && digits[-1] >= '0' && digits[-1] <= '9')
			digits--;
		if (strstr(at, "MSI"))
			out->vector = strtoul(digits, NULL, 10) & 0x7ff;
		at = type + strcspn(type, " ");
	}
	at += strspn(at, " ");
	snprintf(out->name, sizeof(out->name), "%.95s", at);
	return true;
}

static int keep(struct interrupts *interrupts, const struct interrupt *one)
{
	struct interrupt *grown =
		reallocarray(interrupts->list, interrupts->count + 1, sizeof(*one));

	if (!grown)
		return -ENOMEM;
	interrupts->list = grown;
	grown[interrupts->count++] = *one;
	return 0;
}

int interrupts_read(struct interrupts *interrupts, const char *path)
{
	FILE *file = fopen(path, "re");
	struct interrupt one;
	unsigned int cpus;
	char *line = NULL;
	size_t size = 0;
	int error = 0;

	memset(interrupts, 0, sizeof(*interrupts));
	if (!file)
		return -errno;
	cpus = getline(&line, &size, file) > 0 ? count_cpus(line) : 0;
	while (!error && getline(&line, &size, file) > 0)
		if (parse_line(line, cpus, &one))
			error = keep(interrupts, &one);
	free(line);
	fclose(file);
	return error;
}

void interrupts_free(struct interrupts *interrupts)
{
	free(interrupts->list);
	memset(interrupts, 0, sizeof(*interrupts));
}

/* "virtio0, virtio12": is @name one of them? */
static bool lists(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at += len)
		if ((at == names || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

const struct interrupt *interrupts_find(const struct interrupts *interrupts, unsigned int device,
					const char *name, enum interrupt_kind *kind)
{
	char wanted[3][96];

	snprintf(wanted[INTERRUPT_OWN], sizeof(wanted[0]), "virtio%u-%.64s", device, name);
	snprintf(wanted[INTERRUPT_SHARED], sizeof(wanted[0]), "virtio%u-virtqueues", device);
	snprintf(wanted[INTERRUPT_LINE], sizeof(wanted[0]), "virtio%u", device);
	for (int k = INTERRUPT_OWN; k <= INTERRUPT_LINE; k++)
		for (size_t i = 0; i < interrupts->count; i++)
			if (lists(interrupts->list[i].name, wanted[k])) {
				if (kind)
					*kind = k;
				return &interrupts->list[i];
			}
	return NULL;
}
