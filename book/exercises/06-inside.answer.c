/* Nothing is added: a difference is compared with what is left, and neither can overflow. */
static bool inside(uint64_t base, uint64_t size, uint64_t addr, uint64_t len)
{
	return addr >= base && addr - base <= size && len <= size - (addr - base);
}
