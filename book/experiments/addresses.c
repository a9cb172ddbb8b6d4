/* SPDX-License-Identifier: MIT */
/*
 * Chapter 2: one byte, three addresses. The driver has a pointer to it, the descriptor a device
 * address, the device a pointer of its own.
 */
#include "pair.h"

static bool doorbell(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

/* The same RAM once more, elsewhere, as QEMU has its guest's. */
static _Alignas(4096) unsigned char elsewhere[4096];

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

int main(void)
{
	struct guest_piece pieces[2];
	struct VirtQueueElement elem = { .pieces = pieces, .capacity = 2 };
	struct guest_region region = { .size = sizeof(elsewhere), .host = elsewhere };
	struct guest_memory memory = { .regions = &region, .num = 1 };
	struct scatterlist sg;
	struct pair pair;
	uint64_t in_ring;
	size_t len = 512;
	char *driver;
	void *device;

	pair_start(&pair, 4, 0, 0, doorbell, NULL, NULL);
	driver = platform_dma_alloc(4096, &pair.data);
	sg_init_one(&sg, pair.data + 0x200, 512);
	virtqueue_add_inbuf(pair.driver, &sg, 1, driver);
	in_ring = le64_read(&pair.device.split.desc[0].addr);

	printf("desc[0].addr                         %#llx\n", (unsigned long long)in_ring);
	printf("is it the driver's pointer?          %s\n",
	       yes_no(in_ring == (uint64_t)(uintptr_t)(driver + 0x200)));
	printf("is it what platform/ said of it?     %s\n", yes_no(in_ring == pair.data + 0x200));

	virtqueue_pop(&pair.device, &elem);
	printf("is the device's pointer the same\n");
	printf("  as the address in the ring?        %s\n",
	       yes_no((uint64_t)(uintptr_t)elem.in_sg[0].base == in_ring));
	printf("  as the driver's? (one process)     %s\n",
	       yes_no(elem.in_sg[0].base == driver + 0x200));

	/* Another device, which has the same page mapped somewhere else. */
	region.addr = pair.data;
	device = guest_memory_map(&memory, in_ring, &len);
	printf("  as that of a device with the page\n  mapped elsewhere?                  %s\n",
	       yes_no(device == elem.in_sg[0].base));
	printf("how far into its page it leads       %#zx\n",
	       (size_t)((unsigned char *)device - elsewhere));
	return 0;
}
