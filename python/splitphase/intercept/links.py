"""A link as record sees it and as the final build asks for it.

Record does not know what objects will hold, so a link is looked for by its command alone. What is found is taken only
if every file of the tree that the linker would read here is one that the link was given, with the same content.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from splitphase import elf
from splitphase.environment import narrow_environment
from splitphase.errors import RewriteError, SplitphaseError
from splitphase.hashes.sources import Memory
from splitphase.intercept import linked, stub
from splitphase.intercept.call import Call, Judged
from splitphase.intercept.variables import relevant, words_added
from splitphase.paths import UNCHANGING
from splitphase.rewrite import Rewriter
from splitphase.scan.signatures import RACY

_FORMAT = b"splitphase link 1"
_DRIVERS_OWN = tuple(
    f"-l{name}"
    for name in """
    c m gcc gcc_s gcc_eh stdc++ c++ c++abi unwind pthread atomic rt dl gomp omp iomp5 gcov ssp ssp_nonshared itm
    asan ubsan lsan tsan hwasan gfortran quadmath objc
    """.split()
)
"""Libraries that a driver adds by itself: they are found in the tree where a folder of it holds such."""
_NAMED_BY_SCRIPT = "libgcc_s.so.1"
"""What GCC's libgcc_s.so, a script, names: GNU ld looks for it where it runs first, then along its folders."""


@dataclass(frozen=True, slots=True)
class Part:
    """A member of an archive: an object that a call made."""

    name: str
    call: str


@dataclass(frozen=True, slots=True)
class Given:
    """A file of the tree that a link reads."""

    path: str
    """Absolute."""
    call: str = ""
    """The compile or link that makes it."""
    digest: str = ""
    """SHA-256 in hex of its content with hashes escaped, where nothing that is recorded makes it; of an archive as
    `linked` has it."""
    parts: tuple[Part, ...] = ()
    """Of an archive."""
    indexed: bool = True
    """Of an archive: whether it has an index of symbols, ..."""
    thin: bool = False
    """... and whether it only names its members, relative to its folder."""
    outside: bool = False
    """Whether it is not of the tree: then it is known by its path."""
    needed: bool = False
    """Whether only another library leads to it, and maybe none does: then it may be read, or not."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a link reads."""

    files: tuple[linked.Input, ...]
    """Of the tree, as they are."""
    outside: tuple[str, ...]
    """Paths that are not of the tree."""
    needed: tuple[linked.Input, ...] = ()
    """What only shared libraries need, of the tree; ..."""
    needed_outside: tuple[str, ...] = ()
    """... and paths that are not of it."""


def link_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a link's result depends on; without include folders, since a link reads no header."""
    return narrow_environment(relevant(environment, "link"), used=())


class Links:
    """Looks at links of one build."""

    def __init__(self, top: str, escape: Rewriter, added: Collection[str] = ()) -> None:
        self._top = top
        self._added = added
        self._escape = escape
        self._looked: dict[str, tuple[object, linked.Input]] = {}
        self._escaped: dict[str, str] = {}

    def key(self, call: Call, judged: Judged) -> str:
        """Digest of the command, hashes escaped."""
        environment = link_environment(call.environment)
        environment |= {name: call.environment[name] for name in self._added if name in call.environment}
        words = [os.path.realpath(call.program), call.directory, *judged.words]
        words += [f"{name}={value}" for name, value in sorted(environment.items())]
        text = b"\0".join([_FORMAT, *map(os.fsencode, words)])
        return hashlib.sha256(self._escape.plain(text)).hexdigest()

    def inputs(self, call: Call, judged: Judged) -> Inputs:
        """What it reads now. Raises OSError and SplitphaseError where that cannot be found out."""
        driver, linker = words_added(call.environment, "link")
        words = [*judged.words, *(word for value in driver for word in value.split())]
        words += [word if word.startswith("-L") else f"-Wl,{word}" for value in linker for word in value.split()]
        folders = [
            os.path.join(call.directory, one) for one in call.environment.get("LIBRARY_PATH", "").split(":") if one
        ]
        words += [*_DRIVERS_OWN, f"-l:{_NAMED_BY_SCRIPT}"]
        if os.path.isfile(os.path.join(call.directory, _NAMED_BY_SCRIPT)):
            words.append(_NAMED_BY_SCRIPT)
        found = linked.inputs_of(words, call.directory, folders, self._look)
        inside = {file.path for file in found.files if self._holds(file.path)}
        files = [file for file in found.files if file.path in inside]
        outside = [file.path for file in found.files if file.path not in inside]
        return Inputs(
            tuple(file for file in files if file.path not in found.needed),
            tuple(path for path in outside if path not in found.needed),
            tuple(file for file in files if file.path in found.needed),
            tuple(path for path in outside if path in found.needed),
        )

    def unchanging(self, path: str) -> bool:
        """Whether the path says all about a file that is not of the tree."""
        return path.startswith(UNCHANGING) and not self._escape.found_in(os.fsencode(path))

    def _holds(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._top + "/")

    def escaped(self, path: str, digest: str) -> str:
        """Digest of a file's content, which has the plain digest `digest`, with hashes escaped. Raises RewriteError."""
        known = self._escaped.get(digest)
        if known is None:
            with open(path, "rb") as stream:
                data = stream.read()
            flagged = any(self._escape.strong.sift([path]))
            known = hashlib.sha256(self._escape.data(data)).hexdigest() if flagged else digest
            self._escaped[digest] = known
        return known

    def _look(self, path: str) -> linked.Input:
        """An input; remembered for as long as the file is the same."""
        began = time.time_ns()
        status = os.stat(path)
        now = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._looked.get(path)
        if known is not None and known[0] == now:
            return known[1]
        found = linked.input_at(path) if self._holds(path) else linked.Input(path, "")
        # A thin archive does not change where its members do, and a young file may change without a trace.
        if not found.thin and status.st_ctime_ns < began - RACY:
            self._looked[path] = (now, found)
        return found


def only_in_run_path(restore: Rewriter, path: Path) -> bool:
    """Whether a program or library holds tokens in its run path alone, and has no digest of itself."""
    source = Memory(path.read_bytes())
    outcome = restore.engine.examine(source)
    # The random seed, which debug information names, is part of every compile and is rewritten wherever it gets to.
    finds = [find for find in outcome.finds if find.kind != "seed" or find.inside]
    places = {(find.section, find.form, find.inside) for find in finds}
    return not outcome.problems and places <= {(".dynstr", "", ())} and elf.Image(source).build_id() is None


def given(inputs: Inputs, links: Links, made: Callable[[str], str]) -> Iterator[Given]:
    """What a recorded link reads. `made` names the call that made a real file of this digest, if one did.

    Raises SplitphaseError for what no derivation can be given.
    """
    yield from (Given(path, outside=True) for path in inputs.outside)
    yield from (_given(file, links, made) for file in inputs.files)
    yield from (replace(_given(file, links, made), path=_place(file.path), needed=True) for file in inputs.needed)


def _given(file: linked.Input, links: Links, made: Callable[[str], str]) -> Given:
    if file.members:
        if not all(member.digest for member in file.members):
            raise SplitphaseError(f"it reads {os.path.basename(file.path)}, which names files that are not there")
        parts = tuple(_part(file.path, member, made) for member in file.members)
        if not any(part.call for part in parts):
            return Given(file.path, digest=file.digest)
        if all(part.call for part in parts):
            return Given(file.path, parts=parts, indexed=file.indexed, thin=file.thin)
        raise SplitphaseError(f"it reads {os.path.basename(file.path)}, not all of whose members are recorded")
    if len(file.calls) > 1:
        raise SplitphaseError(f"it reads {os.path.basename(file.path)}, which a link of objects made (-r)")
    call = file.calls[0] if file.calls else made(file.digest)
    if call:
        return Given(file.path, call=call)
    try:
        return Given(file.path, digest=links.escaped(file.path, file.digest))
    except RewriteError as error:
        raise SplitphaseError(f"it reads a file that holds an output path: {error.message}") from error


def _part(path: str, member: stub.Member, made: Callable[[str], str]) -> Part:
    if len(member.calls) > 1:
        raise SplitphaseError(f"it reads {os.path.basename(path)}, which holds what a link of objects made (-r)")
    call = member.calls[0] if member.calls else made(member.digest)
    return Part(member.name, call)


def same(inputs: Inputs, recorded: tuple[Given, ...], links: Links, real: Callable[[str], str]) -> str:
    """Why what a link reads here is not what it was given, or nothing; `real` is the digest of what a call made."""
    elsewhere = _elsewhere(inputs, recorded, links)
    if elsewhere:
        return elsewhere
    known = {one.path: one for one in recorded if not one.outside}
    read = [(file, file.path) for file in inputs.files] + [(file, _place(file.path)) for file in inputs.needed]
    for file, place in read:
        if place not in known:
            return f"{file.path} was not read when it was recorded"
        differing = _differing(file, known[place], links, real)
        if differing:
            return differing
    places = {place for _, place in read}
    for one in recorded:
        # What is there and is not read lies in no folder that is searched. What is not there may have been read.
        if one.needed and one.path not in places and not os.path.lexists(one.path):
            return f"{one.path} is not there"
    return ""


def _differing(file: linked.Input, one: Given, links: Links, real: Callable[[str], str]) -> str:
    if one.parts:
        members = [(part.name, real(part.call)) for part in one.parts]
        if file.thin != one.thin or file.digest != linked.archive_digest(members, indexed=one.indexed):
            return f"{file.path} has other members"
    elif file.members:
        if file.digest != one.digest:
            return f"{file.path} differs"
    elif (real(one.call) if one.call else one.digest) != (
        file.digest if one.call else links.escaped(file.path, file.digest)
    ):
        return f"{file.path} differs"
    return ""


def _place(path: str) -> str:
    """A library that another one needs may be found by several ways to its folder."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _elsewhere(inputs: Inputs, recorded: tuple[Given, ...], links: Links) -> str:
    """Why a link reads other files than it was given, or the same ones in another order; or nothing."""
    known = dict.fromkeys(one.path for one in recorded if not one.outside and not one.needed)
    found = [file.path for file in inputs.files]
    for path in found:
        if path not in known:
            return f"{path} was not read when it was recorded"
    # A library that is found in another place, or an order that is another one, leaves the files as they are.
    if found != list(known):
        gone = known.keys() - set(found)
        return f"{min(gone)} is not read any more" if gone else "it reads its files in another order"
    if inputs.outside != tuple(one.path for one in recorded if one.outside):
        return "it reads other files outside of the tree"
    # A stub of a library needs nothing. The real one was there when the link was made, and so was what leads from it
    # to others: its run path, which keeps them among the inputs, and the command.
    if not all(map(links.unchanging, inputs.needed_outside)):
        return "a library that it reads needs a file that may change"
    return ""
