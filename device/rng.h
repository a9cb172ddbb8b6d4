/* SPDX-License-Identifier: MIT */
/*
 * The entropy device (5.4), the smallest there is: one queue of buffers to be filled.
 *
 * Mirrors QEMU's hw/virtio/virtio-rng.c. The bytes come from a generator with a seed, so that a
 * test knows what has to arrive; they are no secret.
 */
#ifndef DEVICE_RNG_H
#define DEVICE_RNG_H

#include "virtio.h"

#define VIRTIO_ID_RNG_DEVICE 4
#define VIRTIO_RNG_PIECES 64 /* the longest buffer */

struct VirtIORNG {
	struct VirtIODevice *vdev;
	uint64_t state; /* of the generator; a seed may be set after init */

	/* Faults on command. */
	uint32_t most;	    /* bytes given at a time; 0: the whole buffer */
	uint32_t overstate; /* bytes added to the length it reports (G3) */
	bool silent;	    /* takes no buffers */

	struct guest_piece pieces[VIRTIO_RNG_PIECES];
};

/* @vdev: memory, host_features and queue_num_max[0] are set; class and model are set by this, and
 * virtio_init() is called. */
void virtio_rng_init(struct VirtIORNG *rng, struct VirtIODevice *vdev);

/* The next byte that a generator of that state gives. */
uint8_t virtio_rng_next(uint64_t *state);

#endif
