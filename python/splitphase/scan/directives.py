"""Read one C, C++ or assembler file: every file name that it may ask the preprocessor or the assembler for.

Nothing is preprocessed. Both branches of every `#if` count, and so do comments and strings that look like directives:
a name too many costs a few bytes in a pack, a name too few breaks a build. The translation phases follow C23 5.1.1.2
(trigraphs, line splices, comments as white space); `.incbin` and `.include` follow the manual of GNU as.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

_GAP = rb"(?:[ \t\v\f\r\0]|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)*"
_NAME = rb'(?:"([^"\n]+)"|<([^>\n]+)>)'
_IDENTIFIER = rb"([A-Za-z_$\\\x80-\xff][\w$]*)"

_SPLICE = re.compile(rb"\\[ \t\v\f]*\r?\n")
_DIRECTIVE = re.compile(
    rb"#" + _GAP + rb"(?:"
    rb"(include_next|include|import|embed)" + _GAP + rb"(?:" + _NAME + rb"|" + _IDENTIFIER + rb"([^\n]*))"
    rb"|(?:el)?if([^\n]*?\([ \t]*[<\"][^\n]*)"
    rb")"
)
_HAS = re.compile(
    rb"__has_(include_next|include|embed)(?:__)?"
    + _GAP
    + rb"(?:\(?"
    + _GAP
    + _NAME
    + rb"|\("
    + _GAP
    + _IDENTIFIER
    + rb")"
)
_PROBE = re.compile(_NAME)
_AT_END = re.compile(rb"[ \t\v\f\r]*(?:/[/*].*)?")
_DEFINITION = rb"\bdefine(" + _GAP + rb")(?:%s)(?![\w$])([^\n]*)"
_HEADER_VALUE = re.compile(rb'\s*("[^"\n]*[./][^"\n]*"|<[^>\n]+>)?\s*(?://.*|/\*[^*]*\*/\s*)?')
_PLAIN_NAME = re.compile(rb"[A-Za-z_]\w*")
_PLAIN_ANGLE = re.compile(r"<[\w./+-]+>", re.ASCII)
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
PREDEFINED = frozenset("unix linux i386 sparc mips arm sun vax m68k hpux MIPSEB MIPSEL PPC ppc vms".split())
"""Macros that compilers define by themselves in their GNU modes, those that begin with `_` aside."""
_MACRO_HEAD = re.compile(rb"[ \t\v\f\r]*#" + _GAP + rb"define" + _GAP + rb"(\w+)\(([^)\n]*)\)")
_HAS_ALIAS = re.compile(rb"#[ \t]*define[ \t]+(\w+)[ \t]+__has_include(?:_next)?(?:__)?[ \t\r]*(?:\n|\Z)")
_ENDS_ARGUMENT = re.compile(_GAP + rb"\)")
_DEPENDENCY = re.compile(rb'dependency[ \t]*(?:\\?"([^"\\\n]+)\\?"|<([^>\n]+)>)')
_RESOURCE = re.compile(rb'\.(incbin|include)(?:[ \t]|\\t)*\\?"([^"\\\n]+)\\?"', re.IGNORECASE)
_INCBIN = re.compile(rb"\.incbin\b", re.IGNORECASE)
_COMMENT = re.compile(rb"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|/\*(?s:.*?)\*/|//[^\n]*""")
_MODULE_NAME = rb'\b[ \t]*(?:(?::?[A-Za-z_][\w.:]*|<[^>\n]+>|"[^"\n]+")[ \t]*)?(?:\[\[[^\n;]*)?;'
_MODULE_WORDS = {word: re.compile(word + _MODULE_NAME) for word in (b"import", b"module")}
"""Apart, because `re` is fast only where a pattern starts with plain letters."""
_BEFORE_IMPORT = re.compile(rb"(?:.*(?:;|\*/))?\s*(?:export\s+|@\s*)?", re.DOTALL)
_ONLY_DOTS = re.compile(r"(?:(?<=/)|\A)\./+|(?<=/)/+")


@dataclass(frozen=True, slots=True)
class Directives:
    """What one file may ask for. Names are decoded as file names are (`os.fsdecode`), without `./` and `//`."""

    quote: tuple[str, ...] = ()
    """`#include "x"`, `#import "x"`, `__has_include("x")`, `#pragma GCC dependency "x"`."""
    angle: tuple[str, ...] = ()
    """`#include <x>` and its relatives."""
    following: tuple[str, ...] = ()
    """`#include_next` and `__has_include_next`, of either form."""
    probes: tuple[str, ...] = ()
    """Names in an `#if` behind a macro that may wrap `__has_include`: `#if HAVE(<x>)`."""
    named: tuple[str, ...] = ()
    """Macros that an include is computed from as they are: `#include HEADER`."""
    embeds: tuple[str, ...] = ()
    """`#embed`, `__has_embed` and `.incbin`: read as they are."""
    assembler: tuple[str, ...] = ()
    """`.include`: read and scanned in turn."""
    incbins: tuple[str, ...] = ()
    """The part of `embeds` that `.incbin` names."""
    asked: tuple[str, ...] = ()
    """Macros that `__has_include(MACRO)` asks for by their value."""
    wrappers: tuple[str, ...] = ()
    """Macros that do what `__has_include` does: `#define HAVE(x) __has_include(x)`."""
    computed: bool = False
    """`#include MACRO(x)`: only the compiler knows."""
    opaque: bool = False
    """An `.incbin` or a `__has_include` whose name is put together by macros: not even the compiler's `-M` knows."""
    date: bool = False
    timestamp: bool = False
    modules: bool = False
    """C++20 or Objective-C module syntax."""


def parse(data: bytes) -> Directives:
    """Read a whole file. Any bytes are accepted."""
    if b"%" in data and b"%:" in data:
        data = data.replace(b"%:", b"#")
    if b"??" in data and (b"??=" in data or b"??/" in data):
        # Whether trigraphs count depends on -std and -trigraphs, so both readings do.
        plain, replaced = data, data.replace(b"??=", b"#").replace(b"??/", b"\\")
        return _union(_parse(_SPLICE.sub(b"", plain)), _parse(_SPLICE.sub(b"", replaced)))
    if b"\\" in data:
        data = _SPLICE.sub(b"", data)
    return _parse(data)


class _Names:
    """The names found so far, by the field of `Directives` they belong to; in order and without repetition."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, None]] = {}

    def add(self, kind: str, raw: bytes) -> None:
        if b"\0" not in raw:
            self.found.setdefault(kind, {})[tidy(os.fsdecode(raw))] = None

    def frozen(self) -> dict[str, tuple[str, ...]]:
        return {kind: tuple(names) for kind, names in self.found.items()}


def header_names(data: bytes, macros: Iterable[str]) -> frozenset[str] | None:
    """The header names that a file defines these macros as; None where one may be defined as anything else.

    A name in angle brackets has them around it, since the preprocessor expands what is in there: `<a/linux.h>`.
    """
    names = [os.fsencode(name) for name in sorted(macros)]
    if b"??/" in data or not all(map(_PLAIN_NAME.fullmatch, names)):
        return None
    found: set[str] = set()
    for gap, value in re.findall(_DEFINITION % b"|".join(names), _SPLICE.sub(b"", data)):
        header = _HEADER_VALUE.fullmatch(value)
        if header is None or gap.strip(b" \t"):
            return None
        if header[1]:
            found.add(os.fsdecode(header[1]))
    return frozenset(found)


def words_in(names: Iterable[str]) -> frozenset[str] | None:
    """The words in names in angle brackets, which may be macros; None where some cannot be told."""
    angle = [name for name in names if name.startswith("<")]
    if not all(_PLAIN_ANGLE.fullmatch(name) for name in angle):
        return None
    return frozenset(word for name in angle for word in _WORD.findall(name))


def defines_any(data: bytes, words: Iterable[str]) -> bool:
    """Whether a file may define one of these words as a macro."""
    names = b"|".join(re.escape(os.fsencode(word)) for word in sorted(words))
    return bool(re.search(_DEFINITION % names, _SPLICE.sub(b"", data)))


def wraps_macros(data: bytes, wrappers: Iterable[str]) -> bool:
    """Whether a file hands a macro to one of the macros that do what `__has_include` does."""
    names = b"|".join(re.escape(os.fsencode(name)) for name in sorted(wrappers))
    pattern = rb"#[ \t]*(?:el)?if[^\n]*?\b(?:%s)[ \t]*\([ \t]*[A-Za-z_]" % names
    return bool(names) and bool(re.search(pattern, _SPLICE.sub(b"", data)))


def tidy(path: str) -> str:
    """Drop `./` and doubled slashes, which never change what a path names; `..` can, and stays."""
    return _ONLY_DOTS.sub("", path) if "./" in path or "//" in path else path


def _parse(text: bytes) -> Directives:
    names = _Names()
    computed = _directives(text, names)
    hidden = False
    if b"__has_" in text:
        hidden = _has(text, names)
    if b"dependency" in text:
        for match in _DEPENDENCY.finditer(text):
            names.add("quote" if match[1] else "angle", match[1] or match[2])
    return Directives(
        opaque=_resources(text, names) or hidden,
        computed=computed,
        date=b"__DATE__" in text or b"__TIME__" in text,
        timestamp=b"__TIMESTAMP__" in text,
        modules=_modules(text),
        **names.frozen(),
    )


def _directives(text: bytes, names: _Names) -> bool:
    computed = False
    for match in _DIRECTIVE.finditer(text):
        word, quote, angle, macro, rest, condition = match.groups()
        if word:
            if macro:
                if not _starts_line(text, match.start()):
                    continue
                plain = _PLAIN_NAME.fullmatch(macro) and not macro.startswith(b"__")
                if word not in (b"include", b"import") or not plain or not _AT_END.fullmatch(rest):
                    computed = True
                else:
                    names.add("named", macro)
            elif word == b"include_next":
                names.add("following", quote or angle)
            elif word == b"embed":
                names.add("embeds", quote or angle)
            else:
                names.add("quote" if quote else "angle", quote or angle)
        else:
            for probe in _PROBE.finditer(condition):
                names.add("probes", probe[1] or probe[2])
    return computed


def _has(text: bytes, names: _Names) -> bool:
    """Collect what is asked for; say whether something is that nobody can see."""
    hidden = False
    for match in _HAS_ALIAS.finditer(text):
        names.add("wrappers", match[1])
    for match in _HAS.finditer(text):
        word, quote, angle, macro = match.groups()
        if macro:
            line = text.rfind(b"\n", 0, match.start()) + 1
            head = _MACRO_HEAD.match(text, line, match.end() + 1)
            # `#define HAVE(x) __has_include(x)`: the names stand where the macro is used, see `probes`.
            if head is not None and macro in re.findall(rb"\w+", head[2]):
                names.add("wrappers", head[1])
                continue
            if _ENDS_ARGUMENT.match(text, match.end()):
                names.add("asked", macro)
            else:
                hidden = True
        elif word == b"include_next":
            names.add("following", quote or angle)
        elif word == b"embed":
            names.add("embeds", quote or angle)
        else:
            names.add("quote" if quote else "angle", quote or angle)
    return hidden


def _resources(text: bytes, names: _Names) -> bool:
    """Collect what the assembler reads; say whether some `.incbin` does not spell its file."""
    incbin = b"incbin" in text or b"INCBIN" in text
    if not incbin and b".include" not in text and b".INCLUDE" not in text:
        return False
    for match in _RESOURCE.finditer(text):
        if match[1].lower() == b"incbin":
            names.add("embeds", match[2])
            names.add("incbins", match[2])
        else:
            names.add("assembler", match[2])
    if not incbin:
        return False
    code = _COMMENT.sub(lambda match: match[1] or b" ", text)
    spelled: int = sum(match[1].lower() == b"incbin" for match in _RESOURCE.finditer(code))
    return len(_INCBIN.findall(code)) > spelled


def _modules(text: bytes) -> bool:
    for word, pattern in _MODULE_WORDS.items():
        if word not in text:
            continue
        for match in pattern.finditer(text):
            if _BEFORE_IMPORT.fullmatch(text, _line_start(text, match.start()), match.start()):
                return True
    return False


def _starts_line(text: bytes, position: int) -> bool:
    r"""Whether only white space and comments stand before the `#`; `\r` alone ends a line for Clang."""
    before = text[_line_start(text, position) : position].strip(b" \t\v\f\0\xef\xbb\xbf")
    return not before or before.endswith(b"*/")


def _line_start(text: bytes, position: int) -> int:
    newline = text.rfind(b"\n", 0, position) + 1
    return max(newline, text.rfind(b"\r", newline, position) + 1)


def _union(one: Directives, other: Directives) -> Directives:
    merged: dict[str, Any] = {}
    for field in fields(Directives):
        left, right = getattr(one, field.name), getattr(other, field.name)
        merged[field.name] = tuple(dict.fromkeys(left + right)) if isinstance(left, tuple) else left or right
    return Directives(**merged)
