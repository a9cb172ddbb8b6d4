# SPDX-License-Identifier: MIT
"""Rings of Python, driver and device, and a recorder beside them: what recordings of our own making are made of.

A Ring does what a driver does (add, kick, reap, callbacks) and what its device does (look, use, interrupt), in
memory laid out as chapters 2.7 and 2.8 say, and hands each event to its Recorder. Time passes only when told."""

import struct
import zlib

import vrt

ENOSPC = -28
NEXT, WRITE, INDIRECT = 1, 2, 4
AVAIL, USED = 1 << 7, 1 << 15
ENABLE, DISABLE, DESC = 0, 1, 2


def need_event(event, new, old):
    """Of the entries old..new-1, on a circle of 65536, is one the entry named? (2.7.10)"""
    return (event - old) % 65536 < (new - old) % 65536


def need_event_packed(num, off_wrap, new, old):
    """The same of a packed ring (2.8.10): places are slot | lap << 15, and of two laps one is under way."""
    def place(x):
        return (x & 0x7fff) + (0 if x >> 15 == new >> 15 else -num)
    return place(old) <= place(off_wrap) < place(new)


def block_head(*fields):
    raw = vrt.BLOCK.pack(*fields, 0)[:-4]
    return raw + struct.pack("<I", zlib.crc32(raw))


class Recorder:
    """What is to be in the file, in order; write() makes the file."""

    def __init__(self, start_ns=5_000_000_000, source="test", release="6.1.0-test"):
        self.now, self.start_ns = start_ns, start_ns
        self.source, self.release = source, release
        self.queues, self.items = [], []

    def wait(self, ns):
        self.now += int(ns)

    def event(self, ring, kind, detail, cpu=0):
        layout, _ = vrt.DETAIL[kind]
        flags = (vrt.F_PACKED if ring.packed else 0) | (vrt.F_EVENT_IDX if ring.event_idx else 0)
        raw = vrt.EVENT.pack(self.now, ring.device, ring.index, cpu, kind, flags, *ring.positions(),
                             layout.pack(*detail))
        self.items.append((vrt.EVENTS, raw, self.now, 0, 0))

    def key_frame(self, ring, **changed):
        self.items.append((vrt.SNAPSHOT, ring.key_frame(**changed), self.now, ring.device, ring.index))

    def loss(self, lost, missed):
        self.items.append((vrt.LOSS, struct.pack("<QQ", lost, missed), self.now, 0, 0))

    def note(self, words):
        self.items.append((vrt.NOTE, words.encode(), self.now, 0, 0))

    def blocks(self, per_block, deflate):
        yield vrt.QUEUES, b"".join(self.queues), self.start_ns, self.start_ns, 0, 0
        pending = []
        for kind, raw, time, device, index in self.items + [(None, b"", 0, 0, 0)]:
            if pending and (kind != vrt.EVENTS or len(pending) == per_block):
                times = [t for _, t in pending]
                yield vrt.EVENTS, b"".join(raw for raw, _ in pending), min(times), max(times), 0, 0
                pending = []
            if kind == vrt.EVENTS:
                pending.append((raw, time))
            elif kind is not None:
                yield kind, raw, time, time, device, index

    def write(self, path, closed=True, deflate=True, per_block=256):
        out = bytearray(vrt.HEADER.pack(vrt.MAGIC, 1, 0, vrt.HEADER.size, vrt.EVENT.size, 1_700_000_000_000_000_000,
                                        self.start_ns, self.source.encode(), self.release.encode(), 0, 0))
        out[-4:] = struct.pack("<I", zlib.crc32(out[:-4]))
        for kind, raw, *span in self.blocks(per_block, deflate):
            stored = raw
            if deflate and kind == vrt.EVENTS:
                count = len(raw) // vrt.EVENT.size
                stored = zlib.compress(b"".join(raw[byte::vrt.EVENT.size] for byte in range(vrt.EVENT.size)))
                assert count and len(raw) % vrt.EVENT.size == 0
                kind = vrt.EVENTS_DEFLATED
            elif deflate and kind == vrt.SNAPSHOT:
                kind, stored = vrt.SNAPSHOT_DEFLATED, zlib.compress(raw)
            out += block_head(kind, len(stored), len(raw), zlib.crc32(stored), *span)
            out += stored + bytes(-len(stored) % 8)
        if closed:
            out += block_head(vrt.END, 0, 0, 0, self.now, self.now, 0, 0)
        path.write_bytes(out)
        return path


class Ring:
    """What split and packed share: who it is, and the events."""
    packed = False

    def __init__(self, recorder, num, name="req.0", driver="virtio_blk", alias="vda", device=1, index=0, device_id=2,
                 event_idx=True, indirect=False, self_=0, listed=True):
        self.recorder, self.num, self.device, self.index = recorder, num, device, index
        self.event_idx, self.indirect = event_idx, indirect
        self.features = 1 << 32 | (1 << vrt.RING_PACKED if self.packed else 0)
        self.features |= (1 << vrt.EVENT_IDX if event_idx else 0) | (1 << vrt.INDIRECT_DESC if indirect else 0)
        self.num_free, self.broken, self.num_added = num, 0, 0
        self.dma = (0x1_0259_e000, 0x1_0259_e000 + 16 * num, 0x1_0259_e000 + (16 * num + 6 + 2 * num + 63) // 64 * 64)
        self.notes = [vrt.Note(0, 0, 0, 0, i + 1, 0) for i in range(num)]
        self.tables = {}
        self.fresh = 0xffff888100001000  # tokens: addresses of the caller's requests
        if listed:
            recorder.queues.append(vrt.QUEUE.pack(device, index, num, self.features, device_id, self.packed, self_, 0,
                                                  name.encode(), driver.encode(), alias.encode()))

    def token(self):
        self.fresh += 0x140
        return self.fresh

    def interrupt(self, irq=36, handled=None, cpu=1):
        if handled is None:
            handled = self.unreaped() > 0
        self.recorder.event(self, vrt.INTERRUPT, (irq, handled, 0, self.driver_event(), self.flags_shadow, 0, 0, 0),
                            cpu)

    def notify(self):
        self.recorder.event(self, vrt.NOTIFY, (0, bytes(13), 0))

    def add(self, out, in_, token=None):
        """out, in_: lengths of pieces. Return: the token, or None if it does not fit."""
        table = self.indirect and len(out) + len(in_) > 1
        slots = 1 if table else len(out) + len(in_)
        token = token or self.token()
        if slots > self.num_free:
            self.recorder.event(self, vrt.ADD, (token, len(out), len(in_), ENOSPC, 0))
            if not self.packed and out:
                self.notify()  # virtqueue_add_split rings by itself
            return None
        pieces = [(length, 0) for length in out] + [(length, WRITE) for length in in_]
        self.place(pieces, table, token)
        self.num_free -= slots
        self.recorder.event(self, vrt.ADD, (token, len(out), len(in_), 0, 0))
        return token

    def kick(self, event_after=None, verdict=None):
        """event_after, verdict: what a race made of it."""
        event, flags = self.device_wish()
        old, new = self.decided, self.next()
        kick = self.wants_kick(event, flags, new, old) if verdict is None else verdict
        self.decided, self.num_added = new, 0
        self.recorder.event(self, vrt.KICK,
                            (old, new, event, event if event_after is None else event_after, flags, flags,
                                             kick, 0, 0))
        if kick:
            self.recorder.wait(300)
            self.notify()
        return kick

    def key_frame(self, torn=0, added=True):
        """added: whether it knows when each buffer was added."""
        areas = [(vrt.AREA_DESC, self.desc), (vrt.AREA_DRIVER, self.driver_area), (vrt.AREA_DEVICE, self.device_area),
                 (vrt.AREA_NOTES, b"".join(vrt.VRT_NOTE.pack(*(n if added else n._replace(added_ns=0)))
                                           for n in self.notes))]
        for slot, descs in sorted(self.tables.items()):
            areas.append((vrt.AREA_TABLE, vrt.TABLE.pack(slot, len(descs), len(descs)) + b"".join(descs)))
        avail, _, last, free = self.positions()
        head = vrt.KEY_FRAME.pack(self.device, self.index, self.num, self.packed, self.broken, torn, 0, avail, last,
                                  free,
                                  self.num_added, self.free_head, self.flags_shadow, 0, len(areas),
                                  vrt.HAS_CALLBACK | vrt.HAS_CHAINS | (vrt.MAKES_TABLES if self.indirect else 0),
                                  *self.dma, self.features)
        return head + b"".join(vrt.AREA.pack(kind, len(raw)) + bytes(raw) + bytes(-len(raw) % 8) for kind,
                               raw in areas)


class Split(Ring):
    """2.7. Chains from the free list's head; the device answers in any order it is told to."""

    def __init__(self, recorder, num, start=0, **who):
        super().__init__(recorder, num, **who)
        self.desc, self.driver_area, self.device_area = map(bytearray, vrt.area_sizes(num, False))
        self.avail_idx = self.last_used = self.used_idx = self.seen = self.decided = start
        self.free_head, self.flags_shadow = 0, 0
        struct.pack_into("<H", self.driver_area, 2, start)
        struct.pack_into("<H", self.device_area, 2, start)
        self.wish(start)
        self.callbacks(True, silent=True)

    def positions(self):
        return self.avail_idx, self.used_idx, self.last_used, self.num_free

    def next(self):
        return self.avail_idx

    def unreaped(self):
        return (self.used_idx - self.last_used) % 65536

    def driver_event(self):
        return struct.unpack_from("<H", self.driver_area, 4 + 2 * self.num)[0]

    def device_wish(self):
        return (struct.unpack_from("<H", self.device_area, 4 + 8 * self.num)[0],
                struct.unpack_from("<H", self.device_area, 0)[0])

    def wants_kick(self, event, flags, new, old):
        return need_event(event, new, old) if self.event_idx else not flags & 1

    def place(self, pieces, table, token):
        now, head = self.recorder.now, self.free_head
        base = 0x1_07c4_0000 + 0x1000 * head
        if table:
            self.tables[head] = [vrt.DESC.pack(base + 0x100 * i, length, flags | (NEXT if i + 1 < len(pieces) else 0),
                                               (i + 1) % len(pieces)) for i, (length, flags) in enumerate(pieces)]
            pieces = [(16 * len(pieces), INDIRECT)]
        slot = head
        for i, (length, flags) in enumerate(pieces):
            last = i + 1 == len(pieces)
            after = self.notes[slot].next
            struct.pack_into("<QIHH", self.desc, 16 * slot, base + 0x100 * i, length, flags | (0 if last else NEXT),
                             after)
            self.notes[slot] = vrt.Note(token if i == 0 else 0, now if i == 0 else 0, base + 0x100 * i, length,
                                        after, 0)
            slot = after
        self.free_head = slot
        struct.pack_into("<H", self.driver_area, 4 + 2 * (self.avail_idx % self.num), head)
        self.avail_idx = (self.avail_idx + 1) % 65536
        self.num_added += 1
        struct.pack_into("<H", self.driver_area, 2, self.avail_idx)

    # ---- the device ----

    def wish(self, event):
        """avail_event: be told when that entry has come."""
        struct.pack_into("<H", self.device_area, 4 + 8 * self.num, event % 65536)

    def no_notify(self, on):
        struct.pack_into("<H", self.device_area, 0, 1 if on else 0)

    def look(self, count=None):
        """Takes count entries; wants to hear of the next. Return: their heads."""
        count = (self.avail_idx - self.seen) % 65536 if count is None else count
        heads = [struct.unpack_from("<H", self.driver_area,
                                    4 + 2 * ((self.seen + i) % self.num))[0] for i in range(count)]
        self.seen = (self.seen + count) % 65536
        self.wish(self.seen)
        return heads

    def use(self, head, length):
        struct.pack_into("<II", self.device_area, 4 + 8 * (self.used_idx % self.num), head, length)
        self.used_idx = (self.used_idx + 1) % 65536
        struct.pack_into("<H", self.device_area, 2, self.used_idx)

    # ---- the driver again ----

    def reap(self):
        head, length = struct.unpack_from("<II", self.device_area, 4 + 8 * (self.last_used % self.num))
        token, slot = self.notes[head].token, head
        self.notes[head] = self.notes[head]._replace(token=0, added_ns=0)
        count = 1
        while struct.unpack_from("<QIHH", self.desc, 16 * slot)[2] & NEXT:
            slot, count = self.notes[slot].next, count + 1
        self.notes[slot] = self.notes[slot]._replace(next=self.free_head)
        self.free_head = head
        self.tables.pop(head, None)
        self.num_free += count
        self.last_used = (self.last_used + 1) % 65536
        if self.event_idx and not self.flags_shadow:
            struct.pack_into("<H", self.driver_area, 4 + 2 * self.num, self.last_used)
        self.recorder.event(self, vrt.REAP, (token, length, 0, 0))
        return token

    def callbacks(self, on, more=0, silent=False):
        self.flags_shadow = 0 if on else 1
        if self.event_idx:
            struct.pack_into("<H", self.driver_area, 4 + 2 * self.num, self.last_used if on else 0)
        else:
            struct.pack_into("<H", self.driver_area, 0, self.flags_shadow)
        if not silent:
            self.recorder.event(self, vrt.CALLBACKS, (self.driver_event(), on, more, bytes(10), 0))


class Packed(Ring):
    """2.8. Ids from a free list; the device answers one descriptor for a buffer, and skips its other slots."""
    packed = True

    def __init__(self, recorder, num, **who):
        super().__init__(recorder, num, **who)
        self.desc, self.driver_area, self.device_area = bytearray(16 * num), bytearray(4), bytearray(4)
        self.avail, self.last, self.used, self.seen = (0, 1), (0, 1), (0, 1), (0, 1)  # slot, wrap counter
        self.decided, self.free_head, self.flags_shadow = self.index_of((0, 1)), 0, ENABLE
        self.last_of = {}  # the last id of a buffer's list
        self.callbacks(True, silent=True)
        self.wish((0, 1))

    @staticmethod
    def index_of(place):
        return place[0] | place[1] << 15

    def step(self, place, slots):
        slot, wrap = place[0] + slots, place[1]
        return (slot - self.num, 1 - wrap) if slot >= self.num else (slot, wrap)

    def positions(self):
        last = self.index_of(self.last)
        return self.index_of(self.avail), last, last, self.num_free

    def next(self):
        return self.index_of(self.avail)

    def unreaped(self):
        count, place = 0, self.last
        while place != self.used:
            place, count = self.step(place,
                                     self.notes[struct.unpack_from("<H", self.desc, 16 * place[0] + 12)[0]].num), \
                count + 1
        return count

    def driver_event(self):
        return struct.unpack_from("<H", self.driver_area)[0]

    def device_wish(self):
        return struct.unpack_from("<HH", self.device_area)

    def wants_kick(self, event, flags, new, old):
        if flags == DESC:
            return need_event_packed(self.num, event, new, old)
        return flags != DISABLE

    def flags_of(self, place, used):
        wrap = place[1]
        return (AVAIL if wrap else 0) | (USED if (wrap if used else not wrap) else 0)

    def place(self, pieces, table, token):
        now, ident = self.recorder.now, self.free_head
        base = 0x1_07c4_0000 + 0x1000 * ident
        if table:
            self.tables[ident] = [vrt.DESC.pack(base + 0x100 * i, length, 0, flags)
                                  for i, (length, flags) in enumerate(pieces)]
            pieces = [(16 * len(pieces), INDIRECT)]
        for i, (length, flags) in enumerate(pieces):
            flags |= self.flags_of(self.avail, False) | (NEXT if i + 1 < len(pieces) else 0)
            struct.pack_into("<QIHH", self.desc, 16 * self.avail[0], base + 0x100 * i, length, ident, flags)
            self.avail = self.step(self.avail, 1)
            self.num_added += 1
            # Linux takes an id off the list for each slot, though the buffer has but one.
            tail = self.free_head
            self.notes[tail] = self.notes[tail]._replace(addr=base + 0x100 * i, len=length)
            self.free_head = self.notes[tail].next
        self.notes[ident] = self.notes[ident]._replace(token=token, added_ns=now, num=len(pieces))
        self.last_of[ident] = tail

    # ---- the device ----

    def wish(self, place, flags=None):
        flags = (DESC if self.event_idx else ENABLE) if flags is None else flags
        struct.pack_into("<HH", self.device_area, 0, self.index_of(place) if flags == DESC else 0, flags)

    def no_notify(self, on):
        self.wish(self.seen, DISABLE if on else None)

    def look(self, count=None):
        """Takes count buffers, or all. Return: their ids."""
        idents = []
        while self.seen != self.avail and (count is None or len(idents) < count):
            ident = None
            place = self.seen
            while True:
                _, _, ident, flags = struct.unpack_from("<QIHH", self.desc, 16 * place[0])
                place = self.step(place, 1)
                if not flags & NEXT:
                    break
            idents.append(ident)
            self.seen = place
        if struct.unpack_from("<H", self.device_area, 2)[0] != DISABLE:
            self.wish(self.seen)
        return idents

    def use(self, ident, length):
        flags = self.flags_of(self.used, True) | (WRITE if length else 0)
        struct.pack_into("<IHH", self.desc, 16 * self.used[0] + 8, length, ident, flags)
        self.used = self.step(self.used, self.notes[ident].num)

    # ---- the driver again ----

    def reap(self):
        _, length, ident, _ = struct.unpack_from("<QIHH", self.desc, 16 * self.last[0])
        note = self.notes[ident]
        self.notes[ident] = note._replace(token=0, added_ns=0)
        tail = self.last_of.pop(ident)
        self.notes[tail] = self.notes[tail]._replace(next=self.free_head)
        self.free_head = ident
        self.tables.pop(ident, None)
        self.num_free += note.num
        self.last = self.step(self.last, note.num)
        if self.flags_shadow == DESC:
            struct.pack_into("<H", self.driver_area, 0, self.index_of(self.last))
        self.recorder.event(self, vrt.REAP, (note.token, length, 0, 0))
        return note.token

    def callbacks(self, on, more=0, silent=False):
        self.flags_shadow = (DESC if self.event_idx else ENABLE) if on else DISABLE
        struct.pack_into("<HH", self.driver_area, 0, self.index_of(self.last) if self.flags_shadow == DESC else 0,
                         self.flags_shadow)
        if not silent:
            self.recorder.event(self, vrt.CALLBACKS, (self.driver_event(), on, more, bytes(10), 0))
