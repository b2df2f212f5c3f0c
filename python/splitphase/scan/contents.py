"""Digests of files, remembered for as long as the files provably stay the same."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable

from .signatures import ABSENT, RACY, Fixed, signature_of, signatures, split

_UNSURE = b""
"""Kept in the place of a signature that may stay the same over the next change."""


class Contents:
    """SHA-256 of regular files. Threads may share one.

    Linux changes a file's ctime with every change of its content or its times, so a signature with an older ctime
    proves that the content is what it was. (Exception: a page that stays mapped writable and was dirty before.)
    """

    def __init__(self, fixed: Fixed | None = None) -> None:
        self._fixed = fixed or Fixed()
        self._known: dict[str, tuple[bytes, bytes]] = {}
        self._forever: dict[str, bytes] = {}

    def digest(self, path: str) -> bytes | None:
        """The digest of one file (links are followed); None where there is no regular file that can be read."""
        return self.digests((path,)).get(path)

    def digests(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The digests of many absolute paths; those that are no regular files are left out."""
        paths = list(paths)
        forever = self._forever
        found = {path: forever[path] for path in paths if path in forever} if forever else {}
        asked = [path for path in paths if path not in found] if found else paths
        known = self._known
        for path, signature in zip(asked, split(signatures(asked)), strict=True):
            kept = known.get(path)
            if kept is not None and kept[0] == signature:
                found[path] = kept[1]
            elif signature != ABSENT:
                digest = self.load(path)[0]
                if digest is not None:
                    found[path] = digest
        return found

    def signatures(self, paths: Iterable[str]) -> bytes:
        """One text that stays the same while the files do: equal before and after a compile means equal inputs.

        A change within the clock tick of an earlier one does not show; compare the digests as well.
        """
        return signatures(list(paths))

    def load(self, path: str) -> tuple[bytes | None, bytes]:
        """Read a file now: its digest, remembered, and its content; (None, b"") where `digest` gives None."""
        now = time.time_ns()
        try:
            # A pipe must not block, and a device is not ours to read.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb", buffering=0) as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return None, b""
                data = file.read()
                # Not every file of /proc that says it is a regular one can be read (kmsg).
                if data is None:
                    return None, b""
        except (OSError, ValueError):
            self._known.pop(path, None)
            return None, b""
        digest = hashlib.sha256(data).digest()
        sure = status.st_ctime_ns < now - RACY
        self._known[path] = (signature_of(status) if sure else _UNSURE, digest)
        if self._fixed.covers(path) and self._fixed.covers(os.path.realpath(path)):
            self._forever[path] = digest
        return digest, data
