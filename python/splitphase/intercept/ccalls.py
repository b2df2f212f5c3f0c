"""Calls of compilers for C and its relatives: how they are judged, found and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from splitphase.environment import without_bash_env
from splitphase.hashes.sources import Memory
from splitphase.intercept.artifacts import DEPFILE, Artifacts, Entry, Keeper
from splitphase.intercept.call import Call, Judged, Kind, judge
from splitphase.intercept.folders import Folder
from splitphase.intercept.keys import Key, Keys
from splitphase.intercept.prove import Suspect, front
from splitphase.intercept.reasons import Reason
from splitphase.rewrite import Rewriter

NO_COMPILES = frozenset((Reason.PROBE, Reason.OUTPUT_OUTSIDE, Reason.STANDARD_INPUT, Reason.NO_INPUT))
"""Calls with `-c` that ask something."""


class CCalls:
    """One worker's. `outside` is whether sources may lie outside of the tree, in the store."""

    def __init__(self, top: str, scratch: Path, keys: Keys, escape: Rewriter, *, outside: bool = False) -> None:
        self._top = top
        self._scratch = scratch
        self._keys = keys
        self._escape = escape
        self._outside = outside

    def takes(self, program: str) -> bool:  # noqa: ARG002 - as rustc's
        """Whether calls of this program are judged here."""
        return True

    def judge(self, call: Call) -> Judged:
        """What a call is."""
        return judge(call, self._top, self._keys.place) if self._outside else judge(call, self._top)

    def counts(self, call: Call, judged: Judged) -> bool:
        """Whether a call that is no compile to be handled should have been one."""
        return judged.kind is Kind.OTHER and "-c" in call.words and judged.reason not in NO_COMPILES

    def key(self, call: Call, judged: Judged, *, terminal: bool) -> Key:
        """The key of a compile."""
        return self._keys.of(call, judged, terminal=terminal)

    def find(self, source: Artifacts, call: Call, judged: Judged, key: Key) -> Entry | None:
        """The known result of a call."""
        entry = source.find(key)
        if entry is None:
            return None
        if entry.key == key.exact:
            # The folder of an action's entry is that of its output, which may be another one than the call's.
            return replace(entry, folder=key.folder)
        if entry.folder == key.folder:
            return entry
        folder, old = Folder(self._top, key.folder), Folder(self._top, entry.folder)
        depfile = entry.files[DEPFILE]
        if depfile and folder.depfile(source.path(depfile).read_bytes(), old, gcc=key.gcc) is None:
            return None
        if not (entry.spelled or key.spelled):
            return entry
        seen = folder.seen([call.program, *front(judged.words)], call.directory, without_bash_env(call.environment))
        return None if seen else entry

    def entry(
        self, keeper: Keeper, call: Call, judged: Judged, key: Key, contents: Sequence[bytes | None], messages: bytes
    ) -> Entry | str:
        """Keep what a call wrote and printed; or say why that is not possible. Raises RewriteError."""
        if contents[0] is None:
            return "it made no object"
        escaped = [None if data is None else self._escape.data(data) for data in contents]
        said = self._escape.plain(messages)
        folder = Folder(self._top, key.folder)
        tied = not key.folder or folder.ties(
            judged.words, call.environment, [contents[0], *(data for data in contents[2:] if data)]
        )
        entry = Entry(
            key=key.exact if tied else key.moved,
            source=judged.source,
            files=tuple("" if data is None else keeper.content(data) for data in escaped),
            messages=keeper.content(said) if said else "",
            folder=key.folder,
            tokens=said != messages or escaped != list(contents),
            spelled=key.spelled,
        )
        holds = self._holds(contents[0])
        if (key.named or key.owning or holds) and escaped[0] is not None:
            read = self._keys.contents.digests(key.read)
            Suspect(entry.key, call, judged, key.owning, escaped[0], holds, read).save(self._scratch)
        return entry

    def _holds(self, data: bytes) -> bool:
        """Whether an output's hash stands in there, the random seed aside: that is expected wherever `-g` is."""
        return any(find.kind != "seed" for find in self._escape.engine.examine(Memory(data)).finds)
