/* SPDX-License-Identifier: MIT */
/*
 * Features that need others (5.1.3.1, 5.1.4): offered alone the driver leaves them out, and the
 * card accepts none of them from a driver that does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "platform/host/host.h"
#include "tests/support/host_machine.h"
#include "tests/support/host_net.h"
#include "tests/support/net_card.h"
#include "tests/support/select.h"

#define BIT(name) VIRTIO_NET_BIT(name)
#define TSO4 (BIT(GUEST_TSO4) | BIT(GUEST_CSUM))
#define TSO6 (BIT(GUEST_TSO6) | BIT(GUEST_CSUM))

/* A feature, what is offered so that it is alone, and what it can be had with: this, or that. */
static const struct {
	const char *options;
	unsigned int bit;
	uint64_t with[2];
} features[] = {
	{ "guest_tso4=on", VIRTIO_NET_F_GUEST_TSO4, { BIT(GUEST_CSUM) } },
	{ "guest_tso6=on", VIRTIO_NET_F_GUEST_TSO6, { BIT(GUEST_CSUM) } },
	{ "guest_uso4=on", VIRTIO_NET_F_GUEST_USO4, { BIT(GUEST_CSUM) } },
	{ "guest_uso6=on", VIRTIO_NET_F_GUEST_USO6, { BIT(GUEST_CSUM) } },
	{ "guest_csum=on,guest_ecn=on", VIRTIO_NET_F_GUEST_ECN, { TSO4, TSO6 } },
	{ "host_tso4=on", VIRTIO_NET_F_HOST_TSO4, { BIT(CSUM) } },
	{ "host_tso6=on", VIRTIO_NET_F_HOST_TSO6, { BIT(CSUM) } },
	{ "host_uso=on", VIRTIO_NET_F_HOST_USO, { BIT(CSUM) } },
	{ "csum=on,host_ecn=on",
	  VIRTIO_NET_F_HOST_ECN,
	  { BIT(HOST_TSO4) | BIT(CSUM), BIT(HOST_TSO6) | BIT(CSUM) } },
	{ "ctrl_vq=off", VIRTIO_NET_F_CTRL_RX, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off", VIRTIO_NET_F_CTRL_RX_EXTRA, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off", VIRTIO_NET_F_CTRL_VLAN, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off", VIRTIO_NET_F_CTRL_MAC_ADDR, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off", VIRTIO_NET_F_GUEST_ANNOUNCE, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off,ctrl_guest_offloads=on",
	  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
	  { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off,mq=on", VIRTIO_NET_F_MQ, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off,rss=on", VIRTIO_NET_F_RSS, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off,hash=on", VIRTIO_NET_F_HASH_REPORT, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off,notf_coal=on", VIRTIO_NET_F_NOTF_COAL, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off,vq_notf_coal=on", VIRTIO_NET_F_VQ_NOTF_COAL, { BIT(CTRL_VQ) } },
	{ "ctrl_vq=off,stats=on", VIRTIO_NET_F_DEVICE_STATS, { BIT(CTRL_VQ) } },
};

#define FEATURES (sizeof(features) / sizeof(*features))

static void features_without_what_they_need_are_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < FEATURES; i++) {
		struct machine_device device = { .options = features[i].options };
		struct net_card *c;

		/* What is complained of is meant to be. */
		net_card_start(&device);
		net_card_unbind();
		platform_host_capture_log(true);
		c = net_card_bind();
		/* It was on offer. */
		assert_true(host_machine_device(0)->host_features[0] >> features[i].bit & 1);
		assert_false(virtio_has_feature(c->dev->vdev, features[i].bit));
		net_card_send(100, 1);
		net_card_expect_out(100, 1);
		net_card_stop(NULL);
	}
}

static bool accepted(struct VirtIODevice *vdev, uint64_t bits)
{
	bits |= 1ull << VIRTIO_F_VERSION_1;
	virtio_set_status(vdev, 0);
	virtio_set_status(vdev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	virtio_set_guest_features(vdev, 0, (uint32_t)bits);
	virtio_set_guest_features(vdev, 1, (uint32_t)(bits >> 32));
	virtio_set_status(vdev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
					VIRTIO_STATUS_FEATURES_OK);
	return vdev->status & VIRTIO_STATUS_FEATURES_OK;
}

/* As a driver that has not read 5.1.3.1; ours is not there. */
static void the_card_accepts_no_feature_without_what_it_needs(void **state)
{
	struct VirtIODevice *vdev;
	uint64_t all = BIT(CSUM) | BIT(GUEST_CSUM) | BIT(CTRL_VQ);

	(void)state;
	net_card_start(&(struct machine_device){ .options = "strict=off" });
	net_card_unbind();
	vdev = host_machine_device(0);
	for (size_t i = 0; i < FEATURES; i++)
		all |= 1ull << features[i].bit;
	vdev->host_features[0] |= all;
	for (size_t i = 0; i < FEATURES; i++) {
		uint64_t bit = 1ull << features[i].bit;

		if (accepted(vdev, bit))
			fail_msg("feature %u is accepted alone", features[i].bit);
		for (unsigned int n = 0; n < 2 && features[i].with[n]; n++)
			if (!accepted(vdev, bit | features[i].with[n]))
				fail_msg("feature %u is refused", features[i].bit);
	}
	assert_true(accepted(vdev, all));
	virtio_set_status(vdev, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, net_card_stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(features_without_what_they_need_are_left_out),
		TEST(the_card_accepts_no_feature_without_what_it_needs),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
