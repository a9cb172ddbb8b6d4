/* SPDX-License-Identifier: MIT */
/*
 * A packet out and a packet in: the device reads one buffer, header first, and writes another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "net/virtio_net.h"
#include "tests/support/select.h"
#include "tests/support/two_halves.h"

#define BUFFER_BYTES 1526 /* 5.1.6.3.1: header and the largest plain Ethernet frame */

struct packet {
	struct virtio_net_hdr header;
	uint8_t frame[BUFFER_BYTES - sizeof(struct virtio_net_hdr)];
};

static void a_packet_sent_is_read_whole_and_nothing_is_written(void **state)
{
	struct two_halves *halves = *state;
	uint64_t dma;
	struct packet *packet = platform_dma_alloc(sizeof(*packet), &dma);
	struct guest_piece piece;
	struct VirtQueueElement elem = { .pieces = &piece, .capacity = 1 };
	struct scatterlist sg;
	unsigned int len;

	memcpy(packet->frame, "ping", 4);
	sg_init_one(&sg, dma, sizeof(packet->header) + 60);
	assert_int_equal(virtqueue_add_outbuf(halves->driver, &sg, 1, packet), 0);

	assert_true(virtqueue_pop(&halves->device, &elem));
	assert_int_equal(elem.in_num, 0);
	assert_int_equal(elem.out_len, sizeof(packet->header) + 60);
	assert_memory_equal((char *)elem.out_sg[0].base + sizeof(packet->header), "ping", 4);
	virtqueue_push(&halves->device, &elem, 0);

	assert_ptr_equal(virtqueue_get_buf(halves->driver, &len), packet);
	assert_int_equal(len, 0);
	platform_dma_free(packet, sizeof(*packet));
}

static void a_packet_received_says_how_much_of_the_buffer_it_took(void **state)
{
	struct two_halves *halves = *state;
	uint64_t dma;
	struct packet *packet = platform_dma_alloc(sizeof(*packet), &dma), *filled;
	struct guest_piece piece;
	struct VirtQueueElement elem = { .pieces = &piece, .capacity = 1 };
	struct scatterlist sg;
	unsigned int len;

	sg_init_one(&sg, dma, sizeof(*packet));
	assert_int_equal(virtqueue_add_inbuf(halves->driver, &sg, 1, packet), 0);

	assert_true(virtqueue_pop(&halves->device, &elem));
	filled = elem.in_sg[0].base;
	/* 5.1.6.4.1: one buffer, and said so even without mergeable buffers. */
	le16_write(&filled->header.num_buffers, 1);
	memcpy(filled->frame, "pong", 4);
	virtqueue_push(&halves->device, &elem, sizeof(packet->header) + 60);

	assert_ptr_equal(virtqueue_get_buf(halves->driver, &len), packet);
	assert_int_equal(len, 12 + 60);
	assert_int_equal(le16_read(&packet->header.num_buffers), 1);
	assert_memory_equal(packet->frame, "pong", 4);
	platform_dma_free(packet, sizeof(*packet));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_packet_sent_is_read_whole_and_nothing_is_written,
						two_halves_setup, two_halves_teardown),
		cmocka_unit_test_setup_teardown(
			a_packet_received_says_how_much_of_the_buffer_it_took, two_halves_setup,
			two_halves_teardown),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
