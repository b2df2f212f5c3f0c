"""Archives of files: tar through zstd, with nanosecond times, modes and links."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from splitphase.errors import ManifestError


def pack(folder: Path, names: Iterable[str], target: Path) -> None:
    """Archive these names below a folder into `target`. Raises ManifestError."""
    Pipe(
        [
            "tar", "--create", "--format=posix", "--pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f",
            "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "--sparse", f"--directory={folder}", *names,
        ],
        ["zstd", "-q", "-1", "-T0", "-o", str(target)],
        target,
    ).finish()  # fmt: skip


def unpack(archive: Path, folder: Path) -> Pipe:
    """Begin to unpack into a folder."""
    return Pipe(
        ["zstd", "-q", "-d", "-c", str(archive)],
        ["tar", "--extract", "--preserve-permissions", "--no-same-owner", "--delay-directory-restore",
         f"--directory={folder}"],
        archive,
    )  # fmt: skip


class Pipe:
    """Two programs that run, `first | second`, for an archive."""

    def __init__(self, first: list[str], second: list[str], archive: Path) -> None:
        self._archive = archive
        self._first = subprocess.Popen(first, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._second = subprocess.Popen(second, stdin=self._first.stdout, stderr=subprocess.PIPE)
        if self._first.stdout:
            self._first.stdout.close()

    def finish(self) -> None:
        """Wait for both. Raises ManifestError where one fails."""
        errors = self._second.communicate()[1] + self._first.communicate()[1]
        if self._first.returncode or self._second.returncode:
            raise ManifestError(
                f"{self._archive} cannot be packed or unpacked: {errors.decode(errors='replace').strip()}",
                hint="it is damaged: build it again",
            )

    def stop(self) -> None:
        """End both, whatever they are doing."""
        for process in (self._first, self._second):
            if process.returncode is None:
                process.kill()
                process.communicate()
