/* SPDX-License-Identifier: MIT */
/*
 * The same programs for a kernel without type information of its own (--btf): libbpf asks such a
 * kernel for it as soon as an object so much as names one of its functions or variables by type.
 */
#define UNTYPED
#include "bpf/vring_trace.bpf.c"
