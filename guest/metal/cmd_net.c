// SPDX-License-Identifier: MIT
/*
 * `net`: pings, and what the driver counted. Every card gets an address of QEMU's user network,
 * 10.0.2.15 and up; who else is there is 10.0.2.2.
 */
#include <string.h>

#include "monitor.h"
#include "net/arp_icmp.h"

#define MAX_CARDS 4
#define FIRST_ADDRESS IPV4(10, 0, 2, 15)
#define PINGS 3
#define PING_BYTES 56
#define PING_LIMIT 1000000000ull /* ns */

static struct arp_icmp cards[MAX_CARDS];
static unsigned int num_cards;

/* That it is up is no news, unless it was down. */
static void link_changed(struct net_device *dev, void *arg)
{
	bool *down = arg;

	if (*down != netif_carrier_ok(dev))
		return;
	*down = !*down;
	platform_log(PLATFORM_INFO, "%s: the link is %s", dev->name,
		     netif_carrier_ok(dev) ? "up" : "down");
}

void net_start(void)
{
	static bool down[MAX_CARDS];
	struct net_device *dev = NULL;

	for (num_cards = 0; num_cards < MAX_CARDS && (dev = netdev_next(dev)); num_cards++) {
		down[num_cards] = false;
		netif_set_handler(dev, &(struct net_handler){ .link = link_changed,
							      .arg = &down[num_cards] });
		arp_icmp_attach(&cards[num_cards], dev, FIRST_ADDRESS + num_cards);
	}
}

void net_stop(void)
{
	while (num_cards)
		arp_icmp_detach(&cards[--num_cards]);
}

/* "10.0.2.2" */
static bool parse_address(const char *word, ipv4_addr *address)
{
	*address = 0;
	for (int part = 0; part < 4; part++) {
		char text[4] = { 0 };
		unsigned int len = 0;
		uint64_t value;

		while (*word && *word != '.' && len < 3)
			text[len++] = *word++;
		if (!parse_number(text, 255, &value) || *word != (part < 3 ? '.' : '\0'))
			return false;
		*address = *address << 8 | value;
		if (part < 3)
			word++;
	}
	return true;
}

static enum status net_ping(int argc, char **argv)
{
	uint64_t count = PINGS, rtt;
	unsigned int answered = 0;
	ipv4_addr address;
	int err = 0;

	if (argc < 2 || argc > 3 || !parse_address(argv[1], &address) ||
	    (argc == 3 && (!parse_number(argv[2], UINT32_MAX, &count) || !count)))
		return STATUS_USAGE;
	if (!num_cards)
		return complain("net ping: there is no card");
	for (uint64_t i = 0; i < count && !monitor_interrupted(); i++) {
		err = ping(&cards[0], address, PING_BYTES, platform_now() + PING_LIMIT, &rtt);
		if (err) {
			complain("net ping: %s: %s%s", argv[1], error_name(err),
				 netif_carrier_ok(cards[0].dev) ? "" : ", the link is down");
			continue;
		}
		answered++;
		print("%s: %u bytes, number %u, %llu us\n", argv[1], PING_BYTES, answered,
		      (unsigned long long)rtt / 1000);
	}
	print("%u of %llu answered\n", answered, (unsigned long long)count);
	return answered == count ? STATUS_OK : STATUS_FAILED;
}

static void print_stats(const char *name, const char *direction, unsigned int pair,
			const struct net_queue_stats *s)
{
	print("%s %s.%u: packets %llu, bytes %llu, drops %llu, errors %llu, kicks %llu,"
	      " stops %llu\n",
	      name, direction, pair, (unsigned long long)s->packets, (unsigned long long)s->bytes,
	      (unsigned long long)s->drops,
	      (unsigned long long)(s->length_errors + s->frame_errors),
	      (unsigned long long)s->kicks, (unsigned long long)s->stops);
}

static enum status net_stats(int argc, char **argv)
{
	struct net_device *dev = NULL;
	struct net_queue_stats stats;

	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	net_poll();
	while ((dev = netdev_next(dev))) {
		const uint8_t *mac = dev->dev_addr;

		print("%s: %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, link %s\n", dev->name, mac[0],
		      mac[1], mac[2], mac[3], mac[4], mac[5], dev->mtu,
		      netif_carrier_ok(dev) ? "up" : "down");
		for (unsigned int pair = 0; pair < dev->num_pairs; pair++) {
			virtnet_get_rx_stats(dev, pair, &stats);
			print_stats(dev->name, "input", pair, &stats);
			virtnet_get_tx_stats(dev, pair, &stats);
			print_stats(dev->name, "output", pair, &stats);
		}
	}
	return STATUS_OK;
}

enum status command_net(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "ping") == 0)
		return net_ping(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "stats") == 0)
		return net_stats(argc - 1, argv + 1);
	return STATUS_USAGE;
}
