/* SPDX-License-Identifier: MIT */
/*
 * Reading one queue from BPF: Linux's private struct, copied in one piece, and the few words of
 * shared memory that decide who is told.
 *
 * Every read may fail (a device can be going away), and then leaves zeroes; nothing here can fault.
 */
#ifndef BPF_RING_VIEW_H
#define BPF_RING_VIEW_H

#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "ring/virtio_ring.h"
#include "bpf/linux_virtio.h"

#define WRAP_BIT (1u << VRING_PACKED_EVENT_F_WRAP_CTR)

struct ring_view {
	bool packed;
	bool event;  /* VIRTIO_F_EVENT_IDX */
	bool unread; /* the private struct could not be read */
	uint16_t device, queue;
	uint16_t avail_idx;
	uint16_t last_used;
	uint16_t num_added;
	uint16_t driver_flags; /* the driver's own copy of what it wrote about interrupts */
	unsigned int num;
	unsigned int num_free;
	void *desc;
	void *driver; /* split: the available ring; packed: the driver's event area */
	void *used;   /* split: the used ring; packed: the device's event area */
};

/*
 * As much of struct vring_virtqueue as is asked for below: one copy costs a fifth of a dozen single
 * reads. Later kernels have longer structs; those here end before byte 152.
 */
struct vvq_image {
	uint64_t words[24];
};

#define image_field(image, type, field)                           \
	(*(typeof(((type *)0)->field) *)((void *)(image)->words + \
					 bpf_core_field_offset(type, field)))
#define vvq_field(image, field) image_field(image, struct vring_virtqueue, field)

static __always_inline bool copy_vvq(const struct virtqueue *vq, struct vvq_image *image)
{
	uint32_t split = bpf_core_field_offset(struct vring_virtqueue, split.avail_idx_shadow);
	uint32_t packed = bpf_core_field_offset(struct vring_virtqueue, packed.event_flags_shadow);
	uint32_t size = (split > packed ? split : packed) + sizeof(uint16_t);

	if (size > sizeof(image->words)) {
		__builtin_memset(image, 0, sizeof(*image));
		return false;
	}
	/* Leaves zeroes if it cannot read. */
	return !bpf_probe_read_kernel(image->words, size, vq);
}

static __always_inline bool is_packed(const struct vvq_image *image)
{
	if (bpf_core_field_exists(struct vring_virtqueue, packed_ring))
		return vvq_field(image, packed_ring);
	if (bpf_core_field_exists(struct vring_virtqueue___order, layout)) {
		enum vq_layout___order layout =
			image_field(image, struct vring_virtqueue___order, layout);

		return layout == bpf_core_enum_value(enum vq_layout___order, VQ_LAYOUT_PACKED) ||
		       layout == bpf_core_enum_value(enum vq_layout___order,
						     VQ_LAYOUT_PACKED_IN_ORDER);
	}
	return false; /* neither: vring-trace refuses such a kernel before it loads this */
}

static __always_inline void view_ring(const struct virtqueue *vq, struct ring_view *view)
{
	const struct virtio_device *vdev;
	struct vvq_image image;

	view->unread = !copy_vvq(vq, &image);
	vdev = vvq_field(&image, vq.vdev);
	view->device = BPF_CORE_READ(vdev, index);
	view->queue = vvq_field(&image, vq.index);
	view->num_free = vvq_field(&image, vq.num_free);
	view->packed = is_packed(&image);
	view->event = vvq_field(&image, event);
	view->last_used = vvq_field(&image, last_used_idx);
	view->num_added = vvq_field(&image, num_added);
	if (view->packed) {
		view->avail_idx = vvq_field(&image, packed.next_avail_idx) |
				  (vvq_field(&image, packed.avail_wrap_counter) ? WRAP_BIT : 0);
		view->driver_flags = vvq_field(&image, packed.event_flags_shadow);
		view->num = vvq_field(&image, packed.vring.num);
		view->desc = vvq_field(&image, packed.vring.desc);
		view->driver = vvq_field(&image, packed.vring.driver);
		view->used = vvq_field(&image, packed.vring.device);
	} else {
		view->avail_idx = vvq_field(&image, split.avail_idx_shadow);
		view->driver_flags = vvq_field(&image, split.avail_flags_shadow);
		view->num = vvq_field(&image, split.vring.num);
		view->desc = vvq_field(&image, split.vring.desc);
		view->driver = vvq_field(&image, split.vring.avail);
		view->used = vvq_field(&image, split.vring.used);
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
	return shared16(view->used, offsetof(struct vring_used, idx));
}

/* What the device wrote about being kicked: 2.7.10 and, packed, 2.8.14. */
static __always_inline uint16_t kick_event(const struct ring_view *view)
{
	if (view->packed)
		return shared16(view->used, offsetof(struct vring_packed_desc_event, off_wrap));
	return shared16(view->used,
			sizeof(struct vring_used) + view->num * sizeof(struct vring_used_elem));
}

static __always_inline uint16_t kick_flags(const struct ring_view *view)
{
	if (view->packed)
		return shared16(view->used, offsetof(struct vring_packed_desc_event, flags));
	return shared16(view->used, offsetof(struct vring_used, flags));
}

/* Where the driver wrote that the next interrupt is due: 2.7.7 and, packed, 2.8.10. */
static __always_inline uint16_t interrupt_event(const struct ring_view *view)
{
	if (view->packed)
		return shared16(view->driver, offsetof(struct vring_packed_desc_event, off_wrap));
	return shared16(view->driver, sizeof(struct vring_avail) + view->num * sizeof(uint16_t));
}

/* Has the device used anything that is not reaped? The question vring_interrupt asks first. */
static __always_inline bool more_used(const struct ring_view *view)
{
	const uint16_t both = VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED;
	uint16_t slot = view->last_used & ~WRAP_BIT;
	uint16_t flags;

	if (!view->packed)
		return used_idx(view) != view->last_used;
	flags = shared16(view->desc, slot * sizeof(struct vring_packed_desc) +
					     offsetof(struct vring_packed_desc, flags));
	/* 2.8.1: used when both equal the counter */
	return (flags & both) == (view->last_used & WRAP_BIT ? both : 0);
}

#endif
