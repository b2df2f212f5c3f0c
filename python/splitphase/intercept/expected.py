"""Why a call has no result: what differs from the call that was recorded for the same output.

A file of JSON: `files`, pairs of a path and a digest, and `calls`, by output: `[words, variables, files]`. The words
are the compiler's, `variables` an object, and `files` a number in hex whose bits say which of the files the call may
read. A digest is that of the content in hex, or empty where an output's hash stands in the file: that differs always.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from splitphase.intercept.journal import Recorded
from splitphase.scan.items import selected

NAME = "expected.json"
_REST = "links, folders, files of the system or times of equal files differ"
_SHOWN = 3
"""Files, words or variables that are said one by one."""


def write_expected(path: Path, calls: Iterable[Recorded], escape: Callable[[str], str]) -> None:
    """Write down what was recorded of compiles."""
    numbers: dict[tuple[str, str], int] = {}
    found = {}
    for call in calls:
        if call.kind != "compile" or call.reason:
            continue
        bits = 0
        for file in call.files:
            bits |= 1 << numbers.setdefault((file.path, "" if file.own else file.digest), len(numbers))
        variables = {name: escape(value) for name, value in call.environment.items()}
        found[call.written[0]] = [[escape(word) for word in (call.program, *call.words)], variables, f"{bits:x}"]
    path.write_text(json.dumps({"files": list(numbers), "calls": found}, separators=(",", ":")) + "\n")


class Expected:
    """Reads it when it is first asked."""

    def __init__(self, path: Path, top: str, escape: Callable[[str], str]) -> None:
        self._path = path
        self._top = top
        self._escape = escape
        self._raw: dict[str, Any] | None = None

    def difference(
        self, output: str, words: Iterable[str], variables: Mapping[str, str], digests: Mapping[str, bytes]
    ) -> str:
        """What differs, in a few words. `output` is an absolute path, `digests` are of all that the call may read."""
        call = self._read()["calls"].get(output)
        if call is None:
            return "no call with this output was recorded"
        known = self._files(int(call[2], 16))
        here = {path: digest.hex() for path, digest in digests.items()}
        values = {name: self._escape(value) for name, value in variables.items()}
        differing = [path for path in known.keys() & here.keys() if known[path] not in ("", here[path])]
        parts = [
            _listed("differs", map(self._shown, differing)),
            _listed("is read as well", map(self._shown, here.keys() - known.keys())),
            _listed("is not read", map(self._shown, known.keys() - here.keys())),
            _listed("is added to its command", _without(map(self._escape, words), call[0])),
            _listed("is missing in its command", _without(call[0], map(self._escape, words))),
            _listed("is set otherwise", _changed(values, call[1])),
        ]
        return "; ".join(part for part in parts if part) or _REST

    def _read(self) -> dict[str, Any]:
        if self._raw is None:
            try:
                self._raw = json.loads(self._path.read_text())
            except (OSError, ValueError):
                self._raw = {"files": [], "calls": {}}
        return self._raw

    def _files(self, bits: int) -> dict[str, str]:
        return dict(selected(self._read()["files"], bits))

    def _shown(self, path: str) -> str:
        """As messages have it: relative to the top, if it lies there."""
        return os.path.relpath(path, self._top) if path.startswith(f"{self._top}/") else path


def _without(words: Iterable[str], others: Iterable[str]) -> list[str]:
    rest = set(others)
    return [word for word in words if word not in rest]


def _changed(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]


def _listed(what: str, names: Iterable[str]) -> str:
    found = sorted(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more} {what}" if found else ""
