/* SPDX-License-Identifier: MIT */
/*
 * The commands, and those three that are about the others: help, version, completion.
 */
#include <argp.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "suggest.h"
#include "tool.h"

static int completion_main(int argc, char **argv);
static int help_main(int argc, char **argv);
static int version_main(int argc, char **argv);

static const struct command commands[] = {
	{ "ls", ls_main, "[QUEUE...]", "every queue, with no traffic needed" },
	{ "show", show_main, "QUEUE|FILE...", "draw a ring, or dump its bytes" },
	{ "trace", trace_main, "[QUEUE...] [-- COMMAND]",
	  "each event, until Ctrl-C or COMMAND's end" },
	{ "why", why_main, "[QUEUE...] [-- COMMAND]",
	  "each kick, or none, and each interrupt: why" },
	{ "stat", stat_main, "[QUEUE...] [INTERVAL [COUNT]]", "counts, added up in the kernel" },
	{ "lat", lat_main, "[QUEUE...] [INTERVAL [COUNT]]",
	  "histograms of the times between events" },
	{ "stall", stall_main, "[QUEUE...]", "work that does not move, and who is to blame" },
	{ "irq", irq_main, "[QUEUE...]", "each queue's interrupt, its vector and CPU" },
	{ "check", check_main, "[QUEUE|FILE...]", "hold rings against the specification" },
	{ "doctor", doctor_main, "", "what works here, and a test of itself" },
	{ "completion", completion_main, "bash", "a script that completes command lines" },
	{ "help", help_main, "[COMMAND]", "this, or all about a COMMAND" },
	{ "version", version_main, "", "version, and what it was built with" },
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

const char *command_like(const char *name)
{
	static struct suggestion suggestion;

	suggestion = (struct suggestion){ .word = name };
	for (size_t i = 0; i < COMMANDS; i++)
		suggest(&suggestion, commands[i].name);
	return suggestion.best[0] ? suggestion.best : NULL;
}

char *commands_help(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t size;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC || !(out = open_memstream(&help, &size)))
		return (char *)text;
	fprintf(out, "Commands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %-29s %s\n", commands[i].name, commands[i].arguments,
			commands[i].summary);
	fprintf(out, "\n%s", text);
	fclose(out);
	return help;
}

/* ---- help ---- */

static int help_main(int argc, char **argv)
{
	char *ask[] = { NULL, (char *)"--help", NULL };
	const struct command *command;

	if (argc < 2) {
		char *self[] = { (char *)"vring-trace", (char *)"--help", NULL };

		return tool_main(2, self);
	}
	command = command_find(argv[1]);
	if (!command) {
		tool_error("no such command: %s; vring-trace --help lists them", argv[1]);
		return TOOL_USAGE;
	}
	ask[0] = (char *)command->name;
	return command->run(2, ask);
}

/* ---- version ---- */

static error_t parse_nothing(int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG)
		argp_error(state, "nothing goes behind it: %s", arg);
	return key == ARGP_KEY_INIT ? 0 : ARGP_ERR_UNKNOWN;
}

static int version_main(int argc, char **argv)
{
	static const struct argp argp = { NULL,		 parse_nothing, "",  "Print the version.",
					  tool_children, NULL,		NULL };

	argv[0] = (char *)"vring-trace version";
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	printf("vring-trace %s, libbpf %s, gcc or clang %s\n", VRING_TRACE_VERSION,
	       libbpf_version_string(), __VERSION__);
	return tool_flush();
}

/* ---- completion ---- */

/* Asks the program itself for its commands and options, and so is never behind. */
static const char bash_script[] =
	"# vring-trace completion bash >/etc/bash_completion.d/vring-trace\n"
	"_vring_trace()\n"
	"{\n"
	"	local word=${COMP_WORDS[COMP_CWORD]} command= i\n"
	"	COMPREPLY=()\n"
	"	for ((i = 1; i < COMP_CWORD; i++)); do\n"
	"		case ${COMP_WORDS[i]} in\n"
	"		--) return ;;\n"
	"		-*) ;;\n"
	"		*) [ -n \"$command\" ] || command=${COMP_WORDS[i]} ;;\n"
	"		esac\n"
	"	done\n"
	"	case $command:$word in\n"
	"	*:-*) mapfile -t COMPREPLY < <(compgen -W \"$(\"$1\" $command --help 2>/dev/null |\n"
	"		grep -oE -- '--[a-z][a-z-]+')\" -- \"$word\") ;;\n"
	"	:* | help:*) mapfile -t COMPREPLY < <(compgen -W \"$(\"$1\" --help |\n"
	"		sed -n '/^Commands:/,/^$/s/^ *\\([a-z]*\\) .*/\\1/p')\" -- \"$word\") ;;\n"
	"	completion:*) mapfile -t COMPREPLY < <(compgen -W bash -- \"$word\") ;;\n"
	"	*) mapfile -t COMPREPLY < <(compgen -W \"$(cd /sys/bus/virtio/devices 2>/dev/null &&\n"
	"		ls -d virtio* virtio*/block/* virtio*/net/* 2>/dev/null |\n"
	"		sed 's,.*/,,')\" -- \"$word\")\n"
	"		case $command in show | check)\n"
	"			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
	"		esac ;;\n"
	"	esac\n"
	"}\n"
	"complete -F _vring_trace vring-trace\n";

static error_t parse_shell(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		return 0;
	case ARGP_KEY_ARG:
		if (strcmp(arg, "bash") != 0)
			argp_error(state, "no such shell: %s; there is bash", arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "for which shell? there is bash");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int completion_main(int argc, char **argv)
{
	static const struct argp argp = {
		NULL,
		parse_shell,
		"bash",
		"Print a script that completes the command lines of vring-trace: commands, options, "
		"devices."
		"\v"
		"EXAMPLES:\n"
		"  . <(vring-trace completion bash)     # for this shell\n",
		tool_children,
		NULL,
		NULL
	};

	argv[0] = (char *)"vring-trace completion";
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	fputs(bash_script, stdout);
	return tool_flush();
}
