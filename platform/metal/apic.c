// SPDX-License-Identifier: MIT
/*
 * Interrupt controllers: each CPU's local APIC, and the I/O APIC for interrupts on lines. The
 * counterpart of Linux's arch/x86/kernel/apic/. Left out on purpose: x2APIC, which TCG of QEMU 7.2
 * does not have and fewer than 255 CPUs do not need; the two 8259s are only silenced.
 */
#include "metal_internal.h"

#define APIC_BASE 0xfee00000ull
#define APIC_BASE_X2 0x400 /* in the MSR: in x2APIC mode */

#define APIC_ID 0x20
#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define APIC_SVR_ENABLE 0x100
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_ICR_PENDING 0x1000
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_LVT_MASKED 0x10000
#define APIC_LVT_NMI 0x400
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0
#define APIC_DIVIDE_BY_1 0xb

#define ICR_FIXED 0x4000
#define ICR_INIT 0x4500
#define ICR_STARTUP 0x4600

#define IO_APIC_SELECT 0x00
#define IO_APIC_WINDOW 0x10
#define IO_APIC_VERSION 1
#define IO_APIC_REDIRECTION 0x10 /* two registers for each input */
#define IO_APIC_LEVEL 0x8000
#define IO_APIC_MASKED 0x10000

static struct platform_lock io_apic_lock; /* select and window go together */
static uint32_t io_apic_inputs;

static uint32_t apic_read(unsigned int reg)
{
	return platform_mmio_read32(APIC_BASE + reg);
}

static void apic_write(unsigned int reg, uint32_t value)
{
	platform_mmio_write32(APIC_BASE + reg, value);
}

uint8_t metal_apic_id(void)
{
	return apic_read(APIC_ID) >> 24;
}

void metal_apic_init(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if ((base & PAGE_ADDRESS) != APIC_BASE || base & APIC_BASE_X2)
		metal_panic("local APIC: base %llx: moved, or in x2APIC mode",
			    (unsigned long long)base);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	/* QEMU's monitor has a command `nmi`: it shows where a guest is that has gone silent. */
	apic_write(APIC_LVT_LINT1, APIC_LVT_NMI);
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_SVR, APIC_SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER); /* once, not periodic */
}

void metal_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void metal_apic_timer(uint32_t ticks)
{
	apic_write(APIC_TIMER_INITIAL, ticks);
}

uint32_t metal_apic_timer_left(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

/* Interrupts are off: the two halves go together. */
static void send(uint8_t apic_id, uint32_t command)
{
	apic_write(APIC_ICR_HIGH, (uint32_t)apic_id << 24);
	apic_write(APIC_ICR_LOW, command);
	while (apic_read(APIC_ICR_LOW) & APIC_ICR_PENDING)
		cpu_relax();
}

void metal_send_wake(const struct metal_cpu *cpu)
{
	bool on = irqs_are_on();

	irqs_off();
	send(cpu->apic_id, ICR_FIXED | VECTOR_WAKE);
	if (on)
		irqs_on();
}

void metal_send_init(uint8_t apic_id)
{
	send(apic_id, ICR_INIT);
}

void metal_send_startup(uint8_t apic_id, uint64_t address)
{
	send(apic_id, ICR_STARTUP | address >> 12);
}

/* ---- lines ---- */

static uint32_t io_apic_read(uint32_t reg)
{
	platform_mmio_write32(metal_acpi.io_apic + IO_APIC_SELECT, reg);
	return platform_mmio_read32(metal_acpi.io_apic + IO_APIC_WINDOW);
}

static void io_apic_write(uint32_t reg, uint32_t value)
{
	platform_mmio_write32(metal_acpi.io_apic + IO_APIC_SELECT, reg);
	platform_mmio_write32(metal_acpi.io_apic + IO_APIC_WINDOW, value);
}

static void redirect(uint32_t line, uint64_t entry)
{
	uint32_t input = line - metal_acpi.io_apic_first;

	platform_lock(&io_apic_lock);
	io_apic_write(IO_APIC_REDIRECTION + 2 * input, IO_APIC_MASKED);
	io_apic_write(IO_APIC_REDIRECTION + 2 * input + 1, entry >> 32);
	io_apic_write(IO_APIC_REDIRECTION + 2 * input, entry);
	platform_unlock(&io_apic_lock);
}

void metal_io_apic_init(void)
{
	outb(0x21, 0xff); /* both 8259s: every input masked */
	outb(0xa1, 0xff);
	if (!metal_acpi.io_apic)
		return;
	io_apic_inputs = (io_apic_read(IO_APIC_VERSION) >> 16 & 0xff) + 1;
	for (uint32_t i = 0; i < io_apic_inputs; i++)
		redirect(metal_acpi.io_apic_first + i, IO_APIC_MASKED);
}

/*
 * QEMU's lines are active high, PCI's as well: its DSDT and MADT say so for Linux, and KVM goes by
 * the polarity that is set here.
 */
void metal_line_enable(uint32_t line, uint8_t vector, uint8_t apic_id, bool level)
{
	redirect(line, (uint64_t)apic_id << 56 | (level ? IO_APIC_LEVEL : 0) | vector);
}

void metal_line_disable(uint32_t line)
{
	redirect(line, IO_APIC_MASKED);
}
