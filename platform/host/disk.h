/* SPDX-License-Identifier: MIT */
/*
 * A disk on a file of the host's, as a back end for device/blk.h.
 */
#ifndef PLATFORM_HOST_DISK_H
#define PLATFORM_HOST_DISK_H

#include "device/blk.h"

struct platform_host_disk {
	struct BlockBackend blk; /* first; for VirtIOBlkConf.backend */
	int fd;
};

/**
 * platform_host_disk_open - use the file at @path, as it is
 * @read_only: then a device should say so as well, since every write fails
 *
 * What lies beyond the last whole sector is not part of the disk.
 *
 * Return: 0; what open() or fstat() say, negative; -EINVAL if there is not one sector.
 */
int platform_host_disk_open(struct platform_host_disk *disk, const char *path, bool read_only);

/* Flushes. Return: 0 or what fdatasync() or close() say, negative. */
int platform_host_disk_close(struct platform_host_disk *disk);

#endif
