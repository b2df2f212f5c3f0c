"""Calls of rustc: how they are judged, found and kept.

A key says rustc, its words, the crates that it is made from, native libraries and, where a linker runs, the linker.
Sources and variables that it read its dependency file names: they are an entry's needs, looked at when it is found.
What uses a procedural macro may read more than any file says: there all of the package counts, and, if it is not a
vendored one, all of the tree that is no Rust.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from splitphase.hashes.sources import Memory
from splitphase.intercept import packages, rustdeps, rustwords, variables
from splitphase.intercept.artifacts import Artifacts, Entry, Keeper
from splitphase.intercept.call import Call, Judged, Kind, below
from splitphase.intercept.crates import Crate, Crates
from splitphase.intercept.folders import Folder
from splitphase.intercept.keys import GONE, Key, Keys
from splitphase.intercept.reasons import Reason
from splitphase.intercept.rustvariables import for_macros, rustcs_own
from splitphase.intercept.rustwords import Said
from splitphase.rewrite import Rewriter

FORMAT = "splitphase rustc 1"
CHANGED = "a source that it read changed while it ran"
ASSEMBLER = "it may read files that no dependency file names"
OWN_READ = "it read an output path"
OWN_MADE = "what it made holds an output path"
_ASKS = frozenset((Reason.PROBE, Reason.PRINTS, Reason.STANDARD_INPUT, Reason.NO_INPUT))
_UNNAMED = re.compile(rb"\.inc(?:lude|bin)\s+\\?[\"']|debugger_visualizer")
_BUILD_ID = re.compile(rb"\x04\0\0\0(?:\x14|\x10)\0\0\0\x03\0\0\0GNU\0.{16}", re.DOTALL)
_VARIABLE = "$"
"""In front of a variable's name among the needs."""
_ABSENT = ""
_COARSE = 5
"""CLOCK_REALTIME_COARSE of Linux, the clock of file times; Python has no name for it."""
_LINKERS = ("ld", "ld.lld", "lld", "ld.mold", "mold", "ld.gold", "wild")
"""What compilers look for on PATH for `-fuse-ld=`."""
_SEARCHED = ("LIBRARY_PATH", "LPATH")


@dataclass(slots=True)
class _Inputs:
    """What goes into a key."""

    lines: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    """Their contents count."""
    texts: set[str] = field(default_factory=set)
    """Those among them that rustc or a macro may read as text."""


class RustCalls:
    """One worker's."""

    def __init__(self, top: str, scratch: Path, keys: Keys, escape: Rewriter) -> None:
        self._top = top
        self._keys = keys
        self._escape = escape
        self._crates = Crates(scratch)

    def takes(self, program: str) -> bool:
        """Whether calls of this program are judged here."""
        return os.path.basename(program) == "rustc"

    def judge(self, call: Call) -> Judged:
        """What a call is."""
        words = (*call.words, *call.environment.get("NIX_RUSTFLAGS", "").split())
        said = rustwords.read(words, call.directory)
        reason = _question(call, said) or said.reason or self._problem(call, said)
        if reason:
            return Judged(Kind.OTHER, reason, words=words, source=said.source)
        program = said.program()
        made = [program] if program else []
        made += [said.stem + suffix for suffix in reversed(said.suffixes())]
        if not made:
            return Judged(Kind.OTHER, Reason.NO_DEPENDENCIES, words=words, source=said.source)
        return Judged(
            Kind.COMPILE,
            "",
            words=words,
            source=said.source,
            output=made[0],
            depfile=said.depfile,
            extra=tuple(made[1:]),
            language="rust",
            programs=tuple(path for path in made if path == program or path.endswith(".so")),
        )

    def counts(self, call: Call, judged: Judged) -> bool:  # noqa: ARG002 - as C's
        """Whether a call that is no compile to be handled should have been one."""
        return judged.kind is Kind.OTHER and judged.reason not in _ASKS

    def key(self, call: Call, judged: Judged, *, terminal: bool) -> Key:
        """The key of a compile."""
        began = time.clock_gettime_ns(_COARSE)
        said = rustwords.read(judged.words, call.directory)
        crates = self._crates.note(said, call.directory)
        if crates is None:
            return Key("", "", Reason.UNSEEN_CRATE)
        said_of_it = [FORMAT, os.path.realpath(call.program), call.directory, "terminal" if terminal else ""]
        inputs = _Inputs([*said_of_it, *judged.words])
        reason = self._gather(inputs, call, said, crates)
        if reason:
            return Key("", "", reason)
        read = tuple(sorted(path for path in inputs.files if not self._keys.unchanging(path)))
        states = self._states(read)
        if states is None:
            return Key("", "", GONE)
        lines = [*inputs.lines, *(f"{path} {digest}" for path, (digest, _) in states.items())]
        text = self._escape.plain(b"\0".join(map(os.fsencode, lines)))
        owning = tuple(path for path, (_, own) in states.items() if own and path in inputs.texts)
        return Key(hashlib.sha256(text).hexdigest(), "", owning=owning, read=read, began=began)

    def find(self, source: Artifacts, call: Call, judged: Judged, key: Key) -> Entry | None:  # noqa: ARG002 - as C's
        """The known result of a call."""
        for entry in source.having(key):
            paths = [name for name, _ in entry.needs if not name.startswith(_VARIABLE)]
            states = self._states(paths, absent=True) or {}
            now = {name: states[name][0] for name in paths}
            now |= self._values(call, (name[1:] for name, _ in entry.needs if name.startswith(_VARIABLE)))
            if all(now[name] == state for name, state in entry.needs):
                return entry
        return None

    def entry(
        self, keeper: Keeper, call: Call, judged: Judged, key: Key, contents: Sequence[bytes | None], messages: bytes
    ) -> Entry | str:
        """Keep what a call wrote and printed; or say why that is not possible. Raises RewriteError."""
        made = [data for data in contents if data is not None]
        if len(made) < len(contents):
            return "it did not make all of its outputs"
        read = rustdeps.parse(made[1])
        needs = self._needs(call, read, key.began)
        if isinstance(needs, str):
            return needs
        if key.owning:
            return OWN_READ
        paths = [judged.output, judged.depfile, *judged.extra]
        escaped = [self._without_own(path in judged.programs, data) for path, data in zip(paths, made, strict=True)]
        if any(data is None for data in escaped) or self._escape.found_in(messages):
            return OWN_MADE
        return Entry(
            key=key.exact,
            source=judged.source,
            files=tuple(keeper.content(data) for data in escaped if data is not None),
            messages=keeper.content(messages) if messages else "",
            folder=key.folder,
            tokens=escaped != made,
            spelled=False,
            needs=needs,
        )

    def _problem(self, call: Call, said: Said) -> str:
        """Why the call is left, beside what its words say; the crate that it makes is none that is known then."""
        top = self._top
        if not self._keys.unchanging(os.path.realpath(call.program)):
            return Reason.RUSTC_OUTSIDE
        if not below(call.directory, said.folder, top):
            return Reason.OUTPUT_OUTSIDE
        inside = (below(call.directory, "", top), below(call.directory, said.source, top))
        source = os.path.join(call.directory, said.source)
        if not all(inside) and not self._keys.unchanging(source):
            return Reason.PACKAGE_OUTSIDE
        if self._escape.found_in(b"\0".join(map(os.fsencode, call.words))):
            return Reason.OUTPUT_PATH_WORD
        return variables.unsafe(call.environment, Kind.LINK)

    def _gather(self, inputs: _Inputs, call: Call, said: Said, crates: tuple[Crate, ...]) -> str:
        """Collect what the key is made of; returns why there is none, or nothing."""
        environment = call.environment
        seen = {**variables.messages(environment), **rustcs_own(environment)}
        for crate in crates:
            inputs.files.update(crate.files(links=said.links))
        inputs.files.update(os.path.normpath(os.path.join(call.directory, path)) for path in said.externs)
        inputs.files.update(os.path.normpath(os.path.join(call.directory, path)) for path in said.link_files)
        for folder in said.searched:
            inputs.files.update(_libraries(os.path.join(call.directory, folder)))
        if said.links:
            linker = said.linker or "cc"
            found = os.path.realpath(shutil.which(linker, path=environment.get("PATH", "")) or linker)
            if not self._keys.unchanging(found):
                return Reason.RUSTC_OUTSIDE
            seen |= variables.relevant(environment, Kind.LINK)
            added = [value for values in variables.words_added(environment, Kind.LINK) for value in values]
            added += [environment.get(name, "") for name in _SEARCHED]
            if any(self._top in value for value in added):
                return Reason.LINK_WORDS
            places = (shutil.which(name, path=environment.get("PATH", "")) for name in _LINKERS)
            linkers = [os.path.realpath(path) for path in places if path]
            if not all(map(self._keys.unchanging, linkers)):
                return Reason.RUSTC_OUTSIDE
            inputs.lines += [found, *linkers]
        if any(crate.macro for crate in crates):
            seen |= for_macros(environment)
            reason = self._all_that_macros_read(inputs, call, self._package(call, said))
            if reason:
                return reason
        inputs.lines += [f"{name}={value}" for name, value in sorted(seen.items())]
        return ""

    def _package(self, call: Call, said: Said) -> str:
        source = os.path.dirname(os.path.join(call.directory, said.source))
        return os.path.normpath(call.environment.get("CARGO_MANIFEST_DIR") or source)

    def _all_that_macros_read(self, inputs: _Inputs, call: Call, package: str) -> str:
        if self._keys.unchanging(f"{package}/"):
            return ""
        if not below(package, "", self._top):
            return Reason.PACKAGE_OUTSIDE
        found = list(packages.walk(package, packages=False))
        if out := call.environment.get("OUT_DIR"):
            found += packages.walk(out, packages=True)
        files = {one.path for one in found if one.file}
        if not packages.vendored(package):
            folder = Folder.of(package, self._top)
            if not folder.name:
                return Reason.PACKAGE_OUTSIDE
            tree = list(packages.walk(folder.path, packages=True))
            found += tree
            files |= {one.path for one in tree if one.file and not one.path.endswith(".rs")}
        inputs.lines += sorted({f"{one.path} {one.link}" for one in found})
        inputs.files |= files
        inputs.texts |= files
        return ""

    def _states(self, paths: Iterable[str], *, absent: bool = False) -> dict[str, tuple[str, bool]] | None:
        """For each path the digest of what it holds, escaped, and whether an output's hash is in it.

        None where one is no file, unless it may be absent.
        """
        paths = list(paths)
        digests = self._keys.contents.digests(paths)
        found: dict[str, tuple[str, bool]] = {}
        for path in paths:
            raw = digests.get(path)
            held = self._keys.held(path, raw) if raw else None
            if held is None and not absent:
                return None
            found[path] = (held.digest.hex(), held.own) if held else (_ABSENT, False)
        return found

    def _values(self, call: Call, names: Iterable[str]) -> dict[str, str]:
        """Variables as an entry's needs have them: a digest of the value, or empty where it is not set."""
        values = {name: call.environment.get(name) for name in names}
        return {
            f"{_VARIABLE}{name}": _ABSENT if value is None else hashlib.sha256(os.fsencode(value)).hexdigest()
            for name, value in values.items()
        }

    def _needs(self, call: Call, read: rustdeps.Read, began: int) -> tuple[tuple[str, str], ...] | str:
        """What was read, or why the result cannot be kept."""
        for name, value in read.variables:
            # cargo sets some for rustc alone (`cargo:rustc-env`), and rustc itself may set one for a crate.
            if call.environment.get(name) != value:
                return f"it read the variable {name}, which is not its environment's"
            if value is not None and self._escape.found_in(os.fsencode(value)):
                return OWN_READ
        paths = [os.path.join(call.directory, source) for source in read.sources]
        for path in paths:
            if path.endswith(".rs"):
                with open(path, "rb") as stream:
                    if _UNNAMED.search(stream.read()):
                        return ASSEMBLER
        paths = [path for path in paths if "/../" in path or not self._keys.unchanging(path)]
        if any(os.stat(path).st_ctime_ns > began for path in paths):
            return CHANGED
        # A module's file is looked for in two places.
        others = [_other_place(path) for path in paths if path.endswith(".rs")]
        states = self._states([*paths, *others], absent=True) or {}
        if not all(states[path][0] for path in paths):
            return GONE
        if any(own for _, own in states.values()):
            return OWN_READ
        needs = {path: digest for path, (digest, _) in states.items()}
        needs |= self._values(call, (name for name, _ in read.variables))
        return tuple(sorted(needs.items()))

    def _without_own(self, linked: bool, data: bytes) -> bytes | None:  # noqa: FBT001 - a fact of the file
        """The content with tokens; None where an output's hash stands in it other than in a run path."""
        finds = self._escape.engine.examine(Memory(data)).finds
        if not finds:
            return data
        if not linked or any(find.section != ".dynstr" or find.symbol or find.inside for find in finds):
            return None
        escaped = self._escape.data(data)
        same_id = _BUILD_ID.findall(escaped) == _BUILD_ID.findall(data) != []
        return None if same_id else escaped


def _question(call: Call, said: Said) -> str:
    """Build scripts call rustc to ask what it can: the reason to leave that."""
    asked = "OUT_DIR" in call.environment and "CARGO_CRATE_NAME" not in call.environment
    return Reason.PROBE if asked or call.environment.get("CARGO_CRATE_NAME", said.name) != said.name else ""


def _other_place(path: str) -> str:
    """`x/mod.rs` for `x.rs`, and the other way round."""
    stem = path.removesuffix("/mod.rs")
    return f"{stem}.rs" if stem != path else f"{path.removesuffix('.rs')}/mod.rs"


def _libraries(folder: str) -> Iterator[str]:
    """Files in a folder of native libraries."""
    if os.path.isdir(folder):
        yield from (os.path.normpath(entry.path) for entry in os.scandir(folder) if entry.is_file())
