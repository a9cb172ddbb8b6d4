// SPDX-License-Identifier: MIT
/*
 * The driver's half of a virtqueue: what is common to both layouts.
 *
 * Mirrors drivers/virtio/virtio_ring.c of Linux. A call comes in here, is checked, and goes on to
 * vring_split.c or vring_packed.c through one table of operations.
 */
#include "vring_private.h"
#include "vring_draw.h"

/* ---- making a queue ---- */

size_t vring_state_bytes(unsigned int num)
{
	return sizeof(struct vring_virtqueue) + sizeof(struct vring_buf) * num;
}

static bool aligned(const void *p, size_t align)
{
	return p && (uintptr_t)p % align == 0;
}

static const struct vring_ops *ops_for(uint64_t features)
{
	return virtio_feature(features, VIRTIO_F_RING_PACKED) ? &vring_packed_ops :
								&vring_split_ops;
}

static bool config_valid(const struct vring_config *config)
{
	if (!config->notify || config->index > UINT16_MAX)
		return false;
	if (config->num == 0 || config->num > VRING_MAX_SIZE)
		return false;
	if (config->indirect_max) {
		if (!virtio_feature(config->features, VIRTIO_RING_F_INDIRECT_DESC))
			return false;
		if (config->indirect_max > VRING_MAX_SIZE || !aligned(config->indirect, 16))
			return false;
	}
	/* 2.7.3: a legacy ring has the byte order of the guest; ours are little-endian. */
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ &&
	    !virtio_feature(config->features, VIRTIO_F_VERSION_1))
		return false;
	return ops_for(config->features)->config_valid(config);
}

/* All of @vq but state_bytes is written. */
static void vring_start(struct vring_virtqueue *vq, const struct vring_config *config)
{
	*vq = (struct vring_virtqueue){
		.vq = {
			.callback = config->callback,
			.name = config->name,
			.vdev = config->vdev,
			.priv = config->priv,
			.index = config->index,
			.num_free = config->num,
		},
		.ops = ops_for(config->features),
		.event_idx = virtio_feature(config->features, VIRTIO_RING_F_EVENT_IDX),
		.packed_ring = virtio_feature(config->features, VIRTIO_F_RING_PACKED),
		.in_order = virtio_feature(config->features, VIRTIO_F_IN_ORDER),
		.legacy = !virtio_feature(config->features, VIRTIO_F_VERSION_1),
		.callbacks_on = config->callback,
		.num = config->num,
		.indirect_max = config->indirect_max,
		.indirect = config->indirect,
		.indirect_dma = config->indirect_dma,
		.notify = config->notify,
		.state_bytes = vq->state_bytes,
		.device_number = config->device_number,
	};
	for (unsigned int i = 0; i < vq->num; i++)
		vq->bufs[i] = (struct vring_buf){ .next = i + 1 < vq->num ? i + 1 : 0 };

	vq->ops->init(vq, config);
	if (vq->callbacks_on)
		vq->ops->interrupt_at(vq, 0);
	else
		vq->ops->interrupt_off(vq);
}

int vring_new_virtqueue(const struct vring_config *config, void *state, size_t state_bytes,
			struct virtqueue **vq)
{
	struct vring_virtqueue *vvq = state;

	if (!config_valid(config) || !aligned(state, VRING_STATE_ALIGN))
		return -EINVAL;
	if (state_bytes < vring_state_bytes(config->num))
		return -ENOMEM;

	vvq->state_bytes = state_bytes;
	vring_start(vvq, config);
	*vq = &vvq->vq;
	return 0;
}

int vring_reinit(struct virtqueue *_vq, const struct vring_config *config)
{
	struct vring_virtqueue *vq = to_vvq(_vq);

	if (vq->vq.num_free != vq->num)
		return -EBUSY;
	if (!config_valid(config))
		return -EINVAL;
	if (vq->state_bytes < vring_state_bytes(config->num))
		return -ENOMEM;

	vring_start(vq, config);
	return 0;
}

unsigned int virtqueue_get_vring_size(const struct virtqueue *vq)
{
	return to_vvq_const(vq)->num;
}

/* ---- giving buffers to the device ---- */

int virtqueue_add_sgs(struct virtqueue *vq, struct scatterlist *const sgs[], unsigned int out_sgs,
		      unsigned int in_sgs, void *data)
{
	return to_vvq(vq)->ops->add(to_vvq(vq), sgs, out_sgs, in_sgs, data, NULL);
}

/* Does the list end with its element @num, and not before? */
static bool has_elems(const struct scatterlist *sg, unsigned int num)
{
	for (; sg && num > 1 && !sg->end; num--)
		sg++;
	return sg && num == 1 && sg->end;
}

int virtqueue_add_outbuf(struct virtqueue *vq, struct scatterlist *sg, unsigned int num, void *data)
{
	if (!has_elems(sg, num))
		return -EINVAL;
	return to_vvq(vq)->ops->add(to_vvq(vq), &sg, 1, 0, data, NULL);
}

int virtqueue_add_inbuf(struct virtqueue *vq, struct scatterlist *sg, unsigned int num, void *data)
{
	return virtqueue_add_inbuf_ctx(vq, sg, num, data, NULL);
}

int virtqueue_add_inbuf_ctx(struct virtqueue *vq, struct scatterlist *sg, unsigned int num,
			    void *data, void *ctx)
{
	if (!has_elems(sg, num))
		return -EINVAL;
	return to_vvq(vq)->ops->add(to_vvq(vq), &sg, 0, 1, data, ctx);
}

bool virtqueue_kick_prepare(struct virtqueue *_vq)
{
	struct vring_virtqueue *vq = to_vvq(_vq);
	bool kick;

	/*
	 * 2.7.13.4.1, 2.8.21.3.1: what was added is visible before we look whether to kick. Pairs
	 * with the full barrier in the device, between asking for a kick and looking once more
	 * (virtio_queue_set_notification()). Without it both may miss the other (bug class G5).
	 */
	virtio_mb();
	vq->unfenced = false;

	kick = vq->ops->wants_kick(vq);
	vq->num_added = 0;
	return kick;
}

bool virtqueue_notify(struct virtqueue *_vq)
{
	struct vring_virtqueue *vq = to_vvq(_vq);

	if (virtqueue_is_broken(_vq))
		return false;
	vring_trace_notify(vq, false);
	if (!vq->notify(_vq)) {
		vring_trace_notify(vq, true);
		virtqueue_break(_vq);
		return false;
	}
	return true;
}

bool virtqueue_kick(struct virtqueue *vq)
{
	if (virtqueue_kick_prepare(vq))
		return virtqueue_notify(vq);
	return true;
}

uint32_t vring_notification_data(const struct virtqueue *_vq)
{
	const struct vring_virtqueue *vq = to_vvq_const(_vq);

	return (uint32_t)vq->avail_idx << 16 | vq->vq.index;
}

/* ---- taking buffers back ---- */

void *virtqueue_get_buf_ctx(struct virtqueue *_vq, unsigned int *len, void **ctx)
{
	struct vring_virtqueue *vq = to_vvq(_vq);
	void *data;

	if (vring_broken(vq))
		return NULL;
	data = vq->ops->get_buf(vq, len, ctx);
	if (data)
		vring_trace_reap(vq, data, *len);
	return data;
}

void *virtqueue_get_buf(struct virtqueue *vq, unsigned int *len)
{
	return virtqueue_get_buf_ctx(vq, len, NULL);
}

/* ---- when to be interrupted ---- */

void virtqueue_disable_cb(struct virtqueue *_vq)
{
	struct vring_virtqueue *vq = to_vvq(_vq);

	if (!vq->callbacks_on)
		return;
	vq->callbacks_on = false;
	vq->ops->interrupt_off(vq);
	vring_trace_callbacks(vq, false, false);
}

/* Asks for an interrupt @ahead steps past last_used. */
static void ask_for_interrupt(struct vring_virtqueue *vq, uint16_t ahead)
{
	vq->callbacks_on = true;
	vq->ops->interrupt_at(vq, ahead);
}

/* Has the device used more than @ahead steps past @position? To be asked after asking for one. */
static bool more_used(struct vring_virtqueue *vq, uint16_t position, uint16_t ahead)
{
	/*
	 * 2.7.14, 2.8.22: the device sees that we want an interrupt before we look for what it
	 * used without one. Pairs with the full barrier in its virtio_should_notify() (G8).
	 */
	virtio_mb();
	vq->unfenced = false;
	/* From a broken queue nothing comes back: whoever drains it must find an end. */
	return !vring_broken(vq) && (vq->batch_left || vq->ops->used_past(vq, position, ahead));
}

unsigned int virtqueue_enable_cb_prepare(struct virtqueue *_vq)
{
	struct vring_virtqueue *vq = to_vvq(_vq);

	ask_for_interrupt(vq, 0);
	vring_trace_callbacks(vq, true, false);
	return vq->last_used;
}

bool virtqueue_poll(struct virtqueue *_vq, unsigned int last_used_idx)
{
	return more_used(to_vvq(_vq), last_used_idx, 0);
}

bool virtqueue_enable_cb(struct virtqueue *_vq)
{
	struct vring_virtqueue *vq = to_vvq(_vq);
	bool more;

	ask_for_interrupt(vq, 0);
	more = more_used(vq, vq->last_used, 0);
	vring_trace_callbacks(vq, true, more);
	return !more;
}

bool virtqueue_enable_cb_delayed(struct virtqueue *_vq)
{
	struct vring_virtqueue *vq = to_vvq(_vq);
	uint16_t ahead = vq->ops->in_flight(vq) * 3u / 4;
	bool more;

	ask_for_interrupt(vq, ahead);
	more = more_used(vq, vq->last_used, ahead);
	vring_trace_callbacks(vq, true, more);
	return !more;
}

irqreturn_t vring_interrupt(int irq, void *_vq)
{
	struct vring_virtqueue *vq = to_vvq(_vq);
	uint16_t last_used = __atomic_load_n(&vq->last_used, __ATOMIC_RELAXED);
	bool handled = __atomic_load_n(&vq->batch_left, __ATOMIC_RELAXED) ||
		       vq->ops->used_past(vq, last_used, 0);

	(void)irq;
	vring_trace_interrupt(vq, irq, handled);
	/* 2.7.7.1: a spurious interrupt is nothing special. */
	if (!handled)
		return IRQ_NONE;
	if (!virtqueue_is_broken(_vq) && vq->vq.callback)
		vq->vq.callback(&vq->vq);
	return IRQ_HANDLED;
}

/* ---- when things end ---- */

void *virtqueue_detach_unused_buf(struct virtqueue *_vq)
{
	struct vring_virtqueue *vq = to_vvq(_vq);

	for (; vq->detached < vq->num; vq->detached++) {
		if (vq->bufs[vq->detached].data)
			return vring_release(vq, vq->detached, NULL);
	}
	return NULL;
}

void virtqueue_break(struct virtqueue *_vq)
{
	__atomic_store_n(&to_vvq(_vq)->broken, true, __ATOMIC_RELAXED);
}

bool virtqueue_is_broken(const struct virtqueue *_vq)
{
	return vring_broken(to_vvq_const(_vq));
}

void vring_bad(struct vring_virtqueue *vq, const char *field, uint32_t value, const char *rule)
{
	if (__atomic_exchange_n(&vq->broken, true, __ATOMIC_RELAXED))
		return;
	vring_violation(&vq->vq, field, value, rule);
}

void virtqueue_snapshot(const struct virtqueue *_vq, struct vring_snapshot *snapshot)
{
	const struct vring_virtqueue *vq = to_vvq_const(_vq);
	bool packed = vq->ops == &vring_packed_ops;

	*snapshot = (struct vring_snapshot){
		.name = vq->vq.name,
		.index = vq->vq.index,
		.num = vq->num,
		.packed = packed,
		.desc = packed ? (void *)vq->packed.desc : (void *)vq->split.desc,
		.driver = packed ? (void *)vq->packed.driver : (void *)vq->split.avail,
		.device = packed ? (void *)vq->packed.device : (void *)vq->split.used,
		.avail_idx = vq->avail_idx,
		.last_used = vq->last_used,
		.num_free = vq->vq.num_free,
		.num_added = vq->num_added,
		.free_head = vq->free_head,
		.indirect = vq->indirect_max,
	};
}

struct vring_note virtqueue_note(const struct virtqueue *_vq, unsigned int entry)
{
	const struct vring_virtqueue *vq = to_vvq_const(_vq);
	const struct vring_desc *tables = vq->indirect;

	return (struct vring_note){
		.token = vq->bufs[entry].data,
		.num = vq->bufs[entry].num,
		.table = tables ? tables + (size_t)entry * vq->indirect_max : NULL,
	};
}
