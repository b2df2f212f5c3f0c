"""Whether an object holds the hashes of the package's outputs only where they can be rewritten.

An object whose command or files name an output path may hold it whole, in pieces, as a number computed from it, or not
at all. The preprocessor's output tells whether the compiler saw it. If it did, it is compiled again with tokens in the
place of the hashes: what rewriting makes of the object must be that.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splitphase.environment import packages_own, wrapper_flags
from splitphase.errors import RewriteError
from splitphase.rewrite import Rewriter

_VALUED = ("-MF", "-MT", "-MQ", "-o")
_DROPPED = re.compile(r"-(?:c|M|MM|MD|MMD|MP|MG|pipe)$|-(?:MF|MT|MQ|o).|-Wp,-M")

_READS = re.compile(rb"\.include\b|incbin")
"""What has the assembler read a file."""
_TEXT = re.compile(rb'^\s*\.(?:string|ascii|asciz)\s+"(?:\\.|[^"\\\n])*"[ \t]*(?:#[^"\n]*)?$', re.MULTILINE)
"""A line of assembler with a string and nothing else."""


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


@dataclass(frozen=True, slots=True)
class Suspect:
    """An object that may depend on a hash."""

    output: str
    call: Call
    files: tuple[Path, ...]
    """What it is, rewritten."""


class Prover:
    """Runs compilers, in the environment of the build."""

    def __init__(self, escape: Rewriter) -> None:
        self._escape = escape
        self._environment = packages_own(os.environ)

    def names(self, call: Call) -> bool:
        """Whether a call names an output path."""
        return self._escape.found_in(" ".join(call.words).encode(errors="surrogateescape"))

    def seen(self, call: Call) -> bool:
        """Whether the compiler sees an output path behind the preprocessor, or that cannot be told."""
        for variant in call.variants:
            text = run_compiler([*call.front(), *variant, "-E"], call.directory, self._environment)
            if text is None or self._escape.found_in(text):
                return True
        return False

    def assembles_files(self, call: Call) -> bool:
        """Whether the assembler reads files beside what the compiler writes for it, or that cannot be told."""
        words = (*call.words, *wrapper_flags(self._environment))
        if any(word.startswith("-flto") for word in words):
            return True
        for variant in call.variants:
            text = run_compiler([*call.front(), *variant, "-S", "-o", "-"], call.directory, self._environment)
            if not text or _READS.search(_TEXT.sub(b"", text)):
                return True
        return False

    def disproved(self, suspects: Sequence[Suspect], files: Iterable[Path]) -> Mapping[str, str]:
        """Which of these outputs cannot be carried, and why. The tree is of no use afterwards.

        `files` are those that hold hashes and that compiles read.
        """
        if not suspects:
            return {}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            # GCC orders the strings of debug information by their content: only without it are objects comparable.
            plain = list(pool.map(lambda suspect: self._bare(suspect.call), suspects))
            for file in files:
                with suppress(RewriteError):  # then what is compiled with it differs
                    self._escape.file(file)
            reasons = list(pool.map(self._disproved, suspects, plain))
        return {suspect.output: reason for suspect, reason in zip(suspects, reasons, strict=True) if reason}

    def _bare(self, call: Call) -> list[bytes | None]:
        """The object without debug information, rewritten, for each variant; for calls that ask for such."""
        if not any(word.startswith("-g") for word in (*call.words, *wrapper_flags(self._environment))):
            return []
        found: list[bytes | None] = []
        for made in self._compiled(call.front(), ["-g0"], call, self._environment):
            try:
                found.append(made and self._escape.data(made))
            except RewriteError:
                found.append(None)
        return found

    def _disproved(self, suspect: Suspect, bare: list[bytes | None]) -> str:
        call = suspect.call
        environment = {name: self._escape.text(value) for name, value in self._environment.items()}
        words = [self._escape.text(word) for word in call.front()]
        made = self._compiled(words, [], call, environment)
        if None in made:
            return "it uses an output path, and cannot be compiled with another one"
        if all(file.read_bytes() in made for file in suspect.files):
            return ""
        if bare and None not in bare and bare == self._compiled(words, ["-g0"], call, environment):
            return ""
        return "it uses an output path, and not only as text"

    def _compiled(
        self, words: Sequence[str], more: Sequence[str], call: Call, environment: Mapping[str, str]
    ) -> list[bytes | None]:
        """The object for each variant of a call; None where that fails."""
        made = []
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "object.o")
            for variant in call.variants:
                command = [*words, *variant, *more, "-c", "-o", str(target)]
                done = run_compiler(command, call.directory, environment) is not None and target.exists()
                made.append(target.read_bytes() if done else None)
                target.unlink(missing_ok=True)
        return made


def run_compiler(command: Sequence[str], directory: str, environment: Mapping[str, str]) -> bytes | None:
    """What a compiler prints; None if it fails."""
    run = subprocess.run(
        command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return None if run.returncode else run.stdout
