/* SPDX-License-Identifier: MIT */
/*
 * A device that minds its driver's manners: every order violation that can be seen from behind the
 * registers is recorded, by the clause that it offends against.
 *
 * QEMU has no counterpart; a device is meant to be lenient. This one stays so too: it changes
 * nothing of what the device does, it only takes notes.
 */
#ifndef DEVICE_VIRTIO_STRICT_H
#define DEVICE_VIRTIO_STRICT_H

#include "virtio_pci.h"

/* One for each way to be wrong; virtio_strict_rules[] says in words what each one is. */
enum virtio_strict_check {
	/* status and order of initialization: 2.1.1, 2.4.2, 3.1.1, 4.1.4.3.2 */
	STRICT_NO_RESET_FIRST,
	STRICT_RESET_NOT_AWAITED,
	STRICT_STATUS_BIT_CLEARED,
	STRICT_STEP_SKIPPED,
	STRICT_STATUS_AFTER_FAILED,
	STRICT_GOES_ON_AFTER_FAILED,
	STRICT_DRIVER_OK_TOO_EARLY,
	STRICT_FEATURES_OK_NOT_READ,
	STRICT_CONFIG_WRITTEN_TOO_EARLY,
	STRICT_BUS_MASTERING_OFF,
	/* features: 2.2.1, 3.1.1, 6.1 */
	STRICT_FEATURE_NOT_OFFERED,
	STRICT_FEATURE_WITHOUT_BASE,
	STRICT_FEATURE_RESERVED,
	STRICT_FEATURES_TOO_EARLY,
	STRICT_FEATURES_NOT_LOOKED_AT,
	STRICT_FEATURES_TOO_LATE,
	STRICT_VERSION_1_REFUSED,
	STRICT_SR_IOV_WITHOUT_CAPABILITY,
	STRICT_VFS_BEFORE_FEATURES,
	/* the common configuration structure: 4.1.3.1, 4.1.4.3.2 */
	STRICT_ACCESS_WIDTH,
	STRICT_READ_ONLY_WRITTEN,
	STRICT_QUEUE_NOT_THERE,
	STRICT_QUEUE_SIZE_ZERO,
	STRICT_QUEUE_SIZE_UNEVEN,
	STRICT_QUEUE_SIZE_TOO_LARGE,
	STRICT_QUEUE_TOO_EARLY,
	STRICT_QUEUE_TOO_LATE,
	STRICT_QUEUE_INCOMPLETE,
	STRICT_QUEUE_MISALIGNED,
	STRICT_QUEUE_CHANGED_LIVE,
	STRICT_QUEUE_ENABLE_ZERO,
	STRICT_USED_FLAGS_NOT_ZERO,
	STRICT_QUEUE_RESET_UNKNOWN,
	STRICT_QUEUE_RESET_NOT_AWAITED,
	/* interrupts: 4.1.4.5.2, 4.1.5.1.2.2 */
	STRICT_VECTOR_OUTSIDE_TABLE,
	STRICT_VECTOR_NOT_READ,
	STRICT_ISR_READ_WITH_MSIX,
	/* doorbells: 3.1.1, 4.1.5.2.1, 2.8.16 */
	STRICT_KICK_TOO_EARLY,
	STRICT_KICK_NO_QUEUE,
	STRICT_KICK_NOT_16_BITS,
	STRICT_KICK_NOT_32_BITS,
	STRICT_KICK_NOT_INDEX,
	STRICT_KICK_NOT_CONFIG_DATA,
	STRICT_KICK_NEXT_OFF,
	/* what is in memory: 2.7.6.1, 2.7.7.1, 2.8.10, 3.3.1 */
	STRICT_AVAIL_FLAGS,
	STRICT_ENTRY_ALTERED,
	STRICT_RING_FREED,
	STRICT_BUFFER_FREED,
	/* config space: 4.1.4.1, 4.1.4.9.2 */
	STRICT_CAPABILITY_WRITTEN,
	STRICT_WINDOW_MISALIGNED,
	STRICT_WINDOW_OUTSIDE,
	/* the legacy interface: 2.2.3, 3.1.2, 6.3 */
	STRICT_INTERFACES_MIXED,
	STRICT_LEGACY_FEATURES_OK,
	STRICT_LEGACY_BIT_30,

	STRICT_CHECKS
};

struct virtio_strict_rule {
	const char *name;
	const char *clause; /* ids of the table of clauses, or a section */
	const char *sentence;
};

extern const struct virtio_strict_rule virtio_strict_rules[STRICT_CHECKS];

/* What was done when a rule was broken. */
struct virtio_strict_offence {
	enum virtio_strict_check check;
	uint32_t where; /* offset in the structure; device address of memory, low half */
	uint32_t value;
	uint16_t queue; /* as queue_select said, or the doorbell */
};

#define STRICT_KEPT 16	  /* offences kept with their circumstances; all are counted */
#define STRICT_ENTRIES 64 /* exposed buffers of one queue that are watched */

/* What is remembered of one queue. */
struct virtio_strict_queue {
	bool addresses_written[3]; /* desc, driver, device: low half, since it was reset */
	bool vector_unread;
	bool reset_unread; /* queue_reset was written, 0 was not read yet */
	bool was_reset;	   /* so that it may be enabled after DRIVER_OK */
	uint16_t first;	   /* position of the first buffer watched */
	uint16_t watched;
	uint32_t hash[STRICT_ENTRIES]; /* of the descriptors of each */
};

struct VirtIOStrict {
	struct VirtIOPCIProxy *proxy;
	unsigned long counts[STRICT_CHECKS];
	unsigned long total;
	struct virtio_strict_offence kept[STRICT_KEPT]; /* the first of them */

	/* What the driver has done, as far as registers do not tell. */
	bool was_reset;		 /* since it was plugged in */
	bool reset_unread;	 /* status was written 0, and has not been read as 0 */
	bool features_ok_unread; /* FEATURES_OK was written and not read back */
	uint32_t features_seen;	 /* words of device_feature that were read */
	bool config_vector_unread;
	bool sr_iov_agreed;  /* once is enough (6.1) */
	bool modern, legacy; /* written to since the last reset */
	struct virtio_strict_queue queues[VIRTIO_QUEUE_MAX];
};

/* @proxy: realized; from now on all accesses pass by @strict. */
void virtio_strict_init(struct VirtIOStrict *strict, struct VirtIOPCIProxy *proxy);

/* Forget all offences, but not where the driver stands. */
void virtio_strict_clear(struct VirtIOStrict *strict);

/* Memory is about to be given back by the driver; for whoever knows of that. */
void virtio_strict_memory_freed(struct VirtIOStrict *strict, uint64_t addr, uint64_t len);

#endif
