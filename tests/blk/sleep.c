/* SPDX-License-Identifier: MIT */
/*
 * A disk that is put to sleep, wakes up or does not, while requests wait for it or are lost on the
 * way, and while another CPU is busy with them.
 */
#include "platform/host/host.h"
#include "ring/vring_errno.h"
#include "tests/support/host_blk.h"
#include "tests/support/host_machine.h"
#include "tests/support/one_disk.h"

#define SECONDS 1000000000ull
#define MS 1000000ull

static struct gendisk *start(const char *options)
{
	return disk_start(&(struct machine_device){ .options = options });
}

/* The device keeps the next request to itself. */
static void hold_one(void)
{
	struct VirtIOBlkFault fault = { .kind = VIRTIO_BLK_FAULT_HOLD,
					.type = VIRTIO_BLK_ANY_TYPE,
					.count = 1 };

	assert_true(virtio_blk_inject(host_blk_device(host_machine_device(0)), &fault));
}

static void get_stuck_in_reset(void)
{
	platform_host_capture_log(true);
	host_machine_expect_complaints(); /* of a reset that was given up */
	host_machine_proxy(0)->faults.reset_reads = VIRTIO_PCI_FOREVER;
}

static void come_out_of_reset(void)
{
	host_machine_proxy(0)->faults.reset_reads = 0;
	host_machine_proxy(0)->reset_left = 0;
}

static unsigned long resets(struct gendisk *disk)
{
	struct virtblk_stats stats;

	virtblk_get_stats(disk, &stats);
	return stats.resets;
}

/* ---- requests on the way to sleep, and after it ---- */

static void requests_in_flight_are_finished_before_it_sleeps(void **state)
{
	struct gendisk *disk = start("deferred=on");
	uint8_t *data = disk_buffer(SECTOR);
	struct flight flight;

	(void)state;
	flight_start(&flight, disk, REQ_OP_READ, 4, data, SECTOR);
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	assert_int_equal(flight.ended, 1);
	assert_int_equal(flight.error, 0);
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	disk_assert_works(disk);
}

/* The request that sleep waits for is lost: the device is reset, goes to sleep, and wakes up. */
static void a_request_lost_on_the_way_to_sleep_is_timed_out(void **state)
{
	struct gendisk *disk = start("queue_reset=off");
	uint8_t *data = disk_buffer(SECTOR);
	struct flight lost;

	(void)state;
	hold_one();
	flight_start(&lost, disk, REQ_OP_READ, 4, data, SECTOR);
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	assert_int_equal(lost.ended, 1);
	assert_int_equal(lost.error, -ETIMEDOUT);
	assert_int_equal(resets(disk), 1);
	flight_start(&lost, disk, REQ_OP_READ, 4, data, SECTOR);
	assert_int_equal(lost.ended, 0);
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	assert_int_equal(flight_end(&lost), 0);
	disk_assert_works(disk);
}

static void sleep_is_the_reset_that_a_device_asks_for(void **state)
{
	struct gendisk *disk = start(NULL);

	(void)state;
	host_machine_expect_complaints();
	virtio_device_fail(host_machine_device(0), "made to");
	assert_true(platform_wait(platform_now() + MS)); /* so that the driver knows */
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	disk_assert_works(disk);
	assert_int_equal(resets(disk), 0);
}

/* ---- not waking up, and waking up after all ---- */

static void a_disk_that_does_not_wake_up_fails_what_waits(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);
	struct flight flight;

	(void)state;
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	flight_start(&flight, disk, REQ_OP_READ, 4, data, SECTOR);
	/* What wakes up has less than what was agreed to. */
	host_machine_device(0)->host_features[0] &= ~(1ull << VIRTIO_BLK_F_FLUSH);
	assert_int_not_equal(virtio_device_restore(disk->vdev), 0);
	assert_int_equal(flight.ended, 0);
	disk_unbind();
	assert_int_equal(flight.ended, 1);
	assert_int_equal(flight.error, -ENODEV);
}

static void who_waits_for_a_disk_that_stays_in_reset_hears_of_it(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);
	struct flight flight;

	(void)state;
	get_stuck_in_reset();
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	flight_start(&flight, disk, REQ_OP_READ, 4, data, SECTOR);
	assert_int_equal(flight_end(&flight), -ENODEV);
	assert_int_not_equal(virtio_device_restore(disk->vdev), 0);
	assert_int_equal(blkdev_read(disk, 0, data, SECTOR), -ENODEV);
	flight_start(&flight, disk, REQ_OP_READ, 4, data, SECTOR);
	disk_unbind();
	assert_int_equal(flight.error, -ENODEV);
}

static void a_disk_that_did_not_wake_up_sleeps_again_and_does(void **state)
{
	struct gendisk *disk = start(NULL);
	uint64_t *offered = &host_machine_device(0)->host_features[0], all = *offered;
	uint8_t *data = disk_buffer(SECTOR);
	static struct flight flight; /* if it hangs, its end comes when we have gone */

	(void)state;
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	flight_start(&flight, disk, REQ_OP_READ, 4, data, SECTOR);
	*offered = all & ~(1ull << VIRTIO_BLK_F_FLUSH);
	assert_int_not_equal(virtio_device_restore(disk->vdev), 0);
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	*offered = all;
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	platform_wait(platform_now() + MS);
	assert_int_equal(flight.ended, 1);
	assert_int_equal(flight.error, 0);
	disk_assert_works(disk);
}

static void a_disk_that_stayed_in_reset_when_it_fell_asleep_wakes_up(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	get_stuck_in_reset();
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	assert_int_equal(blkdev_read(disk, 0, data, SECTOR), -ENODEV);
	assert_int_not_equal(virtio_device_restore(disk->vdev), 0);
	assert_int_equal(blkdev_read(disk, 0, data, SECTOR), -ENODEV);

	come_out_of_reset();
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	disk_assert_works(disk);
	/* And the next time it sleeps as it should. */
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	disk_assert_works(disk);
}

/* Losing all its state is the one thing that may help it. */
static void a_disk_that_was_given_up_wakes_up_as_a_new_one(void **state)
{
	struct gendisk *disk = start("queue_reset=off");
	uint8_t *data = disk_buffer(SECTOR);
	struct flight lost;

	(void)state;
	hold_one();
	flight_start(&lost, disk, REQ_OP_READ, 8, data, SECTOR);
	get_stuck_in_reset();
	assert_int_equal(flight_end(&lost), -ENODEV);
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	come_out_of_reset();
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	disk_assert_works(disk);
}

static void who_waits_for_a_disk_that_finds_no_room_hears_of_it(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);
	unsigned int failed = 0;
	bool woke_at_once = false;

	(void)state;
	platform_host_capture_log(true);
	platform_host_limit_msis(0); /* or it does with fewer interrupts, which takes less room */
	for (unsigned int n = 1; !woke_at_once || !failed; n++) {
		struct flight flight;

		assert_int_equal(virtio_device_freeze(disk->vdev), 0);
		flight_start(&flight, disk, REQ_OP_READ, 4, data, SECTOR);
		platform_host_fail_allocation(n);
		woke_at_once = !virtio_device_restore(disk->vdev);
		platform_host_fail_allocation(0);
		assert_int_equal(flight_end(&flight), woke_at_once ? 0 : -ENODEV);
		if (!woke_at_once) {
			failed++;
			assert_int_equal(virtio_device_restore(disk->vdev), 0);
		}
		assert_int_equal(blkdev_read(disk, n, data, SECTOR), 0);
		assert_sector(data, n);
		assert_true(n < 20);
	}
}

/* ---- while another CPU looks for requests that are late ---- */

static struct gendisk *busy;

/* It is done: until then the device, which it may be resetting, is left to it. */
static bool finish_looking(struct platform_host_work *work)
{
	struct virtio_device *vdev = busy->vdev;

	work->due = PLATFORM_FOREVER;
	assert_true(vdev->config->get_status(vdev) & VIRTIO_CONFIG_S_DRIVER_OK);
	busy->queue->in_timeout = false;
	return true;
}

static struct platform_host_work other_cpu = { .run = finish_looking };

static struct gendisk *start_while_another_cpu_looks(void)
{
	disk_machine(&(struct machine_device){ 0 });
	platform_host_set_cpus(2);
	busy = disk_bind();
	disk_assert_works(busy);
	busy->queue->in_timeout = true;
	other_cpu.due = platform_now() + 50 * MS;
	platform_host_add_work(&other_cpu);
	return busy;
}

static void it_does_not_sleep_while_another_cpu_looks_for_late_requests(void **state)
{
	struct gendisk *disk = start_while_another_cpu_looks();

	(void)state;
	assert_int_equal(virtio_device_freeze(disk->vdev), 0);
	assert_int_equal(other_cpu.due, PLATFORM_FOREVER);
	assert_int_equal(virtio_device_restore(disk->vdev), 0);
	disk_assert_works(disk);
}

static void it_does_not_go_while_another_cpu_looks_for_late_requests(void **state)
{
	(void)state;
	start_while_another_cpu_looks();
	disk_unbind();
	assert_int_equal(other_cpu.due, PLATFORM_FOREVER);
}

static void no_config_is_written_while_another_cpu_may_be_resetting(void **state)
{
	struct gendisk *disk = start_while_another_cpu_looks();

	(void)state;
	assert_int_equal(virtblk_set_cache(disk, false), 0);
	assert_int_equal(other_cpu.due, PLATFORM_FOREVER);
	assert_false(disk->queue->limits.write_cache);
	disk_assert_works(disk);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		disk_test(requests_in_flight_are_finished_before_it_sleeps),
		disk_test(a_request_lost_on_the_way_to_sleep_is_timed_out),
		disk_test(sleep_is_the_reset_that_a_device_asks_for),
		disk_test(a_disk_that_does_not_wake_up_fails_what_waits),
		disk_test(who_waits_for_a_disk_that_stays_in_reset_hears_of_it),
		disk_test(a_disk_that_did_not_wake_up_sleeps_again_and_does),
		disk_test(a_disk_that_stayed_in_reset_when_it_fell_asleep_wakes_up),
		disk_test(a_disk_that_was_given_up_wakes_up_as_a_new_one),
		disk_test(who_waits_for_a_disk_that_finds_no_room_hears_of_it),
		disk_test(it_does_not_sleep_while_another_cpu_looks_for_late_requests),
		disk_test(it_does_not_go_while_another_cpu_looks_for_late_requests),
		disk_test(no_config_is_written_while_another_cpu_may_be_resetting),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
