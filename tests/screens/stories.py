#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Recordings of our own making, each with one thing in it that a screen may get wrong.

  tests/screens/stories.py FOLDER   writes them all"""

import random
import struct
import sys
from pathlib import Path

import vrt
from rings import Packed, Recorder, Split

US, MS = 1_000, 1_000_000
NET = {"name": "input.0", "driver": "virtio_net", "alias": "eth0", "device": 2, "device_id": 1}
NET_TX = {**NET, "name": "output.0", "index": 1}


def requests(rng):
    """A disk's: header out, data one way or the other, status in."""
    return ([16], [4096, 1]) if rng.random() < 0.6 else ([16, 4096], [1])


def traffic(r, ring, rng, rounds, frame_every=7, deep=4):
    """Adds some, kicks, lets the device answer in its own order, interrupts, reaps."""
    held = []
    for n in range(rounds):
        for _ in range(rng.randint(1, deep)):
            r.wait(rng.randint(2, 40) * US + rng.randint(0, 999))
            ring.add(*requests(rng))
        r.wait(700)
        ring.kick()
        if n % frame_every == frame_every // 2:
            r.wait(100)
            r.key_frame(ring)
        r.wait(rng.randint(20, 900) * US)
        if rng.random() < 0.8:
            held += ring.look()
        rng.shuffle(held)
        while held and rng.random() < 0.8:
            head = held.pop()
            ring.use(head, rng.choice([1, 4097]))
        if n % frame_every == 0:
            r.wait(100)
            r.key_frame(ring)
        if rng.random() < 0.9:
            r.wait(rng.randint(1, 30) * US)
            ring.interrupt()
            if rng.random() < 0.3:
                r.wait(200)
                ring.callbacks(False)
            while ring.unreaped():
                r.wait(rng.randint(1, 3) * US)
                ring.reap()
            if ring.flags_shadow != (2 if ring.packed and ring.event_idx else 0):
                r.wait(400)
                ring.callbacks(True)
    r.wait(100)
    r.key_frame(ring)


def split_wrap(r):
    """Indices go from 65535 to 0 in the middle of everything."""
    traffic(r, Split(r, 16, start=65500), random.Random(1), 60)


def split_flags(r):
    """No EVENT_IDX: flags decide, and the device sets its own now and then."""
    ring, rng = Split(r, 32, start=65530, event_idx=False), random.Random(2)
    for on in (False, True, False):
        ring.no_notify(on)
        traffic(r, ring, rng, 12)


def packed_wrap(r):
    """Many laps of a small packed ring, with chains across its end."""
    traffic(r, Packed(r, 16), random.Random(3), 80)


def packed_flags(r):
    """No EVENT_IDX, a size that is no power of two, a device that wants no kicks."""
    ring, rng = Packed(r, 24, event_idx=False), random.Random(4)
    for on in (False, True, False):
        ring.no_notify(on)
        traffic(r, ring, rng, 12)


def full(r):
    """Adds are refused, each refusal rings the bell by itself; then all of it comes back."""
    ring = Split(r, 8, start=65532)
    for _ in range(5):
        r.wait(30 * US)
        ring.add([16], [4096, 1])
    ring.kick()
    r.wait(50)
    r.key_frame(ring)
    r.wait(3 * MS)
    for head in ring.look():
        ring.use(head, 4097)
    r.wait(10 * US)
    r.key_frame(ring)
    ring.interrupt()
    while ring.unreaped():
        r.wait(4 * US)
        ring.reap()
    r.wait(2500 * MS)
    ring.interrupt(handled=0)
    r.wait(500 * MS)
    traffic(r, ring, random.Random(5), 20)


def full_packed(r):
    ring = Packed(r, 8)
    for _ in range(5):
        r.wait(30 * US)
        ring.add([16], [4096, 1])
    ring.kick()
    r.wait(50)
    r.key_frame(ring)
    r.wait(800 * MS)
    traffic(r, ring, random.Random(6), 30)


def torn(r):
    """Every other key frame was taken while the ring moved."""
    ring, rng = Split(r, 16), random.Random(7)
    for n in range(12):
        r.key_frame(ring, torn=n % 2)
        r.wait(100 * US)
        traffic(r, ring, rng, 2, frame_every=50)
    r.wait(10 * US)
    r.key_frame(ring, torn=1)


def events_only(r):
    """No key frame at all."""
    traffic(r, Split(r, 16, start=65500), random.Random(8), 40)
    traffic(r, Packed(r, 16, **NET_TX), random.Random(9), 40)
    r.items = [item for item in r.items if item[0] == vrt.EVENTS]


def frames_only(r):
    """No event, as live without hooks records; and ages are not told."""
    ring, rng = Split(r, 16, start=65500), random.Random(10)
    for _ in range(20):
        traffic(r, ring, rng, 2, frame_every=2)
        r.key_frame(ring, added=False)
    r.items = [item for item in r.items if item[0] == vrt.SNAPSHOT]


def receive(r):
    """A network card's: full of buffers that wait, drained to the last by bursts."""
    ring, out, rng = Split(r, 256, start=65400, **NET), Split(r, 256, **NET_TX), random.Random(11)
    for _ in range(256):
        ring.add([], [1536])
        r.wait(300)
    ring.kick()
    r.wait(100)
    r.key_frame(ring)
    r.key_frame(out)
    waiting = ring.look()
    for n in range(70):
        r.wait(rng.randint(20, 400) * MS)
        burst = len(waiting) if n in (20, 51) else rng.randint(1, 90)
        for head in waiting[:burst]:
            ring.use(head, rng.randint(60, 1514))
        del waiting[:burst]
        ring.interrupt(irq=38)
        ring.callbacks(False)
        while ring.unreaped():
            r.wait(900)
            ring.reap()
            if ring.num_free == 256 or ring.num_free >= 64 and ring.unreaped() % 16 == 0:
                for _ in range(min(16, ring.num_free)):
                    ring.add([], [1536])
                r.wait(300)
                ring.kick()
                waiting += ring.look(None) if rng.random() < 0.5 else []
        r.wait(2 * US)
        ring.callbacks(True)
        for _ in range(rng.randint(0, 3)):
            out.add([12, 1448], [])
            r.wait(400)
            out.kick()
            for head in out.look():
                out.use(head, 0)
            r.wait(60 * US)
            while out.unreaped():
                r.wait(700)
                out.reap()
        if n % 5 == 0:
            r.wait(100)
            r.key_frame(ring)
            r.wait(100)
            r.key_frame(out)


def indirect(r):
    """Each request is one descriptor that refers to a table."""
    traffic(r, Split(r, 16, indirect=True), random.Random(12), 30)
    traffic(r, Packed(r, 16, indirect=True, device=3), random.Random(13), 30)


def races(r):
    """The device moved its index while the driver decided; the driver says other than the arithmetic."""
    ring = Split(r, 16, start=65534)
    for n in range(6):
        r.wait(50 * US)
        ring.add([16], [1])
        r.wait(500)
        ring.kick(event_after=(ring.device_wish()[0] + n) % 65536, verdict=n % 3 == 0)
        r.wait(100 * US)
        r.key_frame(ring)
        for head in ring.look():
            ring.use(head, 1)
        r.wait(5 * US)
        ring.interrupt()
        while ring.unreaped():
            r.wait(US)
            ring.reap()


def lossy(r):
    """Records were lost, hooks were missed, a queue carries its own recorder's traffic."""
    ring = Split(r, 16, self_=1)
    traffic(r, ring, random.Random(14), 10)
    r.loss(1234, 56)
    traffic(r, ring, random.Random(15), 10)


def one_event(r):
    ring = Split(r, 16)
    ring.add([16], [512, 1])


def long_ago(r):
    """Days pass; a buffer is as old."""
    ring = Packed(r, 16)
    traffic(r, ring, random.Random(16), 5)
    r.wait(3 * 86400 * 1000 * MS)
    r.key_frame(ring)
    r.wait(40 * MS)
    traffic(r, ring, random.Random(17), 5)


def many(r):
    """More queues than a line has place for, one that no table lists, one with no entry in use."""
    rng = random.Random(18)
    for n in range(12):
        ring = (Packed if n % 2 else Split)(r, 16, device=n // 2, index=n % 2, name=f"req.{n}",
                                            alias=f"vd{chr(97 + n)}")
        if n != 4:
            traffic(r, ring, rng, 4)
    traffic(r, Split(r, 8, device=77, listed=False), rng, 2)


def large(r):
    """The largest there can be."""
    ring = Split(r, 32768, start=40000)
    traffic(r, ring, random.Random(19), 12, frame_every=6, deep=400)


def from_zero(r):
    """A clock that begins with the recording, as a guest's without a system may."""
    traffic(r, Split(r, 16), random.Random(21), 12)
    for n, (kind, raw, time, *of) in enumerate(r.items):
        if kind == vrt.EVENTS:
            raw = struct.pack("<Q", time - r.start_ns) + raw[8:]
        elif kind == vrt.SNAPSHOT:
            raw = earlier(raw, r.start_ns)
        r.items[n] = (kind, raw, time - r.start_ns, *of)
    r.now -= r.start_ns
    r.start_ns = 0


def earlier(raw, ns):
    """A key frame whose buffers were added so much earlier."""
    num, = struct.unpack_from("<I", raw, 4)
    at = vrt.KEY_FRAME.size
    while True:
        kind, size = vrt.AREA.unpack_from(raw, at)
        at += vrt.AREA.size
        if kind == vrt.AREA_NOTES:
            break
        at += size + -size % 8
    raw = bytearray(raw)
    for i in range(num):
        token, added, *rest = vrt.VRT_NOTE.unpack_from(raw, at + vrt.VRT_NOTE.size * i)
        vrt.VRT_NOTE.pack_into(raw, at + vrt.VRT_NOTE.size * i, token, added - ns if added else 0, *rest)
    return bytes(raw)


def begun_late(r):
    """Packed, events only, from the middle of the traffic on: of buffers added before, only the reaps are seen."""
    ring = Packed(r, 16)
    for _ in range(4):
        r.wait(20 * US)
        ring.add([16], [4096, 1])
    ring.kick()
    r.items = []
    r.wait(MS)
    ring.add([16], [512, 1])
    for ident in ring.look():
        ring.use(ident, 513)
    ring.interrupt()
    while ring.unreaped() > 2:
        r.wait(5 * US)
        ring.reap()
    traffic(r, ring, random.Random(22), 20)
    r.items = [item for item in r.items if item[0] == vrt.EVENTS]


def same_time(r):
    """A clock so coarse that events come in bunches of one time."""
    ring, rng = Split(r, 16, start=65530), random.Random(23)
    traffic(r, ring, rng, 20)
    r.items = [(kind, struct.pack("<Q", time // MS * MS) + raw[8:], time // MS * MS, *of)
               for kind, raw, time, *of in r.items if kind == vrt.EVENTS]


def long_names(r):
    """As long as a name can be; two of them with what no terminal should get."""
    rng = random.Random(24)
    traffic(r, Split(r, 16, name="n" * 31, driver="d" * 31, alias="a" * 31), rng, 6)
    traffic(r, Packed(r, 16, device=2, name="evil\x1b[31m\x07\n", driver="\x7f\u00e9", alias="\t"), rng, 6)


def lies(r):
    """What a hostile device or a broken driver may leave in memory: each number that can point is wrong somewhere."""
    rng = random.Random(25)
    for kind, who in ((Split, {}), (Packed, {"device": 2})):
        ring = kind(r, 16, **who)
        for _ in range(25):
            traffic(r, ring, random.Random(rng.random()), 1, frame_every=50)
            sane = bytes(ring.desc), bytes(ring.driver_area), bytes(ring.device_area), list(ring.notes)
            for area in (ring.desc, ring.driver_area, ring.device_area):
                for _ in range(rng.randint(1, 6)):
                    at = rng.randrange(len(area))
                    area[at] = rng.choice((0, 0xff, 0x80, 1, 3, rng.randrange(256)))
            ring.notes = [note._replace(next=rng.choice((note.next, 0xffff, 3)),
                                        num=rng.choice((note.num, 0xffff, 0)))
                          for note in ring.notes]
            r.key_frame(ring)
            ring.desc, ring.driver_area, ring.device_area = map(bytearray, sane[:3])
            ring.notes = sane[3]
            r.wait(100)


STORIES = {story.__name__: story for story in (
    split_wrap, split_flags, packed_wrap, packed_flags, full, full_packed, torn, events_only, frames_only, receive,
    indirect, races, lossy, one_event, long_ago, many, large, from_zero, begun_late)}
# Of these, only the form of a frame is looked at: their numbers are beyond what can be known.
ODD = {story.__name__: story for story in (same_time, long_names, lies)}


def tell(name, folder):
    """Writes one. Return: its path."""
    r = Recorder()
    {**STORIES, **ODD}[name](r)
    return r.write(folder / f"{name}.vrt", closed=name != "torn", deflate=name not in ("full", "races"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for story_name in {**STORIES, **ODD}:
        tell(story_name, Path(sys.argv[1]))
