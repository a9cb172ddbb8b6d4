/* Always in units of 512, whatever the size of the disk's own blocks; and no address enters into
 * it. */
static uint64_t sector_of(uint64_t block, uint32_t block_size, uint64_t dma)
{
	(void)dma;
	return block * (block_size / 512);
}
