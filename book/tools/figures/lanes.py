#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws a trail of the notification model: who did what, from top to bottom.

  lanes.py TITLE <TRAIL >SVG

A trail's lines start with who acts: giver, memory or taker, indented as far as their lane is to the
right."""

import re
import sys
from html import escape

LANES = ["giver", "memory", "taker"]
LEFT, LANE, TOP, ROW = 16, 226, 58, 27
COLOURS = {"giver": "#1c5d8a", "memory": "#6d6a62", "taker": "#8a4b1c"}


def main(title):
    rows = []
    for line in sys.stdin.read().splitlines():
        match = re.match(r"\s*(giver|memory|taker)\s+(.*)", line)
        rows.append(match.groups() if match else (None, line.strip()))
    height = TOP + ROW * len(rows) + 14
    width = LEFT * 2 + LANE * len(LANES)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
           f'height="{height}" font-family="sans-serif" font-size="13" role="img">',
           f"<title>{escape(title)}</title>",
           f'<rect width="{width}" height="{height}" fill="#fdfcf9"/>']
    for number, lane in enumerate(LANES):
        x = LEFT + LANE * number + 8
        out.append(f'<text x="{x}" y="26" font-weight="600" fill="{COLOURS[lane]}">{lane}</text>')
        out.append(f'<line x1="{x + 4}" y1="36" x2="{x + 4}" y2="{height - 10}" stroke="#e2ded3" '
                   'stroke-width="2"/>')
    for number, (who, text) in enumerate(rows):
        y = TOP + ROW * number
        if who is None:
            out.append(f'<text x="{width / 2}" y="{y + 4}" text-anchor="middle" font-weight="600" '
                       f'fill="#a02020">{escape(text)}</text>')
            continue
        x = LEFT + LANE * LANES.index(who) + 12
        out.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{COLOURS[who]}"/>')
        out.append(f'<text x="{x + 11}" y="{y + 4}" fill="#22211e">{escape(text)}</text>')
    out.append("</svg>")
    print("\n".join(out))


main(" ".join(sys.argv[1:]))
