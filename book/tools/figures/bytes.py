#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the bytes of one request, field by field, from what book/look prints.

  book/look | bytes.py >SVG"""

import re
import sys
from html import escape

CELL, LEFT, TOP, WIDTH = 27, 118, 62, 720
INK, FAINT = "#22211e", "#6d6a62"
COLOUR = {"driver": "#1c5d8a", "device": "#8a4b1c"}


def parse(text):
    """{field: (bytes, meaning)} of each half of the output, and {part: address}."""
    halves = []
    for half in text.split("\n-- ")[1:]:
        fields = {}
        for line in half.splitlines():
            match = re.match(r"  ((?:[0-9a-f]{2} ?)+) {2,}(\S+) *(.*)$", line)
            if match:
                fields[match.group(2)] = (match.group(1).split(), match.group(3))
        halves.append(fields)
    return halves, dict(re.findall(r"^([a-z ]+), at (0x[0-9a-f]+)", text, re.M))


def main():
    text = sys.stdin.read()
    (before, after), at = parse(text)
    rows = []  # title, address, writer, [(field, bytes, label)]
    for slot in range(3):
        rows.append((f"desc[{slot}]", int(at["descriptor table"], 16) + 16 * slot, "driver",
                     [(name, before[f"desc[{slot}].{name}"][0],
                       before[f"desc[{slot}].{name}"][1] if name in ("addr", "len") else
                       int(before[f"desc[{slot}].{name}"][0][0], 16)) for name in ("addr", "len", "flags", "next")]))
    rows.append(("avail", int(at["available ring"], 16), "driver",
                 [(name, before[f"avail.{name}"][0], int(before[f"avail.{name}"][0][0], 16))
                  for name in ("flags", "idx", "ring[0]")]))
    rows.append(("used", int(at["used ring"], 16), "device",
                 [(name.replace("ring[0].", ""), after[f"used.{name}"][0],
                   int("".join(reversed(after[f"used.{name}"][0])), 16))
                  for name in ("flags", "idx", "ring[0].id", "ring[0].len")]))
    rows.append(("header", int(at["header"], 16), "driver",
                 [(name, before[name][0], int(before[name][0][0], 16)) for name in ("type", "ioprio", "sector")]))
    rows.append(("data + 16", int(at["data"], 16) + 16, "device",
                 [("", after["data[16..23]"][0] + after["data[24..31]"][0],
                   f"“{after['data[16..23]'][1]} {after['data[24..31]'][1]}”")]))
    rows.append(("status", int(at["status"], 16), "device", [("", after["status"][0], "OK; was " + before["status"][0][0])]))

    y, places, out = TOP, {}, []

    def put(x, height, what, fill=INK, more=""):
        out.append(f'<text x="{x}" y="{height}" fill="{fill}" {more}>{escape(str(what))}</text>')

    for title, address, writer, fields in rows:
        colour, x = COLOUR[writer], LEFT
        places[title] = y
        put(14, y + 15, title, colour, 'font-weight="600"')
        put(14, y + 31, f"{address:#x}", FAINT, 'font-size="11"')
        for name, data, label in fields:
            width = CELL * len(data)
            out.append(f'<rect x="{x + 1}" y="{y}" width="{width - 2}" height="21" rx="2" fill="#ffffff" '
                       f'stroke="{colour}"/>')
            for number, byte in enumerate(data):
                put(x + CELL * number + CELL / 2, y + 15, byte, INK,
                    'text-anchor="middle" font-family="monospace" font-size="12"')
            put(x + 3, y + 35, f"{name} {label}".strip(), FAINT, 'font-size="11"')
            x += width
        y += 50 if title in ("desc[0]", "desc[1]") else 62
    # From each descriptor to what it names.
    for slot, (target, colour) in enumerate((("header", "driver"), ("data + 16", "device"), ("status", "device"))):
        y1, y2 = places[f"desc[{slot}]"] + 10, places[target] + 10
        x1, bend = LEFT + 16 * CELL, LEFT + 16 * CELL + 34 + 34 * slot
        x2 = LEFT + CELL * (1 if target == "status" else 16)
        out.append(f'<path d="M{x1} {y1} H{bend} V{y2} H{x2 + 4}" fill="none" stroke="{COLOUR[colour]}" '
                   'stroke-dasharray="4 3" marker-end="url(#tip)"/>')
    height = y - 8
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" font-family="sans-serif" font-size="13" role="img">',
            "<title>One read, byte by byte</title>",
            "<desc>Three descriptors, an entry of the available ring and one of the used ring, and what the "
            "descriptors point to: header, data, status.</desc>",
            f'<rect width="{WIDTH}" height="{height}" fill="#fdfcf9"/>',
            '<defs><marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" '
            f'orient="auto"><path d="M0 0L6 3L0 6z" fill="{FAINT}"/></marker></defs>']
    for number, (who, colour) in enumerate(COLOUR.items()):
        head.append(f'<rect x="{LEFT + 160 * number}" y="18" width="11" height="11" fill="{colour}"/>')
        head.append(f'<text x="{LEFT + 160 * number + 17}" y="28" fill="{FAINT}">written by the {who}</text>')
    print("\n".join(head + out + ["</svg>"]))


main()
