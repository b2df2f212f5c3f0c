"""Which crates a crate is made from, however far away: noted at each call of rustc, for those that use what it makes.

rustc finds the crates behind its `--extern` ones by itself, in the folders of `-L dependency`; nothing on the command
line says which. All workers of a server share the notes: a file for each crate, named by a digest of its path.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from splitphase.intercept.rustwords import Said

_SUFFIXES = (".rmeta", ".rlib", ".so", ".a")


@dataclass(frozen=True, slots=True)
class Crate:
    """A crate that a call makes."""

    stem: str
    """Absolute path of its files, less their suffixes."""
    suffixes: tuple[str, ...]
    uses: tuple[str, ...]
    """Stems of all crates that it is made from."""
    macro: bool
    """Whether it has procedural macros."""

    def files(self, *, links: bool) -> list[str]:
        """The files of it that a compile may read, or one that links."""
        if not links and ".rmeta" in self.suffixes:
            return [f"{self.stem}.rmeta"]
        return [self.stem + suffix for suffix in self.suffixes if suffix != ".rmeta" or len(self.suffixes) == 1]


class Crates:
    """The crates of one build."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._known: dict[str, tuple[tuple[int, int], Crate]] = {}

    def note(self, said: Said, directory: str) -> tuple[Crate, ...] | None:
        """Note the crate that a call makes; returns those that it is made from, or None where one is not known."""
        found: dict[str, Crate] = {}
        for path in said.externs:
            crate = self._find(_stem(os.path.join(directory, path)))
            if crate is None:
                return None
            found[crate.stem] = crate
            for stem in crate.uses:
                used = self._find(stem)
                if used is None:
                    return None
                found[stem] = used
        if suffixes := said.suffixes():
            stem = os.path.normpath(os.path.join(directory, said.stem))
            self._write(Crate(stem, suffixes, tuple(sorted(found)), "proc-macro" in said.types))
        return tuple(found[stem] for stem in sorted(found))

    def _find(self, stem: str) -> Crate | None:
        path = self._path(stem)
        try:
            status = path.stat()
            state = status.st_ino, status.st_mtime_ns
            known = self._known.get(stem)
            if known is None or known[0] != state:
                raw = json.loads(path.read_text())
                raw |= {"suffixes": tuple(raw["suffixes"]), "uses": tuple(raw["uses"])}
                known = self._known[stem] = state, Crate(**raw)
        except OSError:
            return None
        return known[1]

    def _write(self, crate: Crate) -> None:
        path = self._path(crate.stem)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(asdict(crate)))
        beside.rename(path)

    def _path(self, stem: str) -> Path:
        return self._scratch / f"crate-{hashlib.sha256(os.fsencode(stem)).hexdigest()}"


def _stem(path: str) -> str:
    root, suffix = os.path.splitext(os.path.normpath(path))
    return root if suffix in _SUFFIXES else os.path.normpath(path)
