#!/usr/bin/env python3
"""schemas.py: writes into schemas/ what follows from tables: the whole of trace.schema.json from trace/kinds.def, trace/keys.def and
trace/shapes.json, and the classes in diff.schema.json and hang.schema.json. schemas.py --check: fails if that would change a file."""
import json, os, re, sys

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
HEX = {"type": "string", "pattern": "^0x[0-9a-f]+$"}
SHAPES = {
    "hex": HEX,
    "hexes": {"type": "array", "items": HEX},
    "id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
    "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "count": {"type": "integer", "minimum": 0},
    "positive": {"type": "integer", "minimum": 1},
    "span": {"type": "integer", "minimum": -1},  # ns; -1: for ever
    "integer": {"type": "integer"},
    "text": {"type": "string"},
    "bool": {"type": "boolean"},
    "true": {"const": True},
    "one": {"const": 1},
}
CUT = {"const": True, "description": "a value of this event was too long for a line: it is cut, or null"}


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def rows(path, macro):
    return re.findall(rf'^{macro}\((\w+), "([^"]+)", (?:"([^"]*)"|(NULL))\)$', read(path), re.M)


def shape(text, where):
    if "|" in text:
        return {"enum": text.split("|")}
    if text.startswith("@"):
        return json.loads(read("trace/shapes.json"))[text[1:]]
    if text not in SHAPES:
        sys.exit(f"{where}: '{text}' is no shape: one of {', '.join(SHAPES)}, a|b, or @NAME of trace/shapes.json")
    return SHAPES[text]


def event(kind, keys, shapes):
    frame = kind.startswith("trace.")
    required, properties = ["kind"], {"kind": {"const": kind}}
    for common in ["tid", "idx", "host_ns"] + ([] if frame else ["cycle"]):
        required.append(common)
        properties[common] = SHAPES["count"]
    for word in keys.split():
        key, _, own = word.partition("=")
        name = key.rstrip("?")
        if not own and not shapes.get(name):
            sys.exit(f"trace/kinds.def: {kind}: '{name}' has no row in trace/keys.def that says its shape")
        properties[name] = shape(own or shapes[name], f"trace/kinds.def: {kind}: {name}")
        if name == key:
            required.append(name)
    if not frame:
        properties["cut"] = CUT
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def trace_schema():
    names = [name for _, name, _, _ in rows("trace/keys.def", "WG_KEY")]
    if names != sorted(set(names)):
        bad = next(b for a, b in zip(names, names[1:]) if a >= b)
        sys.exit(f"trace/keys.def: '{bad}' is not in its place: rows are sorted by name")
    shapes = {name: text for _, name, text, _ in rows("trace/keys.def", "WG_KEY")}
    kinds = {name: keys for _, name, keys, null in rows("trace/kinds.def", "WG_KIND") if not null}
    return json.dumps({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Wedge trace, schema 1: one line of trace.jsonl.zst as Wedge writes it",
        "description": "Made by scripts/schemas.py from trace/kinds.def. Readers must also accept integers where Wedge writes hexadecimal "
                       "strings, keep unknown keys and pass unknown kinds through. A string that is UTF-8 has its characters; of any other one \\u0080 to \\u00ff are bytes.",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(kinds)}},
        "allOf": [{"if": {"properties": {"kind": {"const": k}}}, "then": {"$ref": f"#/$defs/{k}"}} for k in kinds],
        "$defs": {k: event(k, keys, shapes) for k, keys in kinds.items()},
    }, indent=1) + "\n"


def with_classes(path, table, macro, before):
    classes = re.findall(rf'^{macro}\(\w+, "([^"]+)"', read(table), re.M)
    text, n = re.subn(re.escape(before) + r"\[[^\]]*\]", lambda m: before + json.dumps(classes), read(path))
    assert n == 1, (path, before)
    return text


made = {
    "schemas/trace.schema.json": trace_schema(),
    "schemas/diff.schema.json": with_classes("schemas/diff.schema.json", "diff/classes.def", "WG_CLASS",
                                             '"description": "diff/classes.def",\n   "enum": '),
    "schemas/hang.schema.json": with_classes("schemas/hang.schema.json", "diff/hang_rules.def", "WG_HANG_CLASS", '"class": {"enum": '),
}
stale = [path for path, text in made.items() if text != read(path)]
if "--check" in sys.argv[1:]:
    if stale:
        sys.exit(f"schemas: {', '.join(stale)}: not what the tables say; scripts/schemas.py writes it")
    print(f"schemas: {len(made)} follow the tables")
else:
    for path in stale:
        with open(os.path.join(root, path), "w", encoding="utf-8") as f:
            f.write(made[path])
        print(f"schemas: {path} is written")
