static uint16_t word_at(const uint8_t *dump, size_t offset)
{
	return dump[offset] | dump[offset + 1] << 8; /* little-endian, on any machine */
}

/* The driver's word ends the driver's array, the device's the device's. */
static struct words find_words(const uint8_t *dump, unsigned int num)
{
	size_t avail = 16 * num;
	size_t used_event = avail + 4 + 2 * num;
	size_t used = (used_event + 2 + 63) & ~(size_t)63;
	struct words words = {
		.used_event = word_at(dump, used_event),
		.avail_event = word_at(dump, used + 4 + 8 * num),
	};

	return words;
}
