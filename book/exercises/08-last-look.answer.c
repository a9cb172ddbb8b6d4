/* Ask, fence, look. A look before asking would only save some work. */
static bool may_sleep(uint16_t taken)
{
	store_wish(taken);
	virtio_mb();
	return load_idx() == taken;
}
