/* SPDX-License-Identifier: MIT */
/*
 * The features of virtio 1.4: those that any device may have (6), and those of the kinds of device
 * that Linux guests are mostly given (5). Other kinds' bits are shown by number.
 */
#include <stddef.h>

#include "features.h"

static const struct feature common[] = {
	{ 24, "NOTIFY_ON_EMPTY", "legacy: an interrupt when the queue runs empty, wanted or not" },
	{ 27, "ANY_LAYOUT", "legacy: a message may be cut into descriptors in any way" },
	{ 28, "INDIRECT_DESC", "one descriptor may refer to a table of many" },
	{ 29, "EVENT_IDX", "each side names the entry at which it wants to be told" },
	{ 32, "VERSION_1", "virtio 1.0 or later, not legacy" },
	{ 33, "ACCESS_PLATFORM", "the device's addresses go through an IOMMU or a bounce buffer" },
	{ 34, "RING_PACKED", "one ring of descriptors that both sides write, not three areas" },
	{ 35, "IN_ORDER", "the device uses buffers in the order they were made available" },
	{ 36, "ORDER_PLATFORM", "memory barriers must be those for real hardware" },
	{ 37, "SR_IOV", "the device can be split into virtual functions" },
	{ 38, "NOTIFICATION_DATA", "a kick says how far the driver has come" },
	{ 39, "NOTIF_CONFIG_DATA", "a kick carries a number that the device chose" },
	{ 40, "RING_RESET", "a single queue can be reset" },
	{ 41, "ADMIN_VQ", "there is a queue for administration" },
	{ 0, NULL, NULL },
};

static const struct feature net[] = {
	{ 0, "CSUM", "the device completes checksums of what is sent" },
	{ 1, "GUEST_CSUM", "packets may arrive with their checksums not completed" },
	{ 2, "CTRL_GUEST_OFFLOADS", "receive offloads can be changed while running" },
	{ 3, "MTU", "the device says how large packets should be at most" },
	{ 5, "MAC", "the device has an address of its own" },
	{ 7, "GUEST_TSO4", "large TCP segments over IPv4 may arrive whole" },
	{ 8, "GUEST_TSO6", "large TCP segments over IPv6 may arrive whole" },
	{ 9, "GUEST_ECN", "these may carry ECN" },
	{ 10, "GUEST_UFO", "large UDP datagrams may arrive whole" },
	{ 11, "HOST_TSO4", "large TCP segments over IPv4 may be sent whole" },
	{ 12, "HOST_TSO6", "large TCP segments over IPv6 may be sent whole" },
	{ 13, "HOST_ECN", "these may carry ECN" },
	{ 14, "HOST_UFO", "large UDP datagrams may be sent whole" },
	{ 15, "MRG_RXBUF", "a packet received may fill several buffers" },
	{ 16, "STATUS", "the device tells whether the link is up" },
	{ 17, "CTRL_VQ", "there is a control queue" },
	{ 18, "CTRL_RX", "receive modes are set through it" },
	{ 19, "CTRL_VLAN", "VLAN filters are set through it" },
	{ 20, "CTRL_RX_EXTRA", "more receive modes are" },
	{ 21, "GUEST_ANNOUNCE", "the device can ask the driver to announce itself" },
	{ 22, "MQ", "there are several pairs of queues" },
	{ 23, "CTRL_MAC_ADDR", "the address is set through the control queue" },
	{ 52, "DEVICE_STATS", "the device counts, and can be asked" },
	{ 53, "VQ_NOTF_COAL", "notifications are held back, for each queue by itself" },
	{ 54, "GUEST_USO4", "large UDP segments over IPv4 may arrive whole" },
	{ 55, "GUEST_USO6", "large UDP segments over IPv6 may arrive whole" },
	{ 56, "HOST_USO", "large UDP segments may be sent whole" },
	{ 57, "HASH_REPORT", "packets arrive with a hash" },
	{ 59, "GUEST_HDRLEN", "the driver gives the exact length of headers" },
	{ 60, "RSS", "packets are spread over queues by a hash" },
	{ 61, "RSC_EXT", "the device says how many segments it put together" },
	{ 62, "STANDBY", "the device stands by for another of the same address" },
	{ 63, "SPEED_DUPLEX", "the device tells speed and duplex" },
	{ 0, NULL, NULL },
};

static const struct feature blk[] = {
	{ 0, "BARRIER", "legacy: requests can be barriers" },
	{ 1, "SIZE_MAX", "the device limits the size of a segment" },
	{ 2, "SEG_MAX", "the device limits the segments of a request" },
	{ 4, "GEOMETRY", "the device has cylinders, heads and sectors" },
	{ 5, "RO", "the device is read-only" },
	{ 6, "BLK_SIZE", "the device has a preferred block size" },
	{ 7, "SCSI", "legacy: SCSI commands can be sent" },
	{ 9, "FLUSH", "there is a cache, and a command that flushes it" },
	{ 10, "TOPOLOGY", "the device tells how to align" },
	{ 11, "CONFIG_WCE", "the cache can be switched" },
	{ 12, "MQ", "there are several queues" },
	{ 13, "DISCARD", "blocks can be discarded" },
	{ 14, "WRITE_ZEROES", "blocks can be zeroed" },
	{ 15, "LIFETIME", "the device tells how worn it is" },
	{ 16, "SECURE_ERASE", "blocks can be erased for good" },
	{ 17, "ZONED", "the device has zones" },
	{ 0, NULL, NULL },
};

static const struct feature console[] = {
	{ 0, "SIZE", "the device tells columns and rows" },
	{ 1, "MULTIPORT", "there are several ports, and control queues" },
	{ 2, "EMERG_WRITE", "a character can be written without a queue" },
	{ 0, NULL, NULL },
};

static const struct feature balloon[] = {
	{ 0, "MUST_TELL_HOST", "pages are not used again before the device is told" },
	{ 1, "STATS_VQ", "there is a queue for memory statistics" },
	{ 2, "DEFLATE_ON_OOM", "the guest may take pages back when it runs out" },
	{ 3, "FREE_PAGE_HINT", "free pages are hinted at for migration" },
	{ 4, "PAGE_POISON", "free pages have a known content" },
	{ 5, "PAGE_REPORTING", "free pages are reported as they become free" },
	{ 0, NULL, NULL },
};

static const struct feature scsi[] = {
	{ 0, "INOUT", "a request may have data in both directions" },
	{ 1, "HOTPLUG", "disks may come and go" },
	{ 2, "CHANGE", "changes of a disk are reported" },
	{ 3, "T10_PI", "requests carry protection information" },
	{ 0, NULL, NULL },
};

static const struct feature vsock[] = {
	{ 0, "STREAM", "stream sockets" },
	{ 1, "SEQPACKET", "sockets that keep message boundaries" },
	{ 2, "NO_IMPLIED_STREAM", "streams only if offered by name" },
	{ 0, NULL, NULL },
};

static const struct feature gpu[] = {
	{ 0, "VIRGL", "3D commands" },
	{ 1, "EDID", "displays describe themselves" },
	{ 2, "RESOURCE_UUID", "resources can be exported to other devices" },
	{ 3, "RESOURCE_BLOB", "resources can be plain memory" },
	{ 4, "CONTEXT_INIT", "contexts of several kinds" },
	{ 0, NULL, NULL },
};

static const struct feature p9[] = {
	{ 0, "MOUNT_TAG", "the file system has a name to mount it by" },
	{ 0, NULL, NULL },
};

static const struct feature fs[] = {
	{ 0, "NOTIFICATION", "there is a queue for notifications" },
	{ 0, NULL, NULL },
};

static const struct {
	unsigned int id;
	const char *kind;
	const struct feature *features;
} devices[] = {
	{ 1, "network", net },	 { 2, "block", blk },	    { 3, "console", console },
	{ 4, "entropy", NULL },	 { 5, "balloon", balloon }, { 8, "SCSI host", scsi },
	{ 9, "9P", p9 },	 { 16, "GPU", gpu },	    { 18, "input", NULL },
	{ 19, "socket", vsock }, { 20, "crypto", NULL },    { 23, "IOMMU", NULL },
	{ 24, "memory", NULL },	 { 25, "sound", NULL },	    { 26, "file system", fs },
	{ 27, "PMEM", NULL },	 { 34, "I2C", NULL },	    { 41, "GPIO", NULL },
};

static const struct feature *find(const struct feature *list, unsigned int bit)
{
	for (; list && list->name; list++)
		if (list->bit == bit)
			return list;
	return NULL;
}

const struct feature *feature_of(unsigned int device_id, unsigned int bit)
{
	const struct feature *found = NULL;

	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		if (devices[i].id == device_id)
			found = find(devices[i].features, bit);
	return found ? found : find(common, bit);
}

const char *device_kind(unsigned int device_id)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		if (devices[i].id == device_id)
			return devices[i].kind;
	return NULL;
}
