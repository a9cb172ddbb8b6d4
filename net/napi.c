/* SPDX-License-Identifier: MIT */
/*
 * The list of queues that have something to do.
 *
 * Mirrors the NAPI part of net/core/dev.c. Linux keeps an instance's state in bits that are changed
 * with atomic instructions; a lock is easier to follow, and held for a few instructions only.
 */
#include "platform/platform.h"

#include "napi.h"

static struct {
	struct platform_lock lock; /* the list, and the private fields of every instance */
	struct napi_struct *head;
	struct napi_struct **tail; /* NULL stands for &head */
} poll_list;

/* Under the lock. */
static void list_add_tail(struct napi_struct *napi)
{
	if (!poll_list.tail || !poll_list.head)
		poll_list.tail = &poll_list.head;
	napi->next = NULL;
	*poll_list.tail = napi;
	poll_list.tail = &napi->next;
}

void netif_napi_add(struct napi_struct *napi, int (*poll)(struct napi_struct *napi, int budget))
{
	*napi = (struct napi_struct){ .poll = poll, .disabled = true };
}

void napi_enable(struct napi_struct *napi)
{
	platform_lock(&poll_list.lock);
	napi->disabled = false;
	platform_unlock(&poll_list.lock);
}

/* Under the lock: takes it off the list. False: it is not there, so somebody is polling it. */
static bool list_del(struct napi_struct *napi)
{
	for (struct napi_struct **link = &poll_list.head; *link; link = &(*link)->next) {
		if (*link != napi)
			continue;
		*link = napi->next;
		if (!napi->next)
			poll_list.tail = link;
		return true;
	}
	return false;
}

void napi_disable(struct napi_struct *napi)
{
	for (;;) {
		bool idle;

		platform_lock(&poll_list.lock);
		napi->disabled = true;
		if (napi->scheduled && list_del(napi))
			napi->scheduled = false;
		idle = !napi->scheduled;
		platform_unlock(&poll_list.lock);
		if (idle)
			return;
		platform_relax();
	}
}

bool napi_schedule_prep(struct napi_struct *napi)
{
	bool ours;

	platform_lock(&poll_list.lock);
	ours = !napi->scheduled && !napi->disabled;
	/* Whoever has it looks once more before it lets go. */
	if (napi->scheduled)
		napi->missed = true;
	if (ours)
		napi->scheduled = true;
	platform_unlock(&poll_list.lock);
	return ours;
}

void __napi_schedule(struct napi_struct *napi)
{
	platform_lock(&poll_list.lock);
	list_add_tail(napi);
	platform_unlock(&poll_list.lock);
}

bool napi_complete_done(struct napi_struct *napi, int work_done)
{
	bool done;

	(void)work_done; /* Linux bases the delay of hardware interrupts on it */
	platform_lock(&poll_list.lock);
	done = !napi->missed || napi->disabled;
	napi->missed = false;
	if (done)
		napi->scheduled = false;
	else
		list_add_tail(napi);
	platform_unlock(&poll_list.lock);
	return done;
}

static struct napi_struct *take_first(void)
{
	struct napi_struct *napi;

	platform_lock(&poll_list.lock);
	napi = poll_list.head;
	if (napi)
		poll_list.head = napi->next;
	platform_unlock(&poll_list.lock);
	return napi;
}

/* Its budget was not enough: to the end of the list, or away if it was disabled meanwhile. */
static void put_back(struct napi_struct *napi)
{
	platform_lock(&poll_list.lock);
	napi->missed = false;
	if (napi->disabled)
		napi->scheduled = false;
	else
		list_add_tail(napi);
	platform_unlock(&poll_list.lock);
}

unsigned int napi_num_waiting(void)
{
	unsigned int n = 0;

	platform_lock(&poll_list.lock);
	for (const struct napi_struct *napi = poll_list.head; napi; napi = napi->next)
		n++;
	platform_unlock(&poll_list.lock);
	return n;
}

unsigned int net_rx_action(void)
{
	unsigned int work = 0;

	/* Those that come, or come back, while we are at it wait for the next call. */
	for (unsigned int left = napi_num_waiting(); left; left--) {
		struct napi_struct *napi = take_first();
		int done;

		if (!napi)
			break;
		done = napi->poll(napi, NAPI_POLL_WEIGHT);
		if (done >= NAPI_POLL_WEIGHT)
			put_back(napi);
		work += (unsigned int)done;
	}
	return work;
}
