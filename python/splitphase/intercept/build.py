"""What a server is told of its build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from splitphase.intercept.artifacts import Artifacts


@dataclass(frozen=True, slots=True)
class Build:
    """What a server is told of its build."""

    top: str
    outputs: Mapping[str, str]
    scratch: Path
    """A folder of the server's own."""
    fixed: tuple[str, ...]
    """Prefixes of paths that do not change."""
    source: Artifacts | None = None
    """Results to take."""
    target: Path | None = None
    """Where to keep results, if at all."""
    verify: bool = False
    """Whether each result that would be taken is made again and compared."""
    chaos: str = ""
    """For tests: `delay=MS` and `refuse=PERCENT`, joined by commas."""
