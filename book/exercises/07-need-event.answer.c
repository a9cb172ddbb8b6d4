/*
 * How far the event lies behind the first entry, against how many entries there are. Subtraction is
 * right on the circle, comparing the indices themselves is not. vring_need_event() counts from the
 * other end, which says the same.
 */
static bool in_batch(uint16_t event, uint16_t new_idx, uint16_t old)
{
	return (uint16_t)(event - old) < (uint16_t)(new_idx - old);
}
