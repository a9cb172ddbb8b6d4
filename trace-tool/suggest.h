/* SPDX-License-Identifier: MIT */
/*
 * What somebody may have meant who mistyped a word.
 */
#ifndef TRACE_TOOL_SUGGEST_H
#define TRACE_TOOL_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *word; /* as it was typed */
	char best[64];	  /* "" while nothing is near */
	unsigned int distance;
};

/* Takes @candidate if it is nearer than the best so far, and near enough to be meant. */
void suggest(struct suggestion *suggestion, const char *candidate);

#endif
