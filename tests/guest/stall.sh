#!/usr/bin/env bash
# Boots a guest in which queues can be brought to a halt: tests/guest/stall.job does it and judges.
#
#   tests/guest/stall.sh KERNELDIR INITRAMFS DISK split|packed LOG
set -euo pipefail
[ $# = 5 ] || { sed -n '2,4s/^# \?//p' "$0" >&2; exit 2; }
run=$(dirname "$0")/../../guest/linux/run
kernel=$1 initrd=$2 disk=$3 layout=$4 log=$5
packed=off
[ "$layout" = split ] || packed=on

# After a burst of 1 MB the disk gives 250 kB a second. The second card gathers for 4 s.
args=()
for word in \
	-set drive.disk.throttling.bps-total=250000 \
	-set drive.disk.throttling.bps-total-max=1000000 \
	-netdev user,id=slow,restrict=on,ipv6=off,net=10.0.3.0/24 \
	-device "virtio-net-pci,netdev=slow,disable-legacy=on,romfile=,tx=timer,x-txtimer=4000000000,packed=$packed"
do args+=(--qemu-arg "$word"); done
exec "$run" --kernel "$kernel" --initrd "$initrd" --disk "$disk" --blk "packed=$packed" \
	--net "packed=$packed" --append "layout=$layout" --limit 120 --log "$log" "${args[@]}"
