/* SPDX-License-Identifier: MIT */
/*
 * A card's life where things go wrong on the way: memory that runs out at every step, sleep with
 * frames in flight; and two cards that ping each other.
 */
#include "net/arp_icmp.h"
#include "pci/virtio_pci_common.h"
#include "platform/host/host.h"
#include "ring/vring_errno.h"
#include "one_card.h"

/* Every allocation of probe fails once; after each the card works, or nothing of it is left. */
static void without_memory_it_is_not_bound_or_it_works(void **state)
{
	struct machine_device device = { .queue_size = 16, .num_queues = 2, .options = "mq=on" };
	unsigned int bound = 0, refused = 0;

	(void)state;
	for (unsigned int n = 1; bound < 60; n++) {
		struct net_card *c = net_card_try(&device);

		net_card_unbind();
		platform_host_capture_log(true);
		platform_host_fail_allocation(n);
		virtio_pci_probe_all();
		platform_host_fail_allocation(0);
		assert_in_range(n, 1, 500);
		if (netdev_next(NULL)) {
			bound++;
			c = net_card_bind();
			for (unsigned int i = 0; i < 40; i++) {
				uint8_t frame[100];

				net_card_frame_in(frame, sizeof(frame), i);
				machine_net_send(0, frame, sizeof(frame));
				net_card_expect_in(sizeof(frame), i);
			}
			assert_int_equal(c->received, 40);
		} else {
			refused++;
		}
		net_card_stop(NULL); /* finds what was not given back */
	}
	assert_true(refused > 5);
}

static void frames_in_flight_are_given_back_by_sleep(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct pci_dev *pci = to_vp_device(c->dev->vdev)->pci_dev;
	uint8_t frame[100];

	(void)state;
	for (unsigned int night = 0; night < 3; night++) {
		card()->fault.hold_tx = true;
		for (unsigned int n = 0; n < 20; n++)
			net_card_send(100, n);
		/* Used by the card, not yet looked at by us. */
		net_card_frame_in(frame, sizeof(frame), 1);
		for (unsigned int n = 0; n < 20; n++)
			machine_net_send(0, frame, sizeof(frame));
		assert_int_equal(virtio_pci_freeze(pci), 0);
		assert_int_equal(net_wait(platform_now() + SECOND), 0);
		card()->fault.hold_tx = false;
		assert_int_equal(virtio_pci_restore(pci), 0);
		assert_int_equal(host_net_sent(host_machine_device(0)), 0);
		net_card_send(100, 5);
		net_card_expect_out(100, 5);
		machine_net_send(0, frame, sizeof(frame));
		net_card_expect_in(100, 1);
		assert_true(netif_carrier_ok(c->dev));
	}
}

static void a_sleeping_card_can_be_taken_away(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct pci_dev *pci = to_vp_device(c->dev->vdev)->pci_dev;

	(void)state;
	assert_int_equal(virtio_pci_freeze(pci), 0);
	net_card_unbind();
	assert_null(netdev_next(NULL));
}

static void a_sleeping_card_takes_no_settings(void **state)
{
	struct net_card *c =
		net_card_start(&(struct machine_device){ .num_queues = 4, .options = "mq=on" });
	struct pci_dev *pci = to_vp_device(c->dev->vdev)->pci_dev;
	uint16_t before = c->dev->num_pairs;

	(void)state;
	assert_int_equal(virtio_pci_freeze(pci), 0);
	assert_int_equal(virtnet_set_queues(c->dev, 4), -ENETDOWN);
	assert_int_equal(virtnet_vlan_rx_add_vid(c->dev, 1), -ENETDOWN);
	assert_int_equal(c->dev->num_pairs, before);
	assert_int_equal(virtio_pci_restore(pci), 0);
	assert_int_equal(virtnet_set_queues(c->dev, 4), 0);
}

/* Asked to wake up it finds no room, is taken away, and then comes back as new. */
static void a_card_that_does_not_wake_up_is_left_reset(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct pci_dev *pci = to_vp_device(c->dev->vdev)->pci_dev;
	unsigned int failed = 0;

	(void)state;
	platform_host_capture_log(true);
	platform_host_limit_msis(0); /* or it does with fewer interrupts */
	for (unsigned int n = 1; n < 20 && !failed; n++) {
		assert_int_equal(virtio_pci_freeze(pci), 0);
		platform_host_fail_allocation(n);
		failed = virtio_pci_restore(pci) != 0;
		platform_host_fail_allocation(0);
	}
	assert_true(failed);
	net_card_unbind();
	assert_null(strstr(platform_host_log(), "without a reset"));
	assert_int_equal(host_machine_device(0)->status, VIRTIO_STATUS_ACKNOWLEDGE);
	net_card_bind();
	net_card_send(100, 5);
	net_card_expect_out(100, 5);
}

/* It could not wake up, and is put to sleep again all the same. */
static void a_card_that_is_half_awake_can_sleep(void **state)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	struct pci_dev *pci = to_vp_device(c->dev->vdev)->pci_dev;
	unsigned int failed = 0;

	(void)state;
	platform_host_capture_log(true);
	platform_host_limit_msis(0);
	for (unsigned int n = 1; n < 20; n++) {
		assert_int_equal(virtio_pci_freeze(pci), 0);
		platform_host_fail_allocation(n);
		failed += virtio_pci_restore(pci) != 0;
		platform_host_fail_allocation(0);
	}
	assert_true(failed > 1);
	assert_int_equal(virtio_pci_freeze(pci), 0);
	assert_int_equal(virtio_pci_restore(pci), 0);
	assert_int_equal(host_machine_device(0)->status & VIRTIO_STATUS_FAILED, 0);
	net_card_send(100, 5);
	net_card_expect_out(100, 5);
}

/* ---- a card that does not come out of reset ---- */

/* With frames in both rings, used and unused. */
static struct net_card *start_busy(void)
{
	struct net_card *c = net_card_start(&(struct machine_device){ 0 });
	uint8_t frame[100];

	platform_host_capture_log(true);
	host_machine_expect_complaints(); /* of a reset that was given up */
	card()->fault.hold_tx = true;
	for (unsigned int n = 0; n < 20; n++)
		net_card_send(100, n);
	net_card_frame_in(frame, sizeof(frame), 1);
	for (unsigned int n = 0; n < 20; n++)
		machine_net_send(0, frame, sizeof(frame));
	host_machine_proxy(0)->faults.reset_reads = VIRTIO_PCI_FOREVER;
	return c;
}

static void a_card_that_stays_in_reset_can_be_taken_away(void **state)
{
	(void)state;
	start_busy();
	net_card_unbind(); /* and the machine finds what was not given back */
	assert_null(netdev_next(NULL));
	/* No handler of the driver's is there any more. */
	machine_net_send(0, (uint8_t[100]){ 0 }, 100);
	assert_false(platform_wait(platform_now() + SECOND));
}

static void a_card_that_stays_in_reset_sleeps_until_it_comes_out(void **state)
{
	struct net_card *c = start_busy();
	struct pci_dev *pci = to_vp_device(c->dev->vdev)->pci_dev;
	struct sk_buff *skb = net_card_skb((uint8_t[60]){ 0 }, 60);

	(void)state;
	assert_int_equal(virtio_pci_freeze(pci), 0);
	assert_int_equal(dev_queue_xmit(c->dev, skb, false), -ENETDOWN);
	kfree_skb(skb);
	assert_int_not_equal(virtio_pci_restore(pci), 0);
	assert_int_equal(net_wait(platform_now() + SECOND), 0);
	assert_false(c->dev->present);

	host_machine_proxy(0)->faults.reset_reads = 0;
	card()->fault.hold_tx = false;
	assert_int_equal(virtio_pci_restore(pci), 0);
	net_card_send(100, 5);
	net_card_expect_out(100, 5);
}

/* ---- what is left behind ---- */

static void a_card_full_of_unread_frames_can_be_taken_away(void **state)
{
	uint8_t frame[100];

	(void)state;
	net_card_start(&(struct machine_device){ .options = "mrg_rxbuf=off,host_mtu=9000" });
	net_card_frame_in(frame, sizeof(frame), 1);
	for (unsigned int n = 0; n < 500; n++)
		machine_net_send(0, frame, sizeof(frame));
	platform_wait(platform_now());
	net_poll();
}

static void packets_outlive_their_card(void **state)
{
	uint8_t frame[100], came[100];
	struct sk_buff *skb;

	(void)state;
	net_card_start(&(struct machine_device){ 0 });
	net_card_frame_in(frame, sizeof(frame), 1);
	machine_net_send(0, frame, sizeof(frame));
	skb = net_card_next();
	net_card_unbind();
	assert_true(skb_copy_bits(skb, 0, came, sizeof(came)));
	assert_memory_equal(came, frame, sizeof(frame));
	kfree_skb(skb);
}

/* ---- two cards ---- */

static struct {
	struct arp_icmp ai[2];
	bool running;
} pair;

static int stop_pair(void **state)
{
	(void)state;
	if (!pair.running)
		return 0;
	pair.running = false;
	virtio_pci_remove_all();
	unregister_virtio_driver(&virtio_net_driver);
	pci_forget();
	machine_stop();
	return 0;
}

static void start_pair(const struct machine_device *first, const struct machine_device *second)
{
	struct machine machine = { .devices = { *first, *second } };
	struct net_device *dev;
	uint8_t mac[ETH_ALEN];

	machine.devices[0].type = machine.devices[1].type = "net";
	machine_start(&machine);
	pair.running = true;
	net_plug(&host_net_card(host_machine_device(0))->nic,
		 &host_net_card(host_machine_device(1))->nic);
	assert_int_equal(register_virtio_driver(&virtio_net_driver), 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 2);
	dev = netdev_next(NULL);
	assert_string_equal(dev->name, "eth0");
	assert_string_equal(dev->next->name, "eth1");
	assert_ptr_equal(netdev_by_name("eth1"), dev->next);
	net_poll();
	memcpy(mac, dev->next->dev_addr, ETH_ALEN);
	mac[5]++;
	assert_int_equal(virtnet_set_mac_address(dev->next, mac), 0);
	arp_icmp_attach(&pair.ai[0], dev, IPV4(10, 0, 0, 1));
	arp_icmp_attach(&pair.ai[1], dev->next, IPV4(10, 0, 0, 2));
}

static void two_cards_ping_each_other(void **state)
{
	static const struct machine_device shapes[] = {
		{ .queue_size = 0 },
		{ .packed = MACHINE_ON, .options = "csum=on,guest_csum=on" },
		{ .interface = MACHINE_LEGACY },
		{ .options = "mrg_rxbuf=off" },
		{ .options = "hash=on" },
	};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		uint64_t deadline;

		start_pair(&shapes[i], &shapes[(i + 1) % 5]);
		deadline = platform_now() + 100 * SECOND;
		for (uint32_t bytes = 0; bytes <= 1472; bytes += 368) {
			assert_int_equal(
				ping(&pair.ai[0], IPV4(10, 0, 0, 2), bytes, deadline, NULL), 0);
			assert_int_equal(
				ping(&pair.ai[1], IPV4(10, 0, 0, 1), bytes, deadline, NULL), 0);
		}
		assert_int_equal(ping(&pair.ai[0], IPV4(10, 0, 0, 2), 1473, deadline, NULL),
				 -EMSGSIZE);
		assert_int_equal(pair.ai[0].echo_answered, 5);
		assert_int_equal(pair.ai[1].echo_answered, 5);
		stop_pair(NULL);
	}
}

static void jumbo_pings_cross_several_pages(void **state)
{
	const struct machine_device mergeable = { .options = "host_mtu=16000" };
	const struct machine_device big = { .options = "host_mtu=16000,mrg_rxbuf=off" };
	uint64_t rtt;

	(void)state;
	start_pair(&mergeable, &big);
	for (uint32_t bytes = 3900; bytes <= 15972; bytes += 503) {
		assert_int_equal(ping(&pair.ai[0], IPV4(10, 0, 0, 2), bytes,
				      platform_now() + SECOND, &rtt),
				 0);
		assert_true(rtt < SECOND);
	}
	assert_int_equal(ping(&pair.ai[1], IPV4(10, 0, 0, 1), 15972, platform_now() + SECOND, NULL),
			 0);
}

static void who_is_not_there_does_not_answer(void **state)
{
	uint8_t mac[ETH_ALEN];
	uint64_t start;

	(void)state;
	start_pair(&(struct machine_device){ 0 }, &(struct machine_device){ 0 });
	start = platform_now();
	assert_int_equal(arp_resolve(&pair.ai[0], IPV4(10, 0, 0, 9), mac, start + 2 * SECOND),
			 -ETIMEDOUT);
	assert_true(platform_now() >= start + 2 * SECOND);
	/* There, but the cable is cut between question and answer. */
	assert_int_equal(arp_resolve(&pair.ai[0], IPV4(10, 0, 0, 2), mac, platform_now() + SECOND),
			 0);
	assert_memory_equal(mac, pair.ai[1].dev->dev_addr, ETH_ALEN);
	virtio_net_set_link(host_net_card(host_machine_device(1)), false);
	assert_int_equal(ping(&pair.ai[0], IPV4(10, 0, 0, 2), 56, platform_now() + SECOND, NULL),
			 -ETIMEDOUT);
	virtio_net_set_link(host_net_card(host_machine_device(1)), true);
	assert_int_equal(ping(&pair.ai[0], IPV4(10, 0, 0, 2), 56, platform_now() + SECOND, NULL),
			 0);
}

static void after_an_announcement_the_new_address_is_known(void **state)
{
	uint8_t mac[ETH_ALEN], moved[ETH_ALEN] = { 0x02, 1, 2, 3, 4, 5 };

	(void)state;
	start_pair(&(struct machine_device){ 0 }, &(struct machine_device){ 0 });
	assert_int_equal(arp_resolve(&pair.ai[0], IPV4(10, 0, 0, 2), mac, platform_now() + SECOND),
			 0);
	assert_int_equal(virtnet_set_mac_address(pair.ai[1].dev, moved), 0);
	virtio_net_announce(host_net_card(host_machine_device(1)));
	net_card_settle(SECOND);
	assert_int_equal(arp_resolve(&pair.ai[0], IPV4(10, 0, 0, 2), mac, platform_now() + SECOND),
			 0);
	assert_memory_equal(mac, moved, ETH_ALEN);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)
#define PAIR_TEST(name) cmocka_unit_test_teardown(name, stop_pair)
	const struct CMUnitTest tests[] = {
		TEST(without_memory_it_is_not_bound_or_it_works),
		TEST(frames_in_flight_are_given_back_by_sleep),
		TEST(a_sleeping_card_can_be_taken_away),
		TEST(a_sleeping_card_takes_no_settings),
		TEST(a_card_that_does_not_wake_up_is_left_reset),
		TEST(a_card_that_is_half_awake_can_sleep),
		TEST(a_card_that_stays_in_reset_can_be_taken_away),
		TEST(a_card_that_stays_in_reset_sleeps_until_it_comes_out),
		TEST(a_card_full_of_unread_frames_can_be_taken_away),
		TEST(packets_outlive_their_card),
		PAIR_TEST(two_cards_ping_each_other),
		PAIR_TEST(jumbo_pings_cross_several_pages),
		PAIR_TEST(who_is_not_there_does_not_answer),
		PAIR_TEST(after_an_announcement_the_new_address_is_known),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
