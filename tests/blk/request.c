/* SPDX-License-Identifier: MIT */
/*
 * A read of the disk, from the driver's add to the device's data and back: the whole path of a
 * request over one ring, in one process. The walk through it in gdb starts here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "blk/virtio_blk.h"
#include "tests/support/select.h"
#include "tests/support/two_halves.h"

#define SECTORS 8
#define DATA_BYTES (SECTORS * VIRTIO_BLK_SECTOR_BYTES)

/* What the driver keeps for one request, where the device can reach it. */
struct request {
	struct virtio_blk_outhdr header;
	uint8_t status;
	uint8_t data[DATA_BYTES];
};

static void add_read(struct two_halves *halves, struct request *request, uint64_t sector)
{
	struct scatterlist header, data, status;
	struct scatterlist *sgs[] = { &header, &data, &status };

	le32_write(&request->header.type, VIRTIO_BLK_T_IN);
	le64_write(&request->header.sector, sector);
	request->status = 0xff;
	sg_init_one(&header, platform_dma_address(&request->header), sizeof(request->header));
	sg_init_one(&data, platform_dma_address(request->data), DATA_BYTES);
	sg_init_one(&status, platform_dma_address(&request->status), 1);
	assert_int_equal(virtqueue_add_sgs(halves->driver, sgs, 1, 2, request), 0);
}

/* A disk whose every byte is the number of its sector. */
static void serve_one_read(struct two_halves *halves)
{
	struct guest_piece pieces[4];
	struct VirtQueueElement elem = { .pieces = pieces, .capacity = 4 };
	struct virtio_blk_outhdr header;

	assert_true(virtqueue_pop(&halves->device, &elem));
	assert_int_equal(elem.out_len, sizeof(header));
	assert_int_equal(elem.in_len, DATA_BYTES + 1);
	memcpy(&header, elem.out_sg[0].base, sizeof(header));
	assert_int_equal(le32_read(&header.type), VIRTIO_BLK_T_IN);
	for (int i = 0; i < SECTORS; i++)
		memset((char *)elem.in_sg[0].base + i * VIRTIO_BLK_SECTOR_BYTES,
		       (int)le64_read(&header.sector) + i, VIRTIO_BLK_SECTOR_BYTES);
	*(uint8_t *)elem.in_sg[1].base = VIRTIO_BLK_S_OK;
	virtqueue_push(&halves->device, &elem, DATA_BYTES + 1);
}

static void a_read_crosses_the_ring_and_comes_back(void **state)
{
	struct two_halves *halves = *state;
	uint64_t dma;
	struct request *request = platform_dma_alloc(sizeof(*request), &dma);
	unsigned int len;

	/* The driver offers the request, and the device, which waits, wants to hear of it. */
	add_read(halves, request, 40);
	assert_true(virtqueue_kick(halves->driver));
	assert_int_equal(halves->doorbells, 1);

	/* The device takes it, fills it in, and the driver, which waits, wants to hear of that. */
	serve_one_read(halves);
	assert_true(virtio_should_notify(&halves->device));
	assert_int_equal(vring_interrupt(0, halves->driver), IRQ_HANDLED);
	assert_int_equal(halves->callbacks, 1);

	/* What comes back is what was asked for. */
	assert_ptr_equal(virtqueue_get_buf(halves->driver, &len), request);
	assert_int_equal(len, DATA_BYTES + 1);
	assert_int_equal(request->status, VIRTIO_BLK_S_OK);
	for (int i = 0; i < DATA_BYTES; i++)
		assert_int_equal(request->data[i], 40 + i / VIRTIO_BLK_SECTOR_BYTES);
	assert_null(virtqueue_get_buf(halves->driver, &len));
	platform_dma_free(request, sizeof(*request));
}

static void a_second_read_before_the_device_looks_needs_no_kick(void **state)
{
	struct two_halves *halves = *state;
	uint64_t dma;
	struct request *requests = platform_dma_alloc(2 * sizeof(*requests), &dma);
	unsigned int len;

	add_read(halves, &requests[0], 1);
	assert_true(virtqueue_kick_prepare(halves->driver));
	add_read(halves, &requests[1], 2);
	assert_false(virtqueue_kick_prepare(halves->driver));

	serve_one_read(halves);
	serve_one_read(halves);
	assert_ptr_equal(virtqueue_get_buf(halves->driver, &len), &requests[0]);
	assert_ptr_equal(virtqueue_get_buf(halves->driver, &len), &requests[1]);
	platform_dma_free(requests, 2 * sizeof(*requests));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_read_crosses_the_ring_and_comes_back,
						two_halves_setup, two_halves_teardown),
		cmocka_unit_test_setup_teardown(a_second_read_before_the_device_looks_needs_no_kick,
						two_halves_setup, two_halves_teardown),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
