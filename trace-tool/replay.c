/* SPDX-License-Identifier: MIT */
/*
 * vring-trace replay: a queue of a recording on the screen, at any moment of it.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "export/export_svg.h"
#include "look.h"
#include "moment.h"
#include "recording/playback.h"
#include "screen/screen.h"
#include "screen/terminal.h"
#include "tool.h"
#include "recording/vrt_words.h"

#define FRAMES_PER_SECOND 20
#define SIZE_MAX_CELLS 1000

static const char doc[] =
	"Look at a recording as live looks at a guest: one queue, played, or gone through step by "
	"step. It begins paused, at the first event."
	"\v"
	"On the screen: SPACE plays; < and > go an event back and forth, { and } a\n"
	"second, k i f to the next kick, interrupt, full ring, K I F to the one before;\n"
	"g goes to a time; + and - change the speed; TAB shows the next queue; ? tells\n"
	"the rest.\n"
	"In --keys a backslash begins those that are no letters: \\n Enter, \\t Tab,\n"
	"\\e Escape, \\b Backspace, \\u \\d \\l \\r arrows, \\h Home, \\z End, \\[ \\] pages, \\\\.\n"
	"Times count from the first event of the recording.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace replay boot.vrt                   # its first queue\n"
	"  vring-trace replay boot.vrt vda --at 1.5s     # the disk after 1.5 s\n"
	"  vring-trace replay boot.vrt --once --keys 'km'  # print where memory lies at\n"
	"                                                # the first kick";

enum { OPT_AT = 400, OPT_SPEED, OPT_ONCE, OPT_SIZE, OPT_KEYS };

static const struct argp_option options[] = {
	{ "at", OPT_AT, "TIME", 0, "begin there: 1.5, 250ms, 1:02.5", 0 },
	{ "speed", OPT_SPEED, "X", 0, "play X times as fast, 0.001 to 10 [1]", 0 },
	{ "once", OPT_ONCE, NULL, 0, "print one frame and end; so it is where no terminal is", 0 },
	{ "size", OPT_SIZE, "COLSxROWS", 0, "... of that size [that of the terminal, or 80x24]",
	  0 },
	{ "keys", OPT_KEYS, "KEYS", 0, "press KEYS first", 0 },
	{ 0 },
};

struct replay {
	struct words words;
	uint64_t at_ns;
	bool at_given, once;
	unsigned int rows, cols; /* 0: not given */
	const char *keys;

	const char *path;
	struct vrt_file file;
	const struct vrt_queue **queues; /* those that can be shown */
	unsigned int queue_count, queue;
	struct playback p;
	struct browse b;
	struct frame frame;
	double speed;
	bool playing, ended;
	unsigned int searched; /* blocks, in the search that goes on */
	/* Since when it plays, and from where. */
	uint64_t wall_ns, from_ns;
};

/* ---- the command line ---- */

static void parse_size(struct replay *r, const char *arg, struct argp_state *state)
{
	char rest;

	if (sscanf(arg, "%4ux%4u%c", &r->cols, &r->rows, &rest) != 2 || !r->rows || !r->cols ||
	    r->rows > SIZE_MAX_CELLS || r->cols > SIZE_MAX_CELLS)
		argp_error(state, "--size is columns x rows, as 80x24, at most 1000x1000: %s", arg);
}

static void check_keys(const char *arg, struct argp_state *state)
{
	const char *keys = arg;
	char shown[64];
	int key;

	while ((key = browse_next_key(&keys)) > 0)
		;
	if (!key)
		return;
	snprintf(shown, sizeof(shown), "%.60s", arg);
	for (char *c = shown; *c; c++)
		*c = *c >= ' ' && *c <= '~' ? *c : '?';
	argp_error(state, "--keys has what is no key in it: %s", shown);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay *r = state->input;
	char *end;

	switch (key) {
	case OPT_AT:
		if (!moment_parse(arg, &r->at_ns))
			argp_error(state, "--at is a time, as 1.5, 250ms, 1:02.5: %s", arg);
		r->at_given = true;
		return 0;
	case OPT_SPEED:
		r->speed = strtod(arg, &end);
		if (*end == 'x')
			end++;
		if (end == arg || *end || !(r->speed >= 0.001 && r->speed <= 10))
			argp_error(state, "--speed is a number from 0.001 to 10: %s", arg);
		return 0;
	case OPT_ONCE:
		r->once = true;
		return 0;
	case OPT_SIZE:
		parse_size(r, arg, state);
		return 0;
	case OPT_KEYS:
		check_keys(arg, state);
		r->keys = arg;
		return 0;
	case ARGP_KEY_END:
		if (r->words.count == 0)
			argp_error(state, "which recording?");
		if (r->words.count > 2)
			argp_error(state, "one FILE and one QUEUE, and no more: %s",
				   r->words.list[2]);
		if (tool.json)
			argp_error(state, "a screen is no JSON; export --to json is");
		return 0;
	}
	return words_parse(&r->words, key, arg, state);
}

/* ---- the recording ---- */

static int find_queues(struct replay *r)
{
	const struct vrt_file *f = &r->file;

	r->queues = calloc(f->num_queues + 1, sizeof(*r->queues));
	if (!r->queues) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	for (size_t i = 0; i < f->num_queues; i++) {
		uint32_t num = le32_read(&f->queues[i].num);

		if (num && num <= VRING_MAX_SIZE)
			r->queues[r->queue_count++] = &f->queues[i];
	}
	if (r->queue_count && (f->events || f->num_keys))
		return 0;
	tool_error("%s: there is no queue in it that anything is known of", r->path);
	return TOOL_USAGE;
}

/* The one that @word names first; without a word, the one of the first event. */
static int choose_queue(struct replay *r, const char *word)
{
	struct vring_event event;
	struct vrt_cursor c;

	if (word) {
		char meant[VRT_QUEUE_NAME];

		for (r->queue = 0; r->queue < r->queue_count; r->queue++) {
			const struct vrt_queue *q = r->queues[r->queue];

			if (vrt_queue_is(q, le16_read(&q->device), le16_read(&q->queue), word))
				return 0;
		}
		vrt_queue_meant(&r->file, word, meant);
		if (meant[0])
			tool_error("%s: no such queue: %s; is it %s?", r->path, word, meant);
		else
			tool_error("%s: no such queue: %s", r->path, word);
		return TOOL_USAGE;
	}
	vrt_cursor_begin(&c, &r->file);
	if (vrt_next(&c, &event) > 0)
		for (unsigned int i = 0; i < r->queue_count; i++)
			if (le16_read(&r->queues[i]->device) == event.device &&
			    le16_read(&r->queues[i]->queue) == event.queue)
				r->queue = i;
	vrt_cursor_end(&c);
	return 0;
}

static uint64_t moment_of(const struct replay *r, uint64_t since_start)
{
	uint64_t last = playback_last(&r->file), first = playback_first(&r->file);

	return since_start > last - first ? last : first + since_start;
}

static int begin_at(struct replay *r)
{
	const struct vrt_file *f = &r->file;

	if (playback_begin(&r->p, f, r->queues[r->queue])) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	if (r->at_ns > playback_last(f) - playback_first(f)) {
		tool_error("%s: --at lies behind its end, which is at %.6f s", r->path,
			   vrt_seconds(f, playback_last(f)));
		return TOOL_USAGE;
	}
	if (playback_seek(&r->p, moment_of(r, r->at_ns))) {
		tool_error("%s: %s", r->path, r->p.why);
		return TOOL_USAGE;
	}
	return 0;
}

static int open_recording(struct replay *r)
{
	char why[VRT_WHY_BYTES];
	int status;

	r->path = r->words.list[0];
	if (vrt_open(&r->file, r->path, why)) {
		tool_error("%s: %s", r->path, why);
		return TOOL_USAGE;
	}
	status = find_queues(r);
	if (!status)
		status = choose_queue(r, r->words.count > 1 ? r->words.list[1] : NULL);
	return status ? status : begin_at(r);
}

/* ---- the picture ---- */

static void draw(struct replay *r, unsigned int rows, unsigned int cols)
{
	const struct vrt_file *f = &r->file;
	struct screen_status s = { .end_ns = playback_last(f),
				   .lost = le64_read(&f->loss.lost),
				   .missed = le64_read(&f->loss.missed),
				   .cost = -1,
				   .cut = !f->closed,
				   .queue = r->queue,
				   .queues = r->queue_count };

	s.realtime_offset_ns =
		le64_read(&f->header.realtime_ns) - le64_read(&f->header.monotonic_ns);
	/* 0 would stand for the time of day. */
	if (!tool.wall_clock)
		s.from_ns = playback_first(f) ? playback_first(f) : 1;
	if (r->playing)
		snprintf(s.mode, sizeof(s.mode), "PLAY x%g", r->speed);
	else
		snprintf(s.mode, sizeof(s.mode), "%s", r->ended ? "END" : "PAUSED");
	if ((r->frame.rows != rows || r->frame.cols != cols) && frame_resize(&r->frame, rows, cols))
		return;
	r->b.frozen = !r->playing;
	screen_ring(&r->frame, &r->p.watch, &s, &r->b);
}

/* ---- going about ---- */

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * WATCH_SECOND + now.tv_nsec;
}

static void say(struct replay *r, const char *text)
{
	snprintf(r->b.message, sizeof(r->b.message), "%.95s", text);
}

/* The moment is another one now, or @error says why not. */
static void arrived(struct replay *r, int error)
{
	r->ended =
		!error && r->p.time_ns >= playback_last(&r->file) && r->p.number == r->file.events;
	if (error) {
		r->playing = false;
		say(r, r->p.why);
	} else if (r->p.damage[0]) {
		say(r, r->p.damage);
	}
	r->wall_ns = clock_ns();
	r->from_ns = r->p.time_ns;
}

static void seek(struct replay *r, uint64_t time_ns)
{
	arrived(r, playback_seek(&r->p, time_ns));
}

static void step_second(struct replay *r, bool back)
{
	uint64_t first = playback_first(&r->file), last = playback_last(&r->file);
	uint64_t now = r->p.time_ns;

	if (back)
		seek(r, now > first + WATCH_SECOND ? now - WATCH_SECOND : first);
	else
		seek(r, last - now > WATCH_SECOND ? now + WATCH_SECOND : last);
}

/* A key ends a long search; how far it is shows meanwhile. */
static bool search_on(void *arg, unsigned int percent)
{
	struct replay *r = arg;
	unsigned int rows, cols;

	if (!terminal_is_open() || ++r->searched % 64)
		return false;
	if (terminal_key(0) != TERMINAL_TIMEOUT) {
		say(r, "given up");
		return true;
	}
	snprintf(r->b.message, sizeof(r->b.message), "looking, at %u %% of it; any key gives up",
		 percent);
	terminal_size(&rows, &cols);
	draw(r, rows, cols);
	terminal_show(&r->frame);
	return false;
}

static void find(struct replay *r, enum playback_event what, bool back)
{
	static const char *const names[] = { "event", "kick", "interrupt", "full ring" };
	uint64_t number;
	int got;

	r->playing = false;
	r->searched = 0;
	got = playback_find(&r->p, what, back, search_on, r, &number);
	if (got) {
		r->b.message[0] = 0;
		arrived(r, got > 0 ? playback_seek_event(&r->p, number) : got);
	} else if (strcmp(r->b.message, "given up") != 0) {
		snprintf(r->b.message, sizeof(r->b.message), "no %s of this queue found %s this",
			 names[what], back ? "before" : "after");
	}
}

/* By an event; where there are none, by a key frame. */
static void step(struct replay *r, bool back)
{
	uint64_t time_ns;

	if (r->file.events) {
		find(r, PLAYBACK_ANY, back);
		return;
	}
	r->playing = false;
	if (playback_frame(&r->p, back, &time_ns))
		seek(r, time_ns);
	else
		say(r, back ? "no key frame before this" : "no key frame after this");
}

static void change_queue(struct replay *r, int by)
{
	uint64_t number = r->p.number, time_ns = r->p.time_ns;
	unsigned int queue = (r->queue + r->queue_count + by) % r->queue_count;

	if (r->queue_count == 1) {
		say(r, "there is no other queue in this recording");
		return;
	}
	playback_end(&r->p);
	r->queue = queue;
	r->b.cursor = r->b.scroll = 0;
	if (playback_begin(&r->p, &r->file, r->queues[queue]))
		strcpy(r->p.why, "out of memory");
	arrived(r, playback_go(&r->p, number, time_ns));
}

static void change_speed(struct replay *r, bool faster)
{
	static const double speeds[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
					 0.2,	0.5,   1,     2,    5,	  10 };
	const size_t count = sizeof(speeds) / sizeof(*speeds);
	size_t i = 0;

	if (faster) {
		while (i < count - 1 && speeds[i] <= r->speed * 1.0001)
			i++;
	} else {
		i = count - 1;
		while (i > 0 && speeds[i] >= r->speed * 0.9999)
			i--;
	}
	r->speed = speeds[i];
	snprintf(r->b.message, sizeof(r->b.message), "speed x%g", r->speed);
	arrived(r, 0);
}

static void play_or_pause(struct replay *r)
{
	/* At the end, from the beginning. */
	if (!r->playing && r->ended)
		seek(r, playback_first(&r->file));
	r->playing = !r->playing;
	r->wall_ns = clock_ns();
	r->from_ns = r->p.time_ns;
}

/* The screen as it was drawn last, into a file of the current directory that was not there yet. */
static void export_moment(struct replay *r)
{
	const char *name = strrchr(r->path, '/') ? strrchr(r->path, '/') + 1 : r->path;
	double at = vrt_seconds(&r->file, r->p.time_ns);
	char path[256];
	int error;

	snprintf(path, sizeof(path), "%.200s-%.6fs.svg", name, at);
	for (int n = 2; n < 100 && !access(path, F_OK); n++)
		snprintf(path, sizeof(path), "%.200s-%.6fs-%d.svg", name, at, n);
	error = export_svg_frame(&r->frame, path);
	if (error)
		snprintf(r->b.message, sizeof(r->b.message), "cannot write %.50s: %.30s", path,
			 strerror(-error));
	else
		snprintf(r->b.message, sizeof(r->b.message), "written: %.80s", path);
}

/* Return: whether it goes on. */
static bool act(struct replay *r, enum browse_action action)
{
	switch (action) {
	case BROWSE_QUIT:
		return false;
	case BROWSE_FREEZE:
		play_or_pause(r);
		break;
	case BROWSE_BACK:
	case BROWSE_FORWARD:
		step(r, action == BROWSE_BACK);
		break;
	case BROWSE_PAGE_BACK:
	case BROWSE_PAGE_FORWARD:
		step_second(r, action == BROWSE_PAGE_BACK);
		break;
	case BROWSE_FIRST:
		seek(r, playback_first(&r->file));
		break;
	case BROWSE_LAST:
		seek(r, playback_last(&r->file));
		break;
	case BROWSE_NEXT_KICK:
	case BROWSE_PREV_KICK:
		find(r, PLAYBACK_KICK, action == BROWSE_PREV_KICK);
		break;
	case BROWSE_NEXT_IRQ:
	case BROWSE_PREV_IRQ:
		find(r, PLAYBACK_IRQ, action == BROWSE_PREV_IRQ);
		break;
	case BROWSE_NEXT_FULL:
	case BROWSE_PREV_FULL:
		find(r, PLAYBACK_FULL, action == BROWSE_PREV_FULL);
		break;
	case BROWSE_SEEK:
		if (r->b.seek_ns > playback_last(&r->file) - playback_first(&r->file))
			say(r, "that is behind the end; this is the end");
		seek(r, moment_of(r, r->b.seek_ns));
		break;
	case BROWSE_NEXT_QUEUE:
	case BROWSE_PREV_QUEUE:
		change_queue(r, action == BROWSE_NEXT_QUEUE ? 1 : -1);
		break;
	case BROWSE_SLOWER:
	case BROWSE_FASTER:
		change_speed(r, action == BROWSE_FASTER);
		break;
	case BROWSE_EXPORT:
		export_moment(r);
		break;
	default:
		break;
	}
	return true;
}

/* How far it has played by now. */
static void play_on(struct replay *r)
{
	uint64_t last = playback_last(&r->file);
	double ns = (double)(clock_ns() - r->wall_ns) * r->speed;
	uint64_t to = ns < (double)(last - r->from_ns) ? r->from_ns + (uint64_t)ns : last;
	int error;

	if (!r->playing)
		return;
	error = playback_seek(&r->p, to);
	if (error) {
		arrived(r, error);
	} else if (to == last) {
		r->playing = false;
		arrived(r, 0);
	}
}

/* Each key meets the screen that a person would see. Return: whether it goes on. */
static bool press_keys(struct replay *r, unsigned int rows, unsigned int cols)
{
	const char *keys = r->keys ? r->keys : "";
	int key;

	while ((key = browse_next_key(&keys)) > 0) {
		draw(r, rows, cols);
		if (!act(r, browse_key(&r->b, key)))
			return false;
	}
	return true;
}

static void note_cut(const struct replay *r, char *text, size_t size)
{
	snprintf(text, size, "the recording was cut off after %.6f s; what comes before is here",
		 vrt_seconds(&r->file, playback_last(&r->file)));
}

/* ---- one frame, or many ---- */

static void default_size(struct replay *r)
{
	const char *cols = getenv("COLUMNS"), *rows = getenv("LINES");
	struct winsize size = { 0 };

	if (r->rows)
		return;
	if (isatty(STDOUT_FILENO))
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	r->cols = cols ? atoi(cols) : size.ws_col;
	r->rows = rows ? atoi(rows) : size.ws_row;
	if (!r->cols || r->cols > SIZE_MAX_CELLS)
		r->cols = SCREEN_COLS;
	if (!r->rows || r->rows > SIZE_MAX_CELLS)
		r->rows = SCREEN_ROWS;
}

static bool is_incomplete(const struct vrt_file *f)
{
	return !f->closed || le64_read(&f->loss.lost) || le64_read(&f->loss.missed);
}

static int print_once(struct replay *r)
{
	char text[96];

	default_size(r);
	if (!r->file.closed) {
		note_cut(r, text, sizeof(text));
		tool_error("%s: %s", r->path, text);
	}
	r->b.ascii = tool.ascii || terminal_ascii();
	press_keys(r, r->rows, r->cols);
	r->playing = false;
	draw(r, r->rows, r->cols);
	if (!r->frame.cells) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	frame_print(&r->frame, stdout, r->b.ascii, tool.colour);
	if (r->p.damage[0]) {
		tool_error("%s: %s", r->path, r->p.damage);
		return TOOL_USAGE;
	}
	if (tool_flush())
		return TOOL_FAILED;
	return tool.strict && is_incomplete(&r->file) ? TOOL_INCOMPLETE : TOOL_OK;
}

static int run(struct replay *r)
{
	unsigned int rows, cols;
	int status = terminal_open(tool.colour, tool.ascii), key;
	bool going = true;

	if (status)
		return status;
	r->b.ascii = terminal_ascii();
	terminal_size(&rows, &cols);
	going = press_keys(r, rows, cols);
	if (!r->file.closed)
		note_cut(r, r->b.message, sizeof(r->b.message));
	while (going) {
		terminal_size(&rows, &cols);
		draw(r, rows, cols);
		terminal_show(&r->frame);
		key = terminal_key(r->playing ? 1000 / FRAMES_PER_SECOND : 60000);
		play_on(r);
		going = act(r, browse_key(&r->b, key));
	}
	terminal_close();
	return TOOL_OK;
}

int replay_main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "FILE [QUEUE]", doc, tool_children,
					  NULL,	   NULL };
	struct replay r = { .speed = 1, .b = { .mode = BROWSE_REPLAY } };
	int status;

	argv[0] = (char *)"vring-trace replay";
	argp_parse(&argp, argc, argv, 0, NULL, &r);
	status = open_recording(&r);
	if (!status) {
		if (r.once || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
			status = print_once(&r);
		else
			status = run(&r);
	}
	playback_end(&r.p);
	vrt_close(&r.file);
	frame_free(&r.frame);
	free(r.queues);
	free(r.words.list);
	return status;
}
