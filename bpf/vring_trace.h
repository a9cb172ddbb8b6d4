/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs and vring-trace say to each other besides struct vring_event: the table of
 * queues that a walk fills in, and what is added up in the kernel.
 */
#ifndef BPF_VRING_TRACE_H
#define BPF_VRING_TRACE_H

#include <stdint.h>

#define VT_MAX_QUEUES 1024 /* of all devices together */
#define VT_KNOWN 1024	   /* a power of two: where the kernel keeps what it knows of queues */
#define VT_MAX_LINKS 128   /* hooks by kprobe, entry and return */
#define VT_MAX_CPUS 8192
#define VT_NAME_LEN 32 /* with the closing NUL; the kernel's names are shorter */

/* One virtqueue as the driver's private struct and the ring's memory show it. */
struct vt_queue {
	uint64_t address;  /* of the struct virtqueue, for a snapshot */
	uint64_t features; /* negotiated, bits 0 to 63 */
	uint32_t num;	   /* entries */
	uint32_t num_free; /* descriptors */
	uint16_t device;   /* N of virtioN */
	uint16_t index;
	uint16_t avail_idx; /* split: free-running; packed: slot | wrap << 15 */
	uint16_t used_idx;  /* split: from ring memory; packed: equals last_used */
	uint16_t last_used;
	uint8_t packed;
	uint8_t broken;
	uint8_t unread; /* 1: the ring's private struct could not be read */
	uint8_t reserved[3];
	char name[VT_NAME_LEN];
};

#define VT_ADD_SLOTS 12 /* functions virtqueue_add_*; Linux 7.2 has eight */

/* Where a function virtqueue_add_* has its arguments; 0 is the virtqueue. */
struct vt_add_function {
	uint8_t args;	 /* how many there are */
	uint8_t data;	 /* the caller's token */
	uint8_t out, in; /* the numbers of scatterlists; 0: fixed, as follows */
	uint8_t fixed_out, fixed_in;
};

/* What happened on one queue, added up by each CPU for itself. */
struct vt_totals {
	uint64_t add, refused;
	uint64_t full; /* refused for want of descriptors in a way that makes the driver kick */
	uint64_t kick, suppressed;
	uint64_t doorbell;
	uint64_t interrupt, spurious;
	uint64_t reap, written; /* written: bytes, as the device says */
	uint64_t emptied;	/* the last buffer came back: the device had none */
	uint64_t out, in;	/* scatterlists added */
	uint32_t peak;		/* most descriptors in use */
	uint32_t num;
};

#define VT_BUCKETS 32

/* Bucket n counts times of 2^n to 2^(n+1) - 1 microseconds; bucket 0 those below 2. */
struct vt_times {
	uint64_t add_to_reap[VT_BUCKETS];
	uint64_t add_to_doorbell[VT_BUCKETS];
	uint64_t interrupt_to_reap[VT_BUCKETS];
};

#endif
