// SPDX-License-Identifier: MIT
/*
 * The modern transport: struct virtio_config_ops on top of virtio_pci_modern_dev.c.
 *
 * Mirrors drivers/virtio/virtio_pci_modern.c. Left out on purpose: the administration virtqueue,
 * whose feature is not accepted.
 */
#include "pci_regs.h"
#include "virtio_pci_common.h"

#define CFG_END(field)                                   \
	(offsetof(struct virtio_pci_common_cfg, field) + \
	 sizeof(((struct virtio_pci_common_cfg *)0)->field))

/* ---- features ---- */

static struct virtio_features vp_get_features(struct virtio_device *vdev)
{
	return vp_modern_get_features(&to_vp_device(vdev)->mdev);
}

/* Features of the transport's own, and what the common config must have room for. */
static const struct {
	unsigned int bit;
	uint32_t common_len;
} transport_features[] = {
	{ VIRTIO_F_SR_IOV, 0 },
	{ VIRTIO_F_NOTIF_CONFIG_DATA, CFG_END(queue_notif_config_data) },
	{ VIRTIO_F_RING_RESET, CFG_END(queue_reset) },
};

/* Puts back what vring_transport_features() does not know of. */
static void vp_transport_features(struct virtio_device *vdev, const struct virtio_features *offered)
{
	struct virtio_pci_device *vp_dev = to_vp_device(vdev);

	for (unsigned int i = 0; i < sizeof(transport_features) / sizeof(*transport_features); i++)
		if (virtio_features_test(offered, transport_features[i].bit))
			virtio_features_set(&vdev->features, transport_features[i].bit);
	/* 6: SR_IOV speaks of the PCI capability. */
	if (!pci_find_ext_capability(vp_dev->pci_dev, PCI_EXT_CAP_ID_SRIOV))
		virtio_clear_feature(vdev, VIRTIO_F_SR_IOV);
}

/* A feature whose field is not there: Linux, too, refuses the device. */
static int vp_check_common_size(struct virtio_device *vdev)
{
	const struct vp_region *common = &to_vp_device(vdev)->mdev.common;

	for (unsigned int i = 0; i < sizeof(transport_features) / sizeof(*transport_features);
	     i++) {
		if (!virtio_has_feature(vdev, transport_features[i].bit) ||
		    common->length >= transport_features[i].common_len)
			continue;
		platform_log(PLATFORM_ERROR,
			     "virtio%d: common config of %u bytes has no room for feature %s",
			     vdev->index, common->length,
			     virtio_feature_name(vdev->id.device, transport_features[i].bit));
		return -EINVAL;
	}
	return 0;
}

static int vp_finalize_features(struct virtio_device *vdev)
{
	struct virtio_pci_device *vp_dev = to_vp_device(vdev);
	struct virtio_features features = vdev->features;
	int err;

	if (!pci_device_is_present(vp_dev->pci_dev))
		return -ENODEV;
	vring_transport_features(vdev);
	vp_transport_features(vdev, &features);

	/* 6.1: a modern interface without it is a contradiction. */
	if (!virtio_has_feature(vdev, VIRTIO_F_VERSION_1)) {
		platform_log(PLATFORM_ERROR,
			     "virtio%d: modern interface, but VERSION_1 is not offered",
			     vdev->index);
		return -EINVAL;
	}
	err = vp_check_common_size(vdev);
	if (!err)
		vp_modern_set_features(&vp_dev->mdev, &vdev->features);
	return err;
}

/* ---- device config ---- */

static void vp_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	vp_config_read(vdev, &to_vp_device(vdev)->mdev.device, offset, buf, len);
}

static void vp_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		   unsigned int len)
{
	vp_config_write(vdev, &to_vp_device(vdev)->mdev.device, offset, buf, len);
}

static uint32_t vp_generation(struct virtio_device *vdev)
{
	return vp_modern_generation(&to_vp_device(vdev)->mdev);
}

/* ---- status ---- */

static uint8_t vp_get_status(struct virtio_device *vdev)
{
	return vp_modern_get_status(&to_vp_device(vdev)->mdev);
}

static void vp_set_status(struct virtio_device *vdev, uint8_t status)
{
	vp_modern_set_status(&to_vp_device(vdev)->mdev, status);
}

static int vp_reset(struct virtio_device *vdev)
{
	vp_modern_set_status(&to_vp_device(vdev)->mdev, 0);
	return vp_wait_for_reset(vdev);
}

/* ---- queues ---- */

static uint16_t vp_config_vector(struct virtio_pci_device *vp_dev, uint16_t vector)
{
	return vp_modern_config_vector(&vp_dev->mdev, vector);
}

/* 4.1.5.1.3: all but queue_enable, which comes last. */
static int vp_active_vq(struct virtio_pci_vq_info *info)
{
	struct virtio_pci_modern_device *mdev = &info->vp_dev->mdev;
	const struct vring_memory *memory = &info->memory;

	vp_modern_set_queue_size(mdev, info->index, (uint16_t)memory->num);
	vp_modern_queue_address(mdev, info->index, memory->desc_addr, memory->driver_addr,
				memory->device_addr);
	/* 4.1.5.1.2.2: what is read back says whether the device could. */
	if (info->msix_vector != VIRTIO_MSI_NO_VECTOR &&
	    vp_modern_queue_vector(mdev, info->index, info->msix_vector) != info->msix_vector)
		return -EBUSY;
	return 0;
}

/* 4.1.5.2: where, how wide, and with what value the doorbell is rung. */
static int find_doorbell(struct virtio_pci_vq_info *info)
{
	struct virtio_device *vdev = &info->vp_dev->vdev;
	struct virtio_pci_modern_device *mdev = &info->vp_dev->mdev;
	unsigned int bytes = virtio_has_feature(vdev, VIRTIO_F_NOTIFICATION_DATA) ? 4 : 2;

	info->notify_value = (uint16_t)info->index;
	if (virtio_has_feature(vdev, VIRTIO_F_NOTIF_CONFIG_DATA))
		info->notify_value = vp_modern_queue_notif_config_data(mdev, info->index);
	return vp_modern_map_vq_notify(mdev, info->index, bytes, &info->notify);
}

static int setup_vq(struct virtio_pci_device *vp_dev, struct virtio_pci_vq_info *info,
		    unsigned int index, const struct virtqueue_info *want, uint16_t msix_vec)
{
	struct virtio_pci_modern_device *mdev = &vp_dev->mdev;
	struct virtio_device *vdev = &vp_dev->vdev;
	bool data = virtio_has_feature(vdev, VIRTIO_F_NOTIFICATION_DATA);
	uint16_t num;
	int err;

	if (index >= vp_modern_get_num_queues(mdev))
		return -ENOENT;
	num = vp_modern_get_queue_size(mdev, index);
	if (num == 0xffff && !pci_device_is_present(vp_dev->pci_dev))
		return -ENODEV;
	/* 0: there is no such queue. Enabled: it is in use, or its reset was not one. */
	if (!num || vp_modern_get_queue_enable(mdev, index))
		return -ENOENT;

	err = find_doorbell(info);
	if (err)
		return err;
	err = vring_create_virtqueue(&info->memory, vdev, index, num, 0, want,
				     data ? vp_notify_with_data : vp_notify);
	if (err) {
		platform_log(PLATFORM_ERROR, "virtio%d: %s: cannot have a queue of %u entries",
			     vdev->index, want->name, num);
		return err;
	}
	info->msix_vector = msix_vec;
	err = vp_active_vq(info);
	if (err)
		vring_del_virtqueue(&info->memory);
	return err;
}

static void del_vq(struct virtio_pci_vq_info *info)
{
	/* The device is reset, so the vector is unmapped already unless nothing ever ran. */
	if (info->vp_dev->msix_enabled)
		vp_modern_queue_vector(&info->vp_dev->mdev, info->index, VIRTIO_MSI_NO_VECTOR);
	vring_del_virtqueue(&info->memory);
}

static int vp_modern_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
			      struct virtqueue *vqs[], const struct virtqueue_info infos[])
{
	struct virtio_pci_device *vp_dev = to_vp_device(vdev);
	int err = vp_find_vqs(vdev, nvqs, vqs, infos);

	/* Only once all of them are set up: an enabled queue can be taken back by a reset alone. */
	for (unsigned int i = 0; !err && i < nvqs; i++)
		if (vqs[i])
			vp_modern_set_queue_enable(&vp_dev->mdev, i);
	return err;
}

/* ---- one queue's reset (2.6.1) ---- */

static int vp_modern_disable_vq_and_reset(struct virtqueue *vq)
{
	struct virtio_pci_vq_info *info = vp_vq_info(vq);
	struct virtio_pci_device *vp_dev = info->vp_dev;
	int err;

	if (!virtio_has_feature(vq->vdev, VIRTIO_F_RING_RESET))
		return -ENOENT;
	if (info->reset)
		return -EBUSY;
	vp_modern_set_queue_reset(&vp_dev->mdev, vq->index);
	/* 2.6.1.2.1: it is one only once it reads so; queue_enable is 0 then, too. */
	err = vp_wait_for_queue_reset(info);
	if (err) {
		/* It may or may not be the device's still: nobody's from now on. */
		virtqueue_break(vq);
		return err;
	}

	/* No handler looks at the ring from here on, not even for an interrupt sent before. */
	vp_vq_hide(info);
	if (vp_dev->per_vq_vectors && info->msix_vector != VIRTIO_MSI_NO_VECTOR)
		platform_irq_sync(pci_irq_vector(vp_dev->pci_dev, info->msix_vector));
	return 0;
}

static int vp_modern_enable_vq_after_reset(struct virtqueue *vq)
{
	struct virtio_pci_vq_info *info = vp_vq_info(vq);
	struct virtio_pci_modern_device *mdev = &info->vp_dev->mdev;
	int err;

	if (!info->reset)
		return -EBUSY;
	if (vp_modern_get_queue_reset(mdev, vq->index) ||
	    vp_modern_get_queue_enable(mdev, vq->index))
		return pci_device_is_present(info->vp_dev->pci_dev) ? -EBUSY : -ENODEV;
	err = vp_active_vq(info);
	if (err)
		return err;
	vp_vq_show(info);
	vp_modern_set_queue_enable(mdev, vq->index);
	return 0;
}

/* ---- the rest ---- */

static bool vp_get_shm_region(struct virtio_device *vdev, struct virtio_shm_region *region,
			      uint8_t id)
{
	return vp_modern_get_shm_region(&to_vp_device(vdev)->mdev, region, id);
}

static const struct virtio_config_ops virtio_pci_config_ops = {
	.get = vp_get,
	.set = vp_set,
	.generation = vp_generation,
	.get_status = vp_get_status,
	.set_status = vp_set_status,
	.reset = vp_reset,
	.find_vqs = vp_modern_find_vqs,
	.del_vqs = vp_del_vqs,
	.get_features = vp_get_features,
	.finalize_features = vp_finalize_features,
	.bus_name = vp_bus_name,
	.set_vq_affinity = vp_set_vq_affinity,
	.get_vq_affinity = vp_get_vq_affinity,
	.get_shm_region = vp_get_shm_region,
	.disable_vq_and_reset = vp_modern_disable_vq_and_reset,
	.enable_vq_after_reset = vp_modern_enable_vq_after_reset,
};

int virtio_pci_modern_probe(struct virtio_pci_device *vp_dev)
{
	struct virtio_pci_modern_device *mdev = &vp_dev->mdev;
	int err;

	mdev->pci_dev = vp_dev->pci_dev;
	err = vp_modern_probe(mdev);
	if (err)
		return err;
	vp_dev->isr = mdev->isr;
	vp_dev->vdev.id = mdev->id;
	vp_dev->vdev.config = &virtio_pci_config_ops;
	vp_dev->setup_vq = setup_vq;
	vp_dev->del_vq = del_vq;
	vp_dev->config_vector = vp_config_vector;
	return 0;
}
