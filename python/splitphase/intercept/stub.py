r"""Stubs: what record leaves where an object, a program or a shared library would be, and how one is read back.

Each kind is a real file of its kind, made once by the package's own compiler (a *template*), in which one ELF note of
a fixed size is reserved. A stub is a copy of the template with its call's id written into the note, in place. So no
length and no offset changes, and the file stays as valid as the compiler and the linker made it: `ar`, `ranlib`, `nm`,
`strip`, `objcopy`, `ld -r` and the like work on it. The note lies in an allocated section, which `strip` keeps, and
`ld -r` joins the notes of all its inputs in order.

An object stub has no section with content except the note and defines no symbol. A build that makes a list of exports
from `nm` of its objects gets an empty list while calls are recorded, which makes a wrong prediction of what comes
behind it and nothing worse; one that refuses an empty list fails there.

A program stub is a copy of the shim, which reserves the same note for itself. Its C source holds

    __asm__(".pushsection .note.splitphase,\"a\",%note\n"
            ".balign 4\n"
            ".4byte 11, 128, 0x53504c54\n"
            ".asciz \"splitphase\"\n"
            ".balign 4\n"
            "splitphase_call: .skip 128\n"
            ".popsection");
    extern const char splitphase_call[128] __attribute__((visibility("hidden")));

and then `splitphase_call` is its call's id as a C string, in memory like any constant, and empty in the shim itself.
(No C object with an initial value: the compiler would take that value as known.) It is not linked with --gc-sections.

Format: System V ABI, "Note Section": sizes of name and descriptor, type, name, descriptor, each in four-byte words.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from splitphase import elf
from splitphase.errors import StubError
from splitphase.hashes.archives import AR, THIN, ar_members
from splitphase.hashes.archives import Member as Place
from splitphase.hashes.sources import Memory, Opened, Source, Window, blocks

ID_SIZE = 128
"""Bytes that are reserved for a call's id; the rest of them is NUL."""
NOTE_TYPE = 0x53504C54
NOTE_SOURCE = f"""\
	.file "stub"
	.section .note.splitphase,"a",%note
	.balign 4
	.4byte 11, {ID_SIZE}, {NOTE_TYPE:#x}
	.asciz "splitphase"
	.balign 4
	.skip {ID_SIZE}
	.section .note.GNU-stack,"",%progbits
"""
"""Assembler source of an object's template. Assembler, since every compiler driver takes it and passes it the target's
flags. It names a file so that `nm` does not say "no symbols"; the last section keeps linkers from assuming that the
object needs an executable stack."""
SONAME = b"splitphase-soname-".ljust(255, b"x")
"""The soname of a library's template: room for any name that a file can have."""
_HEADS = {
    order: b"".join(value.to_bytes(4, order) for value in (11, ID_SIZE, NOTE_TYPE)) + b"splitphase\0\0"
    for order in ("little", "big")
}
_ID = re.compile(r"[!-~]{1,128}", re.ASCII)
_IN_MEMORY = 32 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive.

    `calls` are those that it names: none where it is real, several where `ld -r` made it or it is an archive itself.
    `digest` is SHA-256 of its content in hex; of its members where it is an archive, so that times in headers do not
    count; empty where a thin archive names a file that is not there.
    """

    name: str
    calls: tuple[str, ...]
    digest: str


def object_template(compiler: Sequence[str]) -> bytes:
    """The object that stubs are copies of. `compiler` is the driver with the flags that choose the target.

    Raises StubError where it cannot make an ELF object of assembler source.
    """
    with tempfile.TemporaryDirectory(prefix="splitphase-stub-") as folder:
        Path(folder, "stub.s").write_text(NOTE_SOURCE)
        return _made([*compiler, "-c", "stub.s", "-o", "stub.o"], folder, "stub.o")


def library_template(compiler: Sequence[str], template: bytes, *, soname: bool) -> bytes:
    """The shared library that stubs are copies of, linked from an object's template; with room for a soname or without.

    Raises StubError where the linker fails.
    """
    with tempfile.TemporaryDirectory(prefix="splitphase-stub-") as folder:
        Path(folder, "stub.o").write_bytes(template)
        named = [f"-Wl,-soname,{SONAME.decode()}"] if soname else []
        return _made([*compiler, "-shared", "-nostdlib", *named, "stub.o", "-o", "stub.so"], folder, "stub.so")


def object_stub(template: bytes, call: str) -> bytes:
    """An object that names its call. Raises StubError where the id or the template is not fit for it."""
    return _filled(template, call)


def program_stub(shim: bytes, call: str) -> bytes:
    """A program that names its call and, when it is run, knows it. Raises StubError as `object_stub` does."""
    return _filled(shim, call)


def library_stub(template: bytes, call: str, soname: str | None = None) -> bytes:
    """A shared library that names its call. Raises StubError where the soname is too long or there is no room for one.

    `soname` must be None where, and only where, the template was made without one.
    """
    stub = _filled(template, call)
    name = os.fsencode(soname or "")
    if (soname is None) != (SONAME not in template) or len(name) > len(SONAME):
        raise StubError(
            f"a stub of a shared library cannot have the soname {soname!r}",
            hint="it has at most 255 bytes, and the template is made with a soname where the library has one",
        )
    return stub if soname is None else stub.replace(SONAME, name.ljust(len(SONAME), b"\0"))


def calls_in(path: str | Path) -> tuple[str, ...] | None:
    """The calls that a file names, in order: an object, the result of `ld -r`, an archive, a program, a library.

    None where it names none, so also where it is not there or cannot be read.
    """
    try:
        with _Reader() as reader:
            return _calls(reader, os.fspath(path), reader.open(os.fspath(path))) or None
    except OSError:
        return None


def members(path: str | Path) -> tuple[Member, ...] | None:
    """The members of an archive, in order, without its tables; None where the file is no archive. Raises OSError."""
    with _Reader() as reader:
        source = reader.open(os.fspath(path))
        return tuple(_members(reader, os.fspath(path), source)) if _is_archive(source) else None


class _Reader:
    """Opens files; small ones are read at once. The descriptors of the others stay open until it is left."""

    def __init__(self) -> None:
        self._open: list[int] = []
        self._archives: dict[str, Source] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    def open(self, path: str) -> Source:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        source = Opened(descriptor, os.fstat(descriptor).st_size)
        if source.size > _IN_MEMORY:
            self._open.append(descriptor)
            return source
        try:
            return Memory(source.read(0, source.size))
        finally:
            os.close(descriptor)

    def archive(self, path: str) -> Source:
        """An archive that many members of another one name."""
        if path not in self._archives:
            self._archives[path] = self.open(path)
        return self._archives[path]


def _is_archive(source: Source) -> bool:
    return source.read(0, 8) in (AR, THIN)


def _calls(reader: _Reader, path: str, source: Source) -> tuple[str, ...]:
    if not _is_archive(source):
        return tuple(_noted(source))
    return tuple(
        call
        for _, where, content in _contents(reader, path, source)
        if content is not None
        for call in _calls(reader, where, content)
    )


def _members(reader: _Reader, path: str, source: Source) -> Iterator[Member]:
    for name, where, content in _contents(reader, path, source):
        if content is None:
            yield Member(name, (), "")
            continue
        digest = hashlib.sha256()
        if _is_archive(content):
            nested = tuple(_members(reader, where, content))
            for member in nested:
                digest.update(f"{member.digest} {member.name}\0".encode(errors="surrogateescape"))
            yield Member(name, tuple(call for member in nested for call in member.calls), digest.hexdigest())
            continue
        for block in blocks(content):
            digest.update(block)
        yield Member(name, tuple(_noted(content)), digest.hexdigest())


def _contents(reader: _Reader, path: str, source: Source) -> Iterator[tuple[str, str, Source | None]]:
    """For each member its name, the file that holds it, and its content, if that is there."""
    thin = source.read(0, 8) == THIN
    for place in ar_members(source):
        raw, inside = place.raw, _inside(source, place)
        if thin:
            # Names in a thin archive are relative to the archive's folder (binutils' documentation of `ar`, "thin").
            where = os.path.join(os.path.dirname(path), os.fsdecode(raw))
            yield os.fsdecode(raw), where, _outside(reader, where, place.origin)
            continue
        if raw.startswith(b"#1/") and raw[3:].isdigit():
            # BSD (ar(5)): the name stands before the content and counts as part of it.
            length = int(raw[3:])
            raw = inside.read(0, length).rstrip(b"\0")
            inside = Window(inside, length, max(0, inside.size - length))
            if raw.startswith(b"__.SYMDEF"):
                continue
        yield os.fsdecode(raw), path, inside


def _inside(source: Source, place: Place) -> Source:
    if isinstance(source, Memory):
        return Memory(source.read(place.start, place.size))
    return Window(source, place.start, place.size)


def _outside(reader: _Reader, path: str, origin: int) -> Source | None:
    """A file that a thin archive names; with an origin, the member of that archive whose header stands there."""
    try:
        if not origin:
            return reader.open(path)
        rest = reader.archive(path)
    except OSError:
        return None
    # An archive's first header stands behind eight bytes.
    rest = Window(rest, origin - 8, rest.size - origin + 8)
    return next((Memory(rest.read(place.start, place.size)) for place in ar_members(rest)), None)


def _noted(source: Source) -> Iterator[str]:
    """The calls that an ELF file's notes name. An empty id is a template's, or the shim's own."""
    image = elf.Image(source)
    if image.layout is None:
        return
    head = _HEADS["little" if image.order == "<" else "big"]
    for notes in image.notes():
        # Linkers join sections of notes that are aligned in different ways, so these are looked for, not counted off.
        place = notes.find(head)
        while place >= 0:
            start = place + len(head)
            call = notes[start : start + ID_SIZE].split(b"\0", 1)[0].decode("ascii", errors="replace")
            if call:
                yield call
            place = notes.find(head, start)


def _filled(template: bytes, call: str) -> bytes:
    if not _ID.fullmatch(call):
        raise StubError(
            f"a call cannot have the id {call!r}", hint=f"an id is 1 to {ID_SIZE} printable ASCII characters"
        )
    start = _room(template)
    return template[:start] + call.encode().ljust(ID_SIZE, b"\0") + template[start + ID_SIZE :]


@lru_cache(maxsize=64)
def _room(template: bytes) -> int:
    """Where a template reserves its id."""
    found = [
        match.end() - ID_SIZE
        for head in _HEADS.values()
        for match in re.finditer(re.escape(head) + b"\0{%d}" % ID_SIZE, template)
    ]
    if len(found) != 1:
        raise StubError(
            f"a template of {len(template)} bytes reserves {len(found)} notes for the id of a call, not one",
            hint="it must be an ELF file with the note that splitphase.intercept.stub describes",
        )
    return found[0]


def _made(command: Sequence[str], folder: str, name: str) -> bytes:
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        made = Path(folder, name).read_bytes() if done.returncode == 0 else b""
    except OSError as problem:
        raise StubError(f"{command[0]} cannot be run: {problem}") from problem
    if not made.startswith(elf.MAGIC):
        messages = done.stderr.decode(errors="replace").strip()
        raise StubError(
            f"no stub can be made with `{' '.join(command)}`: {messages or 'the result is no ELF file'}",
            hint="stubs need a compiler for an ELF target; other calls are left to the compiler",
        )
    return made
