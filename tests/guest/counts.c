/* SPDX-License-Identifier: MIT */
/*
 * Judges a trace of a real guest by witnesses that know nothing of it: QEMU's own trace log,
 * /proc/interrupts, and the rings' indices before and after. Then takes events out of the trace,
 * one at a time, and insists that each is missed.
 *
 * counts DIR: the recording that one boot with tests/guest/counts.job leaves behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What counts.job does. */
#define READS 1009
#define PINGS 7
#define MARK_BEFORE (8000 * 8) /* sectors of 512 bytes */
#define MARK_AFTER (8001 * 8)

#define MAX_EVENTS 65536

enum kind { ADD, KICK, SUPPRESS, DOORBELL, IRQ, REAP, KINDS };
static const char *const kind_words[KINDS] = {
	"add", "kick", "suppress", "doorbell", "irq", "reap"
};

struct event {
	char queue[48];
	enum kind kind;
	uint16_t avail, reaped; /* the indices after it */
	unsigned int batch;	/* kick, suppress: entries that are new */
};

/* What QEMU says it did with a queue between the two marks. */
struct witness {
	char vq[32]; /* QEMU's pointer, as text; "" for a queue not seen */
	unsigned int pops, fills, notifies;
};

struct ring_state {
	uint16_t avail, reaped;
};

struct watched_queue {
	const char *alias, *name; /* as in the columns DEV and QUEUE of ls */
	char full_name[48];	  /* virtio0/req.0 */
	struct ring_state before, after;
	unsigned long interrupts; /* between the two looks at /proc/interrupts */
	struct witness qemu;
	/* What the workload asks for; -1 where it does not say. */
	int adds, reaps, pops, fills;
};

static struct event events[MAX_EVENTS];
static size_t event_count;
static const char *directory;

static struct watched_queue queues[] = {
	{ .alias = "vda",
	  .name = "req.0",
	  .adds = READS,
	  .reaps = READS,
	  .pops = READS,
	  .fills = READS },
	/* A packet received is a buffer taken back; new buffers are posted many at a time. */
	{ .alias = "eth0",
	  .name = "input.0",
	  .adds = -1,
	  .reaps = PINGS,
	  .pops = -1,
	  .fills = PINGS },
	/* A packet sent is taken back with one of the next. */
	{ .alias = "eth0",
	  .name = "output.0",
	  .adds = PINGS,
	  .reaps = -1,
	  .pops = PINGS,
	  .fills = PINGS },
};
#define QUEUES (sizeof(queues) / sizeof(queues[0]))

/* ---- reading the recording ---- */

static FILE *open_part(const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: no such part of the recording", path);
	return file;
}

static void read_events(void)
{
	char line[512], queue[48], word[16], avail[16], used[16], reaped[16];
	FILE *file = open_part("events");
	double seconds;
	int rest;

	event_count = 0;
	while (fgets(line, sizeof(line), file)) {
		struct event *event = &events[event_count];

		if (sscanf(line, "%lf %47s %15s %15s %15s %15s%n", &seconds, queue, word, avail,
			   used, reaped, &rest) != 6)
			continue; /* the header and the summary */
		for (event->kind = 0; event->kind < KINDS; event->kind++)
			if (!strcmp(word, kind_words[event->kind]))
				break;
		if (event->kind == KINDS)
			fail_msg("an event of no known kind: %s", line);
		strcpy(event->queue, queue);
		event->avail = atoi(avail);
		event->reaped = atoi(reaped);
		event->batch = 0;
		if (event->kind == KICK || event->kind == SUPPRESS)
			if (sscanf(line + rest, " ev %*u: %*u %*s %u", &event->batch) != 1)
				fail_msg("a decision without its reason: %s", line);
		if (++event_count == MAX_EVENTS)
			fail_msg("more events than a run can have");
	}
	fclose(file);
}

static void read_state(const char *part, size_t offset)
{
	char line[512], queue[48], alias[16], avail[16], reaped[16];
	FILE *file = open_part(part);

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%47s %15s %*s %*s %*s %*s %15s %*s %15s", queue, alias, avail,
			   reaped) != 4)
			continue;
		for (size_t i = 0; i < QUEUES; i++) {
			struct watched_queue *q = &queues[i];
			const char *name = strchr(queue, '/');
			struct ring_state *state = (void *)((char *)q + offset);

			if (!name || strcmp(q->alias, alias) || strcmp(q->name, name + 1))
				continue;
			strcpy(q->full_name, queue);
			state->avail = atoi(avail);
			state->reaped = atoi(reaped);
		}
	}
	fclose(file);
}

/* /proc/interrupts calls the vector of virtio0/req.0 virtio0-req.0; a column for each CPU. */
static unsigned long count_interrupts(const char *part, const char *full_name)
{
	char line[512], vector[48];
	FILE *file = open_part(part);
	unsigned long sum = 0;

	strcpy(vector, full_name);
	*strchr(vector, '/') = '-';
	while (fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':'), *end;

		line[strcspn(line, "\n")] = 0;
		if (!at || strlen(line) < strlen(vector) ||
		    strcmp(line + strlen(line) - strlen(vector), vector))
			continue;
		for (at++;; at = end) {
			unsigned long count = strtoul(at, &end, 10);

			if (end == at || *end != ' ')
				break;
			sum += count;
		}
	}
	fclose(file);
	return sum;
}

static struct watched_queue *queue_of_vq(const char *vq)
{
	for (size_t i = 0; i < QUEUES; i++)
		if (!strcmp(queues[i].qemu.vq, vq))
			return &queues[i];
	return NULL;
}

/*
 * QEMU names queues by pointer. A notify line has the device, the queue's number and the pointer;
 * which device is the disk is told by its reads.
 */
static void name_qemu_queues(FILE *log)
{
	char line[512], disk[32] = "", vdev[32], vq[32];
	const char *at;
	unsigned int n;

	while (!disk[0] && fgets(line, sizeof(line), log))
		if ((at = strstr(line, "virtio_blk_handle_read ")))
			sscanf(at, "%*s vdev %31s", disk);
	rewind(log);
	while (fgets(line, sizeof(line), log)) {
		if (!(at = strstr(line, "virtio_queue_notify ")))
			continue;
		if (sscanf(at, "%*s vdev %31s n %u vq %31s", vdev, &n, vq) != 3)
			continue;
		if (!strcmp(vdev, disk) && n == 0)
			strcpy(queues[0].qemu.vq, vq);
		else if (strcmp(vdev, disk) && n < 2)
			strcpy(queues[1 + n].qemu.vq, vq);
	}
	rewind(log);
}

static bool at_mark(const char *line, unsigned long sector)
{
	const char *at = strstr(line, "virtio_blk_handle_read ");
	unsigned long read;

	at = at ? strstr(at, "sector ") : NULL;
	return at && sscanf(at, "sector %lu", &read) == 1 && read == sector;
}

static void count_qemu_line(const char *line)
{
	struct watched_queue *q;
	char vq[32];
	const char *at;

	if ((at = strstr(line, "virtqueue_pop ")) && sscanf(at, "%*s vq %31s", vq) == 1) {
		if ((q = queue_of_vq(vq)))
			q->qemu.pops++;
	} else if ((at = strstr(line, "virtqueue_fill ")) && sscanf(at, "%*s vq %31s", vq) == 1) {
		if ((q = queue_of_vq(vq)))
			q->qemu.fills++;
	} else if ((at = strstr(line, "virtio_queue_notify ")) &&
		   sscanf(at, "%*s vdev %*s n %*u vq %31s", vq) == 1) {
		if ((q = queue_of_vq(vq)))
			q->qemu.notifies++;
	}
}

/*
 * The window opens behind the first mark and closes at the second. A mark is seen when its read is
 * handled: popped and notified before, filled after. So the first leaves a fill inside and the
 * second a pop and a notify.
 */
static void read_qemu_log(void)
{
	FILE *log = open_part("qemu.log");
	char line[512];
	bool open = false, closed = false;

	name_qemu_queues(log);
	while (!closed && fgets(line, sizeof(line), log)) {
		if (at_mark(line, MARK_BEFORE))
			open = true;
		else if (at_mark(line, MARK_AFTER))
			closed = true;
		else if (open)
			count_qemu_line(line);
	}
	fclose(log);
	if (!closed)
		fail_msg("the two marks are not in QEMU's log");
	queues[0].qemu.fills--;
	queues[0].qemu.pops--;
	queues[0].qemu.notifies--;
}

static int read_recording(void **state)
{
	(void)state;
	read_events();
	read_state("ls.before", offsetof(struct watched_queue, before));
	read_state("ls.after", offsetof(struct watched_queue, after));
	for (size_t i = 0; i < QUEUES; i++) {
		if (!queues[i].full_name[0])
			fail_msg("ls does not show %s %s", queues[i].alias, queues[i].name);
		queues[i].interrupts = count_interrupts("interrupts.after", queues[i].full_name) -
				       count_interrupts("interrupts.before", queues[i].full_name);
	}
	read_qemu_log();
	return 0;
}

/* ---- judging ---- */

static char complaint[256];

static bool agree(const struct watched_queue *q, const char *what, long traced, long witnessed)
{
	if (traced == witnessed)
		return true;
	snprintf(complaint, sizeof(complaint), "%s: %s: %ld traced, %ld witnessed", q->full_name,
		 what, traced, witnessed);
	return false;
}

/*
 * The trace without event @left_out (none if out of range) against everything known of @q. Return:
 * NULL if all agrees, or the first disagreement.
 */
static const char *judge(const struct watched_queue *q, size_t left_out)
{
	unsigned int counts[KINDS] = {}, batches = 0;
	uint16_t avail = q->before.avail, reaped = q->before.reaped;

	for (size_t i = 0; i < event_count; i++) {
		const struct event *event = &events[i];

		if (i == left_out || strcmp(event->queue, q->full_name))
			continue;
		counts[event->kind]++;
		batches += event->batch;
		/* Each add moves the index by one, and so does each reap: no step is skipped. */
		if (event->kind == ADD && !agree(q, "avail index", event->avail, ++avail))
			return complaint;
		if (event->kind == REAP && !agree(q, "reaped index", event->reaped, ++reaped))
			return complaint;
	}
	if (!agree(q, "avail index at the end", avail, q->after.avail) ||
	    !agree(q, "reaped index at the end", reaped, q->after.reaped) ||
	    !agree(q, "buffers decided upon", batches,
		   (uint16_t)(q->after.avail - q->before.avail)) ||
	    !agree(q, "doorbells and kicks", counts[DOORBELL], counts[KICK]) ||
	    !agree(q, "doorbells", counts[DOORBELL], q->qemu.notifies) ||
	    !agree(q, "interrupts", counts[IRQ], q->interrupts))
		return complaint;
	if ((q->adds >= 0 && !agree(q, "adds", counts[ADD], q->adds)) ||
	    (q->reaps >= 0 && !agree(q, "reaps", counts[REAP], q->reaps)) ||
	    (q->pops >= 0 && !agree(q, "QEMU's virtqueue_pop", q->pops, q->qemu.pops)) ||
	    (q->fills >= 0 && !agree(q, "QEMU's virtqueue_fill", q->fills, q->qemu.fills)))
		return complaint;
	return NULL;
}

static void judge_all(size_t queue)
{
	const char *disagreement = judge(&queues[queue], SIZE_MAX);

	if (disagreement)
		fail_msg("%s", disagreement);
}

static void disk_reads_are_counted_exactly(void **state)
{
	(void)state;
	judge_all(0);
}

static void packets_received_are_counted_exactly(void **state)
{
	(void)state;
	judge_all(1);
}

static void packets_sent_are_counted_exactly(void **state)
{
	(void)state;
	judge_all(2);
}

static void an_event_taken_out_is_missed(void **state)
{
	size_t judged = 0;

	(void)state;
	for (size_t i = 0; i < event_count; i++)
		for (size_t q = 0; q < QUEUES; q++) {
			if (strcmp(events[i].queue, queues[q].full_name))
				continue;
			judged++;
			/* A decision about nothing new leaves no trace in any index. */
			if (events[i].kind == SUPPRESS && events[i].batch == 0)
				continue;
			if (!judge(&queues[q], i))
				fail_msg("event %zu (%s of %s) is not missed", i,
					 kind_words[events[i].kind], events[i].queue);
		}
	assert_true(judged >= 4 * READS);
}

static void nothing_was_lost_and_the_tool_says_so(void **state)
{
	FILE *file = open_part("events");
	char line[512];
	unsigned long long lost = 1, missed = 1, count = 0;

	(void)state;
	while (fgets(line, sizeof(line), file)) {
		assert_null(strstr(line, "EVENTS MISSING"));
		sscanf(line, "events %llu lost %llu missed %llu", &count, &lost, &missed);
	}
	fclose(file);
	assert_int_equal(count, event_count);
	assert_int_equal(lost, 0);
	assert_int_equal(missed, 0);
}

static void the_guest_kernel_stayed_whole(void **state)
{
	static const char *const splats[] = { "BUG:", "WARNING:", "Oops", "general protection",
					      "Call Trace" };
	FILE *file = open_part("dmesg");
	char line[512];

	(void)state;
	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(splats) / sizeof(splats[0]); i++)
			if (strstr(line, splats[i]))
				fail_msg("the guest's dmesg: %s", line);
	fclose(file);
}

/* ---- refusals ---- */

/* All that was said, as one text: a line of message and the status. Kernels differ in their hooks.
 */
static void expect_refusal(const char *name, const char *expected)
{
	char part[64], text[1024] = "", line[512];
	FILE *file;

	snprintf(part, sizeof(part), "refused.%s", name);
	file = open_part(part);
	while (fgets(line, sizeof(line), file) && strlen(text) + strlen(line) < sizeof(text)) {
		char *hooks = strstr(line, "through ");

		if (hooks)
			strcpy(hooks, "through HOOKS hooks.\n");
		strcat(text, line);
	}
	fclose(file);
	assert_string_equal(text, expected);
}

static void each_refusal_is_one_line_and_its_status(void **state)
{
	(void)state;
	expect_refusal("no-rights", "vring-trace: no right to load BPF programs: needs CAP_BPF and "
				    "CAP_PERFMON; run it as root\nstatus 3\n");
	expect_refusal(
		"no-btf",
		"vring-trace: no BTF: /sys/kernel/btf/vmlinux: No such file or directory; the "
		"kernel must be built with CONFIG_DEBUG_INFO_BTF\nstatus 3\n");
	expect_refusal("no-queue",
		       "vring-trace: no such queue: vdz; vring-trace ls shows them\nstatus 2\n");
	expect_refusal(
		"no-command",
		"vring-trace: no such command: lsx; vring-trace --help lists them\nstatus 2\n");
	expect_refusal("no-program",
		       "Tracing 4 queues of 2 virtio devices through HOOKS hooks.\n"
		       "vring-trace: cannot run /no/such/program: No such file or directory\n"
		       "status 127\n");
	/* Not even a line: whoever reads has gone. */
	expect_refusal("closed-pipe", "Tracing 4 queues of 2 virtio devices through HOOKS hooks.\n"
				      "inner 1\nstatus 0\n");
	expect_refusal("full-disk",
		       "vring-trace: cannot write the output: No space left on device\n"
		       "status 1\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disk_reads_are_counted_exactly),
		cmocka_unit_test(packets_received_are_counted_exactly),
		cmocka_unit_test(packets_sent_are_counted_exactly),
		cmocka_unit_test(an_event_taken_out_is_missed),
		cmocka_unit_test(nothing_was_lost_and_the_tool_says_so),
		cmocka_unit_test(the_guest_kernel_stayed_whole),
		cmocka_unit_test(each_refusal_is_one_line_and_its_status),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: counts DIR [TEST]\n");
		return 2;
	}
	directory = argv[1];
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, read_recording, NULL);
}
