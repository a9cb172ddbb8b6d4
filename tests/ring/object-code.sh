#!/usr/bin/env bash
# What comes out of the compiler: everything but programs and grounds, for four machines without a C
# library. ring/ and device/ need nothing from whoever links them but memory functions and what their
# headers ask for; the floors above ring/ need platform.h, and nothing else. And of tracepoints that
# are off there is no trace.
#
#   tests/ring/object-code.sh OUTDIR
set -uo pipefail
out=${1:?OUTDIR}
memory='memcpy memmove memset memcmp strlen strcmp'
bad=0

# target, name, what may be missing (a pattern each), folders
compile() {
	local target=$1 name=$2 allowed=$3 dir=$out/$1-$2 compiled=yes source wants extra
	shift 3
	mkdir -p "$dir"
	rm -f "$dir"/*.o
	for folder in "$@"; do
		for source in "$folder"/*.c; do
			clang --target=$target -ffreestanding -std=gnu11 -O2 -Wall -Wextra -Werror -I. -Iplatform/metal/include \
				-c "$source" -o "$dir/${source//\//_}.o" || compiled=no
		done
	done
	symbols() { llvm-nm --just-symbol-name "$@" "$dir"/*.o 2>/dev/null | grep -v : | sort -u; }
	wants=$(comm -23 <(symbols --undefined-only) <(symbols --defined-only))
	extra=$(grep -vxE "$(tr ' ' '|' <<<"$allowed __stack_pointer __indirect_function_table __linear_memory")" \
		<<<"$wants" | xargs)
	if [ $compiled = yes ] && [ -z "$extra" ]; then
		echo "ok - $target: $name"
	else
		echo "not ok - $target: $name: compiled $compiled, wants: $extra"
		bad=1
	fi
}

for target in x86_64-none-elf aarch64-none-elf riscv64-none-elf wasm32-none-none; do
	compile $target rings "$memory vring_violation" ring device
	compile $target drivers "$memory platform_[a-z0-9_]+" ring bus pci blk net
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
