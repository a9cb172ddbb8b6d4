/* SPDX-License-Identifier: MIT */
/*
 * Adding up in the kernel, so that `stat` and `lat` need no events: the same records go in here
 * that otherwise go to user space.
 */
#ifndef BPF_TALLY_H
#define BPF_TALLY_H

#include <bpf/bpf_helpers.h>

#include "ring/vring_event.h"
#include "bpf/kick_verdict.h"
#include "bpf/vring_trace.h"

const volatile bool totals_wanted = false;
const volatile bool times_wanted = false;

uint64_t lost = 0; /* events with no room for them, in whichever map */

/* The slot of each queue that was met, by device << 16 | index. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VT_MAX_QUEUES);
	__type(key, uint32_t);
	__type(value, uint32_t);
} slots SEC(".maps");

uint32_t slots_taken = 0;

/* By slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VT_MAX_QUEUES);
	__type(key, uint32_t);
	__type(value, struct vt_totals);
} totals SEC(".maps");

/* By device << 16 | index. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, VT_MAX_QUEUES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, uint32_t);
	__type(value, struct vt_times);
} times SEC(".maps");

/* Zeroes to begin an entry with: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct vt_times);
} no_times SEC(".maps");

/* Two that meet a queue at once take two slots, of which one stays empty. */
static __always_inline uint32_t *slot_of(uint32_t key)
{
	uint32_t *found = bpf_map_lookup_elem(&slots, &key), slot;

	if (found)
		return found;
	slot = VT_MAX_QUEUES;
	if (slots_taken < VT_MAX_QUEUES)
		slot = __sync_fetch_and_add(&slots_taken, 1);
	if (slot < VT_MAX_QUEUES)
		bpf_map_update_elem(&slots, &key, &slot, BPF_NOEXIST);
	found = bpf_map_lookup_elem(&slots, &key);
	if (!found)
		__sync_fetch_and_add(&lost, 1);
	return found;
}

static __always_inline struct vt_totals *totals_of(uint32_t key)
{
	uint32_t *slot = slot_of(key);

	return slot ? bpf_map_lookup_elem(&totals, slot) : NULL;
}

/* An interrupt may break in between load and store of an addition, hence the locked ones. */
#define TALLY(field, n) __sync_fetch_and_add(&t->field, n)

static __always_inline void tally_totals(uint32_t key, const struct vring_event *event,
					 uint32_t num)
{
	struct vt_totals *t = totals_of(key);
	uint32_t in_use = num - event->num_free;

	if (!t)
		return;
	t->num = num;
	switch (event->type) {
	case VRING_EVENT_ADD:
		if (event->add.error) {
			TALLY(refused, 1);
			if (forces_kick(event))
				TALLY(full, 1);
			break;
		}
		TALLY(add, 1);
		TALLY(out, event->add.out);
		TALLY(in, event->add.in);
		if (in_use > t->peak && in_use <= num)
			t->peak = in_use;
		break;
	case VRING_EVENT_KICK:
		if (event->kick.kick)
			TALLY(kick, 1);
		else
			TALLY(suppressed, 1);
		break;
	case VRING_EVENT_NOTIFY:
		TALLY(doorbell, 1);
		break;
	case VRING_EVENT_INTERRUPT:
		TALLY(interrupt, 1);
		if (!event->interrupt.handled)
			TALLY(spurious, 1);
		break;
	case VRING_EVENT_REAP:
		TALLY(reap, 1);
		TALLY(written, event->reap.len);
		if (in_use == 0)
			TALLY(emptied, 1);
		break;
	}
}

/* ---- times ---- */

/* When each buffer went in: ended by its reap. */
struct token {
	uint64_t token;
	uint32_t key;
	uint32_t reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct token);
	__type(value, uint64_t);
} added_at SEC(".maps");

/* On one queue, what waits for its end. 0: nothing. */
struct waiting {
	uint64_t unrung;  /* the oldest buffer added since the last doorbell */
	uint64_t unasked; /* the interrupt that nothing was reaped for yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VT_MAX_QUEUES);
	__type(key, uint32_t);
	__type(value, struct waiting);
} waiting SEC(".maps");

/* The exponent of the highest power of two in @ns, counted in microseconds. */
static __always_inline uint32_t bucket_of(uint64_t ns)
{
	uint64_t us = ns / 1000;
	uint32_t bucket = 0;

	for (int bits = 16; bits; bits >>= 1)
		if (us >> bits) {
			us >>= bits;
			bucket += bits;
		}
	return bucket < VT_BUCKETS ? bucket : VT_BUCKETS - 1;
}

static __always_inline struct vt_times *times_of(uint32_t key)
{
	struct vt_times *found = bpf_map_lookup_elem(&times, &key);
	uint32_t zero = 0;
	void *none;

	if (found)
		return found;
	none = bpf_map_lookup_elem(&no_times, &zero);
	if (none)
		bpf_map_update_elem(&times, &key, none, BPF_NOEXIST);
	found = bpf_map_lookup_elem(&times, &key);
	if (!found)
		__sync_fetch_and_add(&lost, 1);
	return found;
}

static __always_inline struct waiting *waiting_of(uint32_t key)
{
	struct waiting *found = bpf_map_lookup_elem(&waiting, &key);
	struct waiting none = {};

	if (found)
		return found;
	bpf_map_update_elem(&waiting, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&waiting, &key);
}

static __always_inline void end_wait(uint64_t *since, uint64_t now, uint64_t *buckets)
{
	uint64_t began = *since;

	if (!began || now < began)
		return;
	*since = 0;
	__sync_fetch_and_add(&buckets[bucket_of(now - began)], 1);
}

static __always_inline void tally_times(uint32_t key, const struct vring_event *event)
{
	struct vt_times *t = times_of(key);
	struct waiting *w = waiting_of(key);
	struct token token = { .key = key };
	uint64_t now = event->time_ns, *began;

	if (!t || !w)
		return;
	switch (event->type) {
	case VRING_EVENT_ADD:
		if (event->add.error)
			break;
		token.token = event->add.token;
		if (bpf_map_update_elem(&added_at, &token, &now, BPF_ANY))
			__sync_fetch_and_add(&lost, 1);
		if (!w->unrung)
			w->unrung = now;
		break;
	case VRING_EVENT_KICK:
		/* The device is awake: nobody waits for a doorbell. */
		if (!event->kick.kick)
			w->unrung = 0;
		break;
	case VRING_EVENT_NOTIFY:
		end_wait(&w->unrung, now, t->add_to_doorbell);
		break;
	case VRING_EVENT_INTERRUPT:
		if (event->interrupt.handled)
			w->unasked = now;
		break;
	case VRING_EVENT_REAP:
		end_wait(&w->unasked, now, t->interrupt_to_reap);
		token.token = event->reap.token;
		began = bpf_map_lookup_elem(&added_at, &token);
		if (began) {
			end_wait(began, now, t->add_to_reap);
			bpf_map_delete_elem(&added_at, &token);
		}
		break;
	}
}

#endif
