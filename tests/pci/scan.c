/* SPDX-License-Identifier: MIT */
/*
 * Finding functions, numbering buses, and giving out addresses, with and without firmware.
 */
#include "pci_test.h"

#define MMIO_BASE 0xe0000000ull /* the host ground's windows */
#define MMIO_END 0xf0000000ull
#define IO_BASE 0xc000
#define IO_END 0x10000

#define FUNCTIONS 16
#define BRIDGES 6

static struct PCIDevice functions[FUNCTIONS];
static struct PCIBridge bridges[BRIDGES];
static unsigned int num_functions, num_bridges;

static const struct PCIDeviceClass silent; /* BARs read 0 */

static int setup(void **state)
{
	num_functions = num_bridges = 0;
	return echo_setup(state);
}

#define scan_test(f) cmocka_unit_test_setup_teardown(f, setup, echo_teardown)

/* A function that answers, and nothing more. */
static struct PCIDevice *function(struct PCIBus *bus, unsigned int slot, unsigned int func)
{
	const struct PCIIdentity identity = { .vendor = 0x1234,
					      .device = (uint16_t)(0x1000 + num_functions),
					      .interrupt_pin = 1 };
	struct PCIDevice *dev = &functions[num_functions++];

	pci_device_init(dev, &silent, &identity);
	assert_true(
		pci_bus_plug(bus ? bus : platform_host_bus(), dev, (uint8_t)(slot << 3 | func)));
	return dev;
}

static struct PCIBridge *bridge(struct PCIBus *bus, unsigned int slot)
{
	const struct PCIIdentity identity = { .vendor = 0x1b36, .device = 1 };
	struct PCIBridge *made = &bridges[num_bridges++];

	assert_true(pci_bridge_init(made, &identity));
	assert_true(
		pci_bus_plug(bus ? bus : platform_host_bus(), &made->dev, (uint8_t)(slot << 3)));
	return made;
}

/* What firmware would have written. */
static void number(struct PCIBridge *b, unsigned int primary, unsigned int secondary,
		   unsigned int subordinate)
{
	b->dev.config[0x18] = (uint8_t)primary;
	b->dev.config[0x19] = (uint8_t)secondary;
	b->dev.config[0x1a] = (uint8_t)subordinate;
}

static void open_window(struct PCIBridge *b, uint32_t base, uint32_t bytes)
{
	pci_set_word(b->dev.config + 0x20, (uint16_t)(base >> 16));
	pci_set_word(b->dev.config + 0x22, (uint16_t)((base + bytes - 1) >> 16 & 0xfff0));
	b->dev.config[4] |= 2;
}

/* Every BAR that has an address answers there, alone, with a write to its own first register. */
static void assert_reachable(struct PCIDevice *dev, const struct pci_dev *found, unsigned int bar)
{
	uint64_t address;

	assert_int_equal(pci_enable_device((struct pci_dev *)found), 0);
	assert_true(pci_bar_mapped(found, bar));
	assert_true(pci_bar_address(dev, bar, &address));
	assert_int_equal(address, found->bars[bar].base);
	assert_int_equal(address % found->bars[bar].bytes, 0);
	/* Through all bridges: somebody answers, where nobody would be all ones. */
	if (found->bars[bar].is_io)
		assert_int_equal(platform_io_read32((uint16_t)address), 0);
	else
		assert_int_equal(platform_mmio_read32(address), 0);
}

static void assert_no_overlap(void)
{
	for (struct pci_dev *a = pci_next(NULL); a; a = a->next)
		for (struct pci_dev *b = pci_next(NULL); b; b = b->next)
			for (unsigned int i = 0; i < 36; i++) {
				const struct pci_bar *x = &a->bars[i / 6], *y = &b->bars[i % 6];

				if (x != y && x->base && y->base && x->is_io == y->is_io)
					assert_true(x->base + x->bytes <= y->base ||
						    y->base + y->bytes <= x->base);
			}
}

static unsigned int count(void)
{
	unsigned int n = 0;

	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next)
		n++;
	return n;
}

/* ---- finding ---- */

static void an_empty_bus_has_nothing(void **state)
{
	(void)state;
	assert_int_equal(pci_scan(), 0);
	assert_null(pci_next(NULL));
}

static void functions_are_found_in_order(void **state)
{
	char name[8];

	(void)state;
	function(NULL, 31, 0);
	function(NULL, 0, 0);
	function(NULL, 5, 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(count(), 3);
	assert_string_equal(pci_name(pci_next(NULL), name), "00:00.0");
	assert_string_equal(pci_name(pci_next(NULL)->next->next, name), "00:1f.0");
	assert_int_equal(pci_at(5 << 3)->device, 0x1002);
	assert_int_equal(pci_at(5 << 3)->vendor, 0x1234);
}

static void of_several_functions_all_are_found(void **state)
{
	(void)state;
	function(NULL, 4, 0);
	function(NULL, 4, 3);
	function(NULL, 4, 7);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(count(), 3);
	pci_at(4 << 3 | 3);
	pci_at(4 << 3 | 7);
}

/* Function 0 says that there are no others, so there are none. */
static void functions_beside_a_single_one_are_not_looked_for(void **state)
{
	struct PCIDevice *first = function(NULL, 4, 0);

	(void)state;
	function(NULL, 4, 1);
	first->config[0x0e] &= 0x7f;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(count(), 1);
}

static void a_header_that_nobody_knows_is_passed_over(void **state)
{
	(void)state;
	function(NULL, 4, 0)->config[0x0e] = 5;
	function(NULL, 6, 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(count(), 1);
	assert_logged("pci 00:04.0: unknown header type 05");
}

static void a_second_scan_needs_the_first_forgotten(void **state)
{
	(void)state;
	function(NULL, 4, 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_scan(), -EBUSY);
	assert_int_equal(count(), 1);
	pci_forget();
	assert_null(pci_next(NULL));
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(count(), 1);
}

static void without_memory_nothing_is_kept(void **state)
{
	(void)state;
	function(NULL, 4, 0);
	function(NULL, 5, 0);
	platform_host_fail_allocation(2);
	assert_int_equal(pci_scan(), -ENOMEM);
	assert_null(pci_next(NULL));
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(count(), 2);
}

/* ---- BARs ---- */

static void bars_are_sized_and_placed(void **state)
{
	struct PCIDevice *dev = function(NULL, 4, 0);
	struct pci_dev *found;

	(void)state;
	pci_register_bar(dev, 0, PCI_BAR_IO, false, 32);
	pci_register_bar(dev, 1, PCI_BAR_MEM32, false, 4096);
	pci_register_bar(dev, 2, PCI_BAR_MEM64, true, 0x4000);
	pci_register_bar(dev, 4, PCI_BAR_MEM64, false, 0x1000000);
	assert_int_equal(pci_scan(), 0);
	found = pci_at(4 << 3);
	assert_true(found->bars[0].is_io);
	assert_int_equal(found->bars[0].bytes, 32);
	assert_int_equal(found->bars[1].bytes, 4096);
	assert_true(found->bars[2].is_64);
	assert_int_equal(found->bars[2].bytes, 0x4000);
	assert_int_equal(found->bars[3].bytes, 0); /* the upper half of BAR 2 */
	assert_int_equal(found->bars[4].bytes, 0x1000000);
	for (unsigned int i = 0; i < 6; i++)
		if (found->bars[i].bytes)
			assert_reachable(dev, found, i);
	assert_in_range(found->bars[0].base, IO_BASE, IO_END - 32);
	assert_in_range(found->bars[4].base, MMIO_BASE, MMIO_END - 0x1000000);
	assert_no_overlap();
}

static void what_firmware_has_placed_stays_where_it_is(void **state)
{
	struct PCIDevice *placed = function(NULL, 4, 0), *other = function(NULL, 5, 0);

	(void)state;
	pci_register_bar(placed, 0, PCI_BAR_MEM32, false, 0x100000);
	pci_register_bar(placed, 1, PCI_BAR_MEM32, false, 0x1000);
	pci_register_bar(placed, 2, PCI_BAR_MEM64, true, 0x10000);
	pci_set_long(placed->config + 0x10, MMIO_BASE); /* just where we would begin */
	pci_set_long(placed->config + 0x18, 0x00010000 | 0xc);
	pci_set_long(placed->config + 0x1c, 0x7); /* above 4 GiB */
	placed->config[4] = 2;
	pci_register_bar(other, 0, PCI_BAR_MEM32, false, 0x100000);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(4 << 3)->bars[0].base, MMIO_BASE);
	assert_int_equal(pci_at(4 << 3)->bars[2].base, 0x700010000);
	assert_reachable(placed, pci_at(4 << 3), 0);
	assert_reachable(placed, pci_at(4 << 3), 1);
	assert_reachable(placed, pci_at(4 << 3), 2);
	assert_reachable(other, pci_at(5 << 3), 0);
	assert_no_overlap();
}

static unsigned int sized; /* how often a BAR was all ones */

static void ones_are_written_in_silence(struct PCIDevice *dev, unsigned int offset,
					unsigned int bytes)
{
	(void)bytes;
	if (offset != 0x10 || pci_get_long(dev->config + 0x10) != 0xfffff000)
		return;
	sized++;
	assert_int_equal(dev->config[4] & 3, 0);
}

static void a_function_answers_nowhere_while_it_is_sized(void **state)
{
	static const struct PCIDeviceClass watched = { .config_written =
							       ones_are_written_in_silence };
	struct PCIDevice *dev = function(NULL, 4, 0);

	(void)state;
	sized = 0;
	dev->class = &watched;
	pci_register_bar(dev, 0, PCI_BAR_MEM32, false, 4096);
	pci_set_long(dev->config + 0x10, MMIO_BASE);
	dev->config[4] = 2 | 4;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(sized, 1);
	/* And then it is as it was. */
	assert_int_equal(dev->config[4], 2 | 4);
	assert_int_equal(pci_get_long(dev->config + 0x10), MMIO_BASE);
}

static void a_bar_for_which_there_is_no_room_is_left_with_a_message(void **state)
{
	struct PCIDevice *dev = function(NULL, 4, 0);
	struct pci_dev *found;

	(void)state;
	pci_register_bar(dev, 0, PCI_BAR_IO, false, 64);
	pci_register_bar(dev, 2, PCI_BAR_MEM64, true, 1ull << 40);
	pci_register_bar(dev, 4, PCI_BAR_MEM32, false, 4096);
	assert_int_equal(pci_scan(), 0);
	found = pci_at(4 << 3);
	assert_int_equal(found->bars[2].bytes, 1ull << 40);
	assert_int_equal(found->bars[2].base, 0);
	assert_logged("pci 00:04.0: no room for BAR 2, 1099511627776 bytes of memory");
	/* Memory space stays off: that BAR would answer at 0. */
	assert_int_equal(pci_enable_device(found), 0);
	assert_false(pci_bar_mapped(found, 4));
	assert_true(pci_bar_mapped(found, 0));
	assert_int_equal(dev->config[4] & 3, 1);
}

static void the_window_is_used_to_the_last_byte(void **state)
{
	struct PCIDevice *dev[5];

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		dev[i] = function(NULL, 4 + i, 0);
		pci_register_bar(dev[i], 0, PCI_BAR_MEM32, false, 0x4000000);
	}
	assert_int_equal(pci_scan(), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_reachable(dev[i], pci_at((platform_bdf)((4 + i) << 3)), 0);
	assert_int_equal(pci_at(8 << 3)->bars[0].base, 0);
	assert_no_overlap();
}

/* ---- bridges that nobody has set up ---- */

static void buses_behind_bridges_get_numbers(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2), *b = bridge(NULL, 3),
			 *inner = bridge(&a->secondary, 1);
	struct PCIDevice *deep = function(&inner->secondary, 7, 0);
	struct PCIDevice *other = function(&b->secondary, 0, 0);

	(void)state;
	pci_register_bar(deep, 0, PCI_BAR_MEM32, false, 0x2000);
	pci_register_bar(deep, 1, PCI_BAR_IO, false, 64);
	pci_register_bar(other, 0, PCI_BAR_MEM64, true, 0x400000);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(count(), 5);
	/* Depth first, so that a bridge's numbers are one range. */
	assert_int_equal(pci_at(2 << 3)->secondary, 1);
	assert_int_equal(pci_at(2 << 3)->subordinate, 2);
	assert_int_equal(pci_at(1 << 8 | 1 << 3)->secondary, 2);
	assert_int_equal(pci_at(3 << 3)->secondary, 3);
	assert_int_equal(a->dev.config[0x1a], 2);
	assert_ptr_equal(pci_at(2 << 8 | 7 << 3)->bridge, pci_at(1 << 8 | 1 << 3));
	assert_reachable(deep, pci_at(2 << 8 | 7 << 3), 0);
	assert_reachable(deep, pci_at(2 << 8 | 7 << 3), 1);
	assert_reachable(other, pci_at(3 << 8), 0);
	assert_no_overlap();
	/* Messages from down there get up. */
	assert_int_equal(a->dev.config[4] & 7, 7);
	assert_int_equal(inner->dev.config[4] & 7, 7);
	assert_int_equal(b->dev.config[4] & 7, 2 | 4);
}

static void an_empty_bridge_passes_nothing_on(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2);

	(void)state;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(2 << 3)->secondary, 1);
	assert_int_equal(a->dev.config[4] & 3, 0);
	/* Base above limit. */
	assert_true(pci_get_word(a->dev.config + 0x20) > pci_get_word(a->dev.config + 0x22));
	assert_true(a->dev.config[0x1c] > a->dev.config[0x1d]);
}

static void windows_hold_all_that_is_behind_them(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2), *b = bridge(&a->secondary, 0);
	struct PCIDevice *dev[6];
	static const uint64_t sizes[6] = { 0x1000, 0x800000, 0x2000, 0x200000, 0x100000, 0x4000 };

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		dev[i] = function(i % 2 ? &a->secondary : &b->secondary, 4 + i, 0);
		pci_register_bar(dev[i], 0, PCI_BAR_MEM32, false, sizes[i]);
	}
	assert_int_equal(pci_scan(), 0);
	for (unsigned int i = 0; i < 6; i++)
		assert_reachable(dev[i],
				 pci_at((platform_bdf)((i % 2 ? 1 : 2) << 8 | (4 + i) << 3)), 0);
	assert_no_overlap();
}

static void a_bridge_without_io_passes_none(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2);
	struct PCIDevice *dev = function(&a->secondary, 4, 0);

	(void)state;
	a->dev.wmask[0x1c] = a->dev.wmask[0x1d] = 0;
	pci_register_bar(dev, 0, PCI_BAR_IO, false, 64);
	pci_register_bar(dev, 1, PCI_BAR_MEM32, false, 64);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(1 << 8 | 4 << 3)->bars[0].base, 0);
	assert_int_equal(a->dev.config[4] & 1, 0);
	assert_reachable(dev, pci_at(1 << 8 | 4 << 3), 1);
}

static void functions_come_after_their_bridge(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2);

	(void)state;
	function(NULL, 3, 0);
	function(&a->secondary, 0, 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_next(NULL)->bdf, 2 << 3);
	assert_int_equal(pci_next(NULL)->next->bdf, 1 << 8);
	assert_int_equal(pci_next(NULL)->next->next->bdf, 3 << 3);
}

/* ---- bridges that firmware has set up ---- */

static void numbers_that_firmware_gave_stay(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2), *b = bridge(NULL, 3);

	(void)state;
	number(b, 0, 5, 7);
	function(&b->secondary, 1, 0);
	function(&a->secondary, 1, 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(3 << 3)->secondary, 5);
	assert_int_equal(pci_at(3 << 3)->subordinate, 7);
	pci_at(5 << 8 | 1 << 3);
	/* The other one gets a number above all of those. */
	assert_int_equal(pci_at(2 << 3)->secondary, 8);
	pci_at(8 << 8 | 1 << 3);
}

/* Until it has new ones, it must not stand in the way of its neighbour's. */
static void numbers_that_make_no_sense_are_given_anew(void **state)
{
	static const uint8_t bad[][3] = {
		{ 1, 2, 255 }, /* not on bus 1 */
		{ 0, 0, 5 },   /* no number at all */
		{ 0, 6, 5 },   /* backwards */
		{ 0xff, 0xff, 0xff },
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct PCIBridge *b = bridge(NULL, 2), *good = bridge(NULL, 3);

		number(b, bad[i][0], bad[i][1], bad[i][2]);
		number(good, 0, 3, 3);
		function(&b->secondary, 1, 0);
		function(&good->secondary, 1, 0);
		assert_int_equal(pci_scan(), 0);
		assert_int_equal(count(), 4);
		assert_int_equal(pci_at(2 << 3)->secondary, 4);
		assert_int_equal(pci_at(3 << 3)->secondary, 3);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

static void of_two_with_the_same_numbers_the_second_gets_others(void **state)
{
	static const uint8_t second[][2] = { { 3, 3 }, { 3, 4 }, { 2, 255 } };

	for (unsigned int i = 0; i < 3; i++) {
		struct PCIBridge *a = bridge(NULL, 2), *b = bridge(NULL, 3);

		number(a, 0, 3, 3);
		number(b, 0, second[i][0], second[i][1]);
		function(&a->secondary, 1, 0);
		function(&b->secondary, 1, 0);
		assert_int_equal(pci_scan(), 0);
		assert_int_equal(count(), 4);
		assert_int_equal(pci_at(2 << 3)->secondary, 3);
		assert_int_equal(pci_at(3 << 3)->secondary, 4);
		assert_int_equal(echo_teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

static void a_bridge_inside_that_claims_to_be_outside_is_numbered_anew(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2), *inner = bridge(&a->secondary, 1);

	(void)state;
	number(a, 0, 1, 1);
	number(inner, 1, 9, 9); /* its parent would not pass bus 9 on */
	function(&inner->secondary, 1, 0);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(count(), 3);
	assert_int_equal(pci_at(1 << 8 | 1 << 3)->secondary, 2);
	assert_int_equal(pci_at(2 << 3)->subordinate, 2);
}

/* A number could be had only by taking another bridge's accesses away. */
static void a_bridge_that_cannot_be_numbered_is_left_shut(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2), *b = bridge(NULL, 3),
			 *inner = bridge(&a->secondary, 1);

	(void)state;
	number(a, 0, 1, 1);
	number(b, 0, 2, 2);
	function(&b->secondary, 1, 0);
	function(&inner->secondary, 1, 0);
	assert_int_equal(pci_scan(), 0);
	assert_logged("pci 01:01.0: no bus number for what is behind this bridge");
	assert_int_equal(count(), 4);
	pci_at(2 << 8 | 1 << 3);
	assert_int_equal(inner->dev.config[0x19], 0);
}

static void there_are_255_buses_and_no_more(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2), *b = bridge(NULL, 3);

	(void)state;
	number(a, 0, 1, 255);
	function(&a->secondary, 1, 0);
	function(&b->secondary, 1, 0);
	assert_int_equal(pci_scan(), 0);
	assert_logged("pci 00:03.0: no bus number");
	assert_int_equal(count(), 3);
}

static void a_window_that_is_large_enough_is_used_as_it_is(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2);
	struct PCIDevice *dev = function(&a->secondary, 4, 0);

	(void)state;
	number(a, 0, 1, 1);
	open_window(a, 0xe4000000, 0x200000);
	pci_register_bar(dev, 0, PCI_BAR_MEM32, false, 0x100000);
	pci_register_bar(dev, 1, PCI_BAR_MEM32, false, 0x1000);
	pci_set_long(dev->config + 0x10, 0xe4100000);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(1 << 8 | 4 << 3)->bars[0].base, 0xe4100000);
	assert_int_equal(pci_at(1 << 8 | 4 << 3)->bars[1].base, 0xe4000000);
	assert_int_equal(pci_get_word(a->dev.config + 0x20), 0xe400);
	assert_int_equal(pci_get_word(a->dev.config + 0x22), 0xe410);
	assert_reachable(dev, pci_at(1 << 8 | 4 << 3), 0);
	assert_reachable(dev, pci_at(1 << 8 | 4 << 3), 1);
}

static void a_window_left_too_small_grows(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2);
	struct PCIDevice *dev = function(&a->secondary, 4, 0), *after = function(NULL, 5, 0);

	(void)state;
	number(a, 0, 1, 1);
	open_window(a, 0xe4000000, 0x100000);
	pci_register_bar(dev, 0, PCI_BAR_MEM32, false, 0x100000);
	pci_register_bar(dev, 1, PCI_BAR_MEM32, false, 0x400000);
	pci_set_long(dev->config + 0x10, 0xe4000000);
	pci_register_bar(after, 0, PCI_BAR_MEM32, false, 0x100000);
	assert_int_equal(pci_scan(), 0);
	/* What was placed is where it was, and the window begins where it did. */
	assert_int_equal(pci_at(1 << 8 | 4 << 3)->bars[0].base, 0xe4000000);
	assert_int_equal(pci_at(1 << 8 | 4 << 3)->bars[1].base, 0xe4400000);
	assert_int_equal(pci_get_word(a->dev.config + 0x20), 0xe400);
	assert_reachable(dev, pci_at(1 << 8 | 4 << 3), 0);
	assert_reachable(dev, pci_at(1 << 8 | 4 << 3), 1);
	assert_reachable(after, pci_at(5 << 3), 0);
	assert_no_overlap();
}

static void a_window_hemmed_in_stays_and_the_bar_gets_none(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2);
	struct PCIDevice *dev = function(&a->secondary, 4, 0), *wall = function(NULL, 5, 0);

	(void)state;
	number(a, 0, 1, 1);
	open_window(a, 0xe4000000, 0x100000);
	pci_register_bar(dev, 0, PCI_BAR_MEM32, false, 0x200000);
	pci_register_bar(wall, 0, PCI_BAR_MEM32, false, 0x100000);
	pci_set_long(wall->config + 0x10, 0xe4100000);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(5 << 3)->bars[0].base, 0xe4100000);
	assert_int_equal(pci_at(1 << 8 | 4 << 3)->bars[0].base, 0);
	assert_int_equal(pci_get_word(a->dev.config + 0x22), 0xe400);
	assert_logged("pci 01:04.0: no room for BAR 0");
}

static void an_address_outside_the_window_is_none(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2);
	struct PCIDevice *dev = function(&a->secondary, 4, 0);

	(void)state;
	number(a, 0, 1, 1);
	open_window(a, 0xe4000000, 0x100000);
	pci_register_bar(dev, 0, PCI_BAR_MEM32, false, 0x1000);
	pci_set_long(dev->config + 0x10, 0xe8000000); /* nothing gets there */
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(1 << 8 | 4 << 3)->bars[0].base, 0xe4000000);
	assert_reachable(dev, pci_at(1 << 8 | 4 << 3), 0);
}

static void a_prefetchable_window_counts(void **state)
{
	struct PCIBridge *a = bridge(NULL, 2);
	struct PCIDevice *dev = function(&a->secondary, 4, 0);

	(void)state;
	number(a, 0, 1, 1);
	/* 0x7_0000_0000 to 0x7_001f_ffff */
	pci_set_word(a->dev.config + 0x24, 0x0001);
	pci_set_word(a->dev.config + 0x26, 0x0011);
	pci_set_long(a->dev.config + 0x28, 7);
	pci_set_long(a->dev.config + 0x2c, 7);
	pci_register_bar(dev, 0, PCI_BAR_MEM64, true, 0x100000);
	pci_set_long(dev->config + 0x10, 0x00100000 | 0xc);
	pci_set_long(dev->config + 0x14, 7);
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(pci_at(1 << 8 | 4 << 3)->bars[0].base, 0x700100000);
	assert_reachable(dev, pci_at(1 << 8 | 4 << 3), 0);
}

/* ---- for the transport ---- */

static void a_virtio_device_works_behind_three_bridges(void **state)
{
	static struct echo echo;
	struct PCIBus *bus = NULL;
	struct VirtIOPCIConf conf;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		bus = &bridge(bus, 6)->secondary;
	echo_init(&echo, 2, 8);
	conf = echo_conf(&echo);
	assert_true(virtio_pci_realize(&echo.proxy, &echo.vdev, &conf));
	virtio_strict_init(&echo.strict, &echo.proxy);
	assert_true(pci_bus_plug(bus, &echo.proxy.pci, 0));
	echo_driver.nvqs = 2;
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(virtio_pci_probe_all(), 1);
	for (unsigned int i = 0; i < 10; i++)
		echo_work(i % 2);
	assert_no_offence(&echo);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		scan_test(an_empty_bus_has_nothing),
		scan_test(functions_are_found_in_order),
		scan_test(of_several_functions_all_are_found),
		scan_test(functions_beside_a_single_one_are_not_looked_for),
		scan_test(a_header_that_nobody_knows_is_passed_over),
		scan_test(a_second_scan_needs_the_first_forgotten),
		scan_test(without_memory_nothing_is_kept),
		scan_test(bars_are_sized_and_placed),
		scan_test(what_firmware_has_placed_stays_where_it_is),
		scan_test(a_function_answers_nowhere_while_it_is_sized),
		scan_test(a_bar_for_which_there_is_no_room_is_left_with_a_message),
		scan_test(the_window_is_used_to_the_last_byte),
		scan_test(buses_behind_bridges_get_numbers),
		scan_test(an_empty_bridge_passes_nothing_on),
		scan_test(windows_hold_all_that_is_behind_them),
		scan_test(a_bridge_without_io_passes_none),
		scan_test(functions_come_after_their_bridge),
		scan_test(numbers_that_firmware_gave_stay),
		scan_test(numbers_that_make_no_sense_are_given_anew),
		scan_test(of_two_with_the_same_numbers_the_second_gets_others),
		scan_test(a_bridge_inside_that_claims_to_be_outside_is_numbered_anew),
		scan_test(a_bridge_that_cannot_be_numbered_is_left_shut),
		scan_test(there_are_255_buses_and_no_more),
		scan_test(a_window_that_is_large_enough_is_used_as_it_is),
		scan_test(a_window_left_too_small_grows),
		scan_test(a_window_hemmed_in_stays_and_the_bar_gets_none),
		scan_test(an_address_outside_the_window_is_none),
		scan_test(a_prefetchable_window_counts),
		scan_test(a_virtio_device_works_behind_three_bridges),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
