// SPDX-License-Identifier: MIT
/*
 * One PCI function: its config space, its capabilities, and its life between power on and sleep.
 *
 * Mirrors drivers/pci/pci.c and access.c of Linux. What differs: the capability list is walked once
 * and kept, where Linux walks it for every question and so can be led round a loop for ever by one
 * who asks for the next and the next.
 */
#include "pci_internal.h"

static struct pci_dev *first_dev;

/* ---- the list ---- */

struct pci_dev *pci_alloc_dev(struct pci_dev *after)
{
	struct pci_dev *dev = platform_zalloc(sizeof(*dev));

	if (!dev)
		return NULL;
	dev->prev = after;
	dev->next = after ? after->next : first_dev;
	if (dev->next)
		dev->next->prev = dev;
	if (after)
		after->next = dev;
	else
		first_dev = dev;
	return dev;
}

void pci_free_dev(struct pci_dev *dev)
{
	if (dev->next)
		dev->next->prev = dev->prev;
	if (dev->prev)
		dev->prev->next = dev->next;
	else
		first_dev = dev->next;
	platform_free(dev);
}

struct pci_dev *pci_next(struct pci_dev *after)
{
	return after ? after->next : first_dev;
}

void pci_forget(void)
{
	while (first_dev)
		pci_free_dev(first_dev);
}

const char *pci_name(const struct pci_dev *dev, char buf[8])
{
	platform_snprintf(buf, 8, "%02x:%02x.%u", pci_bus_number(dev), pci_slot(dev),
			  pci_func(dev));
	return buf;
}

/* ---- config space ---- */

uint8_t pci_read_config_byte(const struct pci_dev *dev, unsigned int offset)
{
	return (uint8_t)platform_pci_read(dev->bdf, offset, 1);
}

uint16_t pci_read_config_word(const struct pci_dev *dev, unsigned int offset)
{
	return (uint16_t)platform_pci_read(dev->bdf, offset, 2);
}

uint32_t pci_read_config_dword(const struct pci_dev *dev, unsigned int offset)
{
	return platform_pci_read(dev->bdf, offset, 4);
}

void pci_write_config_byte(const struct pci_dev *dev, unsigned int offset, uint8_t value)
{
	platform_pci_write(dev->bdf, offset, 1, value);
}

void pci_write_config_word(const struct pci_dev *dev, unsigned int offset, uint16_t value)
{
	platform_pci_write(dev->bdf, offset, 2, value);
}

void pci_write_config_dword(const struct pci_dev *dev, unsigned int offset, uint32_t value)
{
	platform_pci_write(dev->bdf, offset, 4, value);
}

bool pci_device_is_present(const struct pci_dev *dev)
{
	/* A virtual function has all ones there always; its physical one speaks for it. */
	if (dev->physfn)
		return pci_device_is_present(dev->physfn);
	return pci_read_config_dword(dev, PCI_VENDOR_ID) ==
	       (dev->vendor | (uint32_t)dev->device << 16);
}

/* ---- capabilities ---- */

static bool known_cap(const struct pci_dev *dev, unsigned int pos)
{
	for (unsigned int i = 0; i < dev->num_caps; i++)
		if (dev->caps[i].pos == pos)
			return true;
	return false;
}

/*
 * The list ends at 0, at an entry that cannot be one, or where it has been before. Pointers are
 * offsets in 32-bit words: the two lowest bits are reserved (PCI 3.0, 6.7).
 */
static void read_capabilities(struct pci_dev *dev)
{
	unsigned int pos;
	uint16_t entry;

	dev->num_caps = 0;
	if (!(pci_read_config_word(dev, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return;
	pos = pci_read_config_byte(dev, PCI_CAPABILITY_LIST) & ~3u;
	while (pos >= PCI_STD_HEADER_SIZEOF && dev->num_caps < PCI_MAX_CAPS &&
	       !known_cap(dev, pos)) {
		entry = pci_read_config_word(dev, pos);
		if ((entry & 0xff) == 0xff)
			return; /* nothing there, or nobody any more */
		dev->caps[dev->num_caps++] =
			(struct pci_cap){ .pos = (uint8_t)pos, .id = (uint8_t)entry };
		pos = entry >> 8 & ~3u;
	}
}

unsigned int pci_find_next_capability(const struct pci_dev *dev, unsigned int pos, uint8_t id)
{
	bool past = pos == 0;

	for (unsigned int i = 0; i < dev->num_caps; i++) {
		if (past && dev->caps[i].id == id)
			return dev->caps[i].pos;
		if (dev->caps[i].pos == pos)
			past = true;
	}
	return 0;
}

unsigned int pci_find_capability(const struct pci_dev *dev, uint8_t id)
{
	return pci_find_next_capability(dev, 0, id);
}

unsigned int pci_find_ext_capability(const struct pci_dev *dev, uint16_t id)
{
	/* As many as fit: a list that is longer goes round. */
	int left = (PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 8;
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	uint32_t header;

	if (!pci_find_capability(dev, PCI_CAP_ID_EXP))
		return 0;
	while (pos >= PCI_CFG_SPACE_SIZE && left-- > 0) {
		header = pci_read_config_dword(dev, pos);
		if (header == 0 || header == 0xffffffff)
			return 0;
		if ((header & 0xffff) == id)
			return pos;
		pos = header >> 20 & ~3u;
	}
	return 0;
}

bool pci_setup_device(struct pci_dev *dev)
{
	uint32_t id = pci_read_config_dword(dev, PCI_VENDOR_ID);
	uint32_t class = pci_read_config_dword(dev, PCI_CLASS_REVISION);

	dev->vendor = (uint16_t)id;
	dev->device = (uint16_t)(id >> 16);
	dev->class = class >> 8;
	dev->revision = (uint8_t) class;
	dev->hdr_type = pci_read_config_byte(dev, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MASK;
	if (dev->hdr_type != PCI_HEADER_TYPE_NORMAL && dev->hdr_type != PCI_HEADER_TYPE_BRIDGE)
		return false;
	if (dev->hdr_type == PCI_HEADER_TYPE_NORMAL) {
		dev->subsystem_vendor = pci_read_config_word(dev, PCI_SUBSYSTEM_VENDOR_ID);
		dev->subsystem_device = pci_read_config_word(dev, PCI_SUBSYSTEM_ID);
	}
	dev->pin = pci_read_config_byte(dev, PCI_INTERRUPT_PIN);
	if (dev->pin > 4)
		dev->pin = 0;
	read_capabilities(dev);
	pci_msix_init(dev);
	return true;
}

/* ---- BARs ---- */

/* What the bits that took say: the size is the lowest of them. 0: not a size. */
static uint64_t size_of(uint64_t took)
{
	return took & -took;
}

static uint64_t read_size(const struct pci_dev *dev, unsigned int reg, const struct pci_bar *bar,
			  uint32_t low, uint32_t high)
{
	uint64_t took;

	pci_write_config_dword(dev, reg, 0xffffffff);
	took = pci_read_config_dword(dev, reg);
	pci_write_config_dword(dev, reg, low);
	/* Reserved bits would be clear; all ones come from nobody. */
	if (took == 0xffffffff)
		return 0;
	if (bar->is_io)
		return size_of(took & 0xfffc); /* the upper half need not be there */
	took &= ~15ull;
	if (bar->is_64) {
		pci_write_config_dword(dev, reg + 4, 0xffffffff);
		took |= (uint64_t)pci_read_config_dword(dev, reg + 4) << 32;
		pci_write_config_dword(dev, reg + 4, high);
	}
	return size_of(took);
}

/* Returns how many registers it was. */
static unsigned int read_base(const struct pci_dev *dev, unsigned int reg, bool can_be_64,
			      struct pci_bar *bar)
{
	uint32_t low = pci_read_config_dword(dev, reg), high = 0;

	*bar = (struct pci_bar){ .is_io = low & PCI_BASE_ADDRESS_SPACE_IO };
	bar->is_64 = can_be_64 && !bar->is_io &&
		     (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
	if (bar->is_64)
		high = pci_read_config_dword(dev, reg + 4);
	bar->bytes = read_size(dev, reg, bar, low, high);
	if (bar->bytes)
		bar->base = ((uint64_t)high << 32 | (low & (bar->is_io ? 0xfffcu : ~15u))) &
			    ~(bar->bytes - 1);
	return bar->is_64 ? 2 : 1;
}

void pci_size_bars(const struct pci_dev *dev, unsigned int num, unsigned int reg,
		   struct pci_bar *bars)
{
	for (unsigned int i = 0; i < num;)
		i += read_base(dev, reg + 4 * i, i + 1 < num, &bars[i]);
}

void pci_read_bases(struct pci_dev *dev, unsigned int num)
{
	uint16_t command = pci_read_config_word(dev, PCI_COMMAND);
	uint16_t decode = command & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);

	/* It must not answer at all the addresses that it is told meanwhile. */
	if (decode)
		pci_write_config_word(dev, PCI_COMMAND, command & ~decode);
	pci_size_bars(dev, num, PCI_BASE_ADDRESS_0, dev->bars);
	if (decode)
		pci_write_config_word(dev, PCI_COMMAND, command);
}

void pci_write_bar(const struct pci_dev *dev, unsigned int reg, const struct pci_bar *bar)
{
	pci_write_config_dword(dev, reg, (uint32_t)bar->base);
	if (bar->is_64)
		pci_write_config_dword(dev, reg + 4, (uint32_t)(bar->base >> 32));
}

bool pci_bar_mapped(const struct pci_dev *dev, unsigned int bar)
{
	const struct pci_bar *at = &dev->bars[bar];

	if (!at->bytes || !at->base)
		return false;
	if (dev->physfn)
		return true;
	return pci_read_config_word(dev, PCI_COMMAND) &
	       (at->is_io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
}

/* ---- power ---- */

static void sleep_ns(uint64_t ns)
{
	uint64_t until = platform_now() + ns;

	while (platform_now() < until)
		platform_wait(until);
}

/* Offset of the capability; 0: there is none, or not all of it is inside config space. */
static unsigned int pm_cap(const struct pci_dev *dev)
{
	unsigned int pm = pci_find_capability(dev, PCI_CAP_ID_PM);

	return pm + PCI_PM_SIZEOF <= PCI_CFG_SPACE_SIZE ? pm : 0;
}

static unsigned int pci_power_state(const struct pci_dev *dev)
{
	unsigned int pm = pm_cap(dev);

	return pm ? pci_read_config_word(dev, pm + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK : PCI_D0;
}

int pci_set_power_state(struct pci_dev *dev, enum pci_power state)
{
	unsigned int pm = pm_cap(dev);
	uint16_t control;

	if (!pm)
		return 0;
	control = pci_read_config_word(dev, pm + PCI_PM_CTRL);
	if (control == 0xffff)
		return -ENODEV;
	if ((control & PCI_PM_CTRL_STATE_MASK) == state)
		return 0;
	control = (control & ~PCI_PM_CTRL_STATE_MASK) | state;
	pci_write_config_word(dev, pm + PCI_PM_CTRL, control);
	/* PCI power management 1.2, 5.6.1: out of D3hot, and into it, takes 10 ms. */
	sleep_ns(10 * 1000 * 1000);
	control = pci_read_config_word(dev, pm + PCI_PM_CTRL);
	if (control == 0xffff)
		return -ENODEV;
	return (control & PCI_PM_CTRL_STATE_MASK) == state ? 0 : -EIO;
}

/* ---- life ---- */

static void change_command(const struct pci_dev *dev, uint16_t clear, uint16_t set)
{
	uint16_t before = pci_read_config_word(dev, PCI_COMMAND);
	uint16_t after = (before & ~clear) | set;

	if (after != before)
		pci_write_config_word(dev, PCI_COMMAND, after);
}

void pci_set_master(struct pci_dev *dev)
{
	change_command(dev, 0, PCI_COMMAND_MASTER);
}

void pci_clear_master(struct pci_dev *dev)
{
	change_command(dev, PCI_COMMAND_MASTER, 0);
}

/* The spaces in which it has BARs, all of them with an address. */
static uint16_t decodable(const struct pci_dev *dev)
{
	uint16_t has = 0, lacks = 0;

	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		uint16_t bit = dev->bars[i].is_io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

		if (!dev->bars[i].bytes)
			continue;
		has |= bit;
		if (!dev->bars[i].base)
			lacks |= bit;
	}
	return has & ~lacks;
}

static void write_bars(const struct pci_dev *dev)
{
	/* A virtual function's are its physical function's. */
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS && !dev->physfn; i++)
		if (dev->bars[i].base)
			pci_write_bar(dev, PCI_BASE_ADDRESS_0 + 4 * i, &dev->bars[i]);
}

int pci_enable_device(struct pci_dev *dev)
{
	bool slept = pci_power_state(dev) != PCI_D0;
	int err = pci_set_power_state(dev, PCI_D0);

	if (err)
		return err;
	if (slept)
		write_bars(dev);
	if (!dev->physfn)
		change_command(dev, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, decodable(dev));
	if (!dev->msix_enabled)
		change_command(dev, PCI_COMMAND_INTX_DISABLE, 0);
	return pci_device_is_present(dev) ? 0 : -ENODEV;
}

void pci_disable_device(struct pci_dev *dev)
{
	change_command(dev, PCI_COMMAND_MASTER, PCI_COMMAND_INTX_DISABLE);
}

void pci_save_state(struct pci_dev *dev)
{
	dev->saved = (struct pci_saved_state){
		.valid = true,
		.command = pci_read_config_word(dev, PCI_COMMAND),
		.cache_line = pci_read_config_byte(dev, PCI_CACHE_LINE_SIZE),
		.interrupt_line = pci_read_config_byte(dev, PCI_INTERRUPT_LINE),
	};
}

int pci_restore_state(struct pci_dev *dev)
{
	if (!pci_device_is_present(dev))
		return -ENODEV;
	if (!dev->saved.valid)
		return 0;
	write_bars(dev);
	pci_write_config_byte(dev, PCI_CACHE_LINE_SIZE, dev->saved.cache_line);
	pci_write_config_byte(dev, PCI_INTERRUPT_LINE, dev->saved.interrupt_line);
	/* The command last: only now does it answer, at the addresses above. */
	pci_write_config_word(dev, PCI_COMMAND, dev->saved.command);
	if (dev->msix_enabled)
		pci_restore_msix(dev);
	dev->saved.valid = false;
	return 0;
}
