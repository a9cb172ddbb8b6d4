// SPDX-License-Identifier: MIT
/*
 * Time and sleep. The clock is the time-stamp counter, the alarm the local APIC's timer; how fast
 * the two run is measured once against the PIT, whose speed is known. The counterpart of Linux's
 * arch/x86/kernel/tsc.c and of kernel/sched/wait.c as far as a driver waits.
 */
#include "metal_internal.h"

#define NS_PER_SECOND 1000000000ull

/* The 8254, channel 2: the one that may count without an interrupt, by port B of the keyboard
 * controller. */
#define PIT_HZ 1193182u
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_COUNT_DOWN_2 0xb0 /* channel 2, both bytes, mode 0: up when it reaches 0 */
#define PIT_LATCH_2 0x80      /* what it stands at now is read next */
#define PIT_TOP 0xffffu	      /* ticks: 55 ms */
#define PORT_B 0x61
#define PORT_B_GATE 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUTPUT 0x20

#define MEASURED_TICKS 2386u /* of the PIT: 2 ms */
#define LOOKS 8

static uint64_t tsc_start, tsc_hz, timer_hz;
static uint64_t ns_per_tick; /* 2^-32 ns */

/* Three clocks, read one after the other. */
struct look {
	uint64_t tsc;
	uint32_t timer; /* counts down */
	uint16_t pit;	/* counts down */
	uint64_t took;	/* ticks of the first */
};

static struct look look_once(void)
{
	struct look look = { .tsc = rdtsc() };

	outb(PIT_COMMAND, PIT_LATCH_2);
	look.pit = inb(PIT_CHANNEL_2);
	look.pit |= inb(PIT_CHANNEL_2) << 8;
	look.timer = metal_apic_timer_left();
	look.took = rdtsc() - look.tsc;
	return look;
}

/* Whoever is interrupted between two clocks takes longer: the quickest look is right. */
static struct look look(void)
{
	struct look best = look_once();

	for (int i = 1; i < LOOKS; i++) {
		struct look another = look_once();

		if (another.took < best.took)
			best = another;
	}
	return best;
}

/* False if the PIT came to its end meanwhile. */
static bool measure(void)
{
	struct look first, last;
	unsigned int ticks;

	outb(PORT_B, (inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE);
	outb(PIT_COMMAND, PIT_COUNT_DOWN_2);
	outb(PIT_CHANNEL_2, PIT_TOP & 0xff);
	outb(PIT_CHANNEL_2, PIT_TOP >> 8);
	metal_apic_timer(UINT32_MAX);
	first = look();
	while (first.pit - look_once().pit < (int)MEASURED_TICKS && !(inb(PORT_B) & PORT_B_OUTPUT))
		;
	last = look();
	metal_apic_timer(0);
	if (inb(PORT_B) & PORT_B_OUTPUT)
		return false;
	ticks = first.pit - last.pit;
	tsc_hz = (last.tsc - first.tsc) * PIT_HZ / ticks;
	timer_hz = (uint64_t)(first.timer - last.timer) * PIT_HZ / ticks;
	return true;
}

/*
 * How long the machine was busy with something else between the two looks does not matter, as all
 * three clocks ran on.
 */
void metal_clock_init(void)
{
	while (!measure())
		;
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
