/* SPDX-License-Identifier: MIT */
/*
 * A screen as a figure.
 */
#ifndef TRACE_TOOL_EXPORT_SVG_H
#define TRACE_TOOL_EXPORT_SVG_H

#include "../screen/frame.h"

/* Return: 0, or a negative errno, and then there is no such file. */
int export_svg_frame(const struct frame *frame, const char *path);

#endif
