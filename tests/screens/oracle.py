# SPDX-License-Identifier: MIT
"""What a screen must say of a moment, worked out anew from a recording's events and key frames.

Nothing here is taken from the program: positions and in-flight buffers are followed from event to event, the
arithmetic is that of chapters 2.7.7, 2.7.10 and 2.8.10, and sizes are those of 2.7 and 2.8."""

import struct
from collections import Counter, namedtuple

import vrt

SECOND = 1_000_000_000
NEXT, WRITE, INDIRECT = 1, 2, 4
ENOSPC = -28

Decision = namedtuple("Decision", "old new event ahead batch by_index kick said unsure flags")
Buffer = namedtuple("Buffer", "head added_ns seen_ns")  # head None: not in a key frame yet; added_ns 0: not known
Span = namedtuple("Span", "kind at bytes")


def steps(packed, num, old, new):
    """How far an index went: split, of 65536; packed, slots of the ring."""
    if not packed:
        return (new - old) % 65536
    old_slot, new_slot = old & 0x7fff, new & 0x7fff
    return new_slot - old_slot + (0 if (old ^ new) >> 15 == 0 else num)


def forward(packed, num, old, new):
    """The same from one event to the next, where an interrupt of another processor may be a moment behind."""
    there = steps(packed, num, old, new) % (2 * num if packed else 65536)
    return 0 if there > (3 * num // 2 if packed else 32768) else there


def go_on(num, index, slots):
    """Packed: so many slots further."""
    slot, wrap = (index & 0x7fff) + slots, index >> 15
    return slot | wrap << 15 if slot < num else slot - num | (1 - wrap) << 15


def decide(event, num):
    """The driver's question at a kick event, and what the answer had to be."""
    k, packed = event.detail, bool(event.flags & vrt.F_PACKED)
    batch = steps(packed, num, k.old_idx, k.new_idx) % 65536
    if packed:
        by_index = k.dev_flags == 2
        # Entries are numbered along the lap of the newest; those of the lap before lie num further back.
        entry = (k.event & 0x7fff) - (num if (k.event ^ k.new_idx) >> 15 else 0)
        ahead = ((k.new_idx & 0x7fff) - entry - 1) % 65536
        kick = ahead < batch if by_index else k.dev_flags != 1
    else:
        by_index = bool(event.flags & vrt.F_EVENT_IDX)
        ahead = (k.new_idx - k.event - 1) % 65536
        kick = ahead < batch if by_index else not k.dev_flags & 1
    moved = by_index and k.event != k.event_after
    changed = (packed or not by_index) and k.dev_flags != k.dev_flags_after
    return Decision(k.old_idx, k.new_idx, k.event, ahead, batch, by_index, kick, bool(k.kick),
                    kick != bool(k.kick) or moved or changed, k.dev_flags)


def forced(event):
    """A split ring of Linux that is full rings by itself, if the device was to read of the buffer."""
    return event.type == vrt.ADD and event.detail.error == ENOSPC and event.detail.out > 0 and \
        not event.flags & (vrt.F_PACKED | vrt.F_OURS)


def rank(values, percent):
    """Nearest rank: the smallest of them such that so many percent are not above it."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Memory:
    """The ring's areas in a key frame, decoded."""

    def __init__(self, frame):
        self.frame, num = frame, frame.num
        self.num, self.packed = num, bool(frame.packed)
        raw = [vrt.DESC.unpack_from(frame.desc, 16 * i) for i in range(num)]
        if self.packed:
            self.desc = [{"addr": a, "len": n, "id": i, "flags": f} for a, n, i, f in raw]
            self.driver_event, self.driver_flags = struct.unpack("<HH", frame.driver)
            self.device_event, self.device_flags = struct.unpack("<HH", frame.device_area)
        else:
            self.desc = [{"addr": a, "len": n, "flags": f, "next": i} for a, n, f, i in raw]
            self.avail_flags, self.avail_mem = struct.unpack_from("<HH", frame.driver)
            self.avail_ring = list(struct.unpack_from(f"<{num}H", frame.driver, 4))
            self.used_event, = struct.unpack_from("<H", frame.driver, 4 + 2 * num)
            self.used_flags, self.used_idx = struct.unpack_from("<HH", frame.device_area)
            self.used_ring = [struct.unpack_from("<II", frame.device_area, 4 + 8 * i) for i in range(num)]
            self.avail_event, = struct.unpack_from("<H", frame.device_area, 4 + 8 * num)
        self.event_idx = bool(frame.features >> vrt.EVENT_IDX & 1)

    def lap(self, slot):
        """Packed: the wrap counter with which the slot was filled last, going back from the driver's next slot."""
        avail = self.frame.avail_idx
        return avail >> 15 if slot < avail & 0x7fff else 1 - (avail >> 15)

    def chain(self, head):
        """Split: slots of the chain, as the driver's own list has it where it has one."""
        out, at = [], head
        while len(out) < self.num:
            out.append(at)
            if not self.desc[at]["flags"] & NEXT:
                break
            at = self.frame.notes[at].next if self.frame.says & vrt.HAS_CHAINS else self.desc[at]["next"]
            if at >= self.num:
                break
        return out

    def used_heads(self):
        """Split: the entries that the device filled and the driver did not reap."""
        count = (self.used_idx - self.frame.last_used) % 65536
        return [self.used_ring[(self.frame.last_used + i) % self.num][0] for i in range(min(count, self.num))]

    def owners(self):
        """Split: {slot: (whose, head, place)} of all that is not free."""
        used, out = set(self.used_heads()), {}
        for head, note in enumerate(self.frame.notes):
            if note.token:
                for place, slot in enumerate(self.chain(head)):
                    out[slot] = ("DRV" if head in used else "DEV", head, place)
        return out

    def window(self):
        """Packed: (slot, wrap) of each slot from the driver's next used one to its next available one."""
        count = steps(True, self.num, self.frame.last_used, self.frame.avail_idx)
        first, wrap = self.frame.last_used & 0x7fff, self.frame.last_used >> 15
        return [((first + i) % self.num, wrap if first + i < self.num else 1 - wrap) for i in range(count)]

    def packed_buffers(self):
        """[(id, [slots], used)] in the window, in its order."""
        out, window, at = [], self.window(), 0
        while at < len(window):
            slot, wrap = window[at]
            desc = self.desc[slot]
            used = (desc["flags"] >> 7 & 1, desc["flags"] >> 15) == (wrap, wrap)
            if used:
                ident = desc["id"]
                count = self.frame.notes[ident].num if ident < self.num else 1
            else:
                count = 1
                while self.desc[window[at + count - 1][0]]["flags"] & NEXT and at + count < len(window):
                    count += 1
                ident = self.desc[window[at + count - 1][0]]["id"]
            count = max(1, count)
            out.append((ident, [s for s, _ in window[at:at + count]], used))
            at += count
        return out

    def unreaped(self):
        if self.packed:
            return sum(used for _, _, used in self.packed_buffers())
        return (self.used_idx - self.frame.last_used) % 65536

    def areas(self):
        """Name, device address, bytes of each, by address where addresses are known."""
        return [Span(kind, at, size) for kind, at, size in
                zip(("desc", "driver", "device"), self.frame.dma, vrt.area_sizes(self.num, self.packed))]


class Moment:
    """A queue when so many of the recording's events had happened, or at a time."""

    def __init__(self, recording, device, index, now_ns, number=None):
        self.recording, self.device, self.index, self.now = recording, device, index, now_ns
        self.queue = next((q for q in recording.queues if (q.device, q.queue) == (device, index)), None)
        until = recording.events[:number] if number is not None else recording.events
        self.number = sum(e.time_ns <= now_ns for e in until) if number is None else number
        self.events = [e for e in until if (e.device, e.queue) == (device, index) and e.time_ns <= now_ns]
        self.frames = [f for f in recording.frames if (f.device, f.queue) == (device, index) and f.time_ns <= now_ns]
        self.frame = self.frames[-1] if self.frames else None
        self.memory = Memory(self.frame) if self.frame else None
        first = self.queue or self.frame
        self.num = self.frame.num if self.frame else self.queue.num
        self.packed = bool(first.packed)
        self.follow()

    # ---- going through it ----

    def follow(self):
        """In-flight buffers and positions, from the beginning until now."""
        self.flight, self.avail, self.used, self.last, self.free = {}, 0, 0, 0, self.num
        self.gone = {}      # tokens of buffers that the last key frame shows and that were reaped since
        self.seen_used = 0  # packed: used and not reaped, of those that the last key frame shows
        self.latency = []   # (time of the reap, ns since the add)
        self.samples = []   # (time, with device, percent of the descriptors in use, ran empty, is empty)
        self.starved_ns = 0
        merged = sorted([(e.time_ns, 0, i, e) for i, e in enumerate(self.events)] +
                        [(f.time_ns, 1, i, f) for i, f in enumerate(self.frames)], key=lambda x: x[:3])
        for time, is_frame, _, item in merged:
            before = self.with_device()
            if is_frame:
                self.take_frame(item)
            else:
                self.take_event(item)
            empty = not self.with_device()
            if before and empty:
                self.starved_ns = time
            self.samples.append((time, self.with_device(), 100 * (self.num - self.free) // self.num,
                                 bool(before and empty), bool(empty and self.starved_ns)))

    def take_frame(self, f):
        flight = {}
        for head, note in enumerate(f.notes):
            if note.token:
                old = self.flight.get(note.token)
                added = note.added_ns or (old.added_ns if old else 0)
                flight[note.token] = Buffer(head, added, old.seen_ns if old else f.time_ns)
        self.flight, self.gone = flight, {}
        self.avail, self.last, self.free = f.avail_idx, f.last_used, f.num_free
        memory = Memory(f)
        if f.packed:
            self.seen_used = memory.unreaped()
            slots = sum(len(slots) for _, slots, used in memory.packed_buffers() if used)
            self.used = go_on(f.num, f.last_used, slots)
        else:
            self.used = memory.used_idx

    def take_event(self, e):
        if e.type == vrt.ADD and not e.detail.error:
            self.flight[e.detail.token] = Buffer(None, e.time_ns, e.time_ns)
        elif e.type == vrt.REAP:
            buffer = self.flight.pop(e.detail.token, None)
            if buffer and buffer.head is not None:
                self.gone[e.detail.token] = buffer
            self.seen_used = max(0, self.seen_used - 1)
            if buffer and buffer.added_ns:
                self.latency.append((e.time_ns, e.time_ns - buffer.added_ns))
        self.avail, self.last, self.free = e.avail_idx, e.last_used, e.num_free
        if not self.packed or not self.seen_used:
            self.used = e.used_idx

    # ---- what is asked ----

    @property
    def held(self):
        """Buffers in the ring. Split: entries between the driver's two positions; packed: those that are known."""
        return len(self.flight) if self.packed else (self.avail - self.last) % 65536

    def unreaped(self):
        return self.seen_used if self.packed else (self.used - self.last) % 65536

    def with_device(self):
        return self.held - min(self.unreaped(), self.held)

    def held_second(self):
        """Least, median, most with the device, after what happened in the second; or as it is now."""
        seen = [held for time, held, *_ in self.samples if time > self.now - SECOND] or [self.with_device()]
        return min(seen), rank(seen, 50), max(seen)

    def history(self, seconds=64):
        """Of each of so many seconds: least and most percent in use, whether it ran empty, whether a key frame is in
        it or before it. A second is made of eight eighths; the last is the one that now lies in."""
        eighth = SECOND // 8
        percents, empty = {}, set()
        for time, _, percent, _, is_empty in self.samples:
            percents.setdefault(time // eighth, []).append(percent)
            if is_empty:
                empty.add(time // eighth)
        now, level, out = self.now // eighth, None, []
        frames = [f.time_ns // eighth for f in self.frames]
        for second in range(seconds):
            first = now - 8 * (seconds - second) + 1
            seen = [p for e in range(first, first + 8) for p in percents.get(e, [])]
            carried = seen + ([] if level is None else [level])
            most = max(seen) if seen else level
            out.append((min(carried, default=None), most, any(e in empty for e in range(first, first + 8)),
                        any(first <= f < first + 8 or now - 8 * seconds < f < first for f in frames)))
            level = seen[-1] if seen else level
        return out

    def of_second(self, kind=None):
        """Events of the second that ends now."""
        return [e for e in self.events if e.time_ns > self.now - SECOND and kind in (None, e.type)]

    def counts(self):
        """Of the second that ends now, and of nothing else."""
        c = Counter()
        for e in self.of_second():
            if e.type == vrt.ADD:
                c["add"] += not e.detail.error
                c["refused"] += bool(e.detail.error)
                c["forced"] += forced(e)
            elif e.type == vrt.KICK:
                d = decide(e, self.num)
                c["batches"] += d.batch > 0
                c["decisions"] += 1
                c["kick"] += d.said
                c["suppressed"] += not d.said
                c["unsure"] += d.unsure
            elif e.type == vrt.INTERRUPT:
                c["irq"] += 1
                c["spurious"] += not e.detail.handled
            elif e.type == vrt.REAP:
                c["reap"] += 1
        return c

    def latencies(self):
        return [ns for time, ns in self.latency if time > self.now - SECOND]

    def since_frame(self):
        """Entries added, used, reaped since the memory was copied."""
        if not self.frame:
            return 0, 0, 0
        added = used = reaped = 0
        avail, seen, last = self.frame.avail_idx, None if self.packed else self.memory.used_idx, self.frame.last_used
        for e in self.events:
            if e.time_ns <= self.frame.time_ns:
                continue
            # From event to event it is never as much as a lap; from the copy it may be many.
            added += forward(self.packed, self.num, avail, e.avail_idx)
            reaped += forward(self.packed, self.num, last, e.last_used)
            used += 0 if self.packed else (e.used_idx - seen) % 65536
            avail, seen, last = e.avail_idx, e.used_idx, e.last_used
        return added, used, reaped
