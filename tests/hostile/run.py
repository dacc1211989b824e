#!/usr/bin/env python3
"""Runs every hostile guest: whatever it tries, the run ends by itself, the host is not reached, and the trace is whole.

run.py WEDGE GUESTS WORK [NAME...]; build with the asan-ubsan preset for the sanitizers to watch. The limits of time and
memory are far above what a contained run needs: they are there so that one that is not is found, not waited for. Where wedge
has a compiler, those that do more than exhaust are recorded with all of their code compiled, too: nothing of them may differ. (tests/share.py says which of
them .ci/run tries.)
"""
import json
import os
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import share

wedge, guests, work = sys.argv[1:4]
only = sys.argv[4:]

# name: (virtual seconds, how the run must end, what it must print or report)
CASES = {
    'resume': (2, None, 'contained'),
    'spinner': (2, None, None),
    'references': (2, ('exit', 'exception'), None),
    'owners': (5, None, None),
    'pool': (5, None, 'contained'),
    'counts.1': (2, 'exception', 'contained'),
    'counts.7': (2, 'exception', 'contained'),
    'counts.0x7FFFFFFF': (2, 'exception', 'contained'),
    'counts.0x80000000': (2, 'exception', 'contained'),
    'counts.0xFFFFFFFF': (2, 'exception', 'contained'),
    'reread': (5, None, 'contained'),
    'frames': (2, None, None),
    'loading': (0.6, None, None),
    'audio': (5, None, 'contained'),
    'clocks.periods': (1, 'exit', 'contained'),
    'clocks.video': (0.05, 'limit', None),
    'clocks.audio': (0.05, 'limit', None),
    'clocks.dpcs': (0.2, 'limit', None),
    'clocks.crowd': (5, ('exit', 'wedge'), 'contained'),
    'apcs': (20, None, 'contained'),
    'apcplaces.storm': (5, None, 'contained'),
    'apcplaces.driver': (5, None, 'contained'),
    'apcplaces.section': (1, None, 'contained'),
    'apcplaces.blamed': (1, 'exception', 'NtRemoveIoCompletion was given a pointer that is not accessible'),
    'apcplaces.gone': (1, None, 'contained'),
    'apcplaces.another': (2, None, 'contained'),
    'apcplaces.ending': (2, 'exception', 'contained'),
    'apcplaces.again': (5, None, 'contained'),
    'apcplaces.shared': (2, None, None),
    'apcplaces.device': (2, None, None),
    'apcplaces.unmapped': (1, 'exception', 'contained'),
    'apcplaces.text': (1, 'exception', 'contained'),
    'apcplaces.ended': (2, None, 'contained'),
    'apcplaces.unload': (1, 'exception', 'contained'),
    'grounds.places': (5, 'exit', 'contained'),
    'grounds.stacks': (2, 'exit', 'contained'),
    'grounds.objects': (10, 'exit', 'contained'),
    'grounds.fields': (10, 'exit', 'contained'),
    'grounds.within': (5, 'exit', 'contained'),
    'grounds.heads': (10, 'exit', 'contained'),
    'grounds.nobody': (1, 'exception', 'KeWaitForSingleObject was given a pointer to no dispatcher object'),
    'grounds.changes': (1, 'exception', 'KeReleaseSemaphore was given a pointer to a dispatcher object whose kind has changed'),
    'grounds.rings': (5, 'exit', 'contained'),
    'compiler': (20, 'exit', 'contained'),
    'compiler.noaccess': (1, 'exception', 'now'),
    **{f'storm.{seed}': (0.05, None, None) for seed in range(1, 7)},
    **{f'corners.{case}': (1, 'exception', None) for case in ('sentinels', 'sentinels_apc', 'sentinels_dpc', 'thunks', 'stacks', 'pointers')},
    **{f'corners.{case}': (1, 'exit', 'contained') for case in ('ends_of_memory', 'devices', 'levels', 'modules', 'families', 'links', 'texts')},
    **{f'corners.{case}': (1, None, None) for case in ('overflows', 'handler', 'damaged', 'written', 'overlaps', 'lists', 'locks', 'contexts', 'nested')},
    # What no APC, DPC, interrupt or driver's thread may do, each by one of the five; behind @ are the title's arguments (corners.c, places).
    **{f'corners.places@{which % 5}{chr(48 + which)}': (0.2, None, None) for which in range(30)},
    **{f'wilds.{case}': (0.2, None, None) for case in (
        'words', 'opcodes', 'contexts', 'nowhere', 'ending', 'waiting', 'again', 'flags', 'unwinds', 'dpc_contexts', 'dpc_again', 'dpc_ends', 'dpc_waits',
        'dpc_queues', 'dpc_unwinds', 'moved', 'tables', 'backtraces', 'enumerators', 'written', 'slots', 'births', 'offsets', 'regions', 'ordinals', 'rings',
        'stalls', 'farewells', 'tasks', 'messages', 'sockets', 'hours', 'timers')},
    'asked': (20, 'exit', 'contained'),
    **{f'raises.{place}.caught': (5, 'exit', 'contained') for place in ('dpc', 'timer', 'apc', 'normal', 'user', 'interrupt')},
    **{f'raises.{place}.{how}': (5, 'exception', None) for place in ('dpc', 'timer', 'apc', 'normal', 'user', 'interrupt') for how in ('nobody', 'stranger', 'gone', 'none')},
    'edges.informs': (5, 'exit', 'contained'),
    'edges.controls': (5, 'exit', 'contained'),
    'edges.texts': (5, 'exit', 'contained'),
    'edges.encodings': (5, 'exit', 'contained'),
    'edges.cryptography': (5, 'exit', 'contained'),
    'edges.sizes': (20, ('exit', 'wedge'), 'contained'),
    'unbalanced': (2, None, 'contained'),
    'deep': (20, None, 'contained'),
    'exhaust.wildcards': (20, None, 'contained'),
    'exhaust.text': (5, None, None),
    'exhaust.lookups': (20, None, None),
    'exhaust.libraries': (20, None, 'contained'),
    'exhaust.everywhere': (5, None, 'contained'),
    'exhaust.pages': (20, None, 'contained'),
    'exhaust.handles': (5, None, 'contained'),
    'exhaust.packets': (5, None, 'contained'),
    'exhaust.files': (20, None, 'contained'),
    'exhaust.nested': (20, None, 'contained'),
    'exhaust.threads': (20, None, 'contained'),
    'exhaust.sleepers': (5, None, None),
    'exhaust.apcs': (5, None, None),
    'exhaust.timers': (5, None, 'contained'),
    'exhaust.gpu': (1, 'limit', None),
    'exhaust.bulk': (2, 'limit', None),
    'exhaust.xam': (20, None, 'contained'),
    'exhaust.overlay': (20, None, None),
    'exhaust.code': (5, None, None),
    'exhaust.exceptions': (20, None, 'contained'),
    'exhaust.waiters': (20, None, 'contained'),
    'exhaust.links': (20, None, 'contained'),
    'exhaust.forgotten': (5, 'exit', 'contained'),
}
# What the run must say that it has met, at its end and in an event.
LIMITS = {
    'apcs': 'kernel calls that run guest code, and APCs',
    'pool': "bytes of the kernel's pool",
    'exhaust.text': 'characters that one call formats',
    'exhaust.everywhere': "idle dispatcher objects in the title's own memory",
    'exhaust.pages': 'committed pages of virtual memory',
    'exhaust.handles': 'handles',
    'exhaust.packets': 'queued I/O completion packets',
    'exhaust.apcs': 'queued APCs',
    'exhaust.timers': 'timers that run',
    'exhaust.overlay': 'bytes of files that the title writes',
    'exhaust.links': 'symbolic links',
    'exhaust.forgotten': "idle dispatcher objects in the title's own memory",
    'exhaust.xam': 'packages that the title makes',
}
HOST_SECONDS = 120
TRIED = only or share.of('hostile', CASES, 2)
COMPILED = share.of('hostile compiled', TRIED, 3)  # LLVM takes longer over a guest than all the rest
has_compiler = json.loads(subprocess.run([wedge, '--version', '--json'], capture_output=True, check=True).stdout)['jit'] is not None
HOST_MEMORY = 3 << 30  # resident, as the sanitizers do not bear a limit of addresses


def told(run, kind, key):
    out = subprocess.run([wedge, 'events', run, '--kind', kind, '--json'], capture_output=True, text=True)
    if out.returncode != 0:
        return None, out.stderr
    return [json.loads(line).get(key, '') for line in out.stdout.splitlines()], None


def content(run):
    return subprocess.run(['zstdcat', f'{run}/trace.jsonl.zst', f'{run}/branches.zst'], capture_output=True, check=True).stdout


def compiled(title, run, seconds, more):
    """What is wrong with the same run, compiled at once; None: it is the same."""
    other = run + '.compiled'
    subprocess.run(['rm', '-rf', other], check=True)
    try:
        out = subprocess.run([wedge, 'record', title, '-o', other, '--seconds', str(seconds), '--jit=now', *more], capture_output=True, text=True, timeout=HOST_SECONDS)
    except subprocess.TimeoutExpired:
        return f'compiled: no end within {HOST_SECONDS} s'
    if out.returncode not in (0, 1) or 'runtime error' in out.stderr or 'Sanitizer' in out.stderr:
        return f'compiled: exit status {out.returncode}: {out.stderr[:3000]}'
    same = content(run) == content(other)
    subprocess.run(['rm', '-rf', other], check=True)
    return None if same else 'compiled, it has other events or branches'


def one(name):
    seconds, ends, text = CASES[name]
    run = os.path.join(work, name)
    subprocess.run(['rm', '-rf', run], check=True)  # its folders may be deeper than Python bears
    title, _, arguments = name.partition('@')
    more = ['--args', arguments] if arguments else []
    title = os.path.join(guests, f'hostile.{title}.xex')
    try:
        out = subprocess.run([wedge, 'record', title, '-o', run, '--seconds', str(seconds), '--json', *more],
                             capture_output=True, text=True, timeout=HOST_SECONDS)
    except subprocess.TimeoutExpired:
        return f'no end within {HOST_SECONDS} s'
    if out.returncode not in (0, 1):
        return f'exit status {out.returncode}: {out.stderr[:3000]}'
    if 'runtime error' in out.stderr or 'Sanitizer' in out.stderr:
        return out.stderr[:3000]
    result = json.loads(out.stdout)
    if ends and result['end'] not in ends:
        return f'ends with {result["end"]}: {result["report"][:500]}'
    lines, wrong = told(run, 'guest.print', 'text')
    met, wrong = told(run, 'limit', 'name') if wrong is None else (None, wrong)
    if wrong:
        return f'the trace is not whole: {wrong}'
    said = ''.join(lines)
    if 'exhaust' not in name:
        again = subprocess.run([wedge, 'replay', run], capture_output=True, text=True, timeout=HOST_SECONDS)
        if again.returncode != 0:
            return f'replay: {again.stdout[:500]} {again.stderr[:500]}'
        wrong = compiled(title, run, seconds, more) if has_compiler and name in COMPILED else None
        if wrong:
            return wrong
    if name in LIMITS and (LIMITS[name] not in met or LIMITS[name] not in result['limits']):
        return f'met {met}, said {result["limits"]!r}'
    if len(met) != len(set(met)):
        return f'a limit is told twice: {met}'
    if 'FAIL' in said or (text and text not in said + result['report']):
        return f'said {said!r}, ended with {result["end"]}: {result["report"][:800]}'
    return None


def main():
    os.makedirs(work, exist_ok=True)
    failed = 0
    for name in TRIED:
        begun = time.monotonic()
        wrong = one(name)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10  # of the largest so far
        print(f'{name}: {"contained" if wrong is None else "FAIL " + wrong} ({time.monotonic() - begun:.1f} s, {peak} MiB)', flush=True)
        failed += wrong is not None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    if peak > HOST_MEMORY:
        print(f'FAIL: a run took {peak >> 20} MiB of memory')
        failed += 1
    return 1 if failed else 0


sys.exit(main())
