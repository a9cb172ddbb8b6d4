// SPDX-License-Identifier: MIT
/*
 * Interrupts by number: who has them, who is called. An interrupt is either a message that a device
 * writes to the local APIC of one CPU, or an input of the I/O APIC, shared by whoever is wired to
 * it. The counterpart of Linux's kernel/irq/, with one vector for each number on all CPUs.
 */
#include "metal_internal.h"

#define MSI_ADDRESS 0xfee00000ull /* plus the APIC's id << 12; the data is the vector */
#define UNHANDLED_LIMIT 10000	  /* in a row, and then a line is given up, as Linux does */

struct action {
	platform_irq_handler handler;
	void *data;
	const char *name;
	struct action *next;
};

struct irq {
	bool allocated;
	bool is_line, level;
	uint32_t line;
	unsigned int cpu;
	unsigned long count;
	unsigned int unhandled;

	/* Changed under the lock, walked without: an action leaves the list, and is freed once
	 * nobody is inside the walk. */
	struct action *actions;
	unsigned int running; /* CPUs in the walk */
};

static struct irq irqs[NUM_IRQS];
static struct platform_lock lock;

unsigned long metal_handled;

/* The lock is held. */
static int alloc(void)
{
	for (int i = 0; i < NUM_IRQS; i++) {
		if (irqs[i].allocated)
			continue;
		irqs[i] = (struct irq){ .allocated = true };
		return i;
	}
	return -ENOSPC;
}

static struct platform_msi message_for(int irq, unsigned int cpu)
{
	return (struct platform_msi){
		.address = MSI_ADDRESS | (uint64_t)metal_cpus[cpu].apic_id << 12,
		.data = FIRST_IRQ_VECTOR + irq,
	};
}

int platform_msi_alloc(unsigned int cpu, struct platform_msi *msi)
{
	int irq;

	if (cpu >= metal_num_cpus)
		return -EINVAL;
	platform_lock(&lock);
	irq = alloc();
	if (irq >= 0)
		irqs[irq].cpu = cpu;
	platform_unlock(&lock);
	if (irq >= 0)
		*msi = message_for(irq, cpu);
	return irq;
}

void platform_msi_free(int irq)
{
	platform_lock(&lock);
	irqs[irq].allocated = false;
	platform_unlock(&lock);
}

int platform_msi_set_cpu(int irq, unsigned int cpu, struct platform_msi *msi)
{
	if (cpu >= metal_num_cpus)
		return -EINVAL;
	irqs[irq].cpu = cpu;
	*msi = message_for(irq, cpu);
	return 0;
}

int metal_line_irq(uint32_t line, bool level)
{
	int irq = -ENXIO;

	if (!metal_acpi.io_apic)
		return irq;
	platform_lock(&lock);
	for (int i = 0; i < NUM_IRQS; i++)
		if (irqs[i].allocated && irqs[i].is_line && irqs[i].line == line)
			irq = i;
	if (irq < 0)
		irq = alloc();
	if (irq >= 0) {
		irqs[irq].is_line = true;
		irqs[irq].level = level;
		irqs[irq].line = line;
	}
	platform_unlock(&lock);
	return irq;
}

int platform_irq_request(int irq, platform_irq_handler handler, const char *name, void *data)
{
	struct action *action = platform_zalloc(sizeof(*action));
	struct irq *i = &irqs[irq];
	struct action **end = &i->actions;
	int err = 0;

	if (!action)
		return -ENOMEM;
	*action = (struct action){ handler, data, name, NULL };
	platform_lock(&lock);
	if (i->actions && !i->level) {
		err = -EBUSY;
	} else {
		while (*end)
			end = &(*end)->next;
		__atomic_store_n(end, action, __ATOMIC_RELEASE);
		i->unhandled = 0;
		if (i->is_line)
			metal_line_enable(i->line, FIRST_IRQ_VECTOR + irq,
					  metal_cpus[i->cpu].apic_id, i->level);
	}
	platform_unlock(&lock);
	if (err)
		platform_free(action);
	return err;
}

void platform_irq_free(int irq, void *data)
{
	struct irq *i = &irqs[irq];
	struct action **link = &i->actions;
	struct action *action;

	platform_lock(&lock);
	while (*link && (*link)->data != data)
		link = &(*link)->next;
	action = *link;
	if (action)
		__atomic_store_n(link, action->next, __ATOMIC_RELEASE);
	if (!i->actions && i->is_line)
		metal_line_disable(i->line);
	platform_unlock(&lock);
	platform_irq_sync(irq);
	platform_free(action);
}

void platform_irq_sync(int irq)
{
	/* Our changes are visible before we look: pairs with the atomic addition in walk(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (__atomic_load_n(&irqs[irq].running, __ATOMIC_ACQUIRE))
		cpu_relax();
}

unsigned long platform_irq_count(int irq)
{
	return __atomic_load_n(&irqs[irq].count, __ATOMIC_RELAXED);
}

/*
 * Once around is enough: if the line is still up, it comes again. The addition is a full barrier:
 * whoever takes an action off the list afterwards sees us in it, or we do not see the action.
 */
static bool walk(struct irq *i, int irq)
{
	struct action *action;
	bool handled = false;

	__atomic_fetch_add(&i->running, 1, __ATOMIC_SEQ_CST);
	for (action = __atomic_load_n(&i->actions, __ATOMIC_ACQUIRE); action;
	     action = __atomic_load_n(&action->next, __ATOMIC_ACQUIRE))
		handled |= action->handler(irq, action->data) != 0;
	__atomic_fetch_sub(&i->running, 1, __ATOMIC_RELEASE);
	return handled;
}

/* A line that stays up although nobody feels addressed would keep us here for ever. */
static void check_line(struct irq *i, bool handled)
{
	i->unhandled = handled ? 0 : i->unhandled + 1;
	if (!i->level || i->unhandled < UNHANDLED_LIMIT)
		return;
	metal_line_disable(i->line);
	platform_log(PLATFORM_ERROR, "line %u: %u interrupts that nobody handled; disabled",
		     i->line, i->unhandled);
	i->unhandled = 0;
}

void metal_irq_vector(unsigned int vector)
{
	int irq = vector - FIRST_IRQ_VECTOR;
	struct irq *i = &irqs[irq];
	struct metal_cpu *cpu = this_cpu();

	__atomic_fetch_add(&i->count, 1, __ATOMIC_RELAXED);
	cpu->in_handler = true;
	check_line(i, walk(i, irq));
	cpu->in_handler = false;
	metal_eoi();
	metal_wake_sleepers();
}

bool metal_irq_show(int irq, struct metal_irq *seen)
{
	struct irq *i = &irqs[irq];

	*seen = (struct metal_irq){ .line = -1 };
	if (irq >= NUM_IRQS)
		return false;
	platform_lock(&lock);
	if (i->allocated) {
		seen->vector = FIRST_IRQ_VECTOR + irq;
		seen->cpu = i->cpu;
		seen->count = i->count;
		seen->line = i->is_line ? (int)i->line : -1;
		seen->name = i->actions ? i->actions->name : NULL;
		for (struct action *action = i->actions; action; action = action->next)
			seen->handlers++;
	}
	platform_unlock(&lock);
	return true;
}
