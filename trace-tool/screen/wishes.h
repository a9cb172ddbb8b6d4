/* SPDX-License-Identifier: MIT */
/*
 * What each side asked the other for: the device to be kicked, the driver to be interrupted. The
 * ring's memory says so as of its copy, events as of when they happened; the newer one counts.
 */
#ifndef TRACE_TOOL_SCREEN_WISHES_H
#define TRACE_TOOL_SCREEN_WISHES_H

#include "../watch.h"

enum wish_kind { WISH_UNKNOWN, WISH_ALWAYS, WISH_NEVER, WISH_AT, WISH_RESERVED };

struct wish {
	enum wish_kind kind;
	uint16_t event; /* with WISH_AT: the index, or slot and wrap counter */
	uint16_t flags; /* as they were in memory */
	/* NULL: it still stands, as far as anybody can tell; or whose word it was. */
	const char *as_of;
};

struct wishes {
	struct wish kick, irq;
};

struct wishes wishes_find(const struct watch *w);

#endif
