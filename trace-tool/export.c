/* SPDX-License-Identifier: MIT */
/*
 * vring-trace export: a recording in a format that others read. Each format has a file of its own;
 * here are the words on the command line and the file that the output goes to.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/export.h"
#include "tool.h"

static const char doc[] =
	"Turn the recording FILE into another format, whole or a part of it, of all queues or of "
	"those named. Needs no rights and no guest."
	"\v"
	"FORMAT  perfetto  for ui.perfetto.dev and trace_processor, a track a queue\n"
	"        chrome    for chrome://tracing and what else reads its JSON\n"
	"        json      a line for each event, as trace -j prints it, then the loss\n"
	"        csv       a row for each event, with all its fields\n"
	"        cast      replay, as asciinema plays it\n"
	"        svg       a figure: the ring --at a moment, or else requests in time\n"
	"TIME    since the first event: 1.5s, 200ms, 50us\n"
	"\n"
	"A buffer is a slice from its add to its reap. One that was in the ring\n"
	"before the recording began is shown from when it was added, as far as that\n"
	"is known; one whose reap is missing ends where its address is added again.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace export disk.vrt --to perfetto -o disk.pftrace\n"
	"  vring-trace export disk.vrt --to csv --from 1s --until 2s >second.csv\n"
	"  vring-trace export disk.vrt --to svg --at 1.5s -o ring.svg virtio1/req.0";

enum { OPT_TO = 256, OPT_FROM, OPT_UNTIL, OPT_AT, OPT_SIZE, OPT_SPEED };

static const struct argp_option options[] = {
	{ "to", OPT_TO, "FORMAT", 0, "perfetto, chrome, json, csv, cast or svg", 0 },
	{ "output", 'o', "OUT", 0, "write to OUT, not to standard output", 0 },
	{ "from", OPT_FROM, "TIME", 0, "leave out what is before TIME", 0 },
	{ "until", OPT_UNTIL, "TIME", 0, "leave out what is after TIME", 0 },
	{ "at", OPT_AT, "TIME", 0, "svg: the ring at TIME", 0 },
	{ "size", OPT_SIZE, "CxR", 0, "cast: columns and rows [80x24]", 0 },
	{ "speed", OPT_SPEED, "FACTOR", 0, "cast: play it FACTOR times as fast [1]", 0 },
	{ 0 },
};

static const struct format {
	const char *name;
	int (*run)(struct export *x);
	bool binary;
} formats[] = {
	{ "perfetto", export_perfetto, true }, { "chrome", export_chrome, false },
	{ "json", export_json, false },	       { "csv", export_csv, false },
	{ "cast", export_cast, false },	       { "svg", export_svg, false },
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

struct command {
	struct export x;
	const struct format *format;
	const char *out_path; /* NULL: standard output */
	bool out_is_new;      /* a regular file: to be removed if it is not finished */
	bool from_given, until_given, sized, sped;
};

static volatile sig_atomic_t interrupted;

bool export_interrupted(void)
{
	return interrupted;
}

static void on_signal(int number)
{
	interrupted = number;
}

/* A line that is written over, and goes away at the end. */
void export_progress(const struct export *x, uint64_t done, uint64_t all)
{
	static unsigned int shown;
	unsigned int percent = all ? done * 100 / all : 100;

	if (!x->progress || percent == shown)
		return;
	shown = percent;
	fprintf(stderr, done < all ? "\r%s: %u%%" : "\r\033[K", x->path, percent);
}

/* ---- the words ---- */

static const struct format *find_format(struct argp_state *state, const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (!strcmp(name, formats[i].name))
			return &formats[i];
	argp_error(state, "FORMAT is perfetto, chrome, json, csv, cast or svg: %s", name);
	return NULL;
}

static uint64_t parse_time(struct argp_state *state, const char *arg)
{
	uint64_t ns;

	if (vrt_time(arg, &ns))
		argp_error(state, "TIME is a number with s, ms, us or ns behind it: %s", arg);
	return ns;
}

static void parse_size(struct argp_state *state, const char *arg, struct export *x)
{
	char end;

	if (sscanf(arg, "%4ux%4u%c", &x->cols, &x->rows, &end) != 2 || x->cols < 80 ||
	    x->rows < 24 || x->cols > 1000 || x->rows > 1000)
		argp_error(state, "a size is columns and rows, 80x24 to 1000x1000: %s", arg);
}

static void check_words(const struct command *c, struct argp_state *state)
{
	bool cast = c->format && !strcmp(c->format->name, "cast");

	if (!c->x.path)
		argp_error(state, "name the FILE of a recording");
	else if (!c->format)
		argp_error(state,
			   "say which format: --to perfetto, chrome, json, csv, cast or svg");
	else if (c->x.at_given && strcmp(c->format->name, "svg"))
		argp_error(state, "--at is for svg, not for %s", c->format->name);
	else if (c->x.at_given && (c->from_given || c->until_given))
		argp_error(state, "--at is one moment: it goes without --from and --until");
	else if (c->sized && !cast)
		argp_error(state, "--size is for cast, not for %s", c->format->name);
	else if (c->sped && !cast)
		argp_error(state, "--speed is for cast, not for %s", c->format->name);
	else if (c->from_given && c->until_given && c->x.from_ns > c->x.until_ns)
		argp_error(state, "--from is later than --until");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command *c = state->input;
	char *end;

	switch (key) {
	case OPT_TO:
		c->format = find_format(state, arg);
		return 0;
	case 'o':
		c->out_path = arg;
		return 0;
	case OPT_FROM:
		c->x.from_ns = parse_time(state, arg);
		c->from_given = true;
		return 0;
	case OPT_UNTIL:
		c->x.until_ns = parse_time(state, arg);
		c->until_given = true;
		return 0;
	case OPT_AT:
		c->x.at_ns = parse_time(state, arg);
		c->x.at_given = true;
		return 0;
	case OPT_SIZE:
		parse_size(state, arg, &c->x);
		c->sized = true;
		return 0;
	case OPT_SPEED:
		c->x.speed = strtod(arg, &end);
		if (*end || end == arg || !(c->x.speed >= 0.000001 && c->x.speed <= 1000))
			argp_error(state, "FACTOR is a number from 0.000001 to 1000: %s", arg);
		c->sped = true;
		return 0;
	case ARGP_KEY_ARG:
		if (c->x.path)
			return words_parse(&c->x.words, key, arg, state);
		c->x.path = arg;
		return 0;
	case ARGP_KEY_END:
		check_words(c, state);
		return 0;
	}
	return words_parse(&c->x.words, key, arg, state);
}

/* ---- the recording ---- */

static bool names_a_queue(const struct vrt_file *f, const char *word)
{
	for (size_t i = 0; i < f->num_queues; i++)
		if (vrt_queue_is(&f->queues[i], le16_read(&f->queues[i].device),
				 le16_read(&f->queues[i].queue), word))
			return true;
	return false;
}

/* Return: 0, or an exit status after one message. */
static int check_queues(const struct export *x)
{
	char meant[VRT_QUEUE_NAME];

	for (size_t i = 0; i < x->words.count; i++) {
		const char *word = x->words.list[i];

		if (names_a_queue(&x->file, word))
			continue;
		vrt_queue_meant(&x->file, word, meant);
		tool_error("%s: it has no queue %s%s%s%s", x->path, word,
			   meant[0] ? "; is it " : "", meant, meant[0] ? "?" : "");
		return TOOL_USAGE;
	}
	return 0;
}

static bool is_incomplete(const struct vrt_file *f)
{
	return !f->closed || le64_read(&f->loss.lost) || le64_read(&f->loss.missed);
}

/* Times of the command line count from the first event. Return: as check_queues(). */
static int find_times(struct command *c)
{
	struct export *x = &c->x;
	uint64_t length = x->file.last_ns - x->file.first_event_ns;

	if (!x->file.last_ns) {
		tool_error("%s: nothing is in it", x->path);
		return TOOL_FAILED;
	}
	x->start_ns = x->file.first_event_ns;
	if ((c->from_given && x->from_ns > length) || (x->at_given && x->at_ns > length)) {
		tool_error("%s: it is only %.6f s long", x->path, length / 1e9);
		return TOOL_USAGE;
	}
	x->from_ns = c->from_given ? x->start_ns + x->from_ns : 0;
	x->until_ns = c->until_given ? x->start_ns + x->until_ns : UINT64_MAX;
	x->at_ns += x->start_ns;
	x->ranged = c->from_given || c->until_given;
	if (!x->file.closed)
		tool_error("%s: it was cut off; this is what it holds up to byte %llu", x->path,
			   (unsigned long long)x->file.cut_at);
	return 0;
}

static int open_recording(struct command *c)
{
	char why[VRT_WHY_BYTES];
	int status;

	if (vrt_open(&c->x.file, c->x.path, why)) {
		tool_error("%s: %s", c->x.path, why);
		return TOOL_USAGE;
	}
	status = check_queues(&c->x);
	return status ? status : find_times(c);
}

static void free_export(struct export *x)
{
	vrt_cursor_end(&x->cursor);
	for (unsigned int i = 0; i < x->queue_count; i++) {
		requests_free(&x->queues[i]->requests);
		free(x->queues[i]->irq);
		free(x->queues[i]);
	}
	free(x->queues);
	free(x->queue_slots);
	free(x->words.list);
	vrt_close(&x->file);
}

/* ---- the output ---- */

static bool is_the_recording(const struct command *c, const struct stat *out)
{
	struct stat in;

	return !stat(c->x.path, &in) && in.st_dev == out->st_dev && in.st_ino == out->st_ino;
}

static int open_output(struct command *c)
{
	struct stat st;

	if (!c->out_path) {
		c->x.out = stdout;
		if (!c->format->binary || !isatty(STDOUT_FILENO))
			return 0;
		tool_error("%s is binary and no use on a terminal; give -o OUT", c->format->name);
		return TOOL_USAGE;
	}
	if (!stat(c->out_path, &st) && is_the_recording(c, &st)) {
		tool_error("%s is the recording itself; give another name", c->out_path);
		return TOOL_USAGE;
	}
	c->x.out = fopen(c->out_path, "we");
	if (!c->x.out || fstat(fileno(c->x.out), &st)) {
		tool_error("cannot write %s: %s", c->out_path, strerror(errno));
		return TOOL_FAILED;
	}
	c->out_is_new = S_ISREG(st.st_mode);
	c->x.progress = c->out_is_new && isatty(STDERR_FILENO);
	return 0;
}

/* Return: @status, or another one after a message. What is not whole does not stay. */
static int close_output(struct command *c, int status)
{
	bool failed;

	export_progress(&c->x, 1, 1);
	if (!c->x.out)
		return status;
	if (c->x.out == stdout)
		return tool_flush() || interrupted ? TOOL_FAILED : status;
	failed = ferror(c->x.out);
	if (fclose(c->x.out) || failed) {
		if (!status && !interrupted)
			tool_error("cannot write %s: %s", c->out_path, strerror(errno));
		status = TOOL_FAILED;
	}
	if (interrupted) {
		tool_error("interrupted; %s is not whole and was removed", c->out_path);
		status = TOOL_FAILED;
	}
	if (status && c->out_is_new)
		unlink(c->out_path);
	return status;
}

int export_main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "FILE [QUEUE...]", doc, tool_children,
					  NULL,	   NULL };
	struct command command = { .x = { .cols = 80, .rows = 24, .speed = 1 } };
	struct sigaction action = { .sa_handler = on_signal };
	bool incomplete;
	int status;

	argv[0] = (char *)"vring-trace export";
	argp_parse(&argp, argc, argv, 0, NULL, &command);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	status = open_recording(&command);
	if (!status)
		status = open_output(&command);
	if (!status)
		status = command.format->run(&command.x);
	incomplete = !status && tool.strict && is_incomplete(&command.x.file);
	status = close_output(&command, status);
	free_export(&command.x);
	return !status && incomplete ? TOOL_INCOMPLETE : status;
}
