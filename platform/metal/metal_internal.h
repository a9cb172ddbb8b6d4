/* SPDX-License-Identifier: MIT */
/*
 * What the files of platform/metal share.
 */
#ifndef PLATFORM_METAL_METAL_INTERNAL_H
#define PLATFORM_METAL_METAL_INTERNAL_H

#include <string.h>

#include "metal.h"
#include "ring/vring_errno.h"
#include "x86.h"

#define PAGE_BYTES 4096u
#define MAX_CPUS 32
#define STACK_BYTES 32768u

/* Names of the linker script; they are addresses. */
extern char __image_start[], __text_end[], __rodata_end[], __image_end[];
extern char __stack_guard[], __stack_top[];

/* ---- pvh.c: what the firmware tells ---- */

struct metal_range {
	uint64_t base, bytes;
};

#define MAX_RANGES 32

extern struct metal_range metal_ram[MAX_RANGES]; /* usable, by address */
extern unsigned int metal_num_ram;
extern uint64_t metal_rsdp; /* 0: none was given */

/* Copies all of it: the memory it is in may be handed out afterwards. */
void metal_read_start_info(uint64_t start_info);

/* ---- acpi.c: the tables, read once ---- */

struct metal_override {
	uint8_t isa_irq;
	uint32_t line;
};

#define MAX_OVERRIDES 16

struct metal_acpi {
	unsigned int num_cpus;
	uint8_t apic_id[MAX_CPUS]; /* of CPUs that can be started, in the table's order */
	uint64_t io_apic;	   /* registers; 0: none */
	uint32_t io_apic_first;	   /* global number of its first input */
	unsigned int num_overrides;
	struct metal_override overrides[MAX_OVERRIDES];
	uint64_t ecam; /* of segment 0; 0: none */
	unsigned int ecam_first_bus, ecam_last_bus;
};

extern struct metal_acpi metal_acpi;

void metal_read_acpi(void);
/* The I/O APIC's input that an ISA interrupt arrives at. */
uint32_t metal_isa_line(uint8_t isa_irq);

/* ---- memory.c, paging.c ---- */

void metal_memory_init(void);
size_t metal_free_bytes(void);
size_t metal_allocated(void);
/* Rights for the image's parts, no page at 0, no caching outside RAM. */
void metal_paging_init(void);
/* From now on an access there is an exception. */
void metal_unmap_page(void *page);

/* ---- CPUs: traps.c, smp.c ---- */

struct metal_cpu {
	struct metal_cpu *self; /* what %gs points at is this field */
	unsigned int index;
	uint8_t apic_id;
	char *stack_guard; /* the page below the stack */
	bool online;	   /* read by the CPU that starts it */
	bool in_handler;

	/* platform_wait() */
	unsigned long handled_seen; /* metal_handled when it last returned */
	bool asleep;		    /* others are to wake it after a handler */
	uint64_t timer_at;	    /* when the timer is due; 0: not set */

	/* Work that another CPU gives it. */
	void (*fn)(void *arg);
	void *arg;

	uint64_t gdt[5];
	struct tss tss;
};

extern struct metal_cpu metal_cpus[MAX_CPUS];
extern unsigned int metal_num_cpus;

static inline struct metal_cpu *this_cpu(void)
{
	struct metal_cpu *cpu;

	/* Volatile, so that it stays behind metal_cpu_init(). */
	asm volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* Descriptor tables and %gs of the CPU we are on. */
void metal_cpu_init(struct metal_cpu *cpu);
void metal_start_cpus(void);
void metal_ap_main(struct metal_cpu *cpu) __attribute__((noreturn));

/* ---- apic.c ---- */

/* Vectors above the interrupts'. */
#define FIRST_IRQ_VECTOR 0x30
#define NUM_IRQS (0xf0 - FIRST_IRQ_VECTOR)
#define VECTOR_WAKE 0xf0
#define VECTOR_TIMER 0xf1
#define VECTOR_SPURIOUS 0xff

void metal_apic_init(void); /* of this CPU */
void metal_io_apic_init(void);
uint8_t metal_apic_id(void);
void metal_eoi(void);
void metal_send_wake(const struct metal_cpu *cpu);
void metal_send_init(uint8_t apic_id);
void metal_send_startup(uint8_t apic_id, uint64_t address);
void metal_apic_timer(uint32_t ticks); /* once; 0 stops it */
uint32_t metal_apic_timer_left(void);
/* An input of the I/O APIC; level-triggered and active high, or edge-triggered. */
void metal_line_enable(uint32_t line, uint8_t vector, uint8_t apic_id, bool level);
void metal_line_disable(uint32_t line);

/* ---- irq.c, traps.c ---- */

/* The stack as vectors.S leaves it. */
struct metal_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

extern unsigned long metal_handled; /* reasons to wake up, on any CPU */
/* One more of them: platform_wait() returns wherever somebody is in it. Interrupts are off. */
void metal_wake_sleepers(void);

void metal_interrupt(struct metal_frame *frame);
void metal_irq_vector(unsigned int vector);
void metal_exception(const struct metal_frame *frame) __attribute__((noreturn));
/* The interrupt number of an input of the I/O APIC; -ENOSPC. */
int metal_line_irq(uint32_t line, bool level);

/* ---- clock.c ---- */

void metal_clock_init(void);
uint64_t metal_tsc_hz(void);
uint64_t metal_timer_hz(void);
void metal_delay(uint64_t ns);

/* ---- serial.c, text.c, pci.c ---- */

void metal_serial_init(void);
/* The console's input raises interrupts from now on. */
void metal_serial_irq_init(void);
/* From here on messages are printed even if somebody holds the console's lock. */
void metal_serial_last_words(void);
void metal_pci_init(void);
const char *metal_host_bridge(void);
bool metal_has_ecam(void);

#endif
