#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws a split ring from the text that ring/vring_draw.c makes of it.

  build/gcc/debug/book/publish | ring.py CAPTION >SVG

CAPTION: of several drawings, the one behind the line "-- CAPTION"."""

import re
import sys
from html import escape

ROW, TOP, TABLE, RING = 30, 74, 56, 440
INK, FAINT, READ, WRITE, LINE = "#22211e", "#6d6a62", "#1c5d8a", "#8a4b1c", "#e2ded3"


def parse(text, caption):
    block = re.search(rf"^-- {re.escape(caption)}\n(.*?)(?=^-- |\Z)", text, re.M | re.S).group(1)
    size = int(re.search(r"(\d+) entries", block).group(1))
    words = {name: re.search(rf"^  {name} .*$", block, re.M).group(0) for name in ("avail", "used", "driver")}
    index = {name: int(re.search(r"idx (\d+)", words[name]).group(1)) for name in ("avail", "used")}
    last_used = int(re.search(r"last_used (\d+)", words["driver"]).group(1))
    slots = {}
    for line in block.splitlines():
        match = re.match(r" +(\d+)  (0x\w+) +(\d+)  (.*)", line)
        if not match:
            continue
        slot, address, length, rest = match.groups()
        slots[int(slot)] = {
            "address": int(address, 16), "length": int(length),
            "write": rest.startswith("write"),
            "next": (re.match(r"\w+ next (\d+)", rest) or [None, None])[1],
            "avail": re.search(r"\[(\d+)\] head (\d+)", rest),
            "used": re.search(r"\[(\d+)\] id (\d+) len (\d+)", rest),
        }
    return size, index, last_used, slots


def chains(slots, size):
    """{slot: number of its chain}, following the heads of the available ring."""
    owner = {}
    heads = sorted((int(s["avail"].group(1)), int(s["avail"].group(2))) for s in slots.values() if s["avail"])
    for number, (_, slot) in enumerate(heads):
        for _ in range(size):
            owner[slot] = number
            if slots.get(slot, {}).get("next") is None:
                break
            slot = int(slots[slot]["next"])
    return owner


def main(caption):
    size, index, last_used, slots = parse(sys.stdin.read(), caption)
    owner = chains(slots, size)
    has_used = any(s["used"] for s in slots.values())
    width, height = RING + (278 if has_used else 130), TOP + ROW * size + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
           f'height="{height}" font-family="sans-serif" font-size="13" role="img">',
           f"<title>{escape(caption)}</title>",
           f'<rect width="{width}" height="{height}" fill="#fdfcf9"/>']

    def text(x, y, what, fill=INK, more=""):
        out.append(f'<text x="{x}" y="{y}" fill="{fill}" {more}>{escape(str(what))}</text>')

    def box(x, y, w, stroke, fill):
        out.append(f'<rect x="{x}" y="{y}" width="{w}" height="{ROW - 4}" rx="3" fill="{fill}" '
                   f'stroke="{stroke}"/>')

    text(TABLE, 30, "descriptor table", INK, 'font-weight="600"')
    text(TABLE, 50, "address", FAINT)
    text(TABLE + 130, 50, "bytes", FAINT)
    text(TABLE + 190, 50, "the device", FAINT)
    text(RING, 30, "available ring", INK, 'font-weight="600"')
    text(RING, 50, f"idx {index['avail']}", FAINT)
    if has_used:
        text(RING + 132, 30, "used ring", INK, 'font-weight="600"')
        text(RING + 132, 50, f"idx {index['used']}, taken to {last_used}", FAINT)

    for slot in range(size):
        y = TOP + ROW * slot
        text(TABLE - 12, y + 18, slot, FAINT, 'text-anchor="end"')
        entry = slots.get(slot)
        colour = FAINT if entry is None or slot not in owner else WRITE if entry["write"] else READ
        box(TABLE, y, 270, colour if slot in owner else LINE, "#ffffff" if slot in owner else "#f4f1e9")
        if slot in owner:
            text(TABLE + 8, y + 18, f"{entry['address']:#x}")
            text(TABLE + 165, y + 18, entry["length"], INK, 'text-anchor="end"')
            text(TABLE + 190, y + 18, "writes" if entry["write"] else "reads", colour)
            if entry["next"] is not None:
                x, y2 = TABLE + 270, TOP + ROW * int(entry["next"]) + 9
                bend = x + 22 + 8 * owner[slot]
                out.append(f'<path d="M{x} {y + 16} C{bend} {y + 16} {bend} {y2} {x + 6} {y2}" '
                           f'fill="none" stroke="{FAINT}" marker-end="url(#tip)"/>')
        else:
            text(TABLE + 8, y + 18, "free", FAINT)
        box(RING, y, 112, LINE, "#f4f1e9")
        if entry and entry["avail"]:
            number, head = entry["avail"].groups()
            box(RING, y, 112, INK, "#ffffff")
            text(RING + 8, y + 18, f"head {head}")
            text(RING + 106, y + 18, number, FAINT, 'text-anchor="end" font-size="11"')
        if has_used:
            box(RING + 132, y, 130, LINE, "#f4f1e9")
            if entry and entry["used"]:
                number, head, length = entry["used"].groups()
                box(RING + 132, y, 130, INK, "#ffffff")
                text(RING + 140, y + 18, f"id {head}, {length}")
                text(RING + 256, y + 18, number, FAINT, 'text-anchor="end" font-size="11"')
    text(RING, TOP + ROW * size + 18, "small: the index of the entry", FAINT, 'font-size="11"')
    out.append('<defs><marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" '
               f'markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z" fill="{FAINT}"/></marker></defs>')
    out.append("</svg>")
    print("\n".join(out))


main(" ".join(sys.argv[1:]))
