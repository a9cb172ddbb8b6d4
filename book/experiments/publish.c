/* SPDX-License-Identifier: MIT */
/* Chapter 4: a ring of eight, drawn before and after each buffer that the driver adds. */
#include "pair.h"

static bool doorbell(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

/* A read of a disk: a header of 16 bytes for the device, then room for data and a status. */
static void add_read(struct pair *pair, unsigned int bytes, void *token)
{
	struct scatterlist header, data, status;
	struct scatterlist *sgs[] = { &header, &data, &status };

	sg_init_one(&header, pair->data, 16);
	sg_init_one(&data, pair->data + 512, bytes);
	sg_init_one(&status, pair->data + 16, 1);
	if (virtqueue_add_sgs(pair->driver, sgs, 1, 2, token))
		printf("the ring is full: -ENOSPC\n");
}

int main(void)
{
	struct pair pair;
	int tokens[3];

	/* Just before the index comes round, where slots and indices differ most. */
	pair_start(&pair, 8, 0, 0xfffe, doorbell, NULL, NULL);
	pair_draw(&pair, "empty");
	add_read(&pair, 512, &tokens[0]);
	pair_draw(&pair, "one read of 512 bytes");
	add_read(&pair, 1024, &tokens[1]);
	pair_draw(&pair, "and one of 1024");
	add_read(&pair, 512, &tokens[2]);
	return 0;
}
