/* SPDX-License-Identifier: MIT */
/*
 * The PCI transport as a device: a virtio device behind the registers of section 4.1.
 *
 * Mirrors QEMU's hw/virtio/virtio-pci.c: the same BARs, the same places in them. Left out on
 * purpose: ioeventfds, irqfds, ATS, and the administration virtqueue, whose fields read 0.
 */
#ifndef DEVICE_VIRTIO_PCI_H
#define DEVICE_VIRTIO_PCI_H

#include "pci.h"
#include "virtio.h"

#define VIRTIO_PCI_SHM_MAX 4

/* Which of the two interfaces the function has. */
enum virtio_pci_interface {
	VIRTIO_PCI_MODERN,
	VIRTIO_PCI_TRANSITIONAL, /* both */
	VIRTIO_PCI_LEGACY,
};

/* Memory that driver and device share, of a kind the device type defines (2.10). */
struct VirtIOPCISharedMemory {
	uint8_t id;
	uint64_t bytes; /* a multiple of 4096 */
	uint8_t *memory;
};

struct VirtIOPCIConf {
	enum virtio_pci_interface interface;
	unsigned int vectors;		/* of the MSI-X table; 0: none, there is INTx */
	uint32_t notify_off_multiplier; /* 0: one doorbell for all queues; QEMU has 4 */
	bool express;			/* PCI Express endpoint, as behind a root port */
	bool pm;			/* power management capability */
	bool no_soft_reset;		/* D3hot keeps the device's state */
	uint32_t class_code;		/* 0: by the virtio device id */
	struct VirtIOPCISharedMemory shm[VIRTIO_PCI_SHM_MAX]; /* those with bytes */
	uint16_t vendor_id; /* of a vendor data capability (4.1.4.8), 0: none; not 0x1af4 */
	uint32_t vendor_data;
	bool extra_caps; /* capabilities that a driver must pass over, before the right ones */
};

/* Faults on command. What is 0 does not happen. */
struct VirtIOPCIFaults {
	unsigned int reset_reads;	/* status stays non-zero for so many reads after a reset */
	unsigned int queue_reset_reads; /* the same for queue_reset */
	bool refuse_features;		/* FEATURES_OK does not stick */
	unsigned int refuse_vectors;	/* the next so many vectors cannot be mapped */
	unsigned int lose_interrupts;	/* the next so many are not sent */
};

#define VIRTIO_PCI_FOREVER UINT32_MAX /* for faults that count */

struct VirtIOStrict;

struct VirtIOPCIProxy {
	struct PCIDevice pci; /* first: the two are one object */
	struct VirtIODevice *vdev;
	struct VirtIOPCIConf conf;
	struct VirtIOPCIFaults faults;
	struct VirtIOStrict *strict; /* who looks over the driver's shoulder; NULL: nobody */

	/* Registers. */
	uint8_t isr;
	uint32_t dfselect, gfselect;
	uint16_t queue_sel;
	uint32_t reset_left;			 /* reads until the reset is over */
	uint32_t queue_reset_left;		 /* the same, of one queue */
	uint16_t queue_in_reset;		 /* which */
	uint32_t notify_bytes;			 /* of the doorbells' structure */
	unsigned int cfg_cap;			 /* of the window in config space; 0: none */
	uint32_t shm_offset[VIRTIO_PCI_SHM_MAX]; /* in their BAR */

	unsigned long kicks, interrupts; /* taken and sent, so far */

	_Alignas(8) uint8_t msix[PCI_MSIX_MAX * PCI_MSIX_ENTRY_BYTES + PCI_MSIX_MAX / 8];
};

/**
 * virtio_pci_realize - put @vdev on PCI
 * @proxy: all of it is written; it stays where it is
 * @vdev: initialised by its model and virtio_init()
 * @conf: copied
 *
 * Then the function is proxy->pci, ready to be plugged in.
 *
 * Returns false if what @conf asks for has no room in config space, or makes no sense.
 */
bool virtio_pci_realize(struct VirtIOPCIProxy *proxy, struct VirtIODevice *vdev,
			const struct VirtIOPCIConf *conf);

/* For the function that has virtual ones: they are to have BARs like @vf's. */
void virtio_pci_sriov_bars(struct VirtIOPCIProxy *pf, const struct VirtIOPCIProxy *vf);

/* What queue_notif_config_data reads for a queue; not its index, so that a driver that mixes the
 * two up is caught (4.1.4.3). */
uint16_t virtio_pci_notif_config_data(unsigned int index);

/* BARs, as QEMU has them. */
enum {
	VIRTIO_PCI_BAR_LEGACY = 0,
	VIRTIO_PCI_BAR_MSIX = 1,
	VIRTIO_PCI_BAR_SHM = 2,
	VIRTIO_PCI_BAR_MODERN = 4
};

/* Places in the modern BAR. */
#define VIRTIO_PCI_COMMON_OFFSET 0x0000
#define VIRTIO_PCI_ISR_OFFSET 0x1000
#define VIRTIO_PCI_DEVICE_OFFSET 0x2000
#define VIRTIO_PCI_NOTIFY_OFFSET 0x3000
#define VIRTIO_PCI_STRUCT_BYTES 0x1000 /* of each of the first three */

#endif
