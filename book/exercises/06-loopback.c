/* SPDX-License-Identifier: MIT */
/*
 * Chapter 6, exercise 1: a loopback device. What the driver sends it gets back.
 */
#include <string.h>

#include "tests/support/two_halves.h"

#define PIECES 8

static unsigned int interrupts;

void virtio_irq(struct VirtQueue *vq)
{
	(void)vq;
	interrupts++;
}

#ifdef ANSWER
#include "06-loopback.answer.c"
#else
/*
 * Serves all there is: the bytes of a buffer's readable part, as many as fit, go into its writable
 * part. The driver is told of all of them at once, and interrupted at most once.
 */
static void loopback(struct VirtQueue *vq)
{
	struct guest_piece pieces[PIECES];
	struct VirtQueueElement elem = { .pieces = pieces, .capacity = PIECES };

	while (virtqueue_pop(vq, &elem)) {
		memcpy(elem.in_sg[0].base, elem.out_sg[0].base, elem.out_sg[0].len);
		virtqueue_push(vq, &elem, elem.out_sg[0].len);
		virtio_notify(vq);
	}
}
#endif

static const char text[] = "0123456789abcdef";
static unsigned char *page;
static uint64_t page_dma;

static int setup(void **state)
{
	page = platform_dma_alloc(4096, &page_dma);
	interrupts = 0;
	return two_halves_setup(state);
}

static int teardown(void **state)
{
	platform_dma_free(page, 4096);
	return two_halves_teardown(state);
}

/* Offers @out bytes in pieces of @out_piece, and @in bytes of room in pieces of @in_piece. */
static void offer(struct two_halves *halves, size_t at, unsigned int out, unsigned int out_piece,
		  unsigned int in, unsigned int in_piece)
{
	struct scatterlist sg[2][PIECES];
	struct scatterlist *sgs[2];
	unsigned int lists[2] = { 0, 0 }, all = 0;

	memcpy(page + at, text, out);
	memset(page + at + 512, '.', 512);
	for (unsigned int way = 0; way < 2; way++) {
		unsigned int bytes = way ? in : out, piece = way ? in_piece : out_piece, n = 0;

		if (!bytes)
			continue;
		for (unsigned int from = 0; from < bytes; from += piece, n++)
			sg[way][n] = (struct scatterlist){
				.dma_address = page_dma + at + 512 * way + from,
				.length = bytes - from < piece ? bytes - from : piece,
			};
		sg[way][n - 1].end = true;
		sgs[all++] = sg[way];
		lists[way] = 1;
	}
	assert_int_equal(virtqueue_add_sgs(halves->driver, sgs, lists[0], lists[1], page + at), 0);
}

static void assert_back(struct two_halves *halves, size_t at, unsigned int want)
{
	unsigned int len;

	assert_ptr_equal(virtqueue_get_buf(halves->driver, &len), page + at);
	assert_int_equal(len, want);
	assert_memory_equal(page + at + 512, text, want);
	assert_int_equal(page[at + 512 + want], '.');
}

static void what_is_sent_comes_back(void **state)
{
	offer(*state, 0, 16, 16, 16, 16);
	loopback(&((struct two_halves *)*state)->device);
	assert_back(*state, 0, 16);
}

static void however_it_is_cut(void **state)
{
	offer(*state, 0, 16, 5, 16, 7);
	loopback(&((struct two_halves *)*state)->device);
	assert_back(*state, 0, 16);
}

static void no_more_than_there_is_room(void **state)
{
	offer(*state, 0, 16, 6, 9, 3);
	loopback(&((struct two_halves *)*state)->device);
	assert_back(*state, 0, 9);
}

static void no_more_than_was_sent(void **state)
{
	offer(*state, 0, 3, 1, 16, 16);
	loopback(&((struct two_halves *)*state)->device);
	assert_back(*state, 0, 3);
}

static void no_room_at_all_is_no_reason_to_keep_it(void **state)
{
	struct two_halves *halves = *state;
	unsigned int len;

	offer(halves, 0, 16, 16, 0, 1);
	loopback(&halves->device);
	assert_ptr_equal(virtqueue_get_buf(halves->driver, &len), page);
	assert_int_equal(len, 0);
}

static void one_interrupt_for_all(void **state)
{
	struct two_halves *halves = *state;

	virtqueue_enable_cb(halves->driver);
	offer(halves, 0, 8, 8, 8, 8);
	offer(halves, 1024, 8, 8, 8, 8);
	loopback(&halves->device);
	assert_int_equal(interrupts, 1);
	assert_back(halves, 0, 8);
	assert_back(halves, 1024, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_sent_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(however_it_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(no_more_than_there_is_room, setup, teardown),
		cmocka_unit_test_setup_teardown(no_more_than_was_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(no_room_at_all_is_no_reason_to_keep_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(one_interrupt_for_all, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
