# SPDX-License-Identifier: MIT
"""Figures and casts: well-formed, all of it inside, and saying what the recording says."""

import json
import re
import struct
import xml.etree.ElementTree as ElementTree

import pyte

import vrt
from model import word

SVG = "{http://www.w3.org/2000/svg}"
DRIVER_LIGHT = "#d5e4ee"


def parse(raw):
    root = ElementTree.fromstring(raw.decode("utf-8"))
    assert root.tag == SVG + "svg" and root.get("role") == "img"
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds <= {"svg", "title", "desc", "g", "rect", "line", "circle", "path", "text"}, kinds
    assert root.findtext(SVG + "title") and root.findtext(SVG + "desc"), "a figure that says nothing to the blind"
    assert b"href" not in raw and b"url(" not in raw, "something from elsewhere"
    left, top, width, height = map(float, root.get("viewBox").split())
    assert (left, top) == (0, 0) and (width, height) == (float(root.get("width")), float(root.get("height")))
    for element in root.iter():
        for name, limit in (("x", width), ("x1", width), ("x2", width), ("cx", width), ("y", height), ("y1", height),
                            ("y2", height), ("cy", height)):
            assert 0 <= float(element.get(name, 0)) <= limit, f"outside: {element.attrib}"
        if element.tag == SVG + "rect":
            assert float(element.get("x")) + float(element.get("width")) <= width + 0.1
            assert float(element.get("y")) + float(element.get("height")) <= height + 0.1
        if element.tag == SVG + "text" and element.get("text-anchor") is None:
            size = float(element.get("font-size", 13))
            assert float(element.get("x")) + 0.5 * size * len(element.text or "") <= width, f"cut off: {element.text}"
    return root, [element.text for element in root.iter(SVG + "text") if element.text]


def chain(frame, head):
    """Descriptors of a buffer of a split ring: (slot, address, bytes, does the device write)."""
    for _ in range(frame.num):
        addr, length, flags, following = struct.unpack_from("<QIHH", frame.desc, 16 * head)
        yield head, addr, length, flags
        if not flags & 1:
            return
        head = following


def position(value):
    return f"{value & 0x7FFF}w{value >> 15}"


def check_ring(raw, model, device, queue, at_ns):
    frame = [f for f in model.r.frames if (f.device, f.queue) == (device, queue) and f.time_ns <= at_ns][-1]
    _, words = parse(raw)
    said = " | ".join(words)
    buffers = [n for n, note in enumerate(frame.notes) if note.token]
    since = (frame.time_ns - model.start) // 1000
    assert f"at {'-' if since < 0 else ''}{abs(since) // 10**6}.{abs(since) % 10**6:06d} s" in said or since < 0, said
    assert f"{len(buffers)} buffer{'' if len(buffers) == 1 else 's'} in flight, {frame.num_free} of {frame.num} " in said
    if frame.packed:
        assert f"a: next avail {position(frame.avail_idx)}" in said
        assert f"t: last_used {position(frame.last_used)}" in said
        slots = [((frame.last_used & 0x7FFF) + n) % frame.num for n in range(frame.num - frame.num_free)]
        rows = [struct.unpack_from("<QIHH", frame.desc, 16 * slot) for slot in sorted(slots)]
        rows = [(addr, length) for addr, length, _, _ in rows]
    else:
        avail_event = struct.unpack_from("<H", frame.device_area, 4 + 8 * frame.num)[0]
        used_idx = struct.unpack_from("<H", frame.device_area, 2)[0]
        assert f"a: avail.idx {frame.avail_idx}" in said and f"u: used.idx {used_idx}" in said
        assert f"t: last_used {frame.last_used}" in said
        if frame.features >> vrt.EVENT_IDX & 1:
            assert f"e: avail_event {avail_event}" in said
        rows = sorted(row for head in buffers for row in chain(frame, head))
        rows = [(addr, length) for _, addr, length, _ in rows]
        if frame.num <= 32:
            check_circles(raw, frame)
    drawn = re.findall(r"0x([0-9a-f]+) \| (\d+)", said)
    assert [(int(a, 16), int(n)) for a, n in drawn] == rows[:16], f"{drawn}\nbut expected\n{rows}"
    return frame


def check_circles(raw, frame):
    """In the slots stand the heads, then the ids of the used elements."""
    root = ElementTree.fromstring(raw.decode())
    found = [int(t.text) for t in root.iter(SVG + "text") if t.get("font-size") in ("11", "12") and t.text.isdigit()]
    heads = struct.unpack_from(f"<{frame.num}H", frame.driver, 4)
    ids = struct.unpack_from("<" + "II" * frame.num, frame.device_area, 4)[::2]
    assert found == list(heads) + list(ids), f"{found}\nbut expected\n{heads} {ids}"


def check_time_line(raw, model, chosen, window):
    root, words = parse(raw)
    desc = root.findtext(SVG + "desc")
    events = [model.events[n] for n in chosen]
    for queue in {(e.device, e.queue) for e in events}:
        mine = [word(e) for e in events if (e.device, e.queue) == queue]
        name = model.name(next(e for e in events if (e.device, e.queue) == queue))
        adds = sum(w in ("add", "refused") for w in mine)
        irqs = sum(w in ("irq", "spurious irq") for w in mine)
        assert f" {name}: {adds} adds, {mine.count('doorbell')} doorbells, {irqs} interrupts, " \
               f"{mine.count('reap')} reaps." in desc, desc
        assert name in words
    first, last = window
    seen = {(e.device, e.queue) for e in events}
    there = [b for b in model.buffers if b.queue in seen and b.since <= last and (b.until is None or b.until >= first)]
    always = [b for b in there if b.since < first and (b.until is None or b.until > last)]
    bars = [r for r in root.iter(SVG + "rect") if r.get("fill") == DRIVER_LIGHT]
    assert len(bars) == len(there) - len(always), f"{len(bars)} bars for {len(there)} - {len(always)} buffers"
    waiting = sum(int(m) for m in re.findall(r"and (\d+) buffers? that", " ".join(words)))
    assert waiting == len(always)


def play(raw, size=(80, 24)):
    """The terminal after each event: (seconds, its lines)."""
    lines = raw.decode("utf-8").splitlines()
    head = json.loads(lines[0])
    assert head["version"] == 2 and (head["width"], head["height"]) == size
    screen = pyte.Screen(*size)
    stream = pyte.Stream(screen)
    before = -1
    for line in lines[1:]:
        time, kind, text = json.loads(line)
        assert kind == "o" and time > before
        before = time
        stream.feed(text)
        yield time, [row.rstrip() for row in screen.display]
    assert before <= head["duration"] + 0.06
