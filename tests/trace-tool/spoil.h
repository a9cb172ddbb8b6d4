/* SPDX-License-Identifier: MIT */
/*
 * Recordings spoilt where it matters: taken apart, changed, and put together again with checksums
 * that are right, mostly. What comes out depends on chance_state alone.
 */
#ifndef TESTS_TRACE_TOOL_SPOIL_H
#define TESTS_TRACE_TOOL_SPOIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <cmocka.h>

#include "trace-tool/recording/vrt_read.h"

#define MAX_FILE (4u << 20) /* bytes of what is made up */
#define MAX_BLOCKS 256

/* ---- chance ---- */

static uint64_t chance_state;

static uint32_t chance(void)
{
	/* splitmix64 */
	uint64_t z = chance_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z >> 32;
}

static uint32_t below(uint32_t limit)
{
	return limit ? chance() % limit : 0;
}

/* A number that somebody may have forgotten. */
static uint64_t odd_number(void)
{
	static const uint64_t numbers[] = { 0,	    1,	    2,	    7,	   8,	      9,
					    15,	    16,	    255,    256,   257,	      0x7fff,
					    0x8000, 0xfffe, 0xffff, 65536, 1000000000 };

	switch (below(4)) {
	case 0:
		return UINT64_MAX - below(3);
	case 1:
		return 1ull << below(64);
	case 2:
		return chance();
	}
	return numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
}

/* ---- a recording, taken apart ---- */

struct block {
	struct vrt_block head;	/* its lengths and checksums are made when it is put together */
	unsigned char *payload; /* inflated */
	uint32_t bytes;
};

struct recording {
	struct vrt_header head;
	struct block blocks[MAX_BLOCKS];
	unsigned int count;
};

static struct recording corpus[32];
static unsigned int corpus_count;

static bool is_deflated(const struct block *b)
{
	uint32_t type = le32_read(&b->head.type);

	return type == VRT_EVENTS_DEFLATED || type == VRT_SNAPSHOT_DEFLATED;
}

static bool holds_events(const struct block *b)
{
	uint32_t type = le32_read(&b->head.type);

	return type == VRT_EVENTS || type == VRT_EVENTS_DEFLATED;
}

static bool holds_snapshot(const struct block *b)
{
	uint32_t type = le32_read(&b->head.type);

	return type == VRT_SNAPSHOT || type == VRT_SNAPSHOT_DEFLATED;
}

static void forget(struct recording *r)
{
	for (unsigned int i = 0; i < r->count; i++)
		free(r->blocks[i].payload);
	r->count = 0;
}

static struct block copy_of(const struct block *b)
{
	struct block copy = *b;

	copy.payload = malloc(b->bytes + 1);
	memcpy(copy.payload, b->payload, b->bytes);
	return copy;
}

static void copy_recording(struct recording *to, const struct recording *from)
{
	to->head = from->head;
	for (to->count = 0; to->count < from->count; to->count++)
		to->blocks[to->count] = copy_of(&from->blocks[to->count]);
}

/* A good one, through the reader. */
static void take_apart(struct recording *r, const char *path)
{
	char why[VRT_WHY_BYTES];
	struct vrt_file f;

	if (vrt_open(&f, path, why))
		fail_msg("%s: %s", path, why);
	r->head = f.header;
	for (size_t i = 0; i < f.count && i < MAX_BLOCKS; i++) {
		struct block *b = &r->blocks[r->count++];
		const struct vrt_index_entry *e = &f.blocks[i];
		void *payload;

		assert_int_equal(vrt_read_block(&f, e, &payload, why), 0);
		b->payload = payload;
		b->bytes = e->raw_bytes;
		le32_write(&b->head.type, e->type);
		le64_write(&b->head.first_ns, e->first_ns);
		le64_write(&b->head.last_ns, e->last_ns);
		le16_write(&b->head.device, e->device);
		le16_write(&b->head.queue, e->queue);
	}
	vrt_close(&f);
}

/* ---- ... and put together ---- */

/* Columns of bytes from rows, or the other way. */
static void turn(unsigned char *to, const unsigned char *from, size_t count, bool into_columns)
{
	for (size_t i = 0; i < count; i++)
		for (size_t byte = 0; byte < sizeof(struct vring_event); byte++) {
			size_t row = i * sizeof(struct vring_event) + byte;
			size_t column = byte * count + i;

			if (into_columns)
				to[column] = from[row];
			else
				to[row] = from[column];
		}
}

static size_t put_together(struct recording *r, unsigned char *file)
{
	size_t at = sizeof(r->head);

	le32_write(&r->head.crc, crc32(0, (void *)&r->head, offsetof(struct vrt_header, crc)));
	memcpy(file, &r->head, sizeof(r->head));
	for (unsigned int i = 0; i < r->count; i++) {
		struct block *b = &r->blocks[i];
		unsigned char *payload = file + at + sizeof(b->head);
		uLongf bytes = MAX_FILE - at - sizeof(b->head) - VRT_ALIGN;

		if (MAX_FILE - at < compressBound(b->bytes) + sizeof(b->head) + VRT_ALIGN)
			break;
		if (is_deflated(b)) {
			compress2(payload, &bytes, b->payload, b->bytes, 1);
		} else {
			bytes = b->bytes;
			memcpy(payload, b->payload, bytes);
		}
		memset(payload + bytes, 0, VRT_ALIGN);
		le32_write(&b->head.bytes, bytes);
		le32_write(&b->head.raw_bytes, below(200) ? b->bytes : below(2 * b->bytes + 2));
		le32_write(&b->head.crc, crc32(0, payload, bytes));
		le32_write(&b->head.head_crc,
			   crc32(0, (void *)&b->head, offsetof(struct vrt_block, head_crc)));
		memcpy(file + at, &b->head, sizeof(b->head));
		at += sizeof(b->head) + bytes + -bytes % VRT_ALIGN;
	}
	return at;
}

/* ---- changes ---- */

static void set_number(unsigned char *at, size_t bytes)
{
	uint64_t number = odd_number();

	switch (below(4)) {
	case 0:
		at[below(bytes)] ^= 1 << below(8);
		return;
	case 1: /* a little more, a little less */
		memcpy(&number, at, bytes);
		number += (int)below(5) - 2;
	}
	memcpy(at, &number, bytes);
}

struct place {
	uint16_t at, bytes;
};

static void change_field(unsigned char *from, const struct place *places, size_t count)
{
	const struct place *place = &places[below(count)];

	set_number(from + place->at, place->bytes);
}

#define AT(type, field)                                           \
	{                                                         \
		offsetof(type, field), sizeof(((type *)0)->field) \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void change_events(struct block *b)
{
	static const struct place fields[] = {
		{ 0, 8 },  { 8, 2 },  { 10, 2 }, { 14, 1 }, { 15, 1 }, { 16, 2 }, { 18, 2 },
		{ 20, 2 }, { 22, 2 }, { 24, 8 }, { 24, 2 }, { 26, 2 }, { 28, 2 }, { 30, 2 },
		{ 32, 2 }, { 34, 2 }, { 36, 2 }, { 28, 1 }, { 36, 1 }, { 38, 2 },
	};
	size_t count = b->bytes / sizeof(struct vring_event), i = below(count), n = below(count);
	unsigned char *rows = b->payload;
	struct vring_event *events = (void *)b->payload, event;

	if (!count)
		return;
	if (le32_read(&b->head.type) == VRT_EVENTS_DEFLATED) {
		rows = malloc(b->bytes);
		turn(rows, b->payload, count, false);
		events = (void *)rows;
	}
	switch (below(6)) {
	case 0:
		event = events[i];
		events[i] = events[n];
		events[n] = event;
		break;
	case 1: /* the same thing again */
		events[i] = events[n];
		break;
	case 2:
		events[i].type = below(9);
		break;
	case 3: /* another queue's, from now on */
		for (; i < count && i < n; i++)
			events[i].queue = events[n].queue;
		break;
	default:
		change_field((void *)&events[i], fields, COUNT(fields));
	}
	if (rows != b->payload) {
		turn(b->payload, rows, count, true);
		free(rows);
	}
}

/* The head of the area with that number, or NULL. */
static struct vrt_area *find_area(struct block *b, unsigned int number)
{
	size_t at = sizeof(struct vrt_snapshot);

	while (b->bytes >= sizeof(struct vrt_area) && at <= b->bytes - sizeof(struct vrt_area)) {
		struct vrt_area *area = (void *)(b->payload + at);

		if (!number--)
			return area;
		at += sizeof(*area) + ((uint64_t)le32_read(&area->bytes) + 7) / 8 * 8;
	}
	return NULL;
}

#define S(field) AT(struct vrt_snapshot, field)

static void change_snapshot(struct block *b)
{
	static const struct place head[] = {
		S(device),	S(queue),     S(num),
		S(packed),	S(broken),    S(torn),
		S(avail_idx),	S(last_used), S(num_free),
		S(num_added),	S(free_head), S(driver_flags),
		S(tables_left), S(areas),     S(flags),
		S(features),	{ 40, 8 },    S(event_triggered),
	};
	static const struct place area_head[] = { { 0, 4 }, { 4, 4 } };
	struct vrt_area *area = find_area(b, below(6));
	size_t start, bytes;

	if (b->bytes < sizeof(struct vrt_snapshot))
		return;
	if (!area || !below(4)) {
		change_field(b->payload, head, COUNT(head));
		return;
	}
	bytes = le32_read(&area->bytes);
	start = (unsigned char *)(area + 1) - b->payload;
	if (!below(16) || bytes < 8 || start + bytes > b->bytes) {
		change_field((void *)area, area_head, COUNT(area_head));
		return;
	}
	/* Rings: the fields are aligned to their sizes. */
	switch (below(4)) {
	case 0:
		set_number((unsigned char *)(area + 1) + below(bytes / 8) * 8, 8);
		break;
	case 1:
		set_number((unsigned char *)(area + 1) + below(bytes / 4) * 4, 4);
		break;
	default:
		set_number((unsigned char *)(area + 1) + below(bytes / 2) * 2, 2);
	}
}

static void change_queues(struct block *b)
{
	static const struct place fields[] = {
		AT(struct vrt_queue, device),	 AT(struct vrt_queue, queue),
		AT(struct vrt_queue, num),	 AT(struct vrt_queue, features),
		AT(struct vrt_queue, device_id), AT(struct vrt_queue, packed),
		AT(struct vrt_queue, self),
	};
	struct vrt_queue *queue = (void *)b->payload;

	if (b->bytes < sizeof(*queue))
		return;
	queue += below(b->bytes / sizeof(*queue));
	if (below(4))
		change_field((void *)queue, fields, COUNT(fields));
	else
		((char *)queue)[offsetof(struct vrt_queue, name) + below(3 * VRT_NAME)] = chance();
}

static void resize(struct block *b, uint32_t bytes)
{
	b->payload = realloc(b->payload, bytes + 1);
	if (bytes > b->bytes)
		memset(b->payload + b->bytes, chance(), bytes - b->bytes);
	b->bytes = bytes;
}

static void change_payload(struct block *b)
{
	if (!below(24))
		resize(b, below(b->bytes + 48));
	else if (holds_events(b))
		change_events(b);
	else if (holds_snapshot(b))
		change_snapshot(b);
	else if (le32_read(&b->head.type) == VRT_QUEUES)
		change_queues(b);
	else if (b->bytes)
		b->payload[below(b->bytes)] = chance();
}

/* Blocks come and go, change places, and lie about what they are. */
static void change_blocks(struct recording *r)
{
	static const struct place head[] = {
		AT(struct vrt_block, type),    AT(struct vrt_block, first_ns),
		AT(struct vrt_block, last_ns), AT(struct vrt_block, device),
		AT(struct vrt_block, queue),
	};
	const struct recording *other = &corpus[below(corpus_count)];
	unsigned int i = below(r->count), n = below(r->count);
	struct block b;

	if (!r->count)
		return;
	switch (below(6)) {
	case 0:
		b = r->blocks[i];
		r->blocks[i] = r->blocks[n];
		r->blocks[n] = b;
		break;
	case 1:
		free(r->blocks[i].payload);
		r->blocks[i] = r->blocks[--r->count];
		break;
	case 2:
	case 3: /* again, or one of another recording */
		if (r->count == MAX_BLOCKS)
			break;
		b = copy_of(below(2) ? &r->blocks[n] : &other->blocks[below(other->count)]);
		memmove(&r->blocks[i + 1], &r->blocks[i], (r->count - i) * sizeof(b));
		r->blocks[i] = b;
		r->count++;
		break;
	case 4:
		le32_write(&r->blocks[i].head.type, below(10));
		break;
	default:
		change_field((void *)&r->blocks[i].head, head, COUNT(head));
	}
}

static void change_header(struct recording *r)
{
	static const struct place fields[] = {
		AT(struct vrt_header, major),	     AT(struct vrt_header, minor),
		AT(struct vrt_header, header_bytes), AT(struct vrt_header, event_bytes),
		AT(struct vrt_header, realtime_ns),  AT(struct vrt_header, monotonic_ns),
		AT(struct vrt_header, source[3]),
	};

	change_field((void *)&r->head, fields, COUNT(fields));
}

/* Return: the file's bytes. */
static size_t make_up(unsigned char *file)
{
	static struct recording r;
	size_t bytes;

	/* The first are small. */
	copy_recording(&r, &corpus[below(below(2) ? 2 : corpus_count)]);
	for (unsigned int changes = 1 + below(below(4) ? 6 : 60); changes; changes--) {
		if (!below(32))
			change_header(&r);
		else if (!below(4) || !r.count)
			change_blocks(&r);
		else
			change_payload(&r.blocks[below(r.count)]);
	}
	bytes = put_together(&r, file);
	forget(&r);
	/* What a disk does. */
	if (!below(10))
		bytes = below(bytes);
	if (!below(10) && bytes)
		memset(file + below(bytes), 0, bytes - below(bytes) > 512 ? 512 : 1);
	for (unsigned int flips = below(10) ? 0 : 1 + below(4); flips && bytes; flips--)
		file[below(bytes)] ^= 1 << below(8);
	return bytes;
}

#endif
