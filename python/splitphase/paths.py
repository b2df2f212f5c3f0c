"""Paths of a build: spelled by tools relative to their folder, known to splitphase relative to `$NIX_BUILD_TOP`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

STORE_PATH = re.compile(r"/nix/store/[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+\-._?=]+")
"""A store path with a real hash; a token never matches, because it holds letters that Nix's base 32 leaves out."""

UNCHANGING = ("/nix/store/", "/usr/", "/lib/", "/lib64/")
"""Where a path says all about a file, as far as a build is concerned: the store, what a sandbox shows of the host."""
_MAX_HOPS = 40
"""Symlinks that Linux follows on one path."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The build tree: everything below `$NIX_BUILD_TOP`."""

    top: str
    """Absolute, normalised."""

    def absolute(self, path: str, directory: str) -> str:
        """Normalise a path that a step in `directory` spells."""
        return os.path.normpath(os.path.join(directory, path))

    def places(self, path: str) -> Iterator[str]:
        """What must exist for `path` to be read: the symlinks on its way, and where it is in fact."""
        at, pending, hops = "/", path.split("/")[::-1], 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            here = os.path.normpath(os.path.join(at, part))
            if part != ".." and os.path.islink(here) and hops < _MAX_HOPS:
                yield here
                hops += 1
                target = os.readlink(here)
                at = "/" if target.startswith("/") else at
                pending.extend(reversed(target.split("/")))
            else:
                at = here
        yield at

    def holds(self, path: str) -> bool:
        """Whether an absolute path lies in the tree."""
        return path == self.top or path.startswith(self.top + "/")

    def relative(self, path: str) -> str:
        """The path below the top; only for paths that the tree holds."""
        return os.path.relpath(path, self.top)


def store_paths(text: str) -> set[str]:
    """All store paths (the top ones, `/nix/store/<hash>-<name>`) that a text names."""
    return set(STORE_PATH.findall(text))


def existing_store_paths(text: str, exists: Callable[[str], bool] = os.path.lexists) -> set[str]:
    """Those of them that are there: what is no input of a build can only be a text in it.

    A name may hold `=`, `.` and `?`, so what stands behind it (`-fmacro-prefix-map=OLD=NEW`) may seem to be part of it.
    """
    found = set()
    for path in store_paths(text):
        shortest = path.index("-") + 2
        real = next((path[:end] for end in range(len(path), shortest - 1, -1) if exists(path[:end])), None)
        found |= {real} if real else set()
    return found
