/* SPDX-License-Identifier: MIT */
/*
 * vring-trace: the options that all commands take, and the table of commands. The commands are in
 * files of their own.
 */
#include <argp.h>
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suggest.h"
#include "tool.h"

struct tool_options tool = { .rate_hz = 50 };

/* ---- messages ---- */

void tool_error(const char *format, ...)
{
	char text[1024];
	va_list args;

	fflush(stdout);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (tool.json) {
		json_object *object = json_object_new_object();

		json_object_object_add(object, "error", json_object_new_string(text));
		fprintf(stderr, "%s\n",
			json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
	} else {
		fprintf(stderr, "vring-trace: %s\n", text);
	}
}

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
};

static const struct argp_option global_options[] = {
	{ "json", 'j', NULL, 0, "JSON, one object a line", 0 },
	{ "pid", 'p', "PID", 0,
	  "only what process PID does itself, not what kernel threads do for it; and the "
	  "reaps of the buffers it added",
	  0 },
	{ "wall-clock", 'T', NULL, 0, "the time of day instead of seconds since the start", 0 },
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
	{ "color", OPT_COLOUR, "WHEN", 0, "auto, always or never; NO_COLOR is honoured [auto]", 0 },
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

/* ---- the commands ---- */

int main(int argc, char **argv);
static int help_main(int argc, char **argv);
static int version_main(int argc, char **argv);

const struct tool_command tool_commands[] = {
	{ "ls", ls_main, "[QUEUE...]", "every queue; needs no traffic" },
	{ "show", show_main, "QUEUE|FILE...", "rings in memory, decoded" },
	{ "trace", trace_main, "[QUEUE...] [-- COMMAND]", "each event" },
	{ "why", why_main, "[QUEUE...] [-- COMMAND]", "kick or not: why" },
	{ "stat", stat_main, "[QUEUE...] [INTERVAL [COUNT]]", "counts per queue" },
	{ "lat", lat_main, "[QUEUE...] [INTERVAL [COUNT]]", "times between events" },
	{ "stall", stall_main, "[QUEUE...]", "what is stuck, and where" },
	{ "irq", irq_main, "[QUEUE...]", "their interrupts, lost ones" },
	{ "check", check_main, "[QUEUE|FILE...]", "rules of rings that are broken" },
	{ "doctor", doctor_main, "", "what works here, tested" },
	{ "completion", completion_main, "", "words for bash to offer" },
	{ "help", help_main, "[COMMAND]", "this, or help on COMMAND" },
	{ "version", version_main, "", "the version" },
	{ 0 },
};

static const char doc[] =
	"See the virtqueues of this Linux guest: who put what into them, who was told, and why. "
	"Without a COMMAND: one second of `stat` over all queues."
	"\v"
	"QUEUE: virtio1, virtio1/req.0, virtio1:0, vda, eth0, or a pattern over these\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace ls                      # what is there\n"
	"  vring-trace trace vda               # every event of the disk's queues\n"
	"  vring-trace trace -n 20 eth0        # the first 20 events of the card\n"
	"  vring-trace trace -- ping -c 3 gw   # everything while a command runs\n"
	"  vring-trace why --reason full vda   # kicks forced by a full ring\n"
	"  vring-trace stall --watch           # wait until something is stuck\n"
	"  vring-trace stat vda 5              # what the disk did, every 5 seconds\n"
	"\n"
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
	char *alone[] = { (char *)"stat", NULL };

	switch (key) {
	case ARGP_KEY_ARG:
		*(int *)state->input = run_command(state, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		*(int *)state->input = stat_main(1, alone);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* The commands with what they take, in front of the text behind the options. */
static char *add_commands(int key, const char *text, void *input)
{
	char *out = NULL;
	size_t bytes;
	FILE *file;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC || !(file = open_memstream(&out, &bytes)))
		return (char *)text;
	fputs("Commands:\n", file);
	for (const struct tool_command *command = tool_commands; command->name; command++)
		fprintf(file, "  %-10s %-28s %s\n", command->name, command->args, command->what);
	fprintf(file, "\n%s", text);
	fclose(file);
	return out;
}

static int version_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("vring-trace " VRING_TRACE_VERSION "\n"
	     "BPF by CO-RE for Linux 5.19 and later; recordings of version 1");
	return tool_flush();
}

static int help_main(int argc, char **argv)
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
					  doc,	tool_children, add_commands,
					  NULL };
	int status = TOOL_OK;

	argp_program_version = "vring-trace " VRING_TRACE_VERSION;
	argp_err_exit_status = TOOL_USAGE;
	/* A reader that goes away shows as a failed write, after which the hooks are taken off. */
	signal(SIGPIPE, SIG_IGN);
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &status);
	return status;
}
