/* SPDX-License-Identifier: MIT */
/*
 * The commands of vring-trace where only recordings can be read.
 */
#include <stddef.h>

#include "tool.h"

const struct tool_command tool_commands[] = {
	{ "show", show_main, "FILE...", "rings in memory, decoded" },
	{ "check", check_main, "FILE...", "rules of rings that are broken" },
	{ "replay", replay_main, "FILE [QUEUE]", "a recording on the screen, played" },
	{ "export", export_main, "FILE [QUEUE...]", "a recording in another format" },
	{ "diff", diff_main, "FILE FILE [QUEUE...]", "two recordings compared" },
	{ "completion", completion_main, "", "words for bash to offer" },
	{ "help", help_main, "[COMMAND]", "this, or help on COMMAND" },
	{ "version", version_main, "", "the version" },
	{ 0 },
};

const struct tool_program tool_program = {
	help_main,
	"See what happened to the virtqueues of a Linux guest, in a recording that vring-trace made "
	"there. Without a COMMAND: this help.",
	"EXAMPLES:\n"
	"  vring-trace-files show boot.vrt     # the rings as they were at the end\n"
	"  vring-trace-files check boot.vrt    # was a rule broken, and when\n"
};
