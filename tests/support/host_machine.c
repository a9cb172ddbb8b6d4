/* SPDX-License-Identifier: MIT */
/*
 * The machine on the host ground: device models behind PCI functions, all in this process, each
 * with the strict mode looking on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_machine.h"
#include "platform/host/host.h"

#define VFS_MAX 8
#define SHM_BYTES 8192

const char machine_ground[] = "host";

/* A function and all that is behind it. */
struct function {
	struct VirtIODevice *vdev;
	struct VirtIOPCIProxy proxy;
	struct VirtIOStrict strict;
	bool watched;
	struct platform_host_work work; /* runs the device if its doorbells are deferred */
};

struct slot {
	const struct host_type *type;
	struct machine_device device;
	struct function function;
	struct PCIBridge *port;
	uint8_t *shm;
	unsigned int num_vfs;
	struct function *vfs[VFS_MAX];
};

struct host_type {
	const char *name;
	struct VirtIODevice *(*new)(const struct machine_device *device);
	void (*free)(struct VirtIODevice *vdev);
};

static struct slot *slots[MACHINE_DEVICES];
static bool complaints_expected;
static struct platform_host_usage before; /* what a test that failed has left behind */

static const struct host_type types[] = {
	{ "rng", host_rng_new, host_rng_free },
	{ "blk", host_blk_new, host_blk_free },
	{ "net", host_net_new, host_net_free },
};

/* ---- what was asked for ---- */

bool host_option(const char *options, const char *name, char *value, size_t bytes)
{
	size_t len = strlen(name);

	for (const char *at = options; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, name, len) && at[len] == '=') {
			snprintf(value, bytes, "%.*s", (int)strcspn(at + len + 1, ","),
				 at + len + 1);
			return true;
		}
	return false;
}

static bool option_on(const struct machine_device *device, const char *name, bool fallback)
{
	char value[8];

	if (!host_option(device->options, name, value, sizeof(value)))
		return fallback;
	return !strcmp(value, "on");
}

static unsigned int option_number(const struct machine_device *device, const char *name,
				  unsigned int fallback)
{
	char value[16];

	if (!host_option(device->options, name, value, sizeof(value)))
		return fallback;
	return (unsigned int)strtoul(value, NULL, 0);
}

static bool wanted(enum machine_switch choice, bool fallback)
{
	return choice == MACHINE_DEFAULT ? fallback : choice == MACHINE_ON;
}

void host_features(const struct machine_device *device, uint64_t *features)
{
	static const struct {
		const char *option;
		unsigned int bit;
	} more[] = {
		{ "in_order", VIRTIO_F_IN_ORDER },
		{ "notification_data", VIRTIO_F_NOTIFICATION_DATA },
		{ "notif_config_data", VIRTIO_F_NOTIF_CONFIG_DATA },
		{ "order_platform", VIRTIO_F_ORDER_PLATFORM },
		{ "access_platform", VIRTIO_F_ACCESS_PLATFORM },
	};

	if (wanted(device->indirect, true))
		virtio_add_feature(features, VIRTIO_RING_F_INDIRECT_DESC);
	if (wanted(device->event_idx, true))
		virtio_add_feature(features, VIRTIO_RING_F_EVENT_IDX);
	if (wanted(device->packed, false))
		virtio_add_feature(features, VIRTIO_F_RING_PACKED);
	if (option_on(device, "queue_reset", true))
		virtio_add_feature(features, VIRTIO_F_RING_RESET);
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		if (option_on(device, more[i].option, false))
			virtio_add_feature(features, more[i].bit);
	if (option_number(device, "total_vfs", 0))
		virtio_add_feature(features, 37); /* SR_IOV */
}

static unsigned int default_vectors(const struct VirtIODevice *vdev)
{
	return vdev->num_queues + 1; /* one for each queue, and the config's */
}

static void configure(struct slot *slot, struct VirtIOPCIConf *conf)
{
	static const enum virtio_pci_interface interfaces[] = {
		[MACHINE_MODERN] = VIRTIO_PCI_MODERN,
		[MACHINE_TRANSITIONAL] = VIRTIO_PCI_TRANSITIONAL,
		[MACHINE_LEGACY] = VIRTIO_PCI_LEGACY,
	};
	const struct machine_device *device = &slot->device;
	unsigned int total_vfs = option_number(device, "total_vfs", 0);

	*conf = (struct VirtIOPCIConf){
		.interface = interfaces[device->interface],
		.vectors = device->vectors ? device->vectors : default_vectors(slot->function.vdev),
		.notify_off_multiplier = option_number(device, "notify_off_multiplier", 4),
		.express = option_on(device, "express", device->behind_root_port) || total_vfs,
		.no_soft_reset = option_on(device, "no_soft_reset", false),
		.extra_caps = option_on(device, "extra_caps", false),
	};
	conf->pm = option_on(device, "pm", conf->express); /* as in QEMU */
	if (device->vectors == MACHINE_NO_VECTORS)
		conf->vectors = 0;
	if (option_on(device, "vendor_cap", false)) {
		conf->vendor_id = 0x1b36;
		conf->vendor_data = 0x12345678;
	}
	if (slot->shm) {
		conf->shm[0] = (struct VirtIOPCISharedMemory){ 7, 4096, slot->shm };
		conf->shm[1] = (struct VirtIOPCISharedMemory){ 9, 4096, slot->shm + 4096 };
	}
}

/* ---- starting ---- */

static void *take(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		fail_msg("the machine: no memory");
	return memory;
}

static bool run_device(struct platform_host_work *work)
{
	struct function *function =
		(struct function *)((char *)work - offsetof(struct function, work));

	return virtio_device_run(function->vdev) > 0;
}

static void realize(struct function *function, const struct machine_device *device,
		    const struct VirtIOPCIConf *conf)
{
	if (!virtio_pci_realize(&function->proxy, function->vdev, conf))
		fail_msg("the machine: %s,%s cannot be a PCI function", device->type,
			 device->options ? device->options : "");
	function->vdev->deferred = option_on(device, "deferred", false);
	function->watched = option_on(device, "strict", true);
	if (function->watched)
		virtio_strict_init(&function->strict, &function->proxy);
	function->work.run = run_device;
	platform_host_add_work(&function->work);
}

/* Root ports, and what is not behind one, are in slots 1 to 4 of bus 0. */
static void plug(struct slot *slot, unsigned int n)
{
	platform_bdf bdf = (platform_bdf)((n + 1) << 3);
	struct PCIIdentity port = {
		.vendor = 0x1b36, .device = 0x000c, .express = true, .interrupt_pin = 1
	};

	if (!slot->device.behind_root_port) {
		platform_host_plug(&slot->function.proxy.pci, bdf);
		return;
	}
	slot->port = take(sizeof(*slot->port));
	assert_true(pci_bridge_init(slot->port, &port));
	platform_host_plug(&slot->port->dev, bdf);
	assert_true(pci_bus_plug(&slot->port->secondary, &slot->function.proxy.pci, 0));
}

static const struct host_type *type_named(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	fail_msg("the machine: the host ground has no device of type %s", name);
	abort();
}

/* Virtual functions are devices of the same kind, without the capability. */
static void add_vfs(struct slot *slot, const struct VirtIOPCIConf *conf)
{
	struct VirtIOPCIConf vf_conf = *conf;
	struct VirtIOPCIProxy *pf = &slot->function.proxy;
	struct machine_device device = slot->device;

	slot->num_vfs = option_number(&device, "total_vfs", 0);
	if (!slot->num_vfs)
		return;
	assert_true(slot->num_vfs <= VFS_MAX);
	assert_true(
		pci_sriov_init(&pf->pci, slot->num_vfs, 1, 1, pci_get_word(pf->pci.config + 2)));
	for (unsigned int i = 0; i < slot->num_vfs; i++) {
		slot->vfs[i] = take(sizeof(*slot->vfs[i]));
		slot->vfs[i]->vdev = slot->type->new (&device);
		slot->vfs[i]->vdev->host_features[0] &= ~(1ull << 37);
		realize(slot->vfs[i], &device, &vf_conf);
	}
	virtio_pci_sriov_bars(pf, &slot->vfs[0]->proxy);
}

static void start_slot(const struct machine_device *device, unsigned int n)
{
	struct slot *slot = take(sizeof(*slot));
	struct VirtIOPCIConf conf;

	slots[n] = slot;
	slot->device = *device;
	slot->type = type_named(device->type);
	if (!slot->type->new)
		fail_msg("the machine: %s is not linked to this program", device->type);
	if (option_on(device, "shm", false))
		slot->shm = take(SHM_BYTES);
	slot->function.vdev = slot->type->new (device);
	configure(slot, &conf);
	realize(&slot->function, device, &conf);
	add_vfs(slot, &conf);
	plug(slot, n);
	for (unsigned int i = 0; i < slot->num_vfs; i++)
		pci_sriov_add_vf(&slot->function.proxy.pci, &slot->vfs[i]->proxy.pci, i + 1);
}

/* Calls @visit with every function there is, virtual ones as well. */
static void each_function(void (*visit)(struct function *function, void *arg), void *arg)
{
	for (unsigned int n = 0; n < MACHINE_DEVICES && slots[n]; n++) {
		visit(&slots[n]->function, arg);
		for (unsigned int i = 0; i < slots[n]->num_vfs; i++)
			visit(slots[n]->vfs[i], arg);
	}
}

static void tell_of_freed(struct function *function, void *arg)
{
	const uint64_t *range = arg;

	if (function->watched)
		virtio_strict_memory_freed(&function->strict, range[0], range[1]);
}

static void dma_freed(uint64_t dma, size_t bytes)
{
	uint64_t range[2] = { dma, bytes };

	each_function(tell_of_freed, range);
}

static void free_function(struct function *function, const struct host_type *type)
{
	type->free(function->vdev);
}

/* After a test that failed, too: there may be less than a whole machine. */
static void forget_everything(void)
{
	platform_host_unplug_all();
	platform_host_reset();
	for (unsigned int n = 0; n < MACHINE_DEVICES && slots[n]; n++) {
		struct slot *slot = slots[n];

		for (unsigned int i = 0; i < slot->num_vfs; i++) {
			free_function(slot->vfs[i], slot->type);
			free(slot->vfs[i]);
		}
		if (slot->function.vdev)
			free_function(&slot->function, slot->type);
		free(slot->port);
		free(slot->shm);
		free(slot);
		slots[n] = NULL;
	}
	complaints_expected = false;
}

void machine_start(const struct machine *machine)
{
	forget_everything();
	for (unsigned int n = 0; n < MACHINE_DEVICES && machine->devices[n].type; n++)
		start_slot(&machine->devices[n], n);
	platform_host_on_dma_free(dma_freed);
	before = platform_host_usage();
}

/* ---- stopping ---- */

void host_machine_expect_complaints(void)
{
	complaints_expected = true;
}

static void print_offences(const struct VirtIOStrict *strict)
{
	for (int i = 0; i < STRICT_CHECKS; i++)
		if (strict->counts[i])
			print_error("strict: %s (%s): %s: %lu times\n", virtio_strict_rules[i].name,
				    virtio_strict_rules[i].clause, virtio_strict_rules[i].sentence,
				    strict->counts[i]);
}

static void hear_complaints(struct function *function, void *arg)
{
	bool *any = arg;

	if (function->vdev->complaint[0]) {
		print_error("%s complains: %s\n", function->vdev->class->name,
			    function->vdev->complaint);
		*any = true;
	}
	if (function->strict.total) {
		print_offences(&function->strict);
		*any = true;
	}
}

void machine_stop(void)
{
	struct platform_host_usage usage = platform_host_usage();
	bool complaints = false;

	if (!complaints_expected)
		each_function(hear_complaints, &complaints);
	forget_everything();
	if (complaints)
		fail_msg("a device had to complain");
	if (memcmp(&usage, &before, sizeof(usage)))
		fail_msg("still held: %zu DMA pages, %zu allocations, %zu interrupts, %zu handlers",
			 usage.dma_pages - before.dma_pages, usage.allocations - before.allocations,
			 usage.interrupts - before.interrupts, usage.handlers - before.handlers);
}

/* ---- what is in it ---- */

static struct slot *slot_of(unsigned int n)
{
	if (n >= MACHINE_DEVICES || !slots[n])
		fail_msg("the machine has no device %u", n);
	return slots[n];
}

struct VirtIODevice *host_machine_device(unsigned int n)
{
	return slot_of(n)->function.vdev;
}

struct VirtIOPCIProxy *host_machine_proxy(unsigned int n)
{
	return &slot_of(n)->function.proxy;
}

struct VirtIOStrict *host_machine_strict(unsigned int n)
{
	return &slot_of(n)->function.strict;
}

struct VirtIOPCIProxy *host_machine_vf(unsigned int n, unsigned int vf)
{
	assert_in_range(vf, 1, slot_of(n)->num_vfs);
	return &slot_of(n)->vfs[vf - 1]->proxy;
}

void machine_remove_suddenly(unsigned int n)
{
	pci_device_pull_out(&host_machine_proxy(n)->pci);
}

uint8_t *machine_disk(unsigned int n, size_t *bytes)
{
	return host_blk_disk(host_machine_device(n), bytes);
}

void machine_resize_disk(unsigned int n, size_t bytes)
{
	host_blk_resize(host_machine_device(n), bytes);
}

void machine_net_send(unsigned int n, const void *frame, size_t bytes)
{
	host_net_send(host_machine_device(n), frame, bytes);
}

size_t machine_net_receive(unsigned int n, void *frame, size_t capacity)
{
	platform_host_run(); /* doorbells that were deferred */
	return host_net_receive(host_machine_device(n), frame, capacity);
}

void machine_set_link(unsigned int n, bool up)
{
	host_net_set_link(host_machine_device(n), up);
}
