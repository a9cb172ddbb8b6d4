/* SPDX-License-Identifier: MIT */
/*
 * Probe, remove, freeze, restore, and one round of work for each type of device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "blk/virtio_blk.h"
#include "net/virtio_net.h"

#include "machine.h"
#include "small_driver.h"

#define PATIENCE_NS 5000000000ull /* for an interrupt that comes in microseconds */
#define PAGE_BYTES 4096

/* Where things lie in the page. */
#define HEADER 0
#define ANSWER 256
#define DATA 512

#define FRAME_BYTES 64
#define SECTOR 3 /* any but the first: its bytes are not 0 */

/* virtio-scsi (5.6): the queues before those of requests, and a request for target 0, LUN 0. */
#define SCSI_FIRST_REQUEST_QUEUE 2
#define SCSI_NUM_QUEUES_OFFSET 0
#define SCSI_REQUEST_BYTES 51
#define SCSI_ANSWER_BYTES 108
#define SCSI_INQUIRY 0x12
#define SCSI_INQUIRY_BYTES 36

static void called(struct virtqueue *vq)
{
	small_of(vq->vdev)->callbacks[vq->index]++;
	small_of(vq->vdev)->interrupts++;
}

/* ---- queues ---- */

static unsigned int queues_wanted(struct virtio_device *vdev)
{
	switch (vdev->id.device) {
	case VIRTIO_ID_NET:
		return 2;
	case VIRTIO_ID_BLOCK:
		if (!virtio_has_feature(vdev, VIRTIO_BLK_F_MQ))
			return 1;
		return virtio_cread16(vdev, offsetof(struct virtio_blk_config, num_queues));
	case VIRTIO_ID_SCSI:
		return SCSI_FIRST_REQUEST_QUEUE + virtio_cread32(vdev, SCSI_NUM_QUEUES_OFFSET);
	default:
		return 1;
	}
}

static int make_queues(struct small *small)
{
	struct virtqueue_info infos[SMALL_QUEUES];

	small->num_queues = queues_wanted(small->vdev);
	if (small->num_queues > SMALL_QUEUES)
		return -EINVAL;
	for (unsigned int i = 0; i < small->num_queues; i++)
		infos[i] = (struct virtqueue_info){ "small", called, 4 };
	return virtio_find_vqs(small->vdev, small->num_queues, small->vqs, infos);
}

/* ---- the driver ---- */

static int probe(struct virtio_device *vdev)
{
	struct small *small = platform_zalloc(sizeof(*small));
	int err;

	if (!small)
		return -ENOMEM;
	small->vdev = vdev;
	vdev->priv = small;
	small->page = platform_dma_alloc(PAGE_BYTES, &small->page_dma);
	if (!small->page) {
		err = -ENOMEM;
		goto out_free;
	}
	err = make_queues(small);
	if (err)
		goto out_free_page;
	return 0;

out_free_page:
	platform_dma_free(small->page, PAGE_BYTES);
out_free:
	platform_free(small);
	return err;
}

static int freeze(struct virtio_device *vdev)
{
	struct small *small = small_of(vdev);
	int err = virtio_reset_device(vdev);

	for (unsigned int i = 0; i < small->num_queues; i++)
		while (virtqueue_detach_unused_buf(small->vqs[i]))
			;
	vdev->config->del_vqs(vdev);
	return err;
}

static int restore(struct virtio_device *vdev)
{
	return make_queues(small_of(vdev));
}

static void remove_(struct virtio_device *vdev)
{
	struct small *small = small_of(vdev);

	freeze(vdev);
	platform_dma_free(small->page, PAGE_BYTES);
	platform_free(small);
}

static void config_changed(struct virtio_device *vdev)
{
	small_of(vdev)->config_changes++;
}

static const unsigned int blk_features[] = { VIRTIO_BLK_F_MQ };
static const unsigned int net_features[] = { VIRTIO_NET_F_MAC, VIRTIO_NET_F_STATUS };

static const struct virtio_device_id rng_id[] = { { VIRTIO_ID_RNG, VIRTIO_DEV_ANY_ID }, { 0 } };
static const struct virtio_device_id blk_id[] = { { VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID }, { 0 } };
static const struct virtio_device_id net_id[] = { { VIRTIO_ID_NET, VIRTIO_DEV_ANY_ID }, { 0 } };
static const struct virtio_device_id scsi_id[] = { { VIRTIO_ID_SCSI, VIRTIO_DEV_ANY_ID }, { 0 } };

#define SMALL_DRIVER(of_type, ids, features, count)                                     \
	{                                                                               \
		.name = of_type, .id_table = (ids), .feature_table = (features),        \
		.feature_table_size = (count), .probe = probe, .remove = remove_,       \
		.config_changed = config_changed, .freeze = freeze, .restore = restore, \
	}

static struct virtio_driver drivers[] = {
	SMALL_DRIVER("small-rng", rng_id, NULL, 0),
	SMALL_DRIVER("small-blk", blk_id, blk_features, 1),
	SMALL_DRIVER("small-net", net_id, net_features, 2),
	SMALL_DRIVER("small-scsi", scsi_id, NULL, 0),
};

#define DRIVERS (sizeof(drivers) / sizeof(*drivers))

void small_register(void)
{
	for (unsigned int i = 0; i < DRIVERS; i++)
		assert_int_equal(register_virtio_driver(&drivers[i]), 0);
}

void small_unregister(void)
{
	for (unsigned int i = 0; i < DRIVERS; i++)
		unregister_virtio_driver(&drivers[i]);
}

/* ---- one buffer there and back ---- */

/* Up to four elements of the page; those from @first_in on are written by the device. */
struct piece {
	unsigned int offset, bytes;
};

static void expose(struct small *small, unsigned int queue, const struct piece *pieces,
		   unsigned int first_in, unsigned int count)
{
	struct virtqueue *vq = small->vqs[queue];
	struct scatterlist out[4], in[4], *sgs[] = { out, in };

	sg_init_table(out, first_in ? first_in : 1);
	sg_init_table(in, count > first_in ? count - first_in : 1);
	for (unsigned int i = 0; i < count; i++)
		sg_set(i < first_in ? &out[i] : &in[i - first_in],
		       small->page_dma + pieces[i].offset, pieces[i].bytes);

	small->callbacks[queue] = 0;
	assert_int_equal(virtqueue_add_sgs(vq, first_in ? sgs : sgs + 1, !!first_in,
					   count > first_in, small),
			 0);
	small->added++;
	if (virtqueue_kick_prepare(vq)) {
		small->doorbells++;
		assert_true(virtqueue_notify(vq));
	}
}

/* Bytes that the device says it wrote. The buffer counts only if an interrupt announced it. */
static unsigned int collect(struct small *small, unsigned int queue)
{
	uint64_t deadline = platform_now() + PATIENCE_NS;
	unsigned int bytes;

	while (!small->callbacks[queue])
		if (!platform_wait(deadline) && !small->callbacks[queue])
			fail_msg("virtio%d: queue %u: no interrupt", small->vdev->index, queue);
	assert_ptr_equal(virtqueue_get_buf(small->vqs[queue], &bytes), small);
	small->reaped++;
	return bytes;
}

/* ---- the work of each type ---- */

static void work_rng(struct small *small)
{
	const struct piece buffer = { DATA, 64 };
	unsigned int bytes, ones = 0;

	expose(small, 0, &buffer, 0, 1);
	bytes = collect(small, 0);
	assert_in_range(bytes, 1, 64);
	for (unsigned int i = 0; i < bytes; i++)
		ones += __builtin_popcount(small->page[DATA + i]);
	/* Chance makes all zeroes of 64 bytes about never; QEMU fills them all. */
	if (bytes >= 16)
		assert_in_range(ones, 1, 8 * bytes - 1);
}

static void work_blk(struct small *small, unsigned int queue)
{
	const struct piece pieces[] = { { HEADER, sizeof(struct virtio_blk_outhdr) },
					{ DATA, VIRTIO_BLK_SECTOR_BYTES },
					{ ANSWER, 1 } };
	struct virtio_blk_outhdr *header = (void *)(small->page + HEADER);
	uint64_t sector = SECTOR + queue;

	le32_write(&header->type, VIRTIO_BLK_T_IN);
	le32_write(&header->ioprio, 0);
	le64_write(&header->sector, sector);
	small->page[ANSWER] = 0xff;

	expose(small, queue, pieces, 1, 3);
	assert_int_equal(collect(small, queue), VIRTIO_BLK_SECTOR_BYTES + 1);
	assert_int_equal(small->page[ANSWER], VIRTIO_BLK_S_OK);
	for (unsigned int i = 0; i < VIRTIO_BLK_SECTOR_BYTES; i++)
		assert_int_equal(small->page[DATA + i], (uint8_t)sector);
}

static void make_frame(uint8_t frame[FRAME_BYTES], uint8_t first)
{
	memset(frame, 0xff, 6); /* to everybody */
	memcpy(frame + 6, "\x52\x54\x00\x00\x00\x01\x88\xb5", 8);
	for (unsigned int i = 14; i < FRAME_BYTES; i++)
		frame[i] = first + i;
}

/* 5.1.6.1: without MRG_RXBUF a legacy header has two bytes less. */
static unsigned int net_header_bytes(const struct small *small)
{
	return virtio_has_feature(small->vdev, VIRTIO_F_VERSION_1) ? 12 : 10;
}

static void work_net(struct small *small)
{
	unsigned int header = net_header_bytes(small), far_end = small->vdev->index;
	const struct piece receive[] = { { ANSWER, header }, { DATA, 1518 } };
	const struct piece send[] = { { HEADER, header }, { DATA, FRAME_BYTES } };
	uint8_t there[2048], back[FRAME_BYTES];

	memset(small->page + HEADER, 0, header);
	make_frame(small->page + DATA, 1);
	expose(small, 1, send, 2, 2);
	collect(small, 1);
	assert_int_equal(machine_net_receive(far_end, there, sizeof(there)), FRAME_BYTES);
	assert_memory_equal(there, small->page + DATA, FRAME_BYTES);

	make_frame(back, 101);
	expose(small, 0, receive, 0, 2);
	machine_net_send(far_end, back, FRAME_BYTES);
	assert_int_equal(collect(small, 0), header + FRAME_BYTES);
	assert_memory_equal(small->page + DATA, back, FRAME_BYTES);
}

static void work_scsi(struct small *small, unsigned int queue)
{
	static const uint8_t lun_0_of_target_0[] = { 1, 0, 0x40, 0 };
	const struct piece pieces[] = { { HEADER, SCSI_REQUEST_BYTES },
					{ ANSWER, SCSI_ANSWER_BYTES },
					{ DATA, SCSI_INQUIRY_BYTES } };
	uint8_t *request = small->page + HEADER;

	memset(small->page, 0, PAGE_BYTES);
	memcpy(request, lun_0_of_target_0, sizeof(lun_0_of_target_0));
	request[19] = SCSI_INQUIRY; /* after the tag and three bytes of attributes: the command */
	request[19 + 4] = SCSI_INQUIRY_BYTES;
	small->page[ANSWER + 11] = 0xff;

	expose(small, queue, pieces, 1, 3);
	assert_int_equal(collect(small, queue), SCSI_ANSWER_BYTES + SCSI_INQUIRY_BYTES);
	assert_int_equal(small->page[ANSWER + 10], 0); /* SCSI status: GOOD */
	assert_int_equal(small->page[ANSWER + 11], 0); /* VIRTIO_SCSI_S_OK */
	assert_memory_equal(small->page + DATA + 8, "QEMU    ", 8);
}

void small_work(struct virtio_device *vdev)
{
	struct small *small = small_of(vdev);

	assert_non_null(vdev->driver);
	switch (vdev->id.device) {
	case VIRTIO_ID_RNG:
		work_rng(small);
		break;
	case VIRTIO_ID_BLOCK:
		for (unsigned int queue = 0; queue < small->num_queues; queue++)
			work_blk(small, queue);
		break;
	case VIRTIO_ID_NET:
		work_net(small);
		break;
	case VIRTIO_ID_SCSI:
		for (unsigned int i = SCSI_FIRST_REQUEST_QUEUE; i < small->num_queues; i++)
			work_scsi(small, i);
		break;
	}
}

void small_leave_a_buffer(struct virtio_device *vdev)
{
	const struct piece buffer = { DATA, 1536 };

	expose(small_of(vdev), 0, &buffer, 0, 1);
}
