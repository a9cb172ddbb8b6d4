#!/usr/bin/env bash
# ring/ and device/ compile for four machines without a C library, and need nothing from whoever links
# them but memcpy, memset and the functions that their headers ask for.
#
#   tests/ring/freestanding.sh OUTDIR
set -uo pipefail
out=${1:?OUTDIR}
asked_for='memcpy memset vring_violation virtio_error virtio_irq'
bad=0

for target in x86_64-none-elf aarch64-none-elf riscv64-none-elf wasm32-none-none; do
	dir=$out/$target
	mkdir -p "$dir"
	rm -f "$dir"/*.o
	compiled=yes
	for source in ring/*.c device/*.c; do
		clang --target=$target -ffreestanding -std=gnu11 -O2 -Wall -Wextra -Werror -I. \
			-c "$source" -o "$dir/${source//\//_}.o" || compiled=no
	done
	symbols() { llvm-nm --just-symbol-name "$@" "$dir"/*.o 2>/dev/null | grep -v : | sort -u; }
	wants=$(comm -23 <(symbols --undefined-only) <(symbols --defined-only))
	extra=$(comm -23 <(tr ' ' '\n' <<<"$wants" | grep -vE '^(__stack_pointer|__indirect_function_table|__linear_memory)$') \
		<(tr ' ' '\n' <<<"$asked_for" | sort) | xargs)
	if [ $compiled = yes ] && [ -z "$extra" ]; then
		echo "ok - $target"
	else
		echo "not ok - $target: compiled $compiled, wants: $extra"
		bad=1
	fi
done
exit $bad
