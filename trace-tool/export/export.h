/* SPDX-License-Identifier: MIT */
/*
 * What the exporters share: a recording opened, the queues and the time that were asked for, its
 * events one after the other with what is known of their requests, and where the output goes.
 */
#ifndef TRACE_TOOL_EXPORT_H
#define TRACE_TOOL_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../look.h"
#include "../recording/requests.h"
#include "../recording/vrt_read.h"
#include "../recording/vrt_words.h"

struct export_step;

struct export_queue {
	uint16_t device, index;
	unsigned int number; /* among the queues of this export, from 1 */
	unsigned int num;    /* entries; 0: not known */
	bool wanted;
	bool told; /* the exporter has written what comes before the first event of it */
	uint32_t lanes_told;
	bool seeded;
	char name[VRT_QUEUE_NAME], driver[VRT_NAME], alias[VRT_NAME];

	struct requests requests;
	uint64_t decisions; /* that were seen */
	uint64_t linked;    /* the last one whose kick, interrupt and reap were tied together */
	uint64_t decisions_at_irq;
	struct export_step *irq; /* held back until it is known what was reaped after it */
};

/* An event, and what follows from those before it. */
struct export_step {
	struct vring_event event;
	struct export_queue *queue;
	bool shown;		/* it is in the time that was asked for */
	struct request request; /* add: that began; reap: that ended; kick: .decision alone */
	bool known;		/* reap: .request is filled in */
	struct request gone;	/* add: ended before, without a reap */
	bool lost_reap;		/* add: .gone is filled in */
	bool first;		/* add: the first that the next decision is about */
	bool linked;		/* irq, reap: .request.decision led to them */
};

struct export
{
	const char *path;
	struct vrt_file file;
	FILE *out;
	bool progress;	    /* is to be shown */
	struct words words; /* queues asked for; none: all */
	uint64_t start_ns;  /* what times are counted from: the first event */
	uint64_t from_ns, until_ns, at_ns;
	bool ranged, at_given; /* --from or --until was given; --at was */
	double speed;
	unsigned int cols, rows;

	struct export_queue **queues; /* as they came up */
	unsigned int queue_count;
	uint32_t *queue_slots; /* a hash table of their numbers */

	/* The stream. */
	bool links; /* interrupts wait for their reaps, and come a little late */
	struct vrt_cursor cursor;
	struct export_step step, held[2];
	unsigned int held_count;
	uint64_t events; /* that were in range, of the queues asked for */
};

/*
 * The next event of the queues that were asked for, from the start of the recording on: those
 * before .from_ns have .shown unset, and matter only for what they began.
 *
 * Return: 1 with *@step, which lasts until the next call; 0 at the end, or on Ctrl-C; -1 after one
 * message.
 */
int export_next(struct export *x, const struct export_step **step);

/* The queue of that index, made up if the recording does not name it. NULL after one message. */
struct export_queue *export_find(struct export *x, uint16_t device, uint16_t index);

/* The queue that was asked for, or that of the first event. NULL after one message. */
struct export_queue *export_one_queue(struct export *x);

/* "virtio_blk vda", or as much of it as is known. */
const char *export_device_text(char buf[2 * VRT_NAME], const struct export_queue *queue);

/* What a request of that many parts is: "request", "send", "receive". */
const char *export_request_word(const struct request *request);

/* Ctrl-C came. */
bool export_interrupted(void);

/* How far it is, on a terminal, if there is nothing else to see. */
void export_progress(const struct export *x, uint64_t done, uint64_t all);

/* Each writes one format to .out. Return: 0, or an exit status after one message. */
int export_json(struct export *x);
int export_csv(struct export *x);
int export_chrome(struct export *x);
int export_perfetto(struct export *x);
int export_cast(struct export *x);
int export_svg(struct export *x);

#endif
