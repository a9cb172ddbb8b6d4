# SPDX-License-Identifier: MIT
"""What a recording tells about its buffers, worked out once more: by the rules alone, nothing of trace-tool/."""

from collections import OrderedDict, defaultdict, namedtuple

import vrt

WORD = {vrt.NOTIFY: "doorbell", vrt.REAP: "reap"}
Buffer = namedtuple("Buffer", "queue token since until out in_ end")  # since None: not known; until None: in flight


def word(e):
    d = e.detail
    if e.type == vrt.ADD:
        return "refused" if d.error else "add"
    if e.type == vrt.KICK:
        return "kick" if d.kick else "suppress"
    if e.type == vrt.INTERRUPT:
        return "irq" if d.handled else "spurious irq"
    if e.type == vrt.CALLBACKS:
        return "cb-on" if d.on else "cb-off"
    return WORD[e.type]


def printable(text):
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def index_text(e, value):
    return f"{value & 0x7FFF}w{value >> 15}" if e.flags & vrt.F_PACKED else value


class Model:
    def __init__(self, recording, wanted=lambda device, queue: True):
        r = recording
        self.r = r
        self.named = {(q.device, q.queue): q for q in r.queues}
        self.events = [e for e in r.events if wanted(e.device, e.queue)]
        self.start = min(e.time_ns for e in r.events)
        self.last = max([e.time_ns for e in r.events] + [f.time_ns for f in r.frames])
        self.follow()

    def name(self, e):
        q = self.named.get((e.device, e.queue))
        return f"virtio{e.device}/{printable(q.name)}" if q and q.name else f"virtio{e.device}:{e.queue}"

    def num(self, e):
        q = self.named.get((e.device, e.queue))
        return q.num if q else 0

    def follow(self):
        """.buffers, all there are; .age of each reap; .in_flight after each add and reap."""
        there = defaultdict(OrderedDict)  # of a queue: token -> [since, seen only, out, in]
        first = {}
        for f in self.r.frames:
            first.setdefault((f.device, f.queue), f)
        self.buffers, self.age, self.in_flight = [], {}, {}

        def ends(queue, token, until, end):
            since, only, out, inn = there[queue].pop(token)
            self.buffers.append(Buffer(queue, token, since, max(until, since), out, inn, end))
            return None if only else until - since

        for n, e in enumerate(self.events):
            queue = e.device, e.queue
            if queue in first and first[queue].time_ns <= e.time_ns:
                frame = first.pop(queue)
                for note in frame.notes:
                    if note.token and note.token not in there[queue]:
                        there[queue][note.token] = [note.added_ns or frame.time_ns, not note.added_ns, None, None]
            if e.type == vrt.ADD and not e.detail.error:
                if e.detail.token in there[queue]:
                    ends(queue, e.detail.token, e.time_ns, "lost")
                elif len(there[queue]) >= (self.num(e) or 32768):
                    ends(queue, next(iter(there[queue])), e.time_ns, "lost")
                there[queue][e.detail.token] = [e.time_ns, False, e.detail.out, e.detail.in_]
            elif e.type == vrt.REAP:
                if e.detail.token in there[queue]:
                    self.age[n] = ends(queue, e.detail.token, e.time_ns, "reap")
            else:
                continue
            self.in_flight[n] = len(there[queue])
        for queue, tokens in there.items():
            for token, (since, _, out, inn) in tokens.items():
                self.buffers.append(Buffer(queue, token, since, None, out, inn, "open"))


def kick_sum(e, num):
    """(batch, decided by index, how far the entry lies back, sure), from 2.7.10 and 2.8.10."""
    d = e.detail
    if e.flags & vrt.F_PACKED:
        def steps(a, b):
            return ((b & 0x7FFF) - (a & 0x7FFF) + (num if (a ^ b) & 0x8000 else 0)) & 0xFFFF
        batch, by_index = steps(d.old_idx, d.new_idx), d.dev_flags == 2
        ahead = ((d.new_idx & 0x7FFF) - (d.event & 0x7FFF) + (num if (d.event ^ d.new_idx) & 0x8000 else 0) - 1) & 0xFFFF
        kick = ahead < batch if by_index else d.dev_flags != 1
    else:
        batch, by_index = (d.new_idx - d.old_idx) & 0xFFFF, bool(e.flags & vrt.F_EVENT_IDX)
        ahead = (d.new_idx - d.event - 1) & 0xFFFF
        kick = ahead < batch if by_index else not d.dev_flags & 1
    moved = (by_index and d.event != d.event_after) or \
            ((e.flags & vrt.F_PACKED or not by_index) and d.dev_flags != d.dev_flags_after)
    return batch, by_index, ahead, kick == bool(d.kick) and not moved
