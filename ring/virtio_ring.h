/* SPDX-License-Identifier: MIT */
/*
 * What both halves of a virtqueue agree on: the memory, and nothing but the memory.
 *
 * Mirrors include/uapi/linux/virtio_ring.h and the ring bits of virtio_config.h. The driver's half
 * of the code is virtqueue.h, the device's is device/virtqueue.h; each keeps a private struct that
 * points into this memory, and neither ever looks at the other's.
 */
#ifndef RING_VIRTIO_RING_H
#define RING_VIRTIO_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "byteorder.h"

/* Feature bits that shape a ring or its notifications (6). Numbers, not masks. */
#define VIRTIO_F_NOTIFY_ON_EMPTY 24 /* legacy only, 6.3 */
#define VIRTIO_RING_F_INDIRECT_DESC 28
#define VIRTIO_RING_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED 34
#define VIRTIO_F_IN_ORDER 35
#define VIRTIO_F_ORDER_PLATFORM 36
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_NOTIF_CONFIG_DATA 39
#define VIRTIO_F_RING_RESET 40

/* A negotiated set of the bits above 0..63. */
static inline bool virtio_feature(uint64_t features, unsigned int bit)
{
	return features >> bit & 1;
}

/* 2.7, 2.8: no queue is larger, so that a full ring and an empty one differ in 16-bit indices. */
#define VRING_MAX_SIZE 32768u

/* ---- split virtqueue, 2.7 ---- */

#define VRING_DESC_F_NEXT 1	/* the chain goes on at .next */
#define VRING_DESC_F_WRITE 2	/* the device writes this buffer; otherwise it reads it */
#define VRING_DESC_F_INDIRECT 4 /* the buffer is a table of descriptors */

/* 2.7.5: one piece of a buffer. Written by the driver only. */
struct vring_desc {
	le64 addr; /* device address */
	le32 len;  /* bytes */
	le16 flags;
	le16 next; /* slot, valid with NEXT */
};

#define VRING_AVAIL_F_NO_INTERRUPT 1 /* "do not interrupt me"; a hint, ignored with EVENT_IDX */

/* 2.7.6: heads of chains offered to the device. Written by the driver only. */
struct vring_avail {
	le16 flags;
	le16 idx;    /* free-running: where the driver will put the next entry */
	le16 ring[]; /* num heads, then used_event */
};

#define VRING_USED_F_NO_NOTIFY 1 /* "do not kick me"; a hint, ignored with EVENT_IDX */

struct vring_used_elem {
	le32 id;  /* head of the chain */
	le32 len; /* bytes the device wrote, 2.7.8.2 */
};

/* 2.7.8: chains handed back. Written by the device only. */
struct vring_used {
	le16 flags;
	le16 idx;		       /* free-running */
	struct vring_used_elem ring[]; /* num elements, then avail_event */
};

#define VRING_DESC_ALIGN 16
#define VRING_AVAIL_ALIGN 2
#define VRING_USED_ALIGN 4

/*
 * One side's view of a split ring: three pointers into shared memory, nothing of which is itself
 * shared. Linux calls it struct vring as well.
 */
struct vring {
	unsigned int num; /* entries, a power of two */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

/* Bytes of each part of a split ring of @num entries (2.7, the table of areas). */
static inline size_t vring_desc_bytes(unsigned int num)
{
	return sizeof(struct vring_desc) * num;
}

static inline size_t vring_avail_bytes(unsigned int num)
{
	return sizeof(struct vring_avail) + sizeof(le16) * (num + 1);
}

static inline size_t vring_used_bytes(unsigned int num)
{
	return sizeof(struct vring_used) + sizeof(struct vring_used_elem) * num + sizeof(le16);
}

/*
 * The event indices sit at the tail of the ring that their writer owns, which is the other one than
 * their name suggests: used_event ends the available ring, avail_event the used ring.
 */
static inline le16 *vring_used_event(const struct vring *vr)
{
	return &vr->avail->ring[vr->num];
}

static inline le16 *vring_avail_event(const struct vring *vr)
{
	return (le16 *)&vr->used->ring[vr->num];
}

/**
 * vring_size - bytes of the legacy layout, one contiguous block (2.7.2)
 * @num: entries, a power of two
 * @align: bytes, the alignment of the used ring; 4096 on legacy PCI
 */
static inline size_t vring_size(unsigned int num, size_t align)
{
	size_t used = vring_desc_bytes(num) + vring_avail_bytes(num);

	return ((used + align - 1) & ~(align - 1)) + vring_used_bytes(num);
}

/**
 * vring_init - point @vr into a block of vring_size(@num, @align) bytes
 * @p: the block, aligned to @align
 */
static inline void vring_init(struct vring *vr, unsigned int num, void *p, size_t align)
{
	size_t used = vring_desc_bytes(num) + vring_avail_bytes(num);

	vr->num = num;
	vr->desc = p;
	vr->avail = (struct vring_avail *)((char *)p + vring_desc_bytes(num));
	vr->used = (struct vring_used *)((char *)p + ((used + align - 1) & ~(align - 1)));
}

/**
 * vring_need_event - has the entry that the other side asked to hear of just been passed?
 * @event: the entry's number, as the other side wrote it
 * @new_idx: our index after the batch
 * @old: our index when we last decided
 *
 * All three are free-running 16-bit numbers, and so is the arithmetic: an event index says *which
 * entry*, not how many remain. True exactly if old <= event < new on the circle of
 * 65536 (2.7.7, 2.7.10).
 */
static inline bool vring_need_event(uint16_t event, uint16_t new_idx, uint16_t old)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old);
}

/* ---- packed virtqueue, 2.8 ---- */

/* Bit numbers in Linux's header; masks here, since flags are compared and stored as a whole. */
#define VRING_PACKED_DESC_F_AVAIL (1u << 7)
#define VRING_PACKED_DESC_F_USED (1u << 15)

/* 2.8.13: one slot. Written by the driver to offer, overwritten by the device to hand back. */
struct vring_packed_desc {
	le64 addr;
	le32 len;
	le16 id;
	le16 flags;
};

#define VRING_PACKED_EVENT_FLAG_ENABLE 0
#define VRING_PACKED_EVENT_FLAG_DISABLE 1
#define VRING_PACKED_EVENT_FLAG_DESC 2 /* at the descriptor off_wrap names; needs EVENT_IDX */

#define VRING_PACKED_EVENT_F_WRAP_CTR 15 /* bit of off_wrap that holds the wrap counter */

/* 2.8.14: each side writes one and reads the other. */
struct vring_packed_desc_event {
	le16 off_wrap; /* slot | wrap counter << 15 */
	le16 flags;
};

_Static_assert(sizeof(struct vring_desc) == 16, "2.7.5");
_Static_assert(sizeof(struct vring_avail) == 4, "2.7.6");
_Static_assert(sizeof(struct vring_used_elem) == 8, "2.7.8");
_Static_assert(sizeof(struct vring_packed_desc) == 16, "2.8.13");
_Static_assert(sizeof(struct vring_packed_desc_event) == 4, "2.8.14");

#endif
