#!/usr/bin/env python3
"""The graph of #includes between the parts of the tree: who knows whom, and whether anyone goes in circles.

include_graph.py [ROOT] [--calls BUILD] [--dot] [--files FROM TO] [--within FOLDER...]

A part is a folder of the repository, and in emu/ a folder of that (its own files are "emu"). Prints each part with those
that it includes, then the circles; exit status 1 if there is one. --dot writes a graph for Graphviz; --files tells which
files an arrow is made of. --calls adds what the objects of a build take from each other by name, which needs no #include.
--within asks the same of the files of these folders: a part there is a file.
"""
import argparse
import json
import os
import re
import shlex
import subprocess
import sys

PARTS = ('base', 'nt', 'trace', 'emu', 'checkpoint', 'replay', 'travel', 'probe', 'gdb', 'diff', 'export', 'jit', 'cli')
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(path):
    """The part that a path below the root belongs to, or None."""
    names = path.split('/')
    if names[0] not in PARTS:
        return None
    return '/'.join(names[:2]) if names[0] == 'emu' and len(names) > 2 else names[0]


def file_of(folders):
    """A part_of for the files of these folders."""
    return lambda path: path if os.path.dirname(path) in folders else None


def arrows(root, part_of):
    """(from, to) -> the lines that make the arrow."""
    graph = {}
    for top in PARTS:
        for folder, _, files in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(files):
                if not name.endswith(('.c', '.h', '.def')):
                    continue
                path = os.path.relpath(os.path.join(folder, name), root)
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    for number, line in enumerate(f, 1):
                        found = INCLUDE.match(line)
                        to = part_of(found.group(1)) if found else None
                        if to and part_of(path) and to != part_of(path):
                            graph.setdefault((part_of(path), to), []).append(f'{path}:{number}: {found.group(1)}')
    return graph


def calls(root, build, part_of):
    """The same of calls: whose object needs a symbol that another part's object has."""
    objects = {}
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as f:
        for c in json.load(f):
            path = os.path.relpath(c['file'], root)
            output = shlex.split(c['command'])
            output = output[output.index('-o') + 1]
            if folder_of(path) and folder_of(output) and os.path.exists(os.path.join(c['directory'], output)):  # not a copy that a test has
                objects[path] = os.path.join(c['directory'], output)
    path_of = {made: path for path, made in objects.items()}
    has, needs = {}, []
    for line in subprocess.run(['nm', '-PA', *sorted(path_of)], check=True, capture_output=True, text=True).stdout.splitlines():
        made, rest = line.split(': ', 1)
        name, kind = rest.split()[:2]
        if kind == 'U':
            needs.append((path_of[made], name))
        elif kind.isupper():
            has[name] = path_of[made]
    graph = {}
    for path, name in needs:
        to = part_of(has.get(name, ''))
        if to and part_of(path) and to != part_of(path):
            graph.setdefault((part_of(path), to), []).append(f'{path}: {name} of {has[name]}')
    return graph


def circles(edges):
    """Sets of parts that reach each other (Tarjan)."""
    nodes = sorted({n for e in edges for n in e})
    out = {n: sorted(b for a, b in edges if a == n) for n in nodes}
    index, low, stack, found = {}, {}, [], []

    def visit(n):
        index[n] = low[n] = len(index)
        stack.append(n)
        for to in out[n]:
            if to not in index:
                visit(to)
                low[n] = min(low[n], low[to])
            elif to in stack:
                low[n] = min(low[n], index[to])
        if low[n] == index[n]:
            group = stack[stack.index(n):]
            del stack[stack.index(n):]
            if len(group) > 1:
                found.append(sorted(group))

    for n in nodes:
        if n not in index:
            visit(n)
    return found


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument('root', nargs='?', default=os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
    ask.add_argument('--calls', metavar='BUILD')
    ask.add_argument('--dot', action='store_true')
    ask.add_argument('--files', nargs=2, metavar=('FROM', 'TO'))
    ask.add_argument('--within', nargs='+', metavar='FOLDER')
    args = ask.parse_args()
    part_of = file_of(args.within) if args.within else folder_of
    graph = arrows(args.root, part_of)
    if args.calls:
        for arrow, lines in calls(args.root, args.calls, part_of).items():
            graph.setdefault(arrow, []).extend(lines)
    if args.files:
        print('\n'.join(graph.get(tuple(args.files), ['there is no such arrow'])))
        return 0
    if args.dot:
        print('digraph parts {\n  rankdir=BT; node [shape=box];')
        for (a, b), lines in sorted(graph.items()):
            print(f'  "{a}" -> "{b}" [label={len(lines)}];')
        print('}')
        return 0
    for part in sorted({a for a, _ in graph}):
        print(f'{part:12} -> ' + ', '.join(b for a, b in sorted(graph) if a == part))
    around = circles(set(graph))
    for group in around:
        print('circle: ' + ', '.join(group))
        for (a, b), lines in sorted(graph.items()):
            if a in group and b in group:
                print(f'  {a} -> {b}: {len(lines)}, first {lines[0]}')
    if not around:
        print('no circle')
    return 1 if around else 0


sys.exit(main())
