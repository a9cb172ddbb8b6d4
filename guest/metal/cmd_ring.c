// SPDX-License-Identifier: MIT
/*
 * `ring` draws a queue as it is now; `step` has one request stop wherever something happens to its
 * queue: the tracepoints of ring/ are where it stops.
 */
#include <string.h>

#include "monitor.h"
#include "ring/vring_draw.h"
#include "trace.h"

#define DRAWING_BYTES (128 * 1024)    /* 1024 entries of 100 characters */
#define STEP_TIMEOUT 3600000000000ull /* ns: a person reads */
#define CTRL_C 3

static char drawing[DRAWING_BYTES];

static void draw(const struct virtqueue *vq)
{
	struct vring_snapshot snapshot;
	size_t len;

	virtqueue_snapshot(vq, &snapshot);
	len = vring_draw(&snapshot, drawing, sizeof(drawing));
	metal_write(METAL_CONSOLE, drawing, len < sizeof(drawing) ? len : sizeof(drawing) - 1);
	if (len >= sizeof(drawing))
		print("(cut)\n");
}

enum status command_ring(int argc, char **argv)
{
	struct virtio_device *vdev = NULL;
	unsigned int drawn = 0;

	if (argc != 2)
		return STATUS_USAGE;
	while ((vdev = virtio_next_device(vdev)))
		for (unsigned int i = 0; i < vdev->nvqs; i++)
			if (vdev->vqs[i] && names_queue(argv[1], vdev, i)) {
				draw(vdev->vqs[i]);
				drawn++;
			}
	if (!drawn)
		return complain("ring: %s: no such queue; `lsvirtio` lists them", argv[1]);
	return STATUS_OK;
}

/* ---- step ---- */

static bool run_on; /* Ctrl-C: no more stops */

static void print_event(const struct vring_event *event)
{
	switch (event->type) {
	case VRING_EVENT_ADD:
		print("add: %u elements to read, %u to write", event->add.out, event->add.in);
		if (event->add.error)
			print(", refused: %s", error_name(event->add.error));
		break;
	case VRING_EVENT_KICK:
		print("kick? %s", event->kick.kick ? "yes" : "no, the device does not want it");
		break;
	case VRING_EVENT_NOTIFY:
		print("doorbell: rung next");
		break;
	case VRING_EVENT_INTERRUPT:
		print("interrupt %u: %s", event->interrupt.irq,
		      event->interrupt.handled ? "there are used buffers" : "nothing is used");
		break;
	case VRING_EVENT_REAP:
		print("reap: the device wrote %u bytes", event->reap.len);
		break;
	case VRING_EVENT_CALLBACKS:
		print("interrupts %s", event->callbacks.on ? "wanted" : "not wanted");
		if (event->callbacks.more)
			print("; more was used meanwhile");
		break;
	}
	print(", on CPU %u\n", event->cpu);
}

static void stop_at(const struct virtqueue *vq, const struct vring_event *event)
{
	print("\n-- %s: ", vq->name);
	print_event(event);
	draw(vq);
	if (!monitor_interactive() || run_on)
		return;
	print("-- any key goes on, Ctrl-C to the end ");
	run_on = monitor_key() == CTRL_C;
	print("\n");
}

enum status command_step(int argc, char **argv)
{
	struct gendisk *disk = blk_next_disk(NULL);
	uint64_t sector = 0, dma;
	struct request *rq;
	struct bio_vec bvec;
	int err;

	if (argc > 2 || (argc == 2 && !parse_number(argv[1], INT64_MAX, &sector)))
		return STATUS_USAGE;
	if (!trace_possible("step"))
		return STATUS_FAILED;
	if (!disk)
		return complain("step: there is no disk");
	bvec.bv_len = disk->queue->limits.logical_block_size;
	bvec.bv_base = platform_dma_alloc(bvec.bv_len, &dma);
	if (!bvec.bv_base)
		return complain("step: no memory");
	rq = blk_mq_alloc_request(disk->queue, REQ_OP_READ, 0);
	if (!rq) {
		platform_dma_free(bvec.bv_base, bvec.bv_len);
		return complain("step: no tag");
	}
	rq->sector = sector;
	rq->bvecs = &bvec;
	rq->nr_bvecs = 1;
	rq->timeout = STEP_TIMEOUT;
	run_on = false;
	trace_set_hook(disk->vdev, stop_at);
	err = blk_execute_rq(rq);
	trace_set_hook(NULL, NULL);
	blk_mq_free_request(rq);
	platform_dma_free(bvec.bv_base, bvec.bv_len);
	if (err)
		return complain("step: %s: sector %llu: %s", disk->disk_name,
				(unsigned long long)sector, error_name(err));
	print("\n-- done\n");
	return STATUS_OK;
}
