/* SPDX-License-Identifier: MIT */
/*
 * A virtio device on PCI, as it lies in config space and behind its BARs (4.1).
 *
 * Mirrors include/uapi/linux/virtio_pci.h, where the fields stand as macros; structs here, so that
 * a debugger can print them.
 */
#ifndef PCI_VIRTIO_PCI_H
#define PCI_VIRTIO_PCI_H

#include <stdint.h>

#include "ring/byteorder.h"

#define VIRTIO_PCI_VENDOR_ID 0x1af4
#define VIRTIO_PCI_DEVICE_ID_MODERN 0x1040 /* plus the virtio device id, 4.1.2.1 */

/* Kinds of capability, cfg_type below. */
enum virtio_pci_cap_type {
	VIRTIO_PCI_CAP_COMMON_CFG = 1,
	VIRTIO_PCI_CAP_NOTIFY_CFG = 2,
	VIRTIO_PCI_CAP_ISR_CFG = 3,
	VIRTIO_PCI_CAP_DEVICE_CFG = 4,
	VIRTIO_PCI_CAP_PCI_CFG = 5,
	VIRTIO_PCI_CAP_SHARED_MEMORY_CFG = 8,
	VIRTIO_PCI_CAP_VENDOR_CFG = 9,
};

/* 4.1.4: a vendor capability in config space says in which BAR a structure lies, and where. */
struct virtio_pci_cap {
	uint8_t cap_vndr; /* 0x09, PCI's number for vendor capabilities */
	uint8_t cap_next; /* offset in config space, 0 at the end */
	uint8_t cap_len;  /* bytes; longer than this struct for some types */
	uint8_t cfg_type; /* enum virtio_pci_cap_type */
	uint8_t bar;	  /* 0 to 5; others are reserved and the capability is ignored */
	uint8_t id;	  /* tells several of one type apart */
	uint8_t padding[2];
	le32 offset; /* bytes into the BAR */
	le32 length; /* bytes */
};

/* 4.1.4.4: the doorbell of a queue lies at offset + queue_notify_off * notify_off_multiplier. */
struct virtio_pci_notify_cap {
	struct virtio_pci_cap cap;
	le32 notify_off_multiplier; /* 0: one doorbell for all queues */
};

/* 4.1.4.3. The queue_ fields are those of the queue that queue_select names. */
struct virtio_pci_common_cfg {
	le32 device_feature_select; /* which 32 bits device_feature shows */
	le32 device_feature;	    /* read-only */
	le32 driver_feature_select;
	le32 driver_feature;
	le16 config_msix_vector;
	le16 num_queues; /* read-only */
	uint8_t device_status;
	uint8_t config_generation; /* read-only; moves when the device config does */

	le16 queue_select;
	le16 queue_size; /* entries; 0: no such queue */
	le16 queue_msix_vector;
	le16 queue_enable;     /* 1 is written last; 0 never */
	le16 queue_notify_off; /* read-only */
	/* Device addresses, written as two halves of 32 bits (4.1.3.1). */
	le32 queue_desc_lo;
	le32 queue_desc_hi;
	le32 queue_driver_lo;
	le32 queue_driver_hi;
	le32 queue_device_lo;
	le32 queue_device_hi;
	le16 queue_notif_config_data; /* read-only */
	le16 queue_reset;
	le16 admin_queue_index; /* read-only */
	le16 admin_queue_num;	/* read-only */
};

#define VIRTIO_MSI_NO_VECTOR 0xffff

_Static_assert(sizeof(struct virtio_pci_cap) == 16, "4.1.4");
_Static_assert(sizeof(struct virtio_pci_notify_cap) == 20, "4.1.4.4");
_Static_assert(sizeof(struct virtio_pci_common_cfg) == 64, "4.1.4.3");

#endif
