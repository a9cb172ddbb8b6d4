#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws a packed ring from the text that ring/vring_draw.c makes of it.

  build/gcc/debug/book/packed | packed.py CAPTION >SVG

CAPTION: of several drawings, the one behind the line "-- CAPTION"."""

import re
import sys
from html import escape

ROW, TOP, LEFT, WIDTH = 30, 72, 60, 700
INK, FAINT, READ, WRITE = "#22211e", "#6d6a62", "#1c5d8a", "#8a4b1c"


def main(caption):
    text = sys.stdin.read()
    block = re.search(rf"^-- {re.escape(caption)}\n(.*?)(?=^-- |\Z)", text, re.M | re.S).group(1)
    size = int(re.search(r"(\d+) entries", block).group(1))
    avail, used = (re.search(rf"next {name} (\d+) wrap (\d)", block).groups() for name in ("avail", "used"))
    rows = {int(m[0]): m[1:] for m in re.findall(
        r"^ +(\d+)  (0x\w+) +(\d+) +(\d+)  A(\d) U(\d)(.*)$", block, re.M)}
    first, last = int(used[0]), int(avail[0])
    pending = [(first + n) % size for n in range((last - first) % size or (size if used[1] != avail[1] else 0))]
    height = TOP + ROW * size + 16
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
           f'height="{height}" font-family="sans-serif" font-size="13" role="img">',
           f"<title>{escape(caption)}</title>",
           f'<rect width="{WIDTH}" height="{height}" fill="#fdfcf9"/>']

    def put(x, y, what, fill=INK, more=""):
        out.append(f'<text x="{x}" y="{y}" fill="{fill}" {more}>{escape(str(what))}</text>')

    for x, what in ((LEFT + 8, "address"), (LEFT + 160, "bytes"), (LEFT + 210, "id"), (LEFT + 240, "AVAIL"),
                    (LEFT + 290, "USED"), (LEFT + 338, "last written as")):
        put(x, 46, what, FAINT)
    put(LEFT, 24, "one ring", INK, 'font-weight="600"')
    for slot in range(size):
        y = TOP - 16 + ROW * slot
        address, length, ident, a, u, rest = rows.get(slot, ("", "", "", "", "", ""))
        inside = slot in pending
        piece = "" if not address else "for writing" if "write" in rest else "for reading"
        colour = (WRITE if "write" in rest else READ) if inside else "#d8d3c6"
        out.append(f'<rect x="{LEFT}" y="{y}" width="470" height="{ROW - 4}" rx="3" '
                   f'fill="{"#ffffff" if inside else "#f4f1e9"}" stroke="{colour}"/>')
        ink = INK if inside else FAINT
        put(LEFT - 12, y + 18, slot, FAINT, 'text-anchor="end"')
        put(LEFT + 8, y + 18, address.replace("0x0000", "0x"), ink)
        put(LEFT + 190, y + 18, length, ink, 'text-anchor="end"')
        put(LEFT + 213, y + 18, ident, ink)
        put(LEFT + 254, y + 18, a, ink)
        put(LEFT + 302, y + 18, u, ink)
        put(LEFT + 338, y + 18, piece, colour if inside else FAINT)
        notes = []
        if slot == first:
            notes.append(f"next used, wrap {used[1]}")
        if slot == last:
            notes.append(f"next avail, wrap {avail[1]}")
        for number, note in enumerate(notes):
            put(LEFT + 482, y + 18 + 13 * number, f"\u2190 {note}", INK)
    out.append("</svg>")
    print("\n".join(out))


main(" ".join(sys.argv[1:]))
