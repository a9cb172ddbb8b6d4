// SPDX-License-Identifier: MIT
/*
 * What a block request does (5.2.6). Mirrors virtio_blk_handle_request() of QEMU's
 * hw/block/virtio-blk.c and what it calls, but each request is done in one go.
 *
 * A driver sends what it likes: lengths, sectors and flags are checked before anything is done, and
 * what is wrong ends that request, not the device. Bytes a driver gets to read that no disk gave
 * are zeroes.
 */
#include "blk_internal.h"

/* ---- pieces ---- */

struct iov_cursor iov_seek(const struct guest_piece *pieces, unsigned int num, uint64_t offset)
{
	struct iov_cursor cursor = { pieces, num, 0 };

	while (cursor.left && offset >= cursor.piece->len) {
		offset -= cursor.piece->len;
		cursor.piece++;
		cursor.left--;
	}
	cursor.at = (uint32_t)offset;
	return cursor;
}

/* The next run of bytes, at most @bytes of them, and steps over it; 0 at the end. */
static uint32_t iov_run(struct iov_cursor *cursor, uint64_t bytes, uint8_t **run)
{
	uint32_t len;

	if (!cursor->left)
		return 0;
	*run = (uint8_t *)cursor->piece->base + cursor->at;
	len = cursor->piece->len - cursor->at;
	if (bytes < len) {
		cursor->at += (uint32_t)bytes;
		return (uint32_t)bytes;
	}
	cursor->piece++;
	cursor->left--;
	cursor->at = 0;
	return len;
}

uint64_t iov_fill(struct iov_cursor *cursor, const void *from, uint64_t bytes)
{
	uint64_t done = 0;
	uint8_t *run;
	uint32_t len;

	while (done < bytes && (len = iov_run(cursor, bytes - done, &run))) {
		if (from)
			__builtin_memcpy(run, (const uint8_t *)from + done, len);
		else
			__builtin_memset(run, 0, len);
		done += len;
	}
	return done;
}

uint64_t iov_take(struct iov_cursor *cursor, void *to, uint64_t bytes)
{
	uint64_t done = 0;
	uint8_t *run;
	uint32_t len;

	while (done < bytes && (len = iov_run(cursor, bytes - done, &run))) {
		__builtin_memcpy((uint8_t *)to + done, run, len);
		done += len;
	}
	return done;
}

struct iov_cursor virtio_blk_out_data(const struct VirtIOBlockReq *req)
{
	return iov_seek(req->elem.out_sg, req->elem.out_num, sizeof(struct virtio_blk_outhdr));
}

struct iov_cursor virtio_blk_in_data(const struct VirtIOBlockReq *req)
{
	return iov_seek(req->elem.in_sg, req->elem.in_num, 0);
}

static uint64_t out_bytes(const struct VirtIOBlockReq *req)
{
	return req->elem.out_len - sizeof(struct virtio_blk_outhdr);
}

static uint64_t in_bytes(const struct VirtIOBlockReq *req)
{
	return req->elem.in_len - 1;
}

/* ---- reading and writing ---- */

/* The driver's pieces need not end where sectors do, so data goes through this. */
#define BOUNCE_BYTES 4096

static bool inside(const struct VirtIOBlock *s, uint64_t sector, uint64_t nr_sectors)
{
	uint64_t capacity = s->conf.backend->bytes / SECTOR;

	return sector <= capacity && nr_sectors <= capacity - sector;
}

static enum virtio_blk_status read_sectors(struct VirtIOBlock *s, uint64_t sector, uint64_t bytes,
					   struct iov_cursor *to)
{
	struct BlockBackend *blk = s->conf.backend;
	uint64_t offset = sector * SECTOR;
	uint8_t bounce[BOUNCE_BYTES];

	while (bytes) {
		size_t now = bytes < BOUNCE_BYTES ? bytes : BOUNCE_BYTES;

		if (blk->ops->pread(blk, offset, bounce, now))
			return VIRTIO_BLK_S_IOERR;
		iov_fill(to, bounce, now);
		offset += now;
		bytes -= now;
	}
	return VIRTIO_BLK_S_OK;
}

static enum virtio_blk_status do_read(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	uint64_t bytes = in_bytes(req), nr_sectors = bytes / SECTOR, written;
	struct iov_cursor to = virtio_blk_in_data(req);
	enum virtio_blk_status status;

	if (bytes % SECTOR || !inside(s, req->sector, nr_sectors))
		return VIRTIO_BLK_S_IOERR;
	status = virtio_blk_check_zones(s, req->sector, nr_sectors, false);
	if (status)
		return status;
	/* 5.2.6.2: what was never written in a zone is a pattern of ours, which is 0. */
	written = virtio_blk_written(s, req->sector, nr_sectors);
	return read_sectors(s, req->sector, written * SECTOR, &to);
}

/* 5.2.6.2: without a cache a write is safe before it is reported done. */
static enum virtio_blk_status make_safe(struct VirtIOBlock *s)
{
	struct BlockBackend *blk = s->conf.backend;

	if (s->config.writeback || !blk->ops->flush(blk))
		return VIRTIO_BLK_S_OK;
	return VIRTIO_BLK_S_IOERR;
}

static enum virtio_blk_status write_sectors(struct VirtIOBlock *s, uint64_t sector, uint64_t bytes,
					    struct iov_cursor *from)
{
	struct BlockBackend *blk = s->conf.backend;
	uint64_t offset = sector * SECTOR;
	uint8_t bounce[BOUNCE_BYTES];

	while (bytes) {
		size_t now = bytes < BOUNCE_BYTES ? bytes : BOUNCE_BYTES;

		iov_take(from, bounce, now);
		if (blk->ops->pwrite(blk, offset, bounce, now))
			return VIRTIO_BLK_S_IOERR;
		offset += now;
		bytes -= now;
	}
	return make_safe(s);
}

static void write_append_sector(struct VirtIOBlockReq *req, uint64_t sector)
{
	struct iov_cursor to = iov_seek(req->elem.in_sg, req->elem.in_num,
					req->elem.in_len - VIRTIO_BLK_APPEND_INHDR_BYTES);
	le64 wire;

	le64_write(&wire, sector);
	iov_fill(&to, &wire, sizeof(wire));
}

/* OUT and ZONE_APPEND. */
static enum virtio_blk_status do_write(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	bool append = req->type == VIRTIO_BLK_T_ZONE_APPEND;
	uint64_t bytes = out_bytes(req), nr_sectors = bytes / SECTOR, sector = req->sector;
	struct iov_cursor from = virtio_blk_out_data(req);
	enum virtio_blk_status status;

	/* 5.2.6.2: an error, and nothing is written. */
	if (s->conf.read_only)
		return VIRTIO_BLK_S_IOERR;
	if (bytes % SECTOR || !inside(s, sector, nr_sectors))
		return VIRTIO_BLK_S_IOERR;
	if (append && req->elem.in_len < VIRTIO_BLK_APPEND_INHDR_BYTES)
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	status = virtio_blk_begin_write(s, &sector, nr_sectors, append);
	if (status)
		return status;
	status = write_sectors(s, sector, bytes, &from);
	if (status)
		return status;
	virtio_blk_end_write(s, sector, nr_sectors);
	if (append)
		write_append_sector(req, sector);
	return VIRTIO_BLK_S_OK;
}

static enum virtio_blk_status do_flush(struct VirtIOBlock *s)
{
	struct BlockBackend *blk = s->conf.backend;

	return blk->ops->flush(blk) ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
}

/* ---- ranges ---- */

/* What one kind of range request may be, and how it is done. */
struct range_kind {
	unsigned int feature;
	uint32_t max_sectors, max_seg;
	uint32_t flags; /* known */
};

static struct range_kind kind_of(const struct VirtIOBlock *s, uint32_t type)
{
	const struct VirtIOBlkConf *conf = &s->conf;

	switch (type) {
	case VIRTIO_BLK_T_DISCARD:
		return (struct range_kind){ VIRTIO_BLK_F_DISCARD, conf->max_discard_sectors,
					    conf->max_discard_seg, 0 };
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return (struct range_kind){ VIRTIO_BLK_F_WRITE_ZEROES,
					    conf->max_write_zeroes_sectors,
					    conf->max_write_zeroes_seg,
					    VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP };
	default:
		return (struct range_kind){ VIRTIO_BLK_F_SECURE_ERASE,
					    conf->max_secure_erase_sectors,
					    conf->max_secure_erase_seg, 0 };
	}
}

static enum virtio_blk_status write_zeroes(struct VirtIOBlock *s, uint64_t offset, uint64_t bytes,
					   bool unmap)
{
	static const uint8_t zeroes[BOUNCE_BYTES];
	struct BlockBackend *blk = s->conf.backend;

	if (blk->ops->pwrite_zeroes)
		return blk->ops->pwrite_zeroes(blk, offset, bytes, unmap) ? VIRTIO_BLK_S_IOERR :
									    VIRTIO_BLK_S_OK;
	while (bytes) {
		size_t now = bytes < BOUNCE_BYTES ? bytes : BOUNCE_BYTES;

		if (blk->ops->pwrite(blk, offset, zeroes, now))
			return VIRTIO_BLK_S_IOERR;
		offset += now;
		bytes -= now;
	}
	return VIRTIO_BLK_S_OK;
}

/* 5.2.6.2: on a zoned disk erasing is resetting whole zones. */
static enum virtio_blk_status erase_zones(struct VirtIOBlock *s, uint64_t sector,
					  uint64_t nr_sectors)
{
	uint32_t zone = s->conf.zoned.zone_sectors;
	enum virtio_blk_status status = VIRTIO_BLK_S_OK;

	if (sector % zone || nr_sectors % zone)
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	for (; nr_sectors && !status; sector += zone, nr_sectors -= zone)
		status = virtio_blk_zone_mgmt(s, VIRTIO_BLK_T_ZONE_RESET, sector);
	return status;
}

static enum virtio_blk_status do_range(struct VirtIOBlock *s, uint32_t type, uint64_t sector,
				       uint64_t nr_sectors, bool unmap)
{
	struct BlockBackend *blk = s->conf.backend;
	uint64_t offset = sector * SECTOR, bytes = nr_sectors * SECTOR;
	enum virtio_blk_status status;

	if (type == VIRTIO_BLK_T_SECURE_ERASE && virtio_blk_is_zoned(s)) {
		/* What was there is to be gone, not only out of sight. */
		status = erase_zones(s, sector, nr_sectors);
		return status ? status : write_zeroes(s, offset, bytes, false);
	}
	status = virtio_blk_check_zones(s, sector, nr_sectors, true);
	if (status)
		return status;
	if (type == VIRTIO_BLK_T_WRITE_ZEROES)
		return write_zeroes(s, offset, bytes, unmap);
	if (type == VIRTIO_BLK_T_SECURE_ERASE)
		return write_zeroes(s, offset, bytes, false);
	if (!blk->ops->pdiscard)
		return VIRTIO_BLK_S_OK;
	return blk->ops->pdiscard(blk, offset, bytes) ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
}

/* DISCARD, WRITE_ZEROES, SECURE_ERASE. The first range that will not do ends it. */
static enum virtio_blk_status do_ranges(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	struct range_kind kind = kind_of(s, req->type);
	struct iov_cursor from = virtio_blk_out_data(req);
	struct virtio_blk_discard_write_zeroes range;
	uint64_t bytes = out_bytes(req);
	enum virtio_blk_status status = VIRTIO_BLK_S_OK;

	if (!virtio_vdev_has_feature(s->vdev, kind.feature))
		return VIRTIO_BLK_S_UNSUPP;
	if (s->conf.read_only || !bytes || bytes % sizeof(range) ||
	    bytes / sizeof(range) > kind.max_seg)
		return VIRTIO_BLK_S_IOERR;
	for (; bytes && !status; bytes -= sizeof(range)) {
		uint64_t sector;
		uint32_t nr_sectors, flags;

		iov_take(&from, &range, sizeof(range));
		sector = le64_read(&range.sector);
		nr_sectors = le32_read(&range.num_sectors);
		flags = le32_read(&range.flags);
		if (flags & ~kind.flags)
			return VIRTIO_BLK_S_UNSUPP;
		if (nr_sectors > kind.max_sectors || !inside(s, sector, nr_sectors))
			return VIRTIO_BLK_S_IOERR;
		status = do_range(s, req->type, sector, nr_sectors, flags);
	}
	return status ? status : make_safe(s);
}

/* ---- questions ---- */

static enum virtio_blk_status do_get_id(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	struct iov_cursor to = virtio_blk_in_data(req);
	uint64_t room = in_bytes(req);

	/* 5.2.6: 20 bytes, a NUL behind the id if there is room for one. */
	iov_fill(&to, s->conf.serial, room < VIRTIO_BLK_ID_BYTES ? room : VIRTIO_BLK_ID_BYTES);
	return VIRTIO_BLK_S_OK;
}

static enum virtio_blk_status do_get_lifetime(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	struct iov_cursor to = virtio_blk_in_data(req);
	struct virtio_blk_lifetime answer;

	if (!virtio_vdev_has_feature(s->vdev, VIRTIO_BLK_F_LIFETIME))
		return VIRTIO_BLK_S_UNSUPP;
	if (in_bytes(req) < sizeof(answer))
		return VIRTIO_BLK_S_IOERR;
	le16_write(&answer.pre_eol_info, s->conf.pre_eol_info);
	le16_write(&answer.device_lifetime_est_typ_a, s->conf.lifetime_typ_a);
	le16_write(&answer.device_lifetime_est_typ_b, s->conf.lifetime_typ_b);
	iov_fill(&to, &answer, sizeof(answer));
	return VIRTIO_BLK_S_OK;
}

enum virtio_blk_status virtio_blk_do_request(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	struct iov_cursor all = virtio_blk_in_data(req);

	/* Nothing of the driver's memory is handed back as if we had written it. */
	iov_fill(&all, NULL, in_bytes(req));

	switch (req->type) {
	case VIRTIO_BLK_T_IN:
		return do_read(s, req);
	case VIRTIO_BLK_T_OUT:
		return do_write(s, req);
	case VIRTIO_BLK_T_FLUSH:
		return do_flush(s);
	case VIRTIO_BLK_T_GET_ID:
		return do_get_id(s, req);
	case VIRTIO_BLK_T_GET_LIFETIME:
		return do_get_lifetime(s, req);
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
	case VIRTIO_BLK_T_SECURE_ERASE:
		return do_ranges(s, req);
	case VIRTIO_BLK_T_ZONE_APPEND:
		return virtio_blk_is_zoned(s) ? do_write(s, req) : VIRTIO_BLK_S_UNSUPP;
	case VIRTIO_BLK_T_ZONE_REPORT:
		return virtio_blk_is_zoned(s) ? virtio_blk_zone_report(s, req) :
						VIRTIO_BLK_S_UNSUPP;
	case VIRTIO_BLK_T_ZONE_OPEN:
	case VIRTIO_BLK_T_ZONE_CLOSE:
	case VIRTIO_BLK_T_ZONE_FINISH:
	case VIRTIO_BLK_T_ZONE_RESET:
	case VIRTIO_BLK_T_ZONE_RESET_ALL:
		return virtio_blk_is_zoned(s) ? virtio_blk_zone_mgmt(s, req->type, req->sector) :
						VIRTIO_BLK_S_UNSUPP;
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}
