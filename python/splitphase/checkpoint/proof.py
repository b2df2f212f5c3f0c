"""Whether an object holds the hashes of the package's outputs only where they can be rewritten.

An object whose command or files name an output path may hold it whole, in pieces, as a number computed from it, or not
at all. The preprocessor's output tells whether the compiler saw it. If it did, that output is compiled twice, with the
hashes and with tokens in their place: the first must be the object, and the second what rewriting makes of it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitphase.environment import packages_own
from splitphase.errors import RewriteError
from splitphase.rewrite import Rewriter

_VALUED = ("-MF", "-MT", "-MQ", "-o")
_DROPPED = re.compile(r"-(?:c|M|MM|MD|MMD|MP|MG|pipe)$|-(?:MF|MT|MQ|o).|-Wp,-M")
_LANGUAGES = {
    ".c": "cpp-output", ".i": "cpp-output", ".S": "assembler",
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".C", ".c++", ".CPP", ".cp", ".ii"), "c++-cpp-output"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """How an object is compiled."""

    directory: str
    words: tuple[str, ...]
    variants: tuple[tuple[str, ...], ...] = ((),)
    """Flags with which it is compiled once more each: libtool's."""

    def front(self) -> list[str]:
        """The command without what says which files to write."""
        found: list[str] = []
        skip = False
        for word in self.words:
            if not skip and word not in _VALUED and not _DROPPED.match(word):
                found.append(word)
            skip = not skip and word in _VALUED
        return found


class Prover:
    """Runs compilers, in the environment of the build."""

    def __init__(self, escape: Rewriter) -> None:
        self._escape = escape
        self._environment = packages_own(os.environ)
        self._escaped = {name: escape.text(value) for name, value in self._environment.items()}

    def names(self, call: Call) -> bool:
        """Whether a call names an output path."""
        return self._escape.found_in(" ".join(call.words).encode(errors="surrogateescape"))

    def doubt(self, call: Call, files: Iterable[Path], *, holds: bool) -> str:
        """Why the files that a call made cannot be carried to other outputs, or nothing. `holds`: they hold a hash."""
        texts = []
        for variant in call.variants:
            text = _run([*call.front(), *variant, "-E"], call.directory, self._environment)
            if text is None:
                return "the preprocessor fails on it"
            texts.append(text)
        if not any(self._escape.found_in(text) for text in texts):
            return "its object holds an output path" if holds else ""
        command = call.front()
        source = next((word for word in reversed(command) if os.path.splitext(word)[1] in _LANGUAGES), "")
        language = _LANGUAGES.get(os.path.splitext(source)[1], "")
        if language == "cpp-output" and re.search(r"\+\+[\d.-]*$", call.words[0]):
            language = "c++-cpp-output"
        if not language or any(word.startswith("-x") for word in call.words):
            return "it uses an output path, in a language that is not looked into"
        command.remove(source)
        try:
            made = [
                self._twice([*command, *variant, "-x", language], call.directory, text)
                for variant, text in zip(call.variants, texts, strict=True)
            ]
        except RewriteError:
            return "its object hides an output path"
        for file in files:
            data = file.read_bytes()
            if not any(pair and pair[0] == data and pair[1] == pair[2] for pair in made):
                return "it uses an output path, and not only as text"
        return ""

    def _twice(self, command: Sequence[str], directory: str, text: bytes) -> tuple[bytes, bytes, bytes] | None:
        """The object, the same with rewritten hashes, and the object of the rewritten text."""
        with tempfile.TemporaryDirectory() as folder:
            plain, escaped = Path(folder, "text"), Path(folder, "tokens")
            plain.write_bytes(text)
            escaped.write_bytes(self._escape.data(text))
            first, second = Path(folder, "1.o"), Path(folder, "2.o")
            words = [self._escape.text(word) for word in command]
            for program, environment, source, target in (
                (command, self._environment, plain, first),
                (words, self._escaped, escaped, second),
            ):
                if _run([*program, "-c", str(source), "-o", str(target)], directory, environment) is None:
                    return None
            data = first.read_bytes()
            self._escape.file(first)
            return data, first.read_bytes(), second.read_bytes()


def _run(command: Sequence[str], directory: str, environment: Mapping[str, str]) -> bytes | None:
    """What a command prints; None if it fails."""
    run = subprocess.run(
        command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return None if run.returncode else run.stdout
