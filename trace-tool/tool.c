/* SPDX-License-Identifier: MIT */
/*
 * What all commands share: output, colours, and the options that each of them takes.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

struct tool_options tool = { .rate_hz = 50 };

int tool_flush(void)
{
	static bool told;

	if (!fflush(stdout) && !ferror(stdout))
		return TOOL_OK;
	if (errno != EPIPE && !told)
		tool_error("cannot write the output: %s", strerror(errno));
	told = true;
	return TOOL_FAILED;
}

const char *tool_colour_on(enum tool_colour colour)
{
	static const char *const begin[] = {
		[COLOUR_NONE] = "",	    [COLOUR_GOOD] = "\033[32m", [COLOUR_QUIET] = "\033[2m",
		[COLOUR_WARN] = "\033[33m", [COLOUR_BAD] = "\033[31m",
	};

	return tool.colour ? begin[colour] : "";
}

const char *tool_colour_off(enum tool_colour colour)
{
	return tool.colour && colour != COLOUR_NONE ? "\033[0m" : "";
}

/* ---- the options of every command ---- */

enum {
	OPT_BTF = 256,
	OPT_BACKEND,
	OPT_STRICT,
	OPT_READY_FILE,
	OPT_COLOUR,
	OPT_NO_SELF,
	OPT_DRY_RUN,
	OPT_EXPLAIN,
	OPT_ASCII,
};

static const struct argp_option global_options[] = {
	{ "json", 'j', NULL, 0, "JSON, one object a line", 0 },
	{ "pid", 'p', "PID", 0,
	  "only what process PID does itself, not what kernel threads do for it; and the "
	  "reaps of the buffers it added",
	  0 },
	{ "wall-clock", 'T', NULL, 0, "the time of day, not seconds since the start", 0 },
	{ "rate", 'r', "HZ", 0, "look into the event buffer HZ times a second [50]", 0 },
	{ "no-self", OPT_NO_SELF, NULL, 0, "without what vring-trace itself does", 0 },
	{ "strict", OPT_STRICT, NULL, 0, "exit status 4 if any event was lost or missed", 0 },
	{ "backend", OPT_BACKEND, "NAME", 0, "auto, fentry or kprobe [auto]", 0 },
	{ "btf", OPT_BTF, "FILE", 0, "the kernel's type information, where it has none of its own",
	  0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "say which hooks would be set, and set none", 0 },
	{ "explain", OPT_EXPLAIN, NULL, 0,
	  "trace, why: name the chapter of the book that explains a word, once", 0 },
	{ "ready-file", OPT_READY_FILE, "FILE", 0, "create FILE once all hooks are set", 0 },
	{ "color", OPT_COLOUR, "WHEN", 0, "auto, always, never; NO_COLOR is honoured [auto]", 0 },
	{ "ascii", OPT_ASCII, NULL, 0, "screens: no letters beyond ASCII", 0 },
	{ "verbose", 'v', NULL, 0, "show libbpf's warnings; twice, all it says", 0 },
	{ 0 },
};

static unsigned int parse_number(struct argp_state *state, const char *what, const char *arg,
				 unsigned long max)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || arg[0] == '-' || !number || number > max)
		argp_error(state, "%s is a number from 1 to %lu: %s", what, max, arg);
	return number;
}

static int parse_choice(struct argp_state *state, const char *what, const char *arg,
			const char *const names[3])
{
	for (int i = 0; i < 3; i++)
		if (!strcmp(arg, names[i]))
			return i;
	argp_error(state, "%s is %s, %s or %s: %s", what, names[0], names[1], names[2], arg);
	return 0;
}

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
	static const char *const backends[] = { "auto", "fentry", "kprobe" };
	static const char *const whens[] = { "auto", "always", "never" };
	const char *no_color = getenv("NO_COLOR");
	static int when;

	switch (key) {
	case 'j':
		tool.json = true;
		return 0;
	case 'p':
		tool.pid = parse_number(state, "PID", arg, 1u << 22);
		return 0;
	case 'T':
		tool.wall_clock = true;
		return 0;
	case 'r':
		tool.rate_hz = parse_number(state, "HZ", arg, 1000);
		return 0;
	case 'v':
		tool.verbose++;
		return 0;
	case OPT_NO_SELF:
		tool.no_self = true;
		return 0;
	case OPT_STRICT:
		tool.strict = true;
		return 0;
	case OPT_DRY_RUN:
		tool.dry_run = true;
		return 0;
	case OPT_EXPLAIN:
		tool.explain = true;
		return 0;
	case OPT_ASCII:
		tool.ascii = true;
		return 0;
	case OPT_BTF:
		tool.btf = arg;
		return 0;
	case OPT_READY_FILE:
		tool.ready_file = arg;
		return 0;
	case OPT_BACKEND:
		tool.backend = parse_choice(state, "--backend", arg, backends);
		return 0;
	case OPT_COLOUR:
		when = parse_choice(state, "--color", arg, whens);
		return 0;
	case ARGP_KEY_INIT:
	case ARGP_KEY_SUCCESS:
		tool.colour = when == 1 ||
			      (when == 0 && isatty(STDOUT_FILENO) && !(no_color && no_color[0]));
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp global_argp = {
	global_options, parse_global, NULL, NULL, NULL, NULL, NULL
};
const struct argp_child tool_children[] = { { &global_argp, 0, "With every command:", 10 }, { 0 } };
