/* SPDX-License-Identifier: MIT */
/*
 * Keeps a processor inside bpf(2), writing a large map. While it is there the kernel runs no BPF
 * program on a kprobe, so an interrupt that comes then is hidden from one: tests/guest/matrix.c
 * wants to see that vring-trace says so.
 *
 * Runs in the guest until it is ended.
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VALUE_BYTES (1 << 20)

static char value[VALUE_BYTES];

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int main(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = VALUE_BYTES,
		.max_entries = 1,
	};
	union bpf_attr write = { 0 };
	uint32_t key = 0;

	write.map_fd = bpf(BPF_MAP_CREATE, &map);
	write.key = (uintptr_t)&key;
	write.value = (uintptr_t)value;
	while (!bpf(BPF_MAP_UPDATE_ELEM, &write))
		;
	perror("map_writer");
	return 1;
}
