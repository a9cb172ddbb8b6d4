#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws one exchange from the two columns that an experiment prints, with the indices between them.

  build/gcc/debug/book/other-hand | exchange.py CAPTION >SVG

CAPTION: of several exchanges, the one behind the line "-- CAPTION"."""

import re
import sys
from html import escape

WIDTH, TOP, ROW = 720, 64, 58
X = {"driver": 16, "device": 480}
WORD = 280
COLOUR = {"driver": "#1c5d8a", "device": "#8a4b1c"}
INK, FAINT = "#22211e", "#6d6a62"


def main(caption):
    block = re.search(rf"^-- {re.escape(caption)}\n(.*?)(?=^-- |\Z)", sys.stdin.read(), re.M | re.S).group(1)
    steps = []
    for line in block.splitlines()[1:]:
        who = "device" if line.startswith(" " * 20) else "driver"
        text, _, word = line.strip().partition(": ") if re.search(r"\.idx \d+$", line) else (line.strip(), "", "")
        steps.append((who, text, word))
    height = TOP + ROW * len(steps)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
           f'height="{height}" font-family="sans-serif" font-size="13" role="img">',
           "<title>One buffer, both sides</title>",
           "<desc>From top to bottom: what the driver does, which index it moves, what the device does.</desc>",
           f'<rect width="{WIDTH}" height="{height}" fill="#fdfcf9"/>',
           '<defs><marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" '
           f'orient="auto"><path d="M0 0L6 3L0 6z" fill="{FAINT}"/></marker></defs>']

    def put(x, y, what, fill=INK, more=""):
        out.append(f'<text x="{x}" y="{y}" fill="{fill}" {more}>{escape(what)}</text>')

    for who, x in X.items():
        put(x, 28, who, COLOUR[who], 'font-weight="600"')
    put(WORD + 8, 28, "shared memory", FAINT, 'font-weight="600"')
    out.append(f'<rect x="{WORD - 8}" y="40" width="156" height="{height - 50}" rx="4" fill="#f4f1e9"/>')
    for number, (who, text, word) in enumerate(steps):
        y = TOP + ROW * number
        # Long lines break at the colon.
        for part, words in enumerate(text.split(": ", 1)):
            put(X[who], y + 5 + 17 * part, words, INK if part == 0 else FAINT)
        if word:
            out.append(f'<rect x="{WORD + 4}" y="{y - 10}" width="132" height="23" rx="3" fill="#ffffff" '
                       f'stroke="{COLOUR[who]}"/>')
            put(WORD + 12, y + 6, word)
            x1, x2 = (WORD - 36, WORD) if who == "driver" else (X["device"] - 10, WORD + 140)
            out.append(f'<path d="M{x1} {y + 1} H{x2}" stroke="{COLOUR[who]}" marker-end="url(#tip)"/>')
        elif number and steps[number - 1][2] and steps[number - 1][0] != who:
            x2 = X["device"] - 8 if who == "device" else WORD - 36
            y1 = y - ROW + 14
            out.append(f'<path d="M{WORD + 70} {y1} V{y + 1} H{x2}" fill="none" stroke="{FAINT}" '
                       'stroke-dasharray="4 3" marker-end="url(#tip)"/>')
    out.append("</svg>")
    print("\n".join(out))


main(" ".join(sys.argv[1:]))
