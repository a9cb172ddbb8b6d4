/* SPDX-License-Identifier: MIT */
/*
 * The block device and requests that our driver would never send: wrong lengths, sectors, flags and
 * types, odd framing, features that were not agreed. Each is an answer, and nothing but an answer.
 */
#include "pci/virtio_pci_common.h"
#include "platform/host/host.h"
#include "tests/support/host_blk.h"
#include "tests/support/host_machine.h"
#include "tests/support/one_disk.h"

#define DISK_SECTORS 2048
#define PAGE_BYTES 4096
#define UNTOUCHED 0xee

/* ---- a driver that sends what it is told ---- */

static struct virtqueue *raw_vq;
static uint8_t *page; /* header at 0, status and what comes with it at 64, data from 512 on */

static int raw_writeback = -1; /* written in probe; -1: nothing is */

static int raw_probe(struct virtio_device *vdev)
{
	struct virtqueue_info info = { .name = "raw" };

	if (raw_writeback >= 0)
		virtio_cwrite8(vdev, offsetof(struct virtio_blk_config, writeback),
			       (uint8_t)raw_writeback);
	return virtio_find_vqs(vdev, 1, &raw_vq, &info);
}

static void raw_remove(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
	while (virtqueue_detach_unused_buf(raw_vq))
		;
	vdev->config->del_vqs(vdev);
}

#define RAW_FEATURES 14

static struct virtio_driver raw_driver = {
	.name = "raw",
	.id_table =
		(const struct virtio_device_id[]){ { VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID }, { 0 } },
	.feature_table =
		(const unsigned int[RAW_FEATURES]){
			VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_F_SIZE_MAX, VIRTIO_BLK_F_BLK_SIZE,
			VIRTIO_BLK_F_TOPOLOGY, VIRTIO_BLK_F_MQ, VIRTIO_BLK_F_RO,
			VIRTIO_BLK_F_LIFETIME, VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_F_WRITE_ZEROES,
			VIRTIO_BLK_F_SECURE_ERASE, VIRTIO_BLK_F_ZONED, VIRTIO_BLK_F_FLUSH,
			VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_GEOMETRY },
	.feature_table_size = RAW_FEATURES,
	.probe = raw_probe,
	.remove = raw_remove,
};

/* With all of its features, or only the first @features of the table. */
static void raw_start(const struct machine_device *device, unsigned int features)
{
	disk_machine(device);
	raw_driver.feature_table_size = features;
	assert_int_equal(register_virtio_driver(&raw_driver), 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 1);
	assert_ptr_equal(virtio_next_device(NULL)->driver, &raw_driver);
	page = disk_buffer(PAGE_BYTES);
}

static int raw_stop(void **state)
{
	unregister_virtio_driver(&raw_driver);
	return disk_stop(state);
}

#define raw_test(name) cmocka_unit_test_teardown(name, raw_stop)

static struct VirtIOBlock *device(void)
{
	return host_blk_device(host_machine_device(0));
}

static void header(uint32_t type, uint64_t sector)
{
	struct virtio_blk_outhdr *hdr = (void *)page;

	memset(page, UNTOUCHED, PAGE_BYTES);
	le32_write(&hdr->type, type);
	le32_write(&hdr->ioprio, 0);
	le64_write(&hdr->sector, sector);
}

/* Sends a buffer of these elements, @out of them for the device to read; the used length. */
static unsigned int send(const struct bio_vec *elements, unsigned int out, unsigned int in)
{
	struct scatterlist sgs[32], *list[32];
	unsigned int len;

	for (unsigned int i = 0; i < out + in; i++) {
		sg_init_one(&sgs[i], platform_dma_address(elements[i].bv_base), elements[i].bv_len);
		list[i] = &sgs[i];
	}
	assert_int_equal(virtqueue_add_sgs(raw_vq, list, out, in, page), 0);
	assert_true(virtqueue_kick(raw_vq));
	for (int i = 0; i < 10; i++) {
		if (virtqueue_get_buf(raw_vq, &len))
			return len;
		platform_relax();
	}
	return UINT32_MAX; /* no answer */
}

/* Header, data out or in, status; returns the status. */
static uint8_t ask(uint32_t out_bytes, uint32_t in_bytes)
{
	struct bio_vec elements[4] = { { page, 16 } };
	unsigned int out = 1, in = 0, len;

	if (out_bytes)
		elements[out++] = (struct bio_vec){ page + 512, out_bytes };
	if (in_bytes)
		elements[out + in++] = (struct bio_vec){ page + 512, in_bytes };
	elements[out + in++] = (struct bio_vec){ page + 64, 1 };
	len = send(elements, out, in);
	/* 2.7.8.2: what it says it wrote, it wrote: to the last byte, the status. */
	assert_int_equal(len, in_bytes + 1);
	return page[64];
}

static uint8_t read_sectors(uint64_t sector, uint32_t bytes)
{
	header(VIRTIO_BLK_T_IN, sector);
	return ask(0, bytes);
}

static uint8_t write_sectors(uint64_t sector, uint32_t bytes)
{
	header(VIRTIO_BLK_T_OUT, sector);
	return ask(bytes, 0);
}

static uint8_t range(uint32_t type, uint64_t sector, uint32_t nr_sectors, uint32_t flags,
		     uint32_t bytes)
{
	struct virtio_blk_discard_write_zeroes *range = (void *)(page + 512);

	header(type, 0);
	for (unsigned int i = 0; i < bytes / sizeof(*range); i++) {
		le64_write(&range[i].sector, sector);
		le32_write(&range[i].num_sectors, nr_sectors);
		le32_write(&range[i].flags, flags);
	}
	return ask(bytes, 0);
}

static void assert_disk_untouched(void)
{
	size_t bytes;
	uint8_t *disk = machine_disk(0, &bytes);

	for (unsigned int n = 0; n < bytes / SECTOR; n++)
		assert_sector(disk + n * SECTOR, n);
}

/* ---- reads and writes ---- */

static void what_lies_beyond_the_end_is_an_error(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
	assert_int_equal(read_sectors(DISK_SECTORS, SECTOR), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_sectors(DISK_SECTORS - 1, 2 * SECTOR), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_sectors(UINT64_MAX, SECTOR), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_sectors(UINT64_MAX / SECTOR + 1, SECTOR), VIRTIO_BLK_S_IOERR);
	assert_int_equal(write_sectors(DISK_SECTORS, SECTOR), VIRTIO_BLK_S_IOERR);
	assert_int_equal(write_sectors(UINT64_MAX - 1, 2 * SECTOR), VIRTIO_BLK_S_IOERR);
	assert_disk_untouched();
	assert_int_equal(read_sectors(DISK_SECTORS - 1, SECTOR), VIRTIO_BLK_S_OK);
}

static void half_a_sector_is_an_error(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
	assert_int_equal(read_sectors(0, 511), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_sectors(0, 513), VIRTIO_BLK_S_IOERR);
	assert_int_equal(write_sectors(0, 1), VIRTIO_BLK_S_IOERR);
	assert_disk_untouched();
}

static void a_read_that_fails_hands_back_no_memory_of_ours(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
	assert_int_equal(read_sectors(DISK_SECTORS, SECTOR), VIRTIO_BLK_S_IOERR);
	for (unsigned int i = 0; i < SECTOR; i++)
		assert_int_equal(page[512 + i], 0);
	assert_int_equal(page[512 + SECTOR], UNTOUCHED);
}

static void nothing_to_read_or_write_is_done_at_once(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
	assert_int_equal(read_sectors(0, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(write_sectors(DISK_SECTORS, 0), VIRTIO_BLK_S_OK);
	assert_disk_untouched();
}

static void blk_op_28_a_read_only_disk_is_not_written(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ .read_only = true, .options = "secure_erase=on" },
		  RAW_FEATURES);
	assert_int_equal(write_sectors(0, SECTOR), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_DISCARD, 0, 8, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_SECURE_ERASE, 0, 8, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_disk_untouched();
	assert_int_equal(read_sectors(0, SECTOR), VIRTIO_BLK_S_OK);
}

/* ---- framing ---- */

static void split_framing_01_a_request_in_single_bytes(void **state)
{
	struct bio_vec elements[32];
	unsigned int n = 0;

	(void)state;
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
	header(VIRTIO_BLK_T_IN, 9);
	for (; n < 16; n++)
		elements[n] = (struct bio_vec){ page + n, 1 };
	elements[n++] = (struct bio_vec){ page + 512, 100 };
	elements[n++] = (struct bio_vec){ page + 1024, 411 };
	/* The last byte of data and the status in one element. */
	elements[n++] = (struct bio_vec){ page + 2048, 2 };
	assert_int_equal(send(elements, 16, 3), SECTOR + 1);
	assert_int_equal(page[2049], VIRTIO_BLK_S_OK);
	assert_int_equal(page[512 + 99], 9);
	assert_int_equal(page[1024 + 410], 9);
	assert_int_equal(page[2048], 9);
}

static void header_and_data_in_one_element(void **state)
{
	struct bio_vec elements[] = { { NULL, 16 + SECTOR }, { NULL, 1 } };
	size_t bytes;

	(void)state;
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
	header(VIRTIO_BLK_T_OUT, 9);
	memset(page + 16, 0x77, SECTOR);
	elements[0].bv_base = page;
	elements[1].bv_base = page + 2048;
	assert_int_equal(send(elements, 1, 1), 1);
	assert_int_equal(page[2048], VIRTIO_BLK_S_OK);
	assert_int_equal(machine_disk(0, &bytes)[9 * SECTOR + 511], 0x77);
}

/* There is nowhere to put an answer (D10), so the device says that it cannot go on. */
static void no_room_for_a_header_or_status_needs_a_reset(void **state)
{
	struct bio_vec short_header[] = { { NULL, 15 }, { NULL, 1 } };
	struct bio_vec no_status[] = { { NULL, 16 } };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
		host_machine_expect_complaints();
		header(VIRTIO_BLK_T_IN, 0);
		short_header[0].bv_base = no_status[0].bv_base = page;
		short_header[1].bv_base = page + 64;
		assert_int_equal(i ? send(no_status, 1, 0) : send(short_header, 1, 1), UINT32_MAX);
		assert_true(host_machine_device(0)->status & VIRTIO_STATUS_NEEDS_RESET);
		assert_string_equal(host_machine_device(0)->complaint,
				    "a block request without header or status");
		assert_int_equal(page[64], UNTOUCHED);
		raw_stop(NULL);
	}
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
}

/* ---- types ---- */

static void unknown_types_are_not_supported(void **state)
{
	static const uint32_t types[] = { 2, 3, 5, 9, 12, 17, 25, 27, 0x80000000, UINT32_MAX };

	(void)state;
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
	for (unsigned int i = 0; i < sizeof(types) / sizeof(*types); i++) {
		header(types[i], 0);
		assert_int_equal(ask(SECTOR, 0), VIRTIO_BLK_S_UNSUPP);
		header(types[i], 0);
		assert_int_equal(ask(0, SECTOR), VIRTIO_BLK_S_UNSUPP);
	}
	assert_disk_untouched();
}

static void blk_op_41_without_the_feature_there_are_no_zones(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ .options = "zoned=ha" }, 5);
	for (uint32_t type = VIRTIO_BLK_T_ZONE_APPEND; type <= VIRTIO_BLK_T_ZONE_RESET_ALL;
	     type++) {
		header(type, 0);
		assert_int_equal(ask(SECTOR, 0), VIRTIO_BLK_S_UNSUPP);
	}
	/* blk_init_16: and the config says so as well. */
	for (unsigned int at = offsetof(struct virtio_blk_config, zoned);
	     at < sizeof(struct virtio_blk_config); at++)
		assert_int_equal(virtio_cread8(virtio_next_device(NULL), at), 0);
	assert_disk_untouched();
}

static void what_was_not_agreed_is_not_supported(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ .options = "lifetime=on,secure_erase=on" }, 5);
	assert_int_equal(range(VIRTIO_BLK_T_DISCARD, 0, 8, 0, 16), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0, 16), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(range(VIRTIO_BLK_T_SECURE_ERASE, 0, 8, 0, 16), VIRTIO_BLK_S_UNSUPP);
	header(VIRTIO_BLK_T_GET_LIFETIME, 0);
	assert_int_equal(ask(0, 6), VIRTIO_BLK_S_UNSUPP);
	assert_disk_untouched();
}

static void answers_are_cut_to_the_room_there_is(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ .options = "serial=abcdefghij,lifetime=on" },
		  RAW_FEATURES);
	header(VIRTIO_BLK_T_GET_ID, 0);
	assert_int_equal(ask(0, 5), VIRTIO_BLK_S_OK);
	assert_memory_equal(page + 512, "abcde", 5);
	assert_int_equal(page[517], UNTOUCHED);
	header(VIRTIO_BLK_T_GET_ID, 0);
	assert_int_equal(ask(0, 30), VIRTIO_BLK_S_OK);
	assert_memory_equal(page + 512, "abcdefghij\0\0\0\0\0\0\0\0\0\0", 20);
	header(VIRTIO_BLK_T_GET_LIFETIME, 0);
	assert_int_equal(ask(0, 5), VIRTIO_BLK_S_IOERR);
}

/* ---- ranges ---- */

static void blk_op_29_30_flags_nobody_knows_are_not_supported(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ .options = "secure_erase=on" }, RAW_FEATURES);
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t flags = 1u << bit;

		assert_int_equal(range(VIRTIO_BLK_T_DISCARD, 0, 8, flags, 16), VIRTIO_BLK_S_UNSUPP);
		assert_int_equal(range(VIRTIO_BLK_T_SECURE_ERASE, 0, 8, flags, 16),
				 VIRTIO_BLK_S_UNSUPP);
		if (bit)
			assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, flags, 16),
					 VIRTIO_BLK_S_UNSUPP);
	}
	assert_disk_untouched();
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 1, 16), VIRTIO_BLK_S_OK);
}

static void ranges_that_are_none_are_errors(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ .options = "max-write-zeroes-sectors=100,ranges=2" },
		  RAW_FEATURES);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0, 15), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0, 17), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0, 48), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 101, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 2047, 2, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_DISCARD, UINT64_MAX, 1, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(VIRTIO_BLK_T_DISCARD, 0, UINT32_MAX, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_disk_untouched();
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 1, 100, 0, 32), VIRTIO_BLK_S_OK);
}

/* ---- zones, past our driver ---- */

static void the_device_checks_appends_itself(void **state)
{
	struct bio_vec elements[3];

	(void)state;
	raw_start(&(struct machine_device){ .options = "zoned=hm,zone_sectors=64,max_append=4" },
		  RAW_FEATURES);
	/* op.50, op.54, op.51, op.55 */
	for (unsigned int i = 0; i < 4; i++) {
		static const uint64_t sectors[] = { 65, 64, 64, 127 };
		static const uint32_t lengths[] = { 1, 5, 0, 2 };

		header(i == 3 ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_ZONE_APPEND, sectors[i]);
		elements[0] = (struct bio_vec){ page, 16 };
		elements[1] = (struct bio_vec){ page + 512, lengths[i] * SECTOR };
		elements[2] = (struct bio_vec){ page + 64, 9 };
		if (lengths[i]) {
			assert_int_equal(send(elements, 2, 1), 9);
		} else {
			elements[1] = elements[2];
			assert_int_equal(send(elements, 1, 1), 9);
		}
		assert_int_equal(page[72], VIRTIO_BLK_S_ZONE_INVALID_CMD);
	}
	/* No room to say where it went. */
	header(VIRTIO_BLK_T_ZONE_APPEND, 64);
	assert_int_equal(ask(SECTOR, 0), VIRTIO_BLK_S_ZONE_INVALID_CMD);
	/* And one that is right. */
	header(VIRTIO_BLK_T_ZONE_APPEND, 64);
	elements[1] = (struct bio_vec){ page + 512, SECTOR };
	assert_int_equal(send(elements, 2, 1), 9);
	assert_int_equal(page[72], VIRTIO_BLK_S_OK);
	assert_int_equal(le64_read((le64 *)(page + 64)), 64);
	assert_int_equal(device()->conf.zoned.zones[1].wp, 65);
}

static void the_device_checks_zone_commands_itself(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ .options = "zoned=hm,zone_sectors=64,max_append=0" },
		  RAW_FEATURES);
	for (uint32_t type = VIRTIO_BLK_T_ZONE_OPEN; type <= VIRTIO_BLK_T_ZONE_RESET; type += 2) {
		header(type, 65);
		assert_int_equal(ask(0, 0), VIRTIO_BLK_S_ZONE_INVALID_CMD);
		header(type, UINT64_MAX);
		assert_int_equal(ask(0, 0), VIRTIO_BLK_S_ZONE_INVALID_CMD);
	}
	header(VIRTIO_BLK_T_ZONE_REPORT, DISK_SECTORS);
	assert_int_equal(ask(0, 1024), VIRTIO_BLK_S_ZONE_INVALID_CMD);
	header(VIRTIO_BLK_T_ZONE_REPORT, 0);
	assert_int_equal(ask(0, 127), VIRTIO_BLK_S_ZONE_INVALID_CMD);
	/* op.53; op.55 for reads */
	header(VIRTIO_BLK_T_ZONE_APPEND, 0);
	assert_int_equal(ask(SECTOR, 8), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(read_sectors(63, 2 * SECTOR), VIRTIO_BLK_S_ZONE_INVALID_CMD);
}

/* ---- config ---- */

static void only_writeback_can_be_written(void **state)
{
	struct virtio_device *vdev;

	(void)state;
	raw_start(&(struct machine_device){ 0 }, RAW_FEATURES);
	vdev = virtio_next_device(NULL);
	for (unsigned int at = 0; at < sizeof(struct virtio_blk_config); at++) {
		uint8_t before = virtio_cread8(vdev, at);

		virtio_cwrite8(vdev, at, 0);
		if (at == offsetof(struct virtio_blk_config, writeback))
			assert_true(before == 1 && virtio_cread8(vdev, at) == 0);
		else
			assert_int_equal(virtio_cread8(vdev, at), before);
	}
}

static void blk_init_13_27_what_is_unused_is_zero(void **state)
{
	static const unsigned int unused[] = {
		offsetof(struct virtio_blk_config, unused0),
		offsetof(struct virtio_blk_config, unused1),
		offsetof(struct virtio_blk_config, unused1) + 2,
		offsetof(struct virtio_blk_config, zoned.unused2),
		offsetof(struct virtio_blk_config, zoned.unused2) + 2,
	};

	(void)state;
	raw_start(&(struct machine_device){ .options = "zoned=hm" }, RAW_FEATURES);
	for (unsigned int i = 0; i < sizeof(unused) / sizeof(*unused); i++)
		assert_int_equal(virtio_cread8(virtio_next_device(NULL), unused[i]), 0);
}

/* ---- what survives a power cut ---- */

static void blk_op_36_what_was_flushed_is_safe(void **state)
{
	size_t bytes;

	(void)state;
	raw_start(&(struct machine_device){ .options = "volatile=on" }, RAW_FEATURES);
	assert_int_equal(write_sectors(10, SECTOR), VIRTIO_BLK_S_OK);
	header(VIRTIO_BLK_T_FLUSH, 0);
	assert_int_equal(ask(0, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(write_sectors(20, SECTOR), VIRTIO_BLK_S_OK);
	memory_disk_power_cut(host_blk_memory(host_machine_device(0)));
	assert_int_equal(machine_disk(0, &bytes)[10 * SECTOR], UNTOUCHED);
	assert_int_equal(machine_disk(0, &bytes)[20 * SECTOR], 20);
}

static void blk_op_36_without_a_cache_every_write_is_safe(void **state)
{
	struct virtio_device *vdev;
	size_t bytes;

	(void)state;
	raw_start(&(struct machine_device){ .options = "volatile=on,secure_erase=on" },
		  RAW_FEATURES);
	vdev = virtio_next_device(NULL);
	virtio_cwrite8(vdev, offsetof(struct virtio_blk_config, writeback), 0);
	assert_int_equal(write_sectors(10, SECTOR), VIRTIO_BLK_S_OK);
	memory_disk_power_cut(host_blk_memory(host_machine_device(0)));
	assert_int_equal(machine_disk(0, &bytes)[10 * SECTOR], UNTOUCHED);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 20, 1, 0, 16), VIRTIO_BLK_S_OK);
	memory_disk_power_cut(host_blk_memory(host_machine_device(0)));
	assert_int_equal(machine_disk(0, &bytes)[20 * SECTOR], 0);
}

static void blk_init_12_who_cannot_flush_gets_no_cache(void **state)
{
	(void)state;
	raw_start(&(struct machine_device){ 0 }, 5); /* neither FLUSH nor CONFIG_WCE */
	assert_int_equal(device()->config.writeback, 0);
	raw_stop(state);
	raw_start(&(struct machine_device){ 0 }, 12); /* FLUSH alone: there is a cache */
	assert_int_equal(device()->config.writeback, 1);
}

/* 5.2.5.3: through the legacy interface the choice may come before DRIVER_OK, and stays. */
static void blk_legacyinit_03_04_a_legacy_driver_may_choose_its_cache_early(void **state)
{
	const struct machine_device legacy = { .interface = MACHINE_LEGACY };

	(void)state;
	raw_writeback = 0;
	raw_start(&legacy, RAW_FEATURES);
	raw_writeback = -1;
	assert_int_equal(device()->config.writeback, 0);
	raw_stop(state);

	/* Who cannot choose gets what it will assume, with DRIVER_OK. */
	raw_start(&legacy, 12);
	assert_int_equal(device()->config.writeback, 1);
	raw_stop(state);
	raw_start(&legacy, 5);
	assert_int_equal(device()->config.writeback, 0);
}

/* ---- devices that would break a rule ---- */

static bool can_be(const struct VirtIOBlkConf *like)
{
	static struct VirtIOBlkZone zones[16];
	static struct VirtIOBlock blk;
	static uint8_t memory[64 * SECTOR];
	struct VirtIODevice vdev = { .memory = platform_host_memory() };
	struct VirtIOBlkConf conf = *like;
	struct MemoryDisk disk;

	memory_disk_init(&disk, memory, NULL, sizeof(memory));
	conf.backend = &disk.blk;
	conf.zoned.zones = zones;
	conf.zoned.max_zones = 16;
	return virtio_blk_init(&blk, &vdev, &conf);
}

static void blk_init_11_a_cache_that_nobody_can_empty_is_not_offered(void **state)
{
	(void)state;
	assert_false(can_be(&(struct VirtIOBlkConf){ .config_wce = true }));
	assert_true(can_be(&(struct VirtIOBlkConf){ .config_wce = true, .flush = true }));
}

static void blk_init_24_appends_longer_than_a_request_are_not_offered(void **state)
{
	struct VirtIOBlkConf conf = { .seg_max = 4,
				      .size_max = 1024,
				      .zoned = { .offered = true,
						 .model = VIRTIO_BLK_Z_HM,
						 .zone_sectors = 16,
						 .max_append_sectors = 9 } };

	(void)state;
	assert_false(can_be(&conf));
	conf.zoned.max_append_sectors = 8;
	assert_true(can_be(&conf));
}

static void blk_op_40_reserved_numbers_of_wear_are_not_offered(void **state)
{
	(void)state;
	assert_false(can_be(&(struct VirtIOBlkConf){ .lifetime = true, .pre_eol_info = 4 }));
	assert_false(can_be(&(struct VirtIOBlkConf){ .lifetime = true, .lifetime_typ_a = 12 }));
	assert_false(can_be(&(struct VirtIOBlkConf){ .lifetime = true, .lifetime_typ_b = 12 }));
	assert_true(can_be(&(struct VirtIOBlkConf){
		.lifetime = true, .pre_eol_info = 3, .lifetime_typ_a = 11, .lifetime_typ_b = 11 }));
}

static void blk_op_62_erasing_is_offered_for_whole_zones_only(void **state)
{
	struct VirtIOBlkConf conf = {
		.max_secure_erase_sectors = 64,
		.max_secure_erase_seg = 1,
		.secure_erase_sector_alignment = 24,
		.zoned = { .offered = true, .model = VIRTIO_BLK_Z_HM, .zone_sectors = 16 }
	};

	(void)state;
	assert_false(can_be(&conf));
	conf.secure_erase_sector_alignment = 32;
	assert_true(can_be(&conf));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		raw_test(what_lies_beyond_the_end_is_an_error),
		raw_test(half_a_sector_is_an_error),
		raw_test(a_read_that_fails_hands_back_no_memory_of_ours),
		raw_test(nothing_to_read_or_write_is_done_at_once),
		raw_test(blk_op_28_a_read_only_disk_is_not_written),
		raw_test(split_framing_01_a_request_in_single_bytes),
		raw_test(header_and_data_in_one_element),
		raw_test(no_room_for_a_header_or_status_needs_a_reset),
		raw_test(unknown_types_are_not_supported),
		raw_test(blk_op_41_without_the_feature_there_are_no_zones),
		raw_test(what_was_not_agreed_is_not_supported),
		raw_test(answers_are_cut_to_the_room_there_is),
		raw_test(blk_op_29_30_flags_nobody_knows_are_not_supported),
		raw_test(ranges_that_are_none_are_errors),
		raw_test(the_device_checks_appends_itself),
		raw_test(the_device_checks_zone_commands_itself),
		raw_test(only_writeback_can_be_written),
		raw_test(blk_init_13_27_what_is_unused_is_zero),
		raw_test(blk_op_36_what_was_flushed_is_safe),
		raw_test(blk_op_36_without_a_cache_every_write_is_safe),
		raw_test(blk_init_12_who_cannot_flush_gets_no_cache),
		raw_test(blk_legacyinit_03_04_a_legacy_driver_may_choose_its_cache_early),
		cmocka_unit_test(blk_init_11_a_cache_that_nobody_can_empty_is_not_offered),
		cmocka_unit_test(blk_init_24_appends_longer_than_a_request_are_not_offered),
		cmocka_unit_test(blk_op_40_reserved_numbers_of_wear_are_not_offered),
		cmocka_unit_test(blk_op_62_erasing_is_offered_for_whole_zones_only),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
