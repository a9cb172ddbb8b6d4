// SPDX-License-Identifier: MIT
/*
 * Keeps what the tracepoints of ring/ say, in a buffer per CPU: the newest events win. No locks:
 * interrupts are off while a CPU writes to its own buffer. Counts are kept from the first event on,
 * recording or not: they are what QEMU's own log is compared with.
 */
#include <string.h>

#include "monitor.h"
#include "trace.h"

#define COUNTED_DEVICES 8
#define COUNTED_QUEUES 8

/* An add that was refused is counted apart. */
#define REFUSED VRING_EVENT_TYPES

/* By device, queue and type. Changed by any CPU. */
static unsigned long counts[COUNTED_DEVICES][COUNTED_QUEUES][VRING_EVENT_TYPES + 1];
static struct trace_buffer buffers[TRACE_CPUS];
static bool recording;
static trace_hook *hook;
static const struct virtio_device *hooked;

static inline uint64_t save_irqs_off(void)
{
	uint64_t flags;

	asm volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void restore_irqs(uint64_t flags)
{
	asm volatile("pushq %0; popfq" : : "r"(flags) : "memory", "cc");
}

static void count(const struct vring_event *event)
{
	unsigned int type = event->type;

	if (event->device >= COUNTED_DEVICES || event->queue >= COUNTED_QUEUES)
		return;
	if (type == VRING_EVENT_ADD && event->add.error)
		type = REFUSED;
	__atomic_fetch_add(&counts[event->device][event->queue][type], 1, __ATOMIC_RELAXED);
}

void vring_record(const struct virtqueue *vq, struct vring_event *event)
{
	struct trace_buffer *buffer;
	uint64_t flags;

	count(event);
	if (!recording && vq->vdev != hooked)
		return;
	event->cpu = platform_cpu();
	if (hook && vq->vdev == hooked)
		hook(vq, event);
	if (!recording)
		return;
	/* The time as well: a buffer's events are in its order. */
	flags = save_irqs_off();
	event->time_ns = platform_now();
	buffer = &buffers[event->cpu];
	buffer->events[buffer->next++ % TRACE_EVENTS] = *event;
	restore_irqs(flags);
}

void trace_set_hook(const struct virtio_device *vdev, trace_hook *fn)
{
	hook = fn;
	hooked = fn ? vdev : NULL;
}

bool trace_possible(const char *command)
{
#ifdef VRING_EVENTS
	(void)command;
	return true;
#else
	complain("%s: this image was built without the rings' tracepoints", command);
	return false;
#endif
}

static enum status trace_on(void)
{
	for (unsigned int cpu = 0; cpu < platform_num_cpus(); cpu++) {
		if (!buffers[cpu].events)
			buffers[cpu].events =
				platform_zalloc(TRACE_EVENTS * sizeof(struct vring_event));
		if (!buffers[cpu].events)
			return complain("trace on: no memory for %u events on each CPU",
					TRACE_EVENTS);
		buffers[cpu].next = 0;
	}
	__atomic_store_n(&recording, true, __ATOMIC_RELEASE);
	return STATUS_OK;
}

static enum status trace_off(void)
{
	recording = false;
	return STATUS_OK;
}

static enum status trace_dump(void)
{
	bool was_on = recording;
	uint64_t events, lost;

	if (!metal_port_present(METAL_EVENTS))
		return complain("trace dump: QEMU was given no second serial port;"
				" guest/metal/run --events FILE does");
	if (!buffers[0].events)
		return complain("trace dump: nothing was recorded; `trace on` begins");
	recording = false;
	events = trace_write(buffers, platform_num_cpus(), &lost);
	recording = was_on;
	print("%llu events", (unsigned long long)events);
	if (lost)
		print("; %llu older ones were lost: a CPU keeps %u", (unsigned long long)lost,
		      TRACE_EVENTS);
	print("\n");
	return STATUS_OK;
}

/* Queues by a name that `ring` takes as well. */
static enum status trace_counts(void)
{
	struct virtio_device *vdev = NULL;

	print("%-20s %7s %7s %7s %8s %7s %7s %7s\n", "queue", "add", "refused", "kick?", "doorbell",
	      "irq", "reap", "irqs on");
	while ((vdev = virtio_next_device(vdev))) {
		for (unsigned int i = 0; i < vdev->nvqs; i++) {
			char name[40];
			unsigned long *c;

			if (!vdev->vqs[i] || i >= COUNTED_QUEUES || vdev->index >= COUNTED_DEVICES)
				continue;
			c = counts[vdev->index][i];
			platform_snprintf(name, sizeof(name), "virtio%d:%u %s", vdev->index, i,
					  vdev->vqs[i]->name);
			print("%-20s %7lu %7lu %7lu %8lu %7lu %7lu %7lu\n", name,
			      c[VRING_EVENT_ADD], c[REFUSED], c[VRING_EVENT_KICK],
			      c[VRING_EVENT_NOTIFY], c[VRING_EVENT_INTERRUPT], c[VRING_EVENT_REAP],
			      c[VRING_EVENT_CALLBACKS]);
		}
	}
	return STATUS_OK;
}

enum status command_trace(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum status (*run)(void);
	} verbs[] = {
		{ "on", trace_on },
		{ "off", trace_off },
		{ "dump", trace_dump },
		{ "counts", trace_counts },
	};

	for (unsigned int i = 0; argc == 2 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return trace_possible("trace") ? verbs[i].run() : STATUS_FAILED;
	return STATUS_USAGE;
}
