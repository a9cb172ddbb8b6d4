/* SPDX-License-Identifier: MIT */
/*
 * Time on the host ground: a number that moves only where a function says so, and the work of
 * devices that do not answer at once.
 */
#include "host_internal.h"

#define RELAX_NS 1000
#define ROUNDS 1000000 /* of work without an end to it */

static uint64_t now;
static struct platform_host_work *works;
static bool running; /* work does not start other work */

void host_clock_reset(void)
{
	now = 0;
	works = NULL;
	running = false;
}

uint64_t platform_now(void)
{
	return now;
}

void platform_host_advance(uint64_t ns)
{
	now += ns;
}

void platform_host_add_work(struct platform_host_work *work)
{
	struct platform_host_work **at = &works;

	while (*at)
		at = &(*at)->next;
	work->next = NULL;
	*at = work;
}

void platform_host_remove_work(struct platform_host_work *work)
{
	struct platform_host_work **at = &works;

	while (*at && *at != work)
		at = &(*at)->next;
	if (*at)
		*at = work->next;
}

bool platform_host_run(void)
{
	bool any = false;

	if (running)
		return false;
	running = true;
	for (struct platform_host_work *work = works, *next; work; work = next) {
		next = work->next;
		if (work->due <= now && work->due != PLATFORM_FOREVER)
			any |= work->run(work);
	}
	running = false;
	return any;
}

/* When the next work is due that is not due yet. */
static uint64_t next_due(void)
{
	uint64_t due = PLATFORM_FOREVER;

	for (struct platform_host_work *work = works; work; work = work->next)
		if (work->due > now && work->due < due)
			due = work->due;
	return due;
}

bool platform_wait(uint64_t deadline)
{
	host_may_sleep("platform_wait");
	for (unsigned int round = 0;; round++) {
		uint64_t due;

		if (host_irq_deliver())
			return true;
		if (platform_host_run()) {
			if (round == ROUNDS)
				host_fatal("platform_wait: devices work without an end");
			continue;
		}
		if (now >= deadline)
			return false;
		/* Nothing happens by itself until then, so then is now. */
		due = next_due();
		if (due > deadline)
			due = deadline;
		if (due == PLATFORM_FOREVER)
			host_fatal("platform_wait: everybody waits, for ever");
		now = due;
	}
}

void platform_relax(void)
{
	now += RELAX_NS;
	platform_host_run();
}
