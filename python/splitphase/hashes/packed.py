"""Compressed files: read what is inside, and compress again so that the result is what the stock build would have.

Compressing is a function of the content and of parameters that are not all in the file. They are found by trying which
of them make the old file from the old content. Where none do, the nearest are used, and that is said.

Formats: RFC 1952 (gzip), the .xz file format 1.0.4, RFC 8878 (zstd), bzip2. Python has no module for zstd: its program
does it.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from splitphase.hashes.sources import BLOCK, Source, Spool, Window, blocks, same

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class UnreadableError(Exception):
    """What looks like a compressed file cannot be decompressed."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a compressed file holds."""

    source: Source
    streams: int = 1
    trailing: bytes = b""
    """What follows the last stream."""


Packer = Callable[[Source], Source]


@dataclass(frozen=True, slots=True)
class Way:
    """One set of parameters."""

    name: str
    pack: Packer


def compress_with(make: Callable[[], object]) -> Packer:
    """A packer from a function that makes a compressor object."""

    def pack(content: Source) -> Source:
        spool = Spool()
        packer = make()
        for block in blocks(content):
            spool.write(packer.compress(block))  # type: ignore[attr-defined]
        spool.write(packer.flush())  # type: ignore[attr-defined]
        return spool

    return pack


def run_filter(command: list[str], content: Source) -> Source:
    """Pipe a source through a program. Raises UnreadableError where the program is missing or fails."""
    spool = Spool()
    try:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            if process.stdin is None or process.stdout is None:
                raise AssertionError
            feeder = threading.Thread(target=_feed, args=(process.stdin, content))
            feeder.start()
            spool.fill_from(process.stdout)
            feeder.join()
    except OSError as error:
        raise UnreadableError(f"{command[0]} cannot be run: {error.strerror}") from error
    if process.returncode:
        raise UnreadableError(f"{command[0]} cannot read it")
    return spool


def _feed(stream: IO[bytes], content: Source) -> None:
    try:
        for block in blocks(content):
            stream.write(block)
        stream.close()
    except BrokenPipeError:
        pass


def program(*command: str) -> Packer:
    """A packer from a filter program."""
    return lambda content: run_filter(list(command), content)


def repack(old: Source, old_content: Source, new_content: Source, ways: Iterator[Way]) -> tuple[Source, bool]:
    """Compress the new content the way that gives the old file from its content, else the first way; and whether so."""
    first: Way | None = None
    for way in ways:
        try:
            if same(way.pack(old_content), old):
                return way.pack(new_content), True
        except UnreadableError:
            continue
        first = first or way
    if first is None:
        raise UnreadableError("no program to compress it with")
    return first.pack(new_content), False


def inflate(source: Source, make: Callable[[], object], errors: tuple[type[Exception], ...]) -> Content:
    """Decompress all streams of a source that follow one another. Raises UnreadableError."""
    spool = Spool()
    streams = 0
    decoder: object | None = None
    trailing = b""
    try:
        for block in blocks(source):
            pending = block
            while pending:
                if trailing:
                    trailing += pending
                    break
                if decoder is None:
                    if streams and not pending.strip(b"\0"):
                        trailing += pending
                        break
                    decoder = make()
                spool.write(_decode(decoder, pending, spool))
                pending = b""
                if decoder.eof:  # type: ignore[attr-defined]
                    pending = decoder.unused_data  # type: ignore[attr-defined]
                    decoder = None
                    streams += 1
    except errors as error:
        raise UnreadableError(str(error)) from error
    if decoder is not None or not streams:
        raise UnreadableError("it ends early")
    return Content(spool, streams, trailing)


def _decode(decoder: object, data: bytes, spool: Spool) -> bytes:
    """Decompress with bounded output; all but the last piece is written here."""
    if isinstance(decoder, type(zlib.decompressobj())):
        piece = decoder.decompress(data, BLOCK)
        while decoder.unconsumed_tail or (len(piece) == BLOCK and not decoder.eof):
            spool.write(piece)
            piece = decoder.decompress(decoder.unconsumed_tail, BLOCK)
        return piece
    rest: bytes = decoder.decompress(data, BLOCK)  # type: ignore[attr-defined]
    while not decoder.needs_input and not decoder.eof:  # type: ignore[attr-defined]
        spool.write(rest)
        rest = decoder.decompress(b"", BLOCK)  # type: ignore[attr-defined]
    return rest


def deflate_ways(wbits: int) -> Iterator[Way]:
    """Zlib's levels, the usual ones first."""
    for level in (6, 9, 1, 5, 7, 8, 4, 3, 2):
        for memory in (8, 9):
            yield Way(
                f"zlib -{level}",
                compress_with(lambda level=level, memory=memory: zlib.compressobj(level, zlib.DEFLATED, wbits, memory)),  # type: ignore[misc]
            )


class Gzip:
    """RFC 1952."""

    name = "gzip"

    def unpack(self, source: Source) -> Content:
        """What is inside."""
        return inflate(source, lambda: zlib.decompressobj(31), (zlib.error,))

    def pack(self, source: Source, content: Content, changed: Source) -> tuple[Source, bool]:
        """Compress again; whether the parameters are certain."""
        length = self.header(source)
        if content.streams > 1 or content.trailing:
            deflated, exact = next(deflate_ways(-15)).pack(changed), False
        else:
            old = Window(source, length, source.size - length - 8)
            deflated, exact = repack(old, content.source, changed, self._ways(source.read(8, 1)[0]))
        spool = Spool()
        spool.write(source.read(0, length))
        for block in blocks(deflated):
            spool.write(block)
        checksum = 0
        for block in blocks(changed):
            checksum = zlib.crc32(block, checksum)
        spool.write(struct.pack("<II", checksum, changed.size & 0xFFFFFFFF) + content.trailing)
        return spool, exact

    def header(self, source: Source) -> int:
        """The length of the first stream's header."""
        head = source.read(0, 1 << 16)
        flags, position = head[3], 10
        if flags & 4:
            position += 2 + int.from_bytes(head[10:12], "little")
        for flag in (8, 16):
            if flags & flag:
                position = head.index(b"\0", position) + 1
        return position + 2 * bool(flags & 2)

    def _ways(self, extra: int) -> Iterator[Way]:
        """Levels of zlib and GNU gzip's levels; the header says which are the best and the fastest."""
        levels = {2: "9", 4: "1"}.get(extra, "687543219")
        ways = list(deflate_ways(-15))
        yield from (way for way in ways if way.name[-1] in levels)
        for level in levels:
            yield Way(f"gzip -{level}", self._program(level))
        yield from (way for way in ways if way.name[-1] not in levels)

    @staticmethod
    def _program(level: str) -> Packer:
        def pack(content: Source) -> Source:
            whole = run_filter(["gzip", "-n", "-c", f"-{level}"], content)
            return Window(whole, 10, whole.size - 18)

        return pack


class Xz:
    """The .xz format."""

    name = "xz"

    def unpack(self, source: Source) -> Content:
        """What is inside."""
        return inflate(source, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), (lzma.LZMAError,))

    def pack(self, source: Source, content: Content, changed: Source) -> tuple[Source, bool]:
        """Compress again; whether the parameters are certain."""
        check = source.read(7, 1)[0] & 15
        changed_file, exact = repack(source, content.source, changed, self._ways(check))
        return changed_file, exact

    @staticmethod
    def _ways(check: int) -> Iterator[Way]:
        names = {0: "none", 1: "crc32", 4: "crc64", 10: "sha256"}
        for preset in (6, 9, 9 | lzma.PRESET_EXTREME, 0, 1, 2, 3, 4, 5, 7, 8, 6 | lzma.PRESET_EXTREME):
            yield Way(
                f"xz {preset}",
                compress_with(
                    lambda preset=preset: lzma.LZMACompressor(lzma.FORMAT_XZ, check, preset)  # type: ignore[misc]
                ),
            )
        for level in "69":
            options = ("-T2", f"-{level}", f"--check={names.get(check, 'crc64')}")
            yield Way(f"xz -T2 -{level}", program("xz", "-c", *options))


class Bzip2:
    """bzip2."""

    name = "bzip2"

    def unpack(self, source: Source) -> Content:
        """What is inside."""
        return inflate(source, bz2.BZ2Decompressor, (OSError, ValueError))

    def pack(self, source: Source, content: Content, changed: Source) -> tuple[Source, bool]:
        """Compress again; whether the parameters are certain."""
        level = source.read(3, 1)[0] - ord("0")
        return repack(
            source,
            content.source,
            changed,
            iter([Way(f"bzip2 -{level}", compress_with(lambda: bz2.BZ2Compressor(level)))]),
        )


class Zstd:
    """RFC 8878."""

    name = "zstd"

    def unpack(self, source: Source) -> Content:
        """What is inside."""
        return Content(run_filter(["zstd", "-q", "-d", "-c", "--long=31"], source))

    def pack(self, source: Source, content: Content, changed: Source) -> tuple[Source, bool]:
        """Compress again; whether the parameters are certain."""
        descriptor = source.read(4, 1)[0]
        check = "--check" if descriptor & 4 else "--no-check"
        sized = bool(descriptor >> 6 or descriptor & 0x20)
        return repack(source, content.source, changed, self._ways(check, sized=sized))

    @staticmethod
    def _ways(check: str, *, sized: bool) -> Iterator[Way]:
        for level in (3, 19, 1, 9, 6, 22, *range(2, 22)):
            for single in ((), ("--single-thread",)):

                def pack(content: Source, level: int = level, single: tuple[str, ...] = single) -> Source:
                    size = [f"--stream-size={content.size}"] if sized else []
                    return run_filter(["zstd", "-q", "-c", "--ultra", f"-{level}", check, *single, *size], content)

                yield Way(f"zstd -{level}", pack)


Format = Gzip | Xz | Bzip2 | Zstd
_FORMATS: tuple[tuple[bytes, Format], ...] = (
    (b"\x1f\x8b\x08", Gzip()),
    (b"\xfd7zXZ\0", Xz()),
    (b"BZh", Bzip2()),
    (ZSTD_MAGIC, Zstd()),
)


def format_of(head: bytes) -> Format | None:
    """The format that a file's first bytes say."""
    return next((each for magic, each in _FORMATS if head.startswith(magic)), None)


def zlib_content(source: Source) -> Content | None:
    """What a zlib or zstd stream holds, as sections of object files have them; None if it is neither."""
    head = source.read(0, 4)
    try:
        if head == ZSTD_MAGIC:
            return Zstd().unpack(source)
        if len(head) > 1 and head[0] & 15 == 8 and int.from_bytes(head[:2], "big") % 31 == 0:
            return inflate(source, zlib.decompressobj, (zlib.error,))
    except UnreadableError:
        return None
    return None


def zlib_packed(source: Source, content: Content, changed: Source) -> tuple[Source, bool]:
    """Compress such a stream again; whether the parameters are certain."""
    if source.read(0, 4) == ZSTD_MAGIC:
        return Zstd().pack(source, content, changed)
    old = Window(source, 0, source.size - len(content.trailing))
    return repack(old, content.source, changed, deflate_ways(15))
