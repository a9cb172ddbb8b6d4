/* SPDX-License-Identifier: MIT */
/*
 * The commands of vring-trace in a guest.
 */
#include <stddef.h>

#include "tool.h"

const struct tool_command tool_commands[] = {
	{ "ls", ls_main, "[QUEUE...]", "every queue; needs no traffic" },
	{ "show", show_main, "QUEUE|FILE...", "rings in memory, decoded" },
	{ "trace", trace_main, "[QUEUE...] [-- COMMAND]", "each event" },
	{ "why", why_main, "[QUEUE...] [-- COMMAND]", "kick or not: why" },
	{ "stat", stat_main, "[QUEUE...] [INTERVAL [COUNT]]", "counts per queue" },
	{ "lat", lat_main, "[QUEUE...] [INTERVAL [COUNT]]", "times between events" },
	{ "stall", stall_main, "[QUEUE...]", "what is stuck, and where" },
	{ "record", record_main, "[QUEUE...] [-- COMMAND]", "all of it, into a file" },
	{ "irq", irq_main, "[QUEUE...]", "their interrupts, lost ones" },
	{ "check", check_main, "[QUEUE|FILE...]", "rules of rings that are broken" },
	{ "doctor", doctor_main, "", "what works here, tested" },
	{ "completion", completion_main, "", "words for bash to offer" },
	{ "help", help_main, "[COMMAND]", "this, or help on COMMAND" },
	{ "version", version_main, "", "the version" },
	{ 0 },
};
