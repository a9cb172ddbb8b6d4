#!/usr/bin/env bash
# What guest/linux/{fetch-kernel,make-initramfs,run} do when things go wrong. Needs no network.
#
#   tests/guest/runner.sh KERNELDIR INITRAMFS
#
# Failures are made with the options everyone has: a guest that QEMU never lets run (-S) hangs, one
# whose first program is missing (rdinit=) panics, and the job does what it finds in $WHAT, which
# the kernel hands over from its command line.
# shellcheck disable=SC2016,SC2034,SC2317 # conditions are evaluated when `ok` comes to them
set -euo pipefail
[ $# = 2 ] || { echo "usage: tests/guest/runner.sh KERNELDIR INITRAMFS" >&2; exit 2; }
linux=$(realpath "$(dirname "$0")/../../guest/linux")
kernel=$1 initrd=$2
tmp=$(mktemp -d)
export TMPDIR=$tmp
trap 'rm -rf "$tmp"' EXIT
failed=0

# Runs a command; its words, stderr among them, go to $tmp/words, its status to $status.
see() {
	status=0
	"$@" >"$tmp/words" 2>&1 <<<"for the caller" || status=$?
}

says() { grep -qE -- "$1" "$tmp/words"; }
says_once() { [ "$(grep -cE -- "$1" "$tmp/words")" = 1 ]; }

# Every QEMU started here has this name on its command line.
name=runner-test-$$
nothing_runs() { ! grep -qsa "$name" /proc/[0-9]*/cmdline; }

ok() { # the sentence, then conditions, each one word
	local sentence=$1 condition; shift
	for condition in "$@"; do
		eval "$condition" && continue
		echo "not ok - $sentence: status $status, but not: $condition"
		sed 's/^/    /' "$tmp/words"
		failed=1
		return
	done
	echo "ok - $sentence"
}

run() { # options
	see "$linux/run" --kernel "$kernel" --initrd "$tmp/job.cpio" --log "$tmp/log" \
		--qemu-arg -name --qemu-arg "$name" "$@"
}

cat >"$tmp/job" <<'END'
#!/bin/sh
echo "on the console"
case $WHAT in
results) echo "for the host" >/results/words ;;
status) echo "for the host" >/results/words; exit 7 ;;
sleep) sleep 1000 ;;
crash) echo c >/proc/sysrq-trigger ;;
esac
END

# ---- fetch-kernel ----

see "$linux/fetch-kernel" 5.4 "$tmp/kernel/5.4"
ok "an unknown kernel is refused with the list of those known" \
	'[ $status = 2 ]' 'says_once "5.4; there are 6.1 6.1-cloud 6.12 6.12-cloud"' \
	'[ ! -e "$tmp/kernel" ]'

echo 'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null";' >"$tmp/apt.conf"
see env APT_CONFIG="$tmp/apt.conf" "$linux/fetch-kernel" 6.1-cloud "$tmp/kernel/6.1-cloud"
ok "a machine without package sources is told so, and no half kernel stays" \
	'[ $status = 1 ]' 'says_once "cannot download a 6.1-cloud kernel: "' \
	'[ -z "$(ls -A "$tmp/kernel")" ]'

mkdir "$tmp/mine"
echo mine >"$tmp/mine/file"
see "$linux/fetch-kernel" 6.1 "$tmp/mine"
ok "a folder with something else in it is left alone" \
	'[ $status = 1 ]' 'says_once "not a 6.1 kernel: $tmp/mine;"' '[ -s "$tmp/mine/file" ]'

# ---- make-initramfs ----

see "$linux/make-initramfs" "$tmp/none" "$tmp/none.cpio"
ok "no kernel, no initramfs" \
	'[ $status = 1 ]' 'says_once "no kernel here: $tmp/none;"' '[ ! -e "$tmp/none.cpio" ]'

see "$linux/make-initramfs" "$kernel" "$tmp/none.cpio" "$tmp/missing=/job"
ok "a missing file is named" '[ $status = 1 ]' 'says_once "no such file: $tmp/missing"'

see "$linux/make-initramfs" "$kernel" "$tmp/job.cpio" "$tmp/job=/job"
first=$(sha256sum <"$tmp/job.cpio")
sleep 1.1 # more than the resolution of a time stamp in it
see "$linux/make-initramfs" "$kernel" "$tmp/job.cpio" "$tmp/job=/job"
ok "the same files make the same initramfs" \
	'[ $status = 0 ]' '[ "$first" = "$(sha256sum <"$tmp/job.cpio")" ]' '[ ! -s "$tmp/words" ]'

# ---- run: what it refuses ----

run --kernel "$tmp/none"
ok "no kernel, no run" '[ $status = 125 ]' 'says_once "no kernel here: $tmp/none;"'

mkdir "$tmp/bin"
ln -s "$(command -v bash)" "$tmp/bin/bash"
PATH=$tmp/bin run
ok "without QEMU it says what installs it" '[ $status = 125 ]' \
	'says_once "no qemu-system-x86_64 .*make deps"'

run --net bogus=1
ok "QEMU's own complaint is passed on, and the boot not repeated" '[ $status = 125 ]' \
	'says_once "QEMU did not start: .*bogus"' '! says "once more"' nothing_runs

run --limit soon
ok "a limit is a number" '[ $status = 125 ]' 'says_once "not a number of seconds: soon"'

# ---- run: boots that fail ----

run --initrd "$initrd" --boot-limit 1 --qemu-arg -S
ok "a guest that hangs in early boot is booted once more, then given up" \
	'[ $status = 125 ]' 'says_once "not up after 1 s, QEMU [0-9]+ ended; booting once more"' \
	'says_once "booted twice in vain: .*last lines of $tmp/log:"' \
	'[ "$(grep -oE "QEMU [0-9]+ ended" "$tmp/words" | sort -u | wc -l)" = 2 ]' nothing_runs

run --initrd "$initrd" --append rdinit=/nonexistent
ok "a panic while booting is booted once more, then shown" \
	'[ $status = 125 ]' 'says_once "booting once more"' \
	'says_once "booted twice in vain: .*Kernel panic.*last lines"' nothing_runs

run --limit 2 --qemu-arg -S
ok "the limit of the whole run holds while booting too" \
	'[ $status = 124 ]' 'says_once "--limit 2 reached while booting"' '! says "once more"' \
	nothing_runs

# ---- run: jobs ----

run --append WHAT=status --results "$tmp/results.tar.gz" --qemu-trace "$tmp/trace"
ok "the job's status, words and results come home" \
	'[ $status = 7 ]' 'says_once "^on the console$"' 'cmp -s "$tmp/log" "$tmp/words"' \
	'[ "$(tar -xzOf "$tmp/results.tar.gz" ./words)" = "for the host" ]' \
	'grep -q "^virtio_set_status .* val 15$" "$tmp/trace"' nothing_runs

leave_stdin() {
	"$linux/run" --kernel "$kernel" --initrd "$initrd" --limit 1 --qemu-arg -S
	cat
}
see leave_stdin
ok "stdin stays the caller's" 'says_once "^for the caller$"'

run --append WHAT=crash
ok "a panic under the job ends the run at once: no second boot" \
	'[ $status = 125 ]' 'says_once "ended before its job did: Kernel panic.*sysrq"' \
	'! says "once more"' nothing_runs

run --append WHAT=sleep --limit 6
ok "a job without end meets the limit" \
	'[ $status = 124 ]' 'says_once "--limit 6 reached.*, QEMU [0-9]+ ended"' nothing_runs

# ---- run: interrupted ----

interrupt() { # signal
	"$linux/run" --kernel "$kernel" --initrd "$initrd" --log "$tmp/log" --qemu-arg -S \
		--qemu-arg -name --qemu-arg "$name" &
	local pid=$! tries=50
	until grep -qsa "^qemu.*$name" /proc/[0-9]*/cmdline || ((tries-- == 0)); do sleep 0.1; done
	kill -"$1" "$pid"
	wait "$pid"
}

see interrupt TERM
ok "SIGTERM ends the run and its QEMU" '[ $status = 143 ]' nothing_runs

see interrupt KILL
sleep 0.5 # the kernel ends QEMU, nobody waits for it
ok "even SIGKILL leaves no QEMU behind" '[ $status = 137 ]' nothing_runs

# ---- full disks ----

# /dev/full takes no byte, as a full disk does.
on_full_disk() {
	ln -sf /dev/full "$tmp/results"
	ln -sf /dev/full "$tmp/trace"
	"$linux/run" --kernel "$kernel" --initrd "$tmp/job.cpio" --append WHAT=results \
		--qemu-arg -name --qemu-arg "$name" \
		--log "$tmp/log" --results "$tmp/results" --qemu-trace "$tmp/trace" >/dev/full
}
see on_full_disk
ok "a full disk is told, for each file it hit, and is no success" '[ $status = 125 ]' \
	'says_once "$tmp/log: .*No space left"' 'says_once "$tmp/results: .*No space left"' \
	'says_once "$tmp/trace: .*No space left"' nothing_runs

exit $failed
