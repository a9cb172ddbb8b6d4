// SPDX-License-Identifier: MIT
/*
 * The modern interface: which capability says where each structure is, and the registers of the
 * common one.
 *
 * Mirrors drivers/virtio/virtio_pci_modern_dev.c, without its struct of pointers into mapped
 * memory. Linux takes the first capability of a kind and fails if it is no good; here it is the
 * first good one, and one whose BAR has no address is reached through the window in config space
 * (4.1.4.9).
 */
#include "virtio_pci_modern.h"
#include "pci_internal.h"
#include "virtio_pci.h"

#define CFG(field) offsetof(struct virtio_pci_common_cfg, field)

/* ---- capabilities ---- */

/* Bytes that a capability takes, as far as is known; others begin outside it. */
static unsigned int cap_bytes(const struct pci_dev *dev, const struct pci_cap *cap)
{
	if (cap->id == PCI_CAP_ID_VNDR)
		return pci_read_config_byte(dev,
					    cap->pos + offsetof(struct virtio_pci_cap, cap_len));
	return cap->id == PCI_CAP_ID_MSIX ? 12 : 8;
}

/* It is there in full: long enough for @bytes of fields that we are to read. */
static bool cap_is_whole(const struct pci_dev *dev, unsigned int pos, unsigned int bytes)
{
	/* 4.1.4.1: cap_len may be larger than the fields we know. */
	return pos + bytes <= PCI_CFG_SPACE_SIZE &&
	       pci_read_config_byte(dev, pos + offsetof(struct virtio_pci_cap, cap_len)) >= bytes;
}

static void complain(const struct pci_dev *dev, unsigned int pos, const char *what)
{
	pci_log(PLATFORM_WARNING, dev, "virtio capability at %02x ignored: %s", pos, what);
}

/*
 * The next capability after @pos that is of @cfg_type and has @bytes bytes; 0 if there is none.
 * Reserved types and BARs are passed over in silence (4.1.4.1).
 */
static unsigned int next_cap(const struct pci_dev *dev, unsigned int pos, uint8_t cfg_type,
			     unsigned int bytes)
{
	while ((pos = pci_find_next_capability(dev, pos, PCI_CAP_ID_VNDR))) {
		if (pos + sizeof(struct virtio_pci_cap) > PCI_CFG_SPACE_SIZE ||
		    pci_read_config_byte(dev, pos + offsetof(struct virtio_pci_cap, cfg_type)) !=
			    cfg_type)
			continue;
		if (cap_is_whole(dev, pos, bytes))
			return pos;
		complain(dev, pos, "too short");
	}
	return 0;
}

/* Where a structure is, if that is somewhere in that BAR, 0 to 5. NULL, or what is wrong. */
static const char *read_region(struct virtio_pci_modern_device *mdev, unsigned int pos, uint8_t bar,
			       uint32_t min_bytes, uint32_t align, struct vp_region *region)
{
	const struct pci_dev *dev = mdev->pci_dev;
	uint32_t offset = pci_read_config_dword(dev, pos + offsetof(struct virtio_pci_cap, offset));
	uint32_t length = pci_read_config_dword(dev, pos + offsetof(struct virtio_pci_cap, length));

	if (!dev->bars[bar].bytes)
		return "there is no such BAR";
	if (length < min_bytes)
		return "the structure is too short";
	if (offset % align)
		return "the structure is not aligned";
	if (offset >= dev->bars[bar].bytes || dev->bars[bar].bytes - offset < min_bytes)
		return "the structure is outside its BAR";
	/* 4.1.4.1: a length too large is no harm, as long as we know where the BAR ends. */
	if (length > dev->bars[bar].bytes - offset)
		length = (uint32_t)(dev->bars[bar].bytes - offset);

	*region = (struct vp_region){
		.space = dev->bars[bar].is_io ? VP_IO : VP_MMIO,
		.bar = bar,
		.offset = offset,
		.length = length,
		.address = dev->bars[bar].base + offset,
	};
	if (!pci_bar_mapped(dev, bar))
		*region = vp_through_window(region, &mdev->window);
	return region->space == VP_NOWHERE ? "its BAR has no address" : NULL;
}

/* Return: where the capability of the first good structure of that kind is; 0 if there is none. */
static unsigned int find_structure(struct virtio_pci_modern_device *mdev, uint8_t cfg_type,
				   unsigned int cap_len, uint32_t min_bytes, uint32_t align,
				   struct vp_region *region)
{
	unsigned int pos = 0;
	const char *wrong;
	uint8_t bar;

	while ((pos = next_cap(mdev->pci_dev, pos, cfg_type, cap_len))) {
		bar = pci_read_config_byte(mdev->pci_dev,
					   pos + offsetof(struct virtio_pci_cap, bar));
		if (bar >= PCI_STD_NUM_BARS)
			continue;
		wrong = read_region(mdev, pos, bar, min_bytes, align, region);
		if (!wrong)
			return pos;
		complain(mdev->pci_dev, pos, wrong);
	}
	return 0;
}

/* 4.1.4.1: no field of another capability may be written, so the window has to be on its own. */
static void find_window(struct virtio_pci_modern_device *mdev)
{
	const struct pci_dev *dev = mdev->pci_dev;
	unsigned int bytes = sizeof(struct virtio_pci_cap) + 4; /* pci_cfg_data */
	unsigned int pos = next_cap(dev, 0, VIRTIO_PCI_CAP_PCI_CFG, bytes);

	mdev->window = (struct vp_window){ .pci_dev = dev, .pos = pos };
	for (unsigned int i = 0; pos && i < dev->num_caps; i++) {
		const struct pci_cap *other = &dev->caps[i];

		if (other->pos == pos || other->pos >= pos + bytes ||
		    other->pos + cap_bytes(dev, other) <= pos)
			continue;
		complain(dev, pos, "it overlaps another one");
		mdev->window.pos = 0;
	}
}

/* ---- probing ---- */

static int find_id(struct virtio_pci_modern_device *mdev)
{
	const struct pci_dev *dev = mdev->pci_dev;

	/* 4.1.2.3: transitional functions have the virtio id where the subsystem's is. */
	mdev->id.device = dev->device < VIRTIO_PCI_DEVICE_ID_MODERN ?
				  dev->subsystem_device :
				  dev->device - VIRTIO_PCI_DEVICE_ID_MODERN;
	mdev->id.vendor = dev->subsystem_vendor;
	return mdev->id.device ? 0 : -ENODEV; /* 5: 0 is no device */
}

int vp_modern_probe(struct virtio_pci_modern_device *mdev)
{
	struct pci_dev *dev = mdev->pci_dev;
	unsigned int notify, isr;
	int err = find_id(mdev);

	if (err)
		return err;
	find_window(mdev);

	/* What came with later versions is at the end, and looked for only if it was offered. */
	if (!find_structure(mdev, VIRTIO_PCI_CAP_COMMON_CFG, sizeof(struct virtio_pci_cap),
			    CFG(queue_notif_config_data), 4, &mdev->common))
		return -ENODEV;
	isr = find_structure(mdev, VIRTIO_PCI_CAP_ISR_CFG, sizeof(struct virtio_pci_cap), 1, 1,
			     &mdev->isr);
	notify = find_structure(mdev, VIRTIO_PCI_CAP_NOTIFY_CFG,
				sizeof(struct virtio_pci_notify_cap), 2, 2, &mdev->notify);
	if (!isr || !notify) {
		pci_log(PLATFORM_ERROR, dev, "common config, but no capability for %s",
			isr ? "doorbells" : "the ISR");
		return -EINVAL;
	}
	mdev->notify_offset_multiplier = pci_read_config_dword(
		dev, notify + offsetof(struct virtio_pci_notify_cap, notify_off_multiplier));
	/* 4.1.4.6: only a device type that has a config has this. */
	if (!find_structure(mdev, VIRTIO_PCI_CAP_DEVICE_CFG, sizeof(struct virtio_pci_cap), 1, 4,
			    &mdev->device))
		mdev->device = (struct vp_region){ .space = VP_NOWHERE };
	return 0;
}

/* ---- shared memory ---- */

#define CAP64_BYTES (sizeof(struct virtio_pci_cap) + 8) /* upper halves of offset and length */

bool vp_modern_get_shm_region(const struct virtio_pci_modern_device *mdev,
			      struct virtio_shm_region *region, uint8_t id)
{
	const struct pci_dev *dev = mdev->pci_dev;
	unsigned int pos = 0;

	while ((pos = next_cap(dev, pos, VIRTIO_PCI_CAP_SHARED_MEMORY_CFG, CAP64_BYTES))) {
		uint8_t bar = pci_read_config_byte(dev, pos + offsetof(struct virtio_pci_cap, bar));
		uint64_t offset, length;

		if (bar >= PCI_STD_NUM_BARS ||
		    pci_read_config_byte(dev, pos + offsetof(struct virtio_pci_cap, id)) != id)
			continue;
		/* 4.1.4.7 */
		offset = pci_read_config_dword(dev, pos + offsetof(struct virtio_pci_cap, offset)) |
			 (uint64_t)pci_read_config_dword(dev, pos + 16) << 32;
		length = pci_read_config_dword(dev, pos + offsetof(struct virtio_pci_cap, length)) |
			 (uint64_t)pci_read_config_dword(dev, pos + 20) << 32;
		if (!length || offset >= dev->bars[bar].bytes ||
		    length > dev->bars[bar].bytes - offset) {
			complain(dev, pos, "the shared memory is outside its BAR");
			continue;
		}
		/* Memory is to be mapped, not asked for byte by byte: no window here. */
		if (dev->bars[bar].is_io || !pci_bar_mapped(dev, bar)) {
			complain(dev, pos, "its BAR has no address");
			continue;
		}
		region->addr = dev->bars[bar].base + offset;
		region->len = length;
		return true;
	}
	return false;
}

/* ---- the common configuration structure (4.1.4.3) ---- */

struct virtio_features vp_modern_get_features(const struct virtio_pci_modern_device *mdev)
{
	struct virtio_features features = { { 0 } };

	for (unsigned int i = 0; i < 2 * VIRTIO_FEATURES_WORDS; i++) {
		vp_iowrite32(i, &mdev->common, CFG(device_feature_select));
		features.word[i / 2] |= (uint64_t)vp_ioread32(&mdev->common, CFG(device_feature))
					<< 32 * (i % 2);
	}
	return features;
}

void vp_modern_set_features(const struct virtio_pci_modern_device *mdev,
			    const struct virtio_features *features)
{
	for (unsigned int i = 0; i < 2 * VIRTIO_FEATURES_WORDS; i++) {
		vp_iowrite32(i, &mdev->common, CFG(driver_feature_select));
		vp_iowrite32((uint32_t)(features->word[i / 2] >> 32 * (i % 2)), &mdev->common,
			     CFG(driver_feature));
	}
}

uint32_t vp_modern_generation(const struct virtio_pci_modern_device *mdev)
{
	return vp_ioread8(&mdev->common, CFG(config_generation));
}

uint8_t vp_modern_get_status(const struct virtio_pci_modern_device *mdev)
{
	return vp_ioread8(&mdev->common, CFG(device_status));
}

void vp_modern_set_status(const struct virtio_pci_modern_device *mdev, uint8_t status)
{
	vp_iowrite8(status, &mdev->common, CFG(device_status));
}

uint16_t vp_modern_config_vector(const struct virtio_pci_modern_device *mdev, uint16_t vector)
{
	vp_iowrite16(vector, &mdev->common, CFG(config_msix_vector));
	return vp_ioread16(&mdev->common, CFG(config_msix_vector));
}

uint16_t vp_modern_get_num_queues(const struct virtio_pci_modern_device *mdev)
{
	return vp_ioread16(&mdev->common, CFG(num_queues));
}

/* ---- of one queue ---- */

static void select_queue(const struct virtio_pci_modern_device *mdev, unsigned int index)
{
	vp_iowrite16((uint16_t)index, &mdev->common, CFG(queue_select));
}

uint16_t vp_modern_queue_vector(const struct virtio_pci_modern_device *mdev, unsigned int index,
				uint16_t vector)
{
	select_queue(mdev, index);
	vp_iowrite16(vector, &mdev->common, CFG(queue_msix_vector));
	return vp_ioread16(&mdev->common, CFG(queue_msix_vector));
}

uint16_t vp_modern_get_queue_size(const struct virtio_pci_modern_device *mdev, unsigned int index)
{
	select_queue(mdev, index);
	return vp_ioread16(&mdev->common, CFG(queue_size));
}

void vp_modern_set_queue_size(const struct virtio_pci_modern_device *mdev, unsigned int index,
			      uint16_t size)
{
	select_queue(mdev, index);
	vp_iowrite16(size, &mdev->common, CFG(queue_size));
}

void vp_modern_queue_address(const struct virtio_pci_modern_device *mdev, unsigned int index,
			     uint64_t desc_addr, uint64_t driver_addr, uint64_t device_addr)
{
	select_queue(mdev, index);
	vp_iowrite64_twopart(desc_addr, &mdev->common, CFG(queue_desc_lo), CFG(queue_desc_hi));
	vp_iowrite64_twopart(driver_addr, &mdev->common, CFG(queue_driver_lo),
			     CFG(queue_driver_hi));
	vp_iowrite64_twopart(device_addr, &mdev->common, CFG(queue_device_lo),
			     CFG(queue_device_hi));
}

bool vp_modern_get_queue_enable(const struct virtio_pci_modern_device *mdev, unsigned int index)
{
	select_queue(mdev, index);
	return vp_ioread16(&mdev->common, CFG(queue_enable));
}

void vp_modern_set_queue_enable(const struct virtio_pci_modern_device *mdev, unsigned int index)
{
	select_queue(mdev, index);
	/* 4.1.4.3.2: 0 is never written here. */
	vp_iowrite16(1, &mdev->common, CFG(queue_enable));
}

bool vp_modern_get_queue_reset(const struct virtio_pci_modern_device *mdev, unsigned int index)
{
	select_queue(mdev, index);
	return vp_ioread16(&mdev->common, CFG(queue_reset));
}

void vp_modern_set_queue_reset(const struct virtio_pci_modern_device *mdev, unsigned int index)
{
	select_queue(mdev, index);
	vp_iowrite16(1, &mdev->common, CFG(queue_reset));
}

uint16_t vp_modern_queue_notif_config_data(const struct virtio_pci_modern_device *mdev,
					   unsigned int index)
{
	select_queue(mdev, index);
	return vp_ioread16(&mdev->common, CFG(queue_notif_config_data));
}

int vp_modern_map_vq_notify(const struct virtio_pci_modern_device *mdev, unsigned int index,
			    unsigned int bytes, struct vp_region *doorbell)
{
	unsigned int off;
	uint64_t at;

	select_queue(mdev, index);
	off = vp_ioread16(&mdev->common, CFG(queue_notify_off));
	/* 4.1.4.4; neither factor is ours, so the product has 64 bits. */
	at = (uint64_t)off * mdev->notify_offset_multiplier;
	if (at + bytes > mdev->notify.length || (mdev->notify.offset + at) % bytes) {
		pci_log(PLATFORM_ERROR, mdev->pci_dev,
			"queue %u: doorbell at %u times %u is not within %u bytes, or not aligned",
			index, off, mdev->notify_offset_multiplier, mdev->notify.length);
		return -EINVAL;
	}
	*doorbell = vp_subregion(&mdev->notify, (uint32_t)at, bytes);
	return 0;
}
