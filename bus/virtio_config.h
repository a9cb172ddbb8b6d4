/* SPDX-License-Identifier: MIT */
/*
 * The device status field: how far driver and device have come with each other (2.1).
 *
 * Mirrors include/uapi/linux/virtio_config.h. The feature bits that shape rings are with the rings,
 * in ring/virtio_ring.h.
 */
#ifndef BUS_VIRTIO_CONFIG_H
#define BUS_VIRTIO_CONFIG_H

/* A driver only ever sets bits; writing 0 resets the device and clears them all (2.1.1). */
#define VIRTIO_CONFIG_S_ACKNOWLEDGE 1  /* the guest has seen the device */
#define VIRTIO_CONFIG_S_DRIVER 2       /* and knows a driver for it */
#define VIRTIO_CONFIG_S_DRIVER_OK 4    /* the driver is set up: the device may work */
#define VIRTIO_CONFIG_S_FEATURES_OK 8  /* the features are agreed; to be read back */
#define VIRTIO_CONFIG_S_NEEDS_RESET 64 /* set by the device: it cannot go on */
#define VIRTIO_CONFIG_S_FAILED 128     /* the driver has given up */

#endif
