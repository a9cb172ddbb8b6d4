/* SPDX-License-Identifier: MIT */
/*
 * A queue of a recording at any moment of it.
 *
 * A moment is shown by what lies shortly before it: key frames of the last minute for the history,
 * and from the last key frame that is at least a second old on all events. So every moment costs
 * the same, however large the file is. How far back is gone follows from the moment alone, which
 * makes it look the same whether it was played to or sought.
 */
#ifndef TRACE_TOOL_PLAYBACK_H
#define TRACE_TOOL_PLAYBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "vrt_read.h"
#include "../watch.h"

/* Where reading begins for a moment. */
struct playback_plan {
	size_t first_key, whole_key; /* of key frames before .whole_key */
	size_t stride;		     /* ... only every so manieth is taken */
	uint64_t start;		     /* events of the file that are not taken */
};

struct playback {
	const struct vrt_file *file;
	struct watch watch; /* .event_number counts all events of the file */
	uint64_t number;    /* events of the file until the moment */
	uint64_t time_ns;   /* the moment */
	char why[VRT_WHY_BYTES];
	char damage[VRT_WHY_BYTES]; /* key frames are missing from the moment, this one last; "" */

	/* Private. */
	bool ready; /* the rest is of this moment */
	const struct vrt_key *keys;
	size_t key_count, next_key;
	struct playback_plan plan;
	uint64_t taken; /* events that were read */
	struct vrt_cursor cursor, finder;
	uint64_t kept_for, kept_from; /* the last answer of enough_before() */
};

/* The moment of the queue's next, or last, key frame. Return: whether there is one. */
bool playback_frame(const struct playback *p, bool back, uint64_t *time_ns);

/* What can be looked for. */
enum playback_event { PLAYBACK_ANY, PLAYBACK_KICK, PLAYBACK_IRQ, PLAYBACK_FULL };
typedef bool playback_stop(void *arg, unsigned int percent);

/*
 * At no moment yet. @file stays the caller's, and open. Return: 0 or -ENOMEM; playback_end undoes
 * it, also after a failure, or of all zeroes.
 */
int playback_begin(struct playback *p, const struct vrt_file *file, const struct vrt_queue *queue);
void playback_end(struct playback *p);

/* The moments there are: from the first event, or key frame if there are no events, to the end. */
uint64_t playback_first(const struct vrt_file *file);
uint64_t playback_last(const struct vrt_file *file);

/**
 * playback_seek - to a moment
 *
 * Return: 0; or a negative errno with @p->why, -EPROTO where the recording is damaged; then it
 * stays where it was, if it was anywhere. A damaged key frame is left out, which @p->damage says;
 * the events are all there then.
 */
int playback_seek(struct playback *p, uint64_t time_ns);

/* The same, to just after the first @number events of the file. */
int playback_seek_event(struct playback *p, uint64_t number);

/* The same, to where another playback of the file is: its .number and .time_ns. */
int playback_go(struct playback *p, uint64_t number, uint64_t time_ns);

/**
 * playback_find - the next, or last, event of the queue that is one of @what
 * @stop: asked at each block whether to give up, of which @arg is the first argument, and how far
 * it has come is the other, in percent of the file; may be NULL
 * @number: for playback_seek_event()
 *
 * A ring is full at an add that leaves nothing free, or finds nothing; until it is full no more,
 * only the first of them counts.
 *
 * Return: 1 with *@number; 0 if there is none, or @stop said so; a negative errno with @p->why.
 */
int playback_find(struct playback *p, enum playback_event what, bool back, playback_stop *stop,
		  void *arg, uint64_t *number);

#endif
