#!/usr/bin/env python3
"""check_citations.py: what the repository's files say of other files is there. Of every text file: the sections that it cites
(docs/PAGE.md#section, and further #sections behind it). Of Markdown: links, and paths in backticks that begin with a folder of ours.
Nothing may name a place outside of the repository."""
import os, re, subprocess, sys

root = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
os.chdir(root)
try:
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True, text=True).stdout.split("\n")
except (OSError, subprocess.CalledProcessError):  # an archive of the sources
    files = [os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs if not d.startswith(os.path.join(root, "build"))]
files = [f for f in files if os.path.isfile(f) and re.search(r"\.(c|h|def|md|py|sh|awk|txt|cmake|S|json|sql)$", f)]
folders = sorted({f.split("/")[0] for f in files if "/" in f})
bad, cited = [], 0


def anchors(page):
    heads = re.findall(r"^#+ (.*)$", open(page, encoding="utf-8").read(), re.M)
    return {re.sub(r"[^a-z0-9 _-]", "", h.lower()).replace(" ", "-") for h in heads}


known = {}
for name in files:
    text = open(name, encoding="utf-8").read()
    say = lambda at, what: bad.append(f"{name}:{text.count(chr(10), 0, at) + 1}: {what}")
    for m in re.finditer(r"(docs/[a-z]+\.md)(#[a-z0-9-]+(?:, #[a-z0-9-]+)*)", text):
        page = m[1]
        if page not in known:
            known[page] = anchors(page) if os.path.exists(page) else set()
        for anchor in re.findall(r"#([a-z0-9-]+)", m[2]):
            cited += 1
            if anchor not in known[page]:
                say(m.start(), f"{page} has no section '{anchor}'; it has {', '.join(sorted(known[page])) or 'none'}")
    for m in re.finditer(r"(?<![\w./~-])/(work|root)/\w|\.\./shared\b|\breference-logs\b|\bREFERENCE \([a-z]\)|\bDESIGN section\b", text):
        if name != "scripts/check_citations.py":
            say(m.start(), f"'{m[0]}' is not in the repository")
    if name.endswith(".md"):
        here = os.path.dirname(name)
        for m in re.finditer(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", m[1]):
                continue
            path, _, anchor = m[1].partition("#")
            at = os.path.normpath(os.path.join(here, path)) if path else name
            if at.startswith("..") or not os.path.exists(at):
                say(m.start(), f"the link to '{m[1]}' leads nowhere")
            elif anchor and anchor not in anchors(at):
                say(m.start(), f"'{at}' has no section '{anchor}'")
        for m in re.finditer(rf"`((?:{'|'.join(folders)})/[\w./-]+)`", text):
            if m[1] != "audit-runs/boot-hang" and not os.path.exists(m[1].rstrip("/")) and not os.path.exists(os.path.join(here, m[1])) and not m[1].startswith("build"):
                say(m.start(), f"'{m[1]}' is not there")
if cited < 40:
    bad.append(f"only {cited} sections are cited: does this script still see them?")
print("\n".join(bad) or f"citations: {cited} sections are where the code says")
sys.exit(bool(bad))
