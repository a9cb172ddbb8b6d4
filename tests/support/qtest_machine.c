/* SPDX-License-Identifier: MIT */
/*
 * A machine for the suites of tests/grounds, made by QEMU: machine.h in the words of its command
 * line.
 *
 * The other one is host_machine.c. Here every device is QEMU's, so what machine.h cannot promise of
 * QEMU fails with a line that says so; a suite that knows it beforehand calls machine_skip().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "platform/platform.h"
#include "platform/qtest/qtest.h"

#include "machine.h"
#include "qtest_qemu.h"

const char machine_ground[] = "qtest";

#define RAM_BYTES ((size_t)64 << 20)
#define SECTOR_BYTES 512
#define DEFAULT_DISK_BYTES ((size_t)1 << 20)
#define FRAME_MS 1000

/* A device as it was asked for, and our side of what is behind it. */
struct attached {
	const struct machine_device *wanted;
	int disk; /* file; 0: it has none of ours */
	uint8_t *map;
	size_t map_bytes;
	int cable; /* socket: whole frames; 0: it is no network card */
};

static struct {
	bool running;
	struct machine wanted; /* copied: a test's may be on a stack that is left */
	struct qemu qemu;
	struct attached devices[MACHINE_DEVICES];
	unsigned int num_devices;
	int trace; /* file; 0: nobody asked for a witness */
	size_t private_blocks;
} machine;

/* ---- the command line ---- */

/* Collects "name=value" for one -device. */
struct device_text {
	char text[1024];
	size_t bytes;
};

static __attribute__((format(printf, 2, 3))) void add(struct device_text *device,
						      const char *format, ...)
{
	size_t room = sizeof(device->text) - device->bytes;
	va_list args;
	int bytes;

	va_start(args, format);
	bytes = vsnprintf(device->text + device->bytes, room, format, args);
	va_end(args);
	assert_true(bytes >= 0 && (size_t)bytes < room);
	device->bytes += bytes;
}

static void add_switch(struct device_text *device, const char *name, enum machine_switch setting)
{
	if (setting != MACHINE_DEFAULT)
		add(device, ",%s=%s", name, setting == MACHINE_ON ? "on" : "off");
}

static void add_number(struct device_text *device, const char *name, unsigned int number)
{
	if (number)
		add(device, ",%s=%u", name, number);
}

/* The file of a disk whose sectors each start with their own number. */
static int numbered_disk(size_t bytes)
{
	int file = qemu_file(&machine.qemu, "disk", bytes);

	assert_int_equal(bytes % SECTOR_BYTES, 0);
	if (bytes) {
		uint8_t *disk = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

		assert_ptr_not_equal(disk, MAP_FAILED);
		for (size_t n = 0; n < bytes; n++)
			disk[n] = n / SECTOR_BYTES;
		munmap(disk, bytes);
	}
	return file;
}

/* The block node "diskN": null-co, a plain file, or blkdebug with its options before a file. */
static void add_disk(unsigned int n)
{
	const struct machine_device *wanted = machine.devices[n].wanted;
	size_t bytes = wanted->disk_bytes ? wanted->disk_bytes : DEFAULT_DISK_BYTES;
	const char *backend = wanted->backend, *access = wanted->read_only ? "on" : "off";
	struct qemu *qemu = &machine.qemu;
	int file;

	if (backend && !strcmp(backend, "null-co")) {
		qemu_arg(qemu, "-blockdev");
		qemu_arg(qemu,
			 "driver=null-co,node-name=disk%u,size=%zu,read-zeroes=on,read-only=%s", n,
			 bytes, access);
		return;
	}
	if (backend && strncmp(backend, "blkdebug:", 9))
		fail_msg("qtest: no such backend: %s", backend);

	file = machine.devices[n].disk = numbered_disk(bytes);
	qemu_arg(qemu, "-blockdev");
	qemu_arg(qemu,
		 "driver=file,filename=/proc/self/fd/%d,node-name=%s%u,discard=unmap,read-only=%s",
		 file, backend ? "file" : "disk", n, access);
	if (backend) {
		qemu_arg(qemu, "-blockdev");
		qemu_arg(
			qemu,
			"driver=blkdebug,node-name=disk%u,image=file%u,discard=unmap,read-only=%s%s%s",
			n, n, access, backend[9] ? "," : "", backend + 9);
	}
}

static void add_cable(unsigned int n)
{
	int theirs, ours = qemu_socket(&machine.qemu, SOCK_DGRAM, &theirs);

	machine.devices[n].cable = ours;
	qemu_arg(&machine.qemu, "-netdev");
	qemu_arg(&machine.qemu, "dgram,id=cable%u,local.type=fd,local.str=%d", n, theirs);
}

/* What stands behind the function, and the properties that each type names in its own way. */
static void add_type(struct device_text *device, unsigned int n)
{
	const struct machine_device *wanted = machine.devices[n].wanted;

	if (!strcmp(wanted->type, "blk")) {
		add_disk(n);
		add(device, ",drive=disk%u", n);
		add_number(device, "num-queues", wanted->num_queues);
		add_number(device, "queue-size", wanted->queue_size);
	} else if (!strcmp(wanted->type, "net")) {
		if (wanted->num_queues > 1)
			fail_msg("qtest: a dgram netdev has one pair of queues, not %u",
				 wanted->num_queues);
		add_cable(n);
		add(device, ",netdev=cable%u,romfile=", n);
		add_number(device, "rx_queue_size", wanted->queue_size);
	} else if (!strcmp(wanted->type, "scsi")) {
		add_disk(n);
		add_number(device, "num_queues", wanted->num_queues);
		add_number(device, "virtqueue_size", wanted->queue_size);
	} else if (strcmp(wanted->type, "rng") || wanted->num_queues || wanted->queue_size) {
		fail_msg("qtest: no such device: %s with %u queues of %u entries", wanted->type,
			 wanted->num_queues, wanted->queue_size);
	}
}

static bool is_q35(void)
{
	return !strcmp(machine.wanted.type, "q35");
}

/* Slot 0 is the host bridge; on pc slot 1 is the chipset's as well. */
static void add_place(struct device_text *device, unsigned int n)
{
	unsigned int slot = n + (is_q35() ? 1 : 2);

	if (!machine.devices[n].wanted->behind_root_port) {
		add(device, ",bus=%s,addr=0x%x", is_q35() ? "pcie.0" : "pci.0", slot);
		return;
	}
	if (!is_q35())
		fail_msg("qtest: %s has no PCIe root ports", machine.wanted.type);
	qemu_arg(&machine.qemu, "-device");
	qemu_arg(&machine.qemu, "pcie-root-port,id=port%u,bus=pcie.0,addr=0x%x,chassis=%u,slot=%u",
		 n, slot, n + 1, n + 1);
	add(device, ",bus=port%u,addr=0", n);
}

static void add_device(unsigned int n)
{
	const struct machine_device *wanted = machine.devices[n].wanted;
	enum machine_interface interface = wanted->interface;
	struct device_text device = { .bytes = 0 };

	add(&device, "virtio-%s-pci,id=dev%u,disable-legacy=%s,disable-modern=%s", wanted->type, n,
	    interface == MACHINE_MODERN ? "on" : "off", interface == MACHINE_LEGACY ? "on" : "off");
	add_place(&device, n);
	add_type(&device, n);
	add_switch(&device, "packed", wanted->packed);
	add_switch(&device, "event_idx", wanted->event_idx);
	add_switch(&device, "indirect_desc", wanted->indirect);
	if (wanted->vectors == MACHINE_NO_VECTORS)
		add(&device, ",vectors=0");
	else
		add_number(&device, "vectors", wanted->vectors);
	/* A doorbell is then handled before the access ends, and none is merged with the next. */
	if (machine.wanted.witness)
		add(&device, ",ioeventfd=off");
	if (wanted->options)
		add(&device, ",%s", wanted->options);
	qemu_arg(&machine.qemu, "-device");
	qemu_arg(&machine.qemu, "%s", device.text);
	if (!strcmp(wanted->type, "scsi")) {
		qemu_arg(&machine.qemu, "-device");
		qemu_arg(&machine.qemu, "scsi-hd,bus=dev%u.0,drive=disk%u", n, n);
	}
}

/* ---- the events that QEMU logs ---- */

static const char doorbell_event[] = "virtio_queue_notify", pop_event[] = "virtqueue_pop",
		  fill_event[] = "virtqueue_fill", interrupt_event[] = "virtio_notify";

static void add_trace(void)
{
	const char *const events[] = { doorbell_event, pop_event, fill_event, interrupt_event };

	machine.trace = qemu_file(&machine.qemu, "trace", 0);
	for (unsigned int i = 0; i < sizeof(events) / sizeof(*events); i++) {
		qemu_arg(&machine.qemu, "-trace");
		qemu_arg(&machine.qemu, "%s", events[i]);
	}
	qemu_arg(&machine.qemu, "-D");
	qemu_arg(&machine.qemu, "/proc/self/fd/%d", machine.trace);
}

bool machine_witness(struct machine_witness *seen)
{
	assert_true(machine.running && machine.trace);
	seen->doorbells = qemu_count_lines(machine.trace, doorbell_event);
	seen->popped = qemu_count_lines(machine.trace, pop_event);
	seen->filled = qemu_count_lines(machine.trace, fill_event);
	seen->interrupts = qemu_count_lines(machine.trace, interrupt_event);
	return true;
}

/* ---- start and stop ---- */

static void end_qemu(void)
{
	platform_qtest_close();
	for (unsigned int n = 0; n < machine.num_devices; n++)
		if (machine.devices[n].map)
			munmap(machine.devices[n].map, machine.devices[n].map_bytes);
	qemu_kill(&machine.qemu);
	memset(&machine, 0, sizeof(machine));
}

static __attribute__((noreturn)) void lost(const char *why)
{
	fail_msg("qtest: %s: %s", why, qemu_said(&machine.qemu));
	abort(); /* fail_msg() does not come back, though cmocka does not say so */
}

/* A test that failed may have left its machine running. */
void machine_start(const struct machine *wanted)
{
	struct platform_qtest ground = { .ram_bytes = RAM_BYTES, .lost = lost };
	int err;

	if (machine.running)
		end_qemu();
	machine.wanted = *wanted;
	if (!machine.wanted.type)
		machine.wanted.type = "q35";
	machine.private_blocks = platform_qtest_taken().private_blocks;
	machine.running = true;

	qemu_prepare(&machine.qemu, machine.wanted.type, RAM_BYTES);
	if (machine.wanted.witness)
		add_trace();
	for (unsigned int n = 0; n < MACHINE_DEVICES && machine.wanted.devices[n].type; n++) {
		machine.devices[n].wanted = &machine.wanted.devices[n];
		machine.num_devices++;
		add_device(n);
	}
	qemu_start(&machine.qemu);

	ground.socket = machine.qemu.socket;
	ground.ram = machine.qemu.ram;
	err = platform_qtest_open(&ground);
	if (err)
		fail_msg("qtest: the ground does not open: %s; QEMU: %s", strerror(-err),
			 qemu_said(&machine.qemu));
}

/* What QEMU says of any card with RSS whose cable is no tap, and then steers all the same. */
static bool is_no_complaint(const char *said)
{
	static const char known[] =
		"qemu-system-x86_64: warning: Can't load eBPF RSS - fallback to software RSS";
	size_t len = strlen(known);

	while (!strncmp(said, known, len)) {
		said += len;
		said += *said == ';';
	}
	return !*said;
}

void machine_stop(void)
{
	struct platform_qtest_taken taken = platform_qtest_taken();
	size_t blocks = taken.private_blocks - machine.private_blocks;
	char said[256] = "";

	assert_true(machine.running);
	if (qemu_said_something(&machine.qemu))
		snprintf(said, sizeof(said), "%s", qemu_said(&machine.qemu));
	end_qemu();
	if (taken.dma_pages || blocks || taken.msis || taken.handlers)
		fail_msg(
			"still allocated: %zu pages, %zu private blocks, %zu messages, %zu handlers",
			taken.dma_pages, blocks, taken.msis, taken.handlers);
	if (!is_no_complaint(said))
		fail_msg("QEMU complained: %s", said);
}

void machine_remove_suddenly(unsigned int device)
{
	fail_msg("qtest: device %u is QEMU's, which pulls nothing out without being told", device);
}

/* ---- what is behind a device ---- */

static struct attached *attached(unsigned int n)
{
	assert_true(machine.running && n < machine.num_devices);
	return &machine.devices[n];
}

/* QEMU reads and writes the file through the page cache, which the mapping is. */
uint8_t *machine_disk(unsigned int n, size_t *bytes)
{
	struct attached *device = attached(n);
	struct stat file;

	if (!device->disk)
		fail_msg("qtest: device %u has no disk of bytes", n);
	assert_int_equal(fstat(device->disk, &file), 0);
	if ((size_t)file.st_size != device->map_bytes) {
		if (device->map)
			munmap(device->map, device->map_bytes);
		device->map = mmap(NULL, file.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				   device->disk, 0);
		assert_ptr_not_equal(device->map, MAP_FAILED);
		device->map_bytes = file.st_size;
	}
	*bytes = device->map_bytes;
	return device->map;
}

static int cable(unsigned int n)
{
	struct attached *device = attached(n);

	if (!device->cable)
		fail_msg("qtest: device %u is no network card", n);
	return device->cable;
}

void machine_net_send(unsigned int n, const void *frame, size_t bytes)
{
	assert_int_equal(send(cable(n), frame, bytes, MSG_NOSIGNAL), bytes);
}

size_t machine_net_receive(unsigned int n, void *frame, size_t capacity)
{
	struct pollfd fd = { .fd = cable(n), .events = POLLIN };
	ssize_t bytes;

	if (poll(&fd, 1, FRAME_MS) <= 0)
		return 0;
	bytes = recv(fd.fd, frame, capacity, MSG_TRUNC);
	assert_in_range(bytes, 1, capacity);
	return bytes;
}

static __attribute__((format(printf, 2, 3))) void monitor(const char *command, const char *format,
							  ...)
{
	const char *answer;
	char arguments[128];
	va_list args;

	va_start(args, format);
	vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	answer = qemu_monitor(&machine.qemu, command, arguments);
	if (answer)
		fail_msg("qtest: %s %s: %s", command, arguments, answer);
}

void machine_set_link(unsigned int n, bool up)
{
	cable(n);
	monitor("set_link", "'name':'dev%u','up':%s", n, up ? "true" : "false");
}

void machine_resize_disk(unsigned int n, size_t bytes)
{
	attached(n);
	monitor("block_resize", "'node-name':'disk%u','size':%zu", n, bytes);
}
