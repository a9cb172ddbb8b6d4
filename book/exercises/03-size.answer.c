/*
 * Table and available ring, rounded up, and the used ring. Rounding up is adding align - 1 and
 * clearing the low bits; the specification's formula adds align itself.
 */
static size_t ring_size(unsigned int num, size_t align)
{
	size_t before_used = 16 * num + 2 + 2 + 2 * num + 2;

	return ((before_used + align - 1) & ~(align - 1)) + 2 + 2 + 8 * num + 2;
}
