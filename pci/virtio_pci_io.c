// SPDX-License-Identifier: MIT
/*
 * One access to a register of a virtio function.
 *
 * Mirrors what ioread32() and its kin do in Linux's lib/iomap.c; the window in config space has no
 * counterpart there (SeaBIOS and OVMF use it).
 */
#include <string.h>

#include "ring/barrier.h"
#include "ring/byteorder.h"
#include "virtio_pci.h"
#include "virtio_pci_io.h"

/* ---- the window in config space ---- */

#define WINDOW(field) (window->pos + offsetof(struct virtio_pci_cap, field))

/* 4.1.4.9.2: offset is a multiple of length, and inside a structure of another capability: a
 * region is one, and its fields are aligned. */
static void aim(const struct vp_window *window, const struct vp_region *region, uint32_t offset,
		unsigned int bytes)
{
	pci_write_config_byte(window->pci_dev, WINDOW(bar), region->bar);
	pci_write_config_dword(window->pci_dev, WINDOW(offset), region->offset + offset);
	pci_write_config_dword(window->pci_dev, WINDOW(length), bytes);
}

static uint32_t window_read(const struct vp_region *region, uint32_t offset, unsigned int bytes)
{
	struct vp_window *window = region->window;
	uint32_t value;

	platform_lock(&window->lock);
	aim(window, region, offset, bytes);
	value = platform_pci_read(window->pci_dev->bdf, window->pos + sizeof(struct virtio_pci_cap),
				  bytes);
	platform_unlock(&window->lock);
	return value;
}

static void window_write(const struct vp_region *region, uint32_t offset, unsigned int bytes,
			 uint32_t value)
{
	struct vp_window *window = region->window;

	platform_lock(&window->lock);
	aim(window, region, offset, bytes);
	/* A doorbell: the ring is visible first. Of MMIO the platform says so itself. */
	virtio_wmb();
	platform_pci_write(window->pci_dev->bdf, window->pos + sizeof(struct virtio_pci_cap), bytes,
			   value);
	platform_unlock(&window->lock);
}

/* ---- any space ---- */

static bool inside(const struct vp_region *region, uint32_t offset, unsigned int bytes)
{
	return region->space != VP_NOWHERE && bytes <= region->length &&
	       offset <= region->length - bytes;
}

uint8_t vp_ioread8(const struct vp_region *region, uint32_t offset)
{
	if (!inside(region, offset, 1))
		return 0xff;
	if (region->space == VP_MMIO)
		return platform_mmio_read8(region->address + offset);
	if (region->space == VP_IO)
		return platform_io_read8((uint16_t)(region->address + offset));
	return (uint8_t)window_read(region, offset, 1);
}

uint16_t vp_ioread16(const struct vp_region *region, uint32_t offset)
{
	if (!inside(region, offset, 2))
		return 0xffff;
	if (region->space == VP_MMIO)
		return platform_mmio_read16(region->address + offset);
	if (region->space == VP_IO)
		return platform_io_read16((uint16_t)(region->address + offset));
	return (uint16_t)window_read(region, offset, 2);
}

uint32_t vp_ioread32(const struct vp_region *region, uint32_t offset)
{
	if (!inside(region, offset, 4))
		return 0xffffffff;
	if (region->space == VP_MMIO)
		return platform_mmio_read32(region->address + offset);
	if (region->space == VP_IO)
		return platform_io_read32((uint16_t)(region->address + offset));
	return window_read(region, offset, 4);
}

void vp_iowrite8(uint8_t value, const struct vp_region *region, uint32_t offset)
{
	if (!inside(region, offset, 1))
		return;
	if (region->space == VP_MMIO)
		platform_mmio_write8(region->address + offset, value);
	else if (region->space == VP_IO)
		platform_io_write8((uint16_t)(region->address + offset), value);
	else
		window_write(region, offset, 1, value);
}

void vp_iowrite16(uint16_t value, const struct vp_region *region, uint32_t offset)
{
	if (!inside(region, offset, 2))
		return;
	if (region->space == VP_MMIO) {
		platform_mmio_write16(region->address + offset, value);
	} else if (region->space == VP_IO) {
		virtio_wmb(); /* a doorbell, as above */
		platform_io_write16((uint16_t)(region->address + offset), value);
	} else {
		window_write(region, offset, 2, value);
	}
}

void vp_iowrite32(uint32_t value, const struct vp_region *region, uint32_t offset)
{
	if (!inside(region, offset, 4))
		return;
	if (region->space == VP_MMIO) {
		platform_mmio_write32(region->address + offset, value);
	} else if (region->space == VP_IO) {
		virtio_wmb();
		platform_io_write32((uint16_t)(region->address + offset), value);
	} else {
		window_write(region, offset, 4, value);
	}
}

void vp_iowrite64_twopart(uint64_t value, const struct vp_region *region, uint32_t lo, uint32_t hi)
{
	vp_iowrite32((uint32_t)value, region, lo);
	vp_iowrite32((uint32_t)(value >> 32), region, hi);
}

/* ---- device config ---- */

/*
 * A field of 8 bytes is read as two of 4, and what is no field, but an array of bytes, byte by
 * byte: 4.1.3.1 knows no other widths.
 */
static unsigned int natural_width(uint32_t offset, unsigned int len)
{
	if (len == 8 && offset % 4 == 0)
		return 4;
	if ((len == 4 || len == 2) && offset % len == 0)
		return len;
	return 1;
}

void vp_read_bytes(const struct vp_region *region, uint32_t offset, void *buf, unsigned int len)
{
	unsigned int width = natural_width(offset, len);
	uint8_t *to = buf;
	le16 word;
	le32 dword;

	for (unsigned int i = 0; i < len; i += width) {
		if (width == 1) {
			to[i] = vp_ioread8(region, offset + i);
		} else if (width == 2) {
			le16_write(&word, vp_ioread16(region, offset + i));
			memcpy(to + i, &word, sizeof(word));
		} else {
			le32_write(&dword, vp_ioread32(region, offset + i));
			memcpy(to + i, &dword, sizeof(dword));
		}
	}
}

void vp_write_bytes(const struct vp_region *region, uint32_t offset, const void *buf,
		    unsigned int len)
{
	unsigned int width = natural_width(offset, len);
	const uint8_t *from = buf;
	le16 word;
	le32 dword;

	for (unsigned int i = 0; i < len; i += width) {
		if (width == 1) {
			vp_iowrite8(from[i], region, offset + i);
		} else if (width == 2) {
			memcpy(&word, from + i, sizeof(word));
			vp_iowrite16(le16_read(&word), region, offset + i);
		} else {
			memcpy(&dword, from + i, sizeof(dword));
			vp_iowrite32(le32_read(&dword), region, offset + i);
		}
	}
}

/* ---- parts of regions ---- */

struct vp_region vp_subregion(const struct vp_region *region, uint32_t offset, uint32_t length)
{
	struct vp_region part = *region;

	part.offset += offset;
	part.address += offset;
	part.length = length;
	return part;
}

struct vp_region vp_through_window(const struct vp_region *region, struct vp_window *window)
{
	struct vp_region seen = *region;

	seen.space = window->pos ? VP_WINDOW : VP_NOWHERE;
	seen.window = window;
	return seen;
}
