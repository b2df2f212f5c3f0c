"""Whether an object holds the hashes of the package's outputs only where they can be rewritten.

An object whose command or files name an output path may hold it whole, in pieces, as a number computed from it, or not
at all. The preprocessor's output tells whether the compiler saw it. If it did, it is compiled again with tokens in the
place of the hashes: what rewriting makes of the object must be that. This happens when the build is over, in its own
tree.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splitphase.environment import without_bash_env, wrapper_flags
from splitphase.errors import RewriteError
from splitphase.intercept.call import Call, Judged
from splitphase.rewrite import Rewriter
from splitphase.scan.contents import Contents

_SUSPECTS = "suspect-*.pickle"
_VALUED = ("-MF", "-MT", "-MQ", "-o")
_DROPPED = re.compile(r"-(?:c|M|MM|MD|MMD|MP|MG|pipe)$|-(?:MF|MT|MQ|o).|-Wp,-M")
NOT_AGAIN = "it uses an output path, and cannot be compiled with another one"
NOT_TEXT = "it uses an output path, and not only as text"
LATER = "it uses an output path, and what it read changed before the end of the build"


@dataclass(frozen=True, slots=True)
class Suspect:
    """An object that may depend on a hash."""

    key: str
    call: Call
    judged: Judged
    owning: tuple[str, ...]
    """Files that it read, in which a hash stands."""
    made: bytes
    """What it is, rewritten."""
    holds: bool
    """Whether a hash stands in it, the random seed aside."""
    read: Mapping[str, bytes | None]
    """Digests of the files that may change and that it may read."""

    def save(self, scratch: Path) -> None:
        """Remember it until the build is over."""
        (scratch / _SUSPECTS.replace("*", self.key)).write_bytes(pickle.dumps(self))


def suspects(scratch: Path) -> list[Suspect]:
    """All that were saved."""
    return [pickle.loads(path.read_bytes()) for path in sorted(scratch.glob(_SUSPECTS))]  # noqa: S301 - our own


def front(words: Iterable[str]) -> list[str]:
    """The words of a compile without those that say which files to write."""
    found: list[str] = []
    skip = False
    for word in words:
        if not skip and word not in _VALUED and not _DROPPED.match(word):
            found.append(word)
        skip = not skip and word in _VALUED
    return found


def disproved(doubted: Sequence[Suspect], escape: Rewriter) -> dict[str, str]:
    """Which of these keys cannot be kept, and why. The tree is of no use afterwards: hashes in it become tokens."""
    contents = Contents()
    reasons: dict[str, str] = {}
    current = []
    for suspect in doubted:
        if dict(suspect.read) != contents.digests(suspect.read):
            reasons[suspect.key] = LATER
        else:
            current.append(suspect)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(lambda suspect: suspect.holds or _seen(suspect, escape), current))
        current = [suspect for suspect, saw in zip(current, seen, strict=True) if saw]
        bare = list(pool.map(lambda suspect: _bare(suspect, escape), current))
        for path in sorted({path for suspect in current for path in suspect.owning}):
            with suppress(RewriteError, OSError):  # then what is compiled with it differs
                escape.file(Path(path))
        found = pool.map(lambda suspect, plain: _disproved(suspect, plain, escape), current, bare)
        reasons |= {suspect.key: reason for suspect, reason in zip(current, found, strict=True) if reason}
    return reasons


def _seen(suspect: Suspect, escape: Rewriter) -> bool:
    """Whether the compiler sees an output path behind the preprocessor, or that cannot be told."""
    call = suspect.call
    run = subprocess.run(
        [call.program, *front(suspect.judged.words), "-E"], cwd=call.directory, env=without_bash_env(call.environment),
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    return run.returncode != 0 or escape.found_in(run.stdout)


def _bare(suspect: Suspect, escape: Rewriter) -> bytes | None:
    """The object without debug information, rewritten, of a call that asks for such."""
    call = suspect.call
    if not any(word.startswith("-g") for word in (*suspect.judged.words, *wrapper_flags(call.environment))):
        return None
    made = _compiled(call, [*front(suspect.judged.words), "-g0"], without_bash_env(call.environment))
    with suppress(RewriteError):
        return made and escape.data(made)
    return None


def _disproved(suspect: Suspect, bare: bytes | None, escape: Rewriter) -> str:
    call = suspect.call
    environment = {name: escape.text(value) for name, value in without_bash_env(call.environment).items()}
    words = [escape.text(word) for word in front(suspect.judged.words)]
    made = _compiled(call, words, environment)
    if made is None:
        return NOT_AGAIN
    # Debug information is ordered by the random seed, which is a part of the hash.
    if made == suspect.made or (bare is not None and bare == _compiled(call, [*words, "-g0"], environment)):
        return ""
    return NOT_TEXT


def _compiled(call: Call, words: Sequence[str], environment: Mapping[str, str]) -> bytes | None:
    """The object that a compile makes; None where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "object.o")
        run = subprocess.run(
            [call.program, *words, "-c", "-o", str(target)], cwd=call.directory, env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        return target.read_bytes() if run.returncode == 0 and target.exists() else None
