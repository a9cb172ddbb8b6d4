/* SPDX-License-Identifier: MIT */
/*
 * A sentence for each feature of virtio 1.4 that any device may have (6), and for those of the
 * kinds of device that Linux guests are mostly given (5). Their names are those of
 * bus/virtio_names.c.
 */
#include <stddef.h>
#include <stdint.h>

#include "bus/virtio_ids.h"

#include "features.h"

static const struct {
	uint8_t device; /* 0: of every device */
	uint8_t bit;
	const char *text;
} features[] = {
	{ 0, 24, "legacy: an interrupt when the queue runs empty, wanted or not" },
	{ 0, 27, "legacy: a message may be cut into descriptors in any way" },
	{ 0, 28, "one descriptor may refer to a table of many" },
	{ 0, 29, "each side names the entry at which it wants to be told" },
	{ 0, 30, "never to be accepted: a test that drivers look" },
	{ 0, 32, "virtio 1.0 or later, not legacy" },
	{ 0, 33, "the device's addresses go through an IOMMU or a bounce buffer" },
	{ 0, 34, "one ring of descriptors that both sides write, not three areas" },
	{ 0, 35, "the device uses buffers in the order they were made available" },
	{ 0, 36, "memory barriers must be those for real hardware" },
	{ 0, 37, "the device can be split into virtual functions" },
	{ 0, 38, "a kick says how far the driver has come" },
	{ 0, 39, "a kick carries a number that the device chose" },
	{ 0, 40, "a single queue can be reset" },
	{ 0, 41, "there is a queue for administration" },
	{ 0, 43, "the device can be suspended" },

	{ VIRTIO_ID_NET, 0, "the device completes checksums of what is sent" },
	{ VIRTIO_ID_NET, 1, "packets may arrive with their checksums not completed" },
	{ VIRTIO_ID_NET, 2, "receive offloads can be changed while running" },
	{ VIRTIO_ID_NET, 3, "the device says how large packets should be at most" },
	{ VIRTIO_ID_NET, 5, "the device has an address of its own" },
	{ VIRTIO_ID_NET, 6, "legacy: any large packet may be sent whole" },
	{ VIRTIO_ID_NET, 7, "large TCP segments over IPv4 may arrive whole" },
	{ VIRTIO_ID_NET, 8, "large TCP segments over IPv6 may arrive whole" },
	{ VIRTIO_ID_NET, 9, "these may carry ECN" },
	{ VIRTIO_ID_NET, 10, "large UDP datagrams may arrive whole" },
	{ VIRTIO_ID_NET, 11, "large TCP segments over IPv4 may be sent whole" },
	{ VIRTIO_ID_NET, 12, "large TCP segments over IPv6 may be sent whole" },
	{ VIRTIO_ID_NET, 13, "these may carry ECN" },
	{ VIRTIO_ID_NET, 14, "large UDP datagrams may be sent whole" },
	{ VIRTIO_ID_NET, 15, "a packet received may fill several buffers" },
	{ VIRTIO_ID_NET, 16, "the device tells whether the link is up" },
	{ VIRTIO_ID_NET, 17, "there is a control queue" },
	{ VIRTIO_ID_NET, 18, "receive modes are set through it" },
	{ VIRTIO_ID_NET, 19, "VLAN filters are set through it" },
	{ VIRTIO_ID_NET, 20, "more receive modes are" },
	{ VIRTIO_ID_NET, 21, "the device can ask the driver to announce itself" },
	{ VIRTIO_ID_NET, 22, "there are several pairs of queues" },
	{ VIRTIO_ID_NET, 23, "the address is set through the control queue" },
	{ VIRTIO_ID_NET, 50, "the device counts, and can be asked" },
	{ VIRTIO_ID_NET, 51, "the hash of a tunnel's packet is that of what is inside" },
	{ VIRTIO_ID_NET, 52, "notifications are held back, for each queue by itself" },
	{ VIRTIO_ID_NET, 53, "notifications are held back for a while" },
	{ VIRTIO_ID_NET, 54, "large UDP segments over IPv4 may arrive whole" },
	{ VIRTIO_ID_NET, 55, "large UDP segments over IPv6 may arrive whole" },
	{ VIRTIO_ID_NET, 56, "large UDP segments may be sent whole" },
	{ VIRTIO_ID_NET, 57, "packets arrive with a hash" },
	{ VIRTIO_ID_NET, 59, "the driver gives the exact length of headers" },
	{ VIRTIO_ID_NET, 60, "packets are spread over queues by a hash" },
	{ VIRTIO_ID_NET, 61, "the device says how many segments it put together" },
	{ VIRTIO_ID_NET, 62, "the device stands by for another of the same address" },
	{ VIRTIO_ID_NET, 63, "the device tells speed and duplex" },

	{ VIRTIO_ID_BLOCK, 0, "legacy: requests can be barriers" },
	{ VIRTIO_ID_BLOCK, 1, "the device limits the size of a segment" },
	{ VIRTIO_ID_BLOCK, 2, "the device limits the segments of a request" },
	{ VIRTIO_ID_BLOCK, 4, "the device has cylinders, heads and sectors" },
	{ VIRTIO_ID_BLOCK, 5, "the device is read-only" },
	{ VIRTIO_ID_BLOCK, 6, "the device has a preferred block size" },
	{ VIRTIO_ID_BLOCK, 7, "legacy: SCSI commands can be sent" },
	{ VIRTIO_ID_BLOCK, 9, "there is a cache, and a command that flushes it" },
	{ VIRTIO_ID_BLOCK, 10, "the device tells how to align" },
	{ VIRTIO_ID_BLOCK, 11, "the cache can be switched" },
	{ VIRTIO_ID_BLOCK, 12, "there are several queues" },
	{ VIRTIO_ID_BLOCK, 13, "blocks can be discarded" },
	{ VIRTIO_ID_BLOCK, 14, "blocks can be zeroed" },
	{ VIRTIO_ID_BLOCK, 15, "the device tells how worn it is" },
	{ VIRTIO_ID_BLOCK, 16, "blocks can be erased for good" },
	{ VIRTIO_ID_BLOCK, 17, "the device has zones" },

	{ VIRTIO_ID_CONSOLE, 0, "the device tells columns and rows" },
	{ VIRTIO_ID_CONSOLE, 1, "there are several ports, and control queues" },
	{ VIRTIO_ID_CONSOLE, 2, "a character can be written without a queue" },

	{ VIRTIO_ID_BALLOON, 0, "pages are not used again before the device is told" },
	{ VIRTIO_ID_BALLOON, 1, "there is a queue for memory statistics" },
	{ VIRTIO_ID_BALLOON, 2, "the guest may take pages back when it runs out" },
	{ VIRTIO_ID_BALLOON, 3, "free pages are hinted at for migration" },
	{ VIRTIO_ID_BALLOON, 4, "free pages have a known content" },
	{ VIRTIO_ID_BALLOON, 5, "free pages are reported as they become free" },

	{ VIRTIO_ID_SCSI, 0, "a request may have data in both directions" },
	{ VIRTIO_ID_SCSI, 1, "disks may come and go" },
	{ VIRTIO_ID_SCSI, 2, "changes of a disk are reported" },
	{ VIRTIO_ID_SCSI, 3, "requests carry protection information" },

	{ VIRTIO_ID_VSOCK, 0, "stream sockets" },
	{ VIRTIO_ID_VSOCK, 1, "sockets that keep message boundaries" },
	{ VIRTIO_ID_VSOCK, 2, "streams only if offered by name" },

	{ VIRTIO_ID_GPU, 0, "3D commands" },
	{ VIRTIO_ID_GPU, 1, "displays describe themselves" },
	{ VIRTIO_ID_GPU, 2, "resources can be exported to other devices" },
	{ VIRTIO_ID_GPU, 3, "resources can be plain memory" },
	{ VIRTIO_ID_GPU, 4, "contexts of several kinds" },
	{ VIRTIO_ID_GPU, 5, "plain memory has to be aligned" },

	{ VIRTIO_ID_9P, 0, "the file system has a name to mount it by" },

	{ VIRTIO_ID_FS, 0, "there is a queue for notifications" },

	{ VIRTIO_ID_CRYPTO, 0, "requests of the second revision" },
	{ VIRTIO_ID_CRYPTO, 1, "ciphers without a session" },
	{ VIRTIO_ID_CRYPTO, 2, "hashes without a session" },
	{ VIRTIO_ID_CRYPTO, 3, "MACs without a session" },
	{ VIRTIO_ID_CRYPTO, 4, "AEAD without a session" },
	{ VIRTIO_ID_CRYPTO, 5, "asymmetric ciphers without a session" },

	{ VIRTIO_ID_IOMMU, 0, "only a range of addresses can be mapped" },
	{ VIRTIO_ID_IOMMU, 1, "only a range of domains can be used" },
	{ VIRTIO_ID_IOMMU, 2, "addresses can be mapped and unmapped" },
	{ VIRTIO_ID_IOMMU, 3, "endpoints without a domain reach all memory" },
	{ VIRTIO_ID_IOMMU, 4, "the properties of endpoints can be asked for" },
	{ VIRTIO_ID_IOMMU, 5, "MMIO can be mapped as such" },
	{ VIRTIO_ID_IOMMU, 6, "bypass can be switched" },

	{ VIRTIO_ID_MEM, 0, "memory belongs to a node of ACPI's" },
	{ VIRTIO_ID_MEM, 1, "unplugged memory must not be touched" },
	{ VIRTIO_ID_MEM, 2, "plugged memory survives suspend" },

	{ VIRTIO_ID_PMEM, 0, "the memory is a shared region of the device" },
};

const char *feature_text(unsigned int device_id, unsigned int bit)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (features[i].bit == bit &&
		    (!features[i].device || features[i].device == device_id))
			return features[i].text;
	return NULL;
}
