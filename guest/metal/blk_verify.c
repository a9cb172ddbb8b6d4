// SPDX-License-Identifier: MIT
/*
 * `blk verify`: that a disk gives what is on it, and keeps what it is given.
 *
 * The disks that the Makefile makes have in each 4 KiB its own number, "block N". All of it is
 * read, every CPU a part, and compared. Then some blocks at the end are written with something
 * else, read back, and get what they had before. `blk bench` is here too: it reads in the same way.
 */
#include <string.h>

#include "blk_load.h"
#include "monitor.h"

#define VERIFY_DEPTH 32
#define WRITTEN_BLOCKS 16
#define MAX_CPUS 32
#define BENCH_REQUESTS 20000
#define BENCH_DEPTH_MAX 1024

static struct blk_load loads[MAX_CPUS];
static int load_errors[MAX_CPUS];

/* "block N", then spaces up to a newline at the very end. */
static bool is_numbered(const void *data, uint64_t block)
{
	char expected[32];
	const char *text = data;
	int len = platform_snprintf(expected, sizeof(expected), "block %llu ",
				    (unsigned long long)block);

	return memcmp(text, expected, len) == 0 && text[LOAD_BLOCK - 2] == ' ' &&
	       text[LOAD_BLOCK - 1] == '\n';
}

static void run_load(void *arg)
{
	unsigned int cpu = platform_cpu();

	load_errors[cpu] = blk_load_run(arg);
}

/* Each CPU reads its part, at the same time; the sums are in @sum. */
static int read_on_all_cpus(struct gendisk *disk, uint64_t blocks, struct blk_load *sum)
{
	unsigned int cpus = platform_num_cpus();
	uint64_t each = (blocks + cpus - 1) / cpus, first = 0;
	int err = 0;

	for (unsigned int cpu = 0; cpu < cpus; cpu++, first += each) {
		if (first > blocks)
			first = blocks;
		loads[cpu] = (struct blk_load){
			.disk = disk,
			.depth = VERIFY_DEPTH,
			.first = first,
			.blocks = blocks - first < each ? blocks - first : each,
			.check = is_numbered,
		};
		if (cpu)
			metal_run_on(cpu, run_load, &loads[cpu]);
	}
	run_load(&loads[0]);
	*sum = (struct blk_load){ 0 };
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		if (cpu)
			metal_join(cpu);
		if ((loads[cpu].failed || loads[cpu].wrong) && !sum->failed && !sum->wrong)
			sum->at = loads[cpu].at;
		if (!sum->error)
			sum->error = loads[cpu].error;
		sum->done += loads[cpu].done;
		sum->failed += loads[cpu].failed;
		sum->wrong += loads[cpu].wrong;
		if (!err)
			err = load_errors[cpu];
	}
	return err;
}

/* ---- writing ---- */

/* Differs from block to block, and in each byte from its neighbours. */
static void fill(unsigned char *data, uint64_t block)
{
	for (unsigned int i = 0; i < LOAD_BLOCK; i++)
		data[i] = block * 31 + i * 7 + i / 256;
}

/* @old and @new are memory for one block each; @old gets the block's contents back. */
static int write_one(struct gendisk *disk, uint64_t block, void *old, void *new)
{
	uint64_t sector = block * LOAD_SECTORS;
	int err, restored;

	err = blkdev_read(disk, sector, old, LOAD_BLOCK);
	if (err)
		return err;
	fill(new, block);
	err = blkdev_write(disk, sector, new, LOAD_BLOCK);
	if (!err) {
		memset(new, 0, LOAD_BLOCK);
		err = blkdev_read(disk, sector, new, LOAD_BLOCK);
	}
	restored = blkdev_write(disk, sector, old, LOAD_BLOCK);
	if (!err)
		err = restored;
	if (err)
		return err;
	fill(old, block);
	return memcmp(old, new, LOAD_BLOCK) ? -EPROTO : 0;
}

static enum status write_and_read_back(struct gendisk *disk, uint64_t blocks, unsigned int *written)
{
	uint64_t dma, first = blocks > WRITTEN_BLOCKS ? blocks - WRITTEN_BLOCKS : 0;
	char *memory = platform_dma_alloc(2 * LOAD_BLOCK, &dma);
	enum status status = STATUS_OK;
	int err = 0;

	if (!memory)
		return complain("blk verify: no memory");
	for (*written = 0; first + *written < blocks && !err; ++*written)
		err = write_one(disk, first + *written, memory, memory + LOAD_BLOCK);
	if (err == -EPROTO)
		status = complain("blk verify: block %llu: not what was written",
				  (unsigned long long)(first + *written - 1));
	else if (err)
		status = complain("blk verify: writing and reading block %llu: %s",
				  (unsigned long long)(first + *written - 1), error_name(err));
	err = blkdev_issue_flush(disk);
	if (err)
		status = complain("blk verify: flush: %s", error_name(err));
	platform_dma_free(memory, 2 * LOAD_BLOCK);
	return status;
}

enum status blk_verify(struct gendisk *disk, int argc, char **argv)
{
	uint64_t blocks = get_capacity(disk) / LOAD_SECTORS;
	enum status status = STATUS_OK;
	unsigned int written = 0;
	struct blk_load sum;
	int err;

	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	err = read_on_all_cpus(disk, blocks, &sum);
	if (err)
		return complain("blk verify: %s", error_name(err));
	if (sum.failed)
		status = complain("blk verify: %llu reads failed, block %llu with %s",
				  (unsigned long long)sum.failed, (unsigned long long)sum.at,
				  error_name(sum.error));
	if (sum.wrong)
		status = complain("blk verify: %llu of %llu blocks are not numbered as this disk's"
				  " should be, the first is %llu",
				  (unsigned long long)sum.wrong, (unsigned long long)blocks,
				  (unsigned long long)sum.at);
	if (status == STATUS_OK && !disk->read_only)
		status = write_and_read_back(disk, blocks, &written);
	if (status == STATUS_OK)
		print("%s: %llu blocks read on %u CPUs and compared, %u written and read back\n",
		      disk->disk_name, (unsigned long long)sum.done, platform_num_cpus(), written);
	return status;
}

/* ---- bench ---- */

/* @number / @of with three digits after the point. */
static void print_ratio(const char *what, unsigned long number, uint64_t of)
{
	unsigned long thousandths = of ? (number * 1000 + of / 2) / of : 0;

	print(", %lu.%03lu %s", thousandths / 1000, thousandths % 1000, what);
}

static enum status bench_failed(const struct blk_load *load, const struct virtblk_stats *before,
				const struct virtblk_stats *after)
{
	return complain("blk bench: %llu of %llu read, %llu failed, the first (block %llu) with"
			" %s; %lu time-outs, %lu resets",
			(unsigned long long)load->done, (unsigned long long)load->requests,
			(unsigned long long)load->failed, (unsigned long long)load->at,
			error_name(load->error), after->timeouts - before->timeouts,
			after->resets - before->resets);
}

enum status blk_bench(struct gendisk *disk, int argc, char **argv)
{
	struct blk_load load = {
		.disk = disk,
		.blocks = get_capacity(disk) / LOAD_SECTORS,
		.requests = BENCH_REQUESTS,
		.random = true,
		.watch_keys = true,
	};
	struct virtblk_stats before, after;
	uint64_t depth;
	int err;

	if (argc < 2 || argc > 3 || !parse_number(argv[1], BENCH_DEPTH_MAX, &depth) || !depth)
		return STATUS_USAGE;
	if (argc == 3 && (!parse_number(argv[2], UINT32_MAX, &load.requests) || !load.requests))
		return STATUS_USAGE;
	if (!load.blocks)
		return complain("blk bench: %s is smaller than a block", disk->disk_name);
	load.depth = depth;
	virtblk_get_stats(disk, &before);
	err = blk_load_run(&load);
	virtblk_get_stats(disk, &after);
	if (err)
		return complain("blk bench: %s", error_name(err));
	if (load.failed)
		return bench_failed(&load, &before, &after);
	print("%s: depth %u, %llu reads, %llu IOPS", disk->disk_name, load.depth,
	      (unsigned long long)load.done,
	      (unsigned long long)(load.done * 1000000000 / (load.ns ? load.ns : 1)));
	print_ratio("kicks", after.kicks - before.kicks, load.done);
	print_ratio("interrupts each", after.interrupts - before.interrupts, load.done);
	print("%s\n", load.interrupted ? ", interrupted" : "");
	return STATUS_OK;
}
