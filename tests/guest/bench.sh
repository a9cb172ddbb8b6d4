#!/usr/bin/env bash
# What watching costs: reads of a disk in a guest under vring-trace and under bpftrace, beside the same
# reads with no one watching.
#
#   tests/guest/bench.sh KERNELDIR INITRAMFS DISK RIVAL OUTDIR
#
# RIVAL is what make-rival made. BOOTS is how many boots [3], each with three rounds in which all of them
# take turns. Prints the medians over all rounds of all boots, and ratios of medians.
set -euo pipefail
[ $# = 5 ] || { sed -n '2,9s/^# \?//p' "$0" >&2; exit 2; }
run=$(dirname "$0")/../../guest/linux/run
kernel=$1 initrd=$2 disk=$3 rival=$4 out=$5

rm -rf "$out"
for boot in $(seq "${BOOTS:-3}"); do
	mkdir -p "$out/$boot"
	echo "boot $boot of ${BOOTS:-3}" >&2
	# Two serial devices of 64 queues each, which nobody uses: the tool has to know them all.
	"$run" --kernel "$kernel" --initrd "$initrd" --disk "$disk" --log "$out/$boot/console.log" \
		--memory 1G --limit 600 --results "$out/$boot/results.tar.gz" \
		--qemu-arg -drive --qemu-arg "if=none,id=rival,format=raw,readonly=on,file=$rival" \
		--qemu-arg -device --qemu-arg virtio-blk-pci,drive=rival,disable-legacy=on,num-queues=1 \
		--qemu-arg -device --qemu-arg virtio-serial-pci,max_ports=31 \
		--qemu-arg -device --qemu-arg virtio-serial-pci,max_ports=31 >&2
	tar xzf "$out/$boot/results.tar.gz" -C "$out/$boot"
done

median() { sort -g | awk '{ v[NR] = $1 } END { printf "%s\n", v[int((NR + 1) / 2)] }'; }
times() { cat "$out"/*/times | awk -v name="$1" '$1 == name { print $3 - $2 }'; }

reads=$(sed -n 's/^READS=//p' "$(dirname "$0")/bench.job")
none=$(times none | median)
printf '%-16s %8s %10s %10s %8s\n' WATCHER READS/s us/READ ADDED/us RATIO
for name in none stat stat-kprobe why trace bpftrace-count bpftrace-print; do
	seconds=$(times "$name" | median)
	[ -n "$seconds" ] || continue
	awk -v name="$name" -v t="$seconds" -v none="$none" -v n="$reads" 'BEGIN {
		printf "%-16s %8.0f %10.1f %10.1f %8.3f\n", name, n / t, t / n * 1e6,
			(t - none) / n * 1e6, t / none }'
done
echo
awk '$2 > most[$1] { most[$1] = $2 } END { for (name in most)
	printf "memory at most %6.1f MB  %s\n", most[name] / 1024, name }' "$out"/*/memory | sort -k5
printf 'queues in the guest %d\n' $(($(cat "$out/1/queues") - 1))
awk '{ print $3 - $2 }' "$out"/*/start | median | sed 's/.*/start to first event: & s (median)/'
cat "$out"/*/status | awk '$2 != 0 { bad++ } END { printf "runs that lost or missed events: %d of %d\n", bad, NR }'
