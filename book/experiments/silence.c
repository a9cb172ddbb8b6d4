/* SPDX-License-Identifier: MIT */
/*
 * Chapter 7: how often do a driver and a device call each other?
 *
 * Time goes in ticks. The driver adds a buffer now and then, the device needs some ticks for each
 * and sleeps when it finds nothing more. A call takes WAKE ticks to arrive, as it does in a
 * machine: much can happen meanwhile. Either side calls only if the ring says so. Prints one line
 * for each pair of speeds and each way of saying so.
 */
#include "pair.h"

#define BUFFERS 1000
#define NUM 256
#define WAKE 5 /* ticks from a call until the other side acts on it */

struct side_by_side {
	struct pair pair;
	bool awake; /* the device */
	unsigned int tick;
	unsigned int kick_at, irq_at; /* when calls on their way arrive; 0: none is */
	unsigned int kicks, interrupts, reaped;
};

static bool doorbell(struct virtqueue *vq)
{
	struct side_by_side *s = vq->priv;

	s->kicks++;
	if (!s->kick_at)
		s->kick_at = s->tick + WAKE;
	return true;
}

/* What the driver does when it is interrupted: take everything, ask again, look once more. */
static void reap(struct virtqueue *vq)
{
	struct side_by_side *s = vq->priv;
	unsigned int len;

	do {
		virtqueue_disable_cb(vq);
		while (virtqueue_get_buf(vq, &len))
			s->reaped++;
	} while (!virtqueue_enable_cb(vq));
}

/* The device serves one buffer; finding none it asks to be told of the next and sleeps. */
static void serve(struct side_by_side *s)
{
	struct guest_piece piece;
	struct VirtQueueElement elem = { .pieces = &piece, .capacity = 1 };

	if (!virtqueue_pop(&s->pair.device, &elem)) {
		s->awake = false;
		return;
	}
	virtqueue_push(&s->pair.device, &elem, 0);
	if (virtio_should_notify(&s->pair.device)) {
		s->interrupts++;
		if (!s->irq_at)
			s->irq_at = s->tick + WAKE;
	}
}

/* One tick of both sides. @event_idx: no need to say that one is busy, the index stands still. */
static void pass(struct side_by_side *s, bool event_idx, unsigned int add_every,
		 unsigned int serve_takes, unsigned int *added, struct scatterlist *sg)
{
	if (s->irq_at && s->tick >= s->irq_at) {
		s->irq_at = 0;
		vring_interrupt(0, s->pair.driver);
	}
	if (*added < BUFFERS && s->tick % add_every == 0 &&
	    !virtqueue_add_outbuf(s->pair.driver, sg, 1, sg)) {
		++*added;
		virtqueue_kick(s->pair.driver);
	}
	if (s->kick_at && s->tick >= s->kick_at) {
		s->kick_at = 0;
		s->awake = true;
		if (!event_idx)
			virtio_queue_set_notification(&s->pair.device, false);
	}
	if (s->awake && s->tick % serve_takes == 0)
		serve(s);
	if (!s->awake && !s->kick_at) {
		/* Asked, then looked once more: only then it sleeps. */
		virtio_queue_set_notification(&s->pair.device, true);
		s->awake = !virtio_queue_empty(&s->pair.device);
	}
}

int main(void)
{
	static const struct {
		unsigned int add_every, serve_takes;
	} speeds[] = { { 20, 1 }, { 2, 1 }, { 1, 1 }, { 1, 4 } };

	printf("%-15s %-15s %-12s %8s %6s %11s\n", "a buffer every", "each takes", "told by",
	       "buffers", "kicks", "interrupts");
	for (unsigned int i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		for (int event_idx = 0; event_idx < 2; event_idx++) {
			struct side_by_side s = { .tick = 1 };
			struct scatterlist sg;
			unsigned int added = 0;

			pair_start(&s.pair, NUM, event_idx ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0, 0,
				   doorbell, reap, &s);
			sg_init_one(&sg, s.pair.data, 1);
			for (; s.reaped < BUFFERS; s.tick++)
				pass(&s, event_idx, speeds[i].add_every, speeds[i].serve_takes,
				     &added, &sg);
			printf("%2u tick%-8s %2u tick%-8s %-12s %8u %6u %11u\n",
			       speeds[i].add_every, speeds[i].add_every > 1 ? "s" : "",
			       speeds[i].serve_takes, speeds[i].serve_takes > 1 ? "s" : "",
			       event_idx ? "event index" : "flag", s.reaped, s.kicks, s.interrupts);
		}
	}
	return 0;
}
