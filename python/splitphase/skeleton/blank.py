"""Make a skeleton of unpacked and patched sources: a function of what configure may see of them, and of nothing else.

Names, modes and links stay. The files of `is_blanked` have one and the same content. Times are those of the sources,
except those of folders and blanked files, and where they say when this tree was unpacked and patched.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from splitphase import snapshot
from splitphase.errors import ManifestError
from splitphase.hashes.trees import FILE, entries
from splitphase.paths import existing_store_paths
from splitphase.skeleton.sourcepaths import hide, named, store_paths_below
from splitphase.tokens import token

VERSION = 1
MARK = token("the content of a file")
"""Stands in every blanked file, and in nothing else."""
CONTENT = f"/* {MARK}: splitphase leaves the content of this file out while the package is configured */\n".encode()
SAID, ARCHIVE, BLANKED = "said.json", "skeleton.tar", "blanked.json"
STATE = "outputs/.state.sh"

_SOURCES = (
    "c cc cp cpp cxx c++ C CPP h hh hp hpp hxx h++ H inl ipp ixx tcc tpp txx inc m mm s S asm sx rs go "
    "f F f77 f90 F90 f95 for cu cuh cl glsl hlsl td proto"
)
_TEXTS = "md rst htm html css texi texinfo pod 1 2 3 4 5 6 7 8 man mdoc adoc po gmo svg png jpg jpeg gif ico pdf ps eps"
_SUFFIXES = frozenset(f"{_SOURCES} {_TEXTS}".split())
_NAMES = ("readme", "news", "changelog", "changes", "authors", "todo", "thanks", "copying", "license")
_READ = ("version", "meson", "cmake", "config")
"""In the names of files that configure steps are known to read."""
_TOOLS = frozenset("scripts autosetup build-aux buildtools cmake config m4".split())
"""Folders whose programs configure steps are known to compile or run: kbuild's, autosetup's, Autoconf's, CMake's."""
_SECOND = 1_000_000_000


def is_blanked(name: str) -> bool:
    """Whether a file of this name is blanked. A wrong guess costs one more run of configure, which then sees it."""
    *folders, base = name.split("/")
    lower = base.lower()
    if any(word in lower for word in _READ) or not _TOOLS.isdisjoint(folders) or not base.isprintable():
        return False
    plain, dot, suffix = base.rpartition(".")
    return bool(dot and plain and suffix in _SUFFIXES) or lower.startswith(_NAMES)


@dataclass(frozen=True, slots=True)
class Times:
    """That stand in a skeleton for those of the day. Nanoseconds."""

    calm: int
    """Of folders and blanked files: that of the latest file which is as it was unpacked."""
    later: int
    """Of all that is of the build that made the skeleton: right after every other file."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the reader of the sources' snapshot needs to know beside it."""

    began: int
    """When unpacking began: files with this time or a later one are of this build. Nanoseconds."""
    paths: tuple[str, ...]
    """The store paths that were unpacked."""
    store: tuple[str, ...] = ()
    """The store paths that the tree and the shell's state name. They stand there for Nix, which keeps what it finds."""

    def write(self, folder: Path) -> None:
        """Write it beside a snapshot."""
        (folder / "sources.json").write_text(json.dumps(asdict(self)) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Sources:
        """Read it. Raises ManifestError."""
        try:
            raw = json.loads((folder / "sources.json").read_text())
            return cls(raw["began"], tuple(raw["paths"]), tuple(raw["store"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ManifestError(f"{folder}: no snapshot of sources: {error!r}", hint="build it again") from error


def names_in(scratch: Path) -> dict[str, set[str]]:
    """The store paths that the parts of a snapshot name (`tree`, `outputs`), by the files of these."""
    parts = ("tree", "outputs")
    return {f"{part}/{name}": paths for part in parts for name, paths in store_paths_below(scratch / part).items()}


def write(
    scratch: Path,
    target: Path,
    index: snapshot.Index,
    sources: Sources,
    names: Mapping[str, set[str]],
    whole: Collection[str] = (),
) -> int:
    """Make the skeleton of the snapshot whose parts lie in `scratch` (`tree`, `outputs`), into the folder `target`.

    The parts are changed in place. `names` is what `names_in` gave for them, `whole` are paths below the tree that keep
    their content. Returns how many do not. Raises SplitphaseError where paths of sources cannot be told apart.
    """
    hidden = named(sources.paths)
    tree = scratch / "tree"
    blanked = [name for name, kind in entries(str(tree)) if kind == FILE and name not in whole and is_blanked(name)]
    blanked = [name for name in blanked if _blank(tree / name)]
    state = scratch / STATE
    text = hide(state.read_text(errors="surrogateescape"), hidden)
    state.write_text(text, errors="surrogateescape")
    times = settle(scratch, sources.began, {f"tree/{name}" for name in blanked})
    for path in (state, state.parent):
        os.utime(path, ns=(times.calm, times.calm))
    left_out = {STATE, *(f"tree/{name}" for name in blanked)}
    store = existing_store_paths(text).union(*(paths for name, paths in names.items() if name not in left_out))
    folder = scratch / "skeleton"
    snapshot.write_moved(scratch, folder, index)
    about = {**asdict(times), "blanked": blanked, "hidden": list(hidden)}
    (folder / BLANKED).write_text(json.dumps(about, separators=(",", ":")) + "\n")
    target.mkdir(parents=True, exist_ok=True)
    digest = _one_file(folder, target / ARCHIVE)
    said = {"problem": "", "archive": str(target / ARCHIVE), "sha256": digest, "store": sorted(store)}
    (target / SAID).write_text(json.dumps({"version": VERSION, **said}) + "\n")
    return len(blanked)


def _blank(path: Path) -> bool:
    """Blank one file; not if it has no content, a second name, or one that JSON cannot hold. Whether it is blanked."""
    status = path.lstat()
    if not status.st_size or status.st_nlink > 1 or not _is_text(str(path)):
        return False
    put(path, CONTENT)
    return True


def put(path: Path, content: bytes) -> None:
    """Write into a file itself, which may be read-only and have several names. Its mode stays."""
    mode = stat.S_IMODE(path.lstat().st_mode)
    path.chmod(mode | stat.S_IWUSR)
    path.write_bytes(content)
    path.chmod(mode)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def settle(root: Path, began: int, blanked: Collection[str]) -> Times:
    """Give one time to all that is blanked or a folder, and a later one to all that is of this build; return them.

    Trees from the store have the same time everywhere, which is then the one that folders and blanked files keep.
    """
    found = ["", *(name for name, _ in entries(str(root)))]
    times = {name: os.lstat(os.path.join(root, name)) for name in found}
    calm = {name for name, status in times.items() if stat.S_ISDIR(status.st_mode) or name in blanked}
    fixed = [status.st_mtime_ns for name, status in times.items() if name not in calm and status.st_mtime_ns < began]
    last = max(fixed, default=_SECOND)
    chosen = Times(last, last + 1)
    for name, status in reversed(times.items()):
        if name in calm:
            _set(root, name, chosen.calm)
        elif status.st_mtime_ns >= began:
            _set(root, name, chosen.later)
    return chosen


def _set(root: Path, name: str, moment: int) -> None:
    os.utime(os.path.join(root, name), ns=(moment, moment), follow_symlinks=False)


def _one_file(folder: Path, target: Path) -> str:
    """Put the files of a folder into one archive; return its SHA-256 in base 16."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.iterdir()):
            entry = tarfile.TarInfo(path.name)
            entry.size = path.stat().st_size
            with path.open("rb") as stream:
                archive.addfile(entry, stream)
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Blanked:
    """What a skeleton says of itself."""

    times: Times
    names: tuple[str, ...]
    """The blanked files, relative to the tree."""
    hidden: tuple[str, ...]
    """The names behind the hashes of the sources' store paths."""


def read_blanked(archive: Path) -> Blanked:
    """Read it from the one file of a skeleton. Raises ManifestError."""
    try:
        with tarfile.open(archive) as packed:
            stream = packed.extractfile(BLANKED)
            raw = json.loads(stream.read() if stream else b"")
            return Blanked(Times(raw["calm"], raw["later"]), tuple(raw["blanked"]), tuple(raw["hidden"]))
    except (OSError, ValueError, KeyError, TypeError, tarfile.TarError) as error:
        raise ManifestError(f"{archive}: no skeleton: {error!r}", hint="build it again") from error


def opened(archive: Path, folder: Path) -> Path:
    """Unpack the one file of a skeleton into a new folder: a snapshot, and what is blanked in it.

    Raises ManifestError.
    """
    try:
        folder.mkdir()
        with tarfile.open(archive) as packed:
            for entry in packed:
                stream = packed.extractfile(entry)
                if stream and "/" not in entry.name:
                    with stream, (folder / entry.name).open("wb") as file:
                        shutil.copyfileobj(stream, file)
    except (OSError, tarfile.TarError) as error:
        raise ManifestError(f"{archive}: no skeleton: {error}", hint="build it again") from error
    return folder
