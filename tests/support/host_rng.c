/* SPDX-License-Identifier: MIT */
/*
 * The entropy device of the host ground's machine.
 */
#include <stdlib.h>

#include "device/rng.h"
#include "host_machine.h"
#include "platform/host/host.h"

struct host_rng {
	struct VirtIODevice vdev; /* first: the two are one object */
	struct VirtIORNG rng;
};

struct VirtIODevice *host_rng_new(const struct machine_device *device)
{
	struct host_rng *host = calloc(1, sizeof(*host));

	if (!host)
		abort();
	host->vdev.memory = platform_host_memory();
	host->vdev.queue_num_max[0] = device->queue_size ? (uint16_t)device->queue_size : 8;
	host_features(device, host->vdev.host_features);
	virtio_rng_init(&host->rng, &host->vdev);
	return &host->vdev;
}

void host_rng_free(struct VirtIODevice *vdev)
{
	free(vdev);
}
