/* SPDX-License-Identifier: MIT */
/*
 * The wire format of Protocol Buffers, as far as it is needed here: varints of 7 bits a byte, the
 * lowest first, eight bytes as they are, and bytes behind their length.
 */
#include <string.h>

#include "ring/byteorder.h"

#include "protobuf.h"

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2 };

static void put(struct protobuf *p, const void *bytes, size_t size)
{
	if (size > sizeof(p->bytes) - p->size) {
		p->full = 1;
		return;
	}
	memcpy(p->bytes + p->size, bytes, size);
	p->size += size;
}

static void put_varint(struct protobuf *p, uint64_t value)
{
	uint8_t bytes[10];
	size_t size = 0;

	do {
		bytes[size] = (value & 0x7f) | (value > 0x7f ? 0x80 : 0);
		value >>= 7;
	} while (bytes[size++] & 0x80);
	put(p, bytes, size);
}

void protobuf_uint(struct protobuf *p, unsigned int field, uint64_t value)
{
	put_varint(p, field << 3 | VARINT);
	put_varint(p, value);
}

void protobuf_fixed64(struct protobuf *p, unsigned int field, uint64_t value)
{
	le64 wire;

	le64_write(&wire, value);
	put_varint(p, field << 3 | FIXED64);
	put(p, &wire, sizeof(wire));
}

void protobuf_text(struct protobuf *p, unsigned int field, const char *text)
{
	put_varint(p, field << 3 | LENGTH);
	put_varint(p, strlen(text));
	put(p, text, strlen(text));
}

/*
 * The length is not known yet: two bytes are kept for it. A varint may have more bytes than it
 * needs, and 14 bits reach for all there is room for.
 */
size_t protobuf_begin(struct protobuf *p, unsigned int field)
{
	static const uint8_t length[2];

	_Static_assert(PROTOBUF_ROOM <= 1 << 14, "two bytes of a varint");
	put_varint(p, field << 3 | LENGTH);
	put(p, length, sizeof(length));
	return p->size;
}

void protobuf_end(struct protobuf *p, size_t begin)
{
	size_t size = p->size - begin;

	if (p->full)
		return;
	p->bytes[begin - 2] = (size & 0x7f) | 0x80;
	p->bytes[begin - 1] = size >> 7;
}
