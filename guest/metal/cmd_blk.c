// SPDX-License-Identifier: MIT
/*
 * `blk`: reading, writing, and what else a disk can be asked.
 */
#include <string.h>

#include "monitor.h"

#define ROW 16 /* bytes in a line */

static void print_row(const unsigned char *data, uint64_t offset)
{
	char text[ROW + 1] = { 0 };

	print("%08llx ", (unsigned long long)offset);
	for (unsigned int i = 0; i < ROW; i++) {
		print(" %02x", data[i]);
		text[i] = data[i] >= ' ' && data[i] < 0x7f ? data[i] : '.';
	}
	print("  %s\n", text);
}

/* Rows like the one before are left out, as hexdump does. */
static void print_sector(const unsigned char *data, uint64_t offset)
{
	bool left_out = false;

	for (unsigned int at = 0; at < SECTOR_SIZE; at += ROW) {
		if (at && memcmp(data + at, data + at - ROW, ROW) == 0) {
			if (!left_out)
				print("*\n");
			left_out = true;
			continue;
		}
		left_out = false;
		print_row(data + at, offset + at);
	}
}

/*
 * Sectors of 512 bytes, whatever blocks the disk has: they are read, and written, within whole
 * blocks.
 */
struct span {
	uint64_t sector; /* of the first block */
	size_t bytes;	 /* whole blocks */
	size_t skip;	 /* bytes before the sectors asked for */
	char *memory;
};

static int read_span(struct gendisk *disk, uint64_t sector, uint64_t count, struct span *span)
{
	uint64_t block = disk->queue->limits.logical_block_size / SECTOR_SIZE, dma;
	uint64_t end = (sector + count + block - 1) / block * block;
	int err;

	span->sector = sector / block * block;
	span->skip = (sector - span->sector) * SECTOR_SIZE;
	span->bytes = (end - span->sector) * SECTOR_SIZE;
	span->memory = platform_dma_alloc(span->bytes, &dma);
	if (!span->memory)
		return -ENOMEM;
	err = blkdev_read(disk, span->sector, span->memory, span->bytes);
	if (err)
		platform_dma_free(span->memory, span->bytes);
	return err;
}

static enum status blk_read(struct gendisk *disk, int argc, char **argv)
{
	uint64_t sector, count = 1;
	struct span span;
	int err;

	if (argc < 2 || argc > 3 || !parse_number(argv[1], INT64_MAX, &sector) ||
	    (argc == 3 && !parse_number(argv[2], 65536, &count)) || !count)
		return STATUS_USAGE;
	err = read_span(disk, sector, count, &span);
	if (err)
		return complain("blk read: %s: sector %llu: %s", disk->disk_name,
				(unsigned long long)sector, error_name(err));
	for (uint64_t i = 0; i < count; i++)
		print_sector((unsigned char *)span.memory + span.skip + i * SECTOR_SIZE,
			     (sector + i) * SECTOR_SIZE);
	platform_dma_free(span.memory, span.bytes);
	return STATUS_OK;
}

static enum status blk_write(struct gendisk *disk, int argc, char **argv)
{
	uint64_t sector;
	struct span span;
	size_t at = 0;
	int err;

	if (argc < 3 || !parse_number(argv[1], INT64_MAX, &sector))
		return STATUS_USAGE;
	err = read_span(disk, sector, 1, &span);
	if (!err) {
		char *data = span.memory + span.skip;

		memset(data, 0, SECTOR_SIZE);
		/* A command line is shorter than a sector. */
		for (int i = 2; i < argc; i++) {
			if (i > 2)
				data[at++] = ' ';
			memcpy(data + at, argv[i], strlen(argv[i]));
			at += strlen(argv[i]);
		}
		err = blkdev_write(disk, span.sector, span.memory, span.bytes);
		platform_dma_free(span.memory, span.bytes);
	}
	if (err)
		return complain("blk write: %s: sector %llu: %s", disk->disk_name,
				(unsigned long long)sector, error_name(err));
	return STATUS_OK;
}

static enum status blk_id(struct gendisk *disk, int argc, char **argv)
{
	char id[BLK_ID_LEN];
	int err;

	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	err = virtblk_get_id(disk, id);
	if (err)
		return complain("blk id: %s: %s", disk->disk_name, error_name(err));
	if (id[0])
		print("%s: \"%s\"\n", disk->disk_name, id);
	else
		print("%s: no serial number; QEMU's is the device property serial=\n",
		      disk->disk_name);
	return STATUS_OK;
}

static enum status blk_flush(struct gendisk *disk, int argc, char **argv)
{
	int err;

	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	err = blkdev_issue_flush(disk);
	if (err)
		return complain("blk flush: %s: %s", disk->disk_name, error_name(err));
	return STATUS_OK;
}

static enum status blk_stats(struct gendisk *disk, int argc, char **argv)
{
	struct virtblk_stats stats;

	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	virtblk_get_stats(disk, &stats);
	print("%s: requests %lu, kicks %lu, interrupts %lu, requeues %lu, timeouts %lu,"
	      " resets %lu\n",
	      disk->disk_name, stats.requests, stats.kicks, stats.interrupts, stats.requeues,
	      stats.timeouts, stats.resets);
	return STATUS_OK;
}

enum status command_blk(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum status (*run)(struct gendisk *disk, int argc, char **argv);
	} verbs[] = {
		{ "read", blk_read },	{ "write", blk_write }, { "verify", blk_verify },
		{ "bench", blk_bench }, { "id", blk_id },	{ "flush", blk_flush },
		{ "stats", blk_stats },
	};
	struct gendisk *disk = blk_next_disk(NULL);

	argc--;
	argv++;
	if (argc && argv[0][0] == 'v' && argv[0][1] == 'd') {
		disk = blk_find_disk(argv[0]);
		if (!disk)
			return complain("%s: no such disk", argv[0]);
		argc--;
		argv++;
	}
	if (!argc)
		return STATUS_USAGE;
	for (unsigned int i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[0], verbs[i].name) != 0)
			continue;
		return disk ? verbs[i].run(disk, argc, argv) : complain("blk: there is no disk");
	}
	return STATUS_USAGE;
}
