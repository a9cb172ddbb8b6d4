/* SPDX-License-Identifier: MIT */
/*
 * Interrupts on the qtest ground, and waiting for them.
 *
 * A message is a store of 32 bits, and nothing says that it has to go to an interrupt controller:
 * here it goes to a word of the guest's memory, which platform_wait() looks at. Lines are those of
 * the I/O APIC; QEMU sends a line of text when one moves. Nothing interrupts: handlers run in
 * platform_wait() alone, in the caller's thread.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "platform/platform.h"

#include "qtest_internal.h"

/* Interrupt numbers: the lines, then one for each word of the page that messages go to. */
#define MSIS 1024
#define IRQS (QTEST_LINES + MSIS)

/* How platform_wait() waits. Whoever gets the core back first, driver or QEMU, costs less than any
 * sleep; after that, naps that grow keep an idle driver at about a hundredth of a core. */
#define SPIN_NS 30000
#define FIRST_NAP_NS 50000
#define LAST_NAP_NS 400000

struct action {
	platform_irq_handler handler;
	const char *name;
	void *data;
	struct action *next;
};

struct irq {
	bool allocated;
	struct action *actions; /* one; on a line, as many as share it */
	unsigned long count;	/* taken */
	/* Lines only. */
	bool up;
	bool unclaimed; /* up, and no handler says it is its own: left alone until it moves */
};

static struct irq irqs[IRQS];
static uint32_t *messages; /* shared: devices store, we take; not 0: one has come */
static uint64_t messages_dma;
static unsigned int messages_used; /* words up to the last that was ever allocated */
static size_t msis_taken, handlers_taken;
static bool in_handler;

void qtest_irq_open(void)
{
	memset(irqs, 0, sizeof(irqs));
	msis_taken = handlers_taken = messages_used = 0;
	in_handler = false;
	messages = qtest_message_page(&messages_dma);
	qtest_command("irq_intercept_in ioapic\n");
}

static void free_actions(struct irq *irq)
{
	while (irq->actions) {
		struct action *next = irq->actions->next;

		free(irq->actions);
		irq->actions = next;
	}
}

void qtest_irq_close(void)
{
	for (unsigned int n = 0; n < IRQS; n++)
		free_actions(&irqs[n]);
	messages = NULL;
}

size_t qtest_msis_taken(void)
{
	return msis_taken;
}

size_t qtest_handlers_taken(void)
{
	return handlers_taken;
}

void qtest_irq_line(unsigned int line, bool up)
{
	irqs[line].up = up;
	irqs[line].unclaimed = false;
}

/* ---- messages ---- */

static void compose(unsigned int irq, struct platform_msi *msi)
{
	msi->address = messages_dma + (irq - QTEST_LINES) * sizeof(uint32_t);
	msi->data = irq; /* any number but 0 would do */
}

int platform_msi_alloc(unsigned int cpu, struct platform_msi *msi)
{
	if (cpu >= platform_num_cpus())
		return -EINVAL;
	if (!messages)
		return -ENOSPC;
	for (unsigned int n = 0; n < MSIS; n++) {
		struct irq *irq = &irqs[QTEST_LINES + n];

		if (irq->allocated)
			continue;
		*irq = (struct irq){ .allocated = true };
		msis_taken++;
		if (messages_used <= n)
			messages_used = n + 1;
		compose(QTEST_LINES + n, msi);
		return QTEST_LINES + n;
	}
	return -ENOSPC;
}

void platform_msi_free(int irq)
{
	assert(irq >= QTEST_LINES && irq < IRQS && irqs[irq].allocated && !irqs[irq].actions);
	irqs[irq].allocated = false;
	msis_taken--;
}

int platform_msi_set_cpu(int irq, unsigned int cpu, struct platform_msi *msi)
{
	assert(irq >= QTEST_LINES && irq < IRQS && irqs[irq].allocated);
	if (cpu >= platform_num_cpus())
		return -EINVAL;
	compose(irq, msi);
	return 0;
}

/* ---- handlers ---- */

int platform_irq_request(int irq, platform_irq_handler handler, const char *name, void *data)
{
	bool is_line = irq >= 0 && irq < QTEST_LINES;
	struct action *action, **end;

	assert(is_line || (irq < IRQS && irqs[irq].allocated));
	if (!is_line && irqs[irq].actions)
		return -EBUSY;
	action = calloc(1, sizeof(*action));
	if (!action)
		return -ENOMEM;
	*action = (struct action){ .handler = handler, .name = name, .data = data };
	if (!irqs[irq].actions)
		irqs[irq].count = 0;
	irqs[irq].unclaimed = false;
	if (!is_line)
		__atomic_store_n(&messages[irq - QTEST_LINES], 0, __ATOMIC_RELAXED);
	for (end = &irqs[irq].actions; *end;)
		end = &(*end)->next;
	*end = action;
	handlers_taken++;
	return 0;
}

void platform_irq_free(int irq, void *data)
{
	struct action **action, *found;

	assert(irq >= 0 && irq < IRQS);
	for (action = &irqs[irq].actions; *action && (*action)->data != data;)
		action = &(*action)->next;
	found = *action;
	assert(found);
	*action = found->next;
	free(found);
	handlers_taken--;
}

void platform_irq_sync(int irq)
{
	(void)irq; /* there is no other CPU */
}

unsigned long platform_irq_count(int irq)
{
	assert(irq >= 0 && irq < IRQS);
	return irqs[irq].count;
}

/* ---- waiting ---- */

static bool call(unsigned int irq, const struct action *action)
{
	bool claimed;

	in_handler = true;
	claimed = action->handler(irq, action->data) != 0;
	in_handler = false;
	return claimed;
}

static bool run_messages(void)
{
	bool ran = false;

	for (unsigned int n = 0; n < messages_used; n++) {
		struct irq *irq = &irqs[QTEST_LINES + n];

		if (!__atomic_load_n(&messages[n], __ATOMIC_RELAXED))
			continue;
		/*
		 * Taken before the handler looks at its ring. Pairs with the order of the device's
		 * stores, ring first: a buffer that the handler misses has its message still to
		 * come.
		 */
		__atomic_exchange_n(&messages[n], 0, __ATOMIC_ACQ_REL);
		if (!irq->actions)
			continue;
		irq->count++;
		call(QTEST_LINES + n, irq->actions);
		ran = true;
	}
	return ran;
}

/* A line stays up until every device on it has been served: ask them all, as long as one takes it.
 * A handler that reads its device's ISR learns on the way that QEMU has lowered the line. */
static bool run_line(unsigned int n)
{
	struct irq *irq = &irqs[n];
	bool ran = false;

	while (irq->up && !irq->unclaimed && irq->actions) {
		bool claimed = false;

		irq->count++;
		for (struct action *action = irq->actions, *next; action; action = next) {
			next = action->next;
			claimed |= call(n, action);
		}
		if (!claimed && irq->up) {
			platform_log(PLATFORM_WARNING, "irq %u: nobody cared", n);
			irq->unclaimed = true;
		}
		ran = true;
	}
	return ran;
}

static bool run_handlers(void)
{
	bool ran = run_messages();

	for (unsigned int n = 0; n < QTEST_LINES; n++)
		ran |= run_line(n);
	return ran;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The clock is read before the last look at what is due: a debugger may stop us in between. */
bool platform_wait(uint64_t deadline)
{
	uint64_t now = platform_now(), spin_until = now + SPIN_NS, nap = FIRST_NAP_NS;

	assert(qtest_is_open() && !in_handler && !qtest_holds_a_lock());
	qtest_listen(0);
	for (;; now = platform_now()) {
		if (run_handlers())
			return true;
		if (now >= deadline)
			return false;
		assert(!qtest_is_gone() || deadline != PLATFORM_FOREVER);
		if (now < spin_until) {
			sched_yield();
			qtest_listen(0);
			continue;
		}
		qtest_listen(min(nap, deadline - now));
		nap = min(2 * nap, LAST_NAP_NS);
	}
}
