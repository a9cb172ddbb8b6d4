#!/usr/bin/env bash
# Boots a guest whose disk has a tiny ring, and whose network card changes its mind: a process beside
# QEMU rewrites the card's kick event in the guest's memory. tests/guest/why.c judges what
# `vring-trace why` makes of it.
#
#   tests/guest/why.sh KERNELDIR INITRAMFS DISK PROGRAMS OUTDIR
set -euo pipefail
[ $# = 5 ] || { sed -n '2,6s/^# \?//p' "$0" >&2; exit 2; }
run=$(dirname "$0")/../../guest/linux/run
kernel=$1 initrd=$2 disk=$3 programs=$4 out=$5

rm -rf "$out"
mkdir -p "$out"
tmp=$(mktemp -d)
scribble=''
trap '[ -z "$scribble" ] || kill "$scribble" 2>/dev/null || true; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$programs/scribble" "$tmp/qmp" "$tmp/ram" card 1 &
scribble=$!
args=()
for word in \
	-machine memory-backend=ram \
	-object "memory-backend-file,id=ram,size=256M,share=on,mem-path=$tmp/ram" \
	-qmp "unix:$tmp/qmp,server=on,wait=off" \
	-drive "if=none,id=b,format=raw,snapshot=on,file=${disk//,/,,}" \
	-device "virtio-blk-pci,disable-legacy=on,drive=b,queue-size=8,seg-max-adjust=on,indirect_desc=off,num-queues=1,ioeventfd=off"
do args+=(--qemu-arg "$word"); done
"$run" --kernel "$kernel" --initrd "$initrd" --disk "$disk" --log "$out/console.log" \
	--net id=card --limit 90 --results "$out/results.tar.gz" "${args[@]}"
tar xzf "$out/results.tar.gz" -C "$out"
"$programs/why" "$out"
