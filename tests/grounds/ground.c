/* SPDX-License-Identifier: MIT */
/*
 * What platform.h promises, held against two grounds: no driver, no virtio, only the ground.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "platform/platform.h"
#include "ring/vring_errno.h"
#include "tests/support/machine.h"
#include "tests/support/select.h"

#define PAGE_BYTES 4096
#define NO_FUNCTION 0xf8 /* 00:1f.0 is q35's chipset; 00:1f.1 to 00:1f.7 are never all there */

static int start(void **state)
{
	static const struct machine machine = { .devices = { { .type = "rng" } } };

	(void)state;
	machine_start(&machine);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	machine_stop();
	return 0;
}

/* ---- memory ---- */

static void dma_memory_comes_zeroed_in_whole_pages(void **state)
{
	uint64_t first_dma, second_dma, again_dma;
	uint8_t *first = platform_dma_alloc(1, &first_dma);
	uint8_t *second = platform_dma_alloc(PAGE_BYTES + 1, &second_dma);

	(void)state;
	assert_int_equal(first_dma % PAGE_BYTES, 0);
	assert_int_equal(second_dma % PAGE_BYTES, 0);
	assert_true(second_dma >= first_dma + PAGE_BYTES || second_dma + PAGE_BYTES < first_dma);
	assert_int_equal(platform_dma_address(second + PAGE_BYTES), second_dma + PAGE_BYTES);

	memset(second, 0xff, PAGE_BYTES + 1);
	platform_dma_free(second, PAGE_BYTES + 1);
	second = platform_dma_alloc(PAGE_BYTES + 1, &again_dma);
	for (unsigned int i = 0; i < 2 * PAGE_BYTES; i++)
		assert_int_equal(second[i], 0);
	platform_dma_free(second, PAGE_BYTES + 1);
	platform_dma_free(first, 1);
}

static void no_memory_is_null(void **state)
{
	uint64_t dma;

	(void)state;
	assert_null(platform_dma_alloc(0, &dma));
	assert_null(platform_dma_alloc((size_t)1 << 40, &dma));
	assert_null(platform_dma_alloc(SIZE_MAX, &dma));
	assert_null(platform_zalloc(SIZE_MAX));
	platform_free(NULL);
}

static void private_memory_is_zeroed_and_aligned(void **state)
{
	(void)state;
	for (size_t bytes = 1; bytes < 300; bytes += 37) {
		uint8_t *memory = platform_zalloc(bytes);

		assert_int_equal((uintptr_t)memory % 64, 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, bytes);
		platform_free(memory);
	}
}

/* The other side's load and store, by way of its bus, against ours. */
static void dma_memory_is_the_guests(void **state)
{
	uint32_t *word;
	uint64_t dma;

	(void)state;
	if (!strcmp(machine_ground, "host"))
		machine_skip(__func__, "device/ has no processor that could load and store");
	word = platform_dma_alloc(PAGE_BYTES, &dma);
	word[1] = 0x12345678;
	assert_int_equal(platform_mmio_read32(dma + 4), 0x12345678);
	assert_int_equal(platform_mmio_read16(dma + 6), 0x1234);
	assert_int_equal(platform_mmio_read8(dma + 4), 0x78);
	platform_mmio_write32(dma + 8, 0x9abcdef0);
	platform_mmio_write16(dma + 12, 0xfedc);
	platform_mmio_write8(dma + 15, 0x55);
	assert_int_equal(word[2], 0x9abcdef0);
	assert_int_equal(word[3], 0x5500fedc);
	platform_dma_free(word, PAGE_BYTES);
}

/* ---- PCI ---- */

static platform_bdf find_rng(void)
{
	for (unsigned int bdf = 0; bdf < 256; bdf += 8)
		if (platform_pci_read(bdf, 0, 4) == 0x10441af4)
			return bdf;
	fail_msg("there is no entropy device on bus 0");
	return 0;
}

static void nobody_reads_as_ones(void **state)
{
	static const platform_bdf nowhere[] = { NO_FUNCTION | 7, 0x4000, 0xffff };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(platform_pci_read(nowhere[i], 0, 4), 0xffffffff);
		assert_int_equal(platform_pci_read(nowhere[i], 2, 2), 0xffff);
		assert_int_equal(platform_pci_read(nowhere[i], 9, 1), 0xff);
		platform_pci_write(nowhere[i], 4, 2, 0xffff);
	}
	assert_int_equal(platform_pci_read(find_rng(), 4096, 4), 0xffffffff);
}

static void config_space_is_the_same_in_every_width(void **state)
{
	platform_bdf bdf = find_rng();

	(void)state;
	for (unsigned int offset = 0; offset < 0x40; offset += 4) {
		uint32_t whole = platform_pci_read(bdf, offset, 4);

		for (unsigned int n = 0; n < 4; n++)
			assert_int_equal(platform_pci_read(bdf, offset + n, 1),
					 whole >> 8 * n & 0xff);
		for (unsigned int n = 0; n < 4; n += 2)
			assert_int_equal(platform_pci_read(bdf, offset + n, 2),
					 whole >> 8 * n & 0xffff);
	}
}

/* The interrupt line register: read and write, and nobody's concern. */
static void config_space_is_written_in_every_width(void **state)
{
	platform_bdf bdf = find_rng();
	uint32_t pin = platform_pci_read(bdf, 0x3d, 1);

	(void)state;
	platform_pci_write(bdf, 0x3c, 1, 0x12);
	assert_int_equal(platform_pci_read(bdf, 0x3c, 1), 0x12);
	platform_pci_write(bdf, 0x3c, 2, 0xff34);
	assert_int_equal(platform_pci_read(bdf, 0x3c, 2), pin << 8 | 0x34);
	platform_pci_write(bdf, 0x3c, 4, 0xffffff56);
	assert_int_equal(platform_pci_read(bdf, 0x3c, 2), pin << 8 | 0x56);
}

/* ECAM: the capabilities from 256 on, of which there are some or none. */
static void an_express_function_has_4096_bytes_of_config_space(void **state)
{
	static const struct machine machine = { .devices = { { .type = "rng",
							       .behind_root_port = true } } };
	unsigned int ports = 0;

	(void)state;
	machine_stop();
	machine_start(&machine);
	for (unsigned int bdf = 0; bdf < 256; bdf += 8) {
		if (platform_pci_read(bdf, 10, 2) != 0x0604)
			continue;
		ports++;
		assert_int_not_equal(platform_pci_read(bdf, 256, 4), 0xffffffff);
		assert_int_not_equal(platform_pci_read(bdf, 4092, 4), 0xffffffff);
	}
	assert_int_equal(ports, 1);
}

static void a_bar_placed_in_the_window_answers(void **state)
{
	struct platform_window window = platform_pci_window(PLATFORM_MMIO);
	platform_bdf bdf = find_rng();

	(void)state;
	assert_true(window.bytes >= 1 << 20 && window.base + window.bytes <= 1ull << 32);
	/* BAR 4 of QEMU's modern devices and of ours; num_queues of the one with one queue. */
	assert_int_equal(platform_pci_read(bdf, 0x20, 4) & 5, 4);
	platform_pci_write(bdf, 0x20, 4, window.base);
	platform_pci_write(bdf, 0x24, 4, 0);
	platform_pci_write(bdf, 0x04, 2, 2);
	assert_int_equal(platform_mmio_read16(window.base + 18), 1);
	platform_pci_write(bdf, 0x04, 2, 0);
	assert_int_not_equal(platform_mmio_read16(window.base + 18), 1);
}

/* ---- interrupts ---- */

static unsigned int calls;

static int count_call(int irq, void *data)
{
	(void)irq;
	calls += *(unsigned int *)data;
	return 1;
}

static void messages_are_many_and_end(void **state)
{
	static struct platform_msi msis[4096];
	static int irqs[4096];
	unsigned int count = 0;

	(void)state;
	while ((irqs[count] = platform_msi_alloc(0, &msis[count])) >= 0)
		for (unsigned int i = count++; i--;)
			assert_true(irqs[i] != irqs[count - 1] &&
				    (msis[i].address != msis[count - 1].address ||
				     msis[i].data != msis[count - 1].data));
	assert_int_equal(irqs[count], -ENOSPC);
	assert_in_range(count, 64, 4095);
	while (count--)
		platform_msi_free(irqs[count]);
	assert_int_equal(platform_msi_alloc(platform_num_cpus(), &msis[0]), -EINVAL);
}

static void a_message_has_one_handler_and_a_line_many(void **state)
{
	unsigned int one = 1, two = 2;
	struct platform_msi msi;
	int message = platform_msi_alloc(0, &msi), line = platform_intx(5, 1);

	(void)state;
	assert_int_equal(platform_irq_request(message, count_call, "one", &one), 0);
	assert_int_equal(platform_irq_request(message, count_call, "two", &two), -EBUSY);
	platform_irq_free(message, &one);
	platform_msi_free(message);

	assert_int_equal(platform_irq_request(line, count_call, "one", &one), 0);
	assert_int_equal(platform_irq_request(line, count_call, "two", &two), 0);
	platform_irq_free(line, &one);
	platform_irq_free(line, &two);
}

static void every_pin_of_every_slot_has_a_line(void **state)
{
	(void)state;
	for (unsigned int slot = 1; slot < 32; slot++) {
		for (unsigned int pin = 1; pin <= 4; pin++)
			assert_true(platform_intx(slot, pin) >= 0);
		assert_int_equal(platform_intx(slot, 0), -ENXIO);
		assert_int_equal(platform_intx(slot, 5), -ENXIO);
	}
}

/* A store of the data to the address is all there is to it; before the request it is lost. */
static void a_message_is_a_store(void **state)
{
	unsigned int one = 1, ten = 10;
	struct platform_msi a, b;
	int first, second;

	(void)state;
	if (!strcmp(machine_ground, "host"))
		machine_skip(__func__, "device/ has no processor that could load and store");
	first = platform_msi_alloc(0, &a);
	second = platform_msi_alloc(0, &b);
	calls = 0;
	platform_mmio_write32(a.address, a.data);
	assert_int_equal(platform_irq_request(first, count_call, "one", &one), 0);
	assert_int_equal(platform_irq_request(second, count_call, "ten", &ten), 0);
	assert_false(platform_wait(platform_now() + 2000000));

	platform_mmio_write32(a.address, a.data);
	assert_true(platform_wait(PLATFORM_FOREVER));
	assert_int_equal(calls, 1);
	/* The same message twice before anybody looks is one interrupt. */
	platform_mmio_write32(b.address, b.data);
	platform_mmio_write32(b.address, b.data);
	platform_mmio_write32(a.address, a.data);
	/* Due is due, though the deadline has gone by. */
	assert_true(platform_wait(0));
	assert_int_equal(calls, 12);
	assert_false(platform_wait(0));
	assert_int_equal(platform_irq_count(first), 2);
	assert_int_equal(platform_irq_count(second), 1);

	platform_irq_free(first, &one);
	platform_irq_free(second, &ten);
	platform_msi_free(first);
	platform_msi_free(second);
}

/* ---- time ---- */

static void waiting_ends_at_the_deadline(void **state)
{
	uint64_t start = platform_now(), deadline = start + 3000000;

	(void)state;
	assert_false(platform_wait(deadline));
	assert_true(platform_now() >= deadline);
	start = platform_now();
	for (int i = 0; i < 10; i++)
		platform_relax();
	assert_true(platform_now() >= start + 10000);
}

static void locks_of_two_objects_nest(void **state)
{
	struct platform_lock outer = { 0 }, inner = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		platform_lock(&outer);
		platform_lock(&inner);
		platform_unlock(&inner);
		platform_unlock(&outer);
	}
	assert_false(platform_wait(platform_now()));
}

#define GROUND_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		GROUND_TEST(dma_memory_comes_zeroed_in_whole_pages),
		GROUND_TEST(no_memory_is_null),
		GROUND_TEST(private_memory_is_zeroed_and_aligned),
		GROUND_TEST(dma_memory_is_the_guests),
		GROUND_TEST(nobody_reads_as_ones),
		GROUND_TEST(config_space_is_the_same_in_every_width),
		GROUND_TEST(config_space_is_written_in_every_width),
		GROUND_TEST(an_express_function_has_4096_bytes_of_config_space),
		GROUND_TEST(a_bar_placed_in_the_window_answers),
		GROUND_TEST(messages_are_many_and_end),
		GROUND_TEST(a_message_has_one_handler_and_a_line_many),
		GROUND_TEST(every_pin_of_every_slot_has_a_line),
		GROUND_TEST(a_message_is_a_store),
		GROUND_TEST(waiting_ends_at_the_deadline),
		GROUND_TEST(locks_of_two_objects_nest),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
