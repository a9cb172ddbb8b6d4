// SPDX-License-Identifier: MIT
/*
 * Registers, in memory and on ports. Each is one instruction of the right width that the compiler
 * moves nothing across; the processor keeps uncached stores behind all earlier ones, so that a
 * doorbell finds in memory what it announces.
 */
#include "metal_internal.h"

uint8_t platform_mmio_read8(uint64_t address)
{
	uint8_t value;

	asm volatile("movb %1, %0" : "=q"(value) : "m"(*(volatile uint8_t *)address) : "memory");
	return value;
}

uint16_t platform_mmio_read16(uint64_t address)
{
	uint16_t value;

	asm volatile("movw %1, %0" : "=r"(value) : "m"(*(volatile uint16_t *)address) : "memory");
	return value;
}

uint32_t platform_mmio_read32(uint64_t address)
{
	uint32_t value;

	asm volatile("movl %1, %0" : "=r"(value) : "m"(*(volatile uint32_t *)address) : "memory");
	return value;
}

void platform_mmio_write8(uint64_t address, uint8_t value)
{
	asm volatile("movb %0, %1" : : "q"(value), "m"(*(volatile uint8_t *)address) : "memory");
}

void platform_mmio_write16(uint64_t address, uint16_t value)
{
	asm volatile("movw %0, %1" : : "r"(value), "m"(*(volatile uint16_t *)address) : "memory");
}

void platform_mmio_write32(uint64_t address, uint32_t value)
{
	asm volatile("movl %0, %1" : : "r"(value), "m"(*(volatile uint32_t *)address) : "memory");
}

uint8_t platform_io_read8(uint16_t port)
{
	return inb(port);
}

uint16_t platform_io_read16(uint16_t port)
{
	return inw(port);
}

uint32_t platform_io_read32(uint16_t port)
{
	return inl(port);
}

void platform_io_write8(uint16_t port, uint8_t value)
{
	outb(port, value);
}

void platform_io_write16(uint16_t port, uint16_t value)
{
	outw(port, value);
}

void platform_io_write32(uint16_t port, uint32_t value)
{
	outl(port, value);
}
