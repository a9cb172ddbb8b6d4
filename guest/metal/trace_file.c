// SPDX-License-Identifier: MIT
/*
 * The recording as it leaves the machine: a .vrt file (ring/vrt.h) as vring-trace reads it. Queues,
 * events, how each ring looks at the end, and what was lost. Left out on purpose: deflating, and
 * snapshots in between.
 */
#include <string.h>

#include "bus/virtio.h"
#include "monitor.h"
#include "ring/vring_draw.h"
#include "ring/vrt.h"
#include "trace.h"

#define BLOCK_EVENTS 2048
#define CRC_POLYNOMIAL 0xedb88320u /* of CRC-32, bits reversed */

struct reader {
	const struct trace_buffer *buffer;
	uint64_t at; /* free-running */
};

static struct vring_event block_events[BLOCK_EVENTS];

/* ---- bytes ---- */

/* Begins and ends with 0, as zlib's. */
static uint32_t crc32(uint32_t crc, const void *bytes, size_t count)
{
	static uint32_t table[256];
	const unsigned char *p = bytes;

	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? CRC_POLYNOMIAL : 0);
		table[i] = value;
	}
	for (crc = ~crc; count; count--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
	return ~crc;
}

static size_t padding(size_t bytes)
{
	return -bytes % VRT_ALIGN;
}

static void put(const void *bytes, size_t count)
{
	metal_write(METAL_EVENTS, bytes, count);
}

static void put_padded(const void *bytes, size_t count)
{
	static const char zeroes[VRT_ALIGN];

	put(bytes, count);
	put(zeroes, padding(count));
}

/* What comes before a payload of so many bytes, which are not deflated. */
struct block {
	enum vrt_block_type type;
	size_t bytes;
	uint32_t crc; /* of them */
	uint64_t first_ns, last_ns;
	uint16_t device, queue; /* of a snapshot */
};

static void put_block_head(const struct block *b)
{
	struct vrt_block block;

	le32_write(&block.type, b->type);
	le32_write(&block.bytes, b->bytes);
	le32_write(&block.raw_bytes, b->bytes);
	le32_write(&block.crc, b->crc);
	le64_write(&block.first_ns, b->first_ns);
	le64_write(&block.last_ns, b->last_ns);
	le16_write(&block.device, b->device);
	le16_write(&block.queue, b->queue);
	le32_write(&block.head_crc, crc32(0, &block, offsetof(struct vrt_block, head_crc)));
	put(&block, sizeof(block));
}

static void put_block(enum vrt_block_type type, const void *payload, size_t bytes,
		      uint64_t first_ns, uint64_t last_ns)
{
	const struct block block = {
		type, bytes, crc32(0, payload, bytes), first_ns, last_ns, 0, 0
	};

	put_block_head(&block);
	put_padded(payload, bytes);
}

/* Cut if it is longer; always ended, the rest zeroes. */
static void set_name(char name[VRT_NAME], const char *text)
{
	memset(name, 0, VRT_NAME);
	platform_snprintf(name, VRT_NAME, "%s", text);
}

static void put_header(uint64_t now)
{
	struct vrt_header header = { .magic = VRT_MAGIC };

	le16_write(&header.major, VRT_MAJOR);
	le16_write(&header.minor, VRT_MINOR);
	le16_write(&header.header_bytes, sizeof(header));
	le16_write(&header.event_bytes, sizeof(struct vring_event));
	le64_write(&header.realtime_ns, metal_realtime());
	le64_write(&header.monotonic_ns, now);
	set_name(header.source, "metal");
	le32_write(&header.crc, crc32(0, &header, offsetof(struct vrt_header, crc)));
	put(&header, sizeof(header));
}

/* ---- queues ---- */

static void describe(const struct virtio_device *vdev, const struct virtqueue *vq,
		     struct vrt_queue *queue)
{
	memset(queue, 0, sizeof(*queue));
	le16_write(&queue->device, vdev->index);
	le16_write(&queue->queue, vq->index);
	le32_write(&queue->num, virtqueue_get_vring_size(vq));
	le64_write(&queue->features, vdev->features.word[0]);
	le32_write(&queue->device_id, vdev->id.device);
	queue->packed = virtio_has_feature(vdev, VIRTIO_F_RING_PACKED);
	set_name(queue->name, vq->name);
	set_name(queue->driver, vdev->driver ? vdev->driver->name : "");
	set_name(queue->alias, device_alias(vdev));
}

/* Calls @fn for every queue, and says how many there are; NULL only counts. */
static size_t each_queue(void (*fn)(const struct virtio_device *vdev, const struct virtqueue *vq,
				    void *arg),
			 void *arg)
{
	struct virtio_device *vdev = NULL;
	size_t count = 0;

	while ((vdev = virtio_next_device(vdev))) {
		for (unsigned int i = 0; i < vdev->nvqs; i++) {
			if (!vdev->vqs[i])
				continue;
			count++;
			if (fn)
				fn(vdev, vdev->vqs[i], arg);
		}
	}
	return count;
}

static void add_crc(const struct virtio_device *vdev, const struct virtqueue *vq, void *arg)
{
	struct vrt_queue queue;
	uint32_t *crc = arg;

	describe(vdev, vq, &queue);
	*crc = crc32(*crc, &queue, sizeof(queue));
}

static void put_queue(const struct virtio_device *vdev, const struct virtqueue *vq, void *arg)
{
	struct vrt_queue queue;

	(void)arg;
	describe(vdev, vq, &queue);
	put(&queue, sizeof(queue)); /* a multiple of VRT_ALIGN */
}

/* The checksum goes first: they are described twice. */
static void put_queues(uint64_t now)
{
	struct block block = { .type = VRT_QUEUES, .first_ns = now, .last_ns = now };

	block.bytes = each_queue(add_crc, &block.crc) * sizeof(struct vrt_queue);
	put_block_head(&block);
	each_queue(put_queue, NULL);
}

/* ---- snapshots ---- */

/* A snapshot while it is put together. */
struct payload {
	char *bytes;
	size_t at, size;
	unsigned int areas;
};

/* Room for an area, its head filled in. */
static void *add_area(struct payload *p, enum vrt_area_kind kind, size_t bytes)
{
	struct vrt_area *area = (struct vrt_area *)(p->bytes + p->at);

	le32_write(&area->kind, kind);
	le32_write(&area->bytes, bytes);
	p->at += sizeof(*area) + bytes + padding(bytes);
	p->areas++;
	return area + 1;
}

static size_t area_bytes(size_t bytes)
{
	return sizeof(struct vrt_area) + bytes + padding(bytes);
}

/* The table that a descriptor of a buffer in flight refers to, or NULL. */
static const void *table_of(const struct virtqueue *vq, const struct vring_snapshot *ring,
			    unsigned int slot, unsigned int *count)
{
	const struct vring_packed_desc *packed = ring->desc;
	const struct vring_desc *split = ring->desc;
	uint16_t flags = le16_read(ring->packed ? &packed[slot].flags : &split[slot].flags);
	unsigned int entry = ring->packed ? le16_read(&packed[slot].id) : slot;
	struct vring_note note;

	*count = le32_read(&split[slot].len) / sizeof(*split);
	if (!(flags & VRING_DESC_F_INDIRECT) || entry >= ring->num || *count > ring->num)
		return NULL;
	note = virtqueue_note(vq, entry);
	return note.token ? note.table : NULL;
}

/* More than enough for all its areas; tables cannot be more than slots. */
static size_t payload_bytes(const struct virtqueue *vq, const struct vring_snapshot *ring)
{
	size_t bytes = sizeof(struct vrt_snapshot) + area_bytes(vring_desc_bytes(ring->num)) +
		       area_bytes(vring_avail_bytes(ring->num)) +
		       area_bytes(vring_used_bytes(ring->num)) +
		       area_bytes(ring->num * sizeof(struct vrt_note));
	unsigned int count;

	for (unsigned int slot = 0; slot < ring->num; slot++)
		if (table_of(vq, ring, slot, &count))
			bytes += area_bytes(sizeof(struct vrt_table) +
					    count * sizeof(struct vring_desc));
	return bytes;
}

static void add_notes(struct payload *p, const struct virtqueue *vq, unsigned int num)
{
	struct vrt_note *notes = add_area(p, VRT_AREA_NOTES, num * sizeof(*notes));

	for (unsigned int i = 0; i < num; i++) {
		struct vring_note note = virtqueue_note(vq, i);

		le64_write(&notes[i].token, (uintptr_t)note.token);
		le16_write(&notes[i].num, note.num);
	}
}

/* A table that came after the payload was measured is left out. */
static unsigned int add_tables(struct payload *p, const struct virtqueue *vq,
			       const struct vring_snapshot *ring)
{
	unsigned int count, left = 0;

	for (unsigned int slot = 0; slot < ring->num; slot++) {
		const void *from = table_of(vq, ring, slot, &count);
		size_t bytes = sizeof(struct vrt_table) + count * sizeof(struct vring_desc);
		struct vrt_table *table;

		if (!from)
			continue;
		if (p->size - p->at < area_bytes(bytes)) {
			left++;
			continue;
		}
		table = add_area(p, VRT_AREA_TABLE, bytes);
		le16_write(&table->slot, slot);
		le16_write(&table->count, count);
		le32_write(&table->kept, count);
		memcpy(table + 1, from, count * sizeof(struct vring_desc));
	}
	return left;
}

static void fill_head(struct vrt_snapshot *head, const struct virtio_device *vdev,
		      const struct virtqueue *vq, const struct vring_snapshot *ring)
{
	const struct vring_packed_desc_event *driver = ring->driver;
	const struct vring_avail *avail = ring->driver;
	const void *areas[] = { ring->desc, ring->driver, ring->device };

	le16_write(&head->device, vdev->index);
	le16_write(&head->queue, vq->index);
	le32_write(&head->num, ring->num);
	head->packed = ring->packed;
	head->broken = virtqueue_is_broken(vq);
	le16_write(&head->avail_idx, ring->avail_idx);
	le16_write(&head->last_used, ring->last_used);
	le32_write(&head->num_free, ring->num_free);
	le32_write(&head->num_added, ring->num_added);
	le32_write(&head->free_head, ring->free_head);
	/* The driver keeps no copy of its own: only it writes them. */
	le16_write(&head->driver_flags, le16_read(ring->packed ? &driver->flags : &avail->flags));
	le32_write(&head->flags, (vq->callback ? VRT_SNAPSHOT_CALLBACK : 0) |
					 (ring->indirect ? VRT_SNAPSHOT_INDIRECT : 0));
	for (unsigned int i = 0; i < 3; i++)
		le64_write(&head->dma[i], platform_dma_address(areas[i]));
	le64_write(&head->features, vdev->features.word[0]);
}

static void add_ring(struct payload *p, const struct virtio_device *vdev,
		     const struct vring_snapshot *ring)
{
	uint64_t features = vdev->features.word[0];
	size_t desc = vring_desc_bytes(ring->num);
	size_t driver = vring_driver_bytes(features, ring->num);
	size_t device = vring_device_bytes(features, ring->num);

	/* The device's area first: what it used was available before. */
	memcpy(add_area(p, VRT_AREA_DEVICE, device), ring->device, device);
	memcpy(add_area(p, VRT_AREA_DRIVER, driver), ring->driver, driver);
	memcpy(add_area(p, VRT_AREA_DESC, desc), ring->desc, desc);
}

/*
 * The payload is put together before it is sent, so that its checksum is that of what is sent: the
 * device may write to its rings meanwhile. @arg: the moment.
 */
static void put_snapshot(const struct virtio_device *vdev, const struct virtqueue *vq, void *arg)
{
	const uint64_t *now = arg;
	struct vring_snapshot ring, after;
	struct block block = { .type = VRT_SNAPSHOT, .first_ns = *now, .last_ns = *now };
	struct vrt_snapshot *head;
	struct payload p = { .at = sizeof(*head) };

	virtqueue_snapshot(vq, &ring);
	p.size = payload_bytes(vq, &ring);
	p.bytes = platform_zalloc(p.size);
	if (!p.bytes) {
		complain("trace dump: virtio%d %s: no memory for a copy of its ring", vdev->index,
			 vq->name);
		return;
	}
	head = (struct vrt_snapshot *)p.bytes;
	fill_head(head, vdev, vq, &ring);
	add_ring(&p, vdev, &ring);
	add_notes(&p, vq, ring.num);
	le16_write(&head->tables_left, add_tables(&p, vq, &ring));
	le32_write(&head->areas, p.areas);
	virtqueue_snapshot(vq, &after);
	head->torn = after.avail_idx != ring.avail_idx || after.last_used != ring.last_used;
	block.bytes = p.at;
	block.crc = crc32(0, p.bytes, p.at);
	block.device = vdev->index;
	block.queue = vq->index;
	put_block_head(&block);
	put_padded(p.bytes, p.at);
	platform_free(p.bytes);
}

/* ---- events ---- */

static uint64_t oldest(const struct trace_buffer *buffer)
{
	return buffer->next > TRACE_EVENTS ? buffer->next - TRACE_EVENTS : 0;
}

static const struct vring_event *peek(const struct reader *reader)
{
	if (reader->at == reader->buffer->next)
		return NULL;
	return &reader->buffer->events[reader->at % TRACE_EVENTS];
}

/* The earliest of all CPUs' next events; NULL at the end. */
static const struct vring_event *next_event(struct reader *readers, unsigned int cpus)
{
	const struct vring_event *first = NULL;
	unsigned int from = 0;

	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		const struct vring_event *event = peek(&readers[cpu]);

		if (!event || (first && first->time_ns <= event->time_ns))
			continue;
		first = event;
		from = cpu;
	}
	if (first)
		readers[from].at++;
	return first;
}

/*
 * A CPU whose buffer has gone round knows nothing of what was before: neither is told of the
 * others, so that nothing is missing from where the recording begins.
 */
static void begin_together(struct reader *readers, unsigned int cpus)
{
	const struct vring_event *event;
	uint64_t from = 0;

	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		readers[cpu].at = oldest(readers[cpu].buffer);
		event = peek(&readers[cpu]);
		if (readers[cpu].at && event->time_ns > from)
			from = event->time_ns;
	}
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		while ((event = peek(&readers[cpu])) && event->time_ns < from)
			readers[cpu].at++;
}

static uint64_t put_events(struct reader *readers, unsigned int cpus)
{
	const struct vring_event *event;
	unsigned int count;
	uint64_t sum = 0;

	do {
		for (count = 0; count < BLOCK_EVENTS && (event = next_event(readers, cpus));)
			block_events[count++] = *event;
		if (count)
			put_block(VRT_EVENTS, block_events, count * sizeof(block_events[0]),
				  block_events[0].time_ns, block_events[count - 1].time_ns);
		sum += count;
	} while (count == BLOCK_EVENTS);
	return sum;
}

uint64_t trace_write(const struct trace_buffer *buffers, unsigned int cpus, uint64_t *lost)
{
	struct reader readers[TRACE_CPUS];
	struct vrt_loss loss = { 0 };
	uint64_t now = platform_now(), events;

	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		readers[cpu].buffer = &buffers[cpu];
	begin_together(readers, cpus);
	*lost = 0;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		*lost += readers[cpu].at;
	put_header(now);
	put_queues(now);
	events = put_events(readers, cpus);
	each_queue(put_snapshot, &now);
	le64_write(&loss.lost, *lost);
	put_block(VRT_LOSS, &loss, sizeof(loss), now, now);
	put_block(VRT_END, NULL, 0, now, now);
	return events;
}
