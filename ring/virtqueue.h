/* SPDX-License-Identifier: MIT */
/*
 * The driver's half of a virtqueue: what a driver calls.
 *
 * Mirrors include/linux/virtio.h: same names, same meaning. Left out on purpose: allocation (the
 * caller brings all memory), DMA mapping (buffers arrive as device addresses) and locking (one
 * caller at a time per queue, except where a function says otherwise).
 */
#ifndef RING_VIRTQUEUE_H
#define RING_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vring_errno.h"
#include "virtio_ring.h"

struct virtio_device; /* bus/ knows it; ring/ only carries the pointer */

/* A virtqueue as its driver sees it. The rest of it is private to ring/. */
struct virtqueue {
	void (*callback)(struct virtqueue *vq); /* from vring_interrupt; NULL: the driver polls */
	const char *name;			/* for messages */
	struct virtio_device *vdev;
	void *priv;	       /* of whoever made the queue: a transport */
	unsigned int index;    /* number of the queue in its device */
	unsigned int num_free; /* descriptors; a buffer needs one per element, or one if indirect */
};

/* ---- scatterlists: a buffer's elements ---- */

/* One element: device addresses only, Linux's page and offset have no place here. */
struct scatterlist {
	uint64_t dma_address;
	uint32_t length; /* bytes, at least 1 */
	bool end;	 /* the list ends here */
};

/* Makes @sg a list of @nents elements, to be given addresses with sg_set(). */
static inline void sg_init_table(struct scatterlist *sg, unsigned int nents)
{
	for (unsigned int i = 0; i < nents; i++)
		sg[i] = (struct scatterlist){ .end = i + 1 == nents };
}

static inline void sg_set(struct scatterlist *sg, uint64_t dma_address, uint32_t length)
{
	sg->dma_address = dma_address;
	sg->length = length;
}

/* Makes @sg a list of one element. */
static inline void sg_init_one(struct scatterlist *sg, uint64_t dma_address, uint32_t length)
{
	*sg = (struct scatterlist){ .dma_address = dma_address, .length = length, .end = true };
}

static inline const struct scatterlist *sg_next(const struct scatterlist *sg)
{
	return sg->end ? NULL : sg + 1;
}

/* ---- making a queue ---- */

/*
 * Everything a queue is made from. The three areas are shared with the device; their sizes are
 * vring_desc_bytes(), vring_driver_bytes() and vring_device_bytes(), their alignment 16, 2 and 4
 * for the split layout, 16, 4 and 4 for the packed one (2.7, 2.8.10.1).
 */
struct vring_config {
	const char *name;
	unsigned int index; /* number of the queue in its device, 0..65535 */
	unsigned int num;   /* entries, 1..32768; a power of two if split */
	uint64_t features;  /* as negotiated: VIRTIO_F_RING_PACKED chooses the layout */

	void *desc;   /* descriptor area: descriptor table, or packed ring */
	void *driver; /* driver area: available ring, or driver event suppression */
	void *device; /* device area: used ring, or device event suppression */

	/*
	 * With VIRTIO_RING_F_INDIRECT_DESC: one table of @indirect_max descriptors per entry of the
	 * queue, vring_indirect_bytes() in all, shared with the device. Without tables
	 * (@indirect_max 0), or for a buffer longer than a table, descriptors are direct.
	 */
	void *indirect;
	uint64_t indirect_dma; /* device address of @indirect */
	unsigned int indirect_max;

	/* Rings the doorbell; false if the device is gone. */
	bool (*notify)(struct virtqueue *vq);
	void (*callback)(struct virtqueue *vq);
	struct virtio_device *vdev;
	void *priv;

	/*
	 * Entries that passed before the first: 0 on a device fresh from reset. A vhost back end
	 * calls it the vring base, tests use it to start just short of a wrap. Split: idx of both
	 * rings. Packed: descriptors, of which the slot and the wrap counter follow.
	 */
	uint16_t first;
	uint16_t device_number; /* N of virtioN, for events */
};

/* Bytes of the driver area and of the device area, in the layout that @features choose. */
static inline size_t vring_driver_bytes(uint64_t features, unsigned int num)
{
	return virtio_feature(features, VIRTIO_F_RING_PACKED) ?
		       sizeof(struct vring_packed_desc_event) :
		       vring_avail_bytes(num);
}

static inline size_t vring_device_bytes(uint64_t features, unsigned int num)
{
	return virtio_feature(features, VIRTIO_F_RING_PACKED) ?
		       sizeof(struct vring_packed_desc_event) :
		       vring_used_bytes(num);
}

/* Bytes of the tables for indirect descriptors of a queue of @num entries. */
static inline size_t vring_indirect_bytes(unsigned int num, unsigned int indirect_max)
{
	return sizeof(struct vring_desc) * num * indirect_max;
}

/**
 * vring_state_bytes - private memory that a queue of @num entries needs
 *
 * The device must not be able to reach this memory. Align it to VRING_STATE_ALIGN bytes.
 */
#define VRING_STATE_ALIGN 64
size_t vring_state_bytes(unsigned int num);

/**
 * vring_new_virtqueue - make a queue
 * @config: copied, except for the memory it points to
 * @state: vring_state_bytes(@config->num) or more, private; stays the queue's until the end
 * @state_bytes: its size
 * @vq: on success the queue, which lives inside @state
 *
 * Clears the three areas (2.7.10.1). The device must not run yet. There is nothing to undo: once
 * the device is reset, the memory is the caller's again.
 *
 * Linux allocates here and takes eleven parameters; the checks of the configuration are ours.
 *
 * Return: 0; -EINVAL if @config makes no queue; -ENOMEM if @state_bytes are too few.
 */
int vring_new_virtqueue(const struct vring_config *config, void *state, size_t state_bytes,
			struct virtqueue **vq);

/**
 * vring_reinit - make the queue anew, in the same private memory
 * @config: may differ in every respect, size and layout included
 *
 * The ring's part in virtqueue_reset() and virtqueue_resize(), which live in bus/: by now the
 * transport has reset the queue (2.6.1) and virtqueue_detach_unused_buf() has emptied it. A broken
 * queue is whole again afterwards.
 *
 * Return: 0; -EBUSY if buffers are still in it; -EINVAL or -ENOMEM as above, the queue untouched.
 */
int vring_reinit(struct virtqueue *vq, const struct vring_config *config);

unsigned int virtqueue_get_vring_size(const struct virtqueue *vq); /* entries */

/* ---- giving buffers to the device ---- */

/**
 * virtqueue_add_sgs - expose a buffer to the device
 * @sgs: @out_sgs lists that the device reads, then @in_sgs lists that it writes; copied
 * @data: the caller's token, not NULL; comes back from virtqueue_get_buf()
 *
 * The device may use the buffer at once; the memory behind @sgs is its own until the token comes
 * back. It may not notice before virtqueue_kick(). All elements go into one chain, or into an
 * indirect table if there is more than one and tables are at hand.
 *
 * Stricter than Linux, which takes zero-length elements (QEMU breaks the queue on one) and chains
 * of any length: 2.7.5.2 forbids more than 2^32 bytes (we stop one short, so that any length fits
 * in 32 bits), 2.7.5.3.1 and 2.8.17 more elements than the queue has entries. On a full queue Linux
 * also kicks; we leave that to the caller.
 *
 * Return: 0; -ENOSPC if too few descriptors are free now; -EINVAL if they never will be enough or
 * the buffer is not a legal one; -EIO if the queue is broken.
 */
int virtqueue_add_sgs(struct virtqueue *vq, struct scatterlist *const sgs[], unsigned int out_sgs,
		      unsigned int in_sgs, void *data);

/* The same for one list, of @num elements: read by the device, or written by it. */
int virtqueue_add_outbuf(struct virtqueue *vq, struct scatterlist *sg, unsigned int num,
			 void *data);
int virtqueue_add_inbuf(struct virtqueue *vq, struct scatterlist *sg, unsigned int num, void *data);

/* @ctx: a second word to keep with the buffer, for virtqueue_get_buf_ctx(). */
int virtqueue_add_inbuf_ctx(struct virtqueue *vq, struct scatterlist *sg, unsigned int num,
			    void *data, void *ctx);

/**
 * virtqueue_kick_prepare - first half of a kick: does the device want to hear of what was added?
 *
 * Asks once about everything added since the last time (2.7.10, 2.8.10). Call it under the lock
 * that protects the queue; virtqueue_notify() may follow outside.
 *
 * Return: true if virtqueue_notify() is due.
 */
bool virtqueue_kick_prepare(struct virtqueue *vq);

/**
 * virtqueue_notify - second half of a kick: ring the doorbell
 *
 * Needs no lock.
 *
 * Return: false if the queue is broken, or the transport says that the device is gone.
 */
bool virtqueue_notify(struct virtqueue *vq);

/* Both halves. Return: false if a notification was due and failed. */
bool virtqueue_kick(struct virtqueue *vq);

/**
 * vring_notification_data - what VIRTIO_F_NOTIFICATION_DATA puts on the doorbell
 *
 * For the transport's notify function (2.9, 4.1.5.2).
 *
 * Return: number of the queue in bits 0..15; where the next buffer will go in bits 16..31: split,
 * the free-running available index; packed, the slot and in bit 31 the wrap counter.
 */
uint32_t vring_notification_data(const struct virtqueue *vq);

/* ---- taking buffers back ---- */

/**
 * virtqueue_get_buf - take the next buffer that the device has used
 * @len: bytes the device says it wrote, from the first writable one on; never more than the
 *	buffer's writable bytes, 0 if it has none. Do not look beyond them (2.7.8.3).
 *
 * What the device wrote into the ring is checked here: how far its index went, that the id is one
 * of a buffer in flight, that the length fits. If any is wrong, the queue breaks, with one message.
 * Linux leaves the index and, without VIRTIO_F_IN_ORDER, the length unchecked. From a legacy
 * device (no VIRTIO_F_VERSION_1) a length too large is cut instead: it was often wrong (2.7.8.1).
 *
 * Return: the token given to virtqueue_add_*(); NULL if there is none or the queue is broken.
 */
void *virtqueue_get_buf(struct virtqueue *vq, unsigned int *len);

/* @ctx: what virtqueue_add_inbuf_ctx() was given, otherwise NULL; set if a token is returned. */
void *virtqueue_get_buf_ctx(struct virtqueue *vq, unsigned int *len, void **ctx);

/* ---- when to be interrupted ---- */

/**
 * virtqueue_disable_cb - ask for no more interrupts
 *
 * A hint: one may still come (2.7.7.1).
 */
void virtqueue_disable_cb(struct virtqueue *vq);

/**
 * virtqueue_enable_cb - ask for an interrupt at the next used buffer
 *
 * Return: false if buffers are waiting already: no interrupt is sure to come for those, so take
 * them and call again.
 */
bool virtqueue_enable_cb(struct virtqueue *vq);

/*
 * The two halves of virtqueue_enable_cb(), for a driver that has something to do in between: ask,
 * and keep the return value; then see whether anything was used past that point.
 */
unsigned int virtqueue_enable_cb_prepare(struct virtqueue *vq);
bool virtqueue_poll(struct virtqueue *vq, unsigned int last_used_idx);

/**
 * virtqueue_enable_cb_delayed - ask for an interrupt when most buffers are used
 *
 * Three quarters of what is in flight. Without VIRTIO_RING_F_EVENT_IDX the device cannot be told so
 * much and interrupts at the next one. For queues whose buffers need no quick answer, like sent
 * packets.
 *
 * Return: false if the buffers it would wait for are used already. A packed ring cannot be
 * counted, there a single one is enough.
 */
bool virtqueue_enable_cb_delayed(struct virtqueue *vq);

enum irqreturn { IRQ_NONE, IRQ_HANDLED };
typedef enum irqreturn irqreturn_t;

/**
 * vring_interrupt - the interrupt handler of a queue
 * @irq: number, unused except in events
 * @vq: a struct virtqueue *
 *
 * Runs the callback if the device has used anything. Needs no lock; the callback takes its own.
 *
 * Return: IRQ_NONE if there was nothing: the interrupt is spurious, or another queue's.
 */
irqreturn_t vring_interrupt(int irq, void *vq);

/* ---- when things end ---- */

/**
 * virtqueue_detach_unused_buf - take back, one by one, buffers that were never used
 *
 * Only once the device or the queue is reset: until then they are the device's (2.7.6.1, 3.3.1).
 * Shared memory is neither read nor written; the queue needs vring_reinit() to go on.
 *
 * Return: a token, or NULL when all are taken.
 */
void *virtqueue_detach_unused_buf(struct virtqueue *vq);

/* Ends the use of a queue: adds fail, nothing comes back. Needs no lock. */
void virtqueue_break(struct virtqueue *vq);
bool virtqueue_is_broken(const struct virtqueue *vq);

/**
 * vring_violation - the device broke a rule of the ring; supplied by whoever links ring/
 * @field: the shared field, as the specification names it: "used.id"
 * @value: what was found there
 * @rule: what was expected: "a buffer in flight"
 *
 * Called once per queue, from the caller's context; the queue is broken by then. Bring
 * DEVICE_NEEDS_RESET or the log into play here.
 */
void vring_violation(const struct virtqueue *vq, const char *field, uint32_t value,
		     const char *rule);

struct vring_event;

/**
 * vring_record - something happened to a queue; supplied by whoever links ring/ built with
 * -DVRING_EVENTS, and otherwise not asked for
 * @event: complete but for time_ns and cpu; on the caller's stack
 */
void vring_record(const struct virtqueue *vq, struct vring_event *event);

#endif
