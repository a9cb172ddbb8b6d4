/* SPDX-License-Identifier: MIT */
/*
 * The barriers of a virtqueue, named as Linux names them in include/linux/virtio_ring.h.
 *
 * Both halves of the ring use these. A barrier does nothing alone: each call says in a comment
 * which barrier of the other half it pairs with. These are barriers between processors sharing
 * coherent memory, which is what the specification asks for while VIRTIO_F_ORDER_PLATFORM is not
 * negotiated (6.1); the ground's platform floor adds what a real DMA device needs beyond that.
 *
 * The C11 fences are used, not assembly: on x86-64 a store fence and a load fence cost no
 * instruction, a full one does. ThreadSanitizer does not understand fences, so for it a barrier is
 * an access to one token that all threads share; it then finds the places where one is missing.
 */
#ifndef RING_BARRIER_H
#define RING_BARRIER_H

#ifdef __has_feature /* clang's way to say what gcc says with a macro */
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#ifdef __SANITIZE_THREAD__
__attribute__((weak)) int virtio_barrier_token;
#define virtio_fence(order) __atomic_fetch_add(&virtio_barrier_token, 0, order)
#else
#define virtio_fence(order) __atomic_thread_fence(order)
#endif

/* Full: earlier stores are visible before later loads are made. */
static inline void virtio_mb(void)
{
	virtio_fence(__ATOMIC_SEQ_CST);
}

/* Loads before it are done before loads and stores after it. */
static inline void virtio_rmb(void)
{
	virtio_fence(__ATOMIC_ACQUIRE);
}

/* Loads and stores before it are done before stores after it. */
static inline void virtio_wmb(void)
{
	virtio_fence(__ATOMIC_RELEASE);
}

#endif
