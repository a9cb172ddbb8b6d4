/* SPDX-License-Identifier: MIT */
/* Chapter 9: how many reads fit into a queue of eight, with tables and without. */
#include "pair.h"

#define NUM 8

static bool doorbell(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

/* Reads of three pieces, until no more go in. */
static unsigned int fill(struct virtqueue *vq, uint64_t data)
{
	struct scatterlist header, in, status;
	struct scatterlist *sgs[] = { &header, &in, &status };
	unsigned int count = 0;

	sg_init_one(&header, data, 16);
	sg_init_one(&in, data + 512, 512);
	sg_init_one(&status, data + 16, 1);
	while (!virtqueue_add_sgs(vq, sgs, 1, 2, &count))
		count++;
	return count;
}

int main(void)
{
	uint64_t features = 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC;
	size_t bytes = vring_state_bytes(NUM);
	uint64_t dma, tables_dma, data;
	char *ring = platform_dma_alloc(3 * 4096, &dma);
	void *tables = platform_dma_alloc(vring_indirect_bytes(NUM, 3), &tables_dma);
	struct vring_config config = { .name = "indirect",
				       .num = NUM,
				       .desc = ring,
				       .driver = ring + 4096,
				       .device = ring + 8192,
				       .notify = doorbell };
	void *state = aligned_alloc(VRING_STATE_ALIGN, (bytes + 63) & ~63ul);
	struct virtqueue *vq;

	platform_dma_alloc(4096, &data);
	for (int with_tables = 0; with_tables < 2; with_tables++) {
		for (int packed = 0; packed < 2; packed++) {
			config.features = features | (packed ? 1ull << VIRTIO_F_RING_PACKED : 0);
			config.indirect = with_tables ? tables : NULL;
			config.indirect_dma = tables_dma;
			config.indirect_max = with_tables ? 3 : 0;
			if (vring_new_virtqueue(&config, state, bytes, &vq))
				return 1;
			printf("%-6s %-14s %u reads of three pieces\n", packed ? "packed" : "split",
			       with_tables ? "with tables" : "without tables", fill(vq, data));
		}
	}
	free(state);
	return 0;
}
