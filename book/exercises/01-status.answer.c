/*
 * The last byte that the device may write, wherever the chain has led by then. How the driver cuts
 * header, data and status into descriptors is its own affair.
 */
static uint64_t status_address(const struct vring_desc *table, unsigned int head)
{
	while (le16_read(&table[head].flags) & VRING_DESC_F_NEXT)
		head = le16_read(&table[head].next);
	return le64_read(&table[head].addr) + le32_read(&table[head].len) - 1;
}
