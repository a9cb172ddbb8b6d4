/* SPDX-License-Identifier: MIT */
/*
 * What the files of platform/qtest share. qtest.c talks to QEMU and opens the others.
 */
#ifndef PLATFORM_QTEST_QTEST_INTERNAL_H
#define PLATFORM_QTEST_QTEST_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines of the I/O APIC, one for each of its pins; QEMU's numbers in "IRQ raise N". */
#define QTEST_LINES 24

/* ---- qtest.c ---- */

bool qtest_is_open(void);
bool qtest_is_gone(void); /* open, and QEMU has ended: nothing will ever come of it */

/* Sends one command of the protocol; returns the number that the answer carries, 0 if none. */
uint64_t qtest_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes in what QEMU has to say of interrupt lines; sleeps up to @ns nanoseconds for it. */
void qtest_listen(uint64_t ns);

/* ---- dma.c ---- */

int qtest_dma_open(int ram, size_t bytes);
void qtest_dma_close(void);
uint32_t *qtest_message_page(uint64_t *dma); /* 4096 bytes, zeroed when the machine starts */
size_t qtest_dma_pages_taken(void);
size_t qtest_private_blocks_taken(void);

/* ---- pci.c ---- */

int qtest_pci_open(void);

/* ---- irq.c ---- */

void qtest_irq_open(void);
void qtest_irq_close(void);
void qtest_irq_line(unsigned int line, bool up);
size_t qtest_msis_taken(void);
size_t qtest_handlers_taken(void);

/* ---- process.c ---- */

void qtest_forget_locks(void); /* a test that failed may have left some held */
bool qtest_holds_a_lock(void);

#endif
