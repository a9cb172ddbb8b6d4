/* SPDX-License-Identifier: MIT */
/*
 * The block driver's queues, on host and on qtest: many requests at a time, full rings, polling,
 * back ends that fail, and disks that go to sleep, break and come back.
 */
#include "blk_test.h"
#include "pci/virtio_pci_common.h"

/* ---- many at a time ---- */

static void requests_in_flight_do_not_disturb_each_other(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	uint8_t *data = disk_buffer(64 * SECTOR);
	struct flight flights[64];

	(void)state;
	for (unsigned int i = 0; i < 64; i++)
		flight_start(&flights[i], disk, REQ_OP_READ, i * 31, data + i * SECTOR, SECTOR);
	for (unsigned int i = 0; i < 64; i++) {
		assert_int_equal(flight_end(&flights[i]), 0);
		assert_sector(data + i * SECTOR, i * 31);
	}
}

static void requests_of_a_plug_go_with_one_kick(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });
	uint8_t *data = disk_buffer(32 * SECTOR);
	struct virtblk_stats stats;
	struct flight flights[32];
	struct blk_plug plug;

	(void)state;
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 32; i++) {
		flight_prepare(&flights[i], disk, REQ_OP_READ, i, data + i * SECTOR, SECTOR);
		blk_plug_add(&plug, flights[i].rq);
	}
	virtblk_get_stats(disk, &stats);
	assert_int_equal(stats.requests, 0);
	blk_finish_plug(&plug);
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(flight_end(&flights[i]), 0);
		assert_sector(data + i * SECTOR, i);
	}
	virtblk_get_stats(disk, &stats);
	assert_int_equal(stats.requests, 32);
	assert_int_equal(stats.kicks, 1);
}

static void a_full_ring_makes_requests_wait(void **state)
{
	/* 8 entries and no tables: 4 tags, and requests of 5 descriptors. */
	struct gendisk *disk =
		disk_start(&(struct machine_device){ .queue_size = 8, .indirect = MACHINE_OFF });
	uint8_t *data = disk_buffer(4 * 3 * SECTOR);
	struct bio_vec pieces[4][3];
	struct virtblk_stats stats;
	struct flight flights[4];
	struct blk_plug plug;

	(void)state;
	assert_int_equal(disk->queue->tag_set->queue_depth, 4);
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 4; i++) {
		flight_prepare(&flights[i], disk, REQ_OP_READ, 3 * i, NULL, 0);
		for (unsigned int n = 0; n < 3; n++)
			pieces[i][n] = (struct bio_vec){ data + (i * 3 + n) * SECTOR, SECTOR };
		flights[i].rq->bvecs = pieces[i];
		flights[i].rq->nr_bvecs = 3;
		blk_plug_add(&plug, flights[i].rq);
	}
	blk_finish_plug(&plug);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(flight_end(&flights[i]), 0);
	for (unsigned int n = 0; n < 12; n++)
		assert_sector(data + n * SECTOR, n);
	virtblk_get_stats(disk, &stats);
	assert_in_range(stats.requeues, 3, 1000);
}

static void when_tags_are_out_requests_wait_for_one(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .queue_size = 4 });
	unsigned int depth = disk->queue->tag_set->queue_depth;
	uint8_t *data = disk_buffer(8 * SECTOR);
	struct flight flights[4];

	(void)state;
	assert_int_equal(depth, 4);
	for (unsigned int i = 0; i < depth; i++)
		flight_prepare(&flights[i], disk, REQ_OP_READ, i, data + i * SECTOR, SECTOR);
	assert_null(blk_mq_alloc_request(disk->queue, REQ_OP_READ, REQ_NOWAIT));
	for (unsigned int i = 0; i < depth; i++)
		blk_execute_rq_nowait(flights[i].rq);
	for (unsigned int i = 0; i < depth; i++)
		assert_int_equal(flight_end(&flights[i]), 0);
	assert_int_equal(blkdev_read(disk, 77, data, SECTOR), 0);
	assert_sector(data, 77);
}

/* ---- polled queues ---- */

static void polled_queues_need_no_interrupt(void **state)
{
	struct gendisk *disk;
	struct virtblk_stats stats;
	struct request *rq;
	struct bio_vec bvec;

	(void)state;
	virtblk_poll_queues = 3;
	disk = disk_start(&(struct machine_device){ .num_queues = 4 });
	assert_int_equal(disk->queue->tag_set->nr_hw_queues, 4);
	assert_int_equal(disk->queue->tag_set->map[HCTX_TYPE_POLL].nr_queues, 3);

	bvec = (struct bio_vec){ disk_buffer(SECTOR), SECTOR };
	rq = blk_mq_alloc_request(disk->queue, REQ_OP_READ, REQ_POLLED);
	assert_int_equal(rq->mq_hctx->type, HCTX_TYPE_POLL);
	rq->sector = 123;
	rq->bvecs = &bvec;
	rq->nr_bvecs = 1;
	assert_int_equal(blk_execute_rq(rq), 0);
	blk_mq_free_request(rq);
	assert_sector(bvec.bv_base, 123);
	virtblk_get_stats(disk, &stats);
	assert_int_equal(stats.requests, 1);
	assert_int_equal(stats.interrupts, 0);

	disk_works(disk);
}

static void without_polled_queues_nothing_is_polled(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .num_queues = 4 });

	(void)state;
	assert_null(blk_mq_alloc_request(disk->queue, REQ_OP_READ, REQ_POLLED));
	assert_int_equal(blk_mq_poll(disk->queue), 0);
}

/* ---- errors of the back end ---- */

static void a_bad_sector_is_that_request_s_error(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){
		.backend =
			"blkdebug:inject-error.0.event=none,inject-error.0.iotype=read,inject-error.0.sector=40" });
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	assert_int_equal(blkdev_read(disk, 40, data, SECTOR), -EIO);
	assert_int_equal(blkdev_read(disk, 41, data, SECTOR), 0);
	assert_sector(data, 41);
	assert_int_equal(blkdev_read(disk, 40, data, SECTOR), -EIO);
	assert_int_equal(blkdev_write(disk, 40, data, SECTOR), 0);
}

static void a_write_that_fails_says_so(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){
		.backend = "blkdebug:inject-error.0.event=none,inject-error.0.iotype=write",
		.options = on_qtest() ? "werror=report" : NULL });
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	assert_int_equal(blkdev_write(disk, 11, data, SECTOR), -EIO);
	assert_sector(disk_sector(11), 11);
	assert_int_equal(blkdev_read(disk, 11, data, SECTOR), 0);
	assert_sector(data, 11);
}

static void a_flush_that_fails_says_so(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){
		.backend = "blkdebug:inject-error.0.event=none,inject-error.0.iotype=flush",
		.options = on_qtest() ? "werror=report" : NULL });
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	assert_int_equal(blkdev_write(disk, 0, data, SECTOR), 0);
	assert_int_equal(blkdev_issue_flush(disk), -EIO);
	disk->queue->limits.write_cache = false; /* nobody is to try again */
}

static void a_disk_that_is_nothing_reads_as_zeroes(void **state)
{
	struct gendisk *disk =
		disk_start(&(struct machine_device){ .backend = "null-co", .disk_bytes = 8 << 20 });
	uint8_t *data = disk_buffer(PAGE_BYTES);

	(void)state;
	assert_int_equal(get_capacity(disk), 8 << 11);
	memset(data, 0xff, PAGE_BYTES);
	assert_int_equal(blkdev_write(disk, 1000, data, PAGE_BYTES), 0);
	assert_int_equal(blkdev_read(disk, 1000, data, PAGE_BYTES), 0);
	assert_filled(data, 0, PAGE_BYTES);
}

/* ---- life ---- */

static void a_disk_can_be_bound_again(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .num_queues = 2 });

	(void)state;
	disk_works(disk);
	disk_unbind();
	assert_null(blk_next_disk(NULL));
	disk = disk_bind();
	assert_string_equal(disk->disk_name, "vda");
	assert_int_equal(blkdev_read(disk, 0, disk_buffer(SECTOR), SECTOR), 0);
}

static void a_disk_sleeps_and_wakes_up(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .packed = MACHINE_ON });
	uint8_t *data = disk_buffer(SECTOR);
	struct flight late;

	(void)state;
	assert_int_equal(virtblk_set_cache(disk, false), 0);
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	flight_start(&late, disk, REQ_OP_READ, 55, data, SECTOR);
	assert_int_equal(late.ended, 0);
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	assert_int_equal(flight_end(&late), 0);
	assert_sector(data, 55);
	/* What was chosen before is chosen still. */
	assert_int_equal(virtio_cread8(disk->vdev, offsetof(struct virtio_blk_config, writeback)),
			 0);
	disk_works(disk);
}

/* As after a device that broke a rule: the queue is reset, and what waits for it is done. */
static void broken_queues_go_on(struct gendisk *disk)
{
	uint8_t *data = disk_buffer(2 * SECTOR);
	struct virtblk_stats stats;
	struct flight waiting;

	assert_int_equal(blkdev_read(disk, 1, data, SECTOR), 0);
	virtio_break_device(disk->vdev);
	flight_start(&waiting, disk, REQ_OP_READ, 99, data, SECTOR);
	assert_int_equal(waiting.ended, 0);
	assert_int_equal(flight_end(&waiting), 0);
	assert_sector(data, 99);
	virtblk_get_stats(disk, &stats);
	assert_int_equal(stats.resets, 1);
	disk_works(disk);
}

static void a_broken_queue_is_reset_alone(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ 0 });

	(void)state;
	assert_true(virtio_has_feature(disk->vdev, VIRTIO_F_RING_RESET));
	broken_queues_go_on(disk);
}

static void a_legacy_device_with_a_broken_queue_is_reset(void **state)
{
	(void)state;
	broken_queues_go_on(disk_start(&(struct machine_device){ .interface = MACHINE_LEGACY }));
}

static void two_disks_have_two_names(void **state)
{
	struct machine machine = { .devices = { { .type = "blk", .disk_bytes = 64 * SECTOR },
						{ .type = "blk", .disk_bytes = 96 * SECTOR } } };
	struct gendisk *first, *second;

	(void)state;
	machine_start(&machine);
	assert_int_equal(register_virtio_driver(&virtio_blk), 0);
	assert_true(pci_scan() >= 0);
	assert_int_equal(virtio_pci_probe_all(), 2);
	first = blk_find_disk("vda");
	second = blk_find_disk("vdb");
	assert_int_equal(get_capacity(first), 64);
	assert_int_equal(get_capacity(second), 96);
	assert_ptr_equal(blk_next_disk(first), second);
	unregister_virtio_driver(&virtio_blk);
	virtio_pci_remove_all();
	pci_forget();
	machine_stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		disk_test(requests_in_flight_do_not_disturb_each_other),
		disk_test(requests_of_a_plug_go_with_one_kick),
		disk_test(a_full_ring_makes_requests_wait),
		disk_test(when_tags_are_out_requests_wait_for_one),
		disk_test(polled_queues_need_no_interrupt),
		disk_test(without_polled_queues_nothing_is_polled),
		disk_test(a_bad_sector_is_that_request_s_error),
		disk_test(a_write_that_fails_says_so),
		disk_test(a_flush_that_fails_says_so),
		disk_test(a_disk_that_is_nothing_reads_as_zeroes),
		disk_test(a_disk_can_be_bound_again),
		disk_test(a_disk_sleeps_and_wakes_up),
		disk_test(a_broken_queue_is_reset_alone),
		disk_test(a_legacy_device_with_a_broken_queue_is_reset),
		disk_test(two_disks_have_two_names),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
