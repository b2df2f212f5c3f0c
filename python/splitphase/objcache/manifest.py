"""The manifest: the versioned JSON that crosses the import from derivation, and the list of keys that final reads.

`manifest.json` is what Nix needs to make the derivations; `schema.json` describes it. `actions.json` is what the final
derivation needs to find their outputs. Both are written by prepare and hold tokens instead of output hashes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from splitphase.errors import ManifestError
from splitphase.intercept.links import Given, Part

VERSION = 1
_HINT = "prepare and final must come from the same splitphase; rebuild without a mixed lock file"


@dataclass(frozen=True, slots=True)
class Known:
    """An action as the final build looks it up."""

    key: str
    source: str
    written: tuple[str, ...]
    """The object, the dependency file (empty: none), others; relative to the top."""
    given: tuple[Given, ...] | None = None
    """What a link was given; none for a compile."""
    run_path: bool = False
    """Whether a token stands in a link's run path alone, so that it was not proven by a second link."""


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


def write_known(path: Path, actions: Iterable[Known], variables: Iterable[str] = ()) -> None:
    """Write `actions.json`; `variables` are the names of those that count beside the ones of every package."""
    write_json(path, {"variables": sorted(variables), "actions": [asdict(action) for action in actions]})


def read_known(path: Path) -> tuple[tuple[Known, ...], tuple[str, ...]]:
    """Read `actions.json`: the actions, and the names of variables."""
    raw = _read(path)
    try:
        return tuple(_known(entry) for entry in raw["actions"]), tuple(raw["variables"])
    except (ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"{path}: damaged: {error!r}", hint=_HINT) from error


def _known(entry: dict[str, Any]) -> Known:
    given = entry["given"]
    if given is not None:
        given = tuple(Given(**{**one, "parts": tuple(Part(**part) for part in one["parts"])}) for one in given)
    return Known(entry["key"], entry["source"], tuple(entry["written"]), given, entry["run_path"])
