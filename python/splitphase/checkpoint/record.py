"""What a checkpoint holds, and its files.

`checkpoint.json` says what was built, in what environment and from what; `objects.tar.zst` holds the objects, with
tokens for the hashes of the package's own outputs. All paths are relative to the build's top folder, unless they begin
with `/`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from splitphase import __version__
from splitphase.errors import ManifestError, SplitphaseError

FORMAT = 3
FILE = "checkpoint.json"
OBJECTS = "objects.tar.zst"
OBSERVED = "observed.json"
"""What was observed, until the build has ended."""
CARRIED = "carried.json"
"""What came from an earlier checkpoint, until the build has ended."""
SCRATCH = ".splitphase-scratch"
"""Splitphase's own folder below the top."""
CARGO, KBUILD, PLAIN_MAKE = "cargo", "kbuild", "plain make"
"""Tools beside those of a build graph."""
_TRANSIENT: dict[str, Any] = {"compiles": {}, "lines": (), "asked": {}, "inherited": {}}
HINT = "build the checkpoint again with prepareCheckpointBuild"


@dataclass(frozen=True, slots=True)
class Identity:
    """What must be the same for a checkpoint to be one of this package at all."""

    package: str
    """The name without the version."""
    system: str
    top: str
    """`$NIX_BUILD_TOP`: its paths are compiled in."""


@dataclass(frozen=True, slots=True)
class MakeCompile:
    """A compile that plain make is about to run."""

    directory: str
    """Working directory, relative to the top."""
    command: str
    """As make prints it."""
    digest: str
    """Of the directory and of the line that the command is part of, hashes escaped."""
    refused: str
    """Why its object cannot be reused (empty: it can)."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The build just before its tool runs."""

    directory: str
    """Working directory."""
    environment: Mapping[str, str]
    """Digest of each exported variable's value, hashes escaped."""
    epoch: str
    """`SOURCE_DATE_EPOCH`."""
    flags: str
    """Digest of what the build tool is called with."""
    listing: Mapping[str, str]
    """Every path below the top: kind, mode and digest of what it holds."""
    reason: str = ""
    """Why nothing of a build with plain make can be reused, or nothing."""
    partial: str = ""
    """Why not all is known that make is about to do, or nothing."""
    compiles: Mapping[str, MakeCompile] = field(default_factory=dict)
    """Of plain make, by the object's path; a checkpoint does not keep them."""
    lines: tuple[str, ...] = ()
    """Digests of all lines that plain make is about to run; a checkpoint does not keep them."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """Targets for which plain make is about to run recipes, and where it is then; a checkpoint does not keep them."""
    inherited: Mapping[str, str] = field(default_factory=dict)
    """Digests of what makes get from those that call them, by where they are; a checkpoint does not keep them."""
    cargo: Mapping[str, Any] = field(default_factory=dict)
    """What cargo is about to build (`cargograph.Plan`)."""
    search: Mapping[str, str] = field(default_factory=dict)
    """Variables that name folders of headers, hashes escaped."""
    programs: Mapping[str, str] = field(default_factory=dict)
    """What compilers and assemblers on PATH are, links followed."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One compile: what it made, and from what."""

    output: str
    extra: tuple[str, ...]
    """Other files that it made."""
    command: str
    """Digest."""
    reads: tuple[str, ...]
    """Files that it read, relative or absolute, with the spelling that the compiler reported."""
    tied: bool = False
    """Whether it may hold the name of the folder that the source tree is in."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All of it."""

    identity: Identity
    observed: Observed
    tool: str
    """Empty: nothing can be reused, for the `reason`."""
    reason: str
    units: tuple[Unit, ...]
    read: Mapping[str, str]
    """Digest of the content of each file that units read."""
    left: Mapping[str, str]
    """Paths that the build added, with their kinds as in a listing."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """How many objects were not taken into the checkpoint, by reason."""
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of files that cannot differ, by path: the words in them that ask for a time, where there are any."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """With kbuild: by path, what a later build compares beside units."""

    @property
    def only_compiles(self) -> bool:
        """Whether all that can be taken of it was made by compilers of C, each file by a command of its own."""
        return self.tool not in (CARGO, KBUILD)


def write(target: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint.json`."""
    paths = sorted({path for unit in checkpoint.units for path in unit.reads})
    number = {path: index for index, path in enumerate(paths)}
    units = [
        (unit.output, unit.extra, unit.command, [number[path] for path in unit.reads], unit.tied)
        for unit in checkpoint.units
    ]
    fields = asdict(replace(checkpoint, units=(), observed=replace(checkpoint.observed, **_TRANSIENT)))
    body = {"format": FORMAT, "splitphase": __version__, **fields, "paths": paths, "units": units}
    (target / FILE).write_text(json.dumps(body, separators=(",", ":"), sort_keys=True) + "\n")


def read(source: Path) -> Checkpoint:
    """Read and check `checkpoint.json`. Raises ManifestError for what this splitphase did not write."""
    try:
        raw: dict[str, Any] = json.loads((source / FILE).read_text())
        if raw["format"] != FORMAT or raw["splitphase"] != __version__:
            raise ManifestError(
                f"{source}: the checkpoint is of splitphase {raw['splitphase']} (format {raw['format']}), this is "
                f"{__version__} (format {FORMAT})",
                hint=HINT,
            )
        return Checkpoint(
            Identity(**raw["identity"]),
            Observed(**raw["observed"] | {"lines": ()}),
            raw["tool"],
            raw["reason"],
            tuple(
                Unit(output, tuple(extra), command, tuple(map(raw["paths"].__getitem__, reads)), tied)
                for output, extra, command, reads, tied in raw["units"]
            ),
            raw["read"],
            raw["left"],
            raw["dropped"],
            raw["words"],
            raw["notes"],
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ManifestError(f"{source}: a damaged checkpoint, or none: {error!r}", hint=HINT) from error


def check(source: Path, found: Identity, wanted: Identity) -> None:
    """Raise SplitphaseError where the checkpoint is of something else."""
    for what, theirs, ours in (
        ("package", found.package, wanted.package),
        ("system", found.system, wanted.system),
        ("build directory", found.top, wanted.top),
    ):
        if theirs != ours:
            raise SplitphaseError(
                f"{source} is a checkpoint of another {what}: of {theirs}, but this build is of {ours}",
                hint="give mkCheckpointBuild a checkpoint that prepareCheckpointBuild made of the same package",
            )


def write_observed(target: Path, observed: Observed) -> None:
    """Keep what was observed until the build has ended."""
    target.write_text(json.dumps(asdict(observed)))


def read_observed(source: Path) -> Observed:
    """Read it again."""
    raw = json.loads(source.read_text())
    return Observed(
        **raw
        | {
            "lines": tuple(raw["lines"]),
            "compiles": {path: MakeCompile(**fields) for path, fields in raw["compiles"].items()},
        }
    )


def write_carried(target: Path, units: Mapping[Unit, int]) -> None:
    """Keep which units came from an earlier checkpoint, and their time, until the build has ended."""
    (target / CARRIED).write_text(json.dumps([[asdict(unit), moment] for unit, moment in units.items()]))


def read_carried(source: Path) -> dict[str, tuple[Unit, int]]:
    """Read them again, by output; none where no checkpoint was used."""
    if not (source / CARRIED).exists():
        return {}
    found = {}
    for raw, moment in json.loads((source / CARRIED).read_text()):
        found[raw["output"]] = (Unit(**raw | {"extra": tuple(raw["extra"]), "reads": tuple(raw["reads"])}), moment)
    return found
