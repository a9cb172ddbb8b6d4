/* SPDX-License-Identifier: MIT */
/*
 * What this kernel and these rights allow, asked before anything is loaded.
 */
#ifndef TRACE_TOOL_KERNEL_H
#define TRACE_TOOL_KERNEL_H

#include <stdbool.h>

#include "hooks.h"

struct vring_trace; /* the skeleton */

/* What the queues will be hooked for: nothing but listing them, or a set of HOOKS_OF(event). */
#define KERNEL_WALK 0u
#define KERNEL_TRACE HOOKS_ALL

/**
 * kernel_open - load the BPF programs for @events and those that list the queues
 * @events: what will be recorded
 * @prepare: called once the object is open and before it is loaded, to set its constants; may be
 *	NULL
 * @arg: for @prepare
 * @skel: the loaded object, nothing attached yet; the caller gives it to vring_trace__destroy
 *
 * By fentry if this kernel can, else by kprobe: found out by attaching, not by asking.
 *
 * Return: 0; or TOOL_NO_TRACE after one message that says what is missing. With --dry-run says on
 * stdout what would be done, and ends the process.
 */
int kernel_open(unsigned int events, void (*prepare)(struct vring_trace *skel, void *arg),
		void *arg, struct vring_trace **skel);

/* What kernel_open settled on: "fentry" or "kprobe". */
const char *kernel_backend(void);

/* The program that hooks dev_attr_show for the walk. */
struct bpf_program *kernel_walk_program(struct vring_trace *skel);

/**
 * kernel_attach_hooks - attach every program of the trace
 *
 * Return: how many hooks there are, or -TOOL_NO_TRACE after one message.
 */
int kernel_attach_hooks(struct vring_trace *skel);
void kernel_detach_hooks(void);

/* What the hooks have cost so far, and did not see. */
struct kernel_cost {
	unsigned long long
		missed; /* calls that hooks were not shown: that CPU was in one already */
	unsigned long long run_ns; /* in the programs, all CPUs together, while they were timed */
	double timed;		   /* seconds that they were; 0: the kernel does not let us */
};

/*
 * Has the kernel time the programs from now on, or no more. Timing is a good part of what a short
 * program costs, so it is on for a small part of the time only.
 */
void kernel_cost_timing(bool on);
struct kernel_cost kernel_cost(const struct vring_trace *skel);

#endif
