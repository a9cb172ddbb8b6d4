/* SPDX-License-Identifier: MIT */
/*
 * Little-endian fields of shared memory, as types of their own.
 *
 * virtio 1.x lays every field of a ring down little-endian (1.4, 2.5). A field wrapped in a struct
 * cannot be read, added or compared by accident: the only way in is an accessor below, and each
 * accessor touches memory exactly once. Linux gets the same two things from __le16 (checked by
 * sparse) and READ_ONCE/WRITE_ONCE.
 */
#ifndef RING_BYTEORDER_H
#define RING_BYTEORDER_H

#include <stdint.h>

typedef struct {
	uint16_t raw;
} le16;

typedef struct {
	uint32_t raw;
} le32;

typedef struct {
	uint64_t raw;
} le64;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define VRING_SWAP16(x) __builtin_bswap16(x)
#define VRING_SWAP32(x) __builtin_bswap32(x)
#define VRING_SWAP64(x) __builtin_bswap64(x)
#else
#define VRING_SWAP16(x) (x)
#define VRING_SWAP32(x) (x)
#define VRING_SWAP64(x) (x)
#endif

/*
 * A relaxed atomic access is one load or store, whole: a value that the other side may change
 * between two loads must never be fetched twice (bug class D12). It does not order anything;
 * barrier.h does.
 */
static inline uint16_t le16_read(const le16 *field)
{
	return VRING_SWAP16(__atomic_load_n(&field->raw, __ATOMIC_RELAXED));
}

static inline uint32_t le32_read(const le32 *field)
{
	return VRING_SWAP32(__atomic_load_n(&field->raw, __ATOMIC_RELAXED));
}

static inline uint64_t le64_read(const le64 *field)
{
	return VRING_SWAP64(__atomic_load_n(&field->raw, __ATOMIC_RELAXED));
}

static inline void le16_write(le16 *field, uint16_t value)
{
	__atomic_store_n(&field->raw, VRING_SWAP16(value), __ATOMIC_RELAXED);
}

static inline void le32_write(le32 *field, uint32_t value)
{
	__atomic_store_n(&field->raw, VRING_SWAP32(value), __ATOMIC_RELAXED);
}

static inline void le64_write(le64 *field, uint64_t value)
{
	__atomic_store_n(&field->raw, VRING_SWAP64(value), __ATOMIC_RELAXED);
}

#endif
