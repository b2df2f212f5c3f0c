"""Calls that compile and link at once, taken apart: a compile of each source, then the link of what they make.

GCC does the same by itself, with objects `cc??????.o` in its folder for temporary files. Ours have such names in the
same folder, but the same ones in every build. Clang compiles otherwise where it links as well (at -O0 with
`-mrelax-all`): who has the keys of the compiles must see whether it is GCC.

Source: "Overall Options" in the manual of GCC 12; how nixpkgs' wrapper adds words to a link and to a compile.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from splitphase import elf
from splitphase.errors import SplitphaseError
from splitphase.hashes.archives import AR, THIN
from splitphase.intercept.call import Call, Judged, Kind, below, judge
from splitphase.intercept.linked import SCRIPTS
from splitphase.intercept.linker import words_for_linker
from splitphase.intercept.reasons import Reason
from splitphase.intercept.variables import adds_to_links, words_added
from splitphase.scan import arguments
from splitphase.scan.arguments import Option

TEMPORARY = re.compile(r"cc[0-9A-Za-z]{6}\.o")
"""A name as GCC gives one to a temporary object."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UPPER = frozenset((".C", ".CPP", ".M", ".S"))
"""Suffixes in upper case that GCC knows; another one is for the linker."""
_NOT_APART = re.compile(r"-[xTr]$|--?coverage|-f[\w-]*coverage|-f(?:cs-)?profile|-frecord-gcc-switches|-fdump|-dump")
"""`-x` counts for what follows it, `-T` reads what is no business of a compile, `-r` is no link of a program, and the
others may put a name into the object that GCC makes of the output's."""
_BY_NAME = SCRIPTS | frozenset(("section-ordering-file", "symbol-ordering-file"))
"""Options of the linker that choose objects by their names."""
_LINKERS = frozenset(("-l", "-L", "-Xlinker", "-o"))
"""Options that a compile would call unused; and the output, for which it has a name of its own."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a call does, as calls; the objects between them have absolute names."""

    compiles: tuple[tuple[Call, Judged], ...]
    link: tuple[Call, Judged]


def apart(call: Call, judged: Judged, top: str) -> Parts | None:
    """The parts of a call that compiles and links; nothing if it does not, or cannot be taken apart."""
    if judged.reason != Reason.COMPILES_AND_LINKS or adds_to_links(call.environment):
        return None
    try:
        options = tuple(arguments.options(tuple(arguments.expand(call.words, call.directory, {}))))
    except (OSError, SplitphaseError):
        return None
    made = _objects(call, options, top) if _separable(call, options) else {}
    if not made:
        return None
    compiles = tuple(_part(call, _compile(options, index, path), top) for index, path in made.items())
    words = ([made[index]] if index in made else option.spelled() for index, option in enumerate(options))
    link = _part(call, [word for each in words for word in each], top)
    # Beside an object other names would be written, and the linker's map and its list of files have the objects' names.
    alone = all(one.kind is Kind.COMPILE for _, one in compiles) and link[1].kind is Kind.LINK
    return (
        Parts(compiles, link) if alone and not any(one.depfile or one.extra for _, one in (*compiles, link)) else None
    )


def _separable(call: Call, options: Sequence[Option]) -> bool:
    """Whether the words mean the same in the parts."""
    added = arguments.options(word for value in words_added(call.environment, "compile")[0] for word in value.split())
    if any(_NOT_APART.match(option.name) for option in (*options, *added)):
        return False
    return not any(word.lstrip("-").partition("=")[0] in _BY_NAME for word in words_for_linker(options))


def _objects(call: Call, options: Sequence[Option], top: str) -> dict[int, str]:
    """The object of each source, by the source's index; none if an input forbids it."""
    output = os.path.join(call.directory, next((option.value for option in options if option.name == "-o"), "a.out"))
    made: dict[int, str] = {}
    seen: Counter[str] = Counter()
    for index, option in enumerate(options):
        path = os.path.join(call.directory, option.value)
        if option.name:
            continue
        if os.path.realpath(path) == os.path.realpath(output) or (not _is_source(path) and _is_script(path)):
            return {}
        if _is_source(path):
            seen[path] += 1
            made[index] = os.path.join(_folder(call, top), _temporary(f"{output}\0{path}\0{seen[path]}"))
    return made


def _is_source(path: str) -> bool:
    suffix = os.path.splitext(path)[1]
    return arguments.is_source(path) and (suffix.islower() or suffix in _UPPER)


def _is_script(path: str) -> bool:
    """Whether an input of the linker is text: it may choose objects by their names."""
    try:
        with open(path, "rb") as file:
            head = file.read(len(AR))
    except OSError:
        return False
    return not head.startswith((elf.MAGIC, AR, THIN))


def _folder(call: Call, top: str) -> str:
    """GCC's folder for temporary files, if the tree holds it."""
    folder = next((call.environment[name] for name in ("TMPDIR", "TMP", "TEMP") if call.environment.get(name)), "")
    return folder if folder.startswith("/") and below("/", folder, top) and os.path.isdir(folder) else top


def _temporary(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(os.fsencode(text)).digest()[:8], "big")
    return f"cc{''.join(_DIGITS[number // 62**place % 62] for place in range(6))}.o"


@contextmanager
def placed(objects: Mapping[str, str]) -> Iterator[None]:
    """Have files (absolute path, and a file with its content) in place. Raises OSError where there is one already."""
    made = []
    try:
        for path, content in objects.items():
            with open(path, "xb") as target, open(content, "rb") as source:
                made.append(path)
                shutil.copyfileobj(source, target)
        yield
    finally:
        for path in made:
            with suppress(OSError):
                os.unlink(path)


def _compile(options: Iterable[Option], source: int, output: str) -> list[str]:
    """The words of the compile of one source, which is the option with this index."""
    kept = (
        option
        for index, option in enumerate(options)
        if index == source or (option.name and (option.wrapper or not _is_for_linker(option)))
    )
    return [*(word for option in kept for word in option.spelled()), "-c", "-o", output]


def _is_for_linker(option: Option) -> bool:
    return option.name in _LINKERS or option.words[0].startswith("-Wl,")


def _part(call: Call, words: list[str], top: str) -> tuple[Call, Judged]:
    part = replace(call, words=tuple(words))
    return part, judge(part, top)
