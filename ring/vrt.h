/* SPDX-License-Identifier: MIT */
/*
 * A recording, as it lies in a file: what happened to rings, and how they looked now and then.
 *
 * Made by vring-trace in a guest, by the metal guest, or by a test; read by vring-trace replay,
 * export, diff and check anywhere. Everything is little-endian. trace-tool/vrt.5 says the same to
 * whoever writes a reader.
 *
 *   struct vrt_header
 *   struct vrt_block, its payload, zeroes up to a multiple of 8
 *   struct vrt_block, ...
 *
 * A file of major version N is readable by every reader of that major version: what a minor version
 * adds is new kinds of block, which older readers pass over, and fields that used to be reserved
 * and 0. A file that was cut off anywhere is whole up to its last whole block.
 */
#ifndef RING_VRT_H
#define RING_VRT_H

#include "byteorder.h"

#define VRT_MAGIC "VRT\r\n\032\n" /* 8 bytes with the NUL; a transfer as text would change it */
#define VRT_MAJOR 1
#define VRT_MINOR 0

#define VRT_ALIGN 8
#define VRT_MAX_PAYLOAD (64u << 20) /* bytes of a block, inflated */
#define VRT_NAME 32		    /* bytes of a name, with the NUL that ends it */
#define VRT_SYMBOL 64		    /* ... of a function's */

struct vrt_header {
	char magic[8];
	le16 major;
	le16 minor;
	le16 header_bytes; /* of this struct: where the first block is */
	le16 event_bytes;  /* of struct vring_event */
	/* The same moment on two clocks: events carry the second. */
	le64 realtime_ns;
	le64 monotonic_ns;
	char source[VRT_NAME];	/* who recorded: "linux-bpf", "metal", "test" */
	char release[VRT_NAME]; /* of the kernel that was watched; may be empty */
	le32 reserved;
	le32 crc; /* CRC-32 of all bytes before this field, as zlib computes it */
};

enum vrt_block_type {
	VRT_QUEUES = 1, /* struct vrt_queue, as many as fit; a later one replaces an earlier */
	VRT_EVENTS,	/* struct vring_event, in the order they were recorded */
	/*
	 * The same, byte 0 of all of them, then byte 1 of all, ..., through zlib's compress():
	 * neighbours differ little.
	 */
	VRT_EVENTS_DEFLATED,
	VRT_SNAPSHOT,	       /* struct vrt_snapshot and its areas: a key frame */
	VRT_LOSS,	       /* struct vrt_loss: from the start until now */
	VRT_NOTE,	       /* text, UTF-8: the command that ran, why the recording began */
	VRT_END,	       /* no payload: the recording was closed, and nothing is missing */
	VRT_SNAPSHOT_DEFLATED, /* VRT_SNAPSHOT through zlib's compress() */
};

struct vrt_block {
	le32 type;
	le32 bytes;	/* of the payload as it lies in the file */
	le32 raw_bytes; /* of the payload, inflated; equal to bytes if it is not deflated */
	le32 crc;	/* CRC-32 of the payload as it lies in the file */
	/* On the monotonic clock: of what is in the payload, the first and the last moment. */
	le64 first_ns;
	le64 last_ns;
	/* Of a snapshot, so that key frames are found without a look into them; otherwise 0. */
	le16 device;
	le16 queue;
	le32 head_crc; /* CRC-32 of all bytes of this struct before this field */
};

struct vrt_queue {
	le16 device; /* N of virtioN */
	le16 queue;  /* index in its device */
	le32 num;    /* entries */
	le64 features;
	le32 device_id; /* 2: block */
	uint8_t packed;
	uint8_t self; /* carries the traffic of the recorder itself */
	le16 reserved;
	char name[VRT_NAME];   /* "req.0" */
	char driver[VRT_NAME]; /* "virtio_blk" */
	char alias[VRT_NAME];  /* "vda", or empty */
};

enum vrt_area_kind {
	VRT_AREA_DESC = 1, /* split: descriptor table; packed: the ring */
	VRT_AREA_DRIVER,   /* split: available ring; packed: the driver's event area */
	VRT_AREA_DEVICE,   /* split: used ring; packed: the device's event area */
	VRT_AREA_NOTES,	   /* struct vrt_note for each slot, packed: for each buffer id */
	VRT_AREA_TABLE,	   /* struct vrt_table and an indirect table's descriptors */
	VRT_AREA_SYMBOLS,  /* char[VRT_SYMBOL] twice: the driver's callback, the doorbell */
};

struct vrt_area {
	le32 kind;
	le32 bytes; /* that follow; then zeroes up to a multiple of 8 */
};

enum vrt_snapshot_flag {
	VRT_SNAPSHOT_CALLBACK = 1, /* the queue has a callback: otherwise it never asks for one */
	VRT_SNAPSHOT_INDIRECT = 2, /* the driver makes indirect tables in this queue */
	VRT_SNAPSHOT_CHAINS = 4,   /* the notes have addr, len and next */
};

/* The areas DESC, DRIVER, DEVICE and NOTES are in every one, SYMBOLS and TABLEs may be. */
struct vrt_snapshot {
	le16 device;
	le16 queue;
	le32 num;
	uint8_t packed;
	uint8_t broken;
	uint8_t torn; /* the ring moved while it was copied: index and areas may disagree */
	uint8_t event_triggered; /* an interrupt came: the driver's event index may be stale */
	/* The driver's own. Split: free-running; packed: slot | wrap << 15. */
	le16 avail_idx;
	le16 last_used;
	le32 num_free;
	le32 num_added;	   /* since the last kick decision: split, entries; packed, slots */
	le32 free_head;	   /* the first free slot; packed: free buffer id */
	le16 driver_flags; /* the driver's copy of avail->flags; packed: of its event area's */
	le16 tables_left;  /* indirect tables that there was no room for */
	le32 areas;	   /* struct vrt_area, each with its bytes, behind this */
	le32 flags;	   /* enum vrt_snapshot_flag */
	le64 dma[3];	   /* device addresses of desc, driver and device area; 0 if not known */
	le64 features;	   /* negotiated, bits 0 to 63 */
};

/* What the driver keeps of a slot, or of a buffer id, out of the device's reach. */
struct vrt_note {
	le64 token;    /* the caller's, of the buffer headed here; 0: none in flight */
	le64 added_ns; /* when that was added; 0: not known */
	le64 addr;     /* of the descriptor, as the driver wrote it */
	le32 len;
	le16 next; /* in its chain, or of what is free */
	le16 num;  /* packed: slots that the buffer takes */
};

struct vrt_table {
	le16 slot;  /* of the descriptor that refers to it */
	le16 count; /* descriptors in it */
	le32 kept;  /* ... and how many of them follow, 16 bytes each */
};

struct vrt_loss {
	le64 lost;   /* records for which there was no room */
	le64 missed; /* times that a hook was not run because it ran already */
};

_Static_assert(sizeof(struct vrt_header) == 104, "the header of a file");
_Static_assert(sizeof(struct vrt_block) == 40, "the header of a block");
_Static_assert(sizeof(struct vrt_queue) == 120, "a queue");
_Static_assert(sizeof(struct vrt_snapshot) == 72, "a key frame");
_Static_assert(sizeof(struct vrt_note) == 32, "a driver's note");

#endif
