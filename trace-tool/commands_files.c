/* SPDX-License-Identifier: MIT */
/*
 * The commands of vring-trace where only recordings can be read.
 */
#include <stddef.h>

#include "tool.h"

const struct tool_command tool_commands[] = {
	{ "show", show_main, "FILE...", "rings in memory, decoded" },
	{ "check", check_main, "FILE...", "rules of rings that are broken" },
	{ "completion", completion_main, "", "words for bash to offer" },
	{ "help", help_main, "[COMMAND]", "this, or help on COMMAND" },
	{ "version", version_main, "", "the version" },
	{ 0 },
};
