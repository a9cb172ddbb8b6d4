/* SPDX-License-Identifier: MIT */
/*
 * The instructions of x86-64 that C has no words for, and the few structures the processor reads.
 *
 * The counterpart of Linux's arch/x86/include/asm/special_insns.h, io.h, msr.h and irqflags.h.
 */
#ifndef PLATFORM_METAL_X86_H
#define PLATFORM_METAL_X86_H

#define CR0_PE 0x1
#define CR0_WP 0x10000
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800

#define PAGE_PRESENT 0x1
#define PAGE_WRITE 0x2
#define PAGE_UNCACHED 0x18 /* write-through, cache disabled */
#define PAGE_LARGE 0x80

/* Selectors of every CPU's descriptor table. */
#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS 0x18

/* Where secondary CPUs begin, in real mode: a page below 1 MiB that nobody else uses by then. */
#define AP_BOOT_ADDRESS 0x8000

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

#define PAGE_NX 0x8000000000000000ull
#define PAGE_ADDRESS 0x000ffffffffff000ull

#define MSR_APIC_BASE 0x1b
#define MSR_GS_BASE 0xc0000101

#define RFLAGS_IF 0x200

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t value;

	asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outw(uint16_t port, uint16_t value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr"
		     :
		     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
		     : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline uint64_t read_cr2(void)
{
	uint64_t value;

	asm volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t read_cr3(void)
{
	uint64_t value;

	asm volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

/* Also forgets all translations. */
static inline void write_cr3(uint64_t value)
{
	asm volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline void irqs_off(void)
{
	asm volatile("cli" : : : "memory");
}

static inline void irqs_on(void)
{
	asm volatile("sti" : : : "memory");
}

static inline bool irqs_are_on(void)
{
	uint64_t flags;

	asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags & RFLAGS_IF;
}

/* sti lets no interrupt in before the next instruction is done: none is lost between the two. */
static inline void sleep_with_irqs_on(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

/* What lgdt and lidt read. */
struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* The task state segment: in long mode only a set of stack pointers. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* ist[0] is number 1 in a gate */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap_base;
} __attribute__((packed));

#endif
#endif
