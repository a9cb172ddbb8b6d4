/* SPDX-License-Identifier: MIT */
/*
 * Takes snapshots of the queue that is shown. Hooks are set only where somebody wants to see events
 * or to record them: a session of this one queue, which is made anew each time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "hooks.h"
#include "../interrupts.h"
#include "live_feed.h"
#include "../tool.h"

uint64_t feed_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static const struct queue *shown(const struct live_feed *feed)
{
	return &feed->look.queues.list[feed->shown];
}

static int no_memory(void)
{
	tool_error("out of memory");
	return TOOL_FAILED;
}

/* ---- choosing a queue ---- */

size_t feed_find(const struct live_feed *feed, uint16_t device, uint16_t index)
{
	const struct queue *queue = queues_find(&feed->look.queues, device, index);

	return queue ? (size_t)(queue - feed->look.queues.list) : feed->look.queues.count;
}

/* Which events go where is decided by what is watched. */
static int watch_queues(struct live_feed *feed)
{
	const struct queues *queues = &feed->look.queues;
	int status = 0;

	if (!feed->hooked)
		return 0;
	for (size_t i = 0; !status && i < queues->count; i++) {
		const struct queue *queue = &queues->list[i];
		bool on = (feed->why && i == feed->shown) || queue == feed->recorded;

		status = session_watch(&feed->session, queue->state.device, queue->state.index, on);
	}
	return status;
}

int feed_show(struct live_feed *feed, size_t queue)
{
	struct vrt_queue description;

	watch_end(&feed->watch);
	memset(&feed->watch, 0, sizeof(feed->watch));
	kept_free(&feed->kept);
	feed->shown = queue;
	feed->gone = false;
	feed->symbols_known = false;
	feed->looks = 0;
	queue_describe(shown(feed),
		       self_carries(&feed->self, shown(feed)->state.device,
				    shown(feed)->state.index),
		       &description);
	if (watch_begin(&feed->watch, &description, feed->why))
		return no_memory();
	return watch_queues(feed);
}

static size_t fullest(const struct queues *queues)
{
	size_t best = 0;

	for (size_t i = 1; i < queues->count; i++) {
		const struct vt_queue *a = &queues->list[i].state, *b = &queues->list[best].state;

		if (a->num - a->num_free > b->num - b->num_free)
			best = i;
	}
	return best;
}

int feed_open(struct live_feed *feed, const struct words *words)
{
	const struct words all = {};
	struct queues *queues = &feed->look.queues;
	size_t first = 0;
	int status;

	memset(feed, 0, sizeof(*feed));
	feed->cost_since_ns = feed_now();
	self_find(&feed->self, -1);
	/* All of them, so that there is room for the copy of each. */
	status = look_open(&feed->look, &all, true);
	if (!status && !queues->count) {
		tool_error("there is no queue to look at");
		status = TOOL_NO_TRACE;
	}
	if (!status && words->count)
		status = queues_select(queues, words->list, words->count);
	if (status)
		return status;
	while (words->count && first + 1 < queues->count && !queues->list[first].selected)
		first++;
	return feed_show(feed, words->count ? first : fullest(queues));
}

/* ---- a queue that went away ---- */

/* The list anew: there may be other queues, and larger ones. */
static int list_again(struct live_feed *feed)
{
	const struct words all = {};
	size_t found;
	int status;

	if (feed->recorder)
		return 0; /* it keeps to its list until it ends */
	look_close(&feed->look);
	status = look_open(&feed->look, &all, true);
	if (!status && !feed->look.queues.count) {
		tool_error("there is no queue any more");
		status = TOOL_FAILED;
	}
	if (status)
		return status;
	found = feed_find(feed, feed->watch.device, feed->watch.index);
	if (found < feed->look.queues.count)
		return feed_show(feed, found);
	feed->shown = 0; /* from where TAB goes on */
	return 0;
}

/* ---- looking ---- */

static void read_cpus(struct watch *watch)
{
	char path[64], cpus[sizeof(watch->cpus)] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/irq/%d/effective_affinity_list", watch->irq);
	file = fopen(path, "re");
	if (file && !fgets(cpus, sizeof(cpus), file))
		cpus[0] = 0;
	if (file)
		fclose(file);
	cpus[strcspn(cpus, "\n")] = 0;
	memcpy(watch->cpus, cpus, sizeof(cpus));
}

/* Of one interrupt alone, "12,0,4": for all of them the kernel has much more to write. */
static int64_t count_one(int irq)
{
	char path[64], counts[1024], *at = counts, *end;
	int64_t sum = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/irq/%d/per_cpu_count", irq);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (!fgets(counts, sizeof(counts), file))
		counts[0] = 0;
	fclose(file);
	do {
		sum += strtoull(at, &end, 10);
		at = end + 1;
	} while (*end == ',');
	return *end == '\n' ? sum : -1;
}

/* Return: how many came so far; negative: not known. */
static int64_t read_interrupts(struct live_feed *feed)
{
	const struct vt_queue *state = &shown(feed)->state;
	const struct interrupt *interrupt;
	struct interrupts interrupts;
	int64_t count = -1;

	/* It may be moved, but not often. */
	if (feed->watch.irq >= 0 && feed->looks % 64)
		count = count_one(feed->watch.irq);
	if (count >= 0)
		return count;
	if (interrupts_read(&interrupts, "/proc/interrupts"))
		return -1;
	interrupt = interrupts_find(&interrupts, state->device, state->name, NULL);
	if (interrupt) {
		count = interrupt->count;
		feed->watch.irq = interrupt->irq;
		read_cpus(&feed->watch);
	}
	interrupts_free(&interrupts);
	return count;
}

/* To find them takes all of /proc/kallsyms: once for a queue. */
static void name_symbols(struct live_feed *feed, struct snapshot *s)
{
	if (!feed->symbols_known) {
		snapshot_find_symbols(s);
		memcpy(feed->callback, s->callback, sizeof(s->callback));
		memcpy(feed->notify, s->notify, sizeof(s->notify));
		feed->symbols_known = true;
		return;
	}
	memcpy(s->callback, feed->callback, sizeof(s->callback));
	memcpy(s->notify, feed->notify, sizeof(s->notify));
}

static int on_event(struct session *session, struct session_queue *queue,
		    const struct vring_event *event)
{
	struct live_feed *feed =
		(struct live_feed *)((char *)session - offsetof(struct live_feed, session));

	(void)queue;
	return in_order_add(&feed->order, event);
}

/* Those until @until_ns go to the screen and into the recording. */
static int pass_events(struct live_feed *feed, uint64_t until_ns)
{
	size_t ready = in_order_ready(&feed->order, until_ns);
	int error = 0;

	for (size_t i = 0; !error && i < ready; i++) {
		const struct vring_event *event = &feed->order.events[i];
		uint32_t key = (uint32_t)event->device << 16 | event->queue;
		const struct vt_queue *state = &shown(feed)->state;

		if (feed->recorded && key == ((uint32_t)feed->recorded->state.device << 16 |
					      feed->recorded->state.index))
			error = recorder_event(feed->recorder, event);
		if (error || !feed->why || key != ((uint32_t)state->device << 16 | state->index))
			continue;
		error = watch_event(&feed->watch, event);
		if (!error && !feed->stop_keeping)
			error = kept_event(&feed->kept, event);
	}
	in_order_drop(&feed->order, ready);
	return error;
}

static int record_frame(struct live_feed *feed, const struct snapshot *s)
{
	struct snapshot frame;
	int error = 0;

	if (!feed->recorder)
		return 0;
	if (feed->recorded == shown(feed))
		error = snapshot_copy(&frame, s);
	else if (snapshot_take(feed->look.snapshotter, feed->recorded, &frame) != SNAPSHOT_OK)
		return 0; /* gone: there is no more of it to record */
	return error ? error : recorder_frame(feed->recorder, &frame);
}

/* @s is taken over. */
static int take_in(struct live_feed *feed, struct snapshot *s)
{
	int64_t interrupts = read_interrupts(feed);
	uint64_t now = s->head.time_ns;
	int error;

	name_symbols(feed, s);
	/* What happened before the copy was made is all in the buffer by now. */
	if (feed->hooked)
		session_look(&feed->session);
	error = pass_events(feed, now);
	if (!error)
		error = record_frame(feed, s);
	if (error) {
		snapshot_free(s);
		return error;
	}
	error = watch_snapshot(&feed->watch, s);
	if (interrupts >= 0)
		watch_interrupts(&feed->watch, interrupts);
	watch_at(&feed->watch, now);
	if (!error && !feed->stop_keeping)
		error = kept_moment(&feed->kept, feed->watch.snapshot, interrupts);
	return error;
}

static void end_record(struct live_feed *feed)
{
	int error = feed->record_error ? feed->record_error : recorder_end(feed->recorder);

	if (fclose(feed->file) && !error)
		error = -errno;
	feed->record_error = error;
	recorder_free(feed->recorder);
	free(feed->recorder);
	feed->recorder = NULL;
	feed->recorded = NULL;
}

static void tick_record(struct live_feed *feed)
{
	struct session_meter meter;

	if (!feed->recorder)
		return;
	meter = session_meter(&feed->session);
	recorder_loss(feed->recorder, meter.lost, meter.missed);
	feed->record_error = recorder_tick(feed->recorder);
	if (feed->record_error) {
		end_record(feed);
		tool_error("cannot write %s: %s; what was written before can be read",
			   feed->file_name, strerror(-feed->record_error));
	}
}

int feed_look(struct live_feed *feed)
{
	struct snapshot s;
	int status = 0;

	feed->looks++;
	if (feed->gone && feed->looks % tool.rate_hz == 0)
		status = list_again(feed);
	if (status || feed->gone)
		return status;
	switch (snapshot_take(feed->look.snapshotter, shown(feed), &s)) {
	case SNAPSHOT_OK:
		if (take_in(feed, &s))
			status = no_memory();
		break;
	case SNAPSHOT_GONE:
		snapshot_free(&s);
		feed->gone = true;
		break;
	case SNAPSHOT_FAILED:
		snapshot_free(&s);
		status = TOOL_FAILED;
		break;
	}
	tick_record(feed);
	return status;
}

/* ---- hooks ---- */

static int set_hooks(struct live_feed *feed)
{
	struct session *session = &feed->session;
	static char name[VT_NAME_LEN + 16];
	int status;

	memset(session, 0, sizeof(*session));
	session->words = calloc(1, sizeof(*session->words));
	if (!session->words)
		return no_memory();
	snprintf(name, sizeof(name), "virtio%u:%u", shown(feed)->state.device,
		 shown(feed)->state.index);
	session->words[session->word_count++] = name;
	session->events = HOOKS_ALL;
	session->send_events = true;
	session->on_event = on_event;
	status = session_open(session);
	if (!status)
		status = session_begin(session);
	if (status) {
		if (session->skel)
			session_end(session);
		session_close(session, status);
		return status;
	}
	feed->hooked = true;
	return 0;
}

static void take_hooks_off(struct live_feed *feed)
{
	if (!feed->hooked)
		return;
	session_end(&feed->session);
	pass_events(feed, UINT64_MAX);
	session_close(&feed->session, 0);
	feed->hooked = false;
}

/* As many as are wanted by the screen and the recording. */
static int adjust_hooks(struct live_feed *feed)
{
	bool wanted = feed->why || feed->recorder;
	int status = 0;

	if (wanted && !feed->hooked)
		status = set_hooks(feed);
	else if (!wanted)
		take_hooks_off(feed);
	return status ? status : watch_queues(feed);
}

int feed_why(struct live_feed *feed, bool on)
{
	int status;

	feed->why = on;
	feed->watch.events_known = on;
	status = adjust_hooks(feed);
	if (status)
		feed->why = feed->watch.events_known = false;
	return status;
}

/* ---- a recording ---- */

static int begin_record(struct live_feed *feed)
{
	struct vrt_queue description;
	time_t now = time(NULL);
	struct utsname system;
	struct tm tm;
	int error;

	strftime(feed->file_name, sizeof(feed->file_name), "vring-%Y%m%d-%H%M%S.vrt",
		 localtime_r(&now, &tm));
	feed->file = fopen(feed->file_name, "we");
	feed->recorder = calloc(1, sizeof(*feed->recorder));
	if (!feed->file || !feed->recorder) {
		tool_error("cannot create %s: %s", feed->file_name, strerror(errno));
		if (feed->file)
			fclose(feed->file);
		free(feed->recorder);
		feed->recorder = NULL;
		return TOOL_FAILED;
	}
	uname(&system);
	queue_describe(shown(feed),
		       self_carries(&feed->self, shown(feed)->state.device,
				    shown(feed)->state.index),
		       &description);
	feed->record_error = 0;
	feed->recorded = shown(feed);
	error = recorder_begin(feed->recorder, feed->file, system.release);
	if (!error)
		error = recorder_queues(feed->recorder, &description, 1);
	if (!error)
		error = recorder_note(feed->recorder, "vring-trace live, 'r' pressed");
	if (!error && feed->watch.snapshot)
		error = record_frame(feed, feed->watch.snapshot);
	if (!error)
		return 0;
	feed->record_error = error;
	end_record(feed);
	tool_error("cannot write %s: %s", feed->file_name, strerror(-error));
	return TOOL_FAILED;
}

int feed_record(struct live_feed *feed)
{
	int status;

	if (!feed->recorder) {
		status = begin_record(feed);
		if (status)
			return status;
		status = adjust_hooks(feed);
		if (status)
			end_record(feed);
		return status;
	}
	/* The last events first. */
	session_look(&feed->session);
	pass_events(feed, UINT64_MAX);
	end_record(feed);
	if (feed->record_error)
		tool_error("cannot write %s: %s", feed->file_name, strerror(-feed->record_error));
	status = adjust_hooks(feed);
	return feed->record_error ? TOOL_FAILED : status;
}

/* ---- the meter ---- */

static double own_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct session_meter feed_meter(struct live_feed *feed)
{
	struct session_meter meter = { .cost = -1 };
	uint64_t now = feed_now();
	double own = own_seconds(), hooks = 0;

	if (now - feed->cost_since_ns >= 1000000000) {
		feed->cost = (own - feed->own_before) / ((now - feed->cost_since_ns) / 1e9);
		/* What it took to begin is no part of what it takes. */
		if (!feed->own_before)
			feed->cost = -1;
		feed->own_before = own;
		feed->cost_since_ns = now;
	}
	if (feed->hooked) {
		meter = session_meter(&feed->session);
		hooks = session_hook_cost(&feed->session);
	}
	meter.cost = feed->own_before && feed->cost >= 0 && hooks >= 0 ? feed->cost + hooks : -1;
	return meter;
}

void feed_close(struct live_feed *feed)
{
	if (feed->recorder)
		feed_record(feed);
	feed->why = false;
	take_hooks_off(feed);
	in_order_free(&feed->order);
	kept_free(&feed->kept);
	watch_end(&feed->watch);
	look_close(&feed->look);
}
