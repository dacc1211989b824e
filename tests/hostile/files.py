#!/usr/bin/env python3
"""Files that change while a run reads them, disks that are full, folders of 100,000 names: files.py WEDGE GUESTS TITLES WORK [swaps|names|small|full].

GUESTS: of this suite; TITLES: the others. A run reads nothing that is not the title's, whatever its names lead to by then; what cannot be written
is said, with status 2, and what was written before can be read. Disks are small tmpfs where this user may mount one; else that part is left out, and said.
"""
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cli'))
import tool
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import share

wedge, guests, titles, work = (os.path.abspath(a) for a in sys.argv[1:5])
tool.enter(work)
run = tool.runner(wedge)
SECRET = 'SECRET ' * 20


def prints(folder):
    return [json.loads(line)['text'] for line in run('events', folder, '--kind', 'guest.print', '--json')[0].splitlines()]


def swaps(unconfined):
    """Names become links to what is not the title's, and back, as fast as this goes."""
    shutil.rmtree('title', ignore_errors=True)
    shutil.rmtree('secrets', ignore_errors=True)
    os.makedirs('title/data')
    os.makedirs('secrets')
    shutil.copy(f'{guests}/hostile.swaps.xex', 'title/default.xex')
    for name in ('file', *map(str, range(200)), 'secret'):
        open(f'secrets/{name}', 'w').write(SECRET)
    for i in range(200):
        open(f'title/data/{i}', 'w').write('mine ' * 20)
        os.makedirs(f'title/data{i}')
        open(f'title/data{i}/file', 'w').write('mine ' * 20)
    for i in range(50):
        os.makedirs(f'title/list{i}')
        open(f'title/list{i}/mine', 'w').close()
    stop = threading.Event()
    turns = [0]

    def swap(names):
        while not stop.is_set():
            for name, target in names:
                os.rename(name, name + '.kept')
                os.symlink(target, name)
                os.unlink(name)
                os.rename(name + '.kept', name)
                turns[0] += 1

    secrets = os.path.abspath('secrets')
    files = [(f'title/data/{i}', f'{secrets}/{i}') for i in range(200)]
    folders = [(f'title/data{i}', secrets) for i in range(200)] + [(f'title/list{i}', secrets) for i in range(50)]
    hands = [threading.Thread(target=swap, args=(x,)) for x in (files, folders)]
    for h in hands:
        h.start()
    try:
        shutil.rmtree('swapped', ignore_errors=True)
        p = subprocess.run([wedge, 'record', 'title', '-o', 'swapped', *unconfined], capture_output=True, text=True, timeout=300)
    finally:
        stop.set()
        for h in hands:
            h.join()
    assert p.returncode in (0, 2), p
    if p.returncode == 0:
        said = prints('swapped')
        assert said and not any('FAIL' in t for t in said), said
        assert b'SECRET' not in subprocess.run(['zstdcat', 'swapped/trace.jsonl.zst'], capture_output=True, check=True).stdout
    else:
        assert p.stderr.startswith('wedge: '), p
    return turns[0]


def many_names():
    os.makedirs('crowd/data')
    shutil.copy(f'{titles}/files.xex', 'crowd/default.xex')
    for i in range(100000 // share.times):
        os.close(os.open(f'crowd/data/{i:05}.bin', os.O_CREAT | os.O_WRONLY))

    def bounded():
        resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    for args in (('record', 'crowd', '-o', 'crowded'), ('info', 'crowd'), ('replay', 'crowded'), ('record', f'{titles}/files.xex', '-o', 'cached', '--cache', 'crowd/data'),
                 ('replay', 'cached'), ('verify', 'cached')):
        p = subprocess.run([wedge, *args], capture_output=True, text=True, preexec_fn=bounded)
        assert p.returncode == 0, (args, p.returncode, p.stderr[:500])


# What each command writes, on a disk (or with a limit of sizes) on which there is no room for it.
def writers(full):
    return (('record', f'{titles}/calls.xex', '-o', f'{full}/run', '--seconds', '0.01'), ('record', f'{titles}/calls.xex', '-o', f'{full}/run2', '--seconds', '0.01', '--checkpoints'),
            ('record', '--from', 'whole@event=9', '-o', f'{full}/fork'), ('import', 'whole', '-o', f'{full}/run.db'),
            ('export', 'whole', '--perfetto', f'{full}/p'), ('export', 'whole', '--chrome-json', f'{full}/c'), ('export', 'whole', '--csv', f'{full}/csv'),
            ('export', 'whole', '--lnav', f'{full}/lnav'), ('probe', 'other', '--call', 'RtlEnterCriticalSection', '-o', f'{full}/hits'),
            ('pack', f'{titles}/calls.elf', '-o', f'{full}/calls.xex'), ('audit', 'new', 'a', 'whole', 'whole', '--dir', f'{full}/audits'))


def nothing_left(args, full, said):
    """Behind a command that failed there is no half file under the name that was asked for, but a run or trace of which there are events to read."""
    made = [a for a in args if a.startswith(full + '/')][0]
    if args[0] in ('record', 'probe') and os.path.exists(made):
        assert 'readable' in said or 'checkpoints' in said or 'overlay' in said, (args, said)
        p = subprocess.run([wedge, 'events', made, '--limit', '1'], capture_output=True, text=True)
        assert p.returncode in (0, 2) and p.stdout.count('\n') == 1, (args, said, p)
        return True
    assert 'readable' not in said and not os.path.lexists(made + ('/a' if args[0] == 'audit' else '')), (args, said, os.listdir(full))
    return False


def refused(args, p):
    assert p.returncode == 2 and p.stderr.startswith('wedge: ') and any(w in p.stderr for w in ('No space', 'too large', 'full', 'space', 'disk I/O error')), (args, p.returncode, p.stdout[:300], p.stderr[:500])


def full_disk():
    os.makedirs('full', exist_ok=True)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16k', 'none', 'full'], stderr=subprocess.DEVNULL).returncode != 0:
        print('no tmpfs can be mounted here: full disks are left out')
        return
    try:
        left = 0
        for args in writers('full'):
            for leave in range(0, 16384, 4096):
                subprocess.run('rm -rf full/*; head -c %d /dev/zero >full/ballast' % (16384 - leave), shell=True, check=True)
                p = subprocess.run([wedge, *args], capture_output=True, text=True, timeout=120)
                if p.returncode or leave == 0:  # little may fit
                    refused(args, p)
                    left += nothing_left(args, 'full', p.stderr)
        assert left > 2, left
        # A database beside its trace, and checkpoints beside their run.
        subprocess.run('rm -rf full/*', shell=True, check=True)
        subprocess.run(['mount', '-o', 'remount,size=4M', 'full'], check=True)
        shutil.copytree('other', 'full/other')
        subprocess.run('head -c 8M /dev/zero >full/ballast', shell=True, stderr=subprocess.DEVNULL)
        want = run('query', 'other', 'SELECT count(*) AS n FROM events', '--csv')[0]
        p = subprocess.run([wedge, 'query', 'full/other', 'SELECT count(*) AS n FROM v_calls', '--csv', '--import', 'always'], capture_output=True, text=True)
        assert p.returncode == 2 and p.stderr.startswith('wedge: ') or p.returncode == 0 and p.stdout, p
        p = subprocess.run([wedge, 'query', 'full/other', 'SELECT count(*) AS n FROM events', '--csv'], capture_output=True, text=True)
        assert p.returncode == 0 and p.stdout == want, p
        assert run('replay', 'full/other', '--title', f'{titles}/threads.xex')[0].startswith('identical')
        assert not [x for x in os.listdir('full/other') if 'tmp' in x], os.listdir('full/other')
    finally:
        subprocess.run(['umount', 'full'], check=True)


def small_files():
    os.makedirs('small', exist_ok=True)

    def limited(n):
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))
    for args, n in share.of('small files', itertools.product(writers('small'), (0, 700)), 2):
        subprocess.run('rm -rf small/*', shell=True, check=True)
        p = subprocess.run([wedge, *args], capture_output=True, text=True, timeout=120, preexec_fn=limited(n))
        refused(args, p)
        nothing_left(args, 'small', p.stderr)


def all_swaps():
    for how in share.of('swaps', ([], ['--unconfined']), 1):
        print('names were swapped', swaps(how), 'times', *how)


run('record', f'{titles}/calls.xex', '-o', 'whole', '--seconds', '0.01')
run('record', f'{titles}/threads.xex', '-o', 'other', '--seconds', '0.001')
PARTS = {'swaps': all_swaps, 'names': many_names, 'small': small_files, 'full': full_disk}
for name in sys.argv[5:] or PARTS:
    PARTS[name]()
print('nothing is read that is not the title\'s, and what cannot be written is said')
