"""Compressed debug sections: rewrite what stands inside them; the file keeps its length.

nixpkgs' `separateDebugInfo` has the assembler and the linker compress debug sections, which then hide the random seed
(10 characters of an output's hash) in DW_AT_producer. A rewritten section is compressed again into the same place; if
it is smaller now, its header says so and zeros follow it (inside the section readelf takes them for a damaged stream).

Formats: gABI "Compression Header" (SHF_COMPRESSED, ELFCOMPRESS_ZLIB), System V `ar`. Read are 64-bit ELF files.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from splitphase import elf
from splitphase.errors import RewriteError
from splitphase.rewrite import Rewriter

_ARCHIVE = b"!<arch>\n"
_MEMBER_HEADER = 60
_SECTION_HEADER = 64
_COMPRESSED = 0x800
_ZLIB = 1
_CHDR = 24


def restore(path: Path, rewriter: Rewriter) -> None:
    """Rewrite the compressed sections of an ELF file or of an archive's members, in place; times and mode stay.

    Raises RewriteError where a rewritten section, compressed again, is longer than it was.
    """
    status = path.lstat()
    if not os.path.isfile(path) or path.is_symlink():
        return
    with path.open("rb") as stream:
        if not stream.read(8).startswith((b"\x7fELF\x02", _ARCHIVE)):
            return
        stream.seek(0)
        original = stream.read()
    buffer = bytearray(original)
    for start, end in _members(original):
        for header, offset, size in _compressed_sections(original[start:end]):
            left = _rewrite(buffer, start + offset, size, rewriter, path)
            if left:
                order = "<" if original[start + 5] == 1 else ">"
                struct.pack_into(order + "Q", buffer, start + header + 32, _CHDR + size - left)
    if buffer == original:
        return
    elf.refresh(buffer, original)
    path.write_bytes(buffer)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _members(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each object."""
    if not data.startswith(_ARCHIVE):
        yield 0, len(data)
        return
    position = len(_ARCHIVE)
    while position + _MEMBER_HEADER <= len(data):
        size = int(data[position + 48 : position + 58])
        position += _MEMBER_HEADER
        yield position, position + size
        position += size + size % 2


def _compressed_sections(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Header, offset and size of each zlib stream that is a section of a 64-bit ELF file."""
    if len(data) < _SECTION_HEADER or not data.startswith(b"\x7fELF\x02"):
        return
    order = "<" if data[5] == 1 else ">"
    (table,) = struct.unpack_from(order + "Q", data, 40)
    entry, number = struct.unpack_from(order + "HH", data, 58)
    if not table or entry != _SECTION_HEADER or table + entry * number > len(data):
        return
    for index in range(number):
        flags, _, offset, size = struct.unpack_from(order + "QQQQ", data, table + index * entry + 8)
        if flags & _COMPRESSED and offset + size <= len(data) and size > _CHDR:
            (kind,) = struct.unpack_from(order + "I", data, offset)
            if kind == _ZLIB:
                yield table + index * entry, offset + _CHDR, size - _CHDR


def _rewrite(buffer: bytearray, offset: int, size: int, rewriter: Rewriter, path: Path) -> int:
    """Rewrite one stream; return how many bytes of its place are not used any more."""
    try:
        content = zlib.decompressobj().decompress(bytes(buffer[offset : offset + size]))
    except zlib.error:
        return 0
    changed = rewriter.plain(content)
    if changed == content:
        return 0
    for level, memory in ((6, 8), (9, 8), (9, 9)):
        packer = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, memory)
        packed = packer.compress(changed) + packer.flush()
        if len(packed) <= size:
            buffer[offset : offset + size] = packed.ljust(size, b"\0")
            return size - len(packed)
    raise RewriteError(f"{path}: with the hash of this output, a compressed debug section does not fit into its place")
