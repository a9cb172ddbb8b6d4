/* SPDX-License-Identifier: MIT */
/*
 * What the snapshot program and vring-trace say to each other: one queue, as the driver's private
 * struct and the ring's memory show it at one moment.
 */
#ifndef BPF_VRING_SNAPSHOT_H
#define BPF_VRING_SNAPSHOT_H

#include <stdint.h>

#define VT_PAGE 4096		/* bytes in one element of the map that areas are copied into */
#define VT_TABLE_ENTRIES 256	/* descriptors kept of an indirect table */
#define VT_SNAPSHOT_NAME_LEN 32 /* with the closing NUL */

enum vt_snapshot_status {
	VT_SNAPSHOT_TAKEN,
	VT_SNAPSHOT_GONE,   /* no such queue at that address, or not any more */
	VT_SNAPSHOT_LARGE,  /* larger than the maps */
	VT_SNAPSHOT_UNREAD, /* some of it could not be read */
};

/* The areas, each beginning on a page of its own. */
enum vt_area {
	VT_DESC,   /* split: descriptor table; packed: the ring */
	VT_DRIVER, /* split: available ring; packed: the driver's event area */
	VT_DEVICE, /* split: used ring; packed: the device's event area */
	VT_STATE,  /* the driver's vring_desc_state, one per slot or buffer id */
	VT_EXTRA,  /* the driver's vring_desc_extra, which holds the list of what is free */
	VT_AREAS
};

/* What moves when the ring moves. Read before the areas are copied and again after. */
struct vt_positions {
	uint16_t avail_idx; /* the driver's: split, free-running; packed, slot | wrap << 15 */
	uint16_t last_used; /* the driver's, the same way */
	uint16_t avail_mem; /* split: avail->idx; packed: 0 */
	uint16_t used_mem;  /* split: used->idx; packed: 0 */
	uint32_t num_free;  /* descriptors */
	uint32_t num_added; /* split: entries since the last kick decision; packed: slots */
};

struct vt_snapshot {
	uint64_t time_ns;  /* CLOCK_MONOTONIC */
	uint64_t features; /* negotiated, bits 0 to 63 */
	uint64_t dma[3];   /* device addresses of VT_DESC, VT_DRIVER, VT_DEVICE; 0 if not known */
	uint64_t callback; /* kernel address of the driver's callback, or 0 */
	uint64_t notify;   /* ... of the transport's doorbell */
	struct vt_positions before, after;
	uint32_t status; /* enum vt_snapshot_status */
	uint32_t num;	 /* entries */
	uint32_t free_head;
	uint32_t device_id; /* 2: block, ... */
	uint16_t device;    /* N of virtioN */
	uint16_t index;
	uint16_t driver_flags; /* the driver's own copy of avail->flags, or of its event area's */
	uint8_t packed;
	uint8_t broken;
	uint8_t event;	  /* VIRTIO_F_EVENT_IDX */
	uint8_t indirect; /* VIRTIO_RING_F_INDIRECT_DESC */
	uint8_t event_triggered;
	uint8_t has_extra; /* 0: this kernel keeps no vring_desc_extra */
	uint8_t reserved[4];
	/* Where the copies lie in the map, and how large they are, in bytes. */
	uint32_t area_at[VT_AREAS];
	uint32_t area_bytes[VT_AREAS];
	/* The driver's arrays differ by kernel: size of an element, and its fields' places. */
	uint16_t state_size, state_data, state_indirect, state_num;
	uint16_t extra_size, extra_addr, extra_len, extra_flags, extra_next;
	uint16_t table_count; /* indirect tables copied */
	uint16_t tables_left; /* ... and those that there was no room for */
	char name[VT_SNAPSHOT_NAME_LEN];
};

/* An indirect table, as the driver wrote it: 16-byte descriptors of the ring's layout. */
struct vt_table {
	uint16_t slot;	/* of the descriptor that refers to it */
	uint16_t count; /* descriptors in it */
	uint32_t kept;	/* ... and how many of them are here */
	uint64_t desc[2 * VT_TABLE_ENTRIES];
};

_Static_assert(sizeof(struct vt_positions) == 16, "compared as bytes: no holes");

#endif
