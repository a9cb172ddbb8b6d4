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

static int put(struct vrt_writer *w, const void *bytes, size_t size)
{
	if (!w->error && size && fwrite(bytes, size, 1, w->file) != 1)
		w->error = errno ? errno : EIO;
	w->bytes_written += size;
	return -w->error;
}

static int put_padded(struct vrt_writer *w, const void *bytes, size_t size)
{
	static const char zeroes[VRT_ALIGN];

	put(w, bytes, size);
	return put(w, zeroes, -size % VRT_ALIGN);
}

static int put_block(struct vrt_writer *w, enum vrt_block_type type, const void *payload,
		     size_t bytes, size_t raw_bytes, uint64_t first_ns, uint64_t last_ns)
{
	struct vrt_block block;

	le32_write(&block.type, type);
	le32_write(&block.bytes, bytes);
	le32_write(&block.raw_bytes, raw_bytes);
	le32_write(&block.crc, crc32(0, payload, bytes));
	le64_write(&block.first_ns, first_ns);
	le64_write(&block.last_ns, last_ns);
	put(w, &block, sizeof(block));
	return put_padded(w, payload, bytes);
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
	uLongf bytes = sizeof(deflated);
	uint64_t first, last;

	if (!w->pending)
		return -w->error;
	span(w->events, w->pending, &first, &last);
	for (size_t byte = 0; byte < sizeof(w->events[0]); byte++)
		for (unsigned int i = 0; i < w->pending; i++)
			columns[byte * w->pending + i] = rows[i * sizeof(w->events[0]) + byte];
	w->events_written += w->pending;
	w->pending = 0;
	if (compress2(deflated, &bytes, columns, raw, 1) == Z_OK && bytes < raw)
		return put_block(w, VRT_EVENTS_DEFLATED, deflated, bytes, raw, first, last);
	return put_block(w, VRT_EVENTS, w->events, raw, raw, first, last);
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
	put_events(w);
	return put_block(w, VRT_QUEUES, queues, count * sizeof(*queues), count * sizeof(*queues),
			 now_ns, now_ns);
}

int vrt_write_snapshot(struct vrt_writer *w, const struct vrt_snapshot *snapshot, uint64_t now_ns,
		       const struct vrt_area_data *areas, unsigned int count)
{
	size_t bytes = sizeof(*snapshot), at;
	unsigned char *payload;
	int err;

	put_events(w);
	for (unsigned int i = 0; i < count; i++)
		bytes += sizeof(struct vrt_area) + areas[i].size + -areas[i].size % VRT_ALIGN;
	payload = calloc(1, bytes);
	if (!payload) {
		w->error = w->error ? w->error : ENOMEM;
		return -w->error;
	}
	memcpy(payload, snapshot, sizeof(*snapshot));
	le32_write(&((struct vrt_snapshot *)payload)->areas, count);
	at = sizeof(*snapshot);
	for (unsigned int i = 0; i < count; i++) {
		struct vrt_area *area = (struct vrt_area *)(payload + at);

		le32_write(&area->kind, areas[i].kind);
		le32_write(&area->bytes, areas[i].size);
		memcpy(area + 1, areas[i].bytes, areas[i].size);
		at += sizeof(*area) + areas[i].size + -areas[i].size % VRT_ALIGN;
	}
	err = put_block(w, VRT_SNAPSHOT, payload, bytes, bytes, now_ns, now_ns);
	free(payload);
	return err;
}

int vrt_write_loss(struct vrt_writer *w, uint64_t lost, uint64_t missed, uint64_t now_ns)
{
	struct vrt_loss loss;

	put_events(w);
	le64_write(&loss.lost, lost);
	le64_write(&loss.missed, missed);
	return put_block(w, VRT_LOSS, &loss, sizeof(loss), sizeof(loss), now_ns, now_ns);
}

int vrt_write_note(struct vrt_writer *w, const char *text, uint64_t now_ns)
{
	put_events(w);
	return put_block(w, VRT_NOTE, text, strlen(text), strlen(text), now_ns, now_ns);
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
	put_events(w);
	put_block(w, VRT_END, NULL, 0, 0, now_ns, now_ns);
	return vrt_write_flush(w);
}
