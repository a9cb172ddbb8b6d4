/*
 * The slot is compared with the table before it is used, every time: the head as well, it comes
 * from the available ring. More steps than slots are a loop; a magic number would be wrong for a
 * queue of any other size.
 */
static int chain_length(const struct vring_desc *table, unsigned int num, unsigned int head)
{
	for (unsigned int length = 1; length <= num; length++) {
		if (head >= num)
			return -EINVAL;
		if (!(le16_read(&table[head].flags) & VRING_DESC_F_NEXT))
			return length;
		head = le16_read(&table[head].next);
	}
	return -EINVAL;
}
