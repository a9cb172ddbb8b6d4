/*
 * Chain by chain, since only their ends say where the next one starts. The id is known to be the
 * head of a buffer in flight, or this would not end.
 */
static unsigned int batch(uint16_t oldest, uint16_t id)
{
	unsigned int buffers = 1;

	for (; oldest != id; buffers++)
		oldest = (last_of[oldest] + 1) % NUM;
	return buffers;
}
