// SPDX-License-Identifier: MIT
/*
 * What there is: functions on the PCI bus, virtio devices, interrupts.
 */
#include "monitor.h"
#include "pci/virtio_pci_common.h"

/* The classes of what QEMU's machines and virtio have. */
static const char *class_name(uint32_t class)
{
	static const struct {
		uint16_t class;
		const char *name;
	} names[] = {
		{ 0x0100, "SCSI controller" },
		{ 0x0101, "IDE controller" },
		{ 0x0106, "SATA controller" },
		{ 0x0180, "storage controller" },
		{ 0x0200, "Ethernet controller" },
		{ 0x0600, "host bridge" },
		{ 0x0601, "ISA bridge" },
		{ 0x0604, "PCI bridge" },
		{ 0x0680, "bridge" },
		{ 0x0780, "communication controller" },
		{ 0x0c05, "SMBus" },
		{ 0x00ff, "unclassified" },
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].class == class >> 8)
			return names[i].name;
	return "device";
}

static void print_bars(const struct pci_dev *dev)
{
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		const struct pci_bar *bar = &dev->bars[i];

		if (bar->bytes)
			print("        BAR %u  %s at 0x%llx, 0x%llx bytes%s\n", i,
			      bar->is_io ? "I/O" : "memory", (unsigned long long)bar->base,
			      (unsigned long long)bar->bytes, bar->is_64 ? ", 64 bits" : "");
	}
}

static const char *capability_name(uint8_t id)
{
	static const char *const names[] = {
		[0x01] = "power", [0x05] = "MSI",   [0x09] = "vendor", [0x0d] = "subsystem",
		[0x10] = "PCIe",  [0x11] = "MSI-X", [0x12] = "SATA",
	};

	return id < sizeof(names) / sizeof(names[0]) && names[id] ? names[id] : "other";
}

static void print_capabilities(const struct pci_dev *dev)
{
	for (unsigned int i = 0; i < dev->num_caps; i++)
		print("%s%s at 0x%02x",
		      i % 4 ? ", " :
		      i	    ? ",\n        " :
			      "        ",
		      capability_name(dev->caps[i].id), dev->caps[i].pos);
	print("%s", dev->num_caps ? "\n" : "");
}

enum status command_lspci(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	for (struct pci_dev *dev = NULL; (dev = pci_next(dev));) {
		char name[8];

		print("%s %04x:%04x %s", pci_name(dev, name), dev->vendor, dev->device,
		      class_name(dev->class));
		if (dev->secondary)
			print(", buses %02x to %02x behind it", dev->secondary, dev->subordinate);
		if (dev->msix_enabled)
			print(", %u MSI-X vectors", dev->num_vectors);
		else if (dev->pin)
			print(", INT%c#", 'A' + dev->pin - 1);
		print("\n");
		print_bars(dev);
		print_capabilities(dev);
	}
	return STATUS_OK;
}

static void print_line(const char *text, void *arg)
{
	(void)arg;
	print("%s\n", text);
}

/* Where the interrupts of its queues go. */
static void print_vectors(struct virtio_device *vdev)
{
	for (unsigned int i = 0; i < vdev->nvqs; i++) {
		int cpu;

		if (!vdev->vqs[i] || !vdev->config->get_vq_affinity)
			continue;
		cpu = vdev->config->get_vq_affinity(vdev, i);
		if (cpu >= 0)
			print("vector    of queue %u: to CPU %d\n", i, cpu);
	}
}

enum status command_lsvirtio(int argc, char **argv)
{
	struct virtio_device *vdev = NULL;
	uint64_t index;

	if (argc > 2)
		return STATUS_USAGE;
	if (argc == 2) {
		if (!parse_number(argv[1], INT32_MAX, &index))
			return STATUS_USAGE;
		vdev = virtio_find_device(index);
		if (!vdev)
			return complain("virtio%llu: no such device", (unsigned long long)index);
		virtio_device_show(vdev, print_line, NULL);
		print_vectors(vdev);
		return STATUS_OK;
	}
	while ((vdev = virtio_next_device(vdev))) {
		virtio_device_show(vdev, print_line, NULL);
		print_vectors(vdev);
	}
	return STATUS_OK;
}

enum status command_irq(int argc, char **argv)
{
	struct metal_irq irq;

	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	print(" irq  vector  cpu     count  from        handler\n");
	for (int i = 0; metal_irq_show(i, &irq); i++) {
		char line[16] = "message";

		if (!irq.vector)
			continue;
		if (irq.line >= 0)
			platform_snprintf(line, sizeof(line), "line %d", irq.line);
		print("%4d    0x%02x  %3u  %8lu  %-10s  %s", i, irq.vector, irq.cpu, irq.count,
		      line, irq.name ? irq.name : "none");
		if (irq.handlers > 1)
			print(" and %u more", irq.handlers - 1);
		print("\n");
	}
	return STATUS_OK;
}

enum status command_reset(int argc, char **argv)
{
	struct metal_machine before, after;
	int found;

	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	metal_machine_show(&before);
	net_stop();
	virtio_pci_remove_all();
	found = virtio_pci_probe_all();
	net_start();
	metal_machine_show(&after);
	print("%d device%s, allocations before and after: %zu, %zu\n", found, found == 1 ? "" : "s",
	      before.allocated, after.allocated);
	return STATUS_OK;
}
