/* SPDX-License-Identifier: MIT */
/*
 * PCI functions and the buses they sit on, as hardware shows them to software: config space, BARs,
 * capabilities, MSI-X, INTx, bridges, power states, virtual functions.
 *
 * Mirrors QEMU's include/hw/pci/pci_device.h, msix.h and pci_bridge.h, and their names where there
 * are such. Left out on purpose: hot plug, expansion ROMs, AER, and the IOMMU.
 *
 * Nothing here allocates, locks or sleeps: one thread runs a machine. All memory is the caller's;
 * nothing may move while it is plugged in.
 */
#ifndef DEVICE_PCI_H
#define DEVICE_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_CONFIG_BYTES 256   /* of a conventional function */
#define PCIE_CONFIG_BYTES 4096 /* of a PCI Express function */
#define PCI_BARS 6
#define PCI_MSIX_ENTRY_BYTES 16
#define PCI_MSIX_MAX 2048 /* entries of a table */

struct PCIBus;
struct PCIDevice;

/* What a kind of function does beyond what all of them do. Any of these may be NULL. */
struct PCIDeviceClass {
	/* @bytes (1, 2, 4) at @offset of BAR @bar, all inside it. Without bar_read: zeroes. */
	uint32_t (*bar_read)(struct PCIDevice *dev, unsigned int bar, uint64_t offset,
			     unsigned int bytes);
	void (*bar_write)(struct PCIDevice *dev, unsigned int bar, uint64_t offset, uint32_t value,
			  unsigned int bytes);
	/* Before config space is read: bring dev->config up to date. */
	void (*config_read)(struct PCIDevice *dev, unsigned int offset, unsigned int bytes);
	/* After it was written: dev->config is new, read-only bits and all. */
	void (*config_written)(struct PCIDevice *dev, unsigned int offset, unsigned int bytes);
	/* Function level reset, or the one that ends D3hot. */
	void (*reset)(struct PCIDevice *dev);
	/* It was pulled out. */
	void (*gone)(struct PCIDevice *dev);
};

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEM32, PCI_BAR_MEM64 };

struct PCIRegion {
	enum pci_bar_kind kind;
	bool prefetch;
	uint64_t size; /* bytes, a power of two */
};

/* The numbers that a function is known by. */
struct PCIIdentity {
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem;
	uint32_t class_code; /* class << 16 | subclass << 8 | interface */
	uint8_t revision;
	uint8_t interrupt_pin; /* 0: none; 1 for INTA# to 4 for INTD# */
	bool express;	       /* config space of 4096 bytes */
};

struct PCIDevice {
	const struct PCIDeviceClass *class;
	struct PCIBus *bus; /* NULL while it is not plugged in */
	uint8_t devfn;	    /* device << 3 | function; of a virtual function, as of now */
	struct PCIDevice *next;

	/* What software sees, in the wire's order. A test may write here what it likes. */
	uint8_t config[PCIE_CONFIG_BYTES];
	uint8_t wmask[PCIE_CONFIG_BYTES];   /* bits that software can write */
	uint8_t w1cmask[PCIE_CONFIG_BYTES]; /* bits that software clears by writing 1 */
	uint8_t initial[PCIE_CONFIG_BYTES]; /* config after reset; kept at plugging in */
	unsigned int config_bytes;
	struct PCIRegion bars[PCI_BARS];

	/* For pci_add_capability(). */
	uint8_t last_cap, free_cap;
	uint16_t last_ext_cap, free_ext_cap;

	uint8_t pm_cap, express_cap, msix_cap; /* offsets in config; 0: has none */
	uint16_t sriov_cap;

	unsigned int msix_entries;
	uint8_t msix_bar;
	uint32_t msix_table, msix_pba; /* offsets in that BAR */
	uint8_t *msix_memory;	       /* table, then pending bits */
	unsigned long msix_torn;       /* times software changed a message that could be sent */
	bool no_soft_reset;	       /* D3hot keeps the state */

	bool intx_level; /* of the pin */
	bool intx_wire;	 /* of the wire: the pin, if not disabled */

	struct PCIBridge *bridge; /* this function is a bridge */
	struct PCIDevice *pf;	  /* this is a virtual function of that one */
	unsigned int vf_number;	  /* from 1 */
	struct PCIRegion vf_bars[PCI_BARS];

	/* A fault on command: it is pulled out at that access. 0: never. */
	unsigned long gone_at;
	unsigned long accesses; /* to config space and BARs, so far */
	bool gone;		/* reads as all ones, hears nothing, says nothing */
};

/* What lies beyond the root bus. */
struct PCIHostClass {
	void (*msi)(void *host, uint64_t address, uint32_t data);
	/* One function less or more pulls at the wire of that slot's pin, 1 to 4. */
	void (*intx)(void *host, unsigned int slot, unsigned int pin, bool level);
};

struct PCIBus {
	struct PCIDevice *first;
	struct PCIBridge *parent; /* NULL: the root */
	const struct PCIHostClass *class;
	void *host;
};

/* PCI-to-PCI bridge: a root port if express, else a conventional one. */
struct PCIBridge {
	struct PCIDevice dev;
	struct PCIBus secondary;
};

/* ---- making a function ---- */

/* All of @dev is written. Then BARs and capabilities are added, then it is plugged in. */
void pci_device_init(struct PCIDevice *dev, const struct PCIDeviceClass *class,
		     const struct PCIIdentity *identity);

/* @bar: a 64-bit one takes the next one too. @size: a power of two; I/O 4, memory 16 at least. */
void pci_register_bar(struct PCIDevice *dev, unsigned int bar, enum pci_bar_kind kind,
		      bool prefetch, uint64_t size);

/* Capabilities are listed in the order in which they are added. The rest of @bytes is 0, not
 * writable. Returns the offset, a multiple of 4; 0 if there is no room left. */
unsigned int pci_add_capability(struct PCIDevice *dev, uint8_t id, unsigned int bytes);
unsigned int pci_add_ext_capability(struct PCIDevice *dev, uint16_t id, uint8_t version,
				    unsigned int bytes);

/* Each returns false if config space has no room left. */
bool pci_pm_init(struct PCIDevice *dev, bool no_soft_reset);
bool pci_express_init(struct PCIDevice *dev, unsigned int port_type);
/**
 * msix_init - an MSI-X table of @entries, all masked, and its pending bits
 * @memory: pci_msix_bytes(@entries) bytes
 * @bar: one that is registered; nothing else may lie at these two places of it
 */
bool msix_init(struct PCIDevice *dev, unsigned int entries, uint8_t *memory, unsigned int bar,
	       uint32_t table, uint32_t pba);

static inline size_t pci_msix_bytes(unsigned int entries)
{
	return entries * PCI_MSIX_ENTRY_BYTES + (entries + 63) / 64 * 8;
}

/**
 * pci_sriov_init - up to @total_vfs virtual functions, that appear when they are enabled
 * @offset, @stride: from this function's devfn to the first, and from one to the next
 * @vf_device: their PCI device id
 */
bool pci_sriov_init(struct PCIDevice *dev, unsigned int total_vfs, unsigned int offset,
		    unsigned int stride, uint16_t vf_device);
void pci_sriov_register_bar(struct PCIDevice *dev, unsigned int bar, enum pci_bar_kind kind,
			    bool prefetch, uint64_t size);
/* @vf: initialised as any function, with the BARs it has; plugged in on @pf's bus by this. */
void pci_sriov_add_vf(struct PCIDevice *pf, struct PCIDevice *vf, unsigned int number);

/* @identity->class_code is set by this. */
bool pci_bridge_init(struct PCIBridge *bridge, const struct PCIIdentity *identity);

/* ---- buses ---- */

void pci_bus_init(struct PCIBus *bus, const struct PCIHostClass *class, void *host);
/* Behind a bridge: on &bridge->secondary. False if there is a function already. */
bool pci_bus_plug(struct PCIBus *bus, struct PCIDevice *dev, uint8_t devfn);
void pci_bus_unplug(struct PCIDevice *dev);
/* As if by hand: from now on it reads as all ones. It stays plugged in as far as we know. */
void pci_device_pull_out(struct PCIDevice *dev);

/* ---- what a processor does, seen from the root bus ---- */

/* @bdf: bus << 8 | device << 3 | function, with the bus numbers that software gave to bridges. */
struct PCIDevice *pci_bus_find(struct PCIBus *root, uint16_t bdf);
uint32_t pci_bus_config_read(struct PCIBus *root, uint16_t bdf, unsigned int offset,
			     unsigned int bytes);
void pci_bus_config_write(struct PCIBus *root, uint16_t bdf, unsigned int offset,
			  unsigned int bytes, uint32_t value);

enum pci_space { PCI_SPACE_MEMORY, PCI_SPACE_IO };

/* All ones where nobody answers. */
uint32_t pci_bus_read(struct PCIBus *root, enum pci_space space, uint64_t address,
		      unsigned int bytes);
void pci_bus_write(struct PCIBus *root, enum pci_space space, uint64_t address, unsigned int bytes,
		   uint32_t value);

/* ---- what a function does ---- */

/* Where a BAR is now; false if it answers nowhere, by the command register or its power state. */
bool pci_bar_address(const struct PCIDevice *dev, unsigned int bar, uint64_t *address);

/* May it write to memory: bus mastering on, D0, not pulled out? */
bool pci_can_master(const struct PCIDevice *dev);

bool msix_enabled(const struct PCIDevice *dev);
/* Send vector @vector's message, or keep it pending while it is masked. */
void msix_notify(struct PCIDevice *dev, unsigned int vector);

/* Level of the interrupt pin; the status register says so too. */
void pci_set_irq(struct PCIDevice *dev, bool level);

/* What bars and messages go through when no bus is between: the class's view of a BAR, with the
 * MSI-X table in it. For the window in config space that virtio has (4.1.4.9). */
uint32_t pci_bar_read(struct PCIDevice *dev, unsigned int bar, uint64_t offset, unsigned int bytes);
void pci_bar_write(struct PCIDevice *dev, unsigned int bar, uint64_t offset, uint32_t value,
		   unsigned int bytes);

/* Config space in the wire's order. */
static inline uint16_t pci_get_word(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t pci_get_long(const uint8_t *at)
{
	return pci_get_word(at) | (uint32_t)pci_get_word(at + 2) << 16;
}

static inline void pci_set_word(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static inline void pci_set_long(uint8_t *at, uint32_t value)
{
	pci_set_word(at, (uint16_t)value);
	pci_set_word(at + 2, (uint16_t)(value >> 16));
}

#endif
