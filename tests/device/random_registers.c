/* SPDX-License-Identifier: MIT */
/*
 * A driver that has lost its mind: reads and writes of random width at random places of a virtio
 * function's BARs and config space, most of them near what means something (D6). The device may
 * break, and say so; the sanitizers see to it that nothing else does.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "device/virtio_pci_internal.h"
#include "platform/host/host.h"
#include "tests/support/host_machine.h"
#include "tests/support/select.h"

#define STEPS 100000
#define RAM 0x40000000u /* of platform_host_memory() */
#define MEM 0xe0000000u
#define PORT 0xc000u
#define AT(field) offsetof(struct virtio_pci_common_cfg, field)

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % below;
}

static void ignore_msi(void *host, uint64_t address, uint32_t data)
{
	(void)host;
	(void)address;
	(void)data;
}

static void ignore_intx(void *host, unsigned int slot, unsigned int pin, bool level)
{
	(void)host;
	(void)slot;
	(void)pin;
	(void)level;
}

static const struct PCIHostClass nobody = { .msi = ignore_msi, .intx = ignore_intx };

/* What has a chance to be let in. */
static uint32_t plausible_value(void)
{
	static const uint32_t few[] = { 0, 1, 2, 3, 7, 8, 15, 0xffff, 0xffffffff, 0x80000000 };

	switch (draw(4)) {
	case 0:
		return few[draw(sizeof(few) / sizeof(*few))];
	case 1:
		return RAM + 16 * draw(0x1000);
	case 2:
		return draw(300);
	}
	return draw(0x7fffffff) * 2 + draw(2);
}

/* A small number is likelier to be a register. */
static uint32_t plausible_offset(uint32_t below)
{
	return draw(3) ? draw(below < 80 ? below : 80) : draw(below);
}

static void access_bar(struct PCIBus *bus, struct PCIDevice *dev)
{
	static const uint32_t structures[] = { 0, 0x1000, 0x2000, 0x3000 };
	static const uint32_t places[] = {
		[0] = PORT, [1] = MEM, [2] = MEM + 0x100000, [4] = MEM + 0x200000
	};
	unsigned int bar = draw(4) ? (draw(2) ? 4 : 0) : draw(6), bytes = 1u << draw(3);
	enum pci_space space = bar ? PCI_SPACE_MEMORY : PCI_SPACE_IO;
	uint64_t at;

	if (bar == 3 || bar == 5 || dev->bars[bar].kind == PCI_BAR_NONE)
		return;
	at = places[bar] + plausible_offset((uint32_t)dev->bars[bar].size);
	if (bar == 4)
		at += structures[draw(4)];
	at &= ~(uint64_t)(bytes - 1);
	if (draw(3))
		pci_bus_write(bus, space, at, bytes, plausible_value());
	else
		pci_bus_read(bus, space, at, bytes);
}

/* Awake, BARs and the command register put back: a device that nobody reaches is no test. */
static void place(struct PCIBus *bus, const struct PCIDevice *dev)
{
	pci_bus_config_write(bus, 8, dev->pm_cap + PCI_PM_CTRL, 2, 0);
	pci_bus_config_write(bus, 8, 0x10, 4, PORT);
	pci_bus_config_write(bus, 8, 0x14, 4, MEM);
	pci_bus_config_write(bus, 8, 0x18, 4, MEM + 0x100000);
	pci_bus_config_write(bus, 8, 0x20, 4, MEM + 0x200000);
	pci_bus_config_write(bus, 8, 0x04, 2, 7);
}

static void write_common(struct PCIBus *bus, unsigned int field, unsigned int bytes, uint32_t value)
{
	pci_bus_write(bus, PCI_SPACE_MEMORY, MEM + 0x200000 + field, bytes, value);
}

/* Every now and then it comes to its senses, for as long as it takes to set a queue up. */
static void a_clear_moment(struct PCIBus *bus, uint32_t features)
{
	static const uint8_t steps[] = { 0, 1, 3 };
	uint32_t queue = draw(3);

	for (unsigned int i = 0; i < 3; i++)
		write_common(bus, AT(device_status), 1, steps[i]);
	for (unsigned int i = 0; i < 2; i++) {
		write_common(bus, AT(driver_feature_select), 4, i);
		write_common(bus, AT(driver_feature), 4, i ? features : draw(2) << 28);
	}
	write_common(bus, AT(device_status), 1, 11);
	write_common(bus, AT(queue_select), 2, queue);
	write_common(bus, AT(queue_desc_lo), 4, RAM + 4096 * draw(8));
	write_common(bus, AT(queue_driver_lo), 4, RAM + 4096 * draw(8));
	write_common(bus, AT(queue_device_lo), 4, RAM + 4096 * draw(8));
	write_common(bus, AT(queue_enable), 2, 1);
	write_common(bus, AT(device_status), 1, 15);
	pci_bus_write(bus, PCI_SPACE_MEMORY, MEM + 0x200000 + VIRTIO_PCI_NOTIFY_OFFSET + 4 * queue,
		      2, queue);
}

static void access_config(struct PCIBus *bus)
{
	unsigned int bytes = 1u << draw(3), at = draw(4096 + 16) & ~(bytes - 1);

	if (draw(4))
		at %= 256;
	if (draw(2))
		pci_bus_config_write(bus, 8, at, bytes, plausible_value());
	else
		pci_bus_config_read(bus, 8, at, bytes);
}

static void drive_mad(struct VirtIODevice *vdev, enum virtio_pci_interface interface,
		      uint32_t multiplier)
{
	struct VirtIOPCIConf conf = { .interface = interface,
				      .vectors = 3,
				      .notify_off_multiplier = multiplier,
				      .express = true,
				      .pm = true };
	struct VirtIOPCIProxy *proxy = calloc(1, sizeof(*proxy));
	struct VirtIOStrict *strict = calloc(1, sizeof(*strict));
	struct PCIBus bus;
	unsigned long live = 0; /* accesses that found it at work */

	assert_non_null(proxy);
	assert_non_null(strict);
	pci_bus_init(&bus, &nobody, NULL);
	assert_true(virtio_pci_realize(proxy, vdev, &conf));
	virtio_strict_init(strict, proxy);
	assert_true(pci_bus_plug(&bus, &proxy->pci, 8));
	for (unsigned int i = 0; i < STEPS; i++) {
		if (i % 64 == 0)
			place(&bus, &proxy->pci);
		if (i % 128 == 0)
			a_clear_moment(&bus, (uint32_t)(vdev->host_features[0] >> 32));
		live += virtio_get_queue(vdev, 0) != NULL;
		if (draw(16))
			access_bar(&bus, &proxy->pci);
		else
			access_config(&bus);
		if (draw(200) == 0)
			virtio_strict_memory_freed(strict, RAM + 4096 * draw(16), 4096);
	}
	/* It still does what every device does. */
	proxy->faults = (struct VirtIOPCIFaults){ 0 };
	pci_device_reset(&proxy->pci);
	assert_int_equal(vdev->status, 0);
	assert_true(strict->total > 0);
	assert_true(interface == VIRTIO_PCI_LEGACY || live > 1000);
	pci_bus_unplug(&proxy->pci);
	free(strict);
	free(proxy);
}

static void drive_all(const struct machine_device *device,
		      struct VirtIODevice *(*new)(const struct machine_device *device),
		      void (*free_)(struct VirtIODevice *vdev))
{
	const char *seed = getenv("SEED");
	uint64_t begin = seed ? strtoull(seed, NULL, 0) : 1;

	print_message("SEED=%" PRIu64 "\n", begin);
	for (int i = 0; i < 6; i++) {
		struct VirtIODevice *vdev = new (device);

		state = begin + (uint64_t)i;
		drive_mad(vdev, (enum virtio_pci_interface)(i % 3), i < 3 ? 4 : 0);
		free_(vdev);
	}
}

static void D6_random_registers_of_an_entropy_device(void **unused)
{
	struct machine_device device = { .type = "rng", .packed = MACHINE_ON };

	(void)unused;
	drive_all(&device, host_rng_new, host_rng_free);
}

static void D6_random_registers_of_a_disk(void **unused)
{
	struct machine_device device = { .type = "blk", .num_queues = 2 };

	(void)unused;
	drive_all(&device, host_blk_new, host_blk_free);
}

static void D6_random_registers_of_a_network_card(void **unused)
{
	struct machine_device device = { .type = "net" };

	(void)unused;
	drive_all(&device, host_net_new, host_net_free);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D6_random_registers_of_an_entropy_device),
		cmocka_unit_test(D6_random_registers_of_a_disk),
		cmocka_unit_test(D6_random_registers_of_a_network_card),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
