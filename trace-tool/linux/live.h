/* SPDX-License-Identifier: MIT */
/*
 * One queue on the terminal, as top opens it.
 */
#ifndef TRACE_TOOL_LIVE_H
#define TRACE_TOOL_LIVE_H

#include <stdbool.h>

/**
 * live_open - show a queue on the terminal, which is open already
 * @queue: virtio1:0
 * @left: it was left for where it was opened from, and not quit
 *
 * Return: 0, or an exit status after one message.
 */
int live_open(const char *queue, bool *left);

/* "100x30" of --size. Return: whether it is a size. */
bool live_parse_size(const char *text, unsigned int *rows, unsigned int *cols);

/* Of --size, or of COLUMNS and LINES, or 80x24: for who has no terminal. */
void live_text_size(unsigned int *rows, unsigned int *cols);

#endif
