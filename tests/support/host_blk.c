/* SPDX-License-Identifier: MIT */
/*
 * The disk of the host ground's machine: memory that starts as machine.h says, or nothing at all,
 * or memory with errors in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_blk.h"
#include "host_machine.h"
#include "platform/host/host.h"

#define SECTOR 512
#define DEFAULT_DISK_BYTES (1u << 20)
#define MAX_ZONES 64

struct host_blk {
	struct VirtIODevice vdev; /* first: the two are one object */
	struct VirtIOBlock blk;
	struct MemoryDisk memory;
	struct VirtIOBlkZone zones[MAX_ZONES];

	/* What stands between the device and the memory, if anything does. */
	struct BlockBackend between;
	uint64_t bad_sector;
	char bad_iotype[32];
};

static struct host_blk *host_of(struct VirtIODevice *vdev)
{
	return (struct host_blk *)vdev;
}

static void *take(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		abort();
	return memory;
}

/* ---- back ends ---- */

static int null_pread(struct BlockBackend *blk, uint64_t offset, void *buf, size_t bytes)
{
	(void)blk;
	(void)offset;
	memset(buf, 0, bytes);
	return 0;
}

static int null_pwrite(struct BlockBackend *blk, uint64_t offset, const void *buf, size_t bytes)
{
	(void)blk;
	(void)offset;
	(void)buf;
	(void)bytes;
	return 0;
}

static int null_flush(struct BlockBackend *blk)
{
	(void)blk;
	return 0;
}

static int null_pdiscard(struct BlockBackend *blk, uint64_t offset, uint64_t bytes)
{
	(void)blk;
	(void)offset;
	(void)bytes;
	return 0;
}

static const struct BlockBackendOps null_ops = {
	.pread = null_pread,
	.pwrite = null_pwrite,
	.flush = null_flush,
	.pdiscard = null_pdiscard,
};

/* Does the error happen to an access of these bytes? */
static bool is_bad(const struct host_blk *host, const char *iotype, uint64_t offset, size_t bytes)
{
	uint64_t bad = host->bad_sector * SECTOR;

	if (strcmp(host->bad_iotype, iotype))
		return false;
	return host->bad_sector == UINT64_MAX || (offset <= bad && bad < offset + bytes);
}

static int bad_pread(struct BlockBackend *blk, uint64_t offset, void *buf, size_t bytes)
{
	struct host_blk *host = blk->opaque;
	struct BlockBackend *memory = &host->memory.blk;

	if (is_bad(host, "read", offset, bytes))
		return -1;
	return memory->ops->pread(memory, offset, buf, bytes);
}

static int bad_pwrite(struct BlockBackend *blk, uint64_t offset, const void *buf, size_t bytes)
{
	struct host_blk *host = blk->opaque;
	struct BlockBackend *memory = &host->memory.blk;

	if (is_bad(host, "write", offset, bytes))
		return -1;
	return memory->ops->pwrite(memory, offset, buf, bytes);
}

static int bad_flush(struct BlockBackend *blk)
{
	struct host_blk *host = blk->opaque;
	struct BlockBackend *memory = &host->memory.blk;

	return is_bad(host, "flush", 0, 0) ? -1 : memory->ops->flush(memory);
}

static const struct BlockBackendOps bad_ops = {
	.pread = bad_pread,
	.pwrite = bad_pwrite,
	.flush = bad_flush,
};

/* ---- options ---- */

static uint32_t number(const char *options, const char *name, uint32_t fallback)
{
	char value[24];

	if (!host_option(options, name, value, sizeof(value)))
		return fallback;
	return (uint32_t)strtoul(value, NULL, 0);
}

static bool is_on(const char *options, const char *name, bool fallback)
{
	char value[8];

	return host_option(options, name, value, sizeof(value)) ? !strcmp(value, "on") : fallback;
}

static struct BlockBackend *make_backend(struct host_blk *host, const struct machine_device *device)
{
	const char *backend = device->backend;

	host->between = (struct BlockBackend){ .opaque = host, .bytes = host->memory.blk.bytes };
	if (!backend)
		return &host->memory.blk;
	if (!strcmp(backend, "null-co")) {
		host->between.ops = &null_ops;
		return &host->between;
	}
	if (strncmp(backend, "blkdebug:", 9))
		fail_msg("the machine: no such backend: %s", backend);
	host->bad_sector = UINT64_MAX;
	host_option(backend + 9, "inject-error.0.iotype", host->bad_iotype,
		    sizeof(host->bad_iotype));
	if (strstr(backend, "inject-error.0.sector="))
		host->bad_sector = number(backend + 9, "inject-error.0.sector", 0);
	host->between.ops = &bad_ops;
	return &host->between;
}

static void make_memory(struct host_blk *host, const struct machine_device *device)
{
	size_t bytes = device->disk_bytes ? device->disk_bytes : DEFAULT_DISK_BYTES;
	size_t most = number(device->options, "max_disk", (uint32_t)bytes);
	uint8_t *memory = take(most), *stable = NULL;

	for (size_t n = 0; n < bytes; n++)
		memory[n] = (uint8_t)(n / SECTOR);
	if (is_on(device->options, "volatile", false))
		stable = take(most);
	memory_disk_init(&host->memory, memory, stable, bytes);
}

static void read_zoned(struct host_blk *host, const char *options, struct VirtIOBlkZonedConf *zoned)
{
	char model[8] = "";

	if (!host_option(options, "zoned", model, sizeof(model)))
		return;
	*zoned = (struct VirtIOBlkZonedConf){
		.offered = true,
		.model = !strcmp(model, "hm") ? VIRTIO_BLK_Z_HM :
			 !strcmp(model, "ha") ? VIRTIO_BLK_Z_HA :
						VIRTIO_BLK_Z_NONE,
		.zone_sectors = number(options, "zone_sectors", 256),
		.zone_capacity = number(options, "zone_capacity", 0),
		.conventional = number(options, "conventional", 0),
		.max_open_zones = number(options, "max_open", 0),
		.max_active_zones = number(options, "max_active", 0),
		.max_append_sectors = number(options, "max_append", 64),
		.write_granularity = number(options, "write_granularity", SECTOR),
		.zones = host->zones,
		.max_zones = MAX_ZONES,
	};
}

static void read_topology(const char *options, struct VirtIOBlkConf *conf)
{
	uint32_t logical = number(options, "logical_block_size", SECTOR);
	uint32_t physical = number(options, "physical_block_size", logical);

	conf->blk_size = logical;
	conf->topology = true;
	while (logical << conf->physical_block_exp < physical)
		conf->physical_block_exp++;
	conf->min_io_size = (uint16_t)(number(options, "min_io_size", 0) / logical);
	conf->opt_io_size = number(options, "opt_io_size", 0) / logical;
}

static void read_ranges(const char *options, struct VirtIOBlkConf *conf)
{
	uint32_t segments = number(options, "ranges", 1);

	if (is_on(options, "discard", true)) {
		conf->max_discard_sectors = number(options, "max-discard-sectors", 0x3fffff);
		conf->max_discard_seg = segments;
		conf->discard_sector_alignment = conf->blk_size / SECTOR;
	}
	if (is_on(options, "write-zeroes", true)) {
		conf->max_write_zeroes_sectors =
			number(options, "max-write-zeroes-sectors", 0x3fffff);
		conf->max_write_zeroes_seg = segments;
		conf->write_zeroes_may_unmap = true;
	}
	if (is_on(options, "secure_erase", false)) {
		conf->max_secure_erase_sectors = 0x3fffff;
		conf->max_secure_erase_seg = segments;
		conf->secure_erase_sector_alignment =
			conf->zoned.offered ? conf->zoned.zone_sectors : conf->blk_size / SECTOR;
	}
}

static void read_conf(struct host_blk *host, const struct machine_device *device,
		      struct VirtIOBlkConf *conf)
{
	const char *options = device->options;
	unsigned int queue_size = device->queue_size ? device->queue_size : 256;

	*conf = (struct VirtIOBlkConf){
		.backend = make_backend(host, device),
		.num_queues = (uint16_t)(device->num_queues ? device->num_queues : 1),
		.queue_size = (uint16_t)queue_size,
		.seg_max = number(options, "seg_max", queue_size < 256 ? queue_size - 2 : 254),
		.size_max = number(options, "size_max", 0),
		.read_only = device->read_only,
		.flush = is_on(options, "flush", true),
		.config_wce = is_on(options, "config-wce", true) && is_on(options, "flush", true),
		.write_through = !is_on(options, "write-cache", true),
		.lifetime = is_on(options, "lifetime", false),
		.pre_eol_info = 1,
		.lifetime_typ_a = 2,
		.lifetime_typ_b = 3,
	};
	host_option(options, "serial", conf->serial, sizeof(conf->serial));
	read_topology(options, conf);
	read_zoned(host, options, &conf->zoned);
	read_ranges(options, conf);
}

/* ---- for the machine ---- */

struct VirtIODevice *host_blk_new(const struct machine_device *device)
{
	struct host_blk *host = take(sizeof(*host));
	struct VirtIOBlkConf conf;
	char order[16];

	make_memory(host, device);
	host->vdev.memory = platform_host_memory();
	host_features(device, host->vdev.host_features);
	read_conf(host, device, &conf);
	if (conf.zoned.offered && device->interface != MACHINE_MODERN)
		fail_msg("the machine: the legacy interface has no zones (5.2.5.2)");
	if (!virtio_blk_init(&host->blk, &host->vdev, &conf))
		fail_msg("the machine: no disk can be as \"%s\" says",
			 device->options ? device->options : "");
	if (host_option(device->options, "order", order, sizeof(order)))
		host->blk.order = !strcmp(order, "reversed") ? VIRTIO_BLK_ORDER_REVERSED :
							       VIRTIO_BLK_ORDER_SHUFFLED;
	return &host->vdev;
}

void host_blk_free(struct VirtIODevice *vdev)
{
	struct host_blk *host = host_of(vdev);

	free(host->memory.memory);
	free(host->memory.stable);
	free(host);
}

uint8_t *host_blk_disk(struct VirtIODevice *vdev, size_t *bytes)
{
	*bytes = host_of(vdev)->memory.blk.bytes;
	return host_of(vdev)->memory.memory;
}

void host_blk_resize(struct VirtIODevice *vdev, size_t bytes)
{
	if (!virtio_blk_resize(&host_of(vdev)->blk, bytes))
		fail_msg("the machine: the disk cannot have %zu bytes", bytes);
	host_of(vdev)->memory.blk.bytes = bytes;
}

struct VirtIOBlock *host_blk_device(struct VirtIODevice *vdev)
{
	return &host_of(vdev)->blk;
}

struct MemoryDisk *host_blk_memory(struct VirtIODevice *vdev)
{
	return &host_of(vdev)->memory;
}
