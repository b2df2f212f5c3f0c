"""Variables of the build.ninja language: text with references, scopes, rules, and the values that an edge sees.

Source: "The Ninja manual", chapters "Variable expansion" and "Evaluation and scoping", and ninja's src/eval_env.cc and
`EdgeEnv` in src/graph.cc for what the manual leaves open:

- Paths, `pool`, `dyndep` and the values of variables are expanded where they stand. What a rule says is expanded as the
  edge runs: after all files have been read, with what the variables of the file are by then.
- A value stands in the edge's scope, then in the rule, then in the file's scopes. An edge without bindings of its own
  has no scope of its own either: the file's scope takes the place of the edge's, so that a variable `depfile` of the
  file hides the one of the rule for this edge, and not for an edge that has a binding.
- `$in`, `$out` and `$in_newline` cannot be hidden.
- They are quoted for the shell, except within depfile, dyndep and rspfile, which Ninja opens itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from splitphase.ninja.paths import QuotedPaths

Text = str | tuple[str, ...]
"""Plain text, or text and variable names by turns, beginning and ending with text."""

RULE_VARIABLES = frozenset({
    "command",
    "depfile",
    "deps",
    "description",
    "dyndep",
    "generator",
    "msvc_deps_prefix",
    "pool",
    "restat",
    "rspfile",
    "rspfile_content",
})  # fmt: skip

_DOLLAR = re.compile(r"\$(?:([ :$])|\r?\n *|\{([A-Za-z0-9_.-]+)\}|([A-Za-z0-9_-]+)|(\^))")


class EscapeError(Exception):
    """A `$` that starts nothing; `offset` is its place in the text."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class VariableCycleError(Exception):
    """Rule variables that refer to each other; the argument names them."""


def parse_text(raw: str, *, newline_escape: bool = False) -> Text:
    """Read the `$` escapes of a value or path. `newline_escape` allows `$^`, which Ninja 1.14 adds.

    Raises EscapeError.
    """
    pieces: list[str] = []
    text = ""
    last = 0
    for match in _DOLLAR.finditer(raw):
        start = match.start()
        literal = raw[last:start]
        if "$" in literal:
            break
        text += literal
        last = match.end()
        char, braced, bare, caret = match.groups()
        if char:
            text += char
        elif braced or bare:
            pieces += (text, braced or bare)
            text = ""
        elif caret:
            if not newline_escape:
                raise EscapeError(start)
            text += "\n"
    bad = raw.find("$", last)
    if bad >= 0:
        raise EscapeError(bad)
    text += raw[last:]
    return (*pieces, text) if pieces else text


def expand(text: Text, lookup: Callable[[str], str]) -> str:
    """Put in the values of the variables."""
    if isinstance(text, str):
        return text
    parts = list(text)
    parts[1::2] = map(lookup, text[1::2])
    return "".join(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A `rule` block; its values are expanded for each edge anew."""

    name: str
    bindings: dict[str, Text]


PHONY = Rule("phony", {})


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The variables and rules of a file, or the variables of an edge."""

    parent: Scope | None = None
    bindings: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)

    def lookup(self, name: str) -> str:
        """Value of a variable in this scope or those around it; empty where there is none."""
        scope: Scope | None = self
        while scope is not None:
            value = scope.bindings.get(name)
            if value is not None:
                return value
            scope = scope.parent
        return ""

    def rule(self, name: str) -> Rule | None:
        """Rule of that name in this scope or those around it."""
        scope: Scope | None = self
        while scope is not None:
            rule = scope.rules.get(name)
            if rule is not None:
                return rule
            scope = scope.parent
        return None


@dataclass(slots=True, eq=False)
class EdgeValues:
    """What the variables of a rule are for one edge."""

    rule: Rule
    scope: Scope
    inputs: Sequence[str]
    outputs: Sequence[str]
    quoted: QuotedPaths
    _quote: bool = True
    _stack: list[str] = field(default_factory=list)
    _paths: dict[str, str] = field(default_factory=dict)

    def quoted_value(self, name: str) -> str:
        """Value with the paths in it quoted for the shell. Raises VariableCycleError."""
        return self._top(name, quote=True)

    def plain_value(self, name: str) -> str:
        """Value with the paths in it as they are: the name of a file. Raises VariableCycleError."""
        return self._top(name, quote=False)

    def _top(self, name: str, *, quote: bool) -> str:
        if quote != self._quote:
            self._quote = quote
            self._paths.clear()
        return self._lookup(name)

    def _lookup(self, name: str) -> str:
        if name in ("in", "out", "in_newline"):
            return self._path_list(name)
        value = self.scope.bindings.get(name)
        if value is not None:
            return value
        text = self.rule.bindings.get(name)
        if text is None:
            return self.scope.parent.lookup(name) if self.scope.parent else ""
        if isinstance(text, str):
            return text
        if name in self._stack:
            raise VariableCycleError(" -> ".join((*self._stack[self._stack.index(name) :], name)))
        self._stack.append(name)
        try:
            return expand(text, self._lookup)
        finally:
            self._stack.pop()

    def _path_list(self, name: str) -> str:
        joined = self._paths.get(name)
        if joined is None:
            paths = self.outputs if name == "out" else self.inputs
            spelled = map(self.quoted.__getitem__, paths) if self._quote else paths
            joined = ("\n" if name == "in_newline" else " ").join(spelled)
            self._paths[name] = joined
        return joined
