/* SPDX-License-Identifier: MIT */
/*
 * What the commands of vring-trace share: exit statuses, messages, the options that each of them
 * takes, and the table of commands.
 */
#ifndef TRACE_TOOL_TOOL_H
#define TRACE_TOOL_TOOL_H

#include <argp.h>
#include <stdbool.h>

#define VRING_TRACE_VERSION "0.1"

enum tool_exit {
	TOOL_OK = 0,
	TOOL_FAILED = 1,   /* output could not be written, a command could not be started */
	TOOL_FINDING = 1,  /* check and stall: there is something to see */
	TOOL_USAGE = 2,	   /* the words on the command line */
	TOOL_NO_TRACE = 3, /* this kernel or these rights do not allow it; the message says which */
	TOOL_INCOMPLETE = 4 /* --strict, and something was lost or missed */
};

enum tool_backend {
	BACKEND_AUTO, /* fentry, and kprobe where there is none */
	BACKEND_FENTRY,
	BACKEND_KPROBE
};

/* The options that every command takes, before its name or behind it. */
struct tool_options {
	int verbose; /* 0, or how often -v was given: 1 shows libbpf's warnings, 2 all it says */
	bool json;
	bool strict;
	bool explain; /* name the book's chapters */
	bool dry_run;
	bool no_self;
	bool wall_clock;
	bool ascii;
	bool colour; /* stdout may be coloured: decided once the line is parsed */
	unsigned int rate_hz;
	unsigned int pid;	/* 0: all */
	const char *btf;	/* NULL: the kernel's own */
	const char *ready_file; /* NULL: none */
	enum tool_backend backend;
};

extern struct tool_options tool;

/* For the children of each command's argp. */
extern const struct argp_child tool_children[];

/* "vring-trace: ..." and a newline on stderr; with --json an object {"error": "..."}. */
void tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* While a screen is up: messages go into @text, the last one stays. NULL: to stderr again. */
void tool_error_into(char *text, size_t size);

/**
 * tool_flush - push stdout out
 *
 * Return: 0, or TOOL_FAILED after one message (the first time) if a byte of it could not be
 * written. A reader that went away (EPIPE) is no failure to speak of: the message is left out.
 */
int tool_flush(void);

enum tool_colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_QUIET, COLOUR_WARN, COLOUR_BAD };

/* The escape sequences that begin and end @colour; "" where none is wanted. */
const char *tool_colour_on(enum tool_colour colour);
const char *tool_colour_off(enum tool_colour colour);

/* The commands; the last has no name. */
struct tool_command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args; /* "[QUEUE...]" */
	const char *what; /* what it is for, in half a line */
};
extern const struct tool_command tool_commands[];

/* What else differs between vring-trace and the vring-trace of recordings only. */
struct tool_program {
	int (*no_command)(int argc, char **argv); /* what runs without a COMMAND */
	const char *about;			  /* what it is for, and what it does then */
	const char *examples;			  /* and what a QUEUE is */
};
extern const struct tool_program tool_program;

/* Each command parses its own arguments; argv[0] is its name. Return: the exit status. */
int top_main(int argc, char **argv);
int top_or_stat(int argc, char **argv); /* on a terminal, or not */
int live_main(int argc, char **argv);
int ls_main(int argc, char **argv);
int trace_main(int argc, char **argv);
int why_main(int argc, char **argv);
int stat_main(int argc, char **argv);
int lat_main(int argc, char **argv);
int show_main(int argc, char **argv);
int check_main(int argc, char **argv);
int stall_main(int argc, char **argv);
int diff_main(int argc, char **argv);
int irq_main(int argc, char **argv);
int record_main(int argc, char **argv);
int replay_main(int argc, char **argv);
int export_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int completion_main(int argc, char **argv);
int help_main(int argc, char **argv);
int version_main(int argc, char **argv);

#endif
