/* SPDX-License-Identifier: MIT */
/*
 * The screens: a queue, or all queues, drawn into a frame. Nothing here knows of a terminal or of
 * time passing: the same moment, size and choice give the same frame.
 */
#ifndef TRACE_TOOL_SCREEN_SCREEN_H
#define TRACE_TOOL_SCREEN_SCREEN_H

#include "../watch.h"
#include "browse.h"
#include "frame.h"

#define SCREEN_ROWS 24
#define SCREEN_COLS 80

/* What stands in the line at the top, apart from the queue itself. */
struct screen_status {
	char mode[32];	  /* "LIVE 10 Hz", "FROZEN 3 back", "PAUSED", "PLAY x0.1" */
	uint64_t from_ns; /* in a recording: what times are counted from; 0: time of day */
	uint64_t end_ns;
	int64_t realtime_offset_ns; /* to be added to a monotonic time for the time of day */
	uint64_t lost, missed;
	double cost;		    /* share of one CPU; negative: not known */
	bool cut;		    /* the recording was cut off */
	bool recording;		    /* 'r' was pressed */
	unsigned int queue, queues; /* "2 of 5", from 0 */
};

/* live and replay: one queue. */
void screen_ring(struct frame *f, const struct watch *w, const struct screen_status *s,
		 struct browse *b);

/* A line of top. Rates are per second; negative: not known. */
struct top_row {
	const struct watch *watch; /* for who it is; .snapshot may be NULL */
	double busy;		   /* share of descriptors in use, 0 to 1 */
	double add, kick, suppressed, irq, spurious;
	double p50_us, p99_us;
	char flag[32];	 /* "rx,self", "STALL?" */
	char stall[160]; /* why; "" */
};

struct top_view {
	struct top_row *rows; /* sorted as asked for by the caller */
	size_t count;
	unsigned int devices, hooks;
	char release[VRT_NAME];
	char sorted_by[16];
};

void screen_top(struct frame *f, const struct top_view *top, const struct screen_status *s,
		struct browse *b);

/* "Terminal too small: 60x20, needed 80x24", as well as fits. Return: whether it is too small. */
bool screen_too_small(struct frame *f);

#endif
