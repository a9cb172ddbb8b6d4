/* SPDX-License-Identifier: MIT */
/*
 * vring-trace ls: every queue of every device as it stands now.
 */
#include <argp.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/virtio_features.h"
#include "bus/virtio_ids.h"
#include "ring/virtio_ring.h"

#include "event_text.h"
#include "../features.h"
#include "../look.h"
#include "../tool.h"

static const char doc[] =
	"List the virtqueues of this guest. Nothing needs to be going through them. With a QUEUE, or "
	"-v, also what driver and device agreed upon."
	"\v"
	"SIZE    entries of the ring\n"
	"FREE    descriptors the driver can still use\n"
	"AVAIL   the driver's index: split, free-running in 16 bits; packed, the slot\n"
	"        and the wrap counter, as in 5w1\n"
	"USED    the device's index, in ring memory; a packed ring has none: as REAPED\n"
	"REAPED  how far the driver has taken used buffers back\n"
	"RING    agreed features of the ring: E EVENT_IDX, I INDIRECT_DESC, O IN_ORDER,\n"
	"        N NOTIFICATION_DATA; ! the driver has given up on the queue";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	return words_parse(state->input, key, arg, state);
}

/* ---- the table ---- */

/* The negotiated features that shape the ring itself, a letter each. */
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

/* virtio_blk is the disk's driver, and blk says as much. */
static const char *short_driver(const struct queue *queue)
{
	return !strncmp(queue->driver, "virtio_", 7) ? queue->driver + 7 : queue->driver;
}

static void print_queue(const struct queue *queue)
{
	const struct vt_queue *q = &queue->state;
	char name[VT_NAME_LEN + 16], index[INDEX_TEXT_LEN], letters[5];

	printf("%-17s %-5s %-8.8s", queue_name(name, queue, q->device, q->index),
	       queue->alias[0] ? queue->alias : "-", short_driver(queue));
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

/* ---- a device ---- */

static void print_device(const struct queue *queue)
{
	unsigned int id = queue_device_id(queue);
	const char *kind = virtio_id_name(id);

	printf("\nvirtio%u: %s device, driver %s%s%s\n", queue->state.device,
	       kind ? kind : "unknown", queue->driver, queue->alias[0] ? ", " : "", queue->alias);
	for (unsigned int bit = 0; bit < 64; bit++) {
		const char *name = virtio_feature_name(id, bit), *text = feature_text(id, bit);

		if (virtio_feature(queue->state.features, bit))
			printf("  %2u %-19s %s\n", bit, name ? name : "-",
			       text ? text : "not known to vring-trace");
	}
}

static bool first_of_its_device(const struct queues *queues, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (queues->list[k].selected &&
		    queues->list[k].state.device == queues->list[i].state.device)
			return false;
	return true;
}

/* ---- JSON ---- */

static json_object *json_features(const struct queue *queue)
{
	json_object *list = json_object_new_array();
	unsigned int id = queue_device_id(queue);

	for (unsigned int bit = 0; bit < 64; bit++) {
		const char *name = virtio_feature_name(id, bit);
		char number[8];

		if (!virtio_feature(queue->state.features, bit))
			continue;
		snprintf(number, sizeof(number), "%u", bit);
		json_object_array_add(list, json_object_new_string(name ? name : number));
	}
	return list;
}

static void print_json(const struct queue *queue)
{
	const struct vt_queue *q = &queue->state;
	json_object *object = json_object_new_object();
	char name[VT_NAME_LEN + 16];

	json_add_string(object, "queue", queue_name(name, queue, q->device, q->index));
	json_add_int(object, "device", q->device);
	json_add_int(object, "index", q->index);
	json_add_string(object, "dev", queue->alias);
	json_add_string(object, "driver", queue->driver);
	json_add_bool(object, "readable", !q->unread);
	json_add_string(object, "layout", q->packed ? "packed" : "split");
	json_add_int(object, "size", q->num);
	json_add_int(object, "free", q->num_free);
	json_add_int(object, "avail", q->avail_idx);
	json_add_int(object, "used", q->used_idx);
	json_add_int(object, "reaped", q->last_used);
	json_add_bool(object, "broken", q->broken);
	json_object_object_add(object, "features", json_features(queue));
	json_line(object);
}

int ls_main(int argc, char **argv)
{
	static const struct argp argp = {
		NULL, parse, "[QUEUE...]", doc, tool_children, NULL, NULL
	};
	struct words words = {};
	struct look look;
	int status;

	argv[0] = (char *)"vring-trace ls";
	argp_parse(&argp, argc, argv, 0, NULL, &words);
	status = look_open(&look, &words, false);
	if (status)
		goto out;
	if (!tool.json)
		printf("%-17s %-5s %-8s %-6s %5s %5s %6s %6s %6s %s\n", "QUEUE", "DEV", "DRIVER",
		       "LAYOUT", "SIZE", "FREE", "AVAIL", "USED", "REAPED", "RING");
	for (size_t i = 0; i < look.queues.count; i++)
		if (look.queues.list[i].selected && tool.json)
			print_json(&look.queues.list[i]);
		else if (look.queues.list[i].selected)
			print_queue(&look.queues.list[i]);
	for (size_t i = 0; !tool.json && (words.count || tool.verbose) && i < look.queues.count;
	     i++)
		if (look.queues.list[i].selected && first_of_its_device(&look.queues, i))
			print_device(&look.queues.list[i]);
out:
	look_close(&look);
	free(words.list);
	return tool_flush() ? TOOL_FAILED : status;
}
