/* SPDX-License-Identifier: MIT */
/*
 * One disk: what one_disk.h says.
 */
#include "one_disk.h"

#include "pci/virtio_pci_common.h"

#define BUFFERS 16

static struct {
	bool machine, bound;
	struct {
		void *memory;
		size_t bytes;
	} buffers[BUFFERS];
} one;

void disk_machine(const struct machine_device *device)
{
	struct machine machine = { .devices = { *device } };

	machine.devices[0].type = "blk";
	machine_start(&machine);
	one.machine = true;
}

struct gendisk *disk_bind(void)
{
	assert_int_equal(register_virtio_driver(&virtio_blk), 0);
	one.bound = true;
	if (!pci_next(NULL)) {
		assert_true(pci_scan() >= 0);
		virtio_pci_probe_all();
	}
	return blk_next_disk(NULL);
}

struct gendisk *disk_try(const struct machine_device *device)
{
	disk_machine(device);
	return disk_bind();
}

struct gendisk *disk_start(const struct machine_device *device)
{
	struct gendisk *disk = disk_try(device);

	assert_non_null(disk);
	return disk;
}

void disk_unbind(void)
{
	unregister_virtio_driver(&virtio_blk);
	one.bound = false;
}

int disk_stop(void **state)
{
	(void)state;
	if (one.bound)
		disk_unbind();
	virtio_pci_remove_all();
	pci_forget();
	for (unsigned int i = 0; i < BUFFERS && one.buffers[i].memory; i++) {
		platform_dma_free(one.buffers[i].memory, one.buffers[i].bytes);
		one.buffers[i].memory = NULL;
	}
	virtblk_num_request_queues = virtblk_poll_queues = 0;
	if (one.machine)
		machine_stop();
	one.machine = false;
	return 0;
}

uint8_t *disk_buffer(size_t bytes)
{
	unsigned int i = 0;
	uint64_t dma;

	while (one.buffers[i].memory)
		assert_true(++i < BUFFERS);
	one.buffers[i].memory = platform_dma_alloc(bytes, &dma);
	one.buffers[i].bytes = bytes;
	assert_non_null(one.buffers[i].memory);
	return one.buffers[i].memory;
}

void assert_sector(const uint8_t *data, uint64_t n)
{
	for (unsigned int i = 0; i < SECTOR; i++)
		if (data[i] != (uint8_t)n)
			fail_msg("byte %u of sector %llu is %#x", i, (unsigned long long)n,
				 data[i]);
}

void disk_assert_works(struct gendisk *disk)
{
	uint8_t *data = disk_buffer(SECTOR);

	for (unsigned int n = 300; n < 310; n++) {
		assert_int_equal(blkdev_read(disk, n, data, SECTOR), 0);
		assert_sector(data, n);
	}
}

static void flight_ended(struct request *rq)
{
	struct flight *flight = rq->end_io_data;

	flight->ended++;
	flight->error = rq->error;
	flight->append_sector = rq->append_sector;
	blk_mq_free_request(rq);
}

void flight_prepare(struct flight *flight, struct gendisk *disk, enum req_op op, uint64_t sector,
		    void *buf, uint32_t bytes)
{
	*flight = (struct flight){ .queue = disk->queue, .bvec = { buf, bytes } };
	flight->rq = blk_mq_alloc_request(disk->queue, op, REQ_NOWAIT);
	assert_non_null(flight->rq);
	flight->rq->sector = sector;
	if (bytes) {
		flight->rq->bvecs = &flight->bvec;
		flight->rq->nr_bvecs = 1;
	}
	flight->rq->end_io = flight_ended;
	flight->rq->end_io_data = flight;
}

void flight_start(struct flight *flight, struct gendisk *disk, enum req_op op, uint64_t sector,
		  void *buf, uint32_t bytes)
{
	flight_prepare(flight, disk, op, sector, buf, bytes);
	blk_execute_rq_nowait(flight->rq);
}

int flight_end(struct flight *flight)
{
	while (!flight->ended)
		blk_mq_wait(flight->queue, PLATFORM_FOREVER);
	assert_int_equal(flight->ended, 1);
	return flight->error;
}

int disk_do(struct gendisk *disk, enum req_op op, uint64_t sector, void *buf, uint32_t bytes)
{
	struct flight flight;

	flight_start(&flight, disk, op, sector, buf, bytes);
	return flight_end(&flight);
}
