/* Both parts are streams of bytes; how each is cut has nothing to do with the other. */
static uint32_t copy(const struct VirtQueueElement *elem)
{
	unsigned int out = 0, in = 0;
	uint32_t out_at = 0, in_at = 0, done = 0;

	while (out < elem->out_num && in < elem->in_num) {
		const struct guest_piece *from = &elem->out_sg[out], *to = &elem->in_sg[in];
		uint32_t len = from->len - out_at;

		if (len > to->len - in_at)
			len = to->len - in_at;
		memcpy((char *)to->base + in_at, (char *)from->base + out_at, len);
		out_at += len;
		in_at += len;
		done += len;
		if (out_at == from->len) {
			out_at = 0;
			out++;
		}
		if (in_at == to->len) {
			in_at = 0;
			in++;
		}
	}
	return done;
}

static void loopback(struct VirtQueue *vq)
{
	struct guest_piece pieces[PIECES];
	struct VirtQueueElement elem = { .pieces = pieces, .capacity = PIECES };

	while (virtqueue_pop(vq, &elem))
		virtqueue_fill(vq, &elem, copy(&elem));
	virtqueue_flush(vq);
	virtio_notify(vq);
}
