// SPDX-License-Identifier: MIT
/*
 * What numbers are called: device types (5) and feature bits (5.x.3, 6), as the specification
 * spells them without their prefixes.
 */
#include "virtio_features.h"
#include "virtio_ids.h"

struct feature_name {
	uint8_t device; /* 0: of every device */
	uint8_t bit;
	const char *name;
};

static const struct feature_name features[] = {
	{ 0, 24, "NOTIFY_ON_EMPTY" },
	{ 0, 27, "ANY_LAYOUT" },
	{ 0, 28, "INDIRECT_DESC" },
	{ 0, 29, "EVENT_IDX" },
	{ 0, 30, "BAD_FEATURE" },
	{ 0, 32, "VERSION_1" },
	{ 0, 33, "ACCESS_PLATFORM" },
	{ 0, 34, "RING_PACKED" },
	{ 0, 35, "IN_ORDER" },
	{ 0, 36, "ORDER_PLATFORM" },
	{ 0, 37, "SR_IOV" },
	{ 0, 38, "NOTIFICATION_DATA" },
	{ 0, 39, "NOTIF_CONFIG_DATA" },
	{ 0, 40, "RING_RESET" },
	{ 0, 41, "ADMIN_VQ" },
	{ 0, 43, "SUSPEND" },

	{ VIRTIO_ID_NET, 0, "CSUM" },
	{ VIRTIO_ID_NET, 1, "GUEST_CSUM" },
	{ VIRTIO_ID_NET, 2, "CTRL_GUEST_OFFLOADS" },
	{ VIRTIO_ID_NET, 3, "MTU" },
	{ VIRTIO_ID_NET, 5, "MAC" },
	{ VIRTIO_ID_NET, 6, "GSO" },
	{ VIRTIO_ID_NET, 7, "GUEST_TSO4" },
	{ VIRTIO_ID_NET, 8, "GUEST_TSO6" },
	{ VIRTIO_ID_NET, 9, "GUEST_ECN" },
	{ VIRTIO_ID_NET, 10, "GUEST_UFO" },
	{ VIRTIO_ID_NET, 11, "HOST_TSO4" },
	{ VIRTIO_ID_NET, 12, "HOST_TSO6" },
	{ VIRTIO_ID_NET, 13, "HOST_ECN" },
	{ VIRTIO_ID_NET, 14, "HOST_UFO" },
	{ VIRTIO_ID_NET, 15, "MRG_RXBUF" },
	{ VIRTIO_ID_NET, 16, "STATUS" },
	{ VIRTIO_ID_NET, 17, "CTRL_VQ" },
	{ VIRTIO_ID_NET, 18, "CTRL_RX" },
	{ VIRTIO_ID_NET, 19, "CTRL_VLAN" },
	{ VIRTIO_ID_NET, 20, "CTRL_RX_EXTRA" },
	{ VIRTIO_ID_NET, 21, "GUEST_ANNOUNCE" },
	{ VIRTIO_ID_NET, 22, "MQ" },
	{ VIRTIO_ID_NET, 23, "CTRL_MAC_ADDR" },
	{ VIRTIO_ID_NET, 50, "DEVICE_STATS" },
	{ VIRTIO_ID_NET, 51, "HASH_TUNNEL" },
	{ VIRTIO_ID_NET, 52, "VQ_NOTF_COAL" },
	{ VIRTIO_ID_NET, 53, "NOTF_COAL" },
	{ VIRTIO_ID_NET, 54, "GUEST_USO4" },
	{ VIRTIO_ID_NET, 55, "GUEST_USO6" },
	{ VIRTIO_ID_NET, 56, "HOST_USO" },
	{ VIRTIO_ID_NET, 57, "HASH_REPORT" },
	{ VIRTIO_ID_NET, 59, "GUEST_HDRLEN" },
	{ VIRTIO_ID_NET, 60, "RSS" },
	{ VIRTIO_ID_NET, 61, "RSC_EXT" },
	{ VIRTIO_ID_NET, 62, "STANDBY" },
	{ VIRTIO_ID_NET, 63, "SPEED_DUPLEX" },
	{ VIRTIO_ID_NET, 64, "RSS_CONTEXT" },
	{ VIRTIO_ID_NET, 65, "GUEST_UDP_TUNNEL_GSO" },
	{ VIRTIO_ID_NET, 66, "GUEST_UDP_TUNNEL_GSO_CSUM" },
	{ VIRTIO_ID_NET, 67, "HOST_UDP_TUNNEL_GSO" },
	{ VIRTIO_ID_NET, 68, "HOST_UDP_TUNNEL_GSO_CSUM" },
	{ VIRTIO_ID_NET, 69, "OUT_NET_HEADER" },
	{ VIRTIO_ID_NET, 70, "IPSEC" },

	{ VIRTIO_ID_BLOCK, 0, "BARRIER" },
	{ VIRTIO_ID_BLOCK, 1, "SIZE_MAX" },
	{ VIRTIO_ID_BLOCK, 2, "SEG_MAX" },
	{ VIRTIO_ID_BLOCK, 4, "GEOMETRY" },
	{ VIRTIO_ID_BLOCK, 5, "RO" },
	{ VIRTIO_ID_BLOCK, 6, "BLK_SIZE" },
	{ VIRTIO_ID_BLOCK, 7, "SCSI" },
	{ VIRTIO_ID_BLOCK, 9, "FLUSH" },
	{ VIRTIO_ID_BLOCK, 10, "TOPOLOGY" },
	{ VIRTIO_ID_BLOCK, 11, "CONFIG_WCE" },
	{ VIRTIO_ID_BLOCK, 12, "MQ" },
	{ VIRTIO_ID_BLOCK, 13, "DISCARD" },
	{ VIRTIO_ID_BLOCK, 14, "WRITE_ZEROES" },
	{ VIRTIO_ID_BLOCK, 15, "LIFETIME" },
	{ VIRTIO_ID_BLOCK, 16, "SECURE_ERASE" },
	{ VIRTIO_ID_BLOCK, 17, "ZONED" },

	{ VIRTIO_ID_CONSOLE, 0, "SIZE" },
	{ VIRTIO_ID_CONSOLE, 1, "MULTIPORT" },
	{ VIRTIO_ID_CONSOLE, 2, "EMERG_WRITE" },

	{ VIRTIO_ID_BALLOON, 0, "MUST_TELL_HOST" },
	{ VIRTIO_ID_BALLOON, 1, "STATS_VQ" },
	{ VIRTIO_ID_BALLOON, 2, "DEFLATE_ON_OOM" },
	{ VIRTIO_ID_BALLOON, 3, "FREE_PAGE_HINT" },
	{ VIRTIO_ID_BALLOON, 4, "PAGE_POISON" },
	{ VIRTIO_ID_BALLOON, 5, "PAGE_REPORTING" },

	{ VIRTIO_ID_SCSI, 0, "INOUT" },
	{ VIRTIO_ID_SCSI, 1, "HOTPLUG" },
	{ VIRTIO_ID_SCSI, 2, "CHANGE" },
	{ VIRTIO_ID_SCSI, 3, "T10_PI" },

	{ VIRTIO_ID_9P, 0, "MOUNT_TAG" },

	{ VIRTIO_ID_GPU, 0, "VIRGL" },
	{ VIRTIO_ID_GPU, 1, "EDID" },
	{ VIRTIO_ID_GPU, 2, "RESOURCE_UUID" },
	{ VIRTIO_ID_GPU, 3, "RESOURCE_BLOB" },
	{ VIRTIO_ID_GPU, 4, "CONTEXT_INIT" },
	{ VIRTIO_ID_GPU, 5, "BLOB_ALIGNMENT" },

	{ VIRTIO_ID_VSOCK, 0, "STREAM" },
	{ VIRTIO_ID_VSOCK, 1, "SEQPACKET" },
	{ VIRTIO_ID_VSOCK, 2, "NO_IMPLIED_STREAM" },

	{ VIRTIO_ID_CRYPTO, 0, "REVISION_1" },
	{ VIRTIO_ID_CRYPTO, 1, "CIPHER_STATELESS_MODE" },
	{ VIRTIO_ID_CRYPTO, 2, "HASH_STATELESS_MODE" },
	{ VIRTIO_ID_CRYPTO, 3, "MAC_STATELESS_MODE" },
	{ VIRTIO_ID_CRYPTO, 4, "AEAD_STATELESS_MODE" },
	{ VIRTIO_ID_CRYPTO, 5, "AKCIPHER_STATELESS_MODE" },

	{ VIRTIO_ID_IOMMU, 0, "INPUT_RANGE" },
	{ VIRTIO_ID_IOMMU, 1, "DOMAIN_RANGE" },
	{ VIRTIO_ID_IOMMU, 2, "MAP_UNMAP" },
	{ VIRTIO_ID_IOMMU, 3, "BYPASS" },
	{ VIRTIO_ID_IOMMU, 4, "PROBE" },
	{ VIRTIO_ID_IOMMU, 5, "MMIO" },
	{ VIRTIO_ID_IOMMU, 6, "BYPASS_CONFIG" },

	{ VIRTIO_ID_MEM, 0, "ACPI_PXM" },
	{ VIRTIO_ID_MEM, 1, "UNPLUGGED_INACCESSIBLE" },
	{ VIRTIO_ID_MEM, 2, "PERSISTENT_SUSPEND" },

	{ VIRTIO_ID_PMEM, 0, "SHMEM_REGION" },
	{ VIRTIO_ID_FS, 0, "NOTIFICATION" },
};

const char *virtio_feature_name(unsigned int device_id, unsigned int bit)
{
	for (unsigned int i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (features[i].bit == bit &&
		    (!features[i].device || features[i].device == device_id))
			return features[i].name;
	return NULL;
}

const char *virtio_id_name(unsigned int device_id)
{
	switch (device_id) {
	case VIRTIO_ID_NET:
		return "net";
	case VIRTIO_ID_BLOCK:
		return "block";
	case VIRTIO_ID_CONSOLE:
		return "console";
	case VIRTIO_ID_RNG:
		return "rng";
	case VIRTIO_ID_BALLOON:
		return "balloon";
	case VIRTIO_ID_SCSI:
		return "scsi";
	case VIRTIO_ID_9P:
		return "9p";
	case VIRTIO_ID_GPU:
		return "gpu";
	case VIRTIO_ID_INPUT:
		return "input";
	case VIRTIO_ID_VSOCK:
		return "vsock";
	case VIRTIO_ID_CRYPTO:
		return "crypto";
	case VIRTIO_ID_IOMMU:
		return "iommu";
	case VIRTIO_ID_MEM:
		return "mem";
	case VIRTIO_ID_FS:
		return "fs";
	case VIRTIO_ID_PMEM:
		return "pmem";
	}
	return NULL;
}
