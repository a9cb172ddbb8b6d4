/* SPDX-License-Identifier: MIT */
/*
 * What a buffer costs on its way through a virtqueue and back, in nanoseconds.
 *
 *	ring [--tsv]		  one thread; to be pinned to one core
 *	ring [--tsv] --threads	  driver and device on two cores
 *
 * The workload. The driver adds a batch of buffers, asks once whether to kick, and after the device
 * reaps until nothing is left. The device pops until nothing is left, pushes each buffer at once,
 * and asks once whether to interrupt. Kicks and interrupts are wanted (EVT: by event index), nobody
 * acts on them. A buffer is one writable element of 512 bytes or more, or three with the first one
 * readable, as disks have them. No data is moved.
 *
 * Total. One queue; batch after batch, the two halves taking turns, timed 1,024 buffers at a time.
 *
 * Driver and device apart. A clock around each half of a batch of one would measure itself. So a
 * phase of the driver puts one batch into each of several queues, a phase of the device serves
 * those queues one after another, a phase of the driver reaps them. Every queue still sees what it
 * sees in the total: one kick decision and one pass of the device for each batch, indices read
 * afresh, event indices moved. The clock is read once a phase; what that costs is subtracted. The
 * parts need not add up to the total, in which one half's work overlaps with the other's.
 *
 * A round's figure is the median of its phases, so that a phase in which somebody else had the core
 * does not count. What is printed is the median of five rounds, with the least and the greatest.
 * Rivals take turns twenty times in a round, as the core may slow down and speed up under them, and
 * all have device/ on the other side. At the end of a row every buffer has to have come back, in
 * order and with its own length, and there must have been a kick and an interrupt for every batch,
 * no more and no less; if not, there is no figure.
 */
#define _GNU_SOURCE /* CPU affinity */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device/virtqueue.h"
#include "tests/bench/bench.h"

#define ROUNDS 5
#define MAX_QUEUES 32
#define BUFFERS_PER_PARTS_PHASE 256 /* at most, and MAX_QUEUES batches at most */
#define PARTS_PHASES 2000
#define SLICES 20 /* of a round: how often rivals take turns in it */
#define BUFFERS_PER_TOTAL_PHASE 1024
#define TOTAL_PHASES 500
#define STREAM_BUFFERS (1u << 21)

_Noreturn void bench_fail(const char *format, ...)
{
	va_list args;

	fputs("bench/ring: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void *bench_alloc(uint64_t bytes)
{
	size_t size = (bytes + 63) & ~UINT64_C(63);
	void *p = aligned_alloc(64, size);

	if (!p)
		bench_fail("no memory for %zu bytes", size);
	return memset(p, 0, size);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* ---- the device ---- */

/* Device addresses are pointers here: all of the address space but page 0 is one region. */
#define PAGE 4096
static const struct guest_region everything = {
	.addr = PAGE,
	.size = SIZE_MAX - PAGE,
	.host = (void *)PAGE,
};
static const struct guest_memory all_memory = { .regions = &everything, .num = 1 };

struct bench_device {
	struct VirtQueue vq;
	struct VirtQueueElement elem;
	struct guest_piece pieces[3];
	uint64_t buffers;
	uint64_t interrupts; /* decisions that said yes */
	unsigned int elems;
	bool wrong;
};

void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	bench_fail("queue %u: device/ found %s %llu: %s", vq->index, field,
		   (unsigned long long)value, why);
}

void virtio_irq(struct VirtQueue *vq)
{
	(void)vq;
}

void bench_device_pass(struct bench_device *device)
{
	struct VirtQueueElement *elem = &device->elem;

	while (virtqueue_pop(&device->vq, elem)) {
		if (elem->out_num + elem->in_num != device->elems)
			device->wrong = true;
		virtqueue_push(&device->vq, elem, elem->in_len);
		device->buffers++;
	}
	if (virtio_should_notify(&device->vq))
		device->interrupts++;
}

/* ---- a driver's half and a device's half, joined ---- */

struct pair {
	const struct bench_driver *driver;
	struct bench_queue *queue;
	struct bench_device *device;
};

static struct pair make_pair(const struct bench_driver *driver, const struct bench_shape *shape)
{
	uint64_t features = UINT64_C(1) << VIRTIO_F_VERSION_1 |
			    (uint64_t)shape->packed << VIRTIO_F_RING_PACKED |
			    (uint64_t)shape->event_idx << VIRTIO_RING_F_EVENT_IDX |
			    (uint64_t)shape->indirect << VIRTIO_RING_F_INDIRECT_DESC;
	struct pair pair = { .driver = driver, .device = bench_alloc(sizeof(*pair.device)) };
	struct bench_areas areas;

	pair.queue = driver->make(shape, features, &areas);
	pair.device->elems = shape->elems;
	pair.device->elem.pieces = pair.device->pieces;
	pair.device->elem.capacity = 3;
	if (!virtio_queue_init(&pair.device->vq, &(struct VirtQueueConfig){
							 .memory = &all_memory,
							 .features = features,
							 .desc = areas.desc,
							 .driver = areas.driver,
							 .device = areas.device,
							 .num = shape->num,
						 }))
		bench_fail("device/ makes no queue");
	return pair;
}

static void destroy_pair(struct pair *pair)
{
	pair->driver->destroy(pair->queue);
	free(pair->device);
}

/* @batches: how many went through, each with a kick and an interrupt; 0: that depends. */
static void check_pair(const struct pair *pair, uint64_t buffers, uint64_t batches)
{
	const struct bench_queue *queue = pair->queue;
	const struct bench_device *device = pair->device;

	if (queue->wrong || device->wrong)
		bench_fail("%s: a buffer was not what it should be", pair->driver->name);
	if (queue->added != buffers || device->buffers != buffers || queue->reaped != buffers)
		bench_fail("%s: %llu buffers added, %llu used, %llu reaped, not %llu",
			   pair->driver->name, (unsigned long long)queue->added,
			   (unsigned long long)device->buffers, (unsigned long long)queue->reaped,
			   (unsigned long long)buffers);
	if (batches && (queue->kicks != batches || device->interrupts != batches))
		bench_fail("%s: %llu kicks, %llu interrupts for %llu batches", pair->driver->name,
			   (unsigned long long)queue->kicks, (unsigned long long)device->interrupts,
			   (unsigned long long)batches);
}

/* ---- figures ---- */

struct figure {
	double rounds[ROUNDS];
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts what it is given. */
static double median(double values[], unsigned int num)
{
	qsort(values, num, sizeof(values[0]), compare);
	return values[num / 2];
}

static double middle(struct figure *f)
{
	return median(f->rounds, ROUNDS);
}

static bool tsv;

/* What a row is about, in words. */
struct row {
	const char *ring, *buffer, *event_idx;
	unsigned int batch;
};

static void print_tsv(const struct row *row, const char *half, const char *part, struct figure *f,
		      const char *unit)
{
	double m = middle(f);

	printf("%s\t%s\t%s\t%u\t%s\t%s\t%.2f\t%.2f\t%.2f\t%s\n", row->ring, row->buffer,
	       row->event_idx, row->batch, half, part, m, f->rounds[0], f->rounds[ROUNDS - 1],
	       unit);
}

static const char *text(struct figure *f, const char *unit)
{
	static char texts[8][40];
	static unsigned int next;
	char *s = texts[next++ % 8];
	double m = middle(f);

	snprintf(s, sizeof(texts[0]), "%5.1f %s (%.1f..%.1f)", m, unit, f->rounds[0],
		 f->rounds[ROUNDS - 1]);
	return s;
}

/* ---- one thread ---- */

/* ns per buffer */
struct cost {
	struct figure driver;
	struct figure device;
	struct figure total;
};

/* A driver's half in all the queues of a row, and what its phases took in this round, in ns. */
struct bench {
	struct pair apart[MAX_QUEUES];
	struct bench_queue *queues[MAX_QUEUES];
	unsigned int num;
	struct pair together;
	uint64_t phases;
	uint64_t batches; /* of together */
	double driver[PARTS_PHASES];
	double device[PARTS_PHASES];
	double total[TOTAL_PHASES];
};

static double clock_cost;

static void calibrate(void)
{
	double best = 1e9;

	for (unsigned int i = 0; i < 100; i++) {
		double start = now_ns(), end;

		for (unsigned int j = 0; j < 100; j++)
			end = now_ns();
		if ((end - start) / 100 < best)
			best = (end - start) / 100;
	}
	clock_cost = best;
}

static struct bench *start_bench(const struct bench_driver *driver, const struct bench_shape *shape)
{
	struct bench *b = bench_alloc(sizeof(*b));

	b->num = BUFFERS_PER_PARTS_PHASE / shape->batch;
	if (b->num > MAX_QUEUES)
		b->num = MAX_QUEUES;
	for (unsigned int i = 0; i < b->num; i++) {
		b->apart[i] = make_pair(driver, shape);
		b->queues[i] = b->apart[i].queue;
	}
	b->together = make_pair(driver, shape);
	return b;
}

static void end_bench(struct bench *b, const struct bench_shape *shape)
{
	for (unsigned int i = 0; i < b->num; i++) {
		check_pair(&b->apart[i], b->phases * shape->batch, b->phases);
		destroy_pair(&b->apart[i]);
	}
	check_pair(&b->together, b->batches * shape->batch, b->batches);
	destroy_pair(&b->together);
	free(b);
}

/* Driver and device apart; the driver's phase is in two parts. */
static void measure_parts(struct bench *b, unsigned int phase)
{
	const struct bench_driver *d = b->together.driver;
	double submitting = now_ns(), serving, reaping, end;

	d->submit(b->queues, b->num);
	serving = now_ns();
	for (unsigned int i = 0; i < b->num; i++)
		bench_device_pass(b->apart[i].device);
	reaping = now_ns();
	d->reap(b->queues, b->num);
	end = now_ns();

	b->driver[phase] = serving - submitting + end - reaping - 2 * clock_cost;
	b->device[phase] = reaping - serving - clock_cost;
	b->phases++;
}

static void measure_total(struct bench *b, unsigned int phase, unsigned int batches)
{
	double start = now_ns();

	b->together.driver->cycle(b->together.queue, b->together.device, batches);
	b->total[phase] = now_ns() - start - clock_cost;
	b->batches += batches;
}

static void measure_round(struct bench *benches[], unsigned int num, unsigned int batch)
{
	for (unsigned int slice = 0; slice < SLICES; slice++) {
		for (unsigned int i = 0; i < num; i++) {
			for (unsigned int p = slice; p < PARTS_PHASES; p += SLICES)
				measure_parts(benches[i], p);
			for (unsigned int p = slice; p < TOTAL_PHASES; p += SLICES)
				measure_total(benches[i], p, BUFFERS_PER_TOTAL_PHASE / batch);
		}
	}
}

/* Round -1 warms up. */
static void measure_row(const struct bench_driver *const drivers[], unsigned int num,
			const struct bench_shape *shape, struct cost costs[])
{
	struct bench *benches[2];

	for (unsigned int i = 0; i < num; i++)
		benches[i] = start_bench(drivers[i], shape);
	for (int round = -1; round < ROUNDS; round++) {
		measure_round(benches, num, shape->batch);
		for (unsigned int i = 0; i < num && round >= 0; i++) {
			struct bench *b = benches[i];
			unsigned int buffers = b->num * shape->batch;

			costs[i].driver.rounds[round] = median(b->driver, PARTS_PHASES) / buffers;
			costs[i].device.rounds[round] = median(b->device, PARTS_PHASES) / buffers;
			costs[i].total.rounds[round] =
				median(b->total, TOTAL_PHASES) / BUFFERS_PER_TOTAL_PHASE;
		}
	}
	for (unsigned int i = 0; i < num; i++)
		end_bench(benches[i], shape);
}

static void print_row(const struct row *row, const struct bench_driver *const drivers[],
		      unsigned int num, struct cost costs[])
{
	for (unsigned int i = 0; tsv && i < num; i++) {
		print_tsv(row, drivers[i]->name, "driver", &costs[i].driver, "ns");
		print_tsv(row, drivers[i]->name, "device", &costs[i].device, "ns");
		print_tsv(row, drivers[i]->name, "total", &costs[i].total, "ns");
	}
	if (tsv)
		return;
	printf("%-6s %-10s %-3s %5u ", row->ring, row->buffer, row->event_idx, row->batch);
	if (num == 1)
		printf("%-23s %-23s %s\n", text(&costs[0].driver, "ns"),
		       text(&costs[0].device, "ns"), text(&costs[0].total, "ns"));
	else
		printf("%-23s %-23s %4.2f %5.1f ns %5.1f ns\n", text(&costs[0].driver, "ns"),
		       text(&costs[1].driver, "ns"),
		       middle(&costs[0].driver) / middle(&costs[1].driver), middle(&costs[0].total),
		       middle(&costs[1].total));
	fflush(stdout);
}

static const struct {
	const char *name;
	unsigned int elems;
	bool indirect;
} buffers[] = { { "1 direct", 1, false }, { "3 direct", 3, false }, { "3 indirect", 3, true } };

static void one_thread(const struct bench_driver *const drivers[], unsigned int num)
{
	calibrate();
	if (!tsv && num == 1)
		printf("one thread, per buffer\n%-6s %-10s %-3s %5s %-23s %-23s %s\n", "ring",
		       "buffer", "EVT", "batch", "driver", "device", "total");
	else if (!tsv)
		printf("one thread, per buffer\n%-6s %-10s %-3s %5s %-23s %-23s %4s %8s %8s\n",
		       "ring", "buffer", "EVT", "batch", "driver, ours", "driver, Linux", "o/L",
		       "total, o", "total, L");
	for (unsigned int i = 0; i < 24; i++) {
		bool packed = i / 12, event_idx = i / 2 % 2;
		unsigned int batch = i % 2 ? 32 : 1;
		unsigned int b = i / 4 % 3;
		struct bench_shape shape = {
			.packed = packed,
			.event_idx = event_idx,
			.indirect = buffers[b].indirect,
			.elems = buffers[b].elems,
			.batch = batch,
			.num = batch == 1 ? 16 : 128,
			.tokens = batch,
		};
		struct row row = { packed ? "packed" : "split", buffers[b].name,
				   event_idx ? "on" : "off", batch };
		struct cost costs[2];

		measure_row(drivers, num, &shape, costs);
		print_row(&row, drivers, num, costs);
	}
}

/* ---- two threads ---- */

struct device_thread {
	struct bench_device *device;
	int cpu;
	atomic_bool stop;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set))
		bench_fail("cannot run on CPU %d", cpu);
}

static void *serve(void *arg)
{
	struct device_thread *thread = arg;

	pin(thread->cpu);
	while (!atomic_load_explicit(&thread->stop, memory_order_relaxed))
		bench_device_pass(thread->device);
	return NULL;
}

/* Millions of buffers a second. */
static void measure_stream(struct pair *pair, const int cpus[2], double *rate)
{
	struct device_thread thread = { .device = pair->device, .cpu = cpus[1] };
	pthread_t id;
	double start;

	if (pthread_create(&id, NULL, serve, &thread))
		bench_fail("cannot start a thread");
	pair->driver->stream(pair->queue, STREAM_BUFFERS / 8); /* warm-up */
	start = now_ns();
	pair->driver->stream(pair->queue, STREAM_BUFFERS);
	*rate = STREAM_BUFFERS / (now_ns() - start) * 1e3;
	atomic_store_explicit(&thread.stop, true, memory_order_relaxed);
	pthread_join(id, NULL);
}

static void stream_row(const struct bench_driver *const drivers[], unsigned int num,
		       const struct bench_shape *shape, const int cpus[2])
{
	struct row row = { shape->packed ? "packed" : "split", "1 direct", "on", shape->batch };
	struct figure figures[2];
	struct pair pairs[2];

	for (unsigned int i = 0; i < num; i++)
		pairs[i] = make_pair(drivers[i], shape);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < num; i++)
			measure_stream(&pairs[i], cpus, &figures[i].rounds[round]);
	}
	if (!tsv)
		printf("%-6s %-10s %-3s %5u", row.ring, row.buffer, row.event_idx, row.batch);
	for (unsigned int i = 0; i < num; i++) {
		check_pair(&pairs[i], (STREAM_BUFFERS + STREAM_BUFFERS / 8) * (uint64_t)ROUNDS, 0);
		destroy_pair(&pairs[i]);
		if (tsv)
			print_tsv(&row, drivers[i]->name, "stream", &figures[i], "Mbuf/s");
		else
			printf("  %-26s", text(&figures[i], "Mbuf/s"));
	}
	if (!tsv)
		putchar('\n');
	fflush(stdout);
}

static void two_threads(const struct bench_driver *const drivers[], unsigned int num)
{
	cpu_set_t set;
	int cpus[2], found = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		bench_fail("cannot find out which CPUs there are");
	for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
		if (CPU_ISSET(cpu, &set))
			cpus[found++] = cpu;
	}
	if (found < 2) {
		fputs("bench/ring: one CPU only: no figures for two threads\n", stderr);
		return;
	}
	pin(cpus[0]);
	if (!tsv) {
		printf("two threads\n%-6s %-10s %-3s %5s", "ring", "buffer", "EVT", "batch");
		for (unsigned int i = 0; i < num; i++)
			printf("  %-26s", drivers[i]->name);
		putchar('\n');
	}
	for (unsigned int i = 0; i < 4; i++) {
		struct bench_shape shape = {
			.packed = i / 2,
			.event_idx = true,
			.elems = 1,
			.batch = i % 2 ? 32 : 1,
			.num = 256,
			.tokens = 256,
		};

		stream_row(drivers, num, &shape, cpus);
	}
}

int main(int argc, char **argv)
{
	const struct bench_driver *drivers[2] = { &our_driver, &linux_driver };
	unsigned int num = &linux_driver ? 2 : 1;
	bool threads = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--tsv")) {
			tsv = true;
		} else if (!strcmp(argv[i], "--threads")) {
			threads = true;
		} else {
			fprintf(stderr, "bench/ring: unknown word: %s; there are --tsv --threads\n",
				argv[i]);
			return 2;
		}
	}
	if (threads)
		two_threads(drivers, num);
	else
		one_thread(drivers, num);
	return 0;
}
