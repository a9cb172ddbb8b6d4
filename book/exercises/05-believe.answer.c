/* Each shared field once, into a copy; the copy is checked, and the copy is used. */
static struct buffer *take(struct driver *driver, struct vring_used_elem *shared, uint32_t *len)
{
	uint32_t id = read_shared(shared, &shared->id);
	uint32_t bytes = read_shared(shared, &shared->len);
	struct buffer *buffer;

	if (id >= NUM || !driver->buffers[id].in_flight || bytes > driver->buffers[id].writable) {
		driver->broken = true;
		return NULL;
	}
	buffer = &driver->buffers[id];
	buffer->in_flight = false;
	*len = bytes;
	return buffer;
}
