// SPDX-License-Identifier: MIT
/*
 * The legacy transport: struct virtio_config_ops on top of virtio_pci_legacy_dev.c.
 *
 * Mirrors drivers/virtio/virtio_pci_legacy.c. A legacy device has no generation, no shared memory,
 * no reset of one queue, and 32 feature bits.
 */
#include "virtio_pci_common.h"

static struct virtio_features vp_get_features(struct virtio_device *vdev)
{
	return virtio_features_from(vp_legacy_get_features(&to_vp_device(vdev)->ldev));
}

static int vp_finalize_features(struct virtio_device *vdev)
{
	struct virtio_pci_device *vp_dev = to_vp_device(vdev);

	if (!pci_device_is_present(vp_dev->pci_dev))
		return -ENODEV;
	vring_transport_features(vdev);
	vp_legacy_set_features(&vp_dev->ldev, (uint32_t)vdev->features.word[0]);
	return 0;
}

/* The device's byte order is ours (2.5.3), on all our grounds little-endian. */
static void vp_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	struct vp_region config = vp_legacy_config(&to_vp_device(vdev)->ldev);

	vp_config_read(vdev, &config, offset, buf, len);
}

static void vp_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		   unsigned int len)
{
	struct vp_region config = vp_legacy_config(&to_vp_device(vdev)->ldev);

	vp_config_write(vdev, &config, offset, buf, len);
}

static uint8_t vp_get_status(struct virtio_device *vdev)
{
	return vp_legacy_get_status(&to_vp_device(vdev)->ldev);
}

static void vp_set_status(struct virtio_device *vdev, uint8_t status)
{
	vp_legacy_set_status(&to_vp_device(vdev)->ldev, status);
}

static int vp_reset(struct virtio_device *vdev)
{
	vp_legacy_set_status(&to_vp_device(vdev)->ldev, 0);
	/* Linux reads status once, whatever it says. */
	return vp_wait_for_reset(vdev);
}

static uint16_t vp_config_vector(struct virtio_pci_device *vp_dev, uint16_t vector)
{
	return vp_legacy_config_vector(&vp_dev->ldev, vector);
}

static int setup_vq(struct virtio_pci_device *vp_dev, struct virtio_pci_vq_info *info,
		    unsigned int index, const struct virtqueue_info *want, uint16_t msix_vec)
{
	struct virtio_pci_legacy_device *ldev = &vp_dev->ldev;
	uint16_t num = vp_legacy_get_queue_size(ldev, index);
	uint64_t pfn;
	int err;

	if (num == 0xffff && !pci_device_is_present(vp_dev->pci_dev))
		return -ENODEV;
	if (!num || vp_legacy_get_queue_enable(ldev, index))
		return -ENOENT;
	err = vring_create_virtqueue(&info->memory, &vp_dev->vdev, index, num,
				     VIRTIO_PCI_VRING_ALIGN, want, vp_notify);
	if (err) {
		platform_log(PLATFORM_ERROR, "virtio%d: %s: cannot have a queue of %u entries",
			     vp_dev->vdev.index, want->name, num);
		return err;
	}
	info->notify = vp_legacy_notify(ldev);
	info->notify_value = (uint16_t)index;
	info->msix_vector = msix_vec;

	/* 32 bits of page number, and no way to say more. */
	err = -ERANGE;
	pfn = info->memory.desc_addr / VIRTIO_PCI_VRING_ALIGN;
	if (pfn > UINT32_MAX)
		goto out_del;
	vp_legacy_set_queue_address(ldev, index, (uint32_t)pfn);

	err = -EBUSY;
	if (msix_vec != VIRTIO_MSI_NO_VECTOR &&
	    vp_legacy_queue_vector(ldev, index, msix_vec) != msix_vec)
		goto out_deactivate;
	return 0;

out_deactivate:
	vp_legacy_set_queue_address(ldev, index, 0);
out_del:
	vring_del_virtqueue(&info->memory);
	return err;
}

static void del_vq(struct virtio_pci_vq_info *info)
{
	struct virtio_pci_legacy_device *ldev = &info->vp_dev->ldev;

	if (info->vp_dev->msix_enabled)
		vp_legacy_queue_vector(ldev, info->index, VIRTIO_MSI_NO_VECTOR);
	vp_legacy_set_queue_address(ldev, info->index, 0);
	vring_del_virtqueue(&info->memory);
}

static const struct virtio_config_ops virtio_pci_config_ops = {
	.get = vp_get,
	.set = vp_set,
	.get_status = vp_get_status,
	.set_status = vp_set_status,
	.reset = vp_reset,
	.find_vqs = vp_find_vqs,
	.del_vqs = vp_del_vqs,
	.get_features = vp_get_features,
	.finalize_features = vp_finalize_features,
	.bus_name = vp_bus_name,
	.set_vq_affinity = vp_set_vq_affinity,
	.get_vq_affinity = vp_get_vq_affinity,
};

int virtio_pci_legacy_probe(struct virtio_pci_device *vp_dev)
{
	struct virtio_pci_legacy_device *ldev = &vp_dev->ldev;
	int err;

	ldev->pci_dev = vp_dev->pci_dev;
	err = vp_legacy_probe(ldev);
	if (err)
		return err;
	vp_dev->is_legacy = true;
	vp_dev->isr = vp_legacy_isr(ldev);
	vp_dev->vdev.id = ldev->id;
	vp_dev->vdev.config = &virtio_pci_config_ops;
	vp_dev->setup_vq = setup_vq;
	vp_dev->del_vq = del_vq;
	vp_dev->config_vector = vp_config_vector;
	return 0;
}
