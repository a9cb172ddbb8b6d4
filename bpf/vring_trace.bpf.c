/* SPDX-License-Identifier: MIT */
/*
 * Watches Linux's virtio_ring.c from inside: a walk that lists every queue, and a hook on each
 * function in which the ring moves. The kernel's half of trace-tool/; records are those of
 * ring/vring_event.h.
 *
 * Which function a hook sits on is decided at run time by trace-tool/linux/hooks.c, from the
 * kernel's own types. So the programs here name none: each comes as fentry or fexit, in as many
 * copies as there may be functions, and once as kprobe for kernels or functions that have no
 * fentry.
 *
 * Left out: the descriptors of a buffer.
 */
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "bpf/ring_view.h"
#include "bpf/record.h"
#include "bpf/count.h"
#include "bpf/missed.h"
#include "bpf/vring_trace.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* ---- the walk: all queues of one device, with no traffic ---- */

uint32_t devices_walked = 0;
uint32_t queue_count = 0;
uint32_t queues_left_out = 0; /* devices with more queues than the table had room for */
struct vt_queue queues[VT_MAX_QUEUES];

static __always_inline void describe(struct vt_queue *out, const struct virtqueue *vq,
				     const struct virtio_device *vdev)
{
	const struct vring_virtqueue *vvq = (const void *)vq;
	struct ring_view view = {};

	view_ring(vq, &view);
	out->unread = view.unread;
	out->address = (uintptr_t)vq;
	out->features = BPF_CORE_READ(vdev, features);
	out->device = view.device;
	out->index = view.queue;
	out->num = view.num;
	out->num_free = view.num_free;
	out->avail_idx = view.avail_idx;
	out->used_idx = used_idx(&view);
	out->last_used = view.last_used;
	out->packed = view.packed;
	out->broken = BPF_CORE_READ(vvq, broken);
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

/*
 * Reading any attribute of /sys/bus/virtio/devices/virtioN passes through dev_attr_show with that
 * very device in hand. So the list of queues is found without kallsyms and without the driver
 * core's privates.
 */
static __always_inline int walk_queues(struct kobject *kobj)
{
	struct device *dev = (void *)kobj - bpf_core_field_offset(struct device, kobj);
	struct virtio_device *vdev = (void *)dev - bpf_core_field_offset(struct virtio_device, dev);
	struct list_head *head = (void *)vdev + bpf_core_field_offset(struct virtio_device, vqs);
	struct walk walk = { .vdev = vdev, .head = head };

	if (!current_is(walker))
		return 0;
	devices_walked++;
	walk.pos = BPF_CORE_READ(head, next);
	bpf_loop(VT_MAX_QUEUES + 1, walk_one, &walk, 0);
	return 0;
}

SEC("?fentry/dev_attr_show")
int BPF_PROG(walk_fentry, struct kobject *kobj)
{
	return walk_queues(kobj);
}

SEC("?kprobe/dev_attr_show")
int BPF_KPROBE(walk_kprobe, struct kobject *kobj)
{
	return walk_queues(kobj);
}

/* ---- add ---- */

/*
 * The exported functions are hooked, all of them: virtqueue_add_split itself is inlined or closed
 * to tracing, and which of these a driver calls differs by kernel. Where each has its arguments
 * vring-trace has read from BTF.
 */
const volatile struct vt_add_function add_functions[VT_ADD_SLOTS];

const volatile bool only_refused = false; /* of all adds, those that failed */

static __always_inline int added(const struct virtqueue *vq, uint64_t data, unsigned int out,
				 unsigned int in, int error)
{
	struct ring_view view = {};
	struct vring_event event;

	if ((only_refused && !error) || !look(vq, &view))
		return 0;
	if (error ? !theirs() : !add_is_theirs(&view, data))
		return 0;
	event = record_of(&view, VRING_EVENT_ADD);
	event.add.token = data;
	event.add.out = out;
	event.add.in = in;
	event.add.error = error;
	return send(&view, &event);
}

static __always_inline int added_fexit(void *ctx, uint32_t slot)
{
	__u64 vq = 0, data = 0, ret = 0;
	__u64 out = add_functions[slot].fixed_out, in = add_functions[slot].fixed_in;

	bpf_get_func_arg(ctx, 0, &vq);
	bpf_get_func_arg(ctx, add_functions[slot].data, &data);
	if (add_functions[slot].out)
		bpf_get_func_arg(ctx, add_functions[slot].out, &out);
	if (add_functions[slot].in)
		bpf_get_func_arg(ctx, add_functions[slot].in, &in);
	bpf_get_func_ret(ctx, &ret);
	if (counts_only())
		return count_add(*(struct virtqueue **)ctx, out, in, (int)ret);
	return added((void *)vq, data, out, in, (int)ret);
}

#define ADD_FEXIT(slot)                        \
	SEC("?fexit")                          \
	int add_fexit_##slot(void *ctx)        \
	{                                      \
		return added_fexit(ctx, slot); \
	}

ADD_FEXIT(0)
ADD_FEXIT(1)
ADD_FEXIT(2)
ADD_FEXIT(3)
ADD_FEXIT(4)
ADD_FEXIT(5)
ADD_FEXIT(6)
ADD_FEXIT(7)
ADD_FEXIT(8)
ADD_FEXIT(9)
ADD_FEXIT(10)
ADD_FEXIT(11)

/* ---- kick decisions ---- */

/*
 * A decision takes two looks. num_added, from which the old index follows, is zeroed inside; the
 * verdict is known only at the end; and the device may rewrite its event index in between, so that
 * is read at both ends. Callers of one queue are serialised by its driver, so the queue is key
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
	uint16_t slot = view->avail_idx & ~WRAP_BIT;

	if (!view->packed || slot >= back)
		return view->avail_idx - back;
	return (slot + view->num - back) | (~view->avail_idx & WRAP_BIT);
}

const volatile bool verdict_only = false; /* one look, at the end */

static __always_inline int kick_begins(const struct virtqueue *vq)
{
	uint64_t key = (uintptr_t)vq;
	struct vring_event_kick kick = {};
	struct ring_view view = {};

	if (verdict_only || !look(vq, &view))
		return 0;
	kick.new_idx = view.avail_idx;
	kick.old_idx = idx_before(&view, view.num_added);
	kick.event = kick_event(&view);
	kick.dev_flags = kick_flags(&view);
	if (bpf_map_update_elem(&deciding, &key, &kick, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

static __always_inline int only_verdict(const struct virtqueue *vq, bool kick)
{
	struct ring_view view = {};
	struct vring_event event;

	if (!look(vq, &view) || !theirs())
		return 0;
	event = record_of(&view, VRING_EVENT_KICK);
	event.kick.kick = kick;
	return send(&view, &event);
}

/* @ret: a bool is the low byte of its register alone; above it stands what was there before. */
static __always_inline int kick_ends(const struct virtqueue *vq, uint64_t ret)
{
	uint64_t key = (uintptr_t)vq;
	struct vring_event_kick *kick;
	struct ring_view view = {};
	struct vring_event event;

	if (verdict_only)
		return only_verdict(vq, ret & 0xff);
	kick = bpf_map_lookup_elem(&deciding, &key);
	/* The beginning was before the recording's, or is counted as lost or missed. */
	if (!kick)
		return 0;
	if (look(vq, &view) && theirs()) {
		event = record_of(&view, VRING_EVENT_KICK);
		event.kick = *kick;
		event.kick.event_after = kick_event(&view);
		event.kick.dev_flags_after = kick_flags(&view);
		event.kick.kick = (ret & 0xff) != 0;
		send(&view, &event);
	}
	bpf_map_delete_elem(&deciding, &key);
	return 0;
}

#define KICK_PAIR(slot)                                         \
	SEC("?fentry")                                          \
	int BPF_PROG(kick_fentry_##slot, void *vq)              \
	{                                                       \
		return kick_begins(vq);                         \
	}                                                       \
	SEC("?fexit")                                           \
	int BPF_PROG(kick_fexit_##slot, void *vq, uint64_t ret) \
	{                                                       \
		if (counts_only())                              \
			return count_kick(vq, ret & 0xff);      \
		return kick_ends(vq, ret);                      \
	}

KICK_PAIR(0)
KICK_PAIR(1)

/* ---- doorbell ---- */

/*
 * The doorbell is the transport's, not virtqueue_notify: virtqueue_kick and a full ring call the
 * transport directly. Seen on entry, before the device can have answered; none of them can fail.
 */
static __always_inline int rings(const struct virtqueue *vq)
{
	struct ring_view view = {};
	struct vring_event event;

	if (!look(vq, &view) || !theirs())
		return 0;
	event = record_of(&view, VRING_EVENT_NOTIFY);
	return send(&view, &event);
}

#define DOORBELL_FENTRY(slot)                          \
	SEC("?fentry")                                 \
	int BPF_PROG(doorbell_fentry_##slot, void *vq) \
	{                                              \
		if (counts_only())                     \
			return count_doorbell(vq);     \
		return rings(vq);                      \
	}

DOORBELL_FENTRY(0)
DOORBELL_FENTRY(1)
DOORBELL_FENTRY(2)
DOORBELL_FENTRY(3)
DOORBELL_FENTRY(4)
DOORBELL_FENTRY(5)

/* ---- interrupt ---- */

/* On entry too: the callback inside reaps, and an interrupt comes before what it leads to. */
static __always_inline int interrupted(int irq, const struct virtqueue *vq)
{
	struct ring_view view = {};
	struct vring_event event;

	if (only_process || !look(vq, &view))
		return 0;
	event = record_of(&view, VRING_EVENT_INTERRUPT);
	event.interrupt.irq = irq;
	event.interrupt.handled = more_used(&view);
	if (events_wanted)
		event.interrupt.event = interrupt_event(&view);
	event.interrupt.flags = view.driver_flags;
	return send(&view, &event);
}

SEC("?fentry")
int BPF_PROG(interrupt_fentry_0, int irq, void *vq)
{
	return counts_only() ? count_interrupt(vq) : interrupted(irq, vq);
}

/* ---- reap ---- */

/* One of a family runs for each virtqueue_get_buf; a call that finds nothing is no event. */
static __always_inline int reaped(const struct virtqueue *vq, const unsigned int *len,
				  uint64_t data)
{
	struct ring_view view = {};
	struct vring_event event;

	if (!data || !look(vq, &view) || !reap_is_theirs(&view, data))
		return 0;
	event = record_of(&view, VRING_EVENT_REAP);
	event.reap.token = data;
	bpf_probe_read_kernel(&event.reap.len, sizeof(event.reap.len), len);
	return send(&view, &event);
}

#define REAP_FEXIT(slot)                                                                  \
	SEC("?fexit")                                                                     \
	int BPF_PROG(reap_fexit_##slot, void *vq, void *len, void *ctx_out, uint64_t ret) \
	{                                                                                 \
		if (counts_only())                                                        \
			return ret ? count_reap(vq, len) : 0;                             \
		return reaped(vq, len, ret);                                              \
	}

REAP_FEXIT(0)
REAP_FEXIT(1)
REAP_FEXIT(2)
REAP_FEXIT(3)

/* ---- callbacks ---- */

static __always_inline int callbacks(const struct virtqueue *vq, bool on)
{
	struct ring_view view = {};
	struct vring_event event;

	if (!look(vq, &view) || !theirs())
		return 0;
	event = record_of(&view, VRING_EVENT_CALLBACKS);
	event.callbacks.event = interrupt_event(&view);
	event.callbacks.on = on;
	event.callbacks.more = on && more_used(&view);
	return send(&view, &event);
}

/*
 * virtqueue_enable_cb does what virtqueue_enable_cb_prepare does: by calling it, in which case both
 * are seen, or by a copy inside it. Which of the two is learnt from the first call.
 */
enum { NOT_KNOWN, CALLS_PREPARE, HAS_A_COPY };
uint32_t enable_cb = NOT_KNOWN;
uint64_t last_prepared = 0;

static __always_inline int prepared(const struct virtqueue *vq)
{
	if (enable_cb == NOT_KNOWN)
		last_prepared = (uintptr_t)vq;
	return callbacks(vq, true);
}

static __always_inline int enabled(const struct virtqueue *vq)
{
	if (recording && enable_cb == NOT_KNOWN)
		enable_cb = last_prepared == (uintptr_t)vq ? CALLS_PREPARE : HAS_A_COPY;
	return enable_cb == CALLS_PREPARE ? 0 : callbacks(vq, true);
}

SEC("?fexit")
int BPF_PROG(off_fexit_0, void *vq)
{
	return callbacks(vq, false);
}

SEC("?fexit")
int BPF_PROG(on_fexit_0, void *vq)
{
	return enabled(vq);
}

SEC("?fexit")
int BPF_PROG(on_fexit_1, void *vq)
{
	return prepared(vq);
}

SEC("?fexit")
int BPF_PROG(on_fexit_2, void *vq)
{
	return callbacks(vq, true);
}

/* ---- the same by kprobe ---- */

/*
 * A kretprobe sees no arguments, so the entry leaves them here. The key is the stack pointer, which
 * stands at the return address on entry: no two calls that are under way at the same time share it.
 */
struct call {
	uint64_t vq, data, len;
	uint64_t out, in;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, uint64_t);
	__type(value, struct call);
} calls SEC(".maps");

/* Asked first: a map entry that no return takes out again would stay. */
static __always_inline void enter(struct pt_regs *ctx, struct call *call)
{
	uint64_t key = PT_REGS_SP(ctx);

	if (recording && bpf_map_update_elem(&calls, &key, call, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
}

/*
 * By kernel, the stack pointer that a kretprobe is shown is the one on entry or the one after the
 * return, eight bytes above.
 */
static __always_inline bool leave(struct pt_regs *ctx, struct call *call)
{
	uint64_t key = PT_REGS_SP(ctx);
	struct call *found = bpf_map_lookup_elem(&calls, &key);

	if (!found) {
		key -= 8;
		found = bpf_map_lookup_elem(&calls, &key);
	}
	if (!found)
		return false;
	*call = *found;
	bpf_map_delete_elem(&calls, &key);
	return true;
}

SEC("?kprobe")
int add_kprobe(struct pt_regs *ctx)
{
	uint64_t slot = bpf_get_attach_cookie(ctx);
	/* Six come in registers; eight, so that any number of three bits is one. */
	uint64_t arguments[8] = { PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx),
				  PT_REGS_PARM4(ctx), PT_REGS_PARM5(ctx), ctx->r9 };
	struct call call = { .vq = arguments[0] };
	struct vt_add_function f;

	count_run();
	if (slot >= VT_ADD_SLOTS)
		return 0;
	f = add_functions[slot];
	call.data = arguments[f.data & 7];
	call.out = f.out ? arguments[f.out & 7] : f.fixed_out;
	call.in = f.in ? arguments[f.in & 7] : f.fixed_in;
	enter(ctx, &call);
	return 0;
}

SEC("?kretprobe")
int add_kretprobe(struct pt_regs *ctx)
{
	struct call call;

	count_run();
	if (!leave(ctx, &call))
		return 0;
	return added((void *)call.vq, call.data, call.out, call.in, (int)PT_REGS_RC(ctx));
}

SEC("?kprobe")
int kick_kprobe(struct pt_regs *ctx)
{
	struct call call = { .vq = PT_REGS_PARM1(ctx) };

	count_run();
	enter(ctx, &call);
	return kick_begins((void *)call.vq);
}

SEC("?kretprobe")
int kick_kretprobe(struct pt_regs *ctx)
{
	struct call call;

	count_run();
	return leave(ctx, &call) ? kick_ends((void *)call.vq, PT_REGS_RC(ctx)) : 0;
}

SEC("?kprobe")
int doorbell_kprobe(struct pt_regs *ctx)
{
	count_run();
	return rings((void *)PT_REGS_PARM1(ctx));
}

SEC("?kprobe")
int interrupt_kprobe(struct pt_regs *ctx)
{
	count_run();
	return interrupted(PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx));
}

SEC("?kprobe")
int reap_kprobe(struct pt_regs *ctx)
{
	struct call call = { .vq = PT_REGS_PARM1(ctx), .len = PT_REGS_PARM2(ctx) };

	count_run();
	enter(ctx, &call);
	return 0;
}

SEC("?kretprobe")
int reap_kretprobe(struct pt_regs *ctx)
{
	struct call call;

	count_run();
	return leave(ctx, &call) ? reaped((void *)call.vq, (void *)call.len, PT_REGS_RC(ctx)) : 0;
}

/* One for all of them that are looked at on return: the cookie says whether interrupts are wanted.
 */
SEC("?kprobe")
int callbacks_kprobe(struct pt_regs *ctx)
{
	struct call call = { .vq = PT_REGS_PARM1(ctx) };

	count_run();
	enter(ctx, &call);
	return 0;
}

SEC("?kretprobe")
int callbacks_kretprobe(struct pt_regs *ctx)
{
	struct call call;

	count_run();
	if (!leave(ctx, &call))
		return 0;
	switch (bpf_get_attach_cookie(ctx)) {
	case 0:
		return callbacks((void *)call.vq, false);
	case 1:
		return enabled((void *)call.vq);
	case 2:
		return prepared((void *)call.vq);
	}
	return callbacks((void *)call.vq, true);
}
