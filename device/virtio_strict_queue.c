/* SPDX-License-Identifier: MIT */
/*
 * The strict mode: queues, doorbells, and what a driver does to memory that the device still uses.
 *
 * What is watched in memory is a split ring whose device uses buffers in the order in which they
 * came, as far as can be seen; of other rings it is not known from here which buffers are exposed.
 */
#include "virtio_strict_internal.h"

#define AT(field) offsetof(struct virtio_pci_common_cfg, field)

/* ---- fields of the common configuration structure ---- */

void strict_queue_read(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	struct virtio_strict_queue *queue;

	if (strict->proxy->queue_sel >= VIRTIO_QUEUE_MAX)
		return;
	queue = &strict->queues[strict->proxy->queue_sel];
	if (access->offset == AT(queue_msix_vector))
		queue->vector_unread = false;
	if (access->offset == AT(queue_reset) && !access->value)
		queue->reset_unread = false;
}

void strict_vector_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			   bool *unread)
{
	*unread = access->value != VIRTIO_NO_VECTOR;
	if (*unread && access->value >= strict->proxy->pci.msix_entries)
		strict_record(strict, STRICT_VECTOR_OUTSIDE_TABLE, access);
}

bool strict_vectors_unread(const struct VirtIOStrict *strict)
{
	bool unread = strict->config_vector_unread;

	for (unsigned int i = 0; i < VIRTIO_QUEUE_MAX; i++)
		unread |= strict->queues[i].vector_unread;
	return unread;
}

static void size_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			 const struct VirtIOQueue *real)
{
	uint32_t size = access->value;

	if (!size)
		strict_record(strict, STRICT_QUEUE_SIZE_ZERO, access);
	else if (size & (size - 1) && !strict_feature(strict, VIRTIO_F_RING_PACKED))
		strict_record(strict, STRICT_QUEUE_SIZE_UNEVEN, access);
	else if (size > real->num_max)
		strict_record(strict, STRICT_QUEUE_SIZE_TOO_LARGE, access);
}

static bool misaligned(const struct VirtIOStrict *strict, const struct VirtIOQueue *real)
{
	bool packed = strict_feature(strict, VIRTIO_F_RING_PACKED);

	/* 2.7.1, 2.8.11 */
	return real->desc % VRING_DESC_ALIGN || real->driver % (packed ? 4u : VRING_AVAIL_ALIGN) ||
	       real->device % (packed ? 4u : VRING_USED_ALIGN);
}

static bool used_flags_set(const struct VirtIOStrict *strict, const struct VirtIOQueue *real)
{
	const struct vring_used *used =
		guest_memory_map_whole(strict->proxy->vdev->memory, real->device, sizeof(*used));

	if (strict_feature(strict, VIRTIO_F_RING_PACKED) || !used || real->device % 4)
		return false;
	return le16_read(&used->flags) != 0;
}

static void enable_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			   const struct VirtIOQueue *real, struct virtio_strict_queue *queue)
{
	if (!access->value) {
		strict_record(strict, STRICT_QUEUE_ENABLE_ZERO, access);
		return;
	}
	if (!strict_status(strict, VIRTIO_STATUS_FEATURES_OK))
		strict_record(strict, STRICT_QUEUE_TOO_EARLY, access);
	else if (strict->features_ok_unread)
		strict_record(strict, STRICT_FEATURES_OK_NOT_READ, access);
	if (strict_status(strict, VIRTIO_STATUS_DRIVER_OK) && !queue->was_reset)
		strict_record(strict, STRICT_QUEUE_TOO_LATE, access);
	if (!queue->addresses_written[0] || !queue->addresses_written[1] ||
	    !queue->addresses_written[2])
		strict_record(strict, STRICT_QUEUE_INCOMPLETE, access);
	else if (misaligned(strict, real))
		strict_record(strict, STRICT_QUEUE_MISALIGNED, access);
	else if (used_flags_set(strict, real))
		strict_record(strict, STRICT_USED_FLAGS_NOT_ZERO, access);
	if (queue->vector_unread)
		strict_record(strict, STRICT_VECTOR_NOT_READ, access);
	queue->vector_unread = false;
	queue->watched = 0;
}

static void reset_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			  struct virtio_strict_queue *queue)
{
	if (!strict_feature(strict, VIRTIO_F_RING_RESET)) {
		strict_record(strict, STRICT_QUEUE_RESET_UNKNOWN, access);
		return;
	}
	*queue = (struct virtio_strict_queue){ .reset_unread = true, .was_reset = true };
}

void strict_queue_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	const struct VirtIOQueue *real = virtio_pci_selected(strict->proxy);
	struct virtio_strict_queue *queue;

	if (!real) {
		strict_record(strict, STRICT_QUEUE_NOT_THERE, access);
		return;
	}
	queue = &strict->queues[strict->proxy->queue_sel];
	if (access->offset == AT(queue_reset)) {
		reset_written(strict, access, queue);
		return;
	}
	if (queue->reset_unread)
		strict_record(strict, STRICT_QUEUE_RESET_NOT_AWAITED, access);
	if (real->enabled && (access->offset != AT(queue_enable) || access->value))
		strict_record(strict, STRICT_QUEUE_CHANGED_LIVE, access);
	switch (access->offset) {
	case AT(queue_size):
		size_written(strict, access, real);
		break;
	case AT(queue_msix_vector):
		strict_vector_written(strict, access, &queue->vector_unread);
		break;
	case AT(queue_enable):
		enable_written(strict, access, real, queue);
		break;
	case AT(queue_desc_lo):
	case AT(queue_driver_lo):
	case AT(queue_device_lo):
		queue->addresses_written[(access->offset - AT(queue_desc_lo)) / 8] = true;
		break;
	}
}

/* ---- exposed buffers, in memory ---- */

/* Do the last used entries stand where the available ones stood? Else their order is not known. */
static bool in_order_so_far(const struct VirtQueue *vq)
{
	unsigned int look = vq->num < STRICT_ENTRIES ? vq->num : STRICT_ENTRIES;

	for (unsigned int i = 1; i <= look && i <= vq->used_idx; i++) {
		unsigned int slot = (uint16_t)(vq->used_idx - i) % vq->num;

		/* What was made available since may have taken the slot over. */
		if ((uint16_t)(le16_read(&vq->split.avail->idx) - vq->used_idx) + i > vq->num)
			break;
		if (le32_read(&vq->split.used->ring[slot].id) !=
		    le16_read(&vq->split.avail->ring[slot]))
			return false;
	}
	return true;
}

/* One step through a chain: what is visited, and what comes of it. */
struct visit {
	uint64_t addr, len; /* memory to be looked for */
	bool found;
	uint32_t hash;
};

static void visit_desc(struct visit *visit, const struct vring_desc *desc)
{
	uint64_t addr = le64_read(&desc->addr);
	uint32_t len = le32_read(&desc->len);
	uint64_t words[] = { addr, len | (uint64_t)le16_read(&desc->flags) << 32 |
					   (uint64_t)le16_read(&desc->next) << 48 };

	for (int i = 0; i < 2; i++) {
		visit->hash = (visit->hash ^ (uint32_t)words[i]) * 0x01000193;
		visit->hash = (visit->hash ^ (uint32_t)(words[i] >> 32)) * 0x01000193;
	}
	if (addr < visit->addr + visit->len && visit->addr < addr + len)
		visit->found = true;
}

static void visit_table(const struct VirtQueue *vq, struct visit *visit,
			const struct vring_desc *indirect)
{
	uint32_t len = le32_read(&indirect->len);
	const struct vring_desc *table =
		guest_memory_map_whole(&vq->memory, le64_read(&indirect->addr), len);

	for (uint32_t i = 0; table && i < len / sizeof(*table) && i < vq->num; i++)
		visit_desc(visit, &table[i]);
}

/* All descriptors of the buffer at free-running index @position. */
static void visit_buffer(const struct VirtQueue *vq, uint16_t position, struct visit *visit)
{
	uint32_t slot = le16_read(&vq->split.avail->ring[position % vq->num]);

	visit->hash = slot + 1;
	for (uint32_t n = 0; n < vq->num && slot < vq->num; n++) {
		const struct vring_desc *desc = &vq->split.desc[slot];
		uint16_t flags = le16_read(&desc->flags);

		visit_desc(visit, desc);
		if (flags & VRING_DESC_F_INDIRECT)
			visit_table(vq, visit, desc);
		if (!(flags & VRING_DESC_F_NEXT))
			break;
		slot = le16_read(&desc->next);
	}
}

static uint32_t hash_of(const struct VirtQueue *vq, uint16_t position)
{
	struct visit visit = { 0 };

	visit_buffer(vq, position, &visit);
	return visit.hash;
}

/* How many buffers the driver has exposed; 0 as well if that cannot be told. */
static unsigned int exposed(const struct VirtQueue *vq)
{
	unsigned int count;

	if (vq->broken || vq->packed || !in_order_so_far(vq))
		return 0;
	count = (uint16_t)(le16_read(&vq->split.avail->idx) - vq->used_idx);
	if (count > vq->num)
		return 0;
	return count < STRICT_ENTRIES ? count : STRICT_ENTRIES;
}

/* At each doorbell: those seen at the last one and not used since are what they were. */
static void watch_entries(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			  const struct VirtQueue *vq)
{
	struct virtio_strict_queue *queue = &strict->queues[vq->index];
	unsigned int count = exposed(vq);

	for (unsigned int i = 0; i < queue->watched; i++) {
		uint16_t position = (uint16_t)(queue->first + i);

		if ((uint16_t)(position - vq->used_idx) < count &&
		    hash_of(vq, position) != queue->hash[i])
			strict_record(strict, STRICT_ENTRY_ALTERED, access);
	}
	queue->first = vq->used_idx;
	queue->watched = (uint16_t)count;
	for (unsigned int i = 0; i < count; i++)
		queue->hash[i] = hash_of(vq, (uint16_t)(queue->first + i));
}

static bool overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

static bool ring_overlaps(const struct VirtQueue *vq, const struct VirtIOQueue *real, uint64_t addr,
			  uint64_t len)
{
	size_t event = sizeof(struct vring_packed_desc_event);
	size_t driver = vq->packed ? event : vring_avail_bytes(vq->num);
	size_t device = vq->packed ? event : vring_used_bytes(vq->num);

	/* A descriptor has 16 bytes in either ring. */
	return overlap(addr, len, real->desc, vring_desc_bytes(vq->num)) ||
	       overlap(addr, len, real->driver, driver) || overlap(addr, len, real->device, device);
}

void virtio_strict_memory_freed(struct VirtIOStrict *strict, uint64_t addr, uint64_t len)
{
	struct virtio_pci_access access = { .offset = (uint32_t)addr, .value = (uint32_t)len };
	const struct VirtIODevice *vdev = strict->proxy->vdev;

	if (strict->proxy->pci.gone)
		return;
	for (unsigned int i = 0; i < vdev->num_queues; i++) {
		const struct VirtQueue *vq = &vdev->queues[i].vq;
		struct visit visit = { .addr = addr, .len = len };

		if (!vdev->queues[i].enabled)
			continue;
		if (ring_overlaps(vq, &vdev->queues[i], addr, len)) {
			strict_record(strict, STRICT_RING_FREED, &access);
			continue;
		}
		for (unsigned int n = 0; n < exposed(vq) && !visit.found; n++)
			visit_buffer(vq, (uint16_t)(vq->used_idx + n), &visit);
		if (visit.found)
			strict_record(strict, STRICT_BUFFER_FREED, &access);
	}
}

/* ---- doorbells ---- */

static bool flags_are_good(const struct VirtQueue *vq)
{
	uint16_t flags;

	/* 2.7.7.1: 0 or 1, and 0 with EVENT_IDX. 2.8.14: 3 is reserved, 2 needs EVENT_IDX. */
	if (!vq->packed) {
		flags = le16_read(&vq->split.avail->flags);
		return flags <= (vq->event_idx ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
	}
	flags = le16_read(&vq->ring.driver_event->flags);
	return flags <=
	       (vq->event_idx ? VRING_PACKED_EVENT_FLAG_DESC : VRING_PACKED_EVENT_FLAG_DISABLE);
}

/* 2.8.16, 2.9: the place where the driver will put the next buffer. */
static bool next_is_good(const struct VirtQueue *vq, uint16_t next)
{
	bool wrap = next >> 15, avail, used;
	uint16_t flags;

	if (!vq->packed)
		return next == le16_read(&vq->split.avail->idx);
	if ((next & 0x7fffu) >= vq->num)
		return false;
	flags = le16_read(&vq->ring.desc[next & 0x7fffu].flags);
	avail = flags & VRING_PACKED_DESC_F_AVAIL;
	used = flags & VRING_PACKED_DESC_F_USED;
	/* 2.8.1: an available descriptor there would mean that it is not the next. */
	return avail != wrap || used == wrap;
}

static void check_memory(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			 const struct VirtQueue *vq)
{
	if (vq->broken)
		return;
	if (!flags_are_good(vq))
		strict_record(strict, STRICT_AVAIL_FLAGS, access);
	watch_entries(strict, access, vq);
}

void strict_kick(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	const struct VirtIOPCIProxy *proxy = strict->proxy;
	const struct VirtIODevice *vdev = proxy->vdev;
	uint32_t multiplier = proxy->conf.notify_off_multiplier;
	uint32_t index = virtio_pci_doorbell_queue(proxy, access->offset, access->value);
	bool data = strict_feature(strict, VIRTIO_F_NOTIFICATION_DATA);
	bool config_data = strict_feature(strict, VIRTIO_F_NOTIF_CONFIG_DATA);

	if (!strict_status(strict, VIRTIO_STATUS_DRIVER_OK))
		strict_record(strict, STRICT_KICK_TOO_EARLY, access);
	if (strict_status(strict, VIRTIO_STATUS_FAILED))
		strict_record(strict, STRICT_GOES_ON_AFTER_FAILED, access);
	if (access->bytes != (data ? 4 : 2)) {
		strict_record(strict, data ? STRICT_KICK_NOT_32_BITS : STRICT_KICK_NOT_16_BITS,
			      access);
		return;
	}
	if (index >= vdev->num_queues || !vdev->queues[index].enabled ||
	    access->offset != index * multiplier) {
		strict_record(strict, STRICT_KICK_NO_QUEUE, access);
		return;
	}
	if (config_data && (uint16_t)access->value != virtio_pci_notif_config_data(index))
		strict_record(strict, STRICT_KICK_NOT_CONFIG_DATA, access);
	if (!config_data && (uint16_t)access->value != index)
		strict_record(strict, STRICT_KICK_NOT_INDEX, access);
	if (data && !vdev->queues[index].vq.broken &&
	    !next_is_good(&vdev->queues[index].vq, (uint16_t)(access->value >> 16)))
		strict_record(strict, STRICT_KICK_NEXT_OFF, access);
	check_memory(strict, access, &vdev->queues[index].vq);
}

/* ---- the legacy interface ---- */

void strict_legacy_pfn(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	const struct VirtIOQueue *real = virtio_pci_selected(strict->proxy);

	if (!real)
		strict_record(strict, STRICT_QUEUE_NOT_THERE, access);
	else if (real->enabled && access->value)
		strict_record(strict, STRICT_QUEUE_CHANGED_LIVE, access);
}

void strict_legacy_kick(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	const struct VirtIODevice *vdev = strict->proxy->vdev;

	if (access->value >= vdev->num_queues || !vdev->queues[access->value].enabled)
		strict_record(strict, STRICT_KICK_NO_QUEUE, access);
	else
		check_memory(strict, access, &vdev->queues[access->value].vq);
}
