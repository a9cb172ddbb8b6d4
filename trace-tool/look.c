/* SPDX-License-Identifier: MIT */
/*
 * Opens what is looked at: the queues of the kernel, or files.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vring_trace.skel.h"

#include "kernel.h"
#include "look.h"
#include "tool.h"

error_t words_parse(struct words *words, int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		words->list = calloc(state->argc, sizeof(*words->list));
		if (!words->list) {
			tool_error("out of memory");
			exit(TOOL_FAILED);
		}
		state->child_inputs[0] = NULL;
		return 0;
	case ARGP_KEY_ARG:
		words->list[words->count++] = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

int look_open(struct look *look, const struct words *words, bool snapshots)
{
	int status;

	memset(look, 0, sizeof(*look));
	status = kernel_open(KERNEL_WALK, NULL, NULL, &look->skel);
	if (!status)
		status = queues_walk(look->skel, &look->queues);
	if (!status)
		status = queues_select(&look->queues, words->list, words->count);
	if (status)
		return status;
	for (size_t i = 0; i < look->queues.count; i++)
		look->selected += look->queues.list[i].selected;
	if (snapshots)
		look->snapshotter = snapshotter_open(&look->queues);
	return snapshots && !look->snapshotter ? TOOL_NO_TRACE : 0;
}

void look_close(struct look *look)
{
	snapshotter_close(look->snapshotter);
	queues_free(&look->queues);
	vring_trace__destroy(look->skel);
}

static bool is_file(const char *word)
{
	struct stat st;

	return !stat(word, &st) && S_ISREG(st.st_mode);
}

typedef int visitor(struct look *look, const struct queue *queue, struct snapshot *snapshot,
		    void *arg);

static int visit_file(const char *path, visitor *visit, void *arg)
{
	struct snapshot snapshot;
	int status = TOOL_USAGE;

	if (!snapshot_load(&snapshot, path))
		status = visit(NULL, NULL, &snapshot, arg);
	snapshot_free(&snapshot);
	return status;
}

static int visit_queue(struct look *look, const struct queue *queue, visitor *visit, void *arg)
{
	struct snapshot snapshot;
	int status = TOOL_FAILED;

	switch (snapshot_take(look->snapshotter, queue, &snapshot)) {
	case SNAPSHOT_OK:
		status = visit(look, queue, &snapshot, arg);
		break;
	case SNAPSHOT_GONE:
		tool_error("%s is gone: its device was removed", snapshot.name);
		break;
	case SNAPSHOT_FAILED:
		break;
	}
	snapshot_free(&snapshot);
	return status;
}

int look_each(const struct words *words, bool files, visitor *visit, void *arg)
{
	struct words live = { calloc(words->count + 1, sizeof(*live.list)), 0 };
	int status = live.list ? 0 : TOOL_FAILED, one;
	struct look look;

	for (size_t i = 0; live.list && i < words->count; i++) {
		if (!files || !is_file(words->list[i])) {
			live.list[live.count++] = words->list[i];
			continue;
		}
		one = visit_file(words->list[i], visit, arg);
		status = status ? status : one;
	}
	if (!live.list || (words->count && !live.count))
		goto out;
	one = look_open(&look, &live, true);
	for (size_t i = 0; !one && i < look.queues.count; i++) {
		int this = 0;

		if (look.queues.list[i].selected)
			this = visit_queue(&look, &look.queues.list[i], visit, arg);
		status = status ? status : this;
	}
	look_close(&look);
	status = status ? status : one;
out:
	free(live.list);
	return status;
}
