/* SPDX-License-Identifier: MIT */
/*
 * What the files of the device's half share among themselves.
 *
 * virtqueue.c does what is the same for both layouts, virtqueue_split.c and virtqueue_packed.c know
 * where the bits are, chain.h turns descriptors of either into pieces. Nothing here is for users of
 * the device.
 */
#ifndef DEVICE_VIRTQUEUE_INTERNAL_H
#define DEVICE_VIRTQUEUE_INTERNAL_H

#include "ring/barrier.h"
#include "virtqueue.h"

/*
 * Break the queue and say why. Returns false, the answer of nearly every caller. Cold: the compiler
 * moves every branch that leads here out of the way.
 */
__attribute__((cold)) bool virtqueue_refuse(struct VirtQueue *vq, const char *field, uint64_t value,
					    const char *why);

/* A descriptor of either layout once it has been read: our copy, the driver cannot reach it. */
struct desc_copy {
	uint64_t addr; /* device address */
	uint32_t len;  /* bytes */
	uint16_t flags;
	uint16_t next; /* split: slot; packed: buffer id */
};

/* Host address of one part of the ring, or NULL and the queue refused. */
void *virtqueue_map_part(struct VirtQueue *vq, const char *field, uint64_t addr, size_t bytes,
			 size_t align);

/* Host address of the table an INDIRECT descriptor names, or NULL and the queue refused. */
const void *virtqueue_map_table(struct VirtQueue *vq, struct desc_copy desc);

/* Copy a descriptor that lies misaligned, touching each byte once. */
__attribute__((cold)) void virtqueue_copy_desc(void *copy, const void *shared);

/*
 * For a pop that found nothing: make sure that the driver will kick for the next buffer, and look
 * once more. True: there is one now.
 */
bool virtqueue_arm(struct VirtQueue *vq);

/*
 * 2.8.1: position @n slots further on in a packed ring, @n at most the size of the queue. The wrap
 * counter flips each time the last slot is passed, whatever the size.
 */
static inline uint16_t virtqueue_packed_advance(const struct VirtQueue *vq, uint16_t position,
						uint32_t n)
{
	uint32_t slot = (position & 0x7fffu) + n;

	if (slot < vq->num)
		return (uint16_t)(position + n);
	return (uint16_t)((slot - vq->num) | (~position & 0x8000u));
}

/* The same in a ring of either layout. */
static inline uint16_t virtqueue_advance(const struct VirtQueue *vq, uint16_t position, uint32_t n)
{
	return vq->packed ? virtqueue_packed_advance(vq, position, n) : (uint16_t)(position + n);
}

bool virtqueue_split_init(struct VirtQueue *vq, const struct VirtQueueConfig *config);
void virtqueue_split_publish_start(struct VirtQueue *vq);
bool virtqueue_split_empty(struct VirtQueue *vq);
bool virtqueue_split_pop(struct VirtQueue *vq, struct VirtQueueElement *elem);
void virtqueue_split_fill(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len);
void virtqueue_split_flush(struct VirtQueue *vq);
bool virtqueue_split_should_notify(const struct VirtQueue *vq);
void virtqueue_split_set_notification(struct VirtQueue *vq, bool enable);

bool virtqueue_packed_init(struct VirtQueue *vq, const struct VirtQueueConfig *config);
bool virtqueue_packed_empty(struct VirtQueue *vq);
bool virtqueue_packed_pop(struct VirtQueue *vq, struct VirtQueueElement *elem);
void virtqueue_packed_fill(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len,
			   bool run_goes_on);
void virtqueue_packed_flush(struct VirtQueue *vq);
bool virtqueue_packed_should_notify(const struct VirtQueue *vq);
void virtqueue_packed_set_notification(struct VirtQueue *vq, bool enable);

#endif
