"""Differences between two kbuild trees: which of them leave an object alone that does not read what differs.

kbuild compares commands by itself and make compares times, so what matters is what neither sees: the programs that
work on objects in place, and rules that may write a header which stands before another.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Mapping

from splitphase.checkpoint.kbuildplace import Trees
from splitphase.checkpoint.observe import digest

_RULES = re.compile(r"^(?:Makefile|Kbuild|GNUmakefile)|\.(?:mk|make)$")
_CONFIGURATION = re.compile(r"^(?:Kconfig|Config\.(?:in|src)$|\.config)|_defconfig$|\.config$")
_SOURCES = re.compile(r"\.(?:c|h|S|s|dts|dtsi|dtso)$")
_MADE = re.compile(r"\.(?:o|a|so|dbg|cmd|d|lds|dtb|order|builtin|mod)$")
_GENERATED = re.compile(r"^(?:include/(?:config|generated)|arch/[^/]+/include/generated)/")
_WORDS_ONLY = re.compile(
    r"^(?:Documentation|docs|LICENSES|testsuite|tools/(?!objtool|lib|include|arch|build|scripts|Makefile)[^/]+|scripts/mod|scripts/package)/"
    r"|^(?:README|MAINTAINERS|COPYING|CREDITS|AUTHORS|LICENSE|NEWS|TODO|INSTALL)[^/]*$"
    r"|(?:^|/)\.(?:git|indent|mailmap|clang-format|cocci|rustfmt|editorconfig)[^/]*$|\.(?:rst|md)$"
)
"""What is only read, checked or packed, or runs on what was linked, as scripts/mod does; that is done anew."""
_VERSION = re.compile(r"^(?:VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION|NAME)\s*=[^$`]*$")
"""It goes into headers and commands."""
_OBJECTS = re.compile(
    r"^\s*(?!hostprogs|always|targets|extra|generated|userprogs|header|uapi|dtb|clean)"
    r"[\w.-]+-(?:y|m|n|objs|\$\(\w+\)|)\s*[+:?]?=(.*)$"
)
_OBJECT = re.compile(r"^[\w./-]+(?:\.o|\.a|/)$")
_FLAGS = re.compile(
    r"^\s*(?:subdir-)?(?:cc|as|ld)flags-(?:y|m|\$\(\w+\))\s*[+:]?=[^$`]*$|^\s*(?:CFLAGS|AFLAGS)_[\w./-]+\s*[+:]?=[^$`]*$"
)


def has_rules(within: str) -> bool:
    """Whether a path in a tree is that of a Makefile that the build may read."""
    return _RULES.search(os.path.basename(within)) is not None and not _WORDS_ONLY.search(within)


def shape(path: str, *, exact: bool) -> str:
    """Digest of a Makefile, less lists of objects, the version and, where commands are compared exactly, flags."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            text = stream.read()
    except OSError:
        text = ""
    kept = []
    for line in text.replace("\\\n", " ").splitlines():
        plain = line if line.startswith("\t") else re.sub(r"(?:^|\s)#.*", "", line)
        if plain.strip() and not _chooses(plain) and not (exact and _FLAGS.match(plain)):
            kept.append(plain)
    return digest("\n".join(kept))


def _chooses(line: str) -> bool:
    """Whether a line only says which objects there are, or which version it is."""
    if _VERSION.match(line):
        return True
    match = _OBJECTS.match(line)
    return match is not None and all(map(_OBJECT.match, match[1].split()))


EMPTY = digest("")


def differing(
    trees: Trees,
    top: str,
    before: Mapping[str, str],
    after: Mapping[str, str],
    read: Container[str],
    shapes: Mapping[str, str],
    host: Container[str],
) -> str:
    """Why nothing may be reused, the first path that differs in it, or nothing."""
    exact = trees.exact()
    for path in sorted(before.keys() | after.keys()):
        first, second = before.get(path, "-"), after.get(path, "-")
        if first == second or (first[0] in "d-" and second[0] in "d-"):
            continue
        within = trees.within(top, path)
        if within is None:
            reason = "" if path in read else "it is outside of the kernel's tree"
        elif has_rules(within):
            same = shapes.get(path, EMPTY) == shape(f"{top}/{path}", exact=exact)
            reason = "" if same and not within.startswith("scripts/") else "it has rules"
        elif path in host:
            reason = "a program that the build runs is made from it"
        else:
            reason = _reason(within, known=path in read)
        if reason:
            return f"{path} differs: {reason}"
    return ""


def _reason(within: str, *, known: bool) -> str:
    name = os.path.basename(within)
    if _WORDS_ONLY.search(within):
        return ""
    if within.startswith(("scripts/", "tools/")):
        return "" if _MADE.search(name) else "programs that the build runs are made from it"
    if known or _GENERATED.match(within):
        return ""
    if _SOURCES.search(name) or _CONFIGURATION.search(name) or _MADE.search(name):
        return ""
    return "anything may read it"
