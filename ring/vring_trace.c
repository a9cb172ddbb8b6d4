// SPDX-License-Identifier: MIT
/*
 * Static tracepoints: what happens to a queue, as records of the project's one format.
 *
 * Looking at shared memory here is for the record only; nothing is decided by it.
 */
#include "vring_private.h"

#ifdef VRING_EVENTS

#include "vring_event.h"

static bool is_packed(const struct vring_virtqueue *vq)
{
	return vq->ops == &vring_packed_ops;
}

/* Where avail_idx stood before the last num_added steps. */
static uint16_t old_idx(const struct vring_virtqueue *vq)
{
	uint32_t slot = vq->avail_idx & 0x7fff;
	uint32_t back = vq->num_added;

	if (!is_packed(vq))
		return vq->avail_idx - back;
	if (back <= slot)
		return vq->avail_idx - back;
	return (slot + vq->num - back) | (~vq->avail_idx & 0x8000);
}

static struct vring_event event_of(const struct vring_virtqueue *vq, enum vring_event_type type)
{
	return (struct vring_event){
		.device = vq->device_number,
		.queue = vq->vq.index,
		.type = type,
		.flags = VRING_EVENT_F_OURS | (is_packed(vq) ? VRING_EVENT_F_PACKED : 0) |
			 (vq->event_idx ? VRING_EVENT_F_EVENT_IDX : 0),
		.avail_idx = vq->avail_idx,
		.used_idx = is_packed(vq) ? vq->last_used : le16_read(&vq->split.used->idx),
		.last_used = vq->last_used,
		.num_free = vq->vq.num_free,
	};
}

void vring_trace_add(const struct vring_virtqueue *vq, void *token, unsigned int out,
		     unsigned int in, int error)
{
	struct vring_event event = event_of(vq, VRING_EVENT_ADD);

	event.add.token = (uintptr_t)token;
	event.add.out = out;
	event.add.in = in;
	event.add.error = error;
	vring_record(&vq->vq, &event);
}

/* @event or @dev_flags is what the decision was made by; the other one it did not look at. */
void vring_trace_kick(const struct vring_virtqueue *vq, uint16_t event, uint16_t dev_flags,
		      bool kick)
{
	struct vring_event record = event_of(vq, VRING_EVENT_KICK);
	const le16 *event_field, *flags_field;

	if (is_packed(vq)) {
		event_field = &vq->packed.device->off_wrap;
		flags_field = &vq->packed.device->flags;
	} else {
		event_field = vring_avail_event(&vq->split);
		flags_field = &vq->split.used->flags;
	}
	record.kick.old_idx = old_idx(vq);
	record.kick.new_idx = vq->avail_idx;
	record.kick.event_after = le16_read(event_field);
	record.kick.dev_flags_after = le16_read(flags_field);
	record.kick.event = vq->event_idx ? event : record.kick.event_after;
	record.kick.dev_flags =
		vq->event_idx && !is_packed(vq) ? record.kick.dev_flags_after : dev_flags;
	record.kick.kick = kick;
	vring_record(&vq->vq, &record);
}

void vring_trace_notify(const struct vring_virtqueue *vq, bool failed)
{
	struct vring_event event = event_of(vq, VRING_EVENT_NOTIFY);

	event.notify.failed = failed;
	vring_record(&vq->vq, &event);
}

void vring_trace_interrupt(const struct vring_virtqueue *vq, int irq, bool handled)
{
	struct vring_event event = event_of(vq, VRING_EVENT_INTERRUPT);

	event.interrupt.irq = irq;
	event.interrupt.handled = handled;
	vring_record(&vq->vq, &event);
}

void vring_trace_reap(const struct vring_virtqueue *vq, void *token, uint32_t len)
{
	struct vring_event event = event_of(vq, VRING_EVENT_REAP);

	event.reap.token = (uintptr_t)token;
	event.reap.len = len;
	vring_record(&vq->vq, &event);
}

void vring_trace_callbacks(const struct vring_virtqueue *vq, bool on, bool more)
{
	struct vring_event event = event_of(vq, VRING_EVENT_CALLBACKS);

	event.callbacks.event = le16_read(vq->event);
	event.callbacks.on = on;
	event.callbacks.more = more;
	vring_record(&vq->vq, &event);
}

#endif
