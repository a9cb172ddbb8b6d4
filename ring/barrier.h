/* SPDX-License-Identifier: MIT */
/*
 * The barriers of a virtqueue, named as Linux names them in include/linux/virtio_ring.h.
 *
 * Both halves of the ring use these. A barrier does nothing alone: each call says in a comment
 * which barrier of the other half it pairs with. These are barriers between processors sharing
 * coherent memory, which is what the specification asks for while VIRTIO_F_ORDER_PLATFORM is not
 * negotiated (6.1); the ground's platform floor adds what a real DMA device needs beyond that.
 *
 * The C11 fences are used, not assembly, so that ThreadSanitizer and the reader's compiler agree on
 * what is ordered. On x86-64 a store fence and a load fence cost no instruction, a full one does.
 */
#ifndef RING_BARRIER_H
#define RING_BARRIER_H

/* Full: earlier stores are visible before later loads are made. */
static inline void virtio_mb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Loads before it are done before loads and stores after it. */
static inline void virtio_rmb(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* Loads and stores before it are done before stores after it. */
static inline void virtio_wmb(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

#endif
