/* SPDX-License-Identifier: MIT */
/*
 * The block driver, on host against device/blk.c and on qtest against QEMU's virtio-blk-pci: every
 * kind of request that both of them offer, held against the disk's bytes. What becomes of many at a
 * time, and of a disk's life, is in blk_queues.c.
 */
#include "blk_test.h"

/* ---- reading and writing ---- */

static void a_disk_has_a_name_and_a_size(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });

	(void)state;
	assert_string_equal(disk->disk_name, "vda");
	assert_ptr_equal(blk_find_disk("vda"), disk);
	assert_null(blk_next_disk(disk));
	assert_int_equal(get_capacity(disk), DISK_SECTORS);
	assert_false(disk->read_only);
	assert_int_equal(disk->queue->limits.logical_block_size, SECTOR);
	assert_true(disk->queue->limits.write_cache);
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	disk_works(disk_start(&(struct machine_device){ 0 }));
}

static void packed_rings_carry_requests(void **state)
{
	(void)state;
	disk_works(disk_start(&(struct machine_device){ .packed = MACHINE_ON }));
}

static void requests_go_without_tables_and_event_indices(void **state)
{
	(void)state;
	disk_works(disk_start(
		&(struct machine_device){ .event_idx = MACHINE_OFF, .indirect = MACHINE_OFF }));
}

static void packed_rings_carry_chains(void **state)
{
	(void)state;
	disk_works(disk_start(&(struct machine_device){
		.packed = MACHINE_ON, .event_idx = MACHINE_OFF, .indirect = MACHINE_OFF }));
}

static void blk_legacyframing_01_a_legacy_disk_works(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .interface = MACHINE_LEGACY });

	(void)state;
	assert_false(virtio_has_feature(disk->vdev, VIRTIO_F_VERSION_1));
	disk_works(disk);
}

static void a_disk_without_vectors_works(void **state)
{
	(void)state;
	disk_works(disk_start(&(struct machine_device){ .vectors = MACHINE_NO_VECTORS }));
}

static void several_queues_share_a_vector(void **state)
{
	virtblk_poll_queues = 1;
	(void)state;
	disk_works(disk_start(&(struct machine_device){ .num_queues = 4, .vectors = 2 }));
}

static void buffers_need_no_alignment(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	uint8_t *data = disk_buffer(2 * PAGE_BYTES);

	(void)state;
	for (unsigned int odd = 1; odd < 600; odd += 97) {
		assert_int_equal(blkdev_read(disk, odd, data + odd, 3 * SECTOR), 0);
		for (unsigned int n = 0; n < 3; n++)
			assert_sector(data + odd + n * SECTOR, odd + n);
		assert_int_equal(data[odd - 1], 0);
		assert_int_equal(data[odd + 3 * SECTOR], 0);
		memset(data, 0, 2 * PAGE_BYTES);
	}
}

/* ---- segments ---- */

static int rw_pieces(struct gendisk *disk, enum req_op op, uint64_t sector,
		     const struct bio_vec *pieces, unsigned int num)
{
	struct request *rq = blk_mq_alloc_request(disk->queue, op, 0);
	int err;

	assert_non_null(rq);
	rq->sector = sector;
	rq->bvecs = pieces;
	rq->nr_bvecs = num;
	err = blk_execute_rq(rq);
	blk_mq_free_request(rq);
	return err;
}

static void a_request_has_up_to_seg_max_pieces(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	unsigned int most = disk->queue->limits.max_segments;
	uint8_t *data = disk_buffer(256 * 2 * SECTOR);
	struct bio_vec pieces[256];

	(void)state;
	assert_in_range(most, 2, 255);
	/* Every other sector of memory, from the back to the front. */
	for (unsigned int i = 0; i <= most; i++)
		pieces[i] = (struct bio_vec){ data + (most - i) * 2 * SECTOR, SECTOR };
	assert_int_equal(rw_pieces(disk, REQ_OP_READ, 7, pieces, most), 0);
	for (unsigned int i = 0; i < most; i++)
		assert_sector(pieces[i].bv_base, 7 + i);

	assert_int_equal(rw_pieces(disk, REQ_OP_WRITE, 1000, pieces, most), 0);
	for (unsigned int i = 0; i < most; i++)
		assert_sector(disk_sector(1000 + i), 7 + i);

	assert_int_equal(rw_pieces(disk, REQ_OP_READ, 7, pieces, most + 1), -EMSGSIZE);
}

static void pieces_need_not_end_where_sectors_do(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	uint8_t *data = disk_buffer(4 * PAGE_BYTES);
	struct bio_vec pieces[] = { { data, 100 },
				    { data + PAGE_BYTES, 1000 },
				    { data + 2 * PAGE_BYTES, 4 },
				    { data + 3 * PAGE_BYTES, 432 } };
	uint8_t whole[3 * SECTOR], *to = whole;

	(void)state;
	assert_int_equal(rw_pieces(disk, REQ_OP_READ, 3, pieces, 4), 0);
	for (unsigned int i = 0; i < 4; to += pieces[i].bv_len, i++)
		memcpy(to, pieces[i].bv_base, pieces[i].bv_len);
	for (unsigned int n = 0; n < 3; n++)
		assert_sector(whole + n * SECTOR, 3 + n);
}

static void what_is_too_long_for_one_request_goes_in_several(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	const uint32_t bytes = 256 << 10;
	uint8_t *data = disk_buffer(bytes);
	struct virtblk_stats before, after;

	(void)state;
	/* As if the device took no longer ones. */
	disk->queue->limits.max_segments = 2;
	disk->queue->limits.max_segment_size = 64 << 10;
	virtblk_get_stats(disk, &before);
	assert_int_equal(blkdev_read(disk, 0, data, bytes), 0);
	virtblk_get_stats(disk, &after);
	assert_int_equal(after.requests - before.requests, 2);
	for (unsigned int n = 0; n < bytes / SECTOR; n++)
		assert_sector(data + n * SECTOR, n);
}

/* ---- what is refused before it reaches the device ---- */

static void blk_op_02_nothing_beyond_capacity_is_submitted(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	uint8_t *data = disk_buffer(2 * SECTOR);
	struct virtblk_stats stats;

	(void)state;
	assert_int_equal(disk_do(disk, REQ_OP_READ, DISK_SECTORS - 1, data, SECTOR), 0);
	assert_sector(data, DISK_SECTORS - 1);
	assert_int_equal(disk_do(disk, REQ_OP_READ, DISK_SECTORS - 1, data, 2 * SECTOR), -ERANGE);
	assert_int_equal(disk_do(disk, REQ_OP_READ, DISK_SECTORS, data, SECTOR), -ERANGE);
	assert_int_equal(disk_do(disk, REQ_OP_WRITE, UINT64_MAX, data, SECTOR), -ERANGE);
	assert_int_equal(blkdev_issue_discard(disk, DISK_SECTORS - 1, 2), -ERANGE);
	virtblk_get_stats(disk, &stats);
	assert_int_equal(stats.requests, 1);
}

static void requests_that_are_none_are_refused(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	uint8_t *data = disk_buffer(2 * SECTOR);
	struct virtblk_stats stats;

	(void)state;
	assert_int_equal(disk_do(disk, REQ_OP_READ, 0, NULL, 0), -EINVAL);
	assert_int_equal(disk_do(disk, REQ_OP_READ, 0, data, SECTOR + 1), -EINVAL);
	assert_int_equal(disk_do(disk, REQ_OP_WRITE, 0, data, 511), -EINVAL);
	assert_int_equal(disk_do(disk, REQ_OP_FLUSH, 0, data, SECTOR), -EINVAL);
	assert_int_equal(disk_do(disk, REQ_OP_GET_ID, 0, data, 19), -EINVAL);
	assert_int_equal(disk_do(disk, REQ_OP_DISCARD, 0, NULL, 0), -EINVAL);
	assert_int_equal(disk_do(disk, REQ_OP_ZONE_APPEND, 0, data, SECTOR), -EOPNOTSUPP);
	assert_int_equal(disk_do(disk, REQ_OPS, 0, data, SECTOR), -EINVAL);
	assert_int_equal(blkdev_read(disk, 0, data, 0), -EINVAL);
	virtblk_get_stats(disk, &stats);
	assert_int_equal(stats.requests, 0);
}

static void blk_op_03_a_read_only_disk_is_not_written(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .read_only = true });
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	assert_true(disk->read_only);
	assert_int_equal(blkdev_read(disk, 9, data, SECTOR), 0);
	assert_sector(data, 9);
	assert_int_equal(blkdev_write(disk, 9, data, SECTOR), -EROFS);
	assert_int_equal(blkdev_issue_zeroout(disk, 9, 1, 0), -EROFS);
	assert_sector(disk_sector(9), 9);
}

/* ---- block size and topology ---- */

static void blocks_have_the_size_that_the_device_says(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){
		.options = "logical_block_size=4096,physical_block_size=16384,"
			   "min_io_size=16384,opt_io_size=65536" });
	const struct queue_limits *limits = &disk->queue->limits;
	uint8_t *data = disk_buffer(PAGE_BYTES);

	(void)state;
	assert_int_equal(limits->logical_block_size, 4096);
	assert_int_equal(limits->physical_block_size, 16384);
	assert_int_equal(limits->io_min, 16384);
	assert_int_equal(limits->io_opt, 65536);

	/* Sectors are counted in 512 bytes all the same (5.2.4). */
	assert_int_equal(get_capacity(disk), DISK_SECTORS);
	assert_int_equal(blkdev_read(disk, 8, data, PAGE_BYTES), 0);
	for (unsigned int n = 0; n < 8; n++)
		assert_sector(data + n * SECTOR, 8 + n);
	assert_int_equal(blkdev_read(disk, 9, data, PAGE_BYTES), -EINVAL);
	assert_int_equal(blkdev_read(disk, 8, data, SECTOR), -EINVAL);
	assert_int_equal(blkdev_issue_discard(disk, 1, 8), -EINVAL);
}

/* ---- requests without data ---- */

static void blk_op_04_05_a_flush_has_neither_sector_nor_data(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	struct virtblk_stats before, after;

	(void)state;
	virtblk_get_stats(disk, &before);
	assert_int_equal(blkdev_issue_flush(disk), 0);
	virtblk_get_stats(disk, &after);
	assert_int_equal(after.requests - before.requests, 1);
}

static void blk_op_08_the_id_is_20_bytes(void **state)
{
	struct gendisk *disk =
		disk_start(&(struct machine_device){ .options = "serial=exactly-20-bytes-abc" });
	char id[BLK_ID_LEN];

	(void)state;
	assert_int_equal(virtblk_get_id(disk, id), 0);
	assert_string_equal(id, "exactly-20-bytes-abc");
}

static void a_short_id_ends_with_a_nul(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .options = "serial=disk7" });
	char id[BLK_ID_LEN];

	(void)state;
	assert_int_equal(virtblk_get_id(disk, id), 0);
	assert_string_equal(id, "disk7");
}

static void write_zeroes_reads_back_as_zeroes(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	assert_int_equal(blkdev_issue_zeroout(disk, 100, 50, 0), 0);
	assert_int_equal(blkdev_issue_zeroout(disk, 200, 3, REQ_NOUNMAP), 0);
	assert_sector(disk_sector(99), 99);
	assert_filled(disk_sector(100), 0, 50 * SECTOR);
	assert_sector(disk_sector(150), 150);
	assert_filled(disk_sector(200), 0, 3 * SECTOR);
	assert_int_equal(blkdev_read(disk, 149, data, SECTOR), 0);
	assert_filled(data, 0, SECTOR);
}

static void without_write_zeroes_zeroes_are_written(void **state)
{
	struct gendisk *disk =
		disk_start(&(struct machine_device){ .options = "write-zeroes=off" });

	(void)state;
	assert_int_equal(disk->queue->limits.max_write_zeroes_sectors, 0);
	assert_int_equal(blkdev_issue_zeroout(disk, 10, 300, 0), 0);
	assert_sector(disk_sector(9), 9);
	assert_filled(disk_sector(10), 0, 300 * SECTOR);
	assert_sector(disk_sector(310), 310);
}

static void discard_leaves_the_rest_alone(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });

	(void)state;
	assert_int_equal(blkdev_issue_discard(disk, 64, 64), 0);
	/* 5.2.6.1: nothing may be assumed of what was discarded. */
	assert_sector(disk_sector(63), 63);
	assert_sector(disk_sector(128), 128);
}

static void long_discards_are_cut(void **state)
{
	struct gendisk *disk =
		disk_start(&(struct machine_device){ .options = "max-discard-sectors=100" });
	struct virtblk_stats stats;

	(void)state;
	assert_int_equal(disk->queue->limits.max_discard_sectors, 100);
	assert_int_equal(blkdev_issue_discard(disk, 0, 250), 0);
	virtblk_get_stats(disk, &stats);
	assert_int_equal(stats.requests, 3);
}

static void a_disk_without_discard_is_not_asked(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .options = "discard=off" });
	struct virtblk_stats stats;

	(void)state;
	assert_int_equal(blkdev_issue_discard(disk, 0, 8), -EOPNOTSUPP);
	assert_int_equal(blkdev_issue_secure_erase(disk, 0, 8), -EOPNOTSUPP);
	virtblk_get_stats(disk, &stats);
	assert_int_equal(stats.requests, 0);
}

/* ---- the cache ---- */

static void blk_op_12_13_the_cache_can_be_switched(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	struct virtblk_stats before, after;

	(void)state;
	assert_true(disk->queue->limits.write_cache);
	virtblk_get_stats(disk, &before);
	assert_int_equal(virtblk_set_cache(disk, false), 0);
	assert_false(disk->queue->limits.write_cache);
	/* What was written before is safe only by a flush, afterwards there is nothing to flush. */
	assert_int_equal(blkdev_issue_flush(disk), 0);
	virtblk_get_stats(disk, &after);
	assert_int_equal(after.requests - before.requests, 1);

	assert_int_equal(virtblk_set_cache(disk, true), 0);
	assert_true(disk->queue->limits.write_cache);
}

static void blk_init_03_without_config_wce_there_is_a_cache(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .options = "config-wce=off" });

	(void)state;
	assert_true(disk->queue->limits.write_cache);
	assert_int_equal(virtblk_set_cache(disk, false), -EOPNOTSUPP);
}

/* ---- a change of size ---- */

static void blk_op_01_a_new_capacity_is_seen(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .options = NULL });
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	machine_resize_disk(0, DISK_SECTORS / 2 * SECTOR);
	for (int i = 0; i < 1000 && !disk->capacity_changes; i++)
		platform_wait(platform_now() + 5000000);
	assert_int_equal(disk->capacity_changes, 1);
	assert_int_equal(get_capacity(disk), DISK_SECTORS / 2);
	assert_int_equal(blkdev_read(disk, DISK_SECTORS / 2, data, SECTOR), -ERANGE);
	assert_int_equal(blkdev_read(disk, DISK_SECTORS / 2 - 1, data, SECTOR), 0);
}

/* ---- what QEMU 7.2 has not ---- */

static void secure_erase_leaves_nothing(void **state)
{
	struct gendisk *disk;

	(void)state;
	if (on_qtest())
		machine_skip(__func__, "QEMU 7.2 offers no secure erase");
	disk = disk_start(&(struct machine_device){ .options = "secure_erase=on" });
	assert_int_equal(blkdev_issue_secure_erase(disk, 16, 16), 0);
	assert_filled(disk_sector(16), 0, 16 * SECTOR);
	assert_sector(disk_sector(32), 32);
}

static void a_disk_knows_its_wear(void **state)
{
	struct virtblk_lifetime lifetime;
	struct gendisk *disk;

	(void)state;
	if (on_qtest())
		machine_skip(__func__, "QEMU 7.2 offers no lifetime");
	disk = disk_start(&(struct machine_device){ .options = "lifetime=on" });
	assert_int_equal(virtblk_get_lifetime(disk, &lifetime), 0);
	assert_int_equal(lifetime.pre_eol_info, 1);
	assert_int_equal(lifetime.device_lifetime_est_typ_a, 2);
	assert_int_equal(lifetime.device_lifetime_est_typ_b, 3);
}

static void a_zoned_disk_is_appended_to(void **state)
{
	struct gendisk *disk;
	uint64_t where;

	(void)state;
	if (on_qtest())
		machine_skip(__func__, "QEMU 7.2 offers no zones");
	disk = disk_start(&(struct machine_device){ .options = "zoned=hm,zone_sectors=256" });
	assert_int_equal(blkdev_zone_append(disk, 256, disk_buffer(SECTOR), SECTOR, &where), 0);
	assert_int_equal(where, 256);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		disk_test(a_disk_has_a_name_and_a_size),
		disk_test(what_is_written_is_read_back),
		disk_test(packed_rings_carry_requests),
		disk_test(requests_go_without_tables_and_event_indices),
		disk_test(packed_rings_carry_chains),
		disk_test(blk_legacyframing_01_a_legacy_disk_works),
		disk_test(a_disk_without_vectors_works),
		disk_test(several_queues_share_a_vector),
		disk_test(buffers_need_no_alignment),
		disk_test(a_request_has_up_to_seg_max_pieces),
		disk_test(pieces_need_not_end_where_sectors_do),
		disk_test(what_is_too_long_for_one_request_goes_in_several),
		disk_test(blk_op_02_nothing_beyond_capacity_is_submitted),
		disk_test(requests_that_are_none_are_refused),
		disk_test(blk_op_03_a_read_only_disk_is_not_written),
		disk_test(blocks_have_the_size_that_the_device_says),
		disk_test(blk_op_04_05_a_flush_has_neither_sector_nor_data),
		disk_test(blk_op_08_the_id_is_20_bytes),
		disk_test(a_short_id_ends_with_a_nul),
		disk_test(write_zeroes_reads_back_as_zeroes),
		disk_test(without_write_zeroes_zeroes_are_written),
		disk_test(discard_leaves_the_rest_alone),
		disk_test(long_discards_are_cut),
		disk_test(a_disk_without_discard_is_not_asked),
		disk_test(blk_op_12_13_the_cache_can_be_switched),
		disk_test(blk_init_03_without_config_wce_there_is_a_cache),
		disk_test(blk_op_01_a_new_capacity_is_seen),
		disk_test(secure_erase_leaves_nothing),
		disk_test(a_disk_knows_its_wear),
		disk_test(a_zoned_disk_is_appended_to),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
