"""Compressed debug sections: `Rewriter.file` looks into them like into everything else that hides text."""

from __future__ import annotations

from pathlib import Path

from splitphase.rewrite import Rewriter


def restore(path: Path, rewriter: Rewriter) -> None:
    """Rewrite a file, its compressed sections included. Raises RewriteError."""
    rewriter.file(path)
