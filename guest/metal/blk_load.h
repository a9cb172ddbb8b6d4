/* SPDX-License-Identifier: MIT */
/*
 * Many requests at a time, on one CPU: what `blk verify` and `blk bench` have in common.
 */
#ifndef GUEST_METAL_BLK_LOAD_H
#define GUEST_METAL_BLK_LOAD_H

#include "blk/blk.h"

#define LOAD_BLOCK 4096 /* bytes in each request */
#define LOAD_SECTORS (LOAD_BLOCK / SECTOR_SIZE)

struct blk_load {
	/* What to do. */
	struct gendisk *disk;
	unsigned int depth;	/* requests at a time, as far as there are tags */
	uint64_t first, blocks; /* of the disk, in units of LOAD_BLOCK */
	uint64_t requests;	/* how many in all; with random, otherwise one for each block */
	bool random;
	bool watch_keys; /* end at Ctrl-C */
	/* Looks at what was read; false: it is wrong. NULL: it is not looked at. */
	bool (*check)(const void *data, uint64_t block);

	/* How it went. */
	uint64_t done;	 /* requests that went well */
	uint64_t failed; /* requests; after the first no more are made */
	uint64_t wrong;	 /* blocks with other contents */
	int error;	 /* of the first that failed */
	uint64_t at;	 /* block that first failed or was wrong */
	uint64_t ns;	 /* from the first to the last */
	bool interrupted;
};

/* Reads, on the CPU it is called on. -ENOMEM if it cannot begin; what else fails is in @load. */
int blk_load_run(struct blk_load *load);

#endif
