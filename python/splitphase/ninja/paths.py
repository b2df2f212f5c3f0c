"""How Ninja spells paths: canonical in its graph and logs, quoted for the shell in `$in` and `$out`.

Source: `CanonicalizePath` and `GetShellEscapedString` in ninja's src/util.cc, POSIX side, release 1.13. Releases up
to 1.11 spell the root directory as an empty string; that is not followed.
"""

from __future__ import annotations

import re

_IRREGULAR = re.compile(r"//|/\Z|(?:\A|/)\.\.?(?:/|\Z)")
_SHELL_SAFE = re.compile(r"[A-Za-z0-9_+\-./]*\Z")


def canonical_path(path: str) -> str:
    """Drop `.`, empty and `name/..` components and the last slash; an empty path stays empty."""
    if not path or not _IRREGULAR.search(path):
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    joined = "/".join(parts)
    return "/" + joined if path[0] == "/" else joined or "."


def shell_quoted(path: str) -> str:
    """Quote as Ninja does, with single quotes and only where a character asks for it."""
    if _SHELL_SAFE.match(path):
        return path
    return "'" + path.replace("'", "'\\''") + "'"


class CanonicalPaths(dict[str, str]):
    """Raw spelling to canonical path. One string object per spelling: a graph names each path many times."""

    def __missing__(self, raw: str) -> str:
        path = canonical_path(raw)
        self[raw] = path
        return path


class QuotedPaths(dict[str, str]):
    """Canonical path to its spelling for the shell."""

    def __missing__(self, path: str) -> str:
        quoted = shell_quoted(path)
        self[path] = quoted
        return quoted
