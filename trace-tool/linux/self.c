/* SPDX-License-Identifier: MIT */
/*
 * Finds the devices that vring-trace writes through, by links and names in /sys. What is not found
 * is not marked: a console that is a serial port, an address of no card of this guest.
 */
#include <dirent.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netdb.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "self.h"

#define ALL_QUEUES UINT64_MAX
#define DEPTH 4 /* of disks upon disks */

static void mark(struct self *self, unsigned int device, uint64_t queues)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->list[i].device == device) {
			self->list[i].queues |= queues;
			return;
		}
	if (self->count == SELF_DEVICES)
		return;
	self->list[self->count].device = device;
	self->list[self->count++].queues = queues;
}

/* The N of the innermost virtioN in a path; -1: there is none. */
static int device_in(const char *path)
{
	int device = -1;
	unsigned int n;

	for (const char *at = path; (at = strstr(at, "/virtio")); at++)
		if (sscanf(at, "/virtio%u", &n) == 1)
			device = n;
	return device;
}

/* The same of where a link in /sys leads. */
static int device_behind(const char *link)
{
	char path[PATH_MAX];

	return realpath(link, path) ? device_in(path) : -1;
}

/* ---- the terminal ---- */

/* The queues of a port: the second pair is for control, and the others come behind it. */
static uint64_t queues_of_port(unsigned int port)
{
	return port > 30 ? 0 : 3ull << (port ? 2 * port + 2 : 0);
}

/*
 * "console_vtermno: 1" in debugfs is hvc0: the driver counts from 1
 * (drivers/char/virtio_console.c). Without debugfs only a single console can be told.
 */
static bool has_console(const char *port, unsigned int console)
{
	char path[300], line[80];
	unsigned int number;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/virtio-ports/%s", port);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "console_vtermno: %u", &number) == 1 && number == console + 1;
	if (file)
		fclose(file);
	return found;
}

static void find_console(struct self *self, unsigned int console)
{
	static const char ports[] = "/sys/class/virtio-ports";
	unsigned int port, number, consoles = 0;
	struct dirent *entry;
	char path[PATH_MAX];
	int device, only = -1;
	DIR *dir = opendir(ports);

	while (dir && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "vport%up%u", &number, &port) != 2)
			continue;
		snprintf(path, sizeof(path), "%s/%s", ports, entry->d_name);
		device = device_behind(path);
		if (has_console(entry->d_name, console) && device >= 0) {
			mark(self, device, queues_of_port(port));
			closedir(dir);
			return;
		}
		if (port == 0) {
			consoles++;
			only = device;
		}
	}
	if (dir)
		closedir(dir);
	if (consoles == 1 && only >= 0)
		mark(self, only, queues_of_port(0));
}

static void find_terminal(struct self *self)
{
	unsigned int console;
	char name[64];

	for (int fd = 0; fd <= 2; fd++)
		if (!ttyname_r(fd, name, sizeof(name)) && sscanf(name, "/dev/hvc%u", &console) == 1)
			find_console(self, console);
}

/* ---- ssh ---- */

static bool is_address(const struct sockaddr *address, const char *text)
{
	char mine[INET6_ADDRSTRLEN] = "";

	if (address && address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, mine,
			  sizeof(mine));
	else if (address && address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, mine,
			  sizeof(mine));
	return mine[0] && !strcmp(mine, text);
}

/* SSH_CONNECTION: the other's address and port, then ours. */
static void find_connection(struct self *self)
{
	const char *connection = getenv("SSH_CONNECTION");
	struct ifaddrs *addresses, *at;
	char ours[64], path[64 + IF_NAMESIZE];
	int device;

	if (!connection || sscanf(connection, "%*s %*s %63s", ours) != 1 || getifaddrs(&addresses))
		return;
	ours[strcspn(ours, "%")] = 0;
	for (at = addresses; at; at = at->ifa_next) {
		if (!is_address(at->ifa_addr, ours))
			continue;
		snprintf(path, sizeof(path), "/sys/class/net/%.15s/device", at->ifa_name);
		device = device_behind(path);
		if (device >= 0)
			mark(self, device, ALL_QUEUES);
	}
	freeifaddrs(addresses);
}

/* ---- the file ---- */

/* A disk, or the disks that a mapped one lies upon. */
static void find_disk(struct self *self, const char *path, int depth)
{
	char below[PATH_MAX];
	struct dirent *entry;
	int device = device_behind(path);
	DIR *dir;

	if (device >= 0)
		mark(self, device, ALL_QUEUES);
	snprintf(below, sizeof(below), "%s/slaves", path);
	dir = device < 0 && depth ? opendir(below) : NULL;
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%.1024s/slaves/%s", path, entry->d_name);
		find_disk(self, below, depth - 1);
	}
	if (dir)
		closedir(dir);
}

/* The devices of a driver; 9p's say what they export, of virtiofs' there is seldom more than one.
 */
static void find_shared(struct self *self, const char *driver, const char *source)
{
	char path[PATH_MAX], tag[128];
	struct dirent *entry;
	unsigned int device;
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/virtio/drivers/%s", driver);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "virtio%u", &device) != 1)
			continue;
		snprintf(path, sizeof(path), "/sys/bus/virtio/devices/virtio%u/mount_tag", device);
		file = fopen(path, "re");
		if (!file ||
		    (fgets(tag, sizeof(tag), file) && !strncmp(tag, source, strcspn(tag, "\n"))))
			mark(self, device, ALL_QUEUES);
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
}

/* "36 35 0:33 / /mnt rw - 9p tag rw": by the number of the device, after the dash what it is. */
static void find_mount(struct self *self, dev_t dev)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	unsigned int major_number, minor_number;
	char *line = NULL, *rest, type[32], source[128];
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*d %*d %u:%u", &major_number, &minor_number) != 2 ||
		    major_number != major(dev) || minor_number != minor(dev) ||
		    !(rest = strstr(line, " - ")) ||
		    sscanf(rest, " - %31s %127s", type, source) != 2)
			continue;
		if (!strcmp(type, "9p"))
			find_shared(self, "9pnet_virtio", source);
		else if (!strcmp(type, "virtiofs"))
			find_shared(self, "virtiofs", source);
		else if (!strncmp(source, "/dev/", 5)) {
			struct stat st;

			/* btrfs and the like number themselves. */
			if (!stat(source, &st) && S_ISBLK(st.st_mode)) {
				snprintf(type, sizeof(type), "%u:%u", major(st.st_rdev),
					 minor(st.st_rdev));
				snprintf(source, sizeof(source), "/sys/dev/block/%s", type);
				find_disk(self, source, DEPTH);
			}
		}
		break;
	}
	free(line);
	if (file)
		fclose(file);
}

static void find_file(struct self *self, int fd)
{
	char path[64];
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	if (!access(path, F_OK))
		find_disk(self, path, DEPTH);
	else
		find_mount(self, st.st_dev);
}

/* ---- for the caller ---- */

void self_find(struct self *self, int file_fd)
{
	memset(self, 0, sizeof(*self));
	find_terminal(self);
	find_connection(self);
	if (file_fd >= 0)
		find_file(self, file_fd);
}

bool self_carries(const struct self *self, uint16_t device, uint16_t queue)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->list[i].device == device)
			return queue > 63 || self->list[i].queues & 1ull << queue;
	return false;
}
