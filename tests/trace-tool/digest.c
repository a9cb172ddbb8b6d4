/* SPDX-License-Identifier: MIT */
/*
 * What diff says of a recording, of recordings whose every event is known.
 */
#include <string.h>
#include <unistd.h>

#include "ring/virtio_ring.h"
#include "tests/support/select.h"
#include "trace-tool/recording/digest.h"
#include "trace-tool/recording/vrt_write.h"

#define NUM 16
#define SECOND 1000000000ull

static char path[] = "/tmp/vrt-digest-test-XXXXXX";
static struct vrt_writer writer;
static FILE *file;
static uint16_t avail, reaped; /* free-running */
static uint64_t now;

static int make_path(void **state)
{
	(void)state;
	return close(mkstemp(path));
}

static int forget_path(void **state)
{
	(void)state;
	return unlink(path);
}

static struct vrt_queue queue(uint16_t device, const char *name, const char *alias)
{
	struct vrt_queue q = { .driver = "virtio_blk" };

	le16_write(&q.device, device);
	le32_write(&q.num, NUM);
	le32_write(&q.device_id, 2);
	snprintf(q.name, sizeof(q.name), "%s", name);
	snprintf(q.alias, sizeof(q.alias), "%s", alias);
	return q;
}

static void begin(const struct vrt_queue *queues, size_t count)
{
	file = fopen(path, "w");
	vrt_write_begin(&writer, file, "test", "", 0, 0);
	vrt_write_queues(&writer, queues, count, 0);
	avail = reaped = 0xfff8;
	now = SECOND;
}

static void event(uint16_t device, enum vring_event_type type, struct vring_event e)
{
	e.time_ns = now;
	e.device = device;
	e.type = type;
	e.flags = VRING_EVENT_F_EVENT_IDX;
	e.avail_idx = avail;
	e.used_idx = avail;
	e.last_used = reaped;
	e.num_free = NUM - (uint16_t)(avail - reaped);
	assert_int_equal(vrt_write_event(&writer, &e), 0);
}

static void add(uint64_t token)
{
	avail++;
	event(0, VRING_EVENT_ADD, (struct vring_event){ .add = { .token = token, .out = 1 } });
}

static void reap(uint64_t token)
{
	reaped++;
	event(0, VRING_EVENT_REAP, (struct vring_event){ .reap = { .token = token } });
}

static void decide(bool kick)
{
	event(0, VRING_EVENT_KICK,
	      (struct vring_event){ .kick = { .old_idx = avail - 1,
					      .new_idx = avail,
					      .event = kick ? avail - 1 : avail,
					      .kick = kick } });
}

static void irq(bool handled)
{
	event(0, VRING_EVENT_INTERRUPT,
	      (struct vring_event){ .interrupt = { .irq = 36, .handled = handled } });
}

static void digest_of_all(struct digest *d)
{
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	assert_int_equal(vrt_write_end(&writer, now), 0);
	fclose(file);
	assert_int_equal(vrt_open(&f, path, why), 0);
	assert_int_equal(digest_make(d, &f, why), 0);
	vrt_close(&f);
}

static bool near(double a, double b)
{
	return a - b < 1e-9 && b - a < 1e-9;
}

#define assert_measure(d, measure, value) \
	assert_true(near(digest_measure(&(d), (d).queues, measure), value))

static void every_measure_is_what_the_events_say(void **state)
{
	const struct vrt_queue q = queue(0, "req.0", "vda");
	struct digest d;

	(void)state;
	begin(&q, 1);
	/* Four buffers; two kicks, two suppressed; back after 10, 20, 30 and 40 us. */
	for (unsigned int i = 1; i <= 4; i++) {
		add(i);
		decide(i % 2);
	}
	irq(true);
	irq(false);
	for (unsigned int i = 1; i <= 4; i++) {
		now += 10000;
		reap(i);
	}
	/* A fifth finds the ring full: the driver kicks with no decision. */
	event(0, VRING_EVENT_ADD,
	      (struct vring_event){ .add = { .token = 9, .out = 1, .error = -28 } });
	now = 3 * SECOND;
	irq(true);
	vrt_write_loss(&writer, 5, 6, now);
	digest_of_all(&d);
	assert_int_equal(d.count, 1);
	assert_string_equal(d.queues[0].name, "virtio0/req.0");
	assert_int_equal(d.lost, 5);
	assert_int_equal(d.missed, 6);
	assert_true(near(d.seconds, 2));
	assert_measure(d, DIGEST_EVENT_RATE, 16 / 2.0);
	assert_measure(d, DIGEST_ADD_RATE, 4 / 2.0);
	assert_measure(d, DIGEST_ADDS_PER_KICK, 4 / 3.0);
	assert_measure(d, DIGEST_SUPPRESSED, 2 / 4.0);
	assert_measure(d, DIGEST_FORCED, 1);
	assert_measure(d, DIGEST_IRQS_PER_REAP, 3 / 4.0);
	assert_measure(d, DIGEST_SPURIOUS, 1);
	assert_measure(d, DIGEST_P50_NS, 20000);
	assert_measure(d, DIGEST_P99_NS, 40000);
	assert_measure(d, DIGEST_PEAK, 4);
	digest_free(&d);
}

/* The smallest value that so many do not exceed. */
static void a_percentile_is_one_of_the_times(void **state)
{
	const struct vrt_queue q = queue(0, "req.0", "vda");
	struct digest d;

	(void)state;
	begin(&q, 1);
	/* 200 buffers, back after 1, 2, ..., 200 us, the longest first. */
	for (unsigned int i = 200; i >= 1; i--) {
		add(i);
		now += 1000 * i;
		reap(i);
	}
	digest_of_all(&d);
	assert_int_equal(d.queues[0].time_count, 200);
	assert_int_equal(d.queues[0].p50_ns, 100000);
	assert_int_equal(d.queues[0].p99_ns, 198000);
	digest_free(&d);
}

static void what_was_not_seen_is_not_made_up(void **state)
{
	const struct vrt_queue q = queue(0, "req.0", "vda");
	struct digest d;

	(void)state;
	begin(&q, 1);
	digest_of_all(&d);
	assert_int_equal(d.count, 1);
	assert_measure(d, DIGEST_EVENT_RATE, -1);
	assert_measure(d, DIGEST_ADDS_PER_KICK, -1);
	assert_measure(d, DIGEST_SUPPRESSED, -1);
	assert_measure(d, DIGEST_IRQS_PER_REAP, -1);
	assert_measure(d, DIGEST_P50_NS, -1);
	assert_measure(d, DIGEST_PEAK, 0);
	digest_free(&d);
	/* A reap whose add was before the recording has no time. */
	begin(&q, 1);
	reap(1);
	digest_of_all(&d);
	assert_int_equal(d.queues[0].account.reap, 1);
	assert_measure(d, DIGEST_P50_NS, -1);
	digest_free(&d);
	/* A queue that the table does not have. */
	begin(&q, 1);
	event(7, VRING_EVENT_REAP, (struct vring_event){ .reap = { .token = 1 } });
	digest_of_all(&d);
	assert_int_equal(d.count, 2);
	assert_string_equal(d.queues[1].name, "virtio7:0");
	assert_true(digest_measure(&d, &d.queues[1], DIGEST_PEAK) < 0);
	digest_free(&d);
}

/* Of four queues; @names[i] NULL: fewer. */
static struct digest made(uint16_t device, const char *const names[4], const char *const aliases[4])
{
	struct digest d = { .queues = calloc(4, sizeof(*d.queues)) };

	for (; d.count < 4 && names[d.count]; d.count++) {
		struct digest_queue *q = &d.queues[d.count];

		q->record = queue(device + d.count, names[d.count], aliases[d.count]);
		q->device = device + d.count;
		vrt_queue_name(q->name, &q->record, q->device, 0);
	}
	return d;
}

static void queues_are_found_by_name_then_by_alias_then_by_driver(void **state)
{
	struct digest a = made(0, (const char *[4]){ "req.0", "req.0", "x" },
			       (const char *[4]){ "vda", "vdb", "" }),
		      b = made(1, (const char *[4]){ "req.0", "req.0", "x" },
			       (const char *[4]){ "vda", "vdb", "" });

	(void)state;
	/* virtio1/req.0 is vdb in A, and vda in B: the name is what is asked for. */
	assert_ptr_equal(digest_match(&b, &a.queues[1]), &b.queues[0]);
	/* There is no virtio0 in B, but a vda. */
	assert_ptr_equal(digest_match(&b, &a.queues[0]), &b.queues[0]);
	/* virtio2/x is not virtio2/req.0; the only x of that driver is another device's. */
	assert_ptr_equal(digest_match(&b, &a.queues[2]), &b.queues[2]);
	/* Two of that driver and name, and no alias: it cannot be said. */
	a.queues[0].record.alias[0] = 0;
	assert_null(digest_match(&b, &a.queues[0]));
	/* The same name on another kind of device is another queue. */
	le32_write(&b.queues[0].record.device_id, 1);
	b.queues[0].record.alias[0] = b.queues[0].record.driver[0] = 0;
	assert_ptr_equal(digest_match(&b, &a.queues[1]), &b.queues[1]);
	free(a.queues);
	free(b.queues);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_measure_is_what_the_events_say),
		cmocka_unit_test(a_percentile_is_one_of_the_times),
		cmocka_unit_test(what_was_not_seen_is_not_made_up),
		cmocka_unit_test(queues_are_found_by_name_then_by_alias_then_by_driver),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, make_path, forget_path);
}
