"""What the server decides of each call: run it, run it and keep the result, or put a known result in place."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from splitphase.errors import RewriteError, SplitphaseError
from splitphase.hashes.sources import Memory
from splitphase.intercept import protocol
from splitphase.intercept.artifacts import CHECKPOINT, Artifacts, Entry, Keeper
from splitphase.intercept.call import Call, Judged, Kind, judge
from splitphase.intercept.chaos import Chaos
from splitphase.intercept.folders import Folder
from splitphase.intercept.keys import Key, Keys
from splitphase.intercept.links import Links, same
from splitphase.intercept.protocol import Asked, How, Put
from splitphase.intercept.prove import Suspect, front
from splitphase.intercept.reasons import Reason
from splitphase.intercept.writers import Writers
from splitphase.rewrite import Rewriter

NOTES = "notes-{}.jsonl"
"""Name of a worker's file of notes, a line of JSON for each call."""
DEPFILE = 1
"""Place of the dependency file among an entry's files."""
FIXED = ("/nix/store/", "/usr/", "/lib/", "/lib64/")
"""Paths that do not change while a package is built; the last three are the host's, where it has any."""
TAKEN, RAN, LEFT = "taken", "ran", "left"
LINK_TAKEN, LINKED = "link taken", "linked"
NO_COMPILES = frozenset((Reason.PROBE, Reason.OUTPUT_OUTSIDE, Reason.STANDARD_INPUT, Reason.NO_INPUT))
"""Calls with `-c` that ask something."""
CHANGED = "a file that it read changed while it ran"
SHARED = "another compiler wrote its output while it ran"


@dataclass(frozen=True, slots=True)
class Build:
    """What a server is told of its build."""

    top: str
    outputs: Mapping[str, str]
    scratch: Path
    """A folder of the server's own."""
    fixed: tuple[str, ...]
    """Prefixes of paths that do not change."""
    jobs: int = 1
    source: Artifacts | None = None
    """Results to take."""
    target: Path | None = None
    """Where to keep results, if at all."""
    verify: bool = False
    """Whether each result that would be taken is made again and compared."""
    chaos: str = ""
    """For tests, see Chaos."""
    added: tuple[str, ...] = ()
    """Names of further variables that compilers read, where it is recorded."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A call whose compiler runs, and whose result is waited for."""

    number: int
    call: Call
    judged: Judged
    key: Key
    inputs: bytes
    """Signatures of what it may read."""
    outputs: tuple[object, ...]
    """States of the files that it may write."""
    entry: Entry | None = None
    """The known result with which to compare."""


class Session:
    """One worker's part of a build."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._escape = Rewriter.escaping(build.outputs)
        self._restore = Rewriter.restoring(build.outputs)
        added = build.source.added if build.source else ()
        self._keys = Keys(build.top, self._escape, build.outputs, build.fixed, added)
        self._keeper = Keeper(build.target) if build.target else None
        self._chaos = Chaos(build.chaos)
        # The messages of actions are never shaped for a terminal.
        self._is_checkpoint = build.source is None or build.source.title == CHECKPOINT
        self._calls = 0
        self._links = Links(build.top, self._escape, added)
        self._digests: dict[str, str] = {}
        self._writers = Writers(build.scratch)
        self._restored: dict[tuple[str, str, str], str] = {}

    def asked(self, asked: Asked) -> tuple[bytes, Pending | None]:
        """The answer to a call, and what to wait for, if anything."""
        call = asked.call
        judged = judge(call, self._build.top)
        self._calls += 1
        self._chaos.strike()
        if judged.kind is Kind.LINK and self._build.source is not None and self._build.source.links:
            return self._link(call, judged)
        if judged.kind is not Kind.COMPILE:
            if judged.kind is Kind.OTHER and "-c" in call.words and judged.reason not in NO_COMPILES:
                self._note(self._calls, call, judged, LEFT, judged.reason)
            return protocol.RUN, None
        try:
            key = self._keys.of(call, judged, terminal=asked.terminal and self._is_checkpoint)
            reason = key.reason
        except SplitphaseError as error:
            key, reason = None, error.message
        except OSError as error:
            key, reason = None, f"what it reads cannot be looked at: {error.strerror}"
        if key is None or reason:
            self._note(self._calls, call, judged, LEFT, reason)
            return protocol.RUN, None
        entry = self._known(call, judged, key)
        if entry is not None and self._build.source is not None and not self._chaos.refuses():
            if self._build.verify:
                return protocol.KEEP, self._pending(call, judged, key, entry)
            reply = self._hit(entry, judged, key)
            self._note(self._calls, call, judged, TAKEN)
            if self._keeper:
                self._keeper.carry(entry, self._build.source)
            return reply, None
        self._note(self._calls, call, judged, RAN)
        return (protocol.KEEP, self._pending(call, judged, key)) if self._keeper else (protocol.RUN, None)

    def made(self, pending: Pending, messages: bytes) -> bytes:
        """Keep or compare what a compiler made; the answer to the shim."""
        if pending.entry is not None:
            return self._compared(pending, pending.entry, messages)
        try:
            reason = self._kept(pending, messages)
        except OSError as error:
            reason = f"its result cannot be kept: {error.strerror}"
        if reason:
            self._note(pending.number, pending.call, pending.judged, LEFT, reason)
        return protocol.OK

    def stub(self, call: str) -> bytes:
        """There are no stubs where nothing is recorded."""
        return protocol.fail(f"{call} is a stub of a recorded build: it must not be part of this one")

    def _link(self, call: Call, judged: Judged) -> tuple[bytes, Pending | None]:
        """Take a link's result where all that it reads is what the link was given."""
        source = self._build.source
        key = self._links.key(call, judged)
        entry = source.result(key) if source else None
        if source is None or entry is None:
            reason = (source.left.get(key) if source else "") or "no link of this command was recorded"
        else:
            try:
                reason = same(self._links.inputs(call, judged), source.links[key], self._links, self._real)
            except (SplitphaseError, OSError) as error:
                reason = f"what it reads cannot be looked at: {error}"
        if not reason and self._chaos.refuses():
            reason = "it is refused"
        if reason or entry is None:
            self._note(self._calls, call, judged, LINKED, reason)
            return protocol.RUN, None
        place = Key(key, "", folder=entry.folder)
        if self._build.verify:
            return protocol.KEEP, self._pending(call, judged, place, entry)
        reply = self._hit(entry, judged, place)
        self._note(self._calls, call, judged, LINK_TAKEN)
        return reply, None

    def _real(self, key: str) -> str:
        """Digest in hex of what an action made, as it is in this build; empty where it made nothing."""
        known = self._digests.get(key)
        if known is None:
            entry = self._build.source.result(key) if self._build.source else None
            path = self._content(entry.files[0], entry, Key(key, "", folder=entry.folder), text=False) if entry else ""
            known = self._digests[key] = hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""
        return known

    def _known(self, call: Call, judged: Judged, key: Key) -> Entry | None:
        entry = self._build.source.find(key) if self._build.source else None
        if entry is None or self._build.source is None:
            return None
        if entry.key == key.exact:
            # The folder of an action's entry is that of its output, which may be another one than the call's.
            return replace(entry, folder=key.folder)
        folder, old = Folder(self._build.top, key.folder), Folder(self._build.top, entry.folder)
        depfile = entry.files[DEPFILE]
        if depfile and folder.depfile(self._build.source.path(depfile).read_bytes(), old, gcc=key.gcc) is None:
            return None
        if not (entry.spelled or key.spelled):
            return entry
        seen = folder.seen([call.program, *front(judged.words)], call.directory, _without_us(call.environment))
        return None if seen else entry

    def _pending(self, call: Call, judged: Judged, key: Key, entry: Entry | None = None) -> Pending:
        if self._keeper:
            self._writers.begin(self._calls, written(call, judged))
        outputs = tuple(_state(path) for path in written(call, judged))
        return Pending(self._calls, call, judged, key, self._keys.contents.signatures(key.read), outputs, entry)

    def _kept(self, pending: Pending, messages: bytes) -> str:
        """Keep a result; returns why that is not possible, or nothing."""
        call, judged, key = pending.call, pending.judged, pending.key
        if self._keeper is None:
            return ""
        digests = self._keys.contents.digests(key.read)
        if self._keys.contents.signatures(key.read) != pending.inputs or key.digests != tuple(
            map(digests.get, key.read)
        ):
            return CHANGED
        if not self._writers.alone(pending.number, written(call, judged)):
            return SHARED
        contents = _made(pending)
        if contents[0] is None:
            return "it made no object"
        try:
            escaped = [None if data is None else self._escaped(data) for data in contents]
            said = self._escape.plain(messages)
        except RewriteError as error:
            return f"its result holds an output path that cannot be replaced: {error.message}"
        folder = Folder(self._build.top, key.folder)
        tied = not key.folder or folder.ties(
            judged.words, call.environment, [contents[0], *(data for data in contents[2:] if data)]
        )
        entry = Entry(
            key=key.exact if tied else key.moved,
            source=judged.source,
            files=tuple("" if data is None else self._keeper.content(data) for data in escaped),
            messages=self._keeper.content(said) if said else "",
            folder=key.folder,
            tokens=said != messages or escaped != contents,
            spelled=key.spelled,
        )
        holds = self._holds(contents[0])
        if (key.named or key.owning or holds) and escaped[0] is not None:
            read = self._keys.contents.digests(key.read)
            Suspect(entry.key, call, judged, key.owning, escaped[0], holds, read).save(self._build.scratch)
        self._keeper.add(entry)
        return ""

    def _escaped(self, data: bytes) -> bytes:
        return self._escape.data(data)

    def _holds(self, data: bytes) -> bool:
        """Whether an output's hash stands in there, the random seed aside: that is expected wherever `-g` is."""
        return any(find.kind != "seed" for find in self._escape.engine.examine(Memory(data)).finds)

    def _hit(self, entry: Entry, judged: Judged, key: Key) -> bytes:
        # A linker writes its map over what is there.
        first, more = (How.PROGRAM, How.TEXT) if judged.kind is Kind.LINK else (how_written(key), How.OBJECT)
        hows = [first, How.TEXT] + [more] * len(judged.extra)
        paths = [judged.output, judged.depfile, *judged.extra]
        files = [
            Put(how, path, self._content(digest, entry, key, text=index == DEPFILE))
            for index, (how, path, digest) in enumerate(zip(hows, paths, entry.files, strict=True))
            if digest
        ]
        # The object comes last: who waits for it finds the dependency file.
        return protocol.hit(self._content(entry.messages, entry, key, text=True), reversed(files))

    def _content(self, digest: str, entry: Entry, key: Key, *, text: bool) -> str:
        """The file with a content as it is in this build; empty where there is none."""
        if not digest or self._build.source is None:
            return ""
        source = self._build.source.path(digest)
        moved = text and entry.folder != key.folder
        # Most results of actions hold no token.
        tokens = entry.tokens and any(self._restore.strong.sift([str(source)]))
        if not tokens and not moved:
            return str(source)
        place = (digest, entry.folder, key.folder)
        known = self._restored.get(place)
        if known is None:
            data = self._restore.data(source.read_bytes()) if tokens else source.read_bytes()
            if moved:
                folder, old = Folder(self._build.top, key.folder), Folder(self._build.top, entry.folder)
                is_depfile = digest == entry.files[DEPFILE]
                renamed = folder.depfile(data, old, gcc=key.gcc) if is_depfile else folder.renamed(data, old)
                data = data if renamed is None else renamed
            target = self._build.scratch / f"restored-{os.getpid()}-{len(self._restored)}"
            target.write_bytes(data)
            known = self._restored[place] = str(target)
        return known

    def _compared(self, pending: Pending, entry: Entry, messages: bytes) -> bytes:
        """Whether a compiler made what would have been put in place."""
        differing = []
        paths = written(pending.call, pending.judged)
        for index, (path, digest, made) in enumerate(zip(paths, entry.files, _made(pending), strict=True)):
            known = self._content(digest, entry, pending.key, text=index == DEPFILE)
            if made != (Path(known).read_bytes() if known else None):
                differing.append(path)
        known = self._content(entry.messages, entry, pending.key, text=True)
        if messages != (Path(known).read_bytes() if known else b""):
            differing.append("its messages")
        is_link = pending.judged.kind is Kind.LINK
        self._note(pending.number, pending.call, pending.judged, LINK_TAKEN if is_link else TAKEN)
        if differing:
            name = pending.judged.source or pending.judged.output
            return protocol.fail(f"splitphase: verify: {name}: not what is kept: {' '.join(differing)}")
        return protocol.OK

    def _note(self, number: int, call: Call, judged: Judged, outcome: str, reason: str = "") -> None:
        # A call that is left has no source that is certain: its last word is one in most cases.
        name = judged.source or judged.output or call.words[-1]
        note = {
            "call": f"{number} {os.getpid()}",
            "source": Folder.of(call.directory, self._build.top).shown(call.directory, name),
            "outcome": outcome,
            "reason": reason,
        }
        with (self._build.scratch / NOTES.format(os.getpid())).open("a") as notes:
            notes.write(json.dumps(note) + "\n")


def written(call: Call, judged: Judged) -> list[str]:
    """Absolute paths of what a call may write, in the order of an entry's files; the dependency file may be none."""
    return [
        os.path.join(call.directory, judged.output),
        os.path.join(call.directory, judged.depfile) if judged.depfile else "",
        *(os.path.join(call.directory, path) for path in judged.extra),
    ]


def how_written(key: Key) -> How:
    """How the compiler of a compile writes its object."""
    return How.OBJECT if key.gcc else How.REPLACED


def _made(pending: Pending) -> list[bytes | None]:
    """What the call wrote, in the order of an entry's files; None for what it left as it was."""
    found: list[bytes | None] = []
    for path, before in zip(written(pending.call, pending.judged), pending.outputs, strict=True):
        found.append(Path(path).read_bytes() if os.path.isfile(path) and _state(path) != before else None)
    return found


def _state(path: str) -> object:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _without_us(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name != "BASH_ENV"}
