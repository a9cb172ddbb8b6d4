/* SPDX-License-Identifier: MIT */
/*
 * Reading a recording. The file is walked from block header to block header once, each of them
 * checked; what a block holds is read when somebody asks for it, and its checksum compared first.
 *
 * Nothing in the file is trusted: every length is compared with what is left before it is used. It
 * is read, not mapped, so that a file that shrinks meanwhile is an error like any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "vrt_read.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "events are used as they lie in the file");

static int bad(char *why, uint64_t offset, const char *what)
{
	snprintf(why, VRT_WHY_BYTES, "damaged at byte %" PRIu64 ": %s", offset, what);
	return -EPROTO;
}

static int failed(char *why, int err)
{
	snprintf(why, VRT_WHY_BYTES, "%s", strerror(-err));
	return err;
}

static uint64_t padded(uint64_t bytes)
{
	return bytes + -bytes % VRT_ALIGN;
}

/* A name from the file: ended, and nothing in it that a terminal would obey. */
static void clean_name(char name[VRT_NAME])
{
	name[VRT_NAME - 1] = 0;
	for (char *p = name; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

/* All of it, or an error. */
static int read_at(const struct vrt_file *f, uint64_t offset, void *to, size_t bytes, char *why)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t got = pread(f->fd, (char *)to + done, bytes - done, offset + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failed(why, -errno);
		if (!got)
			return bad(why, offset + done, "the file became shorter");
		done += got;
	}
	return 0;
}

/* ---- the header ---- */

static int check_header(struct vrt_file *f, char *why)
{
	struct vrt_header *h = &f->header;
	size_t have = f->size < sizeof(*h) ? f->size : sizeof(*h);

	if (read_at(f, 0, h, have, why))
		return -EPROTO;
	if (have < sizeof(h->magic) || memcmp(h->magic, VRT_MAGIC, sizeof(h->magic))) {
		snprintf(why, VRT_WHY_BYTES, "not a recording of vring-trace");
		return -EPROTO;
	}
	if (have < sizeof(*h)) {
		snprintf(why, VRT_WHY_BYTES, "cut off within its first %zu bytes", sizeof(*h));
		return -EPROTO;
	}
	if (le16_read(&h->major) != VRT_MAJOR) {
		snprintf(why, VRT_WHY_BYTES, "a recording of version %u, and this reads version %u",
			 le16_read(&h->major), VRT_MAJOR);
		return -EPROTO;
	}
	if (le32_read(&h->crc) != crc32(0, (void *)h, offsetof(struct vrt_header, crc)))
		return bad(why, 0, "the header's checksum is wrong");
	if (le16_read(&h->event_bytes) != sizeof(struct vring_event) ||
	    le16_read(&h->header_bytes) < sizeof(*h) || le16_read(&h->header_bytes) % VRT_ALIGN)
		return bad(why, 0, "the header's sizes make no sense");
	clean_name(h->source);
	clean_name(h->release);
	return 0;
}

/* ---- blocks ---- */

static bool is_events(uint32_t type)
{
	return type == VRT_EVENTS || type == VRT_EVENTS_DEFLATED;
}

static bool is_snapshot(uint32_t type)
{
	return type == VRT_SNAPSHOT || type == VRT_SNAPSHOT_DEFLATED;
}

static bool is_deflated(uint32_t type)
{
	return type == VRT_EVENTS_DEFLATED || type == VRT_SNAPSHOT_DEFLATED;
}

static bool is_known(uint32_t type)
{
	return type >= VRT_QUEUES && type <= VRT_SNAPSHOT_DEFLATED;
}

static int check_block(const struct vrt_index_entry *e, char *why)
{
	if (e->bytes > VRT_MAX_PAYLOAD || e->raw_bytes > VRT_MAX_PAYLOAD)
		return bad(why, e->offset, "a block of more than 64 MiB");
	if (is_known(e->type) && !is_deflated(e->type) && e->raw_bytes != e->bytes)
		return bad(why, e->offset, "a block with two lengths");
	if (is_events(e->type) && (e->raw_bytes == 0 || e->raw_bytes % sizeof(struct vring_event)))
		return bad(why, e->offset, "a block that holds part of an event");
	if (is_snapshot(e->type) && e->raw_bytes < sizeof(struct vrt_snapshot))
		return bad(why, e->offset, "a snapshot that is too short");
	if (e->first_ns > e->last_ns)
		return bad(why, e->offset, "a block that ends before it begins");
	return 0;
}

static int inflate_payload(const struct vrt_index_entry *e, const void *from, void **payload,
			   char *why)
{
	uLongf raw = e->raw_bytes;
	unsigned char *to = malloc(e->raw_bytes + 1ul);

	if (!to)
		return failed(why, -ENOMEM);
	to[e->raw_bytes] = 0;
	*payload = to;
	if (uncompress(to, &raw, from, e->bytes) == Z_OK && raw == e->raw_bytes)
		return 0;
	return bad(why, e->offset, "a block does not inflate");
}

int vrt_read_block(const struct vrt_file *f, const struct vrt_index_entry *e, void **payload,
		   char why[VRT_WHY_BYTES])
{
	unsigned char *bytes = malloc(e->bytes + 1ul);
	int err;

	*payload = NULL;
	if (!bytes)
		return failed(why, -ENOMEM);
	bytes[e->bytes] = 0;
	err = read_at(f, e->offset, bytes, e->bytes, why);
	if (!err && crc32(0, bytes, e->bytes) != e->crc)
		err = bad(why, e->offset, "a block's checksum is wrong");
	if (!err && is_deflated(e->type)) {
		err = inflate_payload(e, bytes, payload, why);
		free(bytes);
	} else {
		*payload = bytes;
	}
	if (err) {
		free(*payload);
		*payload = NULL;
	}
	return err;
}

/* ---- finding all blocks ---- */

/* From @at to the end: what a file system leaves when the power goes. */
static bool only_zeroes(const struct vrt_file *f, uint64_t at)
{
	unsigned char bytes[4096];
	char why[VRT_WHY_BYTES];

	while (at < f->size) {
		size_t count = f->size - at < sizeof(bytes) ? f->size - at : sizeof(bytes);

		if (read_at(f, at, bytes, count, why))
			return false;
		for (size_t i = 0; i < count; i++)
			if (bytes[i])
				return false;
		at += count;
	}
	return true;
}

/* Return: 1 with *@e; 0 if the file ends before the block does; -EPROTO. */
static int next_block(const struct vrt_file *f, uint64_t at, struct vrt_index_entry *e, char *why)
{
	struct vrt_block b;

	if (f->closed || f->size - at < sizeof(b))
		return 0;
	if (read_at(f, at, &b, sizeof(b), why))
		return -EPROTO;
	if (le32_read(&b.head_crc) != crc32(0, (void *)&b, offsetof(struct vrt_block, head_crc)))
		return only_zeroes(f, at + sizeof(b)) ?
			       0 :
			       bad(why, at, "the checksum of a block's header is wrong");
	*e = (struct vrt_index_entry){ .offset = at + sizeof(b),
				       .type = le32_read(&b.type),
				       .bytes = le32_read(&b.bytes),
				       .raw_bytes = le32_read(&b.raw_bytes),
				       .crc = le32_read(&b.crc),
				       .first_ns = le64_read(&b.first_ns),
				       .last_ns = le64_read(&b.last_ns),
				       .device = le16_read(&b.device),
				       .queue = le16_read(&b.queue) };
	if (check_block(e, why))
		return -EPROTO;
	return e->offset + padded(e->bytes) <= f->size;
}

static int add_block(struct vrt_file *f, const struct vrt_index_entry *e)
{
	/* Room for 256, 512, 1024 ... of them. */
	if (f->count >= 256 ? !(f->count & (f->count - 1)) : !f->blocks) {
		size_t room = f->count ? 2 * f->count : 256;
		struct vrt_index_entry *more = realloc(f->blocks, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		f->blocks = more;
	}
	f->blocks[f->count++] = *e;
	return 0;
}

static int find_blocks(struct vrt_file *f, char *why)
{
	struct vrt_index_entry e;
	int got;

	f->cut_at = le16_read(&f->header.header_bytes);
	if (f->cut_at > f->size)
		return bad(why, 0, "it ends within its header");
	while ((got = next_block(f, f->cut_at, &e, why)) > 0) {
		if (f->count == UINT32_MAX || add_block(f, &e))
			return failed(why, -ENOMEM);
		f->closed = e.type == VRT_END;
		f->cut_at = e.offset + padded(e.bytes);
	}
	return got;
}

/* The last blocks of a file that was not closed may have arrived in name only. */
static void drop_unwritten(struct vrt_file *f)
{
	while (!f->closed && f->count) {
		const struct vrt_index_entry *last = &f->blocks[f->count - 1];
		char why[VRT_WHY_BYTES];
		void *payload;
		int err = vrt_read_block(f, last, &payload, why);

		free(payload);
		if (err != -EPROTO)
			return;
		f->cut_at = last->offset - sizeof(struct vrt_block);
		f->count--;
	}
}

/* ---- what the recording as a whole needs to know of its blocks ---- */

static void take_span(struct vrt_file *f, const struct vrt_index_entry *e)
{
	if (!is_events(e->type) && !is_snapshot(e->type))
		return;
	if (!f->last_ns || e->first_ns < f->first_ns)
		f->first_ns = e->first_ns;
	if (e->last_ns > f->last_ns)
		f->last_ns = e->last_ns;
}

/* The last block of its type. */
static const struct vrt_index_entry *last_of(const struct vrt_file *f, enum vrt_block_type type)
{
	for (size_t i = f->count; i-- > 0;)
		if (f->blocks[i].type == type)
			return &f->blocks[i];
	return NULL;
}

static int take_queues(struct vrt_file *f, char *why)
{
	const struct vrt_index_entry *e = last_of(f, VRT_QUEUES);
	void *payload;
	int err;

	if (!e)
		return 0;
	err = vrt_read_block(f, e, &payload, why);
	if (err)
		return err;
	f->queues = payload;
	f->num_queues = e->bytes / sizeof(*f->queues);
	for (size_t i = 0; i < f->num_queues; i++) {
		clean_name(f->queues[i].name);
		clean_name(f->queues[i].driver);
		clean_name(f->queues[i].alias);
	}
	return 0;
}

static int take_loss(struct vrt_file *f, char *why)
{
	const struct vrt_index_entry *e = last_of(f, VRT_LOSS);
	void *payload;
	int err;

	if (!e || e->bytes < sizeof(f->loss))
		return 0;
	err = vrt_read_block(f, e, &payload, why);
	if (!err)
		memcpy(&f->loss, payload, sizeof(f->loss));
	free(payload);
	return err;
}

static int by_queue_and_time(const void *a, const void *b)
{
	const struct vrt_key *x = a, *y = b;

	if (x->queue != y->queue)
		return x->queue < y->queue ? -1 : 1;
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->block < y->block ? -1 : 1; /* never the same one */
}

static uint32_t key_of(uint16_t device, uint16_t queue)
{
	return (uint32_t)device << 16 | queue;
}

static int take_blocks(struct vrt_file *f, char *why)
{
	uint64_t reach = 0;

	f->keys = calloc(f->count + 1, sizeof(*f->keys));
	if (!f->keys)
		return failed(why, -ENOMEM);
	for (size_t i = 0; i < f->count; i++) {
		struct vrt_index_entry *e = &f->blocks[i];

		e->events_before = f->events;
		take_span(f, e);
		if (is_events(e->type)) {
			if (!f->events || e->first_ns < f->first_event_ns)
				f->first_event_ns = e->first_ns;
			f->events += e->raw_bytes / sizeof(struct vring_event);
			reach = e->last_ns > reach ? e->last_ns : reach;
		}
		e->reach_ns = reach;
		if (is_snapshot(e->type))
			f->keys[f->num_keys++] =
				(struct vrt_key){ key_of(e->device, e->queue), i, e->first_ns };
	}
	if (!f->events)
		f->first_event_ns = f->first_ns;
	qsort(f->keys, f->num_keys, sizeof(*f->keys), by_queue_and_time);
	return 0;
}

int vrt_open(struct vrt_file *f, const char *path, char why[VRT_WHY_BYTES])
{
	struct stat st;
	int err = 0;

	*f = (struct vrt_file){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
	f->open = f->fd >= 0;
	if (!f->open || fstat(f->fd, &st)) {
		err = failed(why, -errno);
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(why, VRT_WHY_BYTES, "not a recording of vring-trace");
		err = -EPROTO;
	}
	if (!err) {
		f->size = st.st_size;
		err = check_header(f, why);
	}
	if (!err)
		err = find_blocks(f, why);
	if (!err)
		drop_unwritten(f);
	if (!err)
		err = take_blocks(f, why);
	if (!err)
		err = take_queues(f, why);
	if (!err)
		err = take_loss(f, why);
	if (err)
		vrt_close(f);
	return err;
}

void vrt_close(struct vrt_file *f)
{
	if (f->open)
		close(f->fd);
	free(f->blocks);
	free(f->keys);
	free(f->queues);
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

double vrt_seconds(const struct vrt_file *f, uint64_t time_ns)
{
	return (int64_t)(time_ns - f->first_event_ns) / 1e9;
}

size_t vrt_block_at(const struct vrt_file *f, uint64_t time_ns)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->blocks[middle].reach_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
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
static struct vring_event *rows_of(const unsigned char *columns, size_t count)
{
	struct vring_event *events = malloc(count * sizeof(*events));
	unsigned char *rows = (unsigned char *)events;

	if (events)
		for (size_t byte = 0; byte < sizeof(*events); byte++)
			for (size_t i = 0; i < count; i++)
				rows[i * sizeof(*events) + byte] = columns[byte * count + i];
	return events;
}

static int load_events(struct vrt_cursor *c, size_t block)
{
	const struct vrt_index_entry *e = &c->file->blocks[block];
	size_t count = e->raw_bytes / sizeof(*c->events);
	void *payload;
	int err;

	if (c->count && c->loaded == block) {
		c->at = 0;
		return 0;
	}
	c->count = c->at = 0;
	free(c->events);
	c->events = NULL;
	err = vrt_read_block(c->file, e, &payload, c->why);
	if (err)
		return err;
	c->events = payload;
	if (e->type == VRT_EVENTS_DEFLATED) {
		c->events = rows_of(payload, count);
		free(payload);
	}
	if (!c->events)
		return failed(c->why, -ENOMEM);
	c->loaded = block;
	c->count = count;
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
		err = load_events(c, c->block);
		if (err)
			return err;
		c->block++;
	}
	*event = c->events[c->at++];
	return 1;
}

uint64_t vrt_position(const struct vrt_cursor *c)
{
	if (c->at < c->count)
		return c->file->blocks[c->loaded].events_before + c->at;
	return c->block < c->file->count ? c->file->blocks[c->block].events_before :
					   c->file->events;
}

/* Nothing is loaded: the next event is the first from @block on. What was loaded is kept. */
static void go_to_block(struct vrt_cursor *c, size_t block)
{
	c->block = block;
	c->at = c->count;
}

void vrt_seek(struct vrt_cursor *c, uint64_t time_ns)
{
	go_to_block(c, vrt_block_at(c->file, time_ns));
}

int vrt_seek_event(struct vrt_cursor *c, uint64_t number)
{
	size_t low = 0, high = c->file->count;
	int err;

	/* The last block with no more events before it than asked for. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->file->blocks[middle].events_before <= number)
			low = middle + 1;
		else
			high = middle;
	}
	if (number >= c->file->events) {
		go_to_block(c, c->file->count);
		return 0;
	}
	/* Of several the last: those before it have no events. There is one, as events are left. */
	err = load_events(c, low - 1);
	if (err)
		return err;
	c->block = low;
	c->at = number - c->file->blocks[low - 1].events_before;
	return 0;
}

/* ---- snapshots ---- */

/* The first key that is not less than @queue and @time_ns. */
static size_t key_from(const struct vrt_file *f, uint32_t queue, uint64_t time_ns)
{
	size_t low = 0, high = f->num_keys;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct vrt_key *key = &f->keys[middle];

		if (key->queue < queue || (key->queue == queue && key->time_ns < time_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct vrt_key *vrt_keys(const struct vrt_file *f, uint16_t device, uint16_t queue,
			       size_t *count)
{
	size_t first = key_from(f, key_of(device, queue), 0), end = first;

	while (end < f->num_keys && f->keys[end].queue == key_of(device, queue))
		end++;
	*count = end - first;
	return f->keys + first;
}

const struct vrt_index_entry *vrt_snapshot_before(const struct vrt_file *f, uint16_t device,
						  uint16_t queue, uint64_t time_ns)
{
	uint32_t key = key_of(device, queue);
	size_t at = key_from(f, key, time_ns);

	/* Of several at that very moment, the last. */
	while (at < f->num_keys && f->keys[at].queue == key && f->keys[at].time_ns == time_ns)
		at++;
	if (!at || f->keys[at - 1].queue != key)
		return NULL;
	return &f->blocks[f->keys[at - 1].block];
}

/* ---- the rest ---- */

/* The bytes of a character of UTF-8 at @text that a terminal may be given; 0: there is none. */
static size_t character(const unsigned char *text)
{
	unsigned int length = *text < 0x80 ? 1 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
	static const uint32_t least[] = { 0, ' ', 0xa0, 0x800, 0x10000 };
	uint32_t code = length == 1 ? *text : *text & (0x7f >> length);

	if ((*text >= 0x80 && *text < 0xc2) || *text > 0xf4)
		return 0;
	for (unsigned int i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80) /* also the NUL at the end */
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[length] || code == 0x7f || (code >= 0xd800 && code < 0xe000) ||
	    code > 0x10ffff)
		return 0;
	return length;
}

int vrt_note(const struct vrt_file *f, const struct vrt_index_entry *e, char *text, size_t size,
	     char why[VRT_WHY_BYTES])
{
	void *payload;
	int err = vrt_read_block(f, e, &payload, why);
	size_t used = 0;

	if (err)
		return err;
	for (const unsigned char *p = payload, *end = p + e->bytes; p < end;) {
		size_t length = character(p);

		if (used + (length ? length : 1) + 1 > size)
			break;
		memcpy(text + used, length ? (const void *)p : "?", length ? length : 1);
		used += length ? length : 1;
		p += length ? length : 1;
	}
	text[used] = 0;
	free(payload);
	return 0;
}

int vrt_verify(const struct vrt_file *f, char why[VRT_WHY_BYTES])
{
	int err = 0;

	for (size_t i = 0; i < f->count && !err; i++) {
		void *payload;

		err = vrt_read_block(f, &f->blocks[i], &payload, why);
		free(payload);
	}
	return err;
}
