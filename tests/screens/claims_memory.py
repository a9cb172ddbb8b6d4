# SPDX-License-Identifier: MIT
"""The panels that draw memory: where the areas lie, and their bytes."""

import re

from pieces import ANY, Claims, hexadecimal


class MemoryClaims(Claims):
    """MEMORY in a line and as a map; BYTES."""

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
        self.say(rule, r"(?P<bytes>\d+) B(?:,| in)? ?(?:(?P<pages>\d+) pages?)?", needed="|" not in rule.text,
                 bytes=total,
                 pages=self.pages())
        self.say(rule, r"dma 0x(?P<dma>[0-9a-f]+)", needed=False, dma=hexadecimal(first))
        where = rule if "|" in rule.text else None
        for row, (name, span) in enumerate(zip(names, areas)):
            line = where or section.body[row]
            self.say(line, rf"\b{name} +(?:@(?P<at>\d+)|@\?|0x(?P<address>[0-9a-f]+)) +\+(?P<bytes>\d+)",
                     at=span.at - first if known else "not known", address=hexadecimal(span.at), bytes=span.bytes)
        if where:
            return
        self.memory_words(rule)
        self.say(section.body[3], r"a column (?P<n>\d+) B", needed=False, n=ANY)
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
            want = {"driver area: off_wrap": (1, 0, memory.driver_event),
                    "driver area: flags": (1, 2, memory.driver_flags),
                    "device area: off_wrap": (2, 0, memory.device_event),
                    "device area: flags": (2, 2, memory.device_flags)}
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
        self.say(section.lines[0], r"lines (?P<a>\d+) to (?P<b>\d+) of (?P<n>\d+)", a=ANY, b=ANY,
                 n=ANY)
        self.memory_words(section.lines[0])
        areas = (self.f.desc, self.f.driver, self.f.device_area)
        starts = [(span.at, raw) for span, raw in zip(self.memory.areas(), areas)]
        for line in section.body:
            found = re.match(r" ([0-9a-f]{12})  ((?:[0-9a-f]{2,8} )+) *(.*)", line.text + " ")
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
            bits = f"A{d['flags'] >> 7 & 1} U{d['flags'] >> 15}"
            return f"slot {at // 16}: len {d['len']} id {d['id']} {bits}{flags(d['flags'])}"
        if area == 0:
            d = m.desc[at // 16]
            after = f" next {d['next']}" if d["flags"] & 1 else ""
            return f"desc {at // 16}: len {d['len']}{flags(d['flags'])}{after}"
        if m.packed:
            event, word = ((m.driver_event, m.driver_flags), (m.device_event, m.device_flags))[area - 1]
            name = ("ENABLE", "DISABLE", "DESC", "reserved")[min(word, 3)]
            return f"off {event & 0x7fff} wrap {event >> 15}, flags {name}"
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
