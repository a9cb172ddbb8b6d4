/* SPDX-License-Identifier: MIT */
/*
 * What the files of the PCI transport share among themselves: virtio_pci.c is the function,
 * virtio_pci_common.c the modern registers, virtio_pci_legacy.c the old ones, virtio_strict.c who
 * watches.
 */
#ifndef DEVICE_VIRTIO_PCI_INTERNAL_H
#define DEVICE_VIRTIO_PCI_INTERNAL_H

#include "pci/virtio_pci.h"
#include "pci_internal.h"
#include "virtio_pci.h"

/* Where an access went, for whoever watches. */
enum virtio_pci_place {
	VIRTIO_PCI_AT_COMMON,
	VIRTIO_PCI_AT_ISR,
	VIRTIO_PCI_AT_DEVICE,
	VIRTIO_PCI_AT_NOTIFY,
	VIRTIO_PCI_AT_LEGACY, /* its header */
	VIRTIO_PCI_AT_LEGACY_DEVICE,
	VIRTIO_PCI_AT_WINDOW, /* pci_cfg_data; the offset is that in config space */
	VIRTIO_PCI_AT_CONFIG, /* config space */
};

struct virtio_pci_access {
	enum virtio_pci_place place;
	uint32_t offset; /* in the structure */
	unsigned int bytes;
	bool write;
	uint32_t value; /* written, or read */
};

/* One field of the common configuration structure. */
struct virtio_pci_field {
	uint8_t offset, bytes;
	bool writable, of_queue;
	const char *name;
};

/* The field that begins at @offset; NULL if none does. */
const struct virtio_pci_field *virtio_pci_common_field(uint32_t offset);

uint32_t virtio_pci_common_read(struct VirtIOPCIProxy *proxy, uint32_t offset, unsigned int bytes);
void virtio_pci_common_write(struct VirtIOPCIProxy *proxy, uint32_t offset, uint32_t value,
			     unsigned int bytes);

uint32_t virtio_pci_legacy_read(struct VirtIOPCIProxy *proxy, uint32_t offset, unsigned int bytes);
void virtio_pci_legacy_write(struct VirtIOPCIProxy *proxy, uint32_t offset, uint32_t value,
			     unsigned int bytes);
/* Bytes of the header: two vectors more while MSI-X is on. */
uint32_t virtio_pci_legacy_header(const struct VirtIOPCIProxy *proxy);

/* The two registers that both interfaces have. */
uint8_t virtio_pci_read_status(struct VirtIOPCIProxy *proxy);
void virtio_pci_write_status(struct VirtIOPCIProxy *proxy, uint8_t status);
uint8_t virtio_pci_read_isr(struct VirtIOPCIProxy *proxy);

/* What a vector register holds after @vector was written: itself, or VIRTIO_NO_VECTOR. */
uint16_t virtio_pci_map_vector(struct VirtIOPCIProxy *proxy, uint32_t vector);

/* The queue that queue_select names; NULL if there is none. */
struct VirtIOQueue *virtio_pci_selected(struct VirtIOPCIProxy *proxy);

/* The queue that a doorbell's value means, by what was negotiated; may be out of range. */
uint32_t virtio_pci_doorbell_queue(const struct VirtIOPCIProxy *proxy, uint32_t offset,
				   uint32_t value);

/* ---- virtio_strict.c ---- */

/* Before a write takes effect; after a read, with its value. */
void virtio_strict_access(struct VirtIOStrict *strict, const struct virtio_pci_access *access);

#endif
