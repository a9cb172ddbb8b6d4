/* SPDX-License-Identifier: MIT */
/*
 * vring-trace ls: every queue of every device as it stands now.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "ring/virtio_ring.h"
#include "vring_trace.skel.h"

#include "kernel.h"
#include "queues.h"
#include "tool.h"

static const char doc[] =
	"List the virtqueues of this guest. Nothing needs to be going through them."
	"\v"
	"SIZE    entries of the ring\n"
	"FREE    descriptors the driver can still use\n"
	"AVAIL   the driver's index: split, free-running in 16 bits; packed, the slot\n"
	"        and the wrap counter, as in 5w1\n"
	"USED    the device's index, from ring memory; a packed ring has none: as REAPED\n"
	"REAPED  how far the driver has taken used buffers back\n"
	"RING    agreed features of the ring: E EVENT_IDX, I INDIRECT_DESC, O IN_ORDER,\n"
	"        N NOTIFICATION_DATA; ! the driver has given up on the queue";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key == ARGP_KEY_ARGS) {
		/* What is left of the line, as it is. */
		*(char ***)state->input = state->argv + state->next;
		state->next = state->argc;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* The negotiated features that shape the ring itself, a letter each; ls --features has all. */
static const char *ring_letters(uint64_t features, char letters[5])
{
	static const struct {
		unsigned int bit;
		char letter;
	} known[] = {
		{ VIRTIO_RING_F_EVENT_IDX, 'E' },
		{ VIRTIO_RING_F_INDIRECT_DESC, 'I' },
		{ VIRTIO_F_IN_ORDER, 'O' },
		{ VIRTIO_F_NOTIFICATION_DATA, 'N' },
	};

	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		letters[i] = virtio_feature(features, known[i].bit) ? known[i].letter : '-';
	letters[4] = 0;
	return letters;
}

static void print_queue(const struct queue *queue)
{
	const struct vt_queue *q = &queue->state;
	char name[VT_NAME_LEN + 16], index[INDEX_TEXT_LEN], letters[5];

	printf("%-17s %-5s %-10s", queue_name(name, queue, q->device, q->index),
	       queue->alias[0] ? queue->alias : "-", queue->driver);
	if (q->unread) {
		puts(" (its ring could not be read)");
		return;
	}
	printf(" %-6s %5u %5u", q->packed ? "packed" : "split", q->num, q->num_free);
	printf(" %6s", index_text(index, q->packed, q->avail_idx));
	printf(" %6s", index_text(index, q->packed, q->used_idx));
	printf(" %6s", index_text(index, q->packed, q->last_used));
	printf(" %s%s\n", ring_letters(q->features, letters), q->broken ? "!" : "");
}

int ls_main(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse, "[QUEUE...]", doc, NULL, NULL, NULL };
	struct vring_trace *skel = NULL;
	struct queues queues = {};
	char **words = argv + argc;
	int status;

	argv[0] = (char *)"vring-trace ls";
	argp_parse(&argp, argc, argv, 0, NULL, &words);
	status = kernel_open(KERNEL_WALK, NULL, NULL, &skel);
	if (status)
		return status;
	status = queues_walk(skel, &queues);
	if (!status)
		status = queues_select(&queues, words, argv + argc - words);
	if (status)
		goto out;

	printf("%-17s %-5s %-10s %-6s %5s %5s %6s %6s %6s %s\n", "QUEUE", "DEV", "DRIVER", "LAYOUT",
	       "SIZE", "FREE", "AVAIL", "USED", "REAPED", "RING");
	for (size_t i = 0; i < queues.count; i++)
		if (queues.list[i].selected)
			print_queue(&queues.list[i]);
	status = tool_flush();
out:
	queues_free(&queues);
	vring_trace__destroy(skel);
	return status;
}
