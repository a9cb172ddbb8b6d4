/* SPDX-License-Identifier: MIT */
/*
 * Static tracepoints of the driver's half. With -DVRING_EVENTS each fills a struct vring_event and
 * hands it to vring_record(); without, nothing is left of them in the object code.
 */
#ifndef RING_VRING_TRACE_H
#define RING_VRING_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct vring_virtqueue;

#ifdef VRING_EVENTS
void vring_trace_add(const struct vring_virtqueue *vq, void *token, unsigned int out,
		     unsigned int in, int error);
void vring_trace_kick(const struct vring_virtqueue *vq, uint16_t event, uint16_t dev_flags,
		      bool kick);
void vring_trace_notify(const struct vring_virtqueue *vq, bool failed);
void vring_trace_interrupt(const struct vring_virtqueue *vq, int irq, bool handled);
void vring_trace_reap(const struct vring_virtqueue *vq, void *token, uint32_t len);
void vring_trace_callbacks(const struct vring_virtqueue *vq, bool on, bool more);
#else
#define vring_trace_add(vq, token, out, in, error) ((void)0)
#define vring_trace_kick(vq, event, dev_flags, kick) ((void)0)
#define vring_trace_notify(vq, failed) ((void)0)
#define vring_trace_interrupt(vq, irq, handled) ((void)0)
#define vring_trace_reap(vq, token, len) ((void)0)
#define vring_trace_callbacks(vq, on, more) ((void)0)
#endif

#endif
