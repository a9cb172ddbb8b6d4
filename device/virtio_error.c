/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a driver that breaks a rule: DEVICE_NEEDS_RESET, with the reason kept for people
 * (2.1.2). A program that wants to hear of it itself has a virtio_error() of its own, and this file
 * is not linked to it.
 */
#include "virtio.h"

static char *append(char *to, const char *end, const char *text)
{
	while (*text && to < end)
		*to++ = *text++;
	return to;
}

static char *append_hex(char *to, const char *end, uint64_t value)
{
	int shift = 60;

	to = append(to, end, "0x");
	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0 && to < end; shift -= 4)
		*to++ = "0123456789abcdef"[value >> shift & 15];
	return to;
}

void virtio_error(const struct VirtQueue *vq, const char *field, uint64_t value, const char *why)
{
	struct VirtIODevice *vdev = vq->owner;
	char words[sizeof(vdev->complaint)] = "";
	char *to = words, *end = words + sizeof(words) - 1;

	to = append(to, end, field);
	to = append(to, end, " is ");
	to = append_hex(to, end, value);
	to = append(to, end, ": ");
	to = append(to, end, why);
	*to = 0;
	virtio_device_fail(vdev, words);
}
