/* SPDX-License-Identifier: MIT */
/*
 * What the machine of the host ground offers beyond machine.h: the devices themselves, so that a
 * test can look into them, and make them misbehave.
 */
#ifndef TESTS_SUPPORT_HOST_MACHINE_H
#define TESTS_SUPPORT_HOST_MACHINE_H

#include "device/virtio_pci.h"
#include "device/virtio_strict.h"
#include "machine.h"

/*
 * Makers of device models. _new: @device says what is wanted; fails the test if that cannot be
 * had. The memory is platform_host_memory(); transport features are set by host_features() before
 * the model adds its own. Not virtio_init()ed twice: a model's init does it.
 */
struct VirtIODevice *host_blk_new(const struct machine_device *device);
struct VirtIODevice *host_net_new(const struct machine_device *device);
struct VirtIODevice *host_rng_new(const struct machine_device *device);
void host_blk_free(struct VirtIODevice *vdev);
void host_net_free(struct VirtIODevice *vdev);
void host_rng_free(struct VirtIODevice *vdev);

/* What machine_disk() and its like come down to; host_blk.c and host_net.c have them. */
uint8_t *host_blk_disk(struct VirtIODevice *vdev, size_t *bytes);
void host_blk_resize(struct VirtIODevice *vdev, size_t bytes);
void host_net_send(struct VirtIODevice *vdev, const void *frame, size_t bytes);
size_t host_net_receive(struct VirtIODevice *vdev, void *frame, size_t capacity); /* 0: none */
void host_net_set_link(struct VirtIODevice *vdev, bool up);

/*
 * The bits of the ring and the transport that @device is to offer, as QEMU has them by default plus
 * what only this device can: RING_RESET always; IN_ORDER, NOTIFICATION_DATA, NOTIF_CONFIG_DATA by
 * options "in_order=on,notification_data=on,notif_config_data=on".
 */
void host_features(const struct machine_device *device, uint64_t *features);

/* Value of "name=value" in a list of options with commas; false if it is not there. */
bool host_option(const char *options, const char *name, char *value, size_t bytes);

/*
 * Options that the machine itself takes, for any type of device: "notify_off_multiplier=N",
 * "extra_caps=on", "pm=on", "express=on", "no_soft_reset=on", "shm=on", "vendor_cap=on",
 * "deferred=on" (doorbells wait until somebody waits), "strict=off", "total_vfs=N" (1 to 8).
 */

/* The n-th of machine.devices. */
struct VirtIODevice *host_machine_device(unsigned int n);
struct VirtIOPCIProxy *host_machine_proxy(unsigned int n);
struct VirtIOStrict *host_machine_strict(unsigned int n);
/* Of the virtual functions of @n, the @vf-th, from 1; for "total_vfs=N". */
struct VirtIOPCIProxy *host_machine_vf(unsigned int n, unsigned int vf);

/* machine_stop() is not to mind what devices complained of and what the strict mode has seen. */
void host_machine_expect_complaints(void);

#endif
