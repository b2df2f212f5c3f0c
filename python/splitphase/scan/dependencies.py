"""Ask the compiler itself (`-M`) which files one compile reads, and read its answer."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from .arguments import Arguments, Option
from .search import run

_DROPPED = frozenset(
    """-c -S -E -o -M -MM -MD -MMD -MG -MP -MF -MT -MQ -MJ -MV -H -v -### -time -save-temps --save-temps -dumpbase
    -dumpdir -dumpbase-ext -aux-info -serialize-diagnostics --serialize-diagnostics -index-store-path
    -dependency-file -Q""".split()
)
_WORD = re.compile(r"(?:\\\r?\n|\s)*((?:[^\s\\$]|\\(?:[\s\S](?<!\n))|\$\$|\$)+)")
_ESCAPED = re.compile(r"(\\*)\\([ \t#:])|\$\$")


def dependencies(arguments: Arguments, directory: str, environment: Mapping[str, str], *, is_gcc: bool) -> list[str]:
    """The absolute paths of all files that the compile reads through includes, as the compiler spells them.

    Raises SplitphaseError with the compiler's words, for instance where a header is still to be generated.
    """
    words = without_outputs(arguments)
    if is_gcc:
        # GCC shortens the names of system headers; but it opens them by the long ones.
        words.append("-fno-canonical-system-headers")
    argv = [*arguments.compiler, *words, "-M", "-MT", "x"]
    output, _ = run(argv, directory, environment)
    return [os.path.join(directory, path) for path in parse_depfile(output)]


def without_outputs(arguments: Arguments) -> list[str]:
    """The words of a compile without those that say what it makes and writes."""
    return [word for option in arguments.options if not _dropped(option) for word in option.spelled()]


def parse_depfile(text: str) -> list[str]:
    r"""The prerequisites of all rules in a depfile with GCC's escapes: `\ `, `\#`, `$$`, backslash-newline."""
    found: dict[str, None] = {}
    for rule in re.split(r"(?<!\\)\n", text.replace("\r\n", "\n")):
        words = _WORD.findall(rule)
        target_end = next((i for i, word in enumerate(words) if word.endswith(":")), None)
        if target_end is not None:
            found.update(dict.fromkeys(_unescape(word) for word in words[target_end + 1 :]))
    return list(found)


def _unescape(word: str) -> str:
    # Only backslashes in front of an escaped character are doubled.
    return _ESCAPED.sub(lambda match: match[1][: len(match[1]) // 2] + match[2] if match[2] else "$", word)


def _dropped(option: Option) -> bool:
    return option.name in _DROPPED or option.name.startswith(("-save-temps", "-fdump", "-fcallgraph", "-ftime-trace"))
