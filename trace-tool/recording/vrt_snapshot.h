/* SPDX-License-Identifier: MIT */
/*
 * Snapshots into recordings, and out of them.
 */
#ifndef TRACE_TOOL_VRT_SNAPSHOT_H
#define TRACE_TOOL_VRT_SNAPSHOT_H

#include "../snapshot.h"
#include "vrt_read.h"
#include "vrt_write.h"

/* A key frame of @s, at its own time. Return: 0, or the negative errno of the writer. */
int vrt_put_snapshot(struct vrt_writer *w, const struct snapshot *s);

/**
 * vrt_get_snapshot - the snapshot in a block, as whoever recorded it had it
 * @e: of type VRT_SNAPSHOT or VRT_SNAPSHOT_DEFLATED
 * @s: filled in; the caller frees it with snapshot_free(), whatever is returned
 *
 * Of .head, what describes the kernel's arrays stays 0: the notes are all there is of them.
 * .head.callback is 1 where the queue has one.
 *
 * Return: 0, or a negative errno with @why.
 */
int vrt_get_snapshot(const struct vrt_file *f, const struct vrt_index_entry *e, struct snapshot *s,
		     char why[VRT_WHY_BYTES]);

#endif
