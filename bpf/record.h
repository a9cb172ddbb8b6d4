/* SPDX-License-Identifier: MIT */
/*
 * From a hook to where its record goes: which queues are watched, whose doing it is, and then the
 * ring buffer or the sums.
 */
#ifndef BPF_RECORD_H
#define BPF_RECORD_H

#include <bpf/bpf_helpers.h>

#include "bpf/ring_view.h"
#include "bpf/tally.h"
#include "bpf/vring_trace.h"

/* ---- who asks ---- */

/* The vring-trace that asked, as its own PID namespace counts, and which namespace that is. */
const volatile uint32_t walker = 0;
const volatile uint64_t walker_ns_dev = 0;
const volatile uint64_t walker_ns_ino = 0;

static __always_inline bool current_is(uint32_t process)
{
	struct bpf_pidns_info current = {};

	return !bpf_get_ns_current_pid_tgid(walker_ns_dev, walker_ns_ino, &current,
					    sizeof(current)) &&
	       current.tgid == process;
}

/* ---- a record on its way ---- */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* bytes; an event takes 48 */
} events SEC(".maps");

const volatile bool events_wanted = false;

/* From when every hook is on until before the first comes off: all see the same stretch of time. */
bool recording = false;

/* Queues to watch, by device << 16 | index, unless all are. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VT_MAX_QUEUES);
	__type(key, uint32_t);
	__type(value, uint8_t);
} watched SEC(".maps");

const volatile bool watch_all = true;

/* Records made on this CPU, those included that found no room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, uint32_t);
} made SEC(".maps");

static __always_inline uint32_t queue_key(const struct ring_view *view)
{
	return (uint32_t)view->device << 16 | view->queue;
}

/* Looks at @vq, if it is one to watch. */
static __always_inline bool look(const struct virtqueue *vq, struct ring_view *view)
{
	uint32_t key;

	if (!recording)
		return false;
	view_ring(vq, view);
	key = queue_key(view);
	return watch_all || bpf_map_lookup_elem(&watched, &key);
}

static __always_inline struct vring_event record_of(const struct ring_view *view,
						    enum vring_event_type type)
{
	struct vring_event event = {
		/* Sums of counts need neither. */
		.time_ns = events_wanted || times_wanted ? bpf_ktime_get_ns() : 0,
		.device = view->device,
		.queue = view->queue,
		.cpu = bpf_get_smp_processor_id(),
		.type = type,
		.flags = (view->packed ? VRING_EVENT_F_PACKED : 0) |
			 (view->event ? VRING_EVENT_F_EVENT_IDX : 0),
		.avail_idx = view->avail_idx,
		.used_idx = events_wanted ? used_idx(view) : 0,
		.last_used = view->last_used,
		.num_free = view->num_free,
	};

	return event;
}

/*
 * No wake-up is asked for: vring-trace comes by itself every few milliseconds, which costs the
 * guest far less than a wake-up for each event.
 */
static __always_inline int send(const struct ring_view *view, struct vring_event *event)
{
	uint32_t zero = 0, *count;

	if (totals_wanted)
		tally_totals(queue_key(view), event, view->num);
	if (times_wanted)
		tally_times(queue_key(view), event);
	if (!events_wanted)
		return 0;
	count = bpf_map_lookup_elem(&made, &zero);
	if (count)
		event->seq = __sync_fetch_and_add(count, 1);
	if (bpf_ringbuf_output(&events, event, sizeof(*event), BPF_RB_NO_WAKEUP))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

/* ---- whose doing it is ---- */

/*
 * --pid and --no-self: adds, decisions and doorbells are the doing of the process that runs; a reap
 * belongs to whoever added the buffer. An interrupt is nobody's.
 */
const volatile uint32_t only_process = 0; /* 0: of all */
const volatile bool without_walker = false;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct token);
	__type(value, uint8_t);
} marked SEC(".maps");

static __always_inline bool theirs(void)
{
	if (only_process)
		return current_is(only_process);
	return !without_walker || !current_is(walker);
}

/* Is an add to be shown? Remembers those whose reaps need telling apart. */
static __always_inline bool add_is_theirs(const struct ring_view *view, uint64_t data)
{
	struct token token = { .token = data, .key = queue_key(view) };
	bool yes = theirs();
	uint8_t one = 1;

	if ((only_process != 0) == yes && (only_process || without_walker) &&
	    bpf_map_update_elem(&marked, &token, &one, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
	return yes;
}

static __always_inline bool reap_is_theirs(const struct ring_view *view, uint64_t data)
{
	struct token token = { .token = data, .key = queue_key(view) };

	if (!only_process && !without_walker)
		return true;
	return !bpf_map_delete_elem(&marked, &token) == (only_process != 0);
}

#endif
