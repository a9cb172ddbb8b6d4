#!/usr/bin/env bash
# install-deps, where it has nothing to install. Run from the root of the tree.
set -uo pipefail
bad=0

expect() { # name, status, pattern of the first line, command...
	local name=$1 status=$2 pattern=$3 got words
	shift 3
	words=$("$@" 2>&1)
	got=$?
	# shellcheck disable=SC2053 # it is a pattern
	if [ $got = "$status" ] && [[ ${words%%$'\n'*} == $pattern ]]; then
		echo "ok - $name"
	else
		echo "not ok - $name: status $got, said: $words"
		bad=1
	fi
}

os=$(mktemp)
trap 'rm -f "$os"' EXIT
printf 'ID=fedora\nVERSION_ID=41\n' >"$os"

expect 'all there: says so and does nothing' 0 'deps: all * packages are there' ./install-deps base
expect 'another system: what is needed, status 2' 2 'deps: this is not Debian 12 but fedora 41; *' \
	env OS_RELEASE="$os" ./install-deps base
expect 'unknown purpose: status 2' 2 'deps: no such purpose: nope; packages.txt has: *' \
	./install-deps nope
exit $bad
