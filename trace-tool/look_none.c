/* SPDX-License-Identifier: MIT */
/*
 * In the place of look_kernel.c, where only recordings can be looked at.
 */
#include <string.h>

#include "look.h"
#include "tool.h"

bool look_again(struct look *look, const struct queue *queue, struct snapshot *snapshot)
{
	(void)look;
	(void)queue;
	memset(snapshot, 0, sizeof(*snapshot));
	return false;
}

int look_queues(const struct words *words, look_visitor *visit, void *arg)
{
	(void)visit;
	(void)arg;
	if (words->count)
		tool_error("no such file: %s (this vring-trace reads recordings only)",
			   words->list[0]);
	else
		tool_error("name a recording: this vring-trace reads recordings only");
	return TOOL_USAGE;
}
