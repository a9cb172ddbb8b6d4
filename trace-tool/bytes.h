/* SPDX-License-Identifier: MIT */
/*
 * A ring's memory, sixteen bytes a line, and what they are.
 */
#ifndef TRACE_TOOL_BYTES_H
#define TRACE_TOOL_BYTES_H

#include "snapshot.h"

/* Addresses are those the device knows, where the driver keeps them; else offsets. */
void bytes_print(const struct snapshot *s);

#endif
