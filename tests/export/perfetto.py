# SPDX-License-Identifier: MIT
"""Perfetto's format: decoded by Google's protobuf library with the fields of Perfetto's own .proto files, then held
against the rules of track events and against the recording."""

from collections import Counter, defaultdict

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import vrt
from chrome import kind_of_request
from model import index_text, kick_sum, word

# From protos/perfetto/trace of Perfetto: message: field number, label, type, name.
FIELDS = """
Trace: 1 * TracePacket packet
TracePacket: 6 - ClockSnapshot clock_snapshot, 8 - uint64 timestamp, 10 - uint32 trusted_packet_sequence_id,
  11 - TrackEvent track_event, 12 - InternedData interned_data, 13 - uint32 sequence_flags,
  58 - uint32 timestamp_clock_id, 59 - TracePacketDefaults trace_packet_defaults,
  60 - TrackDescriptor track_descriptor, 87 - bool first_packet_on_sequence
TracePacketDefaults: 58 - uint32 timestamp_clock_id
ClockSnapshot: 1 * Clock clocks, 2 - int32 primary_trace_clock
Clock: 1 - uint32 clock_id, 2 - uint64 timestamp, 3 - bool is_incremental, 4 - uint64 unit_multiplier_ns
InternedData: 1 * Interned event_categories, 2 * Interned event_names, 3 * Interned debug_annotation_names
Interned: 1 - uint64 iid, 2 - string name
TrackDescriptor: 1 - uint64 uuid, 2 - string name, 5 - uint64 parent_uuid, 8 - CounterDescriptor counter,
  11 - int32 child_ordering, 12 - int32 sibling_order_rank
CounterDescriptor: 3 - int32 unit, 4 - int64 unit_multiplier, 5 - bool is_incremental, 6 - string unit_name
TrackEvent: 3 * uint64 category_iids, 4 * DebugAnnotation debug_annotations, 9 - int32 type, 10 - uint64 name_iid,
  11 - uint64 track_uuid, 23 - string name, 30 - int64 counter_value, 47 * fixed64 flow_ids,
  48 * fixed64 terminating_flow_ids
DebugAnnotation: 1 - uint64 name_iid, 2 - bool bool_value, 3 - uint64 uint_value, 4 - int64 int_value,
  6 - string string_value, 7 - uint64 pointer_value, 10 - string name
"""
CLEARED, NEEDS = 1, 2
BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4
REALTIME, MONOTONIC = 1, 3


def trace_class():
    proto = descriptor_pb2.FileDescriptorProto(name="trace.proto", package="p", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for text in FIELDS.strip().replace("\n  ", " ").split("\n"):
        name, _, fields = text.partition(": ")
        message = proto.message_type.add(name=name)
        for number, label, kind, field in (one.split() for one in fields.split(", ")):
            made = message.field.add(name=field, number=int(number),
                                     label=kinds.LABEL_REPEATED if label == "*" else kinds.LABEL_OPTIONAL)
            if kind[0].isupper():
                made.type, made.type_name = kinds.TYPE_MESSAGE, f".p.{kind}"
            else:
                made.type = getattr(kinds, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    get = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    return get(pool.FindMessageTypeByName("p.Trace"))


TRACE = trace_class()


def nothing_unknown(message):
    from google.protobuf.unknown_fields import UnknownFieldSet
    return len(UnknownFieldSet(message)) == 0


def all_known(message):
    """No field in it but those of the table."""
    try:
        assert nothing_unknown(message), f"a field that {message.DESCRIPTOR.name} does not have"
    except ImportError:
        assert len(message.UnknownFields()) == 0, f"a field that {message.DESCRIPTOR.name} does not have"
    for field, value in message.ListFields():
        if field.message_type:
            for one in value if field.label == field.LABEL_REPEATED else [value]:
                all_known(one)


class Reader:
    """Packets, as whoever reads a sequence of them has to: interned names, then events by track."""

    def __init__(self, raw):
        self.trace = TRACE()
        assert self.trace.ParseFromString(raw) == len(raw)
        all_known(self.trace)
        self.tracks, self.events, self.clocks = {}, [], {}
        self.names = {"category": {}, "event": {}, "arg": {}}
        first = self.trace.packet[0]
        assert first.sequence_flags & CLEARED and first.first_packet_on_sequence
        assert first.trace_packet_defaults.timestamp_clock_id == MONOTONIC
        assert {p.trusted_packet_sequence_id for p in self.trace.packet} == {first.trusted_packet_sequence_id} != {0}
        for packet in self.trace.packet:
            self.take(packet)
        assert self.clocks and self.primary == MONOTONIC

    def take(self, packet):
        for kind, field in (("category", "event_categories"), ("event", "event_names"),
                            ("arg", "debug_annotation_names")):
            for one in getattr(packet.interned_data, field):
                assert one.iid and one.iid not in self.names[kind], "a name's number is given twice"
                self.names[kind][one.iid] = one.name
        if packet.HasField("clock_snapshot"):
            self.clocks = {c.clock_id: c.timestamp for c in packet.clock_snapshot.clocks}
            self.primary = packet.clock_snapshot.primary_trace_clock
        if packet.HasField("track_descriptor"):
            d = packet.track_descriptor
            assert d.uuid and d.uuid not in self.tracks, "a track is described twice"
            assert not d.parent_uuid or d.parent_uuid in self.tracks, "a track before its parent"
            self.tracks[d.uuid] = d
        if packet.HasField("track_event"):
            self.take_event(packet)

    def take_event(self, packet):
        e = packet.track_event
        track = self.tracks[e.track_uuid]
        assert packet.sequence_flags & NEEDS and packet.HasField("timestamp")
        assert (e.type == COUNTER) == track.HasField("counter"), "a counter on another track, or a slice on a counter's"
        name = self.names["event"][e.name_iid] if e.HasField("name_iid") else None
        assert (name is not None) == (e.type in (BEGIN, INSTANT))
        assert [self.names["category"][i] for i in e.category_iids] == ([] if name is None else ["virtio"])
        self.events.append((packet.timestamp, e, name, self.args(e)))

    def args(self, event):
        args = {}
        for one in event.debug_annotations:
            name = self.names["arg"][one.name_iid]
            (value,) = [v for f, v in one.ListFields() if f.name.endswith("_value")]
            assert name not in args, f"{name} is given twice"
            args[name] = value
        return args

    def path(self, uuid):
        d = self.tracks[uuid]
        return (self.path(d.parent_uuid) if d.parent_uuid else ()) + (d.name,)


def args_of(model, n):
    e = model.events[n]
    d = e.detail
    args = {"avail": index_text(e, e.avail_idx), "used": index_text(e, e.used_idx),
            "reaped": index_text(e, e.last_used), "free": e.num_free, "cpu": e.cpu, "seq": d.seq}
    if e.type == vrt.ADD:
        args |= {"token": d.token, "out": d.out, "in": d.in_}
        if d.error:
            args |= {"errno": -d.error, "forced": d.error == -28 and d.out > 0 and not e.flags & (vrt.F_PACKED | vrt.F_OURS)}
    elif e.type == vrt.KICK:
        batch, by_index, ahead, sure = kick_sum(e, model.num(e))
        if by_index:
            why = f"ev {index_text(e, d.event)}: {ahead} {'<' if ahead < batch else '>='} {batch}"
        elif e.flags & vrt.F_PACKED:
            why = f"flags {'DISABLE' if d.dev_flags == 1 else 'ENABLE'}, {batch} new"
        else:
            why = f"flags {'NO_NOTIFY' if d.dev_flags & 1 else '0'}, {batch} new"
        args |= {"old": index_text(e, d.old_idx), "new": index_text(e, d.new_idx), "batch": batch,
                 "why": why + ("" if sure else " ~"), "sure": sure}
    elif e.type == vrt.NOTIFY:
        args["failed"] = bool(d.failed)
    elif e.type == vrt.INTERRUPT:
        args |= {"irq": d.irq, "asked_at": index_text(e, d.event), "flags": d.flags}
    elif e.type == vrt.REAP:
        args |= {"token": d.token, "len": d.len}
        if model.age.get(n) is not None:
            args["age_ns"] = model.age[n]
    elif e.type == vrt.CALLBACKS:
        args |= {"asked_at": index_text(e, d.event), "more": bool(d.more)}
    return args


def key(args):
    return tuple(sorted(args.items()))


def check(raw, model, chosen, window):
    r = Reader(raw)
    h = model.r.header
    assert r.clocks.get(MONOTONIC) == h.monotonic_ns and r.clocks.get(REALTIME, 0) == h.realtime_ns
    check_tracks(r, model, chosen)
    check_instants(r, model, chosen)
    check_requests(r, model, window)
    check_counter(r, model, chosen)
    check_flows(r)
    loss = model.r.losses[-1] if model.r.losses else vrt.Loss(0, 0, 0)
    (end,) = [args for _, _, name, args in r.events if name == "end of the recording"]
    assert end == {"lost": loss.lost, "missed": loss.missed, "cut_off": not model.r.closed}
    return r


def check_tracks(r, model, chosen):
    """One track for each queue, below its device's, and on it one counter that has a unit."""
    queues = Counter(path for path in map(r.path, r.tracks) if len(path) == 2)
    wanted = {model.name(model.events[n]) for n in chosen}
    assert wanted <= {name for _, name in queues} and set(queues.values()) <= {1}
    for uuid, d in r.tracks.items():
        path = r.path(uuid)
        if len(path) == 3:
            assert d.HasField("counter") == (path[2] == "in flight")
            assert path[2] in ("in flight", "requests")
            assert not d.HasField("counter") or d.counter.unit_name == "buffers"
        else:
            assert d.child_ordering == 3 and (len(path) < 2 or path[0].startswith(path[1].split("/")[0].split(":")[0]))


def check_instants(r, model, chosen):
    """Each event of the recording once, when it was, with all that it says; adds are the begin of a slice."""
    found, expected = Counter(), Counter()
    for time, e, name, args in r.events:
        if e.type == INSTANT and name != "end of the recording":
            found[time, r.path(e.track_uuid)[1], name, key(args)] += 1
        elif e.type == BEGIN and "seq" in args:
            found[time, r.path(e.track_uuid)[1], "add", key(args)] += 1
    for n in chosen:
        e = model.events[n]
        expected[e.time_ns, model.name(e), word(e), key(args_of(model, n))] += 1
    assert found == expected, f"{found - expected} too many, {expected - found} missing"


def check_requests(r, model, window):
    """On each track slices lie one behind the other, and all together they are the buffers."""
    lanes = defaultdict(list)
    for time, e, name, args in r.events:
        if e.type in (BEGIN, END):
            lanes[e.track_uuid].append((time, e.type, name, args))
    found = Counter()
    for uuid, slices in lanes.items():
        assert r.path(uuid)[2] == "requests"
        # As it is read: by time, and of one moment in the order of the file.
        open_slice = None
        for time, kind, name, args in sorted(slices, key=lambda s: s[0]):
            if kind == BEGIN:
                assert open_slice is None, "a slice begins within another of its lane"
                open_slice = (r.path(uuid)[1], args["token"], name, time)
            else:
                assert open_slice, "a slice ends that did not begin"
                found[open_slice + (time,)] += 1
                open_slice = None
        if open_slice:
            found[open_slice + (None,)] += 1
    first, last = window
    expected = Counter()
    names = {(e.device, e.queue): model.name(e) for e in model.events}
    for b in model.buffers:
        if b.since <= last and (b.until is None or b.until >= first):
            until = b.until if b.until is not None and b.until <= last else None
            expected[names[b.queue], b.token, kind_of_request(b), b.since, until] += 1
    assert found == expected, f"{found - expected} too many, {expected - found} missing"


def check_counter(r, model, chosen):
    found = [(time, r.path(e.track_uuid)[1], e.counter_value) for time, e, _, _ in r.events if e.type == COUNTER]
    assert found == [(model.events[n].time_ns, model.name(model.events[n]), model.in_flight[n])
                     for n in chosen if n in model.in_flight]


def check_flows(r):
    """In order of time: the first buffer, the kick, the interrupt, the reap; and it ends there."""
    flows = defaultdict(list)
    for order, (time, e, name, _) in enumerate(r.events):
        for number in e.flow_ids:
            flows[number].append((time, order, "add" if e.type == BEGIN else name, r.path(e.track_uuid)[1]))
        for number in e.terminating_flow_ids:
            flows[number].append((time, 1 << 60, f"{name}, the last", r.path(e.track_uuid)[1]))
    r.flows = Counter()
    for steps in flows.values():
        assert len({step[3] for step in steps}) == 1, "a flow from one queue to another"
        names = tuple(step[2] for step in sorted(steps))
        r.flows[names] += 1
        whole = ("add", "kick", "irq", "reap, the last")
        at = [whole.index(name) for name in names]
        assert at == sorted(set(at)) and (3 in at) == (2 in at), f"a flow goes {names}"
