/* SPDX-License-Identifier: MIT */
/*
 * A virtio device: status, features, config and queues, between a transport and a model.
 *
 * Mirrors QEMU's include/hw/virtio/virtio.h and uses its names. A model (blk.h, net.h) fills in a
 * VirtioDeviceClass; a transport (virtio_pci.h) calls the functions here when the driver touches a
 * register. Left out on purpose: QOM, migration, iothreads.
 *
 * Nothing here allocates, locks or sleeps: one thread runs a device. All memory is the caller's.
 */
#ifndef DEVICE_VIRTIO_H
#define DEVICE_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest_memory.h"
#include "virtqueue.h"

#define VIRTIO_QUEUE_MAX 64	/* queues of one device */
#define VIRTIO_NO_VECTOR 0xffff /* the driver wants no interrupt for this */

/* Device status (2.1), as the wire has it. */
#define VIRTIO_STATUS_ACKNOWLEDGE 1
#define VIRTIO_STATUS_DRIVER 2
#define VIRTIO_STATUS_DRIVER_OK 4
#define VIRTIO_STATUS_FEATURES_OK 8
#define VIRTIO_STATUS_NEEDS_RESET 64
#define VIRTIO_STATUS_FAILED 128

#define VIRTIO_FEATURE_WORDS 2 /* 128 bits; word n holds bits 64n to 64n + 63 */

struct VirtIODevice;

/* What a model is. Function pointers that may be NULL say so. */
struct VirtioDeviceClass {
	const char *name;     /* "virtio-blk" */
	uint16_t device_id;   /* 5 */
	uint32_t config_size; /* bytes of device config */

	/* Which sets of features make sense together; NULL: any subset of what is offered. */
	bool (*validate_features)(struct VirtIODevice *vdev, const uint64_t *features);
	/* The config as it is now, config_size bytes; NULL: vdev->config is it. */
	void (*get_config)(struct VirtIODevice *vdev, uint8_t *config);
	/* The driver wrote @len bytes at @offset of @config, all inside it; NULL: read-only. */
	void (*set_config)(struct VirtIODevice *vdev, uint8_t *config, uint32_t offset,
			   uint32_t len);
	/* Everything of the driver's is gone, buffers in hand included; NULL: nothing to do. */
	void (*reset)(struct VirtIODevice *vdev);
	/* The status moved to @status, which is not 0; NULL: of no interest. */
	void (*set_status)(struct VirtIODevice *vdev, uint8_t status);
	/* One queue was reset (2.6.1): forget its buffers in hand; NULL: none are ever held. */
	void (*queue_reset)(struct VirtIODevice *vdev, unsigned int index);
	/* The driver kicked @index, or the device is to look at it for another reason. */
	void (*handle_output)(struct VirtIODevice *vdev, unsigned int index);
};

/* A queue and what the driver has told the transport about it. */
struct VirtIOQueue {
	struct VirtQueue vq;	       /* in use while .enabled */
	uint32_t num_max;	       /* as offered; 0: no such queue */
	uint32_t num;		       /* as the driver wants it, num_max after reset */
	uint64_t desc, driver, device; /* device addresses */
	uint16_t vector;	       /* VIRTIO_NO_VECTOR after reset */
	bool enabled;
	bool kicked; /* deferred: to be handled in virtio_device_run() */
};

/* What a device needs of its transport. */
struct VirtioBusClass {
	/* Interrupt: @vector is the queue's or the config's, VIRTIO_NO_VECTOR included; @isr_bit is
	 * the number of the ISR's bit, 0 for a queue, 1 for the config. */
	void (*notify)(void *transport, uint16_t vector, uint8_t isr_bit);
};

struct VirtIODevice {
	/* Set by whoever makes the device, before virtio_init(). */
	const struct VirtioDeviceClass *class;
	void *model;				      /* the class's own */
	const struct guest_memory *memory;	      /* outlives the device */
	uint64_t host_features[VIRTIO_FEATURE_WORDS]; /* offered */
	uint16_t queue_num_max[VIRTIO_QUEUE_MAX];     /* entries; queues up to the first 0 */
	uint8_t *config; /* class->config_size bytes, in the wire's order */

	/* Kicks wait for virtio_device_run(), so that a test can look at the ring in between. */
	bool deferred;

	/* Set by the transport. */
	const struct VirtioBusClass *bus;
	void *transport;

	/* The device's state. */
	uint64_t guest_features[VIRTIO_FEATURE_WORDS]; /* accepted */
	uint32_t not_offered; /* words of 32 bits with which the driver asked for more; bit n: n */
	uint8_t status;
	uint8_t generation;	/* of the config */
	uint16_t config_vector; /* VIRTIO_NO_VECTOR after reset */
	struct VirtIOQueue queues[VIRTIO_QUEUE_MAX];
	unsigned int num_queues;
	bool broken; /* NEEDS_RESET was set: a driver broke a rule, or virtio_device_fail() */
	/* The transport: no memory can be reached now (bus mastering off, D3, pulled out). */
	bool stopped;
	/* The transport: the driver uses the legacy interface, and its queues before DRIVER_OK
	 * (3.1.2). */
	bool legacy;
	/* The last complaint, for whoever asks what went wrong; "" if there was none. */
	char complaint[96];
};

/* ---- for whoever makes the device ---- */

/* Puts @vdev into the state after reset. Its first part is filled in by the caller, the rest is
 * zeroed. */
void virtio_init(struct VirtIODevice *vdev);

static inline bool virtio_vdev_has_feature(const struct VirtIODevice *vdev, unsigned int bit)
{
	return vdev->guest_features[bit / 64] >> bit % 64 & 1;
}

static inline void virtio_add_feature(uint64_t *features, unsigned int bit)
{
	features[bit / 64] |= 1ull << bit % 64;
}

/* ---- for models ---- */

/* Queue @index if the driver may use it now: enabled, DRIVER_OK set, nothing broken or stopped;
 * else NULL. */
struct VirtQueue *virtio_get_queue(struct VirtIODevice *vdev, unsigned int index);

/* The config changed: the generation moves and, after DRIVER_OK, the driver is told (2.3). */
void virtio_notify_config(struct VirtIODevice *vdev);

/* The device cannot go on: DEVICE_NEEDS_RESET, with a config interrupt after DRIVER_OK (2.1.2).
 * @why: kept in vdev->complaint, for people. */
void virtio_device_fail(struct VirtIODevice *vdev, const char *why);

/* ---- for transports ---- */

/* The driver wrote the status; 0 resets. FEATURES_OK stays clear if the features will not do. */
void virtio_set_status(struct VirtIODevice *vdev, uint8_t status);

/* Words of 32 bits, as registers show them; words that there are none of read 0. */
uint32_t virtio_get_host_features(const struct VirtIODevice *vdev, unsigned int word32);
/* Ignored once FEATURES_OK is set. What was not offered is not accepted. */
void virtio_set_guest_features(struct VirtIODevice *vdev, unsigned int word32, uint32_t value);

/* @len bytes of config from @offset; what lies beyond it reads 0 and is not written. */
void virtio_config_read(struct VirtIODevice *vdev, uint32_t offset, void *buf, uint32_t len);
void virtio_config_write(struct VirtIODevice *vdev, uint32_t offset, const void *buf, uint32_t len);

/* Start the queue as its fields say; false, and the device broken, if it cannot be. */
bool virtio_queue_enable(struct VirtIODevice *vdev, unsigned int index);
/* Reset one queue; its fields go back to those after the device's reset. */
void virtio_queue_reset(struct VirtIODevice *vdev, unsigned int index);

/* The doorbell of queue @index: handled at once, or kept for virtio_device_run() if deferred. */
void virtio_queue_notify(struct VirtIODevice *vdev, unsigned int index);

/* Handle the kicks that are waiting. Returns how many queues were looked at. */
unsigned int virtio_device_run(struct VirtIODevice *vdev);

#endif
