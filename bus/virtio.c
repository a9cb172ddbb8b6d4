// SPDX-License-Identifier: MIT
/*
 * The virtio bus: devices, drivers, and the ladder of status bits that a pair of them climbs
 * (3.1.1).
 *
 * Mirrors drivers/virtio/virtio.c of Linux, with the piece of its driver core that matches and
 * binds. Left out on purpose: sysfs (virtio_show.c has what it shows), modules, and probing in
 * parallel.
 */
#include <string.h>

#include "virtio.h"

static struct virtio_device *devices; /* in the order of registration, like the drivers */
static struct virtio_driver *drivers;

/* ---- status ---- */

/* 2.1.1: bits are only ever added. 2.4.2: and none into a reset that is not over. */
static void virtio_add_status(struct virtio_device *dev, uint8_t bit)
{
	if (!dev->reset_failed)
		dev->config->set_status(dev, dev->config->get_status(dev) | bit);
}

int virtio_reset_device(struct virtio_device *dev)
{
	int err = dev->config->reset(dev);

	dev->reset_failed = err != 0;
	return err;
}

static void virtio_config_core_disable(struct virtio_device *dev)
{
	platform_lock(&dev->config_lock);
	dev->config_core_enabled = false;
	platform_unlock(&dev->config_lock);
}

/* With the lock held: the driver cannot be freed, nor a second change be reported, meanwhile. */
static void config_changed_locked(struct virtio_device *dev)
{
	if (!dev->config_core_enabled || dev->config_driver_disabled) {
		dev->config_change_pending = true;
		return;
	}
	dev->config_change_pending = false;
	if (dev->driver->config_changed)
		dev->driver->config_changed(dev);
}

/* Not on the way to sleep, where a driver may have had to reset its device once more. */
static void virtio_config_core_enable(struct virtio_device *dev)
{
	platform_lock(&dev->config_lock);
	dev->config_core_enabled = !dev->freezing;
	if (dev->config_change_pending)
		config_changed_locked(dev);
	platform_unlock(&dev->config_lock);
}

static void virtio_set_freezing(struct virtio_device *dev, bool freezing)
{
	platform_lock(&dev->config_lock);
	dev->freezing = freezing;
	platform_unlock(&dev->config_lock);
}

void virtio_config_changed(struct virtio_device *dev)
{
	platform_lock(&dev->config_lock);
	config_changed_locked(dev);
	platform_unlock(&dev->config_lock);
}

void virtio_config_driver_disable(struct virtio_device *dev)
{
	platform_lock(&dev->config_lock);
	dev->config_driver_disabled = true;
	platform_unlock(&dev->config_lock);
}

void virtio_config_driver_enable(struct virtio_device *dev)
{
	platform_lock(&dev->config_lock);
	dev->config_driver_disabled = false;
	if (dev->config_change_pending)
		config_changed_locked(dev);
	platform_unlock(&dev->config_lock);
}

void virtio_device_ready(struct virtio_device *dev)
{
	/* 3.1.1 step 8. */
	virtio_add_status(dev, VIRTIO_CONFIG_S_DRIVER_OK);
}

void virtio_break_device(struct virtio_device *dev)
{
	for (unsigned int i = 0; i < dev->nvqs; i++)
		if (dev->vqs[i])
			virtqueue_break(dev->vqs[i]);
}

/* ---- features ---- */

static struct virtio_features features_of(const unsigned int *table, unsigned int size)
{
	struct virtio_features features = { { 0 } };

	for (unsigned int i = 0; i < size; i++)
		virtio_features_set(&features, table[i]);
	return features;
}

/* What the driver and the device both have, and whatever the transport is to decide about. */
static struct virtio_features features_in_common(struct virtio_device *dev,
						 const struct virtio_driver *drv)
{
	struct virtio_features offered = dev->config->get_features(dev);
	struct virtio_features wanted;

	/* 2.2.3: without VERSION_1 on offer the device is a legacy one. */
	if (!virtio_features_test(&offered, VIRTIO_F_VERSION_1) && drv->feature_table_legacy)
		wanted = features_of(drv->feature_table_legacy, drv->feature_table_size_legacy);
	else
		wanted = features_of(drv->feature_table, drv->feature_table_size);

	/* 2.2.1: the driver's table names no bit of these, and it is not the driver that decides.
	 */
	for (unsigned int bit = VIRTIO_TRANSPORT_F_START; bit < VIRTIO_TRANSPORT_F_END; bit++)
		virtio_features_set(&wanted, bit);
	return virtio_features_and(offered, &wanted);
}

/* 3.1.1 steps 5 and 6: the device has the last word on the set as a whole. */
static int virtio_features_ok(struct virtio_device *dev)
{
	uint8_t status;

	/* A legacy device knows no such bit. */
	if (!virtio_has_feature(dev, VIRTIO_F_VERSION_1))
		return 0;

	virtio_add_status(dev, VIRTIO_CONFIG_S_FEATURES_OK);
	status = dev->config->get_status(dev);
	if (status == 0xff)
		return -ENODEV; /* not a status: nobody is there to answer */
	if (!(status & VIRTIO_CONFIG_S_FEATURES_OK)) {
		platform_log(PLATFORM_ERROR, "virtio%d: the device refuses these features: %llx",
			     dev->index, (unsigned long long)dev->features.word[0]);
		return -ENODEV;
	}
	return 0;
}

static int virtio_negotiate(struct virtio_device *dev, const struct virtio_driver *drv)
{
	struct virtio_features before;
	int err;

	dev->features = features_in_common(dev, drv);
	err = dev->config->finalize_features(dev);
	if (err)
		return err;

	if (drv->validate) {
		before = dev->features;
		err = drv->validate(dev);
		if (err)
			return err;
		if (!virtio_features_equal(&before, &dev->features)) {
			err = dev->config->finalize_features(dev);
			if (err)
				return err;
		}
	}
	return virtio_features_ok(dev);
}

/* ---- binding ---- */

static bool virtio_id_match(const struct virtio_device *dev, const struct virtio_device_id *id)
{
	if (id->device != dev->id.device && id->device != VIRTIO_DEV_ANY_ID)
		return false;
	return id->vendor == VIRTIO_DEV_ANY_ID || id->vendor == dev->id.vendor;
}

bool virtio_dev_match(const struct virtio_device *dev, const struct virtio_driver *drv)
{
	for (const struct virtio_device_id *id = drv->id_table; id->device; id++)
		if (virtio_id_match(dev, id))
			return true;
	return false;
}

/* Up the ladder with one driver; at the first step that does not hold, FAILED. */
static int virtio_dev_probe(struct virtio_device *dev, struct virtio_driver *drv)
{
	int err;

	dev->driver = drv;
	/* Whatever the one before left: what it missed, and what it did not want to hear of. */
	dev->config_driver_disabled = false;
	dev->config_change_pending = false;
	dev->failed = false;
	virtio_add_status(dev, VIRTIO_CONFIG_S_DRIVER);

	err = virtio_negotiate(dev, drv);
	if (err)
		goto failed;

	err = drv->probe(dev);
	if (err)
		goto failed;

	/* A driver that used its queues in probe has done this itself. */
	if (!(dev->config->get_status(dev) & VIRTIO_CONFIG_S_DRIVER_OK))
		virtio_device_ready(dev);
	if (drv->scan)
		drv->scan(dev);
	virtio_config_core_enable(dev);
	return 0;

failed:
	virtio_add_status(dev, VIRTIO_CONFIG_S_FAILED);
	dev->driver = NULL;
	dev->priv = NULL;
	platform_log(PLATFORM_WARNING, "virtio%d: %s did not take it: error %d", dev->index,
		     drv->name, err);
	return err;
}

/*
 * 2.1.1: after FAILED nothing but a reset. Linux lets the next driver go on from there; but its
 * drivers for one id are never two.
 */
static int virtio_dev_prepare(struct virtio_device *dev)
{
	int err = virtio_reset_device(dev);

	if (err)
		return err;
	/* 3.1.1 step 2: the guest has seen the device. */
	virtio_add_status(dev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	return 0;
}

/* Is it where a driver may begin: just reset, and ACKNOWLEDGE? */
static bool virtio_dev_fresh(struct virtio_device *dev)
{
	return !dev->reset_failed && dev->config->get_status(dev) == VIRTIO_CONFIG_S_ACKNOWLEDGE;
}

static bool virtio_offer(struct virtio_device *dev, struct virtio_driver *drv)
{
	if (dev->driver || !virtio_dev_match(dev, drv))
		return false;
	/* A reset that failed may succeed now; without one no driver begins (3.1.1 step 1). */
	if (!virtio_dev_fresh(dev) && virtio_dev_prepare(dev))
		return false;
	if (!virtio_dev_probe(dev, drv))
		return true;
	if (virtio_dev_prepare(dev))
		platform_log(PLATFORM_ERROR, "virtio%d: cannot be reset after a failure",
			     dev->index);
	return false;
}

static void virtio_dev_remove(struct virtio_device *dev)
{
	struct virtio_driver *drv = dev->driver;
	uint8_t status;

	/* What comes from here on is nobody's; it must not reach what remove frees. */
	virtio_config_core_disable(dev);
	drv->remove(dev);

	status = dev->config->get_status(dev);
	if (status && status != 0xff && !dev->reset_failed)
		platform_log(PLATFORM_ERROR, "virtio%d: %s left it without a reset, status %02x",
			     dev->index, drv->name, status);
	dev->driver = NULL;
	dev->priv = NULL;
	if (!status)
		virtio_add_status(dev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
}

/* ---- registration ---- */

static int lowest_free_index(void)
{
	int index = 0;

	for (struct virtio_device *dev = devices; dev;) {
		if (dev->index == index) {
			index++;
			dev = devices;
		} else {
			dev = dev->next;
		}
	}
	return index;
}

int register_virtio_device(struct virtio_device *dev)
{
	struct virtio_device **end = &devices;
	int err;

	dev->index = lowest_free_index();
	dev->config_core_enabled = false;

	/* 3.1.1 step 1: whatever firmware or a predecessor left there comes to an end. */
	err = virtio_dev_prepare(dev);
	if (err)
		return err;

	while (*end)
		end = &(*end)->next;
	dev->next = NULL;
	*end = dev;

	for (struct virtio_driver *drv = drivers; drv; drv = drv->next)
		if (virtio_offer(dev, drv))
			break;
	return 0;
}

void unregister_virtio_device(struct virtio_device *dev)
{
	if (dev->driver)
		virtio_dev_remove(dev);
	for (struct virtio_device **at = &devices; *at; at = &(*at)->next)
		if (*at == dev) {
			*at = dev->next;
			break;
		}
}

int register_virtio_driver(struct virtio_driver *drv)
{
	struct virtio_driver **end = &drivers;

	if (!drv->name || !drv->id_table || !drv->probe || !drv->remove)
		return -EINVAL;
	for (; *end; end = &(*end)->next)
		if (*end == drv || !strcmp((*end)->name, drv->name))
			return -EEXIST;
	drv->next = NULL;
	*end = drv;

	for (struct virtio_device *dev = devices; dev; dev = dev->next)
		virtio_offer(dev, drv);
	return 0;
}

void unregister_virtio_driver(struct virtio_driver *drv)
{
	for (struct virtio_device *dev = devices; dev; dev = dev->next)
		if (dev->driver == drv)
			virtio_dev_remove(dev);
	for (struct virtio_driver **at = &drivers; *at; at = &(*at)->next)
		if (*at == drv) {
			*at = drv->next;
			break;
		}
}

struct virtio_device *virtio_next_device(struct virtio_device *after)
{
	return after ? after->next : devices;
}

struct virtio_device *virtio_find_device(int index)
{
	struct virtio_device *dev = devices;

	while (dev && dev->index != index)
		dev = dev->next;
	return dev;
}

/* ---- sleep ---- */

int virtio_device_freeze(struct virtio_device *dev)
{
	int err = 0;

	virtio_set_freezing(dev, true);
	virtio_config_core_disable(dev);
	/* With a driver it is the restore before that failed, and the next one begins anew. Linux
	 * would set it then all the same. */
	dev->failed = !dev->driver && dev->config->get_status(dev) & VIRTIO_CONFIG_S_FAILED;
	if (dev->driver && dev->driver->freeze)
		err = dev->driver->freeze(dev);
	virtio_set_freezing(dev, false);
	if (err)
		virtio_config_core_enable(dev);
	return err;
}

/* The agreed features, agreed again: what slept may wake up as another device. */
static int virtio_renegotiate(struct virtio_device *dev)
{
	struct virtio_features offered = dev->config->get_features(dev);
	struct virtio_features agreed = dev->features;
	int err;

	if (!virtio_features_subset(&agreed, &offered))
		return -ENODEV;
	err = dev->config->finalize_features(dev);
	if (err)
		return err;
	if (!virtio_features_equal(&agreed, &dev->features))
		return -ENODEV;
	return virtio_features_ok(dev);
}

int virtio_device_restore(struct virtio_device *dev)
{
	struct virtio_driver *drv = dev->driver;
	int err;

	err = virtio_dev_prepare(dev);
	if (err)
		return err; /* not even FAILED may be written now */
	if (dev->failed)
		virtio_add_status(dev, VIRTIO_CONFIG_S_FAILED);
	if (!drv)
		return 0;

	virtio_add_status(dev, VIRTIO_CONFIG_S_DRIVER);
	err = virtio_renegotiate(dev);
	if (err)
		goto failed;
	if (drv->restore) {
		err = drv->restore(dev);
		if (err)
			goto failed;
	}
	if (!(dev->config->get_status(dev) & VIRTIO_CONFIG_S_DRIVER_OK))
		virtio_device_ready(dev);
	virtio_config_core_enable(dev);
	return 0;

failed:
	virtio_add_status(dev, VIRTIO_CONFIG_S_FAILED);
	return err;
}
