// SPDX-License-Identifier: MIT
/*
 * The block device: its config, its queues, and the order in which requests are done. Mirrors the
 * device half of QEMU's hw/block/virtio-blk.c; blk_request.c is the other half.
 *
 * Requests that a kick finds in the ring are taken out all together, done one by one and handed
 * back all together, so that one interrupt may do for them.
 */
#include "blk_internal.h"

#define DEFAULT_QUEUE_SIZE 256
#define UNKNOWN_TYPE 31 /* in the counts */

/* ---- requests in hand ---- */

static void list_init(struct VirtIOBlockList *list)
{
	*list = (struct VirtIOBlockList){ .end = &list->first };
}

static void list_append(struct VirtIOBlockList *list, struct VirtIOBlockReq *req)
{
	req->next = NULL;
	*list->end = req;
	list->end = &req->next;
	list->num++;
}

/* The n-th, which is there. */
static struct VirtIOBlockReq *list_remove(struct VirtIOBlockList *list, unsigned int n)
{
	struct VirtIOBlockReq **at = &list->first, *req;

	while (n--)
		at = &(*at)->next;
	req = *at;
	*at = req->next;
	if (!req->next)
		list->end = at;
	list->num--;
	return req;
}

static void give_back(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	req->next = s->free;
	s->free = req;
}

static bool in_order(const struct VirtIOBlock *s)
{
	return virtio_vdev_has_feature(s->vdev, VIRTIO_F_IN_ORDER);
}

/* ---- faults ---- */

bool virtio_blk_inject(struct VirtIOBlock *s, const struct VirtIOBlkFault *fault)
{
	for (unsigned int i = 0; i < VIRTIO_BLK_FAULTS; i++)
		if (s->faults[i].kind == VIRTIO_BLK_FAULT_NONE) {
			s->faults[i] = *fault;
			return true;
		}
	return false;
}

void virtio_blk_forget_faults(struct VirtIOBlock *s)
{
	__builtin_memset(s->faults, 0, sizeof(s->faults));
}

/* What happens to a request of this type: the first fault that is its turn. */
static struct VirtIOBlkFault next_fault(struct VirtIOBlock *s, uint32_t type)
{
	struct VirtIOBlkFault happens = { .kind = VIRTIO_BLK_FAULT_NONE };

	for (unsigned int i = 0; i < VIRTIO_BLK_FAULTS; i++) {
		struct VirtIOBlkFault *fault = &s->faults[i];

		if (!fault->kind || (fault->type != type && fault->type != VIRTIO_BLK_ANY_TYPE))
			continue;
		if (fault->after) {
			fault->after--;
		} else if (!happens.kind) {
			happens = *fault;
			if (!--fault->count)
				fault->kind = VIRTIO_BLK_FAULT_NONE;
		}
	}
	return happens;
}

/* ---- out of the ring ---- */

/* NULL: there is none, or no room for one, or one that no device can make sense of. */
static struct VirtIOBlockReq *get_request(struct VirtIOBlock *s, unsigned int index)
{
	struct VirtQueue *vq = virtio_get_queue(s->vdev, index);
	struct VirtIOBlockReq *req = s->free;
	struct virtio_blk_outhdr header;
	struct iov_cursor from;

	if (!vq || !req)
		return NULL;
	req->elem.pieces = req->pieces;
	req->elem.capacity = VIRTIO_BLK_PIECES;
	if (!virtqueue_pop(vq, &req->elem))
		return NULL;
	/* There is nowhere to say in that something is wrong (D10). */
	if (req->elem.out_len < sizeof(header) || !req->elem.in_len) {
		virtio_device_fail(s->vdev, "a block request without header or status");
		return NULL;
	}
	from = iov_seek(req->elem.out_sg, req->elem.out_num, 0);
	iov_take(&from, &header, sizeof(header));
	req->type = le32_read(&header.type);
	req->sector = le64_read(&header.sector);
	req->queue = index;
	req->fault = next_fault(s, req->type);
	s->free = req->next;
	return req;
}

/* ---- back into the ring ---- */

static void write_status(struct VirtIOBlockReq *req, uint8_t status)
{
	struct iov_cursor to = iov_seek(req->elem.in_sg, req->elem.in_num, req->elem.in_len - 1);

	iov_fill(&to, &status, 1);
}

/* Does @req, and what it was told to do wrong. Returns the used length. */
static uint32_t do_request(struct VirtIOBlock *s, struct VirtIOBlockReq *req)
{
	const struct VirtIOBlkFault *fault = &req->fault;
	struct iov_cursor all;

	s->count[req->type < UNKNOWN_TYPE ? req->type : UNKNOWN_TYPE]++;
	switch (fault->kind) {
	case VIRTIO_BLK_FAULT_STATUS:
		all = virtio_blk_in_data(req);
		iov_fill(&all, NULL, req->elem.in_len - 1);
		write_status(req, (uint8_t)fault->value);
		break;
	case VIRTIO_BLK_FAULT_NO_STATUS:
		virtio_blk_do_request(s, req);
		break;
	default:
		write_status(req, virtio_blk_do_request(s, req));
		break;
	}
	if (fault->kind == VIRTIO_BLK_FAULT_SHORT && fault->value < req->elem.in_len)
		return fault->value;
	if (fault->kind == VIRTIO_BLK_FAULT_LONG)
		req->elem.in_len += fault->value; /* or our own half of the ring would refuse */
	return (uint32_t)req->elem.in_len;
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state ? *state : 1; /* xorshift64: never 0 */

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

/* Which of the batch comes next. */
static unsigned int pick(struct VirtIOBlock *s, const struct VirtIOBlockList *batch)
{
	if (in_order(s) || s->order == VIRTIO_BLK_ORDER_AVAIL)
		return 0;
	if (s->order == VIRTIO_BLK_ORDER_REVERSED)
		return batch->num - 1;
	return (unsigned int)(next_random(&s->seed) % batch->num);
}

/* All of one queue. */
static void complete_batch(struct VirtIOBlock *s, unsigned int index, struct VirtIOBlockList *batch)
{
	struct VirtQueue *vq = virtio_get_queue(s->vdev, index);
	bool quiet = true;

	if (!batch->num)
		return;
	s->batches++;
	while (batch->num) {
		struct VirtIOBlockReq *req = list_remove(batch, pick(s, batch));
		uint32_t len = do_request(s, req);

		quiet = quiet && req->fault.kind == VIRTIO_BLK_FAULT_QUIET;
		if (vq)
			virtqueue_fill(vq, &req->elem, len);
		give_back(s, req);
	}
	if (!vq)
		return;
	virtqueue_flush(vq);
	if (!quiet)
		virtio_notify(vq);
}

static bool is_held(const struct VirtIOBlock *s, const struct VirtIOBlockReq *req)
{
	/* In order, nothing overtakes one that is held. */
	return req->fault.kind == VIRTIO_BLK_FAULT_HOLD || (in_order(s) && s->held.num);
}

static void virtio_blk_handle_output(struct VirtIODevice *vdev, unsigned int index)
{
	struct VirtIOBlock *s = vdev->model;
	struct VirtIOBlockList batch;
	struct VirtIOBlockReq *req;
	unsigned int found;

	/* Once more when they are done: those that there was no room for, or that came meanwhile.
	 */
	do {
		list_init(&batch);
		while ((req = get_request(s, index)))
			list_append(is_held(s, req) ? &s->held : &batch, req);
		found = batch.num;
		complete_batch(s, index, &batch);
	} while (found);
}

bool virtio_blk_release(struct VirtIOBlock *s, unsigned int n)
{
	struct VirtIOBlockList batch;
	unsigned int index;

	if (n >= s->held.num)
		return false;
	list_init(&batch);
	list_append(&batch, list_remove(&s->held, n));
	index = batch.first->queue;
	complete_batch(s, index, &batch);
	/* There is room again. */
	virtio_blk_handle_output(s->vdev, index);
	return true;
}

/* ---- reset ---- */

/* Requests of queue @index that are held, or of all queues, are nobody's any more (D13). */
static void forget_held(struct VirtIOBlock *s, unsigned int index)
{
	struct VirtIOBlockList keep;

	list_init(&keep);
	while (s->held.num) {
		struct VirtIOBlockReq *req = list_remove(&s->held, 0);

		if (index == VIRTIO_QUEUE_MAX || req->queue == index)
			give_back(s, req);
		else
			list_append(&keep, req);
	}
	list_init(&s->held);
	while (keep.num)
		list_append(&s->held, list_remove(&keep, 0));
}

static void virtio_blk_queue_reset(struct VirtIODevice *vdev, unsigned int index)
{
	forget_held(vdev->model, index);
}

static void virtio_blk_reset(struct VirtIODevice *vdev)
{
	struct VirtIOBlock *s = vdev->model;

	forget_held(s, VIRTIO_QUEUE_MAX);
	s->config.writeback = !s->conf.write_through;
	s->cache_decided = false;
}

/* ---- config and features ---- */

/* Of the bits at the beginning of the set, where all of ours are. */
static bool agreed(const uint64_t *features, unsigned int bit)
{
	return features[0] >> bit & 1;
}

static bool virtio_blk_validate_features(struct VirtIODevice *vdev, const uint64_t *features)
{
	const struct VirtIOBlock *s = vdev->model;

	/* 5.2.5.2: a driver that knows no zones must not use a disk that insists on them. */
	return s->conf.zoned.model != VIRTIO_BLK_Z_HM || agreed(features, VIRTIO_BLK_F_ZONED);
}

static void virtio_blk_set_status(struct VirtIODevice *vdev, uint8_t status)
{
	struct VirtIOBlock *s = vdev->model;
	bool flush = virtio_vdev_has_feature(vdev, VIRTIO_BLK_F_FLUSH);
	bool wce = virtio_vdev_has_feature(vdev, VIRTIO_BLK_F_CONFIG_WCE);

	/* 5.2.5.3: through the legacy interface, where the driver may have chosen already, not
	 * before DRIVER_OK, and not if it can choose. */
	if (vdev->legacy ? !(status & VIRTIO_STATUS_DRIVER_OK) || wce :
			   !(status & VIRTIO_STATUS_FEATURES_OK))
		return;
	if (s->cache_decided)
		return;
	s->cache_decided = true;
	/* 5.2.5.2: who cannot flush gets no cache; who cannot choose assumes one if it can flush.
	 */
	if (!flush)
		s->config.writeback = 0;
	else if (!wce)
		s->config.writeback = 1;
}

static void virtio_blk_get_config(struct VirtIODevice *vdev, uint8_t *config)
{
	struct VirtIOBlock *s = vdev->model;

	s->shown = s->config;
	/* 5.2.5.2: to a driver that has not agreed to zones there are none. */
	if (vdev->status & VIRTIO_STATUS_FEATURES_OK &&
	    !virtio_vdev_has_feature(vdev, VIRTIO_BLK_F_ZONED))
		__builtin_memset(&s->shown.zoned, 0, sizeof(s->shown.zoned));
	(void)config; /* it is &s->shown */
}

static void virtio_blk_set_config(struct VirtIODevice *vdev, uint8_t *config, uint32_t offset,
				  uint32_t len)
{
	const uint32_t writeback = offsetof(struct virtio_blk_config, writeback);
	struct VirtIOBlock *s = vdev->model;

	/* The only field that a driver writes; the rest it will find as it was. */
	if (offset <= writeback && offset + len > writeback &&
	    virtio_vdev_has_feature(vdev, VIRTIO_BLK_F_CONFIG_WCE))
		s->config.writeback = config[writeback] ? 1 : 0;
}

/* The last may be a smaller one. */
static uint64_t zones_in(const struct VirtIOBlkZonedConf *zoned, uint64_t bytes)
{
	uint64_t sectors = bytes / SECTOR;

	return sectors / zoned->zone_sectors + (sectors % zoned->zone_sectors != 0);
}

static bool has_zones(const struct VirtIOBlkZonedConf *zoned)
{
	return zoned->offered && zoned->model != VIRTIO_BLK_Z_NONE;
}

/* Zones come or go whole: one that grew would have sectors behind its write pointer that it was
 * never asked for, and one that shrank might have its write pointer behind its end. */
static bool zones_can_follow(const struct VirtIOBlock *s, uint64_t bytes)
{
	const struct VirtIOBlkZonedConf *zoned = &s->conf.zoned;
	uint64_t before = s->conf.backend->bytes, border = bytes < before ? bytes : before;

	if (zones_in(zoned, bytes) > zoned->max_zones)
		return false;
	return bytes == before || border / SECTOR % zoned->zone_sectors == 0;
}

bool virtio_blk_resize(struct VirtIOBlock *s, uint64_t bytes)
{
	bool zoned = has_zones(&s->conf.zoned);
	unsigned int zones = s->nr_zones;

	if (bytes % SECTOR || (zoned && !zones_can_follow(s, bytes)))
		return false;
	s->conf.backend->bytes = bytes;
	le64_write(&s->config.capacity, bytes / SECTOR);
	if (zoned) {
		s->nr_zones = (unsigned int)zones_in(&s->conf.zoned, bytes);
		virtio_blk_init_zones(s, zones);
	}
	virtio_notify_config(s->vdev);
	return true;
}

/* ---- making one ---- */

static const struct VirtioDeviceClass virtio_blk_class = {
	.name = "virtio-blk",
	.device_id = 2,
	.config_size = sizeof(struct virtio_blk_config),
	.validate_features = virtio_blk_validate_features,
	.get_config = virtio_blk_get_config,
	.set_config = virtio_blk_set_config,
	.reset = virtio_blk_reset,
	.set_status = virtio_blk_set_status,
	.queue_reset = virtio_blk_queue_reset,
	.handle_output = virtio_blk_handle_output,
};

static bool conf_makes_sense(const struct VirtIOBlkConf *conf)
{
	const struct VirtIOBlkZonedConf *zoned = &conf->zoned;

	/* 5.2.5.2: who can choose a cache can empty it. */
	if (conf->backend->bytes % SECTOR || (conf->config_wce && !conf->flush))
		return false;
	if (conf->num_queues > VIRTIO_BLK_QUEUES || conf->seg_max > VIRTIO_BLK_PIECES - 4)
		return false;
	if (conf->pre_eol_info > 3 || conf->lifetime_typ_a > 11 || conf->lifetime_typ_b > 11)
		return false;
	if (!has_zones(zoned))
		return true;
	if (!zoned->zone_sectors || zoned->zone_capacity > zoned->zone_sectors ||
	    zones_in(zoned, conf->backend->bytes) > zoned->max_zones)
		return false;
	/* 5.2.6.2: erasing is resetting whole zones. */
	if (conf->max_secure_erase_sectors &&
	    conf->secure_erase_sector_alignment % zoned->zone_sectors)
		return false;
	/* 5.2.5.2 */
	return !zoned->max_append_sectors || !conf->seg_max || !conf->size_max ||
	       zoned->max_append_sectors <= (uint64_t)conf->seg_max * conf->size_max / SECTOR;
}

static void offer(struct VirtIOBlock *s, bool wanted, unsigned int feature)
{
	if (wanted)
		virtio_add_feature(s->vdev->host_features, feature);
}

static void offer_features(struct VirtIOBlock *s)
{
	const struct VirtIOBlkConf *conf = &s->conf;

	offer(s, conf->size_max, VIRTIO_BLK_F_SIZE_MAX);
	offer(s, conf->seg_max, VIRTIO_BLK_F_SEG_MAX);
	offer(s, conf->geometry.cylinders, VIRTIO_BLK_F_GEOMETRY);
	offer(s, conf->read_only, VIRTIO_BLK_F_RO);
	offer(s, conf->blk_size, VIRTIO_BLK_F_BLK_SIZE);
	offer(s, conf->flush, VIRTIO_BLK_F_FLUSH);
	offer(s, conf->topology, VIRTIO_BLK_F_TOPOLOGY);
	offer(s, conf->config_wce, VIRTIO_BLK_F_CONFIG_WCE);
	offer(s, conf->num_queues, VIRTIO_BLK_F_MQ);
	offer(s, conf->max_discard_sectors, VIRTIO_BLK_F_DISCARD);
	offer(s, conf->max_write_zeroes_sectors, VIRTIO_BLK_F_WRITE_ZEROES);
	offer(s, conf->lifetime, VIRTIO_BLK_F_LIFETIME);
	offer(s, conf->max_secure_erase_sectors, VIRTIO_BLK_F_SECURE_ERASE);
	offer(s, conf->zoned.offered, VIRTIO_BLK_F_ZONED);
}

static void fill_zoned(struct VirtIOBlock *s)
{
	struct virtio_blk_zoned_characteristics *zoned = &s->config.zoned;
	struct VirtIOBlkZonedConf *conf = &s->conf.zoned;

	zoned->model = conf->model;
	if (!has_zones(conf))
		return;
	if (!conf->write_granularity)
		conf->write_granularity = SECTOR;
	s->nr_zones = (unsigned int)zones_in(conf, s->conf.backend->bytes);
	/* No limit is as many as there are. */
	le32_write(&zoned->zone_sectors, conf->zone_sectors);
	le32_write(&zoned->max_open_zones,
		   conf->max_open_zones ? conf->max_open_zones : s->nr_zones);
	le32_write(&zoned->max_active_zones,
		   conf->max_active_zones ? conf->max_active_zones : s->nr_zones);
	le32_write(&zoned->max_append_sectors, conf->max_append_sectors);
	le32_write(&zoned->write_granularity, conf->write_granularity);
	virtio_blk_init_zones(s, 0);
}

static void fill_config(struct VirtIOBlock *s)
{
	const struct VirtIOBlkConf *conf = &s->conf;
	struct virtio_blk_config *config = &s->config;

	le64_write(&config->capacity, conf->backend->bytes / SECTOR);
	le32_write(&config->size_max, conf->size_max);
	le32_write(&config->seg_max, conf->seg_max);
	le16_write(&config->geometry.cylinders, conf->geometry.cylinders);
	config->geometry.heads = conf->geometry.heads;
	config->geometry.sectors = conf->geometry.sectors;
	le32_write(&config->blk_size, conf->blk_size);
	config->topology.physical_block_exp = conf->physical_block_exp;
	config->topology.alignment_offset = conf->alignment_offset;
	le16_write(&config->topology.min_io_size, conf->min_io_size);
	le32_write(&config->topology.opt_io_size, conf->opt_io_size);
	config->writeback = !conf->write_through;
	le16_write(&config->num_queues, conf->num_queues);
	le32_write(&config->max_discard_sectors, conf->max_discard_sectors);
	le32_write(&config->max_discard_seg, conf->max_discard_seg);
	le32_write(&config->discard_sector_alignment, conf->discard_sector_alignment);
	le32_write(&config->max_write_zeroes_sectors, conf->max_write_zeroes_sectors);
	le32_write(&config->max_write_zeroes_seg, conf->max_write_zeroes_seg);
	config->write_zeroes_may_unmap = conf->write_zeroes_may_unmap;
	le32_write(&config->max_secure_erase_sectors, conf->max_secure_erase_sectors);
	le32_write(&config->max_secure_erase_seg, conf->max_secure_erase_seg);
	le32_write(&config->secure_erase_sector_alignment, conf->secure_erase_sector_alignment);
	fill_zoned(s);
}

bool virtio_blk_init(struct VirtIOBlock *s, struct VirtIODevice *vdev,
		     const struct VirtIOBlkConf *conf)
{
	unsigned int queues = conf->num_queues ? conf->num_queues : 1;

	if (!conf_makes_sense(conf))
		return false;
	__builtin_memset(s, 0, sizeof(*s));
	s->vdev = vdev;
	s->conf = *conf;
	list_init(&s->held);
	for (unsigned int i = VIRTIO_BLK_REQUESTS; i--;)
		give_back(s, &s->requests[i]);
	fill_config(s);

	vdev->class = &virtio_blk_class;
	vdev->model = s;
	vdev->config = (uint8_t *)&s->shown;
	offer_features(s);
	for (unsigned int i = 0; i < queues; i++)
		vdev->queue_num_max[i] = conf->queue_size ? conf->queue_size : DEFAULT_QUEUE_SIZE;
	virtio_init(vdev);
	return true;
}
