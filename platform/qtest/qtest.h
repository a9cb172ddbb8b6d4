/* SPDX-License-Identifier: MIT */
/*
 * The qtest ground beyond platform.h, for whoever starts the QEMU.
 *
 * A guest of QEMU whose processor sleeps for ever; its hardware is driven from this process. QEMU
 * runs with
 *
 *	-object qtest,id=…,chardev=…       the other end of .socket
 *	-object memory-backend-file,…,share=on     .ram, as the machine's memory
 *	-machine q35 or pc, and a firmware that does nothing but hlt
 *
 * Loads and stores to guest memory are plain loads and stores. Registers cost one command on the
 * socket each, about 8 us if both processes share a core, ten times that if they do not.
 */
#ifndef PLATFORM_QTEST_QTEST_H
#define PLATFORM_QTEST_QTEST_H

#include <stddef.h>
#include <stdint.h>

struct platform_qtest {
	int socket;	  /* connected; stays the caller's */
	int ram;	  /* file of the guest's memory, which starts at guest address 0 */
	size_t ram_bytes; /* up to 2 GiB */
	/*
	 * The machine has ended or talks nonsense. Does not return: a test fails here. Afterwards
	 * every register reads as ones, as those of a device that was pulled out.
	 */
	void (*lost)(const char *why) __attribute__((noreturn));
};

/**
 * platform_qtest_open - make this machine the one that platform.h is about
 *
 * Turns ECAM on where the chipset has it, routes the interrupt lines of the PCI slots, and has QEMU
 * report them. One machine at a time.
 *
 * Return: 0; -EINVAL if its chipset is neither q35 nor pc; the error of mapping its memory.
 */
int platform_qtest_open(const struct platform_qtest *machine);

/* There is no machine any more: configuration space reads all ones, memory is not to be had. */
void platform_qtest_close(void);

/* What has been taken from platform.h and not been given back. */
struct platform_qtest_taken {
	size_t dma_pages;
	size_t private_blocks;
	size_t msis;
	size_t handlers;
};

struct platform_qtest_taken platform_qtest_taken(void);

/* Commands sent to QEMU since platform_qtest_open(): what the drivers' register accesses cost. */
unsigned long platform_qtest_commands(void);

#endif
