#!/usr/bin/env bash
# show, check and diff on recordings: what they print, and how they refuse what is none.
#
#   tests/recordings.sh VRING-TRACE-FILES
set -uo pipefail
tool=$(realpath "${1:?VRING-TRACE-FILES}")
samples=$(realpath "$(dirname "$0")/../trace-tool/samples")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit
bad=0

run() {
	status=0
	"$tool" "$@" >out 2>err || status=$?
}

ok() { # the sentence, then conditions
	local sentence=$1 condition
	shift
	for condition; do
		if ! eval "$condition"; then
			echo "not ok - $sentence: status $status, but not: $condition"
			sed 's/^/    /' out err | head -n 20
			bad=1
			return
		fi
	done
	echo "ok - $sentence"
}

# One line, on stderr, with nothing on stdout.
one_line() { [ "$(wc -l <err)" = 1 ] && [ ! -s out ] && grep -q "^vring-trace: $1" err; }

blk=$samples/linux-blk-split.vrt packed=$samples/linux-blk-packed.vrt net=$samples/linux-net-split.vrt

# ---- show and check ----

for file in "$samples"/*.vrt; do
	run check "$file"
	ok "check finds nothing in ${file##*/}" '[ $status = 0 ]' \
		'grep -qE "^[0-9]+ queues?, [0-9]+ snapshots?, (.*, )?0 findings" out'
done
run show "$net"
ok "show draws every queue of a recording" '[ "$(grep -c "^split queue" out)" = 3 ]' '[ $status = 0 ]'
run show --at 0 "$blk"
at_first=$(cat out)
run show "$blk"
ok "... at its end another picture than at its beginning" '[ "$at_first" != "$(cat out)" ]'
run show --save one.vrt "$blk"
saved=$(cat out)
run show one.vrt
ok "what --save wrote is shown as it was" '[ "$saved" = "$(cat out)" ]' '[ $status = 0 ]'
run check one.vrt
ok "... and checked" 'grep -q "^1 queue, 1 snapshot, 0 findings$" out'
run show --save two.vrt "$net"
ok "--save of several queues is refused" '[ $status = 2 ]' 'grep -q "takes one queue" err'
run show --save /dev/full "$blk"
ok "a full disk is told" '[ $status = 1 ]' 'grep -q "^vring-trace: cannot write /dev/full: No space" err'
run show --at 1x "$blk"
ok "a time that is none is refused" '[ $status = 2 ]' 'grep -q "a time is a number.*: 1x$" err'

# The recording with byte AT of some of its snapshots set to 1: spoil FROM TO AT NUMBER...
spoil() {
	python3 - "$@" <<'PYTHON'
import struct, sys, zlib
old = open(sys.argv[1], "rb").read()
byte, frames = int(sys.argv[3]), set(map(int, sys.argv[4:]))
at = struct.unpack_from("<H", old, 12)[0]
new, number = bytearray(old[:at]), 0
while at < len(old):
    head = bytearray(old[at : at + 40])
    kind, size = struct.unpack_from("<II", head)
    payload = old[at + 40 : at + 40 + size]
    at += 40 + (size + 7) // 8 * 8
    if kind == 8:
        number += 1
        if number in frames:
            inflated = bytearray(zlib.decompress(payload))
            inflated[byte] = 1
            payload = zlib.compress(bytes(inflated))
            struct.pack_into("<I", head, 4, len(payload))
            struct.pack_into("<I", head, 12, zlib.crc32(payload))
            struct.pack_into("<I", head, 36, zlib.crc32(head[:36]))
    new += head + payload + bytes(-len(payload) % 8)
open(sys.argv[2], "wb").write(new)
PYTHON
}
frames=$("$tool" check "$blk" | sed -nE 's/^1 queue, ([0-9]+) snapshots.*/\1/p')
spoil "$blk" given-up.vrt 9 3 4 5
run check given-up.vrt
ok "a finding is told once, with when it began and how long it lasted" '[ $status = 1 ]' \
	'[ "$(grep -c "not so: " out)" = 1 ]' \
	'grep -qE "^ +first at [0-9]+\.[0-9]{6} s, in 3 of $frames snapshots$" out' \
	'grep -q "^1 queue, $frames snapshots, 1 finding$" out'
run -j check given-up.vrt
ok "... in JSON too" '[ $status = 1 ]' 'grep -q "\"frames\":3,\"of\":$frames,\"passing\":false" out'
spoil "$blk" passing.vrt 9 3
run check passing.vrt
ok "what only one snapshot shows is passing, and no finding" '[ $status = 0 ]' \
	'grep -q "in 1 of $frames snapshots, passing$" out' 'grep -q " 0 findings, 1 passing$" out'
spoil "$blk" last.vrt 9 "$frames"
run check last.vrt
ok "... but what is so to the end is one" '[ $status = 1 ]' 'grep -q " 1 finding$" out'
spoil passing.vrt moving.vrt 10 3
run check moving.vrt
ok "a snapshot of a ring that moved is left out" '[ $status = 0 ]' \
	'grep -q "^1 queue, $frames snapshots, 1 of them moving, 0 findings$" out'

# ---- what is no recording ----

run check "$0.nosuch"
ok "a file that is not there" '[ $status = 2 ]' 'one_line "no such file: "'
echo "hello, I am a text" >text
run check text
ok "a file that is no recording" '[ $status = 2 ]' 'one_line "text: not a recording of vring-trace$"'
: >empty
run show empty
ok "an empty file" '[ $status = 2 ]' 'one_line "empty: not a recording of vring-trace$"'
head -c 60 "$blk" >short
run show short
ok "less than a header" '[ $status = 2 ]' 'one_line "short: cut off within its first 104 bytes$"'
{ head -c 8 "$blk"; printf '\2\0'; tail -c +11 "$blk"; } >version
run show version
ok "another version" '[ $status = 2 ]' 'one_line "version: a recording of version 2, and this reads version 1$"'
{ head -c 2000 "$blk"; printf 'XXXXXXXX'; tail -c +2009 "$blk"; } >damaged
run check damaged
ok "a damaged file says where" '[ $status = 2 ]' 'grep -qE "^vring-trace: damaged: damaged at byte [0-9]+: " err'
python3 - "$blk" damaged-events <<'PYTHON'
import struct, sys
file = bytearray(open(sys.argv[1], "rb").read())
at, = struct.unpack_from("<H", file, 12)
while struct.unpack_from("<I", file, at)[0] not in (2, 3):
    at += 40 + (struct.unpack_from("<I", file, at + 4)[0] + 7) // 8 * 8
file[at + 40] ^= 1
open(sys.argv[2], "wb").write(file)
PYTHON
run check damaged-events
ok "... also where only events are damaged" '[ $status = 2 ]' \
	'grep -qE "^vring-trace: damaged-events: damaged at byte [0-9]+: " err'
head -c $(($(wc -c <"$blk") / 2)) "$blk" >half.vrt
run check half.vrt
ok "a file that was cut is read up to the cut" '[ $status = 0 ]' \
	'grep -qE "^vring-trace: half.vrt: cut off after [0-9]+ bytes; what is before that counts$" err' \
	'grep -qE "^1 queue, [1-9][0-9]* snapshots, 0 findings" out'
{ cat half.vrt; head -c 5000 /dev/zero; } >lost-power.vrt
run check lost-power.vrt
ok "... and one that ends in zeroes after a power loss" '[ $status = 0 ]' 'grep -q "cut off after" err' \
	'grep -qE "^1 queue, [1-9][0-9]* snapshots, 0 findings" out'
if [ "$(id -u)" != 0 ]; then
	cp "$blk" secret && chmod 0 secret
	run show secret
	ok "a file that may not be read" '[ $status = 2 ]' 'one_line "secret: Permission denied$"'
fi

# ---- diff ----

# Of one queue, counted from the events: adds, kicks, suppressed, interrupts, spurious ones, reaps.
counted() { # file, queue
	"$tool" export --to csv "$1" | awk -F, -v queue="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["queue"] == queue { n[$at["event"]]++; all++; forced += $at["forced"] }
		END {
			irqs = n["irq"] + n["spurious irq"]
			printf "%d %d %.9f %.9f %.9f", all, n["add"], n["add"] / (n["kick"] + forced),
				n["suppress"] / (n["kick"] + n["suppress"]), irqs / n["reap"]
		}'
}
said() { # side, queue
	awk -v side="$1" -v queue="$2" '
		index($0, "\"queue\":\"" queue "\"") && match($0, "\"" side "\":{[^}]*}") {
			$0 = substr($0, RSTART, RLENGTH)
			split("events_per_s adds_per_s adds_per_kick suppressed irqs_per_reap", keys, " ")
			for (i = 1; i <= 5; i++) {
				match($0, "\"" keys[i] "\":[0-9.e+-]+")
				value = substr($0, RSTART, RLENGTH)
				sub(/.*:/, "", value)
				printf i < 3 ? "%s " : "%.9f%s", value, i < 5 ? " " : ""
			}
		}' out
}
per_second() { # count
	awk -v n="$1" -v s="$(sed -nE "s/.*\"recording\":\"$side\".*\"seconds\":([0-9.]+).*/\1/p" out)" \
		'BEGIN { printf "%.12g", n / s }'
}
near() { awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d < 1e-6 && d > -1e-6) }'; }

run -j diff "$blk" "$packed"
for side in a b; do
	[ $side = a ] && file=$blk || file=$packed
	read -r all adds rest <<<"$(counted "$file" virtio0/req.0)"
	read -r event_rate add_rate said_rest <<<"$(said $side virtio0/req.0)"
	ok "diff -j counts what the events of ${file##*/} say" '[ $status = 0 ]' \
		'[ "$said_rest" = "$rest" ]' \
		'near "$event_rate" "$(per_second "$all")"' \
		'near "$add_rate" "$(per_second "$adds")"'
done
run diff "$blk" "$blk"
ok "a recording is as itself" '[ $status = 0 ]' '! grep -q "features of B" out' \
	'[ "$(grep -cE " (1\.00|-)$" out)" = 10 ]'
run diff "$blk" "$packed"
ok "the ring's layout is told, and what else was negotiated" 'grep -qE "layout.* split 16 +packed 16$" out' \
	'grep -qE "features of B against A: .*\+RING_PACKED" out'
ok "it fits 80 columns, but for names of files" '[ -z "$(grep -v "^[AB] " out | awk "length > 80")" ]'
# The same, but as if EVENT_IDX had not been negotiated: bit 29 of the queues' features.
python3 - "$blk" off.vrt <<'PYTHON'
import struct, sys, zlib
file = bytearray(open(sys.argv[1], "rb").read())
at = struct.unpack_from("<H", file, 12)[0]
while at < len(file):
    kind, size = struct.unpack_from("<II", file, at)
    if kind == 1:
        for queue in range(at + 40, at + 40 + size, 120):
            file[queue + 11] ^= 1 << 5
        struct.pack_into("<I", file, at + 12, zlib.crc32(file[at + 40 : at + 40 + size]))
        struct.pack_into("<I", file, at + 36, zlib.crc32(file[at : at + 36]))
    at += 40 + (size + 7) // 8 * 8
open(sys.argv[2], "wb").write(file)
PYTHON
per_buffer() { # from counts of the events: kicks and interrupts
	awk -v rest="$(counted "$blk" virtio0/req.0)" 'BEGIN {
		split(rest, n, " "); printf "%.2f kicks and %.2f interrupts", 1 / n[3], n[5] }'
}
for files in "off.vrt $blk +EVENT_IDX" "$blk off.vrt -EVENT_IDX"; do
	read -r a b feature <<<"$files"
	run diff "$a" "$b"
	ok "did EVENT_IDX help? with it and without it are not mixed up: $feature" \
		'grep -q "features of B against A: .EVENT_IDX$" out' 'grep -qF -- "$feature" out' \
		'grep -q "^  EVENT_IDX: per buffer, $(per_buffer) with it, .* without$" out'
done
run diff "$blk" "$net"
ok "two recordings with no queue in common are refused" '[ $status = 2 ]' 'grep -q "have no queue in common$" err'
run diff "$net" "$net" eth0
ok "queues can be named" '[ $status = 0 ]' '[ "$(grep -c "^virtio1/" out)" = 3 ]'
run diff "$net" "$net" "virtio1/output.0"
ok "... one by one" '[ "$(grep -c "^virtio1/" out)" = 1 ]'
run diff "$net" "$net" "eth1"
ok "... and a name of none is refused" '[ $status = 2 ]' 'one_line "neither recording has a queue eth1; is it eth0?$"'
run diff "$net"
ok "diff wants two" '[ $status = 2 ]' 'grep -q "which two recordings?" err'
run diff "$net" text
ok "diff refuses what is no recording" '[ $status = 2 ]' 'one_line "text: not a recording"'

# ---- the program ----

run
ok "without a command it helps" '[ $status = 0 ]' 'grep -q "^Commands:" out' 'grep -q "^  diff " out'
run ls
ok "a command of the other program is refused in one line" '[ $status = 2 ]' 'one_line "no such command: ls"'
exit $bad
