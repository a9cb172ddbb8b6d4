#!/usr/bin/env bash
# What it costs a guest to be looked at by live, and to be recorded: reads of a disk with a ring of 256
# entries, beside the same reads with no one looking.
#
#   tests/guest/bench-live.sh KERNELDIR INITRAMFS DISK OUTDIR
#
# The guest's clock counts instructions (-icount), one in a nanosecond: what else this machine does at
# the time changes nothing, and a share of the CPU is one of a CPU of 1000 MIPS. BOOTS is how many boots
# [1], each with five rounds in which all take turns. Prints the medians over all rounds, and ratios of
# medians.
set -euo pipefail
[ $# = 4 ] || { sed -n '2,11s/^# \?//p' "$0" >&2; exit 2; }
run=$(dirname "$0")/../../guest/linux/run
kernel=$1 initrd=$2 disk=$3 out=$4

rm -rf "$out"
for boot in $(seq "${BOOTS:-1}"); do
	mkdir -p "$out/$boot"
	echo "boot $boot of ${BOOTS:-1}" >&2
	"$run" --kernel "$kernel" --initrd "$initrd" --disk "$disk" --log "$out/$boot/console.log" \
		--cpus 1 --boot-limit 120 --qemu-arg -icount --qemu-arg shift=0 \
		--limit 1200 --results "$out/$boot/results.tar.gz" >&2
	tar xzf "$out/$boot/results.tar.gz" -C "$out/$boot"
done

median() { sort -g | awk '{ v[NR] = $1 } END { printf "%s\n", v[int((NR + 1) / 2)] }'; }
of() { cat "$out"/*/times | awk -v name="$1" "\$1 == name { print $2 }" | median; }

reads=$(sed -n 's/^READS=//p' "$(dirname "$0")/bench-live.job")
none=$(of none '($3 - $2) / 1e9')
printf '%-8s %8s %8s %14s\n' LOOKING READS/s RATIO 'OF ONE CPU'
for name in none live trace record; do
	awk -v name="$name" -v t="$(of "$name" '($3 - $2) / 1e9')" -v none="$none" -v n="$reads" \
		-v cpu="$(of "$name" '($5 - $4) / ($3 - $2)')" 'BEGIN {
		printf "%-8s %8.0f %8.3f %13.1f%%\n", name, n / t, t / none, 100 * cpu }'
done
echo
printf 'live says of itself: %s%% of one CPU (median)\n' "$(cat "$out"/*/meter | grep . | median)"
sed -n 's/.* bytes, \([0-9.]*\) an event/\1/p' "$out"/*/said | median | sed 's/.*/record: & bytes an event (median)/'
grep -h '^lost' "$out"/*/said | awk '$2 || $4 { bad++ } END { printf "recordings that lost or missed events: %d of %d\n", bad, NR }'
