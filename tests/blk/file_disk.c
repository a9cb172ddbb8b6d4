/* SPDX-License-Identifier: MIT */
/*
 * A disk on a file: what the driver writes is in the file when it is closed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device/virtio_pci.h"
#include "pci/virtio_pci_common.h"
#include "platform/host/disk.h"
#include "platform/host/host.h"
#include "tests/support/one_disk.h"

#define SECTORS 64

/* A file without a name, which can be opened once more by this one. */
static int file;
static char path[32];

/* A machine made by hand, for the disk is not one of machine.h's. */
static struct {
	struct platform_host_disk file;
	struct VirtIODevice vdev;
	struct VirtIOBlock blk;
	struct VirtIOPCIProxy proxy;
	struct gendisk *disk;
	uint8_t *data;
	uint64_t dma;
} m;

static int make_file(void **state)
{
	(void)state;
	file = memfd_create("disk", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	for (unsigned int n = 0; n < SECTORS; n++) {
		uint8_t sector[SECTOR];

		memset(sector, (int)n, SECTOR);
		if (write(file, sector, SECTOR) != SECTOR)
			return -1;
	}
	/* Not a whole sector, so not of the disk. */
	return write(file, "rest", 4) != 4;
}

static void plug_in(bool read_only)
{
	struct VirtIOBlkConf conf = { .backend = &m.file.blk,
				      .flush = true,
				      .seg_max = 16,
				      .max_discard_sectors = SECTORS,
				      .max_discard_seg = 1,
				      .max_write_zeroes_sectors = SECTORS,
				      .max_write_zeroes_seg = 1,
				      .read_only = read_only };
	struct VirtIOPCIConf pci = { .vectors = 2, .notify_off_multiplier = 4 };

	assert_int_equal(platform_host_disk_open(&m.file, path, read_only), 0);
	m.vdev = (struct VirtIODevice){ .memory = platform_host_memory() };
	virtio_add_feature(m.vdev.host_features, VIRTIO_F_VERSION_1);
	assert_true(virtio_blk_init(&m.blk, &m.vdev, &conf));
	assert_true(virtio_pci_realize(&m.proxy, &m.vdev, &pci));
	platform_host_plug(&m.proxy.pci, 3 << 3);
	assert_int_equal(register_virtio_driver(&virtio_blk), 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 1);
	m.disk = blk_next_disk(NULL);
	assert_non_null(m.disk);
	m.data = platform_dma_alloc(SECTORS * SECTOR, &m.dma);
}

static void pull_out(void)
{
	unregister_virtio_driver(&virtio_blk);
	virtio_pci_remove_all();
	pci_forget();
	platform_dma_free(m.data, SECTORS * SECTOR);
	platform_host_unplug_all();
	platform_host_reset();
	assert_int_equal(platform_host_disk_close(&m.file), 0);
}

static int close_file(void **state)
{
	(void)state;
	return close(file);
}

static void read_file(uint8_t *bytes)
{
	assert_int_equal(pread(file, bytes, SECTORS * SECTOR, 0), SECTORS * SECTOR);
}

static void what_is_written_is_in_the_file(void **state)
{
	uint8_t bytes[SECTORS * SECTOR];

	(void)state;
	plug_in(false);
	assert_int_equal(get_capacity(m.disk), SECTORS);
	assert_int_equal(blkdev_read(m.disk, 0, m.data, SECTORS * SECTOR), 0);
	for (unsigned int n = 0; n < SECTORS; n++)
		assert_sector(m.data + n * SECTOR, n);
	memset(m.data, 0xab, 2 * SECTOR);
	assert_int_equal(blkdev_write(m.disk, 17, m.data, 2 * SECTOR), 0);
	assert_int_equal(blkdev_issue_flush(m.disk), 0);
	pull_out();

	read_file(bytes);
	for (unsigned int n = 0; n < SECTORS; n++)
		assert_sector(bytes + n * SECTOR, n == 17 || n == 18 ? 0xab : n);
}

static void zeroes_and_discards_reach_the_file(void **state)
{
	uint8_t bytes[SECTORS * SECTOR];

	(void)state;
	plug_in(false);
	assert_int_equal(blkdev_issue_zeroout(m.disk, 3, 5, 0), 0);
	assert_int_equal(blkdev_issue_zeroout(m.disk, 20, 1, REQ_NOUNMAP), 0);
	assert_int_equal(blkdev_issue_discard(m.disk, 40, 8), 0);
	pull_out();

	read_file(bytes);
	for (unsigned int n = 0; n < SECTORS; n++)
		if (n < 40 || n >= 48)
			assert_sector(bytes + n * SECTOR, (n >= 3 && n < 8) || n == 20 ? 0 : n);
}

static void a_read_only_file_is_not_written(void **state)
{
	uint8_t bytes[SECTORS * SECTOR];

	(void)state;
	plug_in(true);
	assert_int_equal(blkdev_read(m.disk, 9, m.data, SECTOR), 0);
	assert_sector(m.data, 9);
	assert_int_equal(blkdev_write(m.disk, 9, m.data, SECTOR), -EROFS);
	/* Past the driver's own check, too. */
	assert_true(m.file.blk.ops->pwrite(&m.file.blk, 0, m.data, SECTOR) < 0);
	pull_out();
	read_file(bytes);
	assert_sector(bytes + 9 * SECTOR, 9);
}

static void a_file_that_shrinks_is_an_error_not_a_crash(void **state)
{
	(void)state;
	plug_in(false);
	assert_int_equal(ftruncate(file, 8 * SECTOR), 0);
	assert_int_equal(blkdev_read(m.disk, 7, m.data, SECTOR), 0);
	assert_int_equal(blkdev_read(m.disk, 8, m.data, SECTOR), -EIO);
	pull_out();
}

static void files_that_are_no_disks_are_refused(void **state)
{
	struct platform_host_disk disk;

	(void)state;
	assert_int_equal(platform_host_disk_open(&disk, "/nonexistent/disk", false), -ENOENT);
	assert_int_equal(ftruncate(file, SECTOR - 1), 0);
	assert_int_equal(platform_host_disk_open(&disk, path, false), -EINVAL);
	assert_int_equal(ftruncate(file, SECTOR), 0);
	assert_int_equal(platform_host_disk_open(&disk, path, false), 0);
	assert_int_equal(disk.blk.bytes, SECTOR);
	assert_int_equal(platform_host_disk_close(&disk), 0);
}

#define file_test(name) cmocka_unit_test_setup_teardown(name, make_file, close_file)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		file_test(what_is_written_is_in_the_file),
		file_test(zeroes_and_discards_reach_the_file),
		file_test(a_read_only_file_is_not_written),
		file_test(a_file_that_shrinks_is_an_error_not_a_crash),
		file_test(files_that_are_no_disks_are_refused),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
