#!/usr/bin/env bash
# Boots a guest with a device of every kind, all of them offering the rings asked for, and lets
# tests/guest/matrix.c judge the trace of what it does with them.
#
#   tests/guest/matrix.sh KERNELDIR INITRAMFS DISK JUDGE OUTDIR split|packed EVENT_IDX INDIRECT \
#	[MACHINE [BACKEND]]
#
# EVENT_IDX and INDIRECT are on or off, MACHINE is q35 or microvm, BACKEND as vring-trace has it. The status is the judge's, or the runner's.
set -euo pipefail
[ $# -ge 8 ] || { sed -n '2,9s/^# \?//p' "$0" >&2; exit 2; }
run=$(dirname "$0")/../../guest/linux/run
kernel=$1 initrd=$2 disk=$3 judge=$4 out=$5 layout=$6 event_idx=$7 indirect=$8 machine=${9:-q35} backend=${10:-auto}

packed=off transport=pci on=pci,disable-legacy=on
[ "$layout" = split ] || packed=on
rings=packed=$packed,event_idx=$event_idx,indirect_desc=$indirect
# ioeventfd=off: QEMU runs its handler for each doorbell, instead of once for several.
props=$rings,ioeventfd=off
balloon=$rings
if [ "$machine" = microvm ]; then
	transport=mmio on=device props=$rings
fi

drive() { echo "if=none,id=$1,format=raw,snapshot=on,file=${disk//,/,,}"; }

# In this order the guest numbers them; disk and card come before.
devices=()
[ "$machine" = microvm ] || devices+=(
	-drive "$(drive b)" -device "virtio-blk-$on,drive=b,num-queues=4,$props"
)
devices+=(
	-object rng-random,id=rng,filename=/dev/urandom
	-device "virtio-rng-$on,rng=rng,$props"
	-device "virtio-serial-$on,max_ports=2,$props"
	-chardev file,id=port,path=/dev/null -device virtserialport,chardev=port
)
[ "$machine" = microvm ] || devices+=(
	-device "virtio-scsi-$on,id=scsi,num_queues=1,$props"
	-drive "$(drive s)" -device scsi-hd,drive=s,bus=scsi.0
	-device "virtio-balloon-$on,$balloon"
)
args=()
for word in "${devices[@]}"; do args+=(--qemu-arg "$word"); done

rm -rf "$out"
mkdir -p "$out"
if [ "$backend" = kprobe ]; then
	mkdir -p "$out/more/bin"
	"${CC:-cc}" -O2 -static -o "$out/more/bin/map_writer" "$(dirname "$0")/map_writer.c"
	(cat "$initrd" && cd "$out/more" && find . -mindepth 1 | cpio -o -H newc --quiet) >"$out/initrd.cpio"
	initrd=$out/initrd.cpio
fi
"$run" --limit 90 --kernel "$kernel" --initrd "$initrd" --disk "$disk" --machine "$machine" --cpus 4 \
	--append "BACKEND=$backend" \
	--log "$out/console.log" --blk "$props" --net "$props" --qemu-trace "$out/qemu.log" \
	--results "$out/results.tar.gz" "${args[@]}"
tar xzf "$out/results.tar.gz" -C "$out"
"$judge" "$out" "$layout" "$event_idx" "$transport" "$backend"
