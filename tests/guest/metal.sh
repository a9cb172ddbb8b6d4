#!/usr/bin/env bash
# Boots the drivers on the bare machine, on many kinds of machine, and looks at what they say.
#
#   tests/guest/metal.sh IMAGE VRT_CHECK [matrix|counts|failures|console]...
#
# VRT_CHECK is tests/guest/vrt_check.c, built.
# Each boot has a limit. What a guest was asked to be is looked up in what it found: a feature that
# was switched off must not have been negotiated.
set -uo pipefail
if [ $# -lt 2 ]; then
	echo "usage: tests/guest/metal.sh IMAGE VRT_CHECK [matrix|counts|failures|console]..." >&2
	exit 2
fi
run=$(realpath "$(dirname "$0")/../../guest/metal/run")
image=$1 vrt_check=$2; shift 2
parts=${*:-matrix counts failures console}
limit=20
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

awk 'BEGIN { for (n = 0; n < 1024; n++) printf "block %-4089d\n", n }' >"$tmp/disk"

# Boots with these options of guest/metal/run; its words go to $tmp/words, its status to $status.
boot() {
	status=0
	"$run" --image "$image" --disk "$tmp/disk" --limit $limit "$@" >"$tmp/words" 2>&1 </dev/null ||
		status=$?
	tr -d '\r' <"$tmp/words" >"$tmp/plain"
}

says() { grep -qE -- "$1" "$tmp/plain"; }
count_of() { grep -cE -- "$1" "$tmp/plain"; }

ok() { # the sentence, then conditions, each one word
	local sentence=$1 condition; shift
	for condition in "$@"; do
		eval "$condition" && continue
		echo "not ok - $sentence: status $status, but not: $condition"
		tail -n 60 "$tmp/plain" | sed 's/^/    /'
		failed=1
		return
	done
	echo "ok - $sentence"
}

# ---- the matrix ----

work="lspci; lsvirtio; blk verify; blk flush; blk id; net ping 10.0.2.2; irq; poweroff"

# Each knob is a word name=value; those not named are as QEMU has them.
machine_of() { # knobs...
	local knob
	type=q35 smp=1 blk=serial=metal net='' extra=() want=()
	local both=() interface=modern port='' rng='' used
	for knob in "$@"; do
		case $knob in
		type=*) type=${knob#*=} ;;
		smp=*) smp=${knob#*=} ;;
		interface=*) interface=${knob#*=} ;;
		packed=on) both+=(packed=on); want+=('[ $(count_of "34 RING_PACKED") = 2 ]') ;;
		packed=off) want+=('! says "34 RING_PACKED"') ;;
		event_idx=off) both+=(event_idx=off); want+=('! says EVENT_IDX') ;;
		event_idx=on) want+=('[ $(count_of "29 EVENT_IDX") = 2 ]') ;;
		indirect=off) both+=(indirect_desc=off); want+=('! says INDIRECT_DESC') ;;
		indirect=on) want+=('[ $(count_of "28 INDIRECT_DESC") = 2 ]') ;;
		vectors=0)
			both+=(vectors=0)
			want+=('! says "MSI-X vectors"' 'says " line (1[0-9]|2[0-3]) .*virtio"') ;;
		vectors=2) both+=(vectors=2); want+=('[ $(count_of "2 MSI-X vectors") = 2 ]') ;;
		vectors=many)
			want+=('says "[3-9] MSI-X vectors"' 'says "message +virtio[0-9]-req.0"') ;;
		queues=*)
			blk+=,num-queues=${knob#*=}
			# One for each CPU, as far as there are any.
			used=${knob#*=}
			((used <= smp)) || used=$smp
			want+=("says 'req.$((used - 1)),'" "! says 'req.$used,'") ;;
		size=*) blk+=,queue-size=${knob#*=}; want+=("says 'req.0, ${knob#*=} entries'") ;;
		ioeventfd=*) both+=("$knob") ;;
		port=root) port=1 ;;
		rng=on) rng=1 ;;
		rng=off | port=none) ;;
		*) echo "not ok - the test is wrong: $knob"; exit 1 ;;
		esac
	done
	case $interface in
	modern)
		both+=(disable-legacy=on)
		want+=('says "1af4:1042"' 'says "1af4:1041"' 'says "32 VERSION_1"') ;;
	transitional)
		both+=(disable-legacy=off)
		want+=('says "1af4:1001"' 'says "1af4:1000"' 'says "32 VERSION_1"') ;;
	legacy)
		both+=(disable-legacy=off disable-modern=on)
		want+=('says "1af4:1001"' 'says "1af4:1000"' '! says VERSION_1') ;;
	esac
	if [ -n "$port" ]; then
		extra+=(--qemu-arg -device --qemu-arg pcie-root-port,id=port0,chassis=1
			--qemu-arg -device --qemu-arg pcie-root-port,id=port1,chassis=2)
		blk+=,bus=port0 net+=,bus=port1
		want+=('says "^01:00.0 1af4"' 'says "^02:00.0 1af4"')
	fi
	if [ -n "$rng" ]; then
		extra+=(--qemu-arg -device --qemu-arg virtio-rng-pci)
		want+=('says "^device +0x0004"')
	fi
	local knobs
	knobs=$(IFS=,; echo "${both[*]}")
	blk+=,$knobs net=${net#,}${net:+,}$knobs
}

matrix_boot() { # knobs...
	machine_of "$@"
	boot --machine "$type" --smp "$smp" --blk "$blk" --net "$net" "${extra[@]}" --append "$work"
	ok "verify and ping: $*" '[ $status = 0 ]' "says ', $smp CPUs?,'" \
		"says '1024 blocks read on $smp CPUs and compared, 16 written'" 'says "3 of 3 answered"' \
		'says "vda: .metal."' '! says "error:|warning:"' "${want[@]}"
}

# Machine, interface, layout, vectors and CPUs in all combinations; the other knobs take turns, each
# at a pace of its own, so that every value meets every other.
turn() { # how many boots to stay with a value, values...
	local pace=$1; shift
	local values=("$@")
	echo "${values[boots / pace % $#]}"
}

matrix() {
	local boots=0 type_ interface_ packed vectors smp_
	for type_ in q35 pc; do
		for interface_ in modern transitional legacy; do
			for packed in off on; do
				[ "$interface_$packed" != legacyon ] || continue
				for vectors in 0 2 many; do
					for smp_ in 1 2; do
						matrix_boot "type=$type_" "smp=$smp_" "interface=$interface_" \
							"packed=$packed" "vectors=$vectors" \
							"event_idx=$(turn 6 on off)" "indirect=$(turn 4 on off)" \
							"queues=$(turn 11 4 1)" "size=$(turn 3 128 4 1024)" \
							"ioeventfd=$(turn 7 on off)" "rng=$(turn 2 off on)"
						boots=$((boots + 1))
					done
				done
			done
		done
	done
	matrix_boot type=q35 smp=4 interface=modern packed=off vectors=many queues=4
	matrix_boot type=pc smp=4 interface=modern packed=on vectors=many queues=4

	# QEMU offers no legacy interface behind a root port.
	for packed in off on; do
		for vectors in 0 2 many; do
			matrix_boot type=q35 "smp=$(turn 1 2 1)" port=root interface=modern "packed=$packed" \
				"vectors=$vectors" queues=4 "event_idx=$(turn 2 off on)" "rng=$(turn 1 on off)"
			boots=$((boots + 1))
		done
	done
}

# ---- counts ----

# What QEMU's log has of each queue, in the words of `trace counts`. Which device is the disk, its
# requests tell.
qemu_counts() {
	awk '
	$1 == "virtio_queue_notify" || $1 == "virtio_notify" {
		name = $1 == "virtio_notify" ? $5 : $7
		device[name] = $3
		if ($1 == "virtio_queue_notify") { number[name] = $5; notified[name]++ } else raised[name]++
	}
	$1 == "virtqueue_pop" { popped[$3]++ }
	$1 == "virtqueue_fill" { filled[$3]++ }
	$1 == "virtio_blk_handle_read" { disk[$3] = 1 }
	END {
		for (name in number)
			print (device[name] in disk ? 0 : 1), number[name], notified[name] + 0, popped[name] + 0,
				filled[name] + 0, raised[name] + 0
	}' "$tmp/qemu.log" | sort -n
}

# Device, queue, adds, doorbells, interrupts, reaps.
guest_counts() {
	sed -nE 's/^virtio([01]):([0-9]+) [^ ]+ +([0-9 ]+)$/\1 \2 \3/p' "$tmp/plain" |
		awk '{ print $1, $2, $3, $6, $7, $8 }'
}

# Buffers offered to receive into are popped one by one, as frames come: of that queue adds are at
# least pops.
same_counts() {
	local device queue adds doorbells interrupts reaps notified popped filled raised lines=0
	while read -r device queue adds doorbells interrupts reaps notified popped filled raised; do
		lines=$((lines + 1))
		[ "$doorbells" = "$notified" ] && [ "$reaps" = "$filled" ] && [ "$interrupts" -le "$raised" ] ||
			return 1
		if [ "$device.$queue" = 1.0 ]; then [ "$adds" -ge "$popped" ]; else [ "$adds" = "$popped" ]; fi ||
			return 1
	done < <(join <(guest_counts | sed 's/ /./') <(qemu_counts | sed 's/ /./') | sed 's/\./ /')
	[ "$lines" -ge 4 ]
}

# A queue of 4 without tables is full at once: adds are refused, and are none.
counts() {
	local props
	for props in packed=off,event_idx=on packed=off,event_idx=off packed=on,event_idx=on \
		packed=on,event_idx=off packed=off,queue-size=4,indirect_desc=off \
		packed=on,queue-size=4,indirect_desc=off; do
		boot --smp 2 --qemu-trace "$tmp/qemu.log" \
			--blk "disable-legacy=on,ioeventfd=off,num-queues=2,$props" \
			--net "disable-legacy=on,ioeventfd=off,${props/queue-size=4,/}" \
			--append \
			"blk verify; blk bench 1 300; blk bench 32 3000; net ping 10.0.2.2 20; blk stats; trace counts; poweroff"
		requests=$(sed -nE 's/^vda: requests ([0-9]+),.*/\1/p' "$tmp/plain")
		qemu_counts | sed 's/^/qemu /' >>"$tmp/plain"
		ok "doorbells, adds and reaps are QEMU's notifies, pops and fills: $props" \
			'[ $status = 0 ]' '[ "${requests:-0}" -ge 4300 ]' same_counts
		# The driver's own count, too.
		ok "the disk's requests are the sum of its queues' adds: $props" \
			'[ "$requests" = "$(guest_counts | awk "\$1 == 0 { n += \$3 } END { print n }")" ]'
	done

	for props in packed=off packed=on packed=off,queue-size=4,indirect_desc=off; do
		boot --smp 2 --events "$tmp/metal.vrt" --blk "disable-legacy=on,num-queues=2,$props" \
			--net disable-legacy=on --append \
			"trace on; trace counts; blk verify; net ping 10.0.2.2; trace off; trace counts; trace dump; poweroff"
		"$vrt_check" "$tmp/metal.vrt" >"$tmp/vrt" 2>&1
		checked=$?
		sed 's/^/vrt: /' "$tmp/vrt" >>"$tmp/plain"
		ok "the dump opens, verifies, and has as many events of each kind as were counted: $props" \
			'[ $status = 0 ]' '[ $checked = 0 ]' '[ "$(traced_counts)" = "$(grep ^virtio "$tmp/vrt")" ]' \
			'grep -q "^virtio1:0 input.0 [0-9 ]* [3-9] [0-9]*$" "$tmp/vrt"' \
			'says "^vrt: from metal, [1-9][0-9]{3,} events, 0 lost, at "' recorded_now
	done
	boot --smp 2 --events "$tmp/metal.vrt" \
		--append "trace on; blk verify; blk bench 4 12000; trace dump; poweroff"
	"$vrt_check" "$tmp/metal.vrt" >"$tmp/vrt" 2>&1
	checked=$?
	sed 's/^/vrt: /' "$tmp/vrt" >>"$tmp/plain"
	ok "a recording longer than a buffer begins where all CPUs have events, and says how many it lost" \
		'[ $status = 0 ]' '[ $checked = 0 ]' 'says "^vrt: .*, [1-9][0-9]+ lost, at"' \
		'says "events; $(sed -nE "s/.* ([0-9]+) lost, at.*/\1/p" "$tmp/vrt") older ones were lost"' \
		'grep -q "^virtio0:1 req.1 0 0 0 0 0 0 0$" "$tmp/vrt"' \
		'[ "$(awk "\$1 == \"virtio0:0\" { d = \$3 - \$8; print (d < 5 && d > -5) }" "$tmp/vrt")" = 1 ]'
	dd if=/dev/zero of="$tmp/metal.vrt" bs=1 seek=1000 count=1 conv=notrunc status=none
	dd if=/dev/urandom of="$tmp/metal.vrt" bs=16 seek=100 count=1 conv=notrunc status=none
	ok "a dump that was damaged since is found out" '! "$vrt_check" "$tmp/metal.vrt" 2>/dev/null'

	boot --append "trace on; trace dump; poweroff"
	ok "trace dump without a second port says so" '[ $status = 1 ]' \
		'says "no second serial port"'
}

# What was counted between the two times, in vrt_check's words.
traced_counts() {
	sed -nE 's/^(virtio[0-9]+:[0-9]+ [^ ]+) +([0-9 ]+)$/\1 \2/p' "$tmp/plain" | awk '
		!($1 in name) { name[$1] = $2; for (i = 3; i <= NF; i++) before[$1, i] = $i; next }
		{ line = $1 " " $2; for (i = 3; i <= NF; i++) line = line " " $i - before[$1, i]; print line }'
}

# By the guest's clock.
recorded_now() {
	local at now
	at=$(sed -nE 's/^from .* at ([0-9]+)$/\1/p' "$tmp/vrt")
	now=$(date +%s)
	[ "$at" -le $((now + 1)) ] && [ "$at" -ge $((now - limit)) ]
}

# ---- failures ----

# Commands for QEMU's own monitor come through a pipe.
with_monitor() { # options...
	rm -f "$tmp/hmp.in" "$tmp/hmp.out"
	mkfifo "$tmp/hmp.in" "$tmp/hmp.out"
	cat "$tmp/hmp.out" >"$tmp/hmp.words" &
	exec 7<>"$tmp/hmp.in"
	"$run" --image "$image" --disk "$tmp/disk" --limit $limit --qemu-arg -chardev \
		--qemu-arg "pipe,id=hmp,path=$tmp/hmp" --qemu-arg -mon --qemu-arg chardev=hmp "$@" \
		>"$tmp/words" 2>&1 </dev/null &
	guest=$!
}

# Until the guest has said it.
hear() {
	local tries=$((limit * 20))
	until grep -qE -- "$1" "$tmp/words"; do
		((tries-- > 0)) || return 1
		sleep 0.05
	done
}

end_of_guest() {
	status=0
	wait "$guest" || status=$?
	exec 7>&-
	tr -d '\r' <"$tmp/words" >"$tmp/plain"
}

failures() {
	cp "$tmp/disk" "$tmp/damaged"
	printf 'block 701' | dd of="$tmp/damaged" bs=4096 seek=700 conv=notrunc status=none
	boot --disk "$tmp/damaged" --append "blk verify; poweroff"
	ok "verify finds the one block that is not what it should be" '[ $status = 1 ]' \
		'says "1 of 1024 blocks are not numbered .* first is 700"' \
		'! says "read and compared"'

	cat >"$tmp/blkdebug" <<-END
		[inject-error]
		event = "none"
		iotype = "read"
		sector = "4000"
		errno = "5"
	END
	boot --disk "blkdebug:$tmp/blkdebug:$tmp/disk" --append \
		"blk bench 8 20000; blk read 0; blk read 4000; poweroff"
	ok "reads that fail in the back end fail here, and the others go on" '[ $status = 1 ]' \
		'says "blk bench: .* read, [0-9]+ failed, .* with EIO; 0 time-outs"' \
		'says "^00000000  62 6c 6f 63"' \
		'says "blk read: vda: sector 4000: EIO"'

	boot --drive throttling.bps-total=1 --append \
		"blk bench 4 100; lsvirtio 0; net ping 10.0.2.2; poweroff"
	ok "a disk that does not answer: requests time out, the queue is reset, the monitor lives" \
		'[ $status = 1 ]' \
		'says "blk bench: .*failed.*with (ETIMEDOUT|EIO); [1-9][0-9]* time-outs, [1-9][0-9]* resets"' \
		'says "3 of 3 answered"'

	with_monitor --append \
		"net ping 10.0.2.2 1; blk bench 1 20000; net ping 10.0.2.2 1; blk verify; poweroff"
	hear "1 of 1 answered" && echo "set_link card off" >&7
	end_of_guest
	ok "the cable pulled while a bench runs: pings fail, disks do not, the monitor lives" \
		'[ $status = 1 ]' \
		'says "depth 1, 20000 reads"' 'says "eth0: the link is down"' \
		'says "net ping: 10.0.2.2: ETIMEDOUT, the link is down"' \
		'says "1024 blocks read"'

	with_monitor
	hear "^> " && echo nmi >&7
	end_of_guest
	ok "an exception prints registers and a backtrace, and QEMU ends with its status" \
		'[ $status = 90 ]' \
		'says "exception 2 \(NMI\)"' 'says " rip 0000"' 'says "^backtrace: 0x1"'

	boot --append \
		"blk read 99999999; blk read x; net ping 10.0.2; frobnicate; blk; ring 9; ring 7.0; ring; poweroff"
	ok "what makes no sense is told, one line each, and the next command runs" \
		'[ $status = 2 ]' \
		'says "blk read: vda: sector 99999999: ERANGE"' \
		'says "frobnicate: no such command"' \
		'says "ring: 9: no such queue"' 'says "ring: 7.0: no such queue"' \
		'[ $(count_of "^error: ") = 8 ]'

	boot --append "$(printf 'x%.0s' {1..1200})"
	ok "a command line too long is refused, not cut" '[ $status = 91 ]' \
		'says "panic: the command line is longer"'
}

# ---- the console ----

# Types on the console, key by key; what the screen showed is in $tmp/plain.
type_keys() { # options of run --, then keys
	printf '%b' "$2" | "$run" --image "$image" --disk "$tmp/disk" --limit $limit $1 >"$tmp/words" 2>&1
	status=$?
	tr -d '\r' <"$tmp/words" >"$tmp/plain"
}

console() {
	type_keys "" 'hepl\x7f\x7flp\rblk ead 8\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Dr\r\x1b[A\x1b[A\x01\x0bpoweroff\r'
	ok "a line can be edited: backspace, arrows, the line before, from the start to the end" \
		'[ $status = 0 ]' \
		'says "^  lspci"' 'says "^00001000  62 6c 6f 63 6b 20 31"' '! says "^error"'

	type_keys "" 'blk bench 1 100000000\r\x03poweroff\r'
	ok "Ctrl-C ends a bench, and what was typed after it is not lost" '[ $status = 0 ]' \
		'says "interrupted$"'

	type_keys "" 'step\r       poweroff\r'
	ok "step stops at each stage, and draws the ring" '[ $status = 0 ]' \
		'says "^-- req.0: add: 1 elements"' \
		'says "^-- req.0: kick\? yes"' 'says "^-- req.0: doorbell"' \
		'says "^-- req.0: interrupt [0-9]+: there are"' \
		'says "^-- req.0: reap: the device wrote 513 bytes"' 'says "\[0\] id 0 len 513"' \
		'[ $(count_of "any key") = 7 ]'

	boot --append "blk verify; reset; blk verify; net ping 10.0.2.2; reset; reset; poweroff" \
		--smp 2
	ok "after a reset all is found again, and no memory is lost" '[ $status = 0 ]' \
		'[ $(count_of "1024 blocks read") = 2 ]' \
		'says "3 of 3 answered"' \
		'[ $(($(sed -nE "s/^2 devices, .*: ([0-9]+), ([0-9]+)$/\1-\2/p" "$tmp/plain" | tail -n 1))) = 0 ]'

	boot --append "blk write 16 hello disk; blk read 16; ring 0; ring 1.0; blk id; poweroff"
	ok "what is written is read; rings are drawn" '[ $status = 0 ]' \
		'says "68 65 6c 6c 6f 20 64 69  73|hello disk"' \
		'says "^split queue 0 req.0, 256 entries"' \
		'says "^split queue 0 input.0, 256 entries, 0 free"' 'says "^vda: no serial number"'

	boot --append "ring 0; ring 0.0; ring virtio0:0; ring virtio0/req.0; ring vda; ring virtio0; ring eth0; help; lspci; lsvirtio; irq; trace counts; blk stats; net stats; poweroff" \
		--net disable-legacy=on,mac=52:54:00:12:34:56
	ok "a queue has the names that vring-trace gives it, and a device's name is all its queues" \
		'[ $status = 0 ]' '[ $(count_of "^split queue 0 req.0") = 6 ]' \
		'[ $(count_of "^split queue [012] (input.0|output.0|control)") = 3 ]'
	ok "no line is wider than 80 columns" '[ -z "$(awk "length > 80" "$tmp/plain")" ]'
}

for part in $parts; do
	case $part in
	matrix | counts | failures | console) "$part" ;;
	*) echo "not ok - no such part: $part"; failed=1 ;;
	esac
done
exit $failed
