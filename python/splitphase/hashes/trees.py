"""Which entries of a tree are worth a look: one walk, one pass over all names, link targets and files."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from splitphase.hashes.scanner import Scanner
from splitphase.hashes.sources import Memory

FILE, FOLDER, LINK, SPECIAL = "file", "folder", "link", "special"
NAMED, POINTS = 8, 16
"""Flags beside the scanner's HIT, MAGIC and FAILED: a hash in the name, in the link's target."""
_BATCH = 1000


def entries(root: str) -> list[tuple[str, str]]:
    """Everything below a folder: relative path and what it is, sorted, folders before what they hold."""
    found: list[tuple[str, str]] = []
    _below(root, "", found)
    return found


def _below(folder: str, prefix: str, found: list[tuple[str, str]]) -> None:
    with os.scandir(folder) as listed:
        for entry in sorted(listed, key=lambda entry: entry.name):
            name = prefix + entry.name
            if entry.is_symlink():
                found.append((name, LINK))
            elif entry.is_file(follow_symlinks=False):
                found.append((name, FILE))
            elif entry.is_dir(follow_symlinks=False):
                found.append((name, FOLDER))
                _below(entry.path, name + "/", found)
            else:
                found.append((name, SPECIAL))


def kind_of(path: str) -> str:
    """What one path is."""
    if os.path.islink(path):
        return LINK
    if os.path.isfile(path):
        return FILE
    return FOLDER if os.path.isdir(path) else SPECIAL


def sifted(scanner: Scanner, root: str, found: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Flags of the entries that have any."""
    flags: dict[str, int] = {}
    names = [name for name, _ in found]
    for index in _with_hits(scanner, (os.fsencode(name.rpartition("/")[2]) for name in names)):
        flags[names[index]] = NAMED
    links = [name for name, kind in found if kind == LINK]
    for index in _with_hits(scanner, (os.fsencode(os.readlink(os.path.join(root, name))) for name in links)):
        flags[links[index]] = flags.get(links[index], 0) | POINTS
    files = [name for name, kind in found if kind == FILE]
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        for name, flag in zip(batch, scanner.sift([os.path.join(root, name) for name in batch]), strict=True):
            if flag:
                flags[name] = flags.get(name, 0) | flag
    return flags


def _with_hits(scanner: Scanner, texts: Iterable[bytes]) -> list[int]:
    """The numbers of the texts in which something is found."""
    parts = [text + b"\0" for text in texts]
    starts = [0, *accumulate(map(len, parts))]
    found: set[int] = set()
    for run in scanner.runs(Memory(b"".join(parts))):
        found.update(range(bisect_right(starts, run.offset) - 1, bisect_right(starts, run.end - 1)))
    return sorted(found)
