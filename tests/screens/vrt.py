#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads a recording, from what ring/vrt.h and ring/vring_event.h say alone: an eye of its own on the file.

  tests/screens/vrt.py FILE...   says what is in it

Everything that the format promises is checked, and the first broken promise raises Damaged."""

import struct
import sys
import zlib
from collections import namedtuple
from pathlib import Path

MAGIC = b"VRT\r\n\x1a\n\x00"
QUEUES, EVENTS, EVENTS_DEFLATED, SNAPSHOT, LOSS, NOTE, END, SNAPSHOT_DEFLATED = range(1, 9)
AREA_DESC, AREA_DRIVER, AREA_DEVICE, AREA_NOTES, AREA_TABLE, AREA_SYMBOLS = range(1, 7)
HAS_CALLBACK, MAKES_TABLES, HAS_CHAINS = 1, 2, 4
ADD, KICK, NOTIFY, INTERRUPT, REAP, CALLBACKS = range(1, 7)
F_PACKED, F_EVENT_IDX, F_DEVICE, F_OURS = 1, 2, 4, 8
INDIRECT_DESC, EVENT_IDX, RING_PACKED, IN_ORDER = 28, 29, 34, 35

HEADER = struct.Struct("<8sHHHHQQ32s32sII")
BLOCK = struct.Struct("<IIIIQQHHI")
QUEUE = struct.Struct("<HHIQIBBH32s32s32s")
EVENT = struct.Struct("<QHHHBBHHHH16s")
KEY_FRAME = struct.Struct("<HHIBBBBHHIIIHHIIQQQQ")
AREA = struct.Struct("<II")
VRT_NOTE = struct.Struct("<QQQIHH")
TABLE = struct.Struct("<HHI")
DESC = struct.Struct("<QIHH")  # packed: addr, len, id, flags; split: addr, len, flags, next

# What an event says that only its kind has.
DETAIL = {
    ADD: (struct.Struct("<QHHhH"), "token out in_ error seq"),
    KICK: (struct.Struct("<HHHHHHBBH"),
           "old_idx new_idx event event_after dev_flags dev_flags_after kick reserved seq"),
    NOTIFY: (struct.Struct("<B13sH"), "failed reserved seq"),
    INTERRUPT: (struct.Struct("<IBBHHHHH"), "irq handled reserved event flags reserved2 reserved3 seq"),
    REAP: (struct.Struct("<QIHH"), "token len reserved seq"),
    CALLBACKS: (struct.Struct("<HBB10sH"), "event on more reserved seq"),
}
DETAIL = {kind: (layout, namedtuple("detail", names)) for kind, (layout, names) in DETAIL.items()}

Header = namedtuple("Header", "magic major minor header_bytes event_bytes realtime_ns monotonic_ns source release "
                              "reserved crc")
Queue = namedtuple("Queue", "device queue num features device_id packed self_ reserved name driver alias")
Event = namedtuple("Event", "time_ns device queue cpu type flags avail_idx used_idx last_used num_free detail")
Note = namedtuple("Note", "token added_ns addr len next num")
Table = namedtuple("Table", "slot count descs")
KeyFrame = namedtuple("KeyFrame", "time_ns device queue num packed broken torn event_triggered avail_idx last_used "
                                  "num_free num_added free_head driver_flags tables_left says dma features "
                                  "desc driver device_area notes tables callback doorbell")
Loss = namedtuple("Loss", "time_ns lost missed")

assert (HEADER.size, BLOCK.size, QUEUE.size, EVENT.size) == (104, 40, 120, 40) and KEY_FRAME.size == 72


class Damaged(Exception):
    """A promise of the format is broken."""


def promise(kept, place, words):
    if not kept:
        raise Damaged(f"byte {place}: {words}")


def text(raw):
    return raw.split(b"\0")[0].decode("utf-8", "replace")


def area_sizes(num, packed):
    """Bytes of the three areas of a queue: 2.7 and 2.8, the tables of areas."""
    if packed:
        return 16 * num, 4, 4
    return 16 * num, 6 + 2 * num, 6 + 8 * num


def read_event(raw, place):
    *common, detail = EVENT.unpack(raw)
    kind = common[4]
    promise(kind in DETAIL, place, f"an event of kind {kind}")
    layout, names = DETAIL[kind]
    return Event(*common, names(*layout.unpack(detail)))


def read_key_frame(raw, place, time_ns):
    promise(len(raw) >= KEY_FRAME.size, place, "a key frame that is too short")
    (device, queue, num, packed, broken, torn, triggered, avail, last, free, added, head, flags, left, count, says,
     *dma,
     features) = KEY_FRAME.unpack_from(raw)
    promise(0 < num <= 32768 and (packed or num & (num - 1) == 0), place, f"a queue of {num} entries")
    desc = driver = device_area = None
    notes, tables, callback, doorbell = [], [], "", ""
    sizes = area_sizes(num, packed)
    at = KEY_FRAME.size
    for _ in range(count):
        promise(at + AREA.size <= len(raw), place + at, "an area outside its key frame")
        kind, size = AREA.unpack_from(raw, at)
        at += AREA.size
        body = raw[at:at + size]
        promise(len(body) == size, place + at, "an area longer than its key frame")
        if kind == AREA_DESC:
            desc = body
            promise(size == sizes[0], place + at, "a descriptor area of another size")
        elif kind == AREA_DRIVER:
            driver = body
            promise(size == sizes[1], place + at, "a driver area of another size")
        elif kind == AREA_DEVICE:
            device_area = body
            promise(size == sizes[2], place + at, "a device area of another size")
        elif kind == AREA_NOTES:
            promise(size == VRT_NOTE.size * num, place + at, "notes of another size")
            notes = [Note(*fields) for fields in VRT_NOTE.iter_unpack(body)]
        elif kind == AREA_TABLE:
            slot, entries, kept = TABLE.unpack_from(body)
            promise(kept <= entries and size == TABLE.size + DESC.size * kept, place + at, "a table of another size")
            tables.append(Table(slot, entries, list(DESC.iter_unpack(body[TABLE.size:]))))
        elif kind == AREA_SYMBOLS:
            promise(size == 128, place + at, "symbols of another size")
            callback, doorbell = text(body[:64]), text(body[64:])
        padded = size + -size % 8
        promise(not any(raw[at + size:at + padded]), place + at, "an area's padding is not zero")
        at += padded
    promise(at == len(raw), place + at, "bytes behind the last area")
    promise(None not in (desc, driver, device_area) and notes, place, "a key frame without its areas")
    return KeyFrame(time_ns, device, queue, num, packed, broken, torn, triggered, avail, last, free, added, head,
                    flags, left, says, tuple(dma), features, desc, driver, device_area, notes, tables, callback,
                    doorbell)


class Recording:
    """All of a file. .events and .frames in the order of the file; .closed: nothing is missing."""

    def __init__(self, path):
        self.path = Path(path)
        self.raw = self.path.read_bytes()
        self.events, self.frames, self.losses, self.notes, self.queues = [], [], [], [], []
        self.blocks = []  # (type, place, bytes, raw bytes)
        self.closed = False
        self.read_header()
        at = self.header.header_bytes
        while at + BLOCK.size <= len(self.raw) and not self.closed:
            kind, size, raw_size, crc, first, last, device, queue, head_crc = BLOCK.unpack_from(self.raw, at)
            place = at + BLOCK.size
            promise(zlib.crc32(self.raw[at:place - 4]) == head_crc, at, "a block head's checksum")
            padded = size + -size % 8
            if place + padded > len(self.raw):
                break  # cut off here
            payload = self.raw[place:place + size]
            promise(zlib.crc32(payload) == crc, place, "a block's checksum")
            promise(not any(self.raw[place + size:place + padded]), place, "a block's padding is not zero")
            promise(first <= last, place, "a block that ends before it begins")
            self.blocks.append((kind, place, size, raw_size))
            self.take(kind, payload, raw_size, first, last, place)
            of = (self.frames[-1].device, self.frames[-1].queue) if kind in (SNAPSHOT, SNAPSHOT_DEFLATED) else (0, 0)
            promise((device, queue) == of, at, "a block head of another queue")
            at = place + padded
        self.end = at
        promise(not self.closed or at == len(self.raw), at, "bytes behind the end")

    def read_header(self):
        promise(self.raw[:8] == MAGIC, 0, "not a recording")
        promise(len(self.raw) >= HEADER.size, 0, "cut off in its header")
        self.header = h = Header(*HEADER.unpack_from(self.raw))
        promise(h.major == 1, 8, f"version {h.major}")
        promise(zlib.crc32(self.raw[:HEADER.size - 4]) == h.crc, 100, "the header's checksum")
        promise(h.event_bytes == EVENT.size and h.header_bytes >= HEADER.size and h.header_bytes % 8 == 0, 12,
                "sizes")

    def take(self, kind, payload, raw_size, first, last, place):
        if kind in (EVENTS_DEFLATED, SNAPSHOT_DEFLATED):
            try:
                payload = zlib.decompress(payload)
            except zlib.error as error:
                raise Damaged(f"byte {place}: does not inflate: {error}") from error
        promise(len(payload) == raw_size, place, "a block with two lengths")
        if kind in (EVENTS, EVENTS_DEFLATED):
            promise(raw_size and raw_size % EVENT.size == 0, place, "part of an event")
            if kind == EVENTS_DEFLATED:  # byte 0 of all, byte 1 of all, ...
                count = raw_size // EVENT.size
                payload = bytes(payload[byte * count + i] for i in range(count) for byte in range(EVENT.size))
            events = [read_event(payload[i:i + EVENT.size], place) for i in range(0, raw_size, EVENT.size)]
            times = [event.time_ns for event in events]
            promise((min(times), max(times)) == (first, last), place, "a block of events says other times")
            self.events += events
        elif kind in (SNAPSHOT, SNAPSHOT_DEFLATED):
            self.frames.append(read_key_frame(payload, place, first))
        elif kind == QUEUES:
            promise(raw_size % QUEUE.size == 0, place, "part of a queue")
            self.queues = []
            for fields in QUEUE.iter_unpack(payload):
                *numbers, name, driver, alias = fields
                self.queues.append(Queue(*numbers, text(name), text(driver), text(alias)))
        elif kind == LOSS:
            self.losses.append(Loss(first, *struct.unpack_from("<QQ", payload)))
        elif kind == NOTE:
            self.notes.append(payload.decode("utf-8", "replace"))
        elif kind == END:
            promise(raw_size == 0, place, "an end with something in it")
            self.closed = True


def main(paths):
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    for path in paths:
        try:
            r = Recording(path)
        except (Damaged, OSError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        stored = sum(size for kind, _, size, _ in r.blocks if kind in (EVENTS, EVENTS_DEFLATED))
        print(f"{path}: {r.header.source.rstrip(bytes(1)).decode()}, {len(r.queues)} queues, {len(r.events)} events"
              f" ({stored / max(1, len(r.events)):.1f} bytes each), {len(r.frames)} key frames,"
              f" {'closed' if r.closed else f'cut off at byte {r.end}'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
