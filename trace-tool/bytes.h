/* SPDX-License-Identifier: MIT */
/*
 * A ring's memory, sixteen bytes a line, and what they are.
 */
#ifndef TRACE_TOOL_BYTES_H
#define TRACE_TOOL_BYTES_H

#include "snapshot.h"

enum bytes_kind { BYTES_TITLE, BYTES_LINE, BYTES_SUMMED };

/* @text has no newline. */
typedef void bytes_line(void *arg, enum bytes_kind kind, const char *text);

/**
 * bytes_lines - the lines from @first on, @count at most
 *
 * @compact: bytes in groups of four
 *
 * Addresses are those the device knows, where the driver keeps them; else offsets.
 *
 * Return: how many lines there are in all.
 */
unsigned int bytes_lines(const struct snapshot *s, unsigned int first, unsigned int count,
			 bool compact, bytes_line *line, void *arg);

/* All of them, to stdout. */
void bytes_print(const struct snapshot *s);

#endif
