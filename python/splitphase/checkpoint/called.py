"""A build tool as it was called: by what name, where, with which arguments and in which environment.

What stands before the tools on PATH (hooks/checkpoint-called.sh) leaves the first call in a folder, one file for each.
Options are those of `make --help` and `ninja --help`. An option that is not known here, or that
makes the tool do other things than build what is out of date, is a reason why nothing is taken.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitphase.checkpoint.record import SCRATCH, Unit
from splitphase.contents import walk

ENDED = "ended.json"
UNQUIET = "unquiet"


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a tool. Short ones are letters, long ones are without their dashes."""

    kept: frozenset[str]
    """They bear on what is built."""
    dropped: frozenset[str]
    """They bear on how much is printed, or on how many commands run at once."""
    valued: frozenset[str]
    """These have a value: the rest of the word, or the next one."""
    joined: frozenset[str]
    """These may have one, in the same word; a number may follow as well."""


_OPTIONS = {
    "make": Options(
        kept=frozenset(
            "C f I e i k S r R B L directory file makefile include-dir environment-overrides ignore-errors keep-going"
            " no-keep-going stop no-builtin-rules no-builtin-variables always-make check-symlink-times eval".split()
        ),
        dropped=frozenset(
            "j l O s w b m jobs load-average max-load output-sync silent quiet no-silent print-directory"
            " no-print-directory trace warn-undefined-variables".split()
        ),
        valued=frozenset("C f I directory file makefile include-dir eval".split()),
        joined=frozenset("j l O jobs load-average max-load output-sync".split()),
    ),
    "ninja": Options(
        kept=frozenset("C d".split()),
        dropped=frozenset("j k l v verbose quiet".split()),
        valued=frozenset("C d j k l".split()),
        joined=frozenset(),
    ),
}
_DIRECTORY = frozenset({"C", "directory"})
_MAKEFILE = frozenset({"f", "file", "makefile"})
_NUMBER = re.compile(r"[\d.]+$")
_VARIABLE = re.compile(r"[^=\s]+=")
_PRINTING = frozenset({"V", "VERBOSE", "SHELL", "PREFIX", "prefix", "DESTDIR"})
"""Variables that CMake's Makefiles do not read, or only to print more."""
_HARMLESS = frozenset({"explain", "stats"})
_FILTERS = frozenset({"tee", "cat", "sed", "awk", "gawk", "grep", "tail", "head", "yes", "ts"})
"""Programs that only pass on what is printed."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call."""

    tool: str
    directory: str
    arguments: tuple[str, ...]
    environment: Mapping[bytes, bytes]

    def enter(self) -> None:
        """Be where the tool was called, in its environment."""
        added = os.environ.get("SPLITPHASE_PATH", "")
        os.chdir(self.directory)
        os.environb.clear()
        os.environb.update(self.environment)
        if added:
            os.environ["SPLITPHASE_PATH"] = added
            os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{added}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a call of make or Ninja asks for."""

    directory: str
    """Where the tool works."""
    options: tuple[str, ...]
    """All arguments less targets, folders to work in, and what does not bear on the result."""
    targets: tuple[str, ...]
    parallel: bool
    """Whether several commands may run at once."""
    reason: str
    """Why nothing of it can be reused, or nothing."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """All that bears on the result."""
        return (*self.options, *self.targets)

    @property
    def for_graph(self) -> str:
        """Why these options do not go with a graph that was read from CMake's Makefiles, or nothing."""
        for option in self.options:
            if option.startswith("-") and option not in ("-k", "--keep-going"):
                return f"make gets the option {option}"
            if not option.startswith("-") and option.split("=")[0].rstrip(":") not in _PRINTING:
                return f"make gets {option}, which may change its commands"
        return ""


def read(folder: Path) -> Call:
    """Read a call from its folder."""
    variables = dict(entry.partition(b"=")[::2] for entry in _entries(folder / "environment") if b"=" in entry)
    arguments = tuple(os.fsdecode(entry) for entry in _entries(folder / "arguments"))
    directory = os.fsdecode((folder / "directory").read_bytes())
    return Call((folder / "tool").read_text().strip(), directory, arguments, variables)


def _entries(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\0")[:-1]


def parse(tool: str, directory: str, arguments: Sequence[str]) -> Parsed:
    """Tell options, folders and targets apart."""
    known = _OPTIONS[tool]
    options: list[str] = []
    targets: list[str] = []
    folders: list[str] = []
    reason = ""
    parallel = False
    for name, value in _words(known, arguments):
        dashed = f"-{name}" if len(name) == 1 else f"--{name}"
        if not name:
            (options if tool == "make" and _VARIABLE.match(value or "") else targets).append(value or "")
        elif name in _DIRECTORY:
            folders.append(value or "")
        elif name in known.dropped:
            parallel = parallel or name in ("j", "jobs")
        elif name not in known.kept:
            reason = reason or f"{tool} is called with {dashed}"
        elif tool == "ninja":
            if value not in _HARMLESS:
                reason = reason or f"ninja is called with -d {value}"
        else:
            options += [dashed] if value is None else [dashed, value] if len(name) == 1 else [f"{dashed}={value}"]
            if name in _MAKEFILE and (value or "").startswith(("-", "/dev/", "/proc/")):
                reason = reason or f"make reads its Makefile from {value}"
    # Ninja takes the last of several folders, make goes into one after another.
    for folder in folders[-1:] if tool == "ninja" else folders:
        directory = os.path.join(directory, folder)
    if not os.path.isdir(directory):
        reason = reason or f"{tool} is called in {directory}, which is no folder"
    return Parsed(directory, tuple(options), tuple(targets), parallel, reason)


def _words(known: Options, arguments: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Each option with its value, if any; a word that is none has no name."""
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word == "--":
            yield from (("", rest) for rest in words)
            return
        if word.startswith("--"):
            name, is_set, value = word[2:].partition("=")
            if is_set:
                yield name, value
            elif name in known.valued and words:
                yield name, words.pop(0)
            else:
                yield name, None
        elif word.startswith("-") and word != "-":
            letters = word[1:]
            while letters:
                name, letters = letters[0], letters[1:]
                if name in known.valued:
                    yield name, letters or (words.pop(0) if words else "")
                    break
                if name in known.joined:
                    if not letters and words and _NUMBER.match(words[0]):
                        letters = words.pop(0)
                    yield name, letters or None
                    break
                yield name, None
        else:
            yield "", word


def unquiet(folder: Path, builder: int | None) -> str:
    """Why the tree may have changed while it was looked at, or nothing; with a `builder`, look, and note it."""
    if builder is not None:
        (folder / UNQUIET).write_text(beside(builder))
    return (folder / UNQUIET).read_text() if (folder / UNQUIET).exists() else ""


def beside(builder: int) -> str:
    """Why the tree may change while it is looked at, or nothing: programs that the build runs beside this one."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in os.listdir("/proc"):
        try:
            text = Path("/proc", entry, "stat").read_text(errors="replace") if entry.isdigit() else ""
        except OSError:
            continue
        if text:
            name, (state, parent, *_) = (
                text[text.index("(") + 1 : text.rindex(")")],
                text[text.rindex(")") + 2 :].split(),
            )
            if state not in "ZX":
                parents[int(entry)], names[int(entry)] = int(parent), name
    mine: set[int] = set()
    process = os.getpid()
    while process in parents and process not in mine:
        mine.add(process)
        process = parents[process]
    for process in sorted(parents.keys() - mine):
        above = process
        while above in parents and above != builder and above not in (1, 0):
            above = parents[above]
        if above == builder and process != builder and names[process] not in _FILTERS:
            return f"another program runs beside the build tool: {names[process]}"
    return ""


def note_end(top: str, folder: Path) -> None:
    """Keep the stamps of all files: what is written later is not the build tool's."""
    (folder / ENDED).write_text(json.dumps({path: _stamp(f"{top}/{path}") for path in walk(top, SCRATCH)}))


def spoiled(top: str, folder: Path, units: Iterable[Unit]) -> Mapping[str, str]:
    """Which of these outputs are not what the tool made from what is there now, and why.

    Commands behind the call may have written to objects, or to what these were made from.
    """
    if not (folder / ENDED).exists():
        return {unit.output: "the call did not end before buildPhase did" for unit in units}
    noted = json.loads((folder / ENDED).read_text())
    same: dict[str, bool] = {}

    def unchanged(path: str) -> bool:
        if path not in same:
            inside = os.path.relpath(os.path.realpath(f"{top}/{path}"), os.path.realpath(top))
            place = f"{top}/{inside}"
            same[path] = inside.startswith("../") or (os.path.lexists(place) and noted.get(inside) == _stamp(place))
        return same[path]

    found = {}
    for unit in units:
        if not all(unchanged(path) for path in (unit.output, *unit.extra)):
            found[unit.output] = "it was written again behind the call of the build tool"
        elif not all(path.startswith("/") or unchanged(path) for path in unit.reads):
            found[unit.output] = "what it read was written again behind the call of the build tool"
    return found


def _stamp(path: str) -> list[int]:
    status = os.lstat(path)
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
