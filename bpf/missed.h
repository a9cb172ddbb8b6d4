/* SPDX-License-Identifier: MIT */
/*
 * How many calls a kprobe did not show us. A BPF program on a kprobe is passed over while its CPU
 * is in another kprobe, in a BPF program of one, or in bpf(2) at work on a map, whoever's: an
 * interrupt that comes then is not seen. Before dd8657894c11 (6.7) the kernel counts no such call
 * as missed, and of those inside another kprobe it tells no one to this day. But it counts in
 * struct trace_kprobe how often a probe was hit and how often it was passed over, and we count how
 * often our programs ran.
 */
#ifndef BPF_MISSED_H
#define BPF_MISSED_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "bpf/linux_virtio.h"
#include "bpf/vring_trace.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kprobe {
	unsigned long nmissed; /* hit while another was being handled on that CPU */
};

struct kretprobe {
	struct kprobe kp;
	int nmissed; /* too many calls were under way to see the return of this one */
};

struct trace_event_call {
	int flags;
};

struct trace_probe_event {
	struct trace_event_call call;
	struct list_head probes; /* of struct trace_probe */
};

struct trace_probe {
	struct list_head list;
};

/* kernel/trace/trace_kprobe.c: one for each probe that someone opened, entry or return. */
struct trace_kprobe {
	struct kretprobe rp;
	unsigned long *nhit; /* of each CPU */
	struct trace_probe tp;
};

struct perf_event {
	struct trace_event_call *tp_event;
};

struct file {
	void *private_data;
};

struct bpf_link {
	uint32_t id;
};

struct bpf_perf_link {
	struct bpf_link link;
	struct file *perf_file;
};

struct bpf_iter__bpf_link {
	struct bpf_link *link;
};

#pragma clang attribute pop

#ifndef UNTYPED
/* Of each CPU, what to add to a per-CPU address to get to its own. */
extern const unsigned long this_cpu_off __ksym __weak;
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VT_MAX_LINKS);
	__type(key, uint32_t);
	__type(value, uint8_t);
} own_links SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, uint64_t);
} runs SEC(".maps");

static __always_inline void count_run(void)
{
	uint32_t zero = 0;
	uint64_t *count = bpf_map_lookup_elem(&runs, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
}

uint64_t probe_hits = 0, probe_misses = 0;

#ifndef UNTYPED
static long add_hits(uint32_t cpu, void *nhit)
{
	unsigned long *offset = bpf_per_cpu_ptr(&this_cpu_off, cpu), hits = 0;

	if (!offset)
		return 1;
	bpf_probe_read_kernel(&hits, sizeof(hits), *(void **)nhit + *offset);
	probe_hits += hits;
	return 0;
}
#else
static long add_hits(uint32_t cpu, void *nhit)
{
	return 1;
}
#endif

/* Called for each link there is when vring-trace reads the iterator; adds up those of its own. */
SEC("?iter/bpf_link")
int sum_hits(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_perf_link *link = (void *)ctx->link;
	struct trace_event_call *call;
	struct trace_kprobe *probe;
	struct perf_event *event;
	struct list_head *first;
	uint32_t id;
	void *nhit;

	if (!link)
		return 0;
	id = BPF_CORE_READ(link, link.id);
	if (!bpf_map_lookup_elem(&own_links, &id))
		return 0;
	event = BPF_CORE_READ(link, perf_file, private_data);
	call = BPF_CORE_READ(event, tp_event);
	first = BPF_CORE_READ(
		(struct trace_probe_event *)((void *)call -
					     bpf_core_field_offset(struct trace_probe_event, call)),
		probes.next);
	probe = (void *)first - bpf_core_field_offset(struct trace_kprobe, tp.list);
	probe_misses += BPF_CORE_READ(probe, rp.kp.nmissed);
	probe_misses += BPF_CORE_READ(probe, rp.nmissed);
	nhit = BPF_CORE_READ(probe, nhit);
	bpf_loop(VT_MAX_CPUS, add_hits, &nhit, 0);
	return 0;
}

#endif
