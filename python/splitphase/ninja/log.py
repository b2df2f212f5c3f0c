"""`.ninja_log`: what Ninja remembers of the commands that it ran.

Source: ninja's src/build_log.cc. The first line is `# ninja log v<version>`; each further line is an entry, appended as
commands end: start and end in ms since the start of that run, time in ns, output, hash of the command in hexadecimal,
with a tab between them. Versions 5, 6 and 7 look alike: v6 (Ninja 1.12) made the time the start of the command, instead
of the newest output's, except for restat and generator edges; v7 (1.13) changed the hash (see `hashes`). Ninja throws
away a log of another version than its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from splitphase.errors import BuildGraphError

SUPPORTED_VERSIONS = (5, 6, 7)

_VERSION_OF_NINJA = {(1, 9): 5, (1, 10): 5, (1, 11): 5, (1, 12): 6, (1, 13): 7}
_HEADER = re.compile(r"# ninja log v(-?\d+)")
_DECIMAL = re.compile(r"[ \t\v\f\r]*([+-]?\d+)")
_HEXADECIMAL = re.compile(r"[ \t\v\f\r]*(?:0[xX])?([0-9a-fA-F]+)")
_MOST = (1 << 64) - 1
_START_OVER = "delete the file and build once with the Ninja in use: it writes a new one"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One output of one command."""

    start_ms: int
    """Since the start of the run of Ninja."""
    end_ms: int
    mtime_ns: int
    """Since the epoch. The output is stale if one of the inputs is newer than this."""
    output: str
    """Canonical path, as in the graph."""
    command_hash: int


@dataclass(frozen=True, slots=True)
class Log:
    """A whole log, each output once."""

    version: int
    entries: tuple[LogEntry, ...]


def log_version(ninja_version: str) -> int:
    """Version of the log that a Ninja reads and writes, from what its `--version` prints.

    Raises BuildGraphError below 1.9, whose logs have other times, and above 1.13: every change of what the entries mean
    came with a new version so far, and a log that Ninja throws away, or worse, believes, must not be written by guess.
    """
    match = re.match(r"\s*(\d+)\.(\d+)", ninja_version)
    number = (int(match[1]), int(match[2])) if match else None
    version = _VERSION_OF_NINJA.get(number) if number else None
    if version is None:
        raise BuildGraphError(
            f"the log format of Ninja '{ninja_version.strip()}' is not known",
            hint="use a Ninja from 1.9 to 1.13, or build the package without splitting it",
        )
    return version


def read_log(path: str) -> Log:
    """Read a log as Ninja does: the last entry for an output wins, a line that is no entry is dropped.

    Raises BuildGraphError where there is no file or it is of another version.
    """
    try:
        with open(path, "rb") as stream:
            lines = stream.read().decode("utf-8", "surrogateescape").split("\n")
    except OSError as error:
        raise BuildGraphError(
            f"cannot read {path}: {error.strerror}",
            hint="build the package with Ninja first, or name its build directory",
        ) from error
    header = _HEADER.match(lines[0])
    version = int(header[1]) if header else 0
    if version not in SUPPORTED_VERSIONS:
        found = f"version {version}" if header else "no log of Ninja"
        raise BuildGraphError(f"{path} is {found}; versions 5, 6 and 7 can be read", hint=_START_OVER)
    entries: dict[str, LogEntry] = {}
    # What follows the last newline is a line that was never finished.
    for line in lines[1:-1]:
        fields = line.split("\t", 4)
        if len(fields) == 5:
            start, end, mtime, output, command = fields
            entries[output] = LogEntry(_decimal(start), _decimal(end), _decimal(mtime), output, _hexadecimal(command))
    return Log(version, tuple(entries.values()))


def write_log(path: str, log: Log) -> None:
    """Replace the log in one step. Raises BuildGraphError for what a log cannot hold, or Ninja would throw away."""
    if log.version not in SUPPORTED_VERSIONS:
        raise BuildGraphError(
            f"{path}: ninja log version {log.version} cannot be written",
            hint="versions 5, 6 and 7 can: see log_version",
        )
    text = "".join((f"# ninja log v{log.version}\n", *_lines(path, log.entries)))
    temporary = f"{path}.splitphase"
    with open(temporary, "wb") as stream:
        stream.write(text.encode("utf-8", "surrogateescape"))
    os.replace(temporary, path)


def _lines(path: str, entries: Iterable[LogEntry]) -> Iterable[str]:
    for entry in entries:
        if not entry.output or not {"\t", "\n", "\0"}.isdisjoint(entry.output):
            raise BuildGraphError(
                f"{path}: the output {entry.output!r} cannot stand in a log",
                hint="rename the output: Ninja itself would rebuild it each time",
            )
        yield f"{entry.start_ms}\t{entry.end_ms}\t{entry.mtime_ns}\t{entry.output}\t{entry.command_hash:x}\n"


def _decimal(text: str) -> int:
    """As C's atoi: what does not begin with a number is 0."""
    match = _DECIMAL.match(text)
    return int(match[1]) if match else 0


def _hexadecimal(text: str) -> int:
    """As C's strtoull: no number is 0, too large a number the largest."""
    match = _HEXADECIMAL.match(text)
    return min(int(match[1], 16), _MOST) if match else 0
