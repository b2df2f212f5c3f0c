"""The snapshot: the build tree and what is already in the outputs, as one archive, plus an index.

`tree.tar.zst` holds `tree/` (`$NIX_BUILD_TOP`), `outputs/<name>` (file, folder or link) and `outputs/.state.sh` (the
shell's state). GNU tar in the POSIX format
keeps nanosecond times, modes, symlinks and hard links. `index.json` lists the escaped paths, so that restoring reads
only the files that need it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from splitphase import archive
from splitphase.errors import ManifestError, SplitphaseError
from splitphase.relocate import transfer
from splitphase.rewrite import Rewriter, move

VERSION = 1
MACHINE_BOUND = ("env-vars", ".attrs.sh", ".attrs.json")
"""Entries of the top that every build writes for itself; they are not part of a snapshot."""
_HINT = "build the package's prepare step again; a snapshot is only read by the splitphase that wrote it"


@dataclass(frozen=True, slots=True)
class Index:
    """What the archive's reader needs to know. Paths are relative to the archive's root."""

    top: str
    """`$NIX_BUILD_TOP` of the build that wrote it."""
    directory: str
    """Working directory at the cut."""
    outputs: tuple[str, ...]
    """Names of the package's outputs."""
    escaped: tuple[str, ...]
    """Paths in which a token stands."""


def write(top: Path, scratch: Path, target: Path, index: Index) -> None:
    """Archive the tree at `top` and the folder `scratch/outputs` into `target`.

    The scratch folder lies below the top; the tree is moved into it, so this is the last that happens to the tree.
    """
    tree = scratch / "tree"
    tree.mkdir()
    for entry in sorted(set(os.listdir(top)) - {scratch.name, *MACHINE_BOUND}):
        move(top / entry, tree / entry)
    write_moved(scratch, target, index)


def write_moved(scratch: Path, target: Path, index: Index) -> None:
    """Archive the folders `tree` and `outputs` in the scratch folder into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    fields = {"version": VERSION, **asdict(index)}
    (target / "index.json").write_text(json.dumps(fields, separators=(",", ":")) + "\n")
    archive.pack(scratch, ["tree", "outputs"], target / "tree.tar.zst", "the snapshot", _HINT)


def read_index(snapshot: Path) -> Index:
    """Read and check the index of a snapshot."""
    try:
        raw = json.loads((snapshot / "index.json").read_text())
        if raw["version"] != VERSION:
            raise ManifestError(
                f"{snapshot}: snapshot version {raw['version']!r}, but this splitphase reads {VERSION}", hint=_HINT
            )
        return Index(raw["top"], raw["directory"], tuple(raw["outputs"]), tuple(raw["escaped"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"{snapshot}: damaged or foreign snapshot: {error!r}", hint=_HINT) from error


def unpack(
    snapshot: Path, top: Path, index: Index, outputs: Mapping[str, Path], restore: Rewriter, state: Path
) -> None:
    """Unpack into the build tree `top` and the output paths, the shell's state into `state`; restore the hashes."""
    if str(top) != index.top:
        raise SplitphaseError(
            f"the build directory is {top}, but the snapshot was made in {index.top}",
            hint="paths are compiled in: build with `sandbox = true`, which always builds in the same directory",
        )
    if set(outputs) != set(index.outputs):
        raise SplitphaseError(
            f"outputs differ: the snapshot has {' '.join(index.outputs)}, this build {' '.join(outputs)}",
            hint="change `outputs` with overrideAttrs on the split package, which then prepares anew",
        )
    staging = top / ".splitphase-unpack"
    staging.mkdir()
    archive.unpack(snapshot / "tree.tar.zst", staging, "the snapshot", _HINT).finish()
    restore.paths(staging, index.escaped)
    tree = staging / "tree"
    for entry in os.listdir(tree):
        target = top / entry
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        move(tree / entry, target)
    for name, path in outputs.items():
        saved = staging / "outputs" / name
        if os.path.lexists(saved):
            transfer(saved, path)
    shutil.move(staging / "outputs" / ".state.sh", state)
    shutil.rmtree(staging)
