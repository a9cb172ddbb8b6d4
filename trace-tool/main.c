/* SPDX-License-Identifier: MIT */
/*
 * vring-trace: finds the command that is asked for. Which there are is in commands.c, and what
 * those do in files of their own.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "suggest.h"
#include "tool.h"

int main(int argc, char **argv);

/* What stands before the \v and behind it is the program's: see add_words(). */
static const char doc[] =
	" \v"
	"Exit status: 0 fine; 1 a finding, or output or command failed; 2 usage;\n"
	"3 cannot trace here; 4 data incomplete under --strict. With a COMMAND that\n"
	"ran, its own.";

static const struct tool_command *find_command(const char *name)
{
	for (const struct tool_command *command = tool_commands; command->name; command++)
		if (!strcmp(name, command->name))
			return command;
	return NULL;
}

static int refuse_command(const char *name)
{
	struct suggestion meant = { .word = name };

	for (const struct tool_command *command = tool_commands; command->name; command++)
		suggest(&meant, command->name);
	if (meant.best[0])
		tool_error("no such command: %s; is it %s?", name, meant.best);
	else
		tool_error("no such command: %s; vring-trace help lists them", name);
	return TOOL_USAGE;
}

static int run_command(struct argp_state *state, const char *name)
{
	/* The command gets the rest of the line, its own name first. */
	int argc = state->argc - state->next + 1;
	char **argv = state->argv + state->next - 1;

	const struct tool_command *command = find_command(name);

	state->next = state->argc;
	return command ? command->run(argc, argv) : refuse_command(name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char *alone[] = { state->argv[0], NULL };

	switch (key) {
	case ARGP_KEY_ARG:
		*(int *)state->input = run_command(state, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		*(int *)state->input = tool_program.no_command(1, alone);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* In front of the options what the program is for; behind them the commands, and examples. */
static char *add_words(int key, const char *text, void *input)
{
	char *out = NULL;
	size_t bytes;
	FILE *file;

	(void)input;
	if (key == ARGP_KEY_HELP_PRE_DOC)
		return strdup(tool_program.about);
	if (key != ARGP_KEY_HELP_POST_DOC || !(file = open_memstream(&out, &bytes)))
		return (char *)text;
	fputs("Commands:\n", file);
	for (const struct tool_command *command = tool_commands; command->name; command++)
		fprintf(file, "  %-10s %-28s %s\n", command->name, command->args, command->what);
	fprintf(file, "\n%s\n%s", tool_program.examples, text);
	fclose(file);
	return out;
}

int version_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("vring-trace " VRING_TRACE_VERSION "\n"
	     "BPF by CO-RE for Linux 5.19 and later; recordings of version 1");
	return tool_flush();
}

int help_main(int argc, char **argv)
{
	const struct tool_command *command = argc > 1 ? find_command(argv[1]) : NULL;
	char *words[] = { (char *)"vring-trace", (char *)"--help", NULL };

	if (argc > 1 && !command)
		return refuse_command(argv[1]);
	if (command && command->run != help_main && command->run != version_main &&
	    command->run != completion_main) {
		command->run(2, words); /* prints its help, and ends */
		return TOOL_OK;
	}
	return main(2, words);
}

int main(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse,	       "[COMMAND [ARGUMENT...]]",
					  doc,	tool_children, add_words,
					  NULL };
	int status = TOOL_OK;

	argp_program_version = "vring-trace " VRING_TRACE_VERSION;
	argp_err_exit_status = TOOL_USAGE;
	/* A reader that goes away shows as a failed write, after which the hooks are taken off. */
	signal(SIGPIPE, SIG_IGN);
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &status);
	return status;
}
