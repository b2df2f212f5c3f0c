"""What make is about to do, from `make --dry-run`: all of its commands are compared at once.

A dry run is not always without effect: lines with `$(MAKE)` run, with all else on them. The tree is put back as it was
where that happened.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitphase.checkpoint.facts import walk
from splitphase.checkpoint.observe import EARLY, digest, in_tree, odd_flags
from splitphase.command import is_archiver, is_c_compiler, is_compiler, option
from splitphase.rewrite import Rewriter
from splitphase.steps import unsplit_flags

_SECONDS = 1800
_USUAL = re.compile(
    r"depbase=`echo [^`]*`|`test -f '[^'`]*' \|\| echo '[^'`]*'`|`test -f [\w./+-]+ \|\| echo '[^'`]*'`"
)
"""The command substitutions that automake writes into compile commands: they name the object and the source."""
_SEPARATORS = re.compile(r"\n|;|&&|\|\|")
_SKIPPED = re.compile(r"^(?:if|then|else|do|\(|\{|!|@|[A-Za-z_]\w*=.*)$")
_REDIRECTION = re.compile(r"\d*[<>]")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_HARMLESS = frozenset("echo printf rm test [ true : mkdir cd make gmake".split())
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class DryRun:
    """One run."""

    digest: str
    """Of all that it prints, hashes escaped; empty where it failed."""
    reason: str
    """Why nothing of a build with these commands can be reused, or nothing."""
    compiles: dict[str, str]
    """Why the object of that file name cannot be reused (empty: it can)."""
    user_headers_only: bool
    """Whether a compile reports its user headers only (`-MMD`)."""
    custom: str = ""
    """A command that is neither compile nor link, if there is one: it may write files that nothing declares."""


def dry_run(top: str, own: str, arguments: Sequence[str], escape: Rewriter) -> DryRun:
    """Run it in the working directory; the tree below `top`, less the folder `own`, is the same afterwards."""
    backup = Path(top, own)
    before = _stamps(top, own)
    copy = backup / "before"
    copy.mkdir(parents=True)
    entries = [entry for entry in sorted(os.listdir(top)) if entry != own]
    subprocess.run(
        ["cp", "-a", "--reflink=auto", "--", *(f"{top}/{entry}" for entry in entries), str(copy)], check=True
    )
    try:
        run = subprocess.run(
            ["make", "--dry-run", "--no-print-directory", *arguments],
            check=False, capture_output=True, text=True, errors="surrogateescape", timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        failure = f"make --dry-run fails: {_last_line(run.stderr)}" if run.returncode else ""
        output = run.stdout
    except subprocess.TimeoutExpired:
        failure, output = "make --dry-run does not end", ""
    if _stamps(top, own) != before:
        _put_back(top, copy, entries, own)
    _remove(backup)
    if failure:
        return DryRun("", failure, {}, user_headers_only=False)
    return read_output(top, output, escape)


def read_output(top: str, output: str, escape: Rewriter) -> DryRun:
    """Read what a dry run printed."""
    text = output.replace("\\\n", " ")
    reason = _variables(text) or _substitutions(text)
    compiles: dict[str, str] = {}
    user_headers_only = False
    for words in _compiles(text):
        name = option(words, "-o")
        source = next((word for word in reversed(words) if not word.startswith("-") and word != name), "")
        name = os.path.basename(name or f"{os.path.splitext(source)[0]}.o")
        user_headers_only = user_headers_only or "-MMD" in words
        why = compiles.get(name, "") or _refused(top, words, escape)
        compiles[name] = why
    return DryRun(digest(escape.text(output)), reason, compiles, user_headers_only, _custom(text))


def _compiles(text: str) -> Iterator[list[str]]:
    """The words of each call of a compiler that compiles, libtool's as well."""
    for segment in _SEPARATORS.split(_USUAL.sub("", text)):
        if "-c" not in segment:
            continue
        try:
            words = shlex.split(segment)
        except ValueError:
            continue
        if "--mode=compile" in words:
            if not any(os.path.basename(word) == "libtool" for word in words[:3]):
                continue
            words = words[words.index("--mode=compile") + 1 :]
        while words and _SKIPPED.match(words[0]):
            words = words[1:]
        if words and is_compiler(words[0]) and "-c" in words:
            yield words


def _custom(text: str) -> str:
    for segment in _SEPARATORS.split(_USUAL.sub("", text)):
        try:
            words = shlex.split(segment)
        except ValueError:
            return segment.strip()[:60]
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if not words or _harmless(words):
            continue
        return " ".join(words)[:60]
    return ""


def _harmless(words: list[str]) -> bool:
    """Whether a command writes nothing that a compile could include."""
    program = os.path.basename(words[0])
    if any(">" in word and word != "/dev/null" for word in words) or "<" in words:
        return words[:2] == [":", ">"] and os.path.basename(words[-1]) == ".dirstamp"
    if program == "mv":
        return all(word.startswith(("-", "$depbase.")) or ".deps/" in word for word in words[1:])
    if "--mode=compile" in words or "--mode=link" in words:
        return True
    return program in _HARMLESS or is_compiler(words[0]) or is_archiver(words[0])


def _refused(top: str, words: list[str], escape: Rewriter) -> str:  # noqa: PLR0911 - one list of cases
    if not is_c_compiler(words[0]):
        return "it is no compile of C or C++"
    if "/" in words[0] and (not words[0].startswith("/") or in_tree(top, words[0])):
        return "its compiler is part of the tree"
    if "-MD" not in words and "-MMD" not in words:
        return "the compiler does not report what it reads"
    if any(_REDIRECTION.match(word) for word in words):
        return "what its compiler says goes into a file"
    joined = " ".join(words).encode(errors="surrogateescape")
    if escape.found_in(joined):
        return "its command holds an output path"
    if any(word.startswith("@") for word in words):
        return "it has a response file"
    if any(word.startswith("-gsplit-dwarf") for word in words):
        return "it writes a file beside the object"
    if "-MMD" in words and any(word.startswith(("-isystem", "-idirafter")) for word in words):
        return "it reports no system headers, and has folders of them"
    return unsplit_flags(words) or odd_flags(words)


def _variables(text: str) -> str:
    """Commands read variables of the shell that differ between builds of one package."""
    for name in sorted(set(_VARIABLE.findall(text)) & EARLY):
        if not re.search(rf"\b{name}=|\bfor {name} in\b|\bread {name}\b", text):
            return f"a command reads the variable {name}"
    return ""


def _substitutions(text: str) -> str:
    """A compile command runs other commands, which may read anything."""
    for line in _USUAL.sub("", text).splitlines():
        if re.search(r"\s-c\s", line) and re.search(r"`|\$\(", line):
            return f"a compile runs other commands: {line.strip()[:100]}"
    return ""


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def _stamps(top: str, own: str) -> list[tuple[str, int, int, int, int]]:
    """What changes when anything below the top does."""
    found = []
    for path in walk(top, own):
        status = os.lstat(f"{top}/{path}")
        found.append((path, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size))
    return found


def _put_back(top: str, copy: Path, entries: Iterable[str], own: str) -> None:
    for entry in sorted(os.listdir(top)):
        if entry != own:
            _remove(Path(top, entry))
    for entry in entries:
        subprocess.run(["cp", "-a", "--", str(copy / entry), f"{top}/{entry}"], check=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        subprocess.run(["chmod", "-R", "u+rwx", str(path)], check=False)
        shutil.rmtree(path)
    else:
        path.unlink()
