/* SPDX-License-Identifier: MIT */
/*
 * The entropy device (5.4): every buffer on its one queue is filled and handed back.
 *
 * Mirrors QEMU's hw/virtio/virtio-rng.c. Left out on purpose: the back end that supplies real
 * entropy, and the rate limit that spares it.
 */
#include "rng.h"

/* SplitMix64, one byte at a time: short, and good enough to see a byte that is not in its place. */
uint8_t virtio_rng_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint8_t)(z ^ z >> 31);
}

static uint32_t fill(struct VirtIORNG *rng, const struct VirtQueueElement *elem)
{
	uint32_t limit = rng->most ? rng->most : UINT32_MAX, done = 0;

	for (unsigned int i = 0; i < elem->in_num; i++) {
		uint8_t *to = elem->in_sg[i].base;

		for (uint32_t n = 0; n < elem->in_sg[i].len && done < limit; n++, done++)
			to[n] = virtio_rng_next(&rng->state);
	}
	return done;
}

/* The fault: a length that is more than was written, behind the back of virtqueue_push(). */
static void overstate(struct VirtQueue *vq, uint16_t position, uint32_t more)
{
	le32 *len = vq->packed ? &vq->ring.desc[position & 0x7fffu].len :
				 &vq->split.used->ring[position % vq->num].len;

	le32_write(len, le32_read(len) + more);
}

static void handle_output(struct VirtIODevice *vdev, unsigned int index)
{
	struct VirtIORNG *rng = vdev->model;
	struct VirtQueue *vq = virtio_get_queue(vdev, index);
	struct VirtQueueElement elem = { .pieces = rng->pieces, .capacity = VIRTIO_RNG_PIECES };

	if (!vq || rng->silent)
		return;
	while (virtqueue_pop(vq, &elem)) {
		uint16_t position = vq->used_idx;

		/* 5.4.6.1: nothing to read; 5.4.6.2: at least one byte. */
		if (elem.out_num || !elem.in_num) {
			virtio_device_fail(vdev, "a buffer for entropy that cannot be written");
			return;
		}
		virtqueue_push(vq, &elem, fill(rng, &elem));
		if (rng->overstate)
			overstate(vq, position, rng->overstate);
		virtio_notify(vq);
	}
}

static const struct VirtioDeviceClass virtio_rng_class = {
	.name = "virtio-rng",
	.device_id = VIRTIO_ID_RNG_DEVICE,
	.handle_output = handle_output,
};

void virtio_rng_init(struct VirtIORNG *rng, struct VirtIODevice *vdev)
{
	*rng = (struct VirtIORNG){ .vdev = vdev };
	vdev->class = &virtio_rng_class;
	vdev->model = rng;
	virtio_init(vdev);
}
