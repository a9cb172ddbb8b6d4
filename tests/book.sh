#!/usr/bin/env bash
# The book's checker complains about each thing that can be wrong with a book, and about nothing else.
# Run from the root of the tree, with the test programs built.
#
# Each case breaks one thing in a copy; the copy shares what is built.
set -uo pipefail
tree=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

# What book/press reads.
fresh() {
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree/book"
	cp -r book "$tmp/tree"
	for part in ring device blk net platform trace-tool tests build Makefile; do
		ln -s "$tree/$part" "$tmp/tree/$part"
	done
	cd "$tmp/tree" || exit 1
}

# The pages that take part; the others are "later", and say nothing.
only() { # file...
	awk -F'\t' -v OFS='\t' -v keep=" $* " 'NR > 1 && !index(keep, " " $2 " ") { $5 = "later" } 1' \
		"$tree/book/contents.tsv" >book/contents.tsv
	rm -f book/index.md book/notes.md
	awk -F'\t' -v keep=" $* " 'NR == 1 || index(keep, " " $2 " ")' \
		"$tree/book/explain.tsv" >book/explain.tsv
	# Figures and places in QEMU that no page is left to show are not what is asked.
	awk -F'\t' 'NR == FNR { text = text $0; next } FNR == 1 || index(text, "figures/" $1 ".svg")' \
		<(for f in "$@"; do cat "book/$f"; done) "$tree/book/figures.tsv" >book/figures.tsv
	awk -F'\t' 'NR == FNR { text = text " " $0 " "; next } FNR == 1 || text ~ $1 ":" $2 "[] ]"' \
		<(for f in "$@"; do cat "book/$f"; done) "$tree/book/qemu-7.2.tsv" >book/qemu-7.2.tsv
}

# Without the rule that every line of ring/ is quoted, which few pages cannot keep.
partly() { sed -i 's/^COVERED = .*/COVERED = []/' book/tools/check.py; }

says() { # name, pattern of the one complaint
	local name=$1 pattern=$2 words status
	words=$(book/press check build/gcc/debug/tests 2>&1)
	status=$?
	words=$(grep -v '^ok - ' <<<"$words")
	if [ $status = 1 ] && [ "$(grep -c . <<<"$words")" = 1 ] && [[ $words == $pattern ]]; then
		echo "ok - $name"
	else
		echo "not ok - $name: status $status, said:"
		printf '    %s\n' "${words:-nothing}"
		bad=1
	fi
	cd "$tree" || exit 1
}

case_of() { # page
	fresh
	only "$1"
	partly
}

case_of 01-look-first.md
if words=$(book/press check build/gcc/debug/tests 2>&1); then
	echo 'ok - a copy with one page is as true as the book'
else
	echo "not ok - a copy with one page: $(grep -v '^ok' <<<"$words")"
	bad=1
fi
cd "$tree" || exit 1

case_of one-read.md
sed -i 's/^\tle32 ioprio;$/\tle32 priority;/' book/one-read.md
says 'a snippet that is not the code' \
	'not ok - book/one-read.md:*: blk/virtio_blk.h#virtio_blk_outhdr is not as quoted; make book-sync'

case_of 07-silence.md
sed -i 's/\tkicking$/\tkicking-oneself/' book/explain.tsv
says 'a word explained under a heading that there is not' \
	'not ok - book/explain.tsv: doorbell: no heading 07-silence.md#kicking-oneself'

case_of one-read.md
sed -i 's/#vring_need_event -->/#vring_needs_event -->/' book/one-read.md
says 'a symbol that there is not' \
	'not ok - book/one-read.md:*: ring/virtio_ring.h defines no vring_needs_event'

case_of one-read.md
sed -i 's/a_read_crosses_the_ring_and_comes_back\]/a_read_flies\]/' book/one-read.md
says 'a test that there is not' 'not ok - book/one-read.md:*: blk/request has no test a_read_flies'

case_of one-read.md
sed -i 's/\[blk\/request:a_read_crosses/[blk\/requests:a_read_crosses/' book/one-read.md
says 'a test program that there is not' 'not ok - book/one-read.md:*: there is no test program blk/requests'

# The programs are a folder of links, one of which does not pass.
case_of one-read.md
rm build
mkdir -p build/gcc/debug/tests/blk
ln -s "$tree"/build/gcc/debug/{book,libvirtio.a} build/gcc/debug
ln -s "$tree/build/gcc/vring-trace-files" build/gcc
printf '#!/bin/sh\n%s\n' "'$tree/build/gcc/debug/tests/blk/request' 2>&1 |
	sed '/OK.*a_read_crosses/s/\[       OK \]/[  FAILED  ]/'" >build/gcc/debug/tests/blk/request
chmod +x build/gcc/debug/tests/blk/request
says 'a test that fails' \
	'not ok - book/one-read.md:*: blk/request:a_read_crosses_the_ring_and_comes_back does not pass'

case_of 03-three-arrays.md
sed -i 's/^avail_event *6724 /avail_event          6720 /' book/03-three-arrays.md
says 'an output that has changed' \
	"not ok - book/03-three-arrays.md:*: 'build/gcc/debug/book/layout 256 64' prints something else; make book-sync"

case_of 03-three-arrays.md
sed -i '0,/<!-- run layout: /s/<!-- run layout: .*/<!-- run layout: false -->/' book/03-three-arrays.md
says 'a command that fails' "not ok - book/03-three-arrays.md:*: 'false' ended with 1*"

case_of one-read.md
sed -i 's/^virtio0\/req.0    reap .*/virtio0\/req.0    reap            4        4     +1=4 len 5000/' book/one-read.md
says 'a recording that says something else' \
	'not ok - book/one-read.md:*: not what book/recorded/reap.txt has recorded'

case_of 03-three-arrays.md
sed -i '0,/<text/s/<text/<text class="changed"/' book/figures/layout.svg
says 'a figure that does not follow from its source' \
	'not ok - book/03-three-arrays.md:*: figures/layout.svg does not follow from its source; make book-sync'

case_of 03-three-arrays.md
sed -i '/^layout\t/d' book/figures.tsv
says 'a figure without a command' \
	'not ok - book/03-three-arrays.md:*: figures.tsv does not say how layout is drawn'

case_of 01-look-first.md
sed -i 's/](02-the-map.md)/](02-the-maps.md)/' book/01-look-first.md
says 'a dead link' 'not ok - book/01-look-first.md:*: nothing is at 02-the-maps.md'

case_of 01-look-first.md
sed -i 's/](02-the-map.md)/](#what-the-device-think)/' book/01-look-first.md
says 'a dead anchor' 'not ok - book/01-look-first.md:*: no heading #what-the-device-think'

case_of one-read.md
printf '\nA ring is always round.\n' >book/added
sed -i '/^## The driver adds/{
	r book/added
	N
}' book/one-read.md
says 'a paragraph with neither proof nor mark' \
	'not ok - book/one-read.md:*: neither a proof nor a mark of opinion or introduction'

case_of one-read.md
printf '\nA ring is round. [surely]{.mark}\n' >>book/one-read.md
says 'a mark that there is not' "not ok - book/one-read.md:*: there is no mark 'surely'"

quote_of() { # lines: a function of so many, and its quotation
	{
		printf 'int many(void)\n{\n'
		for ((n = 3; n < $1; n++)); do printf '\tdo_it(%d);\n' "$n"; done
		printf '}\n'
	} >book/experiments/many.c
	{
		printf '\n<!-- code: book/experiments/many.c#many -->\n```c\n'
		cat book/experiments/many.c
		printf '```\n'
	} >>book/one-read.md
}
case_of one-read.md
quote_of 41
says 'a snippet of 41 lines' \
	'not ok - book/one-read.md:*: book/experiments/many.c#many is longer than 40 lines'

case_of one-read.md
quote_of 40
words=$(book/press check build/gcc/debug/tests 2>&1) && echo 'ok - but not one of 40' ||
	{ echo "not ok - but not one of 40: $(grep -v '^ok' <<<"$words")"; bad=1; }
cd "$tree" || exit 1

case_of 01-look-first.md
cp book/exercises/01-used-len.answer.c book/answer.c
sed -i 's|#include "01-used-len.answer.c"|#include "../answer.c"|; /^#else$/a #include "../answer.c"' \
	book/exercises/01-used-len.c
sed -i '/^#include "..\/answer.c"$/,/^#endif$/{ /^#include\|^#else\|^#endif/!d }' book/exercises/01-used-len.c
says 'an exercise that is green as it stands' \
	'not ok - book/01-look-first.md:*: 01-used-len is not red without its answer'

case_of 01-look-first.md
sed -i 's/VRING_DESC_F_WRITE)$/VRING_DESC_F_NEXT)/' book/exercises/01-used-len.answer.c
says 'an answer that is red' 'not ok - book/01-look-first.md:*: 01-used-len is not green with its answer'

case_of 01-look-first.md
sed -i 's/return len;/return len/' book/exercises/01-used-len.answer.c
says 'an answer that does not compile' \
	'not ok - book/01-look-first.md:*: 01-used-len does not compile (green): *'

case_of 01-look-first.md
sed -i '/virtio_blk_req_complete/d' book/qemu-7.2.tsv
says "a place in QEMU that the table does not have" \
	'not ok - book/01-look-first.md:*: book/qemu-7.2.tsv has no hw/block/virtio-blk.c:virtio_blk_req_complete'

# A line of ring/ that no chapter quotes. The rule looks at code alone, so all else may stay away.
fresh
rm ring
cp -r "$tree/ring" ring
printf '\nint vring_of_the_nibelung;\n' >>ring/virtio_ring.c
words=$(book/press missing)
if [ "$words" = "ring/virtio_ring.c:$(wc -l <ring/virtio_ring.c)-$(wc -l <ring/virtio_ring.c)" ]; then
	echo 'ok - a line of ring/ in no chapter'
else
	echo "not ok - a line of ring/ in no chapter: ${words:-nothing}"
	bad=1
fi
cd "$tree" || exit 1

# ---- what it names of Linux ----

mkdir -p "$tmp/linux/drivers/virtio"
printf 'VERSION = 6\nPATCHLEVEL = 1\n' >"$tmp/linux/Makefile"
case_of 09-indirect-and-packed.md
printf 'static inline int virtqueue_add_packed(struct virtqueue *vq)\n{\n}\n' \
	>"$tmp/linux/drivers/virtio/virtio_ring.c"
words=$(book/press linux "$tmp/linux") && [[ $words == 'ok - '* ]] && echo 'ok - a symbol that Linux has' ||
	{ echo "not ok - a symbol that Linux has: $words"; bad=1; }
printf '\tvirtqueue_add_packed(vq);\n' >"$tmp/linux/drivers/virtio/virtio_ring.c"
words=$(book/press linux "$tmp/linux")
[[ $? = 1 && $words == 'not ok - book/09-'*': drivers/virtio/virtio_ring.c defines no virtqueue_add_packed' ]] &&
	echo 'ok - one that it only calls' || { echo "not ok - one that it only calls: $words"; bad=1; }
sed -i 's/PATCHLEVEL = 1/PATCHLEVEL = 2/' "$tmp/linux/Makefile"
words=$(book/press linux "$tmp/linux")
[[ $? = 1 && $words == "not ok - $tmp/linux is not the source of Linux 6.1"* ]] &&
	echo 'ok - another Linux' || { echo "not ok - another Linux: $words"; bad=1; }
cd "$tree" || exit 1

# ---- book/look, where QEMU is not what it should be ----

mkdir -p "$tmp/none" "$tmp/dead"
printf '#!/bin/sh\nexit 3\n' >"$tmp/dead/qemu-system-x86_64"
chmod +x "$tmp/dead/qemu-system-x86_64"
python=$(python3 -c 'import sys; print(sys.executable)')
words=$(PATH=$tmp/none "$python" book/look 2>&1)
[[ $? = 2 && $words == 'look: no qemu-system-x86_64; make deps installs it' ]] &&
	echo 'ok - no QEMU: what to do' || { echo "not ok - no QEMU: $words"; bad=1; }
words=$(PATH=$tmp/dead:$PATH book/look 2>&1)
[[ $? = 1 && $words == 'look: QEMU has ended' ]] &&
	echo 'ok - a QEMU that dies: says so' || { echo "not ok - a QEMU that dies: $words"; bad=1; }
words=$(book/look everything 2>&1)
[[ $? = 2 && $words == *'book/look write'* ]] &&
	echo 'ok - an unknown word: the known ones' || { echo "not ok - an unknown word: $words"; bad=1; }
# Its image is in $TMPDIR, and so on the command line of its QEMU.
runs() { grep -qsa "$tmp/look" /proc/[0-9]*/cmdline; }
mkdir "$tmp/look"
TMPDIR=$tmp/look book/look >"$tmp/words" 2>&1 &
look=$!
for ((n = 0; n < 100; n++)); do
	runs && break
	sleep 0.02
done
kill "$look"
wait "$look"
status=$?
if [[ $status = 143 || $status = 0 ]] && ! runs; then
	echo 'ok - ended, it ends its QEMU'
else
	echo "not ok - ended, it ends its QEMU: status $status"
	bad=1
fi

exit $bad
