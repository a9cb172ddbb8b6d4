/* SPDX-License-Identifier: MIT */
/*
 * What the two layouts share behind virtqueue.h: the private state of a queue, and the life of a
 * buffer between add and get_buf. Included by virtio_ring.c, vring_split.c, vring_packed.c and
 * vring_trace.c only.
 *
 * Everything here lies in memory that the device cannot reach. A value from shared memory enters
 * through vring_check_used() or not at all.
 */
#ifndef RING_VRING_PRIVATE_H
#define RING_VRING_PRIVATE_H

#include "barrier.h"
#include "virtio_ring.h"
#include "virtqueue.h"
#include "vring_trace.h"

/*
 * One per entry of the queue. A buffer in flight is known by the entry of its head: split, the slot
 * of its first descriptor; packed, its buffer id.
 */
struct vring_buf {
	void *data; /* the caller's token; NULL: no buffer in flight is headed here */
	void *ctx;
	uint32_t writable; /* bytes the device may write */
	uint16_t num;	   /* descriptors it takes up in the ring */
	uint16_t last;	   /* entry of its last descriptor; packed: the head again */
	uint16_t next;	   /* entry that follows: in its chain, or among the free ones */
} __attribute__((aligned(32)));

/* What the caller of virtqueue_add_*() brings. */
struct vring_request {
	struct scatterlist *const *sgs;
	unsigned int out_sgs;
	unsigned int in_sgs;
	unsigned int elems; /* over all lists */
};

/* A used element as copied from shared memory. */
struct vring_used_copy {
	uint32_t id;
	uint32_t len;
	uint16_t buffers; /* in order: how many buffers it can stand for at most */
	bool len_valid;	  /* packed: the device says that it wrote */
};

struct vring_virtqueue {
	struct virtqueue vq;
	const struct vring_ops *ops;

	/*
	 * Positions, as the specification encodes them in the driver's and device's event fields.
	 * Split: free-running index. Packed: slot, and the wrap counter in bit 15.
	 */
	uint16_t avail_idx; /* where the next buffer goes */
	uint16_t last_used; /* where the next used element is due */
	uint16_t used_seen; /* split: the device's idx when last read */
	uint16_t free_head; /* first free entry; num_free says whether there is one */
	uint32_t num_added; /* since the last kick decision, in steps of avail_idx */

	bool broken; /* any context may set it */
	bool event_idx;
	bool packed_ring;
	bool in_order;
	bool legacy;
	bool callbacks_on;
	bool unfenced; /* buffers were taken back with callbacks on, and no full barrier since */

	uint16_t oldest;     /* in order: head of the oldest buffer in flight */
	uint16_t batch_left; /* in order: buffers still to hand out of the batch used last */
	uint32_t batch_len;  /* in order: used length of the batch's last buffer */
	uint16_t detached;   /* entries that virtqueue_detach_unused_buf() is through with */

	unsigned int num;
	unsigned int indirect_max; /* 0: no tables */
	void *indirect;		   /* shared: written by us, read by the device */
	uint64_t indirect_dma;

	/* Shared with the device; these pointers are not. */
	union {
		struct vring split;
		struct {
			struct vring_packed_desc *desc;
			struct vring_packed_desc_event *driver;
			struct vring_packed_desc_event *device;
		} packed;
	};
	le16 *event; /* where our event index is: used_event, or driver->off_wrap */

	bool (*notify)(struct virtqueue *vq);
	size_t state_bytes;
	uint16_t device_number;

	struct vring_buf bufs[];
};

/* What differs between the layouts. */
struct vring_ops {
	bool (*config_valid)(const struct vring_config *config);
	/* Clears the areas and points @vq at them; positions as @config->first says. */
	void (*init)(struct vring_virtqueue *vq, const struct vring_config *config);
	int (*add)(struct vring_virtqueue *vq, struct scatterlist *const *sgs, unsigned int out_sgs,
		   unsigned int in_sgs, void *data, void *ctx);
	/* Does the device want to hear of the last num_added steps? A full barrier was before. */
	bool (*wants_kick)(const struct vring_virtqueue *vq);
	void *(*get_buf)(struct vring_virtqueue *vq, unsigned int *len, void **ctx);
	/* Steps from last_used to avail_idx. */
	uint16_t (*in_flight)(const struct vring_virtqueue *vq);
	/* Has the device used more than @ahead steps past @position (packed: anything there)? */
	bool (*used_past)(const struct vring_virtqueue *vq, uint16_t position, uint16_t ahead);
	/* Asks for an interrupt @ahead steps past last_used; for none. */
	void (*interrupt_at)(struct vring_virtqueue *vq, uint16_t ahead);
	void (*interrupt_off)(struct vring_virtqueue *vq);
};

extern const struct vring_ops vring_split_ops;
extern const struct vring_ops vring_packed_ops;

/* Breaks the queue; the first time with a message. */
void vring_bad(struct vring_virtqueue *vq, const char *field, uint32_t value, const char *rule)
	__attribute__((cold));

static inline struct vring_virtqueue *to_vvq(struct virtqueue *vq)
{
	return (struct vring_virtqueue *)vq; /* its first member */
}

static inline const struct vring_virtqueue *to_vvq_const(const struct virtqueue *vq)
{
	return (const struct vring_virtqueue *)vq;
}

static inline bool vring_broken(const struct vring_virtqueue *vq)
{
	return __atomic_load_n(&vq->broken, __ATOMIC_RELAXED);
}

/* The element after @sg; behind the last of a list comes the first of the next. */
static inline const struct scatterlist *vring_next_elem(struct scatterlist *const **sgs,
							const struct scatterlist *sg)
{
	return sg->end ? *++*sgs : sg + 1;
}

/*
 * Writes a buffer of so many elements into the ring, in a table if @indirect, and exposes it. Its
 * record is that of free_head, complete but for .last; free_head moves on.
 */
typedef void vring_expose_fn(struct vring_virtqueue *vq, struct vring_request req, bool indirect);

/* The text of virtqueue_add_*() for both layouts; @expose is a constant where this is called. */
static inline __attribute__((always_inline)) int
vring_add(struct vring_virtqueue *vq, struct scatterlist *const *sgs, unsigned int out_sgs,
	  unsigned int in_sgs, void *data, void *ctx, vring_expose_fn *expose)
{
	struct vring_request req = { sgs, out_sgs, in_sgs, 0 };
	struct vring_buf *buf = &vq->bufs[vq->free_head];
	uint64_t bytes = 0, readable = 0;
	unsigned int elems = 0, num;
	bool indirect;

	if (vring_broken(vq))
		return -EIO;
	if (!data)
		return -EINVAL;
	for (unsigned int i = 0; i < out_sgs + in_sgs; i++) {
		const struct scatterlist *sg = sgs[i];

		if (!sg)
			return -EINVAL;
		do {
			if (sg->length == 0)
				return -EINVAL;
			bytes += sg->length;
			elems++;
		} while (!sg++->end);
		if (i + 1 == out_sgs)
			readable = bytes;
	}
	/*
	 * 2.7.5.3.1, 2.8.17: no chain has more elements than the queue, not even in a table.
	 * 2.7.5.2 allows 2^32 bytes; we stop one short of it, and any length fits in 32 bits.
	 */
	if (elems == 0 || elems > vq->num || bytes > UINT32_MAX)
		return -EINVAL;
	req.elems = elems;
	indirect = elems > 1 && elems <= vq->indirect_max;
	num = indirect ? 1 : elems;
	/* 2.8.17: room for all of it, or none of it goes in. */
	if (num > vq->vq.num_free) {
		vring_trace_add(vq, data, req.out_sgs, req.in_sgs, -ENOSPC);
		return -ENOSPC;
	}

	/* Ours is complete before the device can see anything of it. */
	buf->data = data;
	buf->ctx = ctx;
	buf->writable = bytes - readable;
	buf->num = num;
	vq->vq.num_free -= num;
	expose(vq, req, indirect);
	vring_trace_add(vq, data, req.out_sgs, req.in_sgs, 0);
	return 0;
}

/* Forgets the buffer headed by @head, and frees its entries. */
static inline void *vring_release(struct vring_virtqueue *vq, uint16_t head, void **ctx)
{
	struct vring_buf *buf = &vq->bufs[head];
	void *data = buf->data;

	if (ctx)
		*ctx = buf->ctx;
	buf->data = NULL;
	vq->vq.num_free += buf->num;

	/*
	 * In order, entries are a ring that is never relinked: free_head and oldest chase each
	 * other around it (2.7.9). Otherwise the chain goes on top of the free list as it is, so
	 * that the next buffer meets memory that is still in the cache.
	 */
	if (vq->in_order) {
		vq->oldest = vq->bufs[buf->last].next;
	} else {
		vq->bufs[buf->last].next = vq->free_head;
		vq->free_head = head;
	}
	return data;
}

/* If true, @used names a buffer in flight and a length that fits it; if not, we are broken. */
static inline bool vring_check_used(struct vring_virtqueue *vq, struct vring_used_copy *used)
{
	const struct vring_buf *buf;

	if (used->id >= vq->num) {
		vring_bad(vq, "used.id", used->id, "an entry of the queue");
		return false;
	}
	buf = &vq->bufs[used->id];
	if (!buf->data) {
		vring_bad(vq, "used.id", used->id, "the head of a buffer in flight");
		return false;
	}
	if (used->len > buf->writable) {
		/*
		 * 2.7.8.1: a legacy device's length was often wrong. 2.8.4: a packed ring's means
		 * nothing if the device did not write; QEMU always leaves out the flag that says
		 * so (virtqueue_packed_fill_desc), so we go by it only if nothing was writable.
		 */
		if (!vq->legacy && (used->len_valid || buf->writable)) {
			vring_bad(vq, "used.len", used->len, "at most the buffer's writable bytes");
			return false;
		}
		used->len = buf->writable;
	}
	return true;
}

/*
 * How far buffers are handed out is written under the caller's lock, and looked at by
 * vring_interrupt() without it: each store and each such load is whole. What it sees may be a
 * moment old; then whoever moved it is at work on the queue.
 */
static inline void vring_set_last_used(struct vring_virtqueue *vq, uint16_t last_used)
{
	__atomic_store_n(&vq->last_used, last_used, __ATOMIC_RELAXED);
}

static inline void vring_set_batch_left(struct vring_virtqueue *vq, uint16_t batch_left)
{
	__atomic_store_n(&vq->batch_left, batch_left, __ATOMIC_RELAXED);
}

typedef bool vring_next_used_fn(struct vring_virtqueue *vq, struct vring_used_copy *used);
typedef void vring_advance_fn(struct vring_virtqueue *vq, uint16_t num);

static inline bool vring_next_used(struct vring_virtqueue *vq, struct vring_used_copy *used,
				   vring_next_used_fn *next_used)
{
	while (!next_used(vq, used)) {
		if (!vq->unfenced || vring_broken(vq))
			return false;
		/*
		 * Our event index and last_used must be visible before we believe that nothing is
		 * used: pairs with the full barrier in the device's virtio_should_notify(), which
		 * reads the one, while the interrupt it sends goes by the other. On a split ring an
		 * old last_used does no harm there, idx has left it behind; on a packed one its
		 * slot may be offered anew or, in order, never marked, and the interrupt taken for
		 * spurious. Linux pays for this barrier with every buffer, we once per round.
		 */
		vq->unfenced = false;
		virtio_mb();
	}
	return vring_check_used(vq, used);
}

static inline void vring_next_of_batch(struct vring_virtqueue *vq, struct vring_used_copy *used)
{
	vring_set_batch_left(vq, vq->batch_left - 1);
	used->id = vq->oldest;
	used->len = vq->batch_left ? vq->bufs[vq->oldest].writable : vq->batch_len;
}

/*
 * 2.7.9, 2.8.8: in order, one used element may stand for a batch of buffers; it names the last of
 * them. All before it are used in full, and we hand them out one by one.
 */
static inline bool vring_begin_batch(struct vring_virtqueue *vq, struct vring_used_copy *used)
{
	uint16_t head = vq->oldest, buffers = 1;

	/* Ends at a buffer in flight, as used->id is known to be. */
	for (; head != used->id; buffers++)
		head = vq->bufs[vq->bufs[head].last].next;
	if (buffers > used->buffers) {
		vring_bad(vq, "used.id", used->id, "in order, a buffer within used.idx");
		return false;
	}
	vring_set_batch_left(vq, buffers);
	vq->batch_len = used->len;
	vring_next_of_batch(vq, used);
	return true;
}

/*
 * The text of get_buf for both layouts. @next_used copies the used element at last_used, if there
 * is one; @advance moves last_used past a buffer of so many descriptors. Both are constants where
 * this is called, so that the compiler sees through them.
 */
static inline __attribute__((always_inline)) void *vring_get_buf(struct vring_virtqueue *vq,
								 unsigned int *len, void **ctx,
								 vring_next_used_fn *next_used,
								 vring_advance_fn *advance)
{
	struct vring_used_copy used;

	if (vq->batch_left) {
		vring_next_of_batch(vq, &used);
	} else {
		if (!vring_next_used(vq, &used, next_used))
			return NULL;
		if (vq->in_order && !vring_begin_batch(vq, &used))
			return NULL;
	}
	*len = used.len;
	advance(vq, vq->bufs[used.id].num);

	/* 2.7.7.1, 2.8.10: as long as interrupts are wanted, one is due at the next used buffer. */
	if (vq->callbacks_on && vq->event_idx)
		le16_write(vq->event, vq->last_used);
	vq->unfenced = vq->callbacks_on && (vq->event_idx || vq->packed_ring);
	return vring_release(vq, used.id, ctx);
}

#endif
