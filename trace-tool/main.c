/* SPDX-License-Identifier: MIT */
/*
 * vring-trace: picks the command. The commands are in files of their own.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

int tool_verbose;

void tool_error(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("vring-trace: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int tool_flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return TOOL_OK;
	if (errno != EPIPE)
		tool_error("cannot write the output: %s", strerror(errno));
	return TOOL_FAILED;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "ls", ls_main },
	{ "trace", trace_main },
};

static const char doc[] =
	"See the virtqueues of this Linux guest: who put what into them, who was told, and why."
	"\v"
	"Commands:\n"
	"  ls [QUEUE...]                  every queue, with no traffic needed\n"
	"  trace [QUEUE...] [-- COMMAND]  each event, until Ctrl-C or COMMAND's end\n"
	"\n"
	"QUEUE: virtio1, virtio1/req.0, virtio1:0, vda, eth0, or a pattern over these\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace ls                      # what is there\n"
	"  vring-trace trace vda               # every event of the disk's queues\n"
	"  vring-trace trace -n 20 eth0        # the first 20 events of the network card\n"
	"  vring-trace trace -- ping -c 3 gw   # everything while a command runs\n"
	"\n"
	"Exit status: 0 fine; 1 output or command failed; 2 usage; 3 cannot trace here.\n"
	"With a COMMAND that ran, its own status.";

static const struct argp_option options[] = {
	{ "verbose", 'v', NULL, 0, "show libbpf's warnings; twice, all it says", 0 },
	{ 0 },
};

static int run_command(struct argp_state *state, const char *name)
{
	/* The command gets the rest of the line, its own name first. */
	int argc = state->argc - state->next + 1;
	char **argv = state->argv + state->next - 1;

	state->next = state->argc;
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc, argv);
	tool_error("no such command: %s; vring-trace --help lists them", name);
	return TOOL_USAGE;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'v':
		tool_verbose++;
		return 0;
	case ARGP_KEY_ARG:
		*(int *)state->input = run_command(state, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		tool_error("which command? vring-trace --help lists them");
		exit(TOOL_USAGE);
	}
	return ARGP_ERR_UNKNOWN;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "COMMAND [ARGUMENT...]", doc, NULL,
					  NULL,	   NULL };
	int status = TOOL_OK;

	argp_program_version = "vring-trace " VRING_TRACE_VERSION;
	argp_err_exit_status = TOOL_USAGE;
	/* A reader that goes away shows as a failed write, after which the hooks are taken off. */
	signal(SIGPIPE, SIG_IGN);
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &status);
	return status;
}
