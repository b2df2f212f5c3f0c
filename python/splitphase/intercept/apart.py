"""Calls that compile and link at once, taken apart: a compile of each source, then the link of what they make.

GCC does the same by itself, with objects in its folder for temporary files, whose names get into no result. Clang
compiles otherwise where it links as well (at -O0 with `-mrelax-all`): who has the keys of the compiles must see whether
it is GCC.

Source: "Overall Options" in the manual of GCC 12; how nixpkgs' wrapper adds words to a link and to a compile.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from splitphase.errors import SplitphaseError
from splitphase.intercept.call import Call, Judged, Kind, judge
from splitphase.intercept.reasons import Reason
from splitphase.intercept.variables import words_added
from splitphase.scan import arguments
from splitphase.scan.arguments import Option

OBJECT = re.compile(r"\.splitphase-[0-9a-f]{12}-")
"""How the names of the objects begin. They lie in the top, beside the package's own folder."""
_NAME = 200
"""Bytes of such a name at most, without that."""
_NOT_APART = re.compile(r"-[xT]$|--?coverage|-ftest-coverage|-f(?:cs-)?profile|-frecord-gcc-switches|-fdump|-dump")
"""`-x` counts for what follows it, `-T` reads what is no business of a compile, and the others may put a name into the
object that GCC makes of the output's."""
_LINKERS = frozenset(("-l", "-L", "-Xlinker", "-o"))
"""Options that a compile would call unused; and the output, for which it has a name of its own."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a call does, as calls; the objects between them have absolute names."""

    compiles: tuple[tuple[Call, Judged], ...]
    link: tuple[Call, Judged]


def apart(call: Call, judged: Judged, top: str) -> Parts | None:
    """The parts of a call that compiles and links; nothing if it does not, or cannot be taken apart."""
    if judged.reason != Reason.COMPILES_AND_LINKS:
        return None
    compiling, linking = (words_added(call.environment, kind)[0] for kind in ("compile", "link"))
    if any(value.strip() for value in linking if value not in compiling):
        return None
    try:
        options = tuple(arguments.options(tuple(arguments.expand(call.words, call.directory, {}))))
    except (OSError, SplitphaseError):
        return None
    added = arguments.options(word for value in compiling for word in value.split())
    if any(_NOT_APART.match(option.name) for option in (*options, *added)):
        return None
    output = next((option.value for option in options if option.name == "-o"), "a.out")
    made = {
        index: os.path.join(top, _object(call.directory, output, index, option.value))
        for index, option in enumerate(options)
        if not option.name and arguments.language_of_suffix(os.path.splitext(option.value)[1], cxx=False)
    }
    compiles = tuple(_part(call, _compile(options, index, path), top) for index, path in made.items())
    words = [
        word for index, option in enumerate(options) for word in ([made[index]] if index in made else option.spelled())
    ]
    link = _part(call, words, top)
    # Beside an object other names would be written, and the linker's map has the objects' names.
    alone = all(one.kind is Kind.COMPILE and not (one.depfile or one.extra) for _, one in compiles)
    return Parts(compiles, link) if alone and link[1].kind is Kind.LINK and not link[1].extra else None


def _object(directory: str, output: str, index: int, source: str) -> str:
    """The name of an object: the same in every build."""
    place = os.fsencode(f"{os.path.normpath(os.path.join(directory, output))}\0{index}")
    name = os.fsdecode(os.fsencode(os.path.basename(source))[-_NAME:])
    return f".splitphase-{hashlib.sha256(place).hexdigest()[:12]}-{name}.o"


@contextmanager
def placed(objects: Mapping[str, str]) -> Iterator[None]:
    """Have files (absolute path, and a file with its content) in place."""
    try:
        for path, content in objects.items():
            shutil.copyfile(content, path)
        yield
    finally:
        for path in objects:
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
