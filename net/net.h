/* SPDX-License-Identifier: MIT */
/*
 * Network cards, for whoever wants to send and receive frames.
 *
 * Mirrors the parts of include/linux/netdevice.h and of ethtool that virtio_net has answers for,
 * under their names. Left out on purpose: protocols (arp_icmp.h answers pings, that is all),
 * queueing disciplines, administrative up and down: a card is up from probe to remove.
 *
 * The whole floor runs in a loop of its user's:
 *
 *	while (running) {
 *		... dev_queue_xmit(skb) ...
 *		net_wait(deadline);	receives, by way of the handler set with netif_set_handler()
 *	}
 *
 * An interrupt handler of ours does nothing but put a queue on a list; net_poll() works the list
 * off, Linux's softirq. So packets reach their handler, and every other function here its caller,
 * outside interrupts. A function marked "may wait" talks to the device through the control queue:
 * for one caller at a time, not from a handler.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/virtio.h"

#include "skbuff.h"
#include "virtio_net.h"

#define ETH_ALEN 6
#define ETH_HLEN 14
#define VLAN_HLEN 4
#define ETH_DATA_LEN 1500 /* the MTU of a card that says nothing of it */

#define NET_MAX_PAIRS 16      /* queue pairs we use, whatever the device has */
#define NET_MAC_TABLE 64      /* addresses in each half of a filter table */
#define NET_RSS_MAX_KEY 64    /* bytes */
#define NET_RSS_MAX_TABLE 128 /* entries */

extern struct virtio_driver virtio_net_driver;

/* What a queue pair has done, counted by the driver. */
struct net_queue_stats {
	uint64_t packets;
	uint64_t bytes; /* of frames, without the virtio-net header */
	uint64_t drops; /* received: nobody wanted it, or there was no memory */
	/* Frames that the device got wrong: */
	uint64_t length_errors; /* too short or too long for what the header says */
	uint64_t frame_errors;	/* a header that makes no sense */
	uint64_t kicks;		/* doorbells */
	uint64_t stops;		/* sent: the ring was full and sending stopped */
	uint64_t wakes;		/* and went on */
};

struct net_device;

/* What the user wants to hear. All of them from net_poll(); NULL: of no interest. */
struct net_handler {
	/* A frame: the handler's to free, from its Ethernet header on. */
	void (*receive)(struct net_device *dev, struct sk_buff *skb, void *arg);
	/* The link went up or down; see netif_carrier_ok(). */
	void (*link)(struct net_device *dev, void *arg);
	/* The device asks that the network be told where this card is (5.1.9.5.4). */
	void (*notify_peers)(struct net_device *dev, void *arg);
	void *arg;
};

/* To be read by everybody, written by the driver. */
struct net_device {
	char name[8]; /* "eth0" */
	struct virtio_device *vdev;
	uint8_t dev_addr[ETH_ALEN];
	uint16_t mtu;	      /* bytes behind the Ethernet header */
	uint32_t speed;	      /* Mbit/s, or VIRTIO_NET_SPEED_UNKNOWN */
	uint8_t duplex;	      /* VIRTIO_NET_DUPLEX_ */
	bool carrier;	      /* the link is up */
	bool present;	      /* false while it sleeps: nothing is sent or received */
	uint16_t num_pairs;   /* queue pairs in use */
	uint16_t max_pairs;   /* and how many there could be */
	uint16_t max_gso_len; /* longest packet to send with gso_type; 0: none */
	struct net_handler handler;
	struct net_device *next; /* use netdev_next() */
};

/* ---- the cards there are ---- */

/* In the order they were found: the first with NULL, NULL after the last. */
struct net_device *netdev_next(struct net_device *after);
struct net_device *netdev_by_name(const char *name); /* NULL if there is none */

static inline bool netif_carrier_ok(const struct net_device *dev)
{
	return dev->carrier;
}

/* Copied. Frames that come while there is no receive handler are dropped, and counted. */
void netif_set_handler(struct net_device *dev, const struct net_handler *handler);

/* ---- frames ---- */

/**
 * dev_queue_xmit - send a frame
 * @skb: from its Ethernet header on, without a checksum of the frame; the driver's if this returns
 *	0, otherwise still the caller's
 * @more: another one follows at once: the doorbell can wait for it
 *
 * skb->queue_mapping chooses the pair of queues, modulo those in use. A CHECKSUM_PARTIAL packet is
 * completed here if the device does not do that.
 *
 * Return: 0; -EBUSY if the queue is full: net_wait(), then try again; -ENETDOWN while the card
 * sleeps; -EMSGSIZE beyond the MTU; -EINVAL for less than an Ethernet header, or offloads that make
 * no sense; -EOPNOTSUPP for a gso_type that was not negotiated; -EIO if the device is broken.
 */
int dev_queue_xmit(struct net_device *dev, struct sk_buff *skb, bool more);

/* Is sending stopped on that pair because its ring is full? */
bool netif_tx_queue_stopped(const struct net_device *dev, unsigned int pair);

/**
 * net_poll - do what interrupts have asked for
 *
 * Polls each queue that has something, up to its budget of frames, then the next.
 *
 * Return: how many frames were received, buffers reclaimed and changes seen; 0: nothing to do.
 */
unsigned int net_poll(void);

/**
 * net_wait - wait until there is something to do, and do it
 * @deadline: platform_now() at which to give up; PLATFORM_FOREVER
 *
 * At the deadline every queue is looked at once, so that an interrupt the device failed to send
 * costs time and no frame. Linux has no such look.
 *
 * Return: as net_poll(); 0 at the deadline.
 */
unsigned int net_wait(uint64_t deadline);

/* ---- settings; all of them may wait ---- */

/*
 * Return, where a function of this part returns int: 0; -EOPNOTSUPP if the feature was not
 * negotiated; -EINVAL for a value it cannot have, before the device hears of it; -EREMOTEIO if the
 * device refused, or its answer is not whole; -ETIMEDOUT if it never answered, and -EIO from then
 * on; -ENETDOWN while the card sleeps. On an error the setting is as it was. Settings survive
 * freeze and restore.
 */

/* Which frames the device is to let through (5.1.9.5.1, 5.1.9.5.2), beside its own address. */
struct net_rx_mode {
	bool promisc;  /* all */
	bool allmulti; /* all multicast */
	bool alluni;   /* all unicast; this and the rest with CTRL_RX_EXTRA */
	bool nomulti;  /* no multicast, but broadcast */
	bool nouni;
	bool nobcast;
	uint16_t num_uc, num_mc; /* at most NET_MAC_TABLE */
	uint8_t uc[NET_MAC_TABLE][ETH_ALEN];
	uint8_t mc[NET_MAC_TABLE][ETH_ALEN];
};

int virtnet_set_rx_mode(struct net_device *dev, const struct net_rx_mode *mode);
int virtnet_set_mac_address(struct net_device *dev, const uint8_t mac[ETH_ALEN]);

/* With the feature, tagged frames pass only if their VLAN was added. @vid: 0 to 4095. */
int virtnet_vlan_rx_add_vid(struct net_device *dev, uint16_t vid);
int virtnet_vlan_rx_kill_vid(struct net_device *dev, uint16_t vid);

/* How many pairs are in use: 1 to dev->max_pairs. */
int virtnet_set_queues(struct net_device *dev, uint16_t pairs);

/* Receive side scaling: which queue a received packet goes to, by its hash (5.1.9.5.7). */
struct net_rxfh {
	uint32_t hash_types;		   /* VIRTIO_NET_HASH_TYPE_ */
	uint16_t table_len;		   /* a power of two */
	uint16_t table[NET_RSS_MAX_TABLE]; /* pair that each hash, modulo table_len, goes to */
	uint16_t unclassified;		   /* pair for packets without a hash */
	uint8_t key_len;
	uint8_t key[NET_RSS_MAX_KEY];
};

/* Without RSS but with HASH_REPORT only types and key count. */
int virtnet_set_rxfh(struct net_device *dev, const struct net_rxfh *rxfh);
void virtnet_get_rxfh(const struct net_device *dev, struct net_rxfh *rxfh);
/* What the device can hash; 0: it has neither RSS nor hash reports. */
uint32_t virtnet_supported_hash_types(const struct net_device *dev);

/* Interrupt after so many packets or so many microseconds, whichever is first; 0: at once. */
struct net_coalesce {
	uint32_t max_packets;
	uint32_t max_usecs;
};

/* Of all pairs. */
int virtnet_set_coalesce(struct net_device *dev, const struct net_coalesce *rx,
			 const struct net_coalesce *tx);
/* Of one; what the device has, not what it was told. */
int virtnet_set_per_queue_coalesce(struct net_device *dev, uint16_t pair,
				   const struct net_coalesce *rx, const struct net_coalesce *tx);
int virtnet_get_per_queue_coalesce(struct net_device *dev, uint16_t pair, struct net_coalesce *rx,
				   struct net_coalesce *tx);

/* What the device may leave to us of what it receives: a set of VIRTIO_NET_F_GUEST_ bits, each
 * negotiated. All that are negotiated, to begin with. */
int virtnet_set_guest_offloads(struct net_device *dev, uint64_t offloads);
uint64_t virtnet_guest_offloads(const struct net_device *dev);

/* ---- counters ---- */

void virtnet_get_rx_stats(const struct net_device *dev, unsigned int pair,
			  struct net_queue_stats *stats);
void virtnet_get_tx_stats(const struct net_device *dev, unsigned int pair,
			  struct net_queue_stats *stats);

/* The device's own (DEVICE_STATS), of one pair and of the control queue; may wait. What the device
 * does not count is 0. */
struct net_device_stats {
	uint64_t types; /* what it counts: bits of enum virtio_net_stats_type */
	uint64_t rx_notifications, rx_packets, rx_bytes, rx_interrupts, rx_drops, rx_drop_overruns;
	uint64_t rx_csum_valid, rx_needs_csum, rx_csum_none, rx_csum_bad;
	uint64_t rx_gso_packets, rx_gso_bytes;
	uint64_t tx_notifications, tx_packets, tx_bytes, tx_interrupts, tx_drops, tx_drop_malformed;
	uint64_t tx_csum_none, tx_needs_csum;
	uint64_t tx_gso_packets, tx_gso_bytes, tx_gso_segments, tx_gso_segments_bytes;
	uint64_t cvq_commands, cvq_ok;
};

int virtnet_get_device_stats(struct net_device *dev, uint16_t pair, struct net_device_stats *stats);

#endif
