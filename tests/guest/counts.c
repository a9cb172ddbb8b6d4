/* SPDX-License-Identifier: MIT */
/*
 * Judges a trace of a real guest by witnesses that know nothing of it: QEMU's own trace log,
 * /proc/interrupts, and the rings' indices before and after. Then takes events out of the trace,
 * one at a time, and insists that each is missed.
 *
 * counts DIR: the recording that one boot with tests/guest/counts.job leaves behind.
 */
#include "results.h"
#include "sums.h"

/* What counts.job does: 7 pings of one packet and 25 of seven. */
#define READS 1009
#define PACKETS (7 + 25 * 7)
/* The same under stat. */
#define FEW_READS 211
#define FEW_PACKETS (3 + 11 * 7)

#define MAX_EVENTS 65536

enum kind { ADD, KICK, SUPPRESS, DOORBELL, IRQ, REAP, ON, OFF, KINDS };
static const char *const kind_words[KINDS] = { "add", "kick", "suppress", "doorbell",
					       "irq", "reap", "cb-on",	  "cb-off" };

/* An index as printed: split, a number; packed, slot and wrap counter. */
struct index {
	unsigned int slot;
	int wrap; /* -1: split */
};

struct event {
	char queue[48];
	enum kind kind;
	double seconds;
	struct index avail, used, reaped; /* after it */
	struct index event;		  /* kick, suppress: where the device asked to be told */
	bool by_index;			  /* ... and whether that decided */
	unsigned int ahead, batch;	  /* ... and the two numbers compared */
	char detail[64];
};

struct ring_state {
	char layout[8], features[64];
	unsigned int num, free;
	struct index avail, reaped;
};

struct watched_queue {
	const char *alias, *name; /* as in the columns DEV and QUEUE of ls */
	char full_name[48];	  /* virtio0/req.0 */
	struct ring_state before, after;
	unsigned long interrupts; /* between the two looks at /proc/interrupts */
	unsigned int irq;
	char vq[32]; /* QEMU's pointer, as text; "" for a queue not seen */
	struct witness qemu;
	bool callbacks_pair; /* the driver asks for interrupts once for each time it asked for none
			      */
	/* What the workload asks for; -1 where it does not say. */
	int adds, reaps, pops, fills;
};

static struct event events[MAX_EVENTS];
static size_t event_count;

static struct watched_queue queues[] = {
	{ .alias = "vda",
	  .name = "req.0",
	  .callbacks_pair = true,
	  .adds = READS,
	  .reaps = READS,
	  .pops = READS,
	  .fills = READS },
	/* A packet received is a buffer taken back; new buffers are posted many at a time. */
	{ .alias = "eth0",
	  .name = "input.0",
	  .adds = -1,
	  .reaps = PACKETS,
	  .pops = -1,
	  .fills = PACKETS },
	/* A packet sent is taken back with one of the next. */
	{ .alias = "eth0",
	  .name = "output.0",
	  .adds = PACKETS,
	  .reaps = -1,
	  .pops = PACKETS,
	  .fills = PACKETS },
};
#define QUEUES (sizeof(queues) / sizeof(queues[0]))

/* ---- reading the recording ---- */

/* "41", "5w1", and with the movement in front "+2=41". */
static struct index parse_index(const char *text)
{
	struct index index = { .wrap = -1 };
	const char *number = strchr(text, '=');

	if (sscanf(number ? number + 1 : text, "%uw%d", &index.slot, &index.wrap) < 1)
		fail_msg("not an index: %s", text);
	return index;
}

static enum kind parse_kind(const char *word)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (!strcmp(word, kind_words[kind]))
			return kind;
	fail_msg("an event of no known kind: %s", word);
	return KINDS;
}

static void parse_reason(struct event *event)
{
	char at[16];

	event->by_index = sscanf(event->detail, "ev %15[^:]: %u %*s %u", at, &event->ahead,
				 &event->batch) == 3;
	if (event->by_index)
		event->event = parse_index(at);
	else if (sscanf(event->detail, "flags %*[^,], %u new", &event->batch) != 1)
		fail_msg("a decision without its reason: %s", event->detail);
}

static void read_events(void)
{
	char line[512], word[16], avail[16], used[16], reaped[16];
	FILE *file = open_part("events");
	int rest;

	event_count = 0;
	while (fgets(line, sizeof(line), file)) {
		struct event *event = &events[event_count];

		if (sscanf(line, "%lf %47s %15s %15s %15s %15s%n", &event->seconds, event->queue,
			   word, avail, used, reaped, &rest) != 6)
			continue; /* the header and the summary */
		snprintf(event->detail, sizeof(event->detail), "%.*s",
			 (int)strcspn(line + rest + 1, "\n"), line + rest + 1);
		event->kind = parse_kind(word);
		event->avail = parse_index(avail);
		event->used = parse_index(used);
		event->reaped = parse_index(reaped);
		event->batch = 0;
		if (event->kind == KICK || event->kind == SUPPRESS)
			parse_reason(event);
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
		struct ring_state read = {};

		if (sscanf(line, "%47s %15s %*s %7s %u %u %15s %*s %15s %63[^\n]", queue, alias,
			   read.layout, &read.num, &read.free, avail, reaped, read.features) != 8)
			continue;
		read.avail = parse_index(avail);
		read.reaped = parse_index(reaped);
		for (size_t i = 0; i < QUEUES; i++) {
			struct watched_queue *q = &queues[i];
			const char *name = strchr(queue, '/');

			if (!name || strcmp(q->alias, alias) || strcmp(q->name, name + 1))
				continue;
			strcpy(q->full_name, queue);
			*(struct ring_state *)((char *)q + offset) = read;
		}
	}
	fclose(file);
}

/* /proc/interrupts calls the vector of virtio0/req.0 virtio0-req.0; a column for each CPU. */
static unsigned long count_interrupts(const char *part, const char *full_name, unsigned int *irq)
{
	char line[512], vector[48];
	FILE *file = open_part(part);
	unsigned long sum = 0;

	strcpy(vector, full_name);
	*strchr(vector, '/') = '-';
	while (fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':');

		line[strcspn(line, "\n")] = 0;
		if (!at || strlen(line) < strlen(vector) ||
		    strcmp(line + strlen(line) - strlen(vector), vector))
			continue;
		*irq = strtoul(line, NULL, 10);
		sum += count_columns(at + 1);
	}
	fclose(file);
	return sum;
}

static struct witness in_window[QUEUES];

static struct witness *witness_of_vq(const char *vq)
{
	for (size_t i = 0; i < QUEUES; i++)
		if (!strcmp(queues[i].vq, vq))
			return &in_window[i];
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
			strcpy(queues[0].vq, vq);
		else if (strcmp(vdev, disk) && n < 2)
			strcpy(queues[1 + n].vq, vq);
	}
	rewind(log);
}

static void read_qemu_window(unsigned long before, unsigned long after)
{
	FILE *log = open_part("qemu.log");

	name_qemu_queues(log);
	memset(in_window, 0, sizeof(in_window));
	read_window(log, before, after, witness_of_vq, &in_window[0]);
	fclose(log);
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
		queues[i].interrupts =
			count_interrupts("interrupts.after", queues[i].full_name, &queues[i].irq) -
			count_interrupts("interrupts.before", queues[i].full_name, &queues[i].irq);
	}
	read_qemu_window(MARK_BEFORE, MARK_AFTER);
	for (size_t i = 0; i < QUEUES; i++)
		queues[i].qemu = in_window[i];
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
 * Indices run on a circle: a split one through 65536 numbers, a packed one twice round the ring,
 * once for each wrap counter, which begins as 1.
 */
static unsigned int circle(const struct watched_queue *q)
{
	return q->before.avail.wrap < 0 ? 65536 : 2 * q->before.num;
}

static unsigned int place(const struct watched_queue *q, struct index index)
{
	return index.wrap == 0 ? index.slot + q->before.num : index.slot;
}

static unsigned int distance(const struct watched_queue *q, struct index from, struct index to)
{
	return (place(q, to) + circle(q) - place(q, from)) % circle(q);
}

/*
 * The trace without event @left_out (none if out of range) against everything known of @q. Return:
 * NULL if all agrees, or the first disagreement.
 */
static const char *judge(const struct watched_queue *q, size_t left_out)
{
	unsigned int counts[KINDS] = {}, batches = 0;
	unsigned int avail = place(q, q->before.avail), reaped = place(q, q->before.reaped);

	for (size_t i = 0; i < event_count; i++) {
		const struct event *event = &events[i];

		if (i == left_out || strcmp(event->queue, q->full_name))
			continue;
		counts[event->kind]++;
		batches += event->batch;
		/* Every buffer here takes one entry, on a packed ring too: no step is skipped. */
		if (event->kind == ADD)
			avail = (avail + 1) % circle(q);
		if (event->kind == REAP)
			reaped = (reaped + 1) % circle(q);
		if ((event->kind == ADD && !agree(q, "avail", place(q, event->avail), avail)) ||
		    (event->kind == REAP && !agree(q, "reaped", place(q, event->reaped), reaped)))
			return complaint;
	}
	if (!agree(q, "avail at the end", avail, place(q, q->after.avail)) ||
	    !agree(q, "reaped at the end", reaped, place(q, q->after.reaped)) ||
	    !agree(q, "buffers decided upon", batches % circle(q),
		   distance(q, q->before.avail, q->after.avail)) ||
	    !agree(q, "doorbells and kicks", counts[DOORBELL], counts[KICK]) ||
	    !agree(q, "doorbells", counts[DOORBELL], q->qemu.notifies) ||
	    !agree(q, "interrupts", counts[IRQ], q->interrupts))
		return complaint;
	if (q->callbacks_pair && !agree(q, "callbacks on and off", counts[ON], counts[OFF]))
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
			/* The card's driver asks for none again and again. */
			if ((events[i].kind == ON || events[i].kind == OFF) &&
			    !queues[q].callbacks_pair)
				continue;
			if (!judge(&queues[q], i))
				fail_msg("event %zu (%s of %s) is not missed", i,
					 kind_words[events[i].kind], events[i].queue);
		}
	assert_true(judged >= 4 * READS);
}

/* The words and numbers of a line, where the workload leaves no doubt about them. */
static void each_line_about_the_disk_is_right(void **state)
{
	const struct watched_queue *q = &queues[0];
	char irq[32];

	(void)state;
	snprintf(irq, sizeof(irq), "irq %u", q->irq);
	for (size_t i = 0; i < event_count; i++) {
		const struct event *event = &events[i];

		if (strcmp(event->queue, q->full_name))
			continue;
		if (event->kind == ADD)
			assert_string_equal(event->detail, "out 1 in 2");
		if (event->kind == REAP)
			assert_int_equal(strncmp(event->detail, "len 4097 after ", 15), 0);
		if (event->kind == IRQ)
			assert_string_equal(event->detail, irq);
		assert_null(strchr(event->detail, '~'));
		/* REAPED <= USED <= AVAIL, one request at a time. */
		assert_in_range(distance(q, event->reaped, event->used), 0, 1);
		assert_in_range(distance(q, event->used, event->avail), 0, 1);
	}
}

static void each_decision_follows_from_its_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < event_count; i++)
		for (size_t k = 0; k < QUEUES; k++) {
			const struct event *event = &events[i];
			const struct watched_queue *q = &queues[k];
			struct index behind;

			if (!event->by_index || strcmp(event->queue, q->full_name) ||
			    (event->kind != KICK && event->kind != SUPPRESS))
				continue;
			/* Told if the entry asked for is among the new ones; "~" is no one's claim.
			 */
			behind = event->event;
			behind.slot++;
			if (!strchr(event->detail, '~')) {
				assert_int_equal(event->kind == KICK, event->ahead < event->batch);
				if (behind.wrap < 0)
					assert_int_equal(
						event->ahead,
						(uint16_t)(event->avail.slot - behind.slot));
			}
		}
}

static void suppressed_kicks_are_seen(void **state)
{
	unsigned int suppressed[QUEUES] = {};

	(void)state;
	for (size_t i = 0; i < event_count; i++)
		for (size_t q = 0; q < QUEUES; q++)
			suppressed[q] += events[i].kind == SUPPRESS &&
					 !strcmp(events[i].queue, queues[q].full_name);
	/* The card gathers packets, and is not short of buffers when new ones are posted. */
	assert_true(suppressed[1] > 0);
	assert_true(suppressed[2] > 0);
}

static void times_and_states_are_plausible(void **state)
{
	(void)state;
	for (size_t i = 0; i < event_count; i++)
		assert_true(events[i].seconds >= -0.001 && events[i].seconds < 200);
	assert_true(events[event_count - 1].seconds > events[0].seconds);
	for (size_t q = 0; q < QUEUES; q++) {
		assert_int_equal(queues[q].before.num, 256);
		assert_string_equal(queues[q].before.layout,
				    queues[q].before.avail.wrap < 0 ? "split" : "packed");
		assert_string_equal(queues[q].before.features, "EI--");
	}
	assert_int_equal(queues[0].before.free, 256);
	assert_int_equal(queues[0].after.free, 256);
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

static void queues_are_found_from_inside_a_pid_namespace(void **state)
{
	FILE *file = open_part("ls.in-namespace");
	char line[512];
	unsigned int lines = 0;

	(void)state;
	while (fgets(line, sizeof(line), file))
		lines++;
	fclose(file);
	assert_int_equal(lines, 1 + 4); /* the header, and each queue of disk and card */
}

/* ---- sums ---- */

/* What is not counted, of all there is, must be among what stat says it missed. */
static void expect_sum(const char *what, const struct watched_queue *q, long counted,
		       long witnessed, long *missed)
{
	if (counted < witnessed)
		*missed -= witnessed - counted;
	if (counted > witnessed || *missed < 0)
		fail_msg("%s: %s: %ld counted, %ld witnessed", q->full_name, what, counted,
			 witnessed);
}

/* On the disk each buffer is seen by itself; the card's are of as many pieces as a packet has. */
static void judge_more(const struct watched_queue *q, const struct witness *w, const struct sums *s,
		       long *missed)
{
	bool disk = q == &queues[0], receives = q == &queues[1];

	expect_sum("doorbells", q, s->doorbell, w->notifies, missed);
	if (*missed)
		return; /* of what was missed the sizes are not known */
	assert_int_equal(s->out, disk ? (long)w->out : receives ? 0 : s->add);
	assert_int_equal(s->in, disk ? (long)w->in : receives ? s->add : 0);
	assert_int_equal(s->written, w->written);
}

static void judge_sums(const char *how, bool json, unsigned long first_mark)
{
	char before[64], after[64];

	snprintf(before, sizeof(before), "interrupts.%s.before", how);
	snprintf(after, sizeof(after), "interrupts.%s.after", how);
	read_qemu_window(SECTOR_OF(first_mark), SECTOR_OF(first_mark + 1));
	for (size_t i = 0; i < QUEUES; i++) {
		const struct watched_queue *q = &queues[i];
		const struct witness *w = &in_window[i];
		unsigned int irq;
		long missed;
		struct sums s = read_sums(how, json, q->full_name, &missed);

		assert_true(s.found);
		assert_true(missed == 0 || (missed > 0 && !strcmp(how, "kprobe")));
		assert_int_equal(w->fills, i == 0 ? FEW_READS : FEW_PACKETS);
		if (q->pops >= 0)
			expect_sum("adds", q, s.add, w->pops, &missed);
		if (q->reaps >= 0)
			expect_sum("reaps", q, s.reap, w->fills, &missed);
		expect_sum("kicks, forced ones too", q, s.kick + s.full, w->notifies, &missed);
		expect_sum("interrupts", q, s.irq,
			   count_interrupts(after, q->full_name, &irq) -
				   count_interrupts(before, q->full_name, &irq),
			   &missed);
		if (json)
			judge_more(q, w, &s, &missed);
		if (i > 0 || missed)
			continue;
		assert_int_equal(s.peak, 1);
		assert_int_equal(s.emptied, FEW_READS);
	}
}

static void sums_by_fentry_are_exact(void **state)
{
	(void)state;
	judge_sums("fentry", true, 8002);
}

static void sums_by_kprobe_are_exact(void **state)
{
	(void)state;
	judge_sums("kprobe", true, 8004);
}

static void sums_as_text_are_exact(void **state)
{
	(void)state;
	judge_sums("text", false, 8006);
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
		"kernel must be built with CONFIG_DEBUG_INFO_BTF, or its BTF given by --btf\n"
		"status 3\n");
	expect_refusal("no-queue",
		       "vring-trace: no such queue: vdz; is it vda? vring-trace ls shows them\n"
		       "status 2\n");
	expect_refusal("no-command", "vring-trace: no such command: lsx; is it ls?\nstatus 2\n");
	expect_refusal("own-status",
		       "Tracing 1 queue of 2 virtio devices through HOOKS hooks.\nstatus 5\n");
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
		cmocka_unit_test(each_line_about_the_disk_is_right),
		cmocka_unit_test(each_decision_follows_from_its_numbers),
		cmocka_unit_test(suppressed_kicks_are_seen),
		cmocka_unit_test(times_and_states_are_plausible),
		cmocka_unit_test(queues_are_found_from_inside_a_pid_namespace),
		cmocka_unit_test(nothing_was_lost_and_the_tool_says_so),
		cmocka_unit_test(sums_by_fentry_are_exact),
		cmocka_unit_test(sums_by_kprobe_are_exact),
		cmocka_unit_test(sums_as_text_are_exact),
		cmocka_unit_test(the_guest_kernel_stayed_whole),
		cmocka_unit_test(each_refusal_is_one_line_and_its_status),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: counts DIR [TEST]\n");
		return 2;
	}
	directory = argv[1];
	select_test(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, read_recording, NULL);
}
