#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws who is above whom, from what a guest says of itself and what QEMU says of its side.

  (cat book/recorded/guest-map.txt; book/look map) | map.py >SVG"""

import re
import sys
from html import escape

WIDTH, LEFT, BOX, TOP, ROW = 720, 16, 416, 52, 58
GUEST, HOST, SHARED, INK, FAINT = "#1c5d8a", "#8a4b1c", "#3c7040", "#22211e", "#6d6a62"


def find(pattern, text):
    match = re.search(pattern, text, re.M)
    if not match:
        raise SystemExit(f"map.py: nothing like {pattern}")
    return match.group(1)


def main():
    text = sys.stdin.read()
    path = find(r"^(/sys/devices/\S+)$", text)
    driver = find(r"^/sys/bus/virtio/drivers/(\S+)$", text)
    bus_driver = find(r"^/sys/bus/pci/drivers/(\S+)$", text)
    kind = find(r"^(virtio:d\w+)$", text)
    ids = find(r"^pci:(v\w{8}d\w{8})", text)
    queue, size = re.search(r"^virtio0/(\S+) +vda +\S+ +\S+ +(\d+)", text, re.M).groups()
    irq = find(r"^ *(\d+):.*virtio0-req.0", text)
    proxy, device = re.search(r"dev (\S+), with bus \S+, with dev (\S+)", text).groups()
    number, slot = path.split("/")[5], path.split("/")[4]
    rows = [
        ("the guest", GUEST, f"disk {path.rsplit('/', 1)[1]}", path, "block number, sector"),
        ("the guest", GUEST, f"driver {driver}, for the device {number}", f"on the virtio bus: {kind}",
         "sector; pointers"),
        ("the guest", GUEST, f"driver {bus_driver}, for the function {slot}", f"on the PCI bus: {ids}, interrupt {irq}",
         "registers; ring addresses"),
        ("shared", SHARED, f"virtqueue {queue}, {size} entries", "in the guest's memory", "guest-physical, or IOVA"),
        ("QEMU", HOST, proxy, "the PCI function: registers, interrupts", "guest-physical"),
        ("QEMU", HOST, device, "the disk: what a request means", "QEMU's pointers; sector"),
        ("QEMU", HOST, "a file", "or whatever stands behind the disk", "offset"),
    ]
    height = TOP + ROW * len(rows) + 6
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
           f'height="{height}" font-family="sans-serif" font-size="13" role="img">',
           "<title>From a disk to a file</title>",
           "<desc>Seven layers: three in the guest, the ring in shared memory, three in QEMU; beside each the kind of "
           "address that is in use there.</desc>",
           f'<rect width="{WIDTH}" height="{height}" fill="#fdfcf9"/>']

    def put(x, y, what, fill=INK, more=""):
        out.append(f'<text x="{x}" y="{y}" fill="{fill}" {more}>{escape(what)}</text>')

    put(LEFT, 28, "who", FAINT, 'font-weight="600"')
    put(LEFT + 90 + BOX + 20, 28, "names a place by", FAINT, 'font-weight="600"')
    last = None
    for place, (side, colour, title, more, names) in enumerate(rows):
        y = TOP + ROW * place
        if side != last:
            put(LEFT, y + 21, side, colour, 'font-weight="600"')
        last = side
        out.append(f'<rect x="{LEFT + 90}" y="{y}" width="{BOX}" height="{ROW - 10}" rx="4" fill="#ffffff" '
                   f'stroke="{colour}" stroke-width="1.3"/>')
        put(LEFT + 102, y + 20, title)
        put(LEFT + 102, y + 38, more, FAINT, 'font-family="monospace" font-size="11"')
        put(LEFT + 90 + BOX + 20, y + 28, names, colour)
    out.append("</svg>")
    print("\n".join(out))


main()
