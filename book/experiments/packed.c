/* SPDX-License-Identifier: MIT */
/* Chapter 9: a packed ring of five, drawn while buffers of two pieces go round it. */
#include "pair.h"

static bool doorbell(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

static void add(struct pair *pair, const char *name)
{
	struct scatterlist out, in;
	struct scatterlist *sgs[] = { &out, &in };

	sg_init_one(&out, pair->data, 16);
	sg_init_one(&in, pair->data + 512, 512);
	if (virtqueue_add_sgs(pair->driver, sgs, 1, 1, (void *)name))
		printf("no room for %s\n", name);
}

int main(void)
{
	struct guest_piece pieces[2][2];
	struct VirtQueueElement elems[2] = { { .pieces = pieces[0], .capacity = 2 },
					     { .pieces = pieces[1], .capacity = 2 } };
	struct pair pair;
	unsigned int len;

	pair_start(&pair, 5, 1ull << VIRTIO_F_RING_PACKED, 0, doorbell, NULL, NULL);
	add(&pair, "first");
	add(&pair, "second");
	pair_draw(&pair, "two buffers of two pieces each");

	virtqueue_pop(&pair.device, &elems[0]);
	virtqueue_pop(&pair.device, &elems[1]);
	virtqueue_push(&pair.device, &elems[1], 512);
	pair_draw(&pair, "the second is used, in the slot of the first");

	printf("back: %s\n", (const char *)virtqueue_get_buf(pair.driver, &len));
	add(&pair, "third");
	pair_draw(&pair, "a third, around the end of the ring");
	return 0;
}
