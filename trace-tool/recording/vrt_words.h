/* SPDX-License-Identifier: MIT */
/*
 * Queues of a recording, as people write them on a command line.
 */
#ifndef TRACE_TOOL_VRT_WORDS_H
#define TRACE_TOOL_VRT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vrt_read.h"

#define VRT_QUEUE_NAME 64

/*
 * virtio1/req.0, or virtio1:0 where the recording does not name it. Whatever is no printable ASCII
 * becomes '?': a recording may come from anywhere. @record may be NULL.
 */
void vrt_queue_name(char name[VRT_QUEUE_NAME], const struct vrt_queue *record, uint16_t device,
		    uint16_t queue);

/* A name of the recording by itself, such as the driver's, made printable the same way. */
void vrt_name(char name[VRT_NAME], const char in_file[VRT_NAME]);

/* Does @word name the queue: virtio1, virtio1/req.0, virtio1:0, vda, or a pattern over these? */
bool vrt_queue_is(const struct vrt_queue *record, uint16_t device, uint16_t queue,
		  const char *word);

/* What may have been meant by @word, which names none of the file's queues; "" if nothing. */
void vrt_queue_meant(const struct vrt_file *f, const char *word, char meant[VRT_QUEUE_NAME]);

/* A moment, as moment_parse() reads it. Return: 0, or -EINVAL. */
int vrt_time(const char *text, uint64_t *ns);

#endif
