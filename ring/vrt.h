/* SPDX-License-Identifier: MIT */
/*
 * A recording, as it lies in a file: what happened to rings, and how they looked now and then.
 *
 * Made by vring-trace in a guest, by the metal guest, or by a test; read by vring-trace replay,
 * export, diff and check anywhere. Everything is little-endian.
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
#define VRT_NAME 32 /* bytes of a name, with the NUL that ends it */

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
	VRT_SNAPSHOT, /* struct vrt_snapshot and its areas: a key frame */
	VRT_LOSS,     /* struct vrt_loss: from the start until now */
	VRT_NOTE,     /* text, UTF-8: the command that ran, why the recording began */
	VRT_END,      /* no payload: the recording was closed, and nothing is missing */
};

struct vrt_block {
	le32 type;
	le32 bytes;	/* of the payload as it lies in the file */
	le32 raw_bytes; /* of the payload, inflated; equal to bytes if it is not deflated */
	le32 crc;	/* CRC-32 of the payload as it lies in the file */
	/* On the monotonic clock: of what is in the payload, the first and the last moment. */
	le64 first_ns;
	le64 last_ns;
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
	VRT_AREA_TOKENS,   /* le64 for each slot or id: the driver's token, 0 if there is none */
	VRT_AREA_TABLE,	   /* le32 slot, le32 entries, then an indirect table's descriptors */
};

struct vrt_area {
	le32 kind;
	le32 bytes; /* that follow; then zeroes up to a multiple of 8 */
};

struct vrt_snapshot {
	le16 device;
	le16 queue;
	le32 num;
	uint8_t packed;
	uint8_t broken;
	uint8_t torn; /* the ring moved while it was copied: index and areas may disagree */
	uint8_t callbacks_off;
	/* The driver's own. Split: free-running; packed: slot | wrap << 15. */
	le16 avail_idx;
	le16 last_used;
	le32 num_free;
	le32 areas;  /* struct vrt_area, each with its bytes, behind this */
	le64 dma[3]; /* device addresses of desc, driver and device area; 0 if not known */
};

struct vrt_loss {
	le64 lost;   /* records for which there was no room */
	le64 missed; /* times that a hook was not run because it ran already */
};

_Static_assert(sizeof(struct vrt_header) == 104, "the header of a file");
_Static_assert(sizeof(struct vrt_block) == 32, "the header of a block");
_Static_assert(sizeof(struct vrt_queue) == 120, "a queue");
_Static_assert(sizeof(struct vrt_snapshot) == 48, "a key frame");

#endif
