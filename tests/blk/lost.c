/* SPDX-License-Identifier: MIT */
/*
 * A device that misbehaves: wrong answers, no answers, late ones, broken rings, and being gone.
 * Each costs the request it happened to its result, and no other request a byte; nothing hangs.
 */
#include "platform/host/host.h"
#include "ring/vring_errno.h"
#include "tests/support/host_blk.h"
#include "tests/support/host_machine.h"
#include "pci/virtio_pci_common.h"
#include "tests/support/one_disk.h"

#define SECONDS 1000000000ull

static struct VirtIOBlock *device(void)
{
	return host_blk_device(host_machine_device(0));
}

static void fault(enum virtio_blk_fault_kind kind, unsigned int after, unsigned int count,
		  uint32_t value)
{
	struct VirtIOBlkFault fault = { .kind = kind,
					.type = VIRTIO_BLK_ANY_TYPE,
					.after = after,
					.count = count,
					.value = value };

	assert_true(virtio_blk_inject(device(), &fault));
}

static struct virtblk_stats stats_of(struct gendisk *disk)
{
	struct virtblk_stats stats;

	virtblk_get_stats(disk, &stats);
	return stats;
}

static struct gendisk *start(const char *options)
{
	return disk_start(&(struct machine_device){ .options = options });
}

/* ---- wrong answers ---- */

static void every_status_is_an_error_of_its_own(void **state)
{
	static const struct {
		uint8_t status;
		int error;
	} statuses[] = {
		{ VIRTIO_BLK_S_IOERR, -EIO },
		{ VIRTIO_BLK_S_UNSUPP, -EOPNOTSUPP },
		{ VIRTIO_BLK_S_ZONE_INVALID_CMD, -EREMOTEIO },
		{ VIRTIO_BLK_S_ZONE_UNALIGNED_WP, -ESPIPE },
		{ VIRTIO_BLK_S_ZONE_OPEN_RESOURCE, -ETOOMANYREFS },
		{ VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE, -EOVERFLOW },
		{ 7, -EPROTO },
		{ 0xfe, -EPROTO },
	};
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	for (unsigned int i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		fault(VIRTIO_BLK_FAULT_STATUS, 0, 1, statuses[i].status);
		assert_int_equal(blkdev_read(disk, 0, data, SECTOR), statuses[i].error);
		assert_int_equal(blkdev_read(disk, 0, data, SECTOR), 0);
	}
}

static void a_status_never_written_is_no_success(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	/* A good answer first: what it left behind must not be taken for the next one's. */
	for (unsigned int i = 0; i < 300; i++)
		assert_int_equal(blkdev_read(disk, 0, data, SECTOR), 0);
	fault(VIRTIO_BLK_FAULT_NO_STATUS, 0, 2, 0);
	assert_int_equal(blkdev_read(disk, 0, data, SECTOR), -EPROTO);
	assert_int_equal(blkdev_write(disk, 0, data, SECTOR), -EPROTO);
	disk_assert_works(disk);
}

static void split_used_len_03_a_length_too_short_is_no_success(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	for (unsigned int len = 0; len <= SECTOR; len += 128) {
		fault(VIRTIO_BLK_FAULT_SHORT, 0, 1, len);
		assert_int_equal(blkdev_read(disk, 0, data, SECTOR), -EPROTO);
	}
	fault(VIRTIO_BLK_FAULT_SHORT, 0, 1, 0);
	assert_int_equal(blkdev_write(disk, 0, data, SECTOR), -EPROTO);
	assert_int_equal(stats_of(disk).resets, 0);
	disk_assert_works(disk);
}

static void blk_legacyop_02_a_legacy_length_says_nothing(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .interface = MACHINE_LEGACY });
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	fault(VIRTIO_BLK_FAULT_SHORT, 0, 2, 0);
	assert_int_equal(blkdev_read(disk, 5, data, SECTOR), 0);
	assert_sector(data, 5);
	assert_int_equal(blkdev_write(disk, 5, data, SECTOR), 0);
}

/* What our driver has put into the ring: held by the device, it can be looked at. */
static const struct VirtIOBlockReq *held_request(struct flight *flight, struct gendisk *disk,
						 enum req_op op, uint8_t *data)
{
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 1, 0);
	flight_prepare(flight, disk, op, 77, data, data ? 2 * SECTOR : 0);
	blk_execute_rq_nowait(flight->rq);
	assert_int_equal(device()->held.num, 1);
	return device()->held.first;
}

static void blk_op_04_the_sector_of_a_flush_is_0(void **state)
{
	struct gendisk *disk = start(NULL);
	const struct VirtIOBlockReq *req;
	struct flight flight;

	(void)state;
	req = held_request(&flight, disk, REQ_OP_FLUSH, NULL);
	assert_int_equal(req->type, VIRTIO_BLK_T_FLUSH);
	assert_int_equal(req->sector, 0);
	assert_int_equal(req->elem.out_len, sizeof(struct virtio_blk_outhdr));
	assert_int_equal(req->elem.in_len, 1);
	assert_true(virtio_blk_release(device(), 0));
	assert_int_equal(flight_end(&flight), 0);
}

static void blk_legacyframing_01_header_data_and_status_are_apart(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){ .interface = MACHINE_LEGACY });
	uint8_t *data = disk_buffer(2 * SECTOR);
	const struct VirtQueueElement *elem;
	struct flight flight;

	(void)state;
	elem = &held_request(&flight, disk, REQ_OP_READ, data)->elem;
	assert_int_equal(elem->out_num, 1);
	assert_int_equal(elem->out_sg[0].len, sizeof(struct virtio_blk_outhdr));
	assert_int_equal(elem->in_num, 2);
	assert_int_equal(elem->in_sg[0].len, 2 * SECTOR);
	assert_int_equal(elem->in_sg[1].len, 1);
	assert_true(virtio_blk_release(device(), 0));
	assert_int_equal(flight_end(&flight), 0);
	elem = &held_request(&flight, disk, REQ_OP_WRITE, data)->elem;
	assert_int_equal(elem->out_num, 2);
	assert_int_equal(elem->out_sg[0].len, sizeof(struct virtio_blk_outhdr));
	assert_int_equal(elem->in_num, 1);
	assert_int_equal(elem->in_sg[0].len, 1);
	assert_true(virtio_blk_release(device(), 0));
	assert_int_equal(flight_end(&flight), 0);
}

static void a_length_too_long_breaks_the_queue_once(const char *options, enum machine_switch packed)
{
	struct gendisk *disk =
		disk_start(&(struct machine_device){ .options = options, .packed = packed });
	uint8_t *data = disk_buffer(3 * SECTOR);
	struct flight flights[3];
	struct blk_plug plug;

	/* Between two others, of which one is done by then. */
	fault(VIRTIO_BLK_FAULT_LONG, 1, 1, 1);
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 3; i++) {
		flight_prepare(&flights[i], disk, REQ_OP_READ, 60 + i, data + i * SECTOR, SECTOR);
		blk_plug_add(&plug, flights[i].rq);
	}
	blk_finish_plug(&plug);
	assert_int_equal(flight_end(&flights[0]), 0);
	assert_sector(data, 60);
	/* Nothing says any more which are done. */
	assert_int_equal(flight_end(&flights[1]), -EIO);
	assert_int_equal(flight_end(&flights[2]), -EIO);
	assert_int_equal(stats_of(disk).resets, 1);
	assert_true(platform_now() < SECONDS);
	disk_assert_works(disk);
}

static void G3_a_length_too_long_breaks_the_queue_once(void **state)
{
	(void)state;
	a_length_too_long_breaks_the_queue_once(NULL, MACHINE_OFF);
}

static void G3_a_length_too_long_breaks_a_packed_queue_once(void **state)
{
	(void)state;
	a_length_too_long_breaks_the_queue_once(NULL, MACHINE_ON);
}

static void without_queue_reset_the_device_is_reset(void **state)
{
	(void)state;
	a_length_too_long_breaks_the_queue_once("queue_reset=off", MACHINE_OFF);
}

static void a_broken_queue_costs_other_queues_nothing(void **state)
{
	struct machine_device two = { .num_queues = 2, .options = "queue_reset=off" };
	struct gendisk *disk;
	struct flight other, victim;
	uint8_t *data;

	(void)state;
	disk_machine(&two);
	platform_host_set_cpus(2);
	disk = disk_bind();
	data = disk_buffer(2 * SECTOR);
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 1, 0);
	flight_start(&other, disk, REQ_OP_READ, 8, data, SECTOR);
	platform_host_set_cpu(1);
	fault(VIRTIO_BLK_FAULT_LONG, 0, 1, 1);
	flight_start(&victim, disk, REQ_OP_READ, 9, data + SECTOR, SECTOR);
	/* No queue can be reset alone: so both are, and what can be done over is. */
	assert_int_equal(flight_end(&victim), -EIO);
	assert_int_equal(flight_end(&other), 0);
	assert_sector(data, 8);
	assert_int_equal(stats_of(disk).resets, 1);
	disk_assert_works(disk);
}

/* ---- late answers ---- */

static void a_request_that_is_late_is_no_error(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(2 * SECTOR);
	struct flight late, next;

	(void)state;
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 1, 0);
	flight_start(&late, disk, REQ_OP_READ, 8, data, SECTOR);
	flight_start(&next, disk, REQ_OP_READ, 9, data + SECTOR, SECTOR);
	assert_int_equal(flight_end(&next), 0); /* the later one is first */
	assert_int_equal(late.ended, 0);

	platform_host_advance(29 * SECONDS);
	assert_true(virtio_blk_release(device(), 0));
	assert_int_equal(flight_end(&late), 0);
	assert_sector(data, 8);
	assert_int_equal(stats_of(disk).timeouts, 0);
}

static void answers_come_in_any_order(void **state)
{
	struct gendisk *disk = start("order=reversed");
	uint8_t *data = disk_buffer(20 * SECTOR);
	struct flight flights[20];

	(void)state;
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 20, 0);
	for (unsigned int i = 0; i < 20; i++)
		flight_start(&flights[i], disk, REQ_OP_READ, 100 + i, data + i * SECTOR, SECTOR);
	for (unsigned int i = 0; i < 20; i++)
		assert_true(virtio_blk_release(device(), i * 7 % (20 - i)));
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(flight_end(&flights[i]), 0);
		assert_sector(data + i * SECTOR, 100 + i);
	}
}

/* ---- no answers ---- */

/* One request is never answered; another one, younger, waits in the device as well. */
static void a_lost_request_is_timed_out(const char *options)
{
	struct gendisk *disk = start(options);
	uint8_t *data = disk_buffer(2 * SECTOR);
	struct flight lost, other;

	fault(VIRTIO_BLK_FAULT_HOLD, 0, 2, 0);
	flight_start(&lost, disk, REQ_OP_READ, 8, data, SECTOR);
	platform_host_advance(10 * SECONDS);
	flight_start(&other, disk, REQ_OP_READ, 9, data + SECTOR, SECTOR);

	assert_int_equal(flight_end(&lost), -ETIMEDOUT);
	assert_in_range(platform_now(), 30 * SECONDS, 31 * SECONDS);
	assert_int_equal(device()->held.num, 0);
	/* G14, D13: the buffer is ours again, the device writes nothing to it. */
	for (unsigned int i = 0; i < SECTOR; i++)
		assert_int_equal(data[i], 0);

	/* The other one had time left, and is done over. */
	assert_int_equal(flight_end(&other), 0);
	assert_sector(data + SECTOR, 9);
	assert_int_equal(stats_of(disk).resets, 1);
	disk_assert_works(disk);
}

static void a_lost_request_is_timed_out_by_a_queue_reset(void **state)
{
	(void)state;
	a_lost_request_is_timed_out(NULL);
}

static void a_lost_request_is_timed_out_by_a_device_reset(void **state)
{
	(void)state;
	a_lost_request_is_timed_out("queue_reset=off");
}

static void a_lost_request_costs_other_queues_nothing(void **state)
{
	struct machine_device two = { .num_queues = 2 };
	uint8_t *data;
	struct gendisk *disk;
	struct flight lost, other;

	(void)state;
	disk_machine(&two);
	platform_host_set_cpus(2);
	disk = disk_bind();
	data = disk_buffer(2 * SECTOR);
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 2, 0);
	flight_start(&lost, disk, REQ_OP_READ, 8, data, SECTOR);
	platform_host_advance(5 * SECONDS);
	platform_host_set_cpu(1);
	flight_start(&other, disk, REQ_OP_READ, 9, data + SECTOR, SECTOR);
	assert_int_equal(flight_end(&lost), -ETIMEDOUT);
	assert_int_equal(other.ended, 0);
	assert_int_equal(device()->held.num, 1);
	assert_true(virtio_blk_release(device(), 0));
	assert_int_equal(flight_end(&other), 0);
}

static void what_is_lost_again_and_again_fails(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(8 * SECTOR);
	struct flight victim, lost;
	unsigned int rounds = 0;

	(void)state;
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 100, 0);
	flight_prepare(&victim, disk, REQ_OP_READ, 1, data, SECTOR);
	victim.rq->timeout = 1000 * SECONDS;
	blk_execute_rq_nowait(victim.rq);
	while (!victim.ended) {
		flight_start(&lost, disk, REQ_OP_READ, 2, data + SECTOR, SECTOR);
		assert_int_equal(flight_end(&lost), -ETIMEDOUT);
		assert_true(++rounds < 10);
	}
	assert_int_equal(rounds, 4); /* three times over, and that was it */
	assert_int_equal(flight_end(&victim), -EIO);
}

static void what_may_not_be_done_twice_is_not(void **state)
{
	struct gendisk *disk = start("zoned=hm,zone_sectors=256");
	uint8_t *data = disk_buffer(2 * SECTOR);
	struct flight append, lost;

	(void)state;
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 2, 0);
	flight_prepare(&append, disk, REQ_OP_ZONE_APPEND, 0, data, SECTOR);
	append.rq->timeout = 100 * SECONDS;
	blk_execute_rq_nowait(append.rq);
	flight_start(&lost, disk, REQ_OP_READ, 0, data + SECTOR, SECTOR);
	assert_int_equal(flight_end(&lost), -ETIMEDOUT);
	assert_int_equal(flight_end(&append), -EIO);
	assert_int_equal(device()->count[VIRTIO_BLK_T_ZONE_APPEND], 0);
}

static void a_lost_interrupt_is_noticed(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);

	(void)state;
	platform_host_capture_log(true);
	fault(VIRTIO_BLK_FAULT_QUIET, 0, 1, 0);
	assert_int_equal(blkdev_read(disk, 77, data, SECTOR), 0);
	assert_sector(data, 77);
	assert_true(platform_now() >= 30 * SECONDS);
	assert_non_null(strstr(platform_host_log(), "completed without an interrupt"));
	assert_int_equal(stats_of(disk).resets, 0);
	disk_assert_works(disk);
}

static void a_polled_request_that_is_lost_is_timed_out(void **state)
{
	struct machine_device two = { .num_queues = 2 };
	struct gendisk *disk;
	struct request *rq;
	struct bio_vec bvec;

	(void)state;
	virtblk_poll_queues = 1;
	disk = disk_start(&two);
	bvec = (struct bio_vec){ disk_buffer(SECTOR), SECTOR };
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 1, 0);
	rq = blk_mq_alloc_request(disk->queue, REQ_OP_READ, REQ_POLLED);
	rq->bvecs = &bvec;
	rq->nr_bvecs = 1;
	rq->timeout = SECONDS / 100; /* each look takes a microsecond */
	assert_int_equal(blk_execute_rq(rq), -ETIMEDOUT);
	rq->timeout = 0;
	assert_int_equal(blk_execute_rq(rq), 0);
	blk_mq_free_request(rq);
	assert_sector(bvec.bv_base, 0);
}

/* ---- a device that says that it cannot go on ---- */

static void a_device_that_needs_a_reset_gets_one(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);
	struct flight flight;

	(void)state;
	host_machine_expect_complaints();
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 1, 0);
	flight_start(&flight, disk, REQ_OP_READ, 33, data, SECTOR);
	virtio_device_fail(host_machine_device(0), "made to");
	/* And the request is done after it. */
	assert_int_equal(flight_end(&flight), 0);
	assert_sector(data, 33);
	assert_true(platform_now() < SECONDS);
	assert_int_equal(stats_of(disk).resets, 1);
	disk_assert_works(disk);
}

static void a_device_that_needs_a_reset_while_idle_gets_one(void **state)
{
	struct gendisk *disk = start(NULL);

	(void)state;
	host_machine_expect_complaints();
	virtio_device_fail(host_machine_device(0), "made to");
	disk_assert_works(disk);
	assert_int_equal(stats_of(disk).resets, 1);
}

static void a_device_that_stays_in_reset_is_given_up(void **state)
{
	struct gendisk *disk = start("queue_reset=off");
	uint8_t *data = disk_buffer(SECTOR);
	struct flight lost;

	(void)state;
	platform_host_capture_log(true);
	host_machine_expect_complaints(); /* of a reset that was given up */
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 1, 0);
	flight_start(&lost, disk, REQ_OP_READ, 8, data, SECTOR);
	host_machine_proxy(0)->faults.reset_reads = VIRTIO_PCI_FOREVER;
	assert_int_equal(flight_end(&lost), -ENODEV);
	assert_int_equal(blkdev_read(disk, 0, data, SECTOR), -ENODEV);
	assert_non_null(strstr(platform_host_log(), "cannot be used any more"));
	/* D13: it is cut off, and what it held is forgotten: nothing was written. */
	for (unsigned int i = 0; i < SECTOR; i++)
		assert_int_equal(data[i], 0);
}

static void a_device_that_stays_in_reset_can_be_unbound(void **state)
{
	struct gendisk *disk = start(NULL);

	(void)state;
	platform_host_capture_log(true);
	host_machine_expect_complaints();
	disk_assert_works(disk);
	host_machine_proxy(0)->faults.reset_reads = VIRTIO_PCI_FOREVER;
	disk_unbind(); /* and the machine finds what was not given back */
	assert_null(blk_next_disk(NULL));
}

/* ---- a device that is gone ---- */

static void a_device_pulled_out_fails_its_requests(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(2 * SECTOR);
	struct flight lost;

	(void)state;
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 1, 0);
	flight_start(&lost, disk, REQ_OP_READ, 8, data, SECTOR);
	machine_remove_suddenly(0);
	assert_int_equal(flight_end(&lost), -ENODEV);
	assert_int_equal(blkdev_read(disk, 0, data, SECTOR), -ENODEV);
	assert_int_equal(blkdev_issue_flush(disk), -ENODEV);
}

static void a_device_pulled_out_can_be_unbound(void **state)
{
	struct gendisk *disk = start(NULL);
	uint8_t *data = disk_buffer(SECTOR);
	struct flight lost;

	(void)state;
	fault(VIRTIO_BLK_FAULT_HOLD, 0, 1, 0);
	flight_start(&lost, disk, REQ_OP_READ, 8, data, SECTOR);
	machine_remove_suddenly(0);
	lost.rq->end_io_data = &lost;
	disk_unbind();
	assert_int_equal(lost.ended, 1);
	assert_int_equal(lost.error, -ENODEV);
	assert_true(platform_now() < SECONDS); /* nobody waited for it to answer */
}

/* At every access to a register, from the scan to the end. */
static void a_device_may_go_at_any_step(void **state)
{
	unsigned long total;
	uint8_t *data;

	(void)state;
	for (unsigned long at = 1, done = 0; !done; at++) {
		struct gendisk *disk;

		disk_machine(&(struct machine_device){ .num_queues = 2, .options = "strict=off" });
		host_machine_expect_complaints();
		platform_host_capture_log(true);
		data = disk_buffer(SECTOR);
		host_machine_proxy(0)->pci.gone_at = at;
		assert_int_equal(register_virtio_driver(&virtio_blk), 0);
		pci_scan();
		virtio_pci_probe_all();
		disk = blk_next_disk(NULL);
		if (disk) {
			int err = blkdev_read(disk, 3, data, SECTOR);

			assert_true(!err || err == -ENODEV);
			if (!err)
				assert_sector(data, 3);
			blkdev_issue_flush(disk);
		}
		unregister_virtio_driver(&virtio_blk);
		total = host_machine_proxy(0)->pci.accesses;
		done = at > total;
		disk_stop(NULL);
	}
	assert_true(total > 50);
}

/* ---- the end of the driver ---- */

static void requests_in_flight_are_finished_before_it_lets_go(void **state)
{
	struct gendisk *disk = start("deferred=on");
	uint8_t *data = disk_buffer(16 * SECTOR);
	struct flight flights[16];

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		flight_start(&flights[i], disk, REQ_OP_READ, i, data + i * SECTOR, SECTOR);
	assert_int_equal(flights[0].ended, 0);
	disk_unbind();
	for (unsigned int i = 0; i < 16; i++) {
		assert_int_equal(flights[i].ended, 1);
		assert_int_equal(flights[i].error, 0);
		assert_sector(data + i * SECTOR, i);
	}
}

/* Handlers come at every unlock, as on a machine they may come anywhere. */
static void handlers_may_come_at_every_unlock(void **state)
{
	struct gendisk *disk =
		disk_start(&(struct machine_device){ .queue_size = 16, .indirect = MACHINE_OFF });
	uint8_t *data = disk_buffer(8 * SECTOR);
	struct flight flights[8];

	(void)state;
	platform_host_deliver_at_unlock(true);
	for (unsigned int round = 0; round < 200; round++) {
		for (unsigned int i = 0; i < 8; i++)
			flight_start(&flights[i], disk, REQ_OP_READ, round + i, data + i * SECTOR,
				     SECTOR);
		for (unsigned int i = 0; i < 8; i++) {
			assert_int_equal(flight_end(&flights[i]), 0);
			assert_sector(data + i * SECTOR, round + i);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		disk_test(every_status_is_an_error_of_its_own),
		disk_test(a_status_never_written_is_no_success),
		disk_test(split_used_len_03_a_length_too_short_is_no_success),
		disk_test(blk_legacyop_02_a_legacy_length_says_nothing),
		disk_test(blk_op_04_the_sector_of_a_flush_is_0),
		disk_test(blk_legacyframing_01_header_data_and_status_are_apart),
		disk_test(G3_a_length_too_long_breaks_the_queue_once),
		disk_test(G3_a_length_too_long_breaks_a_packed_queue_once),
		disk_test(without_queue_reset_the_device_is_reset),
		disk_test(a_broken_queue_costs_other_queues_nothing),
		disk_test(a_request_that_is_late_is_no_error),
		disk_test(answers_come_in_any_order),
		disk_test(a_lost_request_is_timed_out_by_a_queue_reset),
		disk_test(a_lost_request_is_timed_out_by_a_device_reset),
		disk_test(a_lost_request_costs_other_queues_nothing),
		disk_test(what_is_lost_again_and_again_fails),
		disk_test(what_may_not_be_done_twice_is_not),
		disk_test(a_lost_interrupt_is_noticed),
		disk_test(a_polled_request_that_is_lost_is_timed_out),
		disk_test(a_device_that_needs_a_reset_gets_one),
		disk_test(a_device_that_needs_a_reset_while_idle_gets_one),
		disk_test(a_device_that_stays_in_reset_is_given_up),
		disk_test(a_device_that_stays_in_reset_can_be_unbound),
		disk_test(a_device_pulled_out_fails_its_requests),
		disk_test(a_device_pulled_out_can_be_unbound),
		disk_test(a_device_may_go_at_any_step),
		disk_test(requests_in_flight_are_finished_before_it_lets_go),
		disk_test(handlers_may_come_at_every_unlock),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
