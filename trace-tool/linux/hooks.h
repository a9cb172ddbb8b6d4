/* SPDX-License-Identifier: MIT */
/*
 * Which functions of this kernel the programs of bpf/vring_trace.bpf.c are to sit on.
 */
#ifndef TRACE_TOOL_HOOKS_H
#define TRACE_TOOL_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/vring_event.h"

struct btf;
struct vring_trace; /* the skeleton */

/* Events to be recorded, as a set of bits. */
#define HOOKS_OF(type) (1u << (type))
#define HOOKS_ALL ((1u << VRING_EVENT_TYPES) - 2)
/* Of a kick decision its outcome alone: one look instead of two. */
#define HOOKS_VERDICT_ONLY (1u << 31)

#define TYPES_MODULES 512

/* Of the types of the kernel and its loaded modules, from BTF, those with names that matter here.
 */
struct kernel_types {
	bool own; /* the kernel that runs has types of its own, whether or not they are these */
	struct btf *vmlinux;
	struct btf *modules[TYPES_MODULES];
	int module_count;
	struct named_type *named;
	size_t named_count;
};

/* Takes down what is of interest in @btf: one pass through a hundred thousand types. */
int types_scan(struct kernel_types *types, const struct btf *btf);

/* Finds a type by name. @btf: where it was found; may be NULL. Return: its id, or 0. */
int types_find(const struct kernel_types *types, const char *name, unsigned int kind,
	       const struct btf **btf);

struct hook {
	char function[48];
	enum vring_event_type event;
	unsigned int slot; /* which copy of the programs is used for it */
	bool kprobe;	   /* otherwise fentry, fexit */
};

/**
 * hooks_plan - choose the functions for each kind of event in @events
 * @kprobe: by kprobe, all of them
 *
 * Return: 0, or TOOL_NO_TRACE after one message: there is no function at all for one of them.
 * Functions to learn of callbacks by may be missing; the others not.
 */
int hooks_plan(const struct kernel_types *types, unsigned int events, bool kprobe);

/* What was planned. Return: how many. */
size_t hooks_list(const struct hook **hooks);

/* Before the object is loaded: gives each planned program its function, and leaves out the rest. */
int hooks_prepare(struct vring_trace *skel);

/* Return: how many hooks are set, or a negative errno after none is. */
int hooks_attach(struct vring_trace *skel);
void hooks_detach(void);

/*
 * How many calls kprobes did not show since they were set, or until they were taken off: see
 * bpf/missed.h. Return: false if that is not to be known here; of fentry the kernel tells itself.
 */
bool hooks_missed(uint64_t *count);

#endif
