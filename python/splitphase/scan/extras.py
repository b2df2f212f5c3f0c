"""What a compile reads besides sources and headers: files that its options name, profiles, modules."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .arguments import Arguments, Option
from .search import DIRECTORY_OPTIONS
from .tree import Tree

_NOT_READ = frozenset(
    """-o -MF -MT -MQ -MJ -dumpbase -dumpdir -dumpbase-ext -serialize-diagnostics --serialize-diagnostics
    -dependency-file -aux-info -index-store-path -l -L -x -include -imacros -coverage-notes-file -coverage-data-file
    -stack-usage-file -MD -MMD""".split()
)
"""Options whose value is written, or is no file, or is looked up as a header."""
_PROFILE = frozenset(
    "-fprofile-use -fprofile-instr-use -fbranch-probabilities -fauto-profile -fprofile-dir -fprofile-generate".split()
)
_QUOTES = re.compile(r"""^[<"']+|[>"']+$""")
_ASCII_CHARSET = re.compile(r"utf-?8|us-ascii|ascii|(?:iso-?8859|latin|windows|cp125|koi8|euc).*", re.IGNORECASE)
_OLD_STANDARD = re.compile(r"(?:c|gnu)\+\+(?:98|03|0x|11|1y|14|1z|17)")


class ArgumentFiles:
    """Existing files that some word of a command names, as a whole or behind a `=` or `,`."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._known: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def forget(self) -> None:
        """Drop all answers; to be called when the tree's changed."""
        self._known.clear()

    def find(self, arguments: Arguments, directory: str, source: str) -> Iterator[str]:
        """Absolute paths. `source` is the word that names the source."""
        for option in arguments.options:
            if option.name in _NOT_READ or option.name in DIRECTORY_OPTIONS or option.words == (source,):
                continue
            key = (directory, option.words)
            files = self._known.get(key)
            if files is None:
                paths = (os.path.join(directory, candidate) for candidate in _candidates(option))
                # Devices and pipes are no part of a tree.
                files = self._known[key] = tuple(p for p in paths if self._tree.is_file(p) and os.path.isfile(p))
            yield from files


def profile_files(arguments: Arguments, directory: str, source: str) -> Iterator[str]:
    """Profiles that are found by the object's name: GCC reads `<object>.gcda`, or the same in a given directory."""
    used = [option for option in arguments.options if option.name in _PROFILE]
    if not used or all(option.name == "-fprofile-generate" for option in used):
        return
    outputs = arguments.values("-o") or [os.path.basename(source)]
    places = {os.path.dirname(os.path.join(directory, output)) for output in outputs} | {directory}
    places |= {os.path.join(directory, option.value) for option in used if option.value}
    stems = {os.path.splitext(os.path.basename(output))[0] for output in outputs}
    stems.add(os.path.splitext(os.path.basename(source))[0])
    for place in sorted(places):
        if not os.path.isdir(place):
            continue
        for name in sorted(os.listdir(place)):
            stem, suffix = os.path.splitext(name)
            if suffix in {".profdata", ".afdo"} or (suffix == ".gcda" and any(part in stem for part in stems)):
                yield os.path.join(place, name)


def reads_modules(arguments: Arguments, language: str, *, said: bool) -> bool:
    """Whether the compile may read modules; `said` is whether a file has the syntax.

    C++ before C++20 has no modules unless an option turns them on, and `import x;` means nothing in C.
    """
    for option in arguments.options:
        if (
            option.name.startswith(("-fmodule", "-fcxx-modules", "-fprebuilt-module"))
            and option.name != "-fmodule-map-file"
        ):
            return True
    if not said:
        return False
    if "++" not in language and language not in {"cuda", "hip"}:
        return "objective" in language
    standards = arguments.values("-std", "--std")
    return not standards or not _OLD_STANDARD.fullmatch(standards[-1])


def unusual_charset(arguments: Arguments) -> bool:
    """Whether sources are written in a charset in which the scan cannot see an include."""
    return any(not _ASCII_CHARSET.fullmatch(charset) for charset in arguments.values("-finput-charset"))


def _candidates(option: Option) -> Iterator[str]:
    for text in (*option.words, option.value):
        if text:
            yield text
            for separator in "=,":
                if separator in text:
                    yield from (_QUOTES.sub("", part) for part in text.split(separator)[1:] if part)
