/* SPDX-License-Identifier: MIT */
/*
 * The block device (5.2): requests in, disk operations out, over a back end of five functions.
 *
 * Mirrors QEMU's hw/block/virtio-blk.c and include/hw/virtio/virtio-blk.h, and goes on where QEMU
 * 7.2 stops: secure erase, lifetime, zones. Left out on purpose: merging of requests, iothreads,
 * migration, SCSI passthrough.
 *
 * It answers each kick at once, unless told to misbehave: every fault is one a test commands.
 */
#ifndef DEVICE_BLK_H
#define DEVICE_BLK_H

#include "blk/virtio_blk.h"
#include "virtio.h"

/* ---- back ends ---- */

struct BlockBackend;

/*
 * What a back end does. Offsets and lengths are bytes, multiples of 512, inside the disk. 0 is
 * success, anything else a failure, and what was to be read or written is then undefined.
 */
struct BlockBackendOps {
	int (*pread)(struct BlockBackend *blk, uint64_t offset, void *buf, size_t bytes);
	int (*pwrite)(struct BlockBackend *blk, uint64_t offset, const void *buf, size_t bytes);
	/* All writes that have returned are safe once this returns. */
	int (*flush)(struct BlockBackend *blk);
	/* The contents may be lost. NULL: nothing is done. */
	int (*pdiscard)(struct BlockBackend *blk, uint64_t offset, uint64_t bytes);
	/* NULL: zeroes are written. */
	int (*pwrite_zeroes)(struct BlockBackend *blk, uint64_t offset, uint64_t bytes,
			     bool may_unmap);
};

struct BlockBackend {
	const struct BlockBackendOps *ops;
	void *opaque;
	uint64_t bytes; /* of the disk */
};

/*
 * A disk in memory. With @stable, a second block as large, it has a cache that can be lost: writes
 * reach @memory, a flush carries them on to @stable, a power cut brings back what is there.
 */
struct MemoryDisk {
	struct BlockBackend blk;
	uint8_t *memory;
	uint8_t *stable;	   /* NULL: no such cache */
	uint64_t dirty, dirty_end; /* bytes; what is not in @stable lies in between */
	unsigned long flushes;
	uint8_t discarded_as; /* what discarded bytes read as */
};

/* @stable: NULL, or @bytes, which the contents of @memory are copied to. */
void memory_disk_init(struct MemoryDisk *disk, uint8_t *memory, uint8_t *stable, uint64_t bytes);
void memory_disk_power_cut(struct MemoryDisk *disk);

/* ---- the device ---- */

#define VIRTIO_BLK_REQUESTS 128 /* in the device's hands at a time */
#define VIRTIO_BLK_PIECES 260	/* of one request: seg_max, header, status, and a seam or two */
#define VIRTIO_BLK_QUEUES 16
#define VIRTIO_BLK_FAULTS 8

/* One zone. Initialised by virtio_blk_init(), then the device's; a test may set .state. */
struct VirtIOBlkZone {
	uint64_t wp;   /* sector */
	uint8_t type;  /* enum virtio_blk_zone_type */
	uint8_t state; /* enum virtio_blk_zone_state */
};

struct VirtIOBlkZonedConf {
	bool offered; /* VIRTIO_BLK_F_ZONED; with model NONE that says "not zoned" */
	enum virtio_blk_zoned_model model;
	uint32_t zone_sectors;
	uint32_t zone_capacity; /* sectors of a zone that can be written; 0: all */
	uint32_t conventional;	/* so many zones at the beginning are */
	uint32_t max_open_zones, max_active_zones; /* 0: no limit */
	uint32_t max_append_sectors;		   /* 0: no appends */
	uint32_t write_granularity;		   /* bytes; 0: 512 */
	/* Memory for as many zones as begin inside the disk; a resize must not make them more. */
	struct VirtIOBlkZone *zones;
	unsigned int max_zones;
};

/* What the disk is to look like. What is 0 is not offered, or as the comment says. */
struct VirtIOBlkConf {
	struct BlockBackend *backend;
	uint16_t num_queues; /* 0: one, without MQ */
	uint16_t queue_size; /* entries; 0: 256 */
	uint32_t seg_max;    /* 0: not offered, a driver then sends one element */
	uint32_t size_max;   /* bytes */
	uint32_t blk_size;   /* bytes */
	bool topology;
	uint8_t physical_block_exp, alignment_offset;
	uint16_t min_io_size;
	uint32_t opt_io_size;
	struct {
		uint16_t cylinders;
		uint8_t heads, sectors;
	} geometry;
	bool read_only;
	bool flush;	    /* offered */
	bool config_wce;    /* offered; FLUSH has to be */
	bool write_through; /* writeback starts as 0 */
	char serial[VIRTIO_BLK_ID_BYTES + 1];

	uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
	uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
	bool write_zeroes_may_unmap;
	uint32_t max_secure_erase_sectors, max_secure_erase_seg, secure_erase_sector_alignment;
	bool lifetime;
	uint16_t pre_eol_info, lifetime_typ_a, lifetime_typ_b;

	struct VirtIOBlkZonedConf zoned;
};

/* ---- faults on command ---- */

enum virtio_blk_fault_kind {
	VIRTIO_BLK_FAULT_NONE,
	VIRTIO_BLK_FAULT_STATUS,    /* nothing is done; the status is .value */
	VIRTIO_BLK_FAULT_SHORT,	    /* the length says that only .value bytes were written */
	VIRTIO_BLK_FAULT_LONG,	    /* the length is .value bytes more than there is room for */
	VIRTIO_BLK_FAULT_NO_STATUS, /* all is done, but the status byte is left as it was */
	VIRTIO_BLK_FAULT_HOLD,	    /* kept until virtio_blk_release() */
	VIRTIO_BLK_FAULT_QUIET,	    /* no interrupt */
};

#define VIRTIO_BLK_ANY_TYPE 0xffffffff

struct VirtIOBlkFault {
	enum virtio_blk_fault_kind kind;
	uint32_t type;	    /* of the requests it happens to, or VIRTIO_BLK_ANY_TYPE */
	unsigned int after; /* so many of them are spared first */
	unsigned int count; /* then it happens to so many */
	uint32_t value;
};

/* In which order requests that are found in the ring together are done and handed back. */
enum virtio_blk_order {
	VIRTIO_BLK_ORDER_AVAIL,
	VIRTIO_BLK_ORDER_REVERSED,
	VIRTIO_BLK_ORDER_SHUFFLED
};

/* A request in the device's hands. */
struct VirtIOBlockReq {
	struct VirtQueueElement elem;
	struct guest_piece pieces[VIRTIO_BLK_PIECES];
	unsigned int queue;
	uint32_t type; /* our copy, like the sector: read once */
	uint64_t sector;
	struct VirtIOBlkFault fault; /* that happens to it; .kind NONE: none does */
	struct VirtIOBlockReq *next;
};

struct VirtIOBlockList {
	struct VirtIOBlockReq *first, **end;
	unsigned int num;
};

struct VirtIOBlock {
	struct VirtIODevice *vdev;
	struct VirtIOBlkConf conf;
	struct virtio_blk_config config; /* what the driver will read; a test may have it lie */
	struct virtio_blk_config shown;	 /* vdev->config: as the driver read it last */
	bool cache_decided;		 /* .writeback, by the features that were agreed */
	unsigned int nr_zones;

	enum virtio_blk_order order; /* not with VIRTIO_F_IN_ORDER */
	uint64_t seed;		     /* of SHUFFLED */
	struct VirtIOBlkFault faults[VIRTIO_BLK_FAULTS];

	struct VirtIOBlockReq *free;
	struct VirtIOBlockList held;
	struct VirtIOBlockReq requests[VIRTIO_BLK_REQUESTS];

	unsigned long count[32]; /* requests done, by type; those of no type are the last */
	unsigned long batches;	 /* runs of requests that were handed back together */
};

/**
 * virtio_blk_init - make @vdev a disk
 * @s: all of it is written; it stays where it is
 * @vdev: .memory, and in .host_features the bits of ring and transport; the rest is set here, and
 *	virtio_init() is called
 * @conf: copied
 *
 * Returns false if @conf makes no sense.
 */
bool virtio_blk_init(struct VirtIOBlock *s, struct VirtIODevice *vdev,
		     const struct VirtIOBlkConf *conf);

/*
 * Another size, announced to the driver; the back end is told, and has the room. False, and nothing
 * has changed: not whole sectors; or a zoned disk, and there is no memory for so many zones, or one
 * that is there already would change its size.
 */
bool virtio_blk_resize(struct VirtIOBlock *s, uint64_t bytes);

/* From now on. False if there are VIRTIO_BLK_FAULTS pending already. */
bool virtio_blk_inject(struct VirtIOBlock *s, const struct VirtIOBlkFault *fault);
void virtio_blk_forget_faults(struct VirtIOBlock *s);

/* Do the n-th of the requests held, as they came; false if there are not so many. */
bool virtio_blk_release(struct VirtIOBlock *s, unsigned int n);

#endif
