"""Results of calls, under their keys: a folder with `index.json` and one file for each content, `objects/DIGEST`.

Contents hold tokens for the hashes of the package's outputs. While a build keeps results, each worker of the server
writes the entries that it adds into a journal of its own, a line of JSON each; when the build is over they become the
index.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from splitphase import __version__
from splitphase.errors import ManifestError, SplitphaseError
from splitphase.intercept.folders import Folder
from splitphase.intercept.keys import Key
from splitphase.intercept.links import Given
from splitphase.objcache.manifest import read_known

FORMAT = 5
INDEX = "index.json"
OBJECTS = "objects"
DEPFILE = 1
"""Place of the dependency file among an entry's files."""
CHECKPOINT, DERIVATIONS = "the checkpoint", "derivations"
LEFT = ".splitphase-left"
"""In an action's output: why it has no result."""
MESSAGES = ".splitphase/messages"
"""In an action's output: what the compiler printed on stderr."""
JOURNALS = "entries-*.jsonl"
_DIGEST = re.compile("(?:[0-9a-f]{64})?")
_HINT = "build the checkpoint again with prepareCheckpointBuild"


@dataclass(frozen=True, slots=True)
class Identity:
    """What must be the same for results to be of use to a build at all."""

    package: str
    """The name without the version."""
    system: str
    top: str
    """`$NIX_BUILD_TOP`: its paths are compiled in."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one call made."""

    key: str
    """The exact one, or, where the result does not hold the folder's name, the moved one."""
    source: str
    """As the call spelled it."""
    files: tuple[str, ...]
    """What it wrote: the object, the dependency file, others; in the order of the call's own list. A digest, or empty
    for what it did not write."""
    messages: str
    """Digest of what it printed on stderr, or empty."""
    folder: str
    """Name of the source's folder."""
    tokens: bool
    """Whether a token stands in a file or message."""
    spelled: bool
    """Whether the command spells the folder."""
    needs: tuple[tuple[str, str], ...] = ()
    """What must be the same beside the key, each with its state then; the maker of the key knows what they mean."""


class Artifacts:
    """Results that are there to be taken."""

    def __init__(
        self,
        folder: Path,
        entries: Iterable[Entry],
        title: str,
        left: Mapping[str, str] | None = None,
        links: Mapping[str, tuple[Given, ...]] | None = None,
        added: tuple[str, ...] = (),
        run_paths: Collection[str] = (),
    ) -> None:
        self.added = added
        self.run_paths = run_paths
        """Keys of links in which a token is to stand in run paths alone."""
        """Names of further variables that counted when they were recorded."""
        self.title = title
        self.folder = folder
        self.links = links or {}
        """What links were given, by the action's key."""
        self.left = left or {}
        """Why an action has no result, by the action's key."""
        self._entries: dict[str, list[Entry]] = {}
        for entry in entries:
            self._entries.setdefault(entry.key, []).append(entry)
        self._intact: dict[str, bool] = {}

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    @classmethod
    def read(cls, folder: Path, identity: Identity) -> Artifacts:
        """Read a folder. Raises ManifestError where it is damaged, SplitphaseError where it is of something else."""
        try:
            raw = json.loads((folder / INDEX).read_text())
            found = {"format": raw["format"], "splitphase": raw["splitphase"]}
            if found != {"format": FORMAT, "splitphase": __version__}:
                raise SplitphaseError(
                    f"the checkpoint {folder} is of splitphase {raw['splitphase']} (format {raw['format']}), "
                    f"not of {__version__} (format {FORMAT})",
                    hint=_HINT,
                )
            _same(folder, Identity(**raw["identity"]), identity)
            entries = [_entry(entry) for entry in raw["entries"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ManifestError(f"damaged checkpoint {folder}: {error!r}", hint=_HINT) from error
        return cls(folder, entries, CHECKPOINT)

    @classmethod
    def of_actions(cls, known: Path, outputs: Sequence[str], top: str) -> Artifacts:
        """The results of actions: what prepare wrote of them, and the store path of each. Raises ManifestError."""
        actions, added = read_known(known)
        if len(actions) != len(outputs):
            raise ManifestError(
                f"{known} has {len(actions)} actions, but there are outputs of {len(outputs)}",
                hint="prepare and final must come from the same splitphase; rebuild without a mixed lock file",
            )
        left, entries, links = {}, [], {}
        for action, output in zip(actions, map(Path, outputs), strict=True):
            if (output / LEFT).exists():
                left[action.key] = (output / LEFT).read_text().strip()
                continue
            files = tuple(str(output / path) if path and (output / path).exists() else "" for path in action.written)
            said = output / MESSAGES
            messages = str(said) if said.exists() else ""
            folder = Folder.of(os.path.dirname(f"{top}/{action.written[0]}"), top).name
            entries.append(Entry(action.key, action.source, files, messages, folder, tokens=True, spelled=False))
            if action.given is not None:
                links[action.key] = action.given
        return cls(
            Path("/"), entries, DERIVATIONS, left, links, added, {action.key for action in actions if action.run_path}
        )

    def result(self, key: str) -> Entry | None:
        """The result of an action."""
        return next(iter(self._entries.get(key, [])), None)

    def find(self, key: Key) -> Entry | None:
        """The result of a call with this key."""
        return next(iter(self.having(key)), None)

    def having(self, key: Key) -> list[Entry]:
        """All results of calls with this key, for keys that do not say everything."""
        return self._entries.get(key.exact) or (self._entries.get(key.moved) if key.moved else None) or []

    def path(self, digest: str) -> Path:
        """Where a content lies. An action's is named by its absolute path, with which the join begins anew."""
        return self.folder / OBJECTS / digest

    def intact(self, entry: Entry) -> bool:
        """Whether all contents of an entry are what they were. Nix vouches for those of actions."""
        if self.title == DERIVATIONS:
            return True
        for digest in (*entry.files, entry.messages):
            if digest and digest not in self._intact:
                try:
                    self._intact[digest] = hashlib.sha256(self.path(digest).read_bytes()).hexdigest() == digest
                except OSError:
                    self._intact[digest] = False
        return all(self._intact[digest] for digest in (*entry.files, entry.messages) if digest)


class Keeper:
    """Adds results to a folder. Several processes may do so at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / OBJECTS).mkdir(parents=True, exist_ok=True)

    def content(self, data: bytes) -> str:
        """Keep a content; returns its digest."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / OBJECTS / digest
        if not path.exists():
            beside = path.with_name(f"{digest}.{os.getpid()}")
            try:
                beside.write_bytes(data)
                beside.rename(path)
            except OSError:
                beside.unlink(missing_ok=True)
                raise
        return digest

    def add(self, entry: Entry) -> None:
        """Note an entry whose contents are kept."""
        with (self.folder / f"entries-{os.getpid()}.jsonl").open("a") as journal:
            journal.write(json.dumps(asdict(entry), separators=(",", ":")) + "\n")

    def carry(self, entry: Entry, source: Artifacts) -> None:
        """Add an entry of another folder."""
        for digest in (*entry.files, entry.messages):
            if digest and not (self.folder / OBJECTS / digest).exists():
                self.content(source.path(digest).read_bytes())
        self.add(entry)

    def finish(self, identity: Identity, dropped: Mapping[str, int], without: Iterable[str] = ()) -> int:
        """Write the index, less the entries with these keys; returns how many there are."""
        refused = set(without)
        entries = {
            f"{entry['key']} {entry['needs']}": entry for entry in self._journal() if entry["key"] not in refused
        }
        used = {digest for entry in entries.values() for digest in (*entry["files"], entry["messages"])}
        for path in (self.folder / OBJECTS).iterdir():
            if path.name not in used:
                path.unlink()
        raw = {
            "format": FORMAT,
            "splitphase": __version__,
            "identity": asdict(identity),
            "dropped": dict(sorted(dropped.items())),
            "entries": [entries[key] for key in sorted(entries)],
        }
        index = self.folder / INDEX
        try:
            index.write_text(json.dumps(raw, separators=(",", ":")) + "\n")
        except OSError:
            index.unlink(missing_ok=True)
            raise
        for path in self.folder.glob(JOURNALS):
            path.unlink()
        return len(entries)

    def _journal(self) -> Iterator[dict[str, Any]]:
        for path in sorted(self.folder.glob(JOURNALS)):
            yield from read_lines(path)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects in a file of lines of JSON; a line that was not written whole, on a full disk, is none."""
    for line in path.read_text(errors="replace").splitlines():
        with suppress(ValueError):
            yield json.loads(line)


def _entry(raw: dict[str, Any]) -> Entry:
    entry = Entry(**{**raw, "files": tuple(raw["files"]), "needs": tuple(map(tuple, raw["needs"]))})
    if len(entry.files) < 2 or not all(_DIGEST.fullmatch(digest) for digest in (*entry.files, entry.messages)):
        raise ValueError(f"an entry with contents {entry.files}")
    return entry


def _same(folder: Path, found: Identity, wanted: Identity) -> None:
    for field in fields(Identity):
        have, want = getattr(found, field.name), getattr(wanted, field.name)
        if have != want:
            what = "build directory" if field.name == "top" else field.name
            raise SplitphaseError(
                f"{folder} is a checkpoint of another {what}: of {have}, not of {want}",
                hint="give the checkpoint of this package, made on a machine with the same settings",
            )
