/* SPDX-License-Identifier: MIT */
/*
 * Looking at queues as they are: what ls, show, check, irq and stall begin with.
 */
#ifndef TRACE_TOOL_LOOK_H
#define TRACE_TOOL_LOOK_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linux/queues.h"
#include "snapshot.h"
#include "recording/vrt_read.h"

struct vring_trace;

/* The plain words of a command line. */
struct words {
	char **list; /* the caller frees the array */
	size_t count;
};

/* For a command's parser. Return: 0, or ARGP_ERR_UNKNOWN if it was no word. */
error_t words_parse(struct words *words, int key, char *arg, struct argp_state *state);

struct look {
	struct vring_trace *skel;
	struct queues queues;		 /* those asked for are selected */
	struct snapshotter *snapshotter; /* NULL unless asked for */
	size_t selected;		 /* queues */
};

/**
 * look_open - list the queues and select those that @words name
 * @snapshots: they will be copied
 *
 * Return: 0, or an exit status after one message. look_close undoes it, also after a failure.
 */
int look_open(struct look *look, const struct words *words, bool snapshots);
void look_close(struct look *look);

typedef int look_visitor(struct look *look, const struct queue *queue, struct snapshot *snapshot,
			 void *arg);

/* What is looked at in a recording. */
struct look_recording {
	bool every;	/* each key frame, in order of time; otherwise one of each queue, */
	uint64_t at_ns; /* the last one until so long after the first event; UINT64_MAX: the end */
	/* After the last frame of a file; may be NULL. Return: 0, or an exit status. */
	int (*end)(const struct look_recording *recording, void *arg);

	/* While a file is looked at. */
	const char *path;
	const struct vrt_file *file;
};

/**
 * look_each - call @visit with a snapshot of each queue that @words name
 * @recording: a word that is a file is a recording, and snapshots are taken from it; NULL: never
 * @visit: @queue and @look are NULL for a file. Return: 0, or an exit status, which is kept.
 *
 * A device that is removed meanwhile is said to be gone and passed over.
 *
 * Return: the first exit status that is not 0, or 0.
 */
int look_each(const struct words *words, struct look_recording *recording, look_visitor *visit,
	      void *arg);

/*
 * For a visitor: looks at the queue once more. The caller frees @snapshot, whatever is returned.
 * Return: whether the queue is still there.
 */
bool look_again(struct look *look, const struct queue *queue, struct snapshot *snapshot);

/* As look_each, for queues of the kernel only. */
int look_queues(const struct words *words, look_visitor *visit, void *arg);

#endif
