/* SPDX-License-Identifier: MIT */
/*
 * What the suites about disks share: a round of reading and writing that is held against the disk's
 * bytes.
 */
#ifndef TESTS_GROUNDS_BLK_TEST_H
#define TESTS_GROUNDS_BLK_TEST_H

#include "tests/support/one_disk.h"

#define DISK_SECTORS 2048 /* 1 MiB, the machine's default */
#define PAGE_BYTES 4096

static inline bool on_qtest(void)
{
	return !strcmp(machine_ground, "qtest");
}

static inline const uint8_t *disk_sector(uint64_t n)
{
	size_t bytes;

	return machine_disk(0, &bytes) + n * SECTOR;
}

static inline void assert_filled(const uint8_t *data, uint8_t with, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (data[i] != with)
			fail_msg("byte %zu is %#x, not %#x", i, data[i], with);
}

/* Reads, writes and reads again, in sizes around a page, and holds the disk against it. */
static inline void disk_works(struct gendisk *disk)
{
	static const uint32_t sizes[] = { SECTOR, 8 * SECTOR, 9 * SECTOR, 64 * SECTOR };
	uint8_t *data = disk_buffer(64 * SECTOR);
	uint64_t sector = 5;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint32_t count = sizes[i] / SECTOR;

		assert_int_equal(blkdev_read(disk, sector, data, sizes[i]), 0);
		for (unsigned int n = 0; n < count; n++)
			assert_sector(data + n * SECTOR, sector + n);
		memset(data, 0xa0 + i, sizes[i]);
		assert_int_equal(blkdev_write(disk, sector, data, sizes[i]), 0);
		memset(data, 0, sizes[i]);
		assert_int_equal(blkdev_read(disk, sector, data, sizes[i]), 0);
		assert_filled(data, 0xa0 + i, sizes[i]);
		assert_filled(disk_sector(sector), 0xa0 + i, sizes[i]);
		/* And not a byte beyond. */
		assert_sector(disk_sector(sector - 1), sector - 1);
		assert_sector(disk_sector(sector + count), sector + count);
		sector += count + 1;
	}
}

#endif
