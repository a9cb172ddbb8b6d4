/* SPDX-License-Identifier: MIT */
/*
 * What this kernel and these rights allow, asked before anything is loaded.
 */
#ifndef TRACE_TOOL_KERNEL_H
#define TRACE_TOOL_KERNEL_H

struct vring_trace; /* the skeleton */

enum kernel_use {
	KERNEL_WALK,  /* list the queues: one hook, for the moment of listing */
	KERNEL_TRACE, /* and watch them */
};

/**
 * kernel_open - load the BPF programs that @use needs and this kernel has functions for
 * @use: what will be done with them
 * @prepare: called once the object is open and before it is loaded, to set its constants; may be
 *	NULL
 * @arg: for @prepare
 * @skel: the loaded object, nothing attached yet; the caller gives it to vring_trace__destroy
 *
 * Return: 0, or TOOL_NO_TRACE after one message that says what is missing.
 */
int kernel_open(enum kernel_use use, void (*prepare)(struct vring_trace *skel, void *arg),
		void *arg, struct vring_trace **skel);

/**
 * kernel_attach_hooks - attach every program of the trace
 *
 * Return: how many hooks there are, or -TOOL_NO_TRACE after one message.
 */
int kernel_attach_hooks(struct vring_trace *skel);

/* Events that hooks did not see because the same hook was running on that CPU already. */
unsigned long long kernel_missed(const struct vring_trace *skel);

#endif
