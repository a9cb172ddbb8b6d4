// SPDX-License-Identifier: MIT
/*
 * The other processors: starting them, giving them work, waking them; and locks between them. The
 * counterpart of Linux's arch/x86/kernel/smpboot.c and of its spin locks.
 */
#include "metal_internal.h"

#define START_LIMIT 1000000000ull /* ns for a CPU to come up; it takes well below 1 ms */
#define EXCEPTION_STACK_BYTES 8192

/* ap_boot.S: the code, and in it what the CPU needs to begin. */
extern char metal_ap_boot[], metal_ap_boot_end[];
extern char metal_ap_cr3[], metal_ap_stack[], metal_ap_cpu[];

struct metal_cpu metal_cpus[MAX_CPUS];
unsigned int metal_num_cpus = 1;

/* ---- locks ---- */

void platform_lock(struct platform_lock *lock)
{
	bool on = irqs_are_on();

	irqs_off();
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			cpu_relax();
	lock->irqs_were_on = on;
}

void platform_unlock(struct platform_lock *lock)
{
	bool on = lock->irqs_were_on;

	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
	if (on)
		irqs_on();
}

/* ---- work ---- */

unsigned int platform_num_cpus(void)
{
	return metal_num_cpus;
}

unsigned int platform_cpu(void)
{
	return this_cpu()->index;
}

void metal_wake_sleepers(void)
{
	struct metal_cpu *self = this_cpu();

	__atomic_fetch_add(&metal_handled, 1, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < metal_num_cpus; i++)
		if (&metal_cpus[i] != self &&
		    __atomic_load_n(&metal_cpus[i].asleep, __ATOMIC_SEQ_CST))
			metal_send_wake(&metal_cpus[i]);
}

void metal_run_on(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	metal_cpus[cpu].arg = arg;
	__atomic_store_n(&metal_cpus[cpu].fn, fn, __ATOMIC_RELEASE);
	metal_send_wake(&metal_cpus[cpu]);
}

void metal_join(unsigned int cpu)
{
	while (__atomic_load_n(&metal_cpus[cpu].fn, __ATOMIC_ACQUIRE))
		platform_wait(PLATFORM_FOREVER);
}

void metal_ap_main(struct metal_cpu *cpu)
{
	metal_cpu_init(cpu);
	metal_apic_init();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	for (;;) {
		/* Between this look and the sleep a wake-up stays pending. */
		while (!__atomic_load_n(&cpu->fn, __ATOMIC_ACQUIRE))
			sleep_with_irqs_on();
		irqs_on();
		cpu->fn(cpu->arg);
		irqs_off();
		__atomic_store_n(&cpu->fn, NULL, __ATOMIC_RELEASE);
		metal_wake_sleepers();
	}
}

/* ---- start ---- */

static void *in_copy(const char *symbol)
{
	return (char *)AP_BOOT_ADDRESS + (symbol - metal_ap_boot);
}

/* A page that is never mapped, then the stack. */
static char *alloc_stack(void)
{
	uint64_t dma;
	char *guard = platform_dma_alloc(PAGE_BYTES + STACK_BYTES, &dma);

	if (guard)
		metal_unmap_page(guard);
	return guard;
}

static int start_cpu(struct metal_cpu *cpu)
{
	uint64_t dma, end;
	char *exceptions = platform_dma_alloc(EXCEPTION_STACK_BYTES, &dma);

	cpu->stack_guard = alloc_stack();
	if (!cpu->stack_guard || !exceptions)
		return -ENOMEM;
	cpu->tss.ist[0] = (uint64_t)exceptions + EXCEPTION_STACK_BYTES;
	*(uint64_t *)in_copy(metal_ap_stack) =
		(uint64_t)cpu->stack_guard + PAGE_BYTES + STACK_BYTES;
	*(uint64_t *)in_copy(metal_ap_cpu) = (uint64_t)cpu;

	/* The pauses that Intel asks for between the three are for processors long gone. */
	metal_send_init(cpu->apic_id);
	metal_send_startup(cpu->apic_id, AP_BOOT_ADDRESS);
	end = platform_now() + START_LIMIT;
	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (platform_now() >= end)
			return -ETIMEDOUT;
		cpu_relax();
	}
	return 0;
}

void metal_start_cpus(void)
{
	memcpy((void *)AP_BOOT_ADDRESS, metal_ap_boot, metal_ap_boot_end - metal_ap_boot);
	*(uint64_t *)in_copy(metal_ap_cr3) = read_cr3();
	for (unsigned int i = 0; i < metal_acpi.num_cpus; i++) {
		struct metal_cpu *cpu = &metal_cpus[metal_num_cpus];
		int err;

		if (metal_acpi.apic_id[i] == metal_cpus[0].apic_id)
			continue;
		cpu->index = metal_num_cpus;
		cpu->apic_id = metal_acpi.apic_id[i];
		err = start_cpu(cpu);
		if (err) {
			platform_log(PLATFORM_ERROR, "CPU %u, APIC %u: does not start: %d",
				     cpu->index, cpu->apic_id, err);
			return;
		}
		metal_num_cpus++;
	}
}
