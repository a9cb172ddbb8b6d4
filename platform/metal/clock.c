// SPDX-License-Identifier: MIT
/*
 * Time and sleep. The clock is the time-stamp counter, the alarm the local APIC's timer; how fast
 * the two run is measured once against the PIT, whose speed is known. The counterpart of Linux's
 * arch/x86/kernel/tsc.c and of kernel/sched/wait.c as far as a driver waits.
 */
#include "metal_internal.h"

#define NS_PER_SECOND 1000000000ull

/* The 8254, channel 2: the one whose output can be read, in port B of the keyboard controller. */
#define PIT_HZ 1193182u
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_COUNT_DOWN_2 0xb0 /* channel 2, both bytes, mode 0: up when it reaches 0 */
#define PORT_B 0x61
#define PORT_B_GATE 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUTPUT 0x20

#define MEASURED_TICKS 2386u /* of the PIT: 2 ms */
#define MEASUREMENTS 3

static uint64_t tsc_start, tsc_hz, timer_hz;
static uint64_t ns_per_tick; /* 2^-32 ns */

struct measured {
	uint64_t tsc, timer; /* ticks */
};

static struct measured measure(void)
{
	struct measured m;

	outb(PORT_B, (inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE);
	outb(PIT_COMMAND, PIT_COUNT_DOWN_2);
	outb(PIT_CHANNEL_2, MEASURED_TICKS & 0xff);
	metal_apic_timer(UINT32_MAX);
	m.tsc = rdtsc();
	outb(PIT_CHANNEL_2, MEASURED_TICKS >> 8); /* counts from here on */
	while (!(inb(PORT_B) & PORT_B_OUTPUT))
		;
	m.tsc = rdtsc() - m.tsc;
	m.timer = UINT32_MAX - metal_apic_timer_left();
	metal_apic_timer(0);
	return m;
}

/* Whatever comes in between makes a measurement longer, never shorter: the shortest is right. */
void metal_clock_init(void)
{
	struct measured best = measure();

	for (int i = 1; i < MEASUREMENTS; i++) {
		struct measured m = measure();

		if (m.tsc < best.tsc)
			best.tsc = m.tsc;
		if (m.timer < best.timer)
			best.timer = m.timer;
	}
	tsc_hz = best.tsc * PIT_HZ / MEASURED_TICKS;
	timer_hz = best.timer * PIT_HZ / MEASURED_TICKS;
	if (!tsc_hz || !timer_hz)
		metal_panic("clock: the time-stamp counter or the APIC's timer stands still");
	ns_per_tick = ((unsigned __int128)NS_PER_SECOND << 32) / tsc_hz;
	tsc_start = rdtsc();
}

uint64_t metal_tsc_hz(void)
{
	return tsc_hz;
}

uint64_t metal_timer_hz(void)
{
	return timer_hz;
}

uint64_t platform_now(void)
{
	return (unsigned __int128)(rdtsc() - tsc_start) * ns_per_tick >> 32;
}

void metal_delay(uint64_t ns)
{
	uint64_t end = platform_now() + ns;

	while (platform_now() < end)
		cpu_relax();
}

void platform_relax(void)
{
	cpu_relax();
}

/*
 * An alarm that is set for an earlier time stays: it wakes us in vain, once. So a caller who waits
 * over and over with a far deadline does not set it each time, nor look at the clock.
 */
static bool alarm_is_set(const struct metal_cpu *cpu, uint64_t deadline)
{
	return deadline == PLATFORM_FOREVER || (cpu->timer_at && cpu->timer_at <= deadline);
}

static void set_alarm(struct metal_cpu *cpu, uint64_t now, uint64_t deadline)
{
	uint64_t ns = deadline - now, longest = UINT32_MAX / 2 * NS_PER_SECOND / timer_hz;
	uint64_t ticks;

	if (ns > longest)
		ns = longest;
	ticks = ns * timer_hz / NS_PER_SECOND + 1;
	cpu->timer_at = now + ns;
	metal_apic_timer(ticks);
}

bool platform_wait(uint64_t deadline)
{
	struct metal_cpu *cpu = this_cpu();
	unsigned long handled;

	if (cpu->in_handler)
		metal_panic("platform_wait() in an interrupt handler");
	irqs_off();
	for (;;) {
		/*
		 * We are seen asleep before we look; pairs with the addition in
		 * metal_wake_sleepers(), after which others look whether we sleep.
		 */
		__atomic_store_n(&cpu->asleep, true, __ATOMIC_SEQ_CST);
		handled = __atomic_load_n(&metal_handled, __ATOMIC_SEQ_CST);
		if (handled != cpu->handled_seen)
			break;
		if (!alarm_is_set(cpu, deadline)) {
			uint64_t now = platform_now();

			if (now >= deadline)
				break;
			set_alarm(cpu, now, deadline);
		}
		sleep_with_irqs_on();
	}
	__atomic_store_n(&cpu->asleep, false, __ATOMIC_RELAXED);
	irqs_on();
	if (handled == cpu->handled_seen)
		return false;
	cpu->handled_seen = handled;
	return true;
}
