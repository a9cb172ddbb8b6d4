/* SPDX-License-Identifier: MIT */
/*
 * Reading a recording. The file is mapped and walked from block header to block header once; what
 * a block holds is looked at when somebody asks for it, and its checksum first.
 *
 * Nothing in the file is trusted: every length is compared with what is left before it is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "ring/virtio_ring.h"
#include "vrt_read.h"

#define MAX_PAYLOAD (64u << 20) /* no writer makes larger ones */

static int bad(char *why, uint64_t offset, const char *what)
{
	snprintf(why, VRT_WHY_BYTES, "damaged at byte %" PRIu64 ": %s", offset, what);
	return -EPROTO;
}

static uint64_t padded(uint64_t bytes)
{
	return bytes + -bytes % VRT_ALIGN;
}

/* ---- the header ---- */

static int check_header(struct vrt_file *f, char *why)
{
	struct vrt_header *h = &f->header;

	if (f->size < sizeof(h->magic) || memcmp(f->map, VRT_MAGIC, sizeof(h->magic))) {
		snprintf(why, VRT_WHY_BYTES, "not a recording of vring-trace");
		return -EPROTO;
	}
	if (f->size < sizeof(*h)) {
		snprintf(why, VRT_WHY_BYTES, "cut off within its first %zu bytes", sizeof(*h));
		return -EPROTO;
	}
	memcpy(h, f->map, sizeof(*h));
	if (le16_read(&h->major) != VRT_MAJOR) {
		snprintf(why, VRT_WHY_BYTES, "a recording of version %u, and this reads version %u",
			 le16_read(&h->major), VRT_MAJOR);
		return -EPROTO;
	}
	if (le32_read(&h->crc) != crc32(0, f->map, offsetof(struct vrt_header, crc)))
		return bad(why, 0, "the header's checksum is wrong");
	if (le16_read(&h->event_bytes) != sizeof(struct vring_event) ||
	    le16_read(&h->header_bytes) < sizeof(*h) || le16_read(&h->header_bytes) % VRT_ALIGN)
		return bad(why, 0, "the header's sizes make no sense");
	h->source[VRT_NAME - 1] = h->release[VRT_NAME - 1] = 0;
	return 0;
}

/* ---- blocks ---- */

static bool is_events(uint32_t type)
{
	return type == VRT_EVENTS || type == VRT_EVENTS_DEFLATED;
}

static int check_block(const struct vrt_index_entry *e, char *why)
{
	if (e->bytes > MAX_PAYLOAD || e->raw_bytes > MAX_PAYLOAD)
		return bad(why, e->offset, "a block of more than 64 MiB");
	if (e->type != VRT_EVENTS_DEFLATED && e->raw_bytes != e->bytes)
		return bad(why, e->offset, "a block with two lengths");
	if (is_events(e->type) && (e->raw_bytes == 0 || e->raw_bytes % sizeof(struct vring_event)))
		return bad(why, e->offset, "a block that holds part of an event");
	if (e->first_ns > e->last_ns)
		return bad(why, e->offset, "a block that ends before it begins");
	return 0;
}

static int check_payload(const struct vrt_file *f, const struct vrt_index_entry *e, char *why)
{
	if (crc32(0, f->map + e->offset, e->bytes) != e->crc)
		return bad(why, e->offset, "a block's checksum is wrong");
	return 0;
}

static void take_span(struct vrt_file *f, const struct vrt_index_entry *e)
{
	if (!is_events(e->type) && e->type != VRT_SNAPSHOT)
		return;
	if (!f->last_ns || e->first_ns < f->first_ns)
		f->first_ns = e->first_ns;
	if (e->last_ns > f->last_ns)
		f->last_ns = e->last_ns;
}

/* What the recording as a whole needs to know of a block. */
static int take_block(struct vrt_file *f, const struct vrt_index_entry *e, char *why)
{
	const void *payload = f->map + e->offset;

	take_span(f, e);
	if (is_events(e->type))
		f->events += e->raw_bytes / sizeof(struct vring_event);
	if (e->type == VRT_END)
		f->closed = true;
	if (e->type != VRT_QUEUES && e->type != VRT_LOSS)
		return 0;
	if (check_payload(f, e, why))
		return -EPROTO;
	if (e->type == VRT_QUEUES) {
		f->queues = payload;
		f->num_queues = e->bytes / sizeof(struct vrt_queue);
	} else if (e->bytes >= sizeof(f->loss)) {
		memcpy(&f->loss, payload, sizeof(f->loss));
	}
	return 0;
}

static int find_blocks(struct vrt_file *f, char *why)
{
	uint64_t at = le16_read(&f->header.header_bytes);
	size_t room = 0;

	while (at + sizeof(struct vrt_block) <= f->size && !f->closed) {
		const struct vrt_block *b = (const struct vrt_block *)(f->map + at);
		struct vrt_index_entry e = { .offset = at + sizeof(*b),
					     .type = le32_read(&b->type),
					     .bytes = le32_read(&b->bytes),
					     .raw_bytes = le32_read(&b->raw_bytes),
					     .crc = le32_read(&b->crc),
					     .first_ns = le64_read(&b->first_ns),
					     .last_ns = le64_read(&b->last_ns) };

		if (check_block(&e, why))
			return -EPROTO;
		if (e.offset + padded(e.bytes) > f->size)
			break; /* this one was cut off */
		if (take_block(f, &e, why))
			return -EPROTO;
		if (f->count == room) {
			struct vrt_index_entry *more;

			room = room ? 2 * room : 256;
			more = realloc(f->blocks, room * sizeof(*more));
			if (!more)
				return -ENOMEM;
			f->blocks = more;
		}
		f->blocks[f->count++] = e;
		at = e.offset + padded(e.bytes);
	}
	f->cut_at = at;
	return 0;
}

int vrt_open(struct vrt_file *f, const char *path, char why[VRT_WHY_BYTES])
{
	struct stat st;
	int fd, err;

	*f = (struct vrt_file){ 0 };
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		err = -errno;
		snprintf(why, VRT_WHY_BYTES, "%s", strerror(errno));
		goto out_close;
	}
	err = -EPROTO;
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		snprintf(why, VRT_WHY_BYTES, "not a recording of vring-trace");
		goto out_close;
	}
	f->size = st.st_size;
	f->map = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		err = -errno;
		snprintf(why, VRT_WHY_BYTES, "%s", strerror(errno));
		goto out_close;
	}
	err = check_header(f, why);
	if (!err)
		err = find_blocks(f, why);
out_close:
	if (fd >= 0)
		close(fd);
	if (err)
		vrt_close(f);
	return err;
}

void vrt_close(struct vrt_file *f)
{
	if (f->map)
		munmap((void *)f->map, f->size);
	free(f->blocks);
	*f = (struct vrt_file){ 0 };
}

const struct vrt_queue *vrt_find_queue(const struct vrt_file *f, uint16_t device, uint16_t queue)
{
	for (size_t i = 0; i < f->num_queues; i++)
		if (le16_read(&f->queues[i].device) == device &&
		    le16_read(&f->queues[i].queue) == queue)
			return &f->queues[i];
	return NULL;
}

/* ---- events ---- */

void vrt_cursor_begin(struct vrt_cursor *c, const struct vrt_file *f)
{
	*c = (struct vrt_cursor){ .file = f };
}

void vrt_cursor_end(struct vrt_cursor *c)
{
	free(c->events);
	*c = (struct vrt_cursor){ 0 };
}

/* The inverse of what the writer does: columns of bytes into rows. */
static int inflate_events(const unsigned char *payload, const struct vrt_index_entry *e,
			  struct vring_event *events)
{
	unsigned char *columns = malloc(e->raw_bytes), *rows = (unsigned char *)events;
	size_t count = e->raw_bytes / sizeof(*events);
	uLongf raw = e->raw_bytes;
	int err = -ENOMEM;

	if (!columns)
		return err;
	err = -EPROTO;
	if (uncompress(columns, &raw, payload, e->bytes) == Z_OK && raw == e->raw_bytes) {
		for (size_t byte = 0; byte < sizeof(*events); byte++)
			for (size_t i = 0; i < count; i++)
				rows[i * sizeof(*events) + byte] = columns[byte * count + i];
		err = 0;
	}
	free(columns);
	return err;
}

static int load_events(struct vrt_cursor *c, const struct vrt_index_entry *e)
{
	const unsigned char *payload = c->file->map + e->offset;
	struct vring_event *events;
	int err;

	if (check_payload(c->file, e, c->why))
		return -EPROTO;
	events = realloc(c->events, e->raw_bytes);
	if (!events)
		return -ENOMEM;
	c->events = events;
	if (e->type == VRT_EVENTS) {
		memcpy(events, payload, e->bytes);
	} else {
		err = inflate_events(payload, e, events);
		if (err)
			return err == -EPROTO ? bad(c->why, e->offset, "a block does not inflate") :
						err;
	}
	c->count = e->raw_bytes / sizeof(*events);
	c->at = 0;
	return 0;
}

int vrt_next(struct vrt_cursor *c, struct vring_event *event)
{
	int err;

	while (c->at == c->count) {
		while (c->block < c->file->count && !is_events(c->file->blocks[c->block].type))
			c->block++;
		if (c->block == c->file->count)
			return 0;
		err = load_events(c, &c->file->blocks[c->block]);
		if (err)
			return err;
		c->block++;
	}
	*event = c->events[c->at++];
	return 1;
}

void vrt_seek(struct vrt_cursor *c, uint64_t time_ns)
{
	size_t low = 0, high = c->file->count;

	/* Blocks end in the order they were written, but for a moment here and there. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->file->blocks[middle].last_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	c->block = low;
	c->count = c->at = 0;
}

/* ---- snapshots ---- */

static size_t area_bytes(const struct vrt_snapshot *s, uint32_t kind)
{
	uint32_t num = le32_read(&s->num);

	switch (kind) {
	case VRT_AREA_DESC:
		return vring_desc_bytes(num);
	case VRT_AREA_DRIVER:
		return s->packed ? sizeof(struct vring_packed_desc_event) : vring_avail_bytes(num);
	case VRT_AREA_DEVICE:
		return s->packed ? sizeof(struct vring_packed_desc_event) : vring_used_bytes(num);
	case VRT_AREA_TOKENS:
		return sizeof(le64) * num;
	}
	return 0;
}

static void take_area(struct vrt_snapshot_view *view, uint32_t kind, const void *bytes)
{
	switch (kind) {
	case VRT_AREA_DESC:
		view->desc = bytes;
		break;
	case VRT_AREA_DRIVER:
		view->driver = bytes;
		break;
	case VRT_AREA_DEVICE:
		view->device = bytes;
		break;
	case VRT_AREA_TOKENS:
		view->tokens = bytes;
		break;
	}
}

static int view_snapshot(const struct vrt_file *f, const struct vrt_index_entry *e,
			 struct vrt_snapshot_view *view, char *why)
{
	const struct vrt_snapshot *s = (const void *)(f->map + e->offset);
	uint64_t at = sizeof(*s);

	if (check_payload(f, e, why))
		return -EPROTO;
	if (e->bytes < sizeof(*s))
		return bad(why, e->offset, "a snapshot that is too short");
	if (le32_read(&s->num) == 0 || le32_read(&s->num) > VRING_MAX_SIZE ||
	    (!s->packed && le32_read(&s->num) & (le32_read(&s->num) - 1)))
		return bad(why, e->offset, "a snapshot of a queue that cannot be");
	*view = (struct vrt_snapshot_view){ .head = s,
					    .time_ns = e->first_ns,
					    .areas = (const void *)(s + 1) };
	for (uint32_t i = 0; i < le32_read(&s->areas); i++) {
		const struct vrt_area *area = (const void *)(f->map + e->offset + at);
		uint64_t bytes;

		if (at + sizeof(*area) > e->bytes)
			return bad(why, e->offset + at, "an area outside its snapshot");
		bytes = le32_read(&area->bytes);
		if (at + sizeof(*area) + padded(bytes) > e->bytes)
			return bad(why, e->offset + at, "an area longer than its snapshot");
		if (bytes < area_bytes(s, le32_read(&area->kind)))
			return bad(why, e->offset + at, "an area shorter than its queue");
		take_area(view, le32_read(&area->kind), area + 1);
		at += sizeof(*area) + padded(bytes);
	}
	return 0;
}

int vrt_snapshot_before(const struct vrt_file *f, uint16_t device, uint16_t queue, uint64_t time_ns,
			struct vrt_snapshot_view *view, char why[VRT_WHY_BYTES])
{
	for (size_t i = f->count; i-- > 0;) {
		const struct vrt_index_entry *e = &f->blocks[i];
		int err;

		if (e->type != VRT_SNAPSHOT || e->first_ns > time_ns)
			continue;
		err = view_snapshot(f, e, view, why);
		if (err)
			return err;
		if (le16_read(&view->head->device) == device &&
		    le16_read(&view->head->queue) == queue)
			return 1;
	}
	return 0;
}

int vrt_verify(const struct vrt_file *f, char why[VRT_WHY_BYTES])
{
	struct vrt_snapshot_view view;
	struct vrt_cursor c;
	struct vring_event event;
	int err = 0;

	for (size_t i = 0; i < f->count && !err; i++) {
		if (f->blocks[i].type == VRT_SNAPSHOT)
			err = view_snapshot(f, &f->blocks[i], &view, why);
		else
			err = check_payload(f, &f->blocks[i], why);
	}
	vrt_cursor_begin(&c, f);
	while (!err) {
		int got = vrt_next(&c, &event);

		if (got < 0) {
			memcpy(why, c.why, VRT_WHY_BYTES);
			err = got;
		}
		if (got <= 0)
			break;
	}
	vrt_cursor_end(&c);
	return err;
}
