# SPDX-License-Identifier: MIT
"""Chrome's trace format, held against its rules and against the recording."""

import json
from collections import Counter, defaultdict
from decimal import Decimal

import vrt
from model import word


def once(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"twice the same name: {names}"
    return dict(pairs)


def refuse(word_):
    raise AssertionError(f"{word_} is no JSON")


def nanoseconds(us):
    ns = Decimal(us) * 1000
    assert ns == int(ns), f"{us} us is not to the nanosecond"
    return int(ns)


def kind_of_request(buffer):
    if buffer.out is None:
        return "buffer"
    return "send" if not buffer.in_ else "request" if buffer.out else "receive"


def check(raw, model, chosen, window):
    whole = json.loads(raw.decode("ascii"), parse_float=Decimal, parse_constant=refuse, object_pairs_hook=once)
    loss = model.r.losses[-1] if model.r.losses else vrt.Loss(0, 0, 0)
    assert whole["otherData"]["lost"] == loss.lost and whole["otherData"]["missed"] == loss.missed
    assert whole["otherData"]["cut_off"] is not model.r.closed
    by = defaultdict(list)
    for event in whole["traceEvents"]:
        assert event["ph"] in "MbeXiCstf" and isinstance(event["pid"], int) and isinstance(event["tid"], int)
        if event["ph"] != "M":
            event["ns"] = nanoseconds(event["ts"]) + model.start
        by[event["ph"]].append(event)
    check_names(by["M"], model, chosen)
    check_events(by, model, chosen)
    check_requests(by, model, window)
    check_nesting(by["X"])
    check_arrows(by)
    check_counter(by["C"], model, chosen)
    return by


def check_names(names, model, chosen):
    threads = {(m["pid"], m["tid"]): m["args"]["name"] for m in names if m["name"] == "thread_name"}
    for n in chosen:
        e = model.events[n]
        assert threads[e.device + 1, e.queue + 1] == model.name(e)
    assert len(threads) == sum(m["name"] == "thread_name" for m in names), "a queue is named twice"


def check_events(by, model, chosen):
    """Each event of the recording is there once, when it was; adds are the begin of a slice."""
    expected = Counter((model.events[n].time_ns, model.events[n].device + 1, model.events[n].queue + 1,
                        word(model.events[n]), model.events[n].detail.seq)
                       for n in chosen if word(model.events[n]) != "add")
    found = Counter((o["ns"], o["pid"], o["tid"], o["name"], o["args"]["seq"]) for o in by["i"] + by["X"])
    assert found == expected, f"{found - expected} too many, {expected - found} missing"
    for o in by["X"]:
        assert nanoseconds(o["dur"]) == 1
    for o in by["i"]:
        assert o["s"] == "t"
    reaps = {(e.time_ns, e.device + 1, e.queue + 1, e.detail.seq): e for e in (model.events[n] for n in chosen)
             if e.type == vrt.REAP}
    for o in by["i"] + by["X"]:
        if o["name"] == "reap":
            e = reaps[o["ns"], o["pid"], o["tid"], o["args"]["seq"]]
            assert o["args"]["token"] == f"{e.detail.token:#x}" and o["args"]["len"] == e.detail.len


def check_requests(by, model, window):
    begins = {(o["pid"], o["id"]): o for o in by["b"]}
    ends = {(o["pid"], o["id"]): o for o in by["e"]}
    assert len(begins) == len(by["b"]) and begins.keys() == ends.keys(), "a request begins or ends alone, or twice"
    found = Counter()
    for key, begin in begins.items():
        end = ends[key]
        assert begin["tid"] == end["tid"] and begin["name"] == end["name"] and begin["cat"] == end["cat"]
        assert begin["ns"] <= end["ns"]
        still = end.get("args", {}).get("still_in_flight", False)
        found[begin["pid"], begin["tid"], begin["args"]["token"], begin["name"], begin["ns"],
              None if still else end["ns"]] += 1
    first, last = window
    expected = Counter()
    for b in model.buffers:
        if b.since > last or (b.until is not None and b.until < first):
            continue
        until = b.until if b.until is not None and b.until <= last else None
        expected[b.queue[0] + 1, b.queue[1] + 1, f"{b.token:#x}", kind_of_request(b), b.since, until] += 1
    assert found == expected, f"{found - expected} too many, {expected - found} missing"


def check_nesting(slices):
    """Of one thread they lie in each other, or apart."""
    threads = defaultdict(list)
    for o in slices:
        threads[o["pid"], o["tid"]].append((o["ns"], o["ns"] + 1))
    for spans in threads.values():
        spans.sort()
        for (_, end), (begin, other_end) in zip(spans, spans[1:]):
            assert begin >= end or other_end <= end


def check_arrows(by):
    """From a kick, or from an interrupt if none was needed, over the interrupt to the reap; each at its slice."""
    at = defaultdict(set)
    for o in by["X"]:
        at[o["pid"], o["tid"], o["ns"]].add(o["name"])
    arrows = defaultdict(list)
    for phase in "stf":
        for o in by[phase]:
            place = at[o["pid"], o["tid"], o["ns"]]
            assert place & {"s": {"kick", "irq"}, "t": {"irq"}, "f": {"reap"}}[phase], f"{o} is at {place}"
            arrows[o["id"]].append((o["ns"], "stf".index(phase), phase, (o["pid"], o["tid"])))
    for number, steps in arrows.items():
        steps.sort()
        phases = "".join(step[2] for step in steps)
        assert phases in ("s", "stf", "sf"), f"arrow {number} goes {phases}"
        assert len({step[3] for step in steps}) == 1
    return arrows


def check_counter(counters, model, chosen):
    found = [(o["pid"], o["name"].split()[-1], o["ns"], o["args"]["buffers"]) for o in counters]
    expected = [(model.events[n].device + 1, model.name(model.events[n]).split()[-1], model.events[n].time_ns,
                 model.in_flight[n]) for n in chosen if n in model.in_flight]
    assert found == expected, "the counter is another one"
