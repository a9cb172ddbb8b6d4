/* SPDX-License-Identifier: MIT */
/*
 * The capability list: as the specification allows it to be, as it must not be, and as chance makes
 * it. A device that cannot be used is refused; nothing else may come of a bad list.
 *
 * PCI_FUZZ_SEED=n begins with that round, PCI_FUZZ_ROUNDS=n does so many of each kind.
 */
#include <stdlib.h>

#include "pci_test.h"

static struct echo echo;

/* ---- a list of the test's own ---- */

static uint8_t *config; /* of the function */
static uint8_t free_pos;

/* The function is there, with its capabilities taken out of the list. */
static void start_list(void)
{
	echo_init(&echo, 1, 8);
	echo_plug(&echo, NULL, ECHO_BDF);
	config = echo.proxy.pci.config;
	memset(config + 0x40, 0, 0xc0);
	config[0x34] = 0;
	free_pos = 0x40;
}

static uint8_t *add(uint8_t id, uint8_t bytes)
{
	uint8_t pos = free_pos, last = config[0x34];

	while (last && config[last + 1])
		last = config[last + 1];
	config[last ? last + 1 : 0x34] = pos;
	config[pos] = id;
	free_pos = (uint8_t)(pos + ((bytes + 3) & ~3));
	return config + pos;
}

static uint8_t *add_virtio(uint8_t type, uint8_t len, uint8_t bar, uint32_t offset, uint32_t length)
{
	uint8_t *cap = add(0x09, len < 16 ? 16 : len);

	cap[2] = len;
	cap[3] = type;
	cap[4] = bar;
	pci_set_long(cap + 8, offset);
	pci_set_long(cap + 12, length);
	return cap;
}

static void add_isr_and_device(void)
{
	add_virtio(3, 16, 4, VIRTIO_PCI_ISR_OFFSET, 1);
	add_virtio(4, 16, 4, VIRTIO_PCI_DEVICE_OFFSET, ECHO_CONFIG);
}

static void add_notify(void)
{
	pci_set_long(add_virtio(2, 20, 4, VIRTIO_PCI_NOTIFY_OFFSET, 4) + 16, 4);
}

static void add_common(void)
{
	add_virtio(1, 16, 4, VIRTIO_PCI_COMMON_OFFSET, 64);
}

static int probe(void)
{
	assert_int_equal(pci_scan(), 0);
	return virtio_pci_probe(pci_at(ECHO_BDF));
}

/* It works, though there is no MSI-X in these lists. */
static void probe_and_work(void)
{
	if (probe() || !echo_driver.vdev)
		fail_msg("it was refused: %s", platform_host_log());
	echo_work(0);
	assert_int_equal(virtio_cread32(echo_driver.vdev, 4), 0x17161514);
}

/* ---- lists that are to be taken ---- */

static void the_shortest_list_that_will_do(void **state)
{
	(void)state;
	start_list();
	add_common();
	add_notify();
	add_isr_and_device();
	probe_and_work();
	assert_string_equal(platform_host_log(), "");
}

static void pci_cap_01_04_reserved_types_and_bars_are_passed_over(void **state)
{
	(void)state;
	start_list();
	add_virtio(0, 16, 4, 0, 64);
	add_virtio(1, 16, 6, 0, 64); /* BAR 6 is reserved, and so are the others up to 255 */
	add_virtio(1, 16, 255, 0, 64);
	add_virtio(0x77, 16, 4, 0, 64);
	add_common();
	add_notify();
	add_isr_and_device();
	probe_and_work();
	/* 4.1.4.1: ignored, and not complained about. */
	assert_string_equal(platform_host_log(), "");
}

static void pci_cap_02_the_first_of_a_kind_is_used(void **state)
{
	(void)state;
	start_list();
	add_common();
	add_virtio(1, 16, 4, VIRTIO_PCI_DEVICE_OFFSET, 64);
	add_notify();
	add_isr_and_device();
	add_virtio(4, 16, 4, 0, 64);
	probe_and_work();
}

static void of_a_kind_the_first_that_is_any_good_is_used(void **state)
{
	(void)state;
	start_list();
	add_virtio(1, 16, 3, 0, 64);	      /* BAR 3 is the upper half of... nothing */
	add_virtio(1, 16, 4, 0x7fffffc0, 64); /* beyond the BAR */
	add_virtio(1, 16, 4, 0, 16);	      /* too short */
	add_virtio(1, 16, 4, 2, 64);	      /* not aligned */
	add_virtio(1, 15, 4, 0, 64);	      /* the capability is too short */
	add_virtio(1, 16, 4, 0x3fe0, 64);     /* half of it beyond the BAR */
	add_common();
	add_notify();
	add_isr_and_device();
	probe_and_work();
	assert_logged("capability at 40 ignored: there is no such BAR");
	assert_logged("capability at 50 ignored: the structure is outside its BAR");
	assert_logged("capability at 60 ignored: the structure is too short");
	assert_logged("capability at 70 ignored: the structure is not aligned");
	assert_logged("capability at 80 ignored: too short");
	assert_logged("capability at 90 ignored: the structure is outside its BAR");
}

static void pci_cap_03_a_longer_capability_is_taken(void **state)
{
	(void)state;
	start_list();
	add_virtio(1, 40, 4, VIRTIO_PCI_COMMON_OFFSET, 64);
	add_notify();
	add_isr_and_device();
	probe_and_work();
}

static void pci_cap_05_06a_06b_lengths_beyond_the_bar_are_cut(void **state)
{
	(void)state;
	start_list();
	add_virtio(1, 16, 4, VIRTIO_PCI_COMMON_OFFSET, 0xffffffff);
	pci_set_long(add_virtio(2, 20, 4, VIRTIO_PCI_NOTIFY_OFFSET, 0xffffffff) + 16, 4);
	add_virtio(3, 16, 4, VIRTIO_PCI_ISR_OFFSET, 0x80000000);
	add_virtio(4, 16, 4, VIRTIO_PCI_DEVICE_OFFSET, 0xffffffff);
	probe_and_work();
	assert_int_equal(to_vp_device(echo_driver.vdev)->mdev.device.length,
			 0x4000 - VIRTIO_PCI_DEVICE_OFFSET);
}

static void G17_other_capabilities_may_stand_between(void **state)
{
	(void)state;
	start_list();
	add(0x05, 24); /* MSI */
	add_common();
	add(0x03, 8); /* vital product data */
	add_notify();
	add(0x00, 4);
	add_isr_and_device();
	probe_and_work();
}

static void pci_vndr_04_05_vendor_data_is_left_alone(void **state)
{
	struct VirtIOPCIConf conf;

	(void)state;
	echo_init(&echo, 1, 8);
	conf = echo_conf(&echo);
	conf.vendor_id = 0x1234;
	conf.vendor_data = 0xdeadbeef;
	conf.extra_caps = true;
	echo_start(&echo, &conf);
	echo_work(0);
	/* pci.cap.07: nor is any other capability written to. */
	assert_no_offence(&echo);
}

static void a_device_without_config_has_no_capability_for_it(void **state)
{
	(void)state;
	start_list();
	add_common();
	add_notify();
	add_virtio(3, 16, 4, VIRTIO_PCI_ISR_OFFSET, 1);
	assert_int_equal(probe(), 0);
	echo_work(0);
	assert_int_equal(virtio_cread32(echo_driver.vdev, 4), 0);
	assert_logged("4 bytes of device config at 4: it has 0");
}

/* ---- lists that lead nowhere ---- */

static void G17_a_list_that_goes_round_ends(void **state)
{
	uint8_t *last;

	(void)state;
	start_list();
	add_common();
	add_notify();
	add_isr_and_device();
	last = add(0x09, 16); /* points to itself */
	last[1] = (uint8_t)(last - config);
	probe_and_work();
	assert_int_equal(pci_at(ECHO_BDF)->num_caps, 5);
}

static void a_loop_without_anything_of_use_is_no_virtio_device(void **state)
{
	(void)state;
	start_list();
	add(0x09, 16)[1] = 0x50;
	free_pos = 0x50;
	config[0x50] = 0x09;
	config[0x51] = 0x40;
	assert_int_equal(probe(), -ENODEV);
	assert_int_equal(pci_at(ECHO_BDF)->num_caps, 2);
}

static void pointers_into_the_header_or_between_words_are_not_followed(void **state)
{
	(void)state;
	start_list();
	add_common();
	add_notify();
	add_isr_and_device();
	add(0x09, 16)[1] = 0x04;
	config[0x34] |= 3; /* the two lowest bits are reserved */
	probe_and_work();
	assert_int_equal(pci_at(ECHO_BDF)->num_caps, 5);
}

static void a_capability_at_the_end_of_config_space_is_not_read_beyond(void **state)
{
	(void)state;
	start_list();
	add_common();
	add_notify();
	add_isr_and_device();
	/* Four bytes, of which two say that it is common config. */
	free_pos = 0xfc;
	add(0x09, 4)[2] = 16;
	config[0xff] = 1;
	probe_and_work();
	assert_int_equal(pci_at(ECHO_BDF)->num_caps, 5);
}

static void G17_there_are_no_more_entries_than_fit(void **state)
{
	(void)state;
	start_list();
	for (unsigned int pos = 0x40; pos < 0x100; pos += 4) {
		config[pos] = 0x09;
		config[pos + 1] = (uint8_t)(pos + 4);
		config[pos + 2] = 16;
		config[pos + 3] = 1;
	}
	config[0x34] = 0x40;
	assert_int_equal(probe(), -ENODEV);
	assert_int_equal(pci_at(ECHO_BDF)->num_caps, PCI_MAX_CAPS);
}

/* Nothing but the ids answers; then the header type as well. */
static void ones_everywhere_are_no_virtio_device(void **state)
{
	(void)state;
	start_list();
	memset(config + 4, 0xff, PCI_CONFIG_BYTES - 4);
	assert_int_equal(pci_scan(), 0);
	assert_null(pci_next(NULL));
	config[0x0e] = 0;
	assert_int_equal(probe(), -ENODEV);
	assert_int_equal(pci_at(ECHO_BDF)->num_caps, 0);
}

static void an_extended_list_that_goes_round_ends(void **state)
{
	struct VirtIOPCIConf conf;

	(void)state;
	echo_init(&echo, 1, 8);
	virtio_add_feature(echo.vdev.host_features, VIRTIO_F_SR_IOV);
	conf = echo_conf(&echo);
	conf.express = true;
	echo_plug(&echo, &conf, ECHO_BDF);
	pci_set_long(echo.proxy.pci.config + 0x100, 0x00010001 | 0x200 << 20);
	pci_set_long(echo.proxy.pci.config + 0x200, 0x00010002 | 0x100 << 20);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_find_ext_capability(pci_at(ECHO_BDF), 0x10), 0);
	assert_int_equal(pci_find_ext_capability(pci_at(ECHO_BDF), 0x02), 0x200);
	assert_int_equal(virtio_pci_probe(pci_at(ECHO_BDF)), 0);
}

static void a_modern_device_lacking_a_structure_is_refused(void **state)
{
	(void)state;
	start_list();
	add_common();
	add_isr_and_device();
	assert_int_equal(probe(), -EINVAL);
	assert_logged("common config, but no capability for doorbells");
	echo_teardown(state);
	assert_int_equal(echo_setup(state), 0);
	start_list();
	add_common();
	add_notify();
	assert_int_equal(probe(), -EINVAL);
	assert_logged("common config, but no capability for the ISR");
}

/* The multiplier is the last field of it. */
static void a_doorbell_capability_without_multiplier_is_refused(void **state)
{
	(void)state;
	start_list();
	add_common();
	add_virtio(2, 16, 4, VIRTIO_PCI_NOTIFY_OFFSET, 4);
	add_isr_and_device();
	assert_int_equal(probe(), -EINVAL);
	assert_logged("too short");
}

/* Its multiplier would be where extended capabilities begin. */
static void a_doorbell_capability_cut_off_by_the_end_is_refused(void **state)
{
	(void)state;
	start_list();
	add_common();
	add_isr_and_device();
	free_pos = 0xf0;
	add_notify();
	assert_int_equal(probe(), -EINVAL);
	assert_logged("capability at f0 ignored: too short");
}

/* Aiming the window writes to its capability: it must not be somebody else's. */
static void pci_cap_07_a_window_that_overlaps_another_capability_is_not_used(void **state)
{
	uint8_t *window;

	(void)state;
	start_list();
	add_common();
	add_notify();
	add_isr_and_device();
	window = add_virtio(5, 20, 0, 0, 0);
	free_pos -= 8;
	add(0x09, 8)[2] = 8;
	assert_int_equal(probe(), 0);
	assert_logged("it overlaps another one");
	assert_int_equal(to_vp_device(echo_driver.vdev)->mdev.window.pos, 0);
	virtio_pci_remove(pci_at(ECHO_BDF));
	/* Nobody's within it: then it can be. */
	window[1] = 0;
	pci_forget();
	assert_int_equal(probe(), 0);
	assert_int_equal(to_vp_device(echo_driver.vdev)->mdev.window.pos, window - config);
}

static void a_table_of_vectors_outside_its_bar_is_none(void **state)
{
	static const uint32_t bad[] = { 0x00001001, 0xfffffff9, 0x00000000, 0x00000006,
					0x00000ff9 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		echo_init(&echo, 1, 8);
		echo_plug(&echo, NULL, ECHO_BDF);
		pci_set_long(echo.proxy.pci.config + echo.proxy.pci.msix_cap + 4, bad[i]);
		assert_int_equal(probe(), 0);
		assert_int_equal(pci_msix_vec_count(pci_at(ECHO_BDF)), 0);
		assert_true(to_vp_device(echo_driver.vdev)->intx_enabled);
		echo_work(0);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(echo_setup(state), 0);
	}
}

/* ---- chance ---- */

static uint64_t chance;

static uint32_t random32(void)
{
	/* SplitMix64 */
	uint64_t z = chance += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)(z >> 32);
}

static unsigned long from_environment(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

/* Numbers that are often just wrong. */
static uint8_t random_byte(void)
{
	static const uint8_t telling[] = { 0,	 1,    2,    3,	   4,	 5,    6,    7,	   8,
					   9,	 0x0f, 0x10, 0x11, 0x14, 0x18, 0x3f, 0x40, 0x44,
					   0x50, 0x60, 0x70, 0x7f, 0x80, 0xf0, 0xfc, 0xfe, 0xff };

	return random32() % 4 ? telling[random32() % sizeof(telling)] : (uint8_t)random32();
}

static unsigned long came_up, refused; /* rounds */

/* Whatever the function is: found or not, bound or not, and then all of it is gone again. */
static void live_with_it(unsigned long seed)
{
	struct pci_dev *dev;
	struct virtio_shm_region region;
	uint8_t byte;

	assert_int_equal(pci_scan(), 0);
	virtio_pci_probe_all();
	dev = pci_next(NULL);
	if (!dev || !dev->drvdata) {
		refused++; /* or never found */
	} else {
		struct virtio_device *vdev = &((struct virtio_pci_device *)dev->drvdata)->vdev;

		came_up += vdev->driver != NULL;
		vdev->config->get(vdev, 0, &byte, 1);
		if (vdev->config->get_shm_region)
			for (unsigned int id = 0; id < 10; id++)
				vdev->config->get_shm_region(vdev, &region, (uint8_t)id);
		virtio_pci_sriov_configure(dev, 1);
		if (!virtio_pci_freeze(dev))
			virtio_pci_restore(dev);
	}
	if (platform_now() > 100 * 1000 * 1000 * 1000ull)
		fail_msg("PCI_FUZZ_SEED=%lu: it took too long", seed);
	if (echo_teardown(NULL))
		fail_msg("PCI_FUZZ_SEED=%lu: something is kept", seed);
	assert_int_equal(echo_setup(NULL), 0);
}

/* Returns how many rounds it was. */
static unsigned long each_round(unsigned long standard, void (*make)(void))
{
	unsigned long first = from_environment("PCI_FUZZ_SEED", 1);
	unsigned long rounds = from_environment("PCI_FUZZ_ROUNDS", standard);

	came_up = refused = 0;
	for (unsigned long seed = first; seed < first + rounds; seed++) {
		chance = seed;
		make();
		live_with_it(seed);
	}
	print_message("%lu rounds: %lu came up, %lu were refused\n", rounds, came_up, refused);
	return rounds;
}

/* Registers are 0 often enough, so that a reset is over now and then. */
static uint32_t noisy_read(struct PCIDevice *dev, unsigned int bar, uint64_t offset,
			   unsigned int bytes)
{
	(void)dev, (void)bar, (void)offset;
	if (random32() % 3 == 0)
		return 0;
	return bytes == 4 ? random_byte() * 0x01010101u : random_byte();
}

/* A list that may have all it takes: types and lengths are telling, places are in the BARs. */
static void make_noisy_list(struct PCIDevice *dev)
{
	for (unsigned int pos = 0x40, type = 0; pos <= 0xe8; pos += 24) {
		uint8_t *cap = dev->config + pos;

		if (random32() % 8 == 0)
			continue;
		cap[0] = random32() % 8 ? 0x09 : random_byte();
		cap[1] = random32() % 8 ? (uint8_t)(pos + 24) : random_byte();
		cap[2] = random32() % 8 ? 24 : random_byte();
		cap[3] = random32() % 8 ? (uint8_t)(++type % 10) : random_byte();
		cap[4] = (uint8_t)(random32() % 8 ? 2 * (random32() % 3) : random_byte());
		pci_set_long(cap + 8, random32() % 8 ? 0x100 * (random32() % 8) : random32());
		pci_set_long(cap + 12, random32() % 8 ? 0x100 : random32());
	}
	dev->config[0x34] = 0x40;
}

/* Config space of nothing but chance, behind the ids of a virtio function. */
static void make_noise(void)
{
	static const struct PCIDeviceClass class = { .bar_read = noisy_read };
	static const enum pci_bar_kind kinds[] = { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEM32,
						   PCI_BAR_MEM64 };
	static struct PCIDevice dev;
	const struct PCIIdentity identity = {
		.vendor = 0x1af4,
		.device =
			(uint16_t)(random32() % 2 ? 0x1040 + ECHO_ID : 0x1000 + random32() % 0x80),
		.express = random32() % 2,
	};

	pci_device_init(&dev, &class, &identity);
	for (unsigned int i = 8; i < PCI_CONFIG_BYTES; i++) {
		dev.config[i] = random_byte();
		dev.wmask[i] = random32() % 2 ? 0xff : random_byte();
	}
	for (unsigned int i = PCI_CONFIG_BYTES; i < dev.config_bytes; i++)
		dev.config[i] = random_byte();
	dev.config[0x0e] &= 0x81; /* else most would be passed over */
	dev.config[0x06] |= 0x10;
	if (random32() % 2) {
		dev.config[0x0e] = 0;
		for (unsigned int bar = 0; bar < 5; bar += 2)
			pci_register_bar(&dev, bar, kinds[1 + random32() % 3], false, 4096);
		make_noisy_list(&dev);
	}
	platform_host_plug(&dev, ECHO_BDF);
}

static void noise_in_config_space_does_no_harm(void **state)
{
	unsigned long rounds = each_round(20000, make_noise);

	(void)state;
	/* Some get as far as a driver, else this would show little. */
	assert_true(rounds < 1000 || rounds - refused > rounds / 30);
}

/* A device in which a few bytes are wrong, those of the list before all. */
static void make_faults(void)
{
	static uint8_t memory[4096];
	struct VirtIOPCIConf conf;
	unsigned int faults = 1 + random32() % 8;

	echo_init(&echo, 1 + random32() % 4, 8);
	virtio_add_feature(echo.vdev.host_features, VIRTIO_F_RING_RESET);
	conf = echo_conf(&echo);
	conf.interface = random32() % 4 ? VIRTIO_PCI_MODERN : VIRTIO_PCI_TRANSITIONAL;
	conf.extra_caps = random32() % 2;
	conf.shm[0] = (struct VirtIOPCISharedMemory){ .id = 7, .bytes = 4096, .memory = memory };
	echo_driver.nvqs = 1 + random32() % 4;
	echo_plug(&echo, &conf, ECHO_BDF);
	for (unsigned int i = 0; i < faults; i++)
		echo.proxy.pci.config[0x34 + random32() % 0xcc] = random_byte();
}

static void faults_in_a_list_of_capabilities_do_no_harm(void **state)
{
	(void)state;
	each_round(20000, make_faults);
	/* Chance that hits nothing, or everything, would show nothing. */
	assert_true(came_up + refused < 1000 || (came_up > refused / 10 && refused > came_up / 10));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		echo_test(the_shortest_list_that_will_do),
		echo_test(pci_cap_01_04_reserved_types_and_bars_are_passed_over),
		echo_test(pci_cap_02_the_first_of_a_kind_is_used),
		echo_test(of_a_kind_the_first_that_is_any_good_is_used),
		echo_test(pci_cap_03_a_longer_capability_is_taken),
		echo_test(pci_cap_05_06a_06b_lengths_beyond_the_bar_are_cut),
		echo_test(G17_other_capabilities_may_stand_between),
		echo_test(pci_vndr_04_05_vendor_data_is_left_alone),
		echo_test(a_device_without_config_has_no_capability_for_it),
		echo_test(G17_a_list_that_goes_round_ends),
		echo_test(a_loop_without_anything_of_use_is_no_virtio_device),
		echo_test(pointers_into_the_header_or_between_words_are_not_followed),
		echo_test(a_capability_at_the_end_of_config_space_is_not_read_beyond),
		echo_test(G17_there_are_no_more_entries_than_fit),
		echo_test(ones_everywhere_are_no_virtio_device),
		echo_test(an_extended_list_that_goes_round_ends),
		echo_test(a_modern_device_lacking_a_structure_is_refused),
		echo_test(a_doorbell_capability_without_multiplier_is_refused),
		echo_test(a_doorbell_capability_cut_off_by_the_end_is_refused),
		echo_test(pci_cap_07_a_window_that_overlaps_another_capability_is_not_used),
		echo_test(a_table_of_vectors_outside_its_bar_is_none),
		echo_test(noise_in_config_space_does_no_harm),
		echo_test(faults_in_a_list_of_capabilities_do_no_harm),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
