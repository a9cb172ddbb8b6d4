# SPDX-License-Identifier: MIT
"""JSON and CSV, held against the recording, field by field."""

import csv
import io
import json

import vrt
from model import index_text, kick_sum, word


def plain_word(e):
    return word(e).replace("spurious irq", "irq")


def forced(e):
    return e.detail.error == -28 and e.detail.out > 0 and not e.flags & (vrt.F_PACKED | vrt.F_OURS)


def json_index(e, value):
    return {"slot": value & 0x7FFF, "wrap": value >> 15} if e.flags & vrt.F_PACKED else value


def json_of(model, n):
    """The object that trace -j prints for an event."""
    e = model.events[n]
    d, num = e.detail, model.num(e)
    o = {"time_ns": e.time_ns, "queue": model.name(e), "device": e.device, "index": e.queue, "event": plain_word(e),
         "layout": "packed" if e.flags & vrt.F_PACKED else "split", "avail": json_index(e, e.avail_idx),
         "used": json_index(e, e.used_idx), "reaped": json_index(e, e.last_used), "free": e.num_free, "cpu": e.cpu,
         "seq": d.seq}
    if e.type == vrt.ADD:
        o |= {"token": f"{d.token:#x}", "out": d.out, "in": d.in_}
        if d.error:
            o |= {"errno": -d.error, "forced": forced(e)}
    elif e.type == vrt.KICK:
        batch, by_index, ahead, sure = kick_sum(e, num)
        o |= {"old": json_index(e, d.old_idx), "new": json_index(e, d.new_idx), "batch": batch,
              "by": "index" if by_index else "flags"}
        if by_index:
            o |= {"asked_at": json_index(e, d.event), "ahead": ahead}
        o |= {"device_flags": d.dev_flags, "sure": sure}
    elif e.type == vrt.INTERRUPT:
        o |= {"irq": d.irq, "spurious": not d.handled, "asked_at": json_index(e, d.event), "driver_flags": d.flags}
    elif e.type == vrt.REAP:
        o |= {"token": f"{d.token:#x}", "len": d.len}
        if model.age.get(n):
            o["age_ns"] = model.age[n]
    elif e.type == vrt.CALLBACKS:
        o |= {"asked_at": json_index(e, d.event), "more": bool(d.more)}
    return o


def check_json(raw, model, chosen):
    lines = raw.decode("ascii").splitlines()
    assert len(lines) == len(chosen) + 1, f"{len(lines)} lines for {len(chosen)} events"
    for line, n in zip(lines, chosen):
        found, expected = json.loads(line), json_of(model, n)
        assert found == expected and list(found) == list(expected), f"{found}\nbut expected\n{expected}"
    loss = model.r.losses[-1] if model.r.losses else None
    assert json.loads(lines[-1]) == {"lost": loss.lost if loss else 0, "missed": loss.missed if loss else 0}


def csv_of(model, n):
    e = model.events[n]
    d = e.detail
    row = {"time_ns": e.time_ns, "queue": model.name(e), "device": e.device, "index": e.queue, "event": plain_word(e),
           "layout": "packed" if e.flags & vrt.F_PACKED else "split", "event_idx": int(bool(e.flags & vrt.F_EVENT_IDX)),
           "avail": index_text(e, e.avail_idx), "used": index_text(e, e.used_idx),
           "reaped": index_text(e, e.last_used), "free": e.num_free, "cpu": e.cpu, "seq": d.seq}
    nanoseconds = e.time_ns - model.start
    row["time_s"] = f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"
    if e.type == vrt.ADD:
        row |= {"token": f"{d.token:#x}", "out": d.out, "in": d.in_, "errno": -d.error, "forced": int(forced(e))}
    elif e.type == vrt.KICK:
        batch, by_index, ahead, sure = kick_sum(e, model.num(e))
        row |= {"old": index_text(e, d.old_idx), "new": index_text(e, d.new_idx), "batch": batch,
                "by": "index" if by_index else "flags", "asked_at": index_text(e, d.event), "sure": int(sure),
                "asked_at_after": index_text(e, d.event_after), "device_flags": d.dev_flags,
                "device_flags_after": d.dev_flags_after}
        if by_index:
            row["ahead"] = ahead
    elif e.type == vrt.NOTIFY:
        row["failed"] = d.failed
    elif e.type == vrt.INTERRUPT:
        row |= {"irq": d.irq, "spurious": int(not d.handled), "asked_at": index_text(e, d.event),
                "driver_flags": d.flags}
    elif e.type == vrt.REAP:
        row |= {"token": f"{d.token:#x}", "len": d.len}
        if model.age.get(n) is not None:
            row["age_ns"] = model.age[n]
    elif e.type == vrt.CALLBACKS:
        row |= {"asked_at": index_text(e, d.event), "more": d.more}
    return {name: str(value) for name, value in row.items()}


def check_csv(raw, model, chosen):
    text = raw.decode("ascii")
    assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n") == len(chosen) + 1
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = next(table)
    assert len(set(names)) == len(names)
    for row, n in zip(table, chosen):
        assert len(row) == len(names)
        expected = csv_of(model, n)
        assert not set(expected) - set(names)
        found = dict(zip(names, row))
        assert found == {name: expected.get(name, "") for name in names}, f"{found}\nbut expected\n{expected}"
