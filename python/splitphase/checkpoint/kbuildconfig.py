"""Values of kbuild's configuration: those that a compile can see are what its files name.

kbuild itself leaves the file with all values out of the dependencies and touches one empty file for each symbol. Empty
files say nothing of two trees, so here the definitions are compared.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from splitphase.checkpoint.observe import digest

KERNEL = "include/generated/autoconf.h"
BUSYBOX = "include/autoconf.h"
_COMMENT = re.compile(r"^/\*.*?\*/[ \t]*$", re.MULTILINE | re.DOTALL)
_DEFINITION = re.compile(r"#\s*(?:define|undef)\s+(\w+)")
_CONDITION = re.compile(r"#\s*(if\w*|elif\w*|else|endif)\b")
_NAMES = {
    KERNEL: r"(?<![A-Za-z0-9_])CONFIG_\w+",
    BUSYBOX: r"(?<![A-Za-z0-9_])(?:CONFIG|ENABLE|IF)_\w+",
}
_MADE = re.compile(rb"(?<![A-Za-z0-9_])(?:(?:CONFIG|ENABLE|IF)(?:_\w*)?\s*##|(?:CONFIG|ENABLE|IF)_(?:\w+_)?\s*[,)])")
"""A name of a symbol that a macro puts together."""
ALL = "*"
"""Stands for all symbols."""
ASKS = "?"
"""Stands for `__has_include`, whose answer depends on generated files that nobody reads."""


class Config:
    """The values in one tree of objects."""

    def __init__(self, objects: str) -> None:
        self.name = next((name for name in (KERNEL, BUSYBOX) if os.path.isfile(f"{objects}/{name}")), "")
        self.path = f"{objects}/{self.name}"
        text = ""
        if self.name:
            with open(self.path, encoding="utf-8", errors="surrogateescape") as stream:
                text = stream.read()
        self.values, self.rest = read_values(text)
        usual = _NAMES.get(self.name, _NAMES[KERNEL])
        self._odd = sorted(name for name in self.values if not re.fullmatch(usual, name))
        pattern = "|".join([usual, *(rf"(?<![A-Za-z0-9_]){name}\b" for name in self._odd)])
        self._pattern = re.compile(pattern.encode())
        self._named: dict[str, frozenset[str]] = {}

    def __contains__(self, name: str) -> bool:
        """Whether a symbol has a value."""
        return name in self.values

    def named(self, path: str) -> frozenset[str]:
        """The symbols with values that the file at an absolute path names; ALL and ASKS as well."""
        if path not in self._named:
            try:
                with open(path, "rb") as stream:
                    data = stream.read()
            except OSError:
                data = b""
            data = data.replace(b"\\\r\n", b"").replace(b"\\\n", b"")
            names = {name.decode() for name in set(self._pattern.findall(data))}
            # IS_ENABLED(CONFIG_X) asks for CONFIG_X_MODULE as well
            names |= {f"{name}_MODULE" for name in names}
            found = names & self.values.keys()
            if _MADE.search(data):
                found.add(ALL)
            if b"__has_include" in data:
                found.add(ASKS)
            self._named[path] = frozenset(found)
        return self._named[path]

    def text(self, names: Iterable[str]) -> str:
        """The values of these symbols, and what is no value."""
        chosen = set(names)
        if ALL in chosen:
            chosen = set(self.values)
        return digest("\n".join([self.rest, *(f"{name} {self.values.get(name, '')}" for name in sorted(chosen))]))

    def strings(self) -> str:
        """All values of symbols that have several words, whose order kbuild may not see."""
        symbols = sorted(self.values.keys() - set(self._odd))
        return digest("\n".join(self.values[name] for name in symbols if re.search(r'".*\s.*"', self.values[name])))


def read_values(text: str) -> tuple[dict[str, str], str]:
    """Each macro with all lines that define it and the conditions around them; and the lines that do neither."""
    values: dict[str, str] = {}
    rest = []
    conditions: list[str] = []
    for line in _COMMENT.sub("", text).replace("\\\n", " ").splitlines():
        condition = _CONDITION.match(line)
        definition = _DEFINITION.match(line)
        if condition and condition[1].startswith("if"):
            conditions.append(line)
        elif condition and condition[1] == "endif":
            del conditions[-1:]
        elif condition:
            conditions[-1:] = [f"{''.join(conditions[-1:])}\t{line}"]
        elif definition:
            name = definition[1]
            values[name] = "\n".join([*([values[name]] if name in values else []), *conditions, line])
        elif line.strip():
            rest.append("\n".join([*conditions, line]))
    return values, "\n".join(rest)
