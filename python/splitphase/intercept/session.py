"""What the server decides of each call: run it, run it and keep the result, or put a known result in place."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from splitphase.errors import RewriteError, SplitphaseError
from splitphase.hashes.sources import Memory
from splitphase.intercept import protocol
from splitphase.intercept.artifacts import Artifacts, Entry, Keeper
from splitphase.intercept.call import Call, Judged, Kind, judge
from splitphase.intercept.chaos import Chaos
from splitphase.intercept.folders import Folder
from splitphase.intercept.keys import Key, Keys
from splitphase.intercept.protocol import Asked, How, Put
from splitphase.intercept.prove import Suspect, front
from splitphase.intercept.reasons import Reason
from splitphase.rewrite import Rewriter

log = logging.getLogger(__name__)
NOTES = "notes-{}.jsonl"
"""Name of a worker's file of notes, a line of JSON for each call."""
DEPFILE = 1
"""Place of the dependency file among an entry's files."""
TAKEN, RAN, LEFT = "taken", "ran", "left"
_NO_COMPILES = frozenset((Reason.PROBE, Reason.OUTPUT_OUTSIDE, Reason.STANDARD_INPUT, Reason.NO_INPUT))
"""Calls with `-c` that ask something."""
CHANGED = "a file that it read changed while it ran"


@dataclass(frozen=True, slots=True)
class Build:
    """What a server is told of its build."""

    top: str
    outputs: Mapping[str, str]
    scratch: Path
    """A folder of the server's own."""
    fixed: tuple[str, ...]
    """Prefixes of paths that do not change."""
    source: Artifacts | None = None
    """Results to take."""
    target: Path | None = None
    """Where to keep results, if at all."""
    verify: bool = False
    """Whether each result that would be taken is made again and compared."""
    chaos: str = ""
    """For tests, see Chaos."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A call whose compiler runs, and whose result is waited for."""

    number: int
    call: Call
    judged: Judged
    key: Key
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
        self._keys = Keys(build.top, self._escape, build.outputs, build.fixed)
        self._keeper = Keeper(build.target) if build.target else None
        self._chaos = Chaos(build.chaos)
        self._calls = 0
        self._restored: dict[tuple[str, str], str] = {}

    def asked(self, asked: Asked) -> tuple[bytes, Pending | None]:
        """The answer to a call, and what to wait for, if anything."""
        call = asked.call
        judged = judge(call, self._build.top)
        self._calls += 1
        self._chaos.strike()
        if judged.kind is not Kind.COMPILE:
            if judged.kind is Kind.OTHER and "-c" in call.words and judged.reason not in _NO_COMPILES:
                self._note(self._calls, call, judged, LEFT, judged.reason)
            return protocol.RUN, None
        try:
            key = self._keys.of(call, judged, terminal=asked.terminal)
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
            self._note(self._calls, call, judged, TAKEN)
            if self._keeper:
                self._keeper.carry(entry, self._build.source)
            return self._hit(entry, judged, key), None
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

    def _known(self, call: Call, judged: Judged, key: Key) -> Entry | None:
        entry = self._build.source.find(key) if self._build.source else None
        if entry is None or self._build.source is None:
            return None
        if not self._build.source.intact(entry):
            log.warning("%s: its result in the checkpoint is damaged", entry.source)
            return None
        if entry.folder == key.folder:
            return entry
        folder, old = Folder(self._build.top, key.folder), Folder(self._build.top, entry.folder)
        depfile = entry.files[DEPFILE]
        if depfile and folder.depfile(self._build.source.path(depfile).read_bytes(), old, gcc=key.gcc) is None:
            return None
        if not (entry.spelled or key.spelled):
            return entry
        seen = folder.seen([call.program, *front(judged.words)], call.directory, _without_us(call.environment))
        return None if seen else entry

    def _pending(self, call: Call, judged: Judged, key: Key, entry: Entry | None = None) -> Pending:
        outputs = tuple(_state(path) for path in _written(call, judged))
        return Pending(self._calls, call, judged, key, outputs, entry)

    def _kept(self, pending: Pending, messages: bytes) -> str:
        """Keep a result; returns why that is not possible, or nothing."""
        call, judged, key = pending.call, pending.judged, pending.key
        if self._keeper is None:
            return ""
        if not self._keys.unchanged(key):
            return CHANGED
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
        hows = [How.OBJECT, How.TEXT] + [How.OBJECT] * len(judged.extra)
        paths = [judged.output, judged.depfile, *judged.extra]
        files = [
            Put(how, path, self._content(digest, entry, key, text=how is How.TEXT))
            for how, path, digest in zip(hows, paths, entry.files, strict=True)
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
        if not entry.tokens and not moved:
            return str(source)
        known = self._restored.get((digest, entry.folder))
        if known is None:
            data = self._restore.data(source.read_bytes()) if entry.tokens else source.read_bytes()
            if moved:
                folder, old = Folder(self._build.top, key.folder), Folder(self._build.top, entry.folder)
                is_depfile = digest == entry.files[DEPFILE]
                renamed = folder.depfile(data, old, gcc=key.gcc) if is_depfile else folder.renamed(data, old)
                data = data if renamed is None else renamed
            target = self._build.scratch / f"restored-{os.getpid()}-{len(self._restored)}"
            target.write_bytes(data)
            known = self._restored[digest, entry.folder] = str(target)
        return known

    def _compared(self, pending: Pending, entry: Entry, messages: bytes) -> bytes:
        """Whether a compiler made what would have been put in place."""
        differing = []
        paths = _written(pending.call, pending.judged)
        for index, (path, digest, made) in enumerate(zip(paths, entry.files, _made(pending), strict=True)):
            known = self._content(digest, entry, pending.key, text=index == DEPFILE)
            if made != (Path(known).read_bytes() if known else None):
                differing.append(path)
        known = self._content(entry.messages, entry, pending.key, text=True)
        if messages != (Path(known).read_bytes() if known else b""):
            differing.append("its messages")
        self._note(pending.number, pending.call, pending.judged, TAKEN)
        if differing:
            return protocol.fail(
                f"splitphase: verify: {pending.judged.source}: not what is kept: {' '.join(differing)}"
            )
        return protocol.OK

    def _note(self, number: int, call: Call, judged: Judged, outcome: str, reason: str = "") -> None:
        # A call that is left has no source that is certain: its last word is one in most cases.
        note = {
            "call": f"{number} {os.getpid()}",
            "source": Folder.of(call.directory, self._build.top).shown(call.directory, judged.source or call.words[-1]),
            "outcome": outcome,
            "reason": reason,
        }
        with (self._build.scratch / NOTES.format(os.getpid())).open("a") as notes:
            notes.write(json.dumps(note) + "\n")


def _written(call: Call, judged: Judged) -> list[str]:
    """Absolute paths of what a call may write, in the order of an entry's files; the dependency file may be none."""
    return [
        os.path.join(call.directory, judged.output),
        os.path.join(call.directory, judged.depfile) if judged.depfile else "",
        *(os.path.join(call.directory, path) for path in judged.extra),
    ]


def _made(pending: Pending) -> list[bytes | None]:
    """What the call wrote, in the order of an entry's files; None for what it left as it was."""
    found: list[bytes | None] = []
    for path, before in zip(_written(pending.call, pending.judged), pending.outputs, strict=True):
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
