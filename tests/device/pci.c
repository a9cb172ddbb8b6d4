/* SPDX-License-Identifier: MIT */
/*
 * A PCI function and the buses above it, held against what the PCI specifications say: a hand that
 * reads and writes registers instead of a driver, and a root that notes what comes up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "device/pci_internal.h"
#include "tests/support/select.h"

#define MEM 0xe0000000u
#define PORT 0xc000u
#define VECTORS 3
#define TABLE 0x1000 /* of BAR 4 */
#define PBA 0x1800
#define SLOT (3 << 3)

struct test {
	struct PCIBus root;
	struct PCIDevice dev, vfs[2];
	struct PCIBridge bridge;
	uint8_t msix[256], vf_msix[2][256];
	int lines[4]; /* functions that pull, by pin of slot 3 */
	unsigned int intx_slot, intx_pin;
	unsigned int messages;
	uint64_t address;
	uint32_t data;
	uint8_t registers[64];
	unsigned int resets;
};

static struct test t;

static void msi(void *host, uint64_t address, uint32_t data)
{
	(void)host;
	t.messages++;
	t.address = address;
	t.data = data;
}

static void intx(void *host, unsigned int slot, unsigned int pin, bool level)
{
	(void)host;
	t.intx_slot = slot;
	t.intx_pin = pin;
	t.lines[pin - 1] += level ? 1 : -1;
}

static uint32_t read_register(struct PCIDevice *dev, unsigned int bar, uint64_t offset,
			      unsigned int bytes)
{
	uint32_t value = 0;

	(void)dev;
	(void)bar;
	memcpy(&value, t.registers + offset % sizeof(t.registers), bytes);
	return value;
}

static void write_register(struct PCIDevice *dev, unsigned int bar, uint64_t offset, uint32_t value,
			   unsigned int bytes)
{
	(void)dev;
	(void)bar;
	memcpy(t.registers + offset % sizeof(t.registers), &value, bytes);
}

static void count_reset(struct PCIDevice *dev)
{
	(void)dev;
	t.resets++;
}

static const struct PCIDeviceClass class = { .bar_read = read_register,
					     .bar_write = write_register,
					     .reset = count_reset };
static const struct PCIHostClass host = { .msi = msi, .intx = intx };

/* I/O in BAR 0, 32 bits in BAR 1, 64 bits with MSI-X in BARs 4 and 5. */
static void make_function(struct PCIDevice *dev, uint8_t *msix, bool express)
{
	struct PCIIdentity id = { .vendor = 0x1af4,
				  .device = 0x1044,
				  .class_code = 0xff0000,
				  .revision = 1,
				  .interrupt_pin = 1,
				  .express = express };

	pci_device_init(dev, &class, &id);
	pci_register_bar(dev, 0, PCI_BAR_IO, false, 32);
	pci_register_bar(dev, 1, PCI_BAR_MEM32, false, 4096);
	pci_register_bar(dev, 4, PCI_BAR_MEM64, true, 16384);
	assert_true(msix_init(dev, VECTORS, msix, 4, TABLE, PBA));
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	pci_bus_init(&t.root, &host, NULL);
	make_function(&t.dev, t.msix, true);
	assert_true(pci_pm_init(&t.dev, false));
	assert_true(pci_express_init(&t.dev, PCI_EXP_TYPE_ENDPOINT));
	return 0;
}

static uint32_t config(uint16_t bdf, unsigned int offset, unsigned int bytes)
{
	return pci_bus_config_read(&t.root, bdf, offset, bytes);
}

static void set_config(uint16_t bdf, unsigned int offset, unsigned int bytes, uint32_t value)
{
	pci_bus_config_write(&t.root, bdf, offset, bytes, value);
}

static uint32_t peek(uint64_t address, unsigned int bytes)
{
	return pci_bus_read(&t.root, PCI_SPACE_MEMORY, address, bytes);
}

static void poke(uint64_t address, uint32_t value)
{
	pci_bus_write(&t.root, PCI_SPACE_MEMORY, address, 4, value);
}

/* Plugged in at slot 3, BARs placed, all of the command register on. */
static void plug_and_place(void)
{
	assert_true(pci_bus_plug(&t.root, &t.dev, SLOT));
	set_config(SLOT, PCI_BASE_ADDRESS_0, 4, PORT);
	set_config(SLOT, PCI_BASE_ADDRESS_0 + 4, 4, MEM);
	set_config(SLOT, PCI_BASE_ADDRESS_0 + 16, 4, MEM + 0x10000);
	set_config(SLOT, PCI_COMMAND, 2, 7);
}

static void turn_msix(bool on, bool masked)
{
	set_config(SLOT, t.dev.msix_cap + PCI_MSIX_FLAGS, 2,
		   (on ? PCI_MSIX_FLAGS_ENABLE : 0) | (masked ? PCI_MSIX_FLAGS_MASKALL : 0));
}

static void set_entry(unsigned int vector, uint32_t data, bool masked)
{
	uint64_t entry = MEM + 0x10000 + TABLE + vector * PCI_MSIX_ENTRY_BYTES;

	poke(entry, 0xfee00000);
	poke(entry + 4, 0);
	poke(entry + PCI_MSIX_ENTRY_DATA, data);
	poke(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, masked);
}

/* ---- config space and BARs ---- */

static void ones_written_to_a_bar_read_back_as_its_size(void **state)
{
	(void)state;
	plug_and_place();
	for (unsigned int bar = 0; bar < PCI_BARS; bar++)
		set_config(SLOT, PCI_BASE_ADDRESS_0 + 4 * bar, 4, 0xffffffff);
	assert_int_equal(config(SLOT, PCI_BASE_ADDRESS_0, 4), 0xffffffe1); /* I/O, 32 */
	assert_int_equal(config(SLOT, PCI_BASE_ADDRESS_0 + 4, 4), 0xfffff000);
	assert_int_equal(config(SLOT, PCI_BASE_ADDRESS_0 + 8, 4), 0);		/* there is none */
	assert_int_equal(config(SLOT, PCI_BASE_ADDRESS_0 + 16, 4), 0xffffc00c); /* 64, prefetch */
	assert_int_equal(config(SLOT, PCI_BASE_ADDRESS_0 + 20, 4), 0xffffffff);
}

static void read_only_bytes_stay_as_they_are(void **state)
{
	(void)state;
	plug_and_place();
	set_config(SLOT, PCI_VENDOR_ID, 4, 0);
	set_config(SLOT, PCI_CAPABILITY_LIST, 1, 0);
	set_config(SLOT, t.dev.msix_cap + PCI_MSIX_FLAGS, 2, 0x07ff);
	assert_int_equal(config(SLOT, PCI_VENDOR_ID, 4), 0x10441af4);
	assert_int_equal(config(SLOT, PCI_CAPABILITY_LIST, 1), t.dev.msix_cap);
	assert_int_equal(config(SLOT, t.dev.msix_cap + PCI_MSIX_FLAGS, 2), VECTORS - 1);
}

static void config_space_ends_where_the_function_says(void **state)
{
	struct PCIDevice *old = &t.vfs[0];

	(void)state;
	plug_and_place();
	make_function(old, t.vf_msix[0], false);
	assert_true(pci_bus_plug(&t.root, old, SLOT + 8));
	assert_int_equal(config(SLOT, 0xffc, 4), 0);
	assert_int_equal(config(SLOT + 8, 0xfc, 4), 0);
	assert_int_equal(config(SLOT + 8, 0x100, 4), 0xffffffff);
	assert_int_equal(config(SLOT + 16, PCI_VENDOR_ID, 2), 0xffff);
}

static void a_bar_answers_as_the_command_register_says(void **state)
{
	(void)state;
	plug_and_place();
	poke(MEM + 8, 0x12345678);
	assert_int_equal(peek(MEM + 8, 4), 0x12345678);
	assert_int_equal(pci_bus_read(&t.root, PCI_SPACE_IO, PORT + 10, 2), 0x1234);
	set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_IO);
	assert_int_equal(peek(MEM + 8, 4), 0xffffffff);
	assert_int_equal(pci_bus_read(&t.root, PCI_SPACE_IO, PORT + 10, 2), 0x1234);
	set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(peek(MEM + 8, 1), 0x78);
	assert_int_equal(pci_bus_read(&t.root, PCI_SPACE_IO, PORT + 10, 2), 0xffff);
	assert_int_equal(peek(MEM + 4096, 4), 0xffffffff); /* beyond the BAR */
}

static void a_bar_that_has_no_address_yet_answers_nowhere(void **state)
{
	(void)state;
	assert_true(pci_bus_plug(&t.root, &t.dev, SLOT));
	set_config(SLOT, PCI_COMMAND, 2, 7);
	assert_int_equal(peek(0, 4), 0xffffffff);
	assert_int_equal(pci_bus_read(&t.root, PCI_SPACE_IO, 0, 1), 0xff);
}

static void capabilities_are_a_list_until_there_is_no_room(void **state)
{
	unsigned int at, last = 0, seen = 0;

	(void)state;
	while ((at = pci_add_capability(&t.dev, PCI_CAP_ID_VNDR, 20)))
		last = at;
	assert_true(last + 20 <= 256);
	for (at = t.dev.config[PCI_CAPABILITY_LIST]; at; at = t.dev.config[at + 1]) {
		assert_int_equal(at % 4, 0);
		seen = at;
	}
	assert_int_equal(seen, last);
	assert_true(pci_get_word(t.dev.config + PCI_STATUS) & PCI_STATUS_CAP_LIST);
}

static void a_second_function_in_a_slot_makes_the_first_say_so(void **state)
{
	(void)state;
	plug_and_place();
	make_function(&t.vfs[0], t.vf_msix[0], false);
	assert_int_equal(config(SLOT, PCI_HEADER_TYPE, 1), 0);
	assert_true(pci_bus_plug(&t.root, &t.vfs[0], SLOT + 5));
	assert_int_equal(config(SLOT, PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_MULTI);
	assert_false(pci_bus_plug(&t.root, &t.vfs[1], SLOT + 5));
}

/* ---- MSI-X ---- */

static void a_message_is_what_the_table_says(void **state)
{
	(void)state;
	plug_and_place();
	turn_msix(true, false);
	set_entry(2, 0xabcd, false);
	msix_notify(&t.dev, 2);
	assert_int_equal(t.messages, 1);
	assert_int_equal(t.address, 0xfee00000);
	assert_int_equal(t.data, 0xabcd);
	msix_notify(&t.dev, VECTORS);
	assert_int_equal(t.messages, 1);
	/* Entries are written in words of 32 bits, and no other way. */
	pci_bus_write(&t.root, PCI_SPACE_MEMORY, MEM + 0x10000 + TABLE + 2 * 16 + 8, 2, 0x1111);
	msix_notify(&t.dev, 2);
	assert_int_equal(t.data, 0xabcd);
}

static void a_masked_message_waits_and_comes_once(void **state)
{
	(void)state;
	plug_and_place();
	turn_msix(true, false);
	set_entry(1, 5, true);
	msix_notify(&t.dev, 1);
	msix_notify(&t.dev, 1);
	assert_int_equal(t.messages, 0);
	assert_int_equal(peek(MEM + 0x10000 + PBA, 4), 1 << 1);
	poke(MEM + 0x10000 + PBA, 0); /* which is not for software to write */
	set_entry(1, 5, false);
	assert_int_equal(t.messages, 1);
	assert_int_equal(peek(MEM + 0x10000 + PBA, 4), 0);
}

static void the_functions_mask_holds_back_all(void **state)
{
	(void)state;
	plug_and_place();
	set_entry(0, 5, false);
	turn_msix(true, true);
	msix_notify(&t.dev, 0);
	assert_int_equal(t.messages, 0);
	turn_msix(true, false);
	assert_int_equal(t.messages, 1);
}

static void entries_start_masked_and_nothing_is_sent_while_off(void **state)
{
	(void)state;
	plug_and_place();
	for (unsigned int i = 0; i < VECTORS; i++)
		assert_int_equal(peek(MEM + 0x10000 + TABLE + 16 * i + 12, 4), 1);
	set_entry(0, 5, false);
	msix_notify(&t.dev, 0);
	assert_int_equal(t.messages, 0);
	turn_msix(true, false);
	assert_int_equal(t.messages, 0);
}

static void a_message_changed_while_it_could_be_sent_is_counted(void **state)
{
	uint64_t data = MEM + 0x10000 + TABLE + 2 * PCI_MSIX_ENTRY_BYTES + PCI_MSIX_ENTRY_DATA;

	(void)state;
	plug_and_place();
	turn_msix(true, false);
	set_entry(2, 0x51, true);
	poke(data, 0x52);
	poke(data + 4, 0);
	assert_int_equal(t.dev.msix_torn, 0);
	/* The same again changes nothing. */
	poke(data, 0x52);
	assert_int_equal(t.dev.msix_torn, 0);
	poke(data, 0x53);
	assert_int_equal(t.dev.msix_torn, 1);
	/* The function's mask will do, and so will being off. */
	turn_msix(true, true);
	poke(data, 0x54);
	turn_msix(false, false);
	poke(data, 0x55);
	assert_int_equal(t.dev.msix_torn, 1);
}

static void without_bus_mastering_there_are_no_messages(void **state)
{
	(void)state;
	plug_and_place();
	turn_msix(true, false);
	set_entry(0, 5, false);
	set_config(SLOT, PCI_COMMAND, 2, 3);
	msix_notify(&t.dev, 0);
	assert_int_equal(t.messages, 0);
}

/* ---- the interrupt pin ---- */

static void the_pin_pulls_at_the_wire_unless_disabled(void **state)
{
	(void)state;
	plug_and_place();
	pci_set_irq(&t.dev, true);
	assert_int_equal(t.lines[0], 1);
	assert_true(config(SLOT, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	set_config(SLOT, PCI_COMMAND, 2, 7 | PCI_COMMAND_INTX_DISABLE);
	assert_int_equal(t.lines[0], 0);
	/* The status says what the wire may not. */
	assert_true(config(SLOT, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	set_config(SLOT, PCI_COMMAND, 2, 7);
	assert_int_equal(t.lines[0], 1);
	turn_msix(true, false);
	assert_int_equal(t.lines[0], 0);
	turn_msix(false, false);
	pci_set_irq(&t.dev, false);
	assert_int_equal(t.lines[0], 0);
	assert_false(config(SLOT, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
}

/* ---- bridges ---- */

/* Slot 3 is a bridge to bus 1, with the function in its slot 6. */
static void plug_behind_a_bridge(void)
{
	struct PCIIdentity id = { .vendor = 0x1b36, .device = 0x0001, .interrupt_pin = 1 };

	assert_true(pci_bridge_init(&t.bridge, &id));
	assert_true(pci_bus_plug(&t.root, &t.bridge.dev, SLOT));
	assert_true(pci_bus_plug(&t.bridge.secondary, &t.dev, 6 << 3));
}

static void a_bus_is_found_by_the_number_its_bridge_was_given(void **state)
{
	(void)state;
	plug_behind_a_bridge();
	assert_int_equal(config(SLOT, PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_BRIDGE);
	assert_int_equal(config(1 << 8 | 6 << 3, PCI_VENDOR_ID, 2), 0xffff);
	set_config(SLOT, PCI_PRIMARY_BUS, 4, 0x00050500);
	assert_int_equal(config(5 << 8 | 6 << 3, PCI_VENDOR_ID, 2), 0x1af4);
	assert_int_equal(config(1 << 8 | 6 << 3, PCI_VENDOR_ID, 2), 0xffff);
}

static void a_bridge_passes_what_is_in_its_windows(void **state)
{
	uint16_t below = 1 << 8 | 6 << 3;

	(void)state;
	plug_behind_a_bridge();
	set_config(SLOT, PCI_PRIMARY_BUS, 4, 0x00010100);
	set_config(below, PCI_BASE_ADDRESS_0, 4, PORT);
	set_config(below, PCI_BASE_ADDRESS_0 + 4, 4, MEM);
	set_config(below, PCI_COMMAND, 2, 7);
	set_config(SLOT, PCI_COMMAND, 2, 3);
	t.registers[0] = 0x55;
	assert_int_equal(peek(MEM, 1), 0xff);
	set_config(SLOT, PCI_MEMORY_BASE, 2, MEM >> 16);
	set_config(SLOT, PCI_MEMORY_LIMIT, 2, MEM >> 16);
	assert_int_equal(peek(MEM, 1), 0x55);
	/* Through the other window: prefetchable, with 64 bits. */
	set_config(SLOT, PCI_MEMORY_BASE, 2, 0xfff0);
	set_config(SLOT, PCI_MEMORY_LIMIT, 2, 0);
	assert_int_equal(peek(MEM, 1), 0xff);
	set_config(SLOT, PCI_PREF_MEMORY_BASE, 2, MEM >> 16);
	set_config(SLOT, PCI_PREF_MEMORY_LIMIT, 2, MEM >> 16);
	assert_int_equal(peek(MEM, 1), 0x55);
	assert_int_equal(pci_bus_read(&t.root, PCI_SPACE_IO, PORT, 1), 0xff);
	set_config(SLOT, PCI_IO_BASE, 1, PORT >> 8);
	set_config(SLOT, PCI_IO_LIMIT, 1, PORT >> 8);
	assert_int_equal(pci_bus_read(&t.root, PCI_SPACE_IO, PORT, 1), 0x55);
}

static void a_message_passes_a_bridge_that_is_a_master(void **state)
{
	(void)state;
	plug_behind_a_bridge();
	set_config(SLOT, PCI_PRIMARY_BUS, 4, 0x00010100);
	set_config(1 << 8 | 6 << 3, PCI_COMMAND, 2, 7);
	assert_false(pci_can_master(&t.dev));
	set_config(SLOT, PCI_COMMAND, 2, 7);
	assert_true(pci_can_master(&t.dev));
}

static void a_bridge_that_sleeps_passes_nothing(void **state)
{
	(void)state;
	plug_behind_a_bridge();
	assert_true(pci_pm_init(&t.bridge.dev, true));
	set_config(SLOT, PCI_PRIMARY_BUS, 4, 0x00010100);
	set_config(1 << 8 | 6 << 3, PCI_BASE_ADDRESS_0 + 4, 4, MEM);
	set_config(1 << 8 | 6 << 3, PCI_COMMAND, 2, 7);
	set_config(SLOT, PCI_MEMORY_BASE, 4, MEM >> 16 | MEM);
	set_config(SLOT, PCI_COMMAND, 2, 7);
	assert_int_equal(peek(MEM, 1), 0);
	set_config(SLOT, t.bridge.dev.pm_cap + PCI_PM_CTRL, 2, 3);
	assert_int_equal(peek(MEM, 1), 0xff);
	assert_false(pci_can_master(&t.dev));
	set_config(SLOT, t.bridge.dev.pm_cap + PCI_PM_CTRL, 2, 0);
	assert_true(pci_can_master(&t.dev));
}

static void a_pin_is_turned_at_each_bridge(void **state)
{
	(void)state;
	plug_behind_a_bridge();
	pci_set_irq(&t.dev, true);
	/* INTA# of slot 6 becomes INTC# of the bridge: (1 - 1 + 6) % 4 + 1. */
	assert_int_equal(t.intx_slot, 3);
	assert_int_equal(t.intx_pin, 3);
	pci_bus_unplug(&t.dev);
	assert_int_equal(t.lines[2], 0);
}

/* ---- states ---- */

static void in_D3hot_only_config_space_answers(void **state)
{
	(void)state;
	plug_and_place();
	pci_set_irq(&t.dev, true);
	set_config(SLOT, t.dev.pm_cap + PCI_PM_CTRL, 2, 3);
	assert_int_equal(peek(MEM, 4), 0xffffffff);
	assert_int_equal(t.lines[0], 0);
	assert_false(pci_can_master(&t.dev));
	assert_int_equal(config(SLOT, PCI_VENDOR_ID, 2), 0x1af4);
	/* And on the way out it is reset, BARs and all. */
	set_config(SLOT, t.dev.pm_cap + PCI_PM_CTRL, 2, 0);
	assert_int_equal(t.resets, 1);
	assert_int_equal(config(SLOT, PCI_COMMAND, 2), 0);
	assert_int_equal(config(SLOT, PCI_BASE_ADDRESS_0 + 4, 4), 0);
}

static void a_function_without_soft_reset_wakes_as_it_was(void **state)
{
	(void)state;
	setup(NULL);
	make_function(&t.dev, t.msix, false);
	assert_true(pci_pm_init(&t.dev, true));
	plug_and_place();
	set_config(SLOT, t.dev.pm_cap + PCI_PM_CTRL, 2, 3);
	set_config(SLOT, t.dev.pm_cap + PCI_PM_CTRL, 2, 0);
	assert_int_equal(t.resets, 0);
	assert_int_equal(config(SLOT, PCI_BASE_ADDRESS_0 + 4, 4), MEM);
}

static void there_is_no_D1(void **state)
{
	(void)state;
	plug_and_place();
	set_config(SLOT, t.dev.pm_cap + PCI_PM_CTRL, 2, 1);
	assert_int_equal(config(SLOT, t.dev.pm_cap + PCI_PM_CTRL, 2) & 3, 0);
}

static void a_function_level_reset_forgets_everything(void **state)
{
	(void)state;
	plug_and_place();
	set_entry(0, 5, false);
	pci_set_irq(&t.dev, true);
	set_config(SLOT, t.dev.express_cap + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	assert_int_equal(t.resets, 1);
	assert_int_equal(t.lines[0], 0);
	assert_int_equal(config(SLOT, PCI_COMMAND, 2), 0);
	assert_int_equal(config(SLOT, t.dev.express_cap + PCI_EXP_DEVCTL, 2), 0);
	set_config(SLOT, PCI_BASE_ADDRESS_0 + 16, 4, MEM + 0x10000);
	set_config(SLOT, PCI_COMMAND, 2, 7);
	assert_int_equal(peek(MEM + 0x10000 + TABLE + 12, 4), 1); /* masked again */
}

static void pulled_out_it_reads_as_ones(void **state)
{
	(void)state;
	plug_and_place();
	pci_set_irq(&t.dev, true);
	t.dev.gone_at = t.dev.accesses + 3;
	assert_int_equal(config(SLOT, PCI_VENDOR_ID, 2), 0x1af4);
	assert_int_equal(peek(MEM, 4), 0);
	assert_int_equal(t.lines[0], 1);
	assert_int_equal(peek(MEM, 2), 0xffff);
	assert_int_equal(config(SLOT, PCI_VENDOR_ID, 4), 0xffffffff);
	assert_int_equal(t.lines[0], 0);
	poke(MEM, 1);
	assert_int_equal(t.registers[0], 0);
}

/* ---- virtual functions ---- */

static void plug_with_vfs(void)
{
	assert_true(pci_sriov_init(&t.dev, 2, 1, 1, 0x1044));
	pci_sriov_register_bar(&t.dev, 1, PCI_BAR_MEM32, false, 4096);
	plug_and_place();
	for (unsigned int i = 0; i < 2; i++) {
		make_function(&t.vfs[i], t.vf_msix[i], true);
		pci_sriov_add_vf(&t.dev, &t.vfs[i], i + 1);
	}
}

static void virtual_functions_appear_when_enabled(void **state)
{
	unsigned int cap = PCI_CONFIG_BYTES;

	(void)state;
	plug_with_vfs();
	assert_int_equal(config(SLOT, cap, 4), 0x00010010);
	assert_int_equal(config(SLOT, cap + PCI_SRIOV_TOTAL_VF, 2), 2);
	assert_int_equal(config(SLOT + 1, PCI_COMMAND, 4), 0xffffffff);
	set_config(SLOT, cap + PCI_SRIOV_NUM_VF, 2, 1);
	set_config(SLOT, cap + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_VFE);
	/* Its ids are the capability's to say. */
	assert_int_equal(config(SLOT + 1, PCI_VENDOR_ID, 4), 0xffffffff);
	assert_int_equal(config(SLOT + 1, PCI_REVISION_ID, 1), 1);
	assert_int_equal(config(SLOT + 2, PCI_REVISION_ID, 1), 0xff); /* only one was wanted */
	set_config(SLOT, cap + PCI_SRIOV_NUM_VF, 2, 2);		      /* too late */
	assert_int_equal(config(SLOT, cap + PCI_SRIOV_NUM_VF, 2), 1);
	set_config(SLOT, cap + PCI_SRIOV_CTRL, 2, 0);
	assert_int_equal(config(SLOT + 1, PCI_REVISION_ID, 1), 0xff);
	/* They do not make a slot of many functions. */
	assert_int_equal(config(SLOT, PCI_HEADER_TYPE, 1), 0);
}

static void virtual_functions_bars_stand_in_a_row(void **state)
{
	unsigned int cap = PCI_CONFIG_BYTES;
	uint64_t address;

	(void)state;
	plug_with_vfs();
	set_config(SLOT, cap + PCI_SRIOV_BAR + 4, 4, 0xffffffff);
	assert_int_equal(config(SLOT, cap + PCI_SRIOV_BAR + 4, 4), 0xfffff000);
	set_config(SLOT, cap + PCI_SRIOV_BAR + 4, 4, MEM + 0x100000);
	set_config(SLOT, cap + PCI_SRIOV_NUM_VF, 2, 2);
	set_config(SLOT, cap + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_VFE);
	assert_false(pci_bar_address(&t.vfs[1], 1, &address));
	set_config(SLOT, cap + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	assert_true(pci_bar_address(&t.vfs[0], 1, &address));
	assert_int_equal(address, MEM + 0x100000);
	assert_true(pci_bar_address(&t.vfs[1], 1, &address));
	assert_int_equal(address, MEM + 0x101000);
	assert_int_equal(peek(MEM + 0x101000, 1), 0);
	assert_int_equal(peek(MEM + 0x102000, 1), 0xff);
}

#define TEST_CASE(name) cmocka_unit_test_setup(name, setup)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(ones_written_to_a_bar_read_back_as_its_size),
		TEST_CASE(read_only_bytes_stay_as_they_are),
		TEST_CASE(config_space_ends_where_the_function_says),
		TEST_CASE(a_bar_answers_as_the_command_register_says),
		TEST_CASE(a_bar_that_has_no_address_yet_answers_nowhere),
		TEST_CASE(capabilities_are_a_list_until_there_is_no_room),
		TEST_CASE(a_second_function_in_a_slot_makes_the_first_say_so),
		TEST_CASE(a_message_is_what_the_table_says),
		TEST_CASE(a_masked_message_waits_and_comes_once),
		TEST_CASE(the_functions_mask_holds_back_all),
		TEST_CASE(entries_start_masked_and_nothing_is_sent_while_off),
		TEST_CASE(a_message_changed_while_it_could_be_sent_is_counted),
		TEST_CASE(without_bus_mastering_there_are_no_messages),
		TEST_CASE(the_pin_pulls_at_the_wire_unless_disabled),
		TEST_CASE(a_bus_is_found_by_the_number_its_bridge_was_given),
		TEST_CASE(a_bridge_passes_what_is_in_its_windows),
		TEST_CASE(a_message_passes_a_bridge_that_is_a_master),
		TEST_CASE(a_bridge_that_sleeps_passes_nothing),
		TEST_CASE(a_pin_is_turned_at_each_bridge),
		TEST_CASE(in_D3hot_only_config_space_answers),
		TEST_CASE(a_function_without_soft_reset_wakes_as_it_was),
		TEST_CASE(there_is_no_D1),
		TEST_CASE(a_function_level_reset_forgets_everything),
		TEST_CASE(pulled_out_it_reads_as_ones),
		TEST_CASE(virtual_functions_appear_when_enabled),
		TEST_CASE(virtual_functions_bars_stand_in_a_row),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
