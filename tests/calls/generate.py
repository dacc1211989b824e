#!/usr/bin/env python3
"""Writes the kernel-call vectors: a file for each module of cases/, beside this one or into the folder given.

The modules hold what each call must do, in terms of the sources that they name; nothing here has ever seen the emulator's answer.
"""
import importlib, json, sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    out.mkdir(parents=True, exist_ok=True)
    for module in sorted(p.stem for p in (HERE / "cases").glob("*.py") if p.stem not in ("__init__", "form")):
        cases = importlib.import_module(f"cases.{module}").CASES
        names = [c["name"] for c in cases]
        assert len(names) == len(set(names)), [n for n in names if names.count(n) > 1]
        (out / f"{module}.jsonl").write_text("".join(json.dumps(c, separators=(",", ":")) + "\n" for c in cases))


if __name__ == "__main__":
    main()
