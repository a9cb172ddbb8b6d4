/* SPDX-License-Identifier: MIT */
/*
 * vring-trace top: all queues on the terminal, a line for each, from what the kernel adds up and
 * from a look at each ring.
 */
#include <argp.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "vring_trace.skel.h"

#include "hooks.h"
#include "../interrupts.h"
#include "live.h"
#include "live_feed.h"
#include "../screen/browse.h"
#include "../screen/screen.h"
#include "../screen/terminal.h"
#include "sums.h"
#include "../tool.h"
#include "../verdict.h"

#define LOOK_MS 100
#define STALL_NS 1000000000ull

static const char doc[] =
	"Show what goes through the queues, a line for each, as it changes. This is also what "
	"vring-trace does without a COMMAND on a terminal."
	"\v"
	"BUSY%   descriptors in use; ADD/s and KICK/s, SUPP% of the decisions not to\n"
	"        kick, IRQ/s, SPUR: interrupts a second with nothing used\n"
	"p50us   from add to reap; half of them took no longer than this power of two;\n"
	"p99us   - without --times, which costs each request a little more\n"
	"FLAG    rx: waits for what comes; self: carries what vring-trace itself shows;\n"
	"        STALL?: something has waited for more than a second; why is said below\n"
	"Counts are made in the kernel by the hooks of stat. -, + change the interval,\n"
	"s the order, ENTER opens the ring of a queue (no hooks are set meanwhile).\n"
	"With --once, or where stdout is no terminal, one picture is printed as text.";

enum { OPT_TIMES = 256, OPT_ONCE, OPT_SIZE };

static const struct argp_option options[] = {
	{ "times", OPT_TIMES, NULL, 0, "p50us and p99us as well", 0 },
	{ "interval", 'i', "TIME", 0, "from one look to the next [1s]", 0 },
	{ "once", OPT_ONCE, NULL, 0, "one picture, as text", 0 },
	{ "size", OPT_SIZE, "COLSxROWS", 0, "... of that size [COLUMNS and LINES, or 80x24]", 0 },
	{ 0 },
};

/* A queue. */
struct line {
	size_t queue; /* of queues.list */
	struct watch watch;
	struct stall_watch stall_watch;
	struct vt_totals totals;
	struct vt_times times;
	bool counted; /* there are counts from before */
	struct top_row row;
};

struct top {
	struct session session; /* first: the session's callbacks get a pointer to it */
	struct words words;
	bool times, once;
	double interval;
	unsigned int rows, cols;

	struct queues queues;
	struct snapshotter *snapshotter;
	struct self self;
	struct line *lines;
	size_t count, met;
	struct vt_totals *cpu_totals; /* one entry, of every CPU */
	struct vt_times *cpu_times;
	uint64_t sampled_ns;

	unsigned int order;
	struct top_row *sorted;
	size_t shown; /* of these, that the filter lets through */
	struct browse browse;
	struct frame frame;
	char release[VRT_NAME];
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case OPT_TIMES:
		top->times = true;
		return 0;
	case 'i':
		top->interval = session_duration(state, arg);
		return 0;
	case OPT_ONCE:
		top->once = true;
		return 0;
	case OPT_SIZE:
		if (!live_parse_size(arg, &top->rows, &top->cols))
			argp_error(state, "a size is COLSxROWS, such as 100x30: %s", arg);
		return 0;
	}
	return words_parse(&top->words, key, arg, state);
}

static int no_memory(void)
{
	tool_error("out of memory");
	return TOOL_FAILED;
}

/* ---- the queues ---- */

static void forget_lines(struct top *top)
{
	for (size_t i = 0; top->lines && i < top->count; i++) {
		watch_end(&top->lines[i].watch);
		stall_watch_free(&top->lines[i].stall_watch);
	}
	free(top->lines);
	free(top->sorted);
	top->lines = NULL;
	top->sorted = NULL;
	top->count = top->shown = 0;
	snapshotter_close(top->snapshotter);
	top->snapshotter = NULL;
	queues_free(&top->queues);
}

static int add_line(struct top *top, size_t i)
{
	const struct queue *queue = &top->queues.list[i];
	struct line *line = &top->lines[top->count];
	struct vrt_queue description;

	line->queue = i;
	queue_describe(queue, self_carries(&top->self, queue->state.device, queue->state.index),
		       &description);
	if (watch_begin(&line->watch, &description, false))
		return no_memory();
	top->count++;
	return 0;
}

/* As they are now. Counts begin again. */
static int list_queues(struct top *top)
{
	int status;

	forget_lines(top);
	top->met = top->session.queue_count;
	status = queues_walk(top->session.skel, &top->queues);
	if (!status)
		status = queues_select(&top->queues, top->words.list, top->words.count);
	if (status)
		return status;
	top->snapshotter = snapshotter_open(&top->queues);
	if (!top->snapshotter)
		return TOOL_NO_TRACE;
	top->lines = calloc(top->queues.count + 1, sizeof(*top->lines));
	top->sorted = calloc(top->queues.count + 1, sizeof(*top->sorted));
	if (!top->lines || !top->sorted)
		return no_memory();
	for (size_t i = 0; !status && i < top->queues.count; i++)
		if (top->queues.list[i].selected)
			status = add_line(top, i);
	return status;
}

/* ---- the session: hooks that count ---- */

static int start(struct top *top)
{
	struct session *session = &top->session;
	int status;

	memset(session, 0, sizeof(*session));
	session->words = calloc(top->words.count + 1, sizeof(*session->words));
	if (!session->words)
		return no_memory();
	memcpy(session->words, top->words.list, top->words.count * sizeof(*session->words));
	session->word_count = top->words.count;
	/* As stat does: no more than is counted. */
	session->events = (HOOKS_ALL & ~HOOKS_OF(VRING_EVENT_CALLBACKS)) | HOOKS_VERDICT_ONLY;
	session->times_as_well = top->times;
	status = session_open(session);
	if (!status)
		status = list_queues(top);
	return status ? status : session_begin(session);
}

static void stop(struct top *top)
{
	if (top->session.skel)
		session_end(&top->session);
	session_close(&top->session, 0);
	memset(&top->session, 0, sizeof(top->session));
	forget_lines(top);
}

/* ---- a sample ---- */

/* Half, or all but one in a hundred, are in the buckets up to this one: its upper end. */
static double percentile(const uint64_t *now, const uint64_t *before, double part)
{
	uint64_t all = 0, seen = 0;

	for (int i = 0; i < VT_BUCKETS; i++)
		all += now[i] - before[i];
	for (int i = 0; all && i < VT_BUCKETS; i++) {
		seen += now[i] - before[i];
		if (seen >= part * all)
			return 2ull << i;
	}
	return -1;
}

static void count_rates(struct top *top, struct line *line, double seconds)
{
	const struct session_queue key = { .device = line->watch.device,
					   .index = line->watch.index };
	struct session *session = &top->session;
	struct top_row *row = &line->row;
	struct vt_totals now = {}, d;

	if (sums_read_totals(session, &key, top->cpu_totals))
		now = sums_totals(top->cpu_totals, session->cpus);
	d = sums_between(&now, &line->totals);
	line->totals = now;
	row->add = row->kick = row->suppressed = row->irq = row->spurious = -1;
	if (!line->counted)
		return;
	row->add = d.add / seconds;
	row->kick = d.kick / seconds;
	row->suppressed = d.suppressed / seconds;
	row->irq = d.interrupt / seconds;
	row->spurious = d.spurious / seconds;
}

static void count_times(struct top *top, struct line *line)
{
	const struct session_queue key = { .device = line->watch.device,
					   .index = line->watch.index };
	struct session *session = &top->session;
	struct vt_times now = {};

	line->row.p50_us = line->row.p99_us = -1;
	/* Where buffers wait for what comes it is no latency. */
	if (!top->times || line->watch.receives)
		return;
	if (sums_read(&key, bpf_map__fd(session->skel->maps.times), top->cpu_times))
		now = sums_times(top->cpu_times, session->cpus);
	if (line->counted) {
		line->row.p50_us = percentile(now.add_to_reap, line->times.add_to_reap, 0.5);
		line->row.p99_us = percentile(now.add_to_reap, line->times.add_to_reap, 0.99);
	}
	line->times = now;
}

static int judge(struct line *line, struct snapshot *s, const struct interrupts *interrupts)
{
	const struct interrupt *interrupt =
		interrupts_find(interrupts, s->head.device, s->head.name, NULL);
	struct top_row *row = &line->row;
	struct stall stall;

	if (stall_judge(&line->stall_watch, s, interrupt ? (int64_t)interrupt->count : -1, STALL_NS,
			&stall))
		return no_memory();
	row->busy = s->head.num ? 1 - (double)s->head.before.num_free / s->head.num : 0;
	row->stall[0] = 0;
	if (verdict_is_finding(stall.verdict))
		snprintf(row->stall, sizeof(row->stall), "%s", stall.text);
	snprintf(row->flag, sizeof(row->flag), "%s%s%s%s%s", line->watch.receives ? "rx" : "",
		 line->watch.receives && line->watch.self ? "," : "",
		 line->watch.self ? "self" : "",
		 row->stall[0] && (line->watch.receives || line->watch.self) ? "," : "",
		 row->stall[0] ? "STALL?" : "");
	return 0;
}

/* @gone: whether its device was removed. */
static int sample_line(struct top *top, struct line *line, const struct interrupts *interrupts,
		       double seconds, bool *gone)
{
	struct snapshot s;
	int status = 0;

	count_rates(top, line, seconds);
	count_times(top, line);
	line->counted = true;
	line->row.watch = &line->watch;
	switch (snapshot_take(top->snapshotter, &top->queues.list[line->queue], &s)) {
	case SNAPSHOT_OK:
		status = judge(line, &s, interrupts);
		break;
	case SNAPSHOT_GONE:
		*gone = true;
		break;
	case SNAPSHOT_FAILED:
		snprintf(line->row.flag, sizeof(line->row.flag), "unread");
		break;
	}
	snapshot_free(&s);
	return status;
}

static int sample(struct top *top)
{
	struct session *session = &top->session;
	uint64_t now = feed_now();
	double seconds = (now - top->sampled_ns) / 1e9;
	struct interrupts interrupts = {};
	bool gone = false;
	int status = sums_meet_queues(session, bpf_map__fd(session->skel->maps.slots));

	if (!status && session->queue_count != top->met && !top->words.count)
		status = list_queues(top);
	top->sampled_ns = now;
	interrupts_read(&interrupts, "/proc/interrupts");
	for (size_t i = 0; !status && i < top->count; i++)
		status = sample_line(top, &top->lines[i], &interrupts, seconds, &gone);
	interrupts_free(&interrupts);
	/* With a queue that is named on the command line there is nothing left to list. */
	if (!status && gone)
		status = list_queues(top);
	return status;
}

/* ---- the order ---- */

static const char *const orders[] = { "add/s", "busy", "kick/s", "irq/s", "spurious", "queue" };
#define ORDERS (sizeof(orders) / sizeof(orders[0]))

static double key_of(const struct top_row *row, unsigned int order)
{
	const double keys[ORDERS] = { row->add, row->busy, row->kick, row->irq, row->spurious, 0 };

	return keys[order];
}

static unsigned int sorted_by;

static int compare_rows(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	double first = key_of(x, sorted_by), second = key_of(y, sorted_by);

	if (first != second)
		return first < second ? 1 : -1;
	if (x->watch->device != y->watch->device)
		return (int)x->watch->device - y->watch->device;
	return (int)x->watch->index - y->watch->index;
}

static bool matches(const struct top_row *row, const char *filter)
{
	const struct watch *w = row->watch;

	return !filter[0] || strcasestr(w->name, filter) || strcasestr(w->driver, filter) ||
	       strcasestr(w->alias, filter) || strcasestr(row->flag, filter);
}

static void sort(struct top *top)
{
	top->shown = 0;
	for (size_t i = 0; i < top->count; i++)
		if (top->lines[i].row.watch && matches(&top->lines[i].row, top->browse.filter))
			top->sorted[top->shown++] = top->lines[i].row;
	sorted_by = top->order;
	qsort(top->sorted, top->shown, sizeof(*top->sorted), compare_rows);
}

/* ---- the picture ---- */

static int draw(struct top *top, unsigned int rows, unsigned int cols)
{
	struct session_meter meter = session_meter(&top->session);
	struct screen_status status = { .lost = meter.lost, .missed = meter.missed, .cost = -1 };
	struct top_view view = { .devices = top->queues.devices, .hooks = top->session.hooks };

	if ((top->frame.rows != rows || top->frame.cols != cols) &&
	    frame_resize(&top->frame, rows, cols))
		return no_memory();
	sort(top);
	if (meter.cost >= 0)
		status.cost = meter.cost * sysconf(_SC_NPROCESSORS_ONLN);
	if (top->browse.frozen)
		snprintf(status.mode, sizeof(status.mode), "PAUSED");
	else
		snprintf(status.mode, sizeof(status.mode), "LIVE %g s", top->interval);
	view.rows = top->sorted;
	view.count = top->shown;
	memcpy(view.release, top->release, sizeof(view.release));
	snprintf(view.sorted_by, sizeof(view.sorted_by), "%s", orders[top->order]);
	screen_top(&top->frame, &view, &status, &top->browse);
	return 0;
}

/* ---- on a terminal ---- */

static int open_ring(struct top *top, bool *quit)
{
	const struct watch *w;
	bool left = false;
	char queue[32];
	int status;

	if (top->browse.cursor >= top->shown)
		return 0;
	w = top->sorted[top->browse.cursor].watch;
	snprintf(queue, sizeof(queue), "virtio%u:%u", w->device, w->index);
	/* One set of hooks at a time; the ring needs none. */
	stop(top);
	status = live_open(queue, &left);
	tool_error_into(top->browse.message, sizeof(top->browse.message));
	*quit = !left;
	if (status) /* it has gone meanwhile, and will not be in the list */
		*quit = false;
	if (*quit)
		return 0;
	status = start(top);
	top->sampled_ns = feed_now();
	return status ? status : sample(top);
}

static void change_interval(struct top *top, bool longer)
{
	static const double intervals[] = { 0.2, 0.5, 1, 2, 5, 10, 30 };
	const int count = sizeof(intervals) / sizeof(intervals[0]);

	for (int i = 0; i < count; i++) {
		int at = longer ? i : count - 1 - i;

		if (longer ? intervals[at] > top->interval : intervals[at] < top->interval) {
			top->interval = intervals[at];
			return;
		}
	}
}

static int act(struct top *top, enum browse_action action, bool *quit)
{
	switch (action) {
	case BROWSE_QUIT:
	case BROWSE_LEAVE:
		*quit = true;
		return 0;
	case BROWSE_OPEN:
		return open_ring(top, quit);
	case BROWSE_FREEZE:
		top->browse.frozen = !top->browse.frozen;
		return 0;
	case BROWSE_SORT:
		top->order = (top->order + 1) % ORDERS;
		return 0;
	case BROWSE_SLOWER:
	case BROWSE_FASTER:
		change_interval(top, action == BROWSE_FASTER);
		return 0;
	case BROWSE_RECORD:
		snprintf(top->browse.message, sizeof(top->browse.message),
			 "ENTER opens a queue, which r then records");
		return 0;
	default:
		return 0;
	}
}

static int run(struct top *top)
{
	unsigned int rows, cols;
	bool quit = false;
	int status = 0;

	while (!status && !quit) {
		if (!top->browse.frozen && feed_now() - top->sampled_ns >= top->interval * 1e9)
			status = sample(top);
		terminal_size(&rows, &cols);
		if (!status)
			status = draw(top, rows, cols);
		if (status)
			break;
		terminal_show(&top->frame);
		status = act(top, browse_key(&top->browse, terminal_key(LOOK_MS)), &quit);
		if (top->session.skel)
			session_look(&top->session);
	}
	return status;
}

static int run_on_terminal(struct top *top)
{
	char last[sizeof(top->browse.message)];
	int status = terminal_open(tool.colour, tool.ascii);

	if (status)
		return status;
	top->browse.ascii = terminal_ascii();
	tool_error_into(top->browse.message, sizeof(top->browse.message));
	status = run(top);
	memcpy(last, top->browse.message, sizeof(last));
	terminal_close();
	tool_error_into(NULL, 0);
	if (status)
		tool_error("%s", last);
	return status;
}

static int print_once(struct top *top)
{
	int status;

	top->browse.ascii = tool.ascii || terminal_ascii();
	session_look(&top->session);
	usleep(top->interval * 1e6);
	status = sample(top);
	live_text_size(&top->rows, &top->cols);
	if (!status)
		status = draw(top, top->rows, top->cols);
	if (!status)
		frame_print(&top->frame, stdout, top->browse.ascii, tool.colour);
	return status;
}

int top_main(int argc, char **argv)
{
	static const struct argp argp = { options,	 parse, "[QUEUE...]", doc,
					  tool_children, NULL,	NULL };
	struct top top = { .interval = 1, .browse = { .mode = BROWSE_TOP } };
	struct utsname system;
	int status;

	argv[0] = (char *)"vring-trace top";
	argp_parse(&argp, argc, argv, 0, NULL, &top);
	top.once |= !isatty(STDOUT_FILENO);
	if (!top.once && top.rows) {
		tool_error("--size is for a picture as text: --once");
		free(top.words.list);
		return TOOL_USAGE;
	}
	uname(&system);
	snprintf(top.release, sizeof(top.release), "%.31s", system.release);
	self_find(&top.self, -1);
	top.cpu_totals = calloc(libbpf_num_possible_cpus(), sizeof(*top.cpu_totals));
	top.cpu_times = calloc(libbpf_num_possible_cpus(), sizeof(*top.cpu_times));
	status = top.cpu_totals && top.cpu_times ? start(&top) : no_memory();
	top.sampled_ns = feed_now();
	if (!status)
		status = sample(&top); /* what counts are counted from */
	if (!status)
		status = top.once ? print_once(&top) : run_on_terminal(&top);
	stop(&top);
	free(top.cpu_totals);
	free(top.cpu_times);
	frame_free(&top.frame);
	free(top.words.list);
	return tool_flush() ? TOOL_FAILED : status;
}

int top_or_stat(int argc, char **argv)
{
	return isatty(STDOUT_FILENO) ? top_main(argc, argv) : stat_main(argc, argv);
}
