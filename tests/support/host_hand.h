/* SPDX-License-Identifier: MIT */
/*
 * Instead of a driver, a hand on the registers of one entropy device: each step of 3.1.1 is a
 * function, so that a test can leave one out, swap two, or do one wrong.
 */
#ifndef TESTS_SUPPORT_HOST_HAND_H
#define TESTS_SUPPORT_HOST_HAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "device/virtio_strict.h"
#include "host_machine.h"
#include "pci/virtio_pci.h"
#include "platform/platform.h"
#include "ring/virtio_ring.h"
#include "select.h"

#define FIELD(name) offsetof(struct virtio_pci_common_cfg, name)
#define FEATURE(bit) (1ull << (bit))

#define HAND_BDF (1 << 3)
#define HAND_MODERN 0xe0000000u /* where the hand puts the BARs */
#define HAND_MSIX 0xe1000000u
#define HAND_SHM 0xe2000000u
#define HAND_LEGACY 0xc000u

#define ACKNOWLEDGE VIRTIO_STATUS_ACKNOWLEDGE
#define DRIVER VIRTIO_STATUS_DRIVER
#define FEATURES_OK VIRTIO_STATUS_FEATURES_OK
#define DRIVER_OK VIRTIO_STATUS_DRIVER_OK
#define FAILED VIRTIO_STATUS_FAILED

struct hand {
	struct VirtIOPCIProxy *proxy;
	struct VirtIODevice *vdev;
	struct VirtIOStrict *strict;
	uint64_t features; /* agreed */
	uint16_t num;	   /* entries of the queue */

	/* The queue's three areas, a page each, and a page of buffers. */
	uint8_t *memory;
	uint64_t dma;
	struct vring vr;		  /* split */
	struct vring_packed_desc *packed; /* the same page */
	struct vring_packed_desc_event *driver_event;
	uint16_t next; /* split: avail.idx; packed: slot of the first lap */
};

/* The machine with that one device, its BARs placed, memory and mastering on. */
void hand_start(struct hand *hand, const struct machine_device *device);
/* The device is reset, if it is still there, memory given back, the machine stopped. */
void hand_stop(struct hand *hand);

uint32_t hand_read(unsigned int field, unsigned int bytes);
void hand_write(unsigned int field, unsigned int bytes, uint32_t value);

/* One step each, done right. */
void hand_reset(void);
void hand_status(uint8_t add); /* what is set stays set */
uint64_t hand_offered(void);
void hand_accept(struct hand *hand, uint64_t features);
bool hand_features_ok(void); /* and reads it back */
void hand_vectors(struct hand *hand);
void hand_queue_areas(struct hand *hand);
void hand_queue(struct hand *hand); /* all of queue 0 */
void hand_driver_ok(void);

/* From reset to DRIVER_OK with all that is offered. */
void hand_set_up(struct hand *hand);

/* Makes 16 bytes of the buffers' page available. */
void hand_expose(struct hand *hand);
/* Rings queue 0's doorbell as was agreed. */
void hand_kick(struct hand *hand);
/* Has the device used so many buffers? */
unsigned int hand_used(const struct hand *hand);

/* The legacy interface. */
uint32_t hand_legacy_read(unsigned int offset, unsigned int bytes);
void hand_legacy_write(unsigned int offset, unsigned int bytes, uint32_t value);
void hand_legacy_set_up(struct hand *hand);

#endif
