/* SPDX-License-Identifier: MIT */
/*
 * Chapter 6: a device that answers in capitals, first written by hand, then with device/; and what
 * a driver can tell it that is not true.
 */
#include <ctype.h>
#include <string.h>

#include "pair.h"
#include "ring/barrier.h"

#define NUM 4

static bool doorbell(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

static void driver_says(const char *what)
{
	printf("%s\n", what);
}

static void device_says(const char *what)
{
	printf("%36s%s\n", "", what);
}

/* A text for the device to read, and room for the answer. */
static void offer(struct pair *pair, char *page, const char *text)
{
	size_t len = strlen(text);
	struct scatterlist out, in;
	struct scatterlist *sgs[] = { &out, &in };
	char line[80];

	memcpy(page, text, len);
	sg_init_one(&out, pair->data, len);
	sg_init_one(&in, pair->data + 512, len);
	virtqueue_add_sgs(pair->driver, sgs, 1, 1, page);
	snprintf(line, sizeof(line), "offers \"%s\": avail.idx %u", text,
		 le16_read(&pair->device.split.avail->idx));
	driver_says(line);
}

static void take_back(struct pair *pair, const char *page)
{
	char line[80];
	unsigned int len;

	if (!virtqueue_get_buf(pair->driver, &len))
		return;
	snprintf(line, sizeof(line), "has %u bytes back: \"%.*s\"", len, (int)len, page + 512);
	driver_says(line);
}

static void capitals(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (char)toupper((unsigned char)from[i]);
}

/* It believes whatever it finds: two descriptors, linked, of one length, of memory that is there.
 */
static void serve_by_hand(const struct vring *vr, char *page, uint64_t page_dma, uint16_t *next)
{
	uint16_t idx = le16_read(&vr->avail->idx);
	char line[80];

	virtio_rmb();
	for (; *next != idx; ++*next) {
		unsigned int slot = *next & (vr->num - 1);
		uint16_t head = le16_read(&vr->avail->ring[slot]);
		const struct vring_desc *out = &vr->desc[head];
		const struct vring_desc *in = &vr->desc[le16_read(&out->next)];
		uint32_t len = le32_read(&in->len);

		snprintf(line, sizeof(line), "entry %u says head %u, %u bytes", *next, head, len);
		device_says(line);
		capitals(page + (le64_read(&in->addr) - page_dma),
			 page + (le64_read(&out->addr) - page_dma), len);
		le32_write(&vr->used->ring[slot].id, head);
		le32_write(&vr->used->ring[slot].len, len);
		virtio_wmb();
		le16_write(&vr->used->idx, *next + 1);
		snprintf(line, sizeof(line), "has written %u: used.idx %u", len,
			 (uint16_t)(*next + 1));
		device_says(line);
	}
}

static void serve(struct VirtQueue *vq)
{
	struct guest_piece pieces[NUM];
	struct VirtQueueElement elem = { .pieces = pieces, .capacity = NUM };
	char line[80];

	while (virtqueue_pop(vq, &elem)) {
		snprintf(line, sizeof(line), "pops %u: %llu bytes to read, %llu to write",
			 elem.index, (unsigned long long)elem.out_len,
			 (unsigned long long)elem.in_len);
		device_says(line);
		capitals(elem.in_sg[0].base, elem.out_sg[0].base, elem.in_sg[0].len);
		virtqueue_push(vq, &elem, elem.in_sg[0].len);
		snprintf(line, sizeof(line), "pushes: used.idx %u",
			 le16_read(&vq->split.used->idx));
		device_says(line);
	}
}

static void lie_about_next(struct vring *vr)
{
	le16_write(&vr->desc[0].next, 9);
}

static void lie_in_a_circle(struct vring *vr)
{
	le16_write(&vr->desc[0].next, 0);
}

static void lie_about_memory(struct vring *vr)
{
	le64_write(&vr->desc[1].addr, 0x10);
}

static void lie_about_length(struct vring *vr)
{
	le32_write(&vr->desc[1].len, 0xffffffff);
}

static void lie_about_order(struct vring *vr)
{
	le16_write(&vr->desc[0].flags, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
	le16_write(&vr->desc[1].flags, 0);
}

static void lie_about_idx(struct vring *vr)
{
	le16_write(&vr->avail->idx, NUM + 1);
}

static const struct {
	const char *what;
	void (*tell)(struct vring *vr);
} lies[] = {
	{ "desc[0].next is 9", lie_about_next },
	{ "desc[0].next is 0, its own slot", lie_in_a_circle },
	{ "desc[1].addr is 0x10", lie_about_memory },
	{ "desc[1].len is 2^32 - 1", lie_about_length },
	{ "desc[0] is for writing, desc[1] for reading", lie_about_order },
	{ "avail.idx is 5", lie_about_idx },
};

int main(void)
{
	uint16_t next = 0xfffe;
	struct pair pair;
	char *page;

	printf("-- by hand\n%-36s%s\n", "driver", "device");
	pair_start(&pair, NUM, 0, 0xfffe, doorbell, NULL, NULL);
	page = platform_dma_alloc(4096, &pair.data);
	offer(&pair, page, "hello");
	serve_by_hand(&pair.device.split, page, pair.data, &next);
	take_back(&pair, page);

	printf("-- with virtqueue_pop and virtqueue_push\n%-36s%s\n", "driver", "device");
	pair_start(&pair, NUM, 0, 0xfffe, doorbell, NULL, NULL);
	page = platform_dma_alloc(4096, &pair.data);
	offer(&pair, page, "a text");
	serve(&pair.device);
	take_back(&pair, page);

	printf("-- lies, each to a queue of its own\n");
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct scatterlist out, in;
		struct scatterlist *sgs[] = { &out, &in };

		pair_start(&pair, NUM, 0, 0, doorbell, NULL, NULL);
		sg_init_one(&out, pair.data, 5);
		sg_init_one(&in, pair.data + 512, 5);
		virtqueue_add_sgs(pair.driver, sgs, 1, 1, page);
		lies[i].tell(&pair.device.split);
		printf("driver: %s\n", lies[i].what);
		serve(&pair.device);
	}
	return 0;
}
