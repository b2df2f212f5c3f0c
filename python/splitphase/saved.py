"""What is saved at a cut: the build tree and the outputs' contents, escaped, as a snapshot."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from splitphase import shellstate, snapshot
from splitphase.errors import SplitphaseError
from splitphase.relocate import transfer
from splitphase.rewrite import Rewriter


def take_outputs(scratch: Path, outputs: Mapping[str, Path]) -> Path:
    """Move the outputs' contents into a folder beside the tree and leave empty folders; return that folder."""
    saved = scratch / "outputs"
    saved.mkdir()
    for name, path in outputs.items():
        if os.path.lexists(path):
            transfer(path, saved / name)
        path.mkdir()
    return saved


def copy(top: Path, scratch: Path, outputs: Mapping[str, Path]) -> Path:
    """Copy the tree and the outputs' contents into the scratch folder, as `tree` and `outputs`; return the latter.

    Raises SplitphaseError where that fails.
    """
    saved, tree = scratch / "outputs", scratch / "tree"
    saved.mkdir()
    tree.mkdir()
    for name, path in outputs.items():
        if os.path.lexists(path):
            _copied([path], saved / name, "--no-target-directory")
    entries = sorted(set(os.listdir(top)) - {scratch.name, *snapshot.MACHINE_BOUND})
    if entries:
        # One call: hard links between entries stay.
        _copied([top / entry for entry in entries], tree)
    return saved


def _copied(sources: list[Path], target: Path, *options: str) -> None:
    command = ["cp", "--archive", "--reflink=auto", *options, "--", *map(str, sources), str(target)]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        raise SplitphaseError(
            f"the tree cannot be copied: {done.stderr.decode(errors='replace').strip()}",
            hint="look at the modes of what it names, and at the space left on the disk",
        )


def state_of(scratch: Path) -> str:
    """What the phases changed of the shell, from the dumps in the scratch folder, as text to source."""

    def dump(name: str) -> str:
        return (scratch / name).read_text(errors="surrogateescape")

    state = shellstate.changes(
        (dump("variables-before"), dump("variables")), (dump("functions-before"), dump("functions"))
    )
    options = dump("options").splitlines(keepends=True)
    # Patterns of extglob in a function are read only where it is on.
    shopts = "".join(line for line in options if line.startswith("shopt "))
    others = "".join(line for line in options if not line.startswith("shopt "))
    return shopts + state + others


def write_state(scratch: Path, saved: Path) -> None:
    """Write the shell's state into the folder with the outputs' contents."""
    (saved / ".state.sh").write_text(state_of(scratch), errors="surrogateescape")


def escape_tree(top: Path, scratch: Path, saved: Path, escape: Rewriter) -> tuple[str, ...]:
    """Put tokens for hashes in all that is saved; return the changed paths, relative to the archive's root."""
    outputs = escape.tree(saved)
    tree = escape.tree(top, skip=(scratch.name, *snapshot.MACHINE_BOUND))
    return (*(f"outputs/{path}" for path in outputs), *(f"tree/{path}" for path in tree))
