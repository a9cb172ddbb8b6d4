/* The entry, a store fence, the index. Loads play no part in it, so no other fence does. */
static void publish(struct mailbox *mailbox, uint32_t value)
{
	mailbox->slot[mailbox->idx % SLOTS] = value;
	virtio_wmb();
	mailbox->idx++;
}
