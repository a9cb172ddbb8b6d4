/* SPDX-License-Identifier: MIT */
/*
 * Watches Linux's virtio_ring.c from inside: a walk that lists every queue, and a hook on each
 * function in which the ring moves. The kernel's half of trace-tool/; records are those of
 * ring/vring_event.h.
 *
 * Left out: the callbacks' on and off, descriptors of a buffer.
 */
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "ring/virtio_ring.h"
#include "ring/vring_event.h"
#include "bpf/linux_virtio.h"
#include "bpf/vring_trace.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* ---- reading a queue ---- */

/*
 * Linux's private struct and the ring it points to, copied. Every read may fail (a device can be
 * going away), and then leaves zeroes; nothing here can fault.
 */
struct ring_view {
	bool packed;
	bool event;
	uint16_t avail_idx;
	uint16_t last_used;
	unsigned int num;
	void *driver; /* split: the available ring; packed: the driver's event area */
	void *device; /* split: the used ring; packed: the device's event area */
};

static __always_inline const struct vring_virtqueue *to_vvq(const struct virtqueue *vq)
{
	return (const void *)vq;
}

static __always_inline void view_ring(const struct virtqueue *vq, struct ring_view *view)
{
	const struct vring_virtqueue *vvq = to_vvq(vq);

	view->packed = BPF_CORE_READ(vvq, packed_ring);
	view->event = BPF_CORE_READ(vvq, event);
	view->last_used = BPF_CORE_READ(vvq, last_used_idx);
	if (view->packed) {
		view->avail_idx = BPF_CORE_READ(vvq, packed.next_avail_idx) |
				  BPF_CORE_READ(vvq, packed.avail_wrap_counter)
					  << VRING_PACKED_EVENT_F_WRAP_CTR;
		view->num = BPF_CORE_READ(vvq, packed.vring.num);
		view->driver = BPF_CORE_READ(vvq, packed.vring.driver);
		view->device = BPF_CORE_READ(vvq, packed.vring.device);
	} else {
		view->avail_idx = BPF_CORE_READ(vvq, split.avail_idx_shadow);
		view->num = BPF_CORE_READ(vvq, split.vring.num);
		view->driver = BPF_CORE_READ(vvq, split.vring.avail);
		view->device = BPF_CORE_READ(vvq, split.vring.used);
	}
}

/* A 16-bit field of shared memory. The rings are little-endian and so are the hosts of BPF here. */
static __always_inline uint16_t shared16(const void *area, uint32_t offset)
{
	uint16_t value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), area + offset);
	return value;
}

/* A packed ring has no used index in memory: what the driver has reaped is all there is to see. */
static __always_inline uint16_t used_idx(const struct ring_view *view)
{
	if (view->packed)
		return view->last_used;
	return shared16(view->device, offsetof(struct vring_used, idx));
}

/* What the device wrote about being kicked: 2.7.10 and, packed, 2.8.14. */
static __always_inline uint16_t kick_event(const struct ring_view *view)
{
	if (view->packed)
		return shared16(view->device, offsetof(struct vring_packed_desc_event, off_wrap));
	return shared16(view->device,
			sizeof(struct vring_used) + view->num * sizeof(struct vring_used_elem));
}

static __always_inline uint16_t kick_flags(const struct ring_view *view)
{
	if (view->packed)
		return shared16(view->device, offsetof(struct vring_packed_desc_event, flags));
	return shared16(view->device, offsetof(struct vring_used, flags));
}

/* ---- the walk: all queues of one device, with no traffic ---- */

/* The vring-trace that asked, as its own PID namespace counts, and which namespace that is. */
const volatile uint32_t walker = 0;
const volatile uint64_t walker_ns_dev = 0;
const volatile uint64_t walker_ns_ino = 0;

uint32_t devices_walked = 0;
uint32_t queue_count = 0;
uint32_t queues_left_out = 0; /* devices with more queues than the table had room for */
struct vt_queue queues[VT_MAX_QUEUES];

static __always_inline void describe(struct vt_queue *out, const struct virtqueue *vq,
				     const struct virtio_device *vdev)
{
	struct ring_view view = {};
	bool packed;

	out->unread = bpf_probe_read_kernel(&packed, sizeof(packed), &to_vvq(vq)->packed_ring) != 0;
	view_ring(vq, &view);
	out->features = BPF_CORE_READ(vdev, features);
	out->device = BPF_CORE_READ(vdev, index);
	out->index = BPF_CORE_READ(vq, index);
	out->num = view.num;
	out->num_free = BPF_CORE_READ(vq, num_free);
	out->avail_idx = view.avail_idx;
	out->used_idx = used_idx(&view);
	out->last_used = view.last_used;
	out->packed = view.packed;
	out->broken = BPF_CORE_READ(to_vvq(vq), broken);
	bpf_probe_read_kernel_str(out->name, sizeof(out->name), BPF_CORE_READ(vq, name));
}

struct walk {
	const struct virtio_device *vdev;
	struct list_head *head, *pos;
};

/* One queue into the table. Return: 1 to end the loop. */
static long walk_one(uint32_t i, struct walk *walk)
{
	struct list_head *pos = walk->pos;
	struct virtqueue *vq = (void *)pos - bpf_core_field_offset(struct virtqueue, list);
	uint32_t slot = queue_count;

	if (!pos || pos == walk->head)
		return 1;
	if (slot >= VT_MAX_QUEUES) {
		queues_left_out++;
		return 1;
	}
	describe(&queues[slot], vq, walk->vdev);
	queue_count = slot + 1;
	walk->pos = BPF_CORE_READ(pos, next);
	return 0;
}

static __always_inline bool asked_by_walker(void)
{
	struct bpf_pidns_info current = {};

	return !bpf_get_ns_current_pid_tgid(walker_ns_dev, walker_ns_ino, &current,
					    sizeof(current)) &&
	       current.tgid == walker;
}

/*
 * Reading any attribute of /sys/bus/virtio/devices/virtioN passes here with that very device in
 * hand. So the list of queues is found without kallsyms and without the driver core's privates.
 */
SEC("fentry/dev_attr_show")
int BPF_PROG(walk_queues, struct kobject *kobj)
{
	struct device *dev = (void *)kobj - bpf_core_field_offset(struct device, kobj);
	struct virtio_device *vdev = (void *)dev - bpf_core_field_offset(struct virtio_device, dev);
	struct list_head *head = (void *)vdev + bpf_core_field_offset(struct virtio_device, vqs);
	struct walk walk = { .vdev = vdev, .head = head };

	if (!asked_by_walker())
		return 0;
	devices_walked++;
	walk.pos = BPF_CORE_READ(head, next);
	bpf_loop(VT_MAX_QUEUES + 1, walk_one, &walk, 0);
	return 0;
}

/* ---- the trace ---- */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* bytes; an event takes 48 */
} events SEC(".maps");

/* From when every hook is on until before the first comes off: all see the same stretch of time. */
bool recording = false;

uint64_t lost = 0; /* events with no room for them */

/* Queues to watch, by device << 16 | index, unless all are. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VT_MAX_QUEUES);
	__type(key, uint32_t);
	__type(value, uint8_t);
} watched SEC(".maps");

const volatile bool watch_all = true;

/*
 * Begins a record about @vq, or returns NULL: not watched, or no room. No wake-up is asked for when
 * it is submitted; vring-trace comes by itself every few milliseconds, which costs the guest far
 * less than a wake-up for each event.
 */
static __always_inline struct vring_event *begin(const struct virtqueue *vq,
						 enum vring_event_type type, struct ring_view *view)
{
	uint16_t device = BPF_CORE_READ(vq, vdev, index);
	uint16_t queue = BPF_CORE_READ(vq, index);
	struct vring_event *event;
	uint16_t used;
	uint64_t now;

	if (!recording)
		return NULL;
	if (!watch_all) {
		uint32_t key = (uint32_t)device << 16 | queue;

		if (!bpf_map_lookup_elem(&watched, &key))
			return NULL;
	}
	/* Read and timed before its place is taken, so that places are in the order of times. */
	view_ring(vq, view);
	used = used_idx(view);
	now = bpf_ktime_get_ns();
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = now;
	event->device = device;
	event->queue = queue;
	event->cpu = bpf_get_smp_processor_id();
	event->type = type;
	event->flags = (view->packed ? VRING_EVENT_F_PACKED : 0) |
		       (view->event ? VRING_EVENT_F_EVENT_IDX : 0);
	event->avail_idx = view->avail_idx;
	event->used_idx = used;
	event->last_used = view->last_used;
	event->num_free = BPF_CORE_READ(vq, num_free);
	return event;
}

static __always_inline int end(struct vring_event *event)
{
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

/*
 * The exported functions are hooked, all of them: virtqueue_add_split itself is inlined or closed
 * to tracing, and which of these a driver calls differs by kernel.
 */
static __always_inline int added(const struct virtqueue *vq, unsigned int out, unsigned int in,
				 const void *data, int error)
{
	struct ring_view view = {};
	struct vring_event *event = begin(vq, VRING_EVENT_ADD, &view);

	if (!event)
		return 0;
	event->add.token = (uintptr_t)data;
	event->add.out = out;
	event->add.in = in;
	event->add.error = error;
	return end(event);
}

SEC("fexit/virtqueue_add_sgs")
int BPF_PROG(add_sgs, struct virtqueue *vq, void *sgs, unsigned int out, unsigned int in,
	     void *data, unsigned int gfp, int ret)
{
	return added(vq, out, in, data, ret);
}

SEC("fexit/virtqueue_add_outbuf")
int BPF_PROG(add_outbuf, struct virtqueue *vq, void *sg, unsigned int num, void *data,
	     unsigned int gfp, int ret)
{
	return added(vq, 1, 0, data, ret);
}

SEC("fexit/virtqueue_add_inbuf")
int BPF_PROG(add_inbuf, struct virtqueue *vq, void *sg, unsigned int num, void *data,
	     unsigned int gfp, int ret)
{
	return added(vq, 0, 1, data, ret);
}

SEC("fexit/virtqueue_add_inbuf_ctx")
int BPF_PROG(add_inbuf_ctx, struct virtqueue *vq, void *sg, unsigned int num, void *data,
	     void *cookie, unsigned int gfp, int ret)
{
	return added(vq, 0, 1, data, ret);
}

/*
 * A kick decision takes two looks. num_added, from which the old index follows, is zeroed inside;
 * the verdict is known only at the end; and the device may rewrite its event index in between, so
 * that is read at both ends. Callers of one queue are serialised by its driver, so the queue is key
 * enough: no second decision on it can begin before this one ends.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VT_MAX_QUEUES);
	__type(key, uint64_t);
	__type(value, struct vring_event_kick);
} deciding SEC(".maps");

/* The packed index @back slots before @idx, wrap counter included; the split one is plain. */
static __always_inline uint16_t idx_before(const struct ring_view *view, uint16_t back)
{
	const uint16_t wrap = 1u << VRING_PACKED_EVENT_F_WRAP_CTR;
	uint16_t slot = view->avail_idx & ~wrap;

	if (!view->packed)
		return view->avail_idx - back;
	if (slot >= back)
		return view->avail_idx - back;
	return (slot + view->num - back) | (~view->avail_idx & wrap);
}

SEC("fentry/virtqueue_kick_prepare")
int BPF_PROG(kick_begins, struct virtqueue *vq)
{
	uint64_t key = (uintptr_t)vq;
	struct vring_event_kick kick = {};
	struct ring_view view = {};

	if (!recording)
		return 0;
	view_ring(vq, &view);
	kick.new_idx = view.avail_idx;
	kick.old_idx = idx_before(&view, BPF_CORE_READ(to_vvq(vq), num_added));
	kick.event = kick_event(&view);
	kick.dev_flags = kick_flags(&view);
	if (bpf_map_update_elem(&deciding, &key, &kick, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

/* @ret: a bool is the low byte of its register alone; above it stands what was there before. */
SEC("fexit/virtqueue_kick_prepare")
int BPF_PROG(kick_ends, struct virtqueue *vq, uint64_t ret)
{
	uint64_t key = (uintptr_t)vq;
	struct vring_event_kick *kick = bpf_map_lookup_elem(&deciding, &key);
	struct ring_view view = {};
	struct vring_event *event;

	/* The beginning was before the recording's, or is counted as lost or missed. */
	if (!kick)
		return 0;
	event = begin(vq, VRING_EVENT_KICK, &view);
	if (event) {
		event->kick = *kick;
		event->kick.event_after = kick_event(&view);
		event->kick.dev_flags_after = kick_flags(&view);
		event->kick.kick = (ret & 0xff) != 0;
		end(event);
	}
	bpf_map_delete_elem(&deciding, &key);
	return 0;
}

/*
 * The doorbell is the transport's, not virtqueue_notify: virtqueue_kick and a full ring call the
 * transport directly. Seen on entry, before the device can have answered; none of the three can
 * fail.
 */
static __always_inline int rings(const struct virtqueue *vq)
{
	struct ring_view view = {};
	struct vring_event *event = begin(vq, VRING_EVENT_NOTIFY, &view);

	return event ? end(event) : 0;
}

SEC("fentry/vp_notify")
int BPF_PROG(pci_notify, struct virtqueue *vq)
{
	return rings(vq);
}

SEC("fentry/vp_notify_with_data")
int BPF_PROG(pci_notify_with_data, struct virtqueue *vq)
{
	return rings(vq);
}

SEC("fentry/vm_notify")
int BPF_PROG(mmio_notify, struct virtqueue *vq)
{
	return rings(vq);
}

/* Has the device used anything that is not reaped? The question vring_interrupt asks first. */
static __always_inline bool more_used(const struct virtqueue *vq, const struct ring_view *view)
{
	const uint16_t both = VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED;
	uint16_t slot = view->last_used & ~(1u << VRING_PACKED_EVENT_F_WRAP_CTR);
	bool wrap = view->last_used >> VRING_PACKED_EVENT_F_WRAP_CTR;
	uint16_t flags;

	if (!view->packed)
		return used_idx(view) != view->last_used;
	flags = shared16(BPF_CORE_READ(to_vvq(vq), packed.vring.desc),
			 slot * sizeof(struct vring_packed_desc) +
				 offsetof(struct vring_packed_desc, flags));
	return (flags & both) == (wrap ? both : 0); /* 2.8.1: used when both equal the counter */
}

/* On entry too: the callback inside reaps, and an interrupt comes before what it leads to. */
SEC("fentry/vring_interrupt")
int BPF_PROG(interrupted, int irq, struct virtqueue *vq)
{
	struct ring_view view = {};
	struct vring_event *event = begin(vq, VRING_EVENT_INTERRUPT, &view);

	if (!event)
		return 0;
	event->interrupt.irq = irq;
	event->interrupt.handled = more_used(vq, &view);
	return end(event);
}

/* One of the two runs for each virtqueue_get_buf; a call that finds nothing is no event. */
static __always_inline int reaped(const struct virtqueue *vq, const unsigned int *len,
				  const void *data)
{
	struct ring_view view = {};
	struct vring_event *event;

	if (!data)
		return 0;
	event = begin(vq, VRING_EVENT_REAP, &view);
	if (!event)
		return 0;
	event->reap.token = (uintptr_t)data;
	bpf_probe_read_kernel(&event->reap.len, sizeof(event->reap.len), len);
	return end(event);
}

SEC("fexit/virtqueue_get_buf_ctx_split")
int BPF_PROG(reap_split, struct virtqueue *vq, unsigned int *len, void **ctx_out, void *ret)
{
	return reaped(vq, len, ret);
}

SEC("fexit/virtqueue_get_buf_ctx_packed")
int BPF_PROG(reap_packed, struct virtqueue *vq, unsigned int *len, void **ctx_out, void *ret)
{
	return reaped(vq, len, ret);
}
