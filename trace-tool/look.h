/* SPDX-License-Identifier: MIT */
/*
 * Looking at queues as they are: what ls, show, check, irq and stall begin with.
 */
#ifndef TRACE_TOOL_LOOK_H
#define TRACE_TOOL_LOOK_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "queues.h"
#include "snapshot.h"

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

/**
 * look_each - call @visit with a snapshot of each queue, or of each file, that @words name
 * @files: words that are files count as snapshots that were saved
 * @visit: @queue and @look are NULL for a file. Return: 0, or an exit status, which is kept.
 *
 * A device that is removed meanwhile is said to be gone and passed over.
 *
 * Return: the first exit status that is not 0, or 0.
 */
int look_each(const struct words *words, bool files, look_visitor *visit, void *arg);

/* The same for queues of the kernel only. */
int look_queues(const struct words *words, look_visitor *visit, void *arg);

#endif
