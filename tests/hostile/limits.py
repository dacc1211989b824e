#!/usr/bin/env python3
"""Every bound of emu/limits/limits.def is in docs/limits.md, with its number and what happens beyond: limits.py SOURCE."""
import re
import sys

source = sys.argv[1]
rows = re.findall(r'^WG_LIMIT\((\w+), (\d+), "([^"]*)", "([^"]*)"\)', open(f'{source}/emu/limits/limits.def').read(), re.M)
text = open(f'{source}/docs/limits.md').read()
missing = [name for name, most, what, beyond in rows if f'| {what} | {int(most):,} | {beyond} |' not in text]
for name in missing:
    print(f'docs/limits.md lacks the row of {name}')
sys.exit(1 if missing or len(rows) < 20 else 0)
