/* SPDX-License-Identifier: MIT */
/*
 * Looking at the queues of this kernel.
 */
#include <string.h>

#include "vring_trace.skel.h"

#include "kernel.h"
#include "../look.h"
#include "../tool.h"

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

bool look_again(struct look *look, const struct queue *queue, struct snapshot *snapshot)
{
	return snapshot_take(look->snapshotter, queue, snapshot) == SNAPSHOT_OK;
}

static int visit_queue(struct look *look, const struct queue *queue, look_visitor *visit, void *arg)
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

int look_queues(const struct words *words, look_visitor *visit, void *arg)
{
	struct look look;
	int status = 0, one = look_open(&look, words, true);

	for (size_t i = 0; !one && i < look.queues.count; i++) {
		int this = 0;

		if (look.queues.list[i].selected)
			this = visit_queue(&look, &look.queues.list[i], visit, arg);
		status = status ? status : this;
	}
	look_close(&look);
	return status ? status : one;
}
