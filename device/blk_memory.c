// SPDX-License-Identifier: MIT
/*
 * A disk in memory, with a cache that a power cut empties if it is to have one.
 */
#include "blk.h"

static struct MemoryDisk *disk_of(struct BlockBackend *blk)
{
	return blk->opaque;
}

static void dirtied(struct MemoryDisk *disk, uint64_t offset, uint64_t bytes)
{
	if (disk->dirty == disk->dirty_end) {
		disk->dirty = offset;
		disk->dirty_end = offset;
	}
	if (offset < disk->dirty)
		disk->dirty = offset;
	if (offset + bytes > disk->dirty_end)
		disk->dirty_end = offset + bytes;
}

static int memory_pread(struct BlockBackend *blk, uint64_t offset, void *buf, size_t bytes)
{
	__builtin_memcpy(buf, disk_of(blk)->memory + offset, bytes);
	return 0;
}

static int memory_pwrite(struct BlockBackend *blk, uint64_t offset, const void *buf, size_t bytes)
{
	__builtin_memcpy(disk_of(blk)->memory + offset, buf, bytes);
	dirtied(disk_of(blk), offset, bytes);
	return 0;
}

static int memory_flush(struct BlockBackend *blk)
{
	struct MemoryDisk *disk = disk_of(blk);

	if (disk->stable)
		__builtin_memcpy(disk->stable + disk->dirty, disk->memory + disk->dirty,
				 disk->dirty_end - disk->dirty);
	disk->dirty = disk->dirty_end = 0;
	disk->flushes++;
	return 0;
}

static int memory_pdiscard(struct BlockBackend *blk, uint64_t offset, uint64_t bytes)
{
	__builtin_memset(disk_of(blk)->memory + offset, disk_of(blk)->discarded_as, bytes);
	dirtied(disk_of(blk), offset, bytes);
	return 0;
}

static int memory_pwrite_zeroes(struct BlockBackend *blk, uint64_t offset, uint64_t bytes,
				bool may_unmap)
{
	(void)may_unmap; /* there is nothing to be saved */
	__builtin_memset(disk_of(blk)->memory + offset, 0, bytes);
	dirtied(disk_of(blk), offset, bytes);
	return 0;
}

static const struct BlockBackendOps memory_ops = {
	.pread = memory_pread,
	.pwrite = memory_pwrite,
	.flush = memory_flush,
	.pdiscard = memory_pdiscard,
	.pwrite_zeroes = memory_pwrite_zeroes,
};

void memory_disk_init(struct MemoryDisk *disk, uint8_t *memory, uint8_t *stable, uint64_t bytes)
{
	*disk = (struct MemoryDisk){
		.blk = { .ops = &memory_ops, .opaque = disk, .bytes = bytes },
		.memory = memory,
		.stable = stable,
	};
	if (stable)
		__builtin_memcpy(stable, memory, bytes);
}

void memory_disk_power_cut(struct MemoryDisk *disk)
{
	if (disk->stable)
		__builtin_memcpy(disk->memory, disk->stable, disk->blk.bytes);
	disk->dirty = disk->dirty_end = 0;
}
