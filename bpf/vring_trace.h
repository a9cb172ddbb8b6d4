/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs and vring-trace say to each other besides struct vring_event: the table of
 * queues that a walk fills in.
 */
#ifndef BPF_VRING_TRACE_H
#define BPF_VRING_TRACE_H

#include <stdint.h>

#define VT_MAX_QUEUES 1024 /* of all devices together */
#define VT_NAME_LEN 32	   /* with the closing NUL; the kernel's names are shorter */

/* One virtqueue as the driver's private struct and the ring's memory show it. */
struct vt_queue {
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

#endif
