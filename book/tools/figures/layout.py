#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws a split ring's parts to scale, from the table that the experiment prints.

  build/gcc/debug/book/layout 256 64 | layout.py >SVG"""

import re
import sys

WIDTH, LEFT, TOP = 700, 16, 76
COLOUR = {"driver": "#1c5d8a", "device": "#8a4b1c", "nobody": "#bdb8aa"}


def main():
    lines = sys.stdin.read().splitlines()
    title = lines[0]
    parts = []
    for line in lines[2:-1]:
        name, offset, size, writer = re.match(r"(.*?) +(\d+) +(\d+)  (\w+)", line).groups()
        parts.append((name, int(offset), int(size), writer))
    end = int(lines[-1].split()[1])
    span = WIDTH - 2 * LEFT
    height = TOP + 60 + 22 * len(parts) + 16
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
           f'height="{height}" font-family="sans-serif" font-size="13" role="img">',
           f"<title>{title}</title>",
           f'<rect width="{WIDTH}" height="{height}" fill="#fdfcf9"/>',
           f'<text x="{LEFT}" y="26" font-weight="600" fill="#22211e">{title}, to scale</text>']
    for number, (who, colour) in enumerate(COLOUR.items()):
        x = LEFT + 150 * number
        out.append(f'<rect x="{x}" y="40" width="11" height="11" fill="{colour}"/>')
        label = "padding" if who == "nobody" else f"written by the {who}"
        out.append(f'<text x="{x + 17}" y="50" fill="#6d6a62">{label}</text>')
    for _, offset, size, writer in parts:
        x, w = LEFT + span * offset / end, max(1.2, span * size / end)
        out.append(f'<rect x="{x:.1f}" y="{TOP}" width="{w:.1f}" height="34" fill="{COLOUR[writer]}" '
                   'stroke="#fdfcf9" stroke-width="0.6"/>')
    for number, (name, offset, size, writer) in enumerate(parts):
        y = TOP + 62 + 22 * number
        x = LEFT + span * (offset + size / 2) / end
        out.append(f'<circle cx="{LEFT + 5}" cy="{y - 4}" r="4" fill="{COLOUR[writer]}"/>')
        out.append(f'<text x="{LEFT + 18}" y="{y}" fill="#22211e">{name}</text>')
        out.append(f'<text x="{LEFT + 210}" y="{y}" fill="#22211e" text-anchor="end">{offset}</text>')
        out.append(f'<text x="{LEFT + 224}" y="{y}" fill="#6d6a62">{size} bytes</text>')
        if name in ("used_event", "avail_event", "padding"):
            out.append(f'<path d="M{LEFT + 300} {y - 4} H{x:.1f} V{TOP + 36}" fill="none" '
                       f'stroke="{COLOUR[writer]}" stroke-width="1"/>')
    out.append("</svg>")
    print("\n".join(out))


main()
