/* SPDX-License-Identifier: MIT */
/*
 * Chapter 7, exercise 2: a driver that saves decisions, and loses a kick by it.
 */
#include "tests/support/two_halves.h"

#ifdef ANSWER
#include "07-lost-kick.answer.c"
#else
/* Adds @count buffers. Asking after each one would be a full fence for each: every fourth will do.
 */
static void submit(struct virtqueue *vq, struct scatterlist *sg, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		virtqueue_add_outbuf(vq, sg, 1, sg);
		if (i % 4 == 3)
			virtqueue_kick(vq);
	}
}
#endif

/* The device takes all there is, as often as it was called. */
static unsigned int serve(struct two_halves *halves, unsigned int *heard)
{
	struct guest_piece piece;
	struct VirtQueueElement elem = { .pieces = &piece, .capacity = 1 };
	unsigned int taken = 0;

	if (*heard == halves->doorbells)
		return 0;
	*heard = halves->doorbells;
	while (virtqueue_pop(&halves->device, &elem)) {
		virtqueue_push(&halves->device, &elem, 0);
		taken++;
	}
	return taken;
}

static void every_buffer_is_heard_of(void **state)
{
	struct two_halves *halves = *state;
	unsigned int heard = 0, len;
	struct scatterlist sg;
	uint64_t dma;
	void *byte = platform_dma_alloc(1, &dma);

	sg_init_one(&sg, dma, 1);
	for (unsigned int count = 1; count <= TWO_HALVES_NUM; count++) {
		submit(halves->driver, &sg, count);
		assert_int_equal(serve(halves, &heard), count);
		while (virtqueue_get_buf(halves->driver, &len))
			continue;
	}
	platform_dma_free(byte, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_buffer_is_heard_of, two_halves_setup,
						two_halves_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
