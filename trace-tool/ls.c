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
	"REAPED  how far the driver has taken used buffers back";

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

/* The negotiated features that shape the ring itself; a device's own are not the ring's business.
 */
static void print_ring_features(uint64_t features)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
		{ VIRTIO_RING_F_EVENT_IDX, "EVENT_IDX" },
		{ VIRTIO_RING_F_INDIRECT_DESC, "INDIRECT" },
		{ VIRTIO_F_IN_ORDER, "IN_ORDER" },
		{ VIRTIO_F_NOTIFICATION_DATA, "NOTIF_DATA" },
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (virtio_feature(features, names[i].bit))
			printf(" %s", names[i].name);
}

static void print_queue(const struct queue *queue)
{
	const struct vt_queue *q = &queue->state;
	char name[VT_NAME_LEN + 16], index[INDEX_TEXT_LEN];

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
	print_ring_features(q->features);
	puts(q->broken ? " BROKEN" : "");
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
	       "SIZE", "FREE", "AVAIL", "USED", "REAPED", "RING FEATURES");
	for (size_t i = 0; i < queues.count; i++)
		if (queues.list[i].selected)
			print_queue(&queues.list[i]);
	status = tool_flush();
out:
	queues_free(&queues);
	vring_trace__destroy(skel);
	return status;
}
