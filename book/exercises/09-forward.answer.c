/* A whole lap leads to the same slot with the other counter: it, too, passes the end once. */
static struct position forward(struct position at, unsigned int steps, unsigned int num)
{
	unsigned int slot = at.slot + steps;

	if (slot >= num) {
		slot -= num;
		at.counter = !at.counter;
	}
	at.slot = slot;
	return at;
}
