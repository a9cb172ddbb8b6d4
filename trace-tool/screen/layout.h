/* SPDX-License-Identifier: MIT */
/*
 * Which panels stand on a screen, and how many rows each gets.
 */
#ifndef TRACE_TOOL_SCREEN_LAYOUT_H
#define TRACE_TOOL_SCREEN_LAYOUT_H

#include "panel.h"

/* Draws what .panel asks for into @body, the rows between the lines at the top and the bottom. */
void layout_draw(struct screen *screen, const struct pane *body);

#endif
