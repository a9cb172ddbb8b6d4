/* SPDX-License-Identifier: MIT */
/*
 * Runs the walk and names what it found. For each device one attribute in /sys is read, which makes
 * the kernel pass through the hook of walk_fentry or walk_kprobe (bpf/) with that device in hand.
 */
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring/virtio_ring.h"
#include "vring_trace.skel.h"

#include "kernel.h"
#include "queues.h"
#include "../suggest.h"
#include "../tool.h"

#define DEVICES "/sys/bus/virtio/devices"

/* One that is being removed just now cannot be read, and is one without queues. */
static void read_status(const char *device)
{
	char path[sizeof(DEVICES) + 280], byte;
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/status", device);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, &byte, 1) < 0 && tool.verbose)
		tool_error("%s: %s", path, strerror(errno));
	close(fd);
}

/* Calls the kernel's attention to every device in turn. Return: how many, or a negative errno. */
static int touch_devices(void)
{
	struct dirent *entry;
	int devices = 0;
	DIR *dir = opendir(DEVICES);

	if (!dir)
		return errno == ENOENT ? 0 : -errno; /* no virtio bus: no devices */
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		devices++;
		read_status(entry->d_name);
	}
	closedir(dir);
	return devices;
}

/* The last part of where a link in /sys points, or "-". */
static void link_name(const char *path, char *name, size_t size)
{
	char target[512];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	snprintf(name, size, "-");
	if (len <= 0)
		return;
	target[len] = 0;
	snprintf(name, size, "%.*s", (int)size - 1, strrchr(target, '/') + 1);
}

/* The first entry of a directory in /sys, such as the disk in virtio0/block; else "". */
static void first_entry(const char *path, char *name, size_t size)
{
	struct dirent *entry;
	DIR *dir = opendir(path);

	name[0] = 0;
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(name, size, "%.*s", (int)size - 1, entry->d_name);
	closedir(dir);
}

static void name_from_sys(struct queue *queue)
{
	char path[128];
	int device = queue->state.device;

	snprintf(path, sizeof(path), DEVICES "/virtio%d/driver", device);
	link_name(path, queue->driver, sizeof(queue->driver));
	snprintf(path, sizeof(path), DEVICES "/virtio%d/block", device);
	first_entry(path, queue->alias, sizeof(queue->alias));
	if (queue->alias[0])
		return;
	snprintf(path, sizeof(path), DEVICES "/virtio%d/net", device);
	first_entry(path, queue->alias, sizeof(queue->alias));
}

static int by_device_and_index(const void *a, const void *b)
{
	const struct vt_queue *x = &((const struct queue *)a)->state;
	const struct vt_queue *y = &((const struct queue *)b)->state;

	return x->device != y->device ? (int)x->device - y->device : (int)x->index - y->index;
}

int queues_walk(struct vring_trace *skel, struct queues *queues)
{
	struct bpf_link *hook;
	int devices;

	memset(queues, 0, sizeof(*queues));
	skel->bss->devices_walked = 0;
	skel->bss->queue_count = 0;
	skel->bss->queues_left_out = 0;
	hook = bpf_program__attach(kernel_walk_program(skel));
	if (!hook) {
		tool_error("cannot hook dev_attr_show to find the queues: %s", strerror(errno));
		return TOOL_NO_TRACE;
	}
	devices = touch_devices();
	bpf_link__destroy(hook);
	if (devices < 0) {
		tool_error("cannot list %s: %s", DEVICES, strerror(-devices));
		return TOOL_NO_TRACE;
	}

	if (devices && !skel->bss->devices_walked) {
		tool_error("%d virtio devices, but the kernel showed the queues of none: is this "
			   "process's /proc that of its own PID namespace?",
			   devices);
		return TOOL_NO_TRACE;
	}
	if (skel->bss->queues_left_out)
		tool_error("more than %d queues: those of %u devices are left out, in whole or "
			   "in part",
			   VT_MAX_QUEUES, skel->bss->queues_left_out);

	queues->devices = devices;
	queues->count = skel->bss->queue_count;
	queues->list = calloc(queues->count + 1, sizeof(*queues->list));
	if (!queues->list) {
		tool_error("out of memory for %zu queues", queues->count);
		return TOOL_FAILED;
	}
	for (size_t i = 0; i < queues->count; i++) {
		queues->list[i].state = skel->bss->queues[i];
		name_from_sys(&queues->list[i]);
	}
	qsort(queues->list, queues->count, sizeof(*queues->list), by_device_and_index);
	return 0;
}

void queues_free(struct queues *queues)
{
	free(queues->list);
	queues->list = NULL;
}

const char *queue_name(char *buf, const struct queue *queue, uint16_t device, uint16_t index)
{
	if (queue && queue->state.name[0])
		snprintf(buf, VT_NAME_LEN + 16, "virtio%u/%s", device, queue->state.name);
	else
		snprintf(buf, VT_NAME_LEN + 16, "virtio%u:%u", device, index);
	return buf;
}

/* From /sys: the number of the kind of device, 5. */
unsigned int queue_device_id(const struct queue *queue)
{
	unsigned int id = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/virtio/devices/virtio%u/device",
		 queue->state.device);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%x", &id) != 1)
		id = 0;
	fclose(file);
	return id;
}

void queue_describe(const struct queue *queue, bool self, struct vrt_queue *out)
{
	const struct vt_queue *state = &queue->state;

	memset(out, 0, sizeof(*out));
	le16_write(&out->device, state->device);
	le16_write(&out->queue, state->index);
	le32_write(&out->num, state->num);
	le64_write(&out->features, state->features);
	le32_write(&out->device_id, queue_device_id(queue));
	out->packed = state->packed;
	out->self = self;
	memcpy(out->name, state->name, sizeof(out->name) - 1);
	memcpy(out->driver, queue->driver, sizeof(queue->driver));
	memcpy(out->alias, queue->alias, sizeof(queue->alias));
}

static bool word_names(const char *word, const struct queue *queue)
{
	const struct vt_queue *state = &queue->state;
	char name[VT_NAME_LEN + 16];

	snprintf(name, sizeof(name), "virtio%u", state->device);
	if (!fnmatch(word, name, 0))
		return true;
	snprintf(name, sizeof(name), "virtio%u:%u", state->device, state->index);
	if (!fnmatch(word, name, 0))
		return true;
	if (!fnmatch(word, queue_name(name, queue, state->device, state->index), 0))
		return true;
	return queue->alias[0] && !fnmatch(word, queue->alias, 0);
}

/* What may have been meant by a word that names no queue. */
static void suggest_queue(struct suggestion *suggestion, const struct queue *queue)
{
	const struct vt_queue *state = &queue->state;
	char name[VT_NAME_LEN + 16];

	if (queue->alias[0])
		suggest(suggestion, queue->alias);
	suggest(suggestion, queue_name(name, queue, state->device, state->index));
	snprintf(name, sizeof(name), "virtio%u", state->device);
	suggest(suggestion, name);
}

static void no_such_queue(const struct queues *queues, const char *word)
{
	struct suggestion suggestion = { .word = word };

	for (size_t i = 0; i < queues->count; i++)
		suggest_queue(&suggestion, &queues->list[i]);
	if (suggestion.best[0])
		tool_error("no such queue: %s; is it %s? vring-trace ls shows them", word,
			   suggestion.best);
	else
		tool_error("no such queue: %s; vring-trace ls shows them", word);
}

int queues_select(struct queues *queues, char *const *words, size_t count)
{
	for (size_t i = 0; i < queues->count; i++)
		queues->list[i].selected = count == 0;
	for (size_t w = 0; w < count; w++) {
		bool found = false;

		for (size_t i = 0; i < queues->count; i++)
			if (word_names(words[w], &queues->list[i]))
				found = queues->list[i].selected = true;
		if (!found) {
			no_such_queue(queues, words[w]);
			return TOOL_USAGE;
		}
	}
	return 0;
}

const struct queue *queues_find(const struct queues *queues, uint16_t device, uint16_t index)
{
	const struct queue key = { .state = { .device = device, .index = index } };

	return bsearch(&key, queues->list, queues->count, sizeof(*queues->list),
		       by_device_and_index);
}
