/* SPDX-License-Identifier: MIT */
/* Chapter 5: three buffers come back in another order than they went, and a device that lies. */
#include "pair.h"

static bool doorbell(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

int main(void)
{
	static const char *const names[] = { "first", "second", "third" };
	struct guest_piece pieces[3][2];
	struct VirtQueueElement elems[3];
	struct pair pair;
	struct scatterlist sg;
	unsigned int len;
	const char *name;

	pair_start(&pair, 4, 0, 0xfffe, doorbell, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		sg_init_one(&sg, pair.data + 512 * i, 512);
		virtqueue_add_inbuf(pair.driver, &sg, 1, (void *)names[i]);
	}
	for (int i = 0; i < 3; i++) {
		elems[i] = (struct VirtQueueElement){ .pieces = pieces[i], .capacity = 2 };
		virtqueue_pop(&pair.device, &elems[i]);
	}
	virtqueue_push(&pair.device, &elems[2], 512);
	virtqueue_push(&pair.device, &elems[0], 100);
	pair_draw(&pair, "the device has used the third and the first");

	while ((name = virtqueue_get_buf(pair.driver, &len)))
		printf("back: %s, %u bytes written\n", name, len);
	pair_draw(&pair, "the driver has taken them back");

	/* What no honest device does: the same buffer once more, by hand. */
	virtqueue_push(&pair.device, &elems[0], 100);
	name = virtqueue_get_buf(pair.driver, &len);
	printf("back: %s\n", name ? name : "nothing");
	return 0;
}
