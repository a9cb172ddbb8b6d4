# SPDX-License-Identifier: MIT
"""The panels about what happened: positions and wishes, decisions, the last second, how full it was."""

import re

import vrt
from oracle import SECOND, decide, forced, rank, steps
from pieces import AGE, ANY, COUNT, Claims, Line, is_age, is_count


class TimeClaims(Claims):
    """INDICES, EVENT AREAS, WHY, LAST SECOND, the history, STALEST, the histogram."""

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
            self.say(line, r"off +(?P<off>\d+) wrap (?P<wrap>\d)", needed=flags == 2, off=event & 0x7fff,
                     wrap=event >> 15)
            self.say(line, r"at slot (?P<slot>\d+)", needed=False, slot=event & 0x7fff)
            self.say(line, r"in (?P<n>\d+) more", needed=False, n=steps(True, m.num, index, event) + 1)
            self.say(line, r"asked (?P<n>\d+) slots back", needed=False, n=steps(True, m.num, event, index))

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
            after = f"reaped {len(reaps)}, irq->reap" if reaps else "nothing reaped since"
            return [what, f"irq {event.detail.irq}", after if event.detail.handled else "nothing to reap"]
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
        if event.type == vrt.INTERRUPT and want[2].endswith("irq->reap"):
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
            flags = vrt.F_PACKED if m.packed else 0
            flags |= vrt.F_EVENT_IDX if m.queue.features >> vrt.EVENT_IDX & 1 else 0
            detail = vrt.DETAIL[vrt.KICK][1](old, new, kick[0], kick[0], kick[1], kick[1], 0, 0, 0)
            d = decide(vrt.Event(0, 0, 0, 0, vrt.KICK, flags, 0, 0, 0, 0, detail), m.num)
            words = self.arithmetic(d)
            at = line.text.find(words)
            if at < 0 or ("would KICK" in line.text) != d.kick:
                self.complain(line, f"it would be {words}, {'a kick' if d.kick else 'no kick'}")
            else:
                line.claim(at, at + len(words))
            self.say(line, r"(?P<n>\d+) (?:added and not decided upon|undecided)", needed=undecided > 0,
                     n=undecided)
        else:
            found = self.say(line, r"(?P<new>\d+)-(?P<event>\d+)-1 = (?P<ahead>\d+) (?P<sign><|>=) 1", needed=False,
                             new=(m.used + 1) % 65536, event=irq[0], ahead=(m.used - irq[0]) % 65536,
                             sign="<" if (m.used - irq[0]) % 65536 < 1 else ">=")
            self.say(line, r"asked for at slot (?P<slot>\d+), next used is (?P<next>\d+)", needed=False,
                     slot=irq[0] & 0x7fff, next=m.used & 0x7fff)
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


    def last_second(self, section):
        m, c = self.m, self.m.counts()
        known = bool(self.recording.events)
        whole = any(re.search(r"p99|: -$", line.text) for line in section.body)
        text = Line(" ".join(line.text.strip() for line in section.body), section.lines[0].row)
        for name, pattern in (("add", r"\badd (?P<n>%s)\b"), ("batches", r"\bin (?P<n>%s) batches"),
                              ("kick", r"\bkick (?P<n>%s)\b"), ("suppressed", r"\bsuppressed (?P<n>%s)\b"),
                              ("forced", r"forced\(full\) (?P<n>%s)\b"), ("irq", r"\birq (?P<n>%s)\b"),
                              ("spurious", r"\bspurious (?P<n>%s)\b"), ("reap", r"\breaped (?P<n>%s)\b")):
            if known:
                self.say(text, pattern % COUNT, needed=whole, n=is_count(c[name]))
            elif re.search(pattern % COUNT, text.text):
                self.complain(text, f"{name}: there are no events that could tell")
        self.say(text, r"\bunsure (?P<n>%s)\b" % COUNT, needed=whole and known and c["unsure"] > 0,
                 n=is_count(c["unsure"]))
        asked = c["kick"] + c["suppressed"] + c["forced"]
        share = 100 * c["suppressed"] / asked if asked else 0
        self.say(text, r"\((?P<percent>\d+)%\)", needed=whole and known and c["suppressed"] > 0,
                 percent=lambda shown: abs(int(shown) - share) <= 0.5 or f"{shown}, and it is {share}")
        self.say(text, r"reaped/irq (?P<n>\d+\.\d)", needed=whole and known and c["irq"] > 0,
                 n=lambda shown: abs(float(shown) - c["reap"] / c["irq"]) <= 0.051 or f"{c['reap']}/{c['irq']}")
        low, middle, high = m.held_second()
        self.say(text, r"with device: min (?P<min>\d+)  p50 (?P<p50>\d+)  max (?P<max>\d+)", needed=whole, min=low,
                 p50=middle, max=high)
        if m.queue.name.startswith("input"):
            starved = sum(ran for time, _, _, ran, _ in m.samples if time > m.now - SECOND)
            self.say(text, r"starved (?P<n>%s) \((?:last (?P<age>%s) ago|never seen)\)" % (COUNT, AGE), needed=whole,
                     n=is_count(starved), age=is_age(m.now - m.starved_ns) if m.starved_ns else "none")
        late = m.latencies()
        if late:
            self.say(text, rf"p50 (?P<p50>{AGE})  p99 (?P<p99>{AGE})  max (?P<max>{AGE})", needed=whole,
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
        for i, (sign, (least, percent, empty, known)) in enumerate(zip(strip, want)):
            # What is further back than the events that were read, only key frames tell.
            whole = i >= 63
            right = {"_.:-=+*%#"[0 if p == 0 else 8 if p >= 100 else -(-p * 8 // 100)] for p in
                     (range(least, percent + 1) if not whole and percent is not None else [percent]) if p is not None}
            if empty and receives:
                right = {"0"} if whole else right | {"0"}
            if not known and not (whole and percent is not None):
                right.add(" ")
            if sign not in right:
                self.complain(line, f"second {i - 63}: {sign!r}, and it is one of {sorted(right)}")
                break
        line.claim(7, min(71, len(line.text)))
        percent = want[-1][1]
        self.say(line, r"  (?P<now>\d+)%", needed=percent is not None, after=min(71, len(line.text)), now=percent)

    def stalest(self, section):
        line, m = section.lines[1], self.m
        ages = {}
        if self.f:
            used = {i for i, _,
                    used in self.memory.packed_buffers() if used} if m.packed else set(self.memory.used_heads())
            ages = {i: self.added(note, m.flight[note.token]) for i, note in enumerate(self.f.notes)
                    if note.token and not self.gone(("", i)) and i not in used}
        known = {head: added for head, added in ages.items() if added}
        found = self.say(line,
                         r"(?P<what>id|head) (?P<n>\d+)  added (?P<age>>?%s) ago  token 0x(?P<token>[0-9a-f]+)" % AGE,
                         needed=bool(known), what="id" if m.packed else "head", n=ANY, age=ANY,
                         token=ANY)
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

    def hist(self, section):
        late = [ns // 1000 for ns in self.m.latencies()]
        self.say(section.lines[0], r"(?P<n>\d+) buffers", n=len(late))
        shown, lows, highs = 0, [], []
        for line in section.body:
            found = re.match(r" +(\d+) -> (\d+) +: (\d+) +\|(\**) *\|?", line.text)
            if not found:
                continue
            line.claim(*found.span())
            low, high, count = (int(found[i]) for i in (1, 2, 3))
            lows.append(low)
            highs.append(high)
            shown += count
            if count != sum(low <= us <= high for us in late):
                self.complain(line, f"there are {sum(low <= us <= high for us in late)}")
            if high != (2 * low - 1 if low else 1):
                self.complain(line, "is no power of two")
        if late and lows and lows[0] <= min(late) and max(late) <= highs[-1] and shown != len(late):
            self.complain(section.lines[0], f"{shown} of {len(late)} are in the histogram")
