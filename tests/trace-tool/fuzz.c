/* SPDX-License-Identifier: MIT */
/*
 * Whatever is in a recording, those who read it end with a picture or with one clear line. Whole
 * recordings are taken apart, changed where it matters, put together again with checksums that are
 * right (mostly), and given to the reader, to check and show, to the screens and to the exporters.
 *
 * A round depends on the seed and its number alone. A failure says both; FUZZ_ROUND runs that round
 * again, and FUZZ_KEEP names a file for what it reads. FUZZ_SECONDS: how long; otherwise ROUNDS.
 */
#define _GNU_SOURCE /* memfd_create() */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/select.h"
#include "tests/trace-tool/ring.h"
#include "tests/trace-tool/spoil.h"
#include "trace-tool/invariants.h"
#include "trace-tool/tool.h"
#include "trace-tool/verdict.h"
#include "trace-tool/recording/vrt_snapshot.h"

#define ROUNDS 2000	  /* without FUZZ_SECONDS */
#define ROUND_SECONDS 60u /* one that takes longer hangs */

/* ---- those who read it ---- */

static struct {
	unsigned long rounds, opened, events, snapshots, findings, pictures, exports;
} done;

static char said[1024]; /* the last message */

static void eat_snapshots(const struct vrt_file *f)
{
	struct stall_watch watch = { 0 };
	char why[VRT_WHY_BYTES];

	for (size_t i = 0; i < f->num_keys; i++) {
		struct findings findings;
		struct snapshot s;
		struct stall stall;

		if (!vrt_get_snapshot(f, &f->blocks[f->keys[i].block], &s, why)) {
			invariants_check(&s, &findings);
			verdict_unreaped(&s);
			stall_judge(&watch, &s, below(2) ? (int)below(4) : -1, 1000000, &stall);
			done.snapshots++;
			done.findings += findings.count;
		} else {
			assert_true(why[0] && !strchr(why, '\n'));
		}
		snapshot_free(&s);
	}
	stall_watch_free(&watch);
}

/* A binary search finds what looking at each one finds. */
static void search(const struct vrt_file *f, const struct vring_event *event)
{
	const struct vrt_index_entry *last = NULL;
	uint64_t when = below(4) ? event->time_ns : odd_number();
	size_t first = f->count;

	for (size_t i = f->count; i-- > 0;) {
		const struct vrt_index_entry *e = &f->blocks[i];

		if ((e->type == VRT_EVENTS || e->type == VRT_EVENTS_DEFLATED) && e->last_ns >= when)
			first = i;
		if ((e->type != VRT_SNAPSHOT && e->type != VRT_SNAPSHOT_DEFLATED) ||
		    e->device != event->device || e->queue != event->queue || e->first_ns > when)
			continue;
		if (!last || e->first_ns > last->first_ns)
			last = e;
	}
	assert_ptr_equal(vrt_snapshot_before(f, event->device, event->queue, when), last);
	if (when) /* 0: any block before it is as good */
		assert_int_equal(vrt_block_at(f, when), first);
}

static void eat_events(const struct vrt_file *f)
{
	char text[40], why[VRT_WHY_BYTES];
	uint64_t seen = 0, half = f->events / 2;
	struct vring_event event;
	struct vrt_cursor c;

	vrt_cursor_begin(&c, f);
	while (vrt_next(&c, &event) > 0) {
		assert_int_equal(vrt_position(&c), ++seen);
		vrt_find_queue(f, event.device, event.queue);
		if (seen % 32 == 1)
			search(f, &event);
	}
	done.events += seen;
	vrt_seek(&c, event.time_ns);
	vrt_next(&c, &event);
	if (!vrt_seek_event(&c, half) && half)
		assert_int_equal(vrt_position(&c), half);
	vrt_cursor_end(&c);
	for (size_t i = 0; i < f->count; i++)
		if (f->blocks[i].type == VRT_NOTE)
			vrt_note(f, &f->blocks[i], text, sizeof(text), why);
}

static void eat_file(const char *path)
{
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	if (vrt_open(&f, path, why)) {
		assert_true(why[0] && !strchr(why, '\n'));
		return;
	}
	done.opened++;
	eat_events(&f);
	eat_snapshots(&f);
	vrt_verify(&f, why);
	vrt_close(&f);
}

/* A command ends well, or with one line that says why not. */
static int run(int (*command)(int argc, char **argv), char **argv)
{
	int argc = 0, status;

	while (argv[argc])
		argc++;
	said[0] = 0;
	status = command(argc, argv);
	fflush(stdout);
	if (status == TOOL_USAGE && (!said[0] || strchr(said, '\n')))
		fail_msg("%s: status %d, said: %s", argv[0], status, said);
	assert_in_range(status, 0, TOOL_INCOMPLETE);
	return status;
}

static void eat_by_show(char *path)
{
	static char *const ways[] = { "--bytes", "--json", "--at=3ms", "--at=1s",
				      "--save=/dev/null" };
	char *argv[] = { "show", path, below(2) ? ways[below(COUNT(ways))] : NULL, NULL };

	tool.json = false;
	run(show_main, argv);
	tool.json = false;
}

static void eat_by_check(char *path)
{
	char *argv[] = { "check", path, below(4) ? NULL : "--json", NULL };

	run(check_main, argv);
	tool.json = false;
}

/* Without 'e', which writes a file where it stands. */
static void eat_by_replay(char *path)
{
	static const char *const keys[] = { "k",   "i",	  "f",	 "K",	"I",	     "F",
					    "<",   ">",	  "{",	 "}",	"d",	     "m",
					    "w",   "h",	  "?",	 " ",	"j",	     "\\t",
					    "\\n", "\\e", "\\u", "\\d", "\\l",	     "\\r",
					    "\\h", "\\z", "\\[", "\\]", "g0.001\\n", "/kick\\n",
					    "mm",  "+",	  "-" };
	static char *const sizes[] = { "80x24", "100x30", "200x60", "79x23", "1x1", "81x25" };
	char pressed[128] = "";
	char *argv[] = { "replay",
			 path,
			 "--once",
			 "--size",
			 sizes[below(COUNT(sizes))],
			 "--keys",
			 pressed,
			 below(2) ? "--ascii" : NULL,
			 NULL };

	for (unsigned int count = below(10); count; count--)
		strcat(pressed, keys[below(COUNT(keys))]);
	done.pictures += run(replay_main, argv) == 0;
	tool.ascii = false;
}

static void eat_by_diff(char *path)
{
	static char *const other[] = { "trace-tool/samples/linux-net-split.vrt",
				       "trace-tool/samples/linux-blk-packed.vrt" };
	bool first = below(2);
	char *with = below(4) ? other[below(COUNT(other))] : path;
	char *argv[] = { "diff", first ? path : with, first ? with : path,
			 below(2) ? "--json" : NULL, NULL };

	run(diff_main, argv);
	tool.json = false;
}

static void eat_by_export(char *path)
{
	static char *const formats[] = { "perfetto", "chrome", "json", "csv", "cast", "svg" };
	char *format = formats[below(COUNT(formats))];
	char *argv[] = { "export", path, "-o", "/dev/null", "--to", format, NULL, NULL, NULL };

	/* A picture is of a time, or of the ring at a moment. */
	if (!strcmp(format, "svg") && below(2)) {
		argv[6] = below(2) ? "--at=2ms" : "--at=0";
	} else if (!below(3)) {
		argv[6] = "--from=1ms";
		argv[7] = "--until=500ms";
	} else if (!below(4)) {
		argv[6] = "virtio0";
	}
	done.exports += run(export_main, argv) == 0;
}

/* ---- what there is to begin with ---- */

static void add_event(struct vrt_writer *w, uint64_t time_ns, enum vring_event_type type,
		      unsigned int n, bool packed)
{
	struct vring_event event = { .time_ns = time_ns,
				     .type = type,
				     .cpu = n % 2,
				     .flags = VRING_EVENT_F_EVENT_IDX |
					      (packed ? VRING_EVENT_F_PACKED : 0),
				     .avail_idx = packed ? n % NUM : 0xfffd + n,
				     .used_idx = packed ? n % NUM : 0xfffc + n,
				     .last_used = packed ? n % NUM : 0xfffc + n,
				     .num_free = NUM - 1 };

	if (type == VRING_EVENT_ADD)
		event.add = (struct vring_event_add){ .token = 64 * n, .out = 1, .in = 2 };
	else if (type == VRING_EVENT_REAP)
		event.reap = (struct vring_event_reap){ .token = 64 * n, .len = 512 };
	else if (type == VRING_EVENT_KICK)
		event.kick = (struct vring_event_kick){ .old_idx = event.avail_idx - 1,
							.new_idx = event.avail_idx,
							.event = event.avail_idx - 1,
							.event_after = event.avail_idx,
							.kick = n % 2 };
	else if (type == VRING_EVENT_INTERRUPT)
		event.interrupt = (struct vring_event_interrupt){ .irq = 36, .handled = n % 3 };
	vrt_write_event(w, &event);
}

/* Small, so that most changes hit what matters. */
static void write_small(FILE *file, bool packed)
{
	static const enum vring_event_type life[] = { VRING_EVENT_ADD,	     VRING_EVENT_KICK,
						      VRING_EVENT_NOTIFY,    VRING_EVENT_INTERRUPT,
						      VRING_EVENT_CALLBACKS, VRING_EVENT_REAP };
	struct vrt_writer *w = malloc(sizeof(*w));
	struct vrt_queue queue = {
		.packed = packed, .name = "req.0", .driver = "virtio_blk", .alias = "vda"
	};
	struct snapshot s;

	le32_write(&queue.num, NUM);
	le32_write(&queue.device_id, 2);
	(packed ? healthy_packed : healthy_split)(&s);
	vrt_write_begin(w, file, "test", "6.1", 1700000000000000000, 1000);
	vrt_write_queues(w, &queue, 1, 1000);
	for (unsigned int n = 0; n < 24; n++) {
		s.head.time_ns = 2000 + 40000000ull * n;
		if (n % 8 == 0)
			vrt_put_snapshot(w, &s);
		for (unsigned int i = 0; i < COUNT(life); i++)
			add_event(w, s.head.time_ns + 1000 * i, life[i], n, packed);
	}
	vrt_write_note(w, "dd if=/dev/vda", 1000000000);
	vrt_write_loss(w, 1, 2, 1000000000);
	vrt_write_end(w, 1000000000);
	free(w);
	snapshot_free(&s);
}

static char path[64];
static int memory_file;

static int gather_corpus(void **state)
{
	glob_t samples;

	(void)state;
	memory_file = memfd_create("recording", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_file);
	for (int packed = 0; packed < 2; packed++) {
		FILE *file = fopen(path, "w");

		write_small(file, packed);
		fclose(file);
		take_apart(&corpus[corpus_count++], path);
	}
	if (glob("trace-tool/samples/*.vrt", 0, NULL, &samples))
		return -1;
	for (size_t i = 0; i < samples.gl_pathc && corpus_count < COUNT(corpus); i++)
		take_apart(&corpus[corpus_count++], samples.gl_pathv[i]);
	globfree(&samples);
	return 0;
}

static int forget_corpus(void **state)
{
	(void)state;
	while (corpus_count)
		forget(&corpus[--corpus_count]);
	return close(memory_file);
}

/* ---- the run ---- */

static unsigned long number_of(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

static void one_round(unsigned long seed, unsigned long round, unsigned char *file)
{
	const char *keep = getenv("FUZZ_KEEP");
	size_t bytes;

	chance_state = seed * 0x100000001b3 + round;
	bytes = make_up(file);
	if (ftruncate(memory_file, 0) || pwrite(memory_file, file, bytes, 0) != (ssize_t)bytes)
		fail_msg("no memory for a file");
	if (keep && getenv("FUZZ_ROUND")) {
		FILE *copy = fopen(keep, "w");

		assert_non_null(copy);
		fwrite(file, 1, bytes, copy);
		fclose(copy);
	}
	eat_file(path);
	eat_by_check(path);
	switch (below(8)) {
	case 0:
		eat_by_show(path);
		break;
	case 1:
		eat_by_diff(path);
		break;
	case 2:
	case 3:
		eat_by_export(path);
		break;
	default:
		eat_by_replay(path);
	}
	done.rounds++;
}

static unsigned long seed, current;
static bool running;
static int out = -1; /* the real stdout */

static void say_where(void)
{
	if (running)
		dprintf(STDERR_FILENO, "fuzz: in FUZZ_SEED=%lu FUZZ_ROUND=%lu\n", seed, current);
}

static void on_signal(int number)
{
	if (number == SIGALRM)
		dprintf(STDERR_FILENO, "fuzz: no end after %u seconds\n", ROUND_SECONDS);
	say_where();
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* The sanitizers, where there are any, end with SIGABRT. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

const char *__asan_default_options(void)
{
	return "abort_on_error=1";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

static int begin_run(void **state)
{
	int nowhere = open("/dev/null", O_WRONLY);

	(void)state;
	signal(SIGALRM, on_signal);
	signal(SIGABRT, on_signal);
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	dup2(nowhere, STDOUT_FILENO);
	close(nowhere);
	tool_error_into(said, sizeof(said));
	running = true;
	return 0;
}

/* Also after a failure. */
static int end_run(void **state)
{
	(void)state;
	alarm(0);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	tool_error_into(NULL, 0);
	say_where();
	return 0;
}

static void whatever_is_in_a_recording_its_readers_end_well(void **state)
{
	unsigned long seconds = number_of("FUZZ_SECONDS", 0), first = number_of("FUZZ_ROUND", 0);
	unsigned long rounds = getenv("FUZZ_ROUND") ? 1 : ROUNDS;
	unsigned char *file = malloc(MAX_FILE);
	time_t end = time(NULL) + seconds;

	(void)state;
	seed = number_of("FUZZ_SEED", 1);
	for (current = first; seconds ? time(NULL) < end : current < first + rounds; current++) {
		alarm(ROUND_SECONDS);
		one_round(seed, current, file);
		if (current % 256 == 255 && __lsan_do_recoverable_leak_check &&
		    __lsan_do_recoverable_leak_check())
			fail_msg("memory was not given back, in the last 256 rounds");
	}
	free(file);
	running = false;
	dprintf(out,
		"seed %lu: %lu rounds, %lu opened, %lu events, %lu snapshots, %lu findings, "
		"%lu pictures, %lu exports\n",
		seed, done.rounds, done.opened, done.events, done.snapshots, done.findings,
		done.pictures, done.exports);
	/* Otherwise it tests how files are refused, and nothing else. */
	if (rounds == ROUNDS || seconds) {
		assert_true(done.opened * 2 > done.rounds);
		assert_true(done.snapshots > done.rounds && done.events > 10 * done.rounds);
		assert_true(done.pictures * 8 > done.rounds && done.exports * 16 > done.rounds);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whatever_is_in_a_recording_its_readers_end_well,
						begin_run, end_run),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, gather_corpus, forget_corpus);
}
