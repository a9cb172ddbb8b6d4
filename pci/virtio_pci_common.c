// SPDX-License-Identifier: MIT
/*
 * What modern and legacy transport share: doorbells, interrupts, making queues with as many vectors
 * as there are to be had, probing and sleep.
 *
 * Mirrors drivers/virtio/virtio_pci_common.c. What differs: a queue that the driver does without
 * keeps its number, where Linux moves the others up; waiting for a reset has an end; and fewer
 * vectors are tried only if vectors were what was missing.
 */
#include <string.h>

#include "pci_internal.h"
#include "virtio_pci_common.h"

/* ---- waiting ---- */

/* Until no handler of the device's is running. */
static void vp_synchronize_vectors(struct virtio_pci_device *vp_dev)
{
	struct pci_dev *pci_dev = vp_dev->pci_dev;

	if (vp_dev->intx_enabled)
		platform_irq_sync(pci_irq_vector(pci_dev, 0));
	for (unsigned int i = 0; vp_dev->msix_enabled && i < pci_dev->num_vectors; i++)
		platform_irq_sync(pci_irq_vector(pci_dev, i));
}

/* Much longer than any device takes that ever comes back; Linux waits for ever. */
#define RESET_TIMEOUT (5ull * 1000 * 1000 * 1000)
#define MILLISECOND (1000ull * 1000)

/* 0 while it lasts; then the error that ends the wait. First a few quick looks, then every ms. */
static int wait_a_little(struct virtio_pci_device *vp_dev, uint64_t since, unsigned int *looks)
{
	if (!pci_device_is_present(vp_dev->pci_dev))
		return -ENODEV;
	if (platform_now() - since >= RESET_TIMEOUT)
		return -ETIMEDOUT;
	if ((*looks)++ < 100)
		platform_relax();
	else
		platform_wait(platform_now() + MILLISECOND);
	return 0;
}

int vp_wait_for_reset(struct virtio_device *vdev)
{
	struct virtio_pci_device *vp_dev = to_vp_device(vdev);
	uint64_t since = platform_now();
	unsigned int looks = 0;
	int err = 0;

	/* 2.4.2, 4.1.4.3.2: it is over when status reads 0. */
	while (!err && vdev->config->get_status(vdev))
		err = wait_a_little(vp_dev, since, &looks);
	if (err == -ETIMEDOUT) {
		/* It may still be writing to its buffers, which are about to be freed. Reading
		 * status, below, waits for what is on its way. */
		pci_disable_device(vp_dev->pci_dev);
		vp_dev->silenced = true;
		platform_log(PLATFORM_ERROR, "virtio%d: does not come out of reset, status %02x",
			     vdev->index, vdev->config->get_status(vdev));
	} else if (err) {
		platform_log(PLATFORM_ERROR, "virtio%d: the device is gone", vdev->index);
	} else if (vp_dev->silenced) {
		err = pci_enable_device(vp_dev->pci_dev);
		pci_set_master(vp_dev->pci_dev);
		vp_dev->silenced = false;
	}
	/* Reading status has flushed what the device had sent, messages included. */
	vp_synchronize_vectors(vp_dev);
	return err;
}

int vp_wait_for_queue_reset(struct virtio_pci_vq_info *info)
{
	struct virtio_pci_device *vp_dev = info->vp_dev;
	uint64_t since = platform_now();
	unsigned int looks = 0;
	int err = 0;

	while (!err && (vp_modern_get_queue_reset(&vp_dev->mdev, info->index) ||
			vp_modern_get_queue_enable(&vp_dev->mdev, info->index)))
		err = wait_a_little(vp_dev, since, &looks);
	if (err)
		platform_log(PLATFORM_ERROR, "virtio%d: %s: %s", vp_dev->vdev.index,
			     info->memory.vq->name,
			     err == -ENODEV ? "the device is gone" : "the queue is not reset");
	return err;
}

/* ---- doorbells ---- */

bool vp_notify(struct virtqueue *vq)
{
	const struct virtio_pci_vq_info *info = vp_vq_info(vq);

	vp_iowrite16(info->notify_value, &info->notify, 0);
	return true;
}

bool vp_notify_with_data(struct virtqueue *vq)
{
	const struct virtio_pci_vq_info *info = vp_vq_info(vq);
	uint32_t data = vring_notification_data(vq);

	/* 2.9: the low half names the queue, by index or as the device wants it. */
	vp_iowrite32((data & 0xffff0000) | info->notify_value, &info->notify, 0);
	return true;
}

/* ---- handlers ---- */

static int vp_config_changed(int irq, void *data)
{
	struct virtio_pci_device *vp_dev = data;

	(void)irq;
	virtio_config_changed(&vp_dev->vdev);
	return IRQ_HANDLED;
}

/* One vector, one queue. */
static int vp_vq_interrupt(int irq, void *data)
{
	struct virtio_pci_vq_info *info = data;

	/* An interrupt from before the queue's reset: its ring may be gone. */
	if (__atomic_load_n(&info->reset, __ATOMIC_ACQUIRE))
		return IRQ_HANDLED;
	return vring_interrupt(irq, info->memory.vq);
}

/* One vector, or the pin, for all queues: which of them it was has to be found out. */
static int vp_vring_interrupt(int irq, void *data)
{
	struct virtio_pci_device *vp_dev = data;
	int ret = IRQ_NONE;

	platform_lock(&vp_dev->lock);
	for (struct virtio_pci_vq_info *info = vp_dev->virtqueues; info; info = info->next)
		if (vring_interrupt(irq, info->memory.vq) == IRQ_HANDLED)
			ret = IRQ_HANDLED;
	platform_unlock(&vp_dev->lock);
	return ret;
}

#define VIRTIO_PCI_ISR_CONFIG 2

/* The pin. Reading the ISR clears it and lowers the line, so it is read once (4.1.4.5). */
static int vp_interrupt(int irq, void *data)
{
	struct virtio_pci_device *vp_dev = data;
	uint8_t isr = vp_ioread8(&vp_dev->isr, 0);

	/* Another device's line, or nobody there to tell. */
	if (!isr || isr == 0xff)
		return IRQ_NONE;
	if (isr & VIRTIO_PCI_ISR_CONFIG)
		vp_config_changed(irq, data);
	/* 4.1.5.4.2: the same interrupt may be about queues, too. */
	vp_vring_interrupt(irq, data);
	return IRQ_HANDLED;
}

void vp_vq_show(struct virtio_pci_vq_info *info)
{
	struct virtio_pci_device *vp_dev = info->vp_dev;

	platform_lock(&vp_dev->lock);
	__atomic_store_n(&info->reset, false, __ATOMIC_RELEASE);
	if (info->memory.vq->callback) {
		info->next = vp_dev->virtqueues;
		vp_dev->virtqueues = info;
	}
	platform_unlock(&vp_dev->lock);
}

void vp_vq_hide(struct virtio_pci_vq_info *info)
{
	struct virtio_pci_device *vp_dev = info->vp_dev;

	platform_lock(&vp_dev->lock);
	__atomic_store_n(&info->reset, true, __ATOMIC_RELEASE);
	for (struct virtio_pci_vq_info **at = &vp_dev->virtqueues; *at; at = &(*at)->next)
		if (*at == info) {
			*at = info->next;
			break;
		}
	platform_unlock(&vp_dev->lock);
}

/* ---- vectors ---- */

static int request(struct virtio_pci_device *vp_dev, unsigned int vector,
		   platform_irq_handler handler, const char *what, char name[32], void *data)
{
	platform_snprintf(name, 32, "virtio%d-%s", vp_dev->vdev.index, what);
	return platform_irq_request(pci_irq_vector(vp_dev->pci_dev, vector), handler, name, data);
}

static void vp_free_vectors(struct virtio_pci_device *vp_dev)
{
	struct pci_dev *pci_dev = vp_dev->pci_dev;

	if (vp_dev->intx_enabled)
		platform_irq_free(pci_irq_vector(pci_dev, 0), vp_dev);
	if (vp_dev->config_requested)
		platform_irq_free(pci_irq_vector(pci_dev, VP_MSIX_CONFIG_VECTOR), vp_dev);
	if (vp_dev->shared_requested)
		platform_irq_free(pci_irq_vector(pci_dev, VP_MSIX_VQ_VECTOR), vp_dev);
	if (vp_dev->msix_enabled) {
		if (!vp_dev->silenced)
			vp_dev->config_vector(vp_dev, VIRTIO_MSI_NO_VECTOR);
		pci_disable_msix(pci_dev);
	}
	vp_dev->intx_enabled = vp_dev->msix_enabled = false;
	vp_dev->config_requested = vp_dev->shared_requested = false;
}

/* MSI-X with @nvectors; what is done so far vp_free_vectors() undoes. */
static int vp_request_msix_vectors(struct virtio_pci_device *vp_dev, unsigned int nvectors,
				   bool per_vq_vectors)
{
	int err = pci_enable_msix(vp_dev->pci_dev, nvectors);

	if (err)
		return err;
	vp_dev->msix_enabled = true;

	err = request(vp_dev, VP_MSIX_CONFIG_VECTOR, vp_config_changed, "config",
		      vp_dev->irq_names[0], vp_dev);
	if (err)
		return err;
	vp_dev->config_requested = true;
	/* 4.1.5.1.2.2: what is read back says whether the device could. */
	if (vp_dev->config_vector(vp_dev, VP_MSIX_CONFIG_VECTOR) != VP_MSIX_CONFIG_VECTOR)
		return -EBUSY;

	if (!per_vq_vectors) {
		err = request(vp_dev, VP_MSIX_VQ_VECTOR, vp_vring_interrupt, "virtqueues",
			      vp_dev->irq_names[1], vp_dev);
		if (err)
			return err;
		vp_dev->shared_requested = true;
	}
	return 0;
}

static int vp_request_intx(struct virtio_pci_device *vp_dev)
{
	int err = request(vp_dev, 0, vp_interrupt, "intx", vp_dev->irq_names[0], vp_dev);

	vp_dev->intx_enabled = !err;
	return err;
}

/* ---- queues ---- */

static int vp_setup_vq(struct virtio_pci_device *vp_dev, unsigned int index,
		       const struct virtqueue_info *want, uint16_t msix_vec)
{
	struct virtio_pci_vq_info *info = platform_zalloc(sizeof(*info));
	int err;

	if (!info)
		return -ENOMEM;
	info->vp_dev = vp_dev;
	info->index = index;
	err = vp_dev->setup_vq(vp_dev, info, index, want, msix_vec);
	if (err) {
		platform_free(info);
		return err;
	}
	if (vp_dev->per_vq_vectors && msix_vec != VIRTIO_MSI_NO_VECTOR) {
		err = request(vp_dev, msix_vec, vp_vq_interrupt, want->name, info->irq_name, info);
		if (err) {
			vp_dev->del_vq(info);
			platform_free(info);
			return err;
		}
		info->irq_requested = true;
	}
	vp_vq_show(info);
	vp_dev->vqs[index] = info;
	vp_dev->vdev.vqs[index] = info->memory.vq;
	return 0;
}

static void vp_del_vq(struct virtio_pci_vq_info *info)
{
	struct virtio_pci_device *vp_dev = info->vp_dev;

	if (info->irq_requested)
		platform_irq_free(pci_irq_vector(vp_dev->pci_dev, info->msix_vector), info);
	vp_vq_hide(info);
	/* 2.4.2: in the middle of a reset no register is written. */
	if (vp_dev->silenced)
		vring_del_virtqueue(&info->memory);
	else
		vp_dev->del_vq(info);
	platform_free(info);
}

void vp_del_vqs(struct virtio_device *vdev)
{
	struct virtio_pci_device *vp_dev = to_vp_device(vdev);

	for (unsigned int i = 0; i < vp_dev->nvqs; i++)
		if (vp_dev->vqs[i])
			vp_del_vq(vp_dev->vqs[i]);
	vp_dev->per_vq_vectors = false;
	vp_free_vectors(vp_dev);

	platform_free(vp_dev->vqs);
	vp_dev->vqs = NULL;
	vp_dev->nvqs = 0;
	platform_free(vdev->vqs);
	vdev->vqs = NULL;
	vdev->nvqs = 0;
}

static int alloc_vqs(struct virtio_pci_device *vp_dev, unsigned int nvqs)
{
	vp_dev->vqs = platform_zalloc(nvqs * sizeof(*vp_dev->vqs));
	vp_dev->vdev.vqs = platform_zalloc(nvqs * sizeof(*vp_dev->vdev.vqs));
	if (!vp_dev->vqs || !vp_dev->vdev.vqs)
		return -ENOMEM;
	vp_dev->nvqs = vp_dev->vdev.nvqs = nvqs;
	return 0;
}

enum vp_vector_policy { VP_VECTOR_EACH, VP_VECTOR_SHARED, VP_INTX };

static unsigned int vectors_wanted(enum vp_vector_policy policy, unsigned int nvqs,
				   const struct virtqueue_info infos[])
{
	unsigned int nvectors = 1; /* for config changes */

	if (policy == VP_VECTOR_SHARED)
		return 2;
	for (unsigned int i = 0; i < nvqs; i++)
		if (infos[i].name && infos[i].callback)
			nvectors++;
	return nvectors;
}

static int vp_try_to_find_vqs(struct virtio_pci_device *vp_dev, unsigned int nvqs,
			      const struct virtqueue_info infos[], enum vp_vector_policy policy)
{
	uint16_t vector = VP_MSIX_VQ_VECTOR;
	int err = alloc_vqs(vp_dev, nvqs);

	vp_dev->per_vq_vectors = policy == VP_VECTOR_EACH;
	if (!err && policy == VP_INTX)
		err = vp_request_intx(vp_dev);
	else if (!err)
		err = vp_request_msix_vectors(vp_dev, vectors_wanted(policy, nvqs, infos),
					      vp_dev->per_vq_vectors);

	for (unsigned int i = 0; !err && i < nvqs; i++) {
		if (!infos[i].name)
			continue;
		if (policy == VP_INTX || !infos[i].callback)
			err = vp_setup_vq(vp_dev, i, &infos[i], VIRTIO_MSI_NO_VECTOR);
		else
			err = vp_setup_vq(vp_dev, i, &infos[i], vector);
		if (policy == VP_VECTOR_EACH && infos[i].callback)
			vector++;
	}
	if (err)
		vp_del_vqs(&vp_dev->vdev);
	return err;
}

/* Could it be better with fewer vectors? */
static bool lacked_vectors(int err)
{
	return err == -ENOSPC || err == -EBUSY || err == -ENOMEM;
}

int vp_find_vqs(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
		const struct virtqueue_info infos[])
{
	struct virtio_pci_device *vp_dev = to_vp_device(vdev);
	int err;

	if (!nvqs)
		return -EINVAL;
	if (vp_dev->vqs)
		return -EBUSY;
	/* One vector for each queue and one for config changes. */
	err = vp_try_to_find_vqs(vp_dev, nvqs, infos, VP_VECTOR_EACH);
	/* One for all queues and one for config changes. */
	if (lacked_vectors(err))
		err = vp_try_to_find_vqs(vp_dev, nvqs, infos, VP_VECTOR_SHARED);
	/* The pin, if there is one. */
	if (lacked_vectors(err) && pci_irq_vector(vp_dev->pci_dev, 0) >= 0)
		err = vp_try_to_find_vqs(vp_dev, nvqs, infos, VP_INTX);
	if (err) {
		if (!pci_device_is_present(vp_dev->pci_dev))
			err = -ENODEV;
		platform_log(PLATFORM_ERROR, "virtio%d: no queues: error %d", vdev->index, err);
		return err;
	}
	for (unsigned int i = 0; i < nvqs; i++)
		vqs[i] = vdev->vqs[i];
	return 0;
}

/* ---- affinity ---- */

/* Of a shared vector the last word counts; the pin goes where it goes. */
int vp_set_vq_affinity(struct virtqueue *vq, unsigned int cpu)
{
	const struct virtio_pci_vq_info *info = vp_vq_info(vq);

	if (!vq->callback || cpu >= platform_num_cpus())
		return -EINVAL;
	if (!info->vp_dev->msix_enabled)
		return 0;
	return pci_irq_set_affinity(info->vp_dev->pci_dev, info->msix_vector, cpu);
}

int vp_get_vq_affinity(struct virtio_device *vdev, unsigned int index)
{
	struct virtio_pci_device *vp_dev = to_vp_device(vdev);

	if (index >= vp_dev->nvqs || !vp_dev->vqs[index] || !vp_dev->per_vq_vectors ||
	    vp_dev->vqs[index]->msix_vector == VIRTIO_MSI_NO_VECTOR)
		return -EINVAL;
	return (int)pci_irq_get_affinity(vp_dev->pci_dev, vp_dev->vqs[index]->msix_vector);
}

/* ---- device config ---- */

/* Who asks for what the device has not got has not checked the feature it goes with (2.5.1). */
static bool vp_config_has(struct virtio_device *vdev, const struct vp_region *config,
			  unsigned int offset, unsigned int len)
{
	unsigned int length = config->space == VP_NOWHERE ? 0 : config->length;

	if (len <= length && offset <= length - len)
		return true;
	platform_log(PLATFORM_ERROR, "virtio%d: %u bytes of device config at %u: it has %u",
		     vdev->index, len, offset, length);
	return false;
}

void vp_config_read(struct virtio_device *vdev, const struct vp_region *config, unsigned int offset,
		    void *buf, unsigned int len)
{
	if (vp_config_has(vdev, config, offset, len))
		vp_read_bytes(config, offset, buf, len);
	else
		memset(buf, 0, len);
}

void vp_config_write(struct virtio_device *vdev, const struct vp_region *config,
		     unsigned int offset, const void *buf, unsigned int len)
{
	if (vp_config_has(vdev, config, offset, len))
		vp_write_bytes(config, offset, buf, len);
}

const char *vp_bus_name(struct virtio_device *vdev)
{
	return to_vp_device(vdev)->bus_name;
}

/* ---- life ---- */

/* 4.1.5.1.1.1: whoever has virtio capabilities is used through them. */
static int find_interface(struct virtio_pci_device *vp_dev)
{
	int err = virtio_pci_modern_probe(vp_dev);

	return err == -ENODEV ? virtio_pci_legacy_probe(vp_dev) : err;
}

/* 4.1.2.1, 4.1.2.2: 0x1000 to 0x103f transitional, 0x1040 to 0x107f modern; any revision. */
static bool is_virtio(const struct pci_dev *pci_dev)
{
	return pci_dev->vendor == VIRTIO_PCI_VENDOR_ID && pci_dev->device >= 0x1000 &&
	       pci_dev->device <= 0x107f;
}

int virtio_pci_probe(struct pci_dev *pci_dev)
{
	struct virtio_pci_device *vp_dev;
	int err;

	if (!is_virtio(pci_dev))
		return -ENODEV;
	if (pci_dev->drvdata)
		return -EBUSY;
	vp_dev = platform_zalloc(sizeof(*vp_dev));
	if (!vp_dev)
		return -ENOMEM;
	vp_dev->pci_dev = pci_dev;
	pci_name(pci_dev, vp_dev->bus_name);

	err = pci_enable_device(pci_dev);
	if (err)
		goto out_free;
	err = find_interface(vp_dev);
	if (err)
		goto out_disable;
	pci_set_master(pci_dev);
	pci_dev->drvdata = vp_dev;
	err = register_virtio_device(&vp_dev->vdev);
	if (err)
		goto out_drvdata;
	return 0;

out_drvdata:
	pci_dev->drvdata = NULL;
out_disable:
	pci_disable_device(pci_dev);
out_free:
	platform_free(vp_dev);
	/* What it read as all ones may have looked like many things. */
	return pci_device_is_present(pci_dev) ? err : -ENODEV;
}

void virtio_pci_remove(struct pci_dev *pci_dev)
{
	struct virtio_pci_device *vp_dev = pci_dev->drvdata;

	if (!vp_dev)
		return;
	if (!pci_device_is_present(pci_dev))
		virtio_break_device(&vp_dev->vdev);
	virtio_pci_sriov_remove(pci_dev);
	unregister_virtio_device(&vp_dev->vdev);
	pci_clear_master(pci_dev);
	/* Its driver has forgotten them; handlers must not outlive what they look at. */
	if (vp_dev->vqs)
		vp_del_vqs(&vp_dev->vdev);
	pci_disable_device(pci_dev);
	pci_dev->drvdata = NULL;
	platform_free(vp_dev);
}

/* Return: whether it is a virtio device now. If not, the log says why. */
bool vp_probe_or_complain(struct pci_dev *pci_dev)
{
	int err = virtio_pci_probe(pci_dev);

	if (err)
		pci_log(PLATFORM_ERROR, pci_dev, "no virtio device here: error %d", err);
	return !err;
}

int virtio_pci_probe_all(void)
{
	int probed = 0;

	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next) {
		if (!is_virtio(dev) || dev->drvdata)
			continue;
		probed += vp_probe_or_complain(dev);
	}
	return probed;
}

void virtio_pci_remove_all(void)
{
	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next)
		virtio_pci_remove(dev);
}
