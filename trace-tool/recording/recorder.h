/* SPDX-License-Identifier: MIT */
/*
 * Makes a recording out of what comes: events of several processors, key frames, loss. Into a file
 * as it goes, or kept in memory for a while, for the case that it will be wanted.
 */
#ifndef TRACE_TOOL_RECORDER_H
#define TRACE_TOOL_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "in_flight.h"
#include "in_order.h"
#include "../snapshot.h"
#include "vrt_write.h"

#define RECORDER_SECOND 1000000000ull
#define RECORDER_KEPT_SECONDS 10
#define RECORDER_KEPT_BYTES (64u << 20)

/* A second of a recording that is kept, as it will lie in the file. */
struct recorder_piece {
	char *bytes;
	size_t size;
	uint64_t events;
};

struct recorder {
	struct vrt_writer writer;
	FILE *file; /* of the writer: the recording, or the piece that is being made */
	bool kept;  /* in pieces */
	struct recorder_piece *pieces;
	size_t piece_count;
	char *piece; /* the one being made */
	size_t piece_size;
	bool dropped; /* a piece went for want of room, not for its age */

	struct in_order order;
	struct in_flight added;
	struct snapshot *frames; /* taken, and waiting for the events before them */
	size_t frame_count, frame_room;
	uint64_t frames_written;
	uint64_t lost, missed;
	uint64_t flushed_ns;
	struct vrt_queue *queues;
	size_t queue_count;
	char release[VRT_NAME];
};

/**
 * recorder_begin - begin a recording
 * @file: where it goes; NULL: it is kept in memory
 * @release: of the kernel that is watched
 *
 * Like all of these that return an int: 0, or a negative errno, the first that occurred. What was
 * written before an error can be read. recorder_free undoes it, also after a failure.
 */
int recorder_begin(struct recorder *r, FILE *file, const char *release);
void recorder_free(struct recorder *r);

/* The table of queues: a later one replaces an earlier. */
int recorder_queues(struct recorder *r, const struct vrt_queue *queues, size_t count);
int recorder_note(struct recorder *r, const char *text);

int recorder_event(struct recorder *r, const struct vring_event *event);

/* A key frame, which is taken over, whatever is returned. */
int recorder_frame(struct recorder *r, struct snapshot *snapshot);

/* From the start until now; written if it grew. */
void recorder_loss(struct recorder *r, uint64_t lost, uint64_t missed);

/* Called often. Once a second all is flushed, or a new piece begun. */
int recorder_tick(struct recorder *r);

/* All that waits goes out, and the recording is closed. The file remains the caller's. */
int recorder_end(struct recorder *r);

/* Writes what was kept into @file, @note in front. */
int recorder_save(struct recorder *r, FILE *file, const char *note);

/* What has gone into the recording so far; of one that is kept, what is kept. */
uint64_t recorder_events(const struct recorder *r);
uint64_t recorder_bytes(const struct recorder *r);

#endif
