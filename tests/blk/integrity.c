/* SPDX-License-Identifier: MIT */
/*
 * 100,000 random requests, and every byte of them: reads are compared with an image that is kept
 * beside the disk, and in the end so is the whole disk.
 *
 * Kinds, places, sizes, pieces and depths are random; rings are split and packed, answers come in
 * the order of the requests and shuffled. No two requests in flight touch the same sector if one of
 * them writes, since nothing says which comes first.
 *
 * BLK_SEED chooses another run, BLK_REQUESTS another length (of each of the four).
 */
#include <stdio.h>
#include <stdlib.h>

#include "platform/host/host.h"
#include "tests/support/host_machine.h"
#include "tests/support/one_disk.h"

#define DISK_SECTORS 1024
#define SLOTS 48
#define MAX_SECTORS 40
#define MAX_PIECES 6
#define SLOT_BYTES (MAX_SECTORS * SECTOR + MAX_PIECES * 64)
#define MAX_RANGES 4
#define REQUESTS 25000

#define IN_ORDER (1ull << VIRTIO_F_IN_ORDER)
#define PACKED (1ull << VIRTIO_F_RING_PACKED)
#define INDIRECT (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define RING_FEATURES (IN_ORDER | PACKED | INDIRECT)

/* A request on its way. */
struct slot {
	bool busy, ended;
	enum req_op op;
	uint64_t sector;
	unsigned int nr_sectors;
	struct request *rq;
	unsigned long number; /* in the order of submission */
	uint8_t *memory;      /* SLOT_BYTES, untouched ones are 0xee */
	struct bio_vec pieces[MAX_PIECES];
	unsigned int nr_pieces;
	struct blk_range ranges[MAX_RANGES];
	unsigned int nr_ranges;
};

static struct slot slots[SLOTS];
static unsigned int in_flight;
static uint8_t image[DISK_SECTORS * SECTOR];
static uint8_t readers[DISK_SECTORS]; /* in flight, of each sector */
static bool writer[DISK_SECTORS];
static unsigned long done_of[REQ_OPS];
static unsigned long last_number, last_ended[2], overtaken; /* ends, of each hardware queue */
static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 11) % below);
}

/* ---- who may touch what ---- */

static bool is_free(uint64_t sector, unsigned int nr_sectors, bool write)
{
	for (uint64_t n = sector; n < sector + nr_sectors; n++)
		if (writer[n] || (write && readers[n]))
			return false;
	return true;
}

static void touch(uint64_t sector, unsigned int nr_sectors, bool write, int by)
{
	for (uint64_t n = sector; n < sector + nr_sectors; n++)
		if (write)
			writer[n] = by > 0;
		else
			readers[n] += by;
}

/* A range that nobody is at, now ours; false if there was none at the first try. */
static bool claim(uint64_t *sector, unsigned int *nr_sectors, bool write)
{
	*nr_sectors = 1 + rnd(rnd(4) ? 8 : MAX_SECTORS);
	*sector = rnd(DISK_SECTORS - *nr_sectors + 1);
	if (!is_free(*sector, *nr_sectors, write))
		return false;
	touch(*sector, *nr_sectors, write, 1);
	return true;
}

/* ---- data ---- */

/* The slot's bytes as pieces, anywhere in its memory, with a gap behind each. */
static void cut_into_pieces(struct slot *slot)
{
	uint32_t left = slot->nr_sectors * SECTOR;
	uint8_t *at = slot->memory;

	memset(slot->memory, 0xee, SLOT_BYTES);
	for (slot->nr_pieces = 0; left; slot->nr_pieces++) {
		uint32_t len = slot->nr_pieces == MAX_PIECES - 1 ? left : 1 + rnd(left);

		if (rnd(2))
			len = left; /* most often one piece */
		at += rnd(32);
		slot->pieces[slot->nr_pieces] = (struct bio_vec){ at, len };
		at += len + 1;
		left -= len;
	}
}

/* Writes new random data into the pieces and, as it will be then, the image. */
static void make_data(struct slot *slot)
{
	uint8_t *to = image + slot->sector * SECTOR;

	for (unsigned int i = 0; i < slot->nr_pieces; i++) {
		uint8_t *piece = slot->pieces[i].bv_base;

		for (uint32_t n = 0; n < slot->pieces[i].bv_len; n++)
			piece[n] = (uint8_t)rnd(256);
		memcpy(to, piece, slot->pieces[i].bv_len);
		to += slot->pieces[i].bv_len;
	}
}

static void check_data(const struct slot *slot)
{
	const uint8_t *expected = image + slot->sector * SECTOR;

	for (unsigned int i = 0; i < slot->nr_pieces; i++) {
		const uint8_t *piece = slot->pieces[i].bv_base;

		if (memcmp(piece, expected, slot->pieces[i].bv_len))
			fail_msg("sector %llu and %u more: piece %u of %u is not what was written",
				 (unsigned long long)slot->sector, slot->nr_sectors - 1, i + 1,
				 slot->nr_pieces);
		assert_int_equal(piece[slot->pieces[i].bv_len], 0xee);
		expected += slot->pieces[i].bv_len;
	}
}

/* ---- requests ---- */

static void slot_ended(struct request *rq)
{
	struct slot *slot = rq->end_io_data;
	unsigned int queue = rq->mq_hctx->queue_num;

	slot->ended = true;
	if (slot->number < last_ended[queue])
		overtaken++;
	last_ended[queue] = slot->number;
}

static enum req_op random_op(void)
{
	uint32_t dice = rnd(100);

	if (dice < 45)
		return REQ_OP_READ;
	if (dice < 80)
		return REQ_OP_WRITE;
	if (dice < 86)
		return REQ_OP_WRITE_ZEROES;
	if (dice < 92)
		return REQ_OP_DISCARD;
	return dice < 97 ? REQ_OP_FLUSH : REQ_OP_GET_ID;
}

static bool prepare_ranges(struct slot *slot)
{
	unsigned int want = 1 + rnd(MAX_RANGES);

	for (slot->nr_ranges = 0; slot->nr_ranges < want; slot->nr_ranges++) {
		struct blk_range *range = &slot->ranges[slot->nr_ranges];
		unsigned int nr_sectors;

		if (!claim(&range->sector, &nr_sectors, true))
			break;
		range->nr_sectors = nr_sectors;
		/* What a discard leaves is not said; this disk leaves zeroes. */
		memset(image + range->sector * SECTOR, 0, nr_sectors * SECTOR);
	}
	return slot->nr_ranges;
}

/* Fills in what the operation needs; false if the place is taken. */
static bool prepare(struct slot *slot)
{
	slot->nr_ranges = slot->nr_pieces = slot->nr_sectors = 0;
	slot->sector = 0;
	switch (slot->op) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
		if (!claim(&slot->sector, &slot->nr_sectors, slot->op == REQ_OP_WRITE))
			return false;
		cut_into_pieces(slot);
		if (slot->op == REQ_OP_WRITE)
			make_data(slot);
		return true;
	case REQ_OP_WRITE_ZEROES:
	case REQ_OP_DISCARD:
		return prepare_ranges(slot);
	case REQ_OP_GET_ID:
		slot->pieces[slot->nr_pieces++] =
			(struct bio_vec){ slot->memory, VIRTIO_BLK_ID_BYTES };
		return true;
	default:
		return true;
	}
}

static struct slot *free_slot(void)
{
	unsigned int n = rnd(SLOTS);

	while (slots[n].busy)
		n = (n + 1) % SLOTS;
	return &slots[n];
}

/* Prepares one more, on either CPU; to be submitted. NULL: not now. */
static struct request *next_request(struct gendisk *disk)
{
	struct slot *slot = free_slot();
	struct request *rq;

	platform_host_set_cpu(rnd(2));
	slot->op = random_op();
	rq = blk_mq_alloc_request(disk->queue, slot->op, REQ_NOWAIT);
	if (!rq)
		return NULL;
	if (!prepare(slot)) {
		blk_mq_free_request(rq);
		return NULL;
	}
	rq->sector = slot->sector;
	rq->bvecs = slot->pieces;
	rq->nr_bvecs = slot->nr_pieces;
	rq->ranges = slot->ranges;
	rq->nr_ranges = slot->nr_ranges;
	rq->flags |= rnd(2) ? REQ_NOUNMAP : 0;
	rq->end_io = slot_ended;
	rq->end_io_data = slot;
	slot->rq = rq;
	slot->number = ++last_number;
	slot->busy = true;
	slot->ended = false;
	in_flight++;
	return rq;
}

static void finish(struct slot *slot)
{
	bool write = slot->op == REQ_OP_WRITE;

	assert_int_equal(slot->rq->error, 0);
	if (slot->op == REQ_OP_READ)
		check_data(slot);
	else if (slot->op == REQ_OP_GET_ID)
		assert_memory_equal(slot->memory, "integrity", 10);
	touch(slot->sector, slot->nr_sectors, write, -1);
	for (unsigned int i = 0; i < slot->nr_ranges; i++)
		touch(slot->ranges[i].sector, slot->ranges[i].nr_sectors, true, -1);
	blk_mq_free_request(slot->rq);
	done_of[slot->op]++;
	slot->busy = false;
	in_flight--;
}

static void finish_those_ended(void)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (slots[i].busy && slots[i].ended)
			finish(&slots[i]);
}

/* ---- the run ---- */

/* Up to a random depth, singly or in a plug; then down to another. */
static unsigned long one_wave(struct gendisk *disk)
{
	unsigned int up = 1 + rnd(SLOTS), down = rnd(up);
	struct request *rq;
	struct blk_plug plug;
	bool plugged = rnd(2);
	unsigned long submitted = 0;

	blk_start_plug(&plug);
	while (in_flight < up && (rq = next_request(disk))) {
		if (plugged)
			blk_plug_add(&plug, rq);
		else
			blk_execute_rq_nowait(rq);
		submitted++;
	}
	blk_finish_plug(&plug);
	finish_those_ended();
	while (in_flight > down) {
		blk_mq_wait(disk->queue, PLATFORM_FOREVER);
		finish_those_ended();
	}
	return submitted;
}

static uint64_t from_environment(const char *name, uint64_t fallback)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : fallback;
}

static void run(const struct machine_device *device, uint64_t features)
{
	unsigned long requests = from_environment("BLK_REQUESTS", REQUESTS), done = 0;
	uint8_t *memory, *disk_bytes;
	struct virtblk_stats stats;
	struct gendisk *disk;
	size_t bytes;

	seed = from_environment("BLK_SEED", 20240229);
	printf("BLK_SEED=%llu\n", (unsigned long long)seed);
	memset(readers, 0, sizeof(readers));
	memset(writer, 0, sizeof(writer));
	memset(slots, 0, sizeof(slots));
	memset(done_of, 0, sizeof(done_of));
	memset(last_ended, 0, sizeof(last_ended));
	in_flight = last_number = overtaken = 0;

	disk_machine(device);
	platform_host_set_cpus(2);
	disk = disk_bind();
	assert_non_null(disk);
	memory = disk_buffer(SLOTS * SLOT_BYTES);
	for (unsigned int i = 0; i < SLOTS; i++)
		slots[i].memory = memory + i * SLOT_BYTES;
	disk_bytes = machine_disk(0, &bytes);
	assert_int_equal(bytes, sizeof(image));
	memcpy(image, disk_bytes, sizeof(image));

	while (done < requests)
		done += one_wave(disk);
	while (in_flight) {
		blk_mq_wait(disk->queue, PLATFORM_FOREVER);
		finish_those_ended();
	}
	assert_memory_equal(image, disk_bytes, sizeof(image));

	/* And it was the run that was meant. */
	virtblk_get_stats(disk, &stats);
	assert_int_equal(disk->vdev->features.word[0] & RING_FEATURES, features);
	assert_int_equal(stats.requests, done);
	assert_int_equal(stats.timeouts, 0);
	assert_true(stats.kicks < done);
	if (virtio_has_feature(disk->vdev, VIRTIO_F_IN_ORDER))
		assert_int_equal(overtaken, 0);
	else
		assert_true(overtaken > done / 10);
	for (enum req_op op = REQ_OP_READ; op <= REQ_OP_WRITE_ZEROES; op++)
		assert_true(op == REQ_OP_SECURE_ERASE || done_of[op] > done / 100);
	printf("%lu requests, %lu kicks, %lu interrupts, %lu waited for room\n", done, stats.kicks,
	       stats.interrupts, stats.requeues);
}

#define DISK .disk_bytes = sizeof(image), .num_queues = 2, .queue_size = 32
#define COMMON "serial=integrity,ranges=4"

static void split_in_order(void **state)
{
	(void)state;
	run(&(struct machine_device){ DISK, .options = COMMON ",in_order=on,deferred=on" },
	    IN_ORDER | INDIRECT);
}

static void split_shuffled(void **state)
{
	(void)state;
	run(&(struct machine_device){ DISK, .options = COMMON ",order=shuffled,deferred=on",
				      .indirect = MACHINE_OFF },
	    0);
}

static void packed_in_order(void **state)
{
	(void)state;
	run(&(struct machine_device){ DISK, .options = COMMON ",in_order=on,deferred=on",
				      .packed = MACHINE_ON, .indirect = MACHINE_OFF },
	    PACKED | IN_ORDER);
}

static void packed_shuffled(void **state)
{
	(void)state;
	run(&(struct machine_device){ DISK, .options = COMMON ",order=shuffled,deferred=on",
				      .packed = MACHINE_ON },
	    PACKED | INDIRECT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		disk_test(split_in_order),
		disk_test(split_shuffled),
		disk_test(packed_in_order),
		disk_test(packed_shuffled),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
