/* SPDX-License-Identifier: MIT */
/*
 * What must hold in a ring at any moment, and where the specification says so.
 */
#ifndef TRACE_TOOL_INVARIANTS_H
#define TRACE_TOOL_INVARIANTS_H

#include <stddef.h>

#include "snapshot.h"

enum rule {
	RULE_ALIGNED,
	RULE_BROKEN,
	RULE_DRIVER_FREE,
	RULE_DRIVER_LIST,
	/* split */
	RULE_AVAIL_IDX,
	RULE_IN_FLIGHT,
	RULE_UNREAPED,
	RULE_AVAIL_HEAD,
	RULE_USED_ID,
	RULE_USED_LEN,
	RULE_AVAIL_FLAGS,
	RULE_USED_FLAGS,
	RULE_CHAIN_NEXT,
	RULE_CHAIN_LOOP,
	RULE_CHAIN_SHARED,
	RULE_DESC_REWRITTEN,
	RULE_DESC_ORDER,
	RULE_NEXT_INDIRECT,
	RULE_INDIRECT_FEATURE,
	RULE_TABLE_LEN,
	RULE_TABLE_SIZE,
	RULE_TABLE_NESTED,
	RULE_TABLE_NEXT,
	RULE_TABLE_LOOP,
	RULE_TABLE_ORDER,
	/* packed */
	RULE_PACKED_POSITION,
	RULE_PACKED_WINDOW,
	RULE_PACKED_NEXT_FREE,
	RULE_PACKED_ID,
	RULE_PACKED_USED_ID,
	RULE_PACKED_USED_LEN,
	RULE_PACKED_INDIRECT_CHAIN,
	RULE_PACKED_INDIRECT_FEATURE,
	RULE_PACKED_TABLE_FLAGS,
	RULE_PACKED_TABLE_LEN,
	RULE_PACKED_TABLE_ORDER,
	RULE_PACKED_ORDER,
	RULE_PACKED_DRIVER_EVENT,
	RULE_PACKED_DEVICE_EVENT,
	RULE_PACKED_EVENT_SLOT,
	RULES
};

/* Where it is written, and the rule in a few words. */
const char *rule_clause(enum rule rule);
const char *rule_text(enum rule rule);

struct finding {
	enum rule rule;
	unsigned int slot; /* or buffer id; 0 where the whole ring is meant */
	char detail[96];   /* the numbers */
};

#define MAX_FINDINGS 64

struct findings {
	struct finding list[MAX_FINDINGS];
	size_t count;
	size_t left_out; /* more than there is room for */
};

/* Every rule that @s breaks. */
void invariants_check(const struct snapshot *s, struct findings *findings);

/* Drops from @findings what is not in @again too: the ring was between two states. */
void findings_keep_common(struct findings *findings, const struct findings *again);

/* ---- shared with the half for packed rings ---- */

void invariants_found(struct findings *findings, enum rule rule, unsigned int slot,
		      const char *detail, ...) __attribute__((format(printf, 4, 5)));
void invariants_check_packed(const struct snapshot *s, struct findings *findings);

#endif
