/* SPDX-License-Identifier: MIT */
/*
 * What a transport does for the bus and its drivers, and the device status field they share.
 *
 * Mirrors include/linux/virtio_config.h. The feature bits that shape rings are with the rings, in
 * ring/virtio_ring.h.
 */
#ifndef BUS_VIRTIO_CONFIG_H
#define BUS_VIRTIO_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_features.h"

struct virtio_device;
struct virtqueue;

/* A driver only ever sets bits; writing 0 resets the device and clears them all (2.1.1). */
#define VIRTIO_CONFIG_S_ACKNOWLEDGE 1  /* the guest has seen the device */
#define VIRTIO_CONFIG_S_DRIVER 2       /* and knows a driver for it */
#define VIRTIO_CONFIG_S_DRIVER_OK 4    /* the driver is set up: the device may work */
#define VIRTIO_CONFIG_S_FEATURES_OK 8  /* the features are agreed; to be read back */
#define VIRTIO_CONFIG_S_NEEDS_RESET 64 /* set by the device: it cannot go on */
#define VIRTIO_CONFIG_S_FAILED 128     /* the driver has given up */

/* More bits of the transport's own range (6); the ring's are in ring/virtio_ring.h. */
#define VIRTIO_F_ANY_LAYOUT 27 /* legacy only, 6.3 */
#define VIRTIO_F_SR_IOV 37
#define VIRTIO_F_ADMIN_VQ 41

typedef void vq_callback_t(struct virtqueue *vq);

/* What a driver wants of one queue. */
struct virtqueue_info {
	const char *name;	 /* NULL: the driver does without this queue */
	vq_callback_t *callback; /* NULL: no interrupt is needed for it */
	/*
	 * The most elements a buffer will have, if it is to go into an indirect table where the
	 * device allows that; 0: no tables. Linux allocates a table per request instead.
	 */
	unsigned int indirect_max;
};

/* Memory that device and driver share, of a kind the device type defines (2.10). */
struct virtio_shm_region {
	uint64_t addr; /* where platform_mmio_…() finds its first byte */
	uint64_t len;  /* bytes */
};

/*
 * A transport. All of these may block, except get, generation and get_status, which are called from
 * interrupt handlers, too. Return values are 0 or a negative errno where nothing else is said.
 */
struct virtio_config_ops {
	/* @len bytes of device config from @offset on, in the device's byte order (2.5). */
	void (*get)(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len);
	void (*set)(struct virtio_device *vdev, unsigned int offset, const void *buf,
		    unsigned int len);
	/* Moves when the device config does; NULL: the transport has none (legacy). */
	uint32_t (*generation)(struct virtio_device *vdev);

	uint8_t (*get_status)(struct virtio_device *vdev);
	void (*set_status)(struct virtio_device *vdev, uint8_t status);
	/*
	 * Returns once the device has come out of reset (2.4.2); -ETIMEDOUT if it does not within
	 * the transport's bound, -ENODEV if it is gone. In any case it can write to memory no more,
	 * and no handler of its is running.
	 */
	int (*reset)(struct virtio_device *vdev);

	/* Makes the queues whose info has a name; @vqs gets NULL for the others. All or none. */
	int (*find_vqs)(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
			const struct virtqueue_info infos[]);
	void (*del_vqs)(struct virtio_device *vdev); /* after reset, whatever it returned */

	struct virtio_features (*get_features)(struct virtio_device *vdev); /* what is offered */
	/* Drops what the transport cannot carry from vdev->features, and tells the device. */
	int (*finalize_features)(struct virtio_device *vdev);

	const char *(*bus_name)(struct virtio_device *vdev);

	/* NULL: its interrupts stay where they are. */
	int (*set_vq_affinity)(struct virtqueue *vq, unsigned int cpu);
	int (*get_vq_affinity)(struct virtio_device *vdev, unsigned int index); /* CPU, or -errno */

	/* False if the device has no region of that id. NULL: the transport has none. */
	bool (*get_shm_region)(struct virtio_device *vdev, struct virtio_shm_region *region,
			       uint8_t id);

	/* One queue alone (2.6.1), and one at a time; NULL, or -ENOENT, without
	 * VIRTIO_F_RING_RESET. -EBUSY: it is in reset already. After any other error it is broken.
	 */
	int (*disable_vq_and_reset)(struct virtqueue *vq);
	int (*enable_vq_after_reset)(struct virtqueue *vq);
};

/* ---- device config, field by field ---- */

/*
 * A field of 1, 2, 4 or 8 bytes at @offset, converted from the device's byte order: little-endian,
 * or a legacy device's native order, which on our grounds is the same. Read as often as it takes to
 * see one generation throughout (2.5.1).
 */
uint8_t virtio_cread8(struct virtio_device *vdev, unsigned int offset);
uint16_t virtio_cread16(struct virtio_device *vdev, unsigned int offset);
uint32_t virtio_cread32(struct virtio_device *vdev, unsigned int offset);
uint64_t virtio_cread64(struct virtio_device *vdev, unsigned int offset);

/* @len bytes in the device's byte order, all of one generation. A legacy device has none: up to 8
 * bytes are read until they are the same twice, more are read once. */
void virtio_cread_bytes(struct virtio_device *vdev, unsigned int offset, void *buf,
			unsigned int len);

void virtio_cwrite8(struct virtio_device *vdev, unsigned int offset, uint8_t value);
void virtio_cwrite16(struct virtio_device *vdev, unsigned int offset, uint16_t value);
void virtio_cwrite32(struct virtio_device *vdev, unsigned int offset, uint32_t value);

#endif
