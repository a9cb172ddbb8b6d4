/* SPDX-License-Identifier: MIT */
/*
 * The figures of export --to svg: a ring at one moment, and requests in time.
 */
#ifndef TRACE_TOOL_EXPORT_SVG_FIGURES_H
#define TRACE_TOOL_EXPORT_SVG_FIGURES_H

#include "export.h"
#include "../snapshot.h"

/* @when: a few words about the moment. Return: 0 or -ENOMEM. */
int svg_ring(FILE *out, const struct snapshot *s, const char *device, const char *when);

/* The time line. Return: 0, or an exit status after one message. */
int svg_time_line(struct export *x);

#endif
