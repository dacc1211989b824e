#!/usr/bin/env python3
"""The host's memory runs out while a title runs: status 3, a message, and a trace that can be read: memory.py WEDGE GUESTS WORK."""
import resource
import shutil
import subprocess
import sys

wedge, guests, work = sys.argv[1:4]
run = f'{work}/memory'
shutil.rmtree(run, ignore_errors=True)


def limit(n):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (n, n))


def record(n):
    shutil.rmtree(run, ignore_errors=True)
    return subprocess.run([wedge, 'record', f'{guests}/hostile.exhaust.overlay.xex', '-o', run, '--seconds', '20'],
                          capture_output=True, text=True, preexec_fn=limit(n))


# Guest memory alone is 4 GiB of addresses and, while it is laid out, half a GiB more: as much as this guest's files then
# need, and nothing is left for anything else.
mib = 4560
while True:
    out = record(mib << 20)
    if 'cannot map' not in out.stderr and 'cannot reserve' not in out.stderr and 'shared libraries' not in out.stderr:
        break
    mib += 8
    if mib > 6000:
        sys.exit(77)
if 'anitizer' in out.stderr:
    sys.exit(77)  # their own memory does not fit
wrong = []
if out.returncode != 3:
    wrong.append(f'exit status {out.returncode}: {out.stderr[:300]}')
if 'out of memory' not in out.stderr:
    wrong.append(f'no word of it: {out.stderr[:300]}')
events = subprocess.run([wedge, 'events', run, '--json'], capture_output=True, text=True)
if not events.stdout.startswith('{"kind":"trace.header"'):
    wrong.append(f'the trace cannot be read: {events.stderr[:300]}')
for w in wrong:
    print('FAIL', w)
sys.exit(1 if wrong else 0)
