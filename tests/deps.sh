#!/usr/bin/env bash
# install-deps, among stand-ins for the package tools. Run from the root of the tree.
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

# Stand-ins for the package tools: what is installed is what $HAVE names, apt-get notes its words.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
printf 'ID=debian\nVERSION_ID="12"\n' >"$tmp/debian"
printf 'ID=fedora\nVERSION_ID=41\n' >"$tmp/fedora"
cat >"$tmp/dpkg-query" <<'END'
#!/bin/sh
case " $HAVE " in *" all "* | *" $4 "*) echo installed ;; *) exit 1 ;; esac
END
cat >"$tmp/apt-get" <<'END'
#!/bin/sh
echo "$*" >>"$APT_LOG"
case " $* " in *" $APT_FAILS "*) exit 100 ;; esac
END
cat >"$tmp/id" <<'END'
#!/bin/sh
echo "${AS_UID:-0}"
END
chmod +x "$tmp"/dpkg-query "$tmp"/apt-get "$tmp"/id
mkdir "$tmp/few" # all it calls, and no sudo
for tool in bash awk dirname env grep sort xargs sh; do
	ln -s "$(command -v $tool)" "$tmp/few/$tool"
done
export PATH=$tmp:$PATH APT_LOG=$tmp/log OS_RELEASE=$tmp/debian HAVE=all APT_FAILS=none

expect 'all there: says so and does nothing' 0 'deps: all * packages are there' ./install-deps base
[ ! -e "$APT_LOG" ] || { echo 'not ok - and calls no apt-get'; bad=1; }
expect 'some missing: installs those' 0 'deps: installing gcc *' env HAVE=clang ./install-deps base
grep -q '^-qq install .* gcc ' "$APT_LOG" && ! grep -q ' clang ' "$APT_LOG" ||
	{ echo 'not ok - and those only'; bad=1; }
expect 'apt fails: status 1' 1 'deps: installing *' \
	env HAVE=clang APT_FAILS=install ./install-deps base
expect 'neither root nor sudo: what to do, status 1' 1 \
	'deps: not root and no sudo; as root: apt-get install *' \
	env HAVE=clang AS_UID=1000 PATH="$tmp:$tmp/few" ./install-deps base
expect 'another system: what is needed, status 2' 2 'deps: this is not Debian 12 but fedora 41; *' \
	env OS_RELEASE="$tmp/fedora" ./install-deps base
expect 'unknown purpose: status 2' 2 'deps: no such purpose: nope; packages.txt has: *' \
	./install-deps nope
expect 'no purpose: status 2' 2 'deps: for what? packages.txt has: *' ./install-deps
exit $bad
