/* SPDX-License-Identifier: MIT */
/*
 * vring-trace record: what happens to the queues, into a file. With --on-stall the last seconds of
 * it are kept in memory, and written once something is stuck.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "hooks.h"
#include "../interrupts.h"
#include "../json.h"
#include "../recording/recorder.h"
#include "self.h"
#include "session.h"
#include "../tool.h"
#include "../verdict.h"

#define FRAMES_MAX 64 /* a second, of all queues */
#define LOOKS 10      /* at least, in the time that makes a stall */
#define BUFFER (256 << 10)

static const char doc[] =
	"Record each event of the queues, and how their rings look now and then, into a file for "
	"replay, export, diff and check. Ends with Ctrl-C, or with COMMAND."
	"\v"
	"A key frame is a copy of a ring. HZ of them are made a second of each queue,\n"
	"in all at most 64: of ten queues 6 a second each, of 100 one each 1.6 s.\n"
	"A ring that stands still gets one a second.\n"
	"What was recorded is on the disk after a second, so that a power loss costs no\n"
	"more. A file that could not be finished can be read up to there. One that is\n"
	"there already becomes FILE.old.\n"
	"\n"
	"With --on-stall the last 10 seconds are kept, in at most 64 MiB of memory, and\n"
	"written once something waits for longer than TIME, in the words of stall; the\n"
	"exit status is then 1. Until then it goes on; Ctrl-C ends it and writes\n"
	"nothing.\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace record vda -- fio job       # a disk, while a command runs\n"
	"  vring-trace record -o all.vrt           # everything, until Ctrl-C\n"
	"  vring-trace record --on-stall 5s        # wait for it to happen\n"
	"  vring-trace record -o - eth0 | ssh host 'cat >card.vrt'";

enum { OPT_FRAMES = 256, OPT_ON_STALL };

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "where to; - is stdout [vring-DATE-TIME.vrt]", 0 },
	{ "frames", OPT_FRAMES, "HZ", 0,
	  "key frames of each queue a second, up to 100; 0: only at the ends [10]", 0 },
	{ "on-stall", OPT_ON_STALL, "TIME", 0,
	  "write the last 10 s once something has waited for TIME", 0 },
	SESSION_OPTIONS,
	{ 0 },
};

/* What is known of a queue between its frames. */
struct framed {
	bool gone; /* its device was removed, or its ring cannot be copied */
	bool named;
	char callback[64], notify[64]; /* as in struct snapshot */
	uint32_t crc;
	uint64_t written_ns;
	struct stall_watch watch;
};

struct record {
	struct session session; /* first: the session's callbacks get a pointer to it */
	struct recorder recorder;
	const char *path;
	FILE *file;
	double frames_hz;
	uint64_t begun_ns; /* the first frames, before the hooks were set */
	double stall;	   /* seconds; 0: no --on-stall */
	char *words;	   /* of the command line */
	char name[32];
	int error; /* negative errno */

	struct self self;
	struct queues queues;
	struct snapshotter *snapshotter;
	struct framed *framed; /* for each of queues.list */
	size_t met;	       /* the session's queues when they were listed */
	size_t gone;
	bool list_again; /* one that was gone has come back */
	uint64_t due_ns;

	struct stall found;
	char found_at[VT_NAME_LEN + 16];

	pthread_t syncing;
	bool sync_started;
	atomic_bool sync_over;
	uint64_t synced_ns;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct record *record = state->input;
	char *end;

	switch (key) {
	case 'o':
		record->path = arg;
		return 0;
	case OPT_FRAMES:
		record->frames_hz = strtod(arg, &end);
		if (*end || end == arg || !(record->frames_hz >= 0 && record->frames_hz <= 100))
			argp_error(state, "HZ is a number from 0 to 100: %s", arg);
		return 0;
	case OPT_ON_STALL:
		record->stall = session_duration(state, arg);
		return 0;
	}
	return session_parse(&record->session, key, arg, state);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* ---- the queues ---- */

static void forget_queues(struct record *record)
{
	for (size_t i = 0; record->framed && i < record->queues.count; i++)
		stall_watch_free(&record->framed[i].watch);
	free(record->framed);
	record->framed = NULL;
	snapshotter_close(record->snapshotter);
	record->snapshotter = NULL;
	queues_free(&record->queues);
	record->queues.count = 0;
}

static int write_table(struct record *record)
{
	struct vrt_queue *table = calloc(record->queues.count + 1, sizeof(*table));
	size_t count = 0;
	int error = -ENOMEM;

	for (size_t i = 0; table && i < record->queues.count; i++) {
		const struct queue *queue = &record->queues.list[i];

		if (queue->selected)
			queue_describe(queue,
				       self_carries(&record->self, queue->state.device,
						    queue->state.index),
				       &table[count++]);
	}
	if (table)
		error = recorder_queues(&record->recorder, table, count);
	free(table);
	return error;
}

/* Return: 0, or an exit status after one message. */
static int list_queues(struct record *record)
{
	struct session *session = &record->session;
	int status;

	forget_queues(record);
	record->list_again = false;
	record->gone = 0;
	record->met = session->queue_count;
	status = queues_walk(session->skel, &record->queues);
	if (!status)
		status = queues_select(&record->queues, session->words, session->word_count);
	if (status)
		return status;
	record->framed = calloc(record->queues.count + 1, sizeof(*record->framed));
	record->snapshotter = snapshotter_open(&record->queues);
	if (!record->framed || !record->snapshotter)
		return TOOL_NO_TRACE;
	record->error = write_table(record);
	return 0;
}

/* ---- key frames ---- */

static bool stands_still(struct framed *framed, const struct snapshot *s)
{
	uint32_t crc = crc32(0, (const Bytef *)&s->head.before, sizeof(s->head.before));

	crc = crc32(crc, s->copy, s->copied);
	if (crc == framed->crc && s->head.time_ns - framed->written_ns < RECORDER_SECOND)
		return true;
	framed->crc = crc;
	framed->written_ns = s->head.time_ns;
	return false;
}

/* Judges a queue; the first that is stuck is the reason to write. */
static int judge(struct record *record, struct framed *framed, const struct snapshot *s,
		 const struct interrupts *interrupts)
{
	const struct interrupt *interrupt =
		interrupts_find(interrupts, s->head.device, s->head.name, NULL);
	struct stall stall;
	int error = stall_judge(&framed->watch, s, interrupt ? (int64_t)interrupt->count : -1,
				record->stall * 1e9, &stall);

	if (!error && verdict_is_finding(stall.verdict) && !record->found_at[0]) {
		record->found = stall;
		snprintf(record->found_at, sizeof(record->found_at), "%.47s", s->name);
	}
	return error;
}

/* Reading all symbols takes long: once for each queue. */
static void name_symbols(struct framed *framed, struct snapshot *s)
{
	if (framed->named) {
		memcpy(s->callback, framed->callback, sizeof(s->callback));
		memcpy(s->notify, framed->notify, sizeof(s->notify));
		return;
	}
	snapshot_find_symbols(s);
	memcpy(framed->callback, s->callback, sizeof(s->callback));
	memcpy(framed->notify, s->notify, sizeof(s->notify));
	framed->named = true;
}

static void leave_out(struct record *record, size_t i)
{
	record->framed[i].gone = true;
	record->gone++;
}

static int take_frame(struct record *record, size_t i, const struct interrupts *interrupts,
		      bool last)
{
	struct framed *framed = &record->framed[i];
	struct snapshot s;
	int error = 0;

	switch (snapshot_take(record->snapshotter, &record->queues.list[i], &s)) {
	case SNAPSHOT_OK:
		if (record->stall)
			error = judge(record, framed, &s, interrupts);
		if (error || (!last && stands_still(framed, &s)))
			break;
		name_symbols(framed, &s);
		return recorder_frame(&record->recorder, &s);
	case SNAPSHOT_GONE:
		tool_error("%s is gone: its device was removed", s.name);
		leave_out(record, i);
		break;
	case SNAPSHOT_FAILED:
		leave_out(record, i);
		break;
	}
	snapshot_free(&s);
	return error;
}

/* Of every queue. @last: also of those that stand still. */
static void take_frames(struct record *record, bool last)
{
	struct interrupts interrupts = {};

	if (record->stall)
		record->error = interrupts_read(&interrupts, "/proc/interrupts");
	for (size_t i = 0; !record->error && i < record->queues.count; i++)
		if (record->queues.list[i].selected && !record->framed[i].gone)
			record->error = take_frame(record, i, &interrupts, last);
	interrupts_free(&interrupts);
}

/* From one round of frames to the next. */
static uint64_t period_ns(const struct record *record)
{
	double hz = record->frames_hz, queues = 0;

	for (size_t i = 0; i < record->queues.count; i++)
		queues += record->queues.list[i].selected;
	if (queues && hz > FRAMES_MAX / queues)
		hz = FRAMES_MAX / queues;
	if (record->stall && hz < LOOKS / record->stall)
		hz = LOOKS / record->stall;
	return hz > 0 ? 1e9 / hz : UINT64_MAX / 2;
}

/* ---- onto the disk ---- */

static void *sync_file(void *arg)
{
	struct record *record = arg;

	/* What cannot be written is found out by the writes. */
	fdatasync(fileno(record->file));
	record->sync_over = true;
	return NULL;
}

/* A disk may take its time: events do not wait for it. */
static void keep_synced(struct record *record)
{
	if (!record->file || record->synced_ns == record->recorder.flushed_ns)
		return;
	if (record->sync_started && !record->sync_over)
		return;
	if (record->sync_started)
		pthread_join(record->syncing, NULL);
	record->synced_ns = record->recorder.flushed_ns;
	record->sync_over = false;
	record->sync_started = !pthread_create(&record->syncing, NULL, sync_file, record);
}

/* ---- the session's callbacks ---- */

static bool has_come_back(const struct record *record, const struct vring_event *event)
{
	const struct queue *queue = queues_find(&record->queues, event->device, event->queue);

	return queue && record->framed[queue - record->queues.list].gone;
}

static int on_event(struct session *session, struct session_queue *queue,
		    const struct vring_event *event)
{
	struct record *record = (struct record *)session;

	(void)queue;
	if (record->gone && !session->word_count)
		record->list_again |= has_come_back(record, event);
	record->error = recorder_event(&record->recorder, event);
	return record->error;
}

static int on_tick(struct session *session)
{
	struct record *record = (struct record *)session;
	struct session_meter meter;
	uint64_t now = now_ns();

	/* A device that came later; of those named on the command line all were there. */
	if (!session->word_count && (session->queue_count != record->met || record->list_again) &&
	    list_queues(record))
		return 1;
	if (now >= record->due_ns) {
		record->due_ns += period_ns(record);
		if (record->due_ns < now)
			record->due_ns = now;
		take_frames(record, false);
		meter = session_meter(session);
		recorder_loss(&record->recorder, meter.lost, meter.missed);
	}
	if (!record->error)
		record->error = recorder_tick(&record->recorder);
	keep_synced(record);
	return record->error || record->found_at[0];
}

/* ---- the file ---- */

/* What bears the name already may be a recording, and this one nothing: it is kept as NAME.old. */
static int keep_old(const char *path)
{
	char old[4096];
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return 0;
	snprintf(old, sizeof(old), "%.4091s.old", path);
	if (rename(path, old)) {
		tool_error("cannot rename %s to %s: %s", path, old, strerror(errno));
		return TOOL_FAILED;
	}
	fprintf(stderr, "%s was there already, and is %s now.\n", path, old);
	return 0;
}

/* The name without one is made when the file is. Return: 0, or an exit status after a message. */
static int open_file(struct record *record)
{
	time_t now = time(NULL);
	struct tm tm;

	if (!record->path) {
		strftime(record->name, sizeof(record->name), "vring-%Y%m%d-%H%M%S.vrt",
			 localtime_r(&now, &tm));
		record->path = record->name;
	}
	if (!strcmp(record->path, "-")) {
		record->file = stdout;
		return 0;
	}
	if (keep_old(record->path))
		return TOOL_FAILED;
	record->file = fopen(record->path, "we");
	if (!record->file) {
		tool_error("cannot create %s: %s", record->path, strerror(errno));
		return TOOL_FAILED;
	}
	setvbuf(record->file, NULL, _IOFBF, BUFFER);
	return 0;
}

static int check_words(const struct record *record)
{
	if (record->path && !strcmp(record->path, "-") && isatty(STDOUT_FILENO)) {
		tool_error("a recording is nothing for a terminal; -o FILE, or a pipe");
		return TOOL_USAGE;
	}
	if (record->path && !strcmp(record->path, "-") && record->session.command) {
		tool_error("-o -: the output of %s would be in the recording; -o FILE",
			   record->session.command[0]);
		return TOOL_USAGE;
	}
	return 0;
}

/* The last flush may find the disk full. */
static void close_file(struct record *record)
{
	if (record->sync_started)
		pthread_join(record->syncing, NULL);
	if (record->file && record->file != stdout && fclose(record->file) && !record->error)
		record->error = -errno;
	record->file = NULL;
}

/* ---- the end ---- */

static void print_sum(const struct record *record)
{
	const struct session *session = &record->session;
	struct session_meter meter = session_meter(session);
	uint64_t events = recorder_events(&record->recorder);
	uint64_t bytes = recorder_bytes(&record->recorder);
	json_object *object;

	if (tool.json && strcmp(record->path, "-")) {
		object = json_object_new_object();
		json_add_string(object, "file", record->path);
		json_add_int(object, "events", events);
		json_add_int(object, "bytes", bytes);
		json_add_int(object, "frames", record->recorder.frames_written);
		json_add_int(object, "lost", meter.lost);
		json_add_int(object, "missed", meter.missed);
		if (meter.cost >= 0)
			json_object_object_add(object, "cost", json_object_new_double(meter.cost));
		json_line(object);
		return;
	}
	fprintf(stderr, "%s: %" PRIu64 " events, %" PRIu64 " key frames, %.1f s; %" PRIu64 " bytes",
		record->path, events, record->recorder.frames_written,
		(session->end_ns - record->begun_ns) / 1e9, bytes);
	if (events)
		fprintf(stderr, ", %.1f an event", (double)bytes / events);
	fprintf(stderr, "\nlost %" PRIu64 "  missed %" PRIu64 "  cost ", meter.lost, meter.missed);
	if (meter.cost >= 0)
		fprintf(stderr, "%.1f%%\n", 100 * meter.cost);
	else
		fprintf(stderr, "unknown\n");
}

static int save_stall(struct record *record)
{
	char note[sizeof(record->found_at) + sizeof(record->found.text) + 16];
	int status = open_file(record);

	if (status)
		return status;
	snprintf(note, sizeof(note), "%s stalled: %s", record->found_at, record->found.text);
	record->error = recorder_save(&record->recorder, record->file, note);
	tool_error("%s", note);
	if (record->recorder.dropped)
		tool_error("64 MiB were not enough for 10 s: it begins later");
	return TOOL_FINDING;
}

/* Once the hooks are off. Return: the exit status. */
static int finish(struct record *record, int status)
{
	struct session_meter meter = session_meter(&record->session);

	if (!record->error)
		take_frames(record, true);
	recorder_loss(&record->recorder, meter.lost, meter.missed);
	if (!record->error)
		record->error = recorder_end(&record->recorder);
	if (record->found_at[0] && !record->error)
		status = save_stall(record);
	else if (record->stall && !record->error)
		fprintf(stderr, "nothing stalled: nothing is written\n");
	close_file(record);
	if (record->error == -EPIPE)
		return TOOL_FAILED;
	if (record->error) {
		tool_error("cannot write %s: %s; what was written before can be read",
			   record->path ? record->path : "the recording", strerror(-record->error));
		return TOOL_FAILED;
	}
	if (!record->stall || record->found_at[0])
		print_sum(record);
	return status;
}

static char *join(int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (int i = 0; file && i < argc; i++)
		fprintf(file, "%s%s", i ? " " : "", argv[i]);
	if (file)
		fclose(file);
	return text;
}

static int begin(struct record *record)
{
	struct utsname system;
	int status = record->stall ? 0 : open_file(record);

	if (status)
		return status;
	uname(&system);
	self_find(&record->self,
		  record->file && record->file != stdout ? fileno(record->file) : STDOUT_FILENO);
	record->error = recorder_begin(&record->recorder, record->file, system.release);
	status = list_queues(record);
	if (!record->error && record->words)
		record->error = recorder_note(&record->recorder, record->words);
	record->begun_ns = now_ns();
	if (!status && !record->error)
		take_frames(record, true);
	if (!status && !record->stall && record->file != stdout)
		fprintf(stderr, "Recording into %s.\n", record->path);
	return status;
}

int record_main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "[QUEUE...] [-- COMMAND [ARGUMENT...]]", doc, tool_children,
		NULL,	 NULL
	};
	struct record record = { .session = { .events = HOOKS_ALL,
					      .send_events = true,
					      .on_event = on_event,
					      .on_tick = on_tick },
				 .frames_hz = 10 };
	struct session *session = &record.session;
	int status;

	argv[0] = (char *)"vring-trace record";
	record.words = join(argc, argv);
	/* In order: what stands behind "--" is the command's, options included. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &record);
	status = check_words(&record);
	if (!status)
		status = session_open(session);
	if (!status)
		status = begin(&record);
	if (!status && !record.error) {
		record.due_ns = now_ns();
		status = session_run(session);
	}
	if (session->start_ns)
		status = finish(&record, status);
	else
		close_file(&record);
	recorder_free(&record.recorder);
	forget_queues(&record);
	free(record.words);
	return session_close(session, status);
}
