/* SPDX-License-Identifier: MIT */
/*
 * Takes snapshots: runs the program of bpf/vring_snapshot.bpf.c and copies what it left in its
 * maps.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vring_snapshot.skel.h"

#include "queues.h"
#include "../snapshot.h"
#include "../tool.h"

#define TRIES 64	/* at a copy during which the ring stands still; one takes microseconds */
#define TABLE_ROOM 256u /* indirect tables kept at most, 4 KiB each */

struct snapshotter {
	struct vring_snapshot *skel;
	uint8_t *pages;
	struct vt_table *tables;
	size_t pages_bytes, tables_bytes;
};

static unsigned int pages_of(size_t bytes)
{
	return (bytes + VT_PAGE - 1) / VT_PAGE;
}

/* For a split ring, whose areas are larger; the driver's arrays have 24 bytes an entry at most. */
static unsigned int pages_for(unsigned int num)
{
	return pages_of(vring_desc_bytes(num)) + pages_of(vring_avail_bytes(num)) +
	       pages_of(vring_used_bytes(num)) + 2 * pages_of(32ul * num);
}

static int size_maps(struct snapshotter *s, const struct queues *queues)
{
	unsigned int largest = 1, room;

	for (size_t i = 0; i < queues->count; i++)
		if (queues->list[i].selected && queues->list[i].state.num > largest &&
		    queues->list[i].state.num <= VRING_MAX_SIZE)
			largest = queues->list[i].state.num;
	room = largest < TABLE_ROOM ? largest : TABLE_ROOM;
	s->skel->rodata->page_count = pages_for(largest);
	s->skel->rodata->table_room = room;
	s->pages_bytes = (size_t)pages_for(largest) * VT_PAGE;
	s->tables_bytes = room * sizeof(struct vt_table);
	bpf_map__set_max_entries(s->skel->maps.pages, pages_for(largest));
	return bpf_map__set_max_entries(s->skel->maps.tables, room);
}

static int map_copies(struct snapshotter *s)
{
	void *pages = mmap(NULL, s->pages_bytes, PROT_READ, MAP_SHARED,
			   bpf_map__fd(s->skel->maps.pages), 0);
	void *tables = mmap(NULL, s->tables_bytes, PROT_READ, MAP_SHARED,
			    bpf_map__fd(s->skel->maps.tables), 0);

	s->pages = pages == MAP_FAILED ? NULL : pages;
	s->tables = tables == MAP_FAILED ? NULL : tables;
	return s->pages && s->tables ? 0 : -errno;
}

struct snapshotter *snapshotter_open(const struct queues *queues)
{
	struct snapshotter *s = calloc(1, sizeof(*s));
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = tool.btf);
	int error = 0;

	if (!s) {
		tool_error("out of memory");
		return NULL;
	}
	s->skel = vring_snapshot__open_opts(&options);
	if (!s->skel)
		error = -errno;
	if (!error)
		error = size_maps(s, queues);
	if (!error)
		error = vring_snapshot__load(s->skel);
	if (!error)
		error = map_copies(s);
	if (!error)
		return s;
	tool_error("the kernel refused the BPF program for snapshots: %s; -v tells more",
		   strerror(-error));
	snapshotter_close(s);
	return NULL;
}

void snapshotter_close(struct snapshotter *s)
{
	if (!s)
		return;
	if (s->pages)
		munmap(s->pages, s->pages_bytes);
	if (s->tables)
		munmap(s->tables, s->tables_bytes);
	vring_snapshot__destroy(s->skel);
	free(s);
}

static bool stood_still(const struct vt_snapshot *head)
{
	return !memcmp(&head->before, &head->after, sizeof(head->before));
}

static int run_once(struct snapshotter *s)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	return bpf_prog_test_run_opts(bpf_program__fd(s->skel->progs.take_snapshot), &options);
}

/* Behind the last area. */
static size_t bytes_copied(const struct vt_snapshot *head)
{
	size_t end = 0;

	for (int area = 0; area < VT_AREAS; area++)
		if (head->area_at[area] + head->area_bytes[area] > end)
			end = head->area_at[area] + head->area_bytes[area];
	return end;
}

static enum snapshot_result failed(const char *name, const char *why)
{
	tool_error("%s: its ring cannot be copied: %s", name, why);
	return SNAPSHOT_FAILED;
}

static enum snapshot_result keep(struct snapshotter *s, struct snapshot *snapshot)
{
	const struct vt_snapshot *taken = &s->skel->bss->taken;
	const char *wrong;

	snapshot->head = *taken;
	snapshot->moving = !stood_still(taken);
	snapshot->copied = bytes_copied(taken);
	if (snapshot->copied > s->pages_bytes ||
	    taken->table_count > s->tables_bytes / sizeof(struct vt_table))
		return failed(snapshot->name, "more was copied than there is room for");
	snapshot->copy = malloc(snapshot->copied + 1);
	snapshot->tables = calloc(taken->table_count + 1, sizeof(*snapshot->tables));
	if (!snapshot->copy || !snapshot->tables)
		return failed(snapshot->name, "out of memory");
	memcpy(snapshot->copy, s->pages, snapshot->copied);
	memcpy(snapshot->tables, s->tables, taken->table_count * sizeof(*snapshot->tables));
	wrong = snapshot_attach(snapshot);
	return wrong ? failed(snapshot->name, wrong) : SNAPSHOT_OK;
}

enum snapshot_result snapshot_take(struct snapshotter *s, const struct queue *queue,
				   struct snapshot *snapshot)
{
	const struct vt_snapshot *taken = &s->skel->bss->taken;

	memset(snapshot, 0, sizeof(*snapshot));
	queue_name(snapshot->name, queue, queue->state.device, queue->state.index);
	s->skel->bss->wanted_vq = queue->state.address;
	s->skel->bss->wanted_device = queue->state.device;
	s->skel->bss->wanted_index = queue->state.index;
	for (int i = 0; i < TRIES; i++) {
		int error = run_once(s);

		if (error)
			return failed(snapshot->name, strerror(-error));
		if (taken->status != VT_SNAPSHOT_TAKEN || stood_still(taken))
			break;
	}
	switch (taken->status) {
	case VT_SNAPSHOT_TAKEN:
		return keep(s, snapshot);
	case VT_SNAPSHOT_GONE:
		return SNAPSHOT_GONE;
	case VT_SNAPSHOT_LARGE:
		return failed(snapshot->name, "it has grown since it was listed");
	default:
		return failed(snapshot->name, "a part of it could not be read");
	}
}
