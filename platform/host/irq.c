/* SPDX-License-Identifier: MIT */
/*
 * Interrupts on the host ground: messages and lines are noted as they come, and become handler
 * calls where platform.h allows it.
 *
 * Messages have edges: the same one twice before it is handled is one interrupt, as in a local
 * APIC. Lines have levels: a handler that does not quiet its device is called again and again, and
 * a line that nobody quiets ends the program.
 */
#include "host_internal.h"
#include "ring/vring_errno.h"

#define LINES 4	 /* INTx: interrupts 0 to 3 */
#define MSIS 256 /* then messages */
#define HANDLERS 64
#define MAX_CPUS 64
#define MSI_BASE 0xfee00000 /* and the CPU from bit 12 on, as on a PC */
#define SCREAMS 1000	    /* times in a row that a line may stay up */

struct interrupt {
	bool allocated;
	bool pending;	    /* messages */
	unsigned int level; /* lines: functions that pull at it */
	unsigned int cpu;   /* messages: who is to take it */
	unsigned long count;
};

struct handler {
	platform_irq_handler function; /* NULL: a free place */
	int irq;
	void *data;
	const char *name;
};

static struct interrupt interrupts[LINES + MSIS];
static struct handler handlers[HANDLERS];
static unsigned int limit = MSIS;
static unsigned int num_cpus = 1, current_cpu;
static bool deliver_at_unlock;
static bool irqs_off; /* a lock is held, or a handler runs */
static bool in_handler;
static unsigned int locks;

static bool is_line(int irq)
{
	return irq < LINES;
}

static struct interrupt *known(int irq)
{
	if (irq < 0 || irq >= LINES + MSIS || (!is_line(irq) && !interrupts[irq].allocated))
		host_fatal("interrupt %d: there is none of that number", irq);
	return &interrupts[irq];
}

void host_irq_reset(void)
{
	limit = MSIS;
	num_cpus = 1;
	current_cpu = 0;
	deliver_at_unlock = false;
}

void host_irq_usage(struct platform_host_usage *usage)
{
	for (int irq = 0; irq < LINES + MSIS; irq++)
		usage->interrupts += interrupts[irq].allocated;
	for (int i = 0; i < HANDLERS; i++)
		usage->handlers += handlers[i].function != NULL;
}

void platform_host_deliver_at_unlock(bool on)
{
	deliver_at_unlock = on;
}

void platform_host_limit_msis(unsigned int n)
{
	limit = n < MSIS ? n : MSIS;
}

void platform_host_set_cpus(unsigned int n)
{
	if (n < 1 || n > MAX_CPUS)
		host_fatal("platform_host_set_cpus: %u: 1 to %u there can be", n, MAX_CPUS);
	num_cpus = n;
	if (current_cpu >= n)
		current_cpu = 0;
}

void platform_host_set_cpu(unsigned int cpu)
{
	if (cpu >= num_cpus)
		host_fatal("platform_host_set_cpu: %u: there are %u", cpu, num_cpus);
	current_cpu = cpu;
}

unsigned int platform_num_cpus(void)
{
	return num_cpus;
}

unsigned int platform_cpu(void)
{
	return current_cpu;
}

/* ---- what comes from devices ---- */

void host_irq_message(void *host, uint64_t address, uint32_t data)
{
	struct interrupt *interrupt;

	(void)host;
	if (address >> 20 != MSI_BASE >> 20 || data < LINES || data >= LINES + MSIS)
		host_fatal("a message that is none: 0x%x at 0x%llx", data,
			   (unsigned long long)address);
	interrupt = &interrupts[data];
	/* One that is on its way to an interrupt that was given back is lost. */
	if (!interrupt->allocated)
		return;
	interrupt->cpu = (unsigned int)(address >> 12 & 0xff);
	for (int i = 0; i < HANDLERS; i++)
		if (handlers[i].function && handlers[i].irq == (int)data)
			interrupt->pending = true;
}

void host_irq_line(void *host, unsigned int slot, unsigned int pin, bool level)
{
	struct interrupt *line = &interrupts[(slot + pin - 1) % LINES];

	(void)host;
	if (level)
		line->level++;
	else
		line->level--;
}

/* ---- handing out ---- */

static void compose(int irq, unsigned int cpu, struct platform_msi *msi)
{
	interrupts[irq].cpu = cpu;
	*msi = (struct platform_msi){ MSI_BASE | cpu << 12, (uint32_t)irq };
}

int platform_msi_alloc(unsigned int cpu, struct platform_msi *msi)
{
	if (cpu >= num_cpus)
		return -EINVAL;
	for (int irq = LINES; irq < LINES + (int)limit; irq++) {
		if (interrupts[irq].allocated)
			continue;
		interrupts[irq] = (struct interrupt){ .allocated = true };
		compose(irq, cpu, msi);
		return irq;
	}
	return -ENOSPC;
}

void platform_msi_free(int irq)
{
	struct interrupt *interrupt = known(irq);

	for (int i = 0; i < HANDLERS; i++)
		if (handlers[i].function && handlers[i].irq == irq)
			host_fatal("platform_msi_free: %d: %s still has its handler there", irq,
				   handlers[i].name);
	interrupt->allocated = false;
	interrupt->pending = false;
}

int platform_msi_set_cpu(int irq, unsigned int cpu, struct platform_msi *msi)
{
	known(irq);
	if (cpu >= num_cpus)
		return -EINVAL;
	compose(irq, cpu, msi);
	return 0;
}

int platform_intx(unsigned int slot, unsigned int pin)
{
	if (pin < 1 || pin > 4)
		return -ENXIO;
	return (int)((slot + pin - 1) % LINES);
}

int platform_irq_request(int irq, platform_irq_handler handler, const char *name, void *data)
{
	struct handler *place = NULL;

	known(irq);
	for (int i = 0; i < HANDLERS; i++) {
		if (!handlers[i].function)
			place = place ? place : &handlers[i];
		else if (handlers[i].irq == irq && !is_line(irq))
			return -EBUSY;
	}
	if (!place)
		return -ENOMEM;
	*place = (struct handler){ handler, irq, data, name };
	return 0;
}

void platform_irq_free(int irq, void *data)
{
	known(irq);
	for (int i = 0; i < HANDLERS; i++) {
		if (handlers[i].function && handlers[i].irq == irq && handlers[i].data == data) {
			handlers[i].function = NULL;
			if (!is_line(irq))
				interrupts[irq].pending = false;
			return;
		}
	}
	host_fatal("platform_irq_free: %d: there is no such handler", irq);
}

void platform_irq_sync(int irq)
{
	known(irq);
	/* Handlers do not run beside anybody: when this is called, none does. */
	if (in_handler)
		host_fatal("platform_irq_sync: %d: from a handler", irq);
}

unsigned long platform_irq_count(int irq)
{
	return known(irq)->count;
}

/* ---- running handlers ---- */

/* On a shared line all are called; returns whether any said it was its own. */
static bool call_handlers(int irq)
{
	unsigned int cpu_before = current_cpu;
	bool before = irqs_off, handled = false;

	irqs_off = true;
	in_handler = true;
	if (!is_line(irq) && interrupts[irq].cpu < num_cpus)
		current_cpu = interrupts[irq].cpu;
	for (int i = 0; i < HANDLERS; i++)
		if (handlers[i].function && handlers[i].irq == irq)
			handled |= handlers[i].function(irq, handlers[i].data) != 0;
	current_cpu = cpu_before;
	in_handler = false;
	irqs_off = before;
	return handled;
}

static bool has_handler(int irq)
{
	for (int i = 0; i < HANDLERS; i++)
		if (handlers[i].function && handlers[i].irq == irq)
			return true;
	return false;
}

bool host_irq_deliver(void)
{
	bool any = false;

	if (in_handler)
		return false;
	for (int irq = LINES; irq < LINES + MSIS; irq++) {
		if (!interrupts[irq].pending)
			continue;
		interrupts[irq].pending = false;
		interrupts[irq].count++;
		call_handlers(irq);
		any = true;
	}
	for (int irq = 0; irq < LINES; irq++) {
		for (int n = 0; interrupts[irq].level && has_handler(irq); n++) {
			if (n == SCREAMS)
				host_fatal("interrupt line %d stays up: nobody quiets its device",
					   irq);
			interrupts[irq].count++;
			call_handlers(irq);
			any = true;
		}
	}
	return any;
}

bool platform_host_interrupt_pending(void)
{
	for (int irq = 0; irq < LINES + MSIS; irq++)
		if (interrupts[irq].pending || (interrupts[irq].level && has_handler(irq)))
			return true;
	return false;
}

/* ---- locks ---- */

void platform_lock(struct platform_lock *lock)
{
	if (lock->held)
		host_fatal("platform_lock: the lock is held, by whoever wants it");
	lock->held = 1;
	lock->irqs_were_on = !irqs_off;
	irqs_off = true;
	locks++;
}

void platform_unlock(struct platform_lock *lock)
{
	if (!lock->held)
		host_fatal("platform_unlock: nobody holds the lock");
	lock->held = 0;
	locks--;
	irqs_off = !lock->irqs_were_on;
	if (deliver_at_unlock && !irqs_off)
		host_irq_deliver();
}

void host_may_sleep(const char *who)
{
	if (in_handler || locks)
		host_fatal("%s: from a handler, or with a lock held", who);
}
