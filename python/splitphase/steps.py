"""Tell what an edge does: compile, link, alias (versioned symlinks of a link), or something that is not split."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from os.path import basename, join, normpath

from splitphase.command import Unreadable, is_archiver, is_c_compiler, is_compile, is_compiler, option, split
from splitphase.graph import Edge
from splitphase.scan.arguments import split_response

COMPILER = "_COMPILER_"
LINKER = "_LINKER_"
"""Parts of the names that CMake gives its Ninja rules; a custom command that calls a compiler has another rule."""


class Kind(Enum):
    """What an edge is."""

    COMPILE = "compile"
    LINK = "link"
    ALIAS = "alias"
    PHONY = "phony"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Step:
    """An edge, classified."""

    edge: Edge
    kind: Kind
    directory: str
    """Absolute working directory, a leading `cd` followed."""
    commands: tuple[tuple[str, ...], ...] = ()
    left: str = ""
    """Why a compile or link cannot be split, empty where it can."""
    extra_outputs: tuple[str, ...] = ()
    """Files that the command writes beside the edge's outputs (depfile, .dwo), spelled as in the command."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The compiler's or linker's own command."""
        return next(command for command in self.commands if is_compiler(command[0]) or is_archiver(command[0]))


_UNSPLIT_FLAGS = {
    "-flto": "link-time optimisation: bytecode can hide the output path",
    "-fmodules": "C++ modules: what is read depends on other compiles",
    "-fmodule-mapper": "C++20 modules: what is read depends on other compiles",
    "-fprebuilt-module-path": "C++20 modules: what is read depends on other compiles",
    "-save-temps": "-save-temps writes files that the build does not declare",
    "--save-temps": "-save-temps writes files that the build does not declare",
    "--coverage": "coverage notes are written and merged beside the object",
    "-ftest-coverage": "coverage notes are written and merged beside the object",
    "-fprofile-arcs": "coverage notes are written and merged beside the object",
    "-fstack-usage": "-fstack-usage writes a file that the build does not declare",
    "-fcallgraph-info": "-fcallgraph-info writes a file that the build does not declare",
    "-fdump-": "-fdump writes files that the build does not declare",
    "-ftime-trace": "-ftime-trace writes a file that the build does not declare",
    "-Wa,-a": "an assembler listing is not a declared output",
}
_SUSPECT = (*_UNSPLIT_FLAGS, "-fno-lto")
_UNDECLARED_LINK_OUTPUTS = ("-Wl,-Map", "-Wl,--Map", "-Wl,--out-implib")
# cmake -E verbs, and programs, that do no more than their words say
_SAFE_VERBS = {
    "rm", "touch", "true", "echo", "echo_append", "cmake_symlink_library", "cmake_symlink_executable", "copy",
    "copy_if_different", "create_symlink", "make_directory", "rename", "chdir",
}  # fmt: skip
_SAFE_PROGRAMS = {"strip", "objcopy", "chmod", "ln", "cp", "mv", "true", "echo", "touch", "rm", "patchelf"}


def classify(edge: Edge, directory: str) -> Step:  # noqa: PLR0911 - one list of cases
    """Classify one edge of a build in `directory` (absolute)."""
    where = edge.directory or directory
    if edge.rule == "phony" or not edge.command:
        return Step(edge, Kind.PHONY, where)
    commands = split(edge.command)
    if isinstance(commands, Unreadable):
        return _unreadable(edge, where, commands)
    while commands and commands[0][0] == "cd" and len(commands[0]) == 2:
        where = commands.pop(0)[1] if commands[0][1].startswith("/") else f"{where}/{commands.pop(0)[1]}"
    frozen = tuple(tuple(command) for command in commands)
    if COMPILER in edge.rule:
        if len(commands) == 1 and is_compile(commands[0]):
            return _compile(edge, where, frozen)
        reason = "the compiler runs behind a launcher or with other commands"
        return Step(edge, Kind.COMPILE, where, frozen, left=reason)
    if LINKER in edge.rule:
        tools = [command for command in commands if is_compiler(command[0]) or is_archiver(command[0])]
        if tools and all("-o" in tool or is_archiver(tool[0]) for tool in tools):
            return _link(edge, edge.directory or directory, where, frozen)
        return Step(edge, Kind.LINK, where, frozen, left="the linker runs behind a launcher")
    if commands and all(
        _verb(command) in ("cmake_symlink_library", "cmake_symlink_executable") for command in commands
    ):
        return Step(edge, Kind.ALIAS, where, frozen)
    return Step(edge, Kind.OTHER, where, frozen)


def _unreadable(edge: Edge, where: str, why: Unreadable) -> Step:
    """A rule's name still tells a compile from a custom command where the shell text cannot be read."""
    reason = f"the command cannot be read: {why.reason}"
    if COMPILER in edge.rule:
        return Step(edge, Kind.COMPILE, where, left=reason)
    if LINKER in edge.rule:
        return Step(edge, Kind.LINK, where, left=reason)
    return Step(edge, Kind.OTHER, where)


def _verb(command: list[str] | tuple[str, ...]) -> str:
    return command[2] if basename(command[0]).startswith("cmake") and len(command) > 2 and command[1] == "-E" else ""


def _compile(edge: Edge, where: str, commands: tuple[tuple[str, ...], ...]) -> Step:
    argv = list(commands[0])
    if edge.rspfile:  # Ninja writes it when it runs the command
        words = split_response(edge.rspfile_content)
        argv = [part for word in argv for part in (words if word == f"@{edge.rspfile}" else [word])]
        commands = (tuple(argv),)
    extra = []
    depfile = option(argv, "-MF") or edge.depfile
    if depfile:
        extra.append(depfile)
    elif "-MD" in argv or "-MMD" in argv:
        extra.append((option(argv, "-o") or "").rsplit(".", 1)[0] + ".d")
    if any(word.startswith("-gsplit-dwarf") for word in argv):
        extra.append((option(argv, "-o") or "").rsplit(".", 1)[0] + ".dwo")
    return Step(edge, Kind.COMPILE, where, commands, _compile_left(edge, argv), tuple(extra))


def _compile_left(edge: Edge, argv: list[str]) -> str:
    if edge.dyndep:
        return "C++20 modules: what is read depends on other compiles"
    if not is_c_compiler(argv[0]):
        return f"{basename(argv[0])} is not a compiler whose inputs can be scanned"
    if not argv[0].startswith("/"):
        return f"the compiler {argv[0]!r} is not named by an absolute path"
    reason = unsplit_flags(argv)
    if reason:
        return reason
    if option(argv, "-o") not in edge.outputs and len(edge.outputs) != 1:
        return "the object is not the edge's output"
    return ""


def unsplit_flags(words: Collection[str]) -> str:
    """Why a compile with these words cannot be split, or nothing."""
    suspects = [word for word in words if word.startswith(_SUSPECT)]
    lto = [word for word in suspects if word.startswith(("-flto", "-fno-lto"))]
    for flag, reason in _UNSPLIT_FLAGS.items():
        if flag == "-flto":
            if lto and lto[-1] != "-fno-lto":
                return reason
        elif any(word.startswith(flag) for word in suspects):
            return reason
    return ""


def _link(edge: Edge, base: str, where: str, commands: tuple[tuple[str, ...], ...]) -> Step:
    extra = [edge.depfile] if edge.depfile else []
    return Step(edge, Kind.LINK, where, commands, _link_left(edge, base, where, commands), tuple(extra))


def _link_left(edge: Edge, base: str, where: str, commands: tuple[tuple[str, ...], ...]) -> str:
    named = (*edge.outputs, *edge.inputs, *edge.implicit)
    known = {normpath(join(base, path)) for path in named}
    for command in commands:
        if command[0] == "cd" and len(command) == 2:
            where = join(where, command[1])
        elif is_compiler(command[0]):
            reason = _linker_left(command)
            if reason:
                return reason
        elif not is_archiver(command[0]):
            if _verb(command) not in _SAFE_VERBS and basename(command[0]) not in _SAFE_PROGRAMS:
                return f"a step after the link runs {basename(command[0])!r}, which may read more than it names"
            for word in _paths_of(command):
                if normpath(join(where, word)) not in known:
                    return f"a step after the link names {word!r}, which is not declared"
    return ""


def _linker_left(command: tuple[str, ...]) -> str:
    if any(word.startswith(_UNDECLARED_LINK_OUTPUTS) for word in command):
        return "the link writes a file that the build does not declare"
    if any(word.startswith("-flto") for word in command) and "-fno-lto" not in command:
        return _UNSPLIT_FLAGS["-flto"]
    if "-c" in command:
        return "the link compiles a source as well"
    if not command[0].startswith("/"):
        return f"the linker {command[0]!r} is not named by an absolute path"
    return ""


def _paths_of(command: tuple[str, ...]) -> list[str]:
    """The words of a step after a link that name files."""
    verb = _verb(command) or basename(command[0])
    words = [word for word in command[3 if _verb(command) else 1 :] if not word.startswith("-")]
    if verb in ("echo", "echo_append", "true"):
        return []
    if verb in ("chmod", "create_symlink", "ln"):
        return words[1:]
    return words
