"""The `.NAME.o.cmd` files of kbuild: what made an object, and from what.

The format is that of scripts/basic/fixdep.c: `cmd_X := COMMAND` (`savedcmd_X` from Linux 6.3 on), `source_X := FILE`
where it is not the first of `deps_X := `, which lists a file a line and, as `$(wildcard include/config/...)`, the
symbols of the configuration that the files name. The file that holds their values is left out of it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from splitphase.checkpoint.facts import fixed
from splitphase.checkpoint.observe import in_tree, odd_flags
from splitphase.command import Unreadable, is_c_compiler, option, split
from splitphase.steps import unsplit_flags

_COMMAND = re.compile(r"^(?:saved)?cmd_(\S+) := (.*)$", re.MULTILINE)
_SOURCE = re.compile(r"^source_\S+ := (.*)$", re.MULTILINE)
_READS = re.compile(r"^deps_\S+ := \\\n((?:[^\n]+\n)*)", re.MULTILINE)
_SEPARATOR = re.compile(r"\s*;\s*(?=\S)")
_COMPILED = (".c", ".S", ".s")
_IN_PLACE = frozenset(("objtool", "recordmcount"))
"""What kbuild runs on an object that was compiled; it comes from tools/ or scripts/ and reads the object alone."""


@dataclass(frozen=True, slots=True)
class Cmd:
    """One file."""

    target: str
    command: str
    reads: tuple[str, ...]
    """As they are spelled: relative to the tree of objects, or absolute."""
    symbol_versions: bool
    """Whether the preprocessor ran once more, for CONFIG_MODVERSIONS."""


def read(text: str) -> Cmd | None:
    """Read one; None where it is of another form."""
    command, reads, source = _COMMAND.search(text), _READS.search(text), _SOURCE.search(text)
    if command is None or reads is None:
        return None
    names = [source[1].strip()] if source else []
    for line in reads[1].splitlines():
        name = line.strip().removesuffix("\\").strip()
        if name and not name.startswith("$(wildcard"):
            names.append(name)
    plain = command[2].strip().replace("$(pound)", "#").replace("\\#", "#").replace("$$", "$")
    return Cmd(command[1], plain, tuple(dict.fromkeys(names)), "#SYMVER" in text)


def compile_words(cmd: Cmd) -> tuple[str, ...]:
    """The compile itself."""
    commands = _split(cmd)
    return tuple(commands[0]) if commands and not isinstance(commands, Unreadable) else ("false",)


def _split(cmd: Cmd) -> list[list[str]] | Unreadable:
    return split(_SEPARATOR.sub(" && ", cmd.command.rstrip("; ")))


def refused(cmd: Cmd, top: str, programs: tuple[str, ...]) -> str:
    """Why what it made cannot be reused, or nothing. `programs` are the folders of kbuild's own programs."""
    commands = _split(cmd)
    if isinstance(commands, Unreadable):
        return f"its command has {commands.reason}"
    if not commands or not is_c_compiler(commands[0][0]) or "-c" not in commands[0]:
        return "it is no compile of C or assembly"
    words = commands[0]
    if option(words, "-o") != cmd.target or not words[-1].endswith(_COMPILED):
        return "it is no compile of C or assembly"
    if "/" in words[0] and (not words[0].startswith("/") or in_tree(top, words[0])):
        return "its compiler is part of the tree"
    for other in commands[1:]:
        if os.path.basename(other[0]) not in _IN_PLACE or not os.path.normpath(other[0]).startswith(programs):
            return f"its command runs {os.path.basename(other[0])}"
    if cmd.symbol_versions:
        return "its symbol versions are made by another run of the preprocessor"
    return _refused_words(words)


def _refused_words(words: list[str]) -> str:
    if any(word.startswith("@") for word in words):
        return "it has a response file"
    if any(word.startswith("-gsplit-dwarf") for word in words):
        return "it writes a file beside the object"
    if any(re.match(r"-Wa,(?!-)", word) for word in words):
        return "its assembler gets files that no dependency record names"
    if any(word == "-MMD" or word.startswith("-Wp,-MMD") for word in words):
        for name in ("-isystem", "-idirafter"):
            if any(not fixed(folder) for folder in _values(words, name)):
                return "it reports no system headers, and has folders of them"
    elif not any(word == "-MD" or word.startswith("-Wp,-MD") for word in words):
        return "the compiler does not report what it reads"
    return unsplit_flags(words) or odd_flags(words)


def _values(words: list[str], name: str) -> list[str]:
    """The values of all `name value` and `namevalue`."""
    found = []
    for index, word in enumerate(words):
        if word == name:
            found.extend(words[index + 1 : index + 2])
        elif word.startswith(name):
            found.append(word.removeprefix(name))
    return found
