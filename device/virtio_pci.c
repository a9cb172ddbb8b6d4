/* SPDX-License-Identifier: MIT */
/*
 * The PCI function that a virtio device is (4.1): ids, BARs, capabilities, doorbells, interrupts.
 *
 * Mirrors QEMU's hw/virtio/virtio-pci.c and puts things where QEMU does. Left out on purpose: ATS,
 * and the administration virtqueue.
 */
#include "virtio_pci_internal.h"

#define SUBSYSTEM_MODERN 0x1100 /* QEMU's; 4.1.2.1 asks for 0x40 or more */

static struct VirtIOPCIProxy *proxy_of(struct PCIDevice *dev)
{
	return (struct VirtIOPCIProxy *)dev; /* its first member */
}

/* ---- life ---- */

static void reset_registers(struct VirtIOPCIProxy *proxy)
{
	proxy->isr = 0;
	proxy->queue_reset_left = 0;
	pci_set_irq(&proxy->pci, false);
}

/* DMA goes where the function may write; a device that cannot stands still. */
static void look_at_power(struct VirtIOPCIProxy *proxy)
{
	proxy->vdev->stopped = !pci_can_master(&proxy->pci);
}

static void function_reset(struct PCIDevice *dev)
{
	struct VirtIOPCIProxy *proxy = proxy_of(dev);

	virtio_set_status(proxy->vdev, 0);
	reset_registers(proxy);
	proxy->dfselect = 0;
	proxy->gfselect = 0;
	proxy->queue_sel = 0;
	proxy->reset_left = 0;
	look_at_power(proxy);
}

static void function_gone(struct PCIDevice *dev)
{
	proxy_of(dev)->vdev->stopped = true;
}

uint8_t virtio_pci_read_status(struct VirtIOPCIProxy *proxy)
{
	if (!proxy->reset_left)
		return proxy->vdev->status;
	if (proxy->reset_left != VIRTIO_PCI_FOREVER)
		proxy->reset_left--;
	return VIRTIO_STATUS_ACKNOWLEDGE; /* any value but 0: not yet */
}

void virtio_pci_write_status(struct VirtIOPCIProxy *proxy, uint8_t status)
{
	if (status && proxy->reset_left)
		return;
	if (proxy->faults.refuse_features)
		status &= ~VIRTIO_STATUS_FEATURES_OK;
	virtio_set_status(proxy->vdev, status);
	if (!status) {
		reset_registers(proxy);
		proxy->reset_left = proxy->faults.reset_reads;
	}
}

/* ---- interrupts ---- */

uint8_t virtio_pci_read_isr(struct VirtIOPCIProxy *proxy)
{
	uint8_t isr = proxy->isr;

	/* 4.1.4.5: reading takes the interrupt back. */
	proxy->isr = 0;
	pci_set_irq(&proxy->pci, false);
	return isr;
}

static void notify(void *transport, uint16_t vector, uint8_t isr_bit)
{
	struct VirtIOPCIProxy *proxy = transport;
	bool messages = msix_enabled(&proxy->pci);

	if (proxy->faults.lose_interrupts) {
		if (proxy->faults.lose_interrupts != VIRTIO_PCI_FOREVER)
			proxy->faults.lose_interrupts--;
		return;
	}
	/* 4.1.4.5.1: the config's bit always, a queue's only while MSI-X is off. */
	if (!messages || isr_bit)
		proxy->isr |= (uint8_t)(1u << isr_bit);
	if (!messages) {
		proxy->interrupts++;
		pci_set_irq(&proxy->pci, true);
	} else if (vector != VIRTIO_NO_VECTOR) {
		proxy->interrupts++;
		msix_notify(&proxy->pci, vector);
	}
}

static const struct VirtioBusClass virtio_pci_bus = { .notify = notify };

/* ---- doorbells ---- */

/* Bytes from one doorbell to the next, and of one. */
static unsigned int doorbell_bytes(const struct VirtIOPCIProxy *proxy)
{
	return virtio_vdev_has_feature(proxy->vdev, VIRTIO_F_NOTIFICATION_DATA) ? 4 : 2;
}

uint16_t virtio_pci_notif_config_data(unsigned int index)
{
	return (uint16_t)(index ^ 0x5a00);
}

uint32_t virtio_pci_doorbell_queue(const struct VirtIOPCIProxy *proxy, uint32_t offset,
				   uint32_t value)
{
	/* 4.1.4.4: with a multiplier the place says which queue, without only the value can. */
	if (proxy->conf.notify_off_multiplier)
		return offset / proxy->conf.notify_off_multiplier;
	value &= 0xffff;
	if (virtio_vdev_has_feature(proxy->vdev, VIRTIO_F_NOTIF_CONFIG_DATA))
		value ^= virtio_pci_notif_config_data(0);
	return value;
}

static void ring(struct VirtIOPCIProxy *proxy, uint32_t offset, uint32_t value, unsigned int bytes)
{
	/* 4.1.5.2.1: 32 bits with NOTIFICATION_DATA, 16 without. */
	if (bytes != doorbell_bytes(proxy) || proxy->reset_left)
		return;
	proxy->kicks++;
	virtio_queue_notify(proxy->vdev, virtio_pci_doorbell_queue(proxy, offset, value));
}

/* ---- BARs ---- */

static uint32_t read_device_config(struct VirtIODevice *vdev, uint32_t offset, unsigned int bytes)
{
	uint8_t buf[4] = { 0 };

	virtio_config_read(vdev, offset, buf, bytes);
	return pci_get_long(buf);
}

static void write_device_config(struct VirtIODevice *vdev, uint32_t offset, uint32_t value,
				unsigned int bytes)
{
	uint8_t buf[4];

	pci_set_long(buf, value);
	virtio_config_write(vdev, offset, buf, bytes);
}

/* The byte of a shared memory region at @offset of its BAR; NULL between them. */
static uint8_t *shared_byte(struct VirtIOPCIProxy *proxy, uint64_t offset, unsigned int bytes)
{
	for (unsigned int i = 0; i < VIRTIO_PCI_SHM_MAX; i++) {
		const struct VirtIOPCISharedMemory *shm = &proxy->conf.shm[i];
		uint64_t at = offset - proxy->shm_offset[i];

		if (at < shm->bytes && shm->bytes - at >= bytes)
			return shm->memory + at;
	}
	return NULL;
}

/* Which structure an access goes to; false if none is there. */
static bool find_place(const struct VirtIOPCIProxy *proxy, unsigned int bar, uint64_t offset,
		       struct virtio_pci_access *access)
{
	static const enum virtio_pci_place modern[] = {
		VIRTIO_PCI_AT_COMMON,
		VIRTIO_PCI_AT_ISR,
		VIRTIO_PCI_AT_DEVICE,
	};
	uint32_t header = virtio_pci_legacy_header(proxy);

	access->offset = (uint32_t)offset;
	if (bar == VIRTIO_PCI_BAR_LEGACY) {
		access->place =
			offset < header ? VIRTIO_PCI_AT_LEGACY : VIRTIO_PCI_AT_LEGACY_DEVICE;
		if (offset >= header)
			access->offset -= header;
		return true;
	}
	if (bar != VIRTIO_PCI_BAR_MODERN)
		return false;
	if (offset < VIRTIO_PCI_NOTIFY_OFFSET) {
		access->place = modern[offset / VIRTIO_PCI_STRUCT_BYTES];
		access->offset %= VIRTIO_PCI_STRUCT_BYTES;
		return true;
	}
	access->place = VIRTIO_PCI_AT_NOTIFY;
	access->offset -= VIRTIO_PCI_NOTIFY_OFFSET;
	return access->offset < proxy->notify_bytes;
}

static uint32_t read_place(struct VirtIOPCIProxy *proxy, const struct virtio_pci_access *access)
{
	uint32_t header = virtio_pci_legacy_header(proxy);

	switch (access->place) {
	case VIRTIO_PCI_AT_COMMON:
		return virtio_pci_common_read(proxy, access->offset, access->bytes);
	case VIRTIO_PCI_AT_ISR:
		return access->offset ? 0 : virtio_pci_read_isr(proxy);
	case VIRTIO_PCI_AT_DEVICE:
		return read_device_config(proxy->vdev, access->offset, access->bytes);
	case VIRTIO_PCI_AT_LEGACY:
		return virtio_pci_legacy_read(proxy, access->offset, access->bytes);
	case VIRTIO_PCI_AT_LEGACY_DEVICE:
		return virtio_pci_legacy_read(proxy, access->offset + header, access->bytes);
	default:
		return 0; /* nothing is to be read from a doorbell */
	}
}

static void write_place(struct VirtIOPCIProxy *proxy, const struct virtio_pci_access *access)
{
	uint32_t header = virtio_pci_legacy_header(proxy), value = access->value;

	switch (access->place) {
	case VIRTIO_PCI_AT_COMMON:
		virtio_pci_common_write(proxy, access->offset, value, access->bytes);
		break;
	case VIRTIO_PCI_AT_DEVICE:
		if (!proxy->reset_left)
			write_device_config(proxy->vdev, access->offset, value, access->bytes);
		break;
	case VIRTIO_PCI_AT_NOTIFY:
		ring(proxy, access->offset, value, access->bytes);
		break;
	case VIRTIO_PCI_AT_LEGACY:
		virtio_pci_legacy_write(proxy, access->offset, value, access->bytes);
		break;
	case VIRTIO_PCI_AT_LEGACY_DEVICE:
		virtio_pci_legacy_write(proxy, access->offset + header, value, access->bytes);
		break;
	default:
		break;
	}
}

static uint32_t bar_read(struct PCIDevice *dev, unsigned int bar, uint64_t offset,
			 unsigned int bytes)
{
	struct VirtIOPCIProxy *proxy = proxy_of(dev);
	struct virtio_pci_access access = { .bytes = bytes };
	uint32_t value = 0;
	uint8_t *byte;

	if (bar == VIRTIO_PCI_BAR_SHM) {
		byte = shared_byte(proxy, offset, bytes);
		for (unsigned int i = 0; byte && i < bytes; i++)
			value |= (uint32_t)byte[i] << 8 * i;
		return value;
	}
	if (!find_place(proxy, bar, offset, &access))
		return 0;
	look_at_power(proxy);
	access.value = read_place(proxy, &access);
	if (proxy->strict)
		virtio_strict_access(proxy->strict, &access);
	return access.value;
}

static void bar_write(struct PCIDevice *dev, unsigned int bar, uint64_t offset, uint32_t value,
		      unsigned int bytes)
{
	struct VirtIOPCIProxy *proxy = proxy_of(dev);
	struct virtio_pci_access access = { .bytes = bytes, .write = true, .value = value };
	uint8_t *byte;

	if (bar == VIRTIO_PCI_BAR_SHM) {
		byte = shared_byte(proxy, offset, bytes);
		for (unsigned int i = 0; byte && i < bytes; i++)
			byte[i] = (uint8_t)(value >> 8 * i);
		return;
	}
	if (!find_place(proxy, bar, offset, &access))
		return;
	look_at_power(proxy);
	if (proxy->strict)
		virtio_strict_access(proxy->strict, &access);
	write_place(proxy, &access);
}

/* ---- config space ---- */

/* 4.1.4.9: what the window's capability points at now; false if it is not one of ours. */
static bool window(struct VirtIOPCIProxy *proxy, unsigned int *bar, uint32_t *offset,
		   uint32_t *bytes)
{
	const uint8_t *cap = proxy->pci.config + proxy->cfg_cap;

	*bar = cap[offsetof(struct virtio_pci_cap, bar)];
	*offset = pci_get_long(cap + offsetof(struct virtio_pci_cap, offset));
	*bytes = pci_get_long(cap + offsetof(struct virtio_pci_cap, length));
	if (*bytes != 1 && *bytes != 2 && *bytes != 4)
		return false;
	return *offset % *bytes == 0 &&
	       (*bar == VIRTIO_PCI_BAR_MODERN || *bar == VIRTIO_PCI_BAR_SHM);
}

static bool touches_window(const struct VirtIOPCIProxy *proxy, unsigned int offset,
			   unsigned int bytes)
{
	return proxy->cfg_cap &&
	       pci_touches(offset, bytes, proxy->cfg_cap + sizeof(struct virtio_pci_cap), 4);
}

static void tell_strict(struct VirtIOPCIProxy *proxy, enum virtio_pci_place place, uint32_t offset,
			unsigned int bytes, bool write)
{
	struct virtio_pci_access access = { place, offset, bytes, write, 0 };

	if (proxy->strict)
		virtio_strict_access(proxy->strict, &access);
}

static void config_read(struct PCIDevice *dev, unsigned int offset, unsigned int bytes)
{
	struct VirtIOPCIProxy *proxy = proxy_of(dev);
	uint8_t *data = dev->config + proxy->cfg_cap + sizeof(struct virtio_pci_cap);
	uint32_t at, len, value;
	unsigned int bar;

	if (!touches_window(proxy, offset, bytes))
		return;
	tell_strict(proxy, VIRTIO_PCI_AT_WINDOW, offset, bytes, false);
	if (!window(proxy, &bar, &at, &len))
		return;
	value = pci_bar_read(dev, bar, at, len);
	for (unsigned int i = 0; i < len; i++)
		data[i] = (uint8_t)(value >> 8 * i);
}

static void config_written(struct PCIDevice *dev, unsigned int offset, unsigned int bytes)
{
	struct VirtIOPCIProxy *proxy = proxy_of(dev);
	uint32_t at, len;
	unsigned int bar;

	look_at_power(proxy);
	if (!touches_window(proxy, offset, bytes)) {
		tell_strict(proxy, VIRTIO_PCI_AT_CONFIG, offset, bytes, true);
		return;
	}
	tell_strict(proxy, VIRTIO_PCI_AT_WINDOW, offset, bytes, true);
	if (window(proxy, &bar, &at, &len))
		pci_bar_write(
			dev, bar, at,
			pci_get_long(dev->config + proxy->cfg_cap + sizeof(struct virtio_pci_cap)),
			len);
}

static const struct PCIDeviceClass virtio_pci_class = {
	.bar_read = bar_read,
	.bar_write = bar_write,
	.config_read = config_read,
	.config_written = config_written,
	.reset = function_reset,
	.gone = function_gone,
};

/* ---- realize ---- */

/* 4.1.2.1: the ids that some device types had before the numbers were ordered; 0: none. */
static uint16_t transitional_id(uint16_t device_id)
{
	static const uint16_t ids[] = {
		[1] = 0x1000, [2] = 0x1001, [3] = 0x1003, [4] = 0x1005,
		[5] = 0x1002, [8] = 0x1004, [9] = 0x1009,
	};

	return device_id < sizeof(ids) / sizeof(*ids) ? ids[device_id] : 0;
}

/* What QEMU's devices of the type say they are. */
static uint32_t class_code(uint16_t device_id)
{
	switch (device_id) {
	case 1:
		return 0x020000; /* Ethernet controller */
	case 2:
	case 8:
		return 0x010000; /* SCSI storage controller */
	case 3:
		return 0x078000; /* communication controller */
	}
	return 0x00ff00;
}

static uint64_t power_of_two(uint64_t bytes, uint64_t least)
{
	while (least < bytes)
		least *= 2;
	return least;
}

static unsigned int add_cap(struct VirtIOPCIProxy *proxy, uint8_t type, uint8_t bar,
			    uint64_t offset, uint64_t length, unsigned int bytes)
{
	unsigned int at = pci_add_capability(&proxy->pci, PCI_CAP_ID_VNDR, bytes);
	uint8_t *cap = proxy->pci.config + at;

	if (!at)
		return 0;
	cap[offsetof(struct virtio_pci_cap, cap_len)] = (uint8_t)bytes;
	cap[offsetof(struct virtio_pci_cap, cfg_type)] = type;
	cap[offsetof(struct virtio_pci_cap, bar)] = bar;
	pci_set_long(cap + offsetof(struct virtio_pci_cap, offset), (uint32_t)offset);
	pci_set_long(cap + offsetof(struct virtio_pci_cap, length), (uint32_t)length);
	return at;
}

/* 4.1.4.1: a reserved type, and a reserved BAR, both to be passed over. */
static bool add_extra_caps(struct VirtIOPCIProxy *proxy)
{
	return add_cap(proxy, 0x7f, VIRTIO_PCI_BAR_MODERN, 0, 64, 16) &&
	       add_cap(proxy, VIRTIO_PCI_CAP_COMMON_CFG, 7, 0, 64, 16);
}

static bool add_window(struct VirtIOPCIProxy *proxy)
{
	unsigned int cap = add_cap(proxy, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0, 20);
	uint8_t *wmask = proxy->pci.wmask + cap;

	if (!cap)
		return false;
	proxy->cfg_cap = cap;
	wmask[offsetof(struct virtio_pci_cap, bar)] = 0xff;
	pci_set_long(wmask + offsetof(struct virtio_pci_cap, offset), 0xffffffff);
	pci_set_long(wmask + offsetof(struct virtio_pci_cap, length), 0xffffffff);
	pci_set_long(wmask + sizeof(struct virtio_pci_cap), 0xffffffff);
	return true;
}

/* 4.1.4.8: length is of the whole capability, in the place of a virtio capability's type. */
static bool add_vendor_cap(struct VirtIOPCIProxy *proxy)
{
	unsigned int at = pci_add_capability(&proxy->pci, PCI_CAP_ID_VNDR, 12);
	uint8_t *cap = proxy->pci.config + at;

	if (!at || proxy->conf.vendor_id == VIRTIO_PCI_VENDOR_ID)
		return false;
	cap[2] = 12;
	cap[3] = VIRTIO_PCI_CAP_VENDOR_CFG;
	pci_set_word(cap + 4, proxy->conf.vendor_id);
	pci_set_long(cap + 8, proxy->conf.vendor_data);
	return true;
}

static bool add_shared_memory(struct VirtIOPCIProxy *proxy)
{
	uint64_t used = 0;

	for (unsigned int i = 0; i < VIRTIO_PCI_SHM_MAX; i++) {
		const struct VirtIOPCISharedMemory *shm = &proxy->conf.shm[i];
		unsigned int cap;

		if (!shm->bytes)
			continue;
		cap = add_cap(proxy, VIRTIO_PCI_CAP_SHARED_MEMORY_CFG, VIRTIO_PCI_BAR_SHM, used,
			      shm->bytes, 24);
		if (!cap)
			return false;
		proxy->pci.config[cap + offsetof(struct virtio_pci_cap, id)] = shm->id;
		pci_set_long(proxy->pci.config + cap + 16, (uint32_t)(used >> 32));
		pci_set_long(proxy->pci.config + cap + 20, (uint32_t)(shm->bytes >> 32));
		proxy->shm_offset[i] = (uint32_t)used;
		used += shm->bytes;
	}
	if (used)
		pci_register_bar(&proxy->pci, VIRTIO_PCI_BAR_SHM, PCI_BAR_MEM64, true,
				 power_of_two(used, 4096));
	return true;
}

static bool add_modern(struct VirtIOPCIProxy *proxy)
{
	const struct VirtIOPCIConf *conf = &proxy->conf;
	uint32_t multiplier = conf->notify_off_multiplier;
	bool data = proxy->vdev->host_features[0] >> VIRTIO_F_NOTIFICATION_DATA & 1;
	uint8_t bar = VIRTIO_PCI_BAR_MODERN;
	/* 4.1.4.1: a driver takes a capability that is longer than it knows. */
	unsigned int more = conf->extra_caps ? 8 : 0, cap;

	/* 4.1.4.4.1: 0 or a power of two, 2 or more; 4 or more if doorbells have 32 bits. */
	if (multiplier & (multiplier - 1) || multiplier == 1 || (data && multiplier == 2))
		return false;
	proxy->notify_bytes = multiplier ? multiplier * proxy->vdev->num_queues : 4;
	if (proxy->notify_bytes < 4)
		proxy->notify_bytes = 4;
	pci_register_bar(&proxy->pci, bar, PCI_BAR_MEM64, true,
			 power_of_two(VIRTIO_PCI_NOTIFY_OFFSET + proxy->notify_bytes, 0x4000));
	if (conf->extra_caps && !add_extra_caps(proxy))
		return false;
	if (!add_cap(proxy, VIRTIO_PCI_CAP_COMMON_CFG, bar, VIRTIO_PCI_COMMON_OFFSET,
		     sizeof(struct virtio_pci_common_cfg), 16 + more) ||
	    !add_cap(proxy, VIRTIO_PCI_CAP_ISR_CFG, bar, VIRTIO_PCI_ISR_OFFSET, 1, 16))
		return false;
	/* 4.1.4.6: only for a device type that has any. */
	if (proxy->vdev->class->config_size &&
	    !add_cap(proxy, VIRTIO_PCI_CAP_DEVICE_CFG, bar, VIRTIO_PCI_DEVICE_OFFSET,
		     proxy->vdev->class->config_size, 16))
		return false;
	cap = add_cap(proxy, VIRTIO_PCI_CAP_NOTIFY_CFG, bar, VIRTIO_PCI_NOTIFY_OFFSET,
		      proxy->notify_bytes, sizeof(struct virtio_pci_notify_cap));
	if (!cap)
		return false;
	pci_set_long(proxy->pci.config + cap +
			     offsetof(struct virtio_pci_notify_cap, notify_off_multiplier),
		     multiplier);
	return add_window(proxy) && add_shared_memory(proxy) &&
	       (!conf->vendor_id || add_vendor_cap(proxy));
}

/* 4.1.4.10: header and device config, both MSI-X vectors counted in. */
static void add_legacy(struct VirtIOPCIProxy *proxy)
{
	pci_register_bar(&proxy->pci, VIRTIO_PCI_BAR_LEGACY, PCI_BAR_IO, false,
			 power_of_two(24 + proxy->vdev->class->config_size, 32));
}

static bool add_msix(struct VirtIOPCIProxy *proxy)
{
	unsigned int vectors = proxy->conf.vectors;
	uint32_t pba = (uint32_t)power_of_two(vectors * PCI_MSIX_ENTRY_BYTES, 2048);

	if (!vectors)
		return true;
	pci_register_bar(&proxy->pci, VIRTIO_PCI_BAR_MSIX, PCI_BAR_MEM32, false,
			 power_of_two(pba + (vectors + 63) / 64 * 8, 4096));
	return msix_init(&proxy->pci, vectors, proxy->msix, VIRTIO_PCI_BAR_MSIX, 0, pba);
}

/* What each interface has to offer, and cannot. */
static void set_features(struct VirtIOPCIProxy *proxy)
{
	uint64_t *features = proxy->vdev->host_features;

	if (proxy->conf.interface == VIRTIO_PCI_LEGACY) {
		features[0] &= 0xffffffff;
		features[1] = 0;
	} else {
		virtio_add_feature(features, VIRTIO_F_VERSION_1); /* 6.2 */
	}
	if (proxy->conf.interface != VIRTIO_PCI_MODERN)
		virtio_add_feature(features, 27); /* 6.3: ANY_LAYOUT */
}

static void identify(struct VirtIOPCIProxy *proxy, struct PCIIdentity *identity)
{
	uint16_t id = proxy->vdev->class->device_id;
	bool modern = proxy->conf.interface == VIRTIO_PCI_MODERN;

	*identity = (struct PCIIdentity){
		.vendor = VIRTIO_PCI_VENDOR_ID,
		.device = modern ? VIRTIO_PCI_DEVICE_ID_MODERN + id : transitional_id(id),
		.subsystem_vendor = VIRTIO_PCI_VENDOR_ID,
		/* 4.1.2.3: where the device id is not the virtio id, this is. */
		.subsystem = modern ? SUBSYSTEM_MODERN : id,
		.class_code = proxy->conf.class_code ? proxy->conf.class_code : class_code(id),
		.revision = modern,
		.interrupt_pin = 1,
		.express = proxy->conf.express,
	};
}

bool virtio_pci_realize(struct VirtIOPCIProxy *proxy, struct VirtIODevice *vdev,
			const struct VirtIOPCIConf *conf)
{
	struct PCIIdentity identity;

	__builtin_memset(proxy, 0, sizeof(*proxy));
	proxy->vdev = vdev;
	proxy->conf = *conf;
	vdev->bus = &virtio_pci_bus;
	vdev->transport = proxy;
	vdev->stopped = true; /* until bus mastering is on */
	identify(proxy, &identity);
	if (!identity.device || conf->vectors > PCI_MSIX_MAX)
		return false;
	set_features(proxy);
	pci_device_init(&proxy->pci, &virtio_pci_class, &identity);
	if (conf->interface != VIRTIO_PCI_MODERN)
		add_legacy(proxy);
	if (conf->interface != VIRTIO_PCI_LEGACY && !add_modern(proxy))
		return false;
	if (!add_msix(proxy) || (conf->pm && !pci_pm_init(&proxy->pci, conf->no_soft_reset)))
		return false;
	return !conf->express || pci_express_init(&proxy->pci, PCI_EXP_TYPE_ENDPOINT);
}

void virtio_pci_sriov_bars(struct VirtIOPCIProxy *pf, const struct VirtIOPCIProxy *vf)
{
	for (unsigned int bar = 0; bar < PCI_BARS; bar++)
		if (vf->pci.bars[bar].kind != PCI_BAR_NONE)
			pci_sriov_register_bar(&pf->pci, bar, vf->pci.bars[bar].kind,
					       vf->pci.bars[bar].prefetch, vf->pci.bars[bar].size);
}
