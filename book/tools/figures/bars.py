#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the table of the experiment with silence: kicks and interrupts, a bar for each.

  build/gcc/debug/book/silence | bars.py >SVG"""

import re
import sys
from html import escape

LEFT, TOP, ROW, BAR, FULL = 262, 44, 44, 15, 400
COLOURS = {"kicks": "#1c5d8a", "interrupts": "#8a4b1c"}


def main():
    rows = []
    for line in sys.stdin.read().splitlines()[1:]:
        adds, takes, told, _, kicks, interrupts = re.split(r"\s{2,}", line.strip())
        rows.append((f"every {adds}, {takes} each", told, int(kicks), int(interrupts)))
    most = max(max(row[2:]) for row in rows)
    width, height = LEFT + FULL + 58, TOP + ROW * len(rows) + 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
           f'height="{height}" font-family="sans-serif" font-size="13" role="img">',
           "<title>Kicks and interrupts for 1,000 buffers</title>",
           f'<rect width="{width}" height="{height}" fill="#fdfcf9"/>']
    for number, (name, colour) in enumerate(COLOURS.items()):
        out.append(f'<rect x="{LEFT + 110 * number}" y="14" width="11" height="11" fill="{colour}"/>')
        out.append(f'<text x="{LEFT + 110 * number + 17}" y="24" fill="#22211e">{name}</text>')
    for number, (speed, told, *values) in enumerate(rows):
        y = TOP + ROW * number
        if number % 2 == 0:
            out.append(f'<text x="12" y="{y + 20}" fill="#22211e">{escape(speed)}</text>')
        out.append(f'<text x="{LEFT - 12}" y="{y + 20}" text-anchor="end" fill="#6d6a62">{told}</text>')
        for place, (value, colour) in enumerate(zip(values, COLOURS.values())):
            length = max(1, round(FULL * value / most))
            out.append(f'<rect x="{LEFT}" y="{y + 1 + place * (BAR + 1)}" width="{length}" '
                       f'height="{BAR}" fill="{colour}"/>')
            out.append(f'<text x="{LEFT + length + 6}" y="{y + 13 + place * (BAR + 1)}" '
                       f'font-size="12" fill="#22211e">{value}</text>')
    out.append("</svg>")
    print("\n".join(out))


main()
