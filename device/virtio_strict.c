/* SPDX-License-Identifier: MIT */
/*
 * The strict mode: status, features, config space, and which access means what.
 *
 * Everything here is judged by what the device can see. Whether a driver had a reason it cannot;
 * so only what no driver has a reason for is recorded.
 */
#include "virtio_strict_internal.h"

#define AT(field) offsetof(struct virtio_pci_common_cfg, field)

const struct virtio_strict_rule virtio_strict_rules[STRICT_CHECKS] = {
	[STRICT_NO_RESET_FIRST] = { "no-reset-first", "init.01",
				    "the device is reset before its status is set" },
	[STRICT_RESET_NOT_AWAITED] = { "reset-not-awaited", "pci.common.21",
				       "after a reset the driver waits until status reads 0" },
	[STRICT_STATUS_BIT_CLEARED] = { "status-bit-cleared", "status.02",
					"a bit of the status is cleared by a reset only" },
	[STRICT_STEP_SKIPPED] = { "step-skipped", "status.01",
				  "the bits of the status are set in their order" },
	[STRICT_STATUS_AFTER_FAILED] = { "status-after-failed", "status.03",
					 "after FAILED comes a reset before anything else" },
	[STRICT_GOES_ON_AFTER_FAILED] = { "goes-on-after-failed", "init.05",
					  "a driver that has set FAILED does not go on" },
	[STRICT_DRIVER_OK_TOO_EARLY] = { "driver-ok-too-early", "init.01",
					 "DRIVER_OK is set once FEATURES_OK is" },
	[STRICT_FEATURES_OK_NOT_READ] = { "features-ok-not-read", "init.01",
					  "status is read again to see that FEATURES_OK is set" },
	[STRICT_CONFIG_WRITTEN_TOO_EARLY] = { "config-written-too-early", "init.02b",
					      "config is not written before FEATURES_OK" },
	[STRICT_BUS_MASTERING_OFF] = { "bus-mastering-off", "PCI 3.0, 6.2.2",
				       "bus mastering is on when the device is to use memory" },
	[STRICT_FEATURE_NOT_OFFERED] = { "feature-not-offered", "feat.01a",
					 "no feature is accepted that was not offered" },
	[STRICT_FEATURE_WITHOUT_BASE] = { "feature-without-base", "feat.01b",
					  "no feature is accepted without those it builds on" },
	[STRICT_FEATURE_RESERVED] = { "feature-reserved", "feat.03b",
				      "no reserved feature is accepted, even if it is offered" },
	[STRICT_FEATURES_TOO_EARLY] = { "features-too-early", "init.01",
					"features are accepted once DRIVER is set" },
	[STRICT_FEATURES_NOT_LOOKED_AT] = { "features-not-looked-at", "feat.02",
					    "what is offered is read before it is accepted" },
	[STRICT_FEATURES_TOO_LATE] = { "features-too-late", "init.03",
				       "no feature is accepted after FEATURES_OK" },
	[STRICT_VERSION_1_REFUSED] = { "version-1-refused", "resv.01",
				       "VERSION_1 is accepted if it is offered" },
	[STRICT_SR_IOV_WITHOUT_CAPABILITY] = { "sr-iov-without-capability", "resv.09",
					       "SR_IOV is accepted from a function that has it" },
	[STRICT_VFS_BEFORE_FEATURES] = { "vfs-before-features", "resv.10",
					 "virtual functions wait until SR_IOV is agreed" },
	[STRICT_ACCESS_WIDTH] = { "access-width", "pci.access.01",
				  "a field is accessed as a whole, a 64-bit one by halves" },
	[STRICT_READ_ONLY_WRITTEN] = { "read-only-written", "pci.common.17",
				       "a field that is the device's to say is not written" },
	[STRICT_QUEUE_NOT_THERE] = { "queue-not-there", "4.1.5.1.3",
				     "no field is written of a queue that there is not" },
	[STRICT_QUEUE_SIZE_ZERO] = { "queue-size-zero", "pci.common.18",
				     "0 is not written to queue_size" },
	[STRICT_QUEUE_SIZE_UNEVEN] = { "queue-size-uneven", "pci.common.19",
				       "a split queue's size is a power of two" },
	[STRICT_QUEUE_SIZE_TOO_LARGE] = { "queue-size-too-large", "4.1.4.3",
					  "queue_size is at most what the device offered" },
	[STRICT_QUEUE_TOO_EARLY] = { "queue-too-early", "init.01",
				     "queues are enabled once FEATURES_OK is set" },
	[STRICT_QUEUE_TOO_LATE] = { "queue-too-late", "init.01",
				    "queues are enabled before DRIVER_OK, or after their reset" },
	[STRICT_QUEUE_INCOMPLETE] = { "queue-incomplete", "pci.common.20",
				      "all addresses are written before queue_enable" },
	[STRICT_QUEUE_MISALIGNED] = { "queue-misaligned", "split.layout.01 packed.layout.01",
				      "the parts of a ring are aligned" },
	[STRICT_QUEUE_CHANGED_LIVE] = { "queue-changed-live", "pci.common.20",
					"an enabled queue's fields are left alone" },
	[STRICT_QUEUE_ENABLE_ZERO] = { "queue-enable-zero", "pci.common.22",
				       "0 is not written to queue_enable" },
	[STRICT_USED_FLAGS_NOT_ZERO] = { "used-flags-not-zero", "split.availnotif.01",
					 "flags of a new used ring are 0" },
	[STRICT_QUEUE_RESET_UNKNOWN] = { "queue-reset-unknown", "pci.common.23",
					 "queue_reset is written if RING_RESET is agreed" },
	[STRICT_QUEUE_RESET_NOT_AWAITED] = { "queue-reset-not-awaited", "vqreset.03",
					     "after a queue's reset queue_reset is read as 0" },
	[STRICT_VECTOR_OUTSIDE_TABLE] = { "vector-outside-table", "pci.msix.13",
					  "no vector is named that the table has not" },
	[STRICT_VECTOR_NOT_READ] = { "vector-not-read", "pci.msix.14",
				     "a vector that was written is read back" },
	[STRICT_ISR_READ_WITH_MSIX] = { "isr-read-with-msix", "pci.isr.06",
					"the ISR is not read for a queue while MSI-X is on" },
	[STRICT_KICK_TOO_EARLY] = { "kick-too-early", "init.06",
				    "no doorbell is rung before DRIVER_OK" },
	[STRICT_KICK_NO_QUEUE] = { "kick-no-queue", "4.1.5.2",
				   "only doorbells of enabled queues are rung" },
	[STRICT_KICK_NOT_16_BITS] = { "kick-not-16-bits", "pci.kick.01",
				      "a doorbell has 16 bits without NOTIFICATION_DATA" },
	[STRICT_KICK_NOT_32_BITS] = { "kick-not-32-bits", "pci.kick.02",
				      "a doorbell has 32 bits with NOTIFICATION_DATA" },
	[STRICT_KICK_NOT_INDEX] = { "kick-not-index", "pci.kick.03 pci.kick.04",
				    "a doorbell says the queue's index" },
	[STRICT_KICK_NOT_CONFIG_DATA] = { "kick-not-config-data", "pci.kick.05 pci.kick.06",
					  "a doorbell says queue_notif_config_data, if agreed" },
	[STRICT_KICK_NEXT_OFF] = { "kick-next-off", "packed.desc.06",
				   "a doorbell says where the next buffer will be" },
	[STRICT_AVAIL_FLAGS] = { "avail-flags", "split.usednotif.01 split.usednotif.03",
				 "the driver's flags are among those that mean something" },
	[STRICT_ENTRY_ALTERED] = { "entry-altered", "cleanup.01",
				   "descriptors of exposed buffers are left alone" },
	[STRICT_RING_FREED] = { "ring-freed", "cleanup.02",
				"a live ring's memory is not given back" },
	[STRICT_BUFFER_FREED] = { "buffer-freed", "cleanup.02",
				  "an exposed buffer's memory is not given back" },
	[STRICT_CAPABILITY_WRITTEN] = { "capability-written", "pci.cap.07",
					"capabilities are not written, but for the window's" },
	[STRICT_WINDOW_MISALIGNED] = { "window-misaligned", "pci.cfgcap.04a pci.cfgcap.04b",
				       "the window's offset is a multiple of its length" },
	[STRICT_WINDOW_OUTSIDE] = { "window-outside", "pci.cfgcap.05",
				    "the window looks into a structure of the device" },
	[STRICT_INTERFACES_MIXED] = { "interfaces-mixed", "feat.legacy.04",
				      "one interface is used, legacy or modern" },
	[STRICT_LEGACY_FEATURES_OK] = { "legacy-features-ok", "init.legacy.01",
					"a legacy device has no FEATURES_OK" },
	[STRICT_LEGACY_BIT_30] = { "legacy-bit-30", "resv.legacy.04", "bit 30 is not accepted" },
};

void strict_record(struct VirtIOStrict *strict, enum virtio_strict_check check,
		   const struct virtio_pci_access *access)
{
	if (strict->total < STRICT_KEPT)
		strict->kept[strict->total] = (struct virtio_strict_offence){
			.check = check,
			.where = access->offset,
			.value = access->value,
			.queue = strict->proxy->queue_sel,
		};
	strict->counts[check]++;
	strict->total++;
}

void virtio_strict_init(struct VirtIOStrict *strict, struct VirtIOPCIProxy *proxy)
{
	__builtin_memset(strict, 0, sizeof(*strict));
	strict->proxy = proxy;
	proxy->strict = strict;
}

void virtio_strict_clear(struct VirtIOStrict *strict)
{
	__builtin_memset(strict->counts, 0, sizeof(strict->counts));
	strict->total = 0;
}

/* ---- status ---- */

/* The driver starts over; what it did before does not count any more. */
static void started_over(struct VirtIOStrict *strict, bool modern)
{
	strict->was_reset = true;
	strict->reset_unread = modern; /* 4.1.4.3.2 speaks of this register; legacy has no rule */
	strict->features_ok_unread = false;
	strict->features_seen = 0;
	strict->config_vector_unread = false;
	strict->modern = false;
	strict->legacy = false;
	__builtin_memset(strict->queues, 0, sizeof(strict->queues));
}

/* Was a bit set before the one that comes before it? */
static bool skips(uint8_t status, bool legacy)
{
	static const uint8_t steps[] = {
		VIRTIO_STATUS_ACKNOWLEDGE,
		VIRTIO_STATUS_DRIVER,
		VIRTIO_STATUS_FEATURES_OK,
		VIRTIO_STATUS_DRIVER_OK,
	};
	bool missing = false;

	for (unsigned int i = 0; i < sizeof(steps); i++) {
		bool set = status & steps[i];

		/* Without FEATURES_OK is a matter of its own, and legacy has none. */
		if (steps[i] == VIRTIO_STATUS_FEATURES_OK && (legacy || !set))
			continue;
		if (set && missing)
			return true;
		missing |= !set;
	}
	return false;
}

static void features_chosen(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	struct VirtIODevice *vdev = strict->proxy->vdev;

	if (vdev->host_features[0] >> VIRTIO_F_VERSION_1 & 1 &&
	    !strict_feature(strict, VIRTIO_F_VERSION_1))
		strict_record(strict, STRICT_VERSION_1_REFUSED, access);
	if (vdev->class->validate_features &&
	    !vdev->class->validate_features(vdev, vdev->guest_features))
		strict_record(strict, STRICT_FEATURE_WITHOUT_BASE, access);
	if (strict_feature(strict, 37) && !strict->proxy->pci.sriov_cap)
		strict_record(strict, STRICT_SR_IOV_WITHOUT_CAPABILITY, access);
	strict->features_ok_unread = true;
}

static void goes_live(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
		      bool legacy)
{
	if (!legacy && !strict_status(strict, VIRTIO_STATUS_FEATURES_OK))
		strict_record(strict, STRICT_DRIVER_OK_TOO_EARLY, access);
	if (strict->features_ok_unread)
		strict_record(strict, STRICT_FEATURES_OK_NOT_READ, access);
	if (strict_vectors_unread(strict))
		strict_record(strict, STRICT_VECTOR_NOT_READ, access);
	if (!pci_can_master(&strict->proxy->pci))
		strict_record(strict, STRICT_BUS_MASTERING_OFF, access);
}

static void status_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			   bool legacy)
{
	uint8_t old = strict->proxy->vdev->status & ~VIRTIO_STATUS_NEEDS_RESET;
	uint8_t value = (uint8_t)access->value, set = value & ~old;

	if (!value) {
		started_over(strict, !legacy);
		return;
	}
	if (!strict->was_reset)
		strict_record(strict, STRICT_NO_RESET_FIRST, access);
	if (old & ~value)
		strict_record(strict, STRICT_STATUS_BIT_CLEARED, access);
	if (old & VIRTIO_STATUS_FAILED && set)
		strict_record(strict, STRICT_STATUS_AFTER_FAILED, access);
	if (skips(old | value, legacy))
		strict_record(strict, STRICT_STEP_SKIPPED, access);
	if (legacy && set & VIRTIO_STATUS_FEATURES_OK)
		strict_record(strict, STRICT_LEGACY_FEATURES_OK, access);
	else if (set & VIRTIO_STATUS_FEATURES_OK)
		features_chosen(strict, access);
	if (set & VIRTIO_STATUS_DRIVER_OK)
		goes_live(strict, access, legacy);
}

static void status_read(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	if (!access->value)
		strict->reset_unread = false;
	strict->features_ok_unread = false;
	if (access->value & VIRTIO_STATUS_FEATURES_OK && strict_feature(strict, 37))
		strict->sr_iov_agreed = true;
}

/* ---- features ---- */

/* 2.2, 6: bits of a word that mean nothing yet, or nothing to a modern driver. */
static uint32_t reserved_bits(uint32_t word)
{
	if (word == 0)
		return 1u << 30;
	if (word == 1)
		return 0x3f000;		  /* 44 to 49 */
	return word < 4 ? 0 : 0xffffffff; /* from 128 on */
}

static void features_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	uint32_t word = strict->proxy->gfselect, value = access->value;
	uint32_t seen = 1u << (word < 31 ? word : 31);

	if (strict_status(strict, VIRTIO_STATUS_FEATURES_OK))
		strict_record(strict, STRICT_FEATURES_TOO_LATE, access);
	if (!strict_status(strict, VIRTIO_STATUS_DRIVER))
		strict_record(strict, STRICT_FEATURES_TOO_EARLY, access);
	if (value & ~virtio_get_host_features(strict->proxy->vdev, word))
		strict_record(strict, STRICT_FEATURE_NOT_OFFERED, access);
	if (value & reserved_bits(word))
		strict_record(strict, STRICT_FEATURE_RESERVED, access);
	if (value && !(strict->features_seen & seen))
		strict_record(strict, STRICT_FEATURES_NOT_LOOKED_AT, access);
}

/* ---- the common configuration structure ---- */

static void common_read(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			const struct virtio_pci_field *field)
{
	uint32_t word = strict->proxy->dfselect;

	if (field->of_queue)
		strict_queue_read(strict, access);
	else if (field->offset == AT(device_status))
		status_read(strict, access);
	else if (field->offset == AT(device_feature))
		strict->features_seen |= 1u << (word < 31 ? word : 31);
	else if (field->offset == AT(config_msix_vector))
		strict->config_vector_unread = false;
}

static void common_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access,
			   const struct virtio_pci_field *field)
{
	bool selects = field->offset == AT(device_feature_select) ||
		       field->offset == AT(driver_feature_select) ||
		       field->offset == AT(queue_select);

	if (!field->writable) {
		strict_record(strict, STRICT_READ_ONLY_WRITTEN, access);
		return;
	}
	if (field->offset == AT(device_status)) {
		status_written(strict, access, false);
		return;
	}
	if (strict_status(strict, VIRTIO_STATUS_FAILED) && !selects)
		strict_record(strict, STRICT_GOES_ON_AFTER_FAILED, access);
	if (field->of_queue)
		strict_queue_written(strict, access);
	else if (field->offset == AT(driver_feature))
		features_written(strict, access);
	else if (field->offset == AT(config_msix_vector))
		strict_vector_written(strict, access, &strict->config_vector_unread);
}

static void common(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	const struct virtio_pci_field *field = virtio_pci_common_field(access->offset);

	if (!field || field->bytes != access->bytes)
		strict_record(strict, STRICT_ACCESS_WIDTH, access);
	else if (access->write)
		common_written(strict, access, field);
	else
		common_read(strict, access, field);
}

static void isr(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	/* For a change of the config it may be read, so what counts is that it was for nothing. */
	if (!access->write && msix_enabled(&strict->proxy->pci) && !access->value)
		strict_record(strict, STRICT_ISR_READ_WITH_MSIX, access);
}

/* ---- the legacy interface ---- */

static void legacy_written(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	uint16_t sel = strict->proxy->queue_sel;

	switch (access->offset) {
	case 4:
		if (access->value & ~virtio_get_host_features(strict->proxy->vdev, 0))
			strict_record(strict, STRICT_FEATURE_NOT_OFFERED, access);
		if (access->value & 1u << 30)
			strict_record(strict, STRICT_LEGACY_BIT_30, access);
		break;
	case 8:
		strict_legacy_pfn(strict, access);
		break;
	case 16:
		strict_legacy_kick(strict, access);
		break;
	case 18:
		status_written(strict, access, true);
		break;
	case 20:
		strict_vector_written(strict, access, &strict->config_vector_unread);
		break;
	case 22:
		if (sel < VIRTIO_QUEUE_MAX)
			strict_vector_written(strict, access, &strict->queues[sel].vector_unread);
		break;
	default:
		strict_record(strict, STRICT_READ_ONLY_WRITTEN, access);
	}
}

static void legacy(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	static const uint8_t width[24] = { [0] = 4,  [4] = 4,  [8] = 4,	 [12] = 2, [14] = 2,
					   [16] = 2, [18] = 1, [19] = 1, [20] = 2, [22] = 2 };
	uint16_t sel = strict->proxy->queue_sel;

	if (width[access->offset] != access->bytes)
		strict_record(strict, STRICT_ACCESS_WIDTH, access);
	else if (access->write && access->offset != 14)
		legacy_written(strict, access);
	else if (access->offset == 18)
		status_read(strict, access);
	else if (access->offset == 19)
		isr(strict, access);
	else if (access->offset == 20)
		strict->config_vector_unread = false;
	else if (access->offset == 22 && sel < VIRTIO_QUEUE_MAX)
		strict->queues[sel].vector_unread = false;
}

/* ---- config space ---- */

/* Is [@offset, @offset + @len) of the modern BAR inside one of its structures? */
static bool in_structure(const struct VirtIOPCIProxy *proxy, uint32_t offset, uint32_t len)
{
	const struct {
		uint32_t offset, len;
	} structures[] = {
		{ VIRTIO_PCI_COMMON_OFFSET, sizeof(struct virtio_pci_common_cfg) },
		{ VIRTIO_PCI_ISR_OFFSET, 1 },
		{ VIRTIO_PCI_DEVICE_OFFSET, proxy->vdev->class->config_size },
		{ VIRTIO_PCI_NOTIFY_OFFSET, proxy->notify_bytes },
	};

	for (size_t i = 0; i < sizeof(structures) / sizeof(*structures); i++)
		if (offset >= structures[i].offset &&
		    (uint64_t)offset + len <= structures[i].offset + structures[i].len)
			return true;
	return false;
}

static void window(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	const struct VirtIOPCIProxy *proxy = strict->proxy;
	const uint8_t *cap = proxy->pci.config + proxy->cfg_cap;
	uint32_t offset = pci_get_long(cap + offsetof(struct virtio_pci_cap, offset));
	uint32_t len = pci_get_long(cap + offsetof(struct virtio_pci_cap, length));
	uint8_t bar = cap[offsetof(struct virtio_pci_cap, bar)];

	/* Whoever prints all of config space reads through a window that nobody has set up. */
	if (!access->write && !len)
		return;
	if ((len == 1 || len == 2 || len == 4) && offset % len)
		strict_record(strict, STRICT_WINDOW_MISALIGNED, access);
	else if ((len != 1 && len != 2 && len != 4) ||
		 (bar == VIRTIO_PCI_BAR_MODERN && !in_structure(proxy, offset, len)) ||
		 (bar != VIRTIO_PCI_BAR_MODERN && bar != VIRTIO_PCI_BAR_SHM))
		strict_record(strict, STRICT_WINDOW_OUTSIDE, access);
}

static void config_space(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	const struct VirtIOPCIProxy *proxy = strict->proxy;
	const uint8_t *config = proxy->pci.config;
	uint16_t sriov = proxy->pci.sriov_cap;
	uint8_t at = config[PCI_CAPABILITY_LIST];

	/* A test may have bent the list: it is not followed for ever. */
	for (int i = 0; at >= 0x40 && i < 48; at = config[at + 1], i++) {
		/* Of the window's capability bar, offset, length and data are the driver's. */
		unsigned int len = at == proxy->cfg_cap ? 4 : config[at + 2];

		if (config[at] == PCI_CAP_ID_VNDR &&
		    pci_touches(access->offset, access->bytes, at, len))
			strict_record(strict, STRICT_CAPABILITY_WRITTEN, access);
	}
	if (pci_touches(access->offset, access->bytes, sriov + PCI_SRIOV_CTRL, 2) && sriov &&
	    config[sriov + PCI_SRIOV_CTRL] & PCI_SRIOV_CTRL_VFE && !strict->sr_iov_agreed)
		strict_record(strict, STRICT_VFS_BEFORE_FEATURES, access);
}

/* ---- every access ---- */

static bool touches_status(const struct virtio_pci_access *access)
{
	return (access->place == VIRTIO_PCI_AT_COMMON && access->offset == AT(device_status)) ||
	       (access->place == VIRTIO_PCI_AT_LEGACY && access->offset == 18);
}

/* 2.2.3: between two resets, a transitional device is driven one way. */
static void note_interface(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	bool legacy_now = access->place == VIRTIO_PCI_AT_LEGACY;

	if (!access->write || (touches_status(access) && !access->value))
		return;
	if (legacy_now ? strict->modern : strict->legacy)
		strict_record(strict, STRICT_INTERFACES_MIXED, access);
	strict->legacy |= legacy_now;
	strict->modern |= !legacy_now;
}

void virtio_strict_access(struct VirtIOStrict *strict, const struct virtio_pci_access *access)
{
	bool registers = access->place < VIRTIO_PCI_AT_WINDOW;

	if (strict->reset_unread && registers && !touches_status(access))
		strict_record(strict, STRICT_RESET_NOT_AWAITED, access);
	else if (strict->reset_unread && registers && access->write && access->value)
		strict_record(strict, STRICT_RESET_NOT_AWAITED, access);
	if (access->place == VIRTIO_PCI_AT_COMMON || access->place == VIRTIO_PCI_AT_LEGACY)
		note_interface(strict, access);
	switch (access->place) {
	case VIRTIO_PCI_AT_COMMON:
		common(strict, access);
		break;
	case VIRTIO_PCI_AT_ISR:
		isr(strict, access);
		break;
	case VIRTIO_PCI_AT_DEVICE:
		if (access->write && !strict_status(strict, VIRTIO_STATUS_FEATURES_OK))
			strict_record(strict, STRICT_CONFIG_WRITTEN_TOO_EARLY, access);
		break;
	case VIRTIO_PCI_AT_NOTIFY:
		if (access->write)
			strict_kick(strict, access);
		break;
	case VIRTIO_PCI_AT_LEGACY:
		legacy(strict, access);
		break;
	case VIRTIO_PCI_AT_LEGACY_DEVICE:
		break; /* 3.1.2: may be written at any time */
	case VIRTIO_PCI_AT_WINDOW:
		window(strict, access);
		break;
	case VIRTIO_PCI_AT_CONFIG:
		config_space(strict, access);
		break;
	}
}
