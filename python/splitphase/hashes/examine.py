"""Decide what is to be done about one file: every place where a hash stands, and what has to change with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property

from splitphase import elf
from splitphase.hashes import archives, objects, packed, wide, zips
from splitphase.hashes.arithmetic import derived
from splitphase.hashes.chains import uncovered, weak_pieces
from splitphase.hashes.chunks import Piece, Place, name_after, settle
from splitphase.hashes.encoded import broken, encoded_forms, encoded_pieces
from splitphase.hashes.findings import DIRECTORY, Find, Outcome
from splitphase.hashes.forms import BASE32, WEAK_SHAPES, Subject, forms_of, subjects
from splitphase.hashes.relaying import laid_out
from splitphase.hashes.scanner import Run, Scanner
from splitphase.hashes.sources import Joined, Memory, Patched, Source, Window

_NAMES = 100
_DEPTH = 3
"""So deep are compressed files looked for in compressed files."""
_LAYOUT = "what stands behind it is not placed as compilers do it"
_OPAQUE = (
    (b"\x04\x22\x4d\x18", "lz4"), (b"LZIP", "lzip"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"hsqs", "squashfs"),
    (b"\xed\xab\xee\xdb", "rpm"), (b"PACK\0\0\0", "git pack"), (b"\x89LZO", "lzop"), (b"MSCF", "cabinet"),
)  # fmt: skip
"""Formats with checksums of their own that are not looked into: a hash that shows in one must not be replaced."""


class Engine:
    """Hashes and what is to stand in their place. One serves for any number of files."""

    def __init__(
        self, pairs: Mapping[str, str], names: Mapping[str, str] | None = None, *, symbols: bool = False
    ) -> None:
        self.subjects = subjects(pairs, names)
        self._symbols = symbols
        self.strong = Scanner(forms_of(self.subjects))
        self._weak: dict[frozenset[Subject], Scanner] = {}
        self.escapes = any(set(subject.old) <= BASE32 and not set(subject.new) <= BASE32 for subject in self.subjects)
        """Whether tokens are written for hashes: what is written then must be found again, and nothing else."""

    @cached_property
    def sifter(self) -> Scanner:
        """For all that may stand in the bytes of a file, to see whether any does."""
        return Scanner((*forms_of(self.subjects), *encoded_forms(self.subjects)))

    @cached_property
    def encoded(self) -> Scanner:
        """For text that encodes text."""
        return Scanner(encoded_forms(self.subjects))

    @cached_property
    def bitcode(self) -> Scanner:
        """For LLVM bitcode."""
        return Scanner(objects.bitcode_forms(self.subjects))

    @cached_property
    def inverse(self) -> Engine:
        """The engine that finds what this one writes."""
        pairs = {subject.new: subject.old for subject in self.subjects}
        return Engine(pairs, {subject.new: subject.name for subject in self.subjects})

    def pieces(self, source: Source) -> list[Piece]:
        """What stands in the bytes themselves, with the weak chunks; nothing inside of compressed parts."""
        runs = list(self.strong.runs(source))
        return [
            *self._settled(source, runs, places(source) if runs else []),
            *encoded_pieces(source, self.encoded.runs(source)),
        ]

    def _settled(self, source: Source, runs: list[Run], known: list[Place]) -> list[Piece]:
        def place_of(offset: int) -> Place | None:
            return next((place for place in known if place.start <= offset < place.start + place.size), None)

        found = list(settle(source, runs, place_of))
        if any(piece.constant for piece in found):
            found += weak_pieces(source, self._weak_for(source, found), found)
        return found

    def _weak_for(self, source: Source, found: list[Piece]) -> Callable[[frozenset[str]], Scanner]:
        """What finds weak chunks of these hashes, and of no other: another one may have the same little.

        Names that are not known are taken from where the whole path stands.
        """
        known = {subject for subject in self.subjects if subject.name}
        if len(known) < len(self.subjects):
            # All that are seen: what follows may be the name, or another chunk.
            names = {(piece.run.form.subject, name) for piece in found if (name := name_after(source, piece))}
            known |= {
                replace(subject, name=name) for subject, name in sorted(names, key=str)[:_NAMES] if not subject.name
            }

        def scanner_of(hashes: frozenset[str]) -> Scanner:
            subjects = frozenset(subject for subject in known if subject.old in hashes)
            if subjects not in self._weak:
                self._weak[subjects] = Scanner(forms_of(sorted(subjects, key=str), WEAK_SHAPES), weak=True)
            return self._weak[subjects]

        return scanner_of

    def examine(self, source: Source, depth: int = 0, *, hidden_only: bool = False) -> Outcome:
        """All about a source: what was found, what is to be written. `hidden_only`: its bytes are known to be clean."""
        head = source.read(0, 512)
        outcome: Outcome | None = None
        notes = []
        kind = packed.format_of(head)
        if depth >= _DEPTH and (kind or head.startswith(zips.MAGICS)):
            notes.append("compressed files in it are not looked into any deeper")
        elif kind:
            try:
                outcome = self._compressed(source, kind, depth)
            except packed.UnreadableError as error:
                notes.append(f"it begins like a {kind.name} file and cannot be looked into: {error}")
        elif head.startswith(zips.MAGICS):
            directory = zips.read(source)
            if directory is None:
                notes.append("it begins like a zip file and cannot be looked into: its directory is damaged")
            else:
                outcome = self._zip(source, directory, depth)
        if outcome is None:
            outcome = self._plain(source, head, depth, hidden_only=hidden_only)
            if notes and outcome.patches:
                outcome.problems.append(f"the hash stands in it, and {notes[0]}")
        outcome.notes += notes
        return outcome

    def _plain(self, source: Source, head: bytes, depth: int, *, hidden_only: bool) -> Outcome:
        outcome = Outcome()
        known = places(source)
        found = [] if hidden_only else self._settled(source, list(self.strong.runs(source)), known)
        found = [piece for piece in found if piece.section is None or not objects.is_compressed(piece.section)]
        outcome.problems += [
            f"{_where(piece)}: the code beside computes a part of a path from a part of another"
            for piece in derived(source, found, self.subjects)
        ]
        cut_up = [] if hidden_only else list(wide.cut_up(source, known, found, self.subjects))
        outcome.finds += [find for find, _ in cut_up]
        outcome.problems += [problem for _, problem in cut_up]
        in_code = [] if hidden_only else encoded_pieces(source, self.encoded.runs(source))
        for piece in (*found, *in_code):
            outcome.finds.append(self._find(piece))
            problem = piece.problem or _refused(piece) or ("" if known else broken(source, piece))
            if problem:
                outcome.problems.append(f"{_where(piece)}: {problem}")
            else:
                outcome.patches.append(piece.patch)
        outcome.problems += [
            f"{_where(piece)}: this is {piece.kind} of a hash whose other parts are in no form that is known "
            "(numbers of 4 bytes and less, or not on x86-64)"
            for piece in uncovered(source, found)
        ]
        opaque = next((name for magic, name in _OPAQUE if head.startswith(magic)), "")
        if opaque and outcome.patches:
            outcome.problems.append(f"the hash stands in a {opaque} file, which has checksums")
        if archives.is_tar(head):
            outcome.patches += archives.tar_checksums(source, outcome.patches)
            self._tar(source, outcome, depth)
        remade = self._remade(source, known, outcome)
        if objects.is_bitcode(head):
            self._bitcode(source, outcome, ())
        _finish(source, head, outcome, remade)
        return outcome

    def _remade(self, source: Source, known: list[Place], outcome: Outcome) -> dict[int, Source]:
        """Look into each object; those with sections of another size as they are to be, by where they start."""
        remade: dict[int, Source] = {}
        for place in known:
            changed = self._hidden(place, outcome)
            if changed:
                window = Window(Patched(source, outcome.patches), place.start, place.size)
                content = laid_out(place.image, window, changed)
                if content is None:
                    names = ", ".join(section.name for section in changed)
                    outcome.problems.append(f"{names}: compressed again, it is of another size, and {_LAYOUT}")
                else:
                    remade[place.start] = content
        return remade

    def _hidden(self, place: Place, outcome: Outcome) -> dict[elf.Section, Source]:
        """Look into the compressed sections and the bytecode of an object; return the sections' new contents."""
        member = (f"archive member {place.member}",) if place.member else ()
        image = place.image
        if objects.is_bitcode(image.source.read(0, 4)):
            self._bitcode(image.source, outcome, member)
        changed: dict[elf.Section, Source] = {}
        if not image.may_hide:
            return changed
        for compressed in objects.compressed_sections(image):
            name = (*member, f"section {compressed.section.name}")
            content = packed.zlib_content(compressed.stream)
            if content is None:
                outcome.notes.append(f"{': '.join(name)} cannot be decompressed")
                continue
            inner = self._text(content.source)
            outcome.absorb(inner, *name)
            if not inner.patches:
                continue
            stream, exact = packed.zlib_packed(compressed.stream, content, inner.result(content.source))
            if len(compressed.header) + stream.size >= content.source.size:
                outcome.problems.append(f"{': '.join(name)}: with the other hash a compiler would not compress it")
                continue
            changed[compressed.section] = Joined(Memory(compressed.header), stream)
            if not exact:
                outcome.warnings.append(f"{': '.join(name)}: compressed with other parameters than before")
        for section in objects.lto_sections(image):
            content_source = objects.lto_content(image, section)
            if content_source is not None:
                inner = self._text(content_source)
                outcome.absorb(inner, *member, f"bytecode section {section.name}")
                if inner.finds:
                    offset = place.start + section.offset
                    outcome.problems.append(
                        f"section {section.name} at {offset:#x}: the hash is in GCC's link-time bytecode"
                    )
        for section in objects.bitcode_sections(image):
            window = Window(image.source, section.offset, section.size)
            self._bitcode(window, outcome, (*member, f"section {section.name}"))
        return changed

    def _find(self, piece: Piece) -> Find:
        run, place = piece.run, piece.place
        symbol = place.image.symbol_at(run.offset - place.start) if place and self._symbols else ""
        inside = (f"archive member {place.member}",) if place and place.member else ()
        section = piece.section.name if piece.section else ""
        return Find(piece.kind, run.form.shape.label, run.form.subject.old, run.offset, inside, section, symbol)

    def _text(self, source: Source) -> Outcome:
        """What stands in the content of a section."""
        outcome = Outcome()
        for piece in (
            *settle(source, self.strong.runs(source), lambda _: None),
            *encoded_pieces(source, self.encoded.runs(source)),
        ):
            outcome.finds.append(self._find(piece))
            if piece.problem:
                outcome.problems.append(f"{_where(piece)}: {piece.problem}")
            else:
                outcome.patches.append(piece.patch)
        return outcome

    def _bitcode(self, source: Source, outcome: Outcome, inside: tuple[str, ...]) -> None:
        inner = Outcome()
        for run in self.bitcode.runs(source):
            inner.finds.append(Find(f"part of {run.length}", run.form.shape.label, run.form.subject.old, run.offset))
        if inner.finds:
            inner.problems.append(f"offset {inner.finds[0].offset:#x}: the hash is in LLVM bitcode")
            outcome.absorb(inner, *inside, "LLVM bitcode")

    def _tar(self, source: Source, outcome: Outcome, depth: int) -> None:
        """Compressed members: what is found in them cannot be replaced in place."""
        for member in archives.tar_members(source):
            window = Window(source, member.start, min(member.size, source.size - member.start))
            head = window.read(0, 8)
            if window.size and (packed.format_of(head) or head.startswith((*zips.MAGICS, elf.MAGIC, archives.AR))):
                inner = self.examine(window, depth + 1)
                plain = head.startswith((elf.MAGIC, archives.AR))
                hidden = [find for find in inner.finds if find.inside or not plain]
                inner.finds = hidden
                if hidden and not inner.problems:
                    inner.problems.append("the hash is hidden in a member of a tar archive")
                outcome.absorb(inner, f"tar member {member.name}")

    def _compressed(self, source: Source, kind: packed.Format, depth: int) -> Outcome:
        content = kind.unpack(source)
        inner = self.examine(content.source, depth + 1)
        outcome = Outcome()
        outcome.absorb(inner, kind.name)
        if inner.changes and not inner.problems:
            changed, exact = kind.pack(source, content, inner.result(content.source))
            outcome.replacement = changed
            if not exact:
                outcome.warnings.append(f"{kind.name}: compressed with other parameters than before")
        if isinstance(kind, packed.Gzip):
            self._gzip_header(source, kind, outcome)
        return outcome

    def _gzip_header(self, source: Source, kind: packed.Gzip, outcome: Outcome) -> None:
        header = source.read(0, kind.header(source))
        inner = self._text(Memory(header))
        outcome.finds += inner.finds
        if inner.patches and header[3] & 2:
            outcome.problems.append("the hash is in a gzip header that has a checksum")
        elif inner.patches and outcome.replacement is not None:
            outcome.replacement = Outcome(patches=inner.patches).result(outcome.replacement)
        else:
            outcome.patches += inner.patches

    def _zip(self, source: Source, directory: zips.Directory, depth: int) -> Outcome:
        outcome = Outcome()
        changed: dict[zips.Entry, tuple[Source, Source]] = {}
        for entry in directory.entries:
            name = f"zip member {entry.name}"
            try:
                old = zips.content(source, entry)
                inner = self.examine(old.source, depth + 1)
                outcome.absorb(inner, name)
                if inner.changes and not inner.problems:
                    plain = inner.result(old.source)
                    stream, exact = zips.pack(source, entry, old, plain)
                    changed[entry] = (stream, plain)
                    if not exact:
                        outcome.warnings.append(f"{name}: compressed with other parameters than before")
            except packed.UnreadableError as error:
                outcome.notes.append(f"{name} cannot be looked into: {error}")
        if changed and any(entry.signed for entry in directory.entries):
            outcome.problems.append("the hash is in a member of a signed jar")
        result = zips.rebuild(source, directory, changed) if changed and not outcome.problems else source
        outcome.replacement = result if result is not source else None
        # Names and comments: between the members, and behind them.
        spans = _spans(directory if result is source else zips.read(result))
        inner = Outcome()
        for piece in settle(result, self.strong.runs(result), lambda _: None):
            if not any(start <= piece.run.offset < end for start, end in spans):
                inner.finds.append(self._find(piece))
                inner.patches.append(piece.patch)
        outcome.absorb(inner, DIRECTORY)
        if inner.patches and outcome.replacement is not None:
            outcome.replacement = inner.result(result)
        else:
            outcome.patches += inner.patches
        return outcome


def _finish(source: Source, head: bytes, outcome: Outcome, remade: dict[int, Source]) -> None:
    """Put objects of another size into their place, and a build-id that fits."""
    if remade:
        outcome.replacement = remade.get(0) or archives.ar_rebuilt(Patched(source, outcome.patches), remade)
    if outcome.changes and head.startswith(elf.MAGIC):
        fresh = elf.fresh_build_id(outcome.result(source), source)
        if fresh and outcome.replacement is not None:
            outcome.replacement = Patched(outcome.replacement, [fresh])
        elif fresh:
            outcome.patches.append(fresh)


def _spans(directory: zips.Directory | None) -> list[tuple[int, int]]:
    return [(entry.start, entry.start + entry.packed) for entry in directory.entries] if directory else []


def places(source: Source) -> list[Place]:
    """The objects in a file: itself, or the members of an archive."""
    head = source.read(0, 8)
    if head.startswith(elf.MAGIC):
        return [Place(0, source.size, "", elf.Image(source))]
    if head in (archives.AR, archives.THIN):
        return [
            Place(member.start, member.size, member.name, elf.Image(Window(source, member.start, member.size)))
            for member in archives.ar_members(source)
            if member.size
        ]
    return []


def _where(piece: Piece) -> str:
    member = f"archive member {piece.place.member}, " if piece.place and piece.place.member else ""
    section = f"section {piece.section.name}, " if piece.section else ""
    return f"{member}{section}offset {piece.run.offset:#x}: {piece.kind}"


def _refused(piece: Piece) -> str:
    """Why a piece must stay although its ends are certain."""
    if piece.place is None or piece.section is None:
        return ""
    name = piece.section.name
    if name.startswith(".gnu.lto_") and name != ".gnu.lto_.opts":
        return "the hash is in GCC's link-time bytecode"
    start = piece.run.offset - piece.place.start
    symbol = piece.place.image.hashed_name(start, start + piece.run.length)
    if symbol:
        return f"the hash is in the name of the dynamic symbol {symbol}, which the file's hash table covers"
    if name == ".rustc":
        return "the hash is in Rust's compressed metadata"
    return ""
