"""Archives of files: tar through zstd, with nanosecond times, modes and links."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from splitphase.errors import ManifestError


def pack(folder: Path, names: Iterable[str], target: Path) -> None:
    """Archive these names below a folder into `target`."""
    _pipe(
        [
            "tar", "--create", "--format=posix", "--pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f",
            "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "--sparse", f"--directory={folder}", *names,
        ],
        ["zstd", "-q", "-1", "-T0", "-o", str(target)],
        target,
    )  # fmt: skip


def unpack(archive: Path, folder: Path, names: Path | None = None) -> None:
    """Unpack into a folder; `names` is a file with the names to take, each ended by a NUL."""
    chosen = ["--null", "--verbatim-files-from", f"--files-from={names}"] if names else []
    _pipe(
        ["zstd", "-q", "-d", "-c", str(archive)],
        ["tar", "--extract", "--preserve-permissions", "--no-same-owner", "--delay-directory-restore",
         f"--directory={folder}", *chosen],
        archive,
    )  # fmt: skip


def _pipe(first: list[str], second: list[str], archive: Path) -> None:
    """Run `first | second`; both must succeed."""
    with subprocess.Popen(first, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as producer:
        consumer = subprocess.run(second, stdin=producer.stdout, stderr=subprocess.PIPE, check=False)
        if producer.stdout:
            producer.stdout.close()
        errors = consumer.stderr + (producer.stderr.read() if producer.stderr else b"")
    if producer.returncode or consumer.returncode:
        raise ManifestError(
            f"{archive} cannot be packed or unpacked: {errors.decode(errors='replace').strip()}",
            hint="it is damaged: build it again",
        )
