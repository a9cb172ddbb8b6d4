/* SPDX-License-Identifier: MIT */
/*
 * What live has seen of a queue lately, so that a screen that is frozen can step back.
 */
#ifndef TRACE_TOOL_KEPT_H
#define TRACE_TOOL_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"
#include "watch.h"

#define KEPT_MOMENTS 600
#define KEPT_BYTES (32u << 20) /* of snapshots */
#define KEPT_EVENTS (256u << 10)

struct kept_moment {
	struct snapshot snapshot;
	size_t bytes;
	int64_t interrupts; /* negative: not known */
};

/* All zero to begin with. */
struct kept {
	struct kept_moment *moments; /* oldest first */
	size_t count;
	size_t bytes;
	struct vring_event *events; /* those since the oldest moment, as far as there is room */
	size_t event_count;
};

/* Copies all of it. Return: 0 or -ENOMEM. */
int snapshot_copy(struct snapshot *to, const struct snapshot *from);

/* Takes copies; the oldest go. Return: 0 or -ENOMEM. */
int kept_moment(struct kept *k, const struct snapshot *snapshot, int64_t interrupts);
int kept_event(struct kept *k, const struct vring_event *event);

/*
 * Has @w as it was at moment @at, with all that was kept from before. @w: of the same queue; what
 * it has is forgotten. Return: 0 or -ENOMEM.
 */
int kept_show(const struct kept *k, size_t at, struct watch *w);

void kept_free(struct kept *k);

#endif
