"""Which sources of a project no edit could reach: for each, all that may reach it, of a state; equal means untouched.

More is taken for reachable than is: headers count by their name alone, in whatever folder they lie.
"""

from __future__ import annotations

import posixpath
import re

from oracle_project import sources
from oracle_tree import State

_NAMED = re.compile(
    r'(?:#|%:)\s*(?:include|include_next|import|embed)\s*[<"]([^>"\n]+)|__has_\w+\s*\(\s*[<"]([^>"\n]+)'
)
_COMPUTED = re.compile(r"#\s*(?:include|import)\s+[A-Za-z_]")
_GENERATED = re.compile(r"\bgen/(\w+\.h)")
_UNASKED = "stdc-predef.h"
"""GCC includes it without being asked."""
_RANDOM = "random"
"""A fact that is another one in each build."""


class Reach:
    """What may reach the sources of one state of a project."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._named: dict[str, list[str]] = {}
        for path in state.tree:
            for part in path.split("/"):
                self._named.setdefault(part, []).append(path)

    def closure(self, source: str) -> tuple[str, ...]:
        """Paths that it may read, sorted, and such as may stand in the way of them."""
        found = {source}
        todo = [source, *self._named.get(_UNASKED, ())]
        while todo:
            path = todo.pop()
            found.add(path)
            todo += [other for other in self._next(path) if other not in found]
            found.update(todo)
        return tuple(sorted(found))

    def _next(self, path: str) -> list[str]:
        node = self._state.tree.get(path)
        if node is None:
            return []
        if node.target is not None:
            return self._named.get(posixpath.basename(node.target), [])
        text = (node.data or b"").decode(errors="replace")
        names = [one or other for one, other in _NAMED.findall(text)]
        found = [other for name in names for other in self._named.get(posixpath.basename(name), ())]
        if _COMPUTED.search(text):
            found += [other for other in self._state.tree if other.endswith((".h", ".hpp", ".inc"))]
        if ".incbin" in text:
            found += [other for other in self._state.tree if other.startswith("data/")]
        if path == "tools/gen.sh":
            found += [other for other in self._state.tree if other.startswith("data/")]
        elif "gen.h" in names or set(names) & set(_GENERATED.findall(self._text("tools/gen.sh"))):
            found.append("tools/gen.sh")
        return found

    def _text(self, path: str) -> str:
        return self._state.text(path) if path in self._state.tree else ""

    def facts(self, source: str, tool: str) -> list[object]:
        """All that may reach a source."""
        state = self._state
        closure = self.closure(source)
        text = "\n".join(self._text(path) for path in closure)
        facts: list[object] = [sorted(state.defines.items())]
        # A link to a folder may lead anywhere.
        facts += [(path, node.target) for path, node in sorted(state.tree.items()) if node.target and path[-2:] != ".h"]
        for path in closure:
            node = state.tree.get(path)
            facts.append((path, node and (node.data, node.target)))
        names = ("CPATH", "C_INCLUDE_PATH", *(("CFLAGS",) if tool == "make" else ()))
        facts += [(name, state.environment.get(name)) for name in names]
        if re.search(r"__DATE__|__TIME__", text):
            facts.append(state.epoch)
        if "__TIMESTAMP__" in text:
            facts.append(_RANDOM)
        # Of equal files, the order of their times counts for GCC's #pragma once; the oracle gives them any.
        held = [node.data for path in closure if (node := state.tree.get(path)) and node.data is not None]
        if len(set(held)) < len(held) and re.search(r"once|import|_Pragma", text):
            facts.append(_RANDOM)
        # Debug information holds the folder's name, and Autoconf asks for such.
        if tool == "autotools" or re.search(r"__FILE__|\bSOURCE\b", text):
            facts.append(state.folder)
        prefixed = {"meson": ("src/where.c", "src/blob.c"), "make": (), "autotools": ()}
        if source in prefixed.get(tool, ("src/where.c",)):
            facts.append(state.version)
        return facts


def compiled(state: State, tool: str) -> list[str]:
    """All that a generated project compiles."""
    return [*sources(state), "src/main.c", *(() if tool == "autotools" else ("src/plug.c",))]


def untouched(before: State, after: State, tool: str, candidates: list[str]) -> list[str]:
    """Those of the candidates that are in both states and that no edit between them could reach."""
    old, new = Reach(before), Reach(after)
    found = []
    for source in candidates:
        if source in before.tree and source in after.tree:
            facts = new.facts(source, tool)
            if _RANDOM not in facts and facts == old.facts(source, tool):
                found.append(source)
    return found
