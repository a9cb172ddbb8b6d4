/* SPDX-License-Identifier: MIT */
/*
 * What a kernel gives its drivers, and nothing a driver could do without it.
 *
 * One header; the implementation is picked when linking. platform/host is the one where the device
 * is device/, in the same process.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

/**
 * platform_dma_alloc - memory that both driver and device reach
 * @bytes: at least 1; handed out in whole pages of 4096 bytes, which is also the alignment
 * @dma: the device's address of it
 *
 * May block. The memory is zeroed and stays where it is until platform_dma_free().
 *
 * Return: the driver's address of it, or NULL if there is no room.
 */
void *platform_dma_alloc(size_t bytes, uint64_t *dma);

/* @bytes: as given to platform_dma_alloc(). The device must be done with it. */
void platform_dma_free(void *memory, size_t bytes);

/* The device's address of a byte inside memory from platform_dma_alloc(). */
uint64_t platform_dma_address(const void *byte);

#endif
