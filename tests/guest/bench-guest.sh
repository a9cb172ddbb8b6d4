#!/usr/bin/env bash
# How soon our monitor is at its prompt; how many 4 KiB reads each second our drivers make of a disk, and how many Debian's Linux does: on
# the same QEMU command line, all of it on one core, the boots of the two in turns.
#
#   tests/guest/bench-guest.sh IMAGE KERNELDIR INITRAMFS DISK BOOTS [tcg|kvm]
#
# The disk is a raw file on tmpfs, read-only, with one queue. One core: a wake-up of another costs more
# than all that is compared. Kicks and interrupts are counts, and hardly move; times do, so that only
# the ratio of the medians of one run means anything. 0: all boots gave figures; 1: not.
set -euo pipefail
export LC_ALL=C

die() { echo "bench-guest: $*" >&2; exit 1; }

[ $# -ge 5 ] || { echo "usage: bench-guest.sh IMAGE KERNELDIR INITRAMFS DISK BOOTS [tcg|kvm]" >&2; exit 2; }
image=$1 kernel=$2 initrd=$3 boots=$5 accel=${6:-tcg}
[[ $boots =~ ^[1-9][0-9]{0,3}$ ]] || die "not a number of boots: $boots"
[ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] || die "/dev/shm is not a tmpfs"
tmp=$(mktemp -d /dev/shm/bench-guest.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cp "$4" "$tmp/disk" || die "no room for the disk in /dev/shm"

case $accel in
tcg) machine=(-accel "tcg,thread=single" -cpu "max,cx16=off") ;;
kvm) machine=(-accel kvm -cpu host) ;;
*) die "no such accelerator: $accel; there are tcg and kvm" ;;
esac
core=$(($(nproc) - 1))
machine+=(
	-machine q35 -smp 1 -m 512M -bios qboot.rom
	-nodefaults -no-user-config -no-reboot -display none
	-device "isa-debug-exit,iobase=0xf4,iosize=0x04"
	-serial stdio -serial null -serial null
	-drive "if=none,id=disk,format=raw,readonly=on,file=$tmp/disk"
	-device "virtio-blk-pci,drive=disk,disable-legacy=on,num-queues=1"
)

# One boot; its figures go to $tmp/figures, a line for each depth: who, depth, IOPS, kicks, interrupts.
boot() { # who, the rest of the command line...
	local who=$1 found; shift
	timeout -k 2 120 taskset -c "$core" setpriv --pdeathsig KILL \
		qemu-system-x86_64 "${machine[@]}" "$@" </dev/null >"$tmp/words" 2>&1 || true
	found=$(tr -d '\r' <"$tmp/words" | sed -nE "s/^.*: depth ([0-9]+),.* ([0-9]+) IOPS, ([0-9.]+) kicks, ([0-9.]+) interrupts each$/$who \1 \2 \3 \4/p")
	[ "$(wc -l <<<"$found")" = 2 ] || die "no figures from $who: $(tail -n 1 "$tmp/words")"
	echo "$found" >>"$tmp/figures"
}

# From QEMU's start to our monitor's prompt, in ms.
time_to_prompt() {
	local start end out in pid key='' before=''
	start=$EPOCHREALTIME
	coproc guest { timeout -k 2 20 setpriv --pdeathsig KILL \
		qemu-system-x86_64 "${machine[@]}" -kernel "$image" 2>/dev/null; }
	out=${guest[0]} in=${guest[1]} pid=$guest_PID
	until [ "$before$key" = "> " ]; do
		before=$key
		IFS= read -r -N 1 -t 20 -u "$out" key || die "no prompt in 20 s"
	done
	end=$EPOCHREALTIME
	printf 'poweroff\r' >&"$in"
	wait "$pid" || true
	awk -v a="$start" -v b="$end" 'BEGIN { printf "%.0f\n", (b - a) * 1000 }'
}

for ((i = 1; i <= 7; i++)); do time_to_prompt; done | sort -n >"$tmp/prompt"
[ "$(wc -l <"$tmp/prompt")" = 7 ] || die "no prompt"
awk '{ ms[NR] = $1 } END { printf "prompt %d ms after QEMU was started, median of %d (%d..%d)\n\n", \
	ms[(NR + 1) / 2], NR, ms[1], ms[NR] }' "$tmp/prompt"

for ((i = 1; i <= boots; i++)); do
	[ ! -t 2 ] || echo "bench-guest: boot $i of $boots" >&2
	boot ours -kernel "$image" -append "blk bench 1 40000; blk bench 32 200000; poweroff"
	# Nothing that Linux would do against faulty processors, or to check its clock.
	boot Linux -kernel "$kernel/vmlinux" -initrd "$initrd" -append \
		"console=ttyS0 quiet cryptomgr.notests ipv6.disable=1 panic=-1 mitigations=off tsc=reliable"
done

echo "4 KiB reads at random; a raw file on tmpfs, one queue, one CPU, all on core $core"
echo "medians of $boots boots each, in turns; Linux is $(<"$kernel/release") with $(fio --version)"
echo
sort -k1,2 -k3n "$tmp/figures" | awk '
	function median(at, key, n) { # of the sorted values that follow key
		split(values[key, at], v, " ")
		n = seen[key]
		return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	}
	{
		key = $1 " " $2
		if (!seen[key]++)
			least[key] = $3
		most[key] = $3
		values[key, 3] = values[key, 3] " " $3
		kicks[key] += $4
		interrupts[key] += $5
	}
	function row(who, depth, key) {
		key = who " " depth
		printf "%5d  %-5s  %8d  %8d..%-8d  %9.3f  %15.3f\n", depth, who, median(3, key), least[key],
			most[key], kicks[key] / seen[key], interrupts[key] / seen[key]
	}
	END {
		print "depth           IOPS   least..most      kicks/read  interrupts/read"
		for (depth = 1; depth <= 32; depth += 31) {
			row("ours", depth)
			row("Linux", depth)
			printf "%5d  ratio  %8.2f\n", depth, median(3, "ours " depth) / median(3, "Linux " depth)
		}
	}'
