"""The one exception base; `cli.main` turns it into `error: ...` and `hint: ...`."""

from __future__ import annotations


class SplitphaseError(Exception):
    """Something that a user can cause and mend.

    `message` says what is wrong and where (file, value); `hint` says what to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BuildGraphError(SplitphaseError):
    """A build.ninja, Makefile or compile database that cannot be read."""


class ManifestError(SplitphaseError):
    """A manifest or plan that is damaged or was written by another version."""


class RewriteError(SplitphaseError):
    """A path or file whose hashes cannot be rewritten safely."""


class UnsafePathError(SplitphaseError):
    """A path that would leave the tree it belongs to."""


class StubError(SplitphaseError):
    """A stub that cannot be made: the compiler's objects are not ELF, or a name is too long."""
