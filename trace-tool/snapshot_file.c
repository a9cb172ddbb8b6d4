/* SPDX-License-Identifier: MIT */
/*
 * A snapshot and its file. The file is for the machine that wrote it and its like: plain structs,
 * in the byte order and with the layout of struct vt_snapshot, behind a line of magic. Whatever is
 * read from one is checked before it is used as a size or a place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"
#include "tool.h"

static const char magic[16] = "vring snapshot1\n";

struct file_head {
	char magic[sizeof(magic)];
	uint32_t head_bytes; /* sizeof(struct vt_snapshot) */
	uint32_t copied;     /* bytes of the areas behind it; then the tables */
	char name[64], callback[64], notify[64];
};

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->copy);
	free(snapshot->notes);
	free(snapshot->tables);
	memset(snapshot, 0, sizeof(*snapshot));
}

const struct vt_table *snapshot_table(const struct snapshot *s, unsigned int slot)
{
	for (unsigned int i = 0; i < s->head.table_count; i++)
		if (s->tables[i].slot == slot)
			return &s->tables[i];
	return NULL;
}

/* How large the driver's and the device's areas are: 2.7 and 2.8, the tables of areas. */
static size_t expected_bytes(const struct vt_snapshot *head, enum vt_area area)
{
	switch (area) {
	case VT_DESC:
		return sizeof(struct vring_desc) * head->num;
	case VT_DRIVER:
		return head->packed ? sizeof(struct vring_packed_desc_event) :
				      vring_avail_bytes(head->num);
	case VT_DEVICE:
		return head->packed ? sizeof(struct vring_packed_desc_event) :
				      vring_used_bytes(head->num);
	case VT_STATE:
		return (size_t)head->state_size * head->num;
	default:
		return head->has_extra ? (size_t)head->extra_size * head->num : 0;
	}
}

static bool field_fits(unsigned int at, unsigned int bytes, unsigned int size)
{
	return at + bytes <= size;
}

static const char *check_head(const struct snapshot *s)
{
	const struct vt_snapshot *h = &s->head;

	if (!h->num || h->num > VRING_MAX_SIZE || (!h->packed && h->num & (h->num - 1)))
		return "not a size a ring can have";
	for (int area = 0; area < VT_AREAS; area++)
		if (h->area_bytes[area] != expected_bytes(h, area) || h->area_at[area] % 8 ||
		    h->area_at[area] > s->copied ||
		    h->area_bytes[area] > s->copied - h->area_at[area])
			return "an area is not where it should be";
	if (!field_fits(h->state_data, 8, h->state_size) ||
	    (h->packed && !field_fits(h->state_num, 2, h->state_size)))
		return "the driver's state has no such field";
	if (h->has_extra && (!field_fits(h->extra_addr, 8, h->extra_size) ||
			     !field_fits(h->extra_len, 4, h->extra_size) ||
			     !field_fits(h->extra_next, 2, h->extra_size)))
		return "the driver's descriptors have no such field";
	return NULL;
}

static void read_notes(struct snapshot *s)
{
	const struct vt_snapshot *h = &s->head;

	for (unsigned int i = 0; i < h->num; i++) {
		const uint8_t *state = (uint8_t *)s->area[VT_STATE] + (size_t)i * h->state_size;
		const uint8_t *extra = (uint8_t *)s->area[VT_EXTRA] + (size_t)i * h->extra_size;
		struct snapshot_note *note = &s->notes[i];

		memcpy(&note->token, state + h->state_data, sizeof(note->token));
		if (h->packed)
			memcpy(&note->num, state + h->state_num, sizeof(note->num));
		if (!h->has_extra)
			continue;
		memcpy(&note->addr, extra + h->extra_addr, sizeof(note->addr));
		memcpy(&note->len, extra + h->extra_len, sizeof(note->len));
		memcpy(&note->next, extra + h->extra_next, sizeof(note->next));
	}
}

const char *snapshot_attach(struct snapshot *s)
{
	const char *wrong = check_head(s);

	if (wrong)
		return wrong;
	for (int area = 0; area < VT_AREAS; area++)
		s->area[area] = s->copy + s->head.area_at[area];
	for (unsigned int i = 0; i < s->head.table_count; i++)
		if (s->tables[i].kept > VT_TABLE_ENTRIES)
			return "an indirect table is too long";
	s->notes = calloc(s->head.num, sizeof(*s->notes));
	if (!s->notes)
		return "out of memory";
	read_notes(s);
	return NULL;
}

int snapshot_save(const struct snapshot *s, const char *path)
{
	struct file_head head = { .head_bytes = sizeof(s->head), .copied = s->copied };
	FILE *file = fopen(path, "we");
	int error = 0;

	if (!file) {
		error = -errno;
		tool_error("cannot write %s: %s", path, strerror(-error));
		return error;
	}
	memcpy(head.magic, magic, sizeof(magic));
	memcpy(head.name, s->name, sizeof(head.name));
	memcpy(head.callback, s->callback, sizeof(head.callback));
	memcpy(head.notify, s->notify, sizeof(head.notify));
	fwrite(&head, sizeof(head), 1, file);
	fwrite(&s->head, sizeof(s->head), 1, file);
	fwrite(s->copy, 1, s->copied, file);
	fwrite(s->tables, sizeof(*s->tables), s->head.table_count, file);
	if (fflush(file) || ferror(file))
		error = -errno;
	if (fclose(file) && !error)
		error = -errno;
	if (error) {
		tool_error("cannot write %s: %s", path, strerror(-error));
		remove(path); /* half a snapshot is none */
	}
	return error;
}

/* Return: what is wrong with the file, or NULL. */
static const char *read_snapshot(struct snapshot *s, FILE *file)
{
	struct file_head head;

	if (fread(&head, sizeof(head), 1, file) != 1 ||
	    memcmp(head.magic, magic, sizeof(magic)) != 0)
		return "not a snapshot of vring-trace";
	if (head.head_bytes != sizeof(s->head))
		return "written by another version of vring-trace";
	if (fread(&s->head, sizeof(s->head), 1, file) != 1)
		return "cut short";
	if (head.copied > 64u << 20)
		return "larger than any queue";
	snprintf(s->name, sizeof(s->name), "%.63s", head.name);
	snprintf(s->callback, sizeof(s->callback), "%.63s", head.callback);
	snprintf(s->notify, sizeof(s->notify), "%.63s", head.notify);
	s->copied = head.copied;
	s->copy = malloc(s->copied + 1);
	s->tables = calloc(s->head.table_count + 1, sizeof(*s->tables));
	if (!s->copy || !s->tables)
		return "out of memory";
	if (fread(s->copy, 1, s->copied, file) != s->copied ||
	    fread(s->tables, sizeof(*s->tables), s->head.table_count, file) != s->head.table_count)
		return "cut short";
	return snapshot_attach(s);
}

int snapshot_load(struct snapshot *s, const char *path)
{
	FILE *file = fopen(path, "re");
	const char *wrong;

	memset(s, 0, sizeof(*s));
	if (!file) {
		int error = -errno;

		tool_error("cannot read %s: %s", path, strerror(-error));
		return error;
	}
	wrong = read_snapshot(s, file);
	fclose(file);
	if (!wrong)
		return 0;
	tool_error("%s: %s", path, wrong);
	snapshot_free(s);
	return -EINVAL;
}
