// SPDX-License-Identifier: MIT
/*
 * A disk on a file. Mirrors the part of QEMU's block/file-posix.c without which there is none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

static int fd_of(const struct BlockBackend *blk)
{
	return ((const struct platform_host_disk *)blk)->fd;
}

/* A read or write may do less than it was asked for, or be interrupted. */
static int file_pread(struct BlockBackend *blk, uint64_t offset, void *buf, size_t bytes)
{
	while (bytes) {
		ssize_t done = pread(fd_of(blk), buf, bytes, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO; /* the file is shorter than it was */
		buf = (char *)buf + done;
		offset += (uint64_t)done;
		bytes -= (size_t)done;
	}
	return 0;
}

static int file_pwrite(struct BlockBackend *blk, uint64_t offset, const void *buf, size_t bytes)
{
	while (bytes) {
		ssize_t done = pwrite(fd_of(blk), buf, bytes, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		buf = (const char *)buf + done;
		offset += (uint64_t)done;
		bytes -= (size_t)done;
	}
	return 0;
}

static int file_flush(struct BlockBackend *blk)
{
	return fdatasync(fd_of(blk)) ? -errno : 0;
}

/* A discard is a hint: a file system that cannot punch holes need not. */
static int file_pdiscard(struct BlockBackend *blk, uint64_t offset, uint64_t bytes)
{
	if (!fallocate(fd_of(blk), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		       (off_t)bytes))
		return 0;
	return errno == EOPNOTSUPP ? 0 : -errno;
}

static int file_pwrite_zeroes(struct BlockBackend *blk, uint64_t offset, uint64_t bytes,
			      bool may_unmap)
{
	static const char zeroes[65536];
	int mode = may_unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE;
	int err = 0;

	if (!fallocate(fd_of(blk), mode, (off_t)offset, (off_t)bytes))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	while (bytes && !err) {
		size_t now = bytes < sizeof(zeroes) ? bytes : sizeof(zeroes);

		err = file_pwrite(blk, offset, zeroes, now);
		offset += now;
		bytes -= now;
	}
	return err;
}

static const struct BlockBackendOps file_ops = {
	.pread = file_pread,
	.pwrite = file_pwrite,
	.flush = file_flush,
	.pdiscard = file_pdiscard,
	.pwrite_zeroes = file_pwrite_zeroes,
};

int platform_host_disk_open(struct platform_host_disk *disk, const char *path, bool read_only)
{
	struct stat stat;
	int err = 0;

	disk->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (disk->fd < 0)
		return -errno;
	if (fstat(disk->fd, &stat))
		err = -errno;
	else if (stat.st_size < VIRTIO_BLK_SECTOR_BYTES)
		err = -EINVAL;
	if (err) {
		close(disk->fd);
		return err;
	}
	disk->blk = (struct BlockBackend){
		.ops = &file_ops,
		.bytes = (uint64_t)stat.st_size & ~(uint64_t)(VIRTIO_BLK_SECTOR_BYTES - 1),
	};
	return 0;
}

int platform_host_disk_close(struct platform_host_disk *disk)
{
	int err = file_flush(&disk->blk);

	if (close(disk->fd) && !err)
		err = -errno;
	return err;
}
