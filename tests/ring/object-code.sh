#!/usr/bin/env bash
# What comes out of the compiler: ring/ and device/ for four machines without a C library, needing
# nothing from whoever links them but memcpy, memset and the functions that their headers ask for; and
# no trace of tracepoints that are off.
#
#   tests/ring/object-code.sh OUTDIR
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

# Tracepoints that are off leave nothing behind: the same code comes out of the sources without them.
dir=$out/untraced
rm -rf "$dir"
mkdir -p "$dir/ring"
cp ring/*.h "$dir/ring"
calls=0 same=yes
for source in ring/*.c; do
	sed -z -E 's/\n[ \t]*vring_trace_[a-z]+\([^;]*\);/\n;/g' "$source" >"$dir/$source"
	calls=$((calls + $(diff "$source" "$dir/$source" | grep -c '^< .*vring_trace_')))
	for tree in . "$dir"; do
		clang -std=gnu11 -O2 -w -I"$tree" -c "$tree/$source" -o "$dir/x.o" &&
			llvm-objdump -d --no-show-raw-insn "$dir/x.o" | tail -n +4 >"$dir/$([ $tree = . ] && echo traced || echo untraced).s"
	done
	cmp -s "$dir/traced.s" "$dir/untraced.s" || same="no, $source differs"
done
if [ "$same" = yes ] && ((calls > 5)); then
	echo "ok - $calls tracepoints, no instruction of theirs when they are off"
else
	echo "not ok - tracepoints off: same $same, calls found $calls"
	bad=1
fi
exit $bad
