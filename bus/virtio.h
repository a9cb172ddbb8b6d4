/* SPDX-License-Identifier: MIT */
/*
 * Who meets whom: virtio devices, virtio drivers, and the bus that brings them together.
 *
 * Mirrors include/linux/virtio.h and its struct names. Left out on purpose: struct device and
 * sysfs below it (what Linux shows there is one table, virtio_device_show()), modules, and
 * reference counts: a device or driver stays until it is unregistered.
 *
 * The bus is one list of devices and one of drivers. Registering, unregistering, freeze and restore
 * are for one caller at a time, and may block.
 */
#ifndef BUS_VIRTIO_H
#define BUS_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/platform.h"
#include "ring/virtqueue.h"
#include "virtio_config.h"
#include "virtio_features.h"
#include "virtio_ids.h"

#define VIRTIO_DEV_ANY_ID 0xffffffff

struct virtio_device_id {
	uint32_t device; /* of enum virtio_id; 0 ends a table, and is no device (5) */
	uint32_t vendor; /* the transport's; on PCI the subsystem vendor */
};

struct virtio_driver;

struct virtio_device {
	/* Set by the transport before register_virtio_device(). */
	struct virtio_device_id id;
	const struct virtio_config_ops *config;

	/* Set by the bus. */
	int index;			 /* N of virtioN */
	struct virtio_driver *driver;	 /* bound; NULL if none */
	struct virtio_features features; /* agreed; none until there was a driver */
	bool failed;			 /* FAILED was set when it was frozen without a driver */
	void *priv;			 /* the driver's */

	/* Set by the transport in find_vqs(), cleared in del_vqs(): index is the queue's number,
	 * queues that the driver does without are NULL. */
	struct virtqueue **vqs;
	unsigned int nvqs;

	/* Private to bus/. */
	struct platform_lock config_lock; /* the next four */
	bool config_core_enabled;    /* from after probe and scan until remove or freeze begins */
	bool freezing;		     /* the driver's freeze has not returned */
	bool config_driver_disabled; /* the driver does not want to hear of changes now */
	bool config_change_pending;  /* one came while nobody was listening */
	bool reset_failed;	     /* so that nothing but another reset may be tried */
	struct virtio_device *next;
};

struct virtio_driver {
	const char *name;
	const struct virtio_device_id *id_table; /* ended by device 0 */
	const unsigned int *feature_table;	 /* bits the driver understands */
	unsigned int feature_table_size;
	/* The same for a legacy device; NULL: the same table. */
	const unsigned int *feature_table_legacy;
	unsigned int feature_table_size_legacy;

	/* May clear features that do not go together; config may be read, not written. NULL: none.
	 */
	int (*validate)(struct virtio_device *vdev);
	/* Sets the device up. On failure nothing of it is left behind. */
	int (*probe)(struct virtio_device *vdev);
	/* After DRIVER_OK. NULL: nothing to do. */
	void (*scan)(struct virtio_device *vdev);
	/* Resets the device with virtio_reset_device(), then undoes probe, whatever that says. */
	void (*remove)(struct virtio_device *vdev);
	/* The device config changed; from an interrupt handler. NULL: of no interest. */
	void (*config_changed)(struct virtio_device *vdev);
	/* To sleep: like remove, but remembering. On failure nothing has changed; a device that
	 * does not come out of reset is no failure, it has let go as well. */
	int (*freeze)(struct virtio_device *vdev);
	int (*restore)(struct virtio_device *vdev); /* queues again; the bus sets DRIVER_OK if the
						       driver has not */

	struct virtio_driver *next; /* private to bus/ */
};

/* ---- meeting ---- */

/**
 * register_virtio_device - a transport has found a device
 * @vdev: zeroed but for .id and .config; the transport's until it unregisters it
 *
 * Resets the device and sets ACKNOWLEDGE, then offers it to the drivers there are. That none takes
 * it, or that its probe fails, is no failure of this.
 *
 * Return: 0; the reset's error, with the device not registered.
 */
int register_virtio_device(struct virtio_device *vdev);

/* The driver is removed first. All of @vdev is the transport's again. */
void unregister_virtio_device(struct virtio_device *vdev);

/**
 * register_virtio_driver - offer a driver to the devices there are, and to come
 * @drv: stays the bus's until it is unregistered
 *
 * Return: 0; -EINVAL without a name, id_table, probe or remove; -EEXIST if a driver of that name is
 * there.
 */
int register_virtio_driver(struct virtio_driver *drv);
void unregister_virtio_driver(struct virtio_driver *drv);

/* The driver's table has this device, or a wildcard for it. */
bool virtio_dev_match(const struct virtio_device *vdev, const struct virtio_driver *drv);

/* Devices in the order they were registered: the first with NULL, NULL after the last. */
struct virtio_device *virtio_next_device(struct virtio_device *after);

/* Which bus device N is; NULL if there is none. */
struct virtio_device *virtio_find_device(int index);

/* ---- for transports ---- */

/* The device config interrupt: calls the driver's config_changed, now or once it listens again.
 * From any context. */
void virtio_config_changed(struct virtio_device *vdev);

/**
 * virtio_device_freeze - prepare for losing the device's state
 *
 * Return: 0; the driver's error, with nothing changed.
 */
int virtio_device_freeze(struct virtio_device *vdev);

/**
 * virtio_device_restore - bring it back: reset, features as they were agreed, the driver's restore
 *
 * After virtio_device_freeze(). A driver that has to reset its device in between calls it too, as
 * its freeze may.
 *
 * Return: 0; an error, and FAILED is set, unless it was the reset that failed.
 */
int virtio_device_restore(struct virtio_device *vdev);

/**
 * virtio_break_device - the device is gone or cannot be trusted any more
 *
 * Every queue is broken: adds fail, nothing comes back. Any context, but not beside find_vqs and
 * del_vqs.
 */
void virtio_break_device(struct virtio_device *vdev);

/* ---- for drivers ---- */

static inline bool virtio_has_feature(const struct virtio_device *vdev, unsigned int bit)
{
	return virtio_features_test(&vdev->features, bit);
}

/* Only while validating; the bus has not told the device yet. */
static inline void virtio_clear_feature(struct virtio_device *vdev, unsigned int bit)
{
	virtio_features_clear(&vdev->features, bit);
}

static inline int virtio_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
				  struct virtqueue *vqs[], const struct virtqueue_info infos[])
{
	return vdev->config->find_vqs(vdev, nvqs, vqs, infos);
}

/**
 * virtio_device_ready - set DRIVER_OK, for a driver that uses its queues before probe returns
 *
 * Otherwise the bus does it after probe. Kicks are allowed from here on (3.1.1).
 */
void virtio_device_ready(struct virtio_device *vdev);

/**
 * virtio_reset_device - make the device quiet: no queue is alive afterwards (2.4.1)
 *
 * Whatever it returns, the device can write to no memory and call no handler from here on: if it
 * does not come out of reset, the transport has cut it off. Buffers may be taken back and del_vqs
 * called.
 *
 * Return: 0; -ETIMEDOUT, and all it can be used for is another reset; -ENODEV if it is gone.
 */
int virtio_reset_device(struct virtio_device *vdev);

/* Config changes between the two are kept, and reported once by the second. */
void virtio_config_driver_disable(struct virtio_device *vdev);
void virtio_config_driver_enable(struct virtio_device *vdev);

/**
 * virtqueue_reset - reset one queue and make it anew, empty (2.6.1)
 * @recycle: called for every buffer that was never used, with the token given to add; by then the
 *	device can reach none of them
 * @recycle_done: called once they are all back, before the queue is made anew; may be NULL
 *
 * The caller keeps others away from the queue, and from resetting another queue of the device. May
 * block. A broken queue is whole again afterwards.
 *
 * Return: 0; -ENOENT without VIRTIO_F_RING_RESET; otherwise the transport's error. If the reset
 * fails nothing has been recycled; whether it fails or the queue cannot be enabled afterwards, the
 * queue is broken.
 */
int virtqueue_reset(struct virtqueue *vq, void (*recycle)(struct virtqueue *vq, void *buf),
		    void (*recycle_done)(struct virtqueue *vq));

/**
 * virtqueue_resize - the same, with another number of entries
 * @num: entries; at most the size the device offered. A power of two if split.
 *
 * Return: as virtqueue_reset(); -EINVAL or -E2BIG for a size it cannot have, and nothing has
 * changed; -ENOMEM, and the queue is empty and has its old size. For its present size, 0 at once.
 */
int virtqueue_resize(struct virtqueue *vq, unsigned int num,
		     void (*recycle)(struct virtqueue *vq, void *buf),
		     void (*recycle_done)(struct virtqueue *vq));

/* ---- for people ---- */

/**
 * virtio_modalias - the name by which Linux finds the driver's module
 *
 * Return: bytes written without the NUL: "virtio:d00000002v00001AF4".
 */
int virtio_modalias(const struct virtio_device *vdev, char *buf, size_t bytes);

/**
 * virtio_device_show - what /sys/bus/virtio/devices/virtioN says, and the features by name
 * @line: called for each line, without a newline
 */
void virtio_device_show(struct virtio_device *vdev, void (*line)(const char *text, void *arg),
			void *arg);

#endif
