/* SPDX-License-Identifier: MIT */
/*
 * A buffer being put together, descriptor by descriptor: what a split chain and a packed list have
 * in common. Both layouts' pop functions begin a chain, add to it and end it; QEMU has the same
 * steps twice, once in each of its own.
 *
 * Inline, as every buffer comes through here: most of the struct lives in registers.
 */
#ifndef DEVICE_CHAIN_H
#define DEVICE_CHAIN_H

#include "virtqueue_internal.h"

/* Ours. */
struct chain {
	struct VirtQueue *vq;
	struct VirtQueueElement *elem;
	struct guest_piece *next;     /* where the next piece goes */
	struct guest_piece *end;      /* where none goes any more */
	struct guest_piece *writable; /* the first writable one; NULL until the chain turns */
	uint64_t len;		      /* bytes so far */
	uint64_t out_len;	      /* bytes before the turn */
};

static inline struct chain chain_begin(struct VirtQueue *vq, struct VirtQueueElement *elem)
{
	return (struct chain){
		.vq = vq,
		.elem = elem,
		.next = elem->pieces,
		.end = elem->pieces + elem->capacity,
	};
}

/* From here on the device writes. */
static inline void chain_turn(struct chain *chain)
{
	chain->writable = chain->next;
	chain->out_len = chain->len;
}

/* Add the buffer that one descriptor names. False: refused. */
static inline __attribute__((always_inline)) bool chain_add(struct chain *chain,
							    struct desc_copy desc)
{
	struct VirtQueue *vq = chain->vq;
	uint64_t addr = desc.addr;
	size_t left = desc.len;

	/* 2.7.4.2, 2.8.17: everything the device reads comes before everything it writes (D8). */
	if (desc.flags & VRING_DESC_F_WRITE) {
		if (!chain->writable)
			chain_turn(chain);
	} else if (chain->writable) {
		return virtqueue_refuse(vq, "desc.flags", desc.flags,
					"readable descriptor after a writable one");
	}
	chain->len += left;

	/*
	 * D3: a length of 0 never enters the loop, and no user ever sees an empty piece. The
	 * specification does not forbid it; QEMU does ("zero sized buffers are not allowed").
	 */
	while (left) {
		size_t len = left;
		void *base = guest_memory_map(&vq->memory, addr, &len);

		if (!base)
			return virtqueue_refuse(vq, "desc.addr", addr, "address is in no region");
		if (chain->next == chain->end)
			return virtqueue_refuse(vq, "desc.len", desc.len,
						"more pieces than the device allows");
		*chain->next++ = (struct guest_piece){ base, (uint32_t)len };
		addr += len;
		left -= len;
		/* D9: what is left lies in an adjacent region or in none. D11: not at 0 again. */
		if (left && addr == 0)
			return virtqueue_refuse(vq, "desc.len", desc.len,
						"buffer passes the end of memory");
	}
	return true;
}

/*
 * Where to read a descriptor: in place, or, for a table at an odd address (2.7.5.3 and 2.8.7 ask no
 * alignment of it), in *@aligned, to which each byte has been copied once.
 */
static inline const void *chain_align(const void *shared, struct vring_desc *aligned)
{
	if ((uintptr_t)shared % _Alignof(struct vring_desc) == 0)
		return shared;
	virtqueue_copy_desc(aligned, shared);
	return aligned;
}

/*
 * The chain is complete: it is now the element.
 * @index: head slot or buffer id
 * @ndescs: ring entries it took
 * @position: of the entry behind them
 */
static inline bool chain_end(struct chain *chain, uint16_t index, uint32_t ndescs,
			     uint16_t position)
{
	struct VirtQueueElement *elem = chain->elem;
	struct VirtQueue *vq = chain->vq;

	/* 2.7.5.2; a used length could not tell of more either. No sum here can overflow (D11). */
	if (chain->len > (uint64_t)1 << 32)
		return virtqueue_refuse(vq, "desc.len", chain->len,
					"chain is longer than 2^32 bytes");
	if (!chain->writable)
		chain_turn(chain);
	elem->out_sg = elem->pieces;
	elem->in_sg = chain->writable;
	elem->out_num = (uint32_t)(chain->writable - elem->pieces);
	elem->in_num = (uint32_t)(chain->next - chain->writable);
	elem->out_len = chain->out_len;
	elem->in_len = chain->len - chain->out_len;
	elem->index = index;
	elem->ndescs = (uint16_t)ndescs;
	elem->position = vq->last_avail_idx;

	vq->last_avail_idx = position;
	vq->inuse += ndescs;
	vq->armed = false;
	return true;
}

#endif
