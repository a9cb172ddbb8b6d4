/* SPDX-License-Identifier: MIT */
/*
 * Which interrupt line serves which queue, from the names in /proc/interrupts.
 */
#ifndef TRACE_TOOL_INTERRUPTS_H
#define TRACE_TOOL_INTERRUPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum interrupt_kind {
	INTERRUPT_OWN,	  /* a vector of the queue's own */
	INTERRUPT_SHARED, /* one vector for all queues of the device */
	INTERRUPT_LINE,	  /* a line for the whole device: INTx, MMIO */
};

struct interrupt {
	unsigned int irq;
	uint64_t count; /* of all CPUs */
	int vector;	/* in the device's MSI-X table; -1: none */
	char name[96];	/* virtio0-req.0 */
};

struct interrupts {
	struct interrupt *list;
	size_t count;
};

/* @path: /proc/interrupts, or a file like it. Return: 0, or a negative errno. */
int interrupts_read(struct interrupts *interrupts, const char *path);
void interrupts_free(struct interrupts *interrupts);

/* The one that tells the driver of queue @name of virtio@device, or NULL. @kind: may be NULL. */
const struct interrupt *interrupts_find(const struct interrupts *interrupts, unsigned int device,
					const char *name, enum interrupt_kind *kind);

#endif
