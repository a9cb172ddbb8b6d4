// SPDX-License-Identifier: MIT
/*
 * Names of queues, as vring-trace has them: virtio0/req.0, virtio0:0, and of all queues of a device
 * virtio0, vda, eth0. Here also what is quick to type: 0.0, and 0 for a queue of virtio0.
 */
#include <string.h>

#include "monitor.h"
#include "net/net.h"

#define WORD_BYTES 64

const char *device_alias(const struct virtio_device *vdev)
{
	struct net_device *card = NULL;
	struct gendisk *disk = NULL;

	while ((disk = blk_next_disk(disk)))
		if (disk->vdev == vdev)
			return disk->disk_name;
	while ((card = netdev_next(card)))
		if (card->vdev == vdev)
			return card->name;
	return "";
}

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool names_queue(const char *word, const struct virtio_device *vdev, unsigned int queue)
{
	char name[WORD_BYTES];

	platform_snprintf(name, sizeof(name), "virtio%d", vdev->index);
	if (same(word, name))
		return true;
	platform_snprintf(name, sizeof(name), "virtio%d:%u", vdev->index, queue);
	if (same(word, name))
		return true;
	platform_snprintf(name, sizeof(name), "virtio%d/%s", vdev->index, vdev->vqs[queue]->name);
	if (same(word, name))
		return true;
	platform_snprintf(name, sizeof(name), "%d.%u", vdev->index, queue);
	if (same(word, name))
		return true;
	platform_snprintf(name, sizeof(name), "%u", queue);
	if (vdev->index == 0 && same(word, name))
		return true;
	return *word && same(word, device_alias(vdev));
}
