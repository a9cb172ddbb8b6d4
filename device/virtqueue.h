/* SPDX-License-Identifier: MIT */
/*
 * The device's half of a virtqueue: take buffers the driver offers, hand them back used.
 *
 * Mirrors the queue part of QEMU's hw/virtio/virtio.c and uses its names, for split and packed
 * rings alike. Left out on purpose: bounce buffers, migration of buffers in flight, and QEMU's
 * reordering for VIRTIO_F_IN_ORDER (a device that completes out of order does not offer that
 * feature).
 *
 * Everything the driver can write is hostile here. What breaks a rule of the specification breaks
 * the queue: one message through virtio_error(), then pop finds nothing and push does nothing,
 * until the queue is initialised anew.
 *
 * No function allocates, sleeps or locks, and there is no state outside struct VirtQueue: one queue
 * belongs to one thread at a time, different queues are independent.
 */
#ifndef DEVICE_VIRTQUEUE_H
#define DEVICE_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest_memory.h"
#include "ring/virtio_ring.h"

/* Where a queue is and how it is to be read: what the driver told the transport. */
struct VirtQueueConfig {
	const struct guest_memory *memory; /* copied; its regions outlive the queue */
	uint64_t features;		   /* the negotiated set, virtio_feature() */
	uint64_t desc;			   /* device address: descriptor table or ring */
	uint64_t driver;		   /* available ring, or driver event suppression */
	uint64_t device;		   /* used ring, or device event suppression */
	uint32_t num;			   /* entries; split: a power of two */
	uint16_t index;			   /* this queue's number in its device */
	void *owner;			   /* for virtio_error() and virtio_irq(); not looked at */
};

/*
 * One buffer in the device's hands. The caller provides the struct and the array of pieces, and
 * keeps both until the buffer is pushed; the pieces point into guest memory, where the driver can
 * still write: copy what is to be checked, check the copy, use the copy (D12).
 */
struct VirtQueueElement {
	/* Set by the caller, once. */
	struct guest_piece *pieces; /* readable ones first, then writable ones */
	unsigned int capacity; /* how many fit: the longest chain this device allows (2.7.4.1) */

	/* Set by virtqueue_pop. */
	const struct guest_piece *out_sg; /* what the driver sends out, the device reads */
	const struct guest_piece *in_sg;  /* what the device fills in */
	unsigned int out_num;
	unsigned int in_num;
	uint64_t out_len;  /* bytes, sum of out_sg */
	uint64_t in_len;   /* bytes, sum of in_sg */
	uint16_t index;	   /* split: head slot; packed: buffer id */
	uint16_t ndescs;   /* how far the ring moves: split 1, packed the length of the list */
	uint16_t position; /* where it was popped, as virtio_queue_get_last_avail_idx() counts */
};

/*
 * A queue as the device keeps it. The caller provides the memory and reads nothing in it but
 * index, owner and broken; all of it is private to the device, only what the three pointers of
 * either layout lead to is shared.
 *
 * A position in a split ring is a free-running 16-bit index. In a packed ring it is a slot with the
 * wrap counter in bit 15, which is how event suppression and doorbells write it too (2.8.14, 2.9).
 */
struct VirtQueue {
	uint16_t index;
	bool broken;
	void *owner;

	bool packed;
	bool event_idx;
	bool indirect;
	bool in_order;
	bool notify_on_empty;
	uint32_t num;
	struct guest_memory memory;
	union {
		struct vring split;
		struct {
			struct vring_packed_desc *desc;
			struct vring_packed_desc_event *driver_event; /* its wish, we read */
			struct vring_packed_desc_event *device_event; /* our wish, it reads */
		} ring;
	};

	uint16_t last_avail_idx;   /* position of the next buffer to pop */
	uint16_t shadow_avail_idx; /* split: avail.idx as last read, checked */
	uint16_t used_idx;	   /* position of the next used entry */
	uint32_t inuse;		   /* ring entries popped and not yet handed back */
	uint32_t unsignalled;	   /* ring entries used since should_notify last decided */

	/* Filled and not flushed: the driver cannot see these entries yet. */
	uint32_t filled;      /* ring entries */
	uint32_t run;	      /* offset from used_idx of the entry the next fill writes */
	uint16_t run_flags;   /* packed: flags that entry will get */
	uint16_t first_flags; /* packed: flags of the batch's first entry, which publish it */

	bool notification; /* the device wants kicks */
	bool armed;	   /* EVENT_IDX: our event names last_avail_idx */
};

/**
 * virtio_error - a driver broke a rule; supplied by whoever links device/
 * @vq: the queue, already broken
 * @field: the shared field at fault, in the specification's words ("avail.idx")
 * @value: what was read there, or its device address
 * @why: the rule, in a few words
 *
 * Called once for each break, in the context of the call that found it. A transport answers with
 * DEVICE_NEEDS_RESET (2.1.2), now or when it next sees vq->broken; a test keeps the message.
 */
void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why);

/**
 * virtio_irq - interrupt the driver for @vq; supplied by whoever uses virtio_notify()
 */
void virtio_irq(struct VirtQueue *vq);

/**
 * virtio_queue_init - start a queue, fresh
 * @vq: memory of the caller's; whatever it held is forgotten, so this is also a queue's reset
 * @config: read now, not kept; config->memory->regions are
 *
 * Writes the device's own area only (used.idx 0, kicks wanted). The ring starts at index 0 or, if
 * packed, at slot 0 with both wrap counters 1 (2.7.6, 2.8.1). Returns false, with the queue broken
 * and virtio_error() called, if the size is not allowed (2.7, 2.8.10) or a part is misaligned or
 * not wholly inside one region.
 */
bool virtio_queue_init(struct VirtQueue *vq, const struct VirtQueueConfig *config);

/**
 * virtio_queue_set_last_avail_idx - start elsewhere than at the beginning
 * @position: split: free-running index; packed: slot | wrap counter << 15
 *
 * For a restored device, and for tests that begin near the wrap. To be called after init and before
 * the first pop; both directions start at @position, nothing is in flight.
 */
void virtio_queue_set_last_avail_idx(struct VirtQueue *vq, uint16_t position);

/* Position of the next buffer to pop, in the same form. */
uint16_t virtio_queue_get_last_avail_idx(const struct VirtQueue *vq);

/**
 * virtqueue_pop - take the next buffer the driver made available (2.7.13.3, 2.8.21)
 * @elem: pieces and capacity are the caller's, the rest is filled in
 *
 * Every descriptor is read once, into a copy, and checked there. A descriptor that runs on into an
 * adjacent region becomes two pieces; one of length 0 becomes none.
 *
 * When nothing is left and kicks are wanted, pop asks for one at the next buffer and looks again.
 * So a device that pops until pop says no will be kicked; one that stops earlier has to come back
 * on its own. QEMU moves avail_event at every pop instead, and nothing orders that with the next
 * look.
 *
 * Returns false if there is nothing, or the queue is (or just was) broken.
 */
bool virtqueue_pop(struct VirtQueue *vq, struct VirtQueueElement *elem);

/**
 * virtqueue_unpop - put the most recently popped buffer back, as if it had not been taken
 *
 * For a device that finds it needs more buffers than there are. Last popped, first put back; never
 * after fill.
 */
void virtqueue_unpop(struct VirtQueue *vq, const struct VirtQueueElement *elem);

/**
 * virtqueue_fill - mark a buffer as used, without telling the driver yet
 * @elem: popped and not yet filled; free for other use afterwards
 * @len: bytes written, from the first writable piece on; at most elem->in_len (2.7.8.2, 2.8.4)
 *
 * Any order, except with VIRTIO_F_IN_ORDER, where it is the order of pop. QEMU takes the entry's
 * number within the batch as well; here the queue counts.
 */
void virtqueue_fill(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len);

/* Show the driver everything filled so far, all at once. Then decide on the interrupt. */
void virtqueue_flush(struct VirtQueue *vq);

/* Fill and flush: one buffer, shown at once. */
void virtqueue_push(struct VirtQueue *vq, const struct VirtQueueElement *elem, uint32_t len);

/**
 * virtio_should_notify - does the driver want an interrupt for what was flushed? (2.7.7, 2.8.10)
 *
 * To be asked after flush, once per batch: it answers for everything flushed since it was last
 * asked. A full barrier is inside.
 */
bool virtio_should_notify(struct VirtQueue *vq);

/* Interrupt the driver if it wants that. */
static inline void virtio_notify(struct VirtQueue *vq)
{
	if (virtio_should_notify(vq))
		virtio_irq(vq);
}

/**
 * virtio_queue_set_notification - ask the driver for kicks, or decline them (2.7.10, 2.8.10)
 * @enable: true: from the next buffer on. The caller must look at the queue once more before it
 *	waits, since a buffer may have come in between; a full barrier is inside.
 *
 * Declining is a hint, kicks may still come. A queue starts with kicks wanted.
 */
void virtio_queue_set_notification(struct VirtQueue *vq, bool enable);

/* Is there nothing to pop? Looks at the ring; also true of a broken queue. */
bool virtio_queue_empty(struct VirtQueue *vq);

#endif
