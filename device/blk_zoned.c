// SPDX-License-Identifier: MIT
/*
 * The zones of a block device, and their states (5.2.6.2).
 *
 * QEMU leaves zones to the host's disk; here is the whole of it: sequential zones of a host-managed
 * disk are written at their write pointer only, so many may be open and so many active at a time,
 * and a write may open a zone by itself, closing another that a write had opened. Zones of a
 * host-aware disk are written anywhere.
 */
#include "blk_internal.h"

static uint64_t disk_sectors(const struct VirtIOBlock *s)
{
	return s->conf.backend->bytes / SECTOR;
}

static struct VirtIOBlkZone *zone_at(const struct VirtIOBlock *s, uint64_t sector)
{
	return &s->conf.zoned.zones[sector / s->conf.zoned.zone_sectors];
}

static uint64_t start_of(const struct VirtIOBlock *s, const struct VirtIOBlkZone *zone)
{
	return (uint64_t)(zone - s->conf.zoned.zones) * s->conf.zoned.zone_sectors;
}

/* Behind its last sector; the last zone may be a smaller one. */
static uint64_t end_of(const struct VirtIOBlock *s, const struct VirtIOBlkZone *zone)
{
	uint64_t end = start_of(s, zone) + s->conf.zoned.zone_sectors;

	return end < disk_sectors(s) ? end : disk_sectors(s);
}

/* Behind the last sector that can be written. */
static uint64_t capacity_end(const struct VirtIOBlock *s, const struct VirtIOBlkZone *zone)
{
	uint64_t capacity = s->conf.zoned.zone_capacity, end = end_of(s, zone);

	if (zone->type == VIRTIO_BLK_ZT_CONV || !capacity || start_of(s, zone) + capacity > end)
		return end;
	return start_of(s, zone) + capacity;
}

void virtio_blk_init_zones(struct VirtIOBlock *s, unsigned int first)
{
	const struct VirtIOBlkZonedConf *conf = &s->conf.zoned;

	for (unsigned int i = first; i < s->nr_zones; i++) {
		bool sequential = i >= conf->conventional;
		uint8_t type =
			conf->model == VIRTIO_BLK_Z_HA ? VIRTIO_BLK_ZT_SWP : VIRTIO_BLK_ZT_SWR;

		conf->zones[i] = (struct VirtIOBlkZone){
			.wp = (uint64_t)i * conf->zone_sectors,
			.type = sequential ? type : VIRTIO_BLK_ZT_CONV,
			.state = sequential ? VIRTIO_BLK_ZS_EMPTY : VIRTIO_BLK_ZS_NOT_WP,
		};
	}
}

/* ---- reading ---- */

static bool required(const struct VirtIOBlkZone *zone)
{
	return zone->type == VIRTIO_BLK_ZT_SWR;
}

enum virtio_blk_status virtio_blk_check_zones(struct VirtIOBlock *s, uint64_t sector,
					      uint64_t nr_sectors, bool write)
{
	const struct VirtIOBlkZone *first, *last;

	if (!virtio_blk_is_zoned(s) || !nr_sectors)
		return VIRTIO_BLK_S_OK;
	first = zone_at(s, sector);
	last = zone_at(s, sector + nr_sectors - 1);
	for (const struct VirtIOBlkZone *zone = first; zone <= last; zone++) {
		/* Across the border of a zone that has to be written in sequence. */
		if (required(zone) && first != last)
			return VIRTIO_BLK_S_ZONE_INVALID_CMD;
		if (zone->state == VIRTIO_BLK_ZS_OFFLINE)
			return VIRTIO_BLK_S_ZONE_INVALID_CMD;
		if (write && (required(zone) || zone->state == VIRTIO_BLK_ZS_RDONLY))
			return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	}
	return VIRTIO_BLK_S_OK;
}

uint64_t virtio_blk_written(struct VirtIOBlock *s, uint64_t sector, uint64_t nr_sectors)
{
	const struct VirtIOBlkZone *zone;
	uint64_t end;

	if (!virtio_blk_is_zoned(s) || !nr_sectors)
		return nr_sectors;
	zone = zone_at(s, sector);
	if (!required(zone))
		return nr_sectors;
	end = zone->state == VIRTIO_BLK_ZS_FULL ? capacity_end(s, zone) : zone->wp;
	if (sector >= end)
		return 0;
	return nr_sectors < end - sector ? nr_sectors : end - sector;
}

/* ---- states ---- */

static bool is_open(const struct VirtIOBlkZone *zone)
{
	return zone->state == VIRTIO_BLK_ZS_IOPEN || zone->state == VIRTIO_BLK_ZS_EOPEN;
}

static bool is_active(const struct VirtIOBlkZone *zone)
{
	return is_open(zone) || zone->state == VIRTIO_BLK_ZS_CLOSED;
}

static unsigned int count(const struct VirtIOBlock *s, bool (*is)(const struct VirtIOBlkZone *))
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < s->nr_zones; i++)
		n += is(&s->conf.zoned.zones[i]);
	return n;
}

static void close_zone(struct VirtIOBlock *s, struct VirtIOBlkZone *zone)
{
	zone->state = zone->wp == start_of(s, zone) ? VIRTIO_BLK_ZS_EMPTY : VIRTIO_BLK_ZS_CLOSED;
}

/* 5.2.6.2: a zone that a write has opened may be closed to make room. */
static bool close_another(struct VirtIOBlock *s)
{
	for (unsigned int i = 0; i < s->nr_zones; i++)
		if (s->conf.zoned.zones[i].state == VIRTIO_BLK_ZS_IOPEN) {
			close_zone(s, &s->conf.zoned.zones[i]);
			return true;
		}
	return false;
}

/* To one of the two open states, if there is room for another one. */
static enum virtio_blk_status open_zone(struct VirtIOBlock *s, struct VirtIOBlkZone *zone,
					enum virtio_blk_zone_state state)
{
	const struct VirtIOBlkZonedConf *conf = &s->conf.zoned;

	if (zone->state == VIRTIO_BLK_ZS_EMPTY && conf->max_active_zones &&
	    count(s, is_active) >= conf->max_active_zones)
		return VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE;
	if (!is_open(zone) && conf->max_open_zones && count(s, is_open) >= conf->max_open_zones &&
	    !close_another(s))
		return VIRTIO_BLK_S_ZONE_OPEN_RESOURCE;
	zone->state = state;
	return VIRTIO_BLK_S_OK;
}

/* ---- writing ---- */

/* The rules for appends alone; @sector becomes the one that is written. */
static enum virtio_blk_status begin_append(struct VirtIOBlock *s, struct VirtIOBlkZone *zone,
					   uint64_t *sector, uint64_t nr_sectors)
{
	uint32_t most = s->conf.zoned.max_append_sectors;

	if (!most)
		return VIRTIO_BLK_S_UNSUPP;
	if (!required(zone) || *sector != start_of(s, zone) || nr_sectors > most)
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	*sector = zone->wp;
	return VIRTIO_BLK_S_OK;
}

static enum virtio_blk_status begin_sequential(struct VirtIOBlock *s, struct VirtIOBlkZone *zone,
					       uint64_t sector, uint64_t nr_sectors)
{
	uint32_t granularity = s->conf.zoned.write_granularity;

	if (zone->state == VIRTIO_BLK_ZS_FULL || sector + nr_sectors > capacity_end(s, zone))
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	if (sector != zone->wp)
		return VIRTIO_BLK_S_ZONE_UNALIGNED_WP;
	if (nr_sectors * SECTOR % granularity)
		return VIRTIO_BLK_S_ZONE_UNALIGNED_WP;
	if (zone->state == VIRTIO_BLK_ZS_EMPTY || zone->state == VIRTIO_BLK_ZS_CLOSED)
		return open_zone(s, zone, VIRTIO_BLK_ZS_IOPEN);
	return VIRTIO_BLK_S_OK;
}

enum virtio_blk_status virtio_blk_begin_write(struct VirtIOBlock *s, uint64_t *sector,
					      uint64_t nr_sectors, bool append)
{
	enum virtio_blk_status status;
	struct VirtIOBlkZone *zone;

	if (!virtio_blk_is_zoned(s))
		return VIRTIO_BLK_S_OK;
	/* Also where nothing is written: inside() lets 0 sectors begin at the very end. */
	if (!nr_sectors || zone_at(s, *sector + nr_sectors - 1) != zone_at(s, *sector)) {
		if (append || !nr_sectors)
			return VIRTIO_BLK_S_ZONE_INVALID_CMD;
		return virtio_blk_check_zones(s, *sector, nr_sectors, true);
	}
	zone = zone_at(s, *sector);
	if (zone->state == VIRTIO_BLK_ZS_OFFLINE || zone->state == VIRTIO_BLK_ZS_RDONLY)
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	if (append) {
		status = begin_append(s, zone, sector, nr_sectors);
		if (status)
			return status;
	}
	return required(zone) ? begin_sequential(s, zone, *sector, nr_sectors) : VIRTIO_BLK_S_OK;
}

void virtio_blk_end_write(struct VirtIOBlock *s, uint64_t sector, uint64_t nr_sectors)
{
	struct VirtIOBlkZone *zone;

	if (!virtio_blk_is_zoned(s))
		return;
	zone = zone_at(s, sector);
	if (!required(zone))
		return;
	zone->wp = sector + nr_sectors;
	if (zone->wp == capacity_end(s, zone))
		zone->state = VIRTIO_BLK_ZS_FULL;
}

/* ---- commands ---- */

static enum virtio_blk_status finish_zone(struct VirtIOBlock *s, struct VirtIOBlkZone *zone)
{
	struct BlockBackend *blk = s->conf.backend;
	uint64_t from = zone->wp, end = end_of(s, zone);

	/* What is older than the last reset must not come to light. */
	if (zone->state != VIRTIO_BLK_ZS_FULL && from < end && blk->ops->pwrite_zeroes &&
	    blk->ops->pwrite_zeroes(blk, from * SECTOR, (end - from) * SECTOR, true))
		return VIRTIO_BLK_S_IOERR;
	zone->wp = end;
	zone->state = VIRTIO_BLK_ZS_FULL;
	return VIRTIO_BLK_S_OK;
}

static bool can_change(const struct VirtIOBlkZone *zone)
{
	return zone->type != VIRTIO_BLK_ZT_CONV && zone->state != VIRTIO_BLK_ZS_RDONLY &&
	       zone->state != VIRTIO_BLK_ZS_OFFLINE;
}

static void reset_zone(struct VirtIOBlock *s, struct VirtIOBlkZone *zone)
{
	zone->wp = start_of(s, zone);
	zone->state = VIRTIO_BLK_ZS_EMPTY;
}

enum virtio_blk_status virtio_blk_zone_mgmt(struct VirtIOBlock *s, uint32_t type, uint64_t sector)
{
	struct VirtIOBlkZone *zone;

	if (s->conf.read_only)
		return VIRTIO_BLK_S_IOERR;
	if (type == VIRTIO_BLK_T_ZONE_RESET_ALL) {
		for (unsigned int i = 0; i < s->nr_zones; i++)
			if (can_change(&s->conf.zoned.zones[i]))
				reset_zone(s, &s->conf.zoned.zones[i]);
		return VIRTIO_BLK_S_OK;
	}
	if (sector >= disk_sectors(s))
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	zone = zone_at(s, sector);
	if (sector != start_of(s, zone) || !can_change(zone))
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;

	switch (type) {
	case VIRTIO_BLK_T_ZONE_OPEN:
		if (zone->state == VIRTIO_BLK_ZS_FULL)
			return VIRTIO_BLK_S_ZONE_INVALID_CMD;
		return open_zone(s, zone, VIRTIO_BLK_ZS_EOPEN);
	case VIRTIO_BLK_T_ZONE_CLOSE:
		if (!is_active(zone))
			return VIRTIO_BLK_S_ZONE_INVALID_CMD;
		close_zone(s, zone);
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_ZONE_FINISH:
		return finish_zone(s, zone);
	default:
		reset_zone(s, zone);
		return VIRTIO_BLK_S_OK;
	}
}

/* ---- report ---- */

static void describe(const struct VirtIOBlock *s, const struct VirtIOBlkZone *zone,
		     struct virtio_blk_zone_descriptor *desc)
{
	*desc = (struct virtio_blk_zone_descriptor){ .z_type = zone->type, .z_state = zone->state };
	le64_write(&desc->z_cap, capacity_end(s, zone) - start_of(s, zone));
	le64_write(&desc->z_start, start_of(s, zone));
	le64_write(&desc->z_wp, zone->wp);
}

enum virtio_blk_status virtio_blk_zone_report(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	struct virtio_blk_zone_report header = { .nr_zones = { 0 } };
	struct iov_cursor to = virtio_blk_in_data(req);
	uint64_t room = req->elem.in_len - 1, first, nr_zones;
	struct virtio_blk_zone_descriptor desc;

	if (room < sizeof(header) + sizeof(desc) || req->sector >= disk_sectors(s))
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	first = req->sector / s->conf.zoned.zone_sectors;
	nr_zones = (room - sizeof(header)) / sizeof(desc);
	if (nr_zones > s->nr_zones - first)
		nr_zones = s->nr_zones - first;
	le64_write(&header.nr_zones, nr_zones);
	iov_fill(&to, &header, sizeof(header));
	for (uint64_t i = 0; i < nr_zones; i++) {
		describe(s, &s->conf.zoned.zones[first + i], &desc);
		iov_fill(&to, &desc, sizeof(desc));
	}
	return VIRTIO_BLK_S_OK;
}
