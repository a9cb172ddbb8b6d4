/* SPDX-License-Identifier: MIT */
/*
 * What the host ground offers beyond platform.h, to whoever plugs devices in and to tests.
 *
 * One thread runs drivers and devices alike, so that every run is the same: time is simulated,
 * interrupts come where platform.h says, and nothing happens by itself.
 */
#ifndef PLATFORM_HOST_HOST_H
#define PLATFORM_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/guest_memory.h"
#include "device/pci.h"
#include "platform/platform.h"

/* ---- memory ---- */

/* All memory that platform_dma_alloc() hands out, as a device is to see it. */
const struct guest_memory *platform_host_memory(void);

/* What is still held of the things that platform.h hands out. */
struct platform_host_usage {
	size_t dma_pages;
	size_t allocations; /* of platform_zalloc() */
	size_t interrupts;  /* of platform_msi_alloc() */
	size_t handlers;
};

struct platform_host_usage platform_host_usage(void);

/* A fault on command: the n-th allocation from now on, of either kind, finds no room. 0: none. */
void platform_host_fail_allocation(unsigned int n);

/* Called with each piece of DMA memory that is given back, before it is; NULL: nobody is. */
void platform_host_on_dma_free(void (*hook)(uint64_t dma, size_t bytes));

/* ---- PCI ---- */

/* @bdf: on bus 0. Behind a bridge: pci_bus_plug(&bridge->secondary, ...). Ends the program if there
 * is a function already. */
void platform_host_plug(struct PCIDevice *dev, platform_bdf bdf);
/* Takes every function off bus 0 and off the buses behind it. */
void platform_host_unplug_all(void);
struct PCIBus *platform_host_bus(void); /* the root */

/* ---- interrupts ---- */

/* Handlers run at every platform_unlock() that turns interrupts on again, too. */
void platform_host_deliver_at_unlock(bool on);
/* How many messages are to be had; the default is 256. For drivers that have to do with fewer. */
void platform_host_limit_msis(unsigned int n);
/* Is a handler due that has not run yet? */
bool platform_host_interrupt_pending(void);

/* ---- processors and time ---- */

void platform_host_set_cpus(unsigned int n);  /* at first 1; at most 64 */
void platform_host_set_cpu(unsigned int cpu); /* the one we are on from now on */
void platform_host_advance(uint64_t ns);

/*
 * Devices that do not answer at once: they are run while somebody waits, or polls with
 * platform_relax().
 */
struct platform_host_work {
	/* Returns whether it did anything. */
	bool (*run)(struct platform_host_work *work);
	uint64_t due; /* platform_now() from which it is to run; PLATFORM_FOREVER: not now */
	struct platform_host_work *next;
};

void platform_host_add_work(struct platform_host_work *work);
void platform_host_remove_work(struct platform_host_work *work);
/* Runs what is due, without waiting. Returns whether anything was done. */
bool platform_host_run(void);

/* ---- messages ---- */

/* Keeps messages instead of printing them, up to 64 KiB; false: prints again, forgets them. */
void platform_host_capture_log(bool on);
/* What was kept since: lines, each with its newline. */
const char *platform_host_log(void);

/* Everything but memory and functions as it was at the start: clock, CPUs, options, hooks, log. */
void platform_host_reset(void);

#endif
