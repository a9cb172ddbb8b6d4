/* SPDX-License-Identifier: MIT */
/*
 * The network card of the host ground's machine, and the far end of its cable: a queue of frames in
 * each direction.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_machine.h"
#include "host_net.h"
#include "platform/host/host.h"

/* Frames in the order they came. */
struct frames {
	struct link {
		struct link *next;
		struct host_net_frame *frame;
	} * first, **last;
	unsigned int num;
};

struct host_net {
	struct VirtIODevice vdev; /* first: the two are one object */
	struct VirtIONet net;
	struct NetClientState port;
	uint8_t scratch[NET_FRAME_MAX];
	struct frames in; /* to the card */
	struct frames out;
	struct platform_host_work timer; /* interrupts that the card holds back */
};

static struct host_net *host_of(struct VirtIODevice *vdev)
{
	return (struct host_net *)vdev;
}

/* ---- frames that wait ---- */

static void *take_memory(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		abort();
	return memory;
}

static void append(struct frames *frames, const struct NetFrame *frame)
{
	/* Only as long as the frame, so that a sanitizer sees the first byte behind it. */
	struct host_net_frame *copy =
		take_memory(offsetof(struct host_net_frame, bytes) + frame->len);
	struct link *link = take_memory(sizeof(*link));

	copy->frame = *frame;
	copy->frame.data = copy->bytes;
	memcpy(copy->bytes, frame->data, frame->len);
	link->frame = copy;
	if (!frames->first)
		frames->last = &frames->first;
	*frames->last = link;
	frames->last = &link->next;
	frames->num++;
}

static struct host_net_frame *take_first(struct frames *frames)
{
	struct link *link = frames->first;
	struct host_net_frame *frame;

	if (!link)
		return NULL;
	frames->first = link->next;
	frames->num--;
	frame = link->frame;
	free(link);
	return frame;
}

static void forget(struct frames *frames)
{
	while (frames->first)
		free(take_first(frames));
}

/* ---- the cable ---- */

static void start_timer(struct VirtIONet *n, uint32_t usecs)
{
	struct host_net *host = (struct host_net *)((char *)n - offsetof(struct host_net, net));
	uint64_t due = platform_now() + usecs * 1000ull;

	/* One timer for all queues: the earliest rings for them all. */
	if (due < host->timer.due)
		host->timer.due = due;
}

static bool timer_runs(struct platform_host_work *work)
{
	struct host_net *host =
		(struct host_net *)((char *)work - offsetof(struct host_net, timer));

	host->timer.due = PLATFORM_FOREVER;
	virtio_net_timer(&host->net);
	return true;
}

/* Sends what waits, until the card has no room. */
static void port_flush(struct NetClientState *port)
{
	struct host_net *host = port->opaque;

	while (host->in.first) {
		struct NetFrame frame = host->in.first->frame->frame;

		if (net_send(port, &frame) == NET_NO_ROOM)
			break;
		free(take_first(&host->in));
	}
}

static bool port_receive(struct NetClientState *port, const struct NetFrame *frame)
{
	struct host_net *host = port->opaque;

	append(&host->out, frame);
	return true;
}

void host_net_send_frame(struct VirtIODevice *vdev, const struct NetFrame *frame)
{
	struct host_net *host = host_of(vdev);

	append(&host->in, frame);
	port_flush(&host->port);
}

struct host_net_frame *host_net_take(struct VirtIODevice *vdev)
{
	return take_first(&host_of(vdev)->out);
}

void host_net_send(struct VirtIODevice *vdev, const void *frame, size_t bytes)
{
	const struct NetFrame whole = { .data = (uint8_t *)frame, .len = (uint32_t)bytes };

	host_net_send_frame(vdev, &whole);
}

size_t host_net_receive(struct VirtIODevice *vdev, void *frame, size_t capacity)
{
	struct host_net_frame *next = host_net_take(vdev);
	size_t bytes;

	if (!next)
		return 0;
	bytes = next->frame.len;
	assert_true(bytes <= capacity);
	memcpy(frame, next->bytes, bytes);
	free(next);
	return bytes;
}

void host_net_set_link(struct VirtIODevice *vdev, bool up)
{
	virtio_net_set_link(host_net_card(vdev), up);
}

/* ---- the card ---- */

static const struct {
	const char *option;
	unsigned int bit;
	bool fallback;
} switches[] = {
	{ "csum", VIRTIO_NET_F_CSUM, false },
	{ "guest_csum", VIRTIO_NET_F_GUEST_CSUM, false },
	{ "host_tso4", VIRTIO_NET_F_HOST_TSO4, false },
	{ "host_tso6", VIRTIO_NET_F_HOST_TSO6, false },
	{ "host_ecn", VIRTIO_NET_F_HOST_ECN, false },
	{ "host_uso", VIRTIO_NET_F_HOST_USO, false },
	{ "guest_tso4", VIRTIO_NET_F_GUEST_TSO4, false },
	{ "guest_tso6", VIRTIO_NET_F_GUEST_TSO6, false },
	{ "guest_ecn", VIRTIO_NET_F_GUEST_ECN, false },
	{ "guest_uso4", VIRTIO_NET_F_GUEST_USO4, false },
	{ "guest_uso6", VIRTIO_NET_F_GUEST_USO6, false },
	{ "guest_hdrlen", VIRTIO_NET_F_GUEST_HDRLEN, false },
	{ "mrg_rxbuf", VIRTIO_NET_F_MRG_RXBUF, true },
	{ "status", VIRTIO_NET_F_STATUS, true },
	{ "ctrl_vq", VIRTIO_NET_F_CTRL_VQ, true },
	{ "ctrl_rx", VIRTIO_NET_F_CTRL_RX, true },
	{ "ctrl_vlan", VIRTIO_NET_F_CTRL_VLAN, true },
	{ "ctrl_rx_extra", VIRTIO_NET_F_CTRL_RX_EXTRA, true },
	{ "ctrl_mac_addr", VIRTIO_NET_F_CTRL_MAC_ADDR, true },
	{ "ctrl_guest_offloads", VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, false },
	{ "guest_announce", VIRTIO_NET_F_GUEST_ANNOUNCE, true },
	{ "mq", VIRTIO_NET_F_MQ, false },
	{ "rss", VIRTIO_NET_F_RSS, false },
	{ "hash", VIRTIO_NET_F_HASH_REPORT, false },
	{ "notf_coal", VIRTIO_NET_F_NOTF_COAL, false },
	{ "vq_notf_coal", VIRTIO_NET_F_VQ_NOTF_COAL, false },
	{ "stats", VIRTIO_NET_F_DEVICE_STATS, false },
};

static bool is_on(const char *options, const char *name, bool fallback)
{
	char value[8];

	return host_option(options, name, value, sizeof(value)) ? !strcmp(value, "on") : fallback;
}

static uint32_t number(const char *options, const char *name, uint32_t fallback)
{
	char value[16];

	if (!host_option(options, name, value, sizeof(value)))
		return fallback;
	return (uint32_t)strtoul(value, NULL, 0);
}

static void read_conf(const struct machine_device *device, struct VirtIONetConf *conf)
{
	/* QEMU's first address. */
	static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	static const char none[] = "none";
	const char *options = device->options;
	unsigned int pairs = device->num_queues ? device->num_queues : 1;
	char text[8];

	*conf = (struct VirtIONetConf){
		.mtu = (uint16_t)number(options, "host_mtu", number(options, "lie_mtu", 0)),
		.max_queue_pairs = (uint16_t)number(options, "pairs", pairs),
		.queue_size = (uint16_t)device->queue_size,
		.speed = number(options, "speed", 0),
		.duplex = VIRTIO_NET_DUPLEX_UNKNOWN,
	};
	memcpy(conf->mac, mac, sizeof(mac));
	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
		if (is_on(options, switches[i].option,
			  switches[i].fallback ||
				  (switches[i].bit == VIRTIO_NET_F_MQ && pairs > 1)))
			conf->features |= 1ull << switches[i].bit;
	if (!is_on(options, "no_mac", false))
		conf->features |= VIRTIO_NET_BIT(MAC);
	if (conf->mtu || host_option(options, "lie_mtu", text, sizeof(text)))
		conf->features |= VIRTIO_NET_BIT(MTU);
	if (strcmp(host_option(options, "speed", text, sizeof(text)) ? text : none, none))
		conf->features |= VIRTIO_NET_BIT(SPEED_DUPLEX);
	if (host_option(options, "duplex", text, sizeof(text)))
		conf->duplex =
			strcmp(text, "half") ? VIRTIO_NET_DUPLEX_FULL : VIRTIO_NET_DUPLEX_HALF;
}

struct VirtIODevice *host_net_new(const struct machine_device *device)
{
	struct host_net *host = take_memory(sizeof(*host));
	struct VirtIONetConf conf;

	host->vdev.memory = platform_host_memory();
	host_features(device, host->vdev.host_features);
	read_conf(device, &conf);
	virtio_net_init(&host->net, &host->vdev, &conf);
	host->port = (struct NetClientState){
		.receive = port_receive,
		.flush = port_flush,
		.opaque = host,
		.scratch = host->scratch,
	};
	net_plug(&host->net.nic, &host->port);
	host->net.start_timer = start_timer;
	host->timer.run = timer_runs;
	host->timer.due = PLATFORM_FOREVER;
	platform_host_add_work(&host->timer);
	return &host->vdev;
}

void host_net_free(struct VirtIODevice *vdev)
{
	struct host_net *host = host_of(vdev);

	platform_host_remove_work(&host->timer);
	forget(&host->in);
	forget(&host->out);
	free(host);
}

struct VirtIONet *host_net_card(struct VirtIODevice *vdev)
{
	return &host_of(vdev)->net;
}

struct NetClientState *host_net_port(struct VirtIODevice *vdev)
{
	return &host_of(vdev)->port;
}

unsigned int host_net_waiting(struct VirtIODevice *vdev)
{
	return host_of(vdev)->in.num;
}

unsigned int host_net_sent(struct VirtIODevice *vdev)
{
	return host_of(vdev)->out.num;
}
