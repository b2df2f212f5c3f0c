"""What cargo is about to build: its packages, what each is made from as far as cargo knows it, and which need which.

cargo itself says so: `cargo metadata` where the packages are, `cargo build --unit-graph` with the very arguments of the
build what is compiled of each, with which features and profile (https://doc.rust-lang.org/cargo/reference/unstable.html,
`unit-graph`; it is not stable, so that RUSTC_BOOTSTRAP is set for this one question).

Packages of one name (several versions) are one thing here: so are their folders in `target/` called.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from splitphase.checkpoint.facts import Facts, fixed
from splitphase.checkpoint.observe import digest, in_tree

_OPTIONS = ("--manifest-path", "--config")
_SWITCHES = frozenset({"--offline", "--locked", "--frozen"})
_WRAPPERS = (
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
)
_WRAPPER_SIZE = 1 << 20
"""Less than cargo has, more than a script or a small program that calls it."""
_FOR_LINKING = ("NIX_LDFLAGS", "LIBRARY_PATH", "LDFLAGS")
_LINKED = r"-fuse-ld=|-Wl,-(?:rpath|z|-as-needed|-no-|-build-id|-gc-sections)|-s\b|-l|-static|-no"
_ODD = re.compile(
    rf"rustc-(?:workspace-)?wrapper|link-args?=(?!{_LINKED})|link-args\b(?!=)|profile-use|\bplugin|(?<![\w-])-Z|\.json\b"
    r"|\[unstable|^\s*\"?rustc\"?\s*=|(?<![\w-])-L|--extern|(?<!\w)@\S+",
    re.MULTILINE,
)
"""Settings by which rustc, or the linker, may read what no dependency record names."""


@dataclass(frozen=True, slots=True)
class Package:
    """Packages of one name. Paths are relative to the top, or absolute."""

    digest: str
    """Of what cargo says of it and of all files in its folder."""
    needs: tuple[str, ...]
    """Names of packages that it is made from."""
    folders: tuple[str, ...]
    crates: tuple[str, ...]
    vendored: bool
    script: bool
    """Whether it has a build script."""
    macros: bool
    """Whether it, or anything that it needs, uses a procedural macro."""
    links: bool
    """Whether links to folders are in its own."""

    @property
    def wide(self) -> bool:
        """Whether what makes it may read any file of the tree: a program of the source tree's own kind runs."""
        return not self.vendored and (self.script or self.macros or self.links)


@dataclass(frozen=True, slots=True)
class Plan:
    """A build by cargo."""

    target: str
    """Where it writes, relative to the top."""
    root: str
    """The workspace's folder, to which rustc's paths are relative."""
    general: Mapping[str, str]
    """What bears on all packages: digest by what it is."""
    packages: Mapping[str, Package]

    def raw(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def plan(raw: Mapping[str, Any]) -> Plan:
    """Read it again."""
    packages = {}
    for name, one in raw["packages"].items():
        lists = (tuple(one["needs"]), tuple(one["folders"]), tuple(one["crates"]))
        packages[name] = Package(one["digest"], *lists, one["vendored"], one["script"], one["macros"], one["links"])
    return Plan(raw["target"], raw["root"], raw["general"], packages)


def read_plan(facts: Facts, arguments: Sequence[str], listing: Mapping[str, str]) -> Plan | str:
    """Ask cargo, in the working directory; or say why what it builds cannot be known."""
    reason = odd_settings(facts.top, arguments)
    if reason:
        return reason
    with locks_kept(facts.top, arguments):
        metadata = _json(["metadata", "--format-version=1", *_for_metadata(arguments)])
        if isinstance(metadata, str):
            return metadata
        graph = _json([*arguments, "-Zunstable-options", "--unit-graph"])
        if isinstance(graph, str):
            return graph
    target = os.path.realpath(_option(arguments, "--target-dir") or metadata["target_directory"])
    if metadata.get("build_directory", metadata["target_directory"]) != metadata["target_directory"]:
        return "cargo has a build directory beside its target directory"
    top = os.path.realpath(facts.top)
    relative = os.path.relpath(target, top)
    if relative == "." or relative.startswith(".."):
        return f"cargo writes to {target}, which is not below {facts.top}"
    if any(path.startswith(f"{facts.escape.text(relative)}/") for path in listing):
        return f"{relative} has files before the build"
    return _Reader(facts, listing, metadata, graph, relative, arguments).plan()


class _Reader:
    def __init__(
        self,
        facts: Facts,
        listing: Mapping[str, str],
        metadata: dict[str, Any],
        graph: dict[str, Any],
        target: str,
        arguments: Sequence[str],
    ) -> None:
        self.facts = facts
        self.listing = listing
        self.target = target
        self.arguments = arguments
        self.units: list[dict[str, Any]] = graph["units"]
        self.packages = {package["id"]: package for package in metadata["packages"]}
        self.root = _relative(facts.top, metadata["workspace_root"])
        self.folders = {
            key: _relative(facts.top, os.path.realpath(os.path.dirname(one["manifest_path"])))
            for key, one in self.packages.items()
        }

    def plan(self) -> Plan | str:
        """All of it."""
        for unit in self.units:
            folder = self.folders[unit["pkg_id"]]
            if folder.startswith("/") and not fixed(folder):
                return f"the package in {folder} is outside of the build's folder"
            if folder == ".":
                return "a package is in the build's folder itself"
            if unit["mode"] not in ("build", "run-custom-build"):
                return f"cargo is asked to {unit['mode']}"
        inside = self._inside()
        shared = self._shared()
        names = {key: one["name"] for key, one in self.packages.items()}
        grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for unit in self.units:
            grouped[names[unit["pkg_id"]]].append(unit)
        needs = {
            name: {names[self.units[one["index"]]["pkg_id"]] for unit in units for one in unit["dependencies"]} - {name}
            for name, units in grouped.items()
        }
        macros = _reaching(needs, {name for name, units in grouped.items() if any(map(self._uses_macro, units))})
        packages = {}
        for name, units in sorted(grouped.items()):
            keys = sorted({unit["pkg_id"] for unit in units})
            vendored = all(self.packages[key]["source"] is not None for key in keys)
            said = [json.dumps(self.packages[key], sort_keys=True) for key in keys]
            said += sorted(self._unit(unit) for unit in units)
            for key in keys:
                said += inside.get(self.folders[key], [self.folders[key]])
            packages[name] = Package(
                digest=digest(self.facts.escape.text("\n".join([*said, "" if vendored else shared]))),
                needs=tuple(sorted(needs[name])),
                folders=tuple(self.folders[key] for key in keys),
                crates=tuple(sorted({unit["target"]["name"].replace("-", "_") for unit in units})),
                vendored=vendored,
                script=any(unit["mode"] == "run-custom-build" for unit in units),
                macros=name in macros,
                links=any(" L " in line for key in keys for line in inside.get(self.folders[key], [])),
            )
        return Plan(self.target, self.root, self._general(), packages)

    def _uses_macro(self, unit: dict[str, Any]) -> bool:
        return any("proc-macro" in self.units[one["index"]]["target"]["kind"] for one in unit["dependencies"])

    def _unit(self, unit: dict[str, Any]) -> str:
        def told(one: dict[str, Any]) -> dict[str, Any]:
            return {key: value for key, value in one.items() if key != "dependencies"}

        needed = [
            json.dumps(
                [{key: value for key, value in one.items() if key != "index"}, told(self.units[one["index"]])],
                sort_keys=True,
            )
            for one in unit["dependencies"]
        ]
        return json.dumps([told(unit), sorted(needed)], sort_keys=True)

    def _inside(self) -> dict[str, list[str]]:
        """The part of the listing in each package's folder, less other packages' folders in it."""
        found: dict[str, list[str]] = {folder: [] for folder in self.folders.values() if not folder.startswith("/")}
        for path, entry in self.listing.items():
            folder = os.path.dirname(path)
            while folder and folder not in found:
                folder = os.path.dirname(folder)
            if folder in found:
                found[folder].append(f"{path} {entry}")
        return found

    def _shared(self) -> str:
        """What the workspace's own packages have from it, beside what cargo tells of each."""
        found: list[object] = []
        try:
            with open(f"{self.facts.top}/{self.root}/Cargo.toml", "rb") as stream:
                manifest = tomllib.load(stream)
        except (OSError, ValueError) as error:
            return f"cannot be read: {error}"
        workspace = manifest.get("workspace", {})
        found.append([workspace.get("lints"), workspace.get("package"), workspace.get("metadata")])
        if _auditable():
            # It writes the whole list of dependencies into each program.
            own = (f"{self.folders[key]}/Cargo.toml" for key, one in self.packages.items() if one["source"] is None)
            found.append([self.listing.get(path) for path in (f"{self.root}/Cargo.lock", *sorted(own))])
        return json.dumps(found, sort_keys=True, default=str)

    def _general(self) -> dict[str, str]:
        """What bears on all."""
        said = {
            "rustc": _output([os.environ.get("RUSTC") or "rustc", "-vV"]),
            "cargo": _output(["cargo", "-vV"]),
            "the arguments of cargo": "\n".join(without_jobs(self.arguments)),
        }
        said |= {path: self.listing[path] for path in _configuration(self.facts.top) if path in self.listing}
        return {what: digest(self.facts.escape.text(text)) for what, text in said.items()}


def _configuration(top: str) -> Iterator[str]:
    """Where cargo and rustup look for their settings, relative to the top."""
    names = (".cargo/config", ".cargo/config.toml", "rust-toolchain", "rust-toolchain.toml")
    for folder in _upwards(top, os.getcwd()):
        yield from (os.path.normpath(f"{folder}/{name}") for name in names)
    for variable, below in (("CARGO_HOME", ""), ("HOME", ".cargo/")):
        home = os.environ.get(variable, "")
        if home and in_tree(top, home):
            place = _relative(top, home)
            yield from (os.path.normpath(f"{place}/{below}{name}") for name in ("config", "config.toml"))


def _upwards(top: str, path: str) -> Iterator[str]:
    """A folder and those that it is in, relative to the top, which is the last."""
    folder = _relative(top, os.path.realpath(path))
    while folder not in (".", "") and not folder.startswith("/"):
        yield folder
        folder = os.path.dirname(folder)
    yield "."


@contextmanager
def locks_kept(top: str, arguments: Sequence[str]) -> Iterator[None]:
    """Asking cargo may write Cargo.lock; that is the build's to do."""
    manifest = os.path.dirname(_option(arguments, "--manifest-path"))
    folders = {*_upwards(top, os.getcwd()), *_upwards(top, manifest or os.getcwd())}
    paths = [Path(top, folder, "Cargo.lock") for folder in sorted(folders)]
    before = {path: (path.read_bytes(), path.stat()) for path in paths if path.is_file()}
    try:
        yield
    finally:
        for path in paths:
            if path not in before:
                path.unlink(missing_ok=True)
                continue
            data, status = before[path]
            if path.read_bytes() != data:
                path.write_bytes(data)
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def without_jobs(arguments: Sequence[str]) -> list[str]:
    """Arguments less how many processes there are to be."""
    found = []
    skip = False
    for word in arguments:
        if skip:
            skip = False
        elif word in ("-j", "--jobs"):
            skip = True
        elif not re.match(r"-j\d+$|--jobs=", word):
            found.append(word)
    return found


def _reaching(needs: Mapping[str, Iterable[str]], start: set[str]) -> set[str]:
    """All that need one of `start`, however far away, and these."""
    found = set(start)
    while more := {name for name, needed in needs.items() if name not in found and not found.isdisjoint(needed)}:
        found |= more
    return found


def odd_settings(top: str, arguments: Sequence[str]) -> str:
    """Why what such a build reads cannot be known, or nothing."""
    for name in _WRAPPERS:
        if os.environ.get(name):
            return f"{name} is set: what it runs may read anything"
    for name in ("RUSTC", "CARGO_BUILD_RUSTC"):
        program = os.environ.get(name, "")
        if "/" in program and in_tree(top, program):
            return f"{name} is a program of the tree"
    for name, text in (*_settings(top), ("cargo", " ".join(arguments))):
        linking = name.startswith(_FOR_LINKING)
        found = None if linking else _ODD.search(text)
        if found or (linking and top in text):
            return f"{name} has {found[0] if found else top}: what is read so is not known"
    if not arguments or arguments[0] not in ("build", "b"):
        return f"cargo is not asked to build, but to {' '.join(arguments[:1])}"
    return "" if shutil.which("cargo") else "there is no cargo"


def _settings(top: str) -> Iterator[tuple[str, str]]:
    """Variables and files with settings of cargo, rustc and the linker, and what they say."""
    for name, value in os.environ.items():
        if "RUSTFLAGS" in name or name.startswith((*_FOR_LINKING, "CARGO_BUILD_", "CARGO_TARGET_")):
            yield name, value
    for path in _configuration(top):
        place = Path(top, path)
        if place.is_file():
            yield path, place.read_text(errors="surrogateescape")


def _auditable() -> bool:
    """Whether cargo is a wrapper that writes the list of dependencies into programs, as nixpkgs' is."""
    path = os.path.realpath(shutil.which("cargo") or "/dev/null")
    if "auditable" in path:
        return True
    return os.path.getsize(path) < _WRAPPER_SIZE and b"auditable" in Path(path).read_bytes()


def _option(arguments: Sequence[str], name: str) -> str:
    for index, word in enumerate(arguments):
        if word == name and index + 1 < len(arguments):
            return arguments[index + 1]
        if word.startswith(f"{name}="):
            return word.removeprefix(f"{name}=")
    return ""


def _for_metadata(arguments: Sequence[str]) -> list[str]:
    found = ["--offline"]
    for index, word in enumerate(arguments):
        if word in _SWITCHES:
            found.append(word)
        elif word in _OPTIONS:
            found += arguments[index : index + 2]
        elif word.startswith(tuple(f"{name}=" for name in _OPTIONS)):
            found.append(word)
    return list(dict.fromkeys(found))


def _json(arguments: Sequence[str]) -> dict[str, Any] | str:
    run = subprocess.run(
        ["cargo", *arguments], env=os.environ | {"RUSTC_BOOTSTRAP": "1"}, capture_output=True, text=True, check=False
    )
    try:
        found: dict[str, Any] = json.loads(run.stdout)
    except ValueError:
        said = [line for line in run.stderr.splitlines() if line.startswith("error")] or ["no answer"]
        return f"cargo does not tell what it builds: {said[0]}"
    return found


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _relative(top: str, path: str) -> str:
    """Relative to the top what is below it."""
    real = os.path.realpath(top)
    for one in (path, os.path.realpath(path)):
        for start in (top, real):
            if one == start or one.startswith(f"{start}/"):
                return os.path.relpath(one, start)
    return path
