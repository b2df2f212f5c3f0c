"""Where hashes stand in a tree: contents, names and link targets; as a table for people and as JSON."""

from __future__ import annotations

import argparse
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from splitphase.errors import RewriteError
from splitphase.hashes.examine import Engine
from splitphase.hashes.findings import Find
from splitphase.hashes.forms import STORE, split_path
from splitphase.hashes.scanner import FAILED, HIT, MAGIC
from splitphase.hashes.sources import Memory, Opened
from splitphase.hashes.trees import FOLDER, NAMED, POINTS, SPECIAL, entries, kind_of, sifted
from splitphase.pairs import read_pairs
from splitphase.tokens import tokens

VERSION = 1
_SPECIAL = {stat.S_IFIFO: "a fifo", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


@dataclass(slots=True)
class Survey:
    """What was found below some folders; paths as they were named."""

    hashes: tuple[str, ...]
    finds: list[tuple[str, Find]] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    """What could not be rewritten, and why."""
    notes: list[tuple[str, str]] = field(default_factory=list)
    """What could not be looked into, and why."""

    def rows(self) -> list[tuple[str, ...]]:
        """Path, kind, first offset, count and where inside, one row for all of a kind in one place."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for path, find in self.finds:
            place = ": ".join(find.inside)
            shown = " ".join(filter(None, (place, find.section, find.symbol)))
            groups.setdefault((path, find.label, shown), []).append(find.offset)
        return [
            (path, label, f"{offsets[0]:#x}", str(len(offsets)), shown)
            for (path, label, shown), offsets in groups.items()
        ]

    def table(self) -> str:
        """For people."""
        lines = []
        rows = self.rows()
        if rows:
            rows = [("path", "kind", "first at", "count", "in"), *rows]
            widths = [max(len(row[column]) for row in rows) for column in range(4)]
            for row in rows:
                cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
                lines.append("  ".join([*cells, row[4]]).rstrip())
            lines.append("")
        counts = Counter(find.label for _, find in self.finds)
        lines += [f"{count:8} {label}" for label, count in counts.most_common()]
        files = len({path for path, _ in self.finds})
        lines.append(f"{len(self.finds):8} in {files} files, links and names")
        lines += [f"cannot be rewritten: {path}: {text}" for path, text in self.problems]
        lines += [f"note: {path}: {text}" for path, text in self.notes]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "version": VERSION,
            "hashes": list(self.hashes),
            "finds": [
                {
                    "path": path, "kind": find.kind, "form": find.form, "hash": find.hash, "offset": find.offset,
                    "inside": list(find.inside), "section": find.section, "symbol": find.symbol,
                }
                for path, find in self.finds
            ],
            "summary": dict(Counter(find.label for _, find in self.finds)),
            "problems": [{"path": path, "text": text} for path, text in self.problems],
            "notes": [{"path": path, "text": text} for path, text in self.notes],
        }  # fmt: skip


def survey(roots: Iterable[Path], engine: Engine) -> Survey:
    """Look everywhere below these folders, and into these files."""
    result = Survey(tuple(subject.old for subject in engine.subjects))
    for root in roots:
        found = everything(root)
        base = root.parent if found[0][0] else root
        flags = sifted(engine.sifter, str(base), found)
        for name, kind in found:
            path = base / name
            if kind == SPECIAL:
                result.notes.append((str(path), f"it is {special_kind(path)}"))
            if flags.get(name):
                _entry(engine, path, flags[name], result)
    return result


def _entry(engine: Engine, path: Path, flags: int, result: Survey) -> None:
    shown = str(path)
    if flags & NAMED:
        result.finds += [(shown, find) for find in _in_text(engine, path.name, "file name")]
    if flags & POINTS:
        result.finds += [(shown, find) for find in _in_text(engine, os.readlink(path), "symlink target")]
    if flags & FAILED:
        result.notes.append((shown, "it cannot be read"))
    elif flags & (HIT | MAGIC):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            source = Opened(descriptor, os.fstat(descriptor).st_size)
            outcome = engine.examine(source, hidden_only=not flags & HIT)
        finally:
            os.close(descriptor)
        result.finds += [(shown, find) for find in outcome.finds]
        result.problems += [(shown, text) for text in outcome.problems]
        result.notes += [(shown, text) for text in outcome.notes]


def _in_text(engine: Engine, text: str, kind: str) -> Iterator[Find]:
    for piece in engine.pieces(Memory(os.fsencode(text))):
        yield Find(kind, piece.run.form.shape.label, piece.run.form.subject.old, piece.run.offset)


def everything(root: Path) -> list[tuple[str, str]]:
    """All below a folder, relative to it; or a file by its name. Raises RewriteError where there is nothing."""
    if not os.path.lexists(root):
        raise RewriteError(f"{root}: no such file or folder", hint="name folders or files to look into")
    kind = kind_of(str(root))
    return [("", FOLDER), *entries(str(root))] if kind == FOLDER else [(root.name, kind)]


def special_kind(path: Path) -> str:
    """What a path is that is neither file nor folder nor link."""
    return _SPECIAL.get(stat.S_IFMT(path.lstat().st_mode), "no file")


def refuse_special(roots: Iterable[Path]) -> None:
    """Raise RewriteError if there is anything but files, folders and links."""
    for root in roots:
        for name, kind in everything(root):
            if kind == SPECIAL:
                path = root if root.name == name and not root.is_dir() else root / name
                raise RewriteError(
                    f"{path} is {special_kind(path)}: only files, folders and links are rewritten",
                    hint="remove it or name other folders",
                )


def add_subjects(parser: argparse.ArgumentParser) -> None:
    """Declare how hashes are named."""
    parser.add_argument("--hash", action="append", default=[], metavar="HASH|PATH", help="a hash or a store path")
    parser.add_argument("--output", action="append", default=[], metavar="NAME=PATH", help="an output and its path")
    parser.add_argument("--tokens", action="store_true", help="look for the tokens of --output, not for its hashes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="folders or files")


def engine_of(args: argparse.Namespace) -> Engine:
    """The engine for what `add_subjects` declares. Raises RewriteError."""
    pairs: dict[str, str] = {}
    names: dict[str, str] = {}
    outputs = read_outputs(args.output) if args.output else {}
    for name, pair in tokens(outputs).items():
        value, rest = split_path(outputs[name])
        value = pair[0] if args.tokens else value
        pairs[value], names[value] = value, rest
    for text in args.hash:
        value, rest = split_path(text)
        pairs[value], names[value] = value, rest
    if not pairs:
        raise RewriteError("nothing to look for", hint="name a hash or store path with --hash, or --output NAME=PATH")
    return Engine(pairs, names, symbols=True)


def read_outputs(entries: Iterable[str]) -> Mapping[str, str]:
    """The outputs that `--output` names. Raises RewriteError."""
    outputs = read_pairs(entries, "--output")
    for name, path in outputs.items():
        if not path.startswith(STORE) or not split_path(path)[1]:
            raise RewriteError(
                f"--output {name}={path}: not a store path", hint="it looks like /nix/store/<32 characters>-<name>"
            )
    return outputs
