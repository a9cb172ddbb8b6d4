/* AVAIL is the counter, USED is not: offered in the lap that the one who asks has come to. */
static bool is_available(uint16_t flags, bool counter)
{
	bool avail = flags & VRING_PACKED_DESC_F_AVAIL;
	bool used = flags & VRING_PACKED_DESC_F_USED;

	return avail == counter && used != counter;
}

/* Both are. That they equal each other is not enough: in the last lap they did as well. */
static bool is_used(uint16_t flags, bool counter)
{
	bool avail = flags & VRING_PACKED_DESC_F_AVAIL;
	bool used = flags & VRING_PACKED_DESC_F_USED;

	return avail == counter && used == counter;
}
