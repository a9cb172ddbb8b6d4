/* SPDX-License-Identifier: MIT */
/*
 * A queue at one moment: what show draws, check judges and stall compares. Taken from the kernel,
 * or read from a recording (vrt_snapshot.h); everything in it is a copy.
 */
#ifndef TRACE_TOOL_SNAPSHOT_H
#define TRACE_TOOL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/vring_snapshot.h"
#include "ring/virtio_ring.h"

struct queue;
struct queues;

/* What the driver keeps, out of the device's reach: split, of a slot; packed, of a buffer id. */
struct snapshot_note {
	uint64_t token; /* the caller's, of the buffer headed here; 0: none in flight */
	uint64_t addr;	/* of the descriptor, as the driver wrote it */
	uint32_t len;
	uint16_t next;	   /* in its chain, or of what is free */
	uint16_t num;	   /* packed: slots the buffer takes */
	uint64_t added_ns; /* when the buffer was added; 0: not known */
	bool seen_only;	   /* ... no: when it was first seen */
};

struct snapshot {
	struct vt_snapshot head;
	char name[64]; /* virtio1/req.0 */
	uint8_t *copy; /* the areas, as head.area_at says */
	size_t copied; /* bytes */
	bool moving;   /* the ring moved while it was copied, however often that was tried */
	const void *area[VT_AREAS];
	struct snapshot_note *notes;   /* head.num of them */
	struct vt_table *tables;       /* head.table_count of them */
	char callback[64], notify[64]; /* symbols; "" if not known */
};

struct snapshotter;

enum snapshot_result {
	SNAPSHOT_OK,
	SNAPSHOT_GONE,	/* its device was removed */
	SNAPSHOT_FAILED /* after one message */
};

/**
 * snapshotter_open - load the program that copies queues
 * @queues: those that may be asked for; the copy gets room for the largest
 *
 * Return: NULL after one message.
 */
struct snapshotter *snapshotter_open(const struct queues *queues);
void snapshotter_close(struct snapshotter *snapshotter);

/* Fills in @snapshot; the caller frees it with snapshot_free, whatever is returned. */
enum snapshot_result snapshot_take(struct snapshotter *snapshotter, const struct queue *queue,
				   struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

/* Names the driver's callback and the transport's doorbell; reads all of /proc/kallsyms. */
void snapshot_find_symbols(struct snapshot *snapshot);

/* ---- without a kernel: snapshot_areas.c ---- */

/*
 * Points areas and notes into @copy by what @head says of the driver's arrays. Return: what is
 * wrong with them, or NULL.
 */
const char *snapshot_attach(struct snapshot *snapshot);

static inline const struct vring_desc *snapshot_desc(const struct snapshot *s)
{
	return s->area[VT_DESC];
}

static inline const struct vring_packed_desc *snapshot_packed(const struct snapshot *s)
{
	return s->area[VT_DESC];
}

/* The three areas as ring/ knows them, of a split ring. */
static inline struct vring snapshot_vring(const struct snapshot *s)
{
	return (struct vring){ s->head.num, (void *)s->area[VT_DESC], (void *)s->area[VT_DRIVER],
			       (void *)s->area[VT_DEVICE] };
}

/* The table that @slot refers to, or NULL. */
const struct vt_table *snapshot_table(const struct snapshot *s, unsigned int slot);

#endif
