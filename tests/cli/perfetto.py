"""Reads a Perfetto trace, as far as `wedge export` writes one: a decoder of the wire format of protocol buffers and the field
numbers of Perfetto's public .proto files. Whatever is not known here, or not as those files say, is an error."""
import struct

# message -> field number -> (name, type); types: u varint, i signed varint, b boolean, x fixed64, s string, a message; a * repeats.
MESSAGES = {
    "Trace": {1: ("packet", "*TracePacket")},
    "TracePacket": {8: ("timestamp", "u"), 10: ("trusted_packet_sequence_id", "u"), 11: ("track_event", "TrackEvent"),
                    12: ("interned_data", "InternedData"), 13: ("sequence_flags", "u"), 60: ("track_descriptor", "TrackDescriptor"),
                    87: ("first_packet_on_sequence", "b")},
    "TrackDescriptor": {1: ("uuid", "u"), 2: ("name", "s"), 3: ("process", "ProcessDescriptor"), 4: ("thread", "ThreadDescriptor"),
                        5: ("parent_uuid", "u"), 8: ("counter", "CounterDescriptor")},
    "ProcessDescriptor": {1: ("pid", "u"), 6: ("process_name", "s")},
    "ThreadDescriptor": {1: ("pid", "u"), 2: ("tid", "u"), 5: ("thread_name", "s")},
    "CounterDescriptor": {3: ("unit", "u")},
    "TrackEvent": {3: ("category_iids", "*u"), 4: ("debug_annotations", "*DebugAnnotation"), 9: ("type", "u"), 10: ("name_iid", "u"),
                   11: ("track_uuid", "u"), 23: ("name", "s"), 30: ("counter_value", "i"), 47: ("flow_ids", "*x"),
                   48: ("terminating_flow_ids", "*x")},
    "DebugAnnotation": {1: ("name_iid", "u"), 2: ("bool_value", "b"), 3: ("uint_value", "u"), 4: ("int_value", "i"), 6: ("string_value", "s"),
                        7: ("pointer_value", "u"), 10: ("name", "s"), 11: ("dict_entries", "*DebugAnnotation"),
                        12: ("array_values", "*DebugAnnotation"), 17: ("string_value_iid", "u")},
    "InternedData": {1: ("event_categories", "*Interned"), 2: ("event_names", "*Interned"), 3: ("debug_annotation_names", "*Interned"),
                     29: ("debug_annotation_string_values", "*Interned")},
    "Interned": {1: ("iid", "u"), 2: ("name", "s")},
}
BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4
CLEARED, NEEDS_STATE = 1, 2


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            assert value < 1 << 64
            return value, at
        assert shift < 70


def decode(data, kind, at=0, end=None):
    end = len(data) if end is None else end
    known, out = MESSAGES[kind], {}
    while at < end:
        tag, at = varint(data, at)
        assert tag >> 3 in known, (kind, tag >> 3)
        name, what = known[tag >> 3]
        repeated, what = what[0] == "*", what.lstrip("*")
        assert tag & 7 == {"u": 0, "i": 0, "b": 0, "x": 1}.get(what, 2), (kind, name, tag & 7)
        if tag & 7 == 0:
            value, at = varint(data, at)
            if what == "i" and value >> 63:
                value -= 1 << 64
            if what == "b":
                assert value < 2
                value = bool(value)
        elif tag & 7 == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        else:
            n, at = varint(data, at)
            assert at + n <= end, (kind, name)
            value = data[at:at + n].decode("utf-8") if what == "s" else decode(data, what, at, at + n)
            at += n
        if repeated:
            out.setdefault(name, []).append(value)
        else:
            assert name not in out, (kind, name)
            out[name] = value
    assert at == end
    return out


class Trace:
    """tracks: uuid -> descriptor; events: each with ts, track, type, name, category, args, starts, ends, value."""

    def __init__(self, data, strict=True):
        self.strict = strict  # no event says a thing twice, as foreign ones may
        self.tracks, self.events, self.state = {}, [], None
        for n, packet in enumerate(decode(data, "Trace").get("packet", [])):
            assert packet["trusted_packet_sequence_id"] == 1
            assert packet["sequence_flags"] == (CLEARED if n == 0 else NEEDS_STATE) and ("first_packet_on_sequence" in packet) == (n == 0)
            if packet["sequence_flags"] == CLEARED:
                self.state = {k: {} for k in ("event_categories", "event_names", "debug_annotation_names", "debug_annotation_string_values")}
            for kind, entries in packet.get("interned_data", {}).items():
                for e in entries:
                    assert e["iid"] and e["iid"] not in self.state[kind], (kind, e)
                    self.state[kind][e["iid"]] = e["name"]
            assert ("track_event" in packet) != ("track_descriptor" in packet)
            if "track_descriptor" in packet:
                self.add_track(packet["track_descriptor"])
            else:
                self.add_event(packet["timestamp"], packet["track_event"])

    def add_track(self, d):
        assert d["uuid"] and d["uuid"] not in self.tracks, d
        if "process" not in d and "thread" not in d:
            assert self.tracks[d["parent_uuid"]]["process"]["pid"] == 1 and d["name"], d
        self.tracks[d["uuid"]] = d

    def add_event(self, ts, e):
        assert e["track_uuid"] in self.tracks, "a track is told before what is on it"
        assert ("counter_value" in e) == (e["type"] == COUNTER) == ("counter" in self.tracks[e["track_uuid"]])
        named = e["type"] in (BEGIN, INSTANT)
        assert ("name" in e or "name_iid" in e) == named and ("category_iids" in e) == named
        args = {}
        for a in e.get("debug_annotations", []):
            name, value = self.annotation(a)
            assert name not in args or not self.strict, (name, e)
            args[name] = value
        self.events.append({
            "ts": ts, "track": e["track_uuid"], "type": e["type"], "args": args, "value": e.get("counter_value"),
            "name": e.get("name") or self.state["event_names"].get(e.get("name_iid")) if named else None,
            "category": self.state["event_categories"][e["category_iids"][0]] if named else None,
            "starts": e.get("flow_ids", []), "ends": e.get("terminating_flow_ids", [])})
        if named:
            assert self.events[-1]["name"], e

    def annotation(self, a):
        name = a["name"] if "name" in a else self.state["debug_annotation_names"][a["name_iid"]] if "name_iid" in a else None
        values = [k for k in a if k not in ("name", "name_iid")]
        assert len(values) <= 1, a
        if not values:
            return name, []
        value = a[values[0]]
        if values[0] == "dict_entries":
            value = dict(self.annotation(x) for x in value)
            assert len(value) == len(a["dict_entries"]) or not self.strict
        elif values[0] == "array_values":
            value = [self.annotation(x)[1] for x in value]
        elif values[0] == "string_value_iid":
            value = self.state["debug_annotation_string_values"][value]
        elif values[0] == "pointer_value":
            value = hex(value)
        return name, value

    def tid_of(self, e):
        thread = self.tracks[e["track"]].get("thread")
        return thread["tid"] if thread else e["args"].get("tid")

    def check_tracks(self, late=()):
        """Times never go back on a track (but for points of the names in `late`), ends have begins, all that begins ends."""
        last, depth = {}, {}
        for e in self.events:
            if not (e["type"] == INSTANT and e["name"] in late):
                assert e["ts"] >= last.get(e["track"], 0), (e, last[e["track"]])
                last[e["track"]] = e["ts"]
            depth[e["track"]] = depth.get(e["track"], 0) + {BEGIN: 1, END: -1}.get(e["type"], 0)
            assert depth[e["track"]] >= 0, e
        assert not any(depth.values())

    def check_flows(self):
        """Each flow has one start and one end, in the order of time; returns pairs of events."""
        starts = {f: e for e in self.events for f in e["starts"]}
        ends = {f: e for e in self.events for f in e["ends"]}
        assert len(starts) == sum(len(e["starts"]) for e in self.events) and len(ends) == sum(len(e["ends"]) for e in self.events)
        assert starts.keys() == ends.keys()
        return [(starts[f], ends[f]) for f in starts]
