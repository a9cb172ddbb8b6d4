/* SPDX-License-Identifier: MIT */
/*
 * The errors that a queue can answer with, where there is no C library to name them. Functions
 * return them negated; the numbers are Linux's.
 */
#ifndef RING_VRING_ERRNO_H
#define RING_VRING_ERRNO_H

#if __STDC_HOSTED__
#include <errno.h>
#else
#define EIO 5
#define ENOMEM 12
#define EBUSY 16
#define EINVAL 22
#define ENOSPC 28
#endif

#endif
