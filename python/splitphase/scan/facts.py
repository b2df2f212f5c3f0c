"""What goes into a scan and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Compile:
    """One compile command as it is run."""

    directory: str
    """The working directory, absolute."""
    argv: tuple[str, ...]
    source: str
    """As the command spells it."""
    env: Mapping[str, str]
    """The whole environment. Equal ones are best the same object."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What one compile may read. All paths are absolute."""

    files: frozenset[str]
    """Every file under each spelling a lookup finds it by (`x/..` is collapsed where `x` is a plain directory, see
    `dirs`), and at its physical place."""
    contents: frozenset[str]
    """The part of `files` at physical places: what is to be copied."""
    internal: frozenset[str]
    """The part of `contents` that is the project's own."""
    symlinks: frozenset[str]
    """Links on the way to a file, at their physical places: to be made with the same target."""
    dirs: frozenset[str]
    """Physical directories that must exist even if nothing in them is read: the working directory, and each that a
    `..` steps out of."""
    used_dirs: frozenset[str]
    """Search directories, as the compiler spells them, in which anything was found."""
    missing: frozenset[str]
    """Names that resolve nowhere."""
    special: frozenset[str]
    """Files that the command itself names: response files, plugins, profiles, specs, precompiled headers."""
    timestamps: frozenset[str]
    """Files that say `__TIMESTAMP__`: the time of whichever file uses it is part of the result, so keep all times.
    GCC's `#pragma once`, too, takes files of one size, time and content for one. All `contents` where a macro on the
    command line or in the environment says it."""
    opaque: frozenset[str]
    """Files with an `.incbin` whose file is known to nobody but the assembler, or with a `__has_include` of a name that
    only the preprocessor can put together. Do not split such a compile."""
    date: bool
    """Whether any file says `__DATE__` or `__TIME__`, or a macro on the command line or in the environment does."""
    computed: bool
    """Whether the compiler had to be asked because of an `#include MACRO`."""
    modules: bool
    """Whether modules may be read. Do not split such a compile."""
