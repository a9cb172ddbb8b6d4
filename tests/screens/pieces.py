# SPDX-License-Identifier: MIT
"""A frame in pieces: lines whose numbers are claimed one by one, and what a number as people read it stands for."""

import re

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


def ANY(_):
    """Where what is shown is a choice of the screen's own, and looked at in other ways."""
    return True


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


class Claims:
    """What all that look at a frame share: .m is the moment, .f its last key frame, .memory that one decoded."""
    m = f = memory = None
    wrong, rows, cols, keys = (), 0, 0, ""

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

    def index_words(self, index):
        return f"{index & 0x7fff}w{index >> 15}" if self.m.packed else str(index)

    def written_since(self, slot, start, end):
        return (slot - start) % self.m.num < (end - start) % 65536

    def packed_owners(self):
        out = {}
        for ident, slots, used in self.memory.packed_buffers():
            for place, slot in enumerate(slots):
                out[slot] = ("DRV" if used else "DEV", ident, place)
        return out

    def gone(self, owner):
        """Whether the events say that the buffer of the copy was reaped since."""
        if owner[1] >= self.m.num:
            return False
        # A token may be in flight again by now, in another place.
        buffer = self.m.flight.get(self.f.notes[owner[1]].token)
        return buffer is None or buffer.head is None

    def age(self, line, shown, token):
        """Of the buffer in flight whose token it is; None: of no head."""
        buffer = self.m.flight.get(token) if token else None
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
            # Since a key frame that shows it: the program need not have looked at all of them.
            seen = [f.time_ns for f in self.m.frames if any(n.token == token for n in f.notes)
                    and buffer and f.time_ns >= buffer.seen_ns]
            if not any(is_age(self.m.now - time)(shown[1:]) is True for time in seen):
                self.complain(line, f"no key frame that shows it is so old: {[self.m.now - time for time in seen]}")
        else:
            verdict = is_age(self.m.now - added)(shown) if added else "is not known"
            if verdict is not True:
                self.complain(line, f"age {verdict}")

    @staticmethod
    def added(note, buffer):
        if note.added_ns:
            return note.added_ns
        return (buffer.added_ns or buffer.seen_ns) if buffer else 0

    def memory_words(self, line):
        """'memory as of 12 ms before': needed if events moved the ring since, and only then."""
        moved = any(self.m.since_frame())
        if "MOVING" in line.text:
            if not self.f.torn:
                self.complain(line, "it was not torn")
        elif re.search(r"memory as of |\bold\b", line.text):
            if not moved:
                self.complain(line, "nothing moved since")
            self.say(line, rf"(?:memory as of )?(?P<age>{AGE}) (?:before|old)",
                     age=is_age(self.m.now - self.f.time_ns))
        elif moved and not self.f.torn and self.m.now > self.f.time_ns:
            self.complain(line, f"does not say that the memory is older: {self.m.since_frame()}")
