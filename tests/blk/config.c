/* SPDX-License-Identifier: MIT */
/*
 * What a device says of itself, and what the driver makes of it: limits, queues and CPUs, caches;
 * and config that lies, which is either lived with or refused in one line.
 */
#include "pci/virtio_pci_common.h"
#include "platform/host/host.h"
#include "tests/support/host_blk.h"
#include "tests/support/host_machine.h"
#include "tests/support/one_disk.h"

static struct VirtIOBlock *device(void)
{
	return host_blk_device(host_machine_device(0));
}

static struct virtio_blk_config *config(void)
{
	return &device()->config;
}

/* A machine whose disk says, before anybody reads it, what the test is about to write there. */
static void lying(const struct machine_device *disk)
{
	disk_machine(disk);
	platform_host_capture_log(true);
}

static void offer(unsigned int feature)
{
	host_machine_device(0)->host_features[0] |= 1ull << feature;
}

/* The driver does not take it, and says which field is why. */
static void assert_refused(const char *field)
{
	assert_null(disk_bind());
	if (!strstr(platform_host_log(), field))
		fail_msg("nothing was said of %s: %s", field, platform_host_log());
	assert_true(virtio_next_device(NULL)->driver == NULL);
}

static struct gendisk *assert_works(void)
{
	struct gendisk *disk = disk_bind();
	uint8_t *data = disk_buffer(4 * SECTOR);

	assert_non_null(disk);
	assert_int_equal(blkdev_read(disk, 40, data, 4 * SECTOR), 0);
	for (unsigned int n = 0; n < 4; n++)
		assert_sector(data + n * SECTOR, 40 + n);
	return disk;
}

/* ---- config that is refused ---- */

static void no_queues_are_too_few(void **state)
{
	(void)state;
	lying(&(struct machine_device){ 0 });
	le16_write(&config()->num_queues, 0);
	assert_refused("num_queues is 0");
}

static void blocks_are_powers_of_two_from_a_sector_up(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 256, 513, 1536, 131072, UINT32_MAX };

	(void)state;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		lying(&(struct machine_device){ 0 });
		le32_write(&config()->blk_size, sizes[i]);
		assert_refused("blk_size is");
		disk_stop(NULL);
	}
}

static void elements_of_no_bytes_carry_nothing(void **state)
{
	(void)state;
	lying(&(struct machine_device){ .options = "size_max=4096" });
	le32_write(&config()->size_max, 0);
	assert_refused("size_max is 0");
}

static void a_block_has_to_fit_into_a_request(void **state)
{
	(void)state;
	lying(&(struct machine_device){ .options = "size_max=100,seg_max=5" });
	assert_refused("size_max is 100");
}

static void a_ring_of_two_has_no_room_for_data(void **state)
{
	(void)state;
	lying(&(struct machine_device){ .queue_size = 2, .options = "seg_max=4" });
	assert_refused("queue_size is 2");
}

static void zones_have_to_make_sense(void **state)
{
	(void)state;
	lying(&(struct machine_device){ .options = "zoned=hm" });
	config()->zoned.model = 3;
	assert_refused("zoned.model is 3");
	disk_stop(NULL);

	lying(&(struct machine_device){ .options = "zoned=hm" });
	le32_write(&config()->zoned.zone_sectors, 0);
	assert_refused("zoned.zone_sectors is 0");
	disk_stop(NULL);

	lying(&(struct machine_device){ .options = "zoned=hm" });
	le32_write(&config()->zoned.write_granularity, 0);
	assert_refused("zoned.write_granularity is 0");
	disk_stop(NULL);

	lying(&(struct machine_device){ .options = "zoned=hm" });
	le32_write(&config()->zoned.write_granularity, 700);
	assert_refused("zoned.write_granularity is 700");
}

static void every_allocation_may_fail(void **state)
{
	struct platform_host_usage before, after;
	unsigned int failed = 0;

	(void)state;
	lying(&(struct machine_device){ .num_queues = 2 });
	platform_host_set_cpus(2);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 1);
	before = platform_host_usage();
	for (unsigned int n = 1; n < 60; n++) {
		platform_host_fail_allocation(n);
		/* Without indirect tables, say, it goes as well. */
		if (!disk_bind())
			failed++;
		platform_host_fail_allocation(0);
		disk_unbind();
		after = platform_host_usage();
		assert_memory_equal(&before, &after, sizeof(before));
	}
	assert_in_range(failed, 8, 50);
	assert_works();
}

/* ---- config that is lived with ---- */

static void no_segments_are_one(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ 0 });
	le32_write(&config()->seg_max, 0);
	disk = assert_works();
	assert_int_equal(disk->queue->limits.max_segments, 1);
}

static void more_segments_than_the_ring_holds_are_cut(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ .queue_size = 16 });
	le32_write(&config()->seg_max, UINT32_MAX);
	disk = assert_works();
	assert_int_equal(disk->queue->limits.max_segments, 14);
}

static void a_capacity_beyond_all_bounds_overflows_nothing(void **state)
{
	struct gendisk *disk;
	uint8_t *data;

	(void)state;
	lying(&(struct machine_device){ 0 });
	le64_write(&config()->capacity, UINT64_MAX);
	disk = assert_works();
	data = disk_buffer(2 * SECTOR);
	assert_int_equal(get_capacity(disk), UINT64_MAX);
	/* The driver believes it, the device knows better. */
	assert_int_equal(blkdev_read(disk, UINT64_MAX - 1, data, SECTOR), -EIO);
	assert_int_equal(disk_do(disk, REQ_OP_READ, UINT64_MAX - 1, data, 2 * SECTOR), -ERANGE);
	assert_int_equal(blkdev_read(disk, 1ull << 55, data, SECTOR), -EIO);
	assert_int_equal(blkdev_issue_discard(disk, UINT64_MAX - 8, 8), -EIO);
}

static void zeroes_beyond_all_bounds_are_not_none(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ .options = "write-zeroes=off" });
	le64_write(&config()->capacity, UINT64_MAX);
	disk = assert_works();
	assert_int_equal(disk->queue->limits.max_write_zeroes_sectors, 0);
	/* 2^64 bytes, of which the device knows better as well. */
	assert_int_equal(blkdev_issue_zeroout(disk, 0, 1ull << 55, 0), -EIO);
}

static void a_capacity_of_nothing_is_a_disk_of_nothing(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ 0 });
	le64_write(&config()->capacity, 0);
	disk = disk_bind();
	assert_non_null(disk);
	assert_int_equal(blkdev_read(disk, 0, disk_buffer(SECTOR), SECTOR), -ERANGE);
	assert_int_equal(blkdev_issue_flush(disk), 0);
}

static void topology_that_cannot_be_is_not_believed(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ 0 });
	config()->topology.physical_block_exp = 255;
	config()->topology.alignment_offset = 255;
	le16_write(&config()->topology.min_io_size, 65535);
	le32_write(&config()->topology.opt_io_size, UINT32_MAX);
	disk = assert_works();
	assert_int_equal(disk->queue->limits.physical_block_size, 512);
	assert_int_equal(disk->queue->limits.alignment_offset, 255 * 512);
	assert_int_equal(disk->queue->limits.io_min, 65535 * 512);
	assert_int_equal(disk->queue->limits.io_opt, 0);
}

static void ranges_without_numbers_are_single_and_of_any_length(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ .options = "secure_erase=on" });
	le32_write(&config()->max_discard_sectors, 0);
	le32_write(&config()->max_discard_seg, 0);
	le32_write(&config()->discard_sector_alignment, UINT32_MAX);
	le32_write(&config()->max_write_zeroes_sectors, 0);
	le32_write(&config()->max_write_zeroes_seg, UINT32_MAX);
	disk = assert_works();
	assert_int_equal(disk->queue->limits.max_discard_sectors, UINT32_MAX);
	assert_int_equal(disk->queue->limits.max_discard_segments, 1);
	assert_in_range(disk->queue->limits.max_write_zeroes_segments, 2, 256);
	assert_int_equal(blkdev_issue_discard(disk, 0, 16), 0);
	assert_int_equal(blkdev_issue_zeroout(disk, 0, 16, 0), 0);
}

static void lies_about_wear_are_found_out(void **state)
{
	struct virtblk_lifetime lifetime;
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ .options = "lifetime=on" });
	device()->conf.lifetime_typ_b = 12;
	disk = assert_works();
	assert_int_equal(virtblk_get_lifetime(disk, &lifetime), -EPROTO);
	device()->conf.lifetime_typ_b = 11;
	assert_int_equal(virtblk_get_lifetime(disk, &lifetime), 0);
}

/* ---- features ---- */

static void blk_init_02_without_flush_nothing_is_cached(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ .options = "flush=off" });
	disk = assert_works();
	assert_false(disk->queue->limits.write_cache);
	assert_int_equal(blkdev_issue_flush(disk), 0);
	assert_int_equal(device()->count[VIRTIO_BLK_T_FLUSH], 0);
}

static void blk_init_12_wce_without_flush_is_write_through(void **state)
{
	(void)state;
	lying(&(struct machine_device){ .options = "flush=off" });
	offer(VIRTIO_BLK_F_CONFIG_WCE); /* which a device should not; then there is no cache */
	assert_false(assert_works()->queue->limits.write_cache);
	assert_int_equal(device()->config.writeback, 0);
}

static void a_write_through_disk_says_so(void **state)
{
	(void)state;
	lying(&(struct machine_device){ .options = "write-cache=off" });
	assert_false(assert_works()->queue->limits.write_cache);
}

static void the_cache_of_a_disk_that_is_not_there_stays_as_it_is(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .options = "config-wce=on" });
	bool before = disk->queue->limits.write_cache;

	(void)state;
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	assert_int_equal(virtblk_set_cache(disk, !before), -ENODEV);
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	assert_int_equal(disk->queue->limits.write_cache, before);
	assert_int_equal(virtblk_set_cache(disk, before), 0);
	machine_remove_suddenly(0);
	assert_int_equal(virtblk_set_cache(disk, before), -ENODEV);
	assert_int_equal(disk->queue->limits.write_cache, before);
}

static void size_max_is_honoured(void **state)
{
	static const struct VirtIOBlkFault hold = { .kind = VIRTIO_BLK_FAULT_HOLD,
						    .type = VIRTIO_BLK_ANY_TYPE,
						    .count = 1 };
	const struct VirtQueueElement *elem;
	struct flight flight;
	struct gendisk *disk;
	uint8_t *data;

	(void)state;
	lying(&(struct machine_device){ .options = "size_max=700,seg_max=10" });
	disk = assert_works();
	data = disk_buffer(64 * SECTOR);
	/* Ten elements are 7000 bytes: 13 sectors. */
	assert_int_equal(disk_do(disk, REQ_OP_READ, 0, data, 13 * SECTOR), 0);
	assert_int_equal(disk_do(disk, REQ_OP_READ, 0, data, 14 * SECTOR), -EMSGSIZE);
	for (unsigned int n = 0; n < 13; n++)
		assert_sector(data + n * SECTOR, n);
	assert_int_equal(blkdev_read(disk, 100, data, 64 * SECTOR), 0);
	for (unsigned int n = 0; n < 64; n++)
		assert_sector(data + n * SECTOR, 100 + n);

	/* And the device sees that many, none of them longer. */
	assert_true(virtio_blk_inject(device(), &hold));
	flight_start(&flight, disk, REQ_OP_READ, 0, data, 13 * SECTOR);
	assert_int_equal(device()->held.num, 1);
	elem = &device()->held.first->elem;
	assert_int_equal(elem->in_num, 10 + 1); /* and the status */
	for (unsigned int i = 0; i < elem->in_num; i++)
		assert_in_range(elem->in_sg[i].len, 1, 700);
	assert_true(virtio_blk_release(device(), 0));
	assert_int_equal(flight_end(&flight), 0);
}

static void many_ranges_go_in_one_request(void **state)
{
	static const struct blk_range ranges[] = { { 10, 2 }, { 20, 1 }, { 30, 5 }, { 40, 1 } };
	struct gendisk *disk;
	struct request *rq;
	size_t bytes;
	uint8_t *image;

	(void)state;
	lying(&(struct machine_device){ .options = "ranges=3" });
	disk = assert_works();
	rq = blk_mq_alloc_request(disk->queue, REQ_OP_WRITE_ZEROES, 0);
	rq->ranges = ranges;
	rq->nr_ranges = 3;
	assert_int_equal(blk_execute_rq(rq), 0);
	rq->nr_ranges = 4;
	assert_int_equal(blk_execute_rq(rq), -EMSGSIZE);
	blk_mq_free_request(rq);
	assert_int_equal(device()->count[VIRTIO_BLK_T_WRITE_ZEROES], 1);
	image = machine_disk(0, &bytes);
	for (unsigned int n = 9; n < 36; n++) {
		bool zeroed = n == 10 || n == 11 || n == 20 || n >= 30;

		assert_sector(image + n * SECTOR, zeroed && n != 35 ? 0 : n);
	}
}

/* ---- queues and CPUs ---- */

static struct gendisk *disk_on_cpus(unsigned int cpus, unsigned int queues, unsigned int vectors)
{
	lying(&(struct machine_device){ .num_queues = queues, .vectors = vectors });
	platform_host_set_cpus(cpus);
	return assert_works();
}

static void each_cpu_has_a_queue_of_its_own(void **state)
{
	struct gendisk *disk = disk_on_cpus(4, 4, 0);
	const struct blk_mq_queue_map *map = &disk->queue->tag_set->map[HCTX_TYPE_DEFAULT];

	(void)state;
	assert_int_equal(map->nr_queues, 4);
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		int queue = (int)map->mq_map[cpu];

		/* And its interrupts come to that CPU. */
		assert_int_equal(disk->vdev->config->get_vq_affinity(disk->vdev, queue), cpu);
		for (unsigned int other = 0; other < cpu; other++)
			assert_int_not_equal(map->mq_map[other], queue);
	}
}

static void more_cpus_than_queues_share_them(void **state)
{
	struct gendisk *disk = disk_on_cpus(4, 2, 0);
	const struct blk_mq_queue_map *map = &disk->queue->tag_set->map[HCTX_TYPE_DEFAULT];
	unsigned int users[2] = { 0 };

	(void)state;
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		assert_true(map->mq_map[cpu] < 2);
		users[map->mq_map[cpu]]++;
	}
	assert_true(users[0] && users[1]);
}

static void more_queues_than_cpus_are_not_used(void **state)
{
	(void)state;
	assert_int_equal(disk_on_cpus(2, 8, 0)->queue->tag_set->nr_hw_queues, 2);
}

static void queues_that_share_a_vector_have_no_cpu(void **state)
{
	struct gendisk *disk = disk_on_cpus(2, 2, 2);
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		platform_host_set_cpu(cpu);
		assert_int_equal(blkdev_read(disk, 5 + cpu, data, SECTOR), 0);
		assert_sector(data, 5 + cpu);
	}
}

static void fewer_queues_can_be_asked_for(void **state)
{
	(void)state;
	virtblk_num_request_queues = 3;
	virtblk_poll_queues = 1;
	assert_int_equal(disk_on_cpus(4, 8, 0)->queue->tag_set->nr_hw_queues, 3);
}

static void a_queue_with_interrupts_is_left(void **state)
{
	struct gendisk *disk;

	(void)state;
	virtblk_poll_queues = 9;
	disk = disk_on_cpus(1, 4, 0);
	assert_int_equal(disk->queue->tag_set->map[HCTX_TYPE_DEFAULT].nr_queues, 1);
	assert_int_equal(disk->queue->tag_set->map[HCTX_TYPE_POLL].nr_queues, 3);
}

static void a_device_without_mq_has_one_queue(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ .num_queues = 4 });
	host_machine_device(0)->host_features[0] &= ~(1ull << VIRTIO_BLK_F_MQ);
	platform_host_set_cpus(4);
	disk = assert_works();
	assert_int_equal(disk->queue->tag_set->nr_hw_queues, 1);
}

/* ---- changes ---- */

static void blk_op_27_a_change_while_requests_are_in_flight(void **state)
{
	struct gendisk *disk;
	struct flight flights[8];
	uint8_t *data;

	(void)state;
	lying(&(struct machine_device){ .options = "deferred=on,max_disk=2097152" });
	disk = assert_works();
	data = disk_buffer(8 * SECTOR);
	for (unsigned int i = 0; i < 8; i++)
		flight_start(&flights[i], disk, REQ_OP_READ, 2040 + i, data + i * SECTOR, SECTOR);
	/* Smaller, below what some of them read; then larger than ever. */
	machine_resize_disk(0, 2044 * SECTOR);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(flight_end(&flights[i]), i < 4 ? 0 : -EIO);
	assert_int_equal(get_capacity(disk), 2044);
	machine_resize_disk(0, 4096 * SECTOR);
	blk_mq_wait(disk->queue, platform_now() + 1000);
	assert_int_equal(get_capacity(disk), 4096);
	assert_int_equal(blkdev_write(disk, 4095, data, SECTOR), 0);
	assert_int_equal(disk->capacity_changes, 2);
}

static void a_change_of_something_else_changes_nothing(void **state)
{
	struct gendisk *disk;

	(void)state;
	lying(&(struct machine_device){ 0 });
	disk = assert_works();
	virtio_notify_config(host_machine_device(0));
	blk_mq_wait(disk->queue, platform_now() + 1000);
	assert_int_equal(disk->capacity_changes, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		disk_test(no_queues_are_too_few),
		disk_test(blocks_are_powers_of_two_from_a_sector_up),
		disk_test(elements_of_no_bytes_carry_nothing),
		disk_test(a_block_has_to_fit_into_a_request),
		disk_test(a_ring_of_two_has_no_room_for_data),
		disk_test(zones_have_to_make_sense),
		disk_test(every_allocation_may_fail),
		disk_test(no_segments_are_one),
		disk_test(more_segments_than_the_ring_holds_are_cut),
		disk_test(a_capacity_beyond_all_bounds_overflows_nothing),
		disk_test(zeroes_beyond_all_bounds_are_not_none),
		disk_test(a_capacity_of_nothing_is_a_disk_of_nothing),
		disk_test(topology_that_cannot_be_is_not_believed),
		disk_test(ranges_without_numbers_are_single_and_of_any_length),
		disk_test(lies_about_wear_are_found_out),
		disk_test(blk_init_02_without_flush_nothing_is_cached),
		disk_test(blk_init_12_wce_without_flush_is_write_through),
		disk_test(a_write_through_disk_says_so),
		disk_test(the_cache_of_a_disk_that_is_not_there_stays_as_it_is),
		disk_test(size_max_is_honoured),
		disk_test(many_ranges_go_in_one_request),
		disk_test(each_cpu_has_a_queue_of_its_own),
		disk_test(more_cpus_than_queues_share_them),
		disk_test(more_queues_than_cpus_are_not_used),
		disk_test(queues_that_share_a_vector_have_no_cpu),
		disk_test(fewer_queues_can_be_asked_for),
		disk_test(a_queue_with_interrupts_is_left),
		disk_test(a_device_without_mq_has_one_queue),
		disk_test(blk_op_27_a_change_while_requests_are_in_flight),
		disk_test(a_change_of_something_else_changes_nothing),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
