/* SPDX-License-Identifier: MIT */
/*
 * In the place of look_kernel.c, where only recordings can be looked at.
 */
#include "look.h"
#include "tool.h"

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
