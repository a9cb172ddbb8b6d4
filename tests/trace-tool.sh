#!/usr/bin/env bash
# What vring-trace says of itself in three places is the same: its help, its man page, its completion.
#
#   tests/trace-tool.sh VRING-TRACE
set -uo pipefail
tool=${1:?VRING-TRACE}
page=$(dirname "$0")/../trace-tool/vring-trace.8
bad=0

same() { # the sentence, expected, found
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		diff <(echo "$2") <(echo "$3") | sed 's/^/    /'
		bad=1
	fi
}

help=$("$tool" help)
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$help" | sort)
options=$(grep -oE -- '--[a-z-]+' <<<"${help%%Commands:*}" | sort -u)

same "the man page has every command" "$commands" \
	"$(sed -n '/^\.SH COMMANDS/,/^\.SH OPTIONS/s/^\.BR\? \([a-z]*\).*/\1/p' "$page" | sort)"
same "the man page has every option" "$options" \
	"$(sed -n '/^\.SH OPTIONS/,/^\.SH FIELDS/p' "$page" | sed 's/\\-/-/g' | grep -oE -- '--[a-z-]+' | sort -u)"
completion=$("$tool" completion)
same "completion offers every command" "$commands" \
	"$(sed -n 's/.*local commands="\(.*\)"/\1/p' <<<"$completion" | tr ' ' '\n' | sort)"
same "completion offers every option" "$(grep -v -- --usage <<<"$options")" \
	"$(sed -n 's/.*local options="\(.*\)"/\1/p' <<<"$completion" | tr ' ' '\n' | sort)"
same "bash takes the completion" ok "$(bash -n <<<"$completion" && echo ok)"
same "each command has help of its own" "$commands" "$(for command in $commands; do
	"$tool" help "$command" >/dev/null 2>&1 && echo "$command"
done)"
if ! file -L "$tool" 2>/dev/null | grep -q 'statically linked' && ldd "$tool" >/dev/null 2>&1; then
	echo "not ok - it is one static binary"
	bad=1
else
	echo "ok - it is one static binary"
fi
widest=$(awk '{ if (length > w) w = length } END { print w }' <<<"$help")
same "help fits 80 columns" yes "$( ((widest <= 80)) && echo yes || echo "$widest")"
exit $bad
