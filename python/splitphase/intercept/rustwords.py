"""What the words of a rustc call say. Pure code over words.

Sources: rustc's manual (https://doc.rust-lang.org/rustc/command-line-arguments.html, codegen-options/index.html) and
what cargo 1.65 to 1.97 pass. As for C, an option that is not known to be safe leaves the call to the compiler.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from splitphase.intercept.reasons import Reason, unknown

_SHORT = {"-C": "--codegen", "-A": "--allow", "-W": "--warn", "-D": "--deny", "-F": "--forbid"}
_JOINED = frozenset((*_SHORT, "-L", "-l", "-o", "-Z"))
"""Options whose value may follow at once."""
_FLAGS = {"-O": "opt-level=3", "-g": "debuginfo=2"}
_KEPT = frozenset(
    """
    --cfg --check-cfg --edition --cap-lints --error-format --json --color --diagnostic-width --allow --warn --deny
    --forbid --force-warn --remap-path-prefix
    """.split()
)
"""Options with a value that is a part of the key and says all."""
_VALUED = frozenset(
    """
    --codegen --crate-name --crate-type --emit --extern --out-dir --target --sysroot --explain --print -L -l -o -Z
    """.split()
)
_CODEGEN = frozenset(
    """
    opt-level debuginfo debug-assertions overflow-checks embed-bitcode codegen-units panic lto strip prefer-dynamic
    rpath relocation-model code-model target-feature force-frame-pointers symbol-mangling-version link-dead-code
    inline-threshold link-self-contained control-flow-guard soft-float default-linker-libraries force-unwind-tables
    linker-flavor metadata
    no-prepopulate-passes no-redzone no-stack-check no-vectorize-loops no-vectorize-slp relro-level instruction-set
    """.split()
)
_PRINTS = frozenset("--print --explain -vV -V --version --help -h -v --verbose".split())
_NAMES = {
    "--crate-name": "name",
    "--out-dir": "folder",
    "--target": "target",
    "extra-filename": "extra",
    "linker": "linker",
}
"""Options and codegen options that name something, and where that goes."""
_DANGERS = {
    "incremental": (re.compile(""), Reason.INCREMENTAL),
    "target-cpu": (re.compile("native$"), Reason.NATIVE),
    "split-debuginfo": (re.compile("(?!off$)"), Reason.WRITES),
    "linker-plugin-lto": (re.compile(".*/"), Reason.LTO),
}
"""Codegen options that are safe with other values."""
_SYSROOT = frozenset("proc_macro std core alloc test".split())
"""Crates that `--extern` names without a path."""
_LINKED = frozenset("bin dylib cdylib proc-macro".split())
_LINK_WORD = re.compile(
    r"-Wl,--?(?:z,|rpath,|as-needed|no-as-needed|no-undefined|build-id|gc-sections|no-gc-sections|eh-frame-hdr|soname,"
    r"|undefined[=,]|require-defined[=,]|strip-\w+|Bstatic|Bdynamic|O\d|s$|hash-style=|compress-debug-sections=|icf=)"
    r"[^/@]*$|-Wl,--?rpath[,=][^@]*$|-fuse-ld=[\w.]+$|-m(?:32|64)$|-s$|-l[^/@]+$|-static(?:-\w+)?$|-no-?pie$|-pie$"
    r"|-nostartfiles$|-pthread$|-g$|-O\d$"
)
"""Words for the linker that name no file but libraries and folders to run from."""


@dataclass(slots=True)
class Said:
    """The facts of a call; names as the words spell them."""

    source: str = ""
    name: str = ""
    extra: str = ""
    """What files' names have behind the crate's."""
    folder: str = ""
    """Where outputs go."""
    target: str = ""
    linker: str = ""
    types: list[str] = field(default_factory=list)
    emits: list[str] = field(default_factory=list)
    externs: list[str] = field(default_factory=list)
    """Files of crates."""
    searched: list[str] = field(default_factory=list)
    """Folders in which native libraries are looked for."""
    link_files: list[str] = field(default_factory=list)
    """Files that words for the linker name."""
    reason: str = ""
    """Why it is left to the compiler."""

    @property
    def links(self) -> bool:
        """Whether a linker runs."""
        return "link" in self.emits and not _LINKED.isdisjoint(self.types)

    @property
    def depfile(self) -> str:
        """The dependency file."""
        return os.path.join(self.folder, f"{self.name}{self.extra}.d")

    @property
    def stem(self) -> str:
        """What a library's name is without its suffix."""
        return os.path.join(self.folder, f"lib{self.name}{self.extra}")

    def suffixes(self) -> tuple[str, ...]:
        """Suffixes of what is made with this stem."""
        found = {".rmeta": "metadata" in self.emits}
        if "link" in self.emits:
            found[".rlib"] = not {"lib", "rlib"}.isdisjoint(self.types)
            found[".so"] = not {"dylib", "cdylib", "proc-macro"}.isdisjoint(self.types)
            found[".a"] = "staticlib" in self.types
        return tuple(suffix for suffix, made in found.items() if made)

    def program(self) -> str:
        """The program that is made, or nothing."""
        made = "bin" in self.types and "link" in self.emits
        return os.path.join(self.folder, f"{self.name}{self.extra}") if made else ""


def read(words: Iterable[str], directory: str) -> Said:
    """Read the words; `directory` is where the call runs (only to see which words name files)."""
    said = Said()
    rest = iter(words)
    for word in rest:
        if word == "-" or word.startswith("@"):
            _leave(said, Reason.STANDARD_INPUT if word == "-" else Reason.RESPONSE_FILE)
        elif not word.startswith("-"):
            if said.source:
                _leave(said, Reason.SEVERAL_SOURCES)
            said.source = word
        elif word in _FLAGS:
            _codegen(said, _FLAGS[word], directory)
        elif word == "--test":
            said.types.append("bin")
        else:
            name, value = _option(word)
            if value is None and name in _VALUED | _KEPT:
                value = next(rest, "")
            _take(said, name, value, directory)
    if not said.reason:
        said.reason = _shape(said)
    return said


def _option(word: str) -> tuple[str, str | None]:
    """An option and the value that stands in the same word, if one does."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    name, value = word[:2], word[2:]
    if name not in _JOINED:
        return word, None
    return _SHORT.get(name, name), value or None


def _take(said: Said, name: str, value: str | None, directory: str) -> None:
    if name in _PRINTS:
        _leave(said, Reason.PRINTS)
    elif value is None:
        _leave(said, unknown(name))
    elif name == "--codegen":
        _codegen(said, value, directory)
    elif name in _NAMES:
        setattr(said, _NAMES[name], value)
    elif name == "--crate-type":
        said.types += value.split(",")
    elif name == "--emit":
        said.emits += value.split(",")
    elif name in ("--extern", "-L", "-l", "--sysroot"):
        _search(said, name, value, directory)
    elif name not in _KEPT:
        _leave(said, unknown(name))


def _search(said: Said, name: str, value: str, directory: str) -> None:
    """Options that say where crates and libraries are."""
    left, equals, right = value.partition("=")
    if name == "--sysroot":
        if not os.path.realpath(os.path.join(directory, value)).startswith(("/nix/store/", "/usr/")):
            _leave(said, Reason.RUSTC_OUTSIDE)
    elif name == "--extern":
        if equals:
            said.externs.append(right)
        elif value.rpartition(":")[2] not in _SYSROOT:
            _leave(said, Reason.UNSEEN_CRATE)
    elif name == "-l":
        if "/" in value:
            _leave(said, Reason.LINK_WORDS)
    elif not equals or left in ("all", "native"):
        said.searched.append(right if equals else value)
    elif left not in ("dependency", "crate"):
        _leave(said, unknown(f"-L {left}"))


def _codegen(said: Said, text: str, directory: str) -> None:
    name, _, value = text.partition("=")
    name = name.replace("_", "-")
    if name in _NAMES:
        setattr(said, _NAMES[name], value)
    elif name in ("link-arg", "link-args"):
        for word in [value] if name == "link-arg" else value.split():
            if not word.startswith("-") and os.path.isfile(os.path.join(directory, word)):
                said.link_files.append(word)
            elif not _LINK_WORD.match(word):
                _leave(said, Reason.LINK_WORDS)
    elif name in _DANGERS:
        pattern, reason = _DANGERS[name]
        if pattern.match(value):
            _leave(said, reason)
    elif name not in _CODEGEN:
        _leave(said, unknown(f"-C {name}"))


def _leave(said: Said, reason: str) -> None:
    said.reason = said.reason or reason


def _shape(said: Said) -> str:
    if not said.source:
        return Reason.NO_INPUT
    if not (said.name and said.folder) or "dep-info" not in said.emits:
        return Reason.NO_DEPENDENCIES
    if not set(said.emits) <= {"dep-info", "metadata", "link"}:
        return Reason.NO_DEPENDENCIES
    known = {"bin", "lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro"}
    target = not said.target or (
        "linux" in said.target and "/" not in said.target and not said.target.endswith(".json")
    )
    if not said.types or not set(said.types) <= known or not target:
        return Reason.CRATE_TYPE
    if "bin" in said.types and "link" not in said.emits and "metadata" not in said.emits:
        return Reason.NO_DEPENDENCIES
    return ""
