"""What cargo left in `target/`: which files are which package's, and what rustc and build scripts say to have read.

Layout and contents are cargo's own, as of 1.65 to 1.95: `[triple/]profile/{.fingerprint,deps,build}/<name>-<hash>`;
dependency files of rustc (`.d`) name sources and variables; `build/*/output` is what a build script printed
(https://doc.rust-lang.org/cargo/reference/build-scripts.html).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from splitphase.checkpoint.cargograph import Plan

_HASHED = re.compile(r"(.+)-([0-9a-f]{16})$")
_DEPS = re.compile(r"(?:lib)?(.+)-([0-9a-f]{16})(?:\..*)?$")
_PLAIN = re.compile(r"(?:lib)?([^.]+)(?:\..*)?$")
_DECLARED = re.compile(r"^cargo::?rerun-if-(changed|env-changed)=(.*)$", re.MULTILINE)
_OURS = frozenset({".cargo-lock", ".cargo-build-lock", ".cargo-artifact-lock", ".rustc_info.json", "CACHEDIR.TAG"})


@dataclass(slots=True)
class Found:
    """One package's part of `target/`."""

    files: list[str] = field(default_factory=list)
    """Relative to the top."""
    sources: list[str] = field(default_factory=list)
    """What rustc read, relative to the workspace or absolute."""
    declared: list[str] = field(default_factory=list)
    """What build scripts declare, relative to the package."""
    variables: dict[str, str] = field(default_factory=dict)
    """Variables that rustc (with the value) and build scripts (without) say to have read."""
    timed: bool = False
    """Whether cargo goes by the newest time in the package's folder."""
    refused: str = ""


def read_target(top: str, plan: Plan) -> dict[str, Found] | str:
    """Everything in the target folder by package, or what of it belongs to none."""
    found = {name: Found() for name in plan.packages}
    owners: dict[str, str] = {}
    crates: dict[str, set[str]] = {}
    for name, package in plan.packages.items():
        for crate in package.crates:
            crates.setdefault(crate, set()).add(name)
    paths = list(_below(top, plan.target))
    for path, _ in paths:
        match = re.search(r"/\.fingerprint/([^/]+)(?:/|$)", path)
        parts = _HASHED.match(match[1]) if match else None
        if parts and parts[1] in found:
            owners[parts[2]] = parts[1]
    for path, kind in paths:
        inner = path.removeprefix(f"{plan.target}/").split("/")
        place = next(
            (
                index
                for index, part in enumerate(inner)
                if part in (".fingerprint", "deps", "build", "examples", "incremental")
            ),
            0,
        )
        if not place:
            if kind == "file" and not _uplifted(f"{top}/{path}"):
                return f"{path} is of no package that is known"
            if kind in ("link", "other") or len(inner) > 2 + ("-" in inner[0]):  # [triple/]profile/name
                return f"{path} is of no package that is known"
            continue
        if place > 2:  # [triple/]profile/place
            return f"{path} is of no package that is known"
        if inner[place] == "incremental" or len(inner) == place + 1:
            continue
        owner = _owner(inner[place], inner[place + 1], found, owners, crates)
        if owner is None:
            return f"{path} is of no package that is known"
        _add(found[owner], top, path, kind, inner[place + 1 :])
    return found


def _owner(
    place: str, name: str, found: dict[str, Found], owners: dict[str, str], crates: dict[str, set[str]]
) -> str | None:
    if place in (".fingerprint", "build"):
        match = _HASHED.match(name)
        return match[1] if match and match[1] in found else None
    match = _DEPS.match(name)
    if match and match[2] in owners:
        return owners[match[2]]
    match = match or _PLAIN.match(name)
    named = crates.get(match[1], set()) if match else set()
    return next(iter(named)) if len(named) == 1 else None


def _add(found: Found, top: str, path: str, kind: str, inner: list[str]) -> None:
    name = inner[-1]
    if kind == "folder":
        if len(inner) > 1 and inner[1:] != ["out"] and not os.listdir(f"{top}/{path}"):
            found.refused = "its build script made an empty folder"
        return
    if kind != "file":
        found.refused = "its build script made what is no file"
        return
    found.files.append(path)
    if len(inner) == 2 and name == "output":  # build/<name>-<hash>/output
        with open(f"{top}/{path}", errors="surrogateescape") as stream:
            for what, value in _DECLARED.findall(stream.read()):
                if what == "changed":
                    found.declared.append(value)
                else:
                    found.variables.setdefault(value, "")
    elif name.startswith("run-build-script-") and name.endswith(".json"):
        with open(f"{top}/{path}") as stream:
            found.timed = found.timed or '"Precalculated"' in stream.read()
    elif name.endswith(".d") and "out" not in inner[1:-1]:
        with open(f"{top}/{path}", errors="surrogateescape") as stream:
            for line in stream.read().splitlines():
                if line.startswith("# env-dep:"):
                    variable, _, value = line.removeprefix("# env-dep:").partition("=")
                    found.variables[variable] = value
                elif line.endswith(":") and not line.startswith("#"):
                    found.sources.append(line[:-1].replace("\\ ", " "))


def _uplifted(path: str) -> bool:
    """Whether a file beside `deps` is one that cargo puts there again itself."""
    return os.path.basename(path) in _OURS or path.endswith(".d") or os.lstat(path).st_nlink > 1


def _below(top: str, folder: str) -> Iterator[tuple[str, str]]:
    """Every path below a folder and its kind, sorted."""
    with os.scandir(f"{top}/{folder}") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = f"{folder}/{entry.name}"
            if entry.is_symlink():
                yield path, "link"
            elif entry.is_dir():
                yield path, "folder"
                if entry.name != "incremental":
                    yield from _below(top, path)
            else:
                yield path, "file" if entry.is_file() else "other"
