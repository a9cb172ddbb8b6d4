/* SPDX-License-Identifier: MIT */
/*
 * What the files of the driver share: a card and its queues.
 *
 * In Linux all of it is in drivers/net/virtio_net.c. Here virtio_net.c has the card's life,
 * virtio_net_rx.c and virtio_net_tx.c have its two directions, virtio_net_ctrl.c the commands and
 * net.c what any card would have.
 */
#ifndef NET_VIRTNET_H
#define NET_VIRTNET_H

#include "napi.h"
#include "net.h"

/* The struct of which @ptr is the member. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define VIRTNET_SG_MAX (MAX_SKB_FRAGS + 2) /* elements: header, first piece, further pieces */
#define VIRTNET_NAME 12			   /* bytes of a queue's name: "output.15" */

/* Touched only by whoever has .napi. */
struct receive_queue {
	struct virtqueue *vq;
	struct napi_struct napi;
	struct virtnet_info *vi;
	unsigned int index; /* of the pair */
	unsigned int posted;
	bool starved; /* no memory for buffers: net_poll() tries again */
	struct scatterlist sg[VIRTNET_SG_MAX];
	struct net_queue_stats stats;
	char name[VIRTNET_NAME];
};

struct send_queue {
	struct virtqueue *vq;
	struct platform_lock lock; /* all but .napi; Linux's netif_tx_lock */
	struct napi_struct napi;
	struct virtnet_info *vi;
	unsigned int index;
	unsigned int stop_below; /* free descriptors: with fewer, sending stops */
	bool stopped;
	struct scatterlist sg[VIRTNET_SG_MAX];
	struct net_queue_stats stats;
	char name[VIRTNET_NAME];
};

struct virtnet_ctrl; /* memory of one command, shared with the device */

/* What the driver was told, kept to be told again after restore. */
struct virtnet_settings {
	struct net_rx_mode rx_mode;
	bool mac_set;
	uint32_t vlans[4096 / 32];
	struct net_rxfh rxfh;
	bool coalesce_set;
	struct net_coalesce rx_coalesce[NET_MAX_PAIRS], tx_coalesce[NET_MAX_PAIRS];
	uint64_t guest_offloads;
};

struct virtnet_info {
	struct net_device dev; /* what the user sees */
	struct virtio_device *vdev;
	struct receive_queue *rq; /* dev.max_pairs */
	struct send_queue *sq;
	unsigned int device_pairs; /* as the device numbers its queues */

	struct virtqueue *cvq; /* NULL: no control queue; broken: it stopped answering */
	struct virtnet_ctrl *ctrl;
	struct virtnet_settings settings;

	uint32_t hdr_len;	   /* bytes before each packet, both ways */
	uint32_t rx_max_len;	   /* bytes of the longest frame to be received */
	bool mergeable_rx_bufs;	   /* a frame may lie in several buffers */
	bool big_packets;	   /* a buffer has more pieces than one */
	bool any_header_sg;	   /* the header needs no element of its own */
	bool has_rss, has_hash;	   /* steering; hashes in the header */
	uint32_t hash_types;	   /* that the device knows, and we do */
	uint16_t rss_table_len;	   /* entries */
	uint64_t offered_offloads; /* negotiated GUEST_ bits */

	bool config_changed; /* set by the handler, taken by net_poll() */
};

static inline struct virtnet_info *netdev_priv(const struct net_device *dev)
{
	return (struct virtnet_info *)dev; /* its first member */
}

/* ---- net.c ---- */

void register_netdev(struct net_device *dev); /* names it */
void unregister_netdev(struct net_device *dev);

/* ---- virtio_net.c ---- */

/* Outside interrupts: the config has changed, whatever in it. */
void virtnet_config_changed_work(struct virtnet_info *vi);

/* ---- virtio_net_rx.c ---- */

void virtnet_init_rx(struct receive_queue *rq);
void skb_recv_done(struct virtqueue *vq);
/* Fills the ring, and polls it from now on. Linux's virtnet_enable_queue_pair(). */
void virtnet_enable_rx(struct receive_queue *rq);
/* As if an interrupt had come. */
void virtnet_rx_schedule(struct receive_queue *rq);

/* ---- virtio_net_tx.c ---- */

void virtnet_init_tx(struct send_queue *sq);
void skb_xmit_done(struct virtqueue *vq);
int start_xmit(struct send_queue *sq, struct sk_buff *skb, bool more);
/* Rings the doorbell for what was sent with more to follow, and nothing followed. */
void virtnet_xmit_flush(struct send_queue *sq);
void virtnet_enable_tx(struct send_queue *sq);
void virtnet_tx_schedule(struct send_queue *sq);

/* ---- virtio_net_ctrl.c ---- */

/* What a command has in one element. */
struct virtnet_part {
	const void *bytes;
	uint32_t len;
};

/**
 * virtnet_send_command_reply - send a command and wait for the answer
 * @parts: @num of them, 0 to 2; each goes into an element of its own (5.1.9.8)
 * @result: what the device writes behind the ack goes here if it said OK; at most @result_len
 *	bytes, 0: nothing is expected. What it has not written is zeroes.
 *
 * Return: how many bytes of @result were written; otherwise as the settings of net.h.
 */
int virtnet_send_command_reply(struct virtnet_info *vi, uint8_t class, uint8_t command,
			       const struct virtnet_part *parts, unsigned int num, void *result,
			       uint32_t result_len);
int virtnet_ctrl_alloc(struct virtnet_info *vi);
void virtnet_ctrl_free(struct virtnet_info *vi);
/* What a card starts with: nothing but its own frames, hashes spread over the pairs in use. */
void virtnet_default_settings(struct virtnet_info *vi);
/* Tells the device all of it; what it refuses is logged, and the card goes on without. */
void virtnet_apply_settings(struct virtnet_info *vi);
int virtnet_ack_link_announce(struct virtnet_info *vi);

#endif
