/* SPDX-License-Identifier: MIT */
/*
 * Which queues carry what vring-trace itself writes: to the terminal, to a file. Who looks at them
 * looks at himself, too.
 */
#ifndef TRACE_TOOL_SELF_H
#define TRACE_TOOL_SELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SELF_DEVICES 8

struct self {
	struct {
		uint16_t device;
		uint64_t queues; /* a bit for each of the first 64 */
	} list[SELF_DEVICES];
	size_t count;
};

/*
 * Looks in /sys for the device behind the terminal, or behind the connection that it belongs to,
 * and behind @file_fd; -1: there is no file.
 */
void self_find(struct self *self, int file_fd);

bool self_carries(const struct self *self, uint16_t device, uint16_t queue);

#endif
