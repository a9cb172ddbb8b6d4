/* SPDX-License-Identifier: MIT */
/*
 * What the commands of vring-trace share: exit statuses, messages, and the table of commands.
 */
#ifndef TRACE_TOOL_TOOL_H
#define TRACE_TOOL_TOOL_H

#include <stdbool.h>

#define VRING_TRACE_VERSION "0.1"

enum tool_exit {
	TOOL_OK = 0,
	TOOL_FAILED = 1,  /* output could not be written, a command could not be started */
	TOOL_USAGE = 2,	  /* the words on the command line */
	TOOL_NO_TRACE = 3 /* this kernel or these rights do not allow it; the message says which */
};

/* 0, or how often -v was given: 1 shows libbpf's warnings, 2 all it says. */
extern int tool_verbose;

/* "vring-trace: ..." and a newline on stderr. */
void tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * tool_flush - push stdout out
 *
 * Return: 0, or TOOL_FAILED after one message if a byte of it could not be written. A reader that
 * went away (EPIPE) is no failure to speak of: the message is left out.
 */
int tool_flush(void);

/* Each command parses its own arguments; argv[0] is its name. Return: the exit status. */
int ls_main(int argc, char **argv);
int trace_main(int argc, char **argv);

#endif
