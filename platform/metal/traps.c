// SPDX-License-Identifier: MIT
/*
 * Descriptor tables, and what happens at a vector. An exception is the end: registers and a
 * backtrace are printed, and QEMU ends with a status of its own. The counterpart of Linux's
 * arch/x86/kernel/{idt,traps,dumpstack}.c.
 */
#include "metal_internal.h"

#define EXCEPTIONS 32
#define EXCEPTION_PAGE_FAULT 14
#define EXCEPTION_STACK 1      /* in a gate: tss.ist[0], good even when the stack is not */
#define GATE_INTERRUPT 0x8e    /* present, interrupts go off */
#define DESCRIPTOR_TSS 0x89ull /* present, 64 bits, available */
#define BACKTRACE_DEPTH 24

#define PAGE_FAULT_PRESENT 1
#define PAGE_FAULT_WRITE 2
#define PAGE_FAULT_FETCH 16

#define DEBUG_EXIT_PORT 0xf4
/* isa-debug-exit makes 2v + 1 of it; QEMU's own failures are 1. */
#define DEBUG_EXIT_FIRST 16

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

extern char metal_vectors[]; /* 16 bytes each */

static struct gate idt[256];
static char first_exception_stack[8192] __attribute__((aligned(16)));
static bool reporting;

static void init_idt(void)
{
	for (unsigned int vector = 0; vector < 256; vector++) {
		uint64_t entry = (uint64_t)metal_vectors + vector * 16;

		idt[vector] = (struct gate){
			.offset_low = entry,
			.offset_middle = entry >> 16,
			.offset_high = entry >> 32,
			.selector = SELECTOR_CODE,
			.ist = vector < EXCEPTIONS ? EXCEPTION_STACK : 0,
			.type = GATE_INTERRUPT,
		};
	}
}

static void init_gdt(struct metal_cpu *cpu)
{
	uint64_t tss = (uint64_t)&cpu->tss;

	cpu->tss.iomap_base = sizeof(cpu->tss);
	cpu->gdt[0] = 0;
	cpu->gdt[SELECTOR_CODE / 8] = 0x00af9a000000ffff;
	cpu->gdt[SELECTOR_DATA / 8] = 0x00cf92000000ffff;
	cpu->gdt[SELECTOR_TSS / 8] = (sizeof(cpu->tss) - 1) | (tss & 0xffffff) << 16 |
				     DESCRIPTOR_TSS << 40 | (tss >> 24 & 0xff) << 56;
	cpu->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
}

void metal_cpu_init(struct metal_cpu *cpu)
{
	struct descriptor_pointer gdt = { sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt };
	struct descriptor_pointer table = { sizeof(idt) - 1, (uint64_t)idt };

	if (cpu->index == 0) {
		init_idt();
		cpu->tss.ist[0] = (uint64_t)first_exception_stack + sizeof(first_exception_stack);
		cpu->stack_guard = __stack_guard;
	}
	cpu->self = cpu;
	init_gdt(cpu);
	/* Selectors are the same in the table that booted us: nothing is to be loaded anew. */
	asm volatile("lgdt %0; ltr %w1; lidt %2"
		     :
		     : "m"(gdt), "r"(SELECTOR_TSS), "m"(table)
		     : "memory");
	wrmsr(MSR_GS_BASE, (uint64_t)cpu);
}

void metal_interrupt(struct metal_frame *frame)
{
	if (frame->vector < EXCEPTIONS)
		metal_exception(frame);
	if (frame->vector >= FIRST_IRQ_VECTOR && frame->vector < FIRST_IRQ_VECTOR + NUM_IRQS) {
		metal_irq_vector(frame->vector);
	} else if (frame->vector == VECTOR_TIMER) {
		this_cpu()->timer_at = 0;
		metal_eoi();
	} else if (frame->vector == VECTOR_WAKE) {
		metal_eoi();
	} else if (frame->vector != VECTOR_SPURIOUS) { /* which wants no EOI */
		metal_panic("interrupt on vector %llu, which nobody has",
			    (unsigned long long)frame->vector);
	}
}

/* ---- the end ---- */

void metal_exit(unsigned int status)
{
	irqs_off();
	outb(DEBUG_EXIT_PORT, DEBUG_EXIT_FIRST + status);
	metal_serial_last_words();
	platform_log(PLATFORM_ERROR, "no isa-debug-exit to end QEMU with; halted");
	for (;;)
		asm volatile("cli; hlt");
}

static bool in_text(uint64_t address)
{
	return address >= (uint64_t)__image_start && address < (uint64_t)__text_end;
}

/* Frames are linked through %rbp; the chain ends at 0, where boot.S and ap_boot.S began it. */
static void backtrace(uint64_t rip, uint64_t rbp)
{
	platform_log(PLATFORM_INFO, "backtrace: 0x%llx", (unsigned long long)rip);
	for (int depth = 0; depth < BACKTRACE_DEPTH && rbp >= PAGE_BYTES && rbp % 8 == 0; depth++) {
		const uint64_t *frame = (const uint64_t *)rbp;

		if (rbp >> 32 || !in_text(frame[1]))
			break;
		platform_log(PLATFORM_INFO, "           0x%llx", (unsigned long long)frame[1]);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

static void begin_report(void)
{
	irqs_off();
	if (reporting) { /* this went wrong as well */
		outb(DEBUG_EXIT_PORT, DEBUG_EXIT_FIRST + METAL_STATUS_PANIC);
		for (;;)
			asm volatile("cli; hlt");
	}
	reporting = true;
	metal_serial_last_words();
}

void metal_panic(const char *format, ...)
{
	char text[160];
	va_list args;

	begin_report();
	va_start(args, format);
	metal_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	platform_log(PLATFORM_ERROR, "panic: %s", text);
	backtrace((uint64_t)__builtin_return_address(0), (uint64_t)__builtin_frame_address(0));
	metal_exit(METAL_STATUS_PANIC);
}

static const char *const exception_names[EXCEPTIONS] = {
	[0] = "divide error",
	[1] = "debug",
	[2] = "NMI",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound",
	[6] = "invalid opcode",
	[7] = "no device",
	[8] = "double fault",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack fault",
	[13] = "general protection",
	[14] = "page fault",
	[16] = "x87 error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD error",
};

static void report_page_fault(const struct metal_frame *frame)
{
	uint64_t address = read_cr2();
	const char *why = "";

	for (unsigned int i = 0; i < metal_num_cpus; i++)
		if (address - (uint64_t)metal_cpus[i].stack_guard < PAGE_BYTES)
			why = ": the stack is full";
	if (address < PAGE_BYTES)
		why = ": a null pointer";
	platform_log(PLATFORM_INFO, "%s 0x%llx, %s%s",
		     frame->error & PAGE_FAULT_FETCH ? "fetch from" :
		     frame->error & PAGE_FAULT_WRITE ? "write to" :
						       "read of",
		     (unsigned long long)address,
		     frame->error & PAGE_FAULT_PRESENT ? "not allowed" : "not mapped", why);
}

/* All but the vector and its code, in the order of struct metal_frame. */
static void report_registers(const struct metal_frame *frame)
{
	static const char names[][4] = { "r15", "r14", "r13", "r12", "r11", "r10", "r9",
					 "r8",	"rbp", "rdi", "rsi", "rdx", "rcx", "rbx",
					 "rax", "",    "",    "rip", "cs",  "rfl", "rsp" };
	const uint64_t *values = (const uint64_t *)frame;
	unsigned int printed = 0;

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!names[i][0])
			continue;
		metal_printf("  %-3s %016llx%s", names[i], (unsigned long long)values[i],
			     ++printed % 4 ? "" : "\n");
	}
	metal_printf("\n");
}

void metal_exception(const struct metal_frame *frame)
{
	const struct metal_frame *f = frame;
	const char *name = exception_names[f->vector];

	begin_report();
	platform_log(PLATFORM_ERROR, "exception %llu (%s), code 0x%llx, on CPU %u",
		     (unsigned long long)f->vector, name ? name : "reserved",
		     (unsigned long long)f->error, platform_cpu());
	if (f->vector == EXCEPTION_PAGE_FAULT)
		report_page_fault(f);
	report_registers(f);
	backtrace(f->rip, f->rbp);
	metal_exit(METAL_STATUS_TRAP);
}
