#!/usr/bin/env python3
"""An #include that goes against the arrows of the house does not compile, and neither calls go in a circle: layers.py BUILD.

Takes the compiler's command of a file of each part from the build, and tries a header that the part may not see; and asks
scripts/include_graph.py for the graph of includes and calls together."""
import json
import os
import shlex
import subprocess
import sys
import tempfile

build = sys.argv[1]
# A test that has a copy of a file sees all: the part's own command counts.
commands = {os.path.relpath(c['file'], os.path.join(build, '..', '..')): c for c in json.load(open(f'{build}/compile_commands.json'))
            if ' -o tests/' not in c['command']}
# A part's file, what it includes today, and what it may not.
ARROWS = [
    ('base/map.c', 'base/buf.h', ['trace/event.h', 'nt/exports.h', 'emu/machine.h']),
    ('trace/reader.c', 'base/buf.h', ['emu/machine.h', 'emu/mem/mem.h', 'diff/diff.h', 'replay/run.h']),
    ('emu/mem/mem.c', 'emu/state/archive.h', ['emu/cpu/cpu.h', 'emu/kernel/kernel.h', 'trace/event.h']),
    ('emu/cpu/run.c', 'emu/mem/mem.h', ['emu/kernel/kernel.h', 'emu/sched/clock.h', 'emu/vfs/vfs.h', 'emu/loader/loader.h']),
    ('emu/sched/clock.c', 'base/map.h', ['emu/kernel/kernel.h', 'emu/kernel/threads.h', 'emu/gpu/gpu.h', 'emu/mem/mem.h']),
    ('emu/gpu/gpu.c', 'emu/bus/bus.h', ['emu/kernel/kernel.h', 'emu/kernel/threads.h', 'emu/apu/xma.h', 'emu/cpu/cpu.h']),
    ('emu/apu/xma.c', 'emu/bus/bus.h', ['emu/kernel/kernel.h', 'emu/gpu/gpu.h']),
    ('emu/vfs/vfs.c', 'base/buf.h', ['emu/kernel/kernel.h', 'emu/machine.h']),
    ('emu/kernel/nt.c', 'emu/gpu/gpu.h', ['emu/machine.h', 'emu/look/look.h', 'replay/run.h']),
    ('emu/look/stack.c', 'emu/kernel/unwind.h', ['emu/machine.h', 'replay/run.h', 'cli/cli.h']),
    ('emu/machine.c', 'emu/kernel/kernel.h', ['replay/run.h', 'diff/diff.h', 'cli/cli.h']),
    ('replay/record.c', 'emu/machine.h', ['emu/kernel/kernel.h', 'diff/diff.h', 'cli/cli.h']),
    ('export/timeline.c', 'trace/event.h', ['emu/machine.h', 'diff/diff.h', 'cli/cli.h']),
    ('diff/align.c', 'trace/event.h', ['emu/machine.h', 'replay/run.h', 'cli/cli.h']),
    ('nt/exports.c', 'base/buf.h', ['trace/event.h', 'emu/machine.h']),
    ('emu/state/archive.c', 'base/buf.h', ['emu/mem/mem.h', 'emu/kernel/kernel.h']),
    ('emu/loader/xex.c', 'base/buf.h', ['emu/mem/mem.h', 'emu/vfs/vfs.h', 'emu/kernel/kernel.h', 'trace/event.h']),
    ('emu/jit/jit.c', 'jit/backend.h', ['emu/machine.h', 'emu/kernel/kernel.h', 'emu/sched/clock.h']),
    ('jit/build.c', 'jit/backend.h', ['base/buf.h', 'emu/cpu/cpu.h', 'emu/jit/jit.h']),
    ('checkpoint/checkpoint.c', 'emu/machine.h', ['replay/run.h', 'travel/travel.h', 'emu/kernel/kernel.h']),
    ('travel/travel.c', 'checkpoint/checkpoint.h', ['probe/probe.h', 'gdb/server.h', 'cli/cli.h', 'emu/kernel/kernel.h']),
    ('probe/probe.c', 'travel/travel.h', ['gdb/server.h', 'diff/diff.h', 'cli/cli.h']),
    ('gdb/server.c', 'travel/travel.h', ['probe/probe.h', 'emu/kernel/kernel.h', 'diff/diff.h', 'cli/cli.h']),
    ('cli/main.c', 'emu/machine.h', ['emu/kernel/kernel.h', 'emu/gpu/gpu.h']),
]
failures = 0
with tempfile.TemporaryDirectory() as work:
    for path, allowed, forbidden in ARROWS:
        command = commands.get(path)
        if command is None and path.startswith('jit/'):
            continue  # a build without the compiler
        args = shlex.split(command['command'])
        args = [a for i, a in enumerate(args) if a not in ('-c', '-o') and args[i - 1] != '-o' and a != command['file']]
        if os.path.basename(args[0]) == 'ccache':
            args = args[1:]
        for header in [allowed] + forbidden:
            trial = os.path.join(work, 'trial.c')
            with open(trial, 'w') as f:
                f.write(f'#include "{header}"\nint wg_trial;\n')
            r = subprocess.run(args + ['-w', '-fsyntax-only', trial], capture_output=True, text=True, cwd=command['directory'])
            compiles = r.returncode == 0
            if compiles != (header == allowed) or (not compiles and 'No such file' not in r.stderr and 'file not found' not in r.stderr):
                print(f'{path} {"can" if compiles else "cannot"} include {header}\n{r.stderr[:400]}')
                failures += 1
# Within these folders the files go in no circle either; elsewhere some call each other for one purpose (the kernel's waits and threads, the rules
# that judge a thread and those that it leads to).
FLAT = ['base', 'nt', 'checkpoint', 'travel', 'probe', 'export', 'jit', 'cli', 'emu', 'emu/jit', 'emu/loader', 'emu/look', 'emu/mem', 'emu/sched', 'emu/state',
        'emu/vfs']
for within in ([], ['--within', *FLAT]):
    graph = subprocess.run([sys.executable, 'scripts/include_graph.py', '.', '--calls', os.path.abspath(build), *within], capture_output=True,
                           text=True, cwd=os.path.join(build, '..', '..'))
    if graph.returncode:
        print(graph.stdout, graph.stderr)
        failures += 1
sys.exit(failures != 0)
