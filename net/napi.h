/* SPDX-License-Identifier: MIT */
/*
 * Polling in place of interrupts while there is work: Linux's NAPI.
 *
 * Mirrors the napi_ functions of include/linux/netdevice.h and net/core/dev.c. An interrupt handler
 * schedules an instance and turns its queue's interrupts off; net_rx_action(), Linux's softirq and
 * here a call from net_poll(), polls it until it has nothing left, and only then are interrupts on
 * again. Left out on purpose: one list per CPU (here it is one), threads, busy polling, GRO.
 *
 * An instance is in one pair of hands at a time: from a napi_schedule_prep() that says true, to
 * napi_complete_done(). What it guards needs no other lock.
 */
#ifndef NET_NAPI_H
#define NET_NAPI_H

#include <stdbool.h>

#define NAPI_POLL_WEIGHT 64 /* frames for an instance before it is the next one's turn */

struct napi_struct {
	/* Takes care of up to @budget frames; fewer: it has called napi_complete_done(). */
	int (*poll)(struct napi_struct *napi, int budget);

	/* Private to napi.c, under its lock. */
	struct napi_struct *next; /* on the list */
	bool scheduled;		  /* on the list, or being polled */
	bool missed;		  /* scheduled once more while it was */
	bool disabled;
};

/* Starts disabled. */
void netif_napi_add(struct napi_struct *napi, int (*poll)(struct napi_struct *napi, int budget));
void napi_enable(struct napi_struct *napi);
/* Waits until no other CPU polls it; not from its own poll. It is scheduled no more. */
void napi_disable(struct napi_struct *napi);

/* From any context. True: the instance is the caller's, who calls __napi_schedule(). */
bool napi_schedule_prep(struct napi_struct *napi);
void __napi_schedule(struct napi_struct *napi);

/**
 * napi_complete_done - there is nothing left: give the instance back
 *
 * Return: false if it was scheduled meanwhile: it is on the list again.
 */
bool napi_complete_done(struct napi_struct *napi, int work_done);

/**
 * net_rx_action - poll what is on the list, each instance once
 *
 * Return: the sum of what the polls returned.
 */
unsigned int net_rx_action(void);

/* How many instances are on the list. */
unsigned int napi_num_waiting(void);

#endif
