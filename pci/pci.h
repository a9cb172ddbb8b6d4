/* SPDX-License-Identifier: MIT */
/*
 * Functions on the PCI bus: finding them, giving them addresses, their capabilities, interrupts,
 * power and virtual functions.
 *
 * Mirrors the part of include/linux/pci.h that a virtio driver meets; names are Linux's. Left out
 * on purpose: a driver core (virtio_pci_probe() is called by whoever wants it called), hot plug,
 * expansion ROMs, MSI (virtio has MSI-X), CardBus, and several host bridges.
 *
 * Config space is a stranger's until it is understood: it is read once, and checked, into the
 * struct here.
 */
#ifndef PCI_PCI_H
#define PCI_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/platform.h"
#include "ring/vring_errno.h"

#define PCI_STD_NUM_BARS 6
#define PCI_MAX_CAPS 48 /* that fit between 0x40 and 0xff: 192 bytes, 4 for each at least */

struct pci_bar {
	uint64_t base;	/* address; 0: it has been given none */
	uint64_t bytes; /* a power of two; 0: no such BAR, or the upper half of a 64-bit one */
	bool is_io;
	bool is_64;
};

/* A window of a bridge, or of the host bridge; .bytes 0: closed. */
struct pci_window {
	uint64_t base;
	uint64_t bytes;
};

/* What a bridge passes down. Prefetchable or not is no difference to us when we place. */
enum pci_bridge_window { PCI_BRIDGE_MEM, PCI_BRIDGE_IO, PCI_BRIDGE_PREF, PCI_BRIDGE_WINDOWS };

struct pci_dev {
	platform_bdf bdf;
	uint16_t vendor;
	uint16_t device;
	uint16_t subsystem_vendor;
	uint16_t subsystem_device;
	uint32_t class; /* class << 16 | subclass << 8 | interface */
	uint8_t revision;
	uint8_t hdr_type; /* PCI_HEADER_TYPE_…, without the multi-function bit */
	uint8_t pin;	  /* 1 for INTA# to 4 for INTD#; 0: none */
	struct pci_bar bars[PCI_STD_NUM_BARS];

	/* Capabilities in the order of the list, each once. */
	struct pci_cap {
		uint8_t pos; /* offset in config space */
		uint8_t id;
	} caps[PCI_MAX_CAPS];
	unsigned int num_caps;

	struct pci_dev *bridge; /* whose secondary bus it is on; NULL: bus 0 */
	uint8_t secondary;	/* bridges: the bus behind it; 0: none */
	uint8_t subordinate;	/* bridges: the highest bus behind it */
	struct pci_window windows[PCI_BRIDGE_WINDOWS];
	/* Private to pci_assign.c, by enum platform_space: what has no address behind the bridge.
	 */
	struct pci_need {
		uint64_t bytes;
		uint64_t align;
	} need[2];

	struct pci_dev *physfn; /* of a virtual function: whose it is; else NULL */
	unsigned int num_vfs;	/* enabled now */
	struct pci_bar vf_bars[PCI_STD_NUM_BARS];     /* each as of the first of them */
	struct pci_window vf_space[PCI_STD_NUM_BARS]; /* taken for all that there can be */

	bool msix_enabled;
	unsigned int num_vectors;
	struct pci_msix_vector *vectors; /* private to pci_msix.c */

	struct pci_saved_state {
		bool valid;
		uint16_t command;
		uint8_t cache_line, interrupt_line;
	} saved;

	void *drvdata; /* its driver's; NULL: it has none */
	struct pci_dev *next, *prev;
};

/* ---- finding functions ---- */

/**
 * pci_scan - find all functions, and give bus numbers and addresses to those that have none
 *
 * What firmware has placed stays where it is. A BAR for which there is no room keeps base 0, with a
 * message; its function is there nevertheless.
 *
 * Return: 0; -EBUSY if there are functions from an earlier scan; -ENOMEM, and nothing is kept.
 */
int pci_scan(void);

/* The functions found, bridges included: the first with NULL, NULL after the last. A function
 * behind a bridge comes after the bridge. */
struct pci_dev *pci_next(struct pci_dev *after);

/* Frees them all. They have no driver any more. */
void pci_forget(void);

static inline unsigned int pci_bus_number(const struct pci_dev *dev)
{
	return dev->bdf >> 8;
}

static inline unsigned int pci_slot(const struct pci_dev *dev)
{
	return dev->bdf >> 3 & 0x1f;
}

static inline unsigned int pci_func(const struct pci_dev *dev)
{
	return dev->bdf & 7;
}

/* "00:03.0", into 8 bytes. Return: @buf. */
const char *pci_name(const struct pci_dev *dev, char buf[8]);

/* ---- config space ---- */

uint8_t pci_read_config_byte(const struct pci_dev *dev, unsigned int offset);
uint16_t pci_read_config_word(const struct pci_dev *dev, unsigned int offset);
uint32_t pci_read_config_dword(const struct pci_dev *dev, unsigned int offset);
void pci_write_config_byte(const struct pci_dev *dev, unsigned int offset, uint8_t value);
void pci_write_config_word(const struct pci_dev *dev, unsigned int offset, uint16_t value);
void pci_write_config_dword(const struct pci_dev *dev, unsigned int offset, uint32_t value);

/* False: it was pulled out; config space reads as all ones. */
bool pci_device_is_present(const struct pci_dev *dev);

/* Offset of the first capability @id, or of the next one after @pos; 0 if there is none. */
unsigned int pci_find_capability(const struct pci_dev *dev, uint8_t id);
unsigned int pci_find_next_capability(const struct pci_dev *dev, unsigned int pos, uint8_t id);

/* The same among those from 256 on, which only PCI Express functions have. */
unsigned int pci_find_ext_capability(const struct pci_dev *dev, uint16_t id);

/* ---- life ---- */

/**
 * pci_enable_device - wake it up, and let it answer at its BARs
 *
 * Memory or I/O space is left off if one of the BARs in it has no address: it would answer
 * somewhere.
 *
 * Return: 0; -ENODEV if it is gone.
 */
int pci_enable_device(struct pci_dev *dev);

/* It may not write to memory any more, nor interrupt, by message or by the pin. */
void pci_disable_device(struct pci_dev *dev);

void pci_set_master(struct pci_dev *dev);
void pci_clear_master(struct pci_dev *dev);

/* Does it answer at that BAR now? */
bool pci_bar_mapped(const struct pci_dev *dev, unsigned int bar);

/* What sleep will lose, beside what struct pci_dev knows. */
void pci_save_state(struct pci_dev *dev);
/* Return: 0; -ENODEV if it has not come back, or another function has. */
int pci_restore_state(struct pci_dev *dev);

enum pci_power { PCI_D0 = 0, PCI_D3hot = 3 };

/**
 * pci_set_power_state - sleep, or wake up
 *
 * May block: waking up takes 10 ms. A function that cannot sleep stays awake.
 *
 * Return: 0; -EIO if it does not change its state; -ENODEV if it is gone.
 */
int pci_set_power_state(struct pci_dev *dev, enum pci_power state);

/* ---- interrupts ---- */

/* Entries of its MSI-X table; 0: it has none, or none that can be reached. */
unsigned int pci_msix_vec_count(const struct pci_dev *dev);

/**
 * pci_enable_msix - have exactly @nvec interrupts by message
 *
 * They go to the CPU we are on, and the pin is silent from now on.
 *
 * Return: 0; -ENOSPC if the function or the platform has fewer; -EBUSY if they are on already;
 * -ENOMEM; -ENODEV if the function is gone.
 */
int pci_enable_msix(struct pci_dev *dev, unsigned int nvec);
/* All handlers are freed by now. */
void pci_disable_msix(struct pci_dev *dev);

/* The number of vector @nr for platform_irq_…(). With MSI-X off, of the pin: -ENXIO if it is not
 * wired. */
int pci_irq_vector(const struct pci_dev *dev, unsigned int nr);

/* Vector @nr goes to @cpu from now on. Return: 0; -EINVAL. */
int pci_irq_set_affinity(struct pci_dev *dev, unsigned int nr, unsigned int cpu);
unsigned int pci_irq_get_affinity(const struct pci_dev *dev, unsigned int nr);

/* ---- virtual functions ---- */

/**
 * pci_enable_sriov - make @num_vfs virtual functions appear
 *
 * They come after @dev in the list, with .physfn set.
 *
 * Return: 0; -ENODEV if it has no such capability, or is gone; -EINVAL if it has not as many; -EIO
 * if it says two things about how many it has; -EBUSY if some are enabled; -ENOMEM, -ENOSPC without
 * room for them.
 */
int pci_enable_sriov(struct pci_dev *dev, unsigned int num_vfs);
/* They have no driver any more. */
void pci_disable_sriov(struct pci_dev *dev);

#endif
