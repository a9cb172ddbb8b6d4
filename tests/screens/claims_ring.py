# SPDX-License-Identifier: MIT
"""The panels that draw the ring: descriptors, cells, the packed ring, a chain."""

import re

import vrt
from oracle import SECOND
from pieces import AGE, ANY, Claims, hexadecimal, is_age


class RingClaims(Claims):
    """Descriptors by line, by cell, by slot; the rings as strips; one buffer."""

    def range_words(self, line, total, shown):
        found = self.say(line, r" (?P<a>\d+)-(?P<b>\d+)(?: |$)", needed=False, after=40, a=ANY, b=ANY)
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
                             rf"(?P<next>\d+|-)? *(?P<own>DEV|DRV|gone|free) *(?P<age>>?{AGE})?(?P<part>.*)",
                             parts[0])
        if not found:
            self.complain(line, "is no descriptor")
            return
        slot = int(found["slot"])
        desc, owner = self.memory.desc[slot], self.memory.owners().get(slot)
        line.claim(0, len(parts[0]))
        note, chains = self.f.notes[slot], self.f.says & vrt.HAS_CHAINS
        if not owner:
            want = (".", ".", "...", str(note.next) if note.next < self.m.num and chains else None, "free", None)
            got = tuple(found[x] for x in ("addr", "len", "flags", "next", "own", "age"))
            if got != want:
                self.complain(line, f"free: {got}, and it is {want}")
        else:
            flags = "".join(c if desc["flags"] & bit else "." for c, bit in (("N", 1), ("W", 2), ("I", 4)))
            want = (desc["addr"], str(desc["len"]), flags, str(desc["next"]) if desc["flags"] & 1 else "-",
                    "gone" if self.gone(owner) else owner[0])
            got = (int(found["addr"], 16) if found["addr"] != "." else None,
                   *(found[x] for x in ("len", "flags", "next", "own")))
            if got != want:
                self.complain(line, f"{got}, and it is {want}")
            self.age(line, found["age"],
                     self.f.notes[owner[1]].token if owner[2] == 0 and not self.gone(owner) else None)
            table = re.fullmatch(r" *table of (\d+)", found["part"].rstrip())
            if table and int(table[1]) != desc["len"] // 16:
                self.complain(line, f"a table of {desc['len'] // 16}")
            if not table and re.search(r"\d", found["part"]):
                self.complain(line, "a number in the part")
        self.avail_entry(line, len(parts[0]) + 1, parts[1], slot)
        self.used_entry(line, len(parts[0]) + len(parts[1]) + 2, parts[2], slot)

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

    def avail_entry(self, line, at, text, slot):
        changed = self.written_since(slot, self.f.avail_idx, self.m.avail)
        rest = self.ring_entry(line, at, text, slot, r"(?P<head>\d+|\?)(?=\D|$)", [self.memory.avail_ring[slot]],
                               changed)
        if rest is not None and ("<-avail" in rest) != (self.m.avail % self.m.num == slot):
            self.complain(line, "<-avail")

    def used_entry(self, line, at, text, slot):
        changed = self.written_since(slot, self.memory.used_idx, self.m.used)
        rest = self.ring_entry(line, at, text, slot, r"(?P<id>\d+|\?) +(?P<len>\d+|\?)(?=\D|$)",
                               list(self.memory.used_ring[slot]), changed)
        if rest is None:
            return
        for word, index in (("used", self.m.used), ("last", self.m.last)):
            if (word in rest) != (index % self.m.num == slot):
                self.complain(line, f"where {word} is")
        if rest.startswith("*") != self.written_since(slot, self.m.last, self.m.used):
            self.complain(line, "the mark of what is unreaped")

    def cells(self, section):
        rule, num = section.lines[0], self.m.num
        each = 16
        half = self.cols >= 190 and len(rule.text) <= self.cols // 2
        while each * 2 + 14 <= (self.cols // 2 if half else self.cols):
            each *= 2
        self.say(rule, r"a cell each, (?P<each>\d+) per row", needed="memory as of" not in rule.text, each=each)
        self.say(rule, r"rows (?P<a>\d+)-(?P<b>\d+) of (?P<of>\d+)", needed=False, a=ANY, b=ANY,
                 of=-(-num // each))
        owners = self.memory.owners() if not self.m.packed else self.packed_owners()
        free = 0
        for line in section.body:
            found = re.match(r" +(\d+) ([^ ]+) +(\d+)$", line.text)
            if not found:
                self.say(line, r"! (?:over |>)1 s", needed=False)
                self.say(line, r"cursor (?P<at>\d+)", needed=False, at=ANY)
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

    def cell(self, slot, owner):
        """The signs that it may have."""
        if not owner:
            return ".," if self.m.packed else "."
        if self.gone(owner):
            return "-"
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
        owned = {head for head, note in enumerate(self.f.notes) if note.token and not self.gone(("", head))} - \
            set(self.memory.used_heads())
        self.say(columns[0], r"(?P<n>\d+) (?:with the device|dev)", n=len(owned))
        self.say(columns[2], r"(?P<n>\d+) (?:waiting for driver|drv)", n=self.m.unreaped())
        for row, sign, index in ((1, "a", self.m.avail), (3, "u", self.m.used)):
            text = columns[row].text
            if len(text) <= 7 + index % self.m.num // per or text[7 + index % self.m.num // per] != sign:
                self.complain(columns[row], f"{sign} is not at {index}")

    def one_ring(self, section):
        rule, m = section.lines[0], self.m
        # In a narrow rule the age of the memory takes their place; they stand at the event areas as well.
        self.say(rule, r"last_used (?P<l>\d+) wrap (?P<lw>\d) \| next_avail (?P<a>\d+) wrap (?P<aw>\d)",
                 needed="memory as of" not in rule.text, l=m.last & 0x7fff, lw=m.last >> 15,
                 a=m.avail & 0x7fff, aw=m.avail >> 15)
        self.say(rule, r"(?P<free>\d+)/(?P<num>\d+) free", free=m.free, num=m.num)
        self.memory_words(rule)
        rows = [line for line in section.body[1:] if line.text.strip()]
        self.range_words(rule, m.num, len(rows))
        for line in rows:
            self.packed_slot(line)

    def packed_slot(self, line):
        found = re.match(rf"[ >] *(?P<slot>\d+) +(?P<addr>[0-9a-f]+|\.) +(?P<len>\d+|\.) +(?P<id>\d+|\.)"
                         rf"  (?P<a>\d) (?P<u>\d)  (?P<flags>[NWI.]{{3}})  (?P<words>.*?)(?: +(?P<age>>?{AGE}))?$", line.text)
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
        moved = []
        if (slot - (frame.avail_idx & 0x7fff)) % m.num < added:
            moved.append("filled since this copy")
        if (slot - (frame.last_used & 0x7fff)) % m.num < reaped:
            moved.append("reaped since this copy")
        if moved:
            if not words.startswith(tuple(moved)):
                self.complain(line, " and ".join(moved))
        elif owner and owner[0] == "DEV" and not self.f.notes[owner[1]].token:
            # 2.8.6: used descriptors are written in the order of the ring, over those of other buffers. What is left
            # of a buffer that was used before its turn stands in the window, and nothing is wrong with it.
            if "no buffer" in words:
                self.complain(line, f"id {owner[1]} was used out of order, and this is left of it")
        elif owner and self.gone(owner):
            if not words.startswith("reaped since this copy"):
                self.complain(line, "was reaped since the copy")
        elif not owner:
            if self.free_words(slot) not in words:
                self.complain(line, f"is {self.free_words(slot)}")
            wrap = re.search(r"lap wrap (\d)", words)
            began = re.search(r"began in slot (\d+)", words)
            lap = self.memory.lap(int(began[1]) if began else slot)
            if wrap and int(wrap[1]) != lap:
                self.complain(line, f"the lap's wrap counter is {lap}")
            ident = re.search(r"id (\d+)", words)
            if ident and int(ident[1]) != desc["id"]:
                self.complain(line, f"id {desc['id']}")
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
        alive = owner and owner[2] == 0 and not self.gone(owner)
        note_token = frame.notes[owner[1]].token if alive else None
        if age or note_token and not moved and len(line.text) < self.cols - 9:
            self.age(line, age, note_token)

    def free_words(self, slot):
        """What the bits of a free slot are left from (2.8.1): those of the lap in which it was filled last count."""
        desc, lap = self.memory.desc[slot], self.memory.lap(slot)
        if not desc["addr"] and not desc["len"] and not desc["flags"]:
            return "free (never filled)"
        bits = (desc["flags"] >> 7 & 1, desc["flags"] >> 15)
        if bits == (lap, 1 - lap):
            return "dead tail" if slot < self.f.avail_idx & 0x7fff else "free (old tail"
        return "reaped" if bits == (lap, lap) else "free"

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

    def no_memory(self, section):
        self.say(section.lines[0], r"RING +(?P<num>\d+) entries", num=self.m.num)
        if self.f:
            self.complain(section.lines[0], "there is a key frame")

    def chain(self, section):
        rule = section.lines[0]
        owners = self.packed_owners() if self.m.packed else self.memory.owners()
        found = self.say(rule, r"CHAIN of descriptor (?P<slot>\d+)(?:: buffer (?P<what>id|head) (?P<head>\d+))?",
                         slot=ANY, what="id" if self.m.packed else "head", head=ANY)
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
                desc = (raw["addr"], raw["len"],
                        *((raw["id"], raw["flags"]) if self.m.packed else (raw["flags"], raw["next"])))
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
        first = self.memory.desc[slots[0]]
        for line in lines[:2]:
            if self.m.packed and owner[0] == "DRV":  # its first descriptor is the device's answer now
                self.say(line, r"(?P<n>\d+) slots?: the device wrote (?P<len>\d+) B", needed=line is lines[0],
                         n=len(slots), len=first["len"])
            else:
                self.say(line, r"(?P<n>\d+) descriptors?: device reads (?P<read>\d+) B, writes (?P<write>\d+) B",
                         needed=line is lines[0] and "left of" not in line.text, n=len(parts),
                         read=sum(n for n, flags in parts if not flags & 2),
                         write=sum(n for n, flags in parts if flags & 2))
            token = self.f.notes[owner[1]].token
            found = self.say(line, rf"token 0x(?P<token>[0-9a-f]+)   (?:added (?P<age>>?{AGE}) ago)?", needed=False,
                             token=hexadecimal(token), age=ANY)
            if found and found["age"] and token in self.m.gone:
                verdict = is_age(self.m.now - (self.m.gone[token].added_ns or self.m.gone[token].seen_ns))(
                    found["age"].lstrip(">"))
                if verdict is not True:
                    self.complain(line, verdict)
            elif found and found["age"]:
                self.age(line, found["age"], token)
