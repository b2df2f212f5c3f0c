"""What the server decides of each call: run it, run it and keep the result, or put a known result in place."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from splitphase.errors import RewriteError, SplitphaseError
from splitphase.intercept import protocol
from splitphase.intercept.apart import Parts, apart, placed
from splitphase.intercept.artifacts import CHECKPOINT, DEPFILE, Artifacts, Entry, Keeper
from splitphase.intercept.call import Call, Judged, Kind
from splitphase.intercept.ccalls import CCalls
from splitphase.intercept.chaos import Chaos
from splitphase.intercept.expected import Expected
from splitphase.intercept.folders import Folder
from splitphase.intercept.keys import Key, Keys
from splitphase.intercept.links import Links, only_in_run_path, same
from splitphase.intercept.outputs import how_put, results, state, written
from splitphase.intercept.protocol import Asked, Put
from splitphase.intercept.rust import RustCalls
from splitphase.intercept.writers import Writers
from splitphase.rewrite import Rewriter

log = logging.getLogger(__name__)
_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;]*[mK]|\]8;[^\x07\x1b]*(?:\x07|\x1b\\))")
"""Colours and links, as compilers write them for terminals."""
_VARYING = re.compile(rb"\bcc[0-9A-Za-z]{6}\b|[0-9][0-9.]*")
"""GCC's names of temporary files; and some linkers say how long they took."""
NOTES = "notes-{}.jsonl"
"""Name of a worker's file of notes, a line of JSON for each call."""
TAKEN, RAN, LEFT = "taken", "ran", "left"
LINK_TAKEN, LINKED = "link taken", "linked"
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
    expected: Path | None = None
    """What was recorded of compiles, see `expected`."""


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
    before: bytes = b""
    """What is printed before the messages of that result."""


class Session:
    """One worker's part of a build."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._escape = Rewriter.escaping(build.outputs)
        self._restore = Rewriter.restoring(build.outputs)
        added = build.source.added if build.source is not None else ()
        self._keys = Keys(build.top, self._escape, build.outputs, build.fixed, added)
        # The messages of actions are never shaped for a terminal, and their sources are in the tree.
        self._is_checkpoint = build.source is None or build.source.title == CHECKPOINT
        self._kinds = (
            RustCalls(build.top, build.scratch, self._keys, self._escape),
            CCalls(build.top, build.scratch, self._keys, self._escape, outside=self._is_checkpoint),
        )
        self._keeper = Keeper(build.target) if build.target else None
        self._chaos = Chaos(build.chaos)
        self._calls = 0
        self._links = Links(build.top, self._escape, added)
        self._digests: dict[str, str] = {}
        self._writers = Writers(build.scratch)
        self._restored: dict[tuple[str, str, str], str] = {}
        self._expected = Expected(build.expected, build.top, self._escape.text) if build.expected else None

    def asked(self, asked: Asked) -> tuple[bytes, Pending | None]:
        """The answer to a call, and what to wait for, if anything."""
        call = asked.call
        calls = self._of(call)
        judged = calls.judge(call)
        self._calls += 1
        self._chaos.strike()
        if judged.kind is Kind.LINK and not self._is_checkpoint:
            return self._link(call, judged)
        parts = None if self._is_checkpoint else apart(call, judged, self._build.top)
        if parts is not None:
            return self._in_parts(calls, parts)
        if judged.kind is not Kind.COMPILE:
            if calls.counts(call, judged):
                self._note(self._calls, call, judged, LEFT, judged.reason)
            return protocol.RUN, None
        key, reason = self._key(calls, call, judged, terminal=asked.terminal and self._is_checkpoint)
        if key is None:
            self._note(self._calls, call, judged, LEFT, reason)
            return protocol.RUN, None
        entry = self._entry(calls, call, judged, key)
        if entry is not None:
            if self._build.verify:
                return protocol.KEEP, self._pending(call, judged, key, entry)
            reply = self._hit(entry, judged, key)
            self._note(self._calls, call, judged, TAKEN)
            self._carry(entry)
            return reply, None
        self._note(self._calls, call, judged, RAN, self._why(call, judged, key))
        return (protocol.KEEP, self._pending(call, judged, key)) if self._keeper else (protocol.RUN, None)

    def _key(
        self, calls: RustCalls | CCalls, call: Call, judged: Judged, *, terminal: bool = False
    ) -> tuple[Key | None, str]:
        """The key of a compile; or nothing, and why it is left."""
        try:
            key = calls.key(call, judged, terminal=terminal)
        except SplitphaseError as error:
            return None, error.message
        except OSError as error:
            return None, f"what it reads cannot be looked at: {error.strerror}"
        return (None, key.reason) if key.reason else (key, "")

    def _entry(self, calls: RustCalls | CCalls, call: Call, judged: Judged, key: Key) -> Entry | None:
        """The known result of a compile, if it is to be taken."""
        source = self._build.source
        entry = calls.find(source, call, judged, key) if source is not None else None
        if source is None or entry is None or self._chaos.refuses():
            return None
        if not source.intact(entry):
            log.warning("%s: its result in the checkpoint is damaged", entry.source)
            return None
        return entry

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

    def failed(self, pending: Pending) -> bytes:
        """A compiler has failed: nothing is kept of it, and no known result should have been there."""
        if self._keeper:
            self._writers.alone(pending.number, written(pending.call, pending.judged))
        if pending.entry is None:
            return protocol.OK
        self._note(pending.number, pending.call, pending.judged, RAN, "it fails")
        name = pending.judged.source or pending.judged.output
        return protocol.fail(f"splitphase: verify: {name}: it fails, and a result of it is kept")

    def _of(self, call: Call) -> RustCalls | CCalls:
        """Who knows about calls of this program."""
        return next(calls for calls in self._kinds if calls.takes(call.program))

    def stub(self, call: str) -> bytes:
        """There are no stubs where nothing is recorded."""
        return protocol.fail(f"{call} is a stub of a recorded build: it must not be part of this one")

    def _why(self, call: Call, judged: Judged, key: Key) -> str:
        """Why there is no result of a compile, as far as it is known."""
        source = self._build.source
        left = source.left.get(key.exact, "") if source is not None else ""
        if left or self._expected is None:
            return left
        output = os.path.join(call.directory, judged.output)
        return self._expected.difference(output, key.words, key.variables, key.digests)

    def _in_parts(self, calls: RustCalls | CCalls, parts: Parts) -> tuple[bytes, Pending | None]:
        """Take the result of a call that compiles and links: its link's, if that was given what its compiles make."""
        objects: dict[str, str] = {}
        said = b""
        reasons = []
        for call, judged in parts.compiles:
            key, reason = self._key(calls, call, judged)
            entry = self._entry(calls, call, judged, key) if key is not None and key.gcc else None
            if key is not None and entry is not None:
                objects[judged.output] = self._content(entry.files[0], entry, key, text=False)
                said += self._said(entry, key)
                reasons.append("")
            else:
                reasons.append(reason or (self._why(call, judged, key) if key is not None else ""))
        reply: tuple[bytes, Pending | None] = protocol.RUN, None
        other = "" if len(objects) == len(reasons) else "a source of the same call is not taken"
        if not other:
            try:
                with placed(objects):
                    reply = self._link(*parts.link, said)
            except FileExistsError:
                other = "another file has the name of its object"
        if other:
            self._note(self._calls, *parts.link, LINKED, other)
        taken = reply[0] != protocol.RUN
        for index, ((call, judged), reason) in enumerate(zip(parts.compiles, reasons, strict=True)):
            number = f"{self._calls}.{index}"
            self._note(
                number,
                call,
                judged,
                TAKEN if taken else RAN,
                "" if taken else reason or other or "its link is not taken",
            )
        return reply

    def _link(self, call: Call, judged: Judged, before: bytes = b"") -> tuple[bytes, Pending | None]:
        """Take a link's result where all that it reads is what the link was given.

        `before` is what the compiles of the same call print.
        """
        source = self._build.source
        key = self._links.key(call, judged)
        entry = source.result(key) if source is not None else None
        if source is None or entry is None:
            reason = (source.left.get(key) if source is not None else "") or "no link of this command was recorded"
        else:
            try:
                reason = same(self._links.inputs(call, judged), source.links[key], self._links, self._real)
            except (SplitphaseError, OSError) as error:
                reason = f"what it reads cannot be looked at: {error}"
        if not reason and source is not None and entry is not None and key in source.run_paths:
            alone = only_in_run_path(self._restore, source.path(entry.files[0]))
            reason = "" if alone else "its output path stands elsewhere than in a run path, or it has a build-id"
        if not reason and self._chaos.refuses():
            reason = "it is refused"
        place = Key(key, "", folder=entry.folder if entry is not None else "")
        if not reason and entry is not None and _share_a_line(before, self._said(entry, place)):
            reason = "the driver says something, and would say it for each part of the call"
        if reason or entry is None:
            self._note(self._calls, call, judged, LINKED, reason)
            return protocol.RUN, None
        if self._build.verify:
            return protocol.KEEP, replace(self._pending(call, judged, place, entry), before=before)
        reply = self._hit(entry, judged, place, before)
        self._note(self._calls, call, judged, LINK_TAKEN)
        return reply, None

    def _real(self, key: str) -> str:
        """Digest in hex of what an action made, as it is in this build; empty where it made nothing."""
        known = self._digests.get(key)
        if known is None:
            entry = self._build.source.result(key) if self._build.source is not None else None
            path = self._content(entry.files[0], entry, Key(key, "", folder=entry.folder), text=False) if entry else ""
            known = self._digests[key] = hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""
        return known

    def _pending(self, call: Call, judged: Judged, key: Key, entry: Entry | None = None) -> Pending:
        if self._keeper:
            self._writers.begin(self._calls, written(call, judged))
        outputs = tuple(state(path) for path in written(call, judged))
        return Pending(self._calls, call, judged, key, self._keys.contents.signatures(key.read), outputs, entry)

    def _kept(self, pending: Pending, messages: bytes) -> str:
        """Keep a result; returns why that is not possible, or nothing."""
        call, judged, key = pending.call, pending.judged, pending.key
        if self._keeper is None:
            return ""
        # Signatures show a change that was taken back, digests one within a tick of the clock.
        contents = self._keys.contents
        if contents.signatures(key.read) != pending.inputs or (
            key.digests and contents.digests(key.read) != key.digests
        ):
            return CHANGED
        if not self._writers.alone(pending.number, written(call, judged)):
            return SHARED
        try:
            entry = self._of(call).entry(self._keeper, call, judged, key, _results(pending), messages)
        except RewriteError as error:
            return f"its result holds an output path that cannot be replaced: {error.message}"
        if isinstance(entry, str):
            return entry
        self._keeper.add(entry)
        return ""

    def _hit(self, entry: Entry, judged: Judged, key: Key, before: bytes = b"") -> bytes:
        paths = [judged.output, judged.depfile, *judged.extra]
        hows = [how_put(path, judged, key) for path in paths]
        files = [
            Put(how, path, self._content(digest, entry, key, text=index == DEPFILE))
            for index, (how, path, digest) in enumerate(zip(hows, paths, entry.files, strict=True))
            if digest
        ]
        # The object comes last: who waits for it finds the dependency file.
        messages = self._content(entry.messages, entry, key, text=True)
        if before:
            messages = str(self._build.scratch / f"said-{os.getpid()}-{self._calls}")
            Path(messages).write_bytes(before + self._said(entry, key))
        return protocol.hit(messages, reversed(files))

    def _said(self, entry: Entry, key: Key) -> bytes:
        """The messages of a result."""
        path = self._content(entry.messages, entry, key, text=True)
        return Path(path).read_bytes() if path else b""

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
        for index, (path, digest, made) in enumerate(zip(paths, entry.files, _results(pending), strict=True)):
            known = self._content(digest, entry, pending.key, text=index == DEPFILE)
            if made != (Path(known).read_bytes() if known else None):
                differing.append(path)
        # What an action's compiler printed is never shaped for a terminal.
        said = messages if self._is_checkpoint else _ESCAPES.sub(b"", messages)
        if _VARYING.sub(b"0", said) != _VARYING.sub(b"0", pending.before + self._said(entry, pending.key)):
            differing.append("its messages")
        is_link = pending.judged.kind is Kind.LINK
        self._note(pending.number, pending.call, pending.judged, LINK_TAKEN if is_link else TAKEN)
        if self._keeper:
            self._writers.alone(pending.number, paths)
        if differing:
            name = pending.judged.source or pending.judged.output
            return protocol.fail(f"splitphase: verify: {name}: not what is kept: {' '.join(differing)}")
        self._carry(entry)
        return protocol.OK

    def _carry(self, entry: Entry) -> None:
        """Put what was taken into the checkpoint that this build makes, if it makes one."""
        if self._keeper and self._build.source is not None:
            self._keeper.carry(entry, self._build.source)

    def _note(self, number: int | str, call: Call, judged: Judged, outcome: str, reason: str = "") -> None:
        # A call that is left has no source that is certain: its last word is one in most cases.
        name = judged.source or judged.output or call.words[-1]
        note = {
            "call": f"{number} {os.getpid()}",
            "source": Folder.of_call(call.directory, self._build.top, judged.place).shown(call.directory, name),
            "outcome": outcome,
            "reason": reason,
        }
        with (self._build.scratch / NOTES.format(os.getpid())).open("a") as notes:
            notes.write(json.dumps(note) + "\n")


def _share_a_line(one: bytes, other: bytes) -> bool:
    return bool({*one.split(b"\n")} & {*other.split(b"\n")} - {b""})


def _results(pending: Pending) -> list[bytes | None]:
    return results(pending.call, pending.judged, pending.outputs)
