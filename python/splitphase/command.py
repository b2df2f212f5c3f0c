"""Read shell commands as build tools write them: words, simple commands, and what kind of step they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os.path import basename

_WORD = re.compile(
    r"""(?:[ \t]|\\\n)*(?:
      (?P<operator>&&|\|\||[|;<>&()\n])
    | (?P<word>(?:[^\s'"\\|;<>&()$`\#*?\[{~]|\\[\s\S]|'[^']*'|"(?:[^"\\$`]|\\[\s\S])*"|(?<=[^\s])\#|(?<=[^\s=:])~)+)
    )""",
    re.VERBOSE,
)
_PIECE = re.compile(r"""\\([\s\S])|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|([^\\'"]+)""")
_IN_DOUBLE_QUOTES = re.compile(r'\\([\\"$`\n])')
_SET_VARIABLE = re.compile(r"[A-Za-z_]\w*=")
_COMPILER = re.compile(r"^(?:[\w.]+-)*(?:cc|c\+\+|gcc|g\+\+|clang|clang\+\+|gfortran|flang|nvcc|hipcc)(?:-?[\d.]+)?$")
_ARCHIVER = re.compile(r"^(?:[\w.]+-)*(?:ar|ranlib|gcc-ar|gcc-ranlib|llvm-ar|llvm-ranlib)(?:-?[\d.]+)?$")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Shell text that is more than simple commands joined by `&&`."""

    reason: str


def split(text: str) -> list[list[str]] | Unreadable:
    """Split `cd a && b c && :` into simple commands; `cd` stays one of them, `:` and empty ones are dropped.

    Expansions, redirections, pipes, globs, braces and other operators make the text unreadable: they can name files
    that no word names.
    """
    commands: list[list[str]] = [[]]
    position, end = 0, len(text.rstrip(" \t\n"))
    while position < end:
        match = _WORD.match(text, position)
        if match is None:
            rest = text[position:end].lstrip()
            return Unreadable(f"shell syntax at {rest[:20]!r}")
        operator = match["operator"]
        if operator == "&&":
            commands.append([])
        elif operator:
            return Unreadable(f"shell operator {operator.strip() or 'newline'!r}")
        elif match["word"].replace("\\\n", ""):
            commands[-1].append(_unquote(match["word"]))
        position = match.end()
    return [command for command in commands if command and command != [":"]]


def _unquote(word: str) -> str:
    if "\\" not in word and "'" not in word and '"' not in word:
        return word
    pieces = []
    for match in _PIECE.finditer(word):
        escaped, single, double, plain = match.groups()
        if escaped is not None:
            pieces.append("" if escaped == "\n" else escaped)
        elif single is not None:
            pieces.append(single)
        elif double is not None:
            pieces.append(_IN_DOUBLE_QUOTES.sub(lambda found: found[1].strip("\n"), double))
        else:
            pieces.append(plain)
    return "".join(pieces)


def is_compiler(program: str) -> bool:
    """Whether a program's name is that of a C family, Fortran or CUDA compiler driver."""
    return _COMPILER.match(basename(program)) is not None and not _SET_VARIABLE.match(program)


def is_c_compiler(program: str) -> bool:
    """Whether a program's name is that of a compiler driver whose includes the scanner can follow."""
    return is_compiler(program) and not re.search(r"gfortran|flang|nvcc|hipcc", basename(program))


def is_archiver(program: str) -> bool:
    """Whether a program is ar or ranlib."""
    return _ARCHIVER.match(basename(program)) is not None


def is_compile(argv: list[str]) -> bool:
    """Whether a simple command compiles one source to an object."""
    return is_compiler(argv[0]) and "-c" in argv and "-o" in argv


def option(argv: list[str], name: str) -> str | None:
    """The value of the last `name value` or `namevalue` (or `name=value` for long ones), or None."""
    value = None
    for index, word in enumerate(argv):
        if word == name and index + 1 < len(argv):
            value = argv[index + 1]
        elif len(name) == 2 and word.startswith(name) and word != name:
            value = word[2:]
    return value
