/* SPDX-License-Identifier: MIT */
/*
 * Registers of a virtio function, wherever they are: in memory space, in I/O space, or behind the
 * window that some functions have in config space (4.1.4.9).
 *
 * Mirrors the vp_ioread and vp_iowrite helpers of include/linux/virtio_pci_modern.h. Linux leaves
 * the choice between memory and I/O to ioread32(), and never uses the window.
 */
#ifndef PCI_VIRTIO_PCI_IO_H
#define PCI_VIRTIO_PCI_IO_H

#include "pci.h"

/*
 * VIRTIO_PCI_CAP_PCI_CFG: a capability whose fields say which bytes of which BAR its last field
 * shows. For who cannot reach the BARs: firmware early on, or a function for which there was no
 * room.
 */
struct vp_window {
	const struct pci_dev *pci_dev;
	unsigned int pos;	   /* of the capability in config space; 0: the function has none */
	struct platform_lock lock; /* an access takes four steps */
};

enum vp_space { VP_NOWHERE, VP_MMIO, VP_IO, VP_WINDOW };

/* A structure of registers. */
struct vp_region {
	enum vp_space space;
	uint8_t bar;
	uint32_t offset;  /* in the BAR */
	uint32_t length;  /* bytes that can be accessed */
	uint64_t address; /* of the first; VP_WINDOW has none */
	struct vp_window *window;
};

/* 4.1.3.1: fields are accessed in their own width, at an aligned offset. Beyond the region, reads
 * find all ones and writes do nothing. */
uint8_t vp_ioread8(const struct vp_region *region, uint32_t offset);
uint16_t vp_ioread16(const struct vp_region *region, uint32_t offset);
uint32_t vp_ioread32(const struct vp_region *region, uint32_t offset);
void vp_iowrite8(uint8_t value, const struct vp_region *region, uint32_t offset);
void vp_iowrite16(uint16_t value, const struct vp_region *region, uint32_t offset);
void vp_iowrite32(uint32_t value, const struct vp_region *region, uint32_t offset);
/* As two halves, low one first. */
void vp_iowrite64_twopart(uint64_t value, const struct vp_region *region, uint32_t lo, uint32_t hi);

/* @len bytes of device config, by the widest accesses that are natural for such a field. */
void vp_read_bytes(const struct vp_region *region, uint32_t offset, void *buf, unsigned int len);
void vp_write_bytes(const struct vp_region *region, uint32_t offset, const void *buf,
		    unsigned int len);

/* @length bytes of @region from @offset on, which are inside it. */
struct vp_region vp_subregion(const struct vp_region *region, uint32_t offset, uint32_t length);

/* The same bytes, seen through the window. */
struct vp_region vp_through_window(const struct vp_region *region, struct vp_window *window);

#endif
