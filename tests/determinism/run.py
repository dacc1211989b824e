#!/usr/bin/env python3
"""The same title, seed and inputs give the same bytes, whatever surrounds the run: run.py N WEDGE GUESTS WORK [--also WEDGE]...

N runs in groups of three: a guest with a seed, the first run of a group plainly, the others each in another of the environments below (and
with another build of wedge, if --also names some; --skip begins further on). What is compared byte for byte is the content of the trace and of the record of branches (what zstdcat
prints), the files that the guest wrote, and the manifest's result with its chain of state hashes. Guests, seeds and environments take turns, so that
N says how far it goes: all guests once with 3 * guests, then with the next seed. Exit status 1 and both runs kept if two differ.

GUESTS is a folder that is searched for titles; those that only exhaust the host (hostile.exhaust, hostile.long) are left out.
"""
import argparse
import collections
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time

SHORT = 0.05  # seconds of virtual time
BUSY = 3000000  # instructions, and a hundred for each event, in that time
SEEDS = (0, 1, 2, 3, 7, 0x5EED, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def plain(run):
    run.env = dict(os.environ)


def bare(run):
    run.env = {}


def abroad(run):
    run.env = {**os.environ, 'TZ': 'Asia/Tokyo', 'LANG': 'tr_TR.UTF-8', 'LC_ALL': 'tr_TR.UTF-8', 'HOME': '/nonexistent', 'COLUMNS': '7'}


def fixed_addresses(run):
    run.before = ['setarch', '-R']


def dirty_heap(run):
    run.env = {**os.environ, 'MALLOC_PERTURB_': '165', 'MALLOC_ARENA_MAX': '1', 'MALLOC_MMAP_THRESHOLD_': '4096'}


def elsewhere(run):
    """Another folder, reached by a relative path through a link."""
    os.makedirs(run.room + '/deep/deeper', exist_ok=True)
    os.symlink(os.path.dirname(run.title), run.room + '/deep/title')
    run.cwd = run.room + '/deep/deeper'
    run.title = '../title/' + os.path.basename(run.title)


def one_processor(run):
    run.before = ['taskset', '-c', '0']


def slow(run):
    run.before = ['nice', '-n', '19', 'chrt', '--idle', '0'] if shutil.which('chrt') else ['nice', '-n', '19']


def small_limits(run):
    def limits():
        os.umask(0o077)
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
        resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))
    run.preexec = limits


def unconfined(run):
    run.options.append('--unconfined')


def without_branches(run):
    run.options.append('--no-branches')


def with_checkpoints(run):
    run.options.append('--checkpoints')


def every_instruction(run):
    run.options.append('--every-instruction')


def compiled(run):
    run.options.append('--jit')
    run.env['XDG_CACHE_HOME'] = os.path.abspath(run.room) + '-kept'  # compiled code, which the next ones find there


def compiled_at_once(run):
    run.options += ['--jit=now', '--checkpoints']


ENVIRONMENTS = (bare, abroad, fixed_addresses, with_checkpoints, dirty_heap, elsewhere, every_instruction, one_processor, slow, small_limits, unconfined,
                without_branches)
COMPILED = (compiled, compiled_at_once)  # where every wedge has a compiler


class Run:
    def __init__(self, title, seed, room):
        self.title, self.seed, self.room = title, seed, room
        self.env, self.before, self.cwd, self.preexec, self.options = dict(os.environ), [], None, None, []

    def make(self, wedge, how, seconds):
        shutil.rmtree(self.room, ignore_errors=True)
        os.makedirs(self.room)
        how(self)
        before = [w for w in self.before if w]
        if before and not shutil.which(before[0]):
            before = []
        command = [*before, wedge, 'record', self.title, '-o', self.room + '/run', '--seconds', str(seconds), '--sched-seed', str(self.seed), *self.options]
        p = subprocess.run(command, env=self.env, cwd=self.cwd, preexec_fn=self.preexec, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if p.returncode != 0:
            raise RuntimeError(f'{" ".join(command)}: exit status {p.returncode}: {p.stderr[:2000]}')
        return self.digests()

    def content(self, name):
        p = subprocess.Popen(['zstdcat', f'{self.room}/run/{name}'], stdout=subprocess.PIPE)
        sha = hashlib.sha256()
        for block in iter(lambda: p.stdout.read(1 << 20), b''):
            sha.update(block)
        if p.wait() != 0:
            raise RuntimeError(f'{self.room}/run/{name} cannot be read')
        return sha.hexdigest()

    def digests(self):
        result = json.load(open(f'{self.room}/run/manifest.json'))['result']
        branches = os.path.exists(f'{self.room}/run/branches.zst')
        files = {}
        for where, _, names in os.walk(f'{self.room}/run/overlay'):
            for name in names:
                path = os.path.join(where, name)
                files[os.path.relpath(path, self.room)] = hashlib.sha256(open(path, 'rb').read()).hexdigest()
        if not branches:
            result.pop('branches_sha256', None)
        return {'trace': self.content('trace.jsonl.zst'), 'branches': self.content('branches.zst') if branches else None, 'files': files, 'result': result}


def differences(a, b):
    for key in a:
        x, y = a[key], b[key]
        if key == 'branches' and None in (x, y):
            continue
        if key == 'result' and None in (a['branches'], b['branches']):
            x, y = ({k: v for k, v in r.items() if k != 'branches_sha256'} for r in (x, y))
        if x != y:
            yield key


def has_compiler(wedge):
    return json.loads(subprocess.run([wedge, '--version', '--json'], capture_output=True, check=True).stdout)['jit'] is not None


def titles(folder):
    found = []
    for where, _, names in os.walk(folder):
        found += [os.path.join(where, n) for n in names if n.endswith('.xex') and not n.startswith(('hostile.exhaust.', 'hostile.long.'))]
    return sorted(found)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('runs', type=int)
    p.add_argument('wedge')
    p.add_argument('guests')
    p.add_argument('work')
    p.add_argument('--also', action='append', default=[])
    p.add_argument('--skip', type=int, default=0, help='begin behind so many groups: where another sitting has ended')
    a = p.parse_args()
    wedge, also, work = os.path.abspath(a.wedge), [os.path.abspath(w) for w in a.also], os.path.abspath(a.work)
    guests = titles(os.path.abspath(a.guests))
    environments = ENVIRONMENTS + (COMPILED if all(map(has_compiler, (wedge, *also))) else ())
    os.makedirs(work, exist_ok=True)
    done, group, failed, each, began = 0, a.skip, 0, collections.Counter(), time.monotonic()
    turn = build = 0
    limits = {}
    while done < a.runs:
        title, seed = guests[group % len(guests)], SEEDS[group // len(guests) % len(SEEDS)] + group // len(guests) // len(SEEDS)
        name = os.path.basename(title)[:-4]
        first = None
        # Guests that compute all the time get a shorter time than those that sleep: of the first run's own count, so always the same.
        seconds = limits.get(title, SHORT)
        for i in range(min(3, a.runs - done)):
            how = plain if i == 0 else environments[turn % len(environments)]
            turn += i > 0
            program = wedge if i == 0 or not also else also[build % len(also)]
            build += i > 0
            run = Run(title, seed & 0xFFFFFFFFFFFFFFFF, f'{work}/{i}')
            made = run.make(program, how, seconds)
            if title not in limits:
                limits[title] = 1 if made['result']['instructions'] + 100 * made['result']['events'] < BUSY else SHORT
            done += 1
            each[how.__name__] += 1
            wrong = list(differences(first, made)) if first else []
            if wrong:
                failed += 1
                kept = f'{work}/differs-{name}-{seed}-{how.__name__}'
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(work + '/0', kept + '/plain', symlinks=True)
                shutil.copytree(run.room, kept + '/other', symlinks=True)
                print(f'DIFFERS: {name}, seed {seed}, {how.__name__} ({program}): {", ".join(wrong)}; kept in {kept}', flush=True)
            first = first or made
        group += 1
        if group % 100 == 0:
            print(f'{done} runs of {min(group, len(guests))} guests, {failed} differ, {time.monotonic() - began:.0f} s', file=sys.stderr, flush=True)
    for i in range(3):
        shutil.rmtree(f'{work}/{i}', ignore_errors=True)
    print(f'{done} runs: groups {a.skip} to {group} of {len(guests)} guests with {len(SEEDS)} seeds, '
          f'{", ".join(f"{k} {v}" for k, v in sorted(each.items()))}: {"the same bytes" if failed == 0 else f"{failed} differ"}')
    return 1 if failed else 0


sys.exit(main())
