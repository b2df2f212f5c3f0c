"""How compilers break the lines of a dependency file: with a longer or a shorter path in it, the breaks move.

GCC (mkdeps.cc) breaks before a name that would end behind column 72, Clang (DependencyFile.cpp) behind column 75, where
it counts a name without what escapes blanks in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_WORD = re.compile(rb"(?:[^\\\s]|\\.)+")
_ESCAPED = re.compile(rb"\\([ #])|\$(\$)")


def rewritten(text: bytes, change: Callable[[bytes], bytes], *, gcc: bool) -> bytes | None:
    """A dependency file with each of its names changed, as the compiler writes it; None if it is no such file."""
    rule, line, rest = re.fullmatch(rb"((?:\\\n|[^\n])*)(\n?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    words = _WORD.findall(rule)
    count = next((index for index, word in enumerate(words, 1) if word.endswith(b":")), 0)
    if not count:
        return None if text else text
    known = words[:count], words[count:]
    changed = [change(word) for word in words[:count]], [change(word) for word in words[count:]]
    write = _gcc if gcc else _clang
    return write(*changed) + line + change(rest) if write(*known) == rule else None


def _gcc(targets: Sequence[bytes], names: Sequence[bytes]) -> bytes:
    text = b""
    column = 0
    for word in (*targets, *names):
        # The colon comes behind the last target, whose length says nothing of it.
        size = len(word) - (word is targets[-1])
        if column:
            if column + size > 72:
                text += b" \\\n"
                column = 0
            text += b" "
            column += 1
        text += word
        column += len(word)
    return text


def _clang(targets: Sequence[bytes], names: Sequence[bytes]) -> bytes:
    text = targets[0]
    column = len(text)
    for word in targets[1:]:
        size = len(word) - (word is targets[-1])
        wraps = column + size + 2 > 75
        text += (b" \\\n  " if wraps else b" ") + word
        column = len(word) + 2 if wraps else column + len(word) + 1
    for word in names:
        size = len(_ESCAPED.sub(rb"\1\2", word))
        if column + size + 3 > 75:
            text += b" \\\n "
            column = 2
        text += b" " + word
        column += size + 1
    return text
