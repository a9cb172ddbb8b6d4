// SPDX-License-Identifier: MIT
/*
 * Addresses for BARs, and windows in the bridges above them.
 *
 * Mirrors drivers/pci/setup-bus.c and setup-res.c of Linux. First the list is walked backwards, so
 * that each bridge learns what has no address behind it; then forwards, so that each bus has its
 * room before what is on it gets a share. What firmware has placed is never moved. A window that it
 * left too small grows upwards, if there is room above it. Left out on purpose: prefetchable
 * windows are used where firmware has opened them, but none is opened; all goes below 4 GiB.
 */
#include "pci_internal.h"

/* What a bridge can tell apart, and so the unit of its windows. */
#define MEM_UNIT 0x100000
#define IO_UNIT 0x1000

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static uint64_t unit_of(enum platform_space space)
{
	return space == PLATFORM_IO ? IO_UNIT : MEM_UNIT;
}

static enum platform_space space_of(const struct pci_bar *bar)
{
	return bar->is_io ? PLATFORM_IO : PLATFORM_MMIO;
}

static enum platform_space space_of_window(unsigned int window)
{
	return window == PCI_BRIDGE_IO ? PLATFORM_IO : PLATFORM_MMIO;
}

/* The window of @bridge that new addresses come from. */
static struct pci_window *window_for(struct pci_dev *bridge, enum platform_space space)
{
	return &bridge->windows[space == PLATFORM_IO ? PCI_BRIDGE_IO : PCI_BRIDGE_MEM];
}

static bool is_bridge(const struct pci_dev *dev)
{
	return dev->hdr_type == PCI_HEADER_TYPE_BRIDGE;
}

/* ---- what firmware has done ---- */

static bool contains(const struct pci_window *window, uint64_t base, uint64_t bytes)
{
	return base >= window->base && bytes <= window->bytes &&
	       base - window->base <= window->bytes - bytes;
}

/* Does an access to all of it get past @bridge? On bus 0 we believe it. */
static bool passes(const struct pci_dev *bridge, enum platform_space space, uint64_t base,
		   uint64_t bytes)
{
	if (!bridge)
		return true;
	for (unsigned int i = 0; i < PCI_BRIDGE_WINDOWS; i++)
		if (space_of_window(i) == space && contains(&bridge->windows[i], base, bytes))
			return true;
	return false;
}

/* Addresses that no access could reach are as good as none. */
static void forget_unreachable(void)
{
	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next) {
		for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
			struct pci_bar *bar = &dev->bars[i];

			if (bar->base && !passes(dev->bridge, space_of(bar), bar->base, bar->bytes))
				bar->base = 0;
		}
		for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
			struct pci_window *space = &dev->vf_space[i];

			if (!space->bytes ||
			    passes(dev->bridge, PLATFORM_MMIO, space->base, space->bytes))
				continue;
			*space = (struct pci_window){ 0 };
			dev->vf_bars[i].base = 0;
		}
		for (unsigned int i = 0; i < PCI_BRIDGE_WINDOWS; i++) {
			struct pci_window *window = &dev->windows[i];

			if (window->bytes &&
			    !passes(dev->bridge, space_of_window(i), window->base, window->bytes))
				*window = (struct pci_window){ 0 };
		}
	}
}

/* ---- how much is needed ---- */

static void add_need(struct pci_dev *bridge, enum platform_space space, uint64_t bytes,
		     uint64_t align)
{
	struct pci_need *need;

	if (!bridge)
		return;
	need = &bridge->need[space];
	/* What is a multiple of its alignment leaves no holes when the largest go first. */
	need->bytes += align_up(bytes, align);
	if (need->align < align)
		need->align = align;
}

static void count_needs(void)
{
	struct pci_dev *last = NULL;

	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next) {
		dev->need[PLATFORM_MMIO] = (struct pci_need){ 0, MEM_UNIT };
		dev->need[PLATFORM_IO] = (struct pci_need){ 0, IO_UNIT };
		last = dev;
	}
	for (struct pci_dev *dev = last; dev; dev = dev->prev) {
		for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
			if (dev->bars[i].bytes && !dev->bars[i].base &&
			    dev->bars[i].bytes <= UINT32_MAX)
				add_need(dev->bridge, space_of(&dev->bars[i]), dev->bars[i].bytes,
					 dev->bars[i].bytes);
		for (int space = 0; space < 2; space++) {
			struct pci_need *need = &dev->need[space];

			need->bytes = align_up(need->bytes, unit_of(space));
			if (need->bytes)
				add_need(dev->bridge, space, need->bytes, need->align);
		}
	}
}

/* ---- finding room ---- */

/* If [base, base + bytes) touches the other, where that ends; else 0. */
static uint64_t beyond(uint64_t base, uint64_t bytes, uint64_t other, uint64_t other_bytes)
{
	if (!other || !other_bytes || base >= other + other_bytes || other >= base + bytes)
		return 0;
	return other + other_bytes;
}

/* The end of something on that bus that is in the way; 0 if nothing is. @but: a window not to be
 * counted. */
static uint64_t in_the_way(const struct pci_dev *bridge, enum platform_space space, uint64_t base,
			   uint64_t bytes, const struct pci_window *but)
{
	for (const struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next) {
		uint64_t end;

		if (dev->bridge != bridge)
			continue;
		for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
			end = space_of(&dev->bars[i]) == space ?
				      beyond(base, bytes, dev->bars[i].base, dev->bars[i].bytes) :
				      0;
			if (!end && space == PLATFORM_MMIO)
				end = beyond(base, bytes, dev->vf_space[i].base,
					     dev->vf_space[i].bytes);
			if (end)
				return end;
		}
		for (unsigned int i = 0; i < PCI_BRIDGE_WINDOWS; i++) {
			end = space_of_window(i) == space && &dev->windows[i] != but ?
				      beyond(base, bytes, dev->windows[i].base,
					     dev->windows[i].bytes) :
				      0;
			if (end)
				return end;
		}
	}
	return 0;
}

static struct pci_window room_behind(const struct pci_dev *bridge, enum platform_space space)
{
	struct platform_window host;

	if (bridge)
		return *window_for((struct pci_dev *)bridge, space);
	host = platform_pci_window(space);
	return (struct pci_window){ .base = host.base, .bytes = host.bytes };
}

uint64_t pci_find_room(const struct pci_dev *bridge, enum platform_space space, uint64_t bytes,
		       uint64_t align)
{
	struct pci_window room = room_behind(bridge, space);
	uint64_t base, next;

	if (!room.bytes || bytes > room.bytes)
		return 0;
	/* 0 means no address, so it is none. */
	base = align_up(room.base ? room.base : 1, align);
	while (contains(&room, base, bytes)) {
		next = in_the_way(bridge, space, base, bytes, NULL);
		if (!next)
			return base;
		base = align_up(next, align);
	}
	return 0;
}

/* ---- giving it out ---- */

/* The window ends later, by as much as it lacks, if nobody is there. */
static void grow_window(struct pci_dev *dev, enum platform_space space)
{
	struct pci_window *window = window_for(dev, space);
	struct pci_window room = room_behind(dev->bridge, space);
	const struct pci_need *need = &dev->need[space];
	uint64_t end = window->base + window->bytes, more;

	if (!window->bytes || !need->bytes || pci_find_room(dev, space, need->bytes, need->align))
		return;
	more = align_up(end, need->align) - end + need->bytes;
	if (contains(&room, window->base, window->bytes + more) &&
	    !in_the_way(dev->bridge, space, end, more, window))
		window->bytes += more;
}

static void place_window(struct pci_dev *dev, enum platform_space space, uint64_t align)
{
	struct pci_window *window = window_for(dev, space);
	const struct pci_need *need = &dev->need[space];

	if (window->bytes || !need->bytes || need->align != align)
		return;
	window->base = pci_find_room(dev->bridge, space, need->bytes, align);
	if (window->base)
		window->bytes = need->bytes;
}

static void place_bar(struct pci_dev *dev, unsigned int i, enum platform_space space,
		      uint64_t align)
{
	struct pci_bar *bar = &dev->bars[i];
	uint16_t command;

	if (bar->base || bar->bytes != align || space_of(bar) != space)
		return;
	bar->base = pci_find_room(dev->bridge, space, bar->bytes, align);
	if (!bar->base)
		return;
	/* Half an address must not be answered. */
	command = pci_read_config_word(dev, PCI_COMMAND);
	pci_write_config_word(dev, PCI_COMMAND, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	pci_write_bar(dev, PCI_BASE_ADDRESS_0 + 4 * i, bar);
	pci_write_config_word(dev, PCI_COMMAND, command);
}

/* The largest alignment below @limit that something on the bus still asks for; 0: none. */
static uint64_t next_align(const struct pci_dev *bridge, enum platform_space space, uint64_t limit)
{
	uint64_t align = 0;

	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next) {
		const struct pci_need *need = &dev->need[space];

		if (dev->bridge != bridge)
			continue;
		if (need->bytes && !window_for(dev, space)->bytes && need->align < limit &&
		    need->align > align)
			align = need->align;
		for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
			const struct pci_bar *bar = &dev->bars[i];

			if (!bar->base && space_of(bar) == space && bar->bytes < limit &&
			    bar->bytes > align)
				align = bar->bytes;
		}
	}
	return align;
}

static void place_on_bus(struct pci_dev *bridge, enum platform_space space)
{
	uint64_t align = UINT64_MAX;

	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next)
		if (dev->bridge == bridge && is_bridge(dev))
			grow_window(dev, space);
	while ((align = next_align(bridge, space, align)))
		for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next) {
			if (dev->bridge != bridge)
				continue;
			if (is_bridge(dev))
				place_window(dev, space, align);
			for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
				place_bar(dev, i, space, align);
		}
}

/* ---- telling the bridges ---- */

static uint64_t last_of(const struct pci_window *window)
{
	return window->base + window->bytes - 1;
}

static void write_mem_window(struct pci_dev *dev, unsigned int base, unsigned int limit,
			     const struct pci_window *window)
{
	/* Base above limit is how a window is shut. */
	pci_write_config_word(dev, base,
			      window->bytes ? (uint16_t)(window->base >> 16 & 0xfff0) : 0xfff0);
	pci_write_config_word(dev, limit,
			      window->bytes ? (uint16_t)(last_of(window) >> 16 & 0xfff0) : 0);
}

static void write_windows(struct pci_dev *dev)
{
	struct pci_window *io = &dev->windows[PCI_BRIDGE_IO];
	struct pci_window *pref = &dev->windows[PCI_BRIDGE_PREF];
	uint16_t command = pci_read_config_word(dev, PCI_COMMAND);
	uint8_t io_base = io->bytes ? io->base >> 8 & 0xf0 : 0xf0;

	/* Nothing passes while the windows are neither the old nor the new ones. */
	command &= ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	pci_write_config_word(dev, PCI_COMMAND, command);

	pci_write_config_byte(dev, PCI_IO_BASE, io_base);
	pci_write_config_byte(dev, PCI_IO_LIMIT, io->bytes ? last_of(io) >> 8 & 0xf0 : 0);
	write_mem_window(dev, PCI_MEMORY_BASE, PCI_MEMORY_LIMIT, &dev->windows[PCI_BRIDGE_MEM]);
	write_mem_window(dev, PCI_PREF_MEMORY_BASE, PCI_PREF_MEMORY_LIMIT, pref);
	pci_write_config_dword(dev, PCI_PREF_BASE_UPPER32, (uint32_t)(pref->base >> 32));
	pci_write_config_dword(dev, PCI_PREF_LIMIT_UPPER32,
			       pref->bytes ? (uint32_t)(last_of(pref) >> 32) : 0);

	/* A bridge need not pass I/O at all: then the register has no bits to set. */
	if ((pci_read_config_byte(dev, PCI_IO_BASE) & 0xf0) == io_base) {
		if (io->bytes)
			command |= PCI_COMMAND_IO;
	} else {
		*io = (struct pci_window){ 0 };
	}
	if (dev->windows[PCI_BRIDGE_MEM].bytes || pref->bytes)
		command |= PCI_COMMAND_MEMORY;
	/* What functions behind it write to memory has to get up here. */
	pci_write_config_word(dev, PCI_COMMAND, command | PCI_COMMAND_MASTER);
}

static void complain(const struct pci_dev *dev)
{
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
		if (dev->bars[i].bytes && !dev->bars[i].base)
			pci_log(PLATFORM_WARNING, dev, "no room for BAR %u, %llu bytes of %s", i,
				(unsigned long long)dev->bars[i].bytes,
				dev->bars[i].is_io ? "I/O" : "memory");
}

void pci_assign_unassigned(void)
{
	forget_unreachable();
	count_needs();
	place_on_bus(NULL, PLATFORM_MMIO);
	place_on_bus(NULL, PLATFORM_IO);
	/* Bridges come before what is behind them: their windows are final by now. */
	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next) {
		if (!is_bridge(dev) || !dev->secondary)
			continue;
		write_windows(dev);
		place_on_bus(dev, PLATFORM_MMIO);
		place_on_bus(dev, PLATFORM_IO);
	}
	for (struct pci_dev *dev = pci_next(NULL); dev; dev = dev->next)
		complain(dev);
}
