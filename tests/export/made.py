# SPDX-License-Identifier: MIT
"""Recordings made up for the tests of export: what a guest does only when things go wrong."""

import struct
import zlib

ADD, KICK, NOTIFY, INTERRUPT, REAP, CALLBACKS = range(1, 7)
QUEUES, EVENTS, LOSS, END = 1, 2, 5, 7
PACKED, EVENT_IDX = 1, 2


def fixed(text, size=32):
    return text.encode()[:size - 1].ljust(size, b"\0")


def header(realtime=1_700_000_000_000_000_000, monotonic=5_000_000_000):
    raw = struct.pack("<8sHHHHQQ32s32sI", b"VRT\r\n\x1a\n\0", 1, 0, 104, 40, realtime, monotonic, fixed("test"),
                      fixed("6.1"), 0)
    return raw + struct.pack("<I", zlib.crc32(raw))


def block(kind, payload, first=0, last=0):
    head = struct.pack("<IIIIQQHH", kind, len(payload), len(payload), zlib.crc32(payload), first, last, 0, 0)
    return head + struct.pack("<I", zlib.crc32(head)) + payload + bytes(-len(payload) % 8)


def queue(device, index, num, name, driver="virtio_blk", alias="vda", features=1 << 29):
    return struct.pack("<HHIQIBBH32s32s32s", device, index, num, features, 2, 0, 0, 0, fixed(name), fixed(driver),
                       fixed(alias))


class Story:
    """Events of one queue, about a microsecond apart unless said otherwise."""

    def __init__(self, device=1, index=0, now=5_000_000_000, num=4, flags=EVENT_IDX):
        self.device, self.index, self.now, self.num, self.flags = device, index, now, num, flags
        self.avail = self.last = 0xFFFE
        self.free, self.seq, self.events = num, 0, []

    def put(self, kind, detail, after=1007):
        self.now += after
        self.events.append((self.now, struct.pack("<QHHHBBHHHH", self.now, self.device, self.index, 0, kind, self.flags,
                                                  self.avail, self.last, self.last, self.free) +
                            detail.ljust(14, b"\0") + struct.pack("<H", self.seq)))
        self.seq = (self.seq + 1) & 0xFFFF

    def add(self, token, out=1, inn=1, **more):
        self.avail = (self.avail + 1) & 0xFFFF
        self.free = max(0, self.free - 1)
        self.put(ADD, struct.pack("<QHHh", token, out, inn, 0), **more)

    def refused(self, token, errno=28, **more):
        self.put(ADD, struct.pack("<QHHh", token, 1, 0, -errno), **more)

    def kick(self, kick, new=1, event=None, **more):
        old = (self.avail - new) & 0xFFFF
        event = old if event is None else event
        self.put(KICK, struct.pack("<HHHHHHBB", old, self.avail, event, event, 0, 0, kick, 0), **more)

    def doorbell(self, **more):
        self.put(NOTIFY, bytes(14), **more)

    def irq(self, irq=25, handled=1, **more):
        self.put(INTERRUPT, struct.pack("<IBBHH", irq, handled, 0, self.last, 0), **more)

    def reap(self, token, length=512, **more):
        self.last = (self.last + 1) & 0xFFFF
        self.free = min(self.num, self.free + 1)
        self.put(REAP, struct.pack("<QI", token, length), **more)

    def callbacks(self, on, **more):
        self.put(CALLBACKS, struct.pack("<HBB", self.last, on, 0), **more)


def recording(queues, events, loss=(0, 0), end=True, per_block=7):
    """A file of these, in the order given."""
    raw = header() + block(QUEUES, b"".join(queues))
    for at in range(0, len(events), per_block):
        some = events[at:at + per_block]
        raw += block(EVENTS, b"".join(event for _, event in some), min(t for t, _ in some), max(t for t, _ in some))
    last = max(t for t, _ in events) if events else 0
    raw += block(LOSS, struct.pack("<QQ", *loss), last, last)
    return raw + (block(END, b"", last, last) if end else b"")


def trouble():
    """Overlapping buffers, lost reaps, a full ring, reaps of what was never added, names that need quoting."""
    a = Story()
    a.reap(0x7770)  # it was there before the recording
    for n in range(4):
        a.add(0x1000 + 64 * n)
    a.kick(1, new=4)
    a.doorbell()
    a.refused(0x2000)
    a.doorbell()
    a.irq()
    a.callbacks(0)
    a.reap(0x1040)
    a.reap(0x1000)
    a.callbacks(1)
    a.irq()
    a.reap(0x10C0)  # of the same kick as those before
    a.add(0x3000)
    a.irq()  # too early for what no kick was decided for
    a.kick(1)
    a.reap(0x3000)
    a.add(0x1040, out=2, inn=0)
    a.kick(0, event=7)
    a.add(0x1080, out=0, inn=3)  # in flight already: its reap was lost
    a.kick(1)
    a.irq(handled=0)
    a.irq()
    a.reap(0x1040)
    a.irq()
    a.irq()
    a.reap(0x1080)
    for n in range(9):  # more than the ring holds: reaps were lost
        a.add(0x9000 + 64 * n, after=0 if n == 3 else 500)
    a.kick(1, new=9)
    b = Story(device=2, index=3, now=5_000_003_500, num=8, flags=EVENT_IDX | PACKED)
    b.avail = b.last = 6 | 1 << 15
    b.put(ADD, struct.pack("<QHHh", 0x1000, 1, 0, 0))  # the same token as in the other queue
    b.put(KICK, struct.pack("<HHHHHHBB", 6 | 1 << 15, 7 | 1 << 15, 6 | 1 << 15, 7 | 1 << 15, 2, 2, 1, 0))
    b.put(INTERRUPT, struct.pack("<IBBHH", 31, 1, 0, 6 | 1 << 15, 2))
    b.put(REAP, struct.pack("<QI", 0x1000, 0))
    c = Story(device=9, index=65535)  # no queue of that name is in the file
    c.add(0xFFFF_FFFF_FFFF_FFFF)
    events = sorted(a.events + b.events + c.events, key=lambda e: e[0])
    queues = [queue(1, 0, 4, "req.0"), queue(2, 3, 8, 'odd "name", really', "virtio_net", "e\th0", 1 << 34)]
    return recording(queues, events, loss=(5, 2))
