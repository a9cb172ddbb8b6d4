/*
 * Whoever has added something decides before he goes away. One decision for all of it is enough: it
 * asks about everything since the last one.
 */
static void submit(struct virtqueue *vq, struct scatterlist *sg, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		virtqueue_add_outbuf(vq, sg, 1, sg);
	virtqueue_kick(vq);
}
