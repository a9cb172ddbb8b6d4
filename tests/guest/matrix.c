/* SPDX-License-Identifier: MIT */
/*
 * Judges one trace of every kind of device by witnesses that know nothing of it: QEMU's own trace
 * log and /proc/interrupts. The same for each kernel and each layout of the rings.
 *
 * matrix DIR split|packed on|off pci|mmio BACKEND: the recording that one boot with
 * tests/guest/matrix.job leaves behind, the layout that was asked for, whether with EVENT_IDX, the
 * transport, and by what vring-trace hooked.
 */
#include <json-c/json.h>

#include "results.h"

#define MAX_DEVICES 16
#define MAX_QUEUES 96

struct counts {
	unsigned int add, refused, forced, kick, suppress, doorbell, irq, reap, on, off;
};

/* One virtqueue, as the trace and as QEMU know it. */
struct queue {
	unsigned int device, index;
	char name[48], layout[8]; /* virtio0/req.0; as in the trace, "" if it is not there */
	struct counts traced;
	bool by_index, by_flags; /* decisions were made so */
	struct witness qemu;
};

static struct queue queues[MAX_QUEUES];
static size_t queue_count;
static bool packed, event_idx, mmio, by_kprobe;

/* What the job asks of a device; the devices are in the order in which QEMU was given them. */
static const struct request {
	const char *queue; /* as the kernel calls it; all whose names begin so */
	unsigned int device;
	unsigned int adds; /* of all these queues together; 0: not known */
} requests[] = {
	{ "req.", 0, 211 },  { "output", 1, 23 },  { "req", 2, 4 * 53 }, { "input", 3, 0 },
	{ "output", 4, 29 }, { "request", 5, 97 }, { "inflate", 6, 8 },	 { "deflate", 6, 8 },
};
/* On virtio-mmio there is no disk of four queues, no SCSI, no balloon. */
static const struct request mmio_requests[] = {
	{ "req.", 0, 211 }, { "output", 1, 23 }, { "input", 2, 0 }, { "output", 3, 29 }
};

/* ---- reading the recording ---- */

static struct queue *queue_at(unsigned int device, unsigned int index)
{
	for (size_t i = 0; i < queue_count; i++)
		if (queues[i].device == device && queues[i].index == index)
			return &queues[i];
	if (queue_count == MAX_QUEUES)
		fail_msg("more queues than there can be");
	queues[queue_count].device = device;
	queues[queue_count].index = index;
	return &queues[queue_count++];
}

static const char *string_of(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	if (!value)
		fail_msg("an event without %s: %s", key, json_object_to_json_string(object));
	return json_object_get_string(value);
}

static int64_t number_of(json_object *object, const char *key)
{
	return strtoll(string_of(object, key), NULL, 10);
}

static bool truth_of(json_object *object, const char *key)
{
	return !strcmp(string_of(object, key), "true");
}

static void count_event(json_object *object)
{
	struct queue *q = queue_at(number_of(object, "device"), number_of(object, "index"));
	const char *event = string_of(object, "event");
	struct counts *c = &q->traced;

	snprintf(q->name, sizeof(q->name), "%s", string_of(object, "queue"));
	snprintf(q->layout, sizeof(q->layout), "%s", string_of(object, "layout"));
	c->add += !strcmp(event, "add");
	c->doorbell += !strcmp(event, "doorbell");
	c->irq += !strcmp(event, "irq");
	c->reap += !strcmp(event, "reap");
	c->on += !strcmp(event, "cb-on");
	c->off += !strcmp(event, "cb-off");
	if (!strcmp(event, "refused")) {
		c->refused++;
		c->forced += truth_of(object, "forced");
	}
	if (strcmp(event, "kick") && strcmp(event, "suppress"))
		return;
	c->kick += !strcmp(event, "kick");
	c->suppress += !strcmp(event, "suppress");
	if (!strcmp(string_of(object, "by"), "index"))
		q->by_index = true;
	else
		q->by_flags = true;
}

/* As vring-trace has them. Missed calls of hooks: what it says it did not see may be missing. */
static uint64_t lost = 1, missed, events;
static bool has_meter;
static unsigned int incomplete; /* queues whose indices do not agree with their events */

static void read_line(json_object *object)
{
	if (json_object_object_get(object, "event")) {
		count_event(object);
		events++;
	} else if (json_object_object_get(object, "summary")) {
		incomplete += !truth_of(object, "complete");
	} else {
		lost = number_of(object, "lost");
		missed = number_of(object, "missed");
		has_meter = true;
	}
}

static void read_events(void)
{
	FILE *file = open_part("events");
	char line[1024];

	while (fgets(line, sizeof(line), file)) {
		json_object *object = json_tokener_parse(line);

		if (!object)
			fail_msg("not JSON: %s", line);
		read_line(object);
		json_object_put(object);
	}
	fclose(file);
}

/* ---- QEMU's log ---- */

static char devices[MAX_DEVICES][32]; /* QEMU's pointers, as text, in the guest's order */
static size_t device_count;

/*
 * The guest acknowledges the devices in the order in which it numbers them, after the firmware may
 * have done so with some. So what counts is the last time of each before the job.
 */
static void order_devices(FILE *log)
{
	char line[512], vdev[32];
	unsigned int status;
	const char *at;

	while (fgets(line, sizeof(line), log) && !at_mark(line, MARK_BEFORE)) {
		at = strstr(line, "virtio_set_status ");
		if (!at || sscanf(at, "%*s vdev %31s val %u", vdev, &status) != 2 || status != 1)
			continue;
		for (size_t i = 0; i < device_count; i++)
			if (!strcmp(devices[i], vdev)) {
				device_count--;
				memmove(devices[i], devices[i + 1],
					(device_count - i) * sizeof(devices[0]));
				break;
			}
		if (device_count == MAX_DEVICES)
			fail_msg("more devices than there can be");
		strcpy(devices[device_count++], vdev);
	}
	rewind(log);
}

static struct {
	char vq[32];
	struct queue *queue;
} names[MAX_QUEUES];
static size_t name_count;

/* A notify line has the device, the queue's number and the pointer by which other lines name it. */
static void name_queues(FILE *log)
{
	char line[512], vdev[32], vq[32];
	const char *at;
	unsigned int n;

	while (fgets(line, sizeof(line), log)) {
		bool known = false;

		at = strstr(line, "virtio_queue_notify ");
		if (!at || sscanf(at, "%*s vdev %31s n %u vq %31s", vdev, &n, vq) != 3)
			continue;
		for (size_t i = 0; i < name_count; i++)
			known |= !strcmp(names[i].vq, vq);
		for (size_t d = 0; !known && d < device_count; d++)
			if (!strcmp(devices[d], vdev) && name_count < MAX_QUEUES) {
				strcpy(names[name_count].vq, vq);
				names[name_count++].queue = queue_at(d, n);
			}
	}
	rewind(log);
}

static struct witness *witness_named(const char *vq)
{
	for (size_t i = 0; i < name_count; i++)
		if (!strcmp(names[i].vq, vq))
			return &names[i].queue->qemu;
	return NULL;
}

static void read_qemu_log(void)
{
	FILE *log = open_part("qemu.log");

	order_devices(log);
	name_queues(log);
	read_window(log, MARK_BEFORE, MARK_AFTER, witness_named, &queue_at(0, 0)->qemu);
	fclose(log);
}

/* ---- /proc/interrupts ---- */

/*
 * A vector of MSI-X is called virtio0-req.0; one that several queues share, virtio0-virtqueues; a
 * line that the whole device has, virtio0. Return: how often it came, or -1 if there is none such.
 */
static long interrupts_of(const char *part, const char *vector)
{
	FILE *file = open_part(part);
	char line[1024];
	long sum = -1;

	while (fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':'), *last;

		line[strcspn(line, "\n")] = 0;
		last = strrchr(line, ' ');
		if (!at || !last || strcmp(last + 1, vector))
			continue;
		sum = (long)count_columns(at + 1);
	}
	fclose(file);
	return sum;
}

/*
 * The vector that serves @q, into @vector. On PCI a queue for which the driver gives no callback
 * has none, as the console's control-o.
 */
static bool find_vector(const struct queue *q, char vector[64])
{
	if (!mmio && strstr(q->name, "/control-o"))
		return false;
	snprintf(vector, 64, "virtio%u-%s", q->device, strchr(q->name, '/') + 1);
	if (interrupts_of("interrupts.after", vector) >= 0)
		return true;
	snprintf(vector, 64, "virtio%u-virtqueues", q->device);
	if (interrupts_of("interrupts.after", vector) >= 0)
		return true;
	snprintf(vector, 64, "virtio%u", q->device);
	return interrupts_of("interrupts.after", vector) >= 0;
}

static int read_recording(void **state)
{
	(void)state;
	read_events();
	read_qemu_log();
	return 0;
}

/* ---- judging ---- */

static uint64_t unseen; /* in the test that runs */

static int nothing_unseen(void **state)
{
	(void)state;
	unseen = 0;
	return 0;
}

/* All that is not traced, of all queues together, must be among what vring-trace says it missed. */
static void agree(const struct queue *q, const char *what, unsigned long traced,
		  unsigned long witnessed)
{
	if (traced < witnessed)
		unseen += witnessed - traced;
	if (traced > witnessed || unseen > missed)
		fail_msg("%s (queue %u of device %u): %s: %lu traced, %lu witnessed; "
			 "%" PRIu64 " missed of all",
			 q->name, q->index, q->device, what, traced, witnessed, missed);
}

/* A queue that buffers wait in until something comes: what was added need not be popped. */
static bool receives(const struct queue *q)
{
	const char *name = strchr(q->name, '/');

	return name && (!strncmp(name, "/input", 6) || !strncmp(name, "/control-i", 10) ||
			!strncmp(name, "/event", 6) || !strncmp(name, "/stats", 6));
}

static void each_add_is_popped_by_qemu(void **state)
{
	(void)state;
	for (size_t i = 0; i < queue_count; i++)
		if (!receives(&queues[i]))
			agree(&queues[i], "adds and virtqueue_pop", queues[i].traced.add,
			      queues[i].qemu.pops);
}

/* The card's driver takes back what was sent with the next packet, or the one after. */
static void each_reap_was_filled_by_qemu(void **state)
{
	(void)state;
	for (size_t i = 0; i < queue_count; i++) {
		const struct queue *q = &queues[i];

		if (q->device == 1 && !receives(q))
			agree(q, "adds and virtqueue_fill", q->traced.add, q->qemu.fills);
		else
			agree(q, "reaps and virtqueue_fill", q->traced.reap, q->qemu.fills);
	}
}

static void each_doorbell_is_heard_by_qemu(void **state)
{
	(void)state;
	for (size_t i = 0; i < queue_count; i++)
		agree(&queues[i], "doorbells and virtio_queue_notify", queues[i].traced.doorbell,
		      queues[i].qemu.notifies);
}

static void each_doorbell_was_decided_on_or_forced(void **state)
{
	(void)state;
	for (size_t i = 0; i < queue_count; i++) {
		unsigned int rung = queues[i].traced.doorbell;
		unsigned int decided = queues[i].traced.kick + queues[i].traced.forced;

		/* Either may be the one that was missed. */
		agree(&queues[i], "kicks, forced ones too, and doorbells",
		      rung < decided ? rung : decided, rung < decided ? decided : rung);
	}
}

static void each_interrupt_is_in_proc_interrupts(void **state)
{
	unsigned int vectors = 0;

	(void)state;
	for (size_t i = 0; i < queue_count; i++) {
		const struct queue *q = &queues[i];
		char vector[64];

		if (!q->name[0] || !find_vector(q, vector))
			continue; /* nothing traced there; or it never interrupts */
		vectors++;
		agree(q, vector, q->traced.irq,
		      interrupts_of("interrupts.after", vector) -
			      interrupts_of("interrupts.before", vector));
	}
	assert_true(vectors >= (mmio ? 4 : 8));
}

static void the_known_requests_are_all_there(void **state)
{
	const struct request *list = mmio ? mmio_requests : requests;
	size_t count = mmio ? sizeof(mmio_requests) / sizeof(mmio_requests[0]) :
			      sizeof(requests) / sizeof(requests[0]);

	(void)state;
	for (size_t r = 0; r < count; r++) {
		unsigned int adds = 0, used = 0;

		for (size_t i = 0; i < queue_count; i++) {
			const char *name = strchr(queues[i].name, '/');

			if (queues[i].device != list[r].device || !name ||
			    strncmp(name + 1, list[r].queue, strlen(list[r].queue)))
				continue;
			adds += queues[i].traced.add;
			used += queues[i].traced.add > 0;
		}
		unseen += list[r].adds > adds ? list[r].adds - adds : 0;
		if (!adds || (list[r].adds && adds > list[r].adds) || unseen > missed)
			fail_msg("%s of virtio%u: %u adds, %u expected", list[r].queue,
				 list[r].device, adds, list[r].adds);
		/* Each processor has a queue of that disk to itself. */
		if (!strcmp(list[r].queue, "req"))
			assert_int_equal(used, 4);
	}
}

static void the_rings_are_what_was_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < queue_count; i++) {
		const struct queue *q = &queues[i];

		if (!q->name[0])
			continue;
		assert_string_equal(q->layout, packed ? "packed" : "split");
		/* A packed ring's device says by each of its words whether it is an index. */
		if (!packed && event_idx)
			assert_false(q->by_flags);
		if (!event_idx)
			assert_false(q->by_index);
	}
}

/* An interrupt that breaks into a hook hides from it. That is rare, and it is told. */
static void nothing_was_lost_but_what_is_told(void **state)
{
	FILE *file = open_part("status");
	int status = -1;

	(void)state;
	assert_int_equal(fscanf(file, "%d", &status), 1);
	fclose(file);
	assert_true(has_meter);
	assert_int_equal(lost, 0);
	assert_true(missed * 50 <= events);
	if (!missed)
		assert_int_equal(incomplete, 0);
	assert_int_equal(status, missed ? 4 : 0); /* --strict */
}

/* While processors are inside bpf(2) a kprobe shows no interrupt, and before Linux 6.7 counts none.
 */
static void what_a_kprobe_did_not_show_is_told(void **state)
{
	const char *const vector = "virtio0-req.0";
	long irqs = 0, hidden, reported = 0;
	char line[1024];
	FILE *file;

	(void)state;
	if (!by_kprobe)
		skip();
	file = open_part("events.hidden");
	while (fgets(line, sizeof(line), file)) {
		json_object *object = json_tokener_parse(line);

		assert_non_null(object);
		if (json_object_object_get(object, "event"))
			irqs += !strcmp(string_of(object, "event"), "irq");
		else if (json_object_object_get(object, "missed"))
			reported = number_of(object, "missed");
		json_object_put(object);
	}
	fclose(file);
	hidden = interrupts_of("interrupts.hidden.after", vector) -
		 interrupts_of("interrupts.hidden.before", vector) - irqs;
	assert_true(hidden > 0);
	/* With each interrupt the hooks inside it: of the reap at least. */
	assert_true(reported >= 2 * hidden);
}

static void no_ring_breaks_a_rule_and_none_stalls(void **state)
{
	static const char *const parts[] = { "check", "stall", "check.after" };
	char line[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		bool none_found = false;
		FILE *file = open_part(parts[i]);

		while (fgets(line, sizeof(line), file)) {
			none_found |= strstr(line, " queues, 0 findings") != NULL;
			if (strstr(line, "\"rule\"") || strstr(line, "\"finding\": true") ||
			    strstr(line, "\"finding\":true"))
				fail_msg("%s: %s", parts[i], line);
		}
		fclose(file);
		if (!strcmp(parts[i], "check.after"))
			assert_true(none_found);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_was_lost_but_what_is_told),
		cmocka_unit_test(what_a_kprobe_did_not_show_is_told),
		cmocka_unit_test_setup(the_known_requests_are_all_there, nothing_unseen),
		cmocka_unit_test_setup(each_add_is_popped_by_qemu, nothing_unseen),
		cmocka_unit_test_setup(each_reap_was_filled_by_qemu, nothing_unseen),
		cmocka_unit_test_setup(each_doorbell_is_heard_by_qemu, nothing_unseen),
		cmocka_unit_test_setup(each_doorbell_was_decided_on_or_forced, nothing_unseen),
		cmocka_unit_test_setup(each_interrupt_is_in_proc_interrupts, nothing_unseen),
		cmocka_unit_test(the_rings_are_what_was_asked_for),
		cmocka_unit_test(no_ring_breaks_a_rule_and_none_stalls),
		cmocka_unit_test(the_guest_kernel_stayed_whole),
	};

	if (argc < 6) {
		fprintf(stderr, "usage: matrix DIR split|packed on|off pci|mmio BACKEND [TEST]\n");
		return 2;
	}
	directory = argv[1];
	packed = !strcmp(argv[2], "packed");
	event_idx = !strcmp(argv[3], "on");
	mmio = !strcmp(argv[4], "mmio");
	by_kprobe = !strcmp(argv[5], "kprobe");
	select_test(argc - 5, argv + 5);
	return cmocka_run_group_tests(tests, read_recording, NULL);
}
