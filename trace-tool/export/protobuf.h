/* SPDX-License-Identifier: MIT */
/*
 * Writing Protocol Buffers: a message is fields, a field is a number with a kind and then its
 * value.
 */
#ifndef TRACE_TOOL_PROTOBUF_H
#define TRACE_TOOL_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#define PROTOBUF_ROOM 16384

/* One message while it is put together. What does not fit any more is left out: .full says so. */
struct protobuf {
	uint8_t bytes[PROTOBUF_ROOM];
	size_t size;
	int full;
};

void protobuf_uint(struct protobuf *p, unsigned int field, uint64_t value);
void protobuf_fixed64(struct protobuf *p, unsigned int field, uint64_t value);
void protobuf_text(struct protobuf *p, unsigned int field, const char *text);

/* A message inside: what is written until protobuf_end(), which gets what begin returned. */
size_t protobuf_begin(struct protobuf *p, unsigned int field);
void protobuf_end(struct protobuf *p, size_t begin);

#endif
