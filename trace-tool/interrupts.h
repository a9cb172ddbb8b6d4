/* SPDX-License-Identifier: MIT */
/*
 * Which interrupt serves which queue, from /proc/interrupts and /proc/irq.
 */
#ifndef TRACE_TOOL_INTERRUPTS_H
#define TRACE_TOOL_INTERRUPTS_H

#include <stdint.h>

#include "queues.h"

struct interrupt {
	int irq;	/* -1: none was found, the driver polls or shares silently */
	char name[64];	/* as /proc/interrupts has it: "virtio1-req.0" */
	char cpus[32];	/* where it goes: effective_affinity_list */
	uint64_t count; /* taken by all CPUs since boot */
	bool shared;	/* with other queues of the device */
};

/*
 * Looks the queue's interrupt up: its own by name, else the one its device's queues share. @irq is
 * -1 if there is none. Return: 0, or a negative errno if /proc/interrupts cannot be read.
 */
int interrupt_of(const struct queue *queue, struct interrupt *interrupt);

#endif
