/* SPDX-License-Identifier: MIT */
/*
 * vring-trace live: the ring of one queue on the terminal, as it is now and as it was a moment ago.
 * Without a terminal one picture of it, as text.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "live_feed.h"
#include "../screen/browse.h"
#include "../screen/screen.h"
#include "../screen/terminal.h"
#include "../tool.h"

#define RATE_HZ 10
#define PAGE 10 /* snapshots that '{' and '}' step over */

static const char doc[] =
	"Show a queue's ring as it changes: descriptors, both rings, indices, and since when each "
	"buffer is where it is. Without a QUEUE begins with the fullest; TAB goes to the others."
	"\v"
	"No hook is set unless 'w' is pressed, or --why given: the ring is copied ten\n"
	"times a second (-r HZ), which costs little and shows idle queues too. What\n"
	"only events can tell (adds, kicks, why they were made) shows as - until then.\n"
	"SPACE freezes the picture; < and > step through those of the last minute, of\n"
	"which at most 600 are kept, in 32 MiB. r records the queue into a file, and\n"
	"again ends that. ? lists all keys.\n"
	"A device that is removed is waited for. With --once, or where stdout is no\n"
	"terminal, one picture is printed as text; with --why after one second.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace live vda                    # the disk's ring\n"
	"  vring-trace live -r 2 eth0              # the card's, over a slow line\n"
	"  vring-trace live --once --size 100x30 vda | lpr";

enum { OPT_WHY = 256, OPT_ONCE, OPT_SIZE, OPT_KEYS };

static const struct argp_option options[] = {
	{ "why", OPT_WHY, NULL, 0, "set the hooks at once, as 'w' does", 0 },
	{ "once", OPT_ONCE, NULL, 0, "one picture, as text", 0 },
	{ "size", OPT_SIZE, "COLSxROWS", 0, "... of that size [COLUMNS and LINES, or 80x24]", 0 },
	{ "keys", OPT_KEYS, "KEYS", 0, "... after these keys; replay's help says how", 0 },
	{ 0 },
};

struct live {
	struct words words;
	bool why, once;
	unsigned int rows, cols; /* 0: as the surroundings say */
	const char *keys;

	struct live_feed feed;
	struct browse browse;
	struct frame frame;
	struct watch then; /* what a frozen screen shows */
	size_t at;	   /* ... of feed.kept */
	bool left;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct live *live = state->input;

	switch (key) {
	case OPT_WHY:
		live->why = true;
		return 0;
	case OPT_ONCE:
		live->once = true;
		return 0;
	case OPT_SIZE:
		if (!live_parse_size(arg, &live->rows, &live->cols))
			argp_error(state, "a size is COLSxROWS, such as 100x30: %s", arg);
		return 0;
	case OPT_KEYS:
		live->keys = arg;
		return 0;
	}
	return words_parse(&live->words, key, arg, state);
}

bool live_parse_size(const char *text, unsigned int *rows, unsigned int *cols)
{
	char end;

	return sscanf(text, "%4ux%4u%c", cols, rows, &end) == 2 && *rows && *cols &&
	       *rows <= 1000 && *cols <= 1000;
}

static unsigned int from_environment(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);
	unsigned long number = text ? strtoul(text, NULL, 10) : 0;

	return number && number <= 1000 ? number : otherwise;
}

void live_text_size(unsigned int *rows, unsigned int *cols)
{
	if (*rows && *cols)
		return;
	*rows = from_environment("LINES", SCREEN_ROWS);
	*cols = from_environment("COLUMNS", SCREEN_COLS);
}

/* ---- the picture ---- */

static int64_t realtime_offset(void)
{
	struct timespec real, monotonic;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return (real.tv_sec - monotonic.tv_sec) * 1000000000ll + real.tv_nsec - monotonic.tv_nsec;
}

static void describe(struct live *live, struct screen_status *s)
{
	struct session_meter meter = feed_meter(&live->feed);

	memset(s, 0, sizeof(*s));
	s->realtime_offset_ns = realtime_offset();
	s->lost = meter.lost;
	s->missed = meter.missed;
	s->cost = meter.cost;
	s->recording = live->feed.recorder != NULL;
	s->queue = live->feed.shown;
	s->queues = live->feed.look.queues.count;
	if (live->browse.frozen)
		snprintf(s->mode, sizeof(s->mode), "FROZEN %zu back",
			 live->feed.kept.count - 1 - live->at);
	else if (live->feed.gone)
		snprintf(s->mode, sizeof(s->mode), "GONE, waiting");
	else
		snprintf(s->mode, sizeof(s->mode), "LIVE %u Hz", tool.rate_hz);
}

static int draw(struct live *live, unsigned int rows, unsigned int cols)
{
	static const char waiting[] = "its device was removed; waiting for it to come back";
	const struct watch *w = live->browse.frozen ? &live->then : &live->feed.watch;
	struct screen_status status;

	if ((live->frame.rows != rows || live->frame.cols != cols) &&
	    frame_resize(&live->frame, rows, cols)) {
		tool_error("out of memory for a screen of %ux%u", cols, rows);
		return TOOL_FAILED;
	}
	if (live->feed.gone && !live->browse.message[0])
		snprintf(live->browse.message, sizeof(live->browse.message), "%s", waiting);
	else if (!live->feed.gone && !strcmp(live->browse.message, waiting))
		live->browse.message[0] = 0;
	describe(live, &status);
	screen_ring(&live->frame, w, &status, &live->browse);
	return 0;
}

/* ---- frozen ---- */

static int step_to(struct live *live, long at)
{
	long last = (long)live->feed.kept.count - 1;
	struct watch *then = &live->then;

	live->at = at < 0 ? 0 : at > last ? last : at;
	then->events_known = live->feed.why;
	if (kept_show(&live->feed.kept, live->at, then)) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	then->irq = live->feed.watch.irq;
	memcpy(then->cpus, live->feed.watch.cpus, sizeof(then->cpus));
	return 0;
}

static void thaw(struct live *live)
{
	live->browse.frozen = false;
	live->feed.stop_keeping = false;
	watch_end(&live->then);
	memset(&live->then, 0, sizeof(live->then));
}

static int freeze(struct live *live)
{
	const struct queue *queue = &live->feed.look.queues.list[live->feed.shown];
	struct vrt_queue description;

	if (live->browse.frozen || !live->feed.kept.count)
		return 0;
	queue_describe(queue, live->feed.watch.self, &description);
	if (watch_begin(&live->then, &description, live->feed.why)) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	live->browse.frozen = true;
	live->feed.stop_keeping = true;
	return step_to(live, live->feed.kept.count - 1);
}

/* Stepping freezes: there is no way back from what moves on. */
static int step(struct live *live, long by)
{
	int status = freeze(live);

	if (status || !live->browse.frozen)
		return status;
	return step_to(live, (long)live->at + by);
}

/* ---- keys ---- */

static int change_queue(struct live *live, long by)
{
	size_t count = live->feed.look.queues.count;

	thaw(live);
	return feed_show(&live->feed, (live->feed.shown + count + by) % count);
}

static void change_rate(bool faster)
{
	static const unsigned int rates[] = { 1, 2, 5, 10, 20, 50, 100 };
	const int count = sizeof(rates) / sizeof(rates[0]);

	if (faster) {
		for (int i = 0; i < count; i++)
			if (rates[i] > tool.rate_hz) {
				tool.rate_hz = rates[i];
				return;
			}
	} else {
		for (int i = count - 1; i >= 0; i--)
			if (rates[i] < tool.rate_hz) {
				tool.rate_hz = rates[i];
				return;
			}
	}
}

/* A refusal is shown, and all goes on without. */
static void change_record(struct live *live)
{
	bool began = !live->feed.recorder;

	if (feed_record(&live->feed))
		return;
	snprintf(live->browse.message, sizeof(live->browse.message), "%s %s",
		 began ? "recording into" : "recorded into", live->feed.file_name);
}

/* Return: 0, or an exit status after one message. */
static int act(struct live *live, enum browse_action action)
{
	switch (action) {
	case BROWSE_FREEZE:
		if (!live->browse.frozen)
			return freeze(live);
		thaw(live);
		return 0;
	case BROWSE_BACK:
		return step(live, -1);
	case BROWSE_FORWARD:
		return step(live, 1);
	case BROWSE_PAGE_BACK:
		return step(live, -PAGE);
	case BROWSE_PAGE_FORWARD:
		return step(live, PAGE);
	case BROWSE_FIRST:
		return step(live, -KEPT_MOMENTS);
	case BROWSE_LAST:
		return step(live, KEPT_MOMENTS);
	case BROWSE_NEXT_QUEUE:
		return change_queue(live, 1);
	case BROWSE_PREV_QUEUE:
		return change_queue(live, -1);
	case BROWSE_SLOWER:
	case BROWSE_FASTER:
		change_rate(action == BROWSE_FASTER);
		return 0;
	case BROWSE_WHY:
		feed_why(&live->feed, !live->feed.why);
		return 0;
	case BROWSE_RECORD:
		change_record(live);
		return 0;
	default:
		return 0;
	}
}

/* ---- on a terminal ---- */

static int show(struct live *live)
{
	unsigned int rows, cols;
	int status;

	terminal_size(&rows, &cols);
	status = draw(live, rows, cols);
	if (!status)
		terminal_show(&live->frame);
	return status;
}

static int run(struct live *live)
{
	uint64_t due = feed_now();
	int status = 0;

	if (live->why)
		feed_why(&live->feed, true);
	while (!status) {
		enum browse_action action;
		uint64_t now = feed_now();

		if (now >= due) {
			status = feed_look(&live->feed);
			due += 1000000000 / tool.rate_hz;
			if (due < feed_now())
				due = feed_now();
		}
		if (!status)
			status = show(live);
		if (status)
			break;
		now = feed_now();
		action = browse_key(&live->browse,
				    terminal_key(due > now ? (due - now + 999999) / 1000000 : 0));
		live->left = action == BROWSE_LEAVE;
		if (action == BROWSE_QUIT || action == BROWSE_LEAVE)
			break;
		if (action == BROWSE_WHY && !live->feed.why) {
			snprintf(live->browse.message, sizeof(live->browse.message),
				 "setting the hooks");
			status = show(live);
			live->browse.message[0] = 0;
		}
		if (!status)
			status = act(live, action);
	}
	return status;
}

static void close_live(struct live *live)
{
	feed_close(&live->feed);
	watch_end(&live->then);
	frame_free(&live->frame);
	free(live->words.list);
}

/* What is said while the screen is up is said again, once it is not, if it was the end. */
static int run_on_terminal(struct live *live)
{
	char last[sizeof(live->browse.message)];
	int status = terminal_open(tool.colour, tool.ascii);

	if (status)
		return status;
	live->browse.ascii = terminal_ascii();
	tool_error_into(live->browse.message, sizeof(live->browse.message));
	status = run(live);
	memcpy(last, live->browse.message, sizeof(last));
	terminal_close();
	tool_error_into(NULL, 0);
	if (status)
		tool_error("%s", last);
	return status;
}

int live_open(const char *queue, bool *left)
{
	char word[64], *list[] = { word };
	const struct words words = { list, 1 };
	struct live live = { .browse = { .mode = BROWSE_LIVE, .ascii = terminal_ascii() } };
	unsigned int rate = tool.rate_hz;
	int status;

	snprintf(word, sizeof(word), "%s", queue);
	tool.rate_hz = RATE_HZ;
	status = feed_open(&live.feed, &words);
	if (!status) {
		tool_error_into(live.browse.message, sizeof(live.browse.message));
		status = run(&live);
	}
	*left = live.left;
	tool.rate_hz = rate;
	close_live(&live);
	return status;
}

/* ---- as text ---- */

static int look_for(struct live *live, unsigned int ms)
{
	uint64_t until = feed_now() + ms * 1000000ull;
	int status;

	while (!(status = feed_look(&live->feed)) && feed_now() < until)
		usleep(1000000 / tool.rate_hz);
	return status;
}

static int print_once(struct live *live)
{
	const char *keys = live->keys ? live->keys : "";
	int status = live->why ? feed_why(&live->feed, true) : 0, key;

	if (!status)
		status = look_for(live, live->why ? 1000 : 0);
	if (!status && live->feed.gone) {
		tool_error("%s is gone: its device was removed", live->feed.watch.name);
		return TOOL_NO_TRACE;
	}
	live->browse.ascii = tool.ascii || terminal_ascii();
	live_text_size(&live->rows, &live->cols);
	/* A panel knows how far it can be scrolled once it is drawn. */
	while (!status && !(status = draw(live, live->rows, live->cols)) &&
	       (key = browse_next_key(&keys)) > 0) {
		enum browse_action action = browse_key(&live->browse, key);

		status = act(live, action);
		if (!status)
			status = look_for(live, action == BROWSE_WHY && live->feed.why ? 1000 : 0);
	}
	if (!status)
		frame_print(&live->frame, stdout, live->browse.ascii, tool.colour);
	return status;
}

static bool keys_are_keys(const char *keys)
{
	int key;

	while ((key = browse_next_key(&keys)) > 0)
		;
	return key == 0;
}

int live_main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "[QUEUE]", doc, tool_children, NULL, NULL
	};
	struct live live = { .browse = { .mode = BROWSE_LIVE } };
	int status;

	argv[0] = (char *)"vring-trace live";
	tool.rate_hz = RATE_HZ;
	argp_parse(&argp, argc, argv, 0, NULL, &live);
	live.once |= !isatty(STDOUT_FILENO);
	if (live.keys && !keys_are_keys(live.keys)) {
		tool_error("no such keys: %s", live.keys);
		free(live.words.list);
		return TOOL_USAGE;
	}
	if (!live.once && (live.keys || live.rows)) {
		tool_error("--size and --keys are for pictures as text: --once");
		free(live.words.list);
		return TOOL_USAGE;
	}
	status = feed_open(&live.feed, &live.words);
	if (!status)
		status = live.once ? print_once(&live) : run_on_terminal(&live);
	close_live(&live);
	return tool_flush() ? TOOL_FAILED : status;
}
