/* SPDX-License-Identifier: MIT */
/*
 * What the files of PCI share among themselves: pci.c is a function, pci_scan.c finds them,
 * pci_assign.c gives them addresses, pci_msix.c is their interrupts, pci_iov.c virtual functions.
 */
#ifndef PCI_PCI_INTERNAL_H
#define PCI_PCI_INTERNAL_H

#include "pci.h"
#include "pci_regs.h"

/* One line about a function: "pci 00:03.0: …". */
#define pci_log(level, dev, format, ...) \
	platform_log(level, "pci %s: " format, pci_name(dev, (char[8]){ 0 }), ##__VA_ARGS__)

/* A new function in the list: after @after, or first of all. NULL: no memory. */
struct pci_dev *pci_alloc_dev(struct pci_dev *after);
void pci_free_dev(struct pci_dev *dev);

/* Everything of a function's own that its config space says, BARs apart. False: a header that we
 * do not know. */
bool pci_setup_device(struct pci_dev *dev);

/* Which of @num BARs from register @reg on there are, and where. They are not decoded now. */
void pci_size_bars(const struct pci_dev *dev, unsigned int num, unsigned int reg,
		   struct pci_bar *bars);
/* Into dev->bars: the function's own, of which there can be @num. */
void pci_read_bases(struct pci_dev *dev, unsigned int num);
/* The BAR's register (two if 64-bit) gets its base. */
void pci_write_bar(const struct pci_dev *dev, unsigned int reg, const struct pci_bar *bar);

/* Everything that has no address gets one, if there is room. */
void pci_assign_unassigned(void);

/* Room for @bytes on the bus behind @bridge (NULL: bus 0). 0: there is none. */
uint64_t pci_find_room(const struct pci_dev *bridge, enum platform_space space, uint64_t bytes,
		       uint64_t align);

/* MSI-X off, if whoever came before has left it on. */
void pci_msix_init(const struct pci_dev *dev);
/* The BARs of its virtual functions, if it can have any; those there are disappear. */
void pci_iov_init(struct pci_dev *dev);

/* After the function has lost its state: the table and the control register again. */
void pci_restore_msix(struct pci_dev *dev);

#endif
