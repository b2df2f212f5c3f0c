"""What the shim and the server say to each other; shim/shim.c describes the messages.

A message is a length of four bytes (host order) and that many bytes of NUL-terminated strings.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from splitphase.errors import SplitphaseError
from splitphase.intercept.call import Call

LENGTH = struct.Struct("=I")
LONGEST = 1 << 28
"""Bytes of a message; the kernel allows a command line and an environment of a few megabytes."""
RUN = b"run\0"
KEEP = b"keep\0"
OK = b"ok\0"


class How(Enum):
    """How the shim writes a file of a hit."""

    OBJECT = "object"
    """As binutils do it: a new file in the place of one that holds something."""
    REPLACED = "replaced"
    """As LLVM does it: a new file in the place of any."""
    PROGRAM = "program"
    """As OBJECT, executable."""
    TEXT = "text"
    """Written over, as a preprocessor writes its dependency file."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that the shim asks about."""

    call: Call
    terminal: bool
    """Whether its stderr is one."""


@dataclass(frozen=True, slots=True)
class Made:
    """A compiler that was to be kept has ended."""

    messages: bytes
    """What it printed on stderr."""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Stub:
    """A program was run that is only recorded."""

    call: str


@dataclass(frozen=True, slots=True)
class End:
    """The build is over."""


@dataclass(frozen=True, slots=True)
class Put:
    """A file of a hit."""

    how: How
    path: str
    """As the call spells it, relative to its working directory."""
    source: str
    """The file that holds the content."""


def framed(payload: bytes) -> bytes:
    """A message as it goes over the socket."""
    return LENGTH.pack(len(payload)) + payload


def hit(messages: str, files: Iterable[Put]) -> bytes:
    """The answer that puts a result in place; `messages` is a file with what is to be printed, or empty."""
    words = ["hit", messages]
    for file in files:
        words += [file.how.value, file.path, file.source]
    return b"".join(os.fsencode(word) + b"\0" for word in words)


def program(path: str) -> bytes:
    """The answer that runs a program in the place of its stub."""
    return b"exec\0" + os.fsencode(path) + b"\0"


def fail(reason: str) -> bytes:
    """The answer with which the call fails."""
    return b"fail\0" + os.fsencode(reason) + b"\0"


def decode(payload: bytes) -> Asked | Made | Stub | End:
    """Read what a shim says. Raises SplitphaseError where it is no message of ours."""
    kind, _, rest = payload.partition(b"\0")
    if kind == b"call":
        return _call(rest)
    if kind == b"made":
        status, _, messages = rest.partition(b"\0")
        return Made(messages[:-1], failed=status != b"0")
    if kind == b"stub":
        return Stub(os.fsdecode(rest.rstrip(b"\0")))
    if kind == b"end":
        return End()
    raise SplitphaseError(f"a message of an unknown kind: {kind[:20]!r}", hint="shim and helper must be of one version")


def _call(rest: bytes) -> Asked:
    words = [os.fsdecode(word) for word in rest.split(b"\0")]
    try:
        flags, directory, program, count = words[:4]
        end = 4 + int(count)
    except ValueError as error:
        raise SplitphaseError(f"a damaged message: {error}", hint="shim and helper must be of one version") from error
    environment = dict(word.split("=", 1) for word in words[end:-1] if "=" in word)
    return Asked(Call(program, tuple(words[4:end]), _named(directory, environment), environment), "t" in flags)


def _named(directory: str, environment: dict[str, str]) -> str:
    """The working directory as compilers spell it: by PWD, where that is the same one (GCC and Clang alike)."""
    spelled = environment.get("PWD", "")
    if spelled == directory or not spelled.startswith("/"):
        return directory
    try:
        return spelled if os.path.samefile(spelled, directory) else directory
    except OSError:
        return directory
