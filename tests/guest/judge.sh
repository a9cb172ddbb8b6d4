# Sourced by jobs that judge in the guest what vring-trace says.
failed=0

ok() { # the sentence, then conditions, each one word
	sentence=$1
	shift
	for condition; do
		eval "$condition" && continue
		echo "not ok - $sentence: status $status, but not: $condition"
		head -n 20 out err | sed 's/^/    /'
		failed=1
		return
	done
	echo "ok - $sentence"
}

# Runs a command; its words go to the files out and err, its status to $status.
see() {
	status=0
	"$@" >out 2>err || status=$?
}

number() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$2" | head -n 1; } # key, file
lines() { grep -c "$1" "$2"; }
