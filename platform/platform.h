/* SPDX-License-Identifier: MIT */
/*
 * What a kernel gives its drivers, and nothing a driver could do without it.
 *
 * One header; the implementation is picked when linking. platform/host: the device is device/, in
 * the same process. platform/qtest: the device is QEMU's, behind a socket, and its guest's memory
 * is shared. platform/metal: the machine itself.
 *
 * Interrupt handlers never run beside the code they interrupt on the same CPU. On metal a handler
 * may come between any two instructions unless interrupts are off; on the two grounds in a process
 * it comes only inside platform_wait() (host can be told to deliver at every platform_unlock() as
 * well). Code written for the first is right on all three.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- memory ---- */

/**
 * platform_dma_alloc - memory that both driver and device reach
 * @bytes: at least 1; handed out in whole pages of 4096 bytes, which is also the alignment
 * @dma: the device's address of it
 *
 * May block. The memory is zeroed and stays where it is until platform_dma_free(); it is one
 * contiguous range for the device as well.
 *
 * Return: the driver's address of it, or NULL if there is no room.
 */
void *platform_dma_alloc(size_t bytes, uint64_t *dma);

/* @bytes: as given to platform_dma_alloc(). The device must be done with it. */
void platform_dma_free(void *memory, size_t bytes);

/* The device's address of a byte inside memory from platform_dma_alloc(). */
uint64_t platform_dma_address(const void *byte);

/**
 * platform_zalloc - private memory, out of the device's reach
 * @bytes: at least 1
 *
 * May block. Zeroed, aligned to 64 bytes.
 *
 * Return: the memory, the caller's until platform_free(); NULL if there is no room.
 */
void *platform_zalloc(size_t bytes);
void platform_free(void *memory); /* NULL is allowed */

/* ---- PCI ---- */

/* A function on the bus: bus number << 8 | device << 3 | function. */
typedef uint16_t platform_bdf;

/**
 * platform_pci_read - read configuration space
 * @offset: bytes, a multiple of @bytes; up to 4095 where there is ECAM, up to 255 elsewhere
 * @bytes: 1, 2 or 4
 *
 * Return: the value, little-endian already turned into ours; all ones where there is no function,
 * or no such offset.
 */
uint32_t platform_pci_read(platform_bdf bdf, unsigned int offset, unsigned int bytes);
void platform_pci_write(platform_bdf bdf, unsigned int offset, unsigned int bytes, uint32_t value);

/* Address space that BARs may be placed in, for functions that no firmware has given any. */
struct platform_window {
	uint64_t base;
	uint64_t bytes;
};

enum platform_space { PLATFORM_MMIO, PLATFORM_IO };

/* The window behind the host bridge, below 4 GiB for MMIO; .bytes is 0 if there is none. */
struct platform_window platform_pci_window(enum platform_space space);

/*
 * Registers behind a BAR, at the address that the BAR holds; little-endian already turned into
 * ours. Each call is one access of just that width, in program order with the others. An MMIO write
 * comes after all earlier stores to DMA memory, so that a doorbell needs no barrier of its own.
 */
uint8_t platform_mmio_read8(uint64_t address);
uint16_t platform_mmio_read16(uint64_t address);
uint32_t platform_mmio_read32(uint64_t address);
void platform_mmio_write8(uint64_t address, uint8_t value);
void platform_mmio_write16(uint64_t address, uint16_t value);
void platform_mmio_write32(uint64_t address, uint32_t value);

uint8_t platform_io_read8(uint16_t port);
uint16_t platform_io_read16(uint16_t port);
uint32_t platform_io_read32(uint16_t port);
void platform_io_write8(uint16_t port, uint8_t value);
void platform_io_write16(uint16_t port, uint16_t value);
void platform_io_write32(uint16_t port, uint32_t value);

/* ---- interrupts ---- */

/* What a device writes, and where, to raise an interrupt by message (MSI, MSI-X). */
struct platform_msi {
	uint64_t address;
	uint32_t data;
};

/* As Linux's: was it ours? Numbers agree with irqreturn_t of ring/virtqueue.h. */
typedef int (*platform_irq_handler)(int irq, void *data);

/**
 * platform_msi_alloc - an interrupt of one's own
 * @cpu: which CPU is to take it, below platform_num_cpus()
 * @msi: what the device has to send
 *
 * Messages that come before platform_irq_request() are lost.
 *
 * Return: the interrupt's number, 0 or more; -ENOSPC if there are none left; -EINVAL if there is no
 * such CPU.
 */
int platform_msi_alloc(unsigned int cpu, struct platform_msi *msi);

/* @irq: from platform_msi_alloc(), its handler freed, its device silent. */
void platform_msi_free(int irq);

/**
 * platform_msi_set_cpu - let another CPU take it
 * @msi: the message that the device has to send from now on
 *
 * Return: 0; -EINVAL if there is no such CPU.
 */
int platform_msi_set_cpu(int irq, unsigned int cpu, struct platform_msi *msi);

/**
 * platform_intx - the line that a pin of a slot on bus 0 is wired to
 * @slot: device number on bus 0; behind bridges the caller has swizzled both (PCI-to-PCI bridge
 *	specification, 9.1)
 * @pin: 1 for INTA# to 4 for INTD#, as the interrupt pin register counts
 *
 * Return: the interrupt's number, shared with whoever is on the same line; -ENXIO if it is wired to
 * nothing here.
 */
int platform_intx(unsigned int slot, unsigned int pin);

/**
 * platform_irq_request - have @handler called when @irq is raised
 * @name: for whoever lists interrupts; kept
 *
 * On a shared line all handlers are called, until none says it was its own.
 *
 * Return: 0; -ENOMEM; -EBUSY if it is not a shared line and has a handler.
 */
int platform_irq_request(int irq, platform_irq_handler handler, const char *name, void *data);

/* @data: as given to platform_irq_request(). No handler of it runs any more afterwards. */
void platform_irq_free(int irq, void *data);

/**
 * platform_irq_sync - wait until no handler of @irq is running on another CPU
 *
 * Not from a handler.
 */
void platform_irq_sync(int irq);

/* How many interrupts of that number were taken. A message's begin with platform_msi_alloc(); where
 * a line's begin is the ground's affair, so whoever wants a number takes a difference. */
unsigned long platform_irq_count(int irq);

/* ---- processors, time, waiting ---- */

unsigned int platform_num_cpus(void);
unsigned int platform_cpu(void); /* the one we are on, below platform_num_cpus() */

/*
 * A lock between CPUs that also keeps interrupts off while it is held, as spin_lock_irqsave() does.
 * Zeroed memory is an unlocked lock. Not recursive; locks of different objects may nest.
 */
struct platform_lock {
	uint32_t held;
	uint32_t irqs_were_on; /* the holder's */
};

void platform_lock(struct platform_lock *lock);
void platform_unlock(struct platform_lock *lock);

/* Monotonic, nanoseconds; on host it is simulated and moves only where a function says so. */
uint64_t platform_now(void);

#define PLATFORM_FOREVER UINT64_MAX

/**
 * platform_wait - sleep until an interrupt has been handled
 * @deadline: platform_now() at which to give up; PLATFORM_FOREVER
 *
 * Look at what is waited for, then call this, and again: what a handler did before the call may be
 * why it sleeps. Handlers that became due since the last call are run before it sleeps, and end it.
 * Not with a lock held, not from a handler.
 *
 * On host, nothing that could raise an interrupt can happen while everybody sleeps: the clock jumps
 * to the deadline, and waiting for ever ends the program with a message.
 *
 * Return: true if a handler ran; false if the deadline has come.
 */
bool platform_wait(uint64_t deadline);

/* One turn of a loop that polls a register. On host and qtest a microsecond of the clock passes. */
void platform_relax(void);

/* ---- messages ---- */

enum platform_level { PLATFORM_ERROR, PLATFORM_WARNING, PLATFORM_INFO };

/**
 * platform_log - a line for whoever runs this
 * @format: as printf's, with %s %c %d %u %x %X %lu %lx %llu %llx %zu %p, widths, zeroes and '-'; no
 *	newline
 *
 * Any context.
 */
void platform_log(enum platform_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As snprintf(), for the same formats. */
int platform_snprintf(char *buf, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
