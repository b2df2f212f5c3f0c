"""Equal-length rewriting of output hashes: escape (hash to token) and restore (token to hash).

What is found and how it is replaced is `splitphase.hashes`' business; here it is applied to files, links and folders.
Whatever is rewritten is examined again before it is written: nothing of the old hash may be left, and of a token
nothing may be written that restoring would not find.
"""

from __future__ import annotations

import logging
import mmap
import os
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from splitphase.errors import RewriteError, UnsafePathError
from splitphase.hashes.encoded import BROKEN, encoded_forms
from splitphase.hashes.files import link_beside, unlocked, write_beside, write_in_place
from splitphase.hashes.findings import DIRECTORY, REMEDY, Outcome
from splitphase.hashes.forms import forms_of, split_path, subjects
from splitphase.hashes.scanner import FAILED, HIT, MAGIC, Scanner
from splitphase.hashes.sources import Memory, Opened, Patched, Source, same
from splitphase.hashes.trees import entries, kind_of, sifted
from splitphase.tokens import tokens

if TYPE_CHECKING:
    from splitphase.hashes.examine import Engine

__all__ = ["Rewriter", "inside", "move", "unlocked", "walk"]

log = logging.getLogger(__name__)
_AMBIGUOUS = "what is written for the hash could not be told from what stands beside it"


class Rewriter:
    """Replaces the hashes of store paths by others of the same length, wherever and in whatever form they stand.

    `names` gives the name behind each old hash: chunks that hold little of the hash and much of the name are found only
    with it. `keep` has paths or patterns, relative to a tree's root, that are left alone. `atomic` is for trees that
    others may be using: each file is the old one or the new one at any time.
    """

    def __init__(
        self,
        pairs: Mapping[str, str],
        names: Mapping[str, str] | None = None,
        *,
        keep: Collection[str] = (),
        atomic: bool = False,
    ) -> None:
        subjects(pairs)
        self.pairs = dict(pairs)
        self._arguments = {old: new for old, new in pairs.items() if old != new}, names
        known = subjects(*self._arguments)
        self.strong = Scanner((*forms_of(known), *encoded_forms(known)))
        self._keep = tuple(keep)
        self._atomic = atomic
        self._moved: dict[tuple[int, int], Path] = {}

    @classmethod
    def escaping(
        cls, outputs: Mapping[str, str | Path], *, keep: Collection[str] = (), atomic: bool = False
    ) -> Rewriter:
        """From the hashes of these outputs' paths to their tokens."""
        pairs, names = _of_outputs(outputs)
        return cls({old: new for new, old in pairs.items()}, names, keep=keep, atomic=atomic)

    @classmethod
    def restoring(
        cls, outputs: Mapping[str, str | Path], *, keep: Collection[str] = (), atomic: bool = False
    ) -> Rewriter:
        """From the tokens of these outputs to the hashes of their paths."""
        pairs, names = _of_outputs(outputs)
        return cls(pairs, {token: names[old] for token, old in pairs.items()}, keep=keep, atomic=atomic)

    @cached_property
    def engine(self) -> Engine:
        """What examines a file in which something may stand: most have nothing, and a start of the helper is short."""
        from splitphase.hashes.examine import Engine  # noqa: PLC0415 - as said

        return Engine(*self._arguments)

    def text(self, value: str) -> str:
        """Rewrite a string."""
        data = value.encode(errors="surrogateescape")
        changed = self.plain(data)
        return value if changed == data else changed.decode(errors="surrogateescape")

    def found_in(self, data: bytes | mmap.mmap) -> bool:
        """Whether any of the old hashes stands in these bytes themselves."""
        data = bytes(data)
        return self.strong.meets(data) and bool(self.engine.pieces(Memory(data)))

    def plain(self, data: bytes) -> bytes:
        """Rewrite bytes as they are, whatever they are."""
        if not self.strong.meets(data):
            return data
        changed = _patched(self.engine, data)
        if self.engine.escapes and changed != data and _patched(self.engine.inverse, changed) != data:
            shown = data[:200].decode(errors="backslashreplace")
            raise RewriteError(f"{shown!r}: {_AMBIGUOUS}", hint=REMEDY)
        return changed

    def data(self, original: bytes) -> bytes:
        """Rewrite a file's contents, with all that depends on them. Raises RewriteError."""
        source = Memory(original)
        outcome = self._examined(source, "the data")
        result = outcome.result(source)
        return result.read(0, result.size) if outcome.changes else original

    def own_copies(self, root: Path) -> None:
        """Put a copy in the place of each absolute symlink below `root` to a file that holds an old hash."""
        links = [(path, os.readlink(path)) for path in walk(root) if path.is_symlink()]
        links = [(path, target) for path, target in links if target.startswith("/") and path.is_file()]
        flags = self.strong.sift([os.path.realpath(target) for _, target in links])
        for (path, target), flag in zip(links, flags, strict=True):
            if flag and self._holds(target, flag):
                path.unlink()
                shutil.copyfile(target, path)

    def _holds(self, path: str, flags: int) -> bool:
        with open(path, "rb") as stream:
            source = Opened(stream.fileno(), os.fstat(stream.fileno()).st_size)
            return bool(self.engine.examine(source, hidden_only=not flags & HIT).finds)

    def file(self, path: Path, flags: int = HIT | MAGIC) -> bool:
        """Rewrite a regular file: mode, times, holes and hard links stay. Return whether anything was found.

        `flags` is what sifting said of it. Raises RewriteError where a hash stands in it that cannot be replaced.
        """
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return False
        if self._atomic and (status.st_dev, status.st_ino) in self._moved:
            link_beside(path, self._moved[status.st_dev, status.st_ino])
            return True
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            outcome = self._examined(Opened(descriptor, status.st_size), str(path), hidden_only=not flags & HIT)
            if not outcome.changes:
                return False
            if self._atomic:
                write_beside(path, outcome, status)
            else:
                write_in_place(path, outcome, status)
        finally:
            os.close(descriptor)
        if self._atomic and status.st_nlink > 1:
            self._moved[status.st_dev, status.st_ino] = path
        for text in outcome.warnings:
            log.warning("%s: %s", path, text)
        self._proof(path)
        return True

    def _examined(self, source: Source, name: str, *, hidden_only: bool = False) -> Outcome:
        """Examine, and see that the result has nothing of the old left and can be turned back."""
        outcome = self.engine.examine(source, hidden_only=hidden_only)
        _refuse(name, outcome)
        for text in outcome.notes:
            log.info("%s: %s", name, text)
        if not outcome.changes:
            return outcome
        result = outcome.result(source)
        left = self.engine.examine(result)
        if left.finds:
            find = left.finds[0]
            raise RewriteError(f"{name}: after rewriting, offset {find.offset:#x} still has {find.label}", hint=REMEDY)
        if self.engine.escapes:
            back = self.engine.inverse.examine(result)
            exact = outcome.replacement is None and not any(find.inside for find in outcome.finds)
            if back.problems or _spots(back) != _spots(outcome) or (exact and not same(back.result(result), source)):
                raise RewriteError(f"{name}: {_AMBIGUOUS}", hint=REMEDY)
        return outcome

    def _proof(self, path: Path) -> None:
        """Read the written file once more."""
        (flags,) = self.strong.sift([str(path)])
        if flags & FAILED:
            raise RewriteError(f"{path}: what was written cannot be read again", hint="check the disk")
        if flags & HIT:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                left = self.engine.examine(Opened(descriptor, os.fstat(descriptor).st_size))
            finally:
                os.close(descriptor)
            if left.finds:
                raise RewriteError(f"{path}: what was written is not what was decided", hint="check the disk")

    def entry(self, path: Path, flags: int = HIT | MAGIC) -> Path | None:
        """Rewrite one file, symlink or folder name; return where it is now if anything was found."""
        found = False
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            found = self._link(path, status)
        elif stat.S_ISREG(status.st_mode) and flags:
            found = self.file(path, flags)
        name = self.text(path.name)
        if name != path.name:
            with unlocked(path.parent):
                path = path.rename(path.with_name(name))
            found = True
        return path if found else None

    def _link(self, path: Path, status: os.stat_result) -> bool:
        target = os.readlink(path)
        new = self.text(target)
        if new == target:
            return False
        with unlocked(path.parent):
            beside = path.with_name(f".splitphase-link-{os.getpid()}")
            beside.symlink_to(new)
            os.lchown(beside, status.st_uid, status.st_gid)
            os.replace(beside, path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
        return True

    def tree(self, root: Path, skip: Collection[str] = ()) -> list[str]:
        """Rewrite everything below `root`; return the changed paths, relative, sorted, as they are named now.

        `skip` are entries of `root` itself that are left out.
        """
        found = entries(str(root))
        if skip:
            found = [(name, kind) for name, kind in found if name.partition("/")[0] not in skip]
        return self._below(root, found)

    def paths(self, root: Path, relative: Iterable[str]) -> list[str]:
        """Rewrite these paths below `root`, deepest first; return the changed ones as they are named now."""
        names = list(relative)
        for name in names:
            inside(root, name)
        return self._below(root, [(name, kind_of(os.path.join(root, name))) for name in names])

    def _below(self, root: Path, found: list[tuple[str, str]]) -> list[str]:
        if self._keep:
            found = [(name, kind) for name, kind in found if not self._kept(name)]
        flags = sifted(self.strong, str(root), found)
        changed = []
        for name in sorted(flags, reverse=True):
            path = root / name
            if flags[name] & FAILED:
                raise RewriteError(f"{path} cannot be read", hint="what cannot be read cannot be searched")
            status = path.parent.lstat()
            now = self.entry(path, flags[name])
            if now is not None:
                # The folders above are renamed later.
                changed.append("/".join([*map(self.text, now.relative_to(root).parts[:-1]), now.name]))
                os.utime(path.parent, ns=(status.st_atime_ns, status.st_mtime_ns))
        return sorted(changed)

    def keeps(self, name: str) -> str:
        """The pattern for which a path, or a folder it lies in, is left alone; empty if none."""
        parts = name.split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        return next((pattern for pattern in self._keep if any(fnmatchcase(each, pattern) for each in above)), "")

    def _kept(self, name: str) -> bool:
        pattern = self.keeps(name)
        if pattern:
            log.warning("%s: left as it is (keep %s)", name, pattern)
        return bool(pattern)


def _spots(outcome: Outcome) -> list[tuple[int, str, tuple[str, ...]]]:
    """Where something was found and what, as far as it is the same after rewriting: no places in what moves."""
    return [
        (0 if DIRECTORY in find.inside or find.section else find.offset, find.label, find.inside)
        for find in outcome.finds
    ]


def _patched(engine: Engine, data: bytes) -> bytes:
    pieces = engine.pieces(Memory(data))
    problem = next((piece.problem for piece in pieces if piece.problem == BROKEN), "")
    if problem:
        raise RewriteError(f"{data[:200].decode(errors='backslashreplace')!r}: {problem}", hint=REMEDY)
    patches = [piece.patch for piece in pieces]
    return Patched(Memory(data), patches).read(0, len(data)) if patches else data


def _refuse(name: str, outcome: Outcome) -> None:
    if outcome.problems:
        more = f" (and {len(outcome.problems) - 1} more)" if len(outcome.problems) > 1 else ""
        raise RewriteError(f"{name}: {outcome.problems[0]}; it cannot be replaced there{more}", hint=REMEDY)


def _of_outputs(outputs: Mapping[str, str | Path]) -> tuple[dict[str, str], dict[str, str]]:
    """Token to hash, and hash to name."""
    pairs, names = {}, {}
    for output, pair in tokens(outputs).items():
        value, name = split_path(Path(outputs[output]).name)
        pairs[pair[0]], names[value] = value, name
    return pairs, names


def move(source: Path, target: Path) -> None:
    """Rename to another folder; a folder must be writable itself for that, and has its mode again afterwards."""
    mode = source.lstat().st_mode
    locked = stat.S_ISDIR(mode) and not mode & stat.S_IWUSR
    if locked:
        source.chmod(stat.S_IMODE(mode) | stat.S_IWUSR)
    try:
        os.replace(source, target)
    except OSError:
        if locked:
            source.chmod(stat.S_IMODE(mode))
        raise
    if locked:
        target.chmod(stat.S_IMODE(mode))


def walk(root: Path) -> Iterator[Path]:
    """Everything below `root`, sorted, folders before what they hold; links are not followed."""
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path))


def inside(root: Path, relative: str) -> Path:
    """Return `root/relative`, refusing a path that leaves the tree, by itself or through a symlinked folder."""
    parent, top = os.path.realpath(os.path.dirname(root / relative)), os.path.realpath(root)
    if relative.startswith("/") or ".." in relative.split("/") or not (parent + "/").startswith(top + "/"):
        raise UnsafePathError(
            f"path {relative!r} leaves {root}", hint="the snapshot or plan is damaged or not from splitphase"
        )
    return root / relative
