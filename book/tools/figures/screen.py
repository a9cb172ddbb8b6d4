#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws a terminal with what was printed on it.

  screen.py PROMPT [FIRST LAST] <TEXT >SVG

PROMPT: the command, shown in front; FIRST and LAST: these lines of the text only."""

import sys
from html import escape

WIDTH, LEFT, TOP, ROW, CHAR = 720, 16, 34, 17, 7.0
PAPER, BAR, INK, FAINT, GOOD, BAD = "#1b1c1e", "#2b2d31", "#dcd8cf", "#99958b", "#8fc493", "#e0918c"


def colour(line):
    if "[  PASSED  ]" in line or "[       OK ]" in line:
        return GOOD
    if "FAILED" in line or "ERROR" in line:
        return BAD
    return FAINT if line.startswith(("#", "-- ", "...")) else INK


def main(prompt, first=None, last=None):
    lines = sys.stdin.read().expandtabs().rstrip("\n").split("\n")
    lines = lines[int(first) - 1 if first else None:int(last) if last else None]
    height = TOP + ROW * (len(lines) + 1) + 16
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
           f'height="{height}" font-family="monospace" font-size="11.6" role="img">',
           f"<title>{escape(prompt)}</title>",
           f'<rect width="{WIDTH}" height="{height}" rx="6" fill="{PAPER}"/>',
           f'<path d="M0 22V6a6 6 0 0 1 6-6h{WIDTH - 12}a6 6 0 0 1 6 6v16z" fill="{BAR}"/>']
    out += [f'<circle cx="{14 + 15 * n}" cy="11" r="4" fill="#55585e"/>' for n in range(3)]
    for number, line in enumerate([f"$ {prompt}"] + lines):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        text = line.strip()
        fill = GOOD if number == 0 else colour(line)
        # The width is given, whatever font there is: columns stay columns.
        for start, word in words(text):
            out.append(f'<text x="{LEFT + CHAR * (indent + start):.1f}" y="{TOP + 10 + ROW * number}" fill="{fill}" '
                       f'textLength="{CHAR * len(word):.1f}" lengthAdjust="spacingAndGlyphs">{escape(word)}</text>')
    out.append("</svg>")
    print("\n".join(out))


def words(text):
    """Runs without two blanks in a row, and where they start."""
    start = 0
    for part in text.split("  "):
        if part.strip():
            yield start + len(part) - len(part.lstrip()), part.strip()
        start += len(part) + 2


main(*sys.argv[1:])
