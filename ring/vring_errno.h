/* SPDX-License-Identifier: MIT */
/*
 * The errors that our functions answer with, where there is no C library to name them. Functions
 * return them negated; the numbers are Linux's.
 */
#ifndef RING_VRING_ERRNO_H
#define RING_VRING_ERRNO_H

#if __STDC_HOSTED__
#include <errno.h>
#else
#define ENOENT 2
#define EIO 5
#define ENXIO 6
#define E2BIG 7
#define EAGAIN 11
#define ENOMEM 12
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define ESPIPE 29
#define EROFS 30
#define ERANGE 34
#define EPROTO 71
#define EOVERFLOW 75
#define EMSGSIZE 90
#define EOPNOTSUPP 95
#define ENETDOWN 100
#define ETOOMANYREFS 109
#define ETIMEDOUT 110
#define EREMOTEIO 121
#endif

#endif
