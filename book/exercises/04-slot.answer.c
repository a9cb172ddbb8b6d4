/* A power of two divides 65536, so the remainder goes on smoothly where the index wraps. */
static unsigned int slot_of(uint16_t idx, unsigned int num)
{
	return idx & (num - 1);
}

/* The difference is taken on the circle: without the cast it is one of integers, and negative. */
static unsigned int waiting(uint16_t avail, uint16_t taken)
{
	return (uint16_t)(avail - taken);
}

/* Compared by slots, full looks like empty; by indices it does not, as num is at most 32768. */
static bool has_room(uint16_t avail, uint16_t taken, unsigned int num)
{
	return waiting(avail, taken) < num;
}
