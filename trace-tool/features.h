/* SPDX-License-Identifier: MIT */
/*
 * Feature bits by name, and what each means in one sentence.
 */
#ifndef TRACE_TOOL_FEATURES_H
#define TRACE_TOOL_FEATURES_H

#include <stdint.h>

struct feature {
	uint8_t bit;
	const char *name; /* without VIRTIO_ and the device's name */
	const char *text;
};

/* What bit @bit means on a device with this number (5), or NULL where that is not known here. */
const struct feature *feature_of(unsigned int device_id, unsigned int bit);

/* "block", "network"; NULL if not known. */
const char *device_kind(unsigned int device_id);

#endif
