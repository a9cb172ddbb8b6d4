/* SPDX-License-Identifier: MIT */
/*
 * The disk of the host ground's machine, for tests that look into it, and make it misbehave.
 */
#ifndef TESTS_SUPPORT_HOST_BLK_H
#define TESTS_SUPPORT_HOST_BLK_H

#include "device/blk.h"
#include "machine.h"

/*
 * Options by QEMU's names: serial, discard=on|off, write-zeroes=on|off, config-wce=on|off,
 * write-cache=on|off, logical_block_size, physical_block_size, min_io_size, opt_io_size (bytes),
 * max-discard-sectors, max-write-zeroes-sectors. Ours, as QEMU 7.2 has none: seg_max, size_max,
 * flush=off, ranges=N (segments of a discard and the like), secure_erase=on, lifetime=on,
 * order=reversed|shuffled, volatile=on (a power cut can be had), max_disk=N (bytes it can be
 * resized to), and, for zones: zoned=none|hm|ha, zone_sectors, zone_capacity, conventional,
 * max_open, max_active, max_append, write_granularity.
 *
 * Back ends: "null-co"; "blkdebug:inject-error.0.event=none,inject-error.0.iotype=read|write|flush,
 * inject-error.0.sector=N", which fails as QEMU's does, each time.
 */
struct VirtIOBlock *host_blk_device(struct VirtIODevice *vdev);
struct MemoryDisk *host_blk_memory(struct VirtIODevice *vdev);

#endif
