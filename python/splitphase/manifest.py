"""The manifest: the versioned JSON that crosses the import from derivation, and the plan that final reads.

`manifest.json` is what Nix needs to make the derivations; `schema.json` describes it. `stage.json` is what the final
derivation needs to put their outputs in place. Both are written by prepare and hold tokens instead of output hashes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitphase.errors import ManifestError

VERSION = 1
_HINT = "prepare and final must come from the same splitphase; rebuild without a mixed lock file"


@dataclass(frozen=True, slots=True)
class StagedOutput:
    """One output of an action, relative to the top. `mtime_ns` is set where prepare built it on the way (a tool)."""

    path: str
    mtime_ns: int | None


@dataclass(frozen=True, slots=True)
class StagedAction:
    """Where an action's outputs go. `extra` are depfiles and the like, relative to the top."""

    name: str
    outputs: tuple[StagedOutput, ...]
    extra: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StagePlan:
    """`stage.json`: the build tool, its directory below the top, and the actions by number."""

    tool: str
    directory: str
    actions: tuple[StagedAction, ...]


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write JSON with the version first and keys in the order given."""
    path.write_text(json.dumps({"version": VERSION, **value}, separators=(",", ":")) + "\n")


def unsplit(reason: str) -> dict[str, Any]:
    """The manifest of a package that is built whole."""
    return {"split": False, "reason": reason, "actions": [], "left": []}


def read_manifest(path: Path) -> dict[str, Any]:
    """Read `manifest.json`."""
    return _read(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path}: not readable as JSON: {error}", hint=_HINT) from error
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        found = raw.get("version") if isinstance(raw, dict) else None
        raise ManifestError(f"{path}: version {found!r}, but this splitphase reads {VERSION}", hint=_HINT)
    return raw


def write_stage(path: Path, plan: StagePlan) -> None:
    """Write `stage.json`."""
    write_json(
        path,
        {
            "tool": plan.tool,
            "directory": plan.directory,
            "actions": [
                {
                    "name": action.name,
                    "outputs": [[output.path, output.mtime_ns] for output in action.outputs],
                    "extra": list(action.extra),
                }
                for action in plan.actions
            ],
        },
    )


def read_stage(path: Path) -> StagePlan:
    """Read `stage.json`."""
    raw = _read(path)
    try:
        actions = tuple(
            StagedAction(
                entry["name"],
                tuple(StagedOutput(output, mtime) for output, mtime in entry["outputs"]),
                tuple(entry["extra"]),
            )
            for entry in raw["actions"]
        )
        return StagePlan(raw["tool"], raw["directory"], actions)
    except (ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"{path}: damaged plan: {error!r}", hint=_HINT) from error
