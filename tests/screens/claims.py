# SPDX-License-Identifier: MIT
"""What each line of a frame says, number by number, held against the oracle.

A line is claimed piece by piece: a pattern finds the piece, and each of its groups is compared. What of a line no
pattern found must not contain a digit: otherwise there is a number that nobody can explain."""

import re

import vrt
from oracle import SECOND, Moment, decide, forced, rank, steps

# Words with digits that are names or units and say nothing of the moment.
CONSTANTS = [r"\b16-bit\b", r"\bp50\b", r"\bp99\b", r"\bUTF-8\b", r"\bF1\b"]
AGE = r"\d+(?:\.\d+)? ?(?:ns|us|ms|s|h)"
COUNT = r"\d+(?:\.\d)?[kM]?"


def without_colour(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# ---- numbers as people read them: what a text can stand for ----

def age_span(text):
    """Nanoseconds from .. to: ages are cut, not rounded."""
    number, unit = re.fullmatch(r"(\d+(?:\.\d+)?) ?(ns|us|ms|s|h)", text).groups()
    scale = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "h": 3600 * 10**9}[unit]
    whole, _, part = number.partition(".")
    low = int(whole + part) * scale // 10**len(part)
    return low, low + scale // 10**len(part)


def is_age(ns):
    def check(text):
        low, high = age_span(text)
        return low <= ns < high or f"{text} is {low}..{high} ns, and it is {ns} ns"
    return check


def is_count(value):
    """812, 81.2k, 5.9M: rounded to what is shown."""
    def check(text):
        number, unit = re.fullmatch(r"(\d+(?:\.\d+)?)([kM]?)", text).groups()
        scale = {"": 1, "k": 1000, "M": 10**6}[unit]
        step = scale / (10 if "." in number else 1)
        return abs(float(number) * scale - value) <= step / 2 + 1e-9 or f"{text}, and it is {value}"
    return check


def number(value):
    return lambda text: int(text) == value or f"{text.strip()}, and it is {value}"


def hexadecimal(value):
    return lambda text: int(text, 16) == value or f"{text}, and it is {value:x}"


def one_of(*values):
    return lambda text: text in [str(v) for v in values] or f"{text}, and it is {' or '.join(map(str, values))}"


class Line:
    def __init__(self, text, row):
        self.text, self.row, self.claimed = text, row, [False] * len(text)

    def claim(self, start, end):
        for i in range(start, end):
            self.claimed[i] = True

    def unclaimed(self):
        """Numbers nobody explained."""
        rest = "".join(" " if taken else c for c, taken in zip(self.text, self.claimed))
        return re.findall(r"\S*\d\S*", rest)


class Section:
    def __init__(self, title, lines):
        self.title, self.lines = title, lines

    @property
    def body(self):
        return self.lines[1:]


class Checker:
    """A frame, and the moment it shows."""

    def __init__(self, lines, recording, key, now, first, size, keys):
        self.recording, self.first, self.keys = recording, first, keys
        self.rows, self.cols = size
        self.wrong = []
        self.m = Moment(recording, *key, now)
        self.f, self.memory = self.m.frame, self.m.memory
        self.raw = lines

    # ---- claiming ----

    def complain(self, line, words):
        self.wrong.append(f"line {line.row}: {words}   | {line.text.strip()}")

    def say(self, line, pattern, needed=True, after=0, **expected):
        """Finds the pattern in the line and compares its groups. Return: the match, or None."""
        found = re.compile(pattern).search(line.text, after)
        if not found:
            if needed:
                self.complain(line, f"does not say {pattern}")
            return None
        line.claim(*found.span())
        for group, shown in found.groupdict().items():
            if shown is None:
                continue
            want = expected[group]
            verdict = want(shown) if callable(want) else (shown == str(want) or f"{shown}, and it is {want}")
            if verdict is not True:
                self.complain(line, f"{group}: {verdict or shown}")
        return found

    # ---- taking the frame apart ----

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

    # ---- the lines at the top and at the bottom ----

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
        self.say(line, r"\b(?P<layout>split|packed) (?P<num>\d+)", layout="packed" if m.packed else "split", num=m.num)
        irqs = [e for e in m.events if e.type == vrt.INTERRUPT]
        self.say(line, r"\birq (?P<irq>\d+)(?: cpu(?P<cpu>[\d,-]+))?", needed=False,
                 irq=irqs[-1].detail.irq if irqs else "none", cpu=irqs[-1].cpu if irqs else "none")
        seen = [(x.device, x.queue) for x in self.recording.queues]
        self.say(line, r"\b(?P<n>\d+) of (?P<of>\d+)\b", needed=False, n=seen.index((m.device, m.index)) + 1, of=len(seen))
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
        mine = [e for e in self.recording.events if (e.device, e.queue) == (m.device, m.index)]
        self.say(line, r"\bevent (?P<n>\d+)(?: of (?P<of>\d+))?", needed=False, n=one_of(m.number, len(m.events)),
                 of=one_of(len(self.recording.events), len(mine)))

    def time(self, ns):
        since = max(0, ns - self.first)
        return f"{since // SECOND}.{since % SECOND // 1000:06d}"

    def footer(self, line):
        self.say(line, r"\{,\} 1 s", needed=False)

    # ---- the ring ----

    def memory_words(self, line):
        """'memory as of 12 ms before': needed if events moved the ring since, and only then."""
        moved = any(self.m.since_frame())
        if "MOVING" in line.text:
            if not self.f.torn:
                self.complain(line, "it was not torn")
        elif re.search(r"memory as of ", line.text):
            if not moved:
                self.complain(line, "nothing moved since")
            self.say(line, rf"memory as of (?P<age>{AGE}) before", age=is_age(self.m.now - self.f.time_ns))
        elif moved and not self.f.torn and self.m.now > self.f.time_ns:
            self.complain(line, f"does not say that the memory is older: {self.m.since_frame()}")

    def range_words(self, line, total, shown):
        found = self.say(line, r" (?P<a>\d+)-(?P<b>\d+) ", needed=False, after=40, a=lambda _: True, b=lambda _: True)
        if found and (int(found["b"]) - int(found["a"]) + 1 != min(shown, total) or int(found["b"]) >= total):
            self.complain(line, f"{shown} of {total} lines")

    def descriptors(self, section):
        rule = section.lines[0]
        self.say(rule, r"(?P<free>\d+)/(?P<num>\d+) free", free=self.f.num_free, num=self.m.num)
        self.say(rule, r"free_head (?P<head>\d+)", needed=False, head=self.f.free_head)
        self.memory_words(rule)
        if "a cell each" in rule.text:
            self.cells(section)
            return
        rows = [line for line in section.body[1:] if line.text.strip()]
        self.range_words(rule, self.m.num, len(rows))
        # Where there is room, the rings repeat the number of the line.
        self.repeats = bool(re.search(r"# +head", section.body[0].text))
        for line in rows:
            self.descriptor(line)

    def descriptor(self, line):
        parts = line.text.split("|")
        if len(parts) != 3:
            self.complain(line, "is not three parts")
            return
        found = re.fullmatch(rf"[ >] *(?P<slot>\d+) +(?P<addr>[0-9a-f]+|\.) +(?P<len>\d+|\.) (?P<flags>[NWI.]{{3}}) +"
                             rf"(?P<next>\d+|-)? *(?P<own>DEV|DRV|free) *(?P<age>>?{AGE})?(?P<part>.*)", parts[0])
        if not found:
            self.complain(line, "is no descriptor")
            return
        slot = int(found["slot"])
        desc, owner = self.memory.desc[slot], self.memory.owners().get(slot)
        line.claim(0, len(parts[0]))
        note = self.f.notes[slot]
        if not owner:
            want = (".", ".", "...", str(note.next) if note.next < self.m.num else None, "free", None)
            got = tuple(found[x] for x in ("addr", "len", "flags", "next", "own", "age"))
            if got != want:
                self.complain(line, f"free: {got}, and it is {want}")
        else:
            flags = "".join(c if desc["flags"] & bit else "." for c, bit in (("N", 1), ("W", 2), ("I", 4)))
            want = (desc["addr"], str(desc["len"]), flags, str(desc["next"]) if desc["flags"] & 1 else "-", owner[0])
            got = (int(found["addr"], 16), *(found[x] for x in ("len", "flags", "next", "own")))
            if got != want:
                self.complain(line, f"{got}, and it is {want}")
            self.age(line, found["age"], self.f.notes[owner[1]].token if owner[2] == 0 else None)
            table = re.fullmatch(r" *table of (\d+)", found["part"])
            if table and int(table[1]) != desc["len"] // 16:
                self.complain(line, f"a table of {desc['len'] // 16}")
            if not table and re.search(r"\d", found["part"]):
                self.complain(line, "a number in the part")
        self.avail_entry(line, len(parts[0]) + 1, parts[1], slot)
        self.used_entry(line, len(parts[0]) + len(parts[1]) + 2, parts[2], slot)

    def age(self, line, shown, token):
        """Of the buffer whose token it is; None: of no head."""
        buffer = self.m.flight.get(token) if token else None
        if token and not buffer:  # reaped since the memory was copied
            note = next(n for n in self.f.notes if n.token == token)
            adds = [e.time_ns for e in self.m.events if e.type == vrt.ADD and e.detail.token == token
                    and not e.detail.error and e.time_ns <= self.f.time_ns]
            added = note.added_ns or (adds[-1] if adds else 0)
        else:
            added = buffer.added_ns if buffer else 0
        if not shown:
            if added and self.m.now >= added:
                self.complain(line, f"has no age, and is {self.m.now - added} ns old")
            return
        if not token:
            self.complain(line, "has an age, and is no head")
        elif shown.startswith(">"):
            if added:
                self.complain(line, f"the age is known: {self.m.now - added} ns")
            verdict = is_age(self.m.now - buffer.seen_ns)(shown[1:]) if buffer else "of no buffer in flight"
            if verdict is not True:
                self.complain(line, f"age at least {verdict}")
        else:
            verdict = is_age(self.m.now - added)(shown) if added else "is not known"
            if verdict is not True:
                self.complain(line, f"age {verdict}")

    def ring_entry(self, line, at, text, slot, pattern, want, changed):
        found = re.match((r" +(?P<slot>\d+) " if self.repeats else "") + rf" +{pattern}", text)
        if not found:
            self.complain(line, f"no entry in {text!r}")
            return None
        line.claim(at + found.start(), at + found.end())
        if self.repeats and int(found["slot"]) != slot:
            self.complain(line, f"entry {found['slot']}")
        got = [x for name, x in found.groupdict().items() if name != "slot"]
        if changed != all(x == "?" for x in got):
            self.complain(line, f"{got}, and it {'has' if changed else 'has not'} changed since the copy")
        elif not changed and [int(x) for x in got] != want:
            self.complain(line, f"{got}, and it is {want}")
        return text[found.end():]

    def written_since(self, slot, start, end):
        return (slot - start) % self.m.num < (end - start) % 65536

    def avail_entry(self, line, at, text, slot):
        changed = self.written_since(slot, self.f.avail_idx, self.m.avail)
        rest = self.ring_entry(line, at, text, slot, r"(?P<head>\d+|\?)(?=\D|$)", [self.memory.avail_ring[slot]], changed)
        if rest is not None and ("<-avail" in rest) != (self.m.avail % self.m.num == slot):
            self.complain(line, "<-avail")

    def used_entry(self, line, at, text, slot):
        changed = self.written_since(slot, self.memory.used_idx, self.m.used)
        rest = self.ring_entry(line, at, text, slot, r"(?P<id>\d+|\?) +(?P<len>\d+|\?)(?=\D|$)",
                               list(self.memory.used_ring[slot]), changed)
        if rest is None:
            return
        if ("used" in rest) != (self.m.used % self.m.num == slot) or ("last" in rest) != (self.m.last % self.m.num == slot):
            self.complain(line, "where used and last are")
        if rest.startswith("*") != self.written_since(slot, self.m.last, self.m.used):
            self.complain(line, "the mark of what is unreaped")

    def cells(self, section):
        rule, num = section.lines[0], self.m.num
        each = 16
        while each * 2 + 14 <= (self.cols // 2 if self.cols >= 190 and len(rule.text) <= self.cols // 2 else self.cols):
            each *= 2
        self.say(rule, r"a cell each, (?P<each>\d+) per row", each=each)
        self.say(rule, r"cursor (?P<at>\d+)", needed=False, at=lambda _: True)
        owners = self.memory.owners() if not self.m.packed else self.packed_owners()
        free = 0
        for line in section.body:
            found = re.match(r" +(\d+) ([^ ]+) +(\d+)$", line.text)
            if not found:
                self.say(line, r"rows (?P<a>\d+)-(?P<b>\d+) of (?P<of>\d+)", needed=False, a=lambda _: True,
                         b=lambda _: True, of=-(-num // each))
                self.say(line, r"! over 1 s", needed=False)
                continue
            line.claim(0, len(line.text))
            start, end = int(found[1]), int(found[3])
            if len(found[2]) != end - start + 1 or start % each:
                self.complain(line, f"{len(found[2])} cells")
            for slot, sign in enumerate(found[2], start):
                want = self.cell(slot, owners.get(slot))
                free += sign in ".,"
                if sign not in want:
                    self.complain(line, f"cell {slot} is {sign}, and it is one of {want}")

    def packed_owners(self):
        out = {}
        for ident, slots, used in self.memory.packed_buffers():
            for place, slot in enumerate(slots):
                out[slot] = ("DRV" if used else "DEV", ident, place)
        return out

    def cell(self, slot, owner):
        """The signs that it may have."""
        if not owner:
            return ".," if self.m.packed else "."
        if owner[0] == "DRV":
            return "u"
        flags = self.memory.desc[slot]["flags"]
        sign = "I" if flags & 4 else "i" if flags & 2 else "o"
        note = self.f.notes[owner[1]]
        buffer = self.m.flight.get(note.token)
        added = note.added_ns or (buffer.added_ns or buffer.seen_ns if buffer else 0)
        waits = self.m.queue.name.startswith("input")
        return "!" if added and added + SECOND < self.m.now and not waits else sign

    def strips(self, section):
        columns = [line for line in section.body]
        each = 16
        width = self.cols // 2 if self.cols >= 190 else self.cols
        while each * 2 + 14 <= width:
            each *= 2
        per = max(1, self.m.num // each)
        self.say(section.lines[0], r"(?P<per>\d+) slots? per column", per=per)
        owned = {head for head, note in enumerate(self.f.notes) if note.token} - set(self.memory.used_heads())
        self.say(columns[0], r"(?P<n>\d+) with the device", n=len(owned))
        self.say(columns[2], r"(?P<n>\d+) waiting for driver", n=self.m.unreaped())
        for row, sign, index in ((1, "a", self.m.avail), (3, "u", self.m.used)):
            text = columns[row].text
            if len(text) <= 7 + index % self.m.num // per or text[7 + index % self.m.num // per] != sign:
                self.complain(columns[row], f"{sign} is not at {index}")

    def one_ring(self, section):
        rule, m = section.lines[0], self.m
        self.say(rule, r"last_used (?P<l>\d+) wrap (?P<lw>\d) \| next_avail (?P<a>\d+) wrap (?P<aw>\d)", l=m.last & 0x7fff,
                 lw=m.last >> 15, a=m.avail & 0x7fff, aw=m.avail >> 15)
        self.say(rule, r"(?P<free>\d+)/(?P<num>\d+) free", free=m.free, num=m.num)
        self.memory_words(rule)
        rows = [line for line in section.body[1:] if line.text.strip()]
        self.range_words(rule, m.num, len(rows))
        for line in rows:
            self.packed_slot(line)

    def packed_slot(self, line):
        found = re.match(rf"[ >] *(?P<slot>\d+) +(?P<addr>[0-9a-f]+|\.) +(?P<len>\d+|\.) +(?P<id>\d+|\.)  (?P<a>\d) (?P<u>\d)"
                         rf"  (?P<flags>[NWI.]{{3}})  (?P<words>.*?)(?: +(?P<age>>?{AGE}))?$", line.text)
        if not found:
            self.complain(line, "is no slot")
            return
        slot, m = int(found["slot"]), self.m
        desc = self.memory.desc[slot]
        line.claim(0, len(line.text))
        if (int(found["a"]), int(found["u"])) != (desc["flags"] >> 7 & 1, desc["flags"] >> 15):
            self.complain(line, f"A U of flags {desc['flags']:x}")
        if found["addr"] != ".":
            flags = "".join(c if desc["flags"] & bit else "." for c, bit in (("N", 1), ("W", 2), ("I", 4)))
            got = (int(found["addr"], 16), int(found["len"]), int(found["id"]), found["flags"])
            if got != (desc["addr"], desc["len"], desc["id"], flags):
                self.complain(line, f"{got}, and it is {(desc['addr'], desc['len'], desc['id'], flags)}")
        words = found["words"]
        for word, index in (("<-last_used", m.last), ("<-next_avail", m.avail)):
            if (word in words) != (index & 0x7fff == slot) and len(line.text) < self.cols - 14:
                self.complain(line, word)
        self.packed_meaning(line, slot, desc, re.sub(r" *<-\w+", "", words), found["age"])

    def packed_meaning(self, line, slot, desc, words, age):
        m, frame = self.m, self.f
        added, _, reaped = m.since_frame()
        owner = self.packed_owners().get(slot)
        moved = None
        if (slot - (frame.avail_idx & 0x7fff)) % m.num < added:
            moved = "filled since this copy"
        elif (slot - (frame.last_used & 0x7fff)) % m.num < reaped:
            moved = "reaped since this copy"
        if moved:
            if not words.startswith(moved):
                self.complain(line, moved)
        elif not owner:
            if "dead tail" not in words and "free" not in words:
                self.complain(line, "is free")
            wrap = re.search(r"lap wrap (\d)", words)
            if wrap and int(wrap[1]) != self.memory.lap(slot):
                self.complain(line, f"the lap's wrap counter is {self.memory.lap(slot)}")
            ident = re.search(r"id (\d+)", words)
            if ident and int(ident[1]) != desc["id"]:
                self.complain(line, f"id {desc['id']}")
            began = re.search(r"began in slot (\d+)", words)
            if began and not self.began(slot, int(began[1])):
                self.complain(line, "it did not begin there")
            if re.search(r"\d", re.sub(r"lap wrap \d|id \d+|began in slot \d+", "", words)):
                self.complain(line, "a number of no meaning")
        else:
            whose, ident, place = owner
            want = {("DRV", True): "USED, not reaped", ("DEV", True): "AVAILABLE"}.get((whose, place == 0), "  ")
            if want.strip() not in words:
                self.complain(line, f"{want} of id {ident}")
            tail = re.search(r"tail of id (\d+)", words)
            if tail and int(tail[1]) != ident:
                self.complain(line, f"id {ident}")
            table = re.search(r"table of (\d+)", words)
            if table and int(table[1]) != desc["len"] // 16:
                self.complain(line, f"a table of {desc['len'] // 16}")
            if re.search(r"\d", re.sub(r"tail of id \d+|table of \d+", "", words)):
                self.complain(line, "a number of no meaning")
        note_token = frame.notes[owner[1]].token if owner and owner[2] == 0 and owner[1] < m.num else None
        if age or note_token and not moved and len(line.text) < self.cols - 9:
            self.age(line, age, note_token)

    def began(self, tail, head):
        """All slots from head to tail carry one id, and only the first was ever written back by the device."""
        ident, at = self.memory.desc[tail]["id"], tail
        while at != head:
            flags = self.memory.desc[at]["flags"]
            if self.memory.desc[at]["id"] != ident or (flags >> 7 & 1) == flags >> 15:
                return False
            at = (at - 1) % self.m.num
        flags = self.memory.desc[head]["flags"]
        return self.memory.desc[head]["id"] == ident and (flags >> 7 & 1) == flags >> 15

    # ---- positions ----

    def newest(self, kind):
        """The last event of that kind that is younger than the memory."""
        return next((e for e in reversed(self.m.events)
                     if e.type == kind and (not self.f or e.time_ns > self.f.time_ns)), None)

    def wishes(self):
        """(event, flags) the device wrote for kicks and the driver for interrupts, as last seen; None: not known."""
        kick = irq = None
        if self.f and not self.m.packed:
            kick = (self.memory.avail_event, self.memory.used_flags)
            irq = (self.memory.used_event, self.f.driver_flags)
        elif self.f:
            kick = (self.memory.device_event, self.memory.device_flags)
            irq = (self.memory.driver_event, self.memory.driver_flags)
        seen = self.newest(vrt.KICK)
        if seen:
            kick = (seen.detail.event_after, seen.detail.dev_flags_after)
        seen = self.newest(vrt.CALLBACKS)
        if seen:
            irq = (seen.detail.event, 0 if seen.detail.on else 1)
        return kick, irq

    def indices(self, section):
        m = self.m
        self.say(section.lines[0], r"slot = idx mod (?P<num>\d+)", num=m.num)
        kick, irq = self.wishes()
        driver, device = section.body[:2]
        self.say(driver, r"avail\.idx +(?P<i>\d+)", i=m.avail)
        self.say(driver, r"in flight (?P<n>\d+)", n=m.held)
        self.say(device, r"used\.idx +(?P<i>\d+)", i=m.used)
        self.say(device, r"unreaped (?P<n>\d+)", n=m.unreaped())
        for line, name, wish, index in ((driver, "avail_event", kick, m.avail), (device, "used_event", irq, m.used)):
            self.say(line, rf"{name} +(?P<event>\d+)", needed=False, event=wish[0] if wish else "not known")
            if wish:
                self.wish_words(line, wish[0], index)

    def wish_words(self, line, event, index):
        behind, ahead = (index - event) % 65536, (event - index) % 65536
        found = self.say(line, r"asked (?P<n>\d+) back", needed=False, n=behind)
        if found and not 0 < behind <= self.m.num:
            self.complain(line, f"{behind} behind")
        found = self.say(line, r"in (?P<n>\d+) more", needed=False, n=ahead + 1)
        if "at the next" in line.text and behind:
            self.complain(line, f"{behind} behind")
        self.say(line, r"\b(?:used|avail)\.flags 0:", needed=False)

    def event_areas(self, section):
        m = self.m
        self.say(section.lines[0], r"last_used (?P<l>\d+) wrap (?P<lw>\d) \| next_avail (?P<a>\d+) wrap (?P<aw>\d)",
                 l=m.last & 0x7fff, lw=m.last >> 15, a=m.avail & 0x7fff, aw=m.avail >> 15)
        kick, irq = self.wishes()
        driver, device = section.body[:2]
        self.say(driver, r"in flight (?P<n>\d+)", n=m.held)
        if self.f:
            self.say(device, r"unreaped (?P<n>\d+)", n=m.unreaped())
        for line, wish, index in ((driver, irq, m.last), (device, kick, m.avail)):
            if not wish:
                continue
            names = {0: "ENABLE", 1: "DISABLE", 2: "DESC"}
            event, flags = wish
            if line is driver and self.newest(vrt.CALLBACKS):
                flags = 1 if flags else 2 if m.queue.features >> vrt.EVENT_IDX & 1 else 0
            self.say(line, r"flags (?P<flags>\w+)", flags=names.get(flags, "reserved"))
            self.say(line, r"off +(?P<off>\d+) wrap (?P<wrap>\d)", needed=flags == 2, off=event & 0x7fff, wrap=event >> 15)
            self.say(line, r"at slot (?P<slot>\d+)", needed=False, slot=event & 0x7fff)
            self.say(line, r"in (?P<n>\d+) more", needed=False, n=steps(True, m.num, index, event) + 1)
            self.say(line, r"asked (?P<n>\d+) slots back", needed=False, n=steps(True, m.num, event, index))

    def no_memory(self, section):
        self.say(section.lines[0], r"RING +(?P<num>\d+) entries", num=self.m.num)
        if self.f:
            self.complain(section.lines[0], "there is a key frame")

    # ---- why ----

    def index_words(self, index):
        return f"{index & 0x7fff}w{index >> 15}" if self.m.packed else str(index)

    def arithmetic(self, d):
        """The inequality of a decision, as it has to stand there."""
        sign = "<" if d.kick else ">="
        if not d.by_index:
            if self.m.packed:
                return "device's flags = " + ("DISABLE" if d.flags == 1 else "ENABLE")
            return "used.flags = " + ("NO_NOTIFY" if d.flags & 1 else "0")
        if not self.m.packed:
            return f"{d.new}-{d.event}-1 = {d.ahead} {sign} {d.batch}"
        lap = f"+{self.m.num}" if (d.new ^ d.event) >> 15 else ""
        return f"{d.new & 0x7fff}{lap}-{d.event & 0x7fff}-1 = {d.ahead} {sign} {d.batch}"

    def why(self, section):
        told = [e for e in self.m.events if e.type in (vrt.KICK, vrt.INTERRUPT)
                or e.type == vrt.ADD and e.detail.error]
        for line in section.body:
            if not line.text.strip():
                continue
            if line.text.startswith((" next add ", " next used ")):
                self.next_line(line)
                continue
            found = re.match(r" (\d+\.\d{6}) ", line.text)
            if not found:
                continue  # words; what has a number in it nobody claims
            line.claim(*found.span())
            here = [e for e in told if self.time(e.time_ns) == found[1]]
            for event in here:
                if self.decision(line, event):
                    break
            else:
                self.complain(line, f"is none of {[self.words_of(e) for e in here] or 'the events'}")
                continue
            told = told[:told.index(event)]  # newest first: the next is an older one

    def words_of(self, event):
        if event.type == vrt.KICK:
            d = decide(event, self.m.num)
            return [f"{self.index_words(d.old)}->{self.index_words(d.new)}", "KICK" if d.said else "suppressed",
                    self.arithmetic(d)]
        if event.type == vrt.INTERRUPT:
            later = [e for e in self.m.events[self.m.events.index(event) + 1:]]
            end = next((i for i, e in enumerate(later) if e.type == vrt.INTERRUPT), len(later))
            reaps = [e for e in later[:end] if e.type == vrt.REAP]
            what = f"used at {self.index_words(event.last_used)}" if self.m.packed else \
                f"{event.last_used}->{event.used_idx}"
            return [what, f"irq {event.detail.irq}", f"reaped {len(reaps)}, irq->reap" if reaps else "nothing reaped since"]
        return [f"add at {self.index_words(event.avail_idx)}", "FORCED" if forced(event) else "refused",
                f"{event.num_free} free, {event.detail.out + event.detail.in_} wanted"]

    def decision(self, line, event):
        """Claims the line if it is about the event."""
        want = self.words_of(event)
        at, spans = 0, []
        for words in want:
            start = line.text.find(words, at)
            if start < 0:
                return False
            spans.append((start, start + len(words)))
            at = start + len(words)
        if event.type == vrt.INTERRUPT and want[2].endswith("reap"):
            later = self.m.events[self.m.events.index(event) + 1:]
            first = next(e for e in later if e.type == vrt.REAP)
            self.say(line, rf"irq->reap (?P<age>{AGE})", age=is_age(first.time_ns - event.time_ns))
        for span in spans:
            line.claim(*span)
        sure = event.type != vrt.KICK or not decide(event, self.m.num).unsure
        if sure == (" ~" in line.text):
            self.complain(line, "sure or not")
        return True

    def next_line(self, line):
        """What one more entry would lead to, by what is known of the other side's wish now."""
        m = self.m
        kick, irq = self.wishes()
        if line.text.startswith(" next add"):
            undecided = self.undecided()
            if m.packed:
                new = m.avail & 0x7fff
                new = (new + 1) % m.num | (m.avail & 0x8000 if new + 1 < m.num else ~m.avail & 0x8000)
                old = (new & 0x7fff) - undecided - 1
                old = (old % m.num) | (new & 0x8000 if old >= 0 else ~new & 0x8000)
            else:
                new, old = (m.avail + 1) % 65536, (m.avail - undecided) % 65536
            flags = (vrt.F_PACKED if m.packed else 0) | (vrt.F_EVENT_IDX if m.queue.features >> vrt.EVENT_IDX & 1 else 0)
            detail = vrt.DETAIL[vrt.KICK][1](old, new, kick[0], kick[0], kick[1], kick[1], 0, 0, 0)
            d = decide(vrt.Event(0, 0, 0, 0, vrt.KICK, flags, 0, 0, 0, 0, detail), m.num)
            words = self.arithmetic(d)
            at = line.text.find(words)
            if at < 0 or ("would KICK" in line.text) != d.kick:
                self.complain(line, f"it would be {words}, {'a kick' if d.kick else 'no kick'}")
            else:
                line.claim(at, at + len(words))
            self.say(line, r"(?P<n>\d+) added and not decided upon", needed=undecided > 0 and self.cols >= 100, n=undecided)
        else:
            found = self.say(line, r"(?P<new>\d+)-(?P<event>\d+)-1 = (?P<ahead>\d+) (?P<sign><|>=) 1", needed=False,
                             new=(m.used + 1) % 65536, event=irq[0], ahead=(m.used - irq[0]) % 65536,
                             sign="<" if (m.used - irq[0]) % 65536 < 1 else ">=")
            self.say(line, r"asked for at slot (?P<slot>\d+), next used is (?P<next>\d+)", needed=False,
                     slot=irq[0] & 0x7fff, next=m.last & 0x7fff)
            self.say(line, r"avail\.flags = 0", needed=False)
            if found and ("would irq" in line.text) != (found["sign"] == "<"):
                self.complain(line, "irq or not")

    def undecided(self):
        """Entries, or slots, added since the last decision."""
        m = self.m
        decisions = [e for e in m.events if e.type == vrt.KICK]
        if decisions and (not self.f or decisions[-1].time_ns > self.f.time_ns):
            return steps(m.packed, m.num, decisions[-1].detail.new_idx, m.avail) % 65536
        return self.f.num_added + steps(m.packed, m.num, self.f.avail_idx, m.avail) if self.f else 0


    # ---- the second that ends now ----

    def last_second(self, section):
        m, c = self.m, self.m.counts()
        known = bool(self.recording.events)
        whole = re.search(r"p50 .*max|: -", section.lines[-1].text) or "max" in section.lines[-2].text
        text = Line(" ".join(line.text.strip() for line in section.body), section.lines[0].row)
        for name, pattern in (("add", r"\badd (?P<n>%s)\b"), ("batches", r"\bin (?P<n>%s) batches"),
                              ("kick", r"\bkick (?P<n>%s)\b"), ("suppressed", r"\bsuppressed (?P<n>%s)\b"),
                              ("forced", r"forced\(full\) (?P<n>%s)\b"), ("irq", r"\birq (?P<n>%s)\b"),
                              ("spurious", r"\bspurious (?P<n>%s)\b"), ("reap", r"\breaped (?P<n>%s)\b")):
            if known:
                self.say(text, pattern % COUNT, needed=bool(whole), n=is_count(c[name]))
            elif re.search(pattern % COUNT, text.text):
                self.complain(text, f"{name}: there are no events that could tell")
        self.say(text, r"\bunsure (?P<n>%s)\b" % COUNT, needed=bool(whole and known and c["unsure"]), n=is_count(c["unsure"]))
        asked = c["kick"] + c["suppressed"] + c["forced"]
        share = 100 * c["suppressed"] / asked if asked else 0
        self.say(text, r"\((?P<percent>\d+)%\)", needed=bool(whole and known and c["suppressed"]),
                 percent=lambda shown: abs(int(shown) - share) <= 0.5 or f"{shown}, and it is {share}")
        self.say(text, r"reaped/irq (?P<n>\d+\.\d)", needed=bool(whole and known and c["irq"]),
                 n=lambda shown: abs(float(shown) - c["reap"] / c["irq"]) <= 0.051 or f"{shown}: {c['reap']}/{c['irq']}")
        low, middle, high = m.held_second()
        self.say(text, r"with device: min (?P<min>\d+)  p50 (?P<p50>\d+)  max (?P<max>\d+)", needed=bool(whole), min=low,
                 p50=middle, max=high)
        if m.queue.name.startswith("input"):
            starved = sum(ran for time, _, _, ran, _ in m.samples if time > m.now - SECOND)
            self.say(text, r"starved (?P<n>%s) \((?:last (?P<age>%s) ago|never seen)\)" % (COUNT, AGE), needed=bool(whole),
                     n=is_count(starved), age=is_age(m.now - m.starved_ns) if m.starved_ns else "none")
            if m.starved_ns and "never seen" in text.text:
                self.complain(text, f"it was starved {m.now - m.starved_ns} ns ago")
        late = m.latencies()
        if late:
            self.say(text, rf"p50 (?P<p50>{AGE})  p99 (?P<p99>{AGE})  max (?P<max>{AGE})", needed=bool(whole),
                     p50=is_age(rank(late, 50)), p99=is_age(rank(late, 99)), max=is_age(max(late)))
        elif re.search(r"p99", text.text):
            self.complain(text, "nothing was reaped whose add is known")
        for found in text.unclaimed():
            if found not in ("p50", "p99"):
                self.complain(text, f"nobody claims {found!r}")
        for line in section.body:  # what was looked at in one piece
            line.claim(0, len(line.text))

    def history(self, section):
        rule, line = section.lines[:2]
        self.say(rule, r"LAST (?P<n>\d+) s", n=64)
        self.say(rule, r"   0 ran empty", needed=False)
        want = self.m.history()
        strip = line.text[7:71].ljust(64)
        receives = self.m.queue.name.startswith("input")
        for i, (sign, (percent, empty)) in enumerate(zip(strip, want)):
            if empty and receives:
                right = "0"
            elif percent is None:
                right = " "
            else:
                right = "_.:-=+*%#"[0 if percent == 0 else 8 if percent >= 100 else -(-percent * 8 // 100)]
            if sign != right:
                self.complain(line, f"second {i - 63}: {sign!r}, and it is {right!r} ({percent}%)")
                break
        line.claim(7, min(71, len(line.text)))
        percent = want[-1][0]
        self.say(line, r"  (?P<now>\d+)%", needed=percent is not None, after=min(71, len(line.text)), now=percent)

    def stalest(self, section):
        line, m = section.lines[1], self.m
        ages = {}
        if self.f:
            owners = self.packed_owners() if m.packed else self.memory.owners()
            for whose, head, place in owners.values():
                if whose == "DEV" and place == 0 and head < m.num and self.f.notes[head].token:
                    note = self.f.notes[head]
                    buffer = m.flight.get(note.token)
                    ages[head] = self.added(note, buffer)
        known = {head: added for head, added in ages.items() if added}
        found = self.say(line, r"(?P<what>id|head) (?P<n>\d+)  added (?P<age>>?%s) ago  token 0x(?P<token>[0-9a-f]+)" % AGE,
                         needed=bool(known), what="id" if m.packed else "head", n=lambda _: True, age=lambda _: True,
                         token=lambda _: True)
        if found and not known:
            self.complain(line, "there is none")
        elif found:
            head = int(found["n"])
            if ages.get(head) != min(known.values()):
                self.complain(line, f"the stalest is {min(known, key=known.get)}")
            else:
                if int(found["token"], 16) != self.f.notes[head].token:
                    self.complain(line, f"its token is {self.f.notes[head].token:x}")
                self.age(line, found["age"], self.f.notes[head].token)
        late = m.latencies()
        self.say(line, rf"\(p99 here (?P<p99>{AGE})\)", needed=bool(late and found),
                 p99=is_age(rank(late, 99)) if late else "none")

    @staticmethod
    def added(note, buffer):
        if note.added_ns:
            return note.added_ns
        return (buffer.added_ns or buffer.seen_ns) if buffer else 0

    def hist(self, section):
        late = [ns // 1000 for ns in self.m.latencies()]
        self.say(section.lines[0], r"(?P<n>\d+) buffers", n=len(late))
        shown = 0
        for line in section.body:
            found = re.match(r" +(\d+) -> (\d+) +: (\d+) +\|(\**) *\|?", line.text)
            if not found:
                continue
            line.claim(*found.span())
            low, high, count = (int(found[i]) for i in (1, 2, 3))
            right = sum(low <= us <= high for us in late)
            shown += count
            if count != right or high != max(1, 2 * low) - 1 + (low == 0) and high != 2 * low - 1:
                self.complain(line, f"there are {right}")
        if late and shown != len(late) and len(section.lines) < self.rows - 4 and "LAST" in section.lines[0].text and \
                len(section.body) > 12:
            self.complain(section.lines[0], f"{shown} of {len(late)} are in the histogram")

    # ---- memory ----

    def pages(self):
        """Pages of 4096 bytes that any of the areas touches."""
        touched = set()
        for span in self.memory.areas():
            touched |= set(range(span.at // 4096, (span.at + span.bytes - 1) // 4096 + 1))
        return len(touched)

    def map(self, section):
        rule, areas = section.lines[0], self.memory.areas()
        known = all(span.at for span in areas)
        first = min(span.at for span in areas)
        total = sum(span.bytes for span in areas)
        names = ("ring", "driver area", "device area") if self.m.packed else ("desc", "avail", "used")
        self.say(rule, r"(?P<bytes>\d+) B(?:,| in)? ?(?:(?P<pages>\d+) pages?)?", bytes=total, pages=self.pages())
        self.say(rule, r"dma 0x(?P<dma>[0-9a-f]+)", needed=False, dma=hexadecimal(first))
        where = rule if "|" in rule.text else None
        for row, (name, span) in enumerate(zip(names, areas)):
            line = where or section.body[row]
            self.say(line, rf"\b{name} +(?:@(?P<at>\d+)|@\?|0x(?P<address>[0-9a-f]+)) +\+(?P<bytes>\d+)",
                     at=span.at - first if known else "not known", address=hexadecimal(span.at), bytes=span.bytes)
        if where:
            return
        self.say(section.body[3], r"a column (?P<n>\d+) B", needed=False, n=lambda _: True)
        width = self.cols if self.cols < 190 or "d" in self.keys or "m" in self.keys else self.cols // 2
        span = max(a.at + a.bytes for a in areas) - first
        self.column(section.body[3], span, width)
        self.fields(section.body[5:])

    def column(self, line, span, width):
        found = re.search(r"a column (\d+) B", line.text)
        if found and abs(int(found[1]) - span / (width - 35)) > 1:
            self.complain(line, f"a column is {span / (width - 35):.1f} B")

    def fields(self, lines):
        areas, memory, num = self.memory.areas(), self.memory, self.m.num
        if self.m.packed:
            want = {"driver area: off_wrap": (1, 0, memory.driver_event), "driver area: flags": (1, 2, memory.driver_flags),
                    "device area: off_wrap": (2, 0, memory.device_event), "device area: flags": (2, 2, memory.device_flags)}
        else:
            want = {"avail.flags": (1, 0, memory.avail_flags), "avail.idx": (1, 2, memory.avail_mem),
                    "used_event": (1, 4 + 2 * num, memory.used_event), "used.flags": (2, 0, memory.used_flags),
                    "used.idx": (2, 2, memory.used_idx), "avail_event": (2, 4 + 8 * num, memory.avail_event)}
        seen = set()
        for line in lines:
            found = re.match(r" (\S+(?: \S+)*) +0x([0-9a-f]+) +(\d+(?:w\d)?)  (driver|device)", line.text)
            if not found:
                continue
            line.claim(*found.span())
            area, at, value = want.get(found[1], (0, 0, 0))
            if area == 0:
                self.complain(line, "is no field")
                continue
            seen.add(found[1])
            text = self.index_words(value) if "off_wrap" in found[1] else str(value)
            if (int(found[2], 16), found[3], found[4]) != (areas[area].at + at, text, ("", "driver", "device")[area]):
                self.complain(line, f"is at {areas[area].at + at:x} and {text}")
        if seen != set(want):
            self.complain(lines[0], f"fields are missing: {set(want) - seen}")

    def bytes(self, section):
        self.say(section.lines[0], r"lines (?P<a>\d+) to (?P<b>\d+) of (?P<n>\d+)", a=lambda _: True, b=lambda _: True,
                 n=lambda _: True)
        self.memory_words(section.lines[0])
        starts = [(span.at, raw) for span, raw in zip(self.memory.areas(), (self.f.desc, self.f.driver, self.f.device_area))]
        for line in section.body:
            found = re.match(r" ([0-9a-f]{12})  ((?:[0-9a-f]{2} )+) *(.*)", line.text + " ")
            if not found:
                size = re.search(r", (\d+) bytes, written by", line.text)
                if size:
                    line.claim(*size.span())
                    if int(size[1]) not in [len(raw) for _, raw in starts]:
                        self.complain(line, "no area is so large")
                zero = re.search(r"(\d+) of (\d+) (?:descriptors|entries) are all zeroes", line.text)
                if zero:
                    line.claim(*zero.span())
                    if int(zero[2]) != self.m.num:
                        self.complain(line, f"{self.m.num} entries")
                continue
            line.claim(0, len(line.text))
            at, shown = int(found[1], 16), bytes.fromhex(found[2])
            area = next((i for i, (start, raw) in enumerate(starts) if start <= at < start + len(raw)), None)
            if area is None or starts[area][1][at - starts[area][0]:][:len(shown)] != shown:
                self.complain(line, "other bytes lie there")
                continue
            want = self.words_of_bytes(area, at - starts[area][0])
            cut = found[3].strip()
            if not (want == cut or len(line.text) >= self.cols - 1 and want.startswith(cut)):
                self.complain(line, f"{cut!r}, and it is {want!r}")

    def words_of_bytes(self, area, at):
        """What a line of the dump says of the bytes at that place."""
        m = self.memory
        names = [word for bit, word in ((1, "NEXT"), (2, "WRITE"), (4, "INDIRECT"))]

        def flags(value):
            return "".join(f" {word}" for bit, word in zip((1, 2, 4), names) if value & bit)

        if area == 0 and m.packed:
            d = m.desc[at // 16]
            return f"slot {at // 16}: len {d['len']} id {d['id']} A{d['flags'] >> 7 & 1} U{d['flags'] >> 15}{flags(d['flags'])}"
        if area == 0:
            d = m.desc[at // 16]
            return f"desc {at // 16}: len {d['len']}{flags(d['flags'])}" + (f" next {d['next']}" if d["flags"] & 1 else "")
        if m.packed:
            event, word = ((m.driver_event, m.driver_flags), (m.device_event, m.device_flags))[area - 1]
            return f"off {event & 0x7fff} wrap {event >> 15}, flags {['ENABLE', 'DISABLE', 'DESC', 'reserved'][min(word, 3)]}"
        if area == 1:
            if at == 0:
                return f"flags {m.avail_flags}, idx {m.avail_mem}"
            if at == 4 + 2 * m.num:
                return f"used_event {m.used_event}"
            entry = (at - 4) // 2
            return f"entry {entry}: " + " ".join(map(str, m.avail_ring[entry:entry + 8]))
        if at == 0:
            return f"flags {m.used_flags}, idx {m.used_idx}"
        if at == 4 + 8 * m.num:
            return f"avail_event {m.avail_event}"
        entry = (at - 4) // 8
        return f"entry {entry}: " + ", ".join(f"id {i} len {n}" for i, n in m.used_ring[entry:entry + 2])

    def chain(self, section):
        rule = section.lines[0]
        owners = self.packed_owners() if self.m.packed else self.memory.owners()
        found = self.say(rule, r"CHAIN of descriptor (?P<slot>\d+)(?:: buffer (?P<what>id|head) (?P<head>\d+))?",
                         slot=lambda _: True, what="id" if self.m.packed else "head", head=lambda _: True)
        if not found:
            return
        slot = int(found["slot"])
        owner = owners.get(slot)
        if (owner is None) != (found["head"] is None) or owner and int(found["head"]) != owner[1]:
            self.complain(rule, f"slot {slot} is of {owner}")
            return
        mine = sorted(((place, s) for s, (_, head, place) in owners.items() if owner and head == owner[1]))
        slots = [s for _, s in mine] or [slot]
        tables = {t.slot: t for t in self.f.tables}
        lines = list(section.body)
        if owner:
            self.chain_head(lines, slots, tables, owner)
        inside = None
        for line in lines:
            found = re.match(r" ( {4})? +(\d+)  0x([0-9a-f]{12}) +(\d+) B  ([NWI.]{3})(?:  -> (\d+))?", line.text)
            if not found:
                continue
            line.claim(*found.span())
            at = int(found[2])
            if found[1]:
                desc = tables[inside].descs[at]
            else:
                if at not in slots:
                    self.complain(line, f"the chain is {slots}")
                    continue
                inside = at
                raw = self.memory.desc[at]
                desc = (raw["addr"], raw["len"], *((raw["id"], raw["flags"]) if self.m.packed else (raw["flags"], raw["next"])))
            flags, after = (desc[3], None) if self.m.packed else (desc[2], desc[3])
            words = "".join(c if flags & bit else "." for c, bit in (("N", 1), ("W", 2), ("I", 4)))
            want = (desc[0], str(desc[1]), words, str(after) if flags & 1 and after is not None else None)
            got = (int(found[3], 16), found[4], found[5], found[6])
            if got != want:
                self.complain(line, f"{got}, and it is {want}")
            table = re.search(r"table of (\d+)", line.text)
            if table:
                line.claim(*table.span())
                if int(table[1]) != desc[1] // 16:
                    self.complain(line, f"a table of {desc[1] // 16}")

    def chain_head(self, lines, slots, tables, owner):
        parts = []
        for slot in slots:
            raw = self.memory.desc[slot]
            table = tables.get(slot) if raw["flags"] & 4 else None
            if table:
                parts += [(d[1], d[3] if self.m.packed else d[2]) for d in table.descs]
            else:
                parts.append((raw["len"], raw["flags"]))
        for line in lines[:2]:
            self.say(line, r"(?P<n>\d+) descriptors?: (?P<read>\d+) B to be read, (?P<write>\d+) B to be written", needed=False,
                     n=len(parts), read=sum(n for n, flags in parts if not flags & 2),
                     write=sum(n for n, flags in parts if flags & 2))
            token = self.f.notes[owner[1]].token
            found = self.say(line, rf"token 0x(?P<token>[0-9a-f]+)   (?:added (?P<age>>?{AGE}) ago)?", needed=False,
                             token=hexadecimal(token), age=lambda _: True)
            if found and found["age"]:
                self.age(line, found["age"], token)

    def help(self, section):
        """Examples of what may be typed or seen, not of this moment."""
        for line in section.body:
            self.say(line, r"1\.5s?, (?:200|250)ms(?:, 1:02\.5)?", needed=False)
            self.say(line, r">1\.2 s", needed=False)


def check(lines, recording, key, now, first, size, keys):
    """Complaints about a frame of the queue at that time, whose times are counted from first."""
    return Checker(lines, recording, key, now, first, size, keys).check()
