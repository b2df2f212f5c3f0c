"""Loads the C parts: shared libraries that lie beside the modules that use them."""

from __future__ import annotations

import ctypes
from pathlib import Path

from splitphase.errors import SplitphaseError


def load(library: str, what: str) -> ctypes.CDLL:
    """The library at a path, made from the C file of its name (`_scan.so`: `scan.c`). Raises SplitphaseError.

    `what` says in an error what it is.
    """
    try:
        return ctypes.CDLL(library)
    except OSError as error:
        path = Path(library)
        source = path.with_name(f"{path.stem.lstrip('_')}.c")
        raise SplitphaseError(
            f"{what} cannot be loaded: {error}",
            hint=f"compile it: cc -std=c11 -O2 -shared -fPIC -o {path} {source} "
            "(lib/splitphase.nix and dev/setup.sh do)",
        ) from error
