/* Only what the device may write counts; how much it has read, nobody says. */
static uint32_t used_len(const struct vring_desc *table, unsigned int head)
{
	uint32_t len = 0;

	for (;; head = le16_read(&table[head].next)) {
		if (le16_read(&table[head].flags) & VRING_DESC_F_WRITE)
			len += le32_read(&table[head].len);
		if (!(le16_read(&table[head].flags) & VRING_DESC_F_NEXT))
			return len;
	}
}
