/* SPDX-License-Identifier: MIT */
/*
 * A moment of a recording, as people write it.
 */
#ifndef TRACE_TOOL_MOMENT_H
#define TRACE_TOOL_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "1.5", "1.5s", "250ms", "12us", "7ns", "2min", "1:02.5": from the start. Return: whether it is
 * one.
 */
bool moment_parse(const char *text, uint64_t *ns);

#endif
