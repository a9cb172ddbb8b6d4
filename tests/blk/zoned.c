/* SPDX-License-Identifier: MIT */
/*
 * Zoned disks, driver and device: what zones there are, what they go through, and what is refused,
 * by which of the two.
 */
#include "ring/vring_errno.h"
#include "tests/support/host_blk.h"
#include "tests/support/host_machine.h"
#include "tests/support/one_disk.h"

#define ZONE 64 /* sectors */
#define ZONES 32
#define CONVENTIONAL 2
#define MAX_OPEN 3
#define MAX_ACTIVE 5
#define SWR (CONVENTIONAL * ZONE) /* the first zone that has to be written in sequence */

static uint8_t *data;

static struct VirtIOBlock *device(void)
{
	return host_blk_device(host_machine_device(0));
}

static struct VirtIOBlkZone *zone(unsigned int n)
{
	return &device()->conf.zoned.zones[n];
}

static struct gendisk *start_with(const char *options)
{
	struct gendisk *disk = disk_start(&(struct machine_device){
		.disk_bytes = ZONES * ZONE * SECTOR, .options = options });

	data = disk_buffer(ZONE * SECTOR);
	return disk;
}

static struct gendisk *start(void)
{
	return start_with("zoned=hm,zone_sectors=64,conventional=2,max_open=3,max_active=5,"
			  "max_append=16,discard=on,secure_erase=on");
}

/* What is written to a sector. */
static uint8_t pattern(uint64_t sector)
{
	return (uint8_t)(3 * sector + 1);
}

static int write_at(struct gendisk *disk, uint64_t sector, unsigned int nr_sectors)
{
	for (unsigned int i = 0; i < nr_sectors * SECTOR; i++)
		data[i] = pattern(sector + i / SECTOR);
	return disk_do(disk, REQ_OP_WRITE, sector, data, nr_sectors * SECTOR);
}

static void assert_reads(struct gendisk *disk, uint64_t sector, uint8_t expected)
{
	assert_int_equal(blkdev_read(disk, sector, data, SECTOR), 0);
	for (unsigned int i = 0; i < SECTOR; i++)
		assert_int_equal(data[i], expected);
}

static int keep_zone(const struct blk_zone *zone, unsigned int idx, void *arg)
{
	((struct blk_zone *)arg)[idx] = *zone;
	return 0;
}

static struct blk_zone zone_of(struct gendisk *disk, uint64_t sector)
{
	struct blk_zone zone;

	assert_int_equal(blkdev_report_zones(disk, sector, 1, keep_zone, &zone), 1);
	return zone;
}

static void assert_state(struct gendisk *disk, uint64_t sector, uint8_t state, uint64_t wp)
{
	struct blk_zone zone = zone_of(disk, sector);

	assert_int_equal(zone.cond, state);
	assert_int_equal(zone.wp, wp);
}

/* ---- limits and report ---- */

static void blk_init_06_a_host_managed_disk_is_not_asked_for_discard(void **state)
{
	struct gendisk *disk = start();
	const struct queue_limits *limits = &disk->queue->limits;

	(void)state;
	assert_true(virtio_has_feature(disk->vdev, VIRTIO_BLK_F_ZONED));
	assert_false(virtio_has_feature(disk->vdev, VIRTIO_BLK_F_DISCARD));
	assert_int_equal(limits->zone_sectors, ZONE);
	assert_int_equal(limits->max_open_zones, MAX_OPEN);
	assert_int_equal(limits->max_active_zones, MAX_ACTIVE);
	assert_int_equal(limits->max_append_sectors, 16);
	assert_int_equal(blkdev_issue_discard(disk, 0, 8), -EOPNOTSUPP);
}

static void blk_init_09_a_host_aware_disk_is_one_without_zones(void **state)
{
	struct gendisk *disk = start_with("zoned=ha,zone_sectors=64");

	(void)state;
	assert_int_equal(disk->queue->limits.zone_sectors, 0);
	assert_true(virtio_has_feature(disk->vdev, VIRTIO_BLK_F_DISCARD)); /* 5.2.5.1, init.07 */
	/* Written anywhere, in any order, and across zones. */
	assert_int_equal(write_at(disk, 100, 60), 0);
	assert_int_equal(write_at(disk, 7, 1), 0);
	assert_reads(disk, 7, pattern(7));
	assert_reads(disk, 9, 9);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_RESET, 0), -EOPNOTSUPP);
}

static void a_disk_that_says_it_has_no_zones_has_none(void **state)
{
	struct gendisk *disk = start_with("zoned=none");
	struct blk_zone zone;

	(void)state;
	assert_int_equal(disk->queue->limits.zone_sectors, 0);
	assert_int_equal(blkdev_report_zones(disk, 0, 1, keep_zone, &zone), -EOPNOTSUPP);
}

static void all_zones_are_reported(void **state)
{
	struct blk_zone zones[ZONES];
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(blkdev_report_zones(disk, 0, ZONES + 10, keep_zone, zones), ZONES);
	for (unsigned int n = 0; n < ZONES; n++) {
		bool conventional = n < CONVENTIONAL;

		assert_int_equal(zones[n].start, n * ZONE);
		assert_int_equal(zones[n].len, ZONE);
		assert_int_equal(zones[n].capacity, ZONE);
		assert_int_equal(zones[n].type,
				 conventional ? VIRTIO_BLK_ZT_CONV : VIRTIO_BLK_ZT_SWR);
		assert_int_equal(zones[n].cond,
				 conventional ? VIRTIO_BLK_ZS_NOT_WP : VIRTIO_BLK_ZS_EMPTY);
	}
	assert_int_equal(blkdev_report_zones(disk, ZONES * ZONE, 1, keep_zone, zones), -ERANGE);
}

static void blk_op_19_a_report_begins_with_the_zone_around_a_sector(void **state)
{
	struct blk_zone zones[3];
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(blkdev_report_zones(disk, 5 * ZONE + 17, 3, keep_zone, zones), 3);
	assert_int_equal(zones[0].start, 5 * ZONE);
	assert_int_equal(zones[2].start, 7 * ZONE);
}

static void blk_init_20_the_last_zone_may_be_smaller(void **state)
{
	struct gendisk *disk = disk_start(&(struct machine_device){
		.disk_bytes = (2 * ZONE + 10) * SECTOR, .options = "zoned=hm,zone_sectors=64" });

	(void)state;
	data = disk_buffer(ZONE * SECTOR);
	assert_int_equal(zone_of(disk, 2 * ZONE).len, 10);
	assert_int_equal(zone_of(disk, 2 * ZONE).capacity, 10);
	assert_int_equal(write_at(disk, 2 * ZONE, 10), 0);
	assert_state(disk, 2 * ZONE, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
}

/* 64 zones are all that there is memory for. */
static void a_size_that_its_zones_cannot_follow_is_refused(void **state)
{
	const char *options = "zoned=hm,zone_sectors=64,max_disk=4194304";
	struct gendisk *disk = start_with(options);
	size_t zone_bytes = ZONE * SECTOR;

	(void)state;
	assert_int_equal(write_at(disk, 31 * ZONE, ZONE), 0);
	assert_false(virtio_blk_resize(device(), 65 * zone_bytes));
	assert_false(virtio_blk_resize(device(), UINT64_MAX / SECTOR * SECTOR));
	assert_false(virtio_blk_resize(device(), 33 * zone_bytes - 1));	     /* half a sector */
	assert_false(virtio_blk_resize(device(), 31 * zone_bytes + SECTOR)); /* half a zone */
	blk_mq_wait(disk->queue, platform_now() + 1000);
	assert_int_equal(get_capacity(disk), ZONES * ZONE);
	assert_int_equal(disk->capacity_changes, 0);
	assert_state(disk, 31 * ZONE, VIRTIO_BLK_ZS_FULL, UINT64_MAX);

	/* All that it can have, and less than it had. */
	machine_resize_disk(0, 64 * zone_bytes);
	blk_mq_wait(disk->queue, platform_now() + 1000);
	assert_state(disk, 31 * ZONE, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
	assert_state(disk, 63 * ZONE, VIRTIO_BLK_ZS_EMPTY, 63 * ZONE);
	assert_int_equal(write_at(disk, 63 * ZONE, ZONE), 0);
	machine_resize_disk(0, 31 * zone_bytes);
	blk_mq_wait(disk->queue, platform_now() + 1000);
	assert_int_equal(get_capacity(disk), 31 * ZONE);
	/* What comes back is as new. */
	machine_resize_disk(0, 32 * zone_bytes);
	blk_mq_wait(disk->queue, platform_now() + 1000);
	assert_state(disk, 31 * ZONE, VIRTIO_BLK_ZS_EMPTY, 31 * ZONE);
}

static int stop_at_second(const struct blk_zone *zone, unsigned int idx, void *arg)
{
	(void)zone;
	(void)arg;
	return idx == 1 ? -77 : 0;
}

static void the_caller_can_end_a_report(void **state)
{
	(void)state;
	assert_int_equal(blkdev_report_zones(start(), 0, ZONES, stop_at_second, NULL), -77);
}

static void a_report_that_lies_is_refused(void **state)
{
	static const struct {
		uint8_t type, state;
		uint64_t wp;
	} lies[] = {
		{ 0, VIRTIO_BLK_ZS_EMPTY, SWR },
		{ 4, VIRTIO_BLK_ZS_EMPTY, SWR },
		{ VIRTIO_BLK_ZT_SWR, 5, SWR },
		{ VIRTIO_BLK_ZT_SWR, 255, SWR },
		{ VIRTIO_BLK_ZT_SWR, VIRTIO_BLK_ZS_IOPEN, SWR - 1 },
		{ VIRTIO_BLK_ZT_SWR, VIRTIO_BLK_ZS_IOPEN, SWR + ZONE + 1 },
	};
	struct gendisk *disk = start();
	struct blk_zone zone_;

	(void)state;
	for (unsigned int i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		*zone(CONVENTIONAL) =
			(struct VirtIOBlkZone){ lies[i].wp, lies[i].type, lies[i].state };
		assert_int_equal(blkdev_report_zones(disk, SWR, 1, keep_zone, &zone_), -EPROTO);
	}
}

static void zones_of_another_size_than_the_config_s_are_refused(void **state)
{
	struct blk_zone zones[2];
	struct gendisk *disk = start();

	(void)state;
	device()->conf.zoned.zone_sectors = ZONE / 2; /* the second one begins too early */
	zone(SWR / (ZONE / 2))->wp = SWR;
	zone(SWR / (ZONE / 2) + 1)->wp = SWR + ZONE / 2;
	assert_int_equal(blkdev_report_zones(disk, SWR, 1, keep_zone, zones), 1);
	assert_int_equal(blkdev_report_zones(disk, SWR, 2, keep_zone, zones), -EPROTO);
	device()->conf.zoned.zone_sectors = ZONE * 2; /* the first one holds too much */
	assert_int_equal(blkdev_report_zones(disk, SWR, 1, keep_zone, zones), -EPROTO);
}

/* ---- writing in sequence ---- */

static void a_zone_is_written_from_its_start_to_its_end(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(write_at(disk, SWR, 10), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_IOPEN, SWR + 10);
	assert_int_equal(write_at(disk, SWR + 10, ZONE - 10), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
	for (unsigned int n = 0; n < ZONE; n++)
		assert_reads(disk, SWR + n, pattern(SWR + n));
	assert_int_equal(write_at(disk, SWR, 1), -EREMOTEIO);
}

static void blk_op_56_not_at_the_write_pointer_is_an_error(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(write_at(disk, SWR + 1, 1), -ESPIPE);
	assert_int_equal(write_at(disk, SWR, 4), 0);
	assert_int_equal(write_at(disk, SWR, 1), -ESPIPE);
	assert_int_equal(write_at(disk, SWR + 5, 1), -ESPIPE);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_IOPEN, SWR + 4);
}

static void blk_op_60_61_what_was_not_written_reads_as_zeroes(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	assert_reads(disk, SWR, 0); /* whatever the disk had there */
	assert_int_equal(write_at(disk, SWR, 1), 0);
	assert_int_equal(blkdev_read(disk, SWR, data, 2 * SECTOR), 0);
	assert_int_equal(data[0], pattern(SWR));
	assert_int_equal(data[SECTOR], 0);
	/* Nor does what was there before a reset come back. */
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_RESET, SWR), 0);
	assert_reads(disk, SWR, 0);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_FINISH, SWR), 0);
	assert_reads(disk, SWR, 0);
}

static void conventional_zones_are_written_anywhere(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(write_at(disk, 50, 3), 0);
	assert_int_equal(write_at(disk, 5, 1), 0);
	assert_reads(disk, 51, pattern(51));
	assert_reads(disk, 6, 6);
	assert_state(disk, 0, VIRTIO_BLK_ZS_NOT_WP, UINT64_MAX);
}

static void requests_end_where_zones_do(void **state)
{
	struct gendisk *disk = start();
	uint8_t *two = disk_buffer(2 * ZONE * SECTOR);

	(void)state;
	/* One request does not cross, and the call that may be long makes two of it. */
	assert_int_equal(disk_do(disk, REQ_OP_READ, SWR + ZONE - 1, two, 2 * SECTOR), -EINVAL);
	assert_int_equal(disk_do(disk, REQ_OP_WRITE, SWR + ZONE - 1, two, 2 * SECTOR), -EINVAL);
	assert_int_equal(blkdev_write(disk, SWR, two, 2 * ZONE * SECTOR), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
	assert_state(disk, SWR + ZONE, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
	assert_int_equal(blkdev_read(disk, SWR + 3, two, ZONE * SECTOR), 0);
}

static void blk_op_51_a_zone_s_capacity_may_be_less_than_its_size(void **state)
{
	struct gendisk *disk = start_with("zoned=hm,zone_sectors=64,zone_capacity=48");

	(void)state;
	assert_int_equal(zone_of(disk, 0).capacity, 48);
	assert_int_equal(write_at(disk, 0, 49), -EREMOTEIO);
	assert_int_equal(write_at(disk, 0, 40), 0);
	assert_int_equal(write_at(disk, 40, 9), -EREMOTEIO);
	assert_int_equal(write_at(disk, 40, 8), 0);
	assert_state(disk, 0, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
	assert_reads(disk, 50, 0);
}

static void blk_op_23a_25_writes_are_multiples_of_the_granularity(void **state)
{
	struct gendisk *disk = start_with("zoned=hm,zone_sectors=64,write_granularity=4096");
	uint64_t where;

	(void)state;
	assert_int_equal(write_at(disk, 0, 4), -EINVAL);
	assert_int_equal(write_at(disk, 0, 8), 0);
	assert_int_equal(write_at(disk, 12, 8), -EINVAL);
	assert_int_equal(write_at(disk, 8, 16), 0);
	assert_int_equal(blkdev_zone_append(disk, ZONE, data, 4 * SECTOR, &where), -EINVAL);
	assert_int_equal(blkdev_zone_append(disk, ZONE, data, 8 * SECTOR, &where), 0);
}

/* ---- appending ---- */

static void blk_op_24_52_an_append_says_where_it_went(void **state)
{
	struct gendisk *disk = start();
	uint64_t where;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		memset(data, 0xc0 + i, 16 * SECTOR);
		assert_int_equal(blkdev_zone_append(disk, SWR, data, 16 * SECTOR, &where), 0);
		assert_int_equal(where, SWR + 16 * i);
	}
	for (unsigned int i = 0; i < 4; i++)
		assert_reads(disk, SWR + 16 * i + 15, (uint8_t)(0xc0 + i));
	assert_state(disk, SWR, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
	assert_int_equal(blkdev_zone_append(disk, SWR, data, SECTOR, &where), -EREMOTEIO);
}

static void appends_in_flight_do_not_overlap(void **state)
{
	struct gendisk *disk = start_with("zoned=hm,zone_sectors=64,order=shuffled,deferred=on");
	uint8_t *pages = disk_buffer(16 * 4096);
	struct flight flights[16];
	bool taken[16] = { false };

	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		memset(pages + i * 4096, (int)(0xd0 + i), 2 * SECTOR);
		flight_start(&flights[i], disk, REQ_OP_ZONE_APPEND, 3 * ZONE, pages + i * 4096,
			     2 * SECTOR);
	}
	for (unsigned int i = 0; i < 16; i++) {
		uint64_t at;

		assert_int_equal(flight_end(&flights[i]), 0);
		at = flights[i].append_sector - 3 * ZONE;
		assert_true(at < 32 && at % 2 == 0 && !taken[at / 2]);
		taken[at / 2] = true;
		assert_reads(disk, 3 * ZONE + at + 1, (uint8_t)(0xd0 + i));
	}
}

static void an_append_that_went_to_another_zone_went_nowhere(void **state)
{
	struct gendisk *disk = start();
	uint64_t where = 77;

	(void)state;
	/* A device that has forgotten where its zone begins. */
	zone(5)->wp = 4 * ZONE;
	assert_int_equal(blkdev_zone_append(disk, 5 * ZONE, data, SECTOR, &where), -EPROTO);
	zone(5)->wp = 5 * ZONE;
	assert_int_equal(blkdev_zone_append(disk, 5 * ZONE, data, SECTOR, &where), 0);
	assert_int_equal(where, 5 * ZONE);
}

static void blk_op_22_23_appends_are_checked_before_they_go(void **state)
{
	struct gendisk *disk = start();
	uint64_t where;

	(void)state;
	assert_int_equal(blkdev_zone_append(disk, SWR + 1, data, SECTOR, &where), -EINVAL);
	assert_int_equal(blkdev_zone_append(disk, SWR, data, 17 * SECTOR, &where), -EMSGSIZE);
	assert_int_equal(blkdev_zone_append(disk, SWR, data, 100, &where), -EINVAL);
	assert_int_equal(blkdev_zone_append(disk, SWR, data, 0, &where), -EINVAL);
	assert_int_equal(device()->count[VIRTIO_BLK_T_ZONE_APPEND], 0);
}

static void blk_op_43_nothing_is_appended_to_a_conventional_zone(void **state)
{
	struct gendisk *disk = start();
	uint64_t where;

	(void)state;
	assert_int_equal(blkdev_zone_append(disk, 0, data, SECTOR, &where), -EREMOTEIO);
}

static void blk_init_25_a_disk_may_do_without_appends(void **state)
{
	struct gendisk *disk = start_with("zoned=hm,zone_sectors=64,max_append=0");
	uint64_t where;

	(void)state;
	assert_int_equal(blkdev_zone_append(disk, 0, data, SECTOR, &where), -EOPNOTSUPP);
	assert_int_equal(device()->count[VIRTIO_BLK_T_ZONE_APPEND], 0);
}

/* ---- opening and closing ---- */

static void a_zone_goes_through_its_states(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_OPEN, SWR), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_EOPEN, SWR);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_CLOSE, SWR), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_EMPTY, SWR); /* nothing was written */
	assert_int_equal(write_at(disk, SWR, 2), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_IOPEN, SWR + 2);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_OPEN, SWR), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_EOPEN, SWR + 2);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_CLOSE, SWR), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_CLOSED, SWR + 2);
	assert_int_equal(write_at(disk, SWR + 2, 1), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_IOPEN, SWR + 3);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_FINISH, SWR), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
	assert_reads(disk, SWR + 1, pattern(SWR + 1));
	assert_reads(disk, SWR + 3, 0);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_RESET, SWR), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_EMPTY, SWR);
}

static void blk_op_42_conventional_zones_have_no_states(void **state)
{
	static const enum req_op ops[] = { REQ_OP_ZONE_OPEN, REQ_OP_ZONE_CLOSE, REQ_OP_ZONE_FINISH,
					   REQ_OP_ZONE_RESET };
	struct gendisk *disk = start();

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(blkdev_zone_mgmt(disk, ops[i], ZONE), -EREMOTEIO);
}

static void blk_op_44_46_a_zone_that_cannot_change_does_not(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_CLOSE, SWR), -EREMOTEIO);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_FINISH, SWR), 0);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_OPEN, SWR), -EREMOTEIO);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_CLOSE, SWR), -EREMOTEIO);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_FULL, UINT64_MAX);
}

static void blk_op_20_21_commands_name_the_first_sector(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_OPEN, SWR + 1), -EINVAL);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_RESET, ZONES * ZONE), -ERANGE);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_RESET_ALL, SWR), -EINVAL);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_READ, SWR), -EINVAL);
}

static void blk_op_45_only_so_many_zones_can_be_open(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	for (unsigned int n = 0; n < MAX_OPEN; n++)
		assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_OPEN, SWR + n * ZONE), 0);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_OPEN, SWR + 3 * ZONE), -ETOOMANYREFS);
	/* A write would open one as well (5.2.6.2, op.49). */
	assert_int_equal(write_at(disk, SWR + 3 * ZONE, 1), -ETOOMANYREFS);
	assert_state(disk, SWR + 3 * ZONE, VIRTIO_BLK_ZS_EMPTY, SWR + 3 * ZONE);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_CLOSE, SWR), 0);
	assert_int_equal(write_at(disk, SWR + 3 * ZONE, 1), 0);
}

static void blk_op_57_a_zone_that_a_write_opened_makes_room(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	for (unsigned int n = 0; n < MAX_OPEN + 1; n++)
		assert_int_equal(write_at(disk, SWR + n * ZONE, 1), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_CLOSED, SWR + 1);
	assert_state(disk, SWR + 3 * ZONE, VIRTIO_BLK_ZS_IOPEN, SWR + 3 * ZONE + 1);
}

static void blk_op_45_only_so_many_zones_can_be_active(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	for (unsigned int n = 0; n < MAX_ACTIVE; n++)
		assert_int_equal(write_at(disk, SWR + n * ZONE, 1), 0);
	assert_int_equal(write_at(disk, SWR + MAX_ACTIVE * ZONE, 1), -EOVERFLOW);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_FINISH, SWR), 0);
	assert_int_equal(write_at(disk, SWR + MAX_ACTIVE * ZONE, 1), 0);
}

static void one_command_resets_all_zones(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	write_at(disk, SWR, 5);
	blkdev_zone_mgmt(disk, REQ_OP_ZONE_FINISH, SWR + ZONE);
	blkdev_zone_mgmt(disk, REQ_OP_ZONE_OPEN, SWR + 2 * ZONE);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_RESET_ALL, 0), 0);
	for (unsigned int n = CONVENTIONAL; n < ZONES; n++)
		assert_state(disk, n * ZONE, VIRTIO_BLK_ZS_EMPTY, n * ZONE);
	assert_state(disk, 0, VIRTIO_BLK_ZS_NOT_WP, UINT64_MAX);
}

/* ---- zones that have worn out ---- */

static void blk_op_58_a_zone_may_be_read_only(void **state)
{
	struct gendisk *disk = start();
	uint64_t where;

	(void)state;
	assert_int_equal(write_at(disk, SWR, 1), 0);
	zone(CONVENTIONAL)->state = VIRTIO_BLK_ZS_RDONLY;
	assert_int_equal(write_at(disk, SWR + 1, 1), -EREMOTEIO);
	assert_int_equal(blkdev_zone_append(disk, SWR, data, SECTOR, &where), -EREMOTEIO);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_RESET, SWR), -EREMOTEIO);
	assert_reads(disk, SWR, pattern(SWR));
	assert_state(disk, SWR, VIRTIO_BLK_ZS_RDONLY, UINT64_MAX);
}

static void blk_op_59_a_zone_may_be_offline(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	zone(CONVENTIONAL)->state = VIRTIO_BLK_ZS_OFFLINE;
	zone(0)->state = VIRTIO_BLK_ZS_OFFLINE;
	assert_int_equal(disk_do(disk, REQ_OP_READ, SWR, data, SECTOR), -EREMOTEIO);
	assert_int_equal(disk_do(disk, REQ_OP_READ, 0, data, SECTOR), -EREMOTEIO);
	assert_int_equal(write_at(disk, SWR, 1), -EREMOTEIO);
	assert_int_equal(write_at(disk, 0, 1), -EREMOTEIO);
	assert_int_equal(blkdev_zone_mgmt(disk, REQ_OP_ZONE_OPEN, SWR), -EREMOTEIO);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_OFFLINE, UINT64_MAX);
}

/* ---- erasing ---- */

static void blk_op_62_64_erasing_is_resetting_whole_zones(void **state)
{
	struct gendisk *disk = start();
	size_t bytes;

	(void)state;
	assert_int_equal(write_at(disk, SWR, 9), 0);
	assert_int_equal(disk->queue->limits.secure_erase_granularity, ZONE * SECTOR);
	assert_int_equal(blkdev_issue_secure_erase(disk, SWR + 1, ZONE), -EREMOTEIO);
	assert_int_equal(blkdev_issue_secure_erase(disk, SWR, ZONE), 0);
	assert_state(disk, SWR, VIRTIO_BLK_ZS_EMPTY, SWR);
	/* And there is nothing left below. */
	for (unsigned int i = 0; i < ZONE * SECTOR; i++)
		assert_int_equal(machine_disk(0, &bytes)[SWR * SECTOR + i], 0);
}

static void zeroes_are_no_way_around_the_write_pointer(void **state)
{
	struct gendisk *disk = start();

	(void)state;
	assert_int_equal(blkdev_issue_zeroout(disk, SWR, 8, 0), -EREMOTEIO);
	assert_int_equal(blkdev_issue_zeroout(disk, 8, 8, 0), 0);
	assert_reads(disk, 9, 0);
}

/* ---- who knows no zones ---- */

static void blk_init_17_a_driver_without_zones_gets_no_such_disk(void **state)
{
	struct virtio_driver old = virtio_blk;
	static const unsigned int none[] = { VIRTIO_BLK_F_SEG_MAX };

	(void)state;
	disk_machine(&(struct machine_device){ .options = "zoned=hm" });
	host_machine_expect_complaints(); /* that it goes without is what the strict mode minds */
	/* Our driver, from before it knew. */
	old.name = "virtio_blk without zones";
	old.feature_table = none;
	old.feature_table_size = 1;
	old.validate = NULL;
	assert_int_equal(register_virtio_driver(&old), 0);
	disk_bind(); /* the real one comes second, and gets it */
	assert_ptr_equal(virtio_next_device(NULL)->driver, &virtio_blk);
	unregister_virtio_driver(&old);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		disk_test(blk_init_06_a_host_managed_disk_is_not_asked_for_discard),
		disk_test(blk_init_09_a_host_aware_disk_is_one_without_zones),
		disk_test(a_disk_that_says_it_has_no_zones_has_none),
		disk_test(all_zones_are_reported),
		disk_test(blk_op_19_a_report_begins_with_the_zone_around_a_sector),
		disk_test(blk_init_20_the_last_zone_may_be_smaller),
		disk_test(a_size_that_its_zones_cannot_follow_is_refused),
		disk_test(the_caller_can_end_a_report),
		disk_test(a_report_that_lies_is_refused),
		disk_test(zones_of_another_size_than_the_config_s_are_refused),
		disk_test(a_zone_is_written_from_its_start_to_its_end),
		disk_test(blk_op_56_not_at_the_write_pointer_is_an_error),
		disk_test(blk_op_60_61_what_was_not_written_reads_as_zeroes),
		disk_test(conventional_zones_are_written_anywhere),
		disk_test(requests_end_where_zones_do),
		disk_test(blk_op_51_a_zone_s_capacity_may_be_less_than_its_size),
		disk_test(blk_op_23a_25_writes_are_multiples_of_the_granularity),
		disk_test(blk_op_24_52_an_append_says_where_it_went),
		disk_test(appends_in_flight_do_not_overlap),
		disk_test(an_append_that_went_to_another_zone_went_nowhere),
		disk_test(blk_op_22_23_appends_are_checked_before_they_go),
		disk_test(blk_op_43_nothing_is_appended_to_a_conventional_zone),
		disk_test(blk_init_25_a_disk_may_do_without_appends),
		disk_test(a_zone_goes_through_its_states),
		disk_test(blk_op_42_conventional_zones_have_no_states),
		disk_test(blk_op_44_46_a_zone_that_cannot_change_does_not),
		disk_test(blk_op_20_21_commands_name_the_first_sector),
		disk_test(blk_op_45_only_so_many_zones_can_be_open),
		disk_test(blk_op_57_a_zone_that_a_write_opened_makes_room),
		disk_test(blk_op_45_only_so_many_zones_can_be_active),
		disk_test(one_command_resets_all_zones),
		disk_test(blk_op_58_a_zone_may_be_read_only),
		disk_test(blk_op_59_a_zone_may_be_offline),
		disk_test(blk_op_62_64_erasing_is_resetting_whole_zones),
		disk_test(zeroes_are_no_way_around_the_write_pointer),
		disk_test(blk_init_17_a_driver_without_zones_gets_no_such_disk),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
