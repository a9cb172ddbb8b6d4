/* SPDX-License-Identifier: MIT */
/*
 * What `stat` does at a hook when nobody asks whose doing it is: as little as there is to do. A
 * queue's sums are found without a hash, and nothing is copied that a plain load can read.
 *
 * A hook on entry or return gets its struct virtqueue with its type, so that BPF may follow it. The
 * driver's private struct around it is followed where the kernel knows bpf_rdonly_cast (since 6.2,
 * a35b9af4ec2c) and has its type in the kernel proper; otherwise the little that is needed of it is
 * copied.
 */
#ifndef BPF_COUNT_H
#define BPF_COUNT_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "bpf/record.h"
#include "bpf/ring_view.h"
#include "bpf/tally.h"

#ifndef UNTYPED
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;
#endif

const volatile bool can_cast = false;

/* Only sums of counts, and of everyone's. */
static __always_inline bool counts_only(void)
{
	return totals_wanted && !times_wanted && !events_wanted && !only_process && !without_walker;
}

/*
 * What was found out of a queue when it was met, in one word, so that it is whole at any moment:
 * key, entries, flags, slot. vring-trace empties the table now and then: a ring can be resized.
 */
#define KNOWN_MET (1ull << 15)
#define KNOWN_WATCHED (1ull << 14)
#define KNOWN_PACKED (1ull << 13)
#define KNOWN_SLOT (VT_MAX_QUEUES - 1)

uint64_t known[VT_KNOWN] = {};

static __always_inline volatile uint64_t *known_at(uint32_t key)
{
	return &known[((key >> 16) * 37 + key) & (VT_KNOWN - 1)];
}

static __always_inline uint32_t known_num(uint64_t queue)
{
	return queue >> 16 & 0xffff;
}

static __noinline uint64_t meet(const struct virtqueue *vq)
{
	struct ring_view view = {};
	struct vt_totals *t;
	uint64_t queue;
	uint32_t key;

	view_ring(vq, &view);
	if (view.unread)
		return 0;
	key = queue_key(&view);
	queue = (uint64_t)key << 32 | (uint64_t)(view.num & 0xffff) << 16 | KNOWN_MET;
	if (watch_all || bpf_map_lookup_elem(&watched, &key)) {
		uint32_t *slot = slot_of(key);

		t = slot ? bpf_map_lookup_elem(&totals, slot) : NULL;
		if (!slot || !t)
			return 0;
		t->num = view.num;
		queue |= KNOWN_WATCHED | (view.packed ? KNOWN_PACKED : 0) | (*slot & KNOWN_SLOT);
	}
	*known_at(key) = queue;
	return queue;
}

/* The sums for @key, or NULL if they are not wanted. @queue: what is known of it. */
static __always_inline struct vt_totals *find_totals(const struct virtqueue *vq, uint32_t key,
						     uint64_t *queue)
{
	uint32_t slot;

	*queue = *known_at(key);
	if (*queue >> 32 != key || !*queue)
		*queue = meet(vq);
	if (!(*queue & KNOWN_WATCHED))
		return NULL;
	slot = *queue & KNOWN_SLOT;
	return bpf_map_lookup_elem(&totals, &slot);
}

/* Only for a @vq whose type BPF knows. */
static __always_inline struct vt_totals *totals_here(const struct virtqueue *vq, uint64_t *queue)
{
	return recording ? find_totals(vq, vq->vdev->index << 16 | (uint16_t)vq->index, queue) :
			   NULL;
}

/* ---- the hooks ---- */

static __always_inline int count_add(const struct virtqueue *vq, uint32_t out, uint32_t in,
				     int error)
{
	uint64_t queue;
	struct vt_totals *t = totals_here(vq, &queue);
	uint32_t in_use;

	if (!t)
		return 0;
	if (error) {
		TALLY(refused, 1);
		if (error == -ENOSPC && out && !(queue & KNOWN_PACKED))
			TALLY(full, 1); /* see forces_kick */
		return 0;
	}
	TALLY(add, 1);
	TALLY(out, out);
	TALLY(in, in);
	in_use = known_num(queue) - vq->num_free;
	if (in_use <= t->peak)
		return 0;
	/* A peak is rare; and it is no peak if the ring has another size since it was met. */
	queue = meet(vq);
	in_use = known_num(queue) - vq->num_free;
	if (in_use > t->peak && in_use <= known_num(queue))
		t->peak = in_use;
	return 0;
}

static __always_inline int count_kick(const struct virtqueue *vq, bool kick)
{
	uint64_t queue;
	struct vt_totals *t = totals_here(vq, &queue);

	if (!t)
		return 0;
	if (kick)
		TALLY(kick, 1);
	else
		TALLY(suppressed, 1);
	return 0;
}

static __always_inline int count_doorbell(const struct virtqueue *vq)
{
	uint64_t queue;
	struct vt_totals *t = totals_here(vq, &queue);

	if (t)
		TALLY(doorbell, 1);
	return 0;
}

static __always_inline int count_reap(const struct virtqueue *vq, const unsigned int *len)
{
	uint64_t queue;
	struct vt_totals *t = totals_here(vq, &queue);
	uint32_t written = 0;

	if (!t)
		return 0;
	TALLY(reap, 1);
	bpf_probe_read_kernel(&written, sizeof(written), len);
	TALLY(written, written);
	if (vq->num_free == known_num(queue))
		TALLY(emptied, 1);
	return 0;
}

/*
 * An interrupt's hook gets its queue as a void *. Without bpf_rdonly_cast, what is to be known of
 * it is copied in one piece, from vq.vdev to the used ring's address; the packed ring's table has
 * its address in between.
 */
static __always_inline bool copy_for_interrupt(const void *at, struct ring_view *view)
{
	const uint32_t from = bpf_core_field_offset(struct vring_virtqueue, vq.vdev);
	const uint32_t size = bpf_core_field_offset(struct vring_virtqueue, split.vring.used) +
			      sizeof(void *) - from;
	const struct virtio_device *vdev;
	struct vvq_image image;
	int device;

	if (size > sizeof(image.words) - from ||
	    bpf_probe_read_kernel((void *)image.words + from, size, at + from))
		return false;
	vdev = vvq_field(&image, vq.vdev);
	bpf_probe_read_kernel(&device, sizeof(device), &vdev->index);
	view->device = device;
	view->queue = vvq_field(&image, vq.index);
	view->packed = is_packed(&image);
	view->last_used = vvq_field(&image, last_used_idx);
	view->desc = vvq_field(&image, packed.vring.desc);
	view->used = vvq_field(&image, split.vring.used);
	return true;
}

#ifndef UNTYPED
static __always_inline bool cast_is_packed(const struct vring_virtqueue *vvq)
{
	const struct vring_virtqueue___order *order = (const void *)vvq;

	if (bpf_core_field_exists(struct vring_virtqueue, packed_ring))
		return vvq->packed_ring;
	return order->layout == bpf_core_enum_value(enum vq_layout___order, VQ_LAYOUT_PACKED) ||
	       order->layout ==
		       bpf_core_enum_value(enum vq_layout___order, VQ_LAYOUT_PACKED_IN_ORDER);
}

static __always_inline void load_for_interrupt(const void *at, struct ring_view *view)
{
	const struct vring_virtqueue *vvq =
		bpf_rdonly_cast(at, bpf_core_type_id_kernel(struct vring_virtqueue));

	view->device = vvq->vq.vdev->index;
	view->queue = vvq->vq.index;
	view->packed = cast_is_packed(vvq);
	view->last_used = vvq->last_used_idx;
	view->desc = vvq->packed.vring.desc;
	view->used = vvq->split.vring.used;
}
#else
static __always_inline void load_for_interrupt(const void *at, struct ring_view *view)
{
}
#endif

static __always_inline int count_interrupt(const void *at)
{
	struct ring_view view = {};
	struct vt_totals *t;
	uint64_t queue;

	if (!recording)
		return 0;
	if (can_cast)
		load_for_interrupt(at, &view);
	else if (!copy_for_interrupt(at, &view))
		return 0;
	t = find_totals(at, queue_key(&view), &queue);
	if (!t)
		return 0;
	TALLY(interrupt, 1);
	if (!more_used(&view))
		TALLY(spurious, 1);
	return 0;
}

#endif
