/* SPDX-License-Identifier: MIT */
/*
 * The table of commands: what --help, help, completion and the manual page have to agree with.
 */
#ifndef TRACE_TOOL_COMMANDS_H
#define TRACE_TOOL_COMMANDS_H

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *summary;
};

const struct command *command_find(const char *name);

/* The command somebody may have meant, or NULL. */
const char *command_like(const char *name);

/* For argp: puts the commands in front of what --help says last. */
char *commands_help(int key, const char *text, void *input);

#endif
