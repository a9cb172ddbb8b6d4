/* SPDX-License-Identifier: MIT */
/*
 * What the host ground offers beyond platform.h, to whoever plugs a device in.
 */
#ifndef PLATFORM_HOST_HOST_H
#define PLATFORM_HOST_HOST_H

#include "device/guest_memory.h"

/* All memory that platform_dma_alloc() hands out, as a device is to see it. */
const struct guest_memory *platform_host_memory(void);

#endif
