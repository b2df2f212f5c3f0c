"""Archives of files: tar through zstd, with nanosecond times, modes and links."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from splitphase.errors import ManifestError

_HINT = "it is damaged: build it again"


def pack(folder: Path, names: Iterable[str], target: Path, what: str = "", hint: str = _HINT) -> None:
    """Archive these names below a folder into `target`. Raises ManifestError, which says `what` and `hint`."""
    Pipe(
        [
            "tar", "--create", "--format=posix", "--pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f",
            "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "--sparse", f"--directory={folder}", *names,
        ],
        ["zstd", "-q", "-1", "-T0", "-o", str(target)],
        what or str(target), hint,
    ).finish()  # fmt: skip


def unpack(archive: Path, folder: Path, what: str = "", hint: str = _HINT) -> Pipe:
    """Begin to unpack into a folder; where that fails, `what` and `hint` are said."""
    return Pipe(
        ["zstd", "-q", "-d", "-c", str(archive)],
        ["tar", "--extract", "--preserve-permissions", "--no-same-owner", "--delay-directory-restore",
         f"--directory={folder}"],
        what or str(archive), hint,
    )  # fmt: skip


class Pipe:
    """Two programs that run, `first | second`, for an archive."""

    def __init__(self, first: list[str], second: list[str], what: str, hint: str) -> None:
        self._what = what
        self._hint = hint
        self._first = subprocess.Popen(first, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._second = subprocess.Popen(second, stdin=self._first.stdout, stderr=subprocess.PIPE)
        if self._first.stdout:
            self._first.stdout.close()

    def finish(self) -> None:
        """Wait for both. Raises ManifestError where one fails."""
        errors = self._second.communicate()[1] + self._first.communicate()[1]
        if self._first.returncode or self._second.returncode:
            raise ManifestError(
                f"{self._what} cannot be packed or unpacked: {errors.decode(errors='replace').strip()}", hint=self._hint
            )

    def stop(self) -> None:
        """End both, whatever they are doing."""
        for process in (self._first, self._second):
            if process.returncode is None:
                process.kill()
                process.communicate()
