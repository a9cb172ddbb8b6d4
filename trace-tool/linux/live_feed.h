/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of live: a queue looked at again and again, its events if they are asked for,
 * and a recording of it.
 */
#ifndef TRACE_TOOL_LIVE_FEED_H
#define TRACE_TOOL_LIVE_FEED_H

#include "../recording/in_order.h"
#include "../kept.h"
#include "../look.h"
#include "../recording/recorder.h"
#include "self.h"
#include "session.h"
#include "../watch.h"

struct live_feed {
	struct look look;
	size_t shown;	    /* of look.queues */
	struct watch watch; /* as it is now */
	struct kept kept;
	bool gone; /* its device was removed */
	bool why;  /* events are wanted for the screen */
	bool stop_keeping;
	/* What a recording takes, NULL if there is none. */
	struct recorder *recorder;
	const struct queue *recorded;
	FILE *file;
	char file_name[32];
	int record_error; /* negative errno: why it ended by itself */

	/* The feed's own. */
	struct self self;
	struct session session; /* first of what its callbacks look at */
	bool hooked;
	struct in_order order;
	char callback[64], notify[64];
	bool symbols_known;
	unsigned int looks;
	double own_before, cost;
	uint64_t cost_since_ns;
};

/**
 * feed_open - list the queues and begin with the first that @words name
 *
 * Without words it begins with the fullest. Return: 0, or an exit status after one message.
 * feed_close undoes it, also after a failure.
 */
int feed_open(struct live_feed *feed, const struct words *words);
void feed_close(struct live_feed *feed);

/* Shows another queue from now on. Return: as feed_open. */
int feed_show(struct live_feed *feed, size_t queue);

/* The queue of that device and index, or look.queues.count. */
size_t feed_find(const struct live_feed *feed, uint16_t device, uint16_t index);

/*
 * Looks at the queue. If its device was removed, .gone is set and it is looked for, once a second
 * or so, until it is back. Return: as feed_open.
 */
int feed_look(struct live_feed *feed);

/* Sets the hooks, or takes them off. Return: as feed_open. */
int feed_why(struct live_feed *feed, bool on);

/* Begins a recording of the queue that is shown, or ends it. Return: as feed_open. */
int feed_record(struct live_feed *feed);

/* Lost, missed, and the share of one CPU; see struct session_meter. */
struct session_meter feed_meter(struct live_feed *feed);

uint64_t feed_now(void);

#endif
