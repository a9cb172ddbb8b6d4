# SPDX-License-Identifier: MIT
"""What each line of a frame says, number by number, held against the oracle.

A line is claimed piece by piece: a pattern finds the piece, and each of its groups is compared. What of a line no
pattern found must not contain a digit: otherwise there is a number that nobody can explain."""

import re

import vrt
from claims_memory import MemoryClaims
from claims_ring import RingClaims
from claims_time import TimeClaims
from oracle import SECOND, Moment
from pieces import CONSTANTS, Line, Section, one_of, without_colour

__all__ = ["check", "without_colour"]


class Checker(RingClaims, TimeClaims, MemoryClaims):
    """A frame, and the moment it shows."""

    def __init__(self, lines, recording, key, now, first, size, keys):
        self.recording, self.first, self.keys = recording, first, keys
        self.rows, self.cols = size
        self.wrong = []
        self.m = Moment(recording, *key, now)
        self.f, self.memory = self.m.frame, self.m.memory
        self.raw = lines

    def check(self):
        lines = [Line(text, row) for row, text in enumerate(self.raw)]
        if len(lines) < 2:
            return ["there is no frame"]
        self.title(lines[0])
        self.second_line(lines[1])
        body = lines[2:]
        if lines and len(lines) == self.rows:
            body = lines[2:-1]
            self.footer(lines[-1])
        pieces = [body]
        bar = self.cols // 2
        if self.cols >= 190 and body and all(len(line.text) > bar and line.text[bar] == "|" for line in body):
            pieces = [[Line(line.text[:bar].rstrip(), line.row) for line in body],
                      [Line(line.text[bar + 1:], line.row) for line in body]]
        for piece in pieces:
            for section in self.sections(piece):
                self.section(section)
        for line in [*lines[:2], *(line for piece in pieces for line in piece), *lines[len(body) + 2:]]:
            for pattern in CONSTANTS:
                for found in re.finditer(pattern, line.text):
                    line.claim(*found.span())
            for text in line.unclaimed():
                self.complain(line, f"nobody claims {text!r}")
        return self.wrong

    @staticmethod
    def sections(lines):
        out = []
        for line in lines:
            found = re.match(r"-- ([A-Z][A-Za-z ,]*[A-Za-z])", line.text)
            if found:
                out.append(Section(found[1], [line]))
            elif out:
                out[-1].lines.append(line)
            else:
                out.append(Section("", [line]))
        return out

    def section(self, section):
        title = section.title
        for prefix, take in (("DESCRIPTORS", self.descriptors), ("ONE RING", self.one_ring),
                             ("EVENT AREAS", self.event_areas), ("INDICES", self.indices), ("RINGS", self.strips),
                             ("RING", self.no_memory), ("WHY", self.why), ("LAST SECOND", self.last_second),
                             ("WITH DEVICE", self.history), ("STALEST", self.stalest), ("MEMORY", self.map),
                             ("FROM ADD TO REAP", self.hist), ("BUFFER RESIDENCY", self.hist), ("BYTES", self.bytes),
                             ("CHAIN", self.chain), ("KEYS", self.help)):
            if title.startswith(prefix):
                take(section)
                return

    def title(self, line):
        m, q = self.m, self.m.queue
        name = f"virtio{m.device}/{q.name}"
        if not line.text.startswith(" " + name):
            self.complain(line, f"is not about {name}")
        line.claim(0, 1 + len(name))
        if bool(re.search(r"\bself\b", line.text)) != bool(q.self_):
            self.complain(line, "self or not")
        who = " ".join(word for word in (q.driver, q.alias) if word)
        self.say(line, re.escape(who), needed=False)
        self.say(line, r"\b(?P<layout>split|packed) (?P<num>\d+)", layout="packed" if m.packed else "split",
                 num=m.num)
        irqs = [e for e in m.events if e.type == vrt.INTERRUPT]
        self.say(line, r"\birq (?P<irq>\d+)(?: cpu(?P<cpu>[\d,-]+))?", needed=False,
                 irq=irqs[-1].detail.irq if irqs else "none", cpu=irqs[-1].cpu if irqs else "none")
        seen = [(x.device, x.queue) for x in self.recording.queues]
        self.say(line, r"\b(?P<n>\d+) of (?P<of>\d+)\b", needed=False, n=seen.index((m.device, m.index)) + 1,
                 of=len(seen))
        lost = [x for x in self.recording.losses] or [vrt.Loss(0, 0, 0)]
        self.say(line, r"\blost (?P<lost>\d+)", needed=lost[-1].lost > 0, lost=lost[-1].lost)
        self.say(line, r"\bmissed (?P<missed>\d+)", needed=lost[-1].missed > 0, missed=lost[-1].missed)
        if ("CUT OFF" in line.text) == self.recording.closed and not (not self.recording.closed and self.cols < 100):
            self.complain(line, "cut off or not")
        self.say(line, r"\bPLAY x(?P<speed>[\d.]+)", needed=False, speed=one_of("1", "0.1", "0.01", "0.001", "10"))

    def second_line(self, line):
        m, features = self.m, (self.f or self.m.queue).features
        for word, bit in (("EVENT_IDX", vrt.EVENT_IDX), ("INDIRECT", vrt.INDIRECT_DESC), ("IN_ORDER", vrt.IN_ORDER)):
            self.say(line, rf"\b{word} (?P<on>on|off)\b", needed=False, on="on" if features >> bit & 1 else "off")
        end = max([e.time_ns for e in self.recording.events] + [f.time_ns for f in self.recording.frames])
        self.say(line, r"(?P<now>\d+\.\d{6}) of (?P<end>\d+\.\d{6}) s", now=self.time(m.now), end=self.time(end))
        # The number of the queue's last event among all of the file.
        last = self.recording.events.index(m.events[-1]) + 1 if m.events else 0
        self.say(line, r"\bevent (?P<n>\d+)(?: of (?P<of>\d+))?", needed=False, n=last, of=len(self.recording.events))

    def time(self, ns):
        since = max(0, ns - self.first)
        return f"{since // SECOND}.{since % SECOND // 1000:06d}"

    def footer(self, line):
        self.say(line, r"\{,\} 1 s", needed=False)

    def help(self, section):
        """Examples of what may be typed or seen, not of this moment."""
        for line in section.body:
            self.say(line, r"1\.5s?, (?:200|250)ms(?:, 1:02\.5)?", needed=False)
            self.say(line, r">1\.2 s", needed=False)


def check(lines, recording, key, now, first, size, keys):
    """Complaints about a frame of the queue at that time, whose times are counted from first."""
    return Checker(lines, recording, key, now, first, size, keys).check()
