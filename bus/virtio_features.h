/* SPDX-License-Identifier: MIT */
/*
 * A set of feature bits, and their names.
 *
 * Virtio 1.4 numbers device features up to 127. Linux keeps 64 bits beside an array of two words
 * that shadows them; here a set is one small struct, passed and copied by value.
 */
#ifndef BUS_VIRTIO_FEATURES_H
#define BUS_VIRTIO_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTIO_FEATURES_WORDS 2
#define VIRTIO_FEATURES_BITS (64 * VIRTIO_FEATURES_WORDS)

/*
 * Bits from START up to but not END are for rings and transports, not for a driver's table. The
 * specification's range begins at 24 (2.2); 24 to 27 are legacy bits, which a driver asks for
 * itself. Version 1.3 ends the range with 41, and Linux's END is 42. Version 1.4 has gone on: 42 is
 * dropped here like every bit that no ring knows, 43 (SUSPEND) nobody asks for.
 */
#define VIRTIO_TRANSPORT_F_START 28
#define VIRTIO_TRANSPORT_F_END 43

struct virtio_features {
	uint64_t word[VIRTIO_FEATURES_WORDS]; /* bit n is bit n % 64 of word n / 64 */
};

/* The set of bits 0 to 63 in @low. */
static inline struct virtio_features virtio_features_from(uint64_t low)
{
	return (struct virtio_features){ { low } };
}

static inline bool virtio_features_test(const struct virtio_features *set, unsigned int bit)
{
	return bit < VIRTIO_FEATURES_BITS && set->word[bit / 64] >> bit % 64 & 1;
}

static inline void virtio_features_set(struct virtio_features *set, unsigned int bit)
{
	set->word[bit / 64] |= 1ull << bit % 64;
}

static inline void virtio_features_clear(struct virtio_features *set, unsigned int bit)
{
	set->word[bit / 64] &= ~(1ull << bit % 64);
}

static inline struct virtio_features virtio_features_and(struct virtio_features a,
							 const struct virtio_features *b)
{
	for (unsigned int i = 0; i < VIRTIO_FEATURES_WORDS; i++)
		a.word[i] &= b->word[i];
	return a;
}

static inline bool virtio_features_equal(const struct virtio_features *a,
					 const struct virtio_features *b)
{
	for (unsigned int i = 0; i < VIRTIO_FEATURES_WORDS; i++)
		if (a->word[i] != b->word[i])
			return false;
	return true;
}

/* Is nothing in @a that is not in @b? */
static inline bool virtio_features_subset(const struct virtio_features *a,
					  const struct virtio_features *b)
{
	struct virtio_features both = virtio_features_and(*a, b);

	return virtio_features_equal(&both, a);
}

/**
 * virtio_feature_name - what the specification calls a bit, without the prefix: "EVENT_IDX"
 * @device_id: whose feature it is, of enum virtio_id; bits 24 to 43 mean the same for all
 *
 * Return: a string constant; NULL for a bit that is not known.
 */
const char *virtio_feature_name(unsigned int device_id, unsigned int bit);

#endif
