/* SPDX-License-Identifier: MIT */
/*
 * The names are those of ls, and patterns over them work the same way.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "../moment.h"
#include "../suggest.h"
#include "vrt_words.h"

void vrt_name(char name[VRT_NAME], const char in_file[VRT_NAME])
{
	size_t i;

	for (i = 0; i < VRT_NAME - 1 && in_file[i]; i++)
		name[i] = in_file[i] < ' ' || in_file[i] > '~' ? '?' : in_file[i];
	name[i] = 0;
}

void vrt_queue_name(char name[VRT_QUEUE_NAME], const struct vrt_queue *record, uint16_t device,
		    uint16_t queue)
{
	char own[VRT_NAME] = "";

	if (record)
		vrt_name(own, record->name);
	if (own[0])
		snprintf(name, VRT_QUEUE_NAME, "virtio%u/%s", device, own);
	else
		snprintf(name, VRT_QUEUE_NAME, "virtio%u:%u", device, queue);
}

bool vrt_queue_is(const struct vrt_queue *record, uint16_t device, uint16_t queue, const char *word)
{
	char name[VRT_QUEUE_NAME];

	snprintf(name, sizeof(name), "virtio%u", device);
	if (!fnmatch(word, name, 0))
		return true;
	snprintf(name, sizeof(name), "virtio%u:%u", device, queue);
	if (!fnmatch(word, name, 0))
		return true;
	vrt_queue_name(name, record, device, queue);
	if (!fnmatch(word, name, 0))
		return true;
	if (!record)
		return false;
	vrt_name(name, record->alias);
	return name[0] && !fnmatch(word, name, 0);
}

void vrt_queue_meant(const struct vrt_file *f, const char *word, char meant[VRT_QUEUE_NAME])
{
	struct suggestion suggestion = { .word = word };
	char name[VRT_QUEUE_NAME];

	for (size_t i = 0; i < f->num_queues; i++) {
		const struct vrt_queue *record = &f->queues[i];
		uint16_t device = le16_read(&record->device);

		vrt_name(name, record->alias);
		if (name[0])
			suggest(&suggestion, name);
		vrt_queue_name(name, record, device, le16_read(&record->queue));
		suggest(&suggestion, name);
		/* "input.0": the device in front of it is missing. */
		if (strchr(name, '/') && !strcmp(strchr(name, '/') + 1, word)) {
			snprintf(meant, VRT_QUEUE_NAME, "%s", name);
			return;
		}
		snprintf(name, sizeof(name), "virtio%u", device);
		suggest(&suggestion, name);
	}
	snprintf(meant, VRT_QUEUE_NAME, "%s", suggestion.best);
}

int vrt_time(const char *text, uint64_t *ns)
{
	return moment_parse(text, ns) ? 0 : -EINVAL;
}
