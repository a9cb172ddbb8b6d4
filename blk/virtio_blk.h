/* SPDX-License-Identifier: MIT */
/*
 * A block device as it lies on the wire (5.2): feature bits, config, and a request as it crosses
 * the ring: header, data, one byte of status.
 *
 * Mirrors include/uapi/linux/virtio_blk.h. Left out on purpose: SCSI commands and barriers of the
 * legacy interface, which nobody offers any more.
 */
#ifndef BLK_VIRTIO_BLK_H
#define BLK_VIRTIO_BLK_H

#include <stddef.h>
#include <stdint.h>

#include "ring/byteorder.h"

#define VIRTIO_BLK_SECTOR_BYTES 512 /* the unit of sector and capacity, whatever blk_size says */
#define VIRTIO_BLK_ID_BYTES 20	    /* of what GET_ID answers; shorter ones end with a NUL */

/* Feature bits (5.2.3). */
enum virtio_blk_feature {
	VIRTIO_BLK_F_SIZE_MAX = 1, /* size_max: bytes of one element of a request's data */
	VIRTIO_BLK_F_SEG_MAX = 2,  /* seg_max: elements of it */
	VIRTIO_BLK_F_GEOMETRY = 4,
	VIRTIO_BLK_F_RO = 5,
	VIRTIO_BLK_F_BLK_SIZE = 6,
	VIRTIO_BLK_F_FLUSH = 9,
	VIRTIO_BLK_F_TOPOLOGY = 10,
	VIRTIO_BLK_F_CONFIG_WCE = 11, /* writeback can be written */
	VIRTIO_BLK_F_MQ = 12,
	VIRTIO_BLK_F_DISCARD = 13,
	VIRTIO_BLK_F_WRITE_ZEROES = 14,
	VIRTIO_BLK_F_LIFETIME = 15,
	VIRTIO_BLK_F_SECURE_ERASE = 16,
	VIRTIO_BLK_F_ZONED = 17,
};

/* ---- config (5.2.4) ---- */

struct virtio_blk_geometry {
	le16 cylinders;
	uint8_t heads;
	uint8_t sectors;
};

struct virtio_blk_topology {
	uint8_t physical_block_exp; /* blk_size << this is a physical block */
	uint8_t alignment_offset;   /* in blk_size: where the first whole one begins */
	le16 min_io_size;	    /* in blk_size */
	le32 opt_io_size;	    /* in blk_size */
};

enum virtio_blk_zoned_model {
	VIRTIO_BLK_Z_NONE = 0,
	VIRTIO_BLK_Z_HM = 1, /* host-managed: zones have to be written in sequence */
	VIRTIO_BLK_Z_HA = 2, /* host-aware: it is better if they are */
};

struct virtio_blk_zoned_characteristics {
	le32 zone_sectors;
	le32 max_open_zones;
	le32 max_active_zones;
	le32 max_append_sectors;
	le32 write_granularity; /* bytes */
	uint8_t model;		/* enum virtio_blk_zoned_model */
	uint8_t unused2[3];
};

struct virtio_blk_config {
	le64 capacity; /* sectors */
	le32 size_max;
	le32 seg_max;
	struct virtio_blk_geometry geometry;
	le32 blk_size; /* bytes */
	struct virtio_blk_topology topology;
	uint8_t writeback; /* 1: what was written may be lost until a flush; 0: it may not */
	uint8_t unused0;
	le16 num_queues;
	le32 max_discard_sectors;
	le32 max_discard_seg;
	le32 discard_sector_alignment;
	le32 max_write_zeroes_sectors;
	le32 max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
	le32 max_secure_erase_sectors;
	le32 max_secure_erase_seg;
	le32 secure_erase_sector_alignment;
	struct virtio_blk_zoned_characteristics zoned;
};

_Static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, num_queues) == 34, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_secure_erase_sectors) == 60, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, zoned) == 72, "5.2.4");
_Static_assert(sizeof(struct virtio_blk_config) == 96, "5.2.4");

/* ---- requests (5.2.6) ---- */

enum virtio_blk_type {
	VIRTIO_BLK_T_IN = 0, /* the device writes the data: a read */
	VIRTIO_BLK_T_OUT = 1,
	VIRTIO_BLK_T_FLUSH = 4,
	VIRTIO_BLK_T_GET_ID = 8,
	VIRTIO_BLK_T_GET_LIFETIME = 10,
	VIRTIO_BLK_T_DISCARD = 11,
	VIRTIO_BLK_T_WRITE_ZEROES = 13,
	VIRTIO_BLK_T_SECURE_ERASE = 14,
	VIRTIO_BLK_T_ZONE_APPEND = 15,
	VIRTIO_BLK_T_ZONE_REPORT = 16,
	VIRTIO_BLK_T_ZONE_OPEN = 18,
	VIRTIO_BLK_T_ZONE_CLOSE = 20,
	VIRTIO_BLK_T_ZONE_FINISH = 22,
	VIRTIO_BLK_T_ZONE_RESET = 24,
	VIRTIO_BLK_T_ZONE_RESET_ALL = 26,
};

enum virtio_blk_status {
	VIRTIO_BLK_S_OK = 0,
	VIRTIO_BLK_S_IOERR = 1,
	VIRTIO_BLK_S_UNSUPP = 2,
	VIRTIO_BLK_S_ZONE_INVALID_CMD = 3,
	VIRTIO_BLK_S_ZONE_UNALIGNED_WP = 4,
	VIRTIO_BLK_S_ZONE_OPEN_RESOURCE = 5,
	VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE = 6,
};

/* The first 16 bytes the device reads. The status byte is the last it writes. */
struct virtio_blk_outhdr {
	le32 type; /* enum virtio_blk_type */
	le32 ioprio;
	le64 sector;
};

/* What the device writes at the end of ZONE_APPEND: 9 bytes. Otherwise it is the status alone. */
struct virtio_blk_append_inhdr {
	le64 append_sector; /* where the data went */
	uint8_t status;	    /* enum virtio_blk_status */
};

#define VIRTIO_BLK_APPEND_INHDR_BYTES 9 /* without what C puts behind the status */

#define VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP 1

/* The data of DISCARD, WRITE_ZEROES and SECURE_ERASE: one of these for each range. */
struct virtio_blk_discard_write_zeroes {
	le64 sector;
	le32 num_sectors;
	le32 flags;
};

/* The data of GET_LIFETIME, as eMMC counts: 0 undefined, pre_eol_info 1 to 3, the others 1 to 11.
 */
struct virtio_blk_lifetime {
	le16 pre_eol_info;
	le16 device_lifetime_est_typ_a;
	le16 device_lifetime_est_typ_b;
};

enum virtio_blk_zone_type {
	VIRTIO_BLK_ZT_CONV = 1, /* written anywhere */
	VIRTIO_BLK_ZT_SWR = 2,	/* at the write pointer only */
	VIRTIO_BLK_ZT_SWP = 3,	/* better there */
};

enum virtio_blk_zone_state {
	VIRTIO_BLK_ZS_NOT_WP = 0,
	VIRTIO_BLK_ZS_EMPTY = 1,
	VIRTIO_BLK_ZS_IOPEN = 2, /* opened by a write */
	VIRTIO_BLK_ZS_EOPEN = 3, /* opened by a command */
	VIRTIO_BLK_ZS_CLOSED = 4,
	VIRTIO_BLK_ZS_RDONLY = 13,
	VIRTIO_BLK_ZS_FULL = 14,
	VIRTIO_BLK_ZS_OFFLINE = 15,
};

struct virtio_blk_zone_descriptor {
	le64 z_cap;   /* sectors that can be written */
	le64 z_start; /* sector */
	le64 z_wp;    /* sector */
	uint8_t z_type;
	uint8_t z_state;
	uint8_t reserved[38];
};

/* The data of ZONE_REPORT: this, then a descriptor for each zone. */
struct virtio_blk_zone_report {
	le64 nr_zones; /* descriptors that follow */
	uint8_t reserved[56];
};

_Static_assert(sizeof(struct virtio_blk_outhdr) == 16, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_append_inhdr, status) == 8, "5.2.6");
_Static_assert(sizeof(struct virtio_blk_discard_write_zeroes) == 16, "5.2.6");
_Static_assert(sizeof(struct virtio_blk_lifetime) == 6, "5.2.6");
_Static_assert(sizeof(struct virtio_blk_zone_descriptor) == 64, "5.2.6");
_Static_assert(sizeof(struct virtio_blk_zone_report) == 64, "5.2.6");

#endif
