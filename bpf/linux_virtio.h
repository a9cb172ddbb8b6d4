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

struct virtio_device {
	int index;
	struct device dev;
	struct list_head vqs; /* of struct virtqueue, through .list */
	uint64_t features;    /* negotiated */
};

struct virtqueue {
	struct list_head list;
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

struct vring_virtqueue_split {
	struct vring___linux vring;
	uint16_t avail_idx_shadow; /* the driver's own copy of avail->idx */
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
};

/* drivers/virtio/virtio_ring.c; its first member is the struct virtqueue that callers hold. */
struct vring_virtqueue {
	struct virtqueue vq;
	bool packed_ring;
	bool broken;
	bool event; /* VIRTIO_F_EVENT_IDX */
	unsigned int num_added;
	uint16_t last_used_idx; /* packed: the wrap counter in bit 15, since 5.19 (a7722890c98e) */
	union {
		struct vring_virtqueue_split split;
		struct vring_virtqueue_packed packed;
	};
};

#pragma clang attribute pop

#endif
