"""What examining a file gives: what was found, what is to be written, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from splitphase.hashes.sources import Patch, Patched, Source

REMEDY = (
    "cut before this file is made, or, where the old path may stay in it, name it with the reason in "
    'splitphaseKeep = [ "PATH" ] (on the command line: --keep PATH)'
)
DIRECTORY = "zip directory"
"""Where the names in a zip file are; their offsets move with the members' sizes."""


@dataclass(frozen=True, slots=True)
class Find:
    """One place where a hash stands."""

    kind: str
    """`whole`, `base name`, `bare hash`, `chunk 8`, `seed`, `part of 12`, `file name`, `symlink target`."""
    form: str
    """Empty for plain text, or `upper case`, `UTF-16LE`, ..."""
    hash: str
    offset: int
    """In the file, or in what is innermost in `inside`."""
    inside: tuple[str, ...] = ()
    """What hides it, from the outside in: `gzip`, `zip member a/b`, `archive member x.o`, `section .debug_str`."""
    section: str = ""
    symbol: str = ""

    @property
    def label(self) -> str:
        """Kind and form."""
        return f"{self.kind}, {self.form}" if self.form else self.kind


@dataclass(slots=True)
class Outcome:
    """All about one source."""

    finds: list[Find] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    replacement: Source | None = None
    """The whole new content, where patches cannot say it."""
    problems: list[str] = field(default_factory=list)
    """Why it cannot be rewritten."""
    warnings: list[str] = field(default_factory=list)
    """What may differ from what the stock build would have."""
    notes: list[str] = field(default_factory=list)
    """What could not be looked into."""

    @property
    def changes(self) -> bool:
        """Whether there is something to write."""
        return bool(self.patches) or self.replacement is not None

    def result(self, source: Source) -> Source:
        """The source as it is to be."""
        if self.replacement is not None:
            return self.replacement
        return Patched(source, self.patches) if self.patches else source

    def absorb(self, inner: Outcome, *inside: str) -> None:
        """Take over what was found in something inside, and what stands in its way."""
        self.finds += [replace(find, inside=(*inside, *find.inside)) for find in inner.finds]
        where = " in ".join(reversed(inside))
        for own, others in (
            (self.problems, inner.problems),
            (self.warnings, inner.warnings),
            (self.notes, inner.notes),
        ):
            own += [f"{where}: {text}" for text in others]
