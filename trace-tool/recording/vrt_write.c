/* SPDX-License-Identifier: MIT */
/*
 * Writing a recording: blocks, one after the other, each with its checksum. Events wait until they
 * fill a block, which is deflated; nothing that was written is ever changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vrt_write.h"

static int put_events(struct vrt_writer *w);

static int put(struct vrt_writer *w, const void *bytes, size_t size)
{
	if (!w->error && size && fwrite(bytes, size, 1, w->file) != 1)
		w->error = errno ? errno : EIO;
	if (!w->error)
		w->bytes_written += size;
	return -w->error;
}

static int put_padded(struct vrt_writer *w, const void *bytes, size_t size)
{
	static const char zeroes[VRT_ALIGN];

	put(w, bytes, size);
	return put(w, zeroes, -size % VRT_ALIGN);
}

/* What whoever makes a block knows of it. */
struct block {
	enum vrt_block_type type;
	size_t bytes, raw_bytes;
	uint64_t first_ns, last_ns;
	uint16_t device, queue;
};

static int put_block(struct vrt_writer *w, const struct block *b, const void *payload)
{
	struct vrt_block block;

	le32_write(&block.type, b->type);
	le32_write(&block.bytes, b->bytes);
	le32_write(&block.raw_bytes, b->raw_bytes);
	le32_write(&block.crc, crc32(0, payload, b->bytes));
	le64_write(&block.first_ns, b->first_ns);
	le64_write(&block.last_ns, b->last_ns);
	le16_write(&block.device, b->device);
	le16_write(&block.queue, b->queue);
	le32_write(&block.head_crc,
		   crc32(0, (const Bytef *)&block, offsetof(struct vrt_block, head_crc)));
	put(w, &block, sizeof(block));
	return put_padded(w, payload, b->bytes);
}

/* One that is not deflated, and of one moment. */
static int put_plain(struct vrt_writer *w, enum vrt_block_type type, const void *payload,
		     size_t bytes, uint64_t now_ns)
{
	const struct block block = { type, bytes, bytes, now_ns, now_ns, 0, 0 };

	put_events(w);
	return put_block(w, &block, payload);
}

/* ---- events ---- */

/* Records of several CPUs may change places by a moment. */
static void span(const struct vring_event *events, unsigned int count, uint64_t *first,
		 uint64_t *last)
{
	*first = UINT64_MAX;
	*last = 0;
	for (unsigned int i = 0; i < count; i++) {
		if (events[i].time_ns < *first)
			*first = events[i].time_ns;
		if (events[i].time_ns > *last)
			*last = events[i].time_ns;
	}
}

static int put_events(struct vrt_writer *w)
{
	/* Byte n of every event, then byte n + 1: neighbours differ little, and deflate well. */
	static unsigned char columns[sizeof(w->events)];
	unsigned char deflated[sizeof(w->events)];
	const unsigned char *rows = (const unsigned char *)w->events;
	size_t raw = w->pending * sizeof(w->events[0]);
	struct block block = { VRT_EVENTS, raw, raw, 0, 0, 0, 0 };
	uLongf bytes = sizeof(deflated);

	if (!w->pending)
		return -w->error;
	span(w->events, w->pending, &block.first_ns, &block.last_ns);
	for (size_t byte = 0; byte < sizeof(w->events[0]); byte++)
		for (unsigned int i = 0; i < w->pending; i++)
			columns[byte * w->pending + i] = rows[i * sizeof(w->events[0]) + byte];
	w->events_written += w->pending;
	w->pending = 0;
	if (compress2(deflated, &bytes, columns, raw, 1) != Z_OK || bytes >= raw)
		return put_block(w, &block, w->events);
	block.type = VRT_EVENTS_DEFLATED;
	block.bytes = bytes;
	return put_block(w, &block, deflated);
}

int vrt_write_event(struct vrt_writer *w, const struct vring_event *event)
{
	w->events[w->pending++] = *event;
	return w->pending == VRT_EVENTS_PER_BLOCK ? put_events(w) : -w->error;
}

/* ---- the other blocks ---- */

int vrt_write_begin(struct vrt_writer *w, FILE *file, const char *source, const char *release,
		    uint64_t realtime_ns, uint64_t monotonic_ns)
{
	struct vrt_header header = { .magic = VRT_MAGIC };

	*w = (struct vrt_writer){ .file = file };
	le16_write(&header.major, VRT_MAJOR);
	le16_write(&header.minor, VRT_MINOR);
	le16_write(&header.header_bytes, sizeof(header));
	le16_write(&header.event_bytes, sizeof(struct vring_event));
	le64_write(&header.realtime_ns, realtime_ns);
	le64_write(&header.monotonic_ns, monotonic_ns);
	strncpy(header.source, source, sizeof(header.source) - 1);
	strncpy(header.release, release, sizeof(header.release) - 1);
	le32_write(&header.crc, crc32(0, (const Bytef *)&header, offsetof(struct vrt_header, crc)));
	return put(w, &header, sizeof(header));
}

int vrt_write_queues(struct vrt_writer *w, const struct vrt_queue *queues, size_t count,
		     uint64_t now_ns)
{
	return put_plain(w, VRT_QUEUES, queues, count * sizeof(*queues), now_ns);
}

static size_t padded(size_t bytes)
{
	return bytes + -bytes % VRT_ALIGN;
}

static void lay_areas(unsigned char *payload, const struct vrt_area_data *areas, unsigned int count)
{
	size_t at = sizeof(struct vrt_snapshot);

	le32_write(&((struct vrt_snapshot *)payload)->areas, count);
	for (unsigned int i = 0; i < count; i++) {
		struct vrt_area *area = (struct vrt_area *)(payload + at);

		le32_write(&area->kind, areas[i].kind);
		le32_write(&area->bytes, areas[i].size);
		memcpy(area + 1, areas[i].bytes, areas[i].size);
		at += sizeof(*area) + padded(areas[i].size);
	}
}

/* Return: the deflated payload of *@bytes, or NULL if it is no shorter, or memory is short. */
static unsigned char *deflated(const unsigned char *payload, size_t raw, size_t *bytes)
{
	uLongf size = raw;
	unsigned char *out = malloc(raw);

	if (out && compress2(out, &size, payload, raw, 1) == Z_OK && size < raw) {
		*bytes = size;
		return out;
	}
	free(out);
	return NULL;
}

int vrt_write_snapshot(struct vrt_writer *w, const struct vrt_snapshot *snapshot, uint64_t now_ns,
		       const struct vrt_area_data *areas, unsigned int count)
{
	struct block block = { VRT_SNAPSHOT,
			       sizeof(*snapshot),
			       0,
			       now_ns,
			       now_ns,
			       le16_read(&snapshot->device),
			       le16_read(&snapshot->queue) };
	unsigned char *payload, *small;
	int err;

	put_events(w);
	for (unsigned int i = 0; i < count; i++)
		block.bytes += sizeof(struct vrt_area) + padded(areas[i].size);
	block.raw_bytes = block.bytes;
	payload = calloc(1, block.raw_bytes);
	if (!payload) {
		w->error = w->error ? w->error : ENOMEM;
		return -w->error;
	}
	memcpy(payload, snapshot, sizeof(*snapshot));
	lay_areas(payload, areas, count);
	small = deflated(payload, block.raw_bytes, &block.bytes);
	if (small)
		block.type = VRT_SNAPSHOT_DEFLATED;
	err = put_block(w, &block, small ? small : payload);
	free(small);
	free(payload);
	return err;
}

int vrt_write_loss(struct vrt_writer *w, uint64_t lost, uint64_t missed, uint64_t now_ns)
{
	struct vrt_loss loss;

	le64_write(&loss.lost, lost);
	le64_write(&loss.missed, missed);
	return put_plain(w, VRT_LOSS, &loss, sizeof(loss), now_ns);
}

int vrt_write_note(struct vrt_writer *w, const char *text, uint64_t now_ns)
{
	return put_plain(w, VRT_NOTE, text, strlen(text), now_ns);
}

int vrt_write_flush(struct vrt_writer *w)
{
	put_events(w);
	if (!w->error && fflush(w->file))
		w->error = errno;
	return -w->error;
}

int vrt_write_end(struct vrt_writer *w, uint64_t now_ns)
{
	put_plain(w, VRT_END, NULL, 0, now_ns);
	return vrt_write_flush(w);
}
