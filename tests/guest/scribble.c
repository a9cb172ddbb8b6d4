/* SPDX-License-Identifier: MIT */
/*
 * Rewrites what a device says about being kicked, again and again, from outside the guest: a device
 * that changes its mind while the driver decides.
 *
 * scribble SOCKET MEMORY DEVICE QUEUE: QEMU's QMP socket, the file that is the guest's memory, the
 * id of a virtio device and the number of a split queue of it. Ends when QEMU does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <json-c/json.h>

#include "ring/virtio_ring.h"

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (int tries = 0; tries < 200; tries++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
		close(fd);
		poll(NULL, 0, 50);
	}
	return -1;
}

struct qmp {
	FILE *to, *from;
};

/* One answer, which QEMU puts on one line. Return: NULL when QEMU is gone. */
static json_object *answer(const struct qmp *qmp)
{
	char line[8192];

	return fgets(line, sizeof(line), qmp->from) ? json_tokener_parse(line) : NULL;
}

/* Where the rings of the queue are, in the guest's memory; 0 until the driver has set them up. */
struct rings {
	uint64_t avail, used;
	unsigned int num;
};

static bool ask(const struct qmp *qmp, const char *device, const char *queue, struct rings *rings)
{
	json_object *reply, *value, *field;
	bool alive;

	fprintf(qmp->to,
		"{\"execute\":\"x-query-virtio-queue-status\",\"arguments\":"
		"{\"path\":\"/machine/peripheral/%s/virtio-backend\",\"queue\":%s}}\n",
		device, queue);
	fflush(qmp->to);
	reply = answer(qmp);
	alive = reply != NULL;
	value = json_object_object_get(reply, "return");
	if (json_object_object_get_ex(value, "vring-avail", &field))
		rings->avail = json_object_get_int64(field);
	if (json_object_object_get_ex(value, "vring-used", &field))
		rings->used = json_object_get_int64(field);
	if (json_object_object_get_ex(value, "vring-num", &field))
		rings->num = json_object_get_int(field);
	json_object_put(reply);
	return alive;
}

static void *map_memory(const char *path, size_t *size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat info;
	void *memory;

	if (fd < 0 || fstat(fd, &info))
		return NULL;
	*size = info.st_size;
	memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

/* A short while, some ten nanoseconds for each turn. */
static void pause_for(unsigned int turns)
{
	for (unsigned int i = 0; i < turns; i++)
		__asm__ volatile("pause");
}

int main(int argc, char **argv)
{
	struct rings rings = {};
	volatile uint16_t *idx, *event;
	json_object *greeting;
	size_t size;
	char *memory;
	struct qmp qmp;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: scribble SOCKET MEMORY DEVICE QUEUE\n");
		return 2;
	}
	fd = connect_to(argv[1]);
	qmp.to = fd < 0 ? NULL : fdopen(fd, "w");
	qmp.from = fd < 0 ? NULL : fdopen(dup(fd), "r");
	if (!qmp.to || !qmp.from) {
		fprintf(stderr, "scribble: no QEMU at %s\n", argv[1]);
		return 1;
	}
	greeting = answer(&qmp);
	json_object_put(greeting);
	fputs("{\"execute\":\"qmp_capabilities\"}\n", qmp.to);
	fflush(qmp.to);
	json_object_put(answer(&qmp));
	while (!rings.used && ask(&qmp, argv[3], argv[4], &rings))
		poll(NULL, 0, 50);
	memory = map_memory(argv[2], &size);
	if (!rings.used || !memory || rings.used + 4096 > size || rings.avail + 4096 > size) {
		fprintf(stderr, "scribble: no queue %s of %s\n", argv[4], argv[3]);
		return 1;
	}
	idx = (void *)(memory + rings.avail + offsetof(struct vring_avail, idx));
	event = (void *)(memory + rings.used + sizeof(struct vring_used) +
			 rings.num * sizeof(struct vring_used_elem));
	/*
	 * Most of the time the word is one at which the driver kicks: one that never did would be
	 * stuck with a full ring.
	 */
	for (unsigned int turn = 1; turn % 65536 || ask(&qmp, argv[3], argv[4], &rings); turn++) {
		*event = *idx + 0x4000;
		pause_for(4);
		*event = *idx;
		pause_for(40);
	}
	return 0;
}
