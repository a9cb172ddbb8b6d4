/* SPDX-License-Identifier: MIT */
/*
 * The few fields of Linux's structs that the BPF programs read, declared by hand.
 *
 * Only names and types matter: preserve_access_index makes every access a CO-RE relocation, and
 * libbpf puts in the offsets of the kernel that runs, from its BTF. A suffix after ___ is ignored
 * when names are matched, so that struct vring___linux is the kernel's struct vring and not ours.
 */
#ifndef BPF_LINUX_VIRTIO_H
#define BPF_LINUX_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next, *prev;
};

struct kobject {
	const char *name;
};

struct device {
	struct kobject kobj;
};

struct attribute {
	const char *name;
};

struct virtio_device_id {
	uint32_t device; /* 2: block, ... */
};

struct virtio_device {
	int index;
	struct device dev;
	struct virtio_device_id id;
	struct list_head vqs; /* of struct virtqueue, through .list */
	uint64_t features;    /* negotiated */
};

struct virtqueue {
	struct list_head list;
	void *callback; /* called when something is used; NULL: never */
	const char *name;
	struct virtio_device *vdev;
	unsigned int index;
	unsigned int num_free;
};

/* Pointers into the memory that driver and device share. */
struct vring___linux {
	unsigned int num;
	void *desc;
	void *avail;
	void *used;
};

/* What the driver keeps of each buffer in flight, by head; packed, by buffer id. */
struct vring_desc_state_split {
	void *data; /* the caller's token; NULL: none in flight here */
	void *indir_desc;
};

struct vring_desc_state_packed {
	void *data;
	void *indir_desc;
	uint16_t num; /* slots it takes */
};

/* What it keeps of each descriptor, out of the device's reach (since 72b5e8958738). */
struct vring_desc_extra {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next; /* in its chain, or of what is free */
};

struct vring_virtqueue_split {
	struct vring___linux vring;
	uint16_t avail_flags_shadow; /* the driver's own copy of avail->flags ... */
	uint16_t avail_idx_shadow;   /* ... and of avail->idx */
	struct vring_desc_state_split *desc_state;
	struct vring_desc_extra *desc_extra;
	uint64_t queue_dma_addr;
};

struct vring_packed___linux {
	unsigned int num;
	void *desc;
	void *driver; /* event suppression areas */
	void *device;
};

struct vring_virtqueue_packed {
	struct vring_packed___linux vring;
	bool avail_wrap_counter;
	uint16_t next_avail_idx;
	uint16_t event_flags_shadow; /* the driver's own copy of its event area's flags */
	struct vring_desc_state_packed *desc_state;
	struct vring_desc_extra *desc_extra;
	uint64_t ring_dma_addr, driver_event_dma_addr, device_event_dma_addr;
};

/* drivers/virtio/virtio_ring.c; its first member is the struct virtqueue that callers hold. */
struct vring_virtqueue {
	struct virtqueue vq;
	bool packed_ring;
	bool broken;
	bool event; /* VIRTIO_F_EVENT_IDX */
	bool indirect;
	bool event_triggered; /* an interrupt came: used_event need not be written (8d622d21d248) */
	unsigned int free_head;
	unsigned int num_added;
	uint16_t last_used_idx; /* packed: the wrap counter in bit 15, since 5.19 (a7722890c98e) */
	union {
		struct vring_virtqueue_split split;
		struct vring_virtqueue_packed packed;
	};
	void *notify; /* the transport's doorbell */
};

/*
 * Since in-order rings came (7.0, "virtio_ring: add in order support") a layout stands where
 * packed_ring stood. It must be declared as the enum it is: as an int it would not match.
 */
enum vq_layout___order {
	VQ_LAYOUT_SPLIT,
	VQ_LAYOUT_PACKED,
	VQ_LAYOUT_SPLIT_IN_ORDER,
	VQ_LAYOUT_PACKED_IN_ORDER,
};

struct vring_virtqueue___order {
	enum vq_layout___order layout;
};

#pragma clang attribute pop

#endif
